"""Sign with a key that sits elsewhere, in three steps: prepare here, sign there, complete here.

Nothing is kept between the steps but the prepared signature itself, which can be written as JSON and read by
another process on another day. What comes back is checked against the certificate before it is used.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, Unpack

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades import cms
from docsign.detached import aware_moment, stamped_token
from docsign.errors import CmsError, MalformedError, SigningKeyError
from docsign.pki.certificates import load_certificates
from docsign.pki.fitness import require_fit
from docsign.pki.schemes import SignatureScheme, require_genuine, scheme_for
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.signing import IncomingNote, Options, SigningSession, Spot
from docsign.verdict import SignerRole

SCHEMA = 1
JSON_LIMIT = 256 * 1024 * 1024
"""The largest prepared signature that is read, in bytes of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSignature:
    """A signature that lacks its value alone; the key signs ``to_be_signed``, or its ``digest``."""

    kind: Literal["pdf", "detached"]
    scheme: SignatureScheme
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    content_digest: bytes
    """The digest of what is signed, by the digest of the scheme."""
    signing_time: datetime | None
    """The signed attribute; a PDF has its time elsewhere."""
    document: bytes = field(default=b"", repr=False)
    """The PDF with a gap where the signature goes; empty for a detached signature."""
    gap: tuple[int, int] = (0, 0)
    """Where the gap begins and ends in ``document``, its angle brackets included."""

    @property
    def to_be_signed(self) -> bytes:
        """What the key signs: the signed attributes (RFC 5652 5.4)."""
        return cms.signed_attributes(self.content_digest, self.certificate, signing_time=self.signing_time)

    @property
    def digest(self) -> bytes:
        """The digest of ``to_be_signed`` by the digest of the scheme, for keys that sign digests."""
        return hashlib.new(self.scheme.hash_name, self.to_be_signed).digest()

    def to_json(self) -> str:
        """Write it down; the text holds no secret, but the whole document."""
        written = {
            "docsign": "prepared-signature",
            "schema": SCHEMA,
            "kind": self.kind,
            "scheme": self.scheme.value,
            "certificates": [
                _text(one.public_bytes(Encoding.DER)) for one in (self.certificate, *self.chain)
            ],
            "content_digest": _text(self.content_digest),
            "signing_time": None if self.signing_time is None else self.signing_time.isoformat(),
            "document": _text(self.document),
            "gap": list(self.gap),
            "to_be_signed": _text(self.to_be_signed),
            "hash": self.scheme.hash_name,
            "digest": _text(self.digest),
        }
        return json.dumps(written)

    @staticmethod
    def from_json(text: str | bytes) -> PreparedSignature:
        """Read what ``to_json`` wrote; raises MalformedError for anything else, or what was changed."""
        try:
            return _read(text)
        except (MalformedError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise _damaged() from error


def prepare(
    pdf: bytes,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...] = (),
    *,
    role: SignerRole,
    scheme: SignatureScheme | None = None,
    number: str | int | None = None,
    date: date | None = None,
    image: bytes | None = None,
    field: str | None = None,
    place: Spot | str | None = None,
    incoming: IncomingNote | None = None,
    reason: str | None = None,
    location: str | None = None,
    at: datetime | None = None,
    password: str | None = None,
    check: bool = True,
    trust: Trust | None = None,
) -> PreparedSignature:
    """Prepare a PDF's signature by the key of ``certificate``; arguments and errors are those of ``sign``."""
    absent = _AbsentKey(certificate, chain, scheme_for(certificate.public_key(), scheme))
    session = SigningSession(absent, role=role, image=image, check=check, trust=trust)
    return prepared_with(
        session,
        pdf,
        number=number,
        date=date,
        field=field,
        place=place,
        incoming=incoming,
        reason=reason,
        location=location,
        at=at,
        password=password,
    )


def prepared_with(session: SigningSession, pdf: bytes, **options: Unpack[Options]) -> PreparedSignature:
    """Prepare a PDF's signature with the certificate of a session; ``options`` are those of its ``sign``."""
    made = session.prepare(pdf, **options)
    whole = len(made.original)
    return PreparedSignature(
        kind="pdf",
        scheme=session.key.scheme,
        certificate=session.key.certificate,
        chain=tuple(session.key.chain),
        content_digest=made.digest,
        signing_time=None,
        document=made.original + made.appended,
        gap=(whole + made.start, whole + made.end),
    )


def prepare_detached(
    data: bytes,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...] = (),
    *,
    scheme: SignatureScheme | None = None,
    at: datetime | None = None,
    check: bool = True,
    trust: Trust | None = None,
) -> PreparedSignature:
    """Prepare a detached CAdES signature over ``data`` by the key of ``certificate``.

    Raises CertificateUnfitError, SigningKeyError for a scheme that does not fit, UsageError.
    """
    moment = aware_moment(at).astimezone(UTC).replace(microsecond=0)
    made = scheme_for(certificate.public_key(), scheme)
    if check:
        require_fit(certificate, at=moment, trust=trust, others=chain)
    return PreparedSignature(
        kind="detached",
        scheme=made,
        certificate=certificate,
        chain=chain,
        content_digest=hashlib.new(made.hash_name, data).digest(),
        signing_time=moment,
    )


def complete(prepared: PreparedSignature, signature: bytes, *, tsa: str | None = None) -> bytes:
    """Return the signed PDF, or the detached signature; B-T where a ``tsa`` is named.

    ``signature`` is the value over ``to_be_signed`` (ECDSA as DER). Raises SigningKeyError for a foreign
    value, MalformedError where the prepared document was changed, TimestampError, CmsError without room.
    """
    require_genuine(prepared.certificate, prepared.scheme, prepared.to_be_signed, signature)
    start, end = prepared.gap
    if prepared.kind == "pdf":
        digest = hashlib.new(prepared.scheme.hash_name, prepared.document[:start])
        digest.update(prepared.document[end:])
        if digest.digest() != prepared.content_digest:
            raise _damaged()
    structure = cms.signed_data(
        signed_attributes=prepared.to_be_signed,
        signature=signature,
        certificate=prepared.certificate,
        chain=prepared.chain,
        scheme=prepared.scheme,
        timestamp_token=None if tsa is None else stamped_token(signature, tsa),
    )
    if prepared.kind == "detached":
        return structure
    room = end - start - 2
    if 2 * len(structure) > room:
        raise CmsError(
            say("The signature needs {size} bytes, more than were kept for it.", size=len(structure))
        )
    digits = structure.hex().encode().ljust(room, b"0")
    return b"".join((prepared.document[: start + 1], digits, prepared.document[end - 1 :]))


@dataclass(frozen=True, slots=True)
class _AbsentKey:
    """A certificate whose key is elsewhere."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    scheme: SignatureScheme

    def sign(self, data: bytes) -> bytes:  # noqa: ARG002 -- the protocol's signature
        """Refuse: prepare never signs."""
        raise SigningKeyError(say("The key is not here; it signs elsewhere."))


def _read(text: str | bytes) -> PreparedSignature:
    if len(text) > JSON_LIMIT:
        raise ValueError("size")
    row = json.loads(text)
    if (
        row["docsign"] != "prepared-signature"
        or row["schema"] != SCHEMA
        or row["kind"] not in ("pdf", "detached")
    ):
        raise ValueError("kind")
    certificates = [one for entry in row["certificates"] for one in load_certificates(_bytes(entry))]
    start, end = row["gap"]
    document = _bytes(row["document"])
    pdf = row["kind"] == "pdf"
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end <= len(document)):
        raise ValueError("gap")
    if pdf and (end - start < 2 or document[start : start + 1] + document[end - 1 : end] != b"<>"):
        raise ValueError("gap")
    time = None if row["signing_time"] is None else datetime.fromisoformat(row["signing_time"])
    if (time is None) is not pdf or (time is not None and time.utcoffset() is None):
        raise ValueError("signing_time")
    made = PreparedSignature(
        kind=row["kind"],
        scheme=SignatureScheme(row["scheme"]),
        certificate=certificates[0],
        chain=tuple(certificates[1:]),
        content_digest=_bytes(row["content_digest"]),
        signing_time=time,
        document=document,
        gap=(start, end),
    )
    if len(made.content_digest) != hashlib.new(made.scheme.hash_name).digest_size:
        raise ValueError("content_digest")
    # what somebody signed must be what is completed
    if _bytes(row["to_be_signed"]) != made.to_be_signed or _bytes(row["digest"]) != made.digest:
        raise ValueError("to_be_signed")
    return made


def _damaged() -> MalformedError:
    return MalformedError(say("This is no prepared signature, or it was changed since."))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
