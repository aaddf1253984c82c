"""office.toml: who is who, and a slip in it is named with its place."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from docsign.document.issuing import ALL_CHECKS
from docsign.document.outgoing import Role
from docsign.errors import DocumentError, UsageError
from docsign.office import Staff
from tests.office.conftest import STAFF


def test_the_office_is_read(staff: Staff) -> None:
    """People with their roles, shared series, councils; both checks unless it says otherwise."""
    assert staff.person("vt").roles == {Role.CLERK, Role.FORM_CHECKER}
    assert staff.plan.series_for("cong-van") == "chung"
    assert staff.require_body("hdtd") == "hdtd"
    assert staff.require_body("") == ""
    assert staff.checks == ALL_CHECKS
    for ask in (lambda: staff.person("ai"), lambda: staff.require_body("x")):
        with pytest.raises(UsageError, match="Known are"):
            ask()


def test_an_agency_may_demand_fewer_checks() -> None:
    """Its head says so in the file."""
    values = copy.deepcopy(STAFF)
    values["agency"]["checks"] = []
    assert Staff.from_mapping(values).checks == frozenset()


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("agency",), None, "agency"),
        (("agency", "name"), "", "agency.name"),
        (("agency", "checks"), ["spelling"], "agency.checks"),
        (("agency", "nmae"), "x", "agency.nmae"),
        (("persons",), [], "persons"),
        (("person", 0, "roles"), ["chief"], "person[0].roles"),
        (("person", 0, "roles"), [], "person[0].roles"),
        (("person", 1, "id"), "thu", "person"),
        (("person", 1, "id"), "Thử", "person[1].id"),
        (("person", 1), 3, "person[1]"),
        (("series", 0, "name"), "a:b", "series[0].name"),
        (("series", 0, "kinds"), ["cong-van", "Công văn"], "series[0].kinds"),
        (("series", 0, "kinds"), ["sắc lệnh"], "kind"),
        (("body", 0, "nam"), "x", "body[0].nam"),
    ],
)
def test_a_slip_is_named_with_its_place(path: tuple[str | int, ...], value: object, where: str) -> None:
    """Nothing is guessed, nothing passed over."""
    values: Any = copy.deepcopy(STAFF)
    table = values
    for key in path[:-1]:
        table = table[key]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    with pytest.raises(DocumentError) as refused:
        Staff.from_mapping(values)
    assert refused.value.where == where


@pytest.mark.parametrize("text", ["agency =", "\udcff", "[agency]\nname = 3"])
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    """Not TOML, not UTF-8, not what is meant: the file stands before the place."""
    path = tmp_path / "office.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DocumentError, match=r"office\.toml"):
        Staff.from_path(path)
