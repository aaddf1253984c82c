"""The values of an edXML header (QCVN 102:2016): who sends which document to whom, and what for.

Values only: writing and reading XML is ``edxml``, packing is ``container``. Texts that the form allows to be
missing are empty strings, never None; times without a zone in the file are Vietnamese time (UTC+7).
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum
from urllib.parse import unquote

from docsign.values import dataclass
from docsign.verdict import Finding

VIETNAM_TIME = timezone(timedelta(hours=7))
"""The zone of every time in edXML, which writes none."""


class BusinessKind(IntEnum):
    """What the message does with the document (``BussinessDocType``)."""

    NEW = 0
    REVOKE = 1
    UPDATE = 2
    REPLACE = 3

    @property
    def vietnamese(self) -> str:
        """The reason written when the sender gives none."""
        return {
            BusinessKind.NEW: "Văn bản điện tử mới",
            BusinessKind.REVOKE: "Thu hồi văn bản điện tử",
            BusinessKind.UPDATE: "Cập nhật văn bản điện tử",
            BusinessKind.REPLACE: "Thay thế văn bản điện tử",
        }[self]


class Priority(IntEnum):
    """How urgent the document is."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    EXPRESS = 3
    EXPRESS_TIMED = 4

    @property
    def vietnamese(self) -> str:
        """The mark as it stands on the document; ``Thường`` is not printed."""
        return ("Thường", "Khẩn", "Thượng khẩn", "Hỏa tốc", "Hỏa tốc hẹn giờ")[self]


class Steering(IntEnum):
    """Whether the document directs its receivers (``SteeringType``)."""

    NONE = 0
    DIRECTIVE = 1
    REPORT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An agency as sender or receiver; ``superior`` is the body it belongs to (cơ quan chủ quản)."""

    code: str
    name: str = ""
    superior: str = ""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed: the authority signed under (``KT. CHỦ TỊCH``), the position, the name."""

    competence: str = ""
    position: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The officer who handles the message."""

    department: str = ""
    department_id: str = ""
    name: str = ""
    staff_id: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A station of the message; the axis itself adds some without a code."""

    organ_id: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One file of the message; ``content_id`` is without ``cid:``.

    In a container it is the entry's name, percent-encoded as in the signature's references.
    """

    content_id: str
    name: str
    content_type: str = "application/pdf"
    description: str = ""

    @property
    def entry(self) -> str:
        """The name of the container's entry that holds the file."""
        return unquote(self.content_id, errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFor:
    """The document that is answered: issuer, number and notation (``267/VPCP-TTĐT``), identifier."""

    organ_id: str
    code: str = ""
    document_id: str = ""
    issued: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A document that this one replaces, and for which receivers."""

    document_id: str
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverChange:
    """A receiver an update adds or removes; the number is kept as received."""

    organ_id: str
    receiver_type: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """What is done with the document: new, revoked, updated, replaced.

    ``document_id`` names the document an update changes; a revocation names it in the header itself. A
    ``reason`` left empty is the kind's own.
    """

    kind: BusinessKind = BusinessKind.NEW
    reason: str = ""
    document_id: str = ""
    paper: bool = False
    document_changed: bool | None = None
    receivers_changed: bool | None = None
    receiver_changes: tuple[ReceiverChange, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    staff: Staff | None = None

    def __post_init__(self) -> None:
        if not self.reason:
            object.__setattr__(self, "reason", self.kind.vietnamese)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownElement:
    """An element that the standard does not know, kept for the next hop: parent's path, canonical XML.

    Paths are those of errors, below the header: ``MessageHeader.To[2]``.
    """

    parent: str
    xml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of one document on its way.

    ``document_id`` left empty is built from sender, day, number and notation; ``content`` left empty is the
    subject, for some readers ask for one. ``type`` and ``type_detail`` are kept as received (three practices
    exist); ``type_name`` is what counts. ``findings`` is what a tolerant reader had to overlook; it plays no
    part in comparisons and is not written.
    """

    sender: Organization
    receivers: tuple[Organization, ...]
    number: str
    notation: str
    issued: date | None
    subject: str
    type_name: str = "Công văn"
    type: int = 18
    type_detail: int = 0
    document_id: str = ""
    place: str = ""
    content: str = ""
    signer: Signer = field(default_factory=Signer)
    due: date | None = None
    priority: Priority = Priority.NORMAL
    sphere: str = ""
    typist: str = ""
    copies: int | None = None
    pages: int | None = None
    directive: bool | None = None
    reply_fors: str = ""
    reference_codes: str = ""
    appendixes: tuple[str, ...] = ()
    responses: tuple[ResponseFor, ...] = ()
    steering: Steering = Steering.NONE
    task_codes: tuple[str, ...] = ()
    application_type: str = ""
    to_places: tuple[str, ...] = ()
    business: Business = field(default_factory=Business)
    traces: tuple[Trace, ...] = ()
    references: tuple[Reference, ...] = ()
    unknown: tuple[UnknownElement, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.document_id and self.issued is not None and self.sender.code:
            built = document_id(self.sender.code, self.issued, self.number, self.notation)
            object.__setattr__(self, "document_id", built)
        if not self.content:
            object.__setattr__(self, "content", self.subject)

    @property
    def code(self) -> str:
        """Number and notation as they stand on the document: ``125/UBND-VX``."""
        return f"{self.number}/{self.notation}" if self.notation else self.number

    def as_answered(self) -> ResponseFor:
        """Return how an answer or a status to the sender names this document."""
        return ResponseFor(
            organ_id=self.sender.code, code=self.code, document_id=self.document_id, issued=self.issued
        )

    def with_references(self, references: tuple[Reference, ...]) -> Header:
        """Return the same header over these files."""
        return replace(self, references=references)


def document_id(code: str, issued: date, number: str, notation: str) -> str:
    """Return ``<code>,<yyyy/MM/dd>,<number>/<notation>``: never a file name as it is."""
    return f"{code},{issued.year:04d}/{issued.month:02d}/{issued.day:02d},{number}/{notation}"
