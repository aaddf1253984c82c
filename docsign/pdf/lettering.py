"""Sets lines of text from a face that was prepared once: only the text varies, and Typst is not asked again.

Typst lays out every character that may come, embeds their glyphs and says how wide each is; a line is then a
few bytes of page content. Black Liberation Serif, as the decree wants it (ND 30/2020 PL I).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from docsign.errors import DocumentError, PdfError
from docsign.pdf import syntax
from docsign.pdf.fields import Align, baseline
from docsign.pdf.reading import Array, Dictionary, Stream, Value, View, read_pdf
from docsign.pdf.stamp import PreparedAppearance, text_appearance
from docsign.pdf.typeset import typeset
from docsign.sentence import say
from docsign.values import dataclass

_CREATED = datetime(2020, 3, 5, tzinfo=UTC)  # never seen: only the page's content is taken
VIETNAM_TIME = timezone(timedelta(hours=7))
_LEADING = 1.2
_CORNER_SIZE = 10.0
_FREQUENT = frozenset("0123456789 ngày tháng năm")
"""What number and date of a document are written with (ND 30/2020 PL I II.3, II.4)."""
_ALPHABET = """#set page(width: 400pt, height: auto, margin: 4pt, fill: none)
#set text(font: "Liberation Serif", size: 10pt, style: data.style, lang: "vi")
#set text(kerning: false, ligatures: false)
#pdf.artifact(data.text)
"""
_COLOUR = re.compile(rb"/\w+ cs [\d. ]+ scn?\b")
_FONT = re.compile(rb"/(\w+) [\d.]+ Tf")
_CODES = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """Characters with the codes that show them and their widths in thousandths of the size.

    ``pdf`` is the page that embeds them, ``colour`` and ``font`` are how its content chooses both.
    """

    pdf: bytes
    colour: bytes
    font: bytes
    codes: Mapping[str, int]
    widths: Mapping[int, float]

    def width(self, text: str, size: float) -> float:
        """Return how wide a line is, in points; raises KeyError for a character that was not prepared."""
        return sum(self.widths[self.codes[one]] for one in text) * size / 1000

    def lines(
        self, texts: Sequence[str], *, width: float, height: float, size: float, align: Align
    ) -> PreparedAppearance:
        """Set lines from the top of a box, all in points; a long one is broken between its words.

        What does not fit is drawn smaller as a whole, for the box of the form is then as high as the text.
        """
        broken = [line for text in texts for line in self._broken(text, width, size)]
        step = size * _LEADING
        high = max(height, step * len(broken))
        shown = [
            self._shown(line, width, size, align, high - step * (place + 1) + baseline(size))
            for place, line in enumerate(broken)
        ]
        wide = max([width, *(self.width(line, size) for line in broken)])
        return self._drawn(shown, wide, high)

    def line(
        self, text: str, *, width: float, height: float, size: float, align: Align
    ) -> PreparedAppearance:
        """Set one line at the bottom of a box, all in points, as a text field has it."""
        return self._drawn([self._shown(text, width, size, align, baseline(size))], width, height)

    def _drawn(self, shown: Sequence[bytes], width: float, height: float) -> PreparedAppearance:
        content = b"\n".join((self.colour, b"BT", *shown, b"ET"))
        return PreparedAppearance(pdf=self.pdf, width=width, height=height, content=content)

    def _shown(self, line: str, width: float, size: float, align: Align, bottom: float) -> bytes:
        free = width - self.width(line, size)
        left = max(0.0, free * ("left", "center", "right").index(align) / 2)
        return b"/%s %s Tf 1 0 0 1 %s %s Tm <%s> Tj" % (
            self.font,
            syntax.number(size),
            syntax.number(left),
            syntax.number(bottom),
            b"".join(b"%04X" % self.codes[one] for one in line),
        )

    def _broken(self, text: str, width: float, size: float) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.width(longer, size) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines


def corner_text(words: str, moment: datetime, box: tuple[float, float]) -> PreparedAppearance:
    """Set what the agency's signature says in the corner of a copy or an appendix.

    # ND 30/2020 PL I II.8.b and part II I.3.c: 10 points, upright, black, no picture; then the time, to the
    second and with Vietnam's zone (ISO 8601). ``box`` is width and height in points.
    """
    time = moment.astimezone(VIETNAM_TIME).strftime("%d/%m/%Y %H:%M:%S +07:00")
    short = "/" in words and ";" not in words
    texts = [f"{words}; {time}" if words else time] if short or not words else [words, time]
    letters = "".join(sorted({one for one in words if not one.isdigit()}))
    return lettering(f"0123456789/:+; {letters}").lines(
        texts, width=max(box[0], 1.0), height=max(box[1], 1.0), size=_CORNER_SIZE, align="right"
    )


def field_text(
    text: str, *, width: float, height: float, size: float, italic: bool, align: Align
) -> PreparedAppearance:
    """Set one line for a text field of this size, in points: a number or a date without asking Typst again.

    Raises DocumentError where the text is wider than the box.
    """
    if not _FREQUENT.issuperset(text):
        return text_appearance(text, width=width, height=height, size=size, italic=italic, align=align)
    face = lettering("".join(sorted(_FREQUENT)), italic=italic)
    if face.width(text, size) > width + 0.5:
        raise DocumentError(say("The text “{text}” does not fit into its place in the document.", text=text))
    return face.line(text, width=width, height=height, size=size, align=align)


@lru_cache(maxsize=64)
def lettering(characters: str, *, italic: bool = False) -> Lettering:
    """Prepare every character of ``characters``; raises UnprintableError, and UsageError without Typst."""
    alphabet = "".join(dict.fromkeys(f" {characters}"))
    pdf = typeset(
        _ALPHABET, {"text": f"{alphabet}.", "style": "italic" if italic else "normal"}, timestamp=_CREATED
    ).pdf
    view = read_pdf(pdf).view()
    page = view.pages[0]
    content = view.get(page.dictionary, "Contents")
    assert isinstance(content, Stream)
    drawn = view.decoded(content).data
    colour, font = _COLOUR.search(drawn), _FONT.search(drawn)
    fonts = view.get(page.inherited.get("Resources"), "Font")
    if colour is None or font is None or not isinstance(fonts, Dictionary) or len(fonts) != 1:
        raise PdfError(say("The document cannot be laid out: {reason}.", reason="lettering"))
    face = view.get(fonts, font[1].decode())
    return Lettering(
        pdf=pdf, colour=colour[0], font=font[1], codes=_codes(view, face), widths=_widths(view, face)
    )


def _codes(view: View, face: Value) -> dict[str, int]:
    """Return the code of each character (ISO 32000-2 9.10.3)."""
    listed = view.get(face, "ToUnicode")
    assert isinstance(listed, Stream)
    found = _CODES.findall(view.decoded(listed).data.partition(b"beginbfchar")[2])
    return {bytes.fromhex(text.decode()).decode("utf-16-be"): int(code, 16) for code, text in found}


def _widths(view: View, face: Value) -> dict[int, float]:
    """Return the width of each code: the triples of /W (9.7.4.3), as Typst writes them."""
    below = view.get(face, "DescendantFonts")
    assert isinstance(below, Array)
    listed = view.get(below.items[0], "W")
    assert isinstance(listed, Array)
    values = [float(one) for one in listed.items if isinstance(one, int | float)]
    return {
        code: width
        for first, last, width in zip(values[::3], values[1::3], values[2::3], strict=True)
        for code in range(int(first), int(last) + 1)
    }
