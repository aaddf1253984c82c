"""Who is who in the agency, and how its head arranged the work: ``office.toml`` in the office's folder.

[agency]
code = "H99.31"
name = "Ủy ban nhân dân phường Một"
checks = ["content", "form"]     # demanded before a signature (ND 30/2020 Art. 12)

[[person]]
id = "mau"
name = "Nguyễn Văn Mẫu"
roles = ["signatory"]            # drafter, unit-head, form-checker, signatory, clerk

[[series]]                       # kinds that share one series of numbers
name = "chung"
kinds = ["cong-van", "thong-bao"]

[[body]]                         # issues under the agency's seal, with numbers of its own
id = "hdtd"
name = "Hội đồng tuyển dụng"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from docsign.document.fields import Fields
from docsign.document.issuing import ALL_CHECKS
from docsign.document.kinds import kind_named
from docsign.document.outgoing import Check, Person, Role
from docsign.document.wording import one_line
from docsign.errors import DocumentError, UsageError
from docsign.files import read_file
from docsign.office.series import SeriesPlan
from docsign.sentence import say

FILE_NAME = "office.toml"
_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The agency with its people, bodies and arrangements."""

    agency: str
    code: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    bodies: Mapping[str, str] = field(default_factory=dict)
    plan: SeriesPlan = field(default_factory=SeriesPlan)
    checks: frozenset[Check] = ALL_CHECKS

    @staticmethod
    def from_path(path: Path | str) -> Staff:
        """Read ``office.toml``; raises FileUnusableError, DocumentError naming file and entry."""
        data = read_file(path, limit=_LIMIT)
        try:
            return Staff.from_mapping(tomllib.loads(data.decode("utf-8-sig")))
        except (ValueError, RecursionError) as error:
            raise DocumentError(
                say("This file is not TOML: {reason}.", reason=error), where=str(path)
            ) from error
        except DocumentError as error:
            error.where = f"{path}: {error.where}"
            raise

    @staticmethod
    def from_mapping(values: Mapping[str, Any]) -> Staff:
        """Read a table such as TOML gives; raises DocumentError naming the entry."""
        table = Fields(dict(values), "")
        agency = table.table("agency")
        people = [_person(entry, f"person[{at}]") for at, entry in enumerate(table.entries("person"))]
        bodies = [_body(entry, f"body[{at}]") for at, entry in enumerate(table.entries("body"))]
        for where, ids in (("person", [one.id for one in people]), ("body", [one for one, _ in bodies])):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise DocumentError(say("This id is there twice: {id}.", id=twice[0]), where=where)
        staff = Staff(
            agency=one_line(agency.text("name"), "agency.name", limit=200),
            code=one_line(agency.text("code", False), "agency.code", limit=35, needed=False),
            people={one.id: one for one in people},
            bodies=dict(bodies),
            plan=SeriesPlan(shared=_shared(table.entries("series"))),
            checks=_checks(agency.texts("checks") if agency.has("checks") else tuple(ALL_CHECKS)),
        )
        agency.refuse_unknown()
        table.refuse_unknown()
        return staff

    def person(self, wanted: str) -> Person:
        """Return the person of this id; raises UsageError naming those there are."""
        found = self.people.get(wanted)
        if found is None:
            known = ", ".join(self.people) or "-"
            raise UsageError(
                say(
                    "Nobody of the office is called {wanted}. Known are: {known}.", wanted=wanted, known=known
                )
            )
        return found

    def require_body(self, body: str) -> str:
        """Return the id of a body that issues under the agency's seal, empty for the agency itself."""
        if body and body not in self.bodies:
            known = ", ".join(self.bodies) or "-"
            raise UsageError(
                say("No council or board is called {wanted}. Known are: {known}.", wanted=body, known=known)
            )
        return body


def _person(entry: Any, where: str) -> Person:
    table = Fields(entry, where)
    id_, name = _named(table)
    known = {role.value: role for role in Role}
    roles = table.texts("roles")
    if not roles or any(role not in known for role in roles):
        raise DocumentError(
            say("A list of roles is needed. Known are: {known}.", known=", ".join(known)),
            where=f"{where}.roles",
        )
    table.refuse_unknown()
    return Person(id=id_, name=name, roles=frozenset(known[role] for role in roles))


def _body(entry: Any, where: str) -> tuple[str, str]:
    table = Fields(entry, where)
    named = _named(table)
    table.refuse_unknown()
    return named


def _named(table: Fields) -> tuple[str, str]:
    id_ = one_line(table.text("id"), table.place("id"), limit=30)
    if not id_.isascii() or any(not (letter.isalnum() or letter in "-_.") for letter in id_):
        raise DocumentError(
            say("An id is made of letters without tones, digits, “-”, “_”, “.”."), where=table.place("id")
        )
    return id_, one_line(table.text("name"), table.place("name"), limit=200)


def _shared(entries: list[Any]) -> dict[str, str]:
    shared: dict[str, str] = {}
    for position, entry in enumerate(entries):
        table = Fields(entry, f"series[{position}]")
        name = one_line(table.text("name"), table.place("name"), limit=30)
        if ":" in name or "." in name:
            raise DocumentError(say("The name of a series has no “:” and no “.”."), where=table.place("name"))
        for kind in table.texts("kinds", needed=True):
            key = kind_named(kind).key
            if key in shared:
                raise DocumentError(
                    say("This kind is in two series: {kind}.", kind=kind), where=table.place("kinds")
                )
            shared[key] = name
        table.refuse_unknown()
    return shared


def _checks(names: tuple[str, ...]) -> frozenset[Check]:
    if any(name not in ALL_CHECKS for name in names):
        raise DocumentError(say("The checks are “content” and “form”."), where="agency.checks")
    return frozenset(cast("tuple[Check, ...]", names))
