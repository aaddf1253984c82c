"""What a check of a signature finds: problems, which decide, and findings, which tell. No check is here."""

from __future__ import annotations

from docsign.sentence import Sentence
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, Severity, SubIndication


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A finding that decides something: what it makes of the signature."""

    conclusion: Conclusion
    finding: Finding


def failed(sub: SubIndication, code: str, sentence: Sentence, where: str = "") -> Problem:
    """Make a problem that is TOTAL-FAILED."""
    finding = Finding(code=code, severity=Severity.ERROR, sentence=sentence, where=where)
    return Problem(conclusion=Conclusion.failed(sub), finding=finding)


def doubtful(sub: SubIndication, code: str, sentence: Sentence, where: str = "") -> Problem:
    """Make a problem that is INDETERMINATE."""
    finding = Finding(code=code, severity=Severity.ERROR, sentence=sentence, where=where)
    return Problem(conclusion=Conclusion.indeterminate(sub), finding=finding)


def warning(code: str, sentence: Sentence, where: str = "") -> Finding:
    """Make a finding that decides nothing."""
    return Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=where)


def note(code: str, sentence: Sentence, where: str = "") -> Finding:
    """Make a finding that only informs."""
    return Finding(code=code, severity=Severity.INFO, sentence=sentence, where=where)
