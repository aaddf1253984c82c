"""``verify``: any file in, one Report out; it raises for a wrong call alone."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign import sealing
from docsign.detached import sign_detached
from docsign.envelope import Header, Receipt
from docsign.envelope.evidence import canonical_json
from docsign.envelope.evidence_judge import judge_receipt
from docsign.errors import ContainerError, FileUnusableError, NotVerifiedError, UsageError
from docsign.pki import SigningKey, Trust
from docsign.pki.certificates import fingerprint
from docsign.policy import HasRole, IssuedTo
from docsign.report.text import to_text
from docsign.sealing import seal
from docsign.signing import sign
from docsign.verdict import Conclusion, FileFormat, Indication, Report, SubIndication
from docsign.verification import open_envelope, verify
from tests.envelope.test_evidence import EVIDENCE

CONTENT = "Danh sách hộ nghèo".encode()
FORMAT_FAILURE = Conclusion.failed(SubIndication.FORMAT_FAILURE)


@pytest.fixture(scope="session")
def at() -> datetime:
    """A minute from now: later than every signature of the tests."""
    return datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture(scope="session")
def envelope(header: Header, by_both: bytes, agency_key: SigningKey) -> bytes:
    """The issued letter and an unsigned list, sealed."""
    return seal(header, [by_both, ("danh-sach.txt", CONTENT)], agency_key)


def codes(report: Report) -> set[str]:
    """Return the codes of the file's own findings."""
    return {finding.code for finding in report.findings}


# --- each kind of file --------------------------------------------------------------------------------------


def test_a_path_and_its_bytes_have_the_same_answer(
    by_both: bytes, trust: Trust, at: datetime, tmp_path: Path
) -> None:
    """Named by its path, with the SHA-256 of the file."""
    path = tmp_path / "công văn.pdf"
    path.write_bytes(by_both)
    for source in (path, str(path), by_both):
        report = verify(source, trust=trust, at=at)
        assert report.conclusion == Conclusion.passed()
        assert report.format is FileFormat.PDF
        assert report.sha256 == hashlib.sha256(by_both).hexdigest()
        assert report.file == ("" if source is by_both else str(path))
    assert verify(by_both, name="12.pdf").file == "12.pdf"


def test_an_envelope_and_the_signed_files_in_it(envelope: bytes, trust: Trust, at: datetime) -> None:
    """The envelope by its seal, the letter inside under ``contents``, the unsigned list not."""
    report = verify(envelope, trust=trust, at=at)
    assert report.conclusion == Conclusion.passed(), codes(report)
    assert report.format is FileFormat.ASICE
    assert [signature.format for signature in report.signatures] == ["xades"]
    ((name, inner),) = report.contents
    assert name.startswith("documents/")
    assert inner.conclusion == Conclusion.passed()
    assert len(inner.signatures) == 2


def test_an_envelope_with_a_bad_letter_inside(
    header: Header,
    by_both: bytes,
    agency_key: SigningKey,
    trust: Trust,
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The seal passes and the letter is a finding; with the official policy the worst decides."""
    changed = by_both[:900] + bytes([by_both[900] ^ 1]) + by_both[901:]
    monkeypatch.setattr(sealing, "_check_pdf", lambda *_: None)  # another's software looks at nothing
    sealed = seal(header, [changed], agency_key)
    report = verify(sealed, trust=trust, at=at)
    assert report.conclusion == Conclusion.passed()
    assert "content-not-passed" in codes(report)
    strict = verify(sealed, trust=trust, at=at, policy="official")
    assert strict.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)


def test_an_unsigned_letter_in_an_envelope_is_told(sealed: bytes, trust: Trust, at: datetime) -> None:
    """It stands not under ``contents``, but is not passed over in silence."""
    report = verify(sealed, trust=trust, at=at)
    assert report.contents == ()
    assert "content-unsigned" in codes(report)


def test_a_detached_signature_with_its_file(
    agency_key: SigningKey, trust: Trust, at: datetime, tmp_path: Path
) -> None:
    """The file is given, or lies beside the signature under its name; a wrong one is HASH_FAILURE."""
    cms = sign_detached(CONTENT, agency_key)
    report = verify(cms, trust=trust, at=at, content=[("danh-sach.txt", CONTENT)])
    assert (report.format, report.conclusion) == (FileFormat.CADES, Conclusion.passed())
    assert verify(cms, trust=trust, at=at).conclusion == Conclusion.indeterminate(
        SubIndication.SIGNED_DATA_NOT_FOUND
    )
    other = verify(cms, trust=trust, at=at, content=[("danh-sach.txt", CONTENT + b".")])
    assert other.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    signature = tmp_path / "danh-sach.txt.p7s"
    signature.write_bytes(cms)
    (tmp_path / "danh-sach.txt").write_bytes(CONTENT)
    assert verify(signature, trust=trust, at=at).conclusion == Conclusion.passed()
    named = verify(signature, trust=trust, at=at, content=[("khac.txt", b"?"), tmp_path / "danh-sach.txt"])
    assert named.signatures[0].conclusion == Conclusion.passed()
    assert named.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)  # one that nobody signed
    assert [one.where for one in named.findings if one.code == "file-not-covered"] == ["khac.txt"]


def test_a_signature_in_letters(agency_key: SigningKey, trust: Trust, at: datetime) -> None:
    """PEM armour is taken off."""
    import base64

    text = base64.encodebytes(sign_detached(CONTENT, agency_key))
    armoured = b"-----BEGIN PKCS7-----\n" + text + b"-----END PKCS7-----\n"
    assert verify(armoured, trust=trust, at=at, content=[("a", CONTENT)]).conclusion == Conclusion.passed()


def test_a_time_stamp_alone_signs_nothing(agency_key: SigningKey, tsa_url: str, trust: Trust) -> None:
    """Its time is judged and the file stays NO-SIGNATURE."""
    from docsign.pki.fetch import fetch_timestamp

    token = fetch_timestamp(tsa_url, hashlib.sha256(CONTENT).digest())
    at = datetime.now(UTC) + timedelta(minutes=1)
    report = verify(token, trust=trust, at=at, content=[("danh-sach.txt", CONTENT)])
    assert (report.format, report.conclusion) == (FileFormat.TIMESTAMP, Conclusion.no_signature())
    (stamp,) = report.timestamps
    assert stamp.conclusion == Conclusion.passed(), stamp.findings
    (alone,) = verify(token, trust=trust, at=at).timestamps
    assert alone.conclusion == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)


def test_a_receipt_is_judged_by_the_relays_anchors(
    relay_key: SigningKey, agency_key: SigningKey, trust: Trust, at: datetime
) -> None:
    """Signed by the relay it names: passed. Changed, by somebody else, or cut: not."""
    evidence = replace(
        EVIDENCE, issuer=replace(EVIDENCE.issuer, certificate=fingerprint(relay_key.certificate))
    )

    def receipt(key: SigningKey, text: str = "") -> bytes:
        signed = canonical_json(evidence.to_json())
        made = Receipt(evidence=evidence, signature=sign_detached(signed, key)).to_json()
        return made.replace("Đã đến".encode(), text.encode()) if text else made

    good = verify(receipt(relay_key), trust=trust, at=at)
    assert (good.format, good.conclusion) == (FileFormat.RECEIPT, Conclusion.passed())
    assert "125/UBND-VX" in to_text(good)
    changed = verify(receipt(relay_key, "Đã mất"), trust=trust, at=at)
    assert changed.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    other = verify(receipt(agency_key), trust=trust, at=at)
    assert other.conclusion.indication is not Indication.TOTAL_PASSED
    assert "another-certificate" in codes(other)
    judgement = judge_receipt(receipt(relay_key), trust=trust, at=at)
    assert judgement.receipt is not None
    assert judgement.receipt.evidence == evidence
    broken = receipt(relay_key).replace(b'"sender"', b'"sendr"')
    assert verify(broken, trust=trust, at=at).conclusion == FORMAT_FAILURE


def test_a_signature_in_xml_with_its_files(envelope: bytes, trust: Trust, at: datetime) -> None:
    """The signature file of an envelope, alone and with what it signs."""
    with zipfile.ZipFile(io.BytesIO(envelope)) as archive:
        xml = archive.read("META-INF/signatures.xml")
        files = [(name, archive.read(name)) for name in archive.namelist() if not name.startswith("META-INF")]
    report = verify(xml, trust=trust, at=at, content=files)
    assert (report.format, report.conclusion) == (FileFormat.XADES, Conclusion.passed()), codes(report)
    assert [(one.code, one.where) for one in report.findings] == [("file-not-covered", "mimetype")]
    signed = verify(xml, trust=trust, at=at, content=[one for one in files if one[0] != "mimetype"])
    assert ([one.coverage for one in signed.signatures], signed.findings) == (["whole"], ())
    one_more = verify(xml, trust=trust, at=at, content=[*files, ("documents/khac.pdf", b"?")])
    assert [one.where for one in one_more.findings] == ["mimetype", "documents/khac.pdf"]
    assert one_more.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    alone = verify(xml, trust=trust, at=at)
    assert alone.conclusion == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
    changed = [(name, data + b" ") for name, data in files]
    assert verify(xml, trust=trust, at=at, content=changed).conclusion == Conclusion.failed(
        SubIndication.HASH_FAILURE
    )


def test_files_that_carry_no_signature(trust: Trust, at: datetime) -> None:
    """Text, an ordinary archive, an empty file, XML without a signature: not signed, exit 4."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("bang.txt", "1")
    for data in (b"", "Kính gửi".encode(), archive.getvalue(), b"<a/>", b"{}", b"\x30\x03\x02\x01\x05"):
        report = verify(data, trust=trust, at=at)
        assert report.conclusion == Conclusion.no_signature(), data
        assert report.conclusion.indication.exit_status == 4


def test_an_envelope_that_is_broken_fails(envelope: bytes, trust: Trust, at: datetime) -> None:
    """Cut, one byte changed, or a file added: TOTAL-FAILED, never unsigned."""
    assert verify(envelope[: len(envelope) // 2], trust=trust, at=at).conclusion == FORMAT_FAILURE
    assert verify(b"\0" + envelope[1:], trust=trust, at=at).conclusion == FORMAT_FAILURE
    added = io.BytesIO(envelope)
    with zipfile.ZipFile(added, "a") as writer:
        writer.writestr("documents/them.pdf", b"%PDF-")
    assert verify(added.getvalue(), trust=trust, at=at).conclusion == FORMAT_FAILURE


@given(data=st.data())
@settings(max_examples=60, deadline=4000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_changed_byte_of_an_envelope_raises(
    envelope: bytes, trust: Trust, at: datetime, data: st.DataObject
) -> None:
    """Wherever it lies there is an answer; it passes only where the bytes are nobody's content."""
    offset = data.draw(st.integers(0, len(envelope) - 1))
    changed = bytearray(envelope)
    changed[offset] ^= data.draw(st.integers(1, 255))
    report = verify(bytes(changed), trust=trust, at=at)
    if report.conclusion.indication is Indication.TOTAL_PASSED:
        with (
            zipfile.ZipFile(io.BytesIO(envelope)) as one,
            zipfile.ZipFile(io.BytesIO(bytes(changed))) as other,
        ):
            for name in one.namelist():
                if not name.startswith("META-INF/") and name != "mimetype":
                    assert one.read(name) == other.read(name)


@given(
    data=st.binary(max_size=300), prefix=st.sampled_from([b"", b"%PDF-1.7\n", b"PK\3\4", b"<", b"{", b"\x30"])
)
@settings(max_examples=150, deadline=4000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_of_every_kind_has_an_answer(trust: Trust, at: datetime, data: bytes, prefix: bytes) -> None:
    """Not signed or failed; nothing else, and no exception."""
    report = verify(prefix + data, trust=trust, at=at)
    assert report.conclusion.indication in (Indication.NO_SIGNATURE, Indication.TOTAL_FAILED)


# --- policies and wrong calls -------------------------------------------------------------------------------


def test_an_official_document_needs_both_signatures(
    by_person: bytes, by_both: bytes, trust: Trust, at: datetime
) -> None:
    """One alone is a finding, and with the official policy not decided (ND 30/2020 Art. 5)."""
    report = verify(by_person, trust=trust, at=at)
    assert report.conclusion == Conclusion.passed()
    assert "two-signatures" in codes(report)
    assert verify(by_person, trust=trust, at=at, policy="official").conclusion == Conclusion.indeterminate(
        SubIndication.SIG_CONSTRAINTS_FAILURE
    )
    assert verify(by_both, trust=trust, at=at, policy="official").conclusion == Conclusion.passed()


def test_a_copy_needs_the_agency_alone(agency_key: SigningKey, trust: Trust, at: datetime) -> None:
    """A file without a place for the person's signature is a copy or an appendix."""
    scan = Path(__file__).resolve().parents[1] / "pdf" / "foreign" / "scan.pdf"
    copy = sign(scan.read_bytes(), agency_key, role="agency")
    assert verify(copy, trust=trust, at=at, policy="official").conclusion == Conclusion.passed()


def test_a_caller_may_bring_a_policy(by_both: bytes, trust: Trust, at: datetime) -> None:
    """Met: as before. Not met: not decided, with the reason; ``require`` raises."""
    assert verify(by_both, trust=trust, at=at, policy=HasRole("agency")).conclusion == Conclusion.passed()
    report = verify(by_both, trust=trust, at=at, policy=IssuedTo("H99"))
    assert report.conclusion == Conclusion.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert "policy" in codes(report)
    with pytest.raises(NotVerifiedError):
        report.require()
    with pytest.raises(TypeError):
        bool(report)


def test_wrong_calls_raise(tmp_path: Path) -> None:
    """A missing file, a folder, a time without a zone: the call is wrong, not the file."""
    for path in (tmp_path / "khong-co.pdf", tmp_path):
        with pytest.raises(FileUnusableError):
            verify(path)
    with pytest.raises(UsageError):
        verify(b"", at=datetime(2026, 11, 16))  # noqa: DTZ001


def test_the_working_folder_is_left_alone(by_both: bytes, trust: Trust, tmp_path: Path) -> None:
    """Verifying writes nothing."""
    (tmp_path / "a.pdf").write_bytes(by_both)
    before = sorted(tmp_path.iterdir())
    verify(tmp_path / "a.pdf", trust=trust)
    assert sorted(tmp_path.iterdir()) == before


# --- opening ------------------------------------------------------------------------------------------------


def test_opening_an_envelope(
    envelope: bytes, trust: Trust, at: datetime, by_both: bytes, tmp_path: Path
) -> None:
    """Header, documents one at a time, and the report."""
    path = tmp_path / "goi.asice"
    path.write_bytes(envelope)
    for source in (envelope, path):
        with open_envelope(source, trust=trust, at=at) as opened:
            assert opened.report.conclusion == Conclusion.passed()
            assert opened.header.sender.code == "H99.31"
            assert len(opened.documents) == 2
            assert by_both in [opened.read(name) for name in opened.documents]


def test_what_is_no_envelope_is_not_opened(by_both: bytes, trust: Trust, tmp_path: Path) -> None:
    """A PDF, or an archive without a header; of a file its name is said."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("a.txt", "1")
    for data in (by_both, archive.getvalue()):
        with pytest.raises(ContainerError):
            open_envelope(data, trust=trust)
        (tmp_path / "khac.asice").write_bytes(data)
        with pytest.raises(ContainerError) as caught:
            open_envelope(tmp_path / "khac.asice", trust=trust)
        assert "khac.asice" in caught.value.where
