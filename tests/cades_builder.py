"""Builds CMS signatures for tests, from B-B to B-LTA, and lets tests break them (RFC 5652, EN 319 122-1).

Written apart from the reader: its own DER, its own order of things. A ``Cms`` is open to every change before
it is encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.pki import SigningKey
from tests.evidence_builder import OIDS, digest, tlv, token

DATA = "1.2.840.113549.1.7.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, COUNTER = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.6"
_ID_AA = "1.2.840.113549.1.9.16.2."
CERTIFICATE_V1, CERTIFICATE_V2 = _ID_AA + "12", _ID_AA + "47"
SIGNATURE_STAMP, CONTENT_STAMP = _ID_AA + "14", _ID_AA + "20"
CERTIFICATE_REFS, REVOCATION_REFS = _ID_AA + "21", _ID_AA + "22"
CERTIFICATE_VALUES, REVOCATION_VALUES = _ID_AA + "23", _ID_AA + "24"
ESC_STAMP, REFS_STAMP, ARCHIVE_V2 = _ID_AA + "25", _ID_AA + "26", _ID_AA + "48"
ARCHIVE_V3 = "0.4.0.1733.2.4"
INDEXES = {1: "0.4.0.1733.2.5", 2: "0.4.0.19122.1.4", 3: "0.4.0.19122.1.5"}
EVIDENCE_INTERNAL, EVIDENCE_EXTERNAL = _ID_AA + "49", _ID_AA + "50"
SIGNATURES = {"rsa-sha256": "300d06092a864886f70d01010b0500", "ecdsa-sha256": "300a06082a8648ce3d040302"}


def oid(dotted: str) -> bytes:
    """Write an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray()
    for arc in (first * 40 + second, *rest):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        out += bytes(reversed(group))
    return tlv(6, bytes(out))


def attribute(name: str, *values: bytes) -> bytes:
    """Write an attribute."""
    return tlv(0x30, oid(name), tlv(0x31, *values))


def algorithm(name: str) -> bytes:
    """Write a digest's AlgorithmIdentifier."""
    return tlv(0x30, bytes.fromhex(OIDS[name]))


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return a certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)


def names_certificate(certificate: x509.Certificate, *, v1: bool = False) -> bytes:
    """Write signing-certificate-v2 with SHA-256, or signing-certificate with SHA-1."""
    hashed = digest("sha1" if v1 else "sha256", certificate_der(certificate))
    one = tlv(0x30, tlv(0x30, tlv(0x30, tlv(4, hashed))))
    return attribute(CERTIFICATE_V1 if v1 else CERTIFICATE_V2, one)


@dataclass
class Signer:
    """One SignerInfo; ``signed`` are encoded attributes, sorted when ``in_order``; ``over`` is signed."""

    key: SigningKey
    over: bytes
    signed: list[bytes] = field(default_factory=list)
    unsigned: list[bytes] = field(default_factory=list)
    in_order: bool = True
    value: bytes = b""

    @staticmethod
    def of(key: SigningKey, over: bytes, *, at: datetime, content_type: bool = True) -> Signer:
        """Return a good one; a counter-signature has no content type."""
        signed = [attribute(CONTENT_TYPE, oid(DATA))] if content_type else []
        signed += [
            attribute(MESSAGE_DIGEST, tlv(4, digest("sha256", over))),
            attribute(SIGNING_TIME, tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())),
            names_certificate(key.certificate),
        ]
        return Signer(key, over, signed)

    def attributes(self) -> bytes:
        """Return the signed attributes, one after another."""
        return b"".join(sorted(self.signed) if self.in_order else self.signed)

    def sign(self) -> Signer:
        """Make the signature value over the attributes as they are now."""
        self.value = self.key.sign(tlv(0x31, self.attributes()))
        return self

    def parts(self) -> list[bytes]:
        """Return the members of the SignerInfo before the unsigned attributes."""
        if not self.value:
            self.sign()
        issuer = asn1_x509.Certificate.load(certificate_der(self.key.certificate)).issuer.dump()
        return [
            tlv(2, b"\1"),
            tlv(0x30, issuer, _integer(self.key.certificate.serial_number)),
            algorithm("sha256"),
            tlv(0xA0, self.attributes()),
            bytes.fromhex(SIGNATURES[str(self.key.scheme)]),
            tlv(4, self.value),
        ]

    def der(self, unsigned: list[bytes] | None = None) -> bytes:
        """Write the SignerInfo."""
        listed = self.unsigned if unsigned is None else unsigned
        return tlv(0x30, *self.parts(), *([tlv(0xA1, *listed)] if listed else []))


def _integer(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@dataclass
class Cms:
    """A SignedData over ``content``; detached unless ``attached``."""

    content: bytes
    signers: list[Signer]
    attached: bool = False
    certificates: list[bytes] = field(default_factory=list)
    revocations: list[bytes] = field(default_factory=list)

    @staticmethod
    def signed(content: bytes, *keys: SigningKey, at: datetime, attached: bool = False) -> Cms:
        """Sign with one key or several."""
        made = Cms(content, [Signer.of(key, content, at=at).sign() for key in keys], attached)
        for key in keys:
            made.add_certificates(key)
        return made

    def add_certificates(self, key: SigningKey) -> None:
        """Put a key's certificate and chain into the set."""
        for one in (key.certificate, *key.chain):
            if certificate_der(one) not in self.certificates:
                self.certificates.append(certificate_der(one))

    def encapsulated(self) -> bytes:
        """Write the encapContentInfo."""
        return tlv(0x30, oid(DATA), *([tlv(0xA0, tlv(4, self.content))] if self.attached else []))

    def members(self, signers: list[bytes]) -> list[bytes]:
        """Return the members of the SignedData."""
        return [
            tlv(2, b"\1"),
            tlv(0x31, algorithm("sha256")),
            self.encapsulated(),
            *([tlv(0xA0, *self.certificates)] if self.certificates else []),
            *([tlv(0xA1, *self.revocations)] if self.revocations else []),
            tlv(0x31, *signers),
        ]

    def encode(self, signers: list[bytes] | None = None) -> bytes:
        """Write the ContentInfo."""
        written = [one.der() for one in self.signers] if signers is None else signers
        body = tlv(0x30, *self.members(written))
        return tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, body))

    # --- what is added later ---------------------------------------------------------------------------

    def stamp(self, key: SigningKey, at: datetime) -> Cms:
        """Add a signature-time-stamp (B-T)."""
        one = self.signers[0]
        one.parts()
        one.unsigned.append(attribute(SIGNATURE_STAMP, token(key, "sha256", digest("sha256", one.value), at)))
        return self

    def add_material(self, certificates: list[x509.Certificate], crls: list[bytes]) -> Cms:
        """Put certificates and lists into the SignedData's sets (B-LT)."""
        self.certificates += [certificate_der(one) for one in certificates]
        self.revocations += crls
        return self

    def add_values(self, certificates: list[x509.Certificate], crls: list[bytes]) -> Cms:
        """Put them into certificate-values and revocation-values (the older way)."""
        one = self.signers[0]
        values = tlv(0x30, *(certificate_der(each) for each in certificates))
        one.unsigned.append(attribute(CERTIFICATE_VALUES, values))
        one.unsigned.append(attribute(REVOCATION_VALUES, tlv(0x30, tlv(0xA0, tlv(0x30, *crls)))))
        return self

    def references(self, key: SigningKey, at: datetime, *, whole: bool = True) -> Cms:
        """Add complete references and a stamp over them: with the signature (CAdES-C) or alone."""
        one = self.signers[0]
        hashed = [tlv(0x30, tlv(4, digest("sha1", each))) for each in self.certificates[1:]]
        one.unsigned.append(attribute(CERTIFICATE_REFS, tlv(0x30, *hashed)))
        one.unsigned.append(attribute(REVOCATION_REFS, tlv(0x30)))
        wanted = [SIGNATURE_STAMP, CERTIFICATE_REFS, REVOCATION_REFS]
        listed = [each for name in wanted[0 if whole else 1 :] for each in one.unsigned if _is(each, name)]
        over = b"".join((one.value if whole else b"", *map(_inside, listed)))
        made = token(key, "sha256", digest("sha256", over), at)
        one.unsigned.append(attribute(ESC_STAMP if whole else REFS_STAMP, made))
        return self

    def archive(
        self,
        key: SigningKey,
        at: datetime,
        *,
        version: int = 3,
        name: str = "sha256",
        change: Callable[[list[list[bytes]]], object] | None = None,
    ) -> Cms:
        """Add an archive-time-stamp-v3 with a hash index of this version; ``change`` may alter its lists."""
        one = self.signers[0]
        lists = [
            [digest(name, each) for each in self.certificates],
            [digest(name, each) for each in self.revocations],
            [
                digest(name, each) if version < 3 else digest(name, *_kind_and_value(each))
                for each in one.unsigned
            ],
        ]
        if change is not None:
            change(lists)
        members = [tlv(0x30, *(tlv(4, value) for value in each)) for each in lists]
        head = [] if version == 1 and name == "sha256" else [algorithm(name)]
        index = tlv(0x30, *head, *members)
        parts = b"".join(one.parts())
        over = oid(DATA) + digest("sha256", self.content) + parts + index
        made = token(key, "sha256", digest("sha256", over), at)
        made = with_unsigned(made, attribute(INDEXES[version], index))
        one.unsigned.append(attribute(ARCHIVE_V3, made))
        return self

    def archive_v2(self, key: SigningKey, at: datetime, *, tagged: bool = True) -> Cms:
        """Add an archive-time-stamp-v2 over everything that is there now; ``tagged`` with the set's tag."""
        one = self.signers[0]
        members = self.members([])[2:-1]
        beside = b"" if self.attached else self.content
        plain = b"".join(one.unsigned)
        unsigned = tlv(0xA1, plain) if plain and tagged else plain
        over = b"".join((members[0], beside, *members[1:], *one.parts(), unsigned))
        one.unsigned.append(attribute(ARCHIVE_V2, token(key, "sha256", digest("sha256", over), at)))
        return self

    def counter_sign(self, key: SigningKey, at: datetime, *, content_type: bool = False) -> Signer:
        """Return a counter-signer of the first signer, to be put in with ``confirm``."""
        self.add_certificates(key)
        self.signers[0].parts()
        return Signer.of(key, self.signers[0].value, at=at, content_type=content_type).sign()

    def confirm(self, *counters: Signer) -> Cms:
        """Put counter-signatures into the first signer."""
        self.signers[0].unsigned.append(attribute(COUNTER, *(one.der() for one in counters)))
        return self


def _is(encoded: bytes, name: str) -> bool:
    return _inside(encoded).startswith(oid(name))


def _inside(encoded: bytes) -> bytes:
    """Return what stands inside a DER value."""
    size = encoded[1]
    return encoded[2:] if size < 0x80 else encoded[2 + (size & 0x7F) :]


def _kind_and_value(encoded: bytes) -> tuple[bytes, bytes]:
    """Return type and value of an attribute that has one value."""
    inside = _inside(encoded)
    kind = inside[: 2 + inside[1]]
    return kind, _inside(inside[len(kind) :])


def children(encoded: bytes) -> list[bytes]:
    """Return the values inside a DER value."""
    inside, found = _inside(encoded), []
    while inside:
        size = len(inside[: 2 + inside[1]]) if inside[1] < 0x80 else _long(inside)
        found.append(inside[:size])
        inside = inside[size:]
    return found


def _long(encoded: bytes) -> int:
    count = encoded[1] & 0x7F
    return 2 + count + int.from_bytes(encoded[2 : 2 + count], "big")


def with_unsigned(made: bytes, added: bytes) -> bytes:
    """Put an unsigned attribute into a token, which has none yet: at the end of its one SignerInfo."""
    kind, wrapped = children(made)
    *fields, signers = children(children(wrapped)[0])
    (signer,) = children(signers)
    larger = tlv(0x30, _inside(signer), tlv(0xA1, added))
    return tlv(0x30, kind, tlv(0xA0, tlv(0x30, *fields, tlv(0x31, larger))))


def sha256(data: bytes) -> bytes:
    """Digest with SHA-256."""
    return hashlib.sha256(data).digest()
