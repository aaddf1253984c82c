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

from docsign.document.issuing import ALL_CHECKS, Check, Person, Role
from docsign.document.kinds import kind_named
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
        _only(values, ("agency", "person", "series", "body"), "")
        agency = _table(values, "agency", "")
        _only(agency, ("code", "name", "checks"), "agency")
        people = [_person(entry, f"person[{at}]") for at, entry in enumerate(_tables(values, "person"))]
        bodies = [_named(entry, f"body[{at}]") for at, entry in enumerate(_tables(values, "body"))]
        for where, ids in (("person", [one.id for one in people]), ("body", [one for one, _ in bodies])):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise DocumentError(say("This id is there twice: {id}.", id=twice[0]), where=where)
        return Staff(
            agency=_text(agency, "name", "agency", limit=200),
            code=_text(agency, "code", "agency", limit=35, needed=False),
            people={one.id: one for one in people},
            bodies=dict(bodies),
            plan=SeriesPlan(shared=_shared(values)),
            checks=_checks(agency.get("checks", sorted(ALL_CHECKS))),
        )

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
    id_, name = _named(entry, where, "roles")
    known = {role.value: role for role in Role}
    roles = entry.get("roles", [])
    if not isinstance(roles, list) or not roles or any(role not in known for role in roles):
        raise DocumentError(
            say("A list of roles is needed. Known are: {known}.", known=", ".join(known)),
            where=f"{where}.roles",
        )
    return Person(id=id_, name=name, roles=frozenset(known[role] for role in roles))


def _named(entry: Any, where: str, *more: str) -> tuple[str, str]:
    if not isinstance(entry, dict):
        raise DocumentError(say("A table is needed."), where=where)
    _only(entry, ("id", "name", *more), where)
    id_ = _text(entry, "id", where, limit=30)
    if not id_.isascii() or any(not (letter.isalnum() or letter in "-_.") for letter in id_):
        raise DocumentError(
            say("An id is made of letters without tones, digits, “-”, “_”, “.”."), where=where
        )
    return id_, _text(entry, "name", where, limit=200)


def _shared(values: Mapping[str, Any]) -> dict[str, str]:
    shared: dict[str, str] = {}
    for position, entry in enumerate(_tables(values, "series")):
        where = f"series[{position}]"
        _only(entry, ("name", "kinds"), where)
        name = _text(entry, "name", where, limit=30)
        kinds = entry.get("kinds", [])
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise DocumentError(say("A text or a list of texts is needed."), where=f"{where}.kinds")
        if ":" in name or "." in name:
            raise DocumentError(say("The name of a series has no “:” and no “.”."), where=where)
        for kind in kinds:
            key = kind_named(kind).key
            if key in shared:
                raise DocumentError(say("This kind is in two series: {kind}.", kind=kind), where=where)
            shared[key] = name
    return shared


def _checks(names: Any) -> frozenset[Check]:
    if not isinstance(names, list) or any(name not in ALL_CHECKS for name in names):
        raise DocumentError(say("The checks are “content” and “form”."), where="agency.checks")
    return frozenset(cast("list[Check]", names))


def _table(values: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = values.get(name)
    if not isinstance(table, dict):
        raise DocumentError(say("A table is needed."), where=f"{where}{name}")
    return table


def _tables(values: Mapping[str, Any], name: str) -> list[Any]:
    tables = values.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise DocumentError(say("A list of tables is needed."), where=name)
    return tables


def _text(values: Mapping[str, Any], name: str, where: str, *, limit: int, needed: bool = True) -> str:
    text = values.get(name, "")
    if not isinstance(text, str):
        raise DocumentError(say("A text is needed."), where=f"{where}.{name}")
    return one_line(text, f"{where}.{name}", limit=limit, needed=needed)


def _only(values: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in values:
        if name not in known:
            raise DocumentError(
                say("There is no such field. Known are: {known}.", known=", ".join(known)),
                where=f"{where}.{name}" if where else name,
            )
