"""A container is judged whole: right digests, full coverage, the certificate that is signed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from docsign.envelope import ContainerJudgement, Header, judge_container, read_container
from docsign.envelope.container import ContainerWriter, pieces_of
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.certificates import fingerprint
from docsign.sealing import seal
from docsign.verdict import FileFormat, Indication, SubIndication
from tests.envelope.conftest import APPENDIX, SEALED_AT

Files = dict[str, bytes]
SIGNATURES = "META-INF/signatures.xml"
PDF = "documents/12-UBND-VX.pdf"


def unpacked(data: bytes) -> Files:
    """Return the files of a container."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(files: Files) -> bytes:
    """Write the files again, check sums and all."""
    stream = io.BytesIO()
    writer = ContainerWriter(stream, at=SEALED_AT, mimetype=files["mimetype"].decode())
    for name, data in files.items():
        if name != "mimetype":
            writer.add(name, pieces_of(io.BytesIO(data)))
    writer.close()
    return stream.getvalue()


def judged(data: bytes, trust: Trust, at: datetime | None = None) -> ContainerJudgement:
    """Judge a container."""
    return judge_container(read_container(io.BytesIO(data)), trust=trust, at=at or datetime.now(UTC))


def answer(judgement: ContainerJudgement) -> tuple[Indication, SubIndication | None]:
    """Return the conclusion as a pair."""
    return judgement.conclusion.indication, judgement.conclusion.sub_indication


def codes(judgement: ContainerJudgement) -> set[str]:
    """Return the codes of all findings."""
    every = [*judgement.findings, *(one for report in judgement.signatures for one in report.findings)]
    return {finding.code for finding in every}


def test_an_envelope_of_a_trusted_agency_passes(sealed: bytes, trust: Trust, agency_key: SigningKey) -> None:
    """Intact, whole, by the commune; its certificate is the one that is answered."""
    judgement = judged(sealed, trust)
    assert answer(judgement) == (Indication.TOTAL_PASSED, None)
    assert judgement.format is FileFormat.ASICE
    ((report, certificate),) = judgement.sealed_by()
    assert certificate == agency_key.certificate
    assert (report.format, report.level, report.coverage) == ("xades", "XAdES-B-B", "whole")
    assert (report.role, report.agency, report.intact) == ("agency", "H99.31", True)
    assert report.signing_time == SEALED_AT
    assert fingerprint(certificate) == fingerprint(agency_key.certificate)


def test_without_trust_nothing_passes_and_nothing_fails(sealed: bytes) -> None:
    """No anchor: INDETERMINATE / NO_CERTIFICATE_CHAIN_FOUND, the mathematics still true."""
    judgement = judged(sealed, Trust.nothing())
    assert answer(judgement) == (Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert judgement.signatures[0].intact is True
    assert judgement.sealed_by() == ()


def test_an_expired_certificate_is_no_proof(sealed: bytes, trust: Trust) -> None:
    """Long after, without a time-stamp, nobody knows when it was sealed."""
    judgement = judged(sealed, trust, datetime.now(UTC) + timedelta(days=36500))
    assert judgement.conclusion.indication is Indication.INDETERMINATE
    assert judgement.sealed_by() == ()


def change_pdf(files: Files) -> None:
    """Change the document."""
    files[PDF] = files[PDF][:-3] + b"!!!"


def change_header(files: Files) -> None:
    """Send it to another province."""
    files["header.edxml"] = files["header.edxml"].replace(b"H99</", b"H98</")


def remove_document(files: Files) -> None:
    """Take a document out."""
    del files[f"documents/{APPENDIX}"]


def add_document(files: Files) -> None:
    """Put a document in."""
    files["documents/them.pdf"] = b"%PDF-1.7"


def add_at_root(files: Files) -> None:
    """Put a file beside the header."""
    files["them.txt"] = b"x"


def add_beside_metadata(files: Files) -> None:
    """Put a file where careless readers see metadata."""
    files["meta-inf/them.pdf"] = b"%PDF-1.7"


def rename_document(files: Files) -> None:
    """Give the document another name."""
    files["documents/khac.pdf"] = files.pop(PDF)


def change_digest(files: Files) -> None:
    """Change a digest in the signature."""
    xml = files[SIGNATURES]
    place = xml.index(b"<ds:DigestValue>") + 17
    files[SIGNATURES] = xml[:place] + (b"A" if xml[place : place + 1] != b"A" else b"B") + xml[place + 1 :]


def change_time(files: Files) -> None:
    """Claim another signing time."""
    files[SIGNATURES] = files[SIGNATURES].replace(b"<xades:SigningTime>2", b"<xades:SigningTime>1")


def change_value(files: Files) -> None:
    """Change the signature value."""
    xml = files[SIGNATURES]
    place = xml.index(b'-SignatureValue">') + 30
    files[SIGNATURES] = xml[:place] + (b"A" if xml[place : place + 1] != b"A" else b"B") + xml[place + 1 :]


def no_xml(files: Files) -> None:
    """Put nonsense where the signature was."""
    files[SIGNATURES] = b"khong phai XML"


def no_signature_inside(files: Files) -> None:
    """Leave the signature file empty."""
    files[SIGNATURES] = b'<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"/>'


FAILED, OPEN, NONE = Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.NO_SIGNATURE


@pytest.mark.parametrize(
    ("change", "indication", "sub", "code"),
    [
        (change_pdf, FAILED, SubIndication.HASH_FAILURE, "content-changed"),
        (change_header, FAILED, SubIndication.HASH_FAILURE, "content-changed"),
        (remove_document, OPEN, SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found"),
        (add_document, FAILED, SubIndication.FORMAT_FAILURE, "file-not-covered"),
        (add_at_root, FAILED, SubIndication.FORMAT_FAILURE, "file-not-covered"),
        (add_beside_metadata, FAILED, SubIndication.FORMAT_FAILURE, "file-not-covered"),
        (rename_document, FAILED, SubIndication.FORMAT_FAILURE, "file-not-covered"),
        (change_digest, FAILED, SubIndication.HASH_FAILURE, "content-changed"),
        (change_time, FAILED, SubIndication.HASH_FAILURE, "content-changed"),
        (change_value, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "signature-value"),
        (no_xml, FAILED, SubIndication.FORMAT_FAILURE, "xml-form"),
        (no_signature_inside, FAILED, SubIndication.FORMAT_FAILURE, "container-form"),
    ],
)
def test_a_changed_container_does_not_pass(
    sealed: bytes,
    trust: Trust,
    change: Callable[[Files], None],
    indication: Indication,
    sub: SubIndication,
    code: str,
) -> None:
    """Each change has its answer and its reason."""
    files = unpacked(sealed)
    change(files)
    judgement = judged(repacked(files), trust)
    assert answer(judgement) == (indication, sub)
    assert code in codes(judgement)
    assert judgement.sealed_by() == ()


def test_a_changed_byte_in_the_file_itself_is_a_change(sealed: bytes, trust: Trust) -> None:
    """One byte, check sum left alone: damaged content is HASH_FAILURE too."""
    place = sealed.index(b"%PDF-") + 100
    judgement = judged(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], trust)
    assert answer(judgement) == (FAILED, SubIndication.HASH_FAILURE)


def test_a_container_without_signature_says_so(sealed: bytes, trust: Trust) -> None:
    """Nothing signed is NO-SIGNATURE, not a pass."""
    files = unpacked(sealed)
    del files[SIGNATURES]
    assert answer(judged(repacked(files), trust)) == (NONE, None)


def test_a_second_agency_may_seal_too(
    sealed: bytes, header: Header, pdf: bytes, trust: Trust, province_key: SigningKey
) -> None:
    """Two signature files, two verdicts; the worst decides, both are named."""
    province = replace(header, sender=header.receivers[0], receivers=(header.sender,))
    files = unpacked(sealed)
    other = unpacked(seal(province, [pdf], province_key, at=SEALED_AT))
    files["META-INF/signatures-2.xml"] = other[SIGNATURES].replace(b"S1", b"S2")
    judgement = judged(repacked(files), trust)
    assert [report.id for report in judgement.signatures] == ["S1", "S2"]
    assert [report.conclusion.indication for report in judgement.signatures] == [
        Indication.TOTAL_PASSED,
        Indication.TOTAL_FAILED,  # it signed another header
    ]
    assert answer(judgement) == (FAILED, SubIndication.HASH_FAILURE)


def test_an_added_file_under_a_strangers_signature_is_not_the_agencys(
    sealed: bytes, header: Header, trust: Trust, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A stranger covers the added file: the agency's signature no longer covers all, and nothing passes."""
    stranger = TrialAuthority.create(tmp_path_factory.mktemp("stranger"))
    key = stranger.issue("agency", "KẺ LẠ", organization="KẺ LẠ", agency="H99.31").signing_key()
    files = unpacked(sealed)
    files["documents/them.txt"] = b"x"
    forged = seal(header, [("them.txt", b"x")], key)
    files["META-INF/signatures-2.xml"] = unpacked(forged)[SIGNATURES].replace(b"S1", b"S2")
    judgement = judged(repacked(files), trust)
    assert judgement.conclusion.indication is not Indication.TOTAL_PASSED
    assert judgement.signatures[0].coverage == "partial"
    assert judgement.sealed_by() == ()
