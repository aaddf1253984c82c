"""The page tree (ISO 32000-2 7.7.3): order, inheritance, loops."""

from __future__ import annotations

import pytest

from docsign.errors import PdfBudgetError
from docsign.pdf.reading import Budget, Reference, View, read_pdf
from tests.pdf.reading.making import CATALOG, PAGE, Writer


def tree(nodes: dict[int, bytes]) -> View:
    """Read a file whose catalog leads to the page tree 2."""
    writer = Writer()
    writer.object(1, CATALOG)
    for number, value in nodes.items():
        writer.object(number, value)
    return read_pdf(writer.table()).view()


def test_pages_in_order_with_what_they_inherit() -> None:
    """7.7.3.4: Resources, MediaBox, CropBox and Rotate come from the nearest node above."""
    view = tree(
        {
            2: b"<< /Type /Pages /Kids [3 0 R 4 0 R 7 0 R] /Count 4 /MediaBox [0 0 595 842] /Rotate 90 >>",
            3: b"<< /Type /Page /Parent 2 0 R >>",
            4: b"<< /Type /Pages /Parent 2 0 R /Kids [5 0 R 6 0 R] /Count 2 /Rotate 180 >>",
            5: b"<< /Type /Page /Parent 4 0 R /MediaBox [0 0 1 1] >>",
            6: b"<< /Type /Page /Parent 4 0 R >>",
            7: b"<< /Type /Page /Parent 2 0 R /Rotate null >>",
        }
    )
    pages = view.pages
    assert [(page.number, page.reference) for page in pages] == [
        (1, Reference(3, 0)),
        (2, Reference(5, 0)),
        (3, Reference(6, 0)),
        (4, Reference(7, 0)),
    ]
    assert [page.inherited["Rotate"] for page in pages] == [90, 180, 180, 90]
    assert [view.numbers_of(page.holders["MediaBox"], "MediaBox") for page in pages] == [
        (0, 0, 595, 842),
        (0, 0, 1, 1),
        (0, 0, 595, 842),
        (0, 0, 595, 842),
    ]
    assert view.pages is pages
    assert not list(view.store.remarks)


@pytest.mark.parametrize(
    ("nodes", "codes", "count"),
    [
        ({2: b"<< /Type /Pages /Kids [2 0 R] /Count 0 >>"}, ["page-loop"], 0),
        ({2: b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 1 >>", 3: PAGE}, ["page-loop"], 1),
        ({2: b"<< /Type /Pages /Kids [3 0 R] /Count 2 >>", 3: PAGE}, ["page-count"], 1),
        (
            {
                2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                3: b"<< /Type /Page /Parent 4 0 R >>",
                4: b"<< >>",
            },
            ["page-parent"],
            1,
        ),
        ({2: b"<< /Type /Pages /Kids [3 0 R] /Count 0 >>", 3: b"<< /Type /Font >>"}, ["page-tree"], 0),
        ({2: b"<< /Type /Pages /Kids 3 /Count 0 >>"}, ["wrong-type"], 0),
        ({2: b"<< /Type /Pages /Kids [7] /Count 0 >>"}, ["wrong-type"], 0),
        ({2: b"(x)"}, ["wrong-type", "page-tree"], 0),
        ({3: b"(x)"}, ["page-tree"], 0),
    ],
)
def test_odd_page_trees(nodes: dict[int, bytes], codes: list[str], count: int) -> None:
    """Loops, nodes listed twice, other types, wrong counts and parents: remarked, and the rest is read."""
    view = tree(nodes)
    assert len(view.pages) == count
    assert [remark.code for remark in view.store.remarks if remark.code != "page-parent"] == [
        code for code in codes if code != "page-parent"
    ]
    assert "page-parent" not in codes or codes == [remark.code for remark in view.store.remarks]


def test_pages_are_counted() -> None:
    """A tree of more nodes than allowed ends in one sentence."""
    kids = b" ".join(b"<< /Type /Page /Parent 2 0 R >>" for _ in range(50))
    writer = Writer()
    writer.object(1, CATALOG)
    writer.object(2, b"<< /Type /Pages /Count 50 /Kids [%s] >>" % kids)
    data = writer.table()
    assert len(read_pdf(data).view().pages) == 50
    with pytest.raises(PdfBudgetError):
        _ = read_pdf(data, budget=Budget(pages=20)).view().pages
