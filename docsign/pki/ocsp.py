"""Read OCSP answers (RFC 6960): who signed them, and what they say of one certificate.

Pure. An answer is taken from the certificate's issuer or from one whom that issuer certified for it
(id-kp-OCSPSigning); nothing else makes it count, and who signs it is never proved by another answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha1

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from docsign.errors import MalformedError
from docsign.pki.certificates import PARSER_ERRORS, extension, is_readable, issued_by, public_key
from docsign.pki.revocation import list_proof
from docsign.pki.status import Remark, StatusProof, generalized_time, name_of_der, verdicts

MOST_ANSWERS = 64
"""The most certificates looked at in one answer."""
MOST_SIGNERS = 16
_PSS = x509.ObjectIdentifier("1.2.840.113549.1.1.10")
_ARCHIVE_CUTOFF = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.6")


@lru_cache(maxsize=64)
def load_answer(der: bytes) -> ocsp.OCSPResponse | None:
    """Load a DER OCSPResponse that holds answers; None for anything else."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        _ = response.produced_at_utc, response.tbs_response_bytes, response.signature
        return response
    except (*PARSER_ERRORS, OverflowError):
        return None


def answer_proof(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    der: bytes,
    pool: Iterable[x509.Certificate] = (),
    crls: Iterable[bytes] = (),
) -> StatusProof | Remark | None:
    """Return what the answer says of the certificate, why it says nothing, or None where it is another's.

    ``crls`` are looked into for a delegated responder without ocsp-nocheck (RFC 6960 4.2.2.2.1).
    """
    response = load_answer(der)
    if response is None:
        return None
    try:
        single = _single(response, certificate, issuer)
        if single is None:
            return None
        if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return "ocsp-unknown"
        signer = _signer(der, response, issuer, pool)
        if signer is None or signer == certificate:  # nobody vouches for himself
            return "ocsp-signer"
        if signer != issuer and not _is_cleared(signer, issuer, response.produced_at_utc, crls):
            return "ocsp-signer-unproved"
        digest = response.signature_hash_algorithm
        return StatusProof(
            name=name_of_der(der),
            kind="ocsp",
            this_update=single.this_update_utc,
            next_update=single.next_update_utc,
            signer=signer,
            digest="" if digest is None else digest.name.lower().replace("-", "_"),
            revoked_at=single.revocation_time_utc,
            reason=None if single.revocation_reason is None else single.revocation_reason.value,
            keeps_since=_archive_cutoff(response),
        )
    except (*PARSER_ERRORS, OverflowError):
        return None


def _single(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse | None:
    """Return the answer about this certificate: the latest where there are several."""
    found: ocsp.OCSPSingleResponse | None = None
    for place, one in enumerate(response.responses):
        if place >= MOST_ANSWERS:
            break
        if one.serial_number != certificate.serial_number:
            continue
        name, key = _issuer_hashes(issuer, one.hash_algorithm)
        if (one.issuer_name_hash, one.issuer_key_hash) != (name, key):
            continue
        if found is None or one.this_update_utc > found.this_update_utc:
            found = one
    return found


def _issuer_hashes(issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    name, key = hashes.Hash(algorithm), hashes.Hash(algorithm)
    name.update(issuer.subject.public_bytes())
    key.update(_key_bits(issuer))
    return name.finalize(), key.finalize()


@lru_cache(maxsize=256)
def _key_bits(certificate: x509.Certificate) -> bytes:
    """Return the content of the subjectPublicKey bit string, without its count of unused bits."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        from asn1crypto import keys  # the point may be compressed in the certificate

        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        info = keys.PublicKeyInfo.load(der)
        bits: bytes = bytes(info["public_key"])
        return bits
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    raise ValueError("a key of a kind that certifies nothing")


def _signer(
    der: bytes, response: ocsp.OCSPResponse, issuer: x509.Certificate, pool: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    """Return who signed the answer and may (RFC 6960 4.2.2.2); None where nobody is found."""
    if _is_named(response, issuer) and _is_signed(der, issuer):
        return issuer
    looked_at = 0
    for one in (*response.certificates[:MOST_SIGNERS], *pool):
        if looked_at >= MOST_SIGNERS or not is_readable(one) or not _is_named(response, one):
            continue
        looked_at += 1
        if one == issuer or not _is_delegated(one) or not _was_valid(one, response.produced_at_utc):
            continue
        if issued_by(one, issuer) and _is_signed(der, one):
            return one
    return None


def responder(der: bytes, issuer: x509.Certificate) -> x509.Certificate | None:
    """Return the delegated responder that signed an answer for ``issuer``, None where it signed itself."""
    response = load_answer(der)
    if response is None:
        return None
    try:
        found = _signer(der, response, issuer, ())
    except PARSER_ERRORS:
        return None
    return None if found == issuer else found


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    try:
        return response.responder_key_hash == sha1(_key_bits(certificate), usedforsecurity=False).digest()
    except PARSER_ERRORS:
        return False


def _is_delegated(certificate: x509.Certificate) -> bool:
    try:
        purposes = extension(certificate, x509.ExtendedKeyUsage)
        usage = extension(certificate, x509.KeyUsage)
    except MalformedError:
        return False
    signs = usage is None or usage.value.digital_signature or usage.value.content_commitment
    return purposes is not None and ExtendedKeyUsageOID.OCSP_SIGNING in purposes.value and signs


def needs_no_check(certificate: x509.Certificate) -> bool:
    """Say whether the issuer wants no check of this responder (id-pkix-ocsp-nocheck)."""
    try:
        return extension(certificate, x509.OCSPNoCheck) is not None
    except MalformedError:
        return False


def _was_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _is_cleared(
    signer: x509.Certificate, issuer: x509.Certificate, at: datetime, crls: Iterable[bytes]
) -> bool:
    """Whether a delegated responder was not revoked when it answered: by its nocheck, or by a list."""
    proofs = [proof for der in crls if isinstance(proof := list_proof(signer, issuer, der), StatusProof)]
    if any(proof.revoked_at is not None and proof.revoked_at <= at for proof in proofs):
        return False
    return needs_no_check(signer) or any(proof.is_fresh(at) for proof in proofs)


def _is_signed(der: bytes, certificate: x509.Certificate) -> bool:
    return verdicts.remember(der, certificate, lambda: _verified(der, certificate))


def _verified(der: bytes, certificate: x509.Certificate) -> bool:
    response, key = load_answer(der), public_key(certificate)
    if response is None:
        return False
    value, data = response.signature, response.tbs_response_bytes
    try:
        digest = None if response.signature_algorithm_oid == _PSS else response.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and key.key_size <= 16384:
            if response.signature_algorithm_oid == _PSS:
                return _pss_holds(der, key)
            if digest is None:
                return False
            key.verify(value, data, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(value, data, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(value, data)
        else:
            return False
    except (InvalidSignature, *PARSER_ERRORS):
        return False
    return True


def _pss_holds(der: bytes, key: rsa.RSAPublicKey) -> bool:
    from asn1crypto import ocsp as asn1_ocsp

    basic = asn1_ocsp.OCSPResponse.load(der)["response_bytes"]["response"].parsed
    parameters = basic["signature_algorithm"]["parameters"]
    digest = getattr(hashes, parameters["hash_algorithm"]["algorithm"].native.upper())()
    mask = getattr(hashes, parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native.upper())()
    scheme = padding.PSS(mgf=padding.MGF1(mask), salt_length=parameters["salt_length"].native)
    key.verify(basic["signature"].native, basic["tbs_response_data"].dump(), scheme, digest)
    return True


def _archive_cutoff(response: ocsp.OCSPResponse) -> datetime | None:
    """Return the archive cutoff (RFC 6960 4.4.4); only an answer about one certificate shows it here."""
    try:
        found = next((one.value for one in response.single_extensions if one.oid == _ARCHIVE_CUTOFF), None)
    except PARSER_ERRORS:
        return None
    return generalized_time(found.value) if isinstance(found, x509.UnrecognizedExtension) else None
