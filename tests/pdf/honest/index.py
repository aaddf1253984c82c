"""Reads index.toml: the honest files with what must be answered about them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from docsign.pki.trust import Trust
from docsign.verdict import Conclusion, Indication, SubIndication

FOLDER = Path(__file__).parent
_INDEX = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
AT: datetime = datetime.fromisoformat(_INDEX["at"])
"""The moment at which the verdicts of the index hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A file as one of its steps left it; ``levels`` are those of its signatures, "" where any is right."""

    file: str
    number: int
    step: str
    size: int | None
    password: str | None
    conclusion: Conclusion
    levels: tuple[str, ...] = ()
    timestamps: int = 0

    @property
    def name(self) -> str:
        """FILE@NUMBER: number 0 is the file before anyone signed it."""
        return f"{self.file}@{self.number}"

    def data(self) -> bytes:
        """Return the bytes: the first ``size`` of the file."""
        return _read(self.file)[: self.size]


@cache
def _read(name: str) -> bytes:
    return (FOLDER / f"{name}.pdf").read_bytes()


@cache
def trust() -> Trust:
    """Return the trial authority of the honest files."""
    return Trust.from_path(FOLDER / "trust")


def stages() -> Iterator[Stage]:
    """Yield every stage of every file."""
    for row in _INDEX["file"]:
        password = row.get("password")
        if "stages" not in row:
            yield Stage(
                file=row["name"], number=0, step="", size=None, password=password,
                conclusion=Conclusion.no_signature(),
            )  # fmt: skip
        for number, stage in enumerate(row.get("stages", []), 1):
            sub = stage.get("sub_indication")
            yield Stage(
                file=row["name"],
                number=number,
                step=stage["step"],
                size=stage["size"],
                password=password,
                conclusion=Conclusion(
                    indication=Indication(stage["indication"]),
                    sub_indication=SubIndication(sub) if sub else None,
                ),
                levels=tuple(stage.get("levels", ())),
                timestamps=stage.get("timestamps", 0),
            )


def signed(name: str, number: int | None = None) -> bytes:
    """Return a file as its step ``number`` left it; the whole file where there is none."""
    found = [stage for stage in stages() if stage.file == name and number in (None, stage.number)]
    return found[-1].data()
