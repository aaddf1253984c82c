"""The agency codes of level 1: whose they are, from when to when, and who took over from a closed one.

The rows (QD 20/2020, QD 09/2025) are data that is shipped (``agency_codes.toml``); an agency's own aliases
may be added by the caller. What is not in the list is not wrong: lower levels are given by each ministry and
province, and the list of tax numbers is nobody's here. Forms and canonical forms are for ``agency_codes``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from docsign.envelope.agency_codes import canonical, is_agency_code
from docsign.values import dataclass

_LEVEL_ONE = re.compile(r"[A-Z][0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOne:
    """One code of level 1 and the days it is valid; ``last`` is None while it is in force.

    ``recalled`` says that the successor is known from memory (which provinces were merged), not read.
    """

    code: str
    name: str
    first: date
    last: date | None = None
    successors: tuple[str, ...] = ()
    former_name: str = ""
    renamed: date | None = None
    recalled: bool = False

    def in_force(self, day: date) -> bool:
        """Tell whether the code is valid on ``day``."""
        return self.first <= day and (self.last is None or day <= self.last)

    def name_on(self, day: date) -> str:
        """Return the name that the agency had on ``day``; empty where no name was read."""
        if self.renamed is not None and day < self.renamed:
            return self.former_name
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the list says of a code on a day.

    ``entry`` is its level 1, None where the list has none. ``closed`` is true where that was closed by then;
    ``moved_to`` are then the codes that may take its place. Below level 1 numbers were given anew, so that a
    successor names the new level 1 alone (``exact`` is false).
    """

    code: str
    entry: LevelOne | None
    closed: bool = False
    moved_to: tuple[str, ...] = ()
    exact: bool = True


def level_one(code: str) -> str:
    """Return the level 1 of a code, as in ``H99`` for ``000.00.31.H99``; empty where it has none."""
    first = canonical(code).partition(".")[0]
    return first if _LEVEL_ONE.fullmatch(first) else ""


def family(code: str) -> str:
    """Return what kind of body a code belongs to, in Vietnamese; empty where its letter or number is none."""
    top = level_one(code)
    if not top:
        return ""
    row = _data()["families"].get(top[0])
    return str(row["name"]) if row and row["first"] <= int(top[1:]) <= row["last"] else ""


def entry_of(code: str) -> LevelOne | None:
    """Return the row of the code's level 1, or None where the list has none."""
    top = level_one(code)
    number = top[1:]
    if top.startswith("K"):
        committee = _rows().get(f"H{number}")
        return None if committee is None else _council(committee)
    return _rows().get(top)


def standing(code: str, day: date, *, aliases: Mapping[str, str] | None = None) -> Standing:
    """Say what the list knows of ``code`` on ``day``; ``aliases`` lead from codes in use to listed ones.

    Nothing is refused here: a code of no known form, or of no known level 1, simply has no entry.
    """
    followed = (aliases or {}).get(code, code)
    entry = entry_of(followed) if is_agency_code(followed) else None
    if entry is None or entry.last is None or day <= entry.last:
        return Standing(code=followed, entry=entry)
    return Standing(
        code=followed,
        entry=entry,
        closed=True,
        moved_to=entry.successors,
        exact=canonical(followed) == entry.code,
    )


def old_form(code: str) -> str | None:
    """Return the 13 characters of QCVN 102 for a code, or None where its groups do not fit them.

    ``H99.31`` gives ``000.00.31.H99``. It is the usual equivalent, not a certain one.
    """
    if not is_agency_code(code):
        return None
    groups = canonical(code).split(".")
    if not _LEVEL_ONE.fullmatch(groups[0]) or len(groups) > 4:
        return None
    widths = (2, 2, 3)
    lower = groups[1:] + ["0"] * (4 - len(groups))
    padded = [group.zfill(width) for group, width in zip(lower, widths, strict=True)]
    if any(not g.isdecimal() or len(g) != width for g, width in zip(padded, widths, strict=True)):
        return None
    return ".".join([*reversed(padded), groups[0]])


def _council(committee: LevelOne) -> LevelOne:
    """Return the People's Council that has the number of this People's Committee."""
    return LevelOne(
        code=f"K{committee.code[1:]}",
        name=committee.name.replace("Ủy ban nhân dân", "Hội đồng nhân dân"),
        first=committee.first,
        last=committee.last,
        successors=tuple(f"K{code[1:]}" for code in committee.successors),
        former_name=committee.former_name.replace("Ủy ban nhân dân", "Hội đồng nhân dân"),
        renamed=committee.renamed,
        recalled=committee.recalled,
    )


@cache
def _rows() -> dict[str, LevelOne]:
    return {
        code: LevelOne(
            code=code,
            name=row["name"],
            first=row["from"],
            last=row.get("to"),
            successors=tuple(row.get("successors", ())),
            former_name=row.get("was", ""),
            renamed=row.get("renamed"),
            recalled=row.get("recalled", False),
        )
        for code, row in _data()["agencies"].items()
    }


@cache
def _data() -> dict[str, Any]:
    file = resources.files("docsign.envelope") / "agency_codes.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
