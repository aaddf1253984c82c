"""What a later revision of a PDF changed, in words, and whether a signature before it allows that.

Each revision is compared with the one before it, once, whatever the number of signatures. pyHanko's
difference analysis decides what is suspicious; on top of it stand our own rules: an appearance changes only
with its value, a number or date is filled once, a closed field stays closed. No change that is not understood
passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from docsign.pdf.fields import DOCUMENT_DATE, DOCUMENT_NUMBER, named_fields
from docsign.pdf.objects import (
    annotation_references,
    content_references,
    inherited,
    is_same,
    object_in,
    page_numbers,
    page_of,
    pages,
    raw,
    reached,
    value,
)
from docsign.sentence import Sentence, say
from docsign.verdict import Change, ChangeKind

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import StandardDiffPolicy

FORM_FILLING, ANNOTATIONS = 2, 3
"""Levels of DocMDP's /P (ISO 32000-2 table 257): what a level allows, those below it do too."""

LONGEST_VALUE = 200
"""Characters of a field's value that a report repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A text field whose value this revision changed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one revision did to the one before it.

    ``level`` is what DocMDP must allow for it, None where no level would. ``only_drawing``: what is not
    allowed is content or annotations added to pages, nothing that was there being touched.
    """

    revision: int
    level: int | None
    changes: tuple[Change, ...] = ()
    fills: tuple[Fill, ...] = ()
    only_drawing: bool = False
    signed_fields: tuple[str, ...] = ()


@dataclass(slots=True)
class _Comparison:
    """Two neighbouring revisions and what is found between them."""

    old: Any
    new: Any
    changed: frozenset[tuple[int, int]]
    changes: list[Change] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    signed_fields: list[str] = field(default_factory=list)
    drawn: int = 0

    def add(self, kind: ChangeKind, what: Sentence, *, allowed: bool, page: int | None = None) -> None:
        """Note one change."""
        self.changes.append(Change(kind=kind, what=what, allowed=allowed, page=page))

    def touches(self, reference: Any) -> bool:
        """Say whether this revision wrote the object anew with another content."""
        if (reference.idnum, reference.generation) not in self.changed:
            return False
        before, after = object_in(self.old, reference), object_in(self.new, reference)
        return not is_same(before, after)


def read_step(reader: PdfFileReader, revision: int) -> Step:
    """Compare ``revision`` (from 1) with the one before it. May raise whatever pyHanko raises."""
    from pyhanko.pdf_utils.misc import PdfReadError
    from pyhanko.sign.diff_analysis import SuspiciousModification

    handler: Any = reader
    old, new = handler.get_historical_resolver(revision - 1), handler.get_historical_resolver(revision)
    references = handler.xrefs.explicit_refs_in_revision(revision)
    found = _Comparison(old, new, frozenset((ref.idnum, ref.generation) for ref in references))
    level: int | None = None
    reason = ""
    try:
        result = _difference_policy().apply(old=old, new=new, field_mdp_spec=None, doc_mdp=None)
        level = int(result.modification_level.value)
    except (SuspiciousModification, PdfReadError) as error:
        reason = " ".join(str(error).split())[:300]
    numbers = page_numbers(new.root)
    _compare_fields(found, numbers)
    _compare_document(found)
    if level is None:
        _compare_pages(found, numbers)
        _compare_catalogue(found)
    refused = [change for change in found.changes if not change.allowed]
    if level is None and not refused:
        found.add(
            ChangeKind.UNKNOWN,
            say("Something was changed that no rule allows ({reason}).", reason=reason),
            allowed=False,
        )
    return Step(
        revision=revision,
        level=None if refused else level,
        changes=tuple(found.changes),
        fills=tuple(found.fills),
        only_drawing=bool(refused) and len(refused) == found.drawn,
        signed_fields=tuple(found.signed_fields),
    )


@cache
def _difference_policy() -> StandardDiffPolicy:
    """Return pyHanko's own rules, but for the form's /SigFlags: they say what is there, and show nothing."""
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, StandardDiffPolicy
    from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON
    from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule

    usual: Any = DEFAULT_DIFF_POLICY
    return StandardDiffPolicy(
        global_rules=usual.global_rules,
        form_rule=FormUpdatingRule(
            usual.form_rule.field_rules,
            ignored_acroform_keys={*ACROFORM_EXEMPT_STRICT_COMPARISON, "/SigFlags"},
        ),
    )


def allowed_after(
    steps: Sequence[Step], *, locked: frozenset[str], closable: frozenset[str], permission: int | None
) -> tuple[Change, ...]:
    """Return the changes of the later ``steps`` as one signature sees them.

    ``locked`` are the fields it closed, ``closable`` those that any signature of the document is to close
    (they are filled once), ``permission`` its DocMDP level, None where it has none.
    """
    seen: list[Change] = []
    most = FORM_FILLING if permission is None else permission
    for step in steps:
        too_much = step.level is not None and step.level > most
        refused = {fill.name for fill in step.fills if fill.name in locked}
        refused |= {fill.name for fill in step.fills if fill.before and fill.name in closable}
        for change in step.changes:
            fill = _filled(step, change)
            if fill is not None and fill.name in refused:
                seen.append(replace(change, allowed=False, what=_refilled(fill, fill.name in locked)))
            elif too_much and change.kind not in (ChangeKind.VALIDATION_DATA, ChangeKind.TIMESTAMP):
                seen.append(replace(change, allowed=False))
            else:
                seen.append(change)
        if too_much and not step.changes:
            seen.append(
                Change(
                    kind=ChangeKind.UNKNOWN,
                    what=say("Something was changed that the certifying signature forbids."),
                    allowed=False,
                )
            )
    return tuple(seen)


def _filled(step: Step, change: Change) -> Fill | None:
    if change.kind is not ChangeKind.FORM_FILL:
        return None
    return next((fill for fill in step.fills if _filling(fill) == change.what), None)


def _filling(fill: Fill) -> Sentence:
    if fill.name == DOCUMENT_NUMBER:
        return say("The document number was filled in: {value}.", value=fill.after)
    if fill.name == DOCUMENT_DATE:
        return say("The document date was filled in: {value}.", value=fill.after)
    return say("The field {name} was filled in: {value}.", name=fill.name, value=fill.after)


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


# --- the form -----------------------------------------------------------------------------------------------


def _compare_fields(found: _Comparison, numbers: dict[tuple[int, int], int]) -> None:
    before, after = dict(named_fields(found.old.root)), dict(named_fields(found.new.root))
    for name, entry in after.items():
        page = page_of(entry, numbers)
        kind = inherited(entry, "/FT")
        if name not in before:
            _added_field(found, name, entry, kind, page)
            continue
        was = before[name]
        old_value, new_value = inherited(was, "/V"), inherited(entry, "/V")
        if kind == "/Sig":
            _compare_signature_field(found, name, was, entry, page)
        elif _text(old_value) != _text(new_value):
            fill = Fill(name=name, before=_text(old_value), after=_text(new_value))
            found.fills.append(fill)
            found.add(ChangeKind.FORM_FILL, _filling(fill), allowed=True, page=page)
        elif not _same_appearance(found, was, entry):
            found.add(
                ChangeKind.APPEARANCE,
                say("The picture of the field {name} was changed, its value was not.", name=name),
                allowed=False,
                page=page,
            )
    for name in before.keys() - after.keys():
        found.add(ChangeKind.STRUCTURE, say("The form field {name} was removed.", name=name), allowed=False)


def _added_field(found: _Comparison, name: str, entry: Any, kind: Any, page: int | None) -> None:
    if kind != "/Sig":
        found.add(
            ChangeKind.STRUCTURE, say("The form field {name} was added.", name=name), allowed=False, page=page
        )
    elif value(entry, "/V") is None:
        found.add(
            ChangeKind.STRUCTURE,
            say("An empty signature field {name} was added.", name=name),
            allowed=True,
            page=page,
        )
    else:
        _signed(found, name, entry, page)


def _signed(found: _Comparison, name: str, entry: Any, page: int | None) -> None:
    found.signed_fields.append(name)
    if str(value(entry["/V"], "/SubFilter")) == "/ETSI.RFC3161":
        found.add(ChangeKind.TIMESTAMP, say("A document time-stamp was added."), allowed=True)
    else:
        found.add(
            ChangeKind.SIGNATURE,
            say("A signature was added in the field {name}.", name=name),
            allowed=True,
            page=page,
        )


def _compare_signature_field(found: _Comparison, name: str, was: Any, entry: Any, page: int | None) -> None:
    if value(was, "/V") is None and value(entry, "/V") is not None:
        _signed(found, name, entry, page)
        return
    if value(was, "/V") is None:
        return
    if value(entry, "/V") is None:
        found.add(
            ChangeKind.SIGNATURE,
            say("The signature in the field {name} was removed.", name=name),
            allowed=False,
            page=page,
        )
    elif not is_same(was["/V"], entry["/V"]):
        found.add(
            ChangeKind.SIGNATURE,
            say("The signature in the field {name} was replaced.", name=name),
            allowed=False,
            page=page,
        )
    elif not _same_appearance(found, was, entry):
        found.add(
            ChangeKind.APPEARANCE,
            say("The picture of the signature in the field {name} was changed.", name=name),
            allowed=False,
            page=page,
        )


def _same_appearance(found: _Comparison, was: Any, entry: Any) -> bool:
    """Compare the normal appearances of a field and what they are drawn with."""
    before, after = value(was, "/AP"), value(entry, "/AP")
    if before is None or after is None:
        return before is after
    if not is_same(value(before, "/N"), value(after, "/N")):
        return False
    return not any(found.touches(reference) for reference in reached(raw(before, "/N")))


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


# --- the rest of the document -------------------------------------------------------------------------------


def _compare_document(found: _Comparison) -> None:
    old, new = found.old.root, found.new.root
    if _differs(found, old, new, "/DSS"):
        found.add(
            ChangeKind.VALIDATION_DATA,
            say("Validation data (certificates, revocation lists) was added."),
            allowed=True,
        )
    if _differs(found, old, new, "/Metadata"):
        found.add(ChangeKind.METADATA, say("The document's metadata was changed."), allowed=True)


def _compare_catalogue(found: _Comparison) -> None:
    """Name what a suspicious revision did to the catalogue."""
    old, new = found.old.root, found.new.root
    active = ("/OpenAction", "/AA", "/Names")
    for key in active:
        if _differs(found, old, new, key):
            found.add(
                ChangeKind.ACTIVE_CONTENT,
                say("Actions or scripts of the document were changed ({key}).", key=key),
                allowed=False,
            )
    known = {*active, "/DSS", "/Metadata", "/AcroForm", "/Pages", "/Extensions", "/Version", "/Perms"}
    for key in sorted({*old.keys(), *new.keys()} - known):
        if not is_same(raw(old, key), raw(new, key)):
            found.add(
                ChangeKind.STRUCTURE,
                say("The document's structure was changed ({key}).", key=key),
                allowed=False,
            )


def _compare_pages(found: _Comparison, numbers: dict[tuple[int, int], int]) -> None:
    """Name what a suspicious revision did to the pages."""
    before = {(ref.idnum, ref.generation): page for ref, page in pages(found.old.root)}
    after = {(ref.idnum, ref.generation): page for ref, page in pages(found.new.root)}
    for reference in after.keys() - before.keys():
        page_number = numbers.get(reference)
        found.add(ChangeKind.PAGE, say("Page {n} was added.", n=page_number), allowed=False, page=page_number)
    for number, reference in enumerate(before, 1):
        if reference not in after:
            found.add(ChangeKind.PAGE, say("Page {n} was removed.", n=number), allowed=False, page=number)
    common = [reference for reference in after if reference in before]
    if common != [reference for reference in before if reference in after]:
        found.add(ChangeKind.PAGE, say("The order of the pages was changed."), allowed=False)
    for reference in common:
        _compare_page(found, before[reference], after[reference], numbers[reference])


def _compare_page(found: _Comparison, was: Any, page: Any, number: int) -> None:
    old_content, new_content = content_references(was), content_references(page)
    kept = all(reference in new_content for reference in old_content)
    if any(found.touches(reference) for reference in old_content) or not kept:
        found.add(
            ChangeKind.CONTENT,
            say("The content of page {n} was changed.", n=number),
            allowed=False,
            page=number,
        )
    elif len(new_content) != len(old_content) or not is_same(raw(was, "/Contents"), raw(page, "/Contents")):
        found.drawn += 1
        found.add(
            ChangeKind.CONTENT, say("Something was drawn on page {n}.", n=number), allowed=False, page=number
        )
    fonts = [reference for reference in reached(inherited(was, "/Resources")) if found.touches(reference)]
    if fonts:
        found.add(
            ChangeKind.FONT,
            say("Fonts or pictures of page {n} were changed.", n=number),
            allowed=False,
            page=number,
        )
    if any(
        not is_same(inherited(was, key), inherited(page, key)) for key in ("/MediaBox", "/CropBox", "/Rotate")
    ):
        found.add(
            ChangeKind.PAGE,
            say("The size or turn of page {n} was changed.", n=number),
            allowed=False,
            page=number,
        )
    if not is_same(raw(was, "/AA"), raw(page, "/AA")):
        found.add(
            ChangeKind.ACTIVE_CONTENT,
            say("Actions of page {n} were changed.", n=number),
            allowed=False,
            page=number,
        )
    _compare_annotations(found, was, page, number)


def _compare_annotations(found: _Comparison, was: Any, page: Any, number: int) -> None:
    before, after = annotation_references(was), annotation_references(page)
    for reference in after:
        annotation = object_in(found.new, reference)
        if str(value(annotation, "/Subtype")) == "/Widget":
            continue
        if reference not in before:
            found.drawn += 1
            found.add(
                ChangeKind.ANNOTATION,
                say("A note or mark was added on page {n}.", n=number),
                allowed=False,
                page=number,
            )
        elif found.touches(reference):
            found.add(
                ChangeKind.ANNOTATION,
                say("A note or mark on page {n} was changed.", n=number),
                allowed=False,
                page=number,
            )
    for reference in before:
        if reference not in after:
            found.add(
                ChangeKind.ANNOTATION,
                say("A note or mark was removed from page {n}.", n=number),
                allowed=False,
                page=number,
            )


def _differs(found: _Comparison, old: Any, new: Any, key: str) -> bool:
    before, after = raw(old, key), raw(new, key)
    if not is_same(before, after):
        return True
    return any(found.touches(reference) for reference in reached(before)) if before is not None else False
