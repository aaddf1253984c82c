"""The public verbs that sign: they drive prepare → digest → key, time-stamping service → complete.

The network is used only where a time-stamping service is named. What a signature is stands in ``ades``, where
it goes in ``pdf`` and ``envelope``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TypedDict, Unpack

from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades import cms
from docsign.detached import aware_moment, cms_signature, sign_detached, stamped_token
from docsign.document.number import printed_date, printed_number
from docsign.errors import DocsignError, UsageError
from docsign.extending import extend
from docsign.pdf import made
from docsign.pdf.fields import Box
from docsign.pdf.incoming import IncomingNote, note_appearance, white_place
from docsign.pdf.input_check import require_passive, require_sound
from docsign.pdf.lettering import corner_text
from docsign.pdf.official import Place, is_official, place_for, require_further_place
from docsign.pdf.reading.collector import uncollected
from docsign.pdf.seed import Signer
from docsign.pdf.spots import Spot, box_for, require_free
from docsign.pdf.stamp import PreparedAppearance, actual_size, signature_appearance
from docsign.pdf.text import refuse_secret
from docsign.pdf.writer import Prepared, SignablePdf, TooSmallError
from docsign.pki.certificates import display_name, managing_unit, position
from docsign.pki.fitness import require_fit
from docsign.pki.keys import ManyAtOnce, SigningKey
from docsign.pki.trust import Trust
from docsign.proofs import Level, level_of
from docsign.sentence import say
from docsign.verdict import SignerRole

__all__ = ["IncomingNote", "Level", "SigningSession", "Spot", "extend", "sign", "sign_detached"]


class Options(TypedDict, total=False):
    """What one signature of a session may be told; each is explained at ``sign``."""

    number: str | int | None
    date: date | None
    field: str | None
    place: Spot | str | None
    incoming: IncomingNote | None
    reason: str | None
    location: str | None
    at: datetime | None
    password: str | None


def sign(
    pdf: bytes,
    key: SigningKey,
    *,
    role: SignerRole,
    level: Level | None = None,
    tsa: str | None = None,
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
) -> bytes:
    """Return ``pdf`` with one more signature: of ``level``, else B-T where a ``tsa`` is named, else B-B.

    Above B-B a ``tsa`` is needed, above B-T ``trust`` too: see ``extend``, which can raise the level later.

    A document of ours is signed in the field of the role, with ``image`` (a transparent PNG) drawn there; the
    agency gives ``number`` and ``date``, which its signature closes. Any other PDF is signed invisibly, or in
    the empty ``field`` that is named, or visibly at a ``place`` (``docsign.pdf.spots``), where it hides
    nothing. ``incoming`` draws a receiving agency's note of arrival, there or where the first page is white.
    For several documents hold a ``SigningSession``.

    ``at`` (aware, default now) is the signing time. ``check=False`` skips only the checks of the certificate.
    Raises PdfError, DocumentError, UsageError, CertificateUnfitError, TimestampError and what the key raises.
    """
    session = SigningSession(key, role=role, level=level, tsa=tsa, image=image, check=check, trust=trust)
    return session.sign(
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


class SigningSession:
    """One signer at work on a batch: the key is held, the appearance prepared once."""

    def __init__(
        self,
        key: SigningKey,
        *,
        role: SignerRole,
        level: Level | None = None,
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
        self._level = level_of(level, tsa, trust)
        self._tsa = None if self._level == "B-B" else tsa
        self._image = image
        self._check = check
        self._trust = trust
        self._drawn: PreparedAppearance | None = None
        self._name = display_name(key.certificate)
        self._signer = Signer(
            certificate=key.certificate.public_bytes(Encoding.DER),
            issuers=tuple(one.public_bytes(Encoding.DER) for one in key.chain),
            timestamped=self._tsa is not None,
        )

    def sign(self, pdf: bytes, **options: Unpack[Options]) -> bytes:
        """Return ``pdf`` with one more signature; arguments and errors are those of ``sign``."""
        opened, write = self._revision(pdf, options)
        room = cms.room_for(self.key.certificate, self.key.chain, timestamped=self._tsa is not None)
        for _ in range(2):
            with uncollected():
                prepared = write(room=room)
            signature = cms_signature(prepared.digest, self.key, signing_time=None, tsa=self._tsa)
            try:
                tail = prepared.tail(signature)
            except TooSmallError as error:
                room = error.needed + cms.TIMESTAMP_ROOM  # an uncommonly large token: once more, with room
            else:
                opened.prefix.update(tail)
                made.remember(opened.prefix.digest())
                return self._raised(pdf + tail, options.get("at"), options.get("password"))
        raise TooSmallError(room)

    def sign_all(self, pdfs: Sequence[bytes], **options: Unpack[Options]) -> list[bytes | DocsignError]:
        """Sign several PDFs, their digests handed to the key together where it takes many at once.

        Each PDF has its result or what was wrong with it; raises what the key raises, which concerns all.
        """
        prepared: list[Prepared | DocsignError] = []
        for pdf in pdfs:
            try:
                prepared.append(self.prepare(pdf, **options))
            except DocsignError as error:
                prepared.append(error)
        whole = [one for one in prepared if isinstance(one, Prepared)]
        attributes = [
            cms.signed_attributes(one.digest, self.key.certificate, signing_time=None) for one in whole
        ]
        values = self.key.sign_all(attributes) if isinstance(self.key, ManyAtOnce) and whole else None
        signed = iter(zip(attributes, values or map(self.key.sign, attributes), strict=True))
        return [
            self._finished(one, *next(signed), options) if isinstance(one, Prepared) else one
            for one in prepared
        ]

    def _finished(
        self, prepared: Prepared, attributes: bytes, value: bytes, options: Options
    ) -> bytes | DocsignError:
        try:
            signature = cms.signed_data(
                signed_attributes=attributes,
                signature=value,
                certificate=self.key.certificate,
                chain=self.key.chain,
                scheme=self.key.scheme,
                timestamp_token=None if self._tsa is None else stamped_token(value, self._tsa),
            )
            return self._raised(prepared.complete(signature), options.get("at"), options.get("password"))
        except DocsignError as error:
            return error

    def _raised(self, pdf: bytes, at: datetime | None, password: str | None) -> bytes:
        """Return what was just signed at the level that is wanted."""
        if self._level in ("B-B", "B-T"):
            return pdf
        return extend(pdf, level=self._level, tsa=self._tsa, trust=self._trust, at=at, password=password)

    def prepare(self, pdf: bytes, **options: Unpack[Options]) -> Prepared:
        """Return the revision that lacks its CMS alone, with room for a time-stamp; the key is not asked.

        Arguments and errors are those of ``sign``; ``docsign.elsewhere`` takes it from here.
        """
        _, write = self._revision(pdf, options)
        return write(room=cms.room_for(self.key.certificate, self.key.chain, timestamped=True))

    def _revision(self, pdf: bytes, options: Options) -> tuple[SignablePdf, Callable[..., Prepared]]:
        """Check certificate and PDF; return it opened, with what writes the revision for a ``room``."""
        moment = aware_moment(options.get("at"))
        if self._check:
            require_fit(self.key.certificate, at=moment, trust=self._trust, others=self.key.chain)
        with uncollected():
            opened = self._opened(pdf, options.get("password"))
        place, box = self._place(opened, options)
        incoming = options.get("incoming")
        return opened, partial(
            opened.prepare,
            field_name=place.field_name,
            box=box,
            signing_time=moment,
            hash_name=cms.hash_name(self.key.scheme),
            appearance=self._drawing(opened, place, moment) if incoming is None else self._note(incoming),
            fill=place.fill,
            name=self._name,
            reason=options.get("reason"),
            location=options.get("location"),
            signer=self._signer,
        )

    def _place(self, opened: SignablePdf, options: Options) -> tuple[Place, Box | None]:
        """Say where the signature goes: in a field, or in a box of its own."""
        number, day, field = options.get("number"), options.get("date"), options.get("field")
        place, incoming = options.get("place"), options.get("incoming")
        spot = Spot.of(place) if isinstance(place, str) else place
        if spot is not None and field is not None:
            raise UsageError(say("The place and the field are given; one of them is enough."), where="place")
        if spot is not None and spot.field:
            field = spot.field
            if field in opened.signatures and not all(opened.box_of(field)):
                raise UsageError(
                    say("The field {name} has no place where a picture could stand.", name=field),
                    where="place",
                )
        if incoming is None and (spot is None or spot.field):
            found = place_for(
                signatures=opened.signatures,
                texts=opened.texts,
                role=self.role,
                number=None if number is None else printed_number(number),
                date=None if day is None else printed_date(day),
                field=field,
                labels=opened.labels,
            )
            return (found if spot is None else replace(found, visible=True)), None
        if number is not None or day is not None or field is not None:
            raise UsageError(
                say("Number, date and field have no meaning at a place of its own."), where="place"
            )
        if incoming is not None and self.role != "agency":
            raise UsageError(say("The note of arrival is signed by the receiving agency."), where="role")
        require_further_place(opened.signatures, self.role)
        return Place(field_name=None, fill={}, visible=True), self._box(opened, spot, incoming)

    def _box(self, opened: SignablePdf, spot: Spot | None, incoming: IncomingNote | None) -> Box:
        drawn = self._appearance() if incoming is None else self._note(incoming)
        if spot is None:
            box = white_place(opened)
            require_free(opened, box, role=self.role)
            return box
        image = self._image if incoming is None else None
        return box_for(opened, spot, actual_size(drawn, image, self.role), role=self.role)

    def _note(self, incoming: IncomingNote) -> PreparedAppearance:
        return note_appearance(incoming, self._name)

    def _opened(self, pdf: bytes, password: str | None) -> SignablePdf:
        """Open a PDF and look at it, unless docsign made these very bytes in this process."""
        opened = SignablePdf(pdf, password=password)
        if opened.is_known:
            return opened
        require_sound(opened.pdf)
        if is_official(opened.signatures):
            require_passive(opened.pdf)
        refuse_secret(pdf, password=password)
        return opened

    def _drawing(self, opened: SignablePdf, place: Place, moment: datetime) -> PreparedAppearance | None:
        if not place.visible:
            return None
        if place.corner is None or place.field_name is None:
            return self._appearance()
        return corner_text(place.corner, moment, opened.box_of(place.field_name))

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
