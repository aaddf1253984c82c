"""A secrecy mark is told from a word (QD 28/2018 Art. 1)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.secrecy import MARKS, secrecy_mark


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("MẬT", "MẬT"),
        ("  Tối   mật ", "TỐI MẬT"),
        ("tuyệt\u00a0mật", "TUYỆT MẬT"),
        ("Số: 12/UBND\nTUYỆT MẬT\nKính gửi:", "TUYỆT MẬT"),
        ("M Ậ T", "MẬT"),
        ("M\u200bẬ\u00adT", "MẬT"),
        (unicodedata.normalize("NFD", "Tối mật"), "TỐI MẬT"),
        ("MA\u0323\u0302T", "MẬT"),
        ("một dòng\r\nmật\r\n", "MẬT"),
    ],
)
def test_a_mark_alone_on_its_line_is_found(text: str, mark: str) -> None:
    """Case, spaces, unseen characters and the encoding of the tones do not hide it."""
    assert secrecy_mark(text) == mark


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "bảo vệ bí mật nhà nước",
        "Độ mật: không",
        "MẬT.",
        "mật ong",
        "MAT",
        "MẶT",
        "MẤT",
        "Tối mật, tuyệt mật",
        "(MẬT)",
    ],
)
def test_the_word_in_a_text_is_no_mark(text: str) -> None:
    """Only a whole line that says nothing else is a mark."""
    assert secrecy_mark(text) is None


@given(st.text(max_size=60), st.sampled_from(MARKS), st.text(max_size=60))
def test_whatever_stands_on_other_lines_does_not_hide_a_mark(before: str, mark: str, after: str) -> None:
    """Lines are judged one by one, and no text makes the check fail."""
    assert secrecy_mark(f"{before}\n{mark}\n{after}") in MARKS


def test_no_letter_becomes_an_m_but_an_m() -> None:
    """A line without one is no mark and is not looked at closer, whatever Unicode folds to what."""
    made = [
        letter for letter in map(chr, range(0x110000)) if "M" in unicodedata.normalize("NFC", letter.upper())
    ]
    assert made == ["M", "m"]


def test_a_very_long_text_is_judged_in_time() -> None:
    """The cost grows with the text alone."""
    assert secrecy_mark("ậ" * 5_000_000) is None
