"""The bytes a PDF signature covers: which they are, what lies in the gap, and what claims to be a signature.

Works on the raw bytes alone and trusts no parser: a file that claims to be signed is recognised even where
its structure cannot be read.
"""

from __future__ import annotations

import hashlib
import re
from binascii import unhexlify
from collections.abc import Iterator, Sequence
from dataclasses import field

from docsign.errors import PdfError
from docsign.pdf.reading.budget import exceeded
from docsign.sentence import say
from docsign.values import dataclass

_CLAIM = re.compile(
    rb"/ByteRange[\s\0]{0,64}\[[\s\0]{0,64}(\d{1,12})[\s\0]{1,64}(\d{1,12})[\s\0]{1,64}(\d{1,12})[\s\0]{1,64}(\d{1,12})"
)
_BYTE_RANGE = b"/ByteRange"
_MARKS = (b"/ETSI.CAdES.detached", b"/adbe.pkcs7", b"/adbe.x509", b"/ETSI.RFC3161")
_MAC = b"/MACLocation"
"""A file's own integrity code (ISO/TS 32004) has a /ByteRange too, and is no signature."""

MOST_CLAIMS = 64
MOST_HASHED = 16
"""So many times the file's length is digested behind the gaps of its signatures."""
_NOT_WHITE = re.compile(rb"[^\0\t\n\f\r ]")  # ISO 32000-2 table 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRange:
    """A byte range as it must be: all up to ``end`` but the gap, which is exactly the CMS in hex.

    ``is_bare``: the angle brackets around the hex are signed too, as some writers do.
    """

    data: bytes = field(repr=False)
    gap_start: int
    gap_end: int
    end: int
    is_bare: bool = False
    cms: bytes = field(repr=False, compare=False)
    """the content of /Contents with its padding"""
    prefixes: Prefixes | None = field(default=None, repr=False, compare=False)

    @property
    def contents(self) -> tuple[int, int]:
        """Where the string of /Contents begins and ends, its brackets included."""
        return self.gap_start - self.is_bare, self.gap_end + self.is_bare

    @property
    def covers_the_file(self) -> bool:
        """True where nothing but white space follows."""
        return _NOT_WHITE.search(self.data, self.end) is None

    def digest(self, name: str) -> bytes:
        """Digest what is signed, by a name of hashlib; PdfBudgetError where all of them cost too much."""
        view = memoryview(self.data)
        if self.prefixes is None:
            digest = hashlib.new(name, usedforsecurity=False)
            digest.update(view[: self.gap_start])
        else:
            self.prefixes.spend(self.end - self.gap_end)
            digest = self.prefixes.up_to(self.gap_start, name)
        digest.update(view[self.gap_end : self.end])
        return digest.digest(64) if name == "shake_256" else digest.digest()  # type: ignore[call-arg]


@dataclass(slots=True)
class Prefixes:
    """The hashes of a file's beginnings, all those of one algorithm in one pass; ``stops`` ascend."""

    data: bytes = field(repr=False)
    stops: list[int]
    states: dict[str, dict[int, hashlib._Hash]] = field(default_factory=dict)
    spent: int = 0

    def spend(self, count: int) -> None:
        """Count bytes behind a gap: honest revisions follow one another, and few have much behind it."""
        self.spent += count
        most = MOST_HASHED * max(len(self.data), 1 << 20)
        if self.spent > most:
            raise exceeded(say("bytes to digest"), most)

    def up_to(self, stop: int, name: str) -> hashlib._Hash:
        """Return a hash of the first ``stop`` bytes, to be gone on with."""
        if name not in self.states:
            view, running, begun = memoryview(self.data), hashlib.new(name, usedforsecurity=False), 0
            known: dict[int, hashlib._Hash] = {}
            for place in self.stops:
                running.update(view[begun:place])
                known[place], begun = running.copy(), place
            self.states[name] = known
        return self.states[name][stop].copy()


def read_range(numbers: Sequence[object], data: bytes) -> SignedRange:
    """Check a /ByteRange against the file (ISO 32000-2 12.8.1); raises PdfError naming what is wrong."""
    if len(numbers) != 4 or set(map(type, numbers)) != {int}:
        raise PdfError(say("The signature's ByteRange is not four numbers."))
    start, first, second, length = (int(str(n)) for n in numbers)
    if start != 0 or first <= 0 or length <= 0 or second <= first + 1:
        raise PdfError(say("The signature's ByteRange does not describe two parts of the file."))
    end = second + length
    if end > len(data):
        raise PdfError(say("The signature covers bytes past the end of the file: the file was cut."))
    is_bare = data[first - 1 : first] == b"<" and data[second : second + 1] == b">"
    digits = data[first:second] if is_bare else data[first + 1 : second - 1]
    if not is_bare and (data[first : first + 1] != b"<" or data[second - 1 : second] != b">"):
        raise PdfError(say("The gap in the signed bytes is not exactly the signature."))
    try:
        cms = unhexlify(digits + b"0" * (len(digits) % 2))
    except ValueError as error:
        raise PdfError(say("The gap in the signed bytes is not exactly the signature.")) from error
    if not cms.strip(b"\0"):
        raise PdfError(say("The signature is empty: its place was reserved and never filled."))
    return SignedRange(data=data, gap_start=first, gap_end=second, end=end, is_bare=is_bare, cms=cms)


def claims(data: bytes) -> bool:
    """Say whether the raw bytes claim a signature anywhere."""
    return any(mark in data for mark in _MARKS) or data.count(b"/ByteRange") > data.count(_MAC)


def is_cut(data: bytes) -> bool:
    """Say whether a PDF ends in the middle: objects follow its last %%EOF, or it has none."""
    return b" obj" in data[data.rfind(b"%%EOF") + 1 :]


def claimed_ranges(data: bytes) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
    """Yield where each /ByteRange of the raw bytes stands, and its numbers; at most MOST_CLAIMS."""
    count, position = 0, data.find(_BYTE_RANGE)  # sooner found so than by the expression
    while position >= 0:
        match = _CLAIM.match(data, position)
        if match is not None:
            count += 1
            if count > MOST_CLAIMS:
                return
            if _MAC not in data[max(0, position - 200) : match.end() + 120]:
                a, b, c, d = map(int, match.groups())
                yield position, (a, b, c, d)
        position = data.find(_BYTE_RANGE, position + 1)
