"""Which version of an object each revision holds, and the tricks played with that (ISO 32000-2 7.5.4)."""

from __future__ import annotations

import pytest

from docsign.errors import PdfError
from docsign.pdf.reading import Dictionary, read_pdf
from docsign.verdict import Severity
from tests.pdf.reading.making import (
    CATALOG,
    PAGE,
    Writer,
    letter,
    object_stream,
    one_page,
    packed_letter,
    reopened,
    stream,
    updated,
)

FREE = b"%010d %05d f \n"
USED = b"%010d %05d n \n"


def remarks(data: bytes) -> list[tuple[str, str]]:
    """Return codes and places of what is remarked."""
    pdf = read_pdf(data)
    pdf.check_objects()
    return [(remark.code, remark.where) for remark in pdf.remarks if remark.severity is Severity.ERROR]


def offset_of(data: bytes, text: bytes) -> int:
    """Return the one place of a text."""
    assert data.count(text) == 1
    return data.index(text)


def test_each_revision_keeps_its_version() -> None:
    """7.5.6: the document as of a revision is what a reader of that time saw."""
    data = letter()
    for turn in (90, 180, 270):
        data = updated(data, {3: PAGE[:-2] + b"/Rotate %d >>" % turn})
    pdf = read_pdf(data)
    turns = []
    for index in range(4):
        page = pdf.view(index).object(3)
        assert page is not None
        assert isinstance(page.value, Dictionary)
        turns.append((page.value.get("Rotate"), page.revision))
    assert turns == [(None, 0), (90, 1), (180, 2), (270, 3)]
    assert pdf.object(3, 0) is pdf.object(3, 0)


def test_entries_repeated_unchanged_are_no_change() -> None:
    """Some writers repeat the whole table; a re-saved table of another form is no change either."""
    data = letter()
    pdf = read_pdf(data)
    entries = {
        number: USED % (versions[0][1][1], 0) for number, versions in pdf.store.history.versions.items()
    }
    again = reopened(data, {9: b"(m\xf3i)"}).table(entries=entries)
    assert [sorted(one.changed) for one in read_pdf(again).revisions] == [[1, 2, 3, 4], [9]]
    assert remarks(again) == []


def test_differences_compare_bytes() -> None:
    """An object written again with the same bytes is no difference; freed and new ones are."""
    data = updated(letter(), {3: PAGE, 4: stream(b"BT (kh\xe1c) Tj ET"), 9: b"(m\xf3i)"})
    data = reopened(data, {1: CATALOG}).table(entries={9: FREE % (0, 1)})
    pdf = read_pdf(data)
    assert pdf.touched(0, 2) == [1, 3, 4, 9]
    assert [(one.number, one.before is None, one.after is None) for one in pdf.differences(0, 1)] == [
        (4, False, False),
        (9, True, False),
    ]
    assert [one.number for one in pdf.differences(0, 2)] == [4]
    assert [(one.number, one.after) for one in pdf.differences(1, 2)] == [(9, None)]
    assert pdf.revisions[2].freed == (9,)


def test_a_number_freed_and_used_again() -> None:
    """7.5.4: a freed number may come back with the next generation; older references to it are null."""
    data = reopened(letter(), {1: CATALOG}).table(entries={4: FREE % (0, 1)})
    writer = reopened(data, {})
    place = writer.object(4, stream(b"q Q"), generation=1, listed=False)
    data = writer.table(entries={4: USED % (place, 1)})
    pdf = read_pdf(data)
    page = pdf.view().pages[0].dictionary
    assert pdf.view(0).stream(page, "Contents") is not None
    assert pdf.view(1).get(page, "Contents") is None
    assert pdf.view(2).get(page, "Contents") is None
    assert [remark.code for remark in pdf.remarks] == ["reference-generation"]


def test_an_entry_into_an_older_revision_is_caught() -> None:
    """The trick: hide an object, then let a later cross-reference lead to its old bytes again."""
    data = updated(letter(), {4: stream(b"BT (th\xe2t) Tj ET")})
    first = data.index(b"4 0 obj")
    again = reopened(data, {9: b"(x)"}).table(entries={4: USED % (first, 0)})
    assert ("entry-into-older-revision", "object 4") in remarks(again)


def test_re_enabling_a_freed_object_is_caught() -> None:
    """The same with nothing else in the revision."""
    data = letter()
    place = offset_of(data, b"4 0 obj")
    data = reopened(data, {9: b"(x)"}).table(entries={4: FREE % (0, 0)})
    again = reopened(data, {}).table(entries={4: USED % (place, 0)})
    assert remarks(again) == [("entry-into-older-revision", "object 4")]


def test_a_revision_that_only_frees_is_caught() -> None:
    """So is one that takes objects away and writes none."""
    data = reopened(letter(), {}).table(entries={4: FREE % (0, 1)})
    assert remarks(data) == [("revision-only-frees", "revision 2")]


def test_an_older_entry_that_leads_into_a_later_revision_is_caught() -> None:
    """The trick: the signed cross-reference names an offset where nothing stands yet."""
    data = letter()
    old = USED % (offset_of(data, b"4 0 obj"), 0)
    hollow = data.replace(old, USED % (len(data), 0))
    writer = reopened(hollow, {})
    writer.object(4, stream(b"BT (gi\xe1) Tj ET"), listed=False)
    writer.object(9, b"(x)")
    found = remarks(writer.table())
    assert ("entry-past-revision", "object 4") in found


def test_two_entries_for_one_number_are_caught() -> None:
    """Two places in one section: which one is read depends on the reader."""
    data = letter()
    place = offset_of(data, b"4 0 obj")
    writer = one_page()
    writer.table(entries={4: USED % (place, 0) + b"4 1\n" + USED % (15, 0)})
    assert ("entry-twice", "object 4") in remarks(bytes(writer.data))


def test_an_object_stream_replaced_is_caught() -> None:
    """7.5.7: entries that stay lead into a stream that goes: readers differ on what they then see."""
    data = updated(packed_letter(), {5: object_stream({1: CATALOG, 2: b"<< >>", 3: PAGE})})
    assert ("object-stream-replaced", "object 5") in remarks(data)


def test_an_entry_into_an_older_object_stream_is_caught() -> None:
    """A packed object may not be re-enabled either."""
    data = updated(packed_letter(), {3: PAGE[:-2] + b"/Rotate 90 >>"})
    writer = reopened(data, {9: b"(x)"})
    again = writer.xref_stream(10, packed={3: (5, 2)})
    assert ("entry-into-older-revision", "object 3") in remarks(again)


def hybrid(other: bytes) -> bytes:
    """Write a file whose table and whose /XRefStm name two places for the contents of the page."""
    writer = one_page(b"BT (m\xf4t) Tj ET")
    second = writer.object(4, other, listed=False)
    rows = bytes([1]) + second.to_bytes(2, "big") + bytes([0])
    beside = writer.object(5, stream(rows, b"/Type /XRef /W [1 2 1] /Index [4 1] /Size 6 /Root 1 0 R "))
    return writer.table(b"/XRefStm %d " % beside)


def test_hybrid_sections_are_resolved_both_ways() -> None:
    """7.5.8.4: the same value at two places passes; two documents for two readers do not."""
    assert ("hybrid-conflict", "object 4") in remarks(hybrid(stream(b"BT (hai) Tj ET")))
    assert "hybrid-conflict" not in [code for code, _ in remarks(hybrid(stream(b"BT (m\xf4t) Tj ET")))]


def test_hidden_objects_of_a_hybrid_file_are_found() -> None:
    """7.5.8.4: free in the table, packed for readers that know streams."""
    writer = Writer()
    for number, value in {1: CATALOG, 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", 3: PAGE}.items():
        writer.object(number, value)
    writer.object(4, stream(b""))
    packed = writer.object(5, object_stream({7: b"<< /Type /Tag >>"}))
    rows = bytes([1]) + packed.to_bytes(2, "big") + bytes([0, 2, 0, 5, 0])
    beside = writer.object(
        6, stream(rows, b"/Type /XRef /W [1 2 1] /Index [5 1 7 1] /Size 8 /Root 1 0 R "), listed=True
    )
    data = writer.table(b"/XRefStm %d " % beside, entries={7: FREE % (0, 0)})
    assert remarks(data.replace(b"/Size 7", b"/Size 8")) == []
    tag = read_pdf(data).object(7)
    assert tag is not None
    assert isinstance(tag.value, Dictionary)


def test_trailers_that_disagree_are_caught() -> None:
    """One revision, two catalogs: two documents."""
    writer = one_page()
    writer.object(8, CATALOG)
    rows = bytes([0, 0, 0, 0])
    beside = writer.object(5, stream(rows, b"/Type /XRef /W [1 2 1] /Index [0 1] /Size 9 /Root 8 0 R "))
    assert ("trailers-disagree", "trailer /Root") in remarks(writer.table(b"/XRefStm %d " % beside))


def test_a_number_beyond_the_declared_size_is_remarked() -> None:
    """7.5.5: such objects exist for some readers only."""
    data = reopened(letter(), {9: b"(x)"}).table().replace(b"/Size 10", b"/Size 09")
    assert remarks(data) == [("trailer-size", "trailer /Size")]


def test_encryption_that_comes_later_is_caught() -> None:
    """A signed file is not encrypted afterwards, and what claims to be and cannot be opened is not read."""
    handler = b"<< /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P 0 >>"
    with pytest.raises(PdfError, match="encrypt"):
        read_pdf(updated(letter(), {9: handler}, b"/Encrypt 9 0 R "))
    gone = updated(letter(), {9: b"(x)"}).replace(b"/Size 5 ", b"/Size 5 /Encrypt << >> ")
    assert remarks(resaved(gone)) == [("encryption-changed", "trailer /Encrypt")]


def resaved(data: bytes) -> bytes:
    """Correct the offsets of a second revision after the first one's trailer has grown."""
    shift = len(b"/Encrypt << >> ")
    entry, last = data.rindex(b" 00000 n") - 10, data.rindex(b"startxref\n") + 10
    end = data.index(b"\n", last)
    return b"".join(
        (
            data[:entry],
            b"%010d" % (int(data[entry : entry + 10]) + shift),
            data[entry + 10 : last],
            b"%d" % (int(data[last:end]) + shift),
            data[end:],
        )
    )
