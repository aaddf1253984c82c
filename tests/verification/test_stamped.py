"""Time-stamps and evidence records by themselves, and beside the file whose age they prove."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp

from docsign import Verifier, formats, verify
from docsign.cli import docsign, run
from docsign.detached import sign_detached
from docsign.pki import SigningKey, Trust
from docsign.verdict import Conclusion, FileFormat, Indication, Report, SubIndication
from tests.evidence_builder import Record, token

CONTENT = "Danh sách hộ nghèo".encode()
NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW + timedelta(minutes=2)


@pytest.fixture(scope="session")
def stamp(tsa_key: SigningKey) -> bytes:
    """A time-stamp token over CONTENT."""
    return token(tsa_key, "sha256", hashlib.sha256(CONTENT).digest(), NOW)


def record(key: SigningKey, form: str, data: bytes) -> bytes:
    """Return an evidence record over one file, made now."""
    return Record(form, {"a": data}).begin(key, NOW).encode()


def answer(report: Report) -> Conclusion:
    """Return what is said of the one time-stamp, which is no signature."""
    assert report.conclusion == Conclusion.no_signature()
    assert not report.signatures
    (one,) = report.timestamps
    return one.conclusion


def response(token: bytes) -> bytes:
    """Return what a time-stamping service answers (RFC 3161 2.4.2)."""
    info = tsp.ContentInfo.load(token)
    encoded: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": info}).dump()
    return encoded


def in_letters(data: bytes, label: str) -> bytes:
    """Return PEM armour of this label, or bare base64."""
    text = base64.encodebytes(data).decode()
    return (f"-----BEGIN {label}-----\n{text}-----END {label}-----\n" if label else text).encode()


@pytest.mark.parametrize("form", ["token", "response", "base64", "PKCS7", "CMS", "TIMESTAMP TOKEN"])
def test_a_time_stamp_in_every_clothing(form: str, stamp: bytes, trust: Trust) -> None:
    """A token, the service's response, base64 or PEM: the same answer over the file it stamps."""
    label = "" if form == "base64" else form
    data = {"token": stamp, "response": response(stamp)}.get(form) or in_letters(stamp, label)
    report = verify(data, trust=trust, at=AT, content=[("a.txt", CONTENT)])
    assert report.format is FileFormat.TIMESTAMP
    assert answer(report) == Conclusion.passed(), report.timestamps
    assert report.timestamps[0].time == NOW
    other = verify(data, trust=trust, at=AT, content=[("a.txt", CONTENT + b".")])
    assert answer(other) == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert answer(verify(data, trust=trust, at=AT)).sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


@pytest.mark.parametrize("suffix", [".tst", ".tsr"])
def test_the_stamped_file_lies_beside(suffix: str, stamp: bytes, trust: Trust, tmp_path: Path) -> None:
    """NAME.tsr is about NAME."""
    (tmp_path / "a.txt").write_bytes(CONTENT)
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(stamp)
    assert answer(verify(path, trust=trust, at=AT)) == Conclusion.passed()


@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_an_evidence_record_alone(form: str, tsa_key: SigningKey, trust: Trust) -> None:
    """It proves when the files given with it existed; it signs nothing."""
    data = record(tsa_key, form, CONTENT)
    report = verify(data, trust=trust, at=AT, content=[("a.txt", CONTENT)])
    assert report.format is FileFormat.EVIDENCE_RECORD
    assert answer(report) == Conclusion.passed(), report.timestamps
    assert report.timestamps[0].kind == "evidence-record"
    changed = verify(data, trust=trust, at=AT, content=[("a.txt", CONTENT + b".")])
    assert answer(changed) == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert answer(verify(data, trust=trust, at=AT)).indication is Indication.INDETERMINATE


@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_a_record_beside_a_file_proves_when_it_existed(
    form: str, by_both: bytes, agency_key: SigningKey, tsa_key: SigningKey, trust: Trust
) -> None:
    """A PDF's and a CMS's best signature time is the record's; the answer on the signature is its own."""
    cms = sign_detached(CONTENT, agency_key)
    for data in (by_both, cms):
        report = verify(
            data,
            trust=trust,
            at=AT,
            content=[("a.txt", CONTENT)] if data is cms else (),
            evidence=[("a.ers", record(tsa_key, form, data))],
        )
        assert report.conclusion == Conclusion.passed()
        assert report.timestamps[-1].conclusion == Conclusion.passed()
        assert {one.best_signature_time for one in report.signatures} == {NOW}


def test_a_record_that_fails_fails_itself(by_both: bytes, tsa_key: SigningKey, trust: Trust) -> None:
    """One over another file, and one that is none: the signature stays what it is, and nothing is proved."""
    for wrong in (record(tsa_key, "asn1", by_both + b"x"), b"", b"\x30\x03\x02\x01\x01"):
        report = Verifier(trust=trust).verify(by_both, at=AT, evidence=[("a.ers", wrong)])
        assert report.conclusion == Conclusion.passed()
        assert report.timestamps[-1].conclusion.indication is Indication.TOTAL_FAILED
        assert {one.best_signature_time for one in report.signatures} == {None}


def test_the_command_takes_records(
    by_both: bytes,
    tsa_key: SigningKey,
    trust_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """--evidence FILE; the record's line stands with the file's."""
    (tmp_path / "12.pdf").write_bytes(by_both)
    (tmp_path / "12.ers").write_bytes(record(tsa_key, "asn1", by_both))
    arguments = ["verify", str(tmp_path / "12.pdf"), "--trust", str(trust_folder), "--offline"]
    later = (NOW + timedelta(minutes=2)).isoformat()
    assert run(docsign, [*arguments, "--evidence", str(tmp_path / "12.ers"), "--at", later]) == 0
    assert "✔ Bản ghi bằng chứng lưu trữ " in capsys.readouterr().out
    assert run(docsign, [*arguments, "--evidence", str(tmp_path / "khong-co.ers")]) == 2


@pytest.mark.parametrize(
    "data",
    [b"MI", b"MIIB" * 100, b"\x30\x80", b"\x30\x03\x30\x01\x02", b"-----BEGIN CMS-----\n????\n", b"\x30"],
)
def test_half_a_clothing_is_left_on(data: bytes) -> None:
    """What only begins like a signature is not taken apart, and raises nothing."""
    assert formats.unarmoured(data) == data
    formats.tell(data)
    formats.tell(data, ".ers")
