"""Says which version of an object each revision holds (ISO 32000-2 7.5.4, 7.5.6, 7.5.8.4).

Every object number has its list of ``(revision, entry)``, oldest first, with a new item only where a
revision really changes it. A document "as of revision i" is then a search in that short list, however many
revisions there are.

What is noticed here: numbers with two entries in one section, entries that lead into the bytes of an older
revision (re-enabling what was there) or past their own, revisions that only free, packed objects whose
object stream a later revision replaces, hybrid sections that show two documents, trailers that disagree.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import field

from docsign.pdf.reading.remarks import Remarks, leftover
from docsign.pdf.reading.revisions import Revision
from docsign.pdf.reading.sections import FREE, IN_USE, PACKED, Entry, Section
from docsign.pdf.reading.values import Reference, Value, same_value
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Severity


@dataclass(slots=True, eq=False)
class History:
    """``versions[number]`` lists ``(revision, entry)``; ``disputed`` are hybrid entries yet to be compared.

    A disputed item is ``(number, revision, entry of the table alone, entry with /XRefStm)``.
    """

    versions: dict[int, list[tuple[int, Entry]]] = field(default_factory=dict)
    packed: dict[int, list[int]] = field(default_factory=dict)
    disputed: list[tuple[int, int, Entry, Entry]] = field(default_factory=list)

    def version(self, number: int, revision: int) -> tuple[int, Entry] | None:
        """Return the version of ``number`` as of ``revision``, with the revision that brought it."""
        versions = self.versions.get(number)
        if versions is None:
            return None
        newest = versions[-1]
        if newest[0] <= revision:
            return newest
        place = bisect_left(versions, (revision + 1,))
        return versions[place - 1] if place else None

    def held(self, number: int, entry: Entry) -> bool:
        """Say whether a revision read so far brought this very version of ``number``."""
        return any(entry == known for _, known in self.versions.get(number, ()))


def build_history(revisions: list[Revision], remarks: Remarks, size: int) -> History:
    """Merge the sections of all revisions, and fill in ``changed`` and ``freed`` of each.

    ``size`` is the length of the file.
    """
    history = History()
    table_only: dict[int, Entry] | None = {} if any(_hybrids(one) for one in revisions) else None
    for revision in revisions:
        _check_trailers(revision, revisions, remarks)
        entries: dict[int, Entry] = {}
        for section in reversed(revision.sections):
            _remark_repeated(section, revision, remarks)
            entries.update(_effective(section, revision, table_only, history, remarks))
        before = revisions[revision.index - 1].eof if revision.index else 0
        _apply(revision, entries, history, remarks, size, before)
    return history


def _hybrids(revision: Revision) -> list[Section]:
    return [section.hybrid for section in revision.sections if section.hybrid is not None]


def _effective(
    section: Section,
    revision: Revision,
    table_only: dict[int, Entry] | None,
    history: History,
    remarks: Remarks,
) -> dict[int, Entry]:
    """Return what a section says with its /XRefStm: used entries of the table, the stream's, free ones.

    ``table_only`` follows what a reader sees that knows no cross-reference streams (7.5.8.4).
    """
    if table_only is not None:
        table_only.update(section.entries)
    if section.hybrid is None or table_only is None:
        return section.entries
    _remark_repeated(section.hybrid, revision, remarks)
    entries = {**section.entries}
    named_again = section.hybrid.start < revision.start
    for number, entry in section.hybrid.entries.items():
        here = section.entries.get(number)
        if here is not None and here[0] != FREE:
            # the table is asked first (7.5.8.4); an older stream, named again, says what was so before
            if entry[0] != FREE and entry != here and not (named_again and history.held(number, entry)):
                history.disputed.append((number, revision.index, here, entry))
            continue
        plain = table_only.get(number)
        if plain is not None and plain[0] != FREE and plain != entry:
            history.disputed.append((number, revision.index, plain, entry))
        entries[number] = entry
    return entries


def _apply(
    revision: Revision, entries: dict[int, Entry], history: History, remarks: Remarks, size: int, start: int
) -> None:
    """Add the entries of one revision to the history; entries repeated unchanged leave no trace.

    ``start`` is the end of the revision before: some count an object from the white space in front of it.
    """
    versions = history.versions
    index = revision.index
    changed: list[int] = []
    freed: list[int] = []
    own_streams: list[tuple[int, int]] = []
    for number, entry in entries.items():
        kind = entry[0]
        listed = versions.get(number)
        if listed is None:
            if kind == FREE:
                continue
            versions[number] = [(index, entry)]
        else:
            before = listed[-1][1]
            if before == entry or before[0] == FREE == kind:
                continue
            listed.append((index, entry))
        if kind == FREE:
            freed.append(number)
            continue
        changed.append(number)
        if kind == PACKED:
            own_streams.append((number, entry[1]))
        elif not start <= entry[1] < revision.end:
            _remark_misplaced(number, entry, revision, remarks, size)
    for number, stream in own_streams:
        found = history.version(stream, index)
        if found is None or found[0] != index or found[1][0] != IN_USE:
            _remark_misplaced(number, None, revision, remarks, size)
    if index:
        _remark_replaced_streams(changed + freed, history, revision, remarks)
    for number, stream in own_streams:
        history.packed.setdefault(stream, []).append(number)
    revision.changed, revision.freed = tuple(changed), tuple(freed)
    own = {section.number for section in [*revision.sections, *_hybrids(revision)]}
    if freed and own.issuperset(changed):
        remarks.add(
            "revision-only-frees",
            say("A revision only removes objects and writes none."),
            where=revision.where,
            offset=revision.start,
            revision=index,
        )


def _remark_misplaced(
    number: int, entry: Entry | None, revision: Revision, remarks: Remarks, size: int
) -> None:
    """Remark an entry that leads out of its revision; past the end of the file there is nothing to show."""
    later = entry is not None and entry[1] >= revision.end
    severity = leftover(revision.index) if entry is not None and entry[1] >= size else Severity.ERROR
    remarks.add(
        "entry-past-revision" if later else "entry-into-older-revision",
        say("The cross-reference of a revision leads to bytes that do not belong to it."),
        severity=severity,
        where=f"object {number}",
        offset=revision.sections[0].start,
        revision=revision.index,
    )


def _remark_repeated(section: Section, revision: Revision, remarks: Remarks) -> None:
    for number in section.repeated:
        remarks.add(
            "entry-twice",
            say("A cross-reference section names two places for one object."),
            where=f"object {number}",
            offset=section.start,
            revision=revision.index,
        )


def _remark_replaced_streams(
    touched: list[int], history: History, revision: Revision, remarks: Remarks
) -> None:
    """Notice object streams that are replaced while objects in them stay: readers differ on those."""
    for stream in touched:
        for number in history.packed.pop(stream, ()):
            found = history.version(number, revision.index)
            if found is not None and found[0] < revision.index and found[1][:2] == (PACKED, stream):
                remarks.add(
                    "object-stream-replaced",
                    say("A later revision replaces an object stream whose objects are still in use."),
                    where=f"object {stream}",
                    offset=revision.start,
                    revision=revision.index,
                )
                break


def _check_trailers(revision: Revision, revisions: list[Revision], remarks: Remarks) -> None:
    """Notice trailers of one revision that name two catalogs, and encryption that comes or goes."""
    sections = [*revision.sections, *_hybrids(revision)]
    for key in ("Root", "Encrypt"):
        values = [section.trailer.get(key) for section in sections]
        if any(_differ(value, values[0]) for value in values if value is not None):
            remarks.add(
                "trailers-disagree",
                say("The trailers of one revision disagree."),
                where=f"trailer /{key}",
                offset=revision.sections[0].start,
                revision=revision.index,
            )
    if revision.index:
        before = revisions[revision.index - 1].trailer.get("Encrypt")
        if _differ(before, revision.trailer.get("Encrypt")):
            remarks.add(
                "encryption-changed",
                say("A later revision changes how the file is encrypted."),
                where="trailer /Encrypt",
                offset=revision.sections[0].start,
                revision=revision.index,
            )
    size = revision.trailer.get("Size")
    largest = max((max(section.entries, default=0) for section in sections), default=0)
    if type(size) is not int or largest >= size:
        remarks.add(
            "trailer-size",
            say("The trailer's number of objects is too small."),
            severity=leftover(revision.index),
            where="trailer /Size",
            offset=revision.sections[0].start,
            revision=revision.index,
        )


def _differ(one: Value, other: Value) -> bool:
    if isinstance(one, Reference) or isinstance(other, Reference):
        return one != other
    return not same_value(one, other)
