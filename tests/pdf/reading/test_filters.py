"""Decoding streams (ISO 32000-2 7.4), with caps."""

from __future__ import annotations

import random
import zlib

import pytest

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.reading import Budget, Work
from docsign.pdf.reading.filters import Filter, decode

CONTENT = "Kính gửi: Sở Nội vụ".encode() * 20


def undo(data: bytes, *names: str, budget: Budget | None = None, **parameters: int) -> bytes:
    """Decode with the same parameters at every stage."""
    answer = decode(data, [Filter(name, parameters) for name in names], Work(budget or Budget()))
    assert not answer.left
    return answer.data


def test_each_filter() -> None:
    """7.4.2 to 7.4.5, short names too."""
    from base64 import a85encode

    assert undo(CONTENT.hex().encode() + b">", "ASCIIHexDecode") == CONTENT
    assert undo(b"<~" + a85encode(CONTENT) + b"~>", "ASCII85Decode") == CONTENT
    assert undo(zlib.compress(CONTENT), "FlateDecode") == CONTENT
    assert undo(bytes([2]) + b"abc" + bytes([254]) + b"x" + bytes([128]) + b"junk", "RL") == b"abcxxx"
    assert undo(a85encode(zlib.compress(CONTENT)) + b"~>", "A85", "Fl") == CONTENT
    assert (
        undo(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", "LZWDecode") == b"-----A---B"
    )  # the standard's example


def test_what_is_not_known_is_left_and_named() -> None:
    """An image filter is not undone, and the answer says so."""
    answer = decode(b"\xff\xd8", [Filter("DCTDecode", {})], Work(Budget()))
    assert (answer.data, answer.left) == (b"\xff\xd8", ("DCTDecode",))
    mixed = decode(zlib.compress(b"x"), [Filter("Fl", {}), Filter("JBIG2Decode", {})], Work(Budget()))
    assert (mixed.data, mixed.left) == (b"x", ("JBIG2Decode",))


def _png(rows: list[bytes], tags: list[int], step: int) -> bytes:
    """Encode rows as PNG does."""
    out, above = bytearray(), bytes(len(rows[0]))
    for row, tag in zip(rows, tags, strict=True):
        out.append(tag)
        for index, value in enumerate(row):
            left = row[index - step] if index >= step else 0
            corner = above[index - step] if index >= step else 0
            guess = left + above[index] - corner
            distances = [abs(guess - left), abs(guess - above[index]), abs(guess - corner)]
            paeth = (left, above[index], corner)[distances.index(min(distances))]
            out.append((value - (0, left, above[index], (left + above[index]) // 2, paeth)[tag]) & 0xFF)
        above = row
    return bytes(out)


@pytest.mark.parametrize("tags", [[2] * 9, [0] * 9, [1] * 9, [3] * 9, [4] * 9, [0, 1, 2, 3, 4, 2, 1, 4, 3]])
@pytest.mark.parametrize("width", [5, 12, 40])
def test_png_predictors(tags: list[int], width: int) -> None:
    """7.4.4.4: every PNG predictor gives the rows back, in few wide and many narrow rows."""
    rows = [random.Random(place).randbytes(width) for place in range(9)]
    data = zlib.compress(_png(rows, tags, 1))
    assert undo(data, "FlateDecode", Predictor=12, Columns=width) == b"".join(rows)


def test_tiff_predictor() -> None:
    """7.4.4.4: predictor 2 adds the sample to the left."""
    data = zlib.compress(bytes([1, 1, 1, 5, 255, 2]))
    assert undo(data, "FlateDecode", Predictor=2, Columns=3) == bytes([1, 2, 3, 5, 4, 6])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"not deflated", "FlateDecode"),
        (zlib.compress(CONTENT)[:-9], "FlateDecode"),
        (b"zz>", "ASCIIHexDecode"),
        (b"!!!vvvvv~>", "ASCII85Decode"),
        (b"\xff\xff\xff", "LZWDecode"),
    ],
)
def test_damaged_data_is_refused(data: bytes, name: str) -> None:
    """Damage is PdfError, whatever the filter."""
    with pytest.raises(PdfError):
        undo(data, name)


@pytest.mark.parametrize(
    "parameters",
    [
        {"Predictor": 12, "Columns": 0},
        {"Predictor": 12, "Columns": 7},
        {"Predictor": 9},
        {"Predictor": 12, "Columns": 1 << 40},
        {"Predictor": 2, "BitsPerComponent": 4},
        {"Predictor": 15, "Colors": -1},
    ],
)
def test_impossible_predictors_are_refused(parameters: dict[str, int]) -> None:
    """So are parameters that fit no data."""
    with pytest.raises(PdfError):
        decode(zlib.compress(b"12345"), [Filter("FlateDecode", parameters)], Work(Budget()))


def test_bombs_stop_at_the_cap() -> None:
    """A bomb of 100 MB costs no more than the cap, alone, in a chain, in pieces, or damaged at its end."""
    small = Budget(stream=1 << 20, inflated=3 << 20)
    bomb = zlib.compress(bytes(100 << 20), 9)
    with pytest.raises(PdfBudgetError):
        undo(bomb, "FlateDecode", budget=small)
    with pytest.raises(PdfBudgetError):
        undo(zlib.compress(bomb), "FlateDecode", "FlateDecode", budget=small)
    with pytest.raises(PdfBudgetError):
        undo(bytes([129, 0]) * 20_000, "RunLengthDecode", budget=small)
    with pytest.raises(PdfBudgetError):
        undo(b"z" * (1 << 20), "ASCII85Decode", budget=small)
    work = Work(small)
    piece = zlib.compress(bytes(900_000))[:-4] + b"oops"
    for _ in range(3):
        with pytest.raises(PdfError, match="damaged"):
            decode(piece, [Filter("FlateDecode", {})], work)
    with pytest.raises(PdfBudgetError):
        decode(piece, [Filter("FlateDecode", {})], work)


def test_decoding_by_our_own_loops_is_counted() -> None:
    """LZW, run lengths and odd predictors run at the speed of Python: their input has its own limit."""
    tight = Budget(computed=1000)
    rows = zlib.compress(b"\4" + bytes(2000))
    with pytest.raises(PdfBudgetError):
        undo(rows, "FlateDecode", budget=tight, Predictor=15, Columns=2000)
    with pytest.raises(PdfBudgetError):
        undo(b"\x80\x00" * 1000, "LZWDecode", budget=tight)
    assert undo(zlib.compress(b"\2" + bytes(2000)), "FlateDecode", budget=tight, Predictor=12, Columns=2000)
