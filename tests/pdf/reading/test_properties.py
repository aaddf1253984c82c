"""Whatever the bytes: PdfError or an answer, and every byte of a file that is read has its span."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.errors import PdfError
from docsign.pdf.reading import IndirectObject, Pdf, Stream, Work, read_pdf, same_value
from docsign.pdf.reading.budget import Budget
from docsign.pdf.reading.parsing import parse_value
from tests.pdf.reading.making import HEADER, letter, packed_letter, updated

FOREIGN = Path(__file__).parent.parent / "foreign"
GOOD = [
    letter(),
    packed_letter(),
    updated(updated(packed_letter(), {9: b"<< /A [1 2 (x)] >>"}), {3: b"<< /Type /Page /Parent 2 0 R >>"}),
    *(path.read_bytes() for path in sorted(FOREIGN.glob("*.pdf"))),
]
WORDS = (
    b"endobj obj << >> [ ] ( ) < > / % stream endstream xref trailer startxref %%EOF R 0 1 -1 9999999999 4.5 "
    b"true null /Length /Prev /XRefStm /Kids /Parent /Type /Pages /Size /Root /W /Index /Extends /ObjStm "
    b"/XRef /Encrypt 5 0 R"
).split(b" ")


def read_everything(data: bytes) -> Pdf:
    """Do with a file whatever the reader offers."""
    pdf = read_pdf(data)
    pdf.check_objects()
    assert b"".join(data[span.start : span.end] for span in pdf.spans) == data
    for index in range(len(pdf.revisions)):
        view = pdf.view(index)
        assert all(page.number for page in view.pages)
        for number in view.reachable():
            known = view.object(number)
            if known is not None and isinstance(known.value, Stream):
                with suppress(PdfError):
                    view.decoded(known.value)
    pdf.differences(0, len(pdf.revisions) - 1)
    for finding in pdf.findings:
        assert finding.sentence.text("vi")
        assert finding.sentence.text("en")
    return pdf


def survives(data: bytes) -> None:
    """Nothing but PdfError may come out, with a sentence in both languages."""
    try:
        read_everything(data)
    except PdfError as error:
        refused = error
    else:
        return
    assert refused.text("vi")
    assert refused.text("en")


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    """Bytes without any meaning."""
    survives(data)
    survives(HEADER + data)


@given(st.lists(st.sampled_from(WORDS), max_size=80), st.integers(0, 120))
def test_any_words(words: list[bytes], offset: int) -> None:
    """The words of the language in any order, with a startxref that may lead to some of them."""
    survives(HEADER + b"\n".join(words) + b"\nstartxref\n%d\n%%%%EOF\n" % offset)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_any_mutation_of_good_files(chance: random.Random, count: int) -> None:
    """Bytes changed, words put in, parts cut out, moved and doubled, numbers altered."""
    data = bytearray(chance.choice(GOOD))
    for _ in range(count):
        if len(data) < 2:
            break
        place = chance.randrange(len(data))
        kind = chance.randrange(6)
        if kind == 0:
            data[place] = chance.randrange(256)
        elif kind == 1:
            word = chance.choice(WORDS)
            data[place : place + chance.choice((0, len(word)))] = word
        elif kind == 2:
            del data[place : place + chance.randrange(1, 60)]
        elif kind == 3:
            data[place:place] = data[chance.randrange(len(data)) :][: chance.randrange(1, 400)]
        elif kind == 4:
            digits = [index for index in range(len(data)) if data[index] in b"0123456789"]
            data[chance.choice(digits or [0])] = chance.choice(b"0123456789")
        else:
            del data[max(40, place) :]
    survives(bytes(data))


@given(st.randoms(use_true_random=False))
def test_any_cut_of_good_files(chance: random.Random) -> None:
    """A download that broke off."""
    data = chance.choice(GOOD)
    survives(data[: chance.randrange(len(data))])


simple = st.one_of(
    st.none().map(lambda _: b"null"),
    st.booleans().map(lambda value: b"true" if value else b"false"),
    st.integers(-(10**9), 10**9).map(lambda value: b"%d" % value),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: b"%.6f" % value),
    st.binary(max_size=20).map(lambda value: b"<" + value.hex().encode() + b">"),
    st.binary(max_size=20).map(
        lambda value: (
            b"("
            + value.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").replace(b"\r", b"\\r")
            + b")"
        )
    ),
    st.integers(1, 99).map(lambda value: b"%d 0 R" % value),
    st.from_regex(rb"/[A-Za-z]{1,8}", fullmatch=True),
)
gaps = st.sampled_from([b" ", b"\n", b"\r\n", b" % note\n", b"\0\t"])
written = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.tuples(st.lists(inner, max_size=5), gaps).map(
            lambda both: b"[" + both[1] + both[1].join(both[0]) + both[1] + b"]"
        ),
        st.tuples(
            st.dictionaries(st.from_regex(rb"/[A-Z][a-z]{0,5}", fullmatch=True), inner, max_size=4), gaps
        ).map(
            lambda both: (
                b"<<"
                + both[1].join(key + both[1] + value for key, value in both[0].items())
                + both[1]
                + b">>"
            )
        ),
    ),
    max_leaves=20,
)


@given(written)
def test_any_value_is_read_to_its_end(data: bytes) -> None:
    """What is written by the rules is read, wholly, and equal to itself written with other white space."""

    def parse(text: bytes) -> IndirectObject:
        home = IndirectObject(1, 0, 0, text, 0, len(text))
        home.value, home.end = parse_value(text, 0, len(text), home=home, work=Work(Budget()))
        return home

    once = parse(data)
    assert once.end == len(data)
    assert not once.duplicates
    again = parse(b" %\n" + data + b"]")
    assert same_value(once.value, again.value)
