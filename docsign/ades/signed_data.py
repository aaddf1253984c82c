"""Reads a CMS SignedData (RFC 5652 section 5) into values: a strict walk that judges nothing.

Certificates, CRLs and unsigned attributes stay bytes until somebody needs them.
"""

from __future__ import annotations

from collections.abc import Iterator

from docsign.ades import der
from docsign.ades.ber import definite
from docsign.ades.der import Node
from docsign.errors import CmsError
from docsign.sentence import say
from docsign.values import dataclass

SIGNED_DATA = "1.2.840.113549.1.7.2"
DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
COUNTER_SIGNATURE = "1.2.840.113549.1.9.6"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
CONTENT_TIMESTAMP = "1.2.840.113549.1.9.16.2.20"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
CADES_C_TIMESTAMP = "1.2.840.113549.1.9.16.2.25"
REFERENCES_TIMESTAMP = "1.2.840.113549.1.9.16.2.26"
ARCHIVE_TIMESTAMP_V1 = "1.2.840.113549.1.9.16.2.27"
ARCHIVE_TIMESTAMP_V2 = "1.2.840.113549.1.9.16.2.48"
ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
ARCHIVE_TIMESTAMPS = frozenset({ARCHIVE_TIMESTAMP_V1, ARCHIVE_TIMESTAMP_V2, ARCHIVE_TIMESTAMP_V3})
HASH_INDEXES = {"0.4.0.1733.2.5": 1, "0.4.0.19122.1.4": 2, "0.4.0.19122.1.5": 3}
"""The three ats-hash-index attributes and their versions (EN 319 122-1 5.5.2, A.2.6)."""
LONG_TERM_VALIDATION = "0.4.0.1733.2.2"
EVIDENCE_INTERNAL = "1.2.840.113549.1.9.16.2.49"
EVIDENCE_EXTERNAL = "1.2.840.113549.1.9.16.2.50"
CERTIFICATE_REFERENCES = "1.2.840.113549.1.9.16.2.21"
REVOCATION_REFERENCES = "1.2.840.113549.1.9.16.2.22"
REVOCATION_ARCHIVAL = "1.2.840.113583.1.1.8"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"

MOST_SIGNERS = 64
MOST_CERTIFICATES = 128


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: its OID and the DER of its parameters (None where absent)."""

    oid: str
    parameters: bytes | None = None

    @staticmethod
    def read(node: Node) -> Algorithm:
        """Read one; raises CmsError."""
        name, *parameters = node.members() or (node,)
        if len(parameters) > 1:
            raise der.broken(node.start)
        return Algorithm(der.oid(name), parameters[0].raw if parameters else None)

    @property
    def has_null_parameters(self) -> bool:
        """True where the parameters are absent or NULL."""
        return self.parameters in (None, b"\x05\x00")

    def same_as(self, other: Algorithm) -> bool:
        """Compare; absent parameters and NULL are the same."""
        if self.oid != other.oid:
            return False
        if self.has_null_parameters and other.has_null_parameters:
            return True
        return self.parameters == other.parameters


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute with its values."""

    oid: str
    values: tuple[Node, ...]
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerInfo:
    """One signer (RFC 5652 5.3). ``signed_bytes`` is what the key signed: the attributes as a SET OF.

    ``node`` is the whole SignerInfo; ``parts`` are its members from version to signature as they stand.
    """

    node: Node
    parts: tuple[Node, ...]

    issuer: bytes | None
    serial: int | None
    key_identifier: bytes | None
    digest: Algorithm
    signature_algorithm: Algorithm
    signature: bytes
    signed_bytes: bytes | None
    signed: tuple[Attribute, ...]
    unsigned: tuple[Attribute, ...]

    def signed_values(self, name: str) -> list[Attribute]:
        """Return the signed attributes of this type: more than one breaks RFC 5652 5.3."""
        return [attribute for attribute in self.signed if attribute.oid == name]

    def unsigned_values(self, name: str) -> list[Node]:
        """Return every value of the unsigned attributes of this type."""
        return [value for attribute in self.unsigned if attribute.oid == name for value in attribute.values]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """What stands in a SignedData; ``content`` is None where it is detached.

    ``encapsulated`` is the encapContentInfo, ``certificate_set`` and ``revocation_set`` the sets as they
    stand (None: absent), ``ocsps`` the OCSP answers among the latter (RFC 5940), ``der`` the whole in DER.
    """

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]
    ocsps: tuple[bytes, ...]
    encapsulated: Node
    certificate_set: Node | None
    revocation_set: Node | None
    der: bytes


def read_signed_data(data: bytes, *, zero_padding: bool = False) -> SignedData:
    """Read a ContentInfo holding a SignedData; raises CmsError with the place.

    ``zero_padding`` allows zero bytes after the end (the reserved room of /Contents, ISO 32000-2 12.8.3.3).
    Outside the signed attributes it may be BER (RFC 5652 2 and 5.3); some time-stamping services write it.
    """
    try:
        return _read(data, zero_padding)
    except CmsError:
        rewritten = definite(data)
        if rewritten == data:
            raise
    found = _read(rewritten, zero_padding)
    require_der_attributes(found, data)
    return found


def require_der_attributes(found: SignedData, written: bytes) -> None:
    """Raise CmsError where signed attributes were no DER in the BER that ``found`` was rewritten from."""
    for signer in found.signers:  # RFC 5652 5.3
        if signer.signed_bytes is not None and signer.parts[3].content not in written:
            raise CmsError(say("The signed attributes are not written as DER."))


def _read(data: bytes, zero_padding: bool) -> SignedData:
    outer = der.parse(data, zero_padding=zero_padding).sequence()
    kind = der.oid(outer.take(der.OID))
    if kind != SIGNED_DATA:
        raise CmsError(say("This CMS structure is not SignedData but {oid}.", oid=kind))
    wrapped = outer.take(0xA0)
    outer.done()
    (inner,) = _exactly_one(wrapped)
    fields = inner.sequence()
    der.integer(fields.take(der.INTEGER))
    fields.take(der.SET)
    encapsulated = fields.take(der.SEQUENCE)
    content_type, content = _encapsulated(encapsulated)
    certificates = fields.optional(0xA0)
    crls = fields.optional(0xA1)
    infos = fields.take(der.SET)
    fields.done()
    signers = tuple(read_signer(node) for node in _at_most(infos, MOST_SIGNERS))
    return SignedData(
        content_type=content_type,
        content=content,
        # other certificate formats (RFC 5652 10.2.2) carry no X.509 certificate: passed over
        certificates=tuple(
            node.raw for node in _at_most(certificates, MOST_CERTIFICATES) if node.tag == der.SEQUENCE
        ),
        crls=tuple(node.raw for node in _at_most(crls, MOST_CERTIFICATES) if node.tag == der.SEQUENCE),
        signers=signers,
        ocsps=tuple(ocsp for node in _at_most(crls, MOST_CERTIFICATES) for ocsp in ocsps_in(node)),
        encapsulated=encapsulated,
        certificate_set=certificates,
        revocation_set=crls,
        der=data,
    )


_RI_OCSP = "1.3.6.1.5.5.7.16.2"
_OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"


def ocsps_in(choice: Node) -> Iterator[bytes]:
    """Yield the OCSP answer in a RevocationInfoChoice (RFC 5940 2.1); what is unknown is passed over."""
    if choice.tag == 0xA1:
        fields = der.Fields(choice)
        kind, value = der.oid(fields.take(der.OID)), fields.take()
        fields.done()
        if kind == _RI_OCSP:
            yield value.raw
        elif kind == _OCSP_BASIC:
            yield ocsp_response(value.raw)


def ocsp_response(basic: bytes) -> bytes:
    """Wrap a BasicOCSPResponse as the successful OCSPResponse that carried it (RFC 6960 4.2.1)."""
    kind = b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
    answer = der.encode(der.SEQUENCE, kind + der.encode(der.OCTET_STRING, basic))
    return der.encode(der.SEQUENCE, b"\x0a\x01\x00" + der.encode(0xA0, answer))


def _exactly_one(node: Node) -> list[Node]:
    children = node.members()
    if len(children) != 1:
        raise der.broken(node.start)
    return children


def _at_most(node: Node | None, limit: int) -> list[Node]:
    children = [] if node is None else node.members()
    if len(children) > limit:
        raise der.broken(children[limit].start)
    return children


def _encapsulated(node: Node) -> tuple[str, bytes | None]:
    fields = node.sequence()
    kind = der.oid(fields.take(der.OID))
    wrapped = fields.optional(0xA0)
    fields.done()
    if wrapped is None:
        return kind, None
    (content,) = _exactly_one(wrapped)
    if content.tag == der.OCTET_STRING | 0x20:  # parted in BER
        return kind, b"".join(part.expect(der.OCTET_STRING).content for part in content.children())
    return kind, content.expect(der.OCTET_STRING).content


def read_signer(node: Node) -> SignerInfo:
    """Read a SignerInfo, also that of a counter-signature (RFC 5652 11.4); raises CmsError."""
    fields = node.sequence()
    version = fields.take(der.INTEGER)
    der.integer(version)
    identifier = fields.take(der.SEQUENCE, 0x80)
    issuer: bytes | None = None
    serial: int | None = None
    key_identifier: bytes | None = None
    if identifier.tag == 0x80:
        key_identifier = identifier.content
    else:
        names = identifier.sequence()
        issuer = names.take(der.SEQUENCE).raw
        serial = der.integer(names.take(der.INTEGER))
        names.done()
    digest = fields.take(der.SEQUENCE)
    signed = fields.optional(0xA0)
    algorithm = fields.take(der.SEQUENCE)
    signature = fields.take(der.OCTET_STRING)
    unsigned = fields.optional(0xA1)
    fields.done()
    before = (version, identifier, digest) if signed is None else (version, identifier, digest, signed)
    return SignerInfo(
        node=node,
        parts=(*before, algorithm, signature),
        issuer=issuer,
        serial=serial,
        key_identifier=key_identifier,
        digest=Algorithm.read(digest),
        signature_algorithm=Algorithm.read(algorithm),
        signature=signature.content,
        # RFC 5652 5.4: signed with the tag of SET OF in place of [0]
        signed_bytes=None if signed is None else der.encode(der.SET, signed.content),
        signed=() if signed is None else tuple(read_attribute(child) for child in signed.members()),
        unsigned=() if unsigned is None else tuple(read_attribute(child) for child in unsigned.members()),
    )


def read_attribute(node: Node) -> Attribute:
    """Read an Attribute (RFC 5652 5.3): a type and at least one value; raises CmsError."""
    parts = node.expect(der.SEQUENCE).members()
    if len(parts) != 2:
        raise der.broken(node.start)
    values = tuple(parts[1].expect(der.SET).members())
    if not values:
        raise der.broken(node.start)
    return Attribute(der.oid(parts[0]), values, node)
