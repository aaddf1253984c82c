"""Set a page with Typst: a source and plain data in, PDF bytes and the places it marked out.

The one door to Typst. It sees our own fonts and nothing else of the machine; texts reach it as JSON and
never as markup. What the source may say is up to the caller (``document.layout``, ``pdf.stamp``).

A source may use these names, which are defined before its first line::

    data                       the caller's values
    picture(name, ..)          an image the caller handed over, with the options of Typst's ``image``
    marked(name, width, height)  an empty box of this size, whose place on the page is answered
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docsign.errors import DocumentError, UnprintableError, UsageError
from docsign.sentence import say
from docsign.values import dataclass

if TYPE_CHECKING:
    import typst

IMAGE_LIMIT = 4 * 1024 * 1024
"""The largest picture taken, in bytes: a scanned seal or signature needs a tenth of it."""

# One line, so that the line numbers of Typst's own messages stay right but for this one.
_PRELUDE = (
    "#let data = json(bytes(sys.inputs.data));"
    "#let _images = json(bytes(sys.inputs.images));"
    "#let picture(name, ..options) = image(bytes(_images.at(name)), ..options);"
    "#let marked(name, width, height) = box(width: width, height: height, place(top + left, context {"
    " let at = here().position(); let (width, height) = (width.to-absolute(), height.to-absolute());"
    " [#metadata((name: name, page: at.page, left: at.x.pt(), bottom: (page.height - at.y - height).pt(),"
    " right: (at.x + width).pt(), top: (page.height - at.y).pt()))<place>] }));\n"
)
_UNPRINTABLE = re.compile(r'the text `"(?P<text>.*)"` could not be displayed', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeset:
    """A finished PDF and the marked places, in the order of the pages.

    Each place is ``{"name", "page", "left", "bottom", "right", "top"}``: the page from 1, the rest in points
    from the lower left corner of the page, as PDF counts.
    """

    pdf: bytes
    places: list[dict[str, Any]]


def typeset(
    source: str,
    data: Mapping[str, Any],
    *,
    pdf_standard: str = "a-2b",
    timestamp: datetime,
    images: Mapping[str, bytes] | None = None,
) -> Typeset:
    """Compile ``source`` over ``data``; the same input gives the same bytes.

    ``timestamp`` (aware) becomes the creation date. ``images`` are PNG, JPEG or SVG by name. Raises
    UnprintableError for a character without a glyph, DocumentError for whatever else Typst refuses,
    UsageError where Typst is not installed or the timestamp has no zone.
    """
    if timestamp.utcoffset() is None:
        raise UsageError(say("The time needs a time zone."), where="timestamp")
    images = images or {}
    for name, content in images.items():
        if len(content) > IMAGE_LIMIT:
            raise DocumentError(
                say(
                    "The picture is too large: {size} bytes, {limit} at most.",
                    size=len(content),
                    limit=IMAGE_LIMIT,
                ),
                where=name,
            )
    typst = _typst()
    main = (_PRELUDE + source).encode()
    compiler = typst.Compiler(
        main,
        root=_fonts_folder(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={
            "data": json.dumps(data, ensure_ascii=False),
            "images": json.dumps({name: list(content) for name, content in images.items()}),
        },
    )
    offset = timestamp.utcoffset() or timedelta(0)
    try:
        places = json.loads(compiler.query("<place>", field="value"))
        pdf = compiler.compile(
            main,  # said again: a compiler that has answered a query has lost its source
            format="pdf",
            pdf_standards=[pdf_standard],
            timestamp=timestamp.replace(microsecond=0).astimezone(timezone(offset)),
        )
    except RuntimeError as error:  # TypstError is one; a query raises the bare class
        raise _refusal(error) from error
    # Typst ends at %%EOF without a line end; a revision appended there would break PDF/A.
    return Typeset(pdf=pdf + b"\n", places=places)


def _refusal(error: RuntimeError) -> DocumentError:
    match = _UNPRINTABLE.search(str(error))
    if match:
        return UnprintableError(_unescaped(match["text"]))
    return DocumentError(say("The document cannot be laid out: {reason}.", reason=str(error)[:500]))


def _unescaped(text: str) -> str:
    """Undo the escapes of Rust's debug form, in which Typst quotes a text."""
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), text)
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _typst() -> Any:
    try:
        import typst
    except ImportError as error:
        raise UsageError(
            say("Building documents and drawing stamps needs Typst, which is not installed."),
            hint=say("Install it with: pip install docsign[layout]"),
        ) from error
    return typst


@cache
def _fonts_folder() -> Path:
    return Path(str(resources.files("docsign.fonts")))


@cache
def _fonts() -> typst.Fonts:
    folder = _fonts_folder()
    fonts: typst.Fonts = _typst().Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
    return fonts
