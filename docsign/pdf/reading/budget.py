"""How much work one file may cost, counted and never timed (so that this code needs no clock).

``Budget`` is what the caller allows, ``Work`` what one reading has spent. Every loop over untrusted bytes
spends from a counter here, so that a bomb ends in PdfBudgetError and a test can tell that twice the input
costs no more than about twice the work.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from dataclasses import field, replace

from docsign.errors import PdfBudgetError
from docsign.pdf.reading.values import Name
from docsign.sentence import Sentence, say
from docsign.values import dataclass

_HEX_IN_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
MOST_NAMES = 50_000
USUAL_SIZE = 10 << 20
"""The largest file, in bytes, that the default limits are made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits of one reading. The defaults hold any honest file of 10 MB within 3 s and 256 MB."""

    objects: int = 100_000
    """indirect objects parsed"""
    tokens: int = 750_000
    """tokens in parsed objects"""
    entries: int = 400_000
    """entries of all cross-reference sections together"""
    sections: int = 10_000
    """cross-reference sections, so revisions too"""
    inflated: int = 96 << 20
    """bytes of all decoded streams together"""
    stream: int = 48 << 20
    """bytes of one decoded stream"""
    computed: int = 1 << 20
    """bytes decoded by our own loops: predictors other than Up, LZW, RunLength"""
    depth: int = 200
    """containers within containers in one object"""
    pages: int = 100_000
    """nodes of one page tree"""
    references: int = 400_000
    """references followed, and values looked at to compare revisions, in about the same measure"""
    placing: int = 500_000
    """values looked at to find the place of a finding"""
    findings: int = 500
    """findings kept; the rest is counted"""

    @staticmethod
    def for_file(size: int) -> Budget:
        """Return the default limits for a file of ``size`` bytes; a larger one may cost more."""
        usual = _USUAL
        if size <= USUAL_SIZE:
            return usual
        scale = min(size / USUAL_SIZE, 20.0)
        grown = ("objects", "tokens", "entries", "inflated", "pages", "references")
        return replace(usual, **{name: int(getattr(usual, name) * scale) for name in grown})


_USUAL = Budget()


class Names(dict[bytes, Name]):
    """The names of one file by the bytes after the slash, each made once: ``names[b"Type"]``."""

    __slots__ = ()

    def __missing__(self, raw: bytes) -> Name:
        """Make a name, ``#xx`` decoded (ISO 32000-2 7.3.5)."""
        if len(self) >= MOST_NAMES:
            self.clear()
        plain = _HEX_IN_NAME.sub(lambda found: unhexlify(found[1]), raw) if b"#" in raw else raw
        made = self[raw] = Name(plain.decode("latin-1"))
        return made


# What nearly every file, or every signature, is written with.
_USUAL_NAMES = """
    Type Catalog Pages Page Kids Count Parent MediaBox Resources Contents Annots Font BaseFont Encoding
    FontDescriptor FontName XObject ExtGState ProcSet Subtype Form Image BBox Matrix Width Height
    BitsPerComponent ColorSpace Length Filter FlateDecode DecodeParms Predictor Columns Size Root Info
    ID Prev W Index XRef AcroForm Fields SigFlags FT Sig T V F P M Rect AP N Annot Widget ByteRange
    SubFilter Adobe.PPKLite ETSI.CAdES.detached Name Reason Location
"""
_KNOWN = {name.encode(): Name(name) for name in _USUAL_NAMES.split()}


def _usual_names() -> Names:
    return Names(_KNOWN)


@dataclass(slots=True)
class Work:
    """What one reading has spent; each ``spend`` raises PdfBudgetError past the limit."""

    budget: Budget
    objects: int = 0
    tokens: int = 0
    entries: int = 0
    sections: int = 0
    inflated: int = 0
    references: int = 0
    computed: int = 0
    scanned: int = 0
    placing: int = 0
    names: Names = field(default_factory=_usual_names)

    def spend_objects(self, count: int = 1) -> None:
        """Count indirect objects parsed."""
        self.objects += count
        if self.objects > self.budget.objects:
            raise exceeded(say("objects"), self.budget.objects)

    def spend_tokens(self, count: int) -> None:
        """Count tokens."""
        self.tokens += count
        if self.tokens > self.budget.tokens:
            raise exceeded(say("tokens"), self.budget.tokens)

    def spend_entries(self, count: int) -> None:
        """Count cross-reference entries."""
        self.entries += count
        if self.entries > self.budget.entries:
            raise exceeded(say("cross-reference entries"), self.budget.entries)

    def spend_section(self) -> None:
        """Count one cross-reference section."""
        self.sections += 1
        if self.sections > self.budget.sections:
            raise exceeded(say("cross-reference sections"), self.budget.sections)

    def spend_inflated(self, count: int) -> None:
        """Count decoded bytes."""
        self.inflated += count
        if self.inflated > self.budget.inflated:
            raise exceeded(say("decoded bytes"), self.budget.inflated)

    def spend_looks(self, count: int) -> None:
        """Count references followed, and what was looked at to compare revisions in about that measure."""
        self.references += count
        if self.references > self.budget.references:
            raise exceeded(say("references"), self.budget.references)

    def spend_computed(self, count: int) -> None:
        """Count bytes decoded one by one."""
        self.computed += count
        if self.computed > self.budget.computed:
            raise exceeded(say("bytes decoded one by one"), self.budget.computed)

    def spend_scanned(self, count: int, size: int) -> None:
        """Count bytes of cross-reference sections: in a file of ``size`` bytes honest ones never overlap."""
        self.scanned += count
        if self.scanned > 4 * size + 4096:
            raise exceeded(say("bytes of cross-reference sections"), 4 * size + 4096)

    def inflatable(self) -> int:
        """Return how many bytes the next stream may decode to."""
        return max(0, min(self.budget.stream, self.budget.inflated - self.inflated))


def exceeded(what: Sentence, limit: int, where: str = "") -> PdfBudgetError:
    """Make the error that says which limit was passed."""
    return PdfBudgetError(
        say("Reading this PDF costs more than allowed: {what}, at most {limit}.", what=what, limit=limit),
        where=where,
    )
