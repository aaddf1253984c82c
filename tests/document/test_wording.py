"""Texts are kept in one form, whatever word processor they come from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.document.wording import lines_of, one_line
from docsign.errors import DocumentError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ủy ban\tnhân\u00a0dân \r\n phường Một ", "Ủy ban nhân dân phường Một"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Ường"), "Nguyễn Thị Ường"),
        ("\ufeffvăn\u00ad bản\u200b", "văn bản"),
    ],
)
def test_one_form_is_kept(typed: str, kept: str) -> None:
    """NFC, single spaces, nothing unseen."""
    assert one_line(typed, "subject", limit=100) == kept


def test_lines_are_kept_apart_and_empty_ones_dropped() -> None:
    """Each line is a paragraph."""
    assert lines_of("một\r\n\r\n  hai  ba \n", "body", limit=100) == ("một", "hai ba")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Nothing is written here"),
        ("\u200b", "Nothing is written here"),
        ("a b c d e f", "Too long: 11 characters, 10 at most"),
        ("a\x1bb", r"U\+001B"),
        ("a\u202eb", r"U\+202E"),
        ("\ue000", r"U\+E000"),
        ("x" * 61, "too long for its line"),
    ],
)
def test_what_cannot_stay_is_refused_with_its_place(text: str, sentence: str) -> None:
    """Control and private characters, words that run off the paper."""
    with pytest.raises(DocumentError, match=f"^subject: .*{sentence}"):
        one_line(text, "subject", limit=10)


def test_a_long_address_may_be_broken_where_lines_break() -> None:
    """Slashes and hyphens let a line end."""
    address = "https://vanban.phuongmot.example/" + "/".join(["thu-muc-thu-nghiem"] * 6)
    assert one_line(address, "body", limit=500) == address


@given(st.text(max_size=80))
def test_any_text_is_kept_or_refused(text: str) -> None:
    """No other exception; what is kept is kept again as it is."""
    try:
        kept = one_line(text, "x", limit=300)
    except DocumentError:
        return
    assert unicodedata.is_normalized("NFC", kept)
    assert one_line(kept, "x", limit=300) == kept
