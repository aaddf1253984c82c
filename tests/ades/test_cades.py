"""A CMS signature is judged strictly: each broken rule has its answer, and nothing raises."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.ades import cms as writing
from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.cades import CmsJudgement, judge_cms, judge_signers
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.keys import HeldKey
from docsign.signing import sign_detached
from docsign.verdict import Conclusion, Indication, SubIndication

NOW = datetime.now(UTC)
CONTENT = "Kính gửi: Ủy ban nhân dân tỉnh Thử Nghiệm".encode()


def judged(cms: bytes, trust: Trust, content: bytes | None = CONTENT, at: datetime = NOW) -> CmsJudgement:
    """Judge ``cms`` over ``content`` now."""
    return judge_cms(cms, content=content, trust=trust, at=at)


def codes(judgement: CmsJudgement) -> set[str]:
    """Return the codes of the findings."""
    return {finding.code for finding in judgement.report.findings}


@pytest.fixture(scope="module")
def signed(agency_key: SigningKey) -> bytes:
    """A good detached signature over CONTENT."""
    return sign_detached(CONTENT, agency_key, at=NOW)


def test_a_good_signature_passes(signed: bytes, trust: Trust) -> None:
    """Signer, agency, issuer, validity and claimed time are in the report (TT 15/2025 Art. 6.4b)."""
    report = judged(signed, trust).report
    assert report.conclusion == Conclusion.passed(), report.findings
    assert report.intact is True
    assert (report.format, report.level, report.coverage) == ("cades", "CAdES-B-B", "whole")
    assert report.signer == "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM"
    assert (report.role, report.agency) == ("agency", "H99.31")
    assert report.signing_time == NOW.replace(microsecond=0)
    assert report.best_signature_time is None
    assert report.issuer
    assert report.certificate is not None


@pytest.mark.parametrize("key", ["rsa2048", "p256", "ed25519"])
def test_every_scheme_that_signs_is_judged(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """RSA, ECDSA and Ed25519 signatures pass, and fail over other content."""
    authority = TrialAuthority.create(tmp_path_factory.mktemp("schemes"))
    holder = authority.issue("person", "Trần Thị Thử", key=key).signing_key()  # type: ignore[arg-type]
    trust = Trust.from_path(authority.trust_folder)
    made = sign_detached(CONTENT, holder, at=NOW)
    assert judged(made, trust).report.conclusion == Conclusion.passed()
    changed = judged(made, trust, CONTENT + b".").report
    assert changed.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert changed.intact is False


def test_a_time_stamp_proves_the_time(agency_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """B-T: the stamp is judged, and its time is the best signature time."""
    made = sign_detached(CONTENT, agency_key, at=NOW, tsa=tsa_url)
    report = judged(made, trust, at=datetime.now(UTC) + timedelta(minutes=1)).report
    assert report.conclusion == Conclusion.passed()
    assert report.level == "CAdES-B-T"
    (stamp,) = report.timestamps
    assert stamp.conclusion == Conclusion.passed(), stamp.findings
    assert stamp.intact is True
    assert stamp.id == "S1-T1"
    assert report.best_signature_time == stamp.time


def test_a_copied_time_stamp_proves_nothing(agency_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """A stamp of another signature is named as such and gives no proof of existence."""
    other = sd.read_signed_data(sign_detached("khác".encode(), agency_key, at=NOW, tsa=tsa_url))
    token = other.signers[0].unsigned_values(sd.SIGNATURE_TIMESTAMP)[0].raw
    attributes = writing.signed_attributes(
        hashlib.sha256(CONTENT).digest(), agency_key.certificate, signing_time=NOW
    )
    made = writing.signed_data(
        signed_attributes=attributes,
        signature=agency_key.sign(attributes),
        certificate=agency_key.certificate,
        chain=agency_key.chain,
        scheme=agency_key.scheme,
        timestamp_token=token,
    )
    judgement = judged(made, trust, at=NOW + timedelta(minutes=5))
    (stamp,) = judgement.report.timestamps
    assert stamp.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert judgement.report.best_signature_time is None
    assert "timestamp-proves-nothing" in codes(judgement)


def test_without_trust_it_is_indeterminate(signed: bytes) -> None:
    """No anchor: neither passed nor failed, and still known to be intact."""
    report = judged(signed, Trust.nothing()).report
    assert report.conclusion == Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert report.intact is True


def test_without_the_content_it_is_indeterminate(signed: bytes, trust: Trust) -> None:
    """The file that was signed is asked for."""
    report = judged(signed, trust, None).report
    assert report.conclusion == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
    assert report.intact is None


def test_an_expired_certificate_is_indeterminate(signed: bytes, trust: Trust) -> None:
    """Without a time-stamp nothing proves that the signature is older than the end of the certificate."""
    report = judged(signed, trust, at=NOW + timedelta(days=365 * 40)).report
    assert report.conclusion.indication is Indication.INDETERMINATE
    assert report.conclusion.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_another_signature_value_fails(signed: bytes, trust: Trust) -> None:
    """The signature value belongs to the key of the certificate or the answer is SIG_CRYPTO_FAILURE."""
    value = sd.read_signed_data(signed).signers[0].signature
    forged = signed.replace(value, bytes([value[0], value[1] ^ 1]) + value[2:])
    report = judged(forged, trust).report
    assert report.conclusion == Conclusion.failed(SubIndication.SIG_CRYPTO_FAILURE)
    assert report.intact is False


def test_bytes_after_the_end_fail(signed: bytes, trust: Trust) -> None:
    """Nothing may follow the structure; in a PDF zero bytes alone may."""
    assert judged(signed + b"\0", trust).report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    padded = judge_cms(signed + b"\0" * 9, content=CONTENT, trust=trust, at=NOW, format="pades")
    assert padded.report.conclusion == Conclusion.passed()
    spoiled = judge_cms(signed + b"\0\1", content=CONTENT, trust=trust, at=NOW, format="pades")
    assert spoiled.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


# --- signatures written by hand, one rule broken each -------------------------------------------------------


def attribute(oid: str, *values: bytes) -> bytes:
    """Write one attribute."""
    return der.encode(der.SEQUENCE, oid_bytes(oid) + der.encode(der.SET, b"".join(values)))


def oid_bytes(dotted: str) -> bytes:
    """Write an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in (first * 40 + second, *rest):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        out += bytes(reversed(group))
    return der.encode(der.OID, out)


DATA = oid_bytes(sd.DATA)
CONTENT_TYPE = attribute(sd.CONTENT_TYPE, DATA)
SHA256 = der.encode(der.SEQUENCE, oid_bytes("2.16.840.1.101.3.4.2.1"))
SHA1 = der.encode(der.SEQUENCE, oid_bytes("1.3.14.3.2.26"))
RSA_SHA256 = der.encode(der.SEQUENCE, oid_bytes("1.2.840.113549.1.1.11") + b"\5\0")
RSA_SHA512 = der.encode(der.SEQUENCE, oid_bytes("1.2.840.113549.1.1.13") + b"\5\0")


def message_digest(content: bytes = CONTENT, name: str = "sha256") -> bytes:
    """Write the messageDigest attribute."""
    return attribute(sd.MESSAGE_DIGEST, der.encode(der.OCTET_STRING, hashlib.new(name, content).digest()))


def names_certificate(key: SigningKey) -> bytes:
    """Write signing-certificate-v2."""
    whole = writing.signed_attributes(b"", key.certificate)
    for node in der.parse(whole).children():
        if der.oid(next(node.children())) == sd.SIGNING_CERTIFICATE_V2:
            return node.raw
    raise AssertionError


def handmade(
    key: SigningKey,
    attributes: list[bytes] | None,
    *,
    digest: bytes = SHA256,
    algorithm: bytes = RSA_SHA256,
    certificates: list[bytes] | None = None,
    sign: Callable[[bytes], bytes] | None = None,
    content: bytes | None = None,
    signers: int = 1,
) -> bytes:
    """Write a SignedData by hand; what is not said is right."""
    from cryptography.hazmat.primitives.serialization import Encoding

    one = key.certificate.public_bytes(Encoding.DER)
    chain = [certificate.public_bytes(Encoding.DER) for certificate in key.chain]
    tbs = der.parse(key.certificate.tbs_certificate_bytes).sequence()
    tbs.optional(0xA0)
    serial = tbs.take().raw
    tbs.take()
    sid = der.encode(der.SEQUENCE, tbs.take().raw + serial)
    signed = der.encode(der.SET, b"".join(sorted(attributes or [])))
    value = (sign or key.sign)(signed if attributes is not None else CONTENT)
    info = der.encode(
        der.SEQUENCE,
        b"\2\1\1"
        + sid
        + digest
        + (b"" if attributes is None else b"\xa0" + signed[1:])
        + algorithm
        + der.encode(der.OCTET_STRING, value),
    )
    inner = b"" if content is None else der.encode(0xA0, der.encode(der.OCTET_STRING, content))
    body = (
        b"\2\1\1"
        + der.encode(der.SET, digest)
        + der.encode(der.SEQUENCE, DATA + inner)
        + der.encode(0xA0, b"".join([one, *chain] if certificates is None else certificates))
        + der.encode(der.SET, info * signers)
    )
    return der.encode(
        der.SEQUENCE, oid_bytes(sd.SIGNED_DATA) + der.encode(0xA0, der.encode(der.SEQUENCE, body))
    )


def test_the_handmade_one_is_right(agency_key: SigningKey, trust: Trust) -> None:
    """With nothing broken it passes, so that each test below breaks one thing alone."""
    good = handmade(agency_key, [CONTENT_TYPE, message_digest(), names_certificate(agency_key)])
    assert judged(good, trust).report.conclusion == Conclusion.passed()
    attached = handmade(
        agency_key, [CONTENT_TYPE, message_digest(), names_certificate(agency_key)], content=CONTENT
    )
    assert judged(attached, trust, None).report.conclusion == Conclusion.passed()


def test_what_breaks_the_form_fails(agency_key: SigningKey, trust: Trust) -> None:
    """Each broken rule of RFC 5652 is TOTAL-FAILED with its own finding, and is not intact."""
    named = names_certificate(agency_key)
    good = [CONTENT_TYPE, message_digest(), named]
    broken = {
        "no-signed-attributes": handmade(agency_key, None),
        "duplicated-attribute": handmade(agency_key, [*good, message_digest()]),
        "content-type": handmade(agency_key, [message_digest(), named]),
        "no-message-digest": handmade(agency_key, [CONTENT_TYPE, named]),
        "algorithms-disagree": handmade(agency_key, good, algorithm=RSA_SHA512),
        "attribute-values": handmade(
            agency_key, [attribute(sd.CONTENT_TYPE, DATA, DATA), message_digest(), named]
        ),
        "signer-count": handmade(agency_key, good, signers=2),
        "algorithm-protection": handmade(
            agency_key,
            [
                *good,
                attribute(sd.ALGORITHM_PROTECTION, der.encode(der.SEQUENCE, SHA1 + b"\xa1" + RSA_SHA256[1:])),
            ],
        ),
    }
    for code, cms in broken.items():
        judgement = judged(cms, trust)
        assert codes(judgement) & {code}, (code, codes(judgement))
        assert judgement.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE), code
        assert judgement.report.intact is not True or code in ("content-type", "algorithm-protection"), code


def test_algorithm_protection_that_agrees_passes(agency_key: SigningKey, trust: Trust) -> None:
    """RFC 6211's attribute, written as it should be, changes nothing."""
    protection = attribute(
        sd.ALGORITHM_PROTECTION, der.encode(der.SEQUENCE, SHA256 + b"\xa1" + RSA_SHA256[1:])
    )
    good = [CONTENT_TYPE, message_digest(), names_certificate(agency_key), protection]
    assert judged(handmade(agency_key, good), trust).report.conclusion == Conclusion.passed()


def test_the_certificate_is_the_one_that_is_signed(
    agency_key: SigningKey, person_key: SigningKey, trust: Trust
) -> None:
    """No certificate, or another than the signed one: the signer is not identified."""
    attributes = [CONTENT_TYPE, message_digest(), names_certificate(agency_key)]
    missing = judged(handmade(agency_key, attributes, certificates=[]), trust)
    other = judged(
        handmade(agency_key, [CONTENT_TYPE, message_digest(), names_certificate(person_key)]), trust
    )
    for judgement, code in ((missing, "no-signing-certificate"), (other, "another-certificate")):
        assert judgement.report.conclusion == Conclusion.indeterminate(
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND
        )
        assert code in codes(judgement)
        assert judgement.certificate is None


def test_a_plain_cms_signature_is_pkcs7(agency_key: SigningKey, trust: Trust) -> None:
    """Without signing-certificate it is no CAdES; inside PAdES that breaks the format."""
    plain = handmade(agency_key, [CONTENT_TYPE, message_digest()])
    report = judged(plain, trust).report
    assert (report.format, report.level) == ("pkcs7", "PKCS7")
    assert report.conclusion == Conclusion.passed()
    pades = judge_cms(plain, content=CONTENT, trust=trust, at=NOW, format="pades").report
    assert pades.conclusion == Conclusion.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_a_weak_digest_is_not_accepted(agency_key: SigningKey, trust: Trust) -> None:
    """SHA-1 is reported as weak, neither broken nor accepted (TT 15/2025 PL I)."""
    key = agency_key
    assert isinstance(key, HeldKey)
    raw = key.private_key
    assert isinstance(raw, rsa.RSAPrivateKey)
    rsa_sha1 = der.encode(der.SEQUENCE, oid_bytes("1.2.840.113549.1.1.5") + b"\5\0")
    weak = handmade(
        key,
        [CONTENT_TYPE, message_digest(name="sha1"), names_certificate(key)],
        digest=SHA1,
        algorithm=rsa_sha1,
        sign=lambda data: raw.sign(data, padding.PKCS1v15(), hashes.SHA1()),
    )
    judgement = judged(weak, trust)
    assert judgement.report.intact is True
    assert "weak-algorithm" in codes(judgement)
    assert judgement.report.conclusion == Conclusion.indeterminate(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    )


@given(data=st.data())
@settings(max_examples=150, deadline=2000)
def test_mutations_never_raise_nor_pass(signed: bytes, trust: Trust, data: st.DataObject) -> None:
    """Any change of the signed structure has an answer; none but a change of unsigned certificates passes."""
    position = data.draw(st.integers(0, len(signed) - 1))
    mutated = bytearray(signed)
    mutated[position] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([len(mutated)] * 4 + [position]))
    judgement = judged(bytes(mutated[:cut]), trust)
    if judgement.report.conclusion.indication is Indication.TOTAL_PASSED:
        # no signature covers versions, the list of digests and other certificates
        one, other = sd.read_signed_data(signed), sd.read_signed_data(bytes(mutated[:cut]))
        assert one.signers[0].signed_bytes == other.signers[0].signed_bytes
        assert one.signers[0].signature == other.signers[0].signature


@given(junk=st.binary(max_size=400))
@settings(max_examples=100, deadline=2000)
def test_junk_is_a_format_failure(trust: Trust, junk: bytes) -> None:
    """Anything that is no CMS at all is TOTAL-FAILED / FORMAT_FAILURE."""
    assert judged(junk, trust).report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def test_deep_nesting_is_refused(trust: Trust) -> None:
    """Indefinite lengths in each other end at a budget, not at the stack."""
    assert judged(b"\x30\x80" * 100_000, trust).report.conclusion == Conclusion.failed(
        SubIndication.FORMAT_FAILURE
    )


def test_openssl_made_signatures_pass(p12: Path, trust: Trust, tmp_path: Path) -> None:
    """RSA-PSS, attached, indefinite lengths: what ``openssl cms`` writes is read."""
    content, chain = tmp_path / "noi-dung.txt", tmp_path / "chain.pem"
    content.write_bytes(CONTENT)
    pem = (p12 / "agency.pem").read_bytes()
    chain.write_bytes(pem[pem.rindex(b"-----BEGIN CERTIFICATE") :])  # openssl adds the signer's itself
    for options in (
        [],
        ["-nodetach"],
        ["-nodetach", "-stream", "-indef"],
        ["-keyopt", "rsa_padding_mode:pss"],
        ["-md", "sha512"],
        ["-keyid"],
        ["-cades"],
    ):
        made = subprocess.run(
            [
                *("openssl", "cms", "-sign", "-binary", "-in", str(content), "-outform", "DER"),
                *("-signer", str(p12 / "agency.pem"), "-certfile", str(chain), *options),
            ],
            capture_output=True,
            check=True,
        ).stdout
        attached = "-nodetach" in options
        (judgement,) = judge_signers(
            made, content=None if attached else CONTENT, trust=trust, at=datetime.now(UTC)
        )
        assert judgement.report.conclusion == Conclusion.passed(), (options, judgement.report.findings)
        assert judgement.report.format == ("cades" if "-cades" in options else "pkcs7")


def test_curves_and_edwards_are_judged_by_their_own_rules() -> None:
    """A key of another kind than the algorithm names is not genuine, and plain ECDSA is read."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    from docsign.ades.algorithms import is_genuine, signature_algorithm

    curve = ec.generate_private_key(ec.SECP256R1())
    made = curve.sign(b"m", ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(made)
    plain = signature_algorithm(sd.Algorithm("0.4.0.127.0.7.1.1.4.1.3"), "sha256")
    assert is_genuine(curve.public_key(), plain, r.to_bytes(32, "big") + s.to_bytes(32, "big"), b"m")
    assert not is_genuine(curve.public_key(), plain, made[:-1], b"m")
    edwards = ed25519.Ed25519PrivateKey.generate()
    ecdsa = signature_algorithm(sd.Algorithm("1.2.840.10045.4.3.2"), "sha256")
    assert not is_genuine(edwards.public_key(), ecdsa, made, b"m")
    ed = signature_algorithm(sd.Algorithm("1.3.101.112"), "sha512")
    assert is_genuine(edwards.public_key(), ed, edwards.sign(b"m"), b"m")
