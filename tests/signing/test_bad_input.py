"""What must not be signed is not, with one clear sentence each."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner
from pyhanko.sign.signers.functions import sign_pdf

from docsign.errors import (
    CertificateUnfitError,
    DocsignError,
    DocumentError,
    PdfError,
    SecretDocumentError,
    TimestampError,
    UsageError,
)
from docsign.pdf.typeset import typeset
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority
from docsign.signing import SigningSession, sign
from tests.pdf.pyhanko_revision import Revision
from tests.signing.conftest import CREATED, FOREIGN, png


@pytest.mark.parametrize(
    ("pdf", "words"),
    [
        (b"", "not a PDF"),
        ("Đây là thư, không phải PDF.".encode(), "not a PDF"),
        (b"%PDF-1.7\n%%EOF\n", "damaged"),
        (FOREIGN[0].read_bytes()[:-600], "truncated"),
        (FOREIGN[0].read_bytes()[:2000] + b"\n%%EOF\n", "damaged"),
    ],
    ids=["empty", "text", "hollow", "truncated", "cut in the middle"],
)
def test_what_is_no_whole_pdf_is_refused(pdf: bytes, words: str, person_key: SigningKey) -> None:
    """Not a PDF, a truncated one, a damaged one."""
    with pytest.raises(PdfError, match=words):
        sign(pdf, person_key, role="person")


def test_odd_bytes_raise_nothing_but_our_errors(by_person: bytes, person_key: SigningKey) -> None:
    """Two hundred damaged files: each is signed or refused, within its time."""
    chance = random.Random(20261116)
    started = time.monotonic()
    refused = 0
    for _ in range(200):
        damaged = bytearray(by_person)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(damaged))
            if chance.random() < 0.3:
                del damaged[at : at + chance.randint(1, 200)]
            else:
                damaged[at] = chance.randrange(256)
        try:
            sign(bytes(damaged), person_key, role="person", field="PersonSignature")
        except DocsignError:
            refused += 1
    assert refused == 200  # the field is signed already, so that none may pass
    assert time.monotonic() - started < 120


@pytest.mark.parametrize("mark", ["MẬT", "Tối mật", "TUYỆT MẬT"])
def test_a_secret_document_is_not_signed(mark: str, person_key: SigningKey) -> None:
    """QD 28/2018 Art. 1: a mark that stands alone on the first page."""
    source = '#set text(font: "Liberation Serif")\n#box(stroke: 1pt, inset: 4pt, data.mark)\n\n#data.text'
    pdf = typeset(source, {"mark": mark, "text": "Báo cáo tuần."}, timestamp=CREATED).pdf
    with pytest.raises(SecretDocumentError, match="secret"):
        sign(pdf, person_key, role="person")


def test_the_word_in_a_sentence_is_no_mark(person_key: SigningKey) -> None:
    """A document that speaks of secrets is not one."""
    source = '#set text(font: "Liberation Serif")\n#data.text'
    text = "Tài liệu mật phải được bảo quản; mức độ mật do người có thẩm quyền quyết định."
    pdf = typeset(source, {"text": text}, timestamp=CREATED).pdf
    assert sign(pdf, person_key, role="person").startswith(pdf)


def test_a_certificate_that_is_not_valid_now_does_not_sign(authority: TrialAuthority, letter: bytes) -> None:
    """Expired or not yet valid; without the check, or within its time, it signs."""
    now = datetime.now(UTC)
    past, ended = now - timedelta(days=30), now - timedelta(days=1)
    expired = authority.issue("person", "Nguyễn Văn Mẫu", not_before=past, not_after=ended).signing_key()
    with pytest.raises(CertificateUnfitError, match="expired"):
        sign(letter, expired, role="person")
    with pytest.raises(CertificateUnfitError, match="valid only from"):
        sign(letter, expired, role="person", at=past - timedelta(days=1))
    assert sign(letter, expired, role="person", check=False)
    assert sign(letter, expired, role="person", at=now - timedelta(days=2))


def test_a_certificate_for_other_uses_does_not_sign(authority: TrialAuthority, letter: bytes) -> None:
    """A time-stamping certificate is not a person's."""
    key = authority.issue("tsa", "Dấu thời gian thử nghiệm").signing_key()
    with pytest.raises(CertificateUnfitError):
        sign(letter, key, role="person")


def test_a_revoked_certificate_does_not_sign(tmp_path_factory: pytest.TempPathFactory, letter: bytes) -> None:
    """Where the trust folder's CRL says so."""
    authority = TrialAuthority.create(tmp_path_factory.mktemp("revoking"), key="p256")
    issued = authority.issue("person", "Nguyễn Văn Mẫu")
    key = issued.signing_key()
    authority.revoke(key.certificate)
    with pytest.raises(CertificateUnfitError, match="revoked"):
        sign(letter, key, role="person", trust=authority.trust())


def test_a_time_stamping_service_that_is_down_is_said(letter: bytes, person_key: SigningKey) -> None:
    """Nothing is signed without the time-stamp that was asked for."""
    with pytest.raises(TimestampError):
        sign(letter, person_key, role="person", tsa="http://127.0.0.1:9/tsa")


def test_a_certified_pdf_that_allows_nothing_is_left_alone(
    authority: TrialAuthority, person_key: SigningKey
) -> None:
    """DocMDP P=1 forbids a further signature."""
    issued = authority.issue("person", "Trần Thị Thử")
    signer = SimpleSigner.load_pkcs12_data(issued.pkcs12("thử"), other_certs=[], passphrase="thử".encode())
    assert signer is not None
    certified = sign_pdf(
        Revision(BytesIO(FOREIGN[0].read_bytes())),
        PdfSignatureMetadata(field_name="Goc", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES),
        signer=signer,
    ).getvalue()
    with pytest.raises(PdfError, match="allows no change"):
        sign(certified, person_key, role="person")
    assert len(PdfFileReader(BytesIO(certified)).embedded_signatures) == 1


def test_a_picture_must_be_a_transparent_png(letter: bytes, person_key: SigningKey) -> None:
    """One without transparency would hide the other signature; a photograph of the desk is no stamp."""
    jpeg = BytesIO()
    Image.new("RGB", (40, 20), "white").save(jpeg, "JPEG")
    for picture, words in (
        (jpeg.getvalue(), "not a PNG"),
        (png(Image.new("RGB", (40, 20), "white")), "transparent"),
        (png(Image.new("RGBA", (4001, 2))), "pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "pixels"),
    ):
        with pytest.raises(DocumentError, match=words):
            sign(letter, person_key, role="person", image=picture)


def test_a_damaged_picture_is_refused(letter: bytes, person_key: SigningKey, signature_png: bytes) -> None:
    """Cut in the middle."""
    with pytest.raises(DocumentError):
        sign(letter, person_key, role="person", image=signature_png[:200])


def test_a_role_is_person_or_agency(person_key: SigningKey) -> None:
    """Nothing else signs."""
    with pytest.raises(UsageError, match="boss"):
        SigningSession(person_key, role="boss")  # type: ignore[arg-type]


def test_a_filled_and_closed_field_stays_closed(by_both: bytes, agency_key: SigningKey) -> None:
    """FieldMDP is heeded by the writer itself, whoever calls it."""
    from docsign.pdf.writer import SignablePdf

    opened = SignablePdf(by_both)
    assert opened.locked == {"DocumentNumber", "DocumentDate"}
    with pytest.raises(PdfError, match="closed"):
        opened.prepare(
            field_name=None,
            signing_time=datetime.combine(date(2026, 11, 17), datetime.min.time(), UTC),
            room=8192,
            fill={"DocumentNumber": "06"},
        )
