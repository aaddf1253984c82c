"""Incremental saving: an update after the signed bytes, in every form that a reader might follow.

Among them what must be caught whoever follows it: bytes that belong to nothing, tables that mislead.
"""

from __future__ import annotations

import re

from docsign.verdict import ChangeKind
from tests.pdf.attacks.revision import Pdf, Revision, stream
from tests.pdf.attacks.syntax import Name, Ref, Stream, Value
from tests.pdf.attacks.table import ATTACKS, FAILED, failed
from tests.pdf.attacks.universal import last_signature

ROW = "incremental saving (ISA)"
BYTES = "byte accounting (§7)"
FORGED = b"BT /F1 30 Tf 1 0 0 1 72 500 Tm (DA SUA) Tj ET q 1 0 0 rg 72 400 200 60 re f Q"


def content_of(revision: Revision, page: int = 1) -> Ref:
    """Return the first content stream of a page."""
    content = revision.get(revision.old.pages()[page - 1])["Contents"]
    listed = content if isinstance(content, list) else revision.get(content)
    found = listed[0] if isinstance(listed, list) else content
    assert isinstance(found, Ref)
    return found


def rewritten(pdf: bytes) -> Revision:
    """Return a revision that draws something else on page 1."""
    revision = Revision(pdf)
    revision.put(content_of(revision), stream(FORGED))
    return revision


@ATTACKS.enter(
    ROW,
    failed(ChangeKind.CONTENT, page=1),
    on=("typst", "pdftex", "openpdf", "pdfbox", "itext", "word", "twice"),
)
def whole_update(pdf: bytes) -> bytes:
    """A complete revision with another content of page 1 (ISA 1)."""
    return rewritten(pdf).appended()


@ATTACKS.enter(ROW, FAILED)
def body_alone(pdf: bytes) -> bytes:
    """Objects without any cross-reference: readers that rebuild the table find them (ISA 2)."""
    bodies, _ = rewritten(pdf).bodies(len(pdf))
    return pdf + bodies


@ATTACKS.enter(ROW, FAILED)
def body_and_trailer(pdf: bytes) -> bytes:
    """Objects and a trailer, no table (ISA 2)."""
    bodies, _ = rewritten(pdf).bodies(len(pdf))
    root = Pdf(pdf).root
    return (
        pdf
        + bodies
        + b"trailer\n<</Root %d 0 R/Size 999>>\nstartxref\n%d\n%%%%EOF\n" % (root.number, len(pdf))
    )


@ATTACKS.enter(ROW, FAILED)
def table_without_trailer(pdf: bytes) -> bytes:
    """Objects and a table, neither trailer nor startxref (ISA 3)."""
    revision = rewritten(pdf)
    bodies, offsets = revision.bodies(len(pdf))
    table = revision.table(len(pdf) + len(bodies), {number: (at, 0) for number, at in offsets.items()})
    return pdf + bodies + table[: table.index(b"trailer")]


@ATTACKS.enter(ROW, FAILED)
def copied_signature(pdf: bytes) -> bytes:
    """The update brings a copy of the signature object, so that it seems the newest thing (ISA 4)."""
    revision = rewritten(pdf)
    for field in revision.old.signatures().values():
        value = revision.get(field)["V"]
        revision.put(value, revision.get(value))
    return revision.appended()


@ATTACKS.enter(ROW, FAILED)
def signature_copied_to_a_new_object(pdf: bytes) -> bytes:
    """The field points at the copy of its signature under a new number."""
    revision = rewritten(pdf)
    for field in revision.old.signatures().values():
        revision.change(field, V=revision.add(revision.get(revision.get(field)["V"])))
    return revision.appended()


@ATTACKS.enter(ROW, FAILED, variants={"line": (b"%\n",), "end-mark": (b"%%EOF\n",), "old-end": (None,)})
def closed_by_a_comment(pdf: bytes, end: bytes | None) -> bytes:
    """Objects behind the end, closed by a comment or by the old end written again (ISA 3)."""
    bodies, _ = rewritten(pdf).bodies(len(pdf))
    return pdf + bodies + (end if end is not None else b"startxref\n%d\n%%%%EOF\n" % Pdf(pdf).startxref)


@ATTACKS.enter(ROW, FAILED)
def older_update_restored(pdf: bytes) -> bytes:
    """startxref, written again, leads back before the signature: nothing seems signed."""
    previous = Pdf(pdf).sections[1]
    return pdf + b"startxref\n%d\n%%%%EOF\n" % previous


# --- bytes that belong to nothing, tables that mislead ------------------------------------------------------


@ATTACKS.enter(
    BYTES,
    FAILED,
    variants={
        "letter": (b"x",),
        "comment": (b"% ghi chu\n",),
        "bare-comment": (b"%",),
        "end-mark": (b"%%EOF\n",),
        "object": (b"9001 0 obj\n<<>>\nendobj\n",),
        "html": (b"\n<script>alert(1)</script>",),
    },
)
def bytes_after_the_end(pdf: bytes, tail: bytes) -> bytes:
    """Something after the end mark."""
    return pdf + tail


def filled(pdf: bytes) -> tuple[Revision, bytes]:
    """Return a harmless revision (new information) and the bytes before its objects."""
    revision = Revision(pdf, form="table")
    revision.trailer["Info"] = revision.add({"Title": b"Bao cao"})
    return revision, pdf + (b"" if pdf.endswith((b"\n", b"\r")) else b"\n")


def closed(
    revision: Revision, data: bytes, before: bytes = b"", between: bytes = b"", after: bytes = b""
) -> bytes:
    """Append the revision with other bytes before its objects, after them, and after its table's trailer."""
    data += before
    bodies, offsets = revision.bodies(len(data))
    data += bodies + between
    table = revision.table(len(data), {number: (at, 0) for number, at in offsets.items()})
    place = table.index(b"startxref")
    return data + table[:place] + after + table[place:]


@ATTACKS.enter(
    BYTES, FAILED, on=("typst", "openpdf", "itext"), variants={"before": (0,), "between": (1,), "after": (2,)}
)
def object_no_table_names(pdf: bytes, place: int) -> bytes:
    """In a later revision, an object that its table does not name."""
    revision, data = filled(pdf)
    hidden = [b"", b"", b""]
    hidden[place] = b"9001 0 obj\n<</Hidden true>>\nendobj\n"
    return closed(revision, data, *hidden)


@ATTACKS.enter(BYTES, FAILED, on=("typst", "openpdf", "itext"))
def comment_inside_an_object(pdf: bytes) -> bytes:
    """In a later revision, a comment among the entries of an object: a place for hiding."""
    revision, data = filled(pdf)
    done = closed(revision, data)
    place = done.rindex(b"<</Title ")
    longer = done[: place + 2] + b"% an %\n" + done[place + 2 :]
    start = int(done.rsplit(b"startxref", 1)[1].split()[0])
    return longer.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + 7))


@ATTACKS.enter(BYTES, FAILED)
def unused_object_added(pdf: bytes) -> bytes:
    """A later revision with an object that nothing uses."""
    revision = Revision(pdf)
    revision.add({"Type": b"an"})
    return revision.appended()


_PICTURE = Stream({"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, 9, 9]}, FORGED)


@ATTACKS.enter(BYTES, FAILED, variants={
    "bare-stream": ([Stream({}, FORGED)],),
    "widget-with-picture": ([{"Subtype": Name("Widget"), "AP": {"N": Ref(1)}}],),
    "font-of-its-own": ([{"Type": Name("Font"), "Subtype": Name("Type3"), "BaseFont": Name("Helvetica")}],),
    "other-catalogue": ([Stream({"Type": Name("XRef"), "W": [1, 2, 1], "Root": Ref(2)}, bytes(36))],),
    "picture-in-a-store": ([{"Type": Name("DSS"), "OCSPs": [Ref(0)]}, _PICTURE],),
    "page-in-a-store": ([{"Type": Name("DSS"), "VRI": Ref(0)}, {"Type": Name("Page")}],),
    "information-with-more": ([{"Title": b"an", "Kids": []}],),
})  # fmt: skip
def something_left_behind(pdf: bytes, values: list[Value]) -> bytes:
    """What looks like what honest programs leave behind, and could be shown by a later revision."""
    revision = Revision(pdf)
    last = revision.add(values[-1])
    for value in values[:-1]:
        revision.add({key: _aimed(one, last) for key, one in value.items()})
    return revision.appended()


def _aimed(value: Value, target: Ref) -> Value:
    """Return the value, or the list of it, with the reference in it led to ``target``."""
    return [target] if value == [Ref(0)] else target if value == Ref(0) else value


@ATTACKS.enter(BYTES, FAILED)
def object_only_freed(pdf: bytes) -> bytes:
    """A later revision that only frees the first page's content."""
    revision = Revision(pdf)
    revision.free(content_of(revision))
    return revision.appended()


@ATTACKS.enter(BYTES, FAILED, on=("typst", "openpdf", "itext", "word"))
def entry_at_another_object(pdf: bytes) -> bytes:
    """A later revision without objects: its table places page 1's content at another stream's bytes."""
    revision = Revision(pdf, form="table")
    wanted = content_of(revision)
    streams = [
        (number, place)
        for number, place in revision.old.places.items()
        if place
        and len(place) == 2
        and number != wanted.number
        and isinstance(revision.old.at(place[0]), Stream)
    ]
    return pdf + b"\n" + revision.table(len(pdf) + 1, {wanted.number: (streams[0][1][0], 0)})


@ATTACKS.enter(BYTES, FAILED, on=("typst", "openpdf"))
def entry_at_an_older_state(pdf: bytes) -> bytes:
    """A later revision whose table leads back to the catalogue of before the signature."""
    revision = Revision(pdf, form="table")
    root = revision.old.root
    first = re.search(rb"(?:^|[\r\n])%d 0 obj" % root.number, pdf)
    assert first
    offset = pdf.index(b"%d 0 obj" % root.number, first.start())
    assert (offset, 0) != revision.old.places[root.number]
    return pdf + b"\n" + revision.table(len(pdf) + 1, {root.number: (offset, 0)})


@ATTACKS.enter(BYTES, FAILED, on=("typst", "openpdf"))
def object_inside_a_string(pdf: bytes) -> bytes:
    """A later revision's object lies inside a string of another of its objects: both views are whole."""
    inner = b"%d 0 obj\n<</Length 5>>\nstream\n0 0 m\nendstream\nendobj"
    revision, data = filled(pdf)
    wanted = content_of(revision)
    revision.trailer["Info"] = revision.add({"Title": inner % wanted.number})
    bodies, offsets = revision.bodies(len(data))
    data += bodies
    used = {number: (at, 0) for number, at in offsets.items()}
    used[wanted.number] = (data.rindex(inner % wanted.number), 0)
    return data + revision.table(len(data), used)


@ATTACKS.enter(BYTES, FAILED, on=("typst", "openpdf"))
def many_overlapping_objects(pdf: bytes) -> bytes:
    """A later revision with 20 000 objects, each beginning inside the one before."""
    revision = Revision(pdf, form="table")
    data = pdf + b"\n"
    heads, offsets = bytearray(), {}
    for number in range(revision.next, revision.next + 20_000):
        offsets[number] = (len(data) + len(heads), 0)
        heads += b"%d 0 obj [" % number
    revision.next += 20_000
    data += bytes(heads) + b"]" * 20_000 + b" endobj\n"
    return data + revision.table(len(data), offsets)


@ATTACKS.enter(BYTES, FAILED, on=("typst", "pdfbox"))
def signed_part_cut(pdf: bytes) -> bytes:
    """The file ends inside the bytes the signature covers."""
    _, end = last_signature(pdf)
    return pdf[: end + 20]
