"""Sealing: what goes in, under which names, and what is refused before anything is kept."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from docsign.document import OfficialDocument
from docsign.envelope import Header, Organization, envelope_header, judge_container, read_container
from docsign.errors import (
    CertificateUnfitError,
    ContainerError,
    DocsignError,
    EdxmlError,
    FileUnusableError,
    PdfError,
    SecretDocumentError,
    UsageError,
)
from docsign.pdf.typeset import typeset
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.sealing import Document, seal, seal_to
from docsign.sentence import Sentence
from docsign.signing import sign
from docsign.verdict import Indication
from tests.envelope.conftest import SEALED_AT


def test_paths_bytes_and_pairs_are_documents(
    header: Header, pdf: bytes, agency_key: SigningKey, tmp_path: Path
) -> None:
    """Each gets its name and its true type; descriptions of the header stay."""
    path = tmp_path / "Công văn (bản cuối).pdf"
    path.write_bytes(pdf)
    stream = io.BytesIO()
    described = replace(header, references=())
    written = seal_to(stream, described, [path, ("Bảng.xlsx", b"PK"), pdf], agency_key, at=SEALED_AT)
    assert [(one.name, one.content_type.rpartition(".")[2]) for one in written.references] == [
        ("Công văn (bản cuối).pdf", "application/pdf"),
        ("Bảng.xlsx", "sheet"),
        ("12-UBND-VX-3.pdf", "application/pdf"),
    ]
    assert written.traces[0].organ_id == "H99.31"
    container = read_container(stream)
    assert replace(envelope_header(container), business=written.business) == written
    assert container.read("documents/Công văn (bản cuối).pdf", 1 << 24) == pdf


def test_decomposed_names_are_composed(header: Header, agency_key: SigningKey) -> None:
    """A file from a system that writes NFD goes in as NFC."""
    sealed = seal(header, [("Co\u0302ng va\u0306n.txt", b"x")], agency_key)
    assert "documents/C\u00f4ng v\u0103n.txt" in read_container(io.BytesIO(sealed)).data_names


def secret_pdf() -> bytes:
    """Return a PDF with a secrecy mark on its first page."""
    return typeset("#align(right)[TUYỆT MẬT]\nNội dung", {}, timestamp=SEALED_AT).pdf


def refused(expected: type[DocsignError], where: str, *arguments: object, **options: object) -> None:
    """Expect ``seal`` to raise this error at this place."""
    with pytest.raises(expected) as caught:
        seal(*arguments, **options)  # type: ignore[arg-type]
    assert where in caught.value.where
    assert caught.value.text("vi")


def test_secret_documents_are_refused(header: Header, pdf: bytes, agency_key: SigningKey) -> None:
    """By a mark in the header, or on the first page of any PDF."""
    refused(SecretDocumentError, "header.sphere", replace(header, sphere="Mật"), [pdf], agency_key)
    refused(SecretDocumentError, "kem.pdf", header, [pdf, ("kem.pdf", secret_pdf())], agency_key)


def test_a_path_may_be_text(header: Header, pdf: bytes, agency_key: SigningKey, tmp_path: Path) -> None:
    """As verify and open_envelope take it."""
    path = tmp_path / "12.pdf"
    path.write_bytes(pdf)
    sealed = [seal(header, [one], agency_key, at=SEALED_AT) for one in (path, str(path))]
    assert sealed[0] == sealed[1]


def test_bad_input_is_one_sentence(
    header: Header, pdf: bytes, agency_key: SigningKey, province_key: SigningKey, tmp_path: Path
) -> None:
    """No documents, no receivers, foreign seal, double names, missing file, folder, broken PDF, no zone."""
    refused(UsageError, "", header, [], agency_key)
    refused(EdxmlError, "header.MessageHeader.To", replace(header, receivers=()), [pdf], agency_key)
    refused(CertificateUnfitError, "", header, [pdf], province_key)
    refused(ContainerError, "A.pdf", header, [("a.pdf", pdf), ("A.pdf", pdf)], agency_key)
    refused(ContainerError, "../a", header, [("../a", b"x")], agency_key)
    refused(ContainerError, "a/b", header, [("a/b", b"x")], agency_key)
    refused(FileUnusableError, "khong-co.pdf", header, [tmp_path / "khong-co.pdf"], agency_key)
    refused(FileUnusableError, "khong-co.pdf", header, ["khong-co.pdf"], agency_key)
    refused(FileUnusableError, str(tmp_path), header, [tmp_path], agency_key)
    refused(PdfError, "hong.pdf", header, [("hong.pdf", pdf[:200])], agency_key)
    refused(UsageError, "at", header, [pdf], agency_key, at=datetime(2026, 11, 21))  # noqa: DTZ001 -- the point


def test_an_unfit_certificate_does_not_seal(header: Header, pdf: bytes, tmp_path: Path) -> None:
    """Expired, revoked (where the trust knows), or made for something else; --no-check is for that alone."""
    authority = TrialAuthority.create(tmp_path / "ca")
    agency = authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31")
    key = agency.signing_key()
    later = datetime.now(UTC) + timedelta(days=36500)
    refused(CertificateUnfitError, "", header, [pdf], key, at=later)
    tls = authority.issue("tls", "Máy của xã", agency="H99.31").signing_key()
    refused(CertificateUnfitError, "", header, [pdf], tls)
    authority.revoke(agency.certificate)
    refused(
        CertificateUnfitError,
        "",
        header,
        [pdf],
        key,
        trust=authority.trust(),
        at=later - timedelta(days=36499),
    )
    assert seal(header, [pdf], key, check=False, trust=authority.trust())


def test_the_old_form_of_the_code_is_the_same_agency(
    header: Header, pdf: bytes, agency_key: SigningKey
) -> None:
    """A header with the 13-character code is sealed with the certificate of the newer one."""
    old = replace(header, sender=Organization(code="000.00.31.H99", name="Xã"), document_id="")
    assert seal(old, [pdf], agency_key)


def test_what_is_sealed_passes_with_the_key_of_the_sender(sealed: bytes, trust: Trust) -> None:
    """The circle closes."""
    judgement = judge_container(read_container(io.BytesIO(sealed)), trust=trust, at=datetime.now(UTC))
    assert judgement.conclusion.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_the_same_input_time_and_key_give_the_same_bytes(
    kind: KeyKind, header: Header, pdf: bytes, authority: TrialAuthority
) -> None:
    """RSA PKCS#1 v1.5 and Ed25519 sign alike each time; another second gives other bytes."""
    key = authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31", key=kind).signing_key()
    at = datetime.now(UTC).replace(microsecond=0)
    files: list[Document] = [pdf, ("phụ lục.txt", "Kính gửi".encode())]
    once, again, later = (seal(header, files, key, at=at + timedelta(seconds=more)) for more in (0, 0, 2))
    assert once == again
    assert once != later


CHILD = """
import io, sys
from datetime import UTC, date, datetime
from pathlib import Path
from docsign.envelope import Header, Organization, judge_container, read_container
from docsign.envelope.container import pieces_of
from docsign.pki import Trust, open_key
from docsign.sealing import seal_to
from tests.peak_memory import peak_memory
key = open_key("pkcs12:" + sys.argv[1], Path(sys.argv[2]).read_text().strip())
header = Header(sender=Organization(code="H99.31"), receivers=(Organization(code="H99"),), number="1",
                notation="A", issued=date(2026, 11, 21), subject="V/v thử nghiệm tệp lớn")
trust = Trust.from_path(sys.argv[3])
def once(name):
    with open(sys.argv[4], "w+b") as stream:
        seal_to(stream, header, [Path(name)], key)
        container = read_container(stream)
        answer = judge_container(container, trust=trust, at=datetime.now(UTC)).conclusion
        assert answer.indication.value == "TOTAL-PASSED", answer
        with container.open("documents/" + Path(name).name) as inside:
            assert sum(len(piece) for piece in pieces_of(inside)) == Path(name).stat().st_size
once(sys.argv[5])
before = peak_memory()
once(sys.argv[6])
print(peak_memory() - before)
"""


@pytest.mark.parametrize(
    "size", [100 * 1024 * 1024, pytest.param(1024 * 1024 * 1024, marks=pytest.mark.slow)]
)
def test_a_large_envelope_is_streamed(size: int, p12: Path, trust_folder: Path, tmp_path: Path) -> None:
    """Sealing, judging and unpacking so much raises the peak memory by 32 MB at most."""
    small, large = tmp_path / "nho.bin", tmp_path / "lon.bin"
    small.write_bytes(b"x")
    with large.open("wb") as stream:
        stream.truncate(size)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(p12 / "agency.p12"), str(p12 / "passphrase.txt"), str(trust_folder),
         str(tmp_path / "x.asice"), str(small), str(large)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32 * 1024


def test_a_pdf_that_was_altered_is_not_sealed(
    header: Header, pdf: bytes, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """Its signature no longer holds: whoever receives it could not use it."""
    signed = sign(pdf, person_key, role="person")
    assert seal(header, [signed], agency_key)
    place = signed.index(b"stream") + 12
    altered = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    with pytest.raises(PdfError, match="changed after it was signed"):
        seal(header, [("12.pdf", altered)], agency_key)


def test_what_is_odd_about_a_pdf_is_remarked(
    header: Header, pdf: bytes, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """Not signed: said, and sealed all the same; signed and no number of its own: nothing to say."""
    said: list[str] = []

    def remark(name: str, sentence: Sentence) -> None:
        said.append(f"{name}: {sentence.text('en')}")

    seal_to(io.BytesIO(), header, [("12.pdf", pdf)], agency_key, remark=remark)
    assert said == ["12.pdf: The PDF is not signed."]
    said.clear()
    signed = sign(pdf, person_key, role="person")
    seal_to(io.BytesIO(), header, [("12.pdf", signed)], agency_key, remark=remark)
    assert said == []


def test_a_number_that_is_not_the_headers_is_remarked(
    header: Header, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """The letter was numbered 13, the header says 12."""
    root = Path(__file__).resolve().parents[2]
    letter = OfficialDocument.from_path(root / "examples" / "letter.toml").to_pdf(SEALED_AT)
    once = sign(letter, person_key, role="person")
    said: list[str] = []
    for number, expected in ((13, ["12.pdf: The PDF has the number 13, the header 12."]), (12, [])):
        said.clear()
        both = sign(once, agency_key, role="agency", number=number, date=date(2026, 11, 20))
        seal_to(
            io.BytesIO(),
            header,
            [("12.pdf", both)],
            agency_key,
            remark=lambda name, sentence: said.append(f"{name}: {sentence.text('en')}"),
        )
        assert said == expected
