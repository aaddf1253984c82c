"""A signature is judged in time: what its time-stamps prove decides about what ended since."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from asn1crypto import tsp

from docsign.ades.long_term import judge_in_time
from docsign.ades.stamped import Existence, Stamped, name_of, names_of
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.stamping import respond
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion

NOW = datetime.now(UTC).replace(microsecond=0)
VALUE = "giá trị chữ ký".encode()


def token(tsa: SigningKey, data: bytes, at: datetime) -> bytes:
    """Stamp ``data`` at a time."""
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(data).digest(),
    }
    request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
    der: bytes = tsp.TimeStampResp.load(respond(request.dump(), tsa, at=at))["time_stamp_token"].dump()
    return der


def test_a_stamp_proves_what_it_covers(trust: Trust, person_key: SigningKey, tsa_key: SigningKey) -> None:
    """The proved time is that of the stamp over the signature value, and of no other."""

    def judged(covers: frozenset[bytes]) -> datetime | None:
        stamp = Stamped(
            id="S1-T1",
            token=token(tsa_key, VALUE, NOW),
            kind="signature",
            imprint=lambda name: hashlib.new(name, VALUE).digest(),
            covers=covers,
        )
        answer = judge_in_time(
            person_key.certificate,
            signature=name_of(VALUE),
            stamps=[stamp],
            data=ValidationData.of(certificates=person_key.chain),
            trust=trust,
            at=NOW + timedelta(minutes=1),
        )
        assert answer.conclusion == Conclusion.passed()
        assert [report.id for report in answer.timestamps] == ["S1-T1"]
        return answer.best_signature_time

    assert judged(names_of([VALUE])) == NOW
    assert judged(frozenset()) is None


def test_what_is_proved_otherwise_counts(trust: Trust, person_key: SigningKey) -> None:
    """An evidence record proves a time as a time-stamp does."""
    earlier = NOW - timedelta(seconds=1)
    answer = judge_in_time(
        person_key.certificate,
        signature=name_of(VALUE),
        existence=[Existence(time=earlier, covers=names_of([VALUE]))],
        data=ValidationData.of(certificates=person_key.chain),
        trust=trust,
        at=NOW,
    )
    assert answer.best_signature_time == earlier


def test_names_are_digests_of_the_encoding(authority: TrialAuthority) -> None:
    """A certificate has one name, whether it is given as a value or as DER."""
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = authority.issuing
    assert name_of(certificate) == name_of(certificate.public_bytes(Encoding.DER))
    data = ValidationData.of(certificates=[certificate], crls=[b"danh sach"])
    assert names_of(data) == {name_of(certificate), name_of(b"danh sach")}
