"""Judges a time-stamp that is a file: a token, or the whole answer of the service (RFC 3161 2.4.2)."""

from __future__ import annotations

from datetime import datetime

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.ber import definite
from docsign.ades.problems import failed
from docsign.ades.signer import Digester
from docsign.ades.timestamps import judge_token
from docsign.errors import CmsError
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.verdict import SubIndication, TimestampReport

_GRANTED = (0, 1)


def is_timestamp_answer(data: bytes) -> bool:
    """Say whether the bytes are a TimeStampResp, granted or refused, without judging it."""
    try:
        _ = _status_and_token(data)
    except CmsError:
        return False
    return True


def timestamp_token(data: bytes) -> bytes:
    """Return the token in ``data``: a token itself, or that of a TimeStampResp. Raises CmsError.

    Either may be BER (RFC 5652 2): some services write indefinite lengths.
    """
    try:
        first = next(der.parse(_definite(data)).children(), None)
    except CmsError as error:
        raise CmsError(say("This is not a time-stamp token (RFC 3161).")) from error
    if first is not None and first.tag == der.OID:
        return data
    status, token = _status_and_token(data)
    if status not in _GRANTED or token is None:
        raise CmsError(say("The file holds a refusal of the time-stamping service, no time-stamp."))
    return token


def judge_timestamp_file(
    data: bytes,
    *,
    content: bytes | None = None,
    content_digest: Digester | None = None,
    trust: Trust,
    at: datetime,
    id: str = "T1",
    beside: ValidationData | None = None,
) -> TimestampReport:
    """Judge a time-stamp file over ``content`` (None: not at hand); never raises for bad bytes.

    ``content_digest`` gives digests of a content that is not held in memory, by hashlib's names.
    """
    try:
        token = timestamp_token(data)
    except CmsError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "timestamp-form", error.sentence)
        return TimestampReport(
            id=id, kind="content", conclusion=problem.conclusion, findings=(problem.finding,)
        )
    imprint = content_digest
    if imprint is None and content is not None:
        stamped = content
        imprint = lambda name: hash_bytes(name, stamped)  # noqa: E731 -- a def here reads worse
    return judge_token(
        token, imprint, trust=trust, at=at, id=id, kind="content", data=beside or ValidationData()
    ).report


def _definite(data: bytes) -> bytes:
    """Return DER for BER of indefinite length; raises CmsError."""
    return definite(data) if data[1:2] == b"\x80" else data


def _status_and_token(data: bytes) -> tuple[int, bytes | None]:
    """Read a TimeStampResp, also in BER; raises CmsError."""
    try:
        return _read_answer(data)
    except CmsError:
        rewritten = definite(data)
        if rewritten == data:
            raise
    status, token = _read_answer(rewritten)
    if token is not None:
        sd.require_der_attributes(sd.read_signed_data(token), data)
    return status, token


def _read_answer(data: bytes) -> tuple[int, bytes | None]:
    fields = der.parse(data).sequence()
    status = fields.take(der.SEQUENCE).sequence()
    number = der.integer(status.take(der.INTEGER))
    for tag in (der.SEQUENCE, 0x03):  # statusString, failInfo
        status.optional(tag)
    status.done()
    token = fields.optional(der.SEQUENCE)
    fields.done()
    if token is not None and der.oid(next(token.children())) != sd.SIGNED_DATA:
        raise CmsError(say("This is not a time-stamp token (RFC 3161)."))
    return number, None if token is None else token.raw
