"""The relay's refusals as values: RFC 9457 problem documents with stable types and words in both languages.

Pure. Which refusal answers what is the relay's business; which error it becomes is the client's.
"""

from __future__ import annotations

from enum import StrEnum

from docsign.exchange.json_text import Place, dump, load
from docsign.sentence import Language, Sentence
from docsign.values import dataclass


class ProblemType(StrEnum):
    """The stable types of the relay's refusals (RFC 9457 3.1.1); ``http_status`` is what each comes with."""

    BAD_REQUEST = "urn:docsign:problem:bad-request"
    BAD_ENVELOPE = "urn:docsign:problem:bad-envelope"
    UNKNOWN_AGENCY = "urn:docsign:problem:unknown-agency"
    NOT_YOUR_AGENCY = "urn:docsign:problem:not-your-agency"
    NOT_FOUND = "urn:docsign:problem:not-found"
    METHOD_NOT_ALLOWED = "urn:docsign:problem:method-not-allowed"
    UNKNOWN_RECEIVER = "urn:docsign:problem:unknown-receiver"
    SIGNATURE_NOT_ACCEPTED = "urn:docsign:problem:signature-not-accepted"
    DIGEST_MISMATCH = "urn:docsign:problem:digest-mismatch"
    MEDIA_TYPE = "urn:docsign:problem:media-type"
    TUS_VERSION = "urn:docsign:problem:tus-version"
    ENCODING_REFUSED = "urn:docsign:problem:encoding-refused"
    LENGTH_REQUIRED = "urn:docsign:problem:length-required"
    TOO_LARGE = "urn:docsign:problem:too-large"
    SECRET_DOCUMENT = "urn:docsign:problem:secret-document"  # noqa: S105 -- a name, no password
    STATUS_NOT_ALLOWED = "urn:docsign:problem:status-not-allowed"
    BAD_STATUS = "urn:docsign:problem:bad-status"
    TOO_MANY = "urn:docsign:problem:too-many-requests"
    UPLOAD_OFFSET = "urn:docsign:problem:upload-offset"
    LEASED = "urn:docsign:problem:leased"
    RANGE = "urn:docsign:problem:range"
    BUSY = "urn:docsign:problem:busy"
    DISK_FULL = "urn:docsign:problem:disk-full"
    INTERNAL = "urn:docsign:problem:internal"

    @property
    def http_status(self) -> int:
        """The HTTP status of this problem."""
        return _HTTP_STATUS[self]

    @property
    def retry(self) -> bool:
        """Whether the same request may succeed later."""
        return self in _WORTH_RETRYING


_HTTP_STATUS = {
    ProblemType.BAD_REQUEST: 400,
    ProblemType.BAD_ENVELOPE: 422,
    ProblemType.UNKNOWN_AGENCY: 403,
    ProblemType.NOT_YOUR_AGENCY: 403,
    ProblemType.NOT_FOUND: 404,
    ProblemType.METHOD_NOT_ALLOWED: 405,
    ProblemType.UNKNOWN_RECEIVER: 422,
    ProblemType.SIGNATURE_NOT_ACCEPTED: 422,
    ProblemType.DIGEST_MISMATCH: 400,
    ProblemType.MEDIA_TYPE: 415,
    ProblemType.TUS_VERSION: 412,
    ProblemType.ENCODING_REFUSED: 415,
    ProblemType.LENGTH_REQUIRED: 411,
    ProblemType.TOO_LARGE: 413,
    ProblemType.SECRET_DOCUMENT: 422,
    ProblemType.STATUS_NOT_ALLOWED: 409,
    ProblemType.BAD_STATUS: 422,
    ProblemType.TOO_MANY: 429,
    ProblemType.UPLOAD_OFFSET: 409,
    ProblemType.LEASED: 409,
    ProblemType.RANGE: 416,
    ProblemType.BUSY: 503,
    ProblemType.DISK_FULL: 507,
    ProblemType.INTERNAL: 500,
}

_WORTH_RETRYING = frozenset(
    {
        ProblemType.DIGEST_MISMATCH,
        ProblemType.TOO_MANY,
        ProblemType.LEASED,
        ProblemType.BUSY,
        ProblemType.DISK_FULL,
        ProblemType.INTERNAL,
    }
)


@dataclass(frozen=True, slots=True)
class RelayWords(Sentence):
    """A sentence a relay wrote: it comes in both languages and is never a template."""

    vietnamese: str = ""

    def text(self, language: Language = "vi") -> str:
        """Return the relay's own words in ``language``."""
        return self.template if language == "en" else self.vietnamese


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal (RFC 9457): a stable type, the HTTP status, and the reason in both languages.

    ``detail`` is the English reason (``en``) for readers that know RFC 9457 alone; ``where`` is the place in
    the request; ``retry`` says whether the same request may succeed later.
    """

    type: str
    title: str
    status: int
    vi: str
    en: str
    retry: bool = False
    where: str = ""

    @property
    def sentence(self) -> Sentence:
        """The reason as a sentence of the library."""
        return RelayWords(self.en, (), self.vi)

    @staticmethod
    def of(kind: ProblemType, reason: Sentence, *, where: str = "", retry: bool | None = None) -> Problem:
        """Make a problem of this type; ``retry`` is the type's own unless given."""
        return Problem(
            type=kind.value,
            title=kind.value.rpartition(":")[2],
            status=kind.http_status,
            vi=reason.text("vi"),
            en=reason.text("en"),
            retry=kind.retry if retry is None else retry,
            where=where,
        )

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return dump(
            {
                "type": self.type,
                "title": self.title,
                "status": self.status,
                "detail": self.en,
                "vi": self.vi,
                "en": self.en,
                "retry": self.retry,
                "where": self.where,
            }
        )

    @staticmethod
    def from_json(data: bytes | str) -> Problem:
        """Read a problem, ours or any server's that keeps to RFC 9457; raises WireError."""
        place = load(data, "problem")
        title = place.member("title").optional(Place.text) or ""
        detail = place.member("detail").optional(Place.text) or title
        english = place.member("en").optional(Place.text) or detail
        return Problem(
            type=place.member("type").optional(Place.text) or "about:blank",
            title=title,
            status=place.member("status").optional(Place.number) or 0,
            vi=place.member("vi").optional(Place.text) or english,
            en=english,
            retry=place.member("retry").optional(Place.truth) or False,
            where=place.member("where").optional(Place.text) or "",
        )
