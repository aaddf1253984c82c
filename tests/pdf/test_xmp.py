"""Own fields in XMP."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsign.errors import PdfError
from docsign.pdf.typeset import typeset
from docsign.pdf.xmp import read_fields, with_fields
from tests.document.samples import CREATED
from tests.witnesses.verapdf import assert_pdfa

FOREIGN = Path(__file__).resolve().parent / "foreign"
SPACE = "urn:example:thu#"


def extended(values: dict[str, str]) -> bytes:
    """Return a small PDF with these fields."""
    pdf = typeset('#set document(title: "Thử")\nThử', {}, timestamp=CREATED).pdf
    known = {"SoHieu": "Số hiệu", "TrichYeu": "Trích yếu & nội dung"}
    return with_fields(pdf, values, known=known, namespace=SPACE, prefix="thu", title="Thử")


def test_fields_go_in_and_come_out_and_the_file_stays_sound() -> None:
    """PDF/A-2b by veraPDF; markup in a value is text; what the schema does not know is left out."""
    pdf = extended({"SoHieu": "05/UBND", "TrichYeu": "<a> & ệ", "La": "x"})
    assert read_fields(pdf, namespace=SPACE) == {"SoHieu": "05/UBND", "TrichYeu": "<a> & ệ"}
    assert read_fields(pdf, namespace="urn:khac") == {}
    assert_pdfa(pdf, "2b")


@pytest.mark.parametrize("name", ["libreoffice-writer.pdf", "scan.pdf", "chromium-print.pdf"])
def test_files_of_others_are_read_and_not_extended(name: str) -> None:
    """Only what was just laid out is spliced."""
    data = (FOREIGN / name).read_bytes()
    assert read_fields(data, namespace=SPACE) == {}
    with pytest.raises(PdfError):
        with_fields(data, {}, known={}, namespace=SPACE, prefix="thu", title="Thử")


def test_what_is_no_pdf_is_told() -> None:
    """No crash."""
    for data in (b"", b"%PDF-1.7\nx\n%%EOF"):
        with pytest.raises(PdfError):
            read_fields(data, namespace=SPACE)
