"""The everyday implementations of the ports: clock, randomness, notary, examiner."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.ades.cades import judge_cms
from docsign.detached import sign_detached
from docsign.errors import MalformedError
from docsign.pki import SigningKey, Trust
from docsign.pki.certificates import fingerprint
from docsign.verdict import Indication
from relay_server.outside import KeyNotary, SystemClock, SystemRandomness, TrustExaminer
from tests.conftest import Holders
from tests.relay.conftest import sealed


def test_clock_and_randomness() -> None:
    """UTC, and no name twice."""
    assert SystemClock().now().tzinfo is UTC
    assert len({SystemRandomness().name() for _ in range(100)}) == 100


def test_the_notary_signs_what_the_relays_anchor_verifies(relay_key: SigningKey, trust: Trust) -> None:
    """Detached CMS, judged for the role of a relay."""
    notary = KeyNotary(relay_key)
    now = datetime.now(UTC)
    judged = judge_cms(notary.sign(b"{}", at=now), content=b"{}", trust=trust, at=now, role="relay")
    assert judged.report.conclusion.indication is Indication.TOTAL_PASSED
    assert judged.certificate is not None
    assert fingerprint(judged.certificate) == notary.certificate
    assert notary.name
    assert KeyNotary(relay_key, name="Trạm Mẫu").name == "Trạm Mẫu"


def test_the_examiner_names_who_sealed_it(agency_key: SigningKey, trust: Trust) -> None:
    """Header, conclusion, and the certificate whose signature covers everything."""
    envelope = sealed(agency_key)
    found = TrustExaminer(trust).judge(io.BytesIO(envelope), at=datetime.now(UTC))
    assert found.conclusion.indication is Indication.TOTAL_PASSED
    assert found.signers == (fingerprint(agency_key.certificate),)
    assert found.submission.sender == "H99.31"
    stranger = TrustExaminer(Trust.nothing()).judge(io.BytesIO(envelope), at=datetime.now(UTC))
    assert stranger.conclusion.indication is Indication.INDETERMINATE
    assert stranger.signers == ()
    assert stranger.reason is not None


def test_a_detached_signature_names_its_signer_only_when_it_passes(
    province_key: SigningKey, trust: Trust
) -> None:
    """Over these very bytes."""
    examiner, now = TrustExaminer(trust), datetime.now(UTC)
    cms = sign_detached(b"noi dung", province_key)
    assert examiner.signer_of(cms, b"noi dung", at=now) == fingerprint(province_key.certificate)
    assert examiner.signer_of(cms, b"khac", at=now) is None
    assert examiner.signer_of(b"khong phai CMS", b"", at=now) is None


def test_revocation_is_asked_of_the_lists(holders: Holders, trust: Trust) -> None:
    """What is no certificate counts as revoked."""
    examiner = TrustExaminer(trust)
    assert not examiner.is_revoked(holders.commune_tls.certificate.public_bytes(Encoding.DER))
    assert examiner.is_revoked(b"khong phai chung thu")


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damaged_envelope_raises_anything_else(
    data: st.DataObject, agency_key: SigningKey, trust: Trust
) -> None:
    """Cut, changed or made up: a judgement or an error of ours."""
    envelope = bytearray(_ENVELOPE.setdefault("envelope", sealed(agency_key)))
    for _ in range(data.draw(st.integers(1, 3))):
        envelope[data.draw(st.integers(0, len(envelope) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(envelope)) | st.just(len(envelope)))
    try:
        found = TrustExaminer(trust).judge(io.BytesIO(bytes(envelope[:cut])), at=datetime.now(UTC))
    except MalformedError:
        return
    assert found.conclusion.indication is not Indication.TOTAL_PASSED or found.signers


_ENVELOPE: dict[str, bytes] = {}


def test_garbage_is_no_envelope(trust: Trust) -> None:
    """Said with the library's own error."""
    for garbage in (b"", b"PK\x05\x06" + b"\0" * 18, b"%PDF-1.7", b"\0" * 1000):
        with pytest.raises(MalformedError):
            TrustExaminer(trust).judge(io.BytesIO(garbage), at=datetime.now(UTC))
