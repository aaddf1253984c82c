"""What the reader noticed: a finding with the byte and the revision it stands in.

A remark does not decide anything. Whether one matters depends on what a signature covers, so the judge reads
``offset`` and ``revision`` and decides; ``severity`` says how bad it is in a revision nobody signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing noticed. ``code`` is stable; ``where`` reads ``object 12 /Kids[3]``.

    ``offset`` is a byte of the file (None: no single byte), ``revision`` the index of a revision (None: not
    known, or none).
    """

    code: str
    severity: Severity
    sentence: Sentence
    where: str = ""
    offset: int | None = None
    revision: int | None = None

    def finding(self) -> Finding:
        """Return it in the words of a report."""
        return Finding(code=self.code, severity=self.severity, sentence=self.sentence, where=self.where)


def leftover(revision: int | None) -> Severity:
    """Say how bad it is that something lies about unused: careless in the first writing, else an error.

    Honest writers leave stray bytes, wrong entries of objects nobody uses and comments in what they write at
    first; whoever appends to a file has no reason to.
    """
    return Severity.WARNING if revision == 0 else Severity.ERROR


@dataclass(slots=True)
class Remarks:
    """The remarks of one reading, each once, at most ``limit`` of each severity."""

    limit: int
    kept: dict[tuple[str, str, int | None], Remark] = field(default_factory=dict)
    counts: dict[Severity, int] = field(default_factory=dict)
    dropped: dict[Severity, int] = field(default_factory=dict)

    def drops(self, severity: Severity = Severity.ERROR) -> bool:
        """Count a remark that is not kept, where no further one is; then it need not be made."""
        if self.counts.get(severity, 0) < self.limit:
            return False
        self.dropped[severity] = self.dropped.get(severity, 0) + 1
        return True

    def add(
        self,
        code: str,
        sentence: Sentence,
        *,
        severity: Severity = Severity.ERROR,
        where: str = "",
        offset: int | None = None,
        revision: int | None = None,
    ) -> None:
        """Keep a remark, unless the same code already stands at the same place."""
        key = (code, where, offset)
        if key in self.kept or self.drops(severity):
            return
        self.counts[severity] = self.counts.get(severity, 0) + 1
        self.kept[key] = Remark(
            code=code, severity=severity, sentence=sentence, where=where, offset=offset, revision=revision
        )

    def __iter__(self) -> Iterator[Remark]:
        """Yield them in the order they were noticed, and how many more of each severity there were."""
        yield from list(self.kept.values())
        for severity, count in self.dropped.items():
            yield Remark(
                code="more-findings",
                severity=severity,
                sentence=say("There are {count} further findings of this kind.", count=count),
            )
