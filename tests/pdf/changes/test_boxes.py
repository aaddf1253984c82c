"""Where pictures stand, and whether they hide what lies under them."""

from __future__ import annotations

import pytest

from docsign.pdf.changes.boxes import box_of, is_opaque, is_shown, overlap
from docsign.pdf.reading import Dictionary, View, read_pdf

IMAGE = b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"


def widget(
    content: bytes, resources: bytes = b"", entries: bytes = b"", image: bytes = b""
) -> tuple[View, Dictionary]:
    """Read a document of one annotation drawn by ``content``."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/Rect[100 50 10 20]/AP<</N 5 0 R>>%s>>" % entries,
        b"<</Type/XObject/Subtype/Form/BBox[0 0 90 30]/Resources<<%s>>/Length %d>>\nstream\n%s\nendstream"
        % (resources, len(content), content),
        b"<<%s%s/Length 1>>\nstream\n0\nendstream" % (IMAGE, image),
    ]
    data = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, value in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start = len(data)
    data += b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    view = read_pdf(bytes(data)).view()
    found = view.object(4)
    assert found is not None
    assert isinstance(found.value, Dictionary)
    return view, found.value


PICTURE = b"/XObject<</X 6 0 R>>"
SEE_THROUGH = b"/ExtGState<</G<</ca 0.5>>>>"


@pytest.mark.parametrize(
    ("content", "resources", "image", "opaque"),
    [
        (b"BT /F 9 Tf (f \\) re f) Tj ET", b"", b"", False),
        (b"1 1 1 rg 0 0 90 30 re f", b"", b"", True),
        (b"0 0 90 30 re\nB*", b"", b"", True),
        (b"0 0 90 30 re S", b"", b"", False),
        (b"/G gs 0 0 90 30 re f", SEE_THROUGH, b"", False),
        (b"q 90 0 0 30 0 0 cm /X Do Q", PICTURE, b"", True),
        (b"q 90 0 0 30 0 0 cm /X Do Q", PICTURE, b"/Mask[0 0]", False),
        (b"BI /W 1 /H 1 ID x EI", b"", b"", True),
    ],
)
def test_what_hides_is_told_from_what_shows_through(
    content: bytes, resources: bytes, image: bytes, opaque: bool
) -> None:
    """Filled areas and pictures without a mask hide; text, lines and masked pictures do not."""
    view, one = widget(content, resources, image=image)
    assert is_opaque(view, one) is opaque
    assert is_shown(view, one)


@pytest.mark.parametrize(("content", "entries"), [(b"", b""), (b"q Q", b""), (b"0 0 9 9 re f", b"/F 2")])
def test_nothing_drawn_is_nothing_shown(content: bytes, entries: bytes) -> None:
    """An empty picture, one without an operator that draws, a hidden annotation."""
    view, one = widget(content, entries=entries)
    assert not is_shown(view, one)


def test_boxes_are_in_order_and_touch_without_overlapping() -> None:
    """Corners may stand in any order; a common edge is no overlap."""
    view, one = widget(b"")
    assert box_of(view, one) == (10, 20, 100, 50)
    assert overlap((0, 0, 10, 10), (9, 9, 20, 20))
    assert not overlap((0, 0, 10, 10), (10, 0, 20, 10))
