"""What the reader noticed: a finding with the byte and the revision it stands in.

A remark does not decide anything. Whether one matters depends on what a signature covers, so the judge reads
``offset`` and ``revision`` and decides; ``severity`` says how bad it is in a revision nobody signed.

Bytes that belong to nothing, or in the wrong place
    header                     something stands before the file's header, or there is none
    second-header              a further %PDF- among the comments
    unaccounted-bytes          bytes between or behind the parts of the file
    object-without-xref        an object no cross-reference of its revision names, packed ones too
    stray-comment              a comment elsewhere than before xref, startxref, %%EOF or after the header
    comment-before-revision    one at the start of a later revision (MuPDF writes its name there)
    comment-in-object          one within an object of a later revision (made when the object is parsed)
    overlap                    a section reaches into what another entry claims

Cross-references
    xref-no-object             an entry leads to where no object begins
    xref-wrong-object          … to the bytes of an object of another number
    xref-generation            … to an object of another generation
    entry-twice                one section names two places for one number
    entry-into-older-revision  a changed entry leads into bytes of an older revision
    entry-past-revision        … behind the revision that holds it
    trailer-size               a number is not below the trailer's /Size
    trailers-disagree          two sections of one revision name two catalogs, or two encryptions
    hybrid-conflict            the table and its /XRefStm show two documents
    hybrid-older               … for the table alone an object stays as an older revision had it
    startxref-mismatch         a startxref does not name the section before it
    prev-loop                  /Prev leads back

Revisions
    revision-order             a section stands before the end of the revision before it
    revision-unfinished        no startxref and %%EOF behind a section
    revision-only-frees        objects are freed and none is written
    object-stream-replaced     an object stream is replaced whose objects are still in use
    encryption-changed         /Encrypt differs from the revision before (then no reading either)

Objects, made when they are parsed (``Pdf.check_objects`` parses all)
    object-malformed           it cannot be parsed, and is null
    duplicate-key              a dictionary has a key twice
    packed-twice               an object stream holds a number twice
    extends-loop               object streams extend one another in a circle
    reference-generation       a reference names another generation, and is null
    reference-loop             references lead to one another, and are null
    wrong-type                 something else was asked for than what stands there

Pages, made when ``View.pages`` is asked for
    page-tree                  the tree or a node of it is none
    page-loop                  a node is met twice
    page-count                 the root's /Count is another than the pages found
    page-parent                a node names another parent than the one that lists it

    more-findings              there were more than the limit, of this severity
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from docsign.sentence import Sentence, say
from docsign.values import dataclass
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
