"""The JSON lines have exactly the shape of docs/report.schema.json, whatever was verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docsign.report.json import to_line
from docsign.verdict import ChangeKind, FileFormat, Report, Severity, SubIndication

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8")
)


def test_every_real_report_has_the_shape(reports: dict[str, Report]) -> None:
    """Each is one line, valid against the schema, nothing more and nothing less."""
    validator = jsonschema.Draft202012Validator(
        SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for name, report in reports.items():
        line = to_line(report)
        assert "\n" not in line
        problems = [error.message for error in validator.iter_errors(json.loads(line))]
        assert not problems, (name, problems)


def test_a_verbose_line_says_how_and_for_when(reports: dict[str, Report]) -> None:
    """--verbose adds the moment and the steps, in the documented shape; without it neither is there."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for name, report in reports.items():
        value = json.loads(to_line(report, verbose=True))
        assert not [error.message for error in validator.iter_errors(value)], name
        assert value["at"].endswith("Z")
        explained = [value, *(one["report"] for one in value["contents"])]
        for place in [one for report in explained for one in (*report["signatures"], *report["timestamps"])]:
            assert place.pop("reasoning")[-1]["id"]
        assert all(one.pop("at") for one in explained)
        assert value == json.loads(to_line(report))


def test_the_schema_is_itself_in_order() -> None:
    """It is a valid JSON Schema (2020-12)."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("sub_indication", "enum"), [None, *(word.value for word in SubIndication)]),
        (("report", "properties", "format", "enum"), [word.value for word in FileFormat]),
        (("change", "properties", "kind", "enum"), [word.value for word in ChangeKind]),
        (("finding", "properties", "severity", "enum"), [word.value for word in Severity]),
    ],
)
def test_the_words_are_those_of_the_code(path: tuple[str, ...], words: list[str | None]) -> None:
    """Words are fixed: the schema lists the same as docsign.verdict."""
    place: Any = SCHEMA["$defs"]
    for key in path:
        place = place[key]
    assert place == words


def test_the_schema_refuses_what_is_missing_or_more(reports: dict[str, Report]) -> None:
    """A shape that lets anything pass would test nothing."""
    good = json.loads(to_line(reports["two"]))
    spoil: list[Callable[[dict[str, Any]], object]] = [
        lambda value: value.pop("sha256"),
        lambda value: value.update(extra=1),
        lambda value: value["signatures"][0].pop("intact"),
        lambda value: value["signatures"][0]["changes"][0].update(kind="other"),
        lambda value: value.update(schema=2),
    ]
    for change in spoil:
        value = json.loads(json.dumps(good))
        change(value)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, SCHEMA)


def test_vietnamese_letters_stay_as_they_are(reports: dict[str, Report]) -> None:
    """No escapes: a clerk's search finds the name."""
    assert "Nguyễn Văn Mẫu" in to_line(reports["two"])
