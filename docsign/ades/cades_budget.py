"""How much work one CMS file may cost beyond its signers: counted, shared by all of them."""

from __future__ import annotations

from dataclasses import field

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.timestamps import read_timestamp_info
from docsign.errors import CmsError
from docsign.values import dataclass


@dataclass(slots=True, kw_only=True)
class Budget:
    """What is left of each: time-stamps, counter-signatures, evidence records, bytes to be digested.

    Honest files spend a few of each. ``hashed`` counts what older archive time-stamps and evidence records
    make digested again and again; ``times`` remembers when the tokens were made, by where they begin.
    """

    stamps: int = 128
    counters: int = 64
    records: int = 8
    hashed: int = 1 << 29
    times: dict[int, str] = field(default_factory=dict)

    def stamp(self) -> bool:
        """Take one time-stamp; False where none is left."""
        self.stamps -= 1
        return self.stamps >= 0

    def counter(self) -> bool:
        """Take one counter-signature."""
        self.counters -= 1
        return self.counters >= 0

    def record(self) -> bool:
        """Take one evidence record."""
        self.records -= 1
        return self.records >= 0

    def hash(self, size: int) -> bool:
        """Take ``size`` bytes of digesting."""
        self.hashed -= size
        return self.hashed >= 0

    def time(self, token: der.Node) -> str:
        """Return the time in a token as text that sorts by time; empty where it cannot be read."""
        if token.start not in self.times:
            self.times[token.start] = time_of(token.raw)
        return self.times[token.start]


def time_of(token: bytes) -> str:
    """Return the time in a token as text that sorts by time; empty where it cannot be read."""
    try:
        content = sd.read_signed_data(token).content
        return "" if content is None else read_timestamp_info(content).time.isoformat()
    except CmsError:
        return ""
