"""What a signature allows to come after it: DocMDP, FieldMDP, /Lock, and the boxes of later signatures."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import field

from docsign.pdf.changes.marks import Fill, Mark, Needs, NewPicture, Step
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class Lock:
    """Which fields a signature closes: a FieldMDP transform (12.8.2.4) or a field's /Lock (table 236)."""

    action: str
    fields: frozenset[str] = frozenset()

    def closes(self, name: str) -> bool:
        """Say whether the field of this full name is closed."""
        listed = any(name == entry or name.startswith(entry + ".") for entry in self.fields)
        if self.action == "Include":
            return listed
        return not listed if self.action == "Exclude" else True


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one signature says of later changes.

    ``permission`` is the level of DocMDP in force (None: the document is not certified), ``closable`` are the
    fields that some signature is to close and that are filled once, ``present`` those of the signed revision,
    ``failed`` the fields whose signature is TOTAL-FAILED.
    """

    permission: int | None = None
    locks: tuple[Lock, ...] = ()
    closable: tuple[Lock, ...] = ()
    present: Container[str] = frozenset()
    failed: frozenset[str] = frozenset()

    def closes(self, name: str) -> bool:
        """Say whether this signature closes a field."""
        return any(lock.closes(name) for lock in self.locks)


@dataclass(slots=True)
class Aftermath:
    """The later changes as one signature sees them, in order.

    ``refused`` pairs each change that is not allowed with its mark and revision; ``doubtful`` and
    ``warnings`` are pictures that cover something.
    """

    changes: list[Change] = field(default_factory=list)
    refused: list[tuple[int, Mark, Change]] = field(default_factory=list)
    doubtful: list[tuple[Sentence, int | None]] = field(default_factory=list)
    warnings: list[tuple[Sentence, int | None]] = field(default_factory=list)


def aftermath(steps: Iterable[Step], allowance: Allowance) -> Aftermath:
    """Judge the later steps for one signature."""
    answer = Aftermath()
    for step in steps:
        for mark, allowed in zip(step.marks, step.allowed, strict=True):
            what = _refusal(mark, allowance)
            if what is None and mark.picture is not None and mark.signed is not None:
                what = _picture(mark, mark.signed, mark.picture, allowance, answer)
            if what is None:
                answer.changes.append(allowed)
                continue
            change = Change(kind=mark.kind, what=what, allowed=False, page=mark.page)
            answer.changes.append(change)
            answer.refused.append((step.revision, mark, change))
    return answer


def _refusal(mark: Mark, allowance: Allowance) -> Sentence | None:
    """Return why a change is not allowed, None where it is."""
    most = Needs.FILLING if allowance.permission is None else allowance.permission
    if mark.needs > most:
        return mark.what
    if mark.fill is not None:
        closed = allowance.closes(mark.fill.name)
        again = bool(mark.fill.before) and any(lock.closes(mark.fill.name) for lock in allowance.closable)
        if closed or again:
            return _refilled(mark.fill, closed)
    name = mark.signed
    if not name or not allowance.locks or mark.kind is not ChangeKind.SIGNATURE:
        return None
    if allowance.closes(name) and name in allowance.present:
        return say("The field {name}, closed by this signature, was signed.", name=name)
    return None


def _refilled(fill: Fill, closed: bool) -> Sentence:
    if closed:
        return say(
            "The field {name}, closed by this signature, was changed from “{before}” to “{after}”.",
            name=fill.name,
            before=fill.before,
            after=fill.after,
        )
    return say(
        "The field {name}, already filled, was changed from “{before}” to “{after}”.",
        name=fill.name,
        before=fill.before,
        after=fill.after,
    )


def _picture(
    mark: Mark, name: str, picture: NewPicture, allowance: Allowance, answer: Aftermath
) -> Sentence | None:
    """Judge a visible signature in a field that the signed revision did not hold; see facts on boxes.

    In a certified document it may cover nothing and must be transparent. In another one it is a warning, over
    a field or an earlier signature it must be transparent, and a failed signature may not be drawn at all.
    """
    if name in allowance.present and not mark.moved:
        return None
    from docsign.pdf.changes.pages import in_words

    where = {"name": name, "page": picture.page or "–", "box": in_words(picture.box)}
    if name in allowance.failed:
        return say("The field {name}, of a signature that failed, is drawn on page {page} ({box}).", **where)
    if allowance.permission is not None:
        if picture.over or picture.opaque:
            return say(
                "The picture of the new field {name} covers something on page {page} ({box}).", **where
            )
        return None
    if picture.over and picture.opaque and picture.on_field:
        answer.doubtful.append(
            (
                say(
                    "The picture of the new field {name} hides {what} on page {page} ({box}).",
                    what=", ".join(picture.over[:5]),
                    **where,
                ),
                picture.page,
            )
        )
    else:
        answer.warnings.append(
            (say("The new field {name} is drawn on page {page} ({box}).", **where), picture.page)
        )
    return None


def is_forgiven(refused: Sequence[tuple[int, Mark, Change]], closed: frozenset[int]) -> bool:
    """Say whether all that is refused is drawing, in revisions that a passing agency signature closes."""
    return bool(refused) and all(mark.drawn and revision in closed for revision, mark, _ in refused)
