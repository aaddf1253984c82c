"""``read_pdf``: the whole file, its revisions, and every version of every object, parsed on need.

The reader is strict and repairs nothing: what is odd is a remark with its place (``Pdf.remarks``), what
cannot be followed at all is PdfError. It is linear in the file and bounded by ``Budget``; it never recurses.
It opens no file and judges nothing.
"""

from __future__ import annotations

from dataclasses import field

from docsign.errors import PdfError
from docsign.pdf.reading.accounting import Accountant, Claim, Span, spans
from docsign.pdf.reading.budget import Budget, Work, exceeded
from docsign.pdf.reading.encryption import open_cipher
from docsign.pdf.reading.history import History, build_history
from docsign.pdf.reading.remarks import Remark, Remarks
from docsign.pdf.reading.revisions import Revision, read_revisions
from docsign.pdf.reading.sections import FREE, IN_USE, Entry
from docsign.pdf.reading.store import Store
from docsign.pdf.reading.values import Dictionary, IndirectObject, Reference, Value, same_value
from docsign.pdf.reading.view import View
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Finding


@dataclass(frozen=True, slots=True)
class Difference:
    """An object whose bytes differ between two revisions; None where it does not exist."""

    number: int
    before: IndirectObject | None
    after: IndirectObject | None


def read_pdf(
    data: bytes, *, password: str | None = None, budget: Budget | None = None, account: bool = True
) -> Pdf:
    """Read a PDF. ``password`` opens an encrypted one; without it the empty password is tried.

    Raises PdfError where no structure can be found (with its place), PdfPasswordError where the password is
    missing or wrong, PdfBudgetError where reading would cost more than ``budget`` allows (by default what
    ``Budget.for_file`` says). Everything else that is wrong with the file stands in ``Pdf.remarks``.
    ``account=False`` does not ask to what every byte belongs: for bytes that were read before.
    """
    budget = budget or Budget.for_file(len(data))
    if b"%PDF-" not in data[:1024]:
        raise PdfError(say("This is not a PDF file: it has no header."))
    work, remarks = Work(budget), Remarks(budget.findings)
    revisions = read_revisions(data, work=work, remarks=remarks)
    history = build_history(revisions, remarks, len(data))
    if sum(len(revision.changed) for revision in revisions) > budget.objects:
        raise exceeded(say("objects"), budget.objects)  # before memory goes into finding where each begins
    claims, clashes = _claims(history)
    accountant = Accountant(data, claims, clashes, revisions, remarks)
    store = Store(data, history, accountant.mark(), work, remarks)
    _open(store, revisions, password)
    if account:
        accountant.walk(store.end_of_object)
    pdf = Pdf(data=data, revisions=tuple(revisions), store=store)
    _compare_hybrid(pdf)
    return pdf


@dataclass(slots=True, eq=False, kw_only=True)
class Pdf:
    """One file as it was read; ``revisions`` are in the order of the file.

    ``store.work`` tells what reading it has cost so far.
    """

    data: bytes = field(repr=False)
    revisions: tuple[Revision, ...]
    store: Store = field(repr=False)
    _views: dict[int, View] = field(default_factory=dict, repr=False)
    _spans: tuple[Span, ...] | None = field(default=None, repr=False)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was noticed so far, with offsets; more may come as views are looked into."""
        return tuple(self.store.remarks)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The same in the words of a report."""
        return tuple(remark.finding() for remark in self.store.remarks)

    @property
    def spans(self) -> tuple[Span, ...]:
        """To what every byte of the file belongs, in the order of the file, without a gap."""
        if self._spans is None:
            self._spans = tuple(spans(self.store.accounting, list(self.revisions), len(self.data)))
        return self._spans

    @property
    def is_encrypted(self) -> bool:
        """Whether the file is encrypted (and was opened)."""
        return self.store.cipher is not None

    def view(self, revision: int = -1) -> View:
        """Return the document as of a revision (counted from 0; -1 is the newest)."""
        index = range(len(self.revisions))[revision]
        if index not in self._views:
            self._views[index] = View(self.store, self.revisions[index])
        return self._views[index]

    def object(self, number: int, revision: int = -1) -> IndirectObject | None:
        """Return an object as of a revision, parsed; None where there is none or it is free."""
        return self.store.object(number, range(len(self.revisions))[revision])

    def touched(self, before: int, after: int) -> list[int]:
        """Return the numbers that the revisions after ``before`` up to ``after`` define or free."""
        numbers: set[int] = set()
        for revision in self.revisions[before + 1 : after + 1]:
            numbers.update(revision.changed, revision.freed)
        return sorted(numbers)

    def differences(self, before: int, after: int) -> tuple[Difference, ...]:
        """Return every object whose bytes differ between two revisions, by number."""
        found = (
            Difference(number, self.store.object(number, before), self.store.object(number, after))
            for number in self.touched(before, after)
        )
        return tuple(
            one
            for one in found
            if (one.before.raw if one.before else None) != (one.after.raw if one.after else None)
        )

    def release(self) -> None:
        """Let go of every object: each and the containers in it hold one another.

        So they are freed at once, without the cycle collector. Nothing may be read any more.
        """
        self.store.release()

    def check_objects(self, first: int = 0, last: int = -1) -> None:
        """Parse every object that these revisions define, keeping none, so that all remarks are made."""
        end = range(len(self.revisions))[last]
        for revision in self.revisions[first : end + 1]:
            for number in revision.changed:
                self.store.check(number, revision.index)
        self.store.check_extends()


def _claims(history: History) -> tuple[dict[int, Claim], dict[int, list[Claim]]]:
    """Return which entry leads to which offset, and the further ones that lead to the same."""
    claims: dict[int, Claim] = {}
    clashes: dict[int, list[Claim]] = {}
    for number, versions in history.versions.items():
        for revision, (kind, offset, generation) in versions:
            if kind == IN_USE:
                claim = tuple.__new__(Claim, (number, generation, revision))
                if claims.setdefault(offset, claim) is not claim:
                    clashes.setdefault(offset, []).append(claim)
    return claims, clashes


def _open(store: Store, revisions: list[Revision], password: str | None) -> None:
    """Open an encrypted file (7.6): /Encrypt itself is never encrypted."""
    trailer = revisions[-1].trailer
    value: Value = trailer.get("Encrypt")
    if value is None:
        return
    own = value.number if isinstance(value, Reference) else 0
    changed = any(remark.code == "encryption-changed" for remark in store.remarks)
    if changed or len(store.history.versions.get(own, ())) > 1:
        raise PdfError(say("A later revision changes how the file is encrypted."), where="trailer /Encrypt")
    if isinstance(value, Reference):
        value = store.unencrypted(value, revisions[-1].index)
    if not isinstance(value, Dictionary):
        raise PdfError(say("The file's encryption cannot be understood."), where="trailer /Encrypt")
    store.cipher = open_cipher(value, trailer.get("ID"), password, own)


def _compare_hybrid(pdf: Pdf) -> None:
    """Resolve disputed numbers both ways (7.5.8.4): the two readings must say the same.

    Where a revision changes an object in its /XRefStm alone, old readers go on seeing what was there before.
    """
    store = pdf.store
    for number, revision, plain, entry in store.history.disputed:
        if not _same_version(store, number, revision, plain, entry):
            older = any(plain == one and at < revision for at, one in store.history.versions.get(number, ()))
            store.remarks.add(
                "hybrid-older" if older else "hybrid-conflict",
                say("Old and new readers see two versions of one object (/XRefStm)."),
                where=f"object {number}",
                offset=pdf.revisions[revision].sections[0].start,
                revision=revision,
            )


def _same_version(store: Store, number: int, revision: int, plain: Entry, entry: Entry) -> bool:
    if entry[0] == FREE:
        return False
    one = store.parse_version(number, revision, plain)
    other = store.parse_version(number, revision, entry)
    return same_value(one.value, other.value)
