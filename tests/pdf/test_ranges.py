"""The raw bytes of a signature: the range, the gap, and what only looks like a signature."""

from __future__ import annotations

import hashlib

import pytest

from docsign.errors import PdfError
from docsign.pdf.ranges import claimed_ranges, claims, is_cut, read_range

FILE = b"%PDF-1.7 abc <30030201050000> xyz %%EOF\n"
START, END = FILE.index(b"<"), FILE.index(b">") + 1
GOOD = (0, START, END, len(FILE) - END)


def test_a_right_range_gives_cms_and_digest() -> None:
    """The digest is over all but the gap; the padding stays with the CMS."""
    signed = read_range(GOOD, FILE)
    assert signed.cms == bytes.fromhex("30030201050000")
    assert signed.digest("sha256") == hashlib.sha256(FILE[:START] + FILE[END:]).digest()
    assert signed.covers_the_file
    assert not read_range(GOOD, FILE + b"x").covers_the_file
    assert read_range(GOOD, FILE + b" \r\n").covers_the_file


@pytest.mark.parametrize(
    "numbers",
    [
        (),
        (0, 1, 2),
        (0, START, END, True),
        (0, START, END, "9"),
        (1, START, END, 3),
        (0, 0, END, 3),
        (0, START, START, 3),
        (0, END, START, 3),
        (0, START, END, 0),
        (0, START, END, -1),
        (0, START, END, len(FILE)),
        (0, START - 1, END, 3),
        (0, START, END + 1, 3),
        (0, START + 2, END - 1, 3),
        (0, START + 1, END - 2, 3),
        (0, START, END, 10**30),
    ],
)
def test_a_wrong_range_is_refused(numbers: tuple[object, ...]) -> None:
    """Not four numbers, parts that do not fit, past the end, a gap that is more or less than the string."""
    with pytest.raises(PdfError):
        read_range(numbers, FILE)


@pytest.mark.parametrize("gap", [b"<>", b"<0000>", b"<zz>", b"<30 03>", b"(3003)", b"<30<03>"])
def test_a_gap_that_is_no_signature_is_refused(gap: bytes) -> None:
    """Empty, never filled, not hex."""
    data = b"%PDF-1.7 " + gap + b" %%EOF"
    with pytest.raises(PdfError):
        read_range((0, 9, 9 + len(gap), 6), data)


def test_claims_are_seen_without_a_parser() -> None:
    """By the sub-filter or the range; a file's own integrity code (ISO/TS 32004) is none."""
    assert claims(b"/SubFilter /ETSI.CAdES.detached")
    assert claims(b"/ByteRange null")
    assert not claims(b"%PDF-1.7 /FT /Sig")
    mac = b"<< /MACLocation /Standalone /ByteRange [0 1 2 3] /MAC <00> >>"
    assert not claims(mac)
    assert list(claimed_ranges(mac)) == []
    assert list(claimed_ranges(b"x /ByteRange [ 0 10\n20 5 ]")) == [(2, (0, 10, 20, 5))]


def test_the_number_of_claims_is_bounded() -> None:
    """A file of nothing but ranges costs no more than a file with many signatures."""
    assert len(list(claimed_ranges(b"/ByteRange [0 1 2 3]" * 10_000))) <= 64


def test_a_cut_file_is_told_from_a_whole_one() -> None:
    """Objects after the last end mark, or no end mark."""
    assert is_cut(b"%PDF-1.7\n1 0 obj <<>> endobj")
    assert is_cut(b"%PDF-1.7\n1 0 obj <<>> endobj %%EOF\n2 0 obj <<")
    assert not is_cut(b"%PDF-1.7\n1 0 obj <<>> endobj %%EOF\n")


def test_brackets_that_are_signed_too() -> None:
    """Some writers leave only the hex digits out of the signed bytes."""
    signed, bare = read_range((0, START, END, 3), FILE), read_range((0, START + 1, END - 1, 4), FILE)
    assert bare.is_bare
    assert not signed.is_bare
    assert (bare.cms, bare.contents) == (signed.cms, signed.contents)
