"""A time-stamp token is judged like a signature, and only for what it stamps."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms, tsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.ades.algorithms import hash_bytes
from docsign.ades.stamped import name_of
from docsign.ades.timestamps import inside_token, judge_timestamp, read_timestamp_info, time_of_token
from docsign.errors import CmsError
from docsign.pki import SigningKey, Trust
from docsign.pki.existence import Existing
from docsign.pki.stamping import _signed, respond
from docsign.verdict import Conclusion, SubIndication, TimestampReport

DATA = "Công văn số 12".encode()
NOW = datetime.now(UTC).replace(microsecond=0)


def token(key: SigningKey, *, at: datetime = NOW) -> bytes:
    """Stamp DATA."""
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(DATA).digest(),
    }
    request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
    answer = tsp.TimeStampResp.load(respond(request.dump(), key, at=at))
    made: bytes = answer["time_stamp_token"].dump()
    return made


def judged(made: bytes, trust: Trust, *, data: bytes = DATA, at: datetime | None = None) -> TimestampReport:
    """Judge a token a minute after it was made."""
    return judge_timestamp(
        made,
        lambda name: hash_bytes(name, data),
        trust=trust,
        at=at or NOW + timedelta(minutes=1),
        id="T1",
        kind="content",
    )


@pytest.fixture(scope="module")
def made(tsa_key: SigningKey) -> bytes:
    """A good token."""
    return token(tsa_key)


def test_a_good_token_passes(made: bytes, trust: Trust) -> None:
    """Its time, its issuer, and that it is intact."""
    report = judged(made, trust)
    assert report.conclusion == Conclusion.passed(), report.findings
    assert (report.time, report.intact, report.kind, report.id) == (NOW, True, "content", "T1")
    assert report.issuer


def test_a_token_may_be_written_as_a_stream(made: bytes, trust: Trust) -> None:
    """RFC 5652 2: BER outside, of indefinite length; its time and its imprint are the same."""
    held = cms.ContentInfo.load(made)
    inside: bytes = held["content"].contents
    streamed = b"\x30\x80" + held["content_type"].dump() + b"\xa0\x80\x30\x80" + inside + bytes(6)
    report = judged(streamed, trust)
    assert report.conclusion == Conclusion.passed(), report.findings
    assert report.time == time_of_token(streamed) == NOW
    other = judged(streamed, trust, data=b"?")
    assert other.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)


def test_a_token_for_something_else_fails(made: bytes, trust: Trust) -> None:
    """The digest it stamps is not this one."""
    report = judged(made, trust, data=b"?")
    assert report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert report.intact is False


def test_a_token_from_the_future_proves_nothing(tsa_key: SigningKey, trust: Trust) -> None:
    """Later than the moment of the verification."""
    report = judged(token(tsa_key, at=NOW + timedelta(hours=1)), trust)
    assert report.conclusion.sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE


def test_only_a_time_stamping_certificate_stamps(agency_key: SigningKey, trust: Trust) -> None:
    """A token signed with the key of an agency is not believed."""
    report = judged(token(agency_key), trust)
    assert report.conclusion == Conclusion.indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)


def test_without_trust_it_is_not_decided(made: bytes) -> None:
    """Intact, by somebody unknown."""
    report = judged(made, Trust.nothing())
    assert report.conclusion == Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert report.intact is True


@given(data=st.data())
@settings(max_examples=120, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutations_never_raise(made: bytes, trust: Trust, data: st.DataObject) -> None:
    """Whatever is changed has an answer; the time of a token that passes is the time that was signed."""
    position = data.draw(st.integers(0, len(made) - 1))
    changed = bytearray(made)
    changed[position] ^= data.draw(st.integers(1, 255))
    report = judged(bytes(changed), trust)
    if report.conclusion == Conclusion.passed():
        assert report.time == NOW


@given(st.binary(max_size=200))
def test_junk_is_no_token(junk: bytes) -> None:
    """One error for the reader, a format failure for the judge."""
    with pytest.raises(CmsError):
        read_timestamp_info(junk)
    assert judged(junk, Trust.nothing()).conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def test_the_accuracy_is_read(made: bytes) -> None:
    """Seconds, milliseconds, microseconds (RFC 3161 2.4.2); none is exact."""
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.2.3",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)},
            "serial_number": 1,
            "gen_time": NOW,
            "accuracy": tsp.Accuracy({"seconds": 1, "millis": 2, "micros": 3}),
        }
    )
    assert read_timestamp_info(info.dump()).accuracy == timedelta(seconds=1, milliseconds=2, microseconds=3)
    del info["accuracy"]
    assert read_timestamp_info(info.dump(force=True)).accuracy == timedelta(0)
    assert time_of_token(made) == NOW
    assert time_of_token(b"khong phai") is None
    assert len(inside_token(made).certificates) >= 2
    assert inside_token(b"khong phai").is_empty


def test_before_the_services_certificate_nothing_is_decided(made: bytes, trust: Trust) -> None:
    """Asked for a time long before: not failed, for nothing proves that it is older."""
    report = judged(made, trust, at=NOW - timedelta(days=700))
    assert report.conclusion == Conclusion.indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_a_time_outside_the_services_certificate_is_not_believed(tsa_key: SigningKey, trust: Trust) -> None:
    """A service that dates back beyond its own certificate."""
    report = judged(token(tsa_key, at=NOW - timedelta(days=700)), trust)
    assert report.conclusion == Conclusion.indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert "timestamp-outside" in {finding.code for finding in report.findings}


def test_a_stamp_over_a_weak_digest_needs_a_proof(tsa_key: SigningKey, trust: Trust) -> None:
    """A digest that has ended: a newer stamp from before its end would prove the token, nothing else does."""
    content = hashlib.sha224(DATA).digest()
    imprint = {"hash_algorithm": {"algorithm": "sha224"}, "hashed_message": content}
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.2.3",
            "message_imprint": imprint,
            "serial_number": 1,
            "gen_time": NOW - timedelta(days=1),
        }
    )
    weak = cms_over(info.dump(), tsa_key)
    report = judged(weak, trust)
    assert report.conclusion == Conclusion.indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    existing = Existing(NOW)
    existing.add([name_of(weak)], datetime(2024, 6, 1, tzinfo=UTC))
    proved = judge_timestamp(
        weak,
        lambda name: hash_bytes(name, DATA),
        trust=trust,
        at=NOW,
        id="T1",
        existing=existing,
    )
    assert "weak-algorithm" not in {finding.code for finding in proved.findings}


def cms_over(info: bytes, key: SigningKey) -> bytes:
    """Sign a TSTInfo as the trial service does."""
    made: bytes = _signed(info, key, NOW, with_certificates=True).dump()
    return made
