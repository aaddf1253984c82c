"""Read certificates: load them, name their holder, say what they may be used for.

Pure. It judges one certificate by itself (names, usages, strength); chains and revocation are the business of
``docsign.pki.paths``. A certificate is untrusted input: no function here lets an exception of the parser out.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from functools import lru_cache
from typing import Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from docsign.errors import MalformedError
from docsign.pki.recent import of_object
from docsign.sentence import Sentence, say
from docsign.verdict import CertificateSummary

Role = Literal["sign", "tsa", "relay"]
"""What a chain is asked for: a document or envelope, a time-stamp, a relay's evidence."""

MINIMUM_RSA_BITS = 2048  # TT 15/2025 PL I
MINIMUM_CURVE_BITS = 256  # TT 15/2025 PL I

_AGENCY_CODE = re.compile(
    r"(?:\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}"  # QD 28/2018 Art. 10: highest level last
    r"|[A-Z]\d{2}(?:\.[A-Z0-9]{2,}){0,8}"  # QD 20/2020: highest level first
    r"|(?:[A-Z0-9]{2,}\.){1,3}[A-Z]\d{2})"
)
_PEM_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----",
    re.DOTALL,
)
PARSER_ERRORS = (
    # whatever cryptography raises for a certificate or list it cannot read
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.UnsupportedGeneralNameType,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)

# Purposes that are none of a document's signature, when a certificate names no other.
_TRANSPORT = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH})
_SERVICES = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING})

warnings.filterwarnings("ignore", category=UserWarning, module=r"docsign\.(pki|ades)\.")
# What cryptography remarks of old certificates and lists (long names, serial numbers not positive) is
# judged here; on a clerk's terminal it would say nothing, and it must not become an exception.

_NAMES_KEPT = 2048
"""So many names are kept: few signers sign most files, and names are often asked."""

Extension = TypeVar("Extension", bound=x509.ExtensionType)


def load_certificates(data: bytes) -> list[x509.Certificate]:
    """Load every certificate of a PEM text, or the one of a DER file.

    Other PEM blocks (keys, CRLs) are passed over. Raises MalformedError for anything that is no certificate;
    a PEM text without any gives an empty list.
    """
    blocks = _PEM_CERTIFICATE.findall(data)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # old certificates bend the DER rules; their readability is what counts
        try:
            if blocks:
                loaded = [x509.load_pem_x509_certificate(block) for block in blocks]
            elif b"-----BEGIN " in data[:4096]:
                loaded = []
            else:
                loaded = [x509.load_der_x509_certificate(data)]
            if not all(map(is_readable, loaded)):
                raise ValueError("names or validity")
            return loaded
        except PARSER_ERRORS as error:
            raise MalformedError(say("This is not a certificate that can be read.")) from error


@of_object
def is_readable(certificate: x509.Certificate) -> bool:
    """Say whether names and validity can be read: cryptography parses them only when they are asked for.

    A serial number that is not positive (RFC 5280 4.1.2.2) counts as unreadable, as it soon will there.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _ = certificate.subject, certificate.issuer
            _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            return certificate.serial_number > 0
    except PARSER_ERRORS:
        return False


@of_object
def digest_of(certificate: x509.Certificate) -> bytes:
    """Return the SHA-256 of the certificate; kept, for it is asked for again and again."""
    return certificate.fingerprint(hashes.SHA256())


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate, in lower-case hex."""
    return digest_of(certificate).hex()


def der_of(certificate: x509.Certificate) -> bytes:
    """Return the certificate as DER."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
    )  # brings ciphers and SSH: loaded on need

    return certificate.public_bytes(Encoding.DER)


def common_name(certificate: x509.Certificate) -> str | None:
    """Return the holder's name (CN)."""
    return _attribute(certificate, NameOID.COMMON_NAME)


def organization(certificate: x509.Certificate) -> str | None:
    """Return the holder's organization (O)."""
    return _attribute(certificate, NameOID.ORGANIZATION_NAME)


def managing_unit(certificate: x509.Certificate) -> str | None:
    """Return the unit that manages the certificate (OU, else O); TT 15/2025 Art. 6.4b wants it shown."""
    return _attribute(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME) or organization(certificate)


def position(certificate: x509.Certificate) -> str | None:
    """Return the holder's position (title)."""
    return _attribute(certificate, NameOID.TITLE)


def issuer_name(certificate: x509.Certificate) -> str | None:
    """Return the name of the issuer (CN, else O)."""
    return _attribute(certificate, NameOID.COMMON_NAME, issuer=True) or _attribute(
        certificate, NameOID.ORGANIZATION_NAME, issuer=True
    )


def agency_code(certificate: x509.Certificate) -> str | None:
    """Return the agency code in the subject (organizationIdentifier, else a serialNumber that is one)."""
    for oid in (NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER):
        value = _attribute(certificate, oid)
        if value and len(value) <= 35 and _AGENCY_CODE.fullmatch(value):
            return value
    return None


@of_object
def summary(certificate: x509.Certificate) -> CertificateSummary:
    """Return what the report shows of the certificate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a number that is not positive
        serial = certificate.serial_number
    return CertificateSummary(
        serial=f"{serial:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        managing_unit=managing_unit(certificate),
        sha256=fingerprint(certificate),
    )


def display_name(certificate: x509.Certificate) -> str:
    """Return a name to show for the holder: CN, else O, else the start of the fingerprint."""
    return common_name(certificate) or organization(certificate) or fingerprint(certificate)[:16]


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Say whether the certificate names itself as its issuer and is signed with its own key."""
    return issued_by(certificate, certificate)


def is_authority(certificate: x509.Certificate) -> bool:
    """Say whether the certificate is one of an authority (RFC 5280 4.2.1.9)."""
    try:
        found = extension(certificate, x509.BasicConstraints)
    except MalformedError:
        return False
    return found is not None and bool(found.value.ca)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say whether ``issuer`` is named as the issuer and its key made the signature (nothing more)."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001 -- InvalidSignature, and whatever an odd key or algorithm raises
        return _issued_by_other_spelling(certificate, issuer)
    return True


def _issued_by_other_spelling(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say the same where the two names are one name, written in two ways (RFC 5280 7.1)."""
    try:
        if certificate.issuer.public_bytes() == issuer.subject.public_bytes():
            return False
        if not same_name(certificate.issuer, issuer.subject):
            return False
        key, signature, signed = issuer.public_key(), certificate.signature, certificate.tbs_certificate_bytes
        how, digest = certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and isinstance(how, padding.PKCS1v15 | padding.PSS) and digest:
            key.verify(signature, signed, how, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(how, ec.ECDSA):
            key.verify(signature, signed, how)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except Exception:  # noqa: BLE001 -- as above
        return False
    return True


def same_name(one: x509.Name, other: x509.Name) -> bool:
    """Compare two names as RFC 5280 7.1 has it: kind of string, case and doubled spaces do not count."""
    return one == other or _prepared(one) == _prepared(other)


@lru_cache(maxsize=_NAMES_KEPT)
def _prepared(name: x509.Name) -> tuple[frozenset[tuple[str, str | bytes]], ...]:
    return tuple(frozenset((one.oid.dotted_string, _folded(one.value)) for one in part) for part in name.rdns)


def _folded(value: str | bytes) -> str | bytes:
    if isinstance(value, bytes):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())  # RFC 4518 2


def order_chain(
    certificate: x509.Certificate, others: list[x509.Certificate] | tuple[x509.Certificate, ...]
) -> tuple[x509.Certificate, ...]:
    """Return the issuers found among ``others``, nearest first, without the self-signed root."""
    chain: list[x509.Certificate] = []
    current, left = certificate, list(others)
    while True:
        issuer = next((other for other in left if other != current and issued_by(current, other)), None)
        if issuer is None or is_self_signed(issuer):
            return tuple(chain)
        chain.append(issuer)
        left.remove(issuer)
        current = issuer


def public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    """Return the public key, or None where it is of a kind that cannot be used."""
    try:
        return certificate.public_key()
    except PARSER_ERRORS:
        return None


@of_object
def _extensions(certificate: x509.Certificate) -> x509.Extensions:
    """Return the extensions; what is odd about them is no business of whoever reads stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return certificate.extensions


def extension(certificate: x509.Certificate, kind: type[Extension]) -> x509.Extension[Extension] | None:
    """Return one extension, or None where there is none; raises MalformedError where they cannot be read."""
    try:
        return _extensions(certificate).get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
    except PARSER_ERRORS as error:
        raise MalformedError(
            say(
                "The extensions of the certificate of {holder} cannot be read.",
                holder=display_name(certificate),
            )
        ) from error


@of_object
def key_weakness(certificate: x509.Certificate) -> Sentence | None:
    """Say why the certificate's own key is too weak or of no known kind, or None (TT 15/2025 PL I)."""
    key = public_key(certificate)
    holder = display_name(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MINIMUM_RSA_BITS:
            return say(
                "The RSA key of {holder} has {bits} bits; 2048 are needed.", holder=holder, bits=key.key_size
            )
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < MINIMUM_CURVE_BITS:
            return say(
                "The curve of the key of {holder} is too small ({bits} bits).",
                holder=holder,
                bits=key.key_size,
            )
        return None
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return None
    return say("The key of {holder} is of a kind that is not supported.", holder=holder)


def signature_weakness(certificate: x509.Certificate) -> Sentence | None:
    """Say why the signature on the certificate is too weak (SHA-1, MD5), or None (TT 15/2025 PL I)."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except PARSER_ERRORS:
        return say(
            "The certificate of {holder} is signed in an unknown way.", holder=display_name(certificate)
        )
    if isinstance(algorithm, hashes.SHA1 | hashes.MD5 | hashes.SHA224):
        return say(
            "The certificate of {holder} is signed with {algorithm}, which is no longer accepted.",
            holder=display_name(certificate),
            algorithm=algorithm.name.upper(),
        )
    return None


@of_object
def usage_breach(certificate: x509.Certificate, role: Role) -> Sentence | None:
    """Say why the certificate is not meant for ``role``, or None; MalformedError for broken extensions.

    ``sign`` and ``relay`` want digitalSignature or nonRepudiation where a key usage is given, and refuse
    certificates meant for TLS, time-stamps or OCSP alone. ``tsa`` wants timeStamping alone, critical.
    """
    usage = extension(certificate, x509.KeyUsage)
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    signs = usage is None or usage.value.digital_signature or usage.value.content_commitment
    named = frozenset(purposes.value) if purposes else frozenset()
    holder = display_name(certificate)
    if role == "tsa":  # RFC 3161 2.3
        if (
            purposes is None
            or not purposes.critical
            or named != {ExtendedKeyUsageOID.TIME_STAMPING}
            or not signs
        ):
            return say("The certificate of {holder} is not meant for time-stamps.", holder=holder)
        return None
    foreign = _SERVICES if usage and usage.value.content_commitment else _SERVICES | _TRANSPORT
    if not signs or (named and named <= foreign):
        return say("The certificate of {holder} is not meant for signing documents.", holder=holder)
    return None


@lru_cache(maxsize=_NAMES_KEPT)
def _attribute(
    certificate: x509.Certificate, oid: x509.ObjectIdentifier, *, issuer: bool = False
) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            name = certificate.issuer if issuer else certificate.subject
            values = name.get_attributes_for_oid(oid)
    except PARSER_ERRORS:
        return None
    for attribute in values:
        text = (
            attribute.value
            if isinstance(attribute.value, str)
            else attribute.value.decode("utf-8", "replace")
        )
        if text.strip():
            return text.strip()
    return None
