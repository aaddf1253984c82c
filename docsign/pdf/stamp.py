"""What a signature or a filled field looks like: prepared once with Typst, then drawn into any PDF as a form.

A signature has the picture of its signer (PNG with transparency: the handwritten signature in blue, the seal
in red); without one the name stands in its place. Where it goes on the page is the field's business.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader

from docsign.errors import DocumentError
from docsign.pdf.fields import Align, baseline, numbers
from docsign.pdf.revision import Revision
from docsign.pdf.typeset import typeset
from docsign.sentence import say
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAppearance:
    """One finished page without background, to be drawn as often as needed; sizes in points."""

    pdf: bytes
    width: float
    height: float


def signature_appearance(
    *, role: SignerRole, image: bytes | None = None, lines: tuple[str, ...] = ()
) -> PreparedAppearance:
    """Prepare a signer's appearance from a transparent PNG, or from ``lines`` of text where there is none.

    Raises DocumentError for a picture that is no PNG, is too large, or is not transparent: it would cover the
    text and the other signature (ND 30/2020 PL I wants both kinds transparent).
    """
    if image is not None:
        _require_transparent(image)
        return _prepared(typeset(_PICTURE, {}, timestamp=_CREATED, images={"stamp": image}).pdf)
    values = {"lines": [line for line in lines if line], "colour": _COLOURS[role]}
    return _prepared(typeset(_NAME, values, timestamp=_CREATED).pdf)


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
    form_field: bool = False,
) -> generic.IndirectObject:
    """Add the appearance to ``revision``, fitted into a box and centred, and return it as a form XObject.

    ``form_field`` marks the content as a field's text (ISO 32000-1 12.7.3.3).
    """
    scale = min(width / appearance.width, height / appearance.height)
    left = (width - appearance.width * scale) / 2
    bottom = (height - appearance.height * scale) / 2
    content = f"q {scale:.5f} 0 0 {scale:.5f} {left:.3f} {bottom:.3f} cm /Stamp Do Q"
    if form_field:
        content = f"/Tx BMC {content} EMC"
    wrapper = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): numbers(0, 0, width, height),
            pdf_name("/Resources"): generic.DictionaryObject(
                {
                    pdf_name("/XObject"): generic.DictionaryObject(
                        {pdf_name("/Stamp"): _imported(revision, appearance)}
                    )
                }
            ),
        },
        stream_data=content.encode(),
    )
    return revision.add_object(wrapper)


def _imported(revision: Revision, appearance: PreparedAppearance) -> generic.IndirectObject:

    # read anew each time: pyHanko's reader is not thread-safe, and the page is small
    page = PdfFileReader(BytesIO(appearance.pdf)).root["/Pages"]["/Kids"][0]
    form = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): numbers(0, 0, appearance.width, appearance.height),
            pdf_name("/Resources"): revision.import_object(page["/Resources"]),
        },
        stream_data=page["/Contents"].data,
    )
    form.compress()
    return revision.add_object(form)


def _prepared(pdf: bytes) -> PreparedAppearance:

    box = [float(value) for value in PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Kids"][0]["/MediaBox"]]
    return PreparedAppearance(pdf=pdf, width=box[2] - box[0], height=box[3] - box[1])


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
