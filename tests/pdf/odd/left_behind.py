"""What programs of many years leave lying in the revisions they write: nothing that a reader shows."""

from __future__ import annotations

from collections.abc import Callable

from tests.pdf.attacks.revision import Revision, form, stream
from tests.pdf.attacks.second_signer import add_field, completed, sign, signature
from tests.pdf.attacks.syntax import Name, Ref, Value
from tests.pdf.honest.make.by_hand import Objects, plain, small_document, word_hybrid
from tests.pdf.odd.table import odd
from tests.pdf.odd.writing import Writing, signable, with_fields

SIGNED_AGAIN = "KyThem"


def _left(add: Callable[[Revision], object]) -> bytes:
    """Return a signed file, signed again in a revision that leaves something behind."""
    revision = Revision(Writing().signed())
    add(revision)
    return sign(revision, name=SIGNED_AGAIN)


@odd()
def information_that_no_trailer_names() -> bytes:
    """The signing program writes information of its own, and keeps the old one in the trailer."""
    return _left(lambda one: one.add({"Producer": b"May ky", "ModDate": b"D:20261123080000Z"}))


@odd()
def beginning_of_a_font() -> bytes:
    """A dictionary that says it is a font, and nothing more (iText)."""
    return _left(lambda one: one.add({"Type": Name("Font")}))


@odd()
def place_without_a_picture() -> bytes:
    """The widget of a field that was thought better of (iText)."""
    place: dict[str, Value] = {"Subtype": Name("Widget"), "Rect": [0, 0, 0, 0], "F": 132}
    return _left(lambda one: one.add(place))


@odd()
def cross_reference_stream_beside_the_table() -> bytes:
    """PDFBox, told to write a table, leaves a cross-reference stream that nothing names."""

    def add(revision: Revision) -> None:
        entries: dict[str, Value] = {
            "Type": Name("XRef"),
            "Size": 9,
            "W": [1, 2, 1],
            "Root": revision.old.root,
        }
        revision.add(stream(bytes(36), **entries))

    return _left(add)


@odd()
def bare_copy_of_a_picture() -> bytes:
    """IText fills a field and keeps a copy of the picture's content, without a word about what it is."""
    revision = Revision(Writing(objects=with_fields()).signed())
    drawing = b"/Tx BMC q BT /Helv 11 Tf 0 g 2 5 Td (moi) Tj ET Q EMC"
    revision.add(stream(drawing))
    revision.change(Ref(10), V=b"moi", AP={"N": revision.add(form(drawing, (0, 0, 200, 20)))})
    return revision.appended()


@odd()
def store_of_validation_data_left_behind() -> bytes:
    """A program writes a DSS twice and names the second alone."""

    def add(revision: Revision) -> None:
        answers = revision.add([revision.add(stream(b"0\0"))])
        entry = revision.add({"Type": Name("VRI"), "OCSP": answers})
        revision.add({"Type": Name("DSS"), "OCSPs": answers, "VRI": {"0" * 40: entry}})

    return _left(add)


@odd()
def list_of_validation_data_left_behind() -> bytes:
    """The list of a DSS, written again and not named."""
    return _left(lambda one: one.add([one.add(stream(b"0\0")), one.add(stream(b"1\0"))]))


@odd()
def text_document_named_and_lost() -> bytes:
    """LibreOffice keeps the text behind the pages; a signing program goes on naming a number for it."""
    named = Name("application#2Fvnd.oasis.opendocument.text")
    revision = Revision(Writing().signed())
    revision.trailer["AdditionalStreams"] = [named, Ref(99)]
    return sign(revision, name=SIGNED_AGAIN)


# --- the form's resources ----------------------------------------------------------------------------------


@odd()
def newest_picture_in_the_form() -> bytes:
    """PDFBox keeps the picture of its newest signature under one name of /DR, where no field looks for it."""
    objects = with_fields()
    objects[1] = objects[1].replace(b"/DR<<", b"/DR<</XObject<</n0 12 0 R>>/ProcSet[/PDF]")
    revision = Revision(Writing(objects=objects).signed())
    entries = revision.get(revision.old.root)["AcroForm"]
    entries["DR"] |= {"XObject": {"n0": revision.add(form(b""))}, "ProcSet": [Name("PDF"), Name("Text")]}
    revision.change(revision.old.root, AcroForm=entries)
    return sign(revision, name=SIGNED_AGAIN)


# --- usage rights ------------------------------------------------------------------------------------------


def _with_usage_rights() -> Objects:
    """Return a document whose catalogue holds a usage-rights signature itself, not by a reference."""
    objects = signable()
    rights = b"<</Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange[0 9 20 9]/Contents<%s>>>"
    objects[1] = objects[1][:-2] + b"/Perms<</UR3 " + rights % (b"30" * 40) + b">>>>"
    return objects


@odd("usage-rights")
def usage_rights_in_the_catalogue() -> bytes:
    """Such a signature is named for what it is, and does not count."""
    return Writing(objects=_with_usage_rights()).signed()


# --- where a revision begins and ends ----------------------------------------------------------------------


@odd()
def counted_from_the_line_end_before() -> bytes:
    """An object of a later revision is said to begin at the line end in front of it."""
    data = Writing().signed()
    revision = Revision(data.rstrip(b"\n"))
    revision.change(Ref(4), ModDate=b"D:20261123080000Z")
    changed = revision.appended()
    begin = len(data.rstrip(b"\n"))
    return changed.replace(b"%010d 00000 n" % (begin + 1), b"%010d 00000 n" % begin)


@odd("revision-unfinished")
def first_writing_without_an_end() -> bytes:
    """The first writing stops after its trailer; all of it was signed with what came after."""
    data = plain(small_document())
    start = data.rindex(b"startxref")
    whole = Revision(data).appended()
    return sign(Revision(whole[:start] + b" " * (len(data) - start) + whole[len(data) :]))


@odd()
def words_stream_named_again() -> bytes:
    """A signing program keeps /XRefStm of Word's file in its own trailer, though its table says more."""
    revision = Revision(word_hybrid(structure_hidden=True), "table")
    at = revision.old.data.rindex(b"/XRefStm ") + len(b"/XRefStm ")
    revision.trailer["XRefStm"] = int(revision.old.data[at:].split(b">>")[0])
    return sign(revision)


@odd()
def place_written_twice() -> bytes:
    """IText 7 writes the widget of a new signature twice: alone, and with its field."""
    revision = Revision(Writing().signed())
    picture = revision.add(form(b"q 1 0 0 RG 1 1 148 48 re S Q", (0, 0, 150, 50)))
    place: dict[str, Value] = {
        "Subtype": Name("Widget"),
        "Rect": [300, 100, 450, 150],
        "F": 132,
        "H": Name("N"),
    }
    revision.add(place | {"AP": {"N": picture}})
    widget = add_field(revision, SIGNED_AGAIN, (300, 100, 450, 150), None, 1, revision.add(signature()))
    revision.change(widget, AP={"N": picture})
    return completed(revision.appended())


# --- tagging -----------------------------------------------------------------------------------------------


@odd()
def parents_of_a_page_written_anew() -> bytes:
    """IText 7, adding to the tags, writes the list of a page's elements as a new object."""
    objects = signable()
    objects[1] = objects[1][:-2] + b"/MarkInfo<</Marked true>>/StructTreeRoot 9 0 R>>"
    objects[5] = objects[5][:-2] + b"/StructParents 0>>"
    objects[9] = b"<</Type/StructTreeRoot/K[10 0 R]/ParentTree 12 0 R/ParentTreeNextKey 1>>"
    objects[10] = b"<</Type/StructElem/S/Document/P 9 0 R/K[11 0 R]>>"
    objects[11] = b"<</Type/StructElem/S/P/P 10 0 R/Pg 5 0 R/K 0>>"
    objects[12] = b"<</Nums[0 13 0 R]>>"
    objects[13] = b"[11 0 R]"
    revision = Revision(Writing(objects=objects).signed())
    widget = add_field(revision, SIGNED_AGAIN, (0, 0, 0, 0), None, 1, revision.add(signature()))
    told = revision.add(
        {"S": Name("Form"), "P": Ref(10), "Pg": Ref(5), "K": {"Type": Name("OBJR"), "Obj": widget}}
    )
    revision.change(widget, StructParent=1)
    revision.change(Ref(10), K=[Ref(11), told])
    numbers = revision.add({"Nums": [0, revision.add([Ref(11)]), 1, told]})
    revision.change(Ref(9), ParentTree=numbers, ParentTreeNextKey=2)
    return completed(revision.appended())
