"""The lines of a first page, as a person reads them."""

from __future__ import annotations

import pytest

from docsign.errors import PdfError
from docsign.pdf.text import first_page_lines
from docsign.pdf.typeset import typeset
from tests.signing.conftest import CREATED, FOREIGN


def test_lines_are_those_a_person_reads(letter: bytes) -> None:
    """NFC, each line of the head whole, also where two columns stand beside each other."""
    lines = first_page_lines(letter)
    assert "Độc lập - Tự do - Hạnh phúc" in lines
    assert "ỦY BAN NHÂN DÂN" in lines
    assert all(line == line.strip() and line for line in lines)


def test_a_mark_beside_other_text_is_a_line_of_its_own() -> None:
    """A box on the left does not run together with the column on the right."""
    source = (
        '#set text(font: "Liberation Serif")\n'
        "#grid(columns: (1fr, 1fr), box(stroke: 1pt, inset: 4pt)[#data.mark], [#data.head])"
    )
    pdf = typeset(source, {"mark": "TỐI MẬT", "head": "CỘNG HÒA XÃ HỘI"}, timestamp=CREATED).pdf
    assert "TỐI MẬT" in first_page_lines(pdf)


def test_only_the_first_page_is_read() -> None:
    """A mark on a later page belongs to something quoted there."""
    source = '#set text(font: "Liberation Serif")\nMột\n#pagebreak()\nHai'
    lines = first_page_lines(typeset(source, {}, timestamp=CREATED).pdf)
    assert "Một" in lines
    assert "Hai" not in lines


def test_a_scan_has_no_lines() -> None:
    """A picture says nothing to a program."""
    scan = next(path for path in FOREIGN if path.stem == "scan")
    assert first_page_lines(scan.read_bytes()) == ()


@pytest.mark.parametrize("pdf", [b"", b"khong phai", b"%PDF-1.7\n%%EOF\n", b"%PDF-1.7 cut"])
def test_what_cannot_be_read_is_an_error(pdf: bytes) -> None:
    """Never an exception of another's."""
    with pytest.raises(PdfError):
        first_page_lines(pdf)
