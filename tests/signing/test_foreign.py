"""Any PDF can be signed, not only ours: files of others, invisibly, and what others then say of them."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from docsign.errors import PdfError, UsageError
from docsign.pdf.fields import Box, SignatureField, add_fields
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.signing import sign
from tests.signing.conftest import FOREIGN
from tests.signing.second_opinions import pdfsig, pyhanko, qpdf_accepts


def names(path: Path) -> str:
    """Name a test after the file it signs."""
    return path.stem


def pixels(pdf: bytes) -> bytes:
    """Return the first page as PDFium draws it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return bytes(document[0].render(scale=1).buffer)
    finally:
        document.close()


@pytest.mark.parametrize("path", FOREIGN, ids=names)
def test_files_of_others_are_signed_twice(
    path: Path, person_key: SigningKey, agency_key: SigningKey, trust: Trust, tsa_url: str, tmp_path: Path
) -> None:
    """Person, then agency with a time-stamp: the witnesses accept, and the page looks the same."""
    original = path.read_bytes()
    once = sign(original, person_key, role="person", reason="Phê duyệt", location="Xã Thử Nghiệm")
    twice = sign(once, agency_key, role="agency", tsa=tsa_url)
    assert once.startswith(original)
    assert twice.startswith(once)
    assert [(opinion.field, opinion.valid, opinion.total) for opinion in pdfsig(twice, tmp_path)] == [
        ("Signature1", True, False),
        ("Signature2", True, True),
    ]
    qpdf_accepts(twice, tmp_path)
    assert all(status.bottom_line for status in pyhanko(twice, trust))
    assert pixels(twice) == pixels(original)


def test_the_fixtures_are_those_of_the_readme() -> None:
    """LibreOffice, a browser and a scan, none of them large."""
    assert [path.name for path in FOREIGN] == ["chromium-print.pdf", "libreoffice-writer.pdf", "scan.pdf"]
    readme = (FOREIGN[0].parent / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in readme for path in FOREIGN)
    assert all(path.stat().st_size < 64 * 1024 for path in FOREIGN)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "ed25519"])
def test_every_kind_of_key_signs(kind: str, authority: TrialAuthority, trust: Trust, tmp_path: Path) -> None:
    """RSA, P-256, and Ed25519 with SHA-512 (RFC 8419): pyHanko accepts each, pdfsig those it knows."""
    key = authority.issue("person", "Trần Thị Thử", key=kind).signing_key()  # type: ignore[arg-type]
    signed = sign(FOREIGN[0].read_bytes(), key, role="person")
    (status,) = pyhanko(signed, trust)
    assert status.bottom_line
    if kind != "ed25519":
        assert [opinion.valid for opinion in pdfsig(signed, tmp_path)] == [True]


def test_an_empty_field_of_theirs_is_signed_when_it_is_named(person_key: SigningKey, trust: Trust) -> None:
    """Its picture stays theirs: nothing is drawn into it."""
    box = Box(page=1, left=100, bottom=100, right=250, top=160)
    pdf = add_fields(FOREIGN[0].read_bytes(), [SignatureField(name="Phê duyệt", box=box)])
    signed = sign(pdf, person_key, role="person", field="Phê duyệt")
    (status,) = pyhanko(signed, trust)
    assert status.bottom_line
    assert pixels(signed) == pixels(pdf)


def test_a_foreign_pdf_has_no_place_for_a_number(agency_key: SigningKey) -> None:
    """Number and date are drawn in our own documents alone."""
    with pytest.raises(UsageError, match="no empty place"):
        sign(FOREIGN[0].read_bytes(), agency_key, role="agency", number=5, date=date(2026, 11, 16))


def test_an_encrypted_pdf_is_signed_with_its_password(
    person_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """It stays encrypted; without the password, or with a wrong one, it is refused."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(FOREIGN[1].read_bytes())))
    assert isinstance(writer, PdfFileWriter)
    handler = StandardSecurityHandler.build_from_pw("chủ", "mật khẩu", pdf_mac=False)
    writer._assign_security_handler(handler)
    stream = BytesIO()
    writer.write(stream)
    encrypted = stream.getvalue()
    with pytest.raises(PdfError, match="encrypted"):
        sign(encrypted, person_key, role="person")
    with pytest.raises(PdfError, match="does not open"):
        sign(encrypted, person_key, role="person", password="sai")
    signed = sign(encrypted, person_key, role="person", password="mật khẩu")
    (status,) = pyhanko(signed, trust, password="mật khẩu")
    assert status.bottom_line
    qpdf_accepts(signed, tmp_path, password="mật khẩu")
