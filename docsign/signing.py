"""The public verbs that sign: they drive prepare → digest → key, time-stamping service → complete.

The network is used only where a time-stamping service is named. What a signature is stands in ``ades``, where
it goes in ``pdf`` and ``envelope``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from docsign.ades import cms, xades
from docsign.document.number import printed_date, printed_number
from docsign.envelope.agency_codes import same_agency
from docsign.envelope.container import pieces_of
from docsign.envelope.header import Header
from docsign.envelope.packing import Packing, default_name, media_type, require_not_secret
from docsign.errors import CertificateUnfitError, PdfError, SecretDocumentError, UsageError
from docsign.files import file_error
from docsign.pdf.official import place_for
from docsign.pdf.stamp import PreparedAppearance, signature_appearance
from docsign.pdf.text import first_page_lines
from docsign.pdf.writer import SignablePdf, TooSmallError
from docsign.pki.certificates import agency_code, display_name, managing_unit, position
from docsign.pki.keys import SigningKey, require_fit
from docsign.pki.trust import Trust
from docsign.secrecy import secrecy_mark
from docsign.sentence import say
from docsign.verdict import SignerRole


def sign(
    pdf: bytes,
    key: SigningKey,
    *,
    role: SignerRole,
    tsa: str | None = None,
    number: str | int | None = None,
    date: date | None = None,
    image: bytes | None = None,
    field: str | None = None,
    reason: str | None = None,
    location: str | None = None,
    at: datetime | None = None,
    password: str | None = None,
    check: bool = True,
    trust: Trust | None = None,
) -> bytes:
    """Return ``pdf`` with one more signature: PAdES B-T where a ``tsa`` is named, else B-B.

    A document of ours is signed in the field of the role, with ``image`` (a transparent PNG) drawn there; the
    agency gives ``number`` and ``date``, which its signature closes. Any other PDF is signed invisibly, or in
    the empty ``field`` that is named. For several documents hold a ``SigningSession``.

    ``at`` (aware, default now) is the signing time. ``check=False`` skips only the checks of the certificate.
    Raises PdfError, DocumentError, UsageError, CertificateUnfitError, TimestampError and what the key raises.
    """
    session = SigningSession(key, role=role, tsa=tsa, image=image, check=check, trust=trust)
    return session.sign(
        pdf,
        number=number,
        date=date,
        field=field,
        reason=reason,
        location=location,
        at=at,
        password=password,
    )


class SigningSession:
    """One signer at work on a batch: the key is held, the appearance prepared once."""

    def __init__(
        self,
        key: SigningKey,
        *,
        role: SignerRole,
        tsa: str | None = None,
        image: bytes | None = None,
        check: bool = True,
        trust: Trust | None = None,
    ) -> None:
        """Hold what every signature of the batch shares; the arguments are those of ``sign``."""
        if role not in ("person", "agency"):
            raise UsageError(say("The role is person or agency, not {role}.", role=role), where="role")
        self.key = key
        self.role: SignerRole = role
        self._tsa = tsa
        self._image = image
        self._check = check
        self._trust = trust
        self._drawn: PreparedAppearance | None = None

    def sign(
        self,
        pdf: bytes,
        *,
        number: str | int | None = None,
        date: date | None = None,
        field: str | None = None,
        reason: str | None = None,
        location: str | None = None,
        at: datetime | None = None,
        password: str | None = None,
    ) -> bytes:
        """Return ``pdf`` with one more signature; arguments and errors are those of ``sign``."""
        moment = _moment(at)
        if self._check:
            require_fit(self.key.certificate, at=moment, trust=self._trust)
        room = cms.room_for(self.key.certificate, self.key.chain, timestamped=self._tsa is not None)
        for _ in range(2):
            opened = SignablePdf(pdf, password=password)
            refuse_secret(pdf, password=password)
            place = place_for(
                signatures=opened.signatures,
                texts=opened.texts,
                role=self.role,
                number=None if number is None else printed_number(number),
                date=None if date is None else printed_date(date),
                field=field,
            )
            prepared = opened.prepare(
                field_name=place.field_name,
                signing_time=moment,
                room=room,
                hash_name=cms.hash_name(self.key.scheme),
                appearance=self._appearance() if place.visible else None,
                fill=place.fill,
                name=display_name(self.key.certificate),
                reason=reason,
                location=location,
            )
            signature = _signature(prepared.digest, self.key, signing_time=None, tsa=self._tsa)
            try:
                return prepared.complete(signature)
            except TooSmallError as error:
                room = error.needed + cms.TIMESTAMP_ROOM  # an uncommonly large token: once more, with room
        raise TooSmallError(room)

    def _appearance(self) -> PreparedAppearance:
        if self._drawn is None:
            certificate = self.key.certificate
            more = position(certificate) if self.role == "person" else managing_unit(certificate)
            name = display_name(certificate)
            self._drawn = signature_appearance(
                role=self.role,
                image=self._image,
                lines=("Ký số bởi:", name, more if more and more != name else ""),
            )
        return self._drawn


def refuse_secret(pdf: bytes, *, password: str | None = None) -> None:
    """Raise SecretDocumentError where a line of the first page is a secrecy mark (QD 28/2018 Art. 1)."""
    for line in first_page_lines(pdf, password=password):
        mark = secrecy_mark(line)
        if mark is not None:
            raise SecretDocumentError(
                say(
                    "The document is marked {mark}; secret documents are not made or sent this way.",
                    mark=mark,
                )
            )


def sign_detached(
    data: bytes, key: SigningKey, *, at: datetime | None = None, tsa: str | None = None
) -> bytes:
    """Return a detached CAdES signature over ``data`` (DER, a ``.p7s``): B-T with a ``tsa``, else B-B.

    ``at`` (aware, default now) becomes the signing-time attribute. Raises TimestampError and whatever the key
    raises. The certificate is not checked here: ``require_fit`` does that.
    """
    digest = hashlib.new(cms.hash_name(key.scheme), data).digest()
    return _signature(digest, key, signing_time=_moment(at), tsa=tsa)


def seal(
    header: Header,
    documents: Sequence[Path | tuple[str, bytes] | bytes],
    key: SigningKey,
    *,
    at: datetime | None = None,
    check: bool = True,
    trust: Trust | None = None,
) -> bytes:
    """Return an envelope (ASiC-E) of these documents, sealed by the sending agency with XAdES B-B.

    A document is a path, a (name, bytes) pair, or bytes alone, which are then named after the document's
    number. The header's References are made here. For large documents use ``seal_to``. Raises EdxmlError,
    ContainerError, SecretDocumentError, PdfError, CertificateUnfitError, FileUnusableError and what the key
    raises.
    """
    stream = io.BytesIO()
    seal_to(stream, header, documents, key, at=at, check=check, trust=trust)
    return stream.getvalue()


def seal_to(
    stream: BinaryIO,
    header: Header,
    documents: Sequence[Path | tuple[str, bytes] | bytes],
    key: SigningKey,
    *,
    at: datetime | None = None,
    check: bool = True,
    trust: Trust | None = None,
) -> Header:
    """Write what ``seal`` returns into an empty seekable stream, and return the header as it was written.

    Files are read piece by piece; only a PDF is held whole, one at a time, for the look at its first page.
    """
    moment = _moment(at)
    if not documents:
        raise UsageError(say("An envelope needs at least one document."))
    _require_sender(header, key)
    if check:
        require_fit(key.certificate, at=moment, trust=trust)
    require_not_secret(header)
    with contextlib.ExitStack() as opened:
        rows = [_named(header, place, one, opened) for place, one in enumerate(documents, 1)]
        packing = Packing(stream, header, [(name, media) for name, media, _ in rows], at=moment)
        for place, (name, media, source) in enumerate(rows):
            if media == "application/pdf":
                _refuse_secret_file(name, source)
            try:
                packing.add(place, pieces_of(source))
            except OSError as error:
                raise file_error(error, name) from error
    prepared = xades.prepare(
        packing.files(),
        certificate=key.certificate,
        chain=key.chain,
        scheme=key.scheme,
        signing_time=moment,
    )
    packing.close(prepared.complete(key.sign(prepared.to_be_signed)))
    return packing.header


def _named(
    header: Header, place: int, document: Path | tuple[str, bytes] | bytes, opened: contextlib.ExitStack
) -> tuple[str, str, BinaryIO]:
    """Return name, media type and bytes of one document to seal; files are closed by ``opened``."""
    name: str | None = None
    source: BinaryIO
    if isinstance(document, Path):
        try:
            source = opened.enter_context(document.open("rb"))
        except OSError as error:
            raise file_error(error, document) from error
        name = document.name
    elif isinstance(document, bytes):
        source = io.BytesIO(document)
    else:
        name, source = document[0], io.BytesIO(document[1])
    start = source.read(1024)
    source.seek(0)
    return name or default_name(header, place, start), media_type(name or "", start), source


def _refuse_secret_file(name: str, source: BinaryIO) -> None:
    try:
        refuse_secret(source.read())
    except (PdfError, SecretDocumentError) as error:
        raise type(error)(error.sentence, where=name, hint=error.hint) from error
    source.seek(0)


def _require_sender(header: Header, key: SigningKey) -> None:
    """Raise CertificateUnfitError where the certificate names another agency than the sender."""
    held = agency_code(key.certificate)
    if held is not None and not same_agency(held, header.sender.code):
        raise CertificateUnfitError(
            say(
                "The certificate belongs to the agency {held}, the sender is {sender}.",
                held=held,
                sender=header.sender.code,
            )
        )


def _signature(digest: bytes, key: SigningKey, *, signing_time: datetime | None, tsa: str | None) -> bytes:
    attributes = cms.signed_attributes(digest, key.certificate, signing_time=signing_time)
    signature = key.sign(attributes)
    token = None
    if tsa is not None:
        from docsign.pki.fetch import fetch_timestamp

        token = fetch_timestamp(tsa, hashlib.sha256(signature).digest())
    return cms.signed_data(
        signed_attributes=attributes,
        signature=signature,
        certificate=key.certificate,
        chain=key.chain,
        scheme=key.scheme,
        timestamp_token=token,
    )


def _moment(at: datetime | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    if at.utcoffset() is None:
        raise UsageError(say("The time needs a time zone."), where="at")
    return at
