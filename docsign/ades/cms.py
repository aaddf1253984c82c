"""Writes CMS signatures (RFC 5652, CAdES baseline B-B and B-T of EN 319 122-1) as DER, from prepared parts.

Two steps with the key between them: ``signed_attributes`` are the bytes to sign, ``signed_data`` puts the
signature value into its structure. Reading and judging are ``signed_data`` (the module) and ``cades``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades import der
from docsign.ades.der import encode
from docsign.pki.recent import recent
from docsign.pki.schemes import SignatureScheme


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(group))
    return encode(der.OID, bytes(octets))


_NULL: Final = encode(der.NULL, b"")
_ATTRIBUTE_SET: Final = 0xA0  # [0] IMPLICIT in SignerInfo, SET OF while it is signed (RFC 5652 5.4)
_UNSIGNED_SET: Final = 0xA1
_DATA: Final = _oid("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = _oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = _oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = _oid("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = _oid("1.2.840.113549.1.9.5")
_SIGNING_CERTIFICATE_V2: Final = _oid("1.2.840.113549.1.9.16.2.47")
_SIGNATURE_TIMESTAMP: Final = _oid("1.2.840.113549.1.9.16.2.14")
_DIGESTS: Final = {
    "sha256": encode(der.SEQUENCE, _oid("2.16.840.1.101.3.4.2.1") + _NULL),
    "sha384": encode(der.SEQUENCE, _oid("2.16.840.1.101.3.4.2.2") + _NULL),
    "sha512": encode(der.SEQUENCE, _oid("2.16.840.1.101.3.4.2.3") + _NULL),
}
_SIGNATURES: Final = {
    "rsa-sha256": "1.2.840.113549.1.1.11",
    "rsa-sha384": "1.2.840.113549.1.1.12",
    "rsa-sha512": "1.2.840.113549.1.1.13",
    "ecdsa-sha256": "1.2.840.10045.4.3.2",
    "ecdsa-sha384": "1.2.840.10045.4.3.3",
    "ecdsa-sha512": "1.2.840.10045.4.3.4",
    "ed25519": "1.3.101.112",
}


def hash_name(scheme: str) -> str:
    """Return the digest that goes with a signature scheme, by its hashlib name: what messageDigest holds."""
    return SignatureScheme(scheme).hash_name


def _signature_algorithm(scheme: SignatureScheme) -> bytes:
    if scheme.family == "pss":
        # RFC 4055 3.1: digest, MGF1 of the same digest, a salt as long as the digest
        digest = _DIGESTS[scheme.hash_name]
        mask = encode(der.SEQUENCE, _oid("1.2.840.113549.1.1.8") + digest)
        salt = _integer(hashlib.new(scheme.hash_name).digest_size)
        parameters = encode(0xA0, digest) + encode(0xA1, mask) + encode(0xA2, salt)
        return encode(der.SEQUENCE, _oid("1.2.840.113549.1.1.10") + encode(der.SEQUENCE, parameters))
    parameters = _NULL if scheme.family == "rsa" else b""  # RFC 4055 5; RFC 5758 3.2 and RFC 8419 2: none
    return encode(der.SEQUENCE, _oid(_SIGNATURES[scheme.value]) + parameters)


def signed_attributes(
    digest: bytes, certificate: x509.Certificate, *, signing_time: datetime | None = None
) -> bytes:
    """Return the DER of the signed attributes, the very bytes that the key signs (RFC 5652 5.4).

    ``digest`` is the content's, by ``hash_name`` of the scheme. In a PDF the time stands in the signature
    dictionary and ``signing_time`` is left out (EN 319 142-1 6.3); elsewhere it is wanted (EN 319 122-1 6.3).
    """
    attributes = [
        _DATA_SIGNED,
        _attribute(_MESSAGE_DIGEST, encode(der.OCTET_STRING, digest)),
        _signing_certificate(certificate),
    ]
    if signing_time is not None:
        attributes.append(_signing_time(signing_time))
    return _set_of(attributes)


def signed_data(
    *,
    signed_attributes: bytes,
    signature: bytes,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    scheme: str,
    timestamp_token: bytes | None = None,
) -> bytes:
    """Return the DER of a detached SignedData in its ContentInfo (RFC 5652 5.1), one signer.

    ``signed_attributes`` are those of the function of this name. Self-signed certificates of ``chain`` are
    left out: whoever trusts them has them. ``timestamp_token`` (DER, over ``signature``) makes it B-T.
    """
    head, signer_head, algorithm = _lasting(certificate, tuple(chain), SignatureScheme(scheme))
    signer = signer_head + signed_attributes[1:] + algorithm + encode(der.OCTET_STRING, signature)
    if timestamp_token is not None:
        # EN 319 122-1 5.3
        signer += encode(_UNSIGNED_SET, _attribute(_SIGNATURE_TIMESTAMP, timestamp_token))
    content = head + encode(der.SET, encode(der.SEQUENCE, signer))
    return encode(der.SEQUENCE, _SIGNED_DATA + encode(0xA0, encode(der.SEQUENCE, content)))


def room_for(certificate: x509.Certificate, chain: Sequence[x509.Certificate], *, timestamped: bool) -> int:
    """Return how many bytes a signature of this signer may take, a time-stamp token included if asked."""
    certificates = len(_certificates(certificate, tuple(chain)))
    return certificates + 2048 + (TIMESTAMP_ROOM if timestamped else 0)


TIMESTAMP_ROOM: Final = 12 * 1024
"""Room kept for a time-stamp token, in bytes: those of public services with their chain take 4–8 KB."""


def _attribute(name: bytes, value: bytes) -> bytes:
    return encode(der.SEQUENCE, name + encode(der.SET, value))


def _set_of(members: Iterable[bytes]) -> bytes:
    # X.690 11.6: the encodings of a SET OF stand in ascending order
    return encode(der.SET, b"".join(sorted(members)))


def _integer(value: int) -> bytes:
    return encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@recent
def _signing_time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    # RFC 5652 11.3: UTCTime from 1950 through 2049
    is_short = 1950 <= moment.year < 2050
    written = moment.strftime("%y%m%d%H%M%SZ" if is_short else "%Y%m%d%H%M%SZ").encode()
    return _attribute(_SIGNING_TIME, encode(der.UTC_TIME if is_short else der.GENERALIZED_TIME, written))


_DATA_SIGNED: Final = _attribute(_CONTENT_TYPE, _DATA)


@recent
def _signing_certificate(certificate: x509.Certificate) -> bytes:
    # RFC 5035 4: SHA-256 is the default and stays out; so does issuerSerial (EN 319 122-1 6.3)
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    one = encode(der.SEQUENCE, encode(der.OCTET_STRING, digest))
    return _attribute(_SIGNING_CERTIFICATE_V2, encode(der.SEQUENCE, encode(der.SEQUENCE, one)))


@recent
def _lasting(
    certificate: x509.Certificate, chain: tuple[x509.Certificate, ...], how: SignatureScheme
) -> tuple[bytes, bytes, bytes]:
    """Return what is the same in every SignedData of a key.

    Its beginning, that of its one signer up to the tag of the signed attributes, the signature's algorithm.
    """
    digest = _DIGESTS[how.hash_name]  # RFC 8419 3.1: with signed attributes Ed25519 goes with SHA-512
    head = (
        _integer(1)
        + encode(der.SET, digest)
        + encode(der.SEQUENCE, _DATA)
        + _certificates(certificate, chain)
    )
    signer_head = _integer(1) + _signer_identifier(certificate) + digest + bytes((_ATTRIBUTE_SET,))
    return head, signer_head, _signature_algorithm(how)


def _signer_identifier(certificate: x509.Certificate) -> bytes:
    # the issuer's name byte by byte as the certificate has it: a name encoded anew need not be equal
    fields = der.parse(certificate.tbs_certificate_bytes).sequence()
    fields.optional(0xA0)
    serial = fields.take(der.INTEGER).raw
    fields.take(der.SEQUENCE)
    issuer = fields.take(der.SEQUENCE).raw
    return encode(der.SEQUENCE, issuer + serial)


@recent
def _certificates(certificate: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> bytes:
    issuers = [one for one in chain if one.subject != one.issuer and one != certificate]
    encoded = {one.public_bytes(Encoding.DER) for one in (certificate, *issuers)}
    return encode(0xA0, b"".join(sorted(encoded)))
