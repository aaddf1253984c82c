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
    """The remarks of one reading, each once, at most ``limit``."""

    limit: int
    kept: dict[tuple[str, str, int | None], Remark] = field(default_factory=dict)
    dropped: int = 0

    @property
    def is_full(self) -> bool:
        """Whether no further remark is kept."""
        return len(self.kept) >= self.limit

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
        if key in self.kept:
            return
        if len(self.kept) >= self.limit:
            self.dropped += 1
            return
        self.kept[key] = Remark(
            code=code, severity=severity, sentence=sentence, where=where, offset=offset, revision=revision
        )

    def __iter__(self) -> Iterator[Remark]:
        """Yield them in the order they were noticed, and how many more there were."""
        yield from list(self.kept.values())
        if self.dropped:
            yield Remark(
                code="more-findings",
                severity=Severity.ERROR,
                sentence=say("There are {count} further findings of this kind.", count=self.dropped),
            )
