"""What a signature or a filled field looks like: prepared once with Typst, then drawn into any PDF as a form.

A signature has the picture of its signer (PNG with transparency: the handwritten signature in blue, the seal
in red); without one the name stands in its place. Where it goes on the page is the field's business.
"""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from docsign.errors import DocumentError
from docsign.pdf import syntax
from docsign.pdf.fields import Align, baseline
from docsign.pdf.reading import Array, Reference, Stream, Value, View, read_pdf, references
from docsign.pdf.revision import Revision
from docsign.pdf.typeset import typeset
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import SignerRole

MOST_PIXELS: Final = 4000
"""The widest and highest picture taken, in pixels; a seal of 40 mm at 600 dpi has 945."""

_CREATED = datetime(2020, 3, 5, tzinfo=UTC)  # never seen: only the page's content is taken
_PNG = b"\x89PNG\r\n\x1a\n"
_COLOURS: Final[dict[SignerRole, str]] = {"person": "#0b2fa8", "agency": "#c8102e"}  # ND 30/2020 PL I 7c, 8

_PICTURE = """#set page(width: auto, height: auto, margin: 0pt, fill: none)
#pdf.artifact(picture("stamp"))
"""
_NAME = """#set page(width: auto, height: auto, margin: 4pt, fill: none)
#set text(font: "Liberation Serif", size: 11pt, fill: rgb(data.colour), lang: "vi")
#set par(justify: false, leading: 0.5em)
#pdf.artifact(box(stroke: 0.8pt + rgb(data.colour), inset: 5pt, radius: 2pt, width: 120pt,
  align(center, data.lines.map(line => [#line]).join(linebreak()))))
"""
_LINE = """#set page(width: data.width * 1pt, height: data.height * 1pt, margin: 0pt, fill: none)
#set text(font: "Liberation Serif", size: data.size * 1pt, style: data.style, lang: "vi",
  top-edge: "baseline", bottom-edge: "baseline")
#pdf.artifact(place(bottom + (left, center, right).at(data.align), dy: -data.baseline * 1pt, data.text))
#context place(marked("line", measure(data.text).width, 1pt))
"""


Size = tuple[float, float]
"""Width and height in points."""
_USUAL_WIDTH: Final[dict[SignerRole, float]] = {"person": 40.0, "agency": 36.0}
"""In millimetres, for a picture that does not say its resolution; 36 is the seal of most agencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAppearance:
    """One finished page without background, to be drawn as often as needed; sizes in points.

    ``content`` is drawn instead of the page's own, with its fonts.
    """

    pdf: bytes
    width: float
    height: float
    content: bytes | None = None


def signature_appearance(
    *, role: SignerRole, image: bytes | None = None, lines: tuple[str, ...] = ()
) -> PreparedAppearance:
    """Prepare a signer's appearance from a transparent PNG, or from ``lines`` of text where there is none.

    Raises DocumentError for a picture that is no PNG, is too large, or is not transparent: it would cover the
    text and the other signature (ND 30/2020 PL I wants both kinds transparent).
    """
    if image is not None:
        _require_transparent(image)
        return finished(typeset(_PICTURE, {}, timestamp=_CREATED, images={"stamp": image}).pdf)
    values = {"lines": [line for line in lines if line], "colour": _COLOURS[role]}
    return finished(typeset(_NAME, values, timestamp=_CREATED).pdf)


def actual_size(appearance: PreparedAppearance, image: bytes | None, role: SignerRole) -> Size:
    """Return the size a signature has on paper: by its picture's resolution, or what is usual for the role.

    # ND 30/2020 PL I II.8: the seal in actual size.
    """
    if image is None:
        return appearance.width, appearance.height
    width, height = struct.unpack(">II", image[16:24])
    density = image.find(b"pHYs", 0, image.find(b"IDAT"))
    if density > 0 and image[density + 12 : density + 13] == b"\1":  # dots a metre (PNG 11.3.4.3)
        across, down = struct.unpack(">II", image[density + 4 : density + 12])
        if across and down:
            return width / across * 1000 * 72 / 25.4, height / down * 1000 * 72 / 25.4
    usual = _USUAL_WIDTH[role] * 72 / 25.4
    return usual, usual * height / width


@lru_cache(maxsize=256)
def text_appearance(
    text: str, *, width: float, height: float, size: float, italic: bool, align: Align
) -> PreparedAppearance:
    """Prepare one line of black Liberation Serif for a box of this size, all in points.

    Raises DocumentError where the text is wider than the box.
    """
    made = typeset(
        _LINE,
        {
            "text": text,
            "width": width,
            "height": height,
            "size": size,
            "style": "italic" if italic else "normal",
            "align": ("left", "center", "right").index(align),
            "baseline": baseline(size),
        },
        timestamp=_CREATED,
    )
    place = made.places[0]
    if place["right"] - place["left"] > width + 0.5:
        raise DocumentError(say("The text “{text}” does not fit into its place in the document.", text=text))
    return PreparedAppearance(pdf=made.pdf, width=width, height=height)


def draw(
    revision: Revision,
    appearance: PreparedAppearance,
    *,
    width: float,
    height: float,
    turned: int = 0,
    form_field: bool = False,
) -> bytes:
    """Add the appearance to ``revision``, fitted into a box and centred; return the reference to its form.

    ``turned`` is the widget's /R: how far the page is turned when it is shown, so that the picture stands
    upright there. ``form_field`` marks the content as a field's text (ISO 32000-1 12.7.3.3).
    """
    shown_width, shown_height = (height, width) if turned in (90, 270) else (width, height)
    scale = min(shown_width / appearance.width, shown_height / appearance.height)
    left = (shown_width - appearance.width * scale) / 2
    bottom = (shown_height - appearance.height * scale) / 2
    turn = _TURNS.get(turned, "").format(width=width, height=height)
    content = f"q {turn}{scale:.5f} 0 0 {scale:.5f} {left:.3f} {bottom:.3f} cm /Stamp Do Q"
    if form_field:
        content = f"/Tx BMC {content} EMC"
    stamp = _imported(revision, appearance)
    number = revision.add_stream(
        {
            **_FORM,
            "BBox": syntax.numbers(0, 0, width, height),
            "Resources": syntax.dictionary({"XObject": syntax.dictionary({"Stamp": stamp})}),
        },
        content.encode(),
        deflate=False,
    )
    return syntax.reference(number)


_FORM: Final = {"Type": b"/XObject", "Subtype": b"/Form"}
_TURNS: Final = {
    90: "0 1 -1 0 {width:.3f} 0 cm ",
    180: "-1 0 0 -1 {width:.3f} {height:.3f} cm ",
    270: "0 -1 1 0 0 {height:.3f} cm ",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """An object of a prepared page; ``pieces`` alternate between bytes and the places of other parts."""

    value: Value
    data: bytes | None
    pieces: tuple[bytes, ...]


@lru_cache(maxsize=256)
def _parts(pdf: bytes) -> tuple[_Part, ...]:
    """Take a prepared page apart: the form of its content first, then what that leads to."""
    view = read_pdf(pdf).view()
    page = view.pages[0]
    content = view.get(page.dictionary, "Contents")
    assert isinstance(content, Stream)
    resources = view.resolve(page.inherited.get("Resources"))
    order: list[Reference] = []
    parts: list[_Part] = []
    waiting: list[Value] = [resources]
    while waiting:
        value = waiting.pop(0)
        for found in references(value):
            if found not in order:
                order.append(found)
                waiting.append(view.resolve(found))
        data = _packed(view, content) if not parts else value.raw if isinstance(value, Stream) else None
        marked = syntax.written(value, number_of=lambda found: b"\0%d\0" % (order.index(found) + 1))
        parts.append(_Part(value=value, data=data, pieces=tuple(marked.split(b"\0"))))
    return tuple(parts)


def _packed(view: View, content: Stream) -> bytes:
    return zlib.compress(view.decoded(content).data)


def _imported(revision: Revision, appearance: PreparedAppearance) -> bytes:
    """Add the page's content as a form with all it needs; return the reference to it."""
    parts = _parts(appearance.pdf)
    numbers = [revision.reserve() for _ in parts]
    for number, part in zip(numbers, parts, strict=True):
        pieces = list(part.pieces)
        if revision.encrypt_text(number) is None:
            pieces[1::2] = [syntax.reference(numbers[int(place)]) for place in pieces[1::2]]
        else:
            places = iter(pieces[1::2])
            pieces = [
                syntax.written(
                    part.value,
                    number_of=lambda _, places=places: syntax.reference(numbers[int(next(places))]),  # type: ignore[misc]
                    encrypt=revision.encrypt_text(number),
                )
            ]
        body = b"".join(pieces)
        if number == numbers[0]:
            box = syntax.numbers(0, 0, appearance.width, appearance.height)
            entries = {**_FORM, "BBox": box, "Resources": body, "Filter": b"/FlateDecode"}
            data = part.data if appearance.content is None else zlib.compress(appearance.content)
            revision.add_stream(entries, data or b"", number=number, deflate=False)
        elif part.data is None:
            revision.add(body, number)
        else:
            revision.add_raw_stream(body, part.data, number)
    return syntax.reference(numbers[0])


def finished(pdf: bytes) -> PreparedAppearance:
    """Take a page that Typst has set as an appearance of the same size."""
    page = read_pdf(pdf).view().pages[0]
    box = page.inherited["MediaBox"]
    assert isinstance(box, Array)
    left, bottom, right, top = (float(value) for value in box.items if isinstance(value, int | float))
    return PreparedAppearance(pdf=pdf, width=right - left, height=top - bottom)


def _require_transparent(image: bytes) -> None:
    if not image.startswith(_PNG) or len(image) < 33:
        raise DocumentError(say("The picture is not a PNG file."), where="image")
    width, height, _, colour_type = struct.unpack(">IIBB", image[16:26])
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise DocumentError(
            say(
                "The picture has {width} × {height} pixels; at most {limit} each way are taken.",
                width=width,
                height=height,
                limit=MOST_PIXELS,
            ),
            where="image",
        )
    if colour_type not in (4, 6) and b"tRNS" not in image[: image.find(b"IDAT")]:
        raise DocumentError(
            say("The picture has no transparent background, so it would cover what lies under it."),
            where="image",
            hint=say("Save it as PNG with transparency (ND 30/2020, Appendix I)."),
        )
