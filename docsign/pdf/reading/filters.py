"""Decodes streams (ISO 32000-2 7.4) with capped output.

Flate, LZW, ASCIIHex, ASCII85 and RunLength, with PNG and TIFF predictors. Image filters (DCT, JPX, CCITT,
JBIG2) and unknown ones are left as they are, and the answer says so.
"""

from __future__ import annotations

import re
import zlib
from base64 import a85decode
from binascii import unhexlify
from collections.abc import Callable
from itertools import accumulate

from docsign.errors import PdfError
from docsign.pdf.reading.budget import Work, exceeded
from docsign.pdf.reading.parsing import SPACE
from docsign.sentence import say
from docsign.values import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """One stage: the name of the filter and the integers of its parameters."""

    name: str
    parameters: dict[str, int]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The bytes of a stream; ``left`` names the filters that were not undone, the outermost first."""

    data: bytes
    left: tuple[str, ...] = ()


def decode(data: bytes, filters: list[Filter], work: Work) -> Decoded:
    """Undo the filters in order; stop at the first that is not known.

    Raises PdfError for data that is not what its filter says, PdfBudgetError for a bomb.
    """
    for index, stage in enumerate(filters):
        decoder = _DECODERS.get(stage.name)
        if decoder is None:
            return Decoded(data, tuple(one.name for one in filters[index:]))
        data = decoder(data, stage.parameters, work)
        work.spend_inflated(len(data))
    return Decoded(data)


def _flate(data: bytes, parameters: dict[str, int], work: Work) -> bytes:
    """ISO 32000-2 7.4.4."""
    limit = work.inflatable()
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(data, limit + 1)
    except zlib.error as error:
        work.spend_inflated(_inflatable_part(data, limit))
        raise PdfError(say("A compressed stream is damaged.")) from error
    if len(plain) > limit:
        raise exceeded(say("decoded bytes"), limit)
    if not machine.eof:
        work.spend_inflated(len(plain))
        raise PdfError(say("A compressed stream is damaged."))
    return _unpredict(plain, parameters, work)


def _inflatable_part(data: bytes, limit: int) -> int:
    """Return how many bytes a damaged stream gave before it broke, so that they are counted too."""
    machine = zlib.decompressobj()
    produced = 0
    try:
        for start in range(0, len(data), 64):
            produced += len(machine.decompress(data[start : start + 64], limit + 1))
    except zlib.error:
        produced += 64 * 1032  # the most that the piece which broke can have given
    return produced


def _unpredict(data: bytes, parameters: dict[str, int], work: Work) -> bytes:
    """Undo a predictor (7.4.4.4)."""
    predictor = parameters.get("Predictor", 1)
    if predictor == 1 or not data:
        return data
    colors = parameters.get("Colors", 1)
    bits = parameters.get("BitsPerComponent", 8)
    columns = parameters.get("Columns", 1)
    if not (0 < colors <= 64 and bits in (1, 2, 4, 8, 16) and 0 < columns <= 1 << 24):
        raise PdfError(say("A stream's predictor has impossible parameters."))
    width = (colors * bits * columns + 7) // 8
    step = max(1, colors * bits // 8)
    if predictor == 2:
        if bits != 8:
            raise PdfError(say("A stream's predictor has impossible parameters."))
        work.spend_computed(len(data))
        return _tiff(data, width, colors)
    if not 10 <= predictor <= 15 or len(data) % (width + 1):
        raise PdfError(say("A stream's predictor has impossible parameters."))
    tags = set(data[:: width + 1])
    if tags == {2}:  # what xref and object streams use: each column is a running sum
        return _up(data, width)
    work.spend_computed(len(data))
    return _png(data, width, step)


def _up(data: bytes, width: int) -> bytes:
    rows = len(data) // (width + 1)
    plain = bytearray(rows * width)
    if width > rows:  # few long rows
        above = 0
        mask = int.from_bytes(b"\x7f" * width, "big")
        top = int.from_bytes(b"\x80" * width, "big")
        for row in range(rows):
            start = row * (width + 1) + 1
            here = int.from_bytes(data[start : start + width], "big")
            above = ((here & mask) + (above & mask)) ^ ((here ^ above) & top)
            plain[row * width : (row + 1) * width] = above.to_bytes(width, "big")
        return bytes(plain)
    for column in range(width):
        sums = accumulate(data[column + 1 :: width + 1])
        plain[column::width] = bytes([value & 0xFF for value in sums])
    return bytes(plain)


def _png(data: bytes, width: int, step: int) -> bytes:
    plain = bytearray()
    above = bytes(width)
    for start in range(0, len(data), width + 1):
        tag = data[start]
        row = bytearray(data[start + 1 : start + 1 + width])
        if tag == 1:
            for index in range(step, width):
                row[index] = (row[index] + row[index - step]) & 0xFF
        elif tag == 2:
            row = bytearray((one + other) & 0xFF for one, other in zip(row, above, strict=True))
        elif tag == 3:
            for index in range(width):
                left = row[index - step] if index >= step else 0
                row[index] = (row[index] + (left + above[index]) // 2) & 0xFF
        elif tag == 4:
            for index in range(width):
                left = row[index - step] if index >= step else 0
                corner = above[index - step] if index >= step else 0
                row[index] = (row[index] + _paeth(left, above[index], corner)) & 0xFF
        elif tag:
            raise PdfError(say("A stream's predictor has impossible parameters."))
        plain += row
        above = bytes(row)
    return bytes(plain)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    to_left, to_above, to_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def _tiff(data: bytes, width: int, colors: int) -> bytes:
    plain = bytearray(data)
    for start in range(0, len(plain), width):
        for index in range(start + colors, min(start + width, len(plain))):
            plain[index] = (plain[index] + plain[index - colors]) & 0xFF
    return bytes(plain)


def _ascii_hex(data: bytes, _: dict[str, int], __: Work) -> bytes:
    """ISO 32000-2 7.4.2."""
    digits = data.partition(b">")[0].translate(None, SPACE)
    try:
        return unhexlify(digits + b"0" * (len(digits) % 2))
    except ValueError as error:
        raise PdfError(say("A stream is not what its filter says.")) from error


def _ascii85(data: bytes, _: dict[str, int], work: Work) -> bytes:
    """ISO 32000-2 7.4.3."""
    body = re.sub(rb"[\0\t\n\f\r ]", b"", data).removeprefix(b"<~").partition(b"~")[0]
    if body.count(b"z") * 4 + len(body) > work.inflatable():
        raise exceeded(say("decoded bytes"), work.inflatable())
    try:
        return a85decode(body)
    except ValueError as error:
        raise PdfError(say("A stream is not what its filter says.")) from error


def _run_length(data: bytes, _: dict[str, int], work: Work) -> bytes:
    """ISO 32000-2 7.4.5."""
    work.spend_computed(len(data))
    plain = bytearray()
    position, size, limit = 0, len(data), work.inflatable()
    while position < size:
        length = data[position]
        if length == 128:
            break
        if length < 128:
            plain += data[position + 1 : position + 2 + length]
            position += 2 + length
        else:
            plain += data[position + 1 : position + 2] * (257 - length)
            position += 2
        if len(plain) > limit:
            raise exceeded(say("decoded bytes"), limit)
    return bytes(plain)


def _lzw(data: bytes, parameters: dict[str, int], work: Work) -> bytes:
    """ISO 32000-2 7.4.4.2."""
    early = 0 if parameters.get("EarlyChange", 1) == 0 else 1
    table = [bytes((value,)) for value in range(256)] + [b"", b""]
    plain: list[bytes] = []
    previous = b""
    width, buffer, held, produced, limit = 9, 0, 0, 0, work.inflatable()
    work.spend_computed(len(data))
    for byte in data:
        buffer = (buffer << 8 | byte) & 0xFFFFFF
        held += 8
        if held < width:
            continue
        held -= width
        code = buffer >> held & ((1 << width) - 1)
        if code == 257:
            break
        if code == 256:
            del table[258:]
            previous, width = b"", 9
            continue
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise PdfError(say("A compressed stream is damaged."))
        plain.append(entry)
        produced += len(entry)
        if produced > limit:
            raise exceeded(say("decoded bytes"), limit)
        if previous and len(table) < 4096:
            table.append(previous + entry[:1])
        previous = entry
        size = len(table) + early
        width = 9 if size < 512 else 10 if size < 1024 else 11 if size < 2048 else 12
    return _unpredict(b"".join(plain), parameters, work)


_DECODERS: dict[str, Callable[[bytes, dict[str, int], Work], bytes]] = {
    "FlateDecode": _flate,
    "Fl": _flate,
    "LZWDecode": _lzw,
    "LZW": _lzw,
    "ASCIIHexDecode": _ascii_hex,
    "AHx": _ascii_hex,
    "ASCII85Decode": _ascii85,
    "A85": _ascii85,
    "RunLengthDecode": _run_length,
    "RL": _run_length,
    "Crypt": lambda data, _, __: data,  # undone by the security handler (7.4.10)
}
