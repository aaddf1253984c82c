"""The appended revision: the digest over all but the gap, the gap filled exactly."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

import pytest

from docsign.errors import PdfError
from docsign.pdf.fields import AGENCY_SIGNATURE, PERSON_SIGNATURE
from docsign.pdf.writer import Prepared, SignablePdf, TooSmallError
from tests.signing.conftest import FOREIGN

AT = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)


def prepared(pdf: bytes, *, room: int = 64, name: str | None = None) -> Prepared:
    """Prepare a revision with a small gap."""
    return SignablePdf(pdf).prepare(field_name=name, signing_time=AT, room=room)


def test_the_gap_is_exactly_the_hex_string(letter: bytes) -> None:
    """The byte range covers the whole file but the CMS, and the digest is that of the range."""
    made = prepared(letter, name=PERSON_SIGNATURE)
    signed = made.complete(b"\x30\x03\x02\x01\x05")
    match = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", signed)
    assert match is not None
    first, length, second, rest = map(int, match.groups())
    assert (first, second + rest) == (0, len(signed))
    assert signed[length : length + 1] + signed[second - 1 : second] == b"<>"
    assert signed[length + 1 : second - 1] == b"3003020105".ljust(128, b"0")
    assert made.digest == hashlib.sha256(signed[:length] + signed[second:]).digest()


def test_a_signature_that_does_not_fit_says_its_size(letter: bytes) -> None:
    """So that the caller can keep more room."""
    made = prepared(letter, name=PERSON_SIGNATURE)
    made.complete(bytes(64))
    with pytest.raises(TooSmallError) as caught:
        made.complete(bytes(65))
    assert caught.value.needed == 65


def test_the_same_input_gives_the_same_revision(letter: bytes) -> None:
    """Time and content decide every byte."""
    assert prepared(letter, name=PERSON_SIGNATURE) == prepared(letter, name=PERSON_SIGNATURE)


def test_the_form_is_told(letter: bytes, by_both: bytes) -> None:
    """Which fields there are, which are signed, filled, closed."""
    before, after = SignablePdf(letter), SignablePdf(by_both)
    assert before.signatures == {PERSON_SIGNATURE: False, AGENCY_SIGNATURE: False}
    assert set(before.texts.values()) == {""}
    assert before.locked == frozenset()
    assert after.signatures == {PERSON_SIGNATURE: True, AGENCY_SIGNATURE: True}
    assert set(after.texts.values()) == {"05", "ngày 16 tháng 11 năm 2026"}


def test_a_new_field_gets_a_free_name() -> None:
    """Signature1, then Signature2."""
    pdf = FOREIGN[0].read_bytes()
    once = prepared(pdf).complete(b"\x30\x00")
    assert SignablePdf(once).signatures == {"Signature1": True}
    assert SignablePdf(prepared(once).complete(b"\x30\x00")).signatures == {
        "Signature1": True,
        "Signature2": True,
    }


def test_a_text_field_is_filled_once_and_only_where_it_is(letter: bytes, by_both: bytes) -> None:
    """An unknown name and a filled one are refused."""
    for pdf, fill, words in (
        (letter, {"KhongCo": "5"}, "no text field"),
        (by_both, {"DocumentNumber": "5"}, "closed"),
    ):
        with pytest.raises(PdfError, match=words):
            SignablePdf(pdf).prepare(field_name=None, signing_time=AT, room=64, fill=fill)


def test_metadata_and_version_stay(letter: bytes) -> None:
    """Only what the signature needs is written anew."""
    appended = prepared(letter, name=PERSON_SIGNATURE).appended
    assert b"/Metadata" not in appended or b"/Type /Metadata" not in appended
    assert b"/CreationDate" not in appended
    assert b"/Version" not in appended
