"""Reads the text that an appearance draws (ISO 32000-2 9.4), where it can be read at all.

A small scan of the operators, not a renderer: what draws anything but text in simple or Unicode-mapped fonts
is not read. Nothing is judged here.
"""

from __future__ import annotations

import re
from binascii import unhexlify

from docsign.errors import PdfBudgetError, PdfError
from docsign.pdf.changes.fonts import is_plain_font
from docsign.pdf.reading import Array, Dictionary, Name, Stream, View
from docsign.values import dataclass

MOST_BYTES = 65_536
"""Longer appearances are not read."""
TOKEN = re.compile(
    rb"[\0\t\n\f\r ]*+(?:%[^\r\n]*+[\0\t\n\f\r ]*+|(?!))*+(?:"
    rb"(\((?:[^()\\]++|\\.|\((?:[^()\\]++|\\.|(?!))*+\)|(?!))*+\))"  # 1 string
    rb"|<(?!<)([0-9A-Fa-f\0\t\n\f\r ]*+)>"  # 2 hex string
    rb"|/([^\0\t\n\f\r ()<>\[\]{}/%]*+)"  # 3 name
    rb"|([+-]?(?:\d++\.?\d*+|\.\d++))(?![^\0\t\n\f\r ()<>\[\]{}/%])"  # 4 number
    rb"|(\[|\]|<<|>>)"  # 5
    rb"|([A-Za-z'\"][A-Za-z0-9*'\"]*+)"  # 6 operator
    rb")",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)|\r\n?", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NOT_READ = frozenset({"Do", "BI", "sh", "Tr", "c", "v", "y", "l", "gs", "d0", "d1"})
"""Operators that may draw or hide what is no text: pictures, curves, modes of showing, opacity."""
_BFCHAR = re.compile(rb"<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{4,32})>")
_BFRANGE = re.compile(rb"<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{2,8})>\s*<([0-9A-Fa-f]{4,8})>")
_WIN_ANSI = "cp1252"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The text of an appearance, all of it; ``is_plain`` where nothing else is drawn.

    Plain: one of the fourteen standard fonts, within the box, beside it at most a ground and a frame.
    """

    text: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class _Font:
    codes: dict[int, str] | None
    """By code, of a font with two bytes a code; None for one byte in an ordinary encoding."""
    odd: frozenset[int]
    """Codes with another letter than the encoding has."""
    is_standard: bool


def drawn_text(view: View, picture: Stream, fallback: Dictionary | None) -> Drawn | None:
    """Return what an appearance shows as text, None where it cannot be read.

    ``fallback`` are the resources of the form, for fonts that the appearance's own do not name.
    """
    try:
        decoded = view.decoded(picture)
    except PdfBudgetError:
        raise
    except PdfError:
        return None
    if decoded.left or len(decoded.data) > MOST_BYTES:
        return None
    fonts = [view.get(holder, "Font") for holder in (view.get(picture, "Resources"), fallback)]
    reader = _Reader(view, [one for one in fonts if isinstance(one, Dictionary)], _size(view, picture))
    return reader.read(decoded.data)


def _size(view: View, picture: Stream) -> tuple[float, float]:
    box = view.get(picture, "BBox")
    corners = [view.resolve(item) for item in box.items] if isinstance(box, Array) else []
    if len(corners) != 4 or not all(type(one) in (int, float) for one in corners):
        return 0.0, 0.0
    left, bottom, right, top = (float(one) for one in corners)  # type: ignore[arg-type]
    return right - left, top - bottom


@dataclass(slots=True)
class _Reader:
    """One pass over the operators of an appearance."""

    view: View
    fonts: list[Dictionary]
    size: tuple[float, float]
    parts: list[str] | None = None
    font: _Font | None = None
    height: float = 0.0
    is_dark: bool = True
    is_plain: bool = True

    def read(self, content: bytes) -> Drawn | None:
        """Return the text, None for what cannot be read."""
        self.parts = []
        operands: list[bytes | float | str] = []
        position, end = 0, len(content.rstrip(b"\0\t\n\f\r "))
        while position < end:
            found = TOKEN.match(content, position)
            if found is None:
                return None
            position = found.end()
            if found[6] is not None:
                if not self._operator(found[6].decode("latin-1"), operands):
                    return None
                operands = []
            elif found[4] is not None:
                operands.append(float(found[4]))
            elif found[3] is not None:
                operands.append(found[3].decode("latin-1"))
            elif found[1] is not None:
                operands.append(_ESCAPE.sub(_unescaped, found[1][1:-1]))
            elif found[2] is not None:
                digits = found[2].translate(None, b"\0\t\n\f\r ")
                operands.append(unhexlify(digits + b"0" * (len(digits) % 2)))
            if len(operands) > 10_000:
                return None
        return Drawn(text="".join(self.parts), is_plain=self.is_plain)

    def _operator(self, name: str, operands: list[bytes | float | str]) -> bool:
        """Take in one operator; False where what it does is not understood."""
        numbers = [one for one in operands if isinstance(one, float)]
        if name in _NOT_READ and (name != "Tr" or numbers != [0.0]):
            return False
        if name == "Tf":
            names = [one for one in operands if isinstance(one, str)]
            self.font = self._font(names[0]) if names else None
            self.height = numbers[-1] if numbers else 0.0
        elif name in ("g", "rg", "k", "sc"):
            inks = len(numbers) == 4
            self.is_dark = max(numbers) > 0.5 if inks else min(numbers, default=1.0) < 0.5
        elif name in ("Tz", "Ts", "scn") or (name == "cs" and not str(operands[-1:]).startswith("['Device")):
            self.is_plain = False
        elif name == "re":
            self.is_plain = self.is_plain and len(numbers) == 4 and self._is_ground(numbers)
        elif name in ("Td", "TD", "Tm", "cm") and numbers:
            self._move(name, numbers)
        elif name in ("Tj", "TJ", "'", '"'):
            return self._show([one for one in operands if isinstance(one, bytes)])
        return True

    def _is_ground(self, numbers: list[float]) -> bool:
        """Say whether a rectangle is as large as the picture: no bar that could be read as a letter."""
        width, height = self.size
        return abs(numbers[2]) >= 0.9 * width - 6 and abs(numbers[3]) >= 0.9 * height - 6 and width > 20

    def _move(self, name: str, numbers: list[float]) -> None:
        x, y = numbers[-2:] if len(numbers) >= 2 else (0.0, 0.0)
        straight = name in ("Td", "TD") or numbers[:4] == [1.0, 0.0, 0.0, 1.0]
        inside = 0 <= x < max(self.size[0], 1) and -self.size[1] <= y < max(self.size[1], 1)
        self.is_plain = self.is_plain and straight and inside

    def _show(self, strings: list[bytes]) -> bool:
        assert self.parts is not None
        if self.font is None:
            return not any(strings)
        for string in strings:
            text = _decoded(string, self.font)
            if text is None:
                return False
            self.parts.append(text)
        shown = sum(len(part) for part in self.parts)
        fits = self.height > 0 and shown * self.height * 0.5 <= 1.3 * self.size[0]
        self.is_plain = self.is_plain and self.is_dark and self.font.is_standard and fits
        return True

    def _font(self, name: str) -> _Font | None:
        view = self.view
        font = next((view.get(one, name) for one in self.fonts if name in one), None)
        if not isinstance(font, Dictionary):
            return None
        if view.get(font, "Subtype") == "Type0":
            mapped = view.get(font, "ToUnicode")
            codes = _unicode_codes(view, mapped) if isinstance(mapped, Stream) else None
            return None if not codes else _Font(codes, frozenset(), is_standard=False)
        if view.get(font, "Subtype") not in ("Type1", "TrueType", "MMType1"):
            return None
        encoding = view.get(font, "Encoding")
        descriptor = view.get(font, "FontDescriptor")
        embedded = isinstance(descriptor, Dictionary) and any(
            key in descriptor for key in ("FontFile", "FontFile2", "FontFile3")
        )
        if (embedded and encoding is None) or view.get(font, "BaseFont") in ("Symbol", "ZapfDingbats"):
            return None
        odd = _differences(view, encoding) if isinstance(encoding, Dictionary) else frozenset()
        return _Font(None, odd, is_standard=is_plain_font(font))


def _differences(view: View, encoding: Dictionary) -> frozenset[int]:
    """Return the codes that an encoding gives other letters (9.6.5)."""
    listed = view.get(encoding, "Differences")
    codes: set[int] = set()
    code = 0
    for item in listed.items if isinstance(listed, Array) else []:
        if type(item) is int:
            code = item
        elif isinstance(item, Name):
            if item != _LETTERS.get(code):
                codes.add(code)
            code += 1
    return frozenset(codes)


_LETTERS = (
    {code: chr(code) for code in (*range(65, 91), *range(97, 123))}
    | {
        48 + place: name
        for place, name in enumerate("zero one two three four five six seven eight nine".split())  # noqa: SIM905
    }
    | {32: "space", 44: "comma", 45: "hyphen", 46: "period", 47: "slash", 58: "colon"}
)


def _decoded(string: bytes, font: _Font) -> str | None:
    if font.codes is not None:
        pairs = [int.from_bytes(string[at : at + 2], "big") for at in range(0, len(string), 2)]
        letters = [font.codes.get(code) for code in pairs]
        return None if None in letters or len(string) % 2 else "".join(one or "" for one in letters)
    if any(code in font.odd or code < 32 for code in string):
        return None
    try:
        return string.decode(_WIN_ANSI)
    except UnicodeDecodeError:
        return None


def _unicode_codes(view: View, mapped: Stream) -> dict[int, str]:
    """Read a /ToUnicode map (9.10.3) as far as its plain forms go."""
    try:
        data = view.decoded(mapped).data[: 4 * MOST_BYTES]
    except PdfBudgetError:
        raise
    except PdfError:
        return {}
    codes: dict[int, str] = {}
    listed = 0
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", data, re.DOTALL):
        for code, text in _BFCHAR.findall(part):
            codes[int(code, 16)] = unhexlify(text[: len(text) // 4 * 4]).decode("utf-16-be", "replace")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", data, re.DOTALL):
        for first, last, text in _BFRANGE.findall(part):
            start, stop, letter = int(first, 16), int(last, 16), int(text[-4:], 16)
            listed += max(0, min(stop - start, 65_535)) + 1
            if listed > 70_000:
                return {}
            for code in range(start, min(stop, start + 65_535) + 1):
                codes[code] = chr(min(letter + code - start, 0x10FFFF))
    return codes


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped: bytes | None = found[1]
    if escaped is None:
        return b"\n"
    if escaped[0] in b"01234567":
        return bytes((int(escaped, 8) & 0xFF,))
    return b"" if escaped in (b"\n", b"\r", b"\r\n") else _ESCAPED.get(escaped, escaped)
