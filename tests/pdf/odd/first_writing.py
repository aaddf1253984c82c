"""Signed as they were first written, by programs that read the standard in a hurry: all of it is signed."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.pdf.attacks.second_signer import completed, signature
from tests.pdf.attacks.syntax import Name, Raw, Value, write_value
from tests.pdf.honest.make.by_hand import IDS, Objects
from tests.pdf.odd.table import odd
from tests.pdf.odd.writing import Writing, as_object, as_table, bare_gap, signable


def changed(number: int, old: bytes, new: bytes) -> bytes:
    """Sign a document one object of which has other bytes."""
    objects = signable()
    assert old in objects[number]
    objects[number] = objects[number].replace(old, new)
    return Writing(objects=objects).signed()


def rewritten(change: Callable[[Objects], None]) -> bytes:
    """Sign a document whose objects were changed."""
    objects = signable()
    change(objects)
    return Writing(objects=objects).signed()


# --- header and end -----------------------------------------------------------------------------------------


@odd("header")
def lines_before_the_header() -> bytes:
    """Line ends before %PDF-."""
    return Writing(header=b"\r\n\r\n%PDF-1.7\n").signed()


@odd("header")
def mail_header_before_the_header() -> bytes:
    """What a server sent with the file stands before it."""
    return Writing(header=b"HTTP/1.1 200 OK\r\nX-Tu: may chu\r\n\r\n%PDF-1.7\n").signed()


@odd("header")
def byte_order_mark_before_the_header() -> bytes:
    """A byte order mark, as text editors put it."""
    return Writing(header=b"\xef\xbb\xbf%PDF-1.7\n").signed()


@odd()
def program_named_in_the_header() -> bytes:
    """The header line goes on with the program's name."""
    return Writing(header=b"%PDF-1.7 Made by Mau\n").signed()


@odd("header")
def version_not_complete() -> bytes:
    """%PDF-1. without the digit."""
    return Writing(header=b"%PDF-1.\n").signed()


@odd()
def pdf_20() -> bytes:
    """%PDF-2.0."""
    return Writing(header=b"%PDF-2.0\n").signed()


@odd()
def nothing_after_the_end_mark() -> bytes:
    """No line end behind %%EOF."""
    return Writing(end=b"\nstartxref\n%d\n%%%%EOF").signed()


@odd()
def zeros_after_the_end_mark() -> bytes:
    """The file is filled up with zeros, within the signed bytes."""
    return Writing(end=b"\nstartxref\n%d\n%%%%EOF\n\0\0\0").signed()


@odd()
def zeros_after_the_signed_bytes() -> bytes:
    """A disk or a mail program fills the last block with zeros."""
    return Writing().signed() + bytes(100)


@odd()
def end_mark_twice() -> bytes:
    """%%EOF stands there twice."""
    return Writing(end=b"\nstartxref\n%d\n%%%%EOF\n%%%%EOF\n").signed()


@odd()
def end_mark_right_behind_the_number() -> bytes:
    """No line end between the number and %%EOF."""
    return Writing(end=b"\nstartxref\n%d%%%%EOF\n").signed()


@odd()
def carriage_returns_alone() -> bytes:
    """Every line ends with CR, but for a stream's."""

    def one(number: int, body: bytes) -> bytes:
        return as_object(number, body) if number == 6 else as_object(number, body).replace(b"\n", b"\r")

    return Writing(
        header=b"%PDF-1.4\r",
        one=one,
        table=lambda offsets: as_table(offsets).replace(b"\n", b"\r"),
        end=b"\rstartxref\r%d\r%%%%EOF\r",
    ).signed()  # fmt: skip


# --- table and trailer --------------------------------------------------------------------------------------


@odd()
def table_begins_at_one() -> bytes:
    """The table says 1 where it means 0: its first entry is the head of the free list."""
    return Writing(table=lambda offsets: as_table(offsets).replace(b"xref\n0 ", b"xref\n1 ")).signed()


@odd()
def table_without_the_free_list() -> bytes:
    """The table begins at 1, and means it."""

    def table(offsets: dict[int, int]) -> bytes:
        rows = [b"%010d 00000 n \n" % offsets[number] for number in sorted(offsets)]
        return b"xref\n1 %d\n" % len(rows) + b"".join(rows)

    return Writing(table=table).signed()


@odd()
def entries_of_nineteen_bytes() -> bytes:
    """The entries of the table end with one byte instead of two."""
    return Writing(table=lambda offsets: as_table(offsets).replace(b" \n", b"\n")).signed()


@odd()
def table_on_one_line() -> bytes:
    """The keyword xref and the subsection share a line."""
    return Writing(table=lambda offsets: as_table(offsets).replace(b"xref\n", b"xref ")).signed()


@odd()
def offsets_a_byte_early() -> bytes:
    """The offsets lead to the line end before each object."""
    return Writing(
        table=lambda offsets: as_table({number: place - 1 for number, place in offsets.items()})
    ).signed()


@odd("xref-generation")
def generations_of_the_table_wrong() -> bytes:
    """The table gives every object a generation of 1, and the objects say 0."""
    return Writing(table=lambda offsets: as_table(offsets).replace(b"00000 n", b"00001 n")).signed()


@odd()
def size_too_small() -> bytes:
    """The trailer says fewer objects than there are."""
    return Writing(size=4).signed()


@odd()
def size_too_large() -> bytes:
    """The trailer says more objects than there are."""
    return Writing(size=400).signed()


@odd("prev-loop")
def prev_leads_to_itself() -> bytes:
    """/Prev names the table that holds it."""
    entries = b"/Prev 00000/Root 1 0 R/Info 4 0 R" + IDS
    data = Writing(trailer=entries).unsigned()
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    return completed(data.replace(b"/Prev 00000", b"/Prev %05d" % start))


@odd()
def prev_is_zero() -> bytes:
    """/Prev 0 for none."""
    return Writing(trailer=b"/Prev 0/Root 1 0 R" + IDS).signed()


@odd()
def neither_information_nor_identifier() -> bytes:
    """A trailer of /Size and /Root."""
    return Writing(trailer=b"/Root 1 0 R").signed()


# --- objects ------------------------------------------------------------------------------------------------


@odd()
def endobj_missing_everywhere() -> bytes:
    """No object is closed; the next one begins."""
    return Writing(one=lambda number, body: b"%d 0 obj\n" % number + body + b"\n").signed()


@odd()
def everything_on_one_line() -> bytes:
    """No white space but where the values need it."""
    return Writing(one=lambda number, body: b"%d 0 obj" % number + body + b"endobj\n").signed()


@odd("unaccounted-bytes")
def words_between_objects() -> bytes:
    """A word stands between two objects."""
    return Writing(
        one=lambda number, body: as_object(number, body) + (b"xong\n" if number == 3 else b"")
    ).signed()


@odd("object-without-xref")
def object_no_table_names() -> bytes:
    """An object was written and forgotten."""
    extra = b"77 0 obj\n<<>>\nendobj\n"
    return Writing(
        one=lambda number, body: as_object(number, body) + (extra if number == 3 else b"")
    ).signed()


@odd()
def no_line_end_before_endstream() -> bytes:
    """The data of a stream is followed by endstream at once."""
    return changed(6, b"\nendstream", b"endstream")


@odd()
def stream_after_a_carriage_return() -> bytes:
    """The keyword stream is followed by CR alone."""
    return changed(6, b"stream\n", b"stream\r")


@odd("object-malformed")
def length_too_short() -> bytes:
    """A stream says fewer bytes than it has."""
    return rewritten(_length(-5))


@odd("object-malformed")
def length_too_long() -> bytes:
    """A stream says more bytes than it has."""
    return rewritten(_length(+50))


def _length(difference: int) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        objects[6] = re.sub(
            rb"/Length (\d+)", lambda match: b"/Length %d" % (int(match[1]) + difference), objects[6]
        )

    return change


@odd("duplicate-key")
def key_twice_with_one_value() -> bytes:
    """A dictionary says the same thing twice."""
    return changed(3, b"/Subtype/Type1", b"/Subtype/Type1/Subtype/Type1")


@odd()
def comment_in_an_object() -> bytes:
    """A comment within an object."""
    return changed(3, b"/Subtype", b"%chu thich\n/Subtype")


# --- pages --------------------------------------------------------------------------------------------------


@odd()
def types_missing() -> bytes:
    """Catalogue, page tree and page do not say what they are."""

    def change(objects: Objects) -> None:
        for number, kind in ((1, b"/Type/Catalog"), (2, b"/Type/Pages"), (5, b"/Type/Page")):
            objects[number] = objects[number].replace(kind, b"")

    return rewritten(change)


@odd("page-tree")
def type_of_the_page_misspelt() -> bytes:
    """/Type /page."""
    return changed(5, b"/Type/Page", b"/Type/page")


@odd("page-count")
def count_of_the_pages_wrong() -> bytes:
    """The page tree says more pages than it has."""
    return changed(2, b"/Count 1", b"/Count 3")


@odd()
def kid_missing() -> bytes:
    """The page tree lists an object that is not there."""
    return changed(2, b"5 0 R", b"5 0 R 99 0 R")


@odd("page-parent")
def parent_missing() -> bytes:
    """A page does not name its parent."""
    return changed(5, b"/Parent 2 0 R", b"")


# --- form and signature -------------------------------------------------------------------------------------


@odd()
def flags_of_the_form_missing() -> bytes:
    """No /SigFlags."""
    return changed(1, b"/SigFlags 3", b"")


@odd("signature-unlisted")
def fields_of_the_form_missing() -> bytes:
    """The form has no /Fields; the field stands on the page alone."""
    return changed(1, b"/Fields[7 0 R]", b"")


@odd("signature-unlisted")
def fields_of_the_form_empty() -> bytes:
    """The form's /Fields is empty; the field stands on the page alone."""
    return changed(1, b"/Fields[7 0 R]", b"/Fields[]")


@odd()
def field_without_a_page() -> bytes:
    """No page lists the field's widget."""
    return changed(5, b"/Annots[7 0 R]", b"")


@odd()
def field_and_widget_apart() -> bytes:
    """The field is one object, its widget another."""

    def change(objects: Objects) -> None:
        objects[7] = b"<</FT/Sig/T(KyTay)/V 8 0 R/Kids[9 0 R]>>"
        objects[9] = b"<</Type/Annot/Subtype/Widget/Rect[0 0 0 0]/F 132/P 5 0 R/Parent 7 0 R>>"
        objects[5] = objects[5].replace(b"7 0 R", b"9 0 R")

    return rewritten(change)


@odd()
def field_below_others() -> bytes:
    """The field hangs below a node, as in forms of XFA."""

    def change(objects: Objects) -> None:
        objects[7] = b"<</T(form1[0])/FT/Sig/Kids[9 0 R]>>"
        objects[9] = (
            b"<</T(trang[0])/V 8 0 R/Type/Annot/Subtype/Widget/Rect[0 0 0 0]/F 132/P 5 0 R/Parent 7 0 R>>"
        )
        objects[5] = objects[5].replace(b"7 0 R", b"9 0 R")

    return rewritten(change)


@odd()
def value_within_its_field() -> bytes:
    """The signature is no object of its own."""

    def change(objects: Objects) -> None:
        objects[7] = objects[7].replace(b"8 0 R", objects.pop(8))

    return rewritten(change)


@odd()
def range_in_an_object_of_its_own() -> bytes:
    """/ByteRange is a reference."""

    def change(objects: Objects) -> None:
        objects[8] = write_value(signature(ByteRange=Raw(b"9 0 R")))
        objects[9] = b"[0 " + b"#" * 32 + b"]"

    return rewritten(change)


@odd()
def brackets_signed_too() -> bytes:
    """The gap is the hex digits alone: the angle brackets around them are signed."""
    return bare_gap(Writing().unsigned())


def _with_signature(**entries: Value) -> bytes:
    return rewritten(lambda objects: objects.update({8: write_value(_without_none(signature(**entries)))}))


def _without_none(entries: dict[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in entries.items() if value is not None}


@odd()
def signature_without_type_and_time() -> bytes:
    """Neither /Type nor /M."""
    return _with_signature(Type=None, M=None)


@odd()
def time_in_other_words() -> bytes:
    """/M is no date of PDF."""
    return _with_signature(M=b"23/11/2026")


@odd()
def filter_of_a_vendor() -> bytes:
    """/Filter names a plug-in of a vendor."""
    return _with_signature(Filter=Name("Mau.KySo"))
