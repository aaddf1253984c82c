"""The writer on every odd PDF: witnesses accept what it signs, and what it refuses has a reason."""

from __future__ import annotations

import contextlib
import logging
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.misc import PdfError as PyhankoError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from docsign.errors import PdfError
from docsign.pdf.reading import read_pdf
from docsign.pki import SigningKey, Trust
from docsign.signing import SigningSession
from docsign.verdict import Indication
from docsign.verification import verify
from tests.pdf.honest.index import Stage, stages
from tests.pdf.reading.making import CATALOG, PAGE, PAGES, Writer, letter, packed_letter, stream
from tests.signing.second_opinions import pdfsig
from tests.witnesses.verapdf import assert_pdfa

REFUSED = frozenset(
    {
        "mutool-create.openpdf-sha1",
        "mutool-create.openpdf-x509",
        "nested-pages.pyhanko-p1.pyhanko-dss.pyhanko-stamp",
        "openpdf.pyhanko-p1.pdfbox",
        "pdfbox.pdfbox-p1",
    }
)
"""Certified files that allow no change (P=1)."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let pyHanko keep to itself what it thinks of the older signatures."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def newest_by_pyhanko(pdf: bytes, field: str, password: str | None) -> tuple[bool, bool] | None:
    """Return whether pyHanko finds the signature in ``field`` intact and valid; None where it cannot read."""
    with quiet():
        try:
            reader = PdfFileReader(BytesIO(pdf), strict=False)
            if reader.encrypted:
                reader.decrypt(password or "")
            found = next(one for one in reader.embedded_signatures if one.field_name == field)
            status = validate_pdf_signature(found, ValidationContext(trust_roots=[]), skip_diff=True)
        except (PyhankoError, ValueError):
            return None
    return status.intact, status.valid


def accepted(before: bytes, pdf: bytes, field: str, folder: Path, password: str | None = None) -> list[str]:
    """Return what a witness has against the newest signature, which it had not against the file before."""
    objections = []
    said = []
    for name, data in (("before.pdf", before), ("after.pdf", pdf)):
        (folder / name).write_bytes(data)
        command = ["qpdf", "--check", f"--password={password or ''}", str(folder / name)]
        said.append(subprocess.run(command, capture_output=True, text=True, check=False).returncode)
    if said[1] not in (0, said[0]):
        objections.append(f"qpdf {said}")
    if newest_by_pyhanko(pdf, field, password) not in ((True, True), None):
        objections.append("pyHanko")
    if password is None:
        total = [one for one in pdfsig(pdf, folder) if one.total]
        if [one.valid for one in total] != [True]:
            objections.append(f"pdfsig {total}")
    return objections


def signed_field(before: bytes, after: bytes, password: str | None) -> str:
    """Return the name of the signature field that was added."""
    names = [
        [name for one in verify(data, password=password).signatures for name in one.field_names]
        for data in (before, after)
    ]
    (new,) = set(names[1]) - set(names[0])
    return new


FOREIGN = [stage for stage in stages() if not stage.file.startswith("docsign-letter")]  # ours: test_sign
LAST = list({stage.file: stage for stage in FOREIGN}.values())
FIRST = [stage for stage in FOREIGN if stage.number == 0]


def sign_and_ask(stage: Stage, key: SigningKey, folder: Path) -> None:
    """Sign one stage of an honest file, or be refused with a reason, and ask the witnesses."""
    data = stage.data()
    session = SigningSession(key, role="agency", check=False)
    if stage.file in REFUSED:
        with pytest.raises(PdfError, match="allows no change"):
            session.sign(data, password=stage.password)
        return
    made = session.sign(data, password=stage.password)
    assert made.startswith(data)
    field = signed_field(data, made, stage.password)
    assert accepted(data, made, field, folder, stage.password) == []
    newest = next(
        one for one in verify(made, password=stage.password).signatures if one.field_names == (field,)
    )
    assert newest.intact is True
    assert newest.coverage == "whole"
    assert newest.conclusion.indication is not Indication.TOTAL_FAILED


SHAPES = ("word-hybrid", "qpdf-objstm", "qpdf-linear", "macintosh", "qpdf-rc4", "libreoffice-form", "pdftex")


@pytest.mark.parametrize(
    "stage", [one for one in FIRST if one.file in SHAPES], ids=lambda stage: str(stage.name)
)
def test_every_shape_is_signed(stage: Stage, agency_key: SigningKey, tmp_path: Path) -> None:
    """Hybrid, object streams, linearised, CR line ends, encrypted, a form, xref streams."""
    sign_and_ask(stage, agency_key, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stage", LAST, ids=lambda stage: str(stage.name))
def test_every_honest_file_is_signed_or_refused(stage: Stage, agency_key: SigningKey, tmp_path: Path) -> None:
    """All of tests/pdf/honest as their last step left them; only certified P=1 is refused."""
    sign_and_ask(stage, agency_key, tmp_path)


@pytest.mark.parametrize("name", ["typst-pdfa", "libreoffice-pdfa"])
def test_pdfa_of_others_stays_pdfa(name: str, agency_key: SigningKey) -> None:
    """ISO 19005-2 with an invisible signature more."""
    data = next(one for one in FIRST if one.file == name).data()
    assert_pdfa(SigningSession(agency_key, role="agency").sign(data), "2b")


# --- by hand ----------------------------------------------------------------------------------------------


def page_with(annots: bytes, **more: bytes) -> bytes:
    """Write a letter whose page has these /Annots, and further objects by names such as ``o6``."""
    writer = Writer()
    writer.object(1, more.pop("catalog", CATALOG))
    writer.object(2, more.pop("pages", PAGES))
    writer.object(3, more.pop("page", PAGE[:-2] + annots + b" >>"))
    writer.object(4, stream(b"BT ET"))
    for name, body in more.items():
        writer.object(int(name[1:]), body)
    return writer.table()


LINK = b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>"
BY_HAND = {
    "a table": letter(),
    "packed objects": packed_letter(),
    "no annotations": page_with(b"/Annots []"),
    "annotations null": page_with(b"/Annots null"),
    "annotations elsewhere": page_with(b"/Annots 6 0 R", o6=b"[ 7 0 R ]", o7=LINK),
    "annotations in the page": page_with(b"/Annots [" + LINK + b"]"),
    "a name with numbers": page_with(b"/Ann#6fts [7 0 R]", o7=LINK),
    "a comment in the page": page_with(b"% ghi ch\xfa\n/Annots % n\xefa\n[7 0 R]", o7=LINK),
    "odd white space": page_with(b"/Annots[7\t0\r\nR]/A(x\\)>>)/B<<>>/C/", o7=LINK),
    "a form in the catalogue": page_with(
        b"/Annots []", catalog=CATALOG[:-2] + b"/AcroForm << /Fields [] /SigFlags 1 >> >>"
    ),
    "fields elsewhere": page_with(
        b"/Annots []", catalog=CATALOG[:-2] + b"/AcroForm 6 0 R >>", o6=b"<< /Fields 7 0 R >>", o7=b"[]"
    ),
    "nested pages": page_with(
        b"",
        pages=b"<< /Type /Pages /Kids [6 0 R] /Count 1 /Rotate 90 /MediaBox [10 20 605 862] >>",
        page=b"<< /Type /Page /Parent 6 0 R /Contents 4 0 R /CropBox [30 40 500 700] >>",
        o6=b"<< /Type /Pages /Parent 2 0 R /Kids [3 0 R] /Count 1 /Rotate 270 >>",
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_every_form_by_hand_is_signed_twice(
    name: str, person_key: SigningKey, agency_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """Both signatures pass our own verdict, and the witnesses accept the second."""
    original = BY_HAND[name]
    once = SigningSession(person_key, role="person").sign(original)
    twice = SigningSession(agency_key, role="agency").sign(once)
    assert once.startswith(original)
    assert twice.startswith(once)
    report = verify(twice, trust=trust, offline=True)
    assert [one.conclusion.indication for one in report.signatures] == [Indication.TOTAL_PASSED] * 2, report
    assert accepted(once, twice, "Signature2", tmp_path) == []


def test_the_form_of_the_last_revision_is_kept(agency_key: SigningKey) -> None:
    """A table is followed by a table, a cross-reference stream by a stream."""
    session = SigningSession(agency_key, role="agency")
    for data, is_stream in ((letter(), False), (packed_letter(), True)):
        appended = session.sign(data)[len(data) :]
        assert (b"/Type /XRef" in appended) is is_stream
        assert (b"\nxref\n" in appended) is not is_stream
        assert read_pdf(data + appended).revisions[-1].sections[0].is_stream is is_stream
