"""What a verification answers: indications, findings, and the Report that holds them.

The words are those of EN 319 102-1 and are fixed; ``docs/report.schema.json`` is the JSON shape. Nothing here
judges anything: it is the vocabulary, and the one rule that makes one answer from many (``conclude``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, NoReturn, Protocol

from docsign.errors import (
    EXIT_FAILED,
    EXIT_INDETERMINATE,
    EXIT_NO_SIGNATURE,
    EXIT_OK,
    NotVerifiedError,
)
from docsign.sentence import Sentence, say
from docsign.values import dataclass


class Indication(StrEnum):
    """The main answer (EN 319 102-1 clause 5.1.3); NO_SIGNATURE is ours, for a file nobody signed."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"
    NO_SIGNATURE = "NO-SIGNATURE"

    @property
    def exit_status(self) -> int:
        """The exit status of ``docsign verify`` for this answer."""
        return {
            Indication.TOTAL_PASSED: EXIT_OK,
            Indication.TOTAL_FAILED: EXIT_FAILED,
            Indication.INDETERMINATE: EXIT_INDETERMINATE,
            Indication.NO_SIGNATURE: EXIT_NO_SIGNATURE,
        }[self]


class SubIndication(StrEnum):
    """Why it is not TOTAL-PASSED (EN 319 102-1 clause 5.1.3, tables 5 and 6)."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND_NO_POE = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class FileFormat(StrEnum):
    """What a verified file is."""

    PDF = "pdf"
    ASICE = "asice"
    ASICS = "asics"
    XADES = "xades"
    CADES = "cades"
    TIMESTAMP = "timestamp"
    EVIDENCE_RECORD = "evidence-record"
    EDXML = "edxml"
    RECEIPT = "receipt"
    OTHER = "other"


class ChangeKind(StrEnum):
    """What a later revision of a PDF touched."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    VALIDATION_DATA = "validation-data"
    FORM_FILL = "form-fill"
    ANNOTATION = "annotation"
    PAGE = "page"
    CONTENT = "content"
    APPEARANCE = "appearance"
    FONT = "font"
    STRUCTURE = "structure"
    METADATA = "metadata"
    ACTIVE_CONTENT = "active-content"
    UNKNOWN = "unknown"


SignatureFormat = Literal["pades", "pkcs7", "cades", "xades", "xmldsig"]
Coverage = Literal["whole", "revision", "partial"]
TimestampKind = Literal["content", "signature", "archive", "document", "container", "evidence-record"]
SignerRole = Literal["person", "agency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """An indication with its reason: the answer of one building block."""

    indication: Indication
    sub_indication: SubIndication | None = None

    @staticmethod
    def passed() -> Conclusion:
        """TOTAL-PASSED."""
        return _PASSED

    @staticmethod
    def failed(sub: SubIndication) -> Conclusion:
        """TOTAL-FAILED for this reason."""
        return Conclusion(indication=Indication.TOTAL_FAILED, sub_indication=sub)

    @staticmethod
    def indeterminate(sub: SubIndication) -> Conclusion:
        """INDETERMINATE for this reason."""
        return Conclusion(indication=Indication.INDETERMINATE, sub_indication=sub)

    @staticmethod
    def no_signature() -> Conclusion:
        """NO-SIGNATURE."""
        return Conclusion(indication=Indication.NO_SIGNATURE)


_PASSED = Conclusion(indication=Indication.TOTAL_PASSED)
_WORST_FIRST = (Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED)


def conclude(answers: Iterable[Conclusion]) -> Conclusion:
    """Make one answer from many: failed beats indeterminate beats passed; the first worst gives the reason.

    ``NO-SIGNATURE`` answers do not count; with nothing else the answer is NO-SIGNATURE.
    """
    listed = list(answers)
    for indication in _WORST_FIRST:
        for answer in listed:
            if answer.indication is indication:
                return answer
    return Conclusion.no_signature()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something the reader should know, with its place; ``code`` is stable and made for programs."""

    code: str
    severity: Severity
    sentence: Sentence
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, with both languages."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "vi": self.sentence.text("vi"),
            "en": self.sentence.text("en"),
            "where": self.where,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change made to a PDF after a signature; ``page`` counts from 1."""

    kind: ChangeKind
    what: Sentence
    allowed: bool
    page: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``what`` is Vietnamese, as the first language of the report."""
        return {
            "kind": self.kind.value,
            "page": self.page,
            "what": self.what.text("vi"),
            "allowed": self.allowed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSummary:
    """What Circular 15/2025 Art. 6.4b wants shown of a certificate.

    ``serial`` and ``sha256`` (of the whole certificate, in DER) are lower-case hex.
    """

    serial: str
    not_before: datetime
    not_after: datetime
    managing_unit: str | None = None
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "serial": self.serial,
            "not_before": rfc3339(self.not_before),
            "not_after": rfc3339(self.not_after),
            "managing_unit": self.managing_unit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One building block that was run: its ``clause`` (``EN 319 102-1 5.5.4``), what it asked and answered.

    ``moment`` is the time for which it asked, where it asked for one.
    """

    clause: str
    check: Sentence
    conclusion: Conclusion
    moment: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampReport:
    """The answer on one time-stamp token."""

    id: str
    kind: TimestampKind
    conclusion: Conclusion
    time: datetime | None = None
    issuer: str | None = None
    intact: bool | None = None
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "kind": self.kind,
            "time": rfc3339(self.time),
            "issuer": self.issuer,
            "indication": self.conclusion.indication.value,
            "sub_indication": _value(self.conclusion.sub_indication),
            "intact": self.intact,
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """The answer on one signature.

    ``intact`` is the mathematics alone (digest and signature value): true, false, or None where it could not
    be checked. ``signing_time`` is what the signer claims, ``best_signature_time`` what is proved. ``steps``
    are how path and time were judged, in the order in which it was done.
    """

    id: str
    format: SignatureFormat
    level: str
    conclusion: Conclusion
    field_names: tuple[str, ...] = ()
    role: SignerRole | None = None
    intact: bool | None = None
    signer: str | None = None
    position: str | None = None
    agency: str | None = None
    issuer: str | None = None
    certificate: CertificateSummary | None = None
    signing_time: datetime | None = None
    best_signature_time: datetime | None = None
    coverage: Coverage = "partial"
    changes: tuple[Change, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = field(default=(), compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "field_names": list(self.field_names),
            "format": self.format,
            "level": self.level,
            "role": self.role,
            "indication": self.conclusion.indication.value,
            "sub_indication": _value(self.conclusion.sub_indication),
            "intact": self.intact,
            "signer": self.signer,
            **({"position": self.position} if self.position else {}),
            "agency": self.agency,
            "issuer": self.issuer,
            "certificate": self.certificate.to_json() if self.certificate else None,
            "signing_time": rfc3339(self.signing_time),
            "best_signature_time": rfc3339(self.best_signature_time),
            "coverage": self.coverage,
            "changes": [change.to_json() for change in self.changes],
            "timestamps": [stamp.to_json() for stamp in self.timestamps],
            "findings": [finding.to_json() for finding in self.findings],
        }


class Policy(Protocol):
    """What a caller demands of a report; the ready ones are in ``docsign.policy``."""

    def breach(self, report: Report) -> Sentence | None:
        """Return what is missing, or None where the report meets the policy."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer on one file. It has no truth value: ask ``require`` or look at ``conclusion``.

    ``at`` is the moment for which the answer holds; two reports that say the same at two times are equal.
    """

    file: str
    sha256: str
    format: FileFormat
    conclusion: Conclusion
    signatures: tuple[SignatureReport, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    contents: tuple[tuple[str, Report], ...] = ()
    findings: tuple[Finding, ...] = ()
    at: datetime | None = field(default=None, compare=False)

    def __bool__(self) -> NoReturn:
        """Refuse: a report that exists is not a report that passed."""
        raise TypeError("a Report has no truth value: use report.require(policy) or report.conclusion")

    def require(self, policy: Policy | None = None) -> None:
        """Raise NotVerifiedError unless the file is TOTAL-PASSED and meets ``policy``."""
        if self.conclusion.indication is not Indication.TOTAL_PASSED:
            raise NotVerifiedError(
                say(
                    "The answer is {indication}, not TOTAL-PASSED.",
                    indication="/".join(
                        str(word)
                        for word in (self.conclusion.indication, self.conclusion.sub_indication)
                        if word
                    ),
                ),
                where=self.file,
            )
        missing = policy.breach(self) if policy else None
        if missing is not None:
            raise NotVerifiedError(missing, where=self.file)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (schema version 1)."""
        return {
            "schema": 1,
            "file": self.file,
            "sha256": self.sha256,
            "format": self.format.value,
            "indication": self.conclusion.indication.value,
            "sub_indication": _value(self.conclusion.sub_indication),
            "signatures": [signature.to_json() for signature in self.signatures],
            "timestamps": [stamp.to_json() for stamp in self.timestamps],
            "contents": [{"name": name, "report": report.to_json()} for name, report in self.contents],
            "findings": [finding.to_json() for finding in self.findings],
        }


def rfc3339(moment: datetime | None) -> str | None:
    """Write a moment in UTC as RFC 3339, to the second where nothing finer is known."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _value(word: StrEnum | None) -> str | None:
    return None if word is None else word.value
