"""The verb ``extend``: raises a signed PDF's level or renews it, without its signers (EN 319 142-1 6.1).

B-T is a time-stamp over every signature; B-LT the certificates and revocation data of every signer and every
time-stamping service, kept in the file; B-LTA a document time-stamp over all of that, to be renewed before it
expires. What is fetched is fetched here; how it is written stands in ``docsign.pdf.archive``.
"""

from __future__ import annotations

from datetime import datetime

from docsign.ades import cms
from docsign.detached import aware_moment
from docsign.errors import PdfError, TimestampError, UsageError
from docsign.pdf import made
from docsign.pdf.archive import ArchivablePdf
from docsign.pdf.writer import TooSmallError
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.proofs import LEVELS, Level, gathered, require_means
from docsign.sentence import say
from docsign.verdict import Indication


def extend(
    pdf: bytes,
    *,
    level: Level = "B-LTA",
    tsa: str | None = None,
    trust: Trust | None = None,
    at: datetime | None = None,
    password: str | None = None,
) -> bytes:
    """Return ``pdf`` at a higher level, or renewed: B-LTA adds a document time-stamp every time.

    B-T and B-LTA need a ``tsa``, and so does B-LT for a signature without a time-stamp; B-LT and B-LTA need
    ``trust``, to which the chains must lead. ``at`` (aware, default now) is when the chains must be good.
    A file that has all that is asked is returned as it is.

    Raises UsageError where something is missing, PdfError, TrustError for a chain that leads nowhere or
    cannot be proved, CertificateUnfitError for a revoked certificate, TimestampError.
    """
    if level not in LEVELS[1:]:
        raise UsageError(
            say("A file is extended to B-T, B-LT or B-LTA, not {level}.", level=level), where="level"
        )
    moment = aware_moment(at)
    opened = ArchivablePdf(pdf, password=password)
    needs_stamp = level == "B-LTA" or not opened.is_stamped
    require_means(level, tsa=tsa if needs_stamp else "-", trust=trust)
    if not opened.is_known:
        _require_intact(pdf, trust, moment, password)
    if tsa is not None and not opened.is_stamped:
        pdf = _stamped(opened, pdf, ValidationData(), tsa)
        opened = ArchivablePdf(pdf, password=password)
    if level == "B-T" or trust is None:
        return pdf
    data = gathered(opened.needed(), trust, moment)
    if level == "B-LTA" and tsa is not None:
        return _stamped(opened, pdf, data, tsa)
    return _kept(opened, pdf, opened.with_data(data))


def _require_intact(pdf: bytes, trust: Trust | None, at: datetime, password: str | None) -> None:
    """Raise PdfError where a signature is broken: nothing would make it provable."""
    from docsign.pdf.judge import judge_pdf

    found = judge_pdf(pdf, trust=trust or Trust.nothing(), at=at, password=password).conclusion
    if found.indication is Indication.TOTAL_FAILED:
        raise PdfError(
            say(
                "A signature of the PDF is not valid ({answer}); it is not extended.",
                answer=found.sub_indication,
            )
        )


def _stamped(opened: ArchivablePdf, pdf: bytes, data: ValidationData, tsa: str) -> bytes:
    """Append the data with a document time-stamp over everything."""
    from docsign.pki.fetch import fetch_timestamp

    room = cms.TIMESTAMP_ROOM
    for _ in range(2):
        prepared = opened.prepare_timestamp(data, room=room)
        token = fetch_timestamp(tsa, prepared.digest)
        try:
            return _kept(opened, pdf, prepared.tail(token))
        except TooSmallError as error:
            room = error.needed + 2048
    raise TimestampError(say("The answer of the time-stamping service is too large."), where=tsa)


def _kept(opened: ArchivablePdf, pdf: bytes, tail: bytes) -> bytes:
    opened.prefix.update(tail)
    made.remember(opened.prefix.digest())
    return pdf + tail
