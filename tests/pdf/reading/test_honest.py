"""No false alarm: what honest producers and signers write is read without an error."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from docsign.errors import PdfPasswordError
from docsign.pdf.reading import Stream, read_pdf
from docsign.verdict import Severity

HONEST = Path(__file__).parent.parent / "honest"
FOREIGN = Path(__file__).parent.parent / "foreign"
INDEX = {entry["name"]: entry for entry in tomllib.loads((HONEST / "index.toml").read_text())["file"]}
FILES = sorted(HONEST.glob("*.pdf")) + sorted(FOREIGN.glob("*.pdf"))

# What is odd in honest files, all of it in what their first writer wrote, or MuPDF's own comment.
ODD = {
    "cairo": {"xref-wrong-object"},
    "ghostscript-linear": {"object-malformed"},
    "libreoffice-pdfa": {"unaccounted-bytes"},
    "pymupdf": {"comment-before-revision", "xref-wrong-object"},
    "qpdf-qdf": {"stray-comment"},
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_honest_files_are_read_without_an_error(path: Path) -> None:
    """Every object parsed, every byte accounted for, every page found, in every revision."""
    data = path.read_bytes()
    pdf = read_pdf(data, password=INDEX.get(path.stem, {}).get("password"))
    pdf.check_objects()
    assert b"".join(data[span.start : span.end] for span in pdf.spans) == data
    for index in range(len(pdf.revisions)):
        view = pdf.view(index)
        assert view.pages
        assert view.reachable()
    remarks = [remark for remark in pdf.remarks if remark.severity is Severity.ERROR]
    assert not remarks
    codes = {remark.code for remark in pdf.remarks}
    mupdf = {"comment-before-revision"} if b"% Written by MuPDF" in data else set()
    assert codes <= ODD.get(path.stem.split(".")[0], set()) | mupdf


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_contents_of_pages_are_decoded(path: Path) -> None:
    """Decryption and decoding work on what every producer writes."""
    data = path.read_bytes()
    view = read_pdf(data, password=INDEX.get(path.stem, {}).get("password")).view()
    for page in view.pages:
        contents = view.get(page.dictionary, "Contents")
        if isinstance(contents, Stream):
            decoded = view.decoded(contents)
            assert not decoded.left
            assert b"ET" in decoded.data or b"Do" in decoded.data or len(decoded.data) < 200


def test_encrypted_files_want_their_password() -> None:
    """ISO 32000-2 7.6: a missing password and a wrong one are outcomes of their own, each in its words."""
    locked = [path for path in FILES if INDEX.get(path.stem, {}).get("password")]
    assert locked
    for path in locked:
        data = path.read_bytes()
        with pytest.raises(PdfPasswordError, match="missing"):
            read_pdf(data)
        with pytest.raises(PdfPasswordError, match="does not open"):
            read_pdf(data, password="sai")
        assert read_pdf(data, password=INDEX[path.stem]["password"]).is_encrypted
