"""OCSP answers: from whom they are taken, and what they say (RFC 6960)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.pki.ocsp import answer_proof, load_answer, needs_no_check, responder
from docsign.pki.status import Remark, StatusProof
from tests.pki.certifying import OCSP_PURPOSE, Holder, root, year

MADE = year(2025)
UNTIL = MADE + timedelta(days=1)
CA = root("CA mẫu")
SIGNER = CA.issue("Nguyễn Văn Mẫu")
ENTITLED = CA.issue("OCSP mẫu", purpose=OCSP_PURPOSE, nocheck=True)
CHECKED = CA.issue("OCSP mẫu có danh sách", purpose=OCSP_PURPOSE)


def said(der: bytes, *, crls: tuple[bytes, ...] = (), of: Holder = SIGNER) -> StatusProof | Remark | None:
    """Return what an answer says."""
    return answer_proof(of.certificate, CA.certificate, der, (), crls)


def by(responder: Holder, **options: object) -> bytes:
    """Answer by a delegated responder."""
    return responder.answer(SIGNER.certificate, MADE, UNTIL, issuer=CA.certificate, **options)  # type: ignore[arg-type] # handed on


def test_the_issuer_answers_itself() -> None:
    """Good, revoked and since when, unknown."""
    good = said(CA.answer(SIGNER.certificate, MADE, UNTIL))
    assert isinstance(good, StatusProof)
    assert (good.kind, good.revoked_at, good.this_update, good.next_update) == ("ocsp", None, MADE, UNTIL)
    assert (good.signer, good.digest) == (CA.certificate, "sha256")
    bad = said(CA.answer(SIGNER.certificate, MADE, UNTIL, revoked_at=year(2024)))
    assert isinstance(bad, StatusProof)
    assert (bad.revoked_at, bad.reason) == (year(2024), "keyCompromise")
    assert said(CA.answer(SIGNER.certificate, MADE, UNTIL, unknown=True)) == "ocsp-unknown"


def test_a_delegated_responder_needs_its_purpose_and_its_issuer() -> None:
    """id-kp-OCSPSigning, certified by the same CA; otherwise it speaks for nobody."""
    found = said(by(ENTITLED))
    assert isinstance(found, StatusProof)
    assert found.signer == ENTITLED.certificate
    assert said(by(CA.issue("Trần Thị Thử"))) == "ocsp-signer"
    other = root("CA mẫu").issue("OCSP lạ", purpose=OCSP_PURPOSE, nocheck=True)
    assert said(by(other)) == "ocsp-signer"
    through = CA.issue("CA cấp dưới", ca=True).issue("OCSP xa", purpose=OCSP_PURPOSE, nocheck=True)
    assert said(by(through)) == "ocsp-signer"
    ended = CA.issue("OCSP cũ", purpose=OCSP_PURPOSE, nocheck=True, end=MADE - timedelta(days=1))
    assert said(by(ended)) == "ocsp-signer"


def test_a_responder_without_nocheck_is_checked_by_a_list() -> None:
    """No list: nothing is known of it. A list: taken. On the list: not taken. Never by an answer."""
    der = by(CHECKED)
    assert said(der) == "ocsp-signer-unproved"
    # the builder of answers writes the true time as producedAt
    assert isinstance(said(der, crls=(CA.crl(MADE, year(2039)),)), StatusProof)
    revoked = CA.crl(MADE, revoked={CHECKED.certificate: (year(2024), "keyCompromise")})
    assert said(der, crls=(revoked,)) == "ocsp-signer-unproved"
    assert said(
        by(ENTITLED), crls=(CA.crl(MADE, revoked={ENTITLED.certificate: (year(2024), "keyCompromise")}),)
    ) == ("ocsp-signer-unproved")


def test_nobody_vouches_for_himself() -> None:
    """A responder's answer about its own certificate says nothing."""
    der = ENTITLED.answer(ENTITLED.certificate, MADE, UNTIL, issuer=CA.certificate)
    assert said(der, of=ENTITLED) == "ocsp-signer"


def test_an_answer_about_another_says_nothing() -> None:
    """Another serial number, or the same one of another issuer."""
    assert said(CA.answer(ENTITLED.certificate, MADE, UNTIL)) is None
    namesake = root("CA mẫu")
    assert said(namesake.answer(SIGNER.certificate, MADE, UNTIL)) is None


def test_the_responder_may_be_at_hand_instead_of_inside() -> None:
    """An answer without certificates: the responder is found in the pool."""
    der = by(ENTITLED, with_certificate=False)
    assert said(der) == "ocsp-signer"
    found = answer_proof(SIGNER.certificate, CA.certificate, der, [ENTITLED.certificate])
    assert isinstance(found, StatusProof)


def test_the_responder_is_named_for_who_fetches() -> None:
    """Its certificate where it is delegated, nothing where the issuer answers."""
    assert responder(by(CHECKED), CA.certificate) == CHECKED.certificate
    assert responder(CA.answer(SIGNER.certificate, MADE, UNTIL), CA.certificate) is None
    assert needs_no_check(ENTITLED.certificate)
    assert not needs_no_check(CHECKED.certificate)


def test_an_archive_cutoff_lets_it_speak_of_the_ended() -> None:
    """Without it an answer from after the end clears nobody (RFC 6960 4.4.4)."""
    ended = CA.issue("Người đã nghỉ", end=year(2024))
    plain = said(CA.answer(ended.certificate, MADE, UNTIL), of=ended)
    assert isinstance(plain, StatusProof)
    assert not plain.speaks_of(ended.certificate)


def test_a_refusal_and_nonsense_are_no_answers() -> None:
    """Only a successful response says anything."""
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    for der in (refusal.public_bytes(Encoding.DER), b"", b"khong phai"):
        assert load_answer(der) is None
        assert said(der) is None


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()])
def test_the_issuer_may_be_named_by_any_digest(algorithm: hashes.SHA1 | hashes.SHA256) -> None:
    """Name and key hashes by SHA-1 or SHA-256, the responder by name."""
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=SIGNER.certificate,
            issuer=CA.certificate,
            algorithm=algorithm,
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=MADE,
            next_update=None,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, CA.certificate)
    )
    found = said(builder.sign(CA.key, hashes.SHA384()).public_bytes(Encoding.DER))
    assert isinstance(found, StatusProof)
    assert (found.next_update, found.digest) == (None, "sha384")
    assert found.is_fresh(MADE + timedelta(minutes=5))
    assert not found.is_fresh(MADE + timedelta(minutes=15))


_ANSWER = by(ENTITLED)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_changed_answer_never_clears(data: st.DataObject) -> None:
    """One byte changed anywhere: no exception, and no word unless what is signed is whole."""
    changed = bytearray(_ANSWER)
    changed[data.draw(st.integers(0, len(_ANSWER) - 1))] ^= data.draw(st.integers(1, 255))
    found = said(bytes(changed))
    if isinstance(found, StatusProof):
        one, other = load_answer(bytes(changed)), load_answer(_ANSWER)
        assert one is not None
        assert other is not None
        assert one.tbs_response_bytes == other.tbs_response_bytes
