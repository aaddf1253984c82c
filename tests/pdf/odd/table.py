"""The table of odd and honest files: each enters itself, by the name of what is odd about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """One file that must pass; ``says`` is the code of a finding it deserves, "" for none in particular."""

    name: str
    make: Make
    says: str = ""


ODD: list[Odd] = []


def odd(says: str = "") -> Callable[[Make], Make]:
    """Enter a file."""

    def register(make: Make) -> Make:
        ODD.append(Odd(name=getattr(make, "__name__", ""), make=make, says=says))
        return make

    return register
