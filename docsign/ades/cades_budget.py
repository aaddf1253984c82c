"""How much work one CMS file may cost beyond its signers: counted, shared by all of them."""

from __future__ import annotations

from docsign.values import dataclass


@dataclass(slots=True, kw_only=True)
class Budget:
    """What is left of each: time-stamps, counter-signatures, evidence records, bytes to be digested.

    Honest files spend a few of each; ``hashed`` counts what older archive time-stamps and evidence records
    make digested again and again.
    """

    stamps: int = 128
    counters: int = 64
    records: int = 8
    hashed: int = 1 << 30

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
