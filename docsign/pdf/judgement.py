"""The answer on a PDF, as a value."""

from __future__ import annotations

from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, SignatureReport, TimestampReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfJudgement:
    """The answer on a PDF; ``conclusion`` is the file's, over signatures and the file's own ``findings``."""

    signatures: tuple[SignatureReport, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    conclusion: Conclusion
