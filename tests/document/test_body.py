"""The thin markup of a body: a line a paragraph, and what is told from its first words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.document.blocks import Block
from docsign.document.body import blocks_of_letter, blocks_of_text
from docsign.errors import DocumentError


def test_divisions_stand_on_a_line_of_their_own_with_the_title_below_or_behind() -> None:
    """Both ways of typing are read; the title is printed in capitals."""
    assert blocks_of_text(["Chương I", "Quy định chung", "Mục 1. Phạm vi", "Điều 1. Đây là lời."]) == (
        Block(kind="division", lead="Chương I", text="QUY ĐỊNH CHUNG"),
        Block(kind="division", lead="Mục 1", text="PHẠM VI"),
        Block(kind="article", lead="Điều 1.", text="Đây là lời."),
    )


def test_headings_and_titled_clauses_are_told_from_sentences() -> None:
    """A title has no end mark and something under it."""
    lines = ["I. Kết quả", "1. Công tác văn thư", "a) Đã làm.", "2. Không có tiêu đề.", "II. Hết"]
    assert [(block.kind, block.lead or block.text) for block in blocks_of_letter(lines)] == [
        ("heading", "I. KẾT QUẢ"),
        ("clause", "1. Công tác văn thư"),
        ("paragraph", "a) Đã làm."),
        ("paragraph", "2. Không có tiêu đề."),
        ("paragraph", "II. Hết"),
    ]


def test_a_letter_may_quote_an_article() -> None:
    """It counts nothing."""
    assert blocks_of_letter(["Điều 5. Quy định rằng."])[0].kind == "paragraph"
    with pytest.raises(DocumentError, match=r"body\[0\]: Điều 5 stands where Điều 1 is due"):
        blocks_of_text(["Điều 5. Quy định rằng."])


@pytest.mark.parametrize("lines", [["Chương I"], ["Phần I", ""]])
def test_a_division_without_a_title_is_refused(lines: list[str]) -> None:
    """ND 30/2020 PL I II.6.d: each has one."""
    with pytest.raises(DocumentError, match="needs a title"):
        blocks_of_text(lines)


@given(st.lists(st.text(alphabet="aăđ 1.)-;:IVXĐiềuChương", min_size=1, max_size=30), max_size=8))
def test_no_letter_of_a_letter_is_lost(lines: list[str]) -> None:
    """Whatever is typed stands in the blocks, capitals and spaces aside."""
    printed = "".join(block.lead + block.text for block in blocks_of_letter(lines))
    assert "".join(printed.upper().split()) == "".join("".join(lines).upper().split())
