"""Two views in one file: what one reader shows is not what another shows."""

from __future__ import annotations

from collections.abc import Callable

from tests.pdf.attacks.incremental import FORGED, rewritten
from tests.pdf.attacks.prepared import FALSE_TEXT, TRUE_TEXT, signed
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.revision import stream as new_stream
from tests.pdf.attacks.second_signer import completed, sign, signature
from tests.pdf.attacks.syntax import Raw, Ref, write_value
from tests.pdf.attacks.table import ATTACKS, BROKEN, FAILED, LEGAL, PASSED
from tests.pdf.honest.make.by_hand import FREE, IDS, File, Objects, plain, small_document, stream, word_hybrid
from tests.pdf.odd.hybrid_writing import signed_in_hybrid_form

HYBRID = "hybrid cross-reference"
DIFFERENTIAL = "parser differential"

# --- hybrid cross-reference ---------------------------------------------------------------------------------


def word_like() -> bytes:
    """Sign Word's hybrid form with its structure in an object stream."""
    return sign(Revision(word_hybrid(structure_hidden=True)))


def hybrid(table_text: bytes, stream_text: bytes) -> bytes:
    """Write a hybrid file whose table and cross-reference stream place the content of page 1, and sign it."""
    file = File()
    file.begin()
    objects = small_document()
    file.add(objects | {6: stream(stream_text)})
    elsewhere = dict(file.offsets)
    file.add({6: stream(table_text)})
    last = 7
    file.offsets[last] = (len(file.data), 0)
    elsewhere[last] = file.offsets[last]
    rows = bytes([0, 0, 0, 0, 0, 255, 255]) + b"".join(
        bytes([1]) + elsewhere[number][0].to_bytes(4, "big") + bytes(2) for number in range(1, last + 1)
    )
    entries = b"/Size 8/Root 1 0 R/Info 4 0 R" + IDS
    at = len(file.data)
    file.add({last: stream(rows, b"/Type/XRef/W[1 4 2]" + entries)})
    file.whole_table()
    file.end(entries + b"/XRefStm %d" % at)
    return sign(Revision(bytes(file.data)))


@LEGAL.enter_made(HYBRID, PASSED)
def hybrid_shows_one_document() -> bytes:
    """What the table calls free and /XRefStm places is the structure tree alone: one document."""
    return word_like()


@ATTACKS.enter_made(HYBRID, FAILED)
def hybrid_shows_two_documents() -> bytes:
    """The table places page 1's content here, /XRefStm there: readers see different pages."""
    return hybrid(TRUE_TEXT, FALSE_TEXT)


@ATTACKS.enter(HYBRID, FAILED, on=("typst", "openpdf", "word", "itext"))
def hybrid_appended(pdf: bytes) -> bytes:
    """A later revision whose table is empty and whose /XRefStm places a forged content of page 1."""
    revision = rewritten(pdf)
    data = pdf if pdf.endswith((b"\n", b"\r")) else pdf + b"\n"
    bodies, offsets = revision.bodies(len(data))
    data += bodies
    at = len(data)
    packed = revision.xref_stream(at, {number: (place, 0) for number, place in offsets.items()})
    data += packed[: packed.index(b"startxref")]
    revision.trailer["XRefStm"] = at
    revision.next += 1
    return data + revision.table(len(data), {})


@ATTACKS.enter(HYBRID, FAILED, on=("typst", "openpdf", "word", "itext"))
def hybrid_made_ready(pdf: bytes) -> bytes:
    """One revision leaves a cross-reference stream with a forged page 1, the next one's /XRefStm names it.

    The second table repeats the true entry: readers that ask the stream last show the forgery.
    """
    revision = rewritten(pdf)
    (number,) = revision.changed
    true = revision.old.places[number]
    data = pdf if pdf.endswith((b"\n", b"\r")) else pdf + b"\n"
    forged, offsets = revision.bodies(len(data))
    data += forged
    at = len(data)
    packed = revision.xref_stream(at, {number: (offsets[number], 0)})
    revision.next += 1
    data += packed[: packed.index(b"startxref")]
    data += revision.table(len(data), {revision.next - 1: (at, 0)})
    later = Revision(data, "table")
    later.trailer["XRefStm"] = at
    assert true is not None
    return data + later.table(len(data), {number: (true[0], 0)})


@ATTACKS.enter_made(HYBRID, FAILED)
def hybrid_signed_with_another_content() -> bytes:
    """The signed revision draws another page 1, and places it in its /XRefStm alone."""
    return _signed_over(plain(small_document()))


@ATTACKS.enter_made(HYBRID, FAILED)
def hybrid_signed_again_with_another_content() -> bytes:
    """The same, and a second signer adds nothing but his signature: what he signed has two readings too."""
    return signed_in_hybrid_form(Revision(_signed_over(plain(small_document())), "table"), "KyHai", set())


def _signed_over(pdf: bytes) -> bytes:
    revision = rewritten(pdf)
    return signed_in_hybrid_form(revision, "KyMot", set(revision.changed))


# --- two views in one file ----------------------------------------------------------------------------------


@ATTACKS.enter_made(DIFFERENTIAL, FAILED)
def key_doubled_in_a_page() -> bytes:
    """The signed page has two keys /Contents: readers take the first, or the last."""
    objects = small_document()
    objects[7] = stream(FALSE_TEXT)
    objects[5] = objects[5].replace(b"/Contents 6 0 R", b"/Contents 6 0 R/Contents 7 0 R")
    return signed_as_it_stands(objects)


@ATTACKS.enter_made(DIFFERENTIAL, FAILED)
def key_doubled_in_the_catalogue() -> bytes:
    """The signed catalogue has two page trees."""
    objects = small_document()
    objects[7] = b"<</Type/Pages/Count 1/Kids[8 0 R]>>"
    objects[8] = objects[5].replace(b"/Parent 2 0 R", b"/Parent 7 0 R").replace(b"6 0 R", b"9 0 R")
    objects[9] = stream(FALSE_TEXT)
    objects[1] = objects[1].replace(b"/Pages 2 0 R", b"/Pages 2 0 R/Pages 7 0 R")

    def keep(revision: Revision) -> None:
        entries = revision.get(Ref(1))
        del entries["Pages"]
        rest = write_value(entries)[2:-2]
        revision.put(Ref(1), Raw(b"<</Pages 2 0 R/Pages 7 0 R" + rest + b">>"))

    return signed_as_it_stands(objects, keep)


def signed_as_it_stands(objects: Objects, keep: Callable[[Revision], None] | None = None) -> bytes:
    """Sign with a field that was there before, so that doubled keys are not written anew."""
    widget, value = 20, 21
    objects = {number: objects.get(number, b"null") for number in range(1, 22)}
    if b"/AcroForm" not in objects[1]:
        objects[1] = objects[1][:-2] + b"/AcroForm<</Fields[20 0 R]/SigFlags 3>>>>"
    objects[5] = objects[5][:-2] + b"/Annots[20 0 R]>>"
    objects[widget] = (
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(KyTay)/Rect[0 0 0 0]/F 132/P 5 0 R/V %d 0 R>>" % value
    )
    objects[value] = write_value(signature())
    data = plain(objects)
    if keep is not None:
        revision = Revision(data)
        keep(revision)
        data = revision.appended()
    return completed(data)


@LEGAL.enter_made(DIFFERENTIAL, PASSED)
def no_key_doubled() -> bytes:
    """The same document without doubled keys: what makes the others fail is the doubled key."""
    return signed_as_it_stands(small_document())


@ATTACKS.enter_made(DIFFERENTIAL, FAILED)
def key_doubled_in_the_signature() -> bytes:
    """The signature dictionary has two keys /Reason."""
    data = _with_empty_field(write_value(signature(Reason=b"Dong y"))[:-2] + b"/Reason(Khong dong y)>>")
    return completed(data)


def _with_empty_field(value: bytes) -> bytes:
    objects = small_document(catalog=b"/AcroForm<</Fields[7 0 R]/SigFlags 3>>")
    objects[5] = objects[5].replace(b"/Contents", b"/Annots[7 0 R]/Contents")
    objects[7] = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(KyTay)/Rect[0 0 0 0]/F 132/P 5 0 R/V 8 0 R>>"
    objects[8] = value
    return plain(objects)


@ATTACKS.enter_made(DIFFERENTIAL, BROKEN)
def two_headers() -> bytes:
    """A whole other document stands before the header that the table counts from."""
    other = plain(small_document())
    return other + signed(small_document())


@ATTACKS.enter(DIFFERENTIAL, BROKEN, on=("typst", "openpdf"))
def header_put_before(pdf: bytes) -> bytes:
    """A second header, before the first."""
    return b"%PDF-1.4\n" + pdf


@ATTACKS.enter(DIFFERENTIAL, FAILED, on=("openpdf", "typst", "pdfbox"))
def key_doubled_later(pdf: bytes) -> bytes:
    """A later revision writes page 1 with the old and a forged /Contents."""
    revision = Revision(pdf)
    page = revision.old.pages()[0]
    forged = revision.add(new_stream(FORGED))
    revision.put(page, Raw(write_value(revision.get(page))[:-2] + b"/Contents %d 0 R>>" % forged.number))
    return revision.appended()


@ATTACKS.enter_made(DIFFERENTIAL, FAILED)
def object_twice_in_the_table() -> bytes:
    """One section of the signed table names object 6 twice, at two places."""
    file = File()
    file.begin()
    file.add(small_document() | {6: stream(FALSE_TEXT)})
    first = file.used(6)
    file.add({6: stream(TRUE_TEXT)})
    lines = [FREE, *(file.used(number) for number in range(1, 7))]
    file.table([(0, lines), (6, [first])])
    file.end(b"/Size 7/Root 1 0 R/Info 4 0 R" + IDS)
    return sign(Revision(bytes(file.data)))
