"""A header from a TOML table: what it says arrives, and a slip is named with its place."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest

from docsign.envelope import BusinessKind, Organization, Priority, Steering, write_header
from docsign.envelope.header_table import header_from_table
from docsign.errors import DocumentError

TABLE = """
number = 12
notation = "UBND-VX"
date = 2026-11-21
place = "Mẫu"
subject = "V/v thử nghiệm"
to = ["H99", { code = "H99.12", name = "Sở Mẫu" }]
priority = "hỏa tốc"
steering = "directive"
due = 2026-11-30
to_places = ["Như trên", "Lưu: VT"]
appendixes = "Phụ lục I"
directive = true
pages = 2

[sender]
code = "H99.31"
name = "UBND xã Thử Nghiệm"

[signer]
position = "CHỦ TỊCH"
name = "Nguyễn Văn Mẫu"

[[response_for]]
agency = "H99"
code = "77/STN-VP"
date = 2026-11-02

[business]
kind = "replace"
replaces = [{ document_id = "H99.31,2026/11/10,11/UBND-VX", agencies = ["H99"] }]
staff = { name = "Trần Thị Thử" }
"""


def table(**changes: Any) -> dict[str, Any]:
    """Return the table with some keys changed; None removes one."""
    values = tomllib.loads(TABLE) | changes
    return {key: value for key, value in values.items() if value is not None}


def test_a_table_becomes_a_header() -> None:
    """Every key finds its field; the result can be written."""
    header = header_from_table(table())
    assert header.number == "12"
    assert header.issued == date(2026, 11, 21)
    assert header.receivers == (Organization(code="H99"), Organization(code="H99.12", name="Sở Mẫu"))
    assert header.priority is Priority.EXPRESS
    assert header.steering is Steering.DIRECTIVE
    assert header.appendixes == ("Phụ lục I",)
    assert header.business.kind is BusinessKind.REPLACE
    assert header.business.replacements[0].organ_ids == ("H99",)
    assert header.responses[0].code == "77/STN-VP"
    assert header.document_id == "H99.31,2026/11/21,12/UBND-VX"
    write_header(header)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"number": None}, "number"),
        ({"subject": ""}, "subject"),
        ({"date": "21/11/2026"}, "date"),
        ({"sender": {"name": "x"}}, "sender.code"),
        ({"sender": "H99"}, "sender"),
        ({"to": [{"name": "x"}]}, "to[0].code"),
        ({"to": [{"code": "H99", "nam": "x"}]}, "to[0].nam"),
        ({"to": [7]}, "to[0]"),
        ({"priority": "nhanh"}, "priority"),
        ({"pages": "hai"}, "pages"),
        ({"directive": "có"}, "directive"),
        ({"to_places": [1]}, "to_places[0]"),
        ({"subjct": "x"}, "subjct"),
        ({"signer": {"ten": "x"}}, "signer.ten"),
        ({"business": {"kind": "xóa"}}, "kind"),
        ({"business": {"replaces": [{}]}}, "business.replaces[0].document_id"),
        ({"response_for": [{"code": "x"}]}, "response_for[0].agency"),
    ],
)
def test_a_slip_is_named_with_its_place(changes: dict[str, Any], place: str) -> None:
    """Missing, mistyped, unknown: one sentence each, places of lists from 0."""
    with pytest.raises(DocumentError) as caught:
        header_from_table(table(**changes))
    assert caught.value.where.endswith(place)
