"""Raise a CMS signature's level (EN 319 122-1 6): put in what time-stamping services and authorities gave.

Validation data go into the SignedData itself (5.4, RFC 5940 for OCSP), archive time-stamps of version 3 among
the unsigned attributes (5.5). What was signed is not touched: all is spliced from the bytes there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.der import encode, encode_oid
from docsign.ades.signer import Digester, check_signer
from docsign.ades.timestamps import read_timestamp_info
from docsign.errors import CmsError
from docsign.pki.certificates import Role
from docsign.pki.validation_data import Needed, ValidationData
from docsign.sentence import say
from docsign.values import dataclass

_RI_OCSP = encode_oid("1.3.6.1.5.5.7.16.2")  # RFC 5940 2.1
_INDEX_V3 = encode_oid("0.4.0.19122.1.5")  # EN 319 122-1 5.5.2
_ARCHIVE_V3 = encode_oid(sd.ARCHIVE_TIMESTAMP_V3)
_SIGNATURE_TIMESTAMP = encode_oid(sd.SIGNATURE_TIMESTAMP)
_SHA256 = encode(der.SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.1"))
_HASH = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRequest:
    """What an archive time-stamp must stamp (SHA-256), and the hash index that goes into its token."""

    imprint: bytes
    index: bytes


def signature_value(signature: bytes) -> bytes:
    """Return the one signer's signature value, which a signature time-stamp stamps (5.3); raises CmsError."""
    return _signer(sd.read_signed_data(signature)).signature


def is_stamped(signature: bytes) -> bool:
    """Say whether there is a signature time-stamp; raises CmsError."""
    return bool(_signer(sd.read_signed_data(signature)).unsigned_values(sd.SIGNATURE_TIMESTAMP))


def needed(signature: bytes) -> tuple[Needed, ...]:
    """Return the signer and every time-stamping service, whose chains must be provable; raises CmsError."""
    data = sd.read_signed_data(signature)
    signer = _signer(data)
    stamps = [node.raw for node in signer.unsigned_values(sd.SIGNATURE_TIMESTAMP)]
    archives = [node.raw for kind in sd.ARCHIVE_TIMESTAMPS for node in signer.unsigned_values(kind)]
    times = [time for token in stamps if (time := stamped_time(token)) is not None]
    found = [needed_by(data, "sign", min(times, default=None))]
    found += [needed_token(token) for token in (*stamps, *archives)]
    return tuple(dict.fromkeys(found))


def needed_token(token: bytes) -> Needed:
    """Return the service that signed a time-stamp token; raises CmsError."""
    return needed_by(sd.read_signed_data(token), "tsa", stamped_time(token))


def needed_by(data: sd.SignedData, role: Role, made_at: datetime | None) -> Needed:
    """Return who signed, as the CMS names him; raises CmsError."""
    check = check_signer(data, _signer(data), digest=None, is_ades=False)
    if check.certificate is None:
        raise CmsError(say("The signature does not name its signer."))
    return Needed(certificate=check.certificate, others=tuple(check.others), role=role, made_at=made_at)


def stamped_time(token: bytes) -> datetime | None:
    """Return the time in a token, None where it cannot be read."""
    try:
        content = sd.read_signed_data(token).content
        return None if content is None else read_timestamp_info(content).time
    except CmsError:
        return None


def with_signature_timestamp(signature: bytes, token: bytes) -> bytes:
    """Return the signature with a token over its value: B-T (5.3)."""
    return _spliced(signature, attributes=[_attribute(_SIGNATURE_TIMESTAMP, token)])


def with_validation_data(signature: bytes, data: ValidationData) -> bytes:
    """Return the signature with certificates, CRLs and OCSP answers in it: B-LT (5.4.2, 5.4.3)."""
    revocations = [*data.crls, *(encode(0xA1, _RI_OCSP + answer) for answer in data.ocsps)]
    certificates = [_der(one) for one in data.certificates]
    return _spliced(signature, certificates=certificates, revocations=revocations)


def archive_request(signature: bytes, content: Digester) -> ArchiveRequest:
    """Return what the next archive time-stamp stamps (5.5.3) and lists (5.5.2).

    ``content`` gives the digest of what was signed by hashlib's name of a digest. Raises CmsError.
    """
    data = sd.read_signed_data(signature)
    signer = _signer(data)
    values = [
        hash_bytes(_HASH, encode_oid(one.oid) + value.raw) for one in signer.unsigned for value in one.values
    ]
    lists = (_digests(data.certificate_set), _digests(data.revocation_set), values)
    index = encode(
        der.SEQUENCE,
        _SHA256
        + b"".join(
            encode(der.SEQUENCE, b"".join(encode(der.OCTET_STRING, one) for one in listed))
            for listed in lists
        ),
    )
    kind = next(iter(data.encapsulated.children())).raw
    stamped = kind + content(_HASH) + b"".join(part.raw for part in signer.parts) + index
    return ArchiveRequest(imprint=hash_bytes(_HASH, stamped), index=index)


def with_archive_timestamp(signature: bytes, token: bytes, request: ArchiveRequest) -> bytes:
    """Return the signature with an archive time-stamp, whose token takes the index in: B-LTA (5.5)."""
    indexed = _spliced(token, attributes=[_attribute(_INDEX_V3, request.index)])
    return _spliced(signature, attributes=[_attribute(_ARCHIVE_V3, indexed)])


def _signer(data: sd.SignedData) -> sd.SignerInfo:
    if len(data.signers) != 1:
        raise CmsError(say("The signature must have one signer; it has {n}.", n=len(data.signers)))
    return data.signers[0]


def _attribute(name: bytes, value: bytes) -> bytes:
    return encode(der.SEQUENCE, name + encode(der.SET, value))


def _digests(nodes: der.Node | None) -> list[bytes]:
    return [] if nodes is None else [hash_bytes(_HASH, node.raw) for node in nodes.children()]


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _spliced(
    signature: bytes,
    *,
    certificates: Iterable[bytes] = (),
    revocations: Iterable[bytes] = (),
    attributes: Iterable[bytes] = (),
) -> bytes:
    """Write the SignedData anew with more in its sets (X.690 11.6: in ascending order, each once)."""
    data = sd.read_signed_data(signature)
    signer = _signer(data)
    outer = list(der.parse(signature).children())
    (inner,) = outer[1].children()
    fields = inner.sequence()
    version, digests = fields.take(der.INTEGER).raw, fields.take(der.SET).raw
    crls = _set(0xA1, data.revocation_set, revocations)
    if any(node.tag == 0xA1 for node in der.parse(crls).children()) if crls else False:
        version = b"\x02\x01\x05"  # RFC 5652 5.1: with other revocation information the version is 5
    last = list(signer.node.children())[-1]
    unsigned = _set(0xA1, last if last.tag == 0xA1 else None, attributes)
    info = encode(der.SEQUENCE, b"".join(part.raw for part in signer.parts) + unsigned)
    content = (
        version
        + digests
        + data.encapsulated.raw
        + _set(0xA0, data.certificate_set, certificates)
        + crls
        + encode(der.SET, info)
    )
    return encode(der.SEQUENCE, outer[0].raw + encode(0xA0, encode(der.SEQUENCE, content)))


def _set(tag: int, there: der.Node | None, more: Iterable[bytes]) -> bytes:
    members = {node.raw for node in there.children()} if there is not None else set()
    members.update(more)
    return encode(tag, b"".join(sorted(members))) if members else b""
