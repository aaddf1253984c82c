"""Encryption to receivers' certificates: CMS AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084).

The content key goes to each receiver by RSA-OAEP (RFC 3560) or by ephemeral ECDH (RFC 5753). Content is read
and written piece by piece. Pure: streams, content key and nonce come from the caller, who must throw away
what ``decrypt`` wrote where it raises: the tag is known at the end alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from docsign.ades import der
from docsign.errors import CertificateUnfitError, CmsError, EncryptionError, MalformedError
from docsign.pki.certificates import display_name, extension, public_key
from docsign.sentence import say
from docsign.values import dataclass

KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 12, 16
"""In bytes: AES-256, the nonce and the tag of GCM (RFC 5084 3.2)."""
HEAD_LIMIT = 1024 * 1024
"""What may stand before the content, in bytes: more than a thousand receivers."""
RECEIVERS_LIMIT = 1000
CONTENT_LIMIT = 60 * 1024**3
"""The largest content, in bytes: below the bound of GCM for one nonce."""
_PIECE = 256 * 1024

_AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23"  # RFC 5083 2
_DATA = "1.2.840.113549.1.7.1"
_AES256_GCM = "2.16.840.1.101.3.4.1.46"  # RFC 5084 3.2
_AES256_WRAP = "2.16.840.1.101.3.4.1.45"  # RFC 3565 2.3.2
_OAEP, _MGF1 = "1.2.840.113549.1.1.7", "1.2.840.113549.1.1.8"
_EC_KEY = "1.2.840.10045.2.1"
_HASHES = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303 -- OAEP's default (RFC 8017 A.2.1); read, never written
}
_SHA256 = "2.16.840.1.101.3.4.2.1"
_AGREEMENTS = {  # RFC 5753 7.1.4: dhSinglePass-stdDH with the X9.63 key derivation
    "1.3.132.1.11.1": hashes.SHA256(),
    "1.3.132.1.11.2": hashes.SHA384(),
    "1.3.132.1.11.3": hashes.SHA512(),
}


class DecryptionKey(Protocol):
    """A private key that opens what was encrypted to its certificate. Both raise EncryptionError."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the key."""
        ...

    def decrypt(self, encrypted: bytes, scheme: padding.AsymmetricPadding) -> bytes:
        """Return what was encrypted to this RSA key."""
        ...

    def agree(self, other: ec.EllipticCurvePublicKey) -> bytes:
        """Return the secret that this EC key shares with ``other``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One receiver as the message names it: serial and issuer in DER; ``info`` is its RecipientInfo."""

    named: tuple[bytes, bytes]
    info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedMessage:
    """The head of a message: its receivers, and where the encrypted content lies (offset, size in bytes)."""

    recipients: tuple[Recipient, ...]
    nonce: bytes
    offset: int
    size: int

    def names(self, certificate: x509.Certificate) -> bool:
        """Say whether it was encrypted to this certificate."""
        return self._own(certificate) is not None

    def content_key(self, key: DecryptionKey) -> bytes:
        """Return the content key; raises EncryptionError where the message is not for ``key``."""
        own = self._own(key.certificate)
        if own is None:
            raise EncryptionError(
                say("This is not encrypted to {holder}.", holder=display_name(key.certificate))
            )
        try:
            found = _unwrapped(own, key)
        except CmsError as error:
            raise EncryptionError(error.sentence) from error
        except (ValueError, TypeError, keywrap.InvalidUnwrap) as error:
            raise EncryptionError(say("The key does not open what was encrypted to it.")) from error
        if len(found) != KEY_SIZE:
            raise EncryptionError(say("The key does not open what was encrypted to it."))
        return found

    def _own(self, certificate: x509.Certificate) -> Recipient | None:
        wanted = _issuer_and_serial(certificate)
        return next((one for one in self.recipients if one.named == wanted), None)


def encrypt(
    source: BinaryIO,
    size: int,
    target: BinaryIO,
    receivers: Sequence[x509.Certificate],
    *,
    key: bytes,
    nonce: bytes,
) -> None:
    """Write ``size`` bytes of ``source`` to ``target``, encrypted to each of ``receivers``.

    ``key`` (32 bytes) and ``nonce`` (12) are random, and of this one message. Raises CertificateUnfitError
    naming a receiver that cannot be encrypted to, EncryptionError where the source ends early or too many
    receivers are named.
    """
    infos = [_recipient_info(certificate, key) for certificate in receivers]
    target.write(_head(infos, nonce, size))
    cipher = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    target.writelines(cipher.update(piece) for piece in _pieces(source, size))
    target.write(cipher.finalize())
    target.write(der.encode(der.OCTET_STRING, cipher.tag))


def read_encrypted(stream: BinaryIO) -> EncryptedMessage:
    """Read the head of a message and place the content; raises EncryptionError. ``stream`` is seekable."""
    total = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(HEAD_LIMIT)
    try:
        return _read_head(head, total)
    except (CmsError, ValueError, IndexError) as error:
        raise EncryptionError(
            say("The encrypted data is damaged, or of a form that is not read here.")
        ) from error


def decrypt(message: EncryptedMessage, stream: BinaryIO, key: bytes, target: BinaryIO) -> None:
    """Write the content to ``target``; raises EncryptionError where it was changed or cut.

    What was written by then is not to be trusted: keep it only when this returns.
    """
    stream.seek(message.offset + message.size)
    try:
        tag = der.parse(stream.read(TAG_SIZE + 3)).expect(der.OCTET_STRING).content
    except CmsError as error:
        raise EncryptionError(say("The encrypted data ends too early.")) from error
    stream.seek(message.offset)
    cipher = Cipher(algorithms.AES(key), modes.GCM(message.nonce, tag if len(tag) == TAG_SIZE else None))
    opened = cipher.decryptor()
    target.writelines(opened.update(piece) for piece in _pieces(stream, message.size))
    try:
        if len(tag) != TAG_SIZE:
            raise InvalidTag
        target.write(opened.finalize())
    except InvalidTag as error:
        raise EncryptionError(
            say("The encrypted data was changed, or the key is not the one it was encrypted with.")
        ) from error


def add_receivers(
    message: EncryptedMessage,
    stream: BinaryIO,
    key: bytes,
    receivers: Iterable[x509.Certificate],
    target: BinaryIO,
) -> None:
    """Write the message again with more receivers; the encrypted content stays as it is.

    ``key`` is its content key. A receiver that it names already is named once. Raises as ``encrypt`` does.
    """
    infos = [one.info for one in message.recipients]
    infos += [_recipient_info(one, key) for one in receivers if not message.names(one)]
    target.write(_head(infos, message.nonce, message.size))
    stream.seek(message.offset)
    target.writelines(_pieces(stream, message.size))
    target.write(stream.read(TAG_SIZE + 2))


# ---- writing ---------------------------------------------------------------------------------------------


def _head(infos: Sequence[bytes], nonce: bytes, size: int) -> bytes:
    """Return everything before the encrypted content, with lengths that reach to the end (RFC 5083 2.1)."""
    if not 0 < len(infos) <= RECEIVERS_LIMIT:
        raise EncryptionError(
            say("Between one and {limit} receivers are encrypted to.", limit=RECEIVERS_LIMIT)
        )
    if size > CONTENT_LIMIT:
        raise EncryptionError(
            say("The file is too large: {size} bytes, {limit} at most.", size=size, limit=CONTENT_LIMIT)
        )
    version = der.encode(der.INTEGER, b"\0")
    recipients = der.encode(der.SET, b"".join(sorted(infos)))
    # RFC 5084 3.2: the nonce; a tag of 12 bytes is the default, so that 16 is said
    parameters = der.encode(der.OCTET_STRING, nonce) + der.encode(der.INTEGER, bytes((TAG_SIZE,)))
    how = _algorithm(_AES256_GCM, der.encode(der.SEQUENCE, parameters))
    described = der.encode_oid(_DATA) + how + _opening(0x80, size)
    content = _opening(der.SEQUENCE, len(described) + size) + described
    body = version + recipients + content
    length = len(body) + size + TAG_SIZE + 2
    inside = _opening(der.SEQUENCE, length)
    outside = _opening(0xA0, len(inside) + length)
    kind = der.encode_oid(_AUTH_ENVELOPED)
    whole = _opening(der.SEQUENCE, len(kind) + len(outside) + len(inside) + length)
    return whole + kind + outside + inside + body


def _recipient_info(certificate: x509.Certificate, key: bytes) -> bytes:
    public = _public_key(certificate)
    if isinstance(public, rsa.RSAPublicKey):
        return _key_transport(certificate, public, key)
    return _key_agreement(certificate, public, key)


def _public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """Return the key to encrypt to; raises CertificateUnfitError for a certificate not meant for it."""
    public = public_key(certificate)
    try:
        found = extension(certificate, x509.KeyUsage)
        usage = None if found is None else found.value
    except MalformedError:
        public = usage = None
    if isinstance(public, rsa.RSAPublicKey) and (usage is None or usage.key_encipherment):
        return public
    if (
        isinstance(public, ec.EllipticCurvePublicKey)
        and isinstance(public.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1)
        and (usage is None or usage.key_agreement)
    ):
        return public
    raise CertificateUnfitError(
        say("Nothing can be encrypted to the certificate of {holder}.", holder=display_name(certificate)),
        hint=say(
            "It needs an RSA key for key encipherment, or a P-256, P-384 or P-521 key for key agreement."
        ),
    )


def _key_transport(certificate: x509.Certificate, public: rsa.RSAPublicKey, key: bytes) -> bytes:
    """Return a KeyTransRecipientInfo (RFC 5652 6.2.1) with RSA-OAEP and SHA-256 (RFC 3560)."""
    digest = _algorithm(_SHA256, der.encode(der.NULL, b""))
    mask = _algorithm(_MGF1, digest)
    parameters = der.encode(der.SEQUENCE, der.encode(0xA0, digest) + der.encode(0xA1, mask))
    encrypted = public.encrypt(key, _oaep(hashes.SHA256(), hashes.SHA256()))
    return der.encode(
        der.SEQUENCE,
        der.encode(der.INTEGER, b"\0")
        + _identifier(certificate)
        + _algorithm(_OAEP, parameters)
        + der.encode(der.OCTET_STRING, encrypted),
    )


def _key_agreement(certificate: x509.Certificate, public: ec.EllipticCurvePublicKey, key: bytes) -> bytes:
    """Return a KeyAgreeRecipientInfo (RFC 5652 6.2.2) with ephemeral ECDH (RFC 5753 3.1)."""
    oid, digest = next(
        (oid, digest) for oid, digest in _AGREEMENTS.items()
        if digest.digest_size * 8 >= min(public.curve.key_size, 512)
    )  # fmt: skip
    ephemeral = ec.generate_private_key(public.curve)
    wrapping = _algorithm(_AES256_WRAP)
    wrapped = keywrap.aes_key_wrap(
        _derived(ephemeral.exchange(ec.ECDH(), public), digest, wrapping, b""), key
    )
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    originator = der.encode(0xA1, _algorithm(_EC_KEY) + der.encode(der.BIT_STRING, b"\0" + point))
    encrypted = der.encode(der.SEQUENCE, _identifier(certificate) + der.encode(der.OCTET_STRING, wrapped))
    return der.encode(
        0xA1,
        der.encode(der.INTEGER, b"\x03")
        + der.encode(0xA0, originator)
        + _algorithm(oid, wrapping)
        + der.encode(der.SEQUENCE, encrypted),
    )


def _derived(shared: bytes, digest: hashes.HashAlgorithm, wrapping: bytes, ukm: bytes) -> bytes:
    """Return the wrapping key: ANSI X9.63 over ECC-CMS-SharedInfo (RFC 5753 7.2)."""
    entity = der.encode(0xA0, der.encode(der.OCTET_STRING, ukm)) if ukm else b""
    bits = der.encode(0xA2, der.encode(der.OCTET_STRING, (KEY_SIZE * 8).to_bytes(4, "big")))
    info = der.encode(der.SEQUENCE, wrapping + entity + bits)
    return X963KDF(algorithm=digest, length=KEY_SIZE, sharedinfo=info).derive(shared)


def _oaep(digest: hashes.HashAlgorithm, mask: hashes.HashAlgorithm) -> padding.OAEP:
    return padding.OAEP(mgf=padding.MGF1(mask), algorithm=digest, label=None)


def _identifier(certificate: x509.Certificate) -> bytes:
    """Return IssuerAndSerialNumber, the issuer as the certificate writes it."""
    serial, issuer = _issuer_and_serial(certificate)
    return der.encode(der.SEQUENCE, issuer + serial)


def _issuer_and_serial(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Return serial and issuer, both in the certificate's own DER: a name written anew may differ."""
    fields = der.parse(certificate.tbs_certificate_bytes).sequence()
    fields.optional(0xA0)
    serial = fields.take(der.INTEGER).raw
    fields.take(der.SEQUENCE)
    return serial, fields.take(der.SEQUENCE).raw


def _algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    return der.encode(der.SEQUENCE, der.encode_oid(dotted) + parameters)


def _opening(tag: int, length: int) -> bytes:
    """Return tag and length of a value whose content follows elsewhere."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


# ---- reading ---------------------------------------------------------------------------------------------


def _read_head(head: bytes, total: int) -> EncryptedMessage:
    def inside(position: int, limit: int, *tags: int) -> der.Node:
        node = der.read(head, position, limit)
        return node.expect(*tags)

    whole = inside(0, total, der.SEQUENCE)
    kind = inside(whole.body, whole.end, der.OID)
    if whole.end != total or der.oid(kind) != _AUTH_ENVELOPED:
        raise der.broken(0)
    outside = inside(kind.end, whole.end, 0xA0)
    message = inside(outside.body, outside.end, der.SEQUENCE)
    version = inside(message.body, message.end, der.INTEGER)
    recipients = inside(version.end, message.end, der.SET)
    if recipients.end > len(head):
        raise der.broken(recipients.start)
    content = inside(recipients.end, message.end, der.SEQUENCE)
    described = inside(content.body, content.end, der.OID)
    how = inside(described.end, content.end, der.SEQUENCE)
    data = inside(how.end, content.end, 0x80)
    mac = data.end
    if data.end != content.end or message.end - mac != TAG_SIZE + 2:  # no authenticated attributes
        raise der.broken(data.start)
    found = [_recipient(node) for node in recipients.children()]
    if len(found) > RECEIVERS_LIMIT:
        raise der.broken(recipients.start)
    return EncryptedMessage(
        recipients=tuple(one for many in found for one in many),
        nonce=_nonce(how),
        offset=data.body,
        size=data.end - data.body,
    )


def _nonce(how: der.Node) -> bytes:
    fields = how.sequence()
    if der.oid(fields.take(der.OID)) != _AES256_GCM:
        raise der.broken(how.start)
    parameters = fields.take(der.SEQUENCE).sequence()
    nonce = parameters.take(der.OCTET_STRING).content
    length = parameters.optional(der.INTEGER)
    if length is None or der.integer(length) != TAG_SIZE or len(nonce) != NONCE_SIZE:
        raise der.broken(how.start)
    return nonce


def _recipient(node: der.Node) -> list[Recipient]:
    """Return whom a RecipientInfo names; kinds that are not read here name nobody."""
    identifiers: list[der.Node] = []
    if node.tag == der.SEQUENCE:
        fields = node.sequence()
        fields.take(der.INTEGER)
        identifiers = [fields.take()]
    elif node.tag == 0xA1:
        members = node.sequence(0xA1).remaining()
        identifiers = [one.sequence().take() for one in members[-1].children()]
    return [
        Recipient(named=_named(identifier), info=node.raw)
        for identifier in identifiers
        if identifier.tag == der.SEQUENCE
    ]


def _named(identifier: der.Node) -> tuple[bytes, bytes]:
    fields = identifier.sequence()
    issuer = fields.take(der.SEQUENCE).raw
    return fields.take(der.INTEGER).raw, issuer


def _unwrapped(recipient: Recipient, key: DecryptionKey) -> bytes:
    node = der.parse(recipient.info)
    if node.tag == der.SEQUENCE:
        fields = node.sequence()
        fields.take(der.INTEGER)
        fields.take()
        scheme = _read_oaep(fields.take(der.SEQUENCE))
        return key.decrypt(fields.take(der.OCTET_STRING).content, scheme)
    fields = node.sequence(0xA1)
    fields.take(der.INTEGER)
    originator = fields.take(0xA0).sequence(0xA0).take(0xA1).sequence(0xA1)
    originator.take(der.SEQUENCE)
    point = originator.take(der.BIT_STRING).content[1:]
    ukm = fields.optional(0xA1)
    text = ukm.sequence(0xA1).take(der.OCTET_STRING).content if ukm is not None else b""
    agreement = fields.take(der.SEQUENCE).sequence()
    digest = _AGREEMENTS.get(der.oid(agreement.take(der.OID)))
    wrapping = agreement.take(der.SEQUENCE)
    if digest is None or der.oid(wrapping.sequence().take(der.OID)) != _AES256_WRAP:
        raise der.broken(node.start)
    public = key.certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise der.broken(node.start)
    other = ec.EllipticCurvePublicKey.from_encoded_point(public.curve, point)
    for one in fields.take(der.SEQUENCE).children():
        wrapped = one.sequence()
        if _named(wrapped.take(der.SEQUENCE)) != recipient.named:
            continue
        secret = _derived(key.agree(other), digest, wrapping.raw, text)
        return keywrap.aes_key_unwrap(secret, wrapped.take(der.OCTET_STRING).content)
    raise der.broken(node.start)


def _read_oaep(node: der.Node) -> padding.OAEP:
    """Return the padding that the parameters name (RFC 8017 A.2.1); what is left out is SHA-1."""
    fields = node.sequence()
    if der.oid(fields.take(der.OID)) != _OAEP:
        raise der.broken(node.start)
    digest = mask = _HASHES["1.3.14.3.2.26"]
    parameters = fields.take(der.SEQUENCE).sequence()
    named, masked = parameters.optional(0xA0), parameters.optional(0xA1)
    parameters.done()
    if named is not None:
        digest = _HASHES[der.oid(named.sequence(0xA0).take(der.SEQUENCE).sequence().take(der.OID))]
    if masked is not None:
        inner = masked.sequence(0xA1).take(der.SEQUENCE).sequence()
        if der.oid(inner.take(der.OID)) != _MGF1:
            raise der.broken(node.start)
        mask = _HASHES[der.oid(inner.take(der.SEQUENCE).sequence().take(der.OID))]
    return _oaep(digest, mask)


def _pieces(stream: BinaryIO, size: int) -> Iterable[bytes]:
    left = size
    while left:
        piece = stream.read(min(_PIECE, left))
        if not piece:
            raise EncryptionError(say("The encrypted data ends too early."))
        left -= len(piece)
        yield piece
