"""The part of Markdown that a body may be written in."""

from __future__ import annotations

import pytest

from docsign.document.blocks import Block, Run, Table
from docsign.document.markdown import blocks_of_markdown
from docsign.errors import DocumentError


def test_headings_are_divisions_articles_or_titles() -> None:
    """What they are called decides, else their level."""
    text = "# Chương I. Quy định chung\n\n## Điều 1. Phạm vi\n\n# I. Kết quả\n\n## 1. Văn thư\n\nLời."
    assert [(block.kind, block.lead, block.text) for block in blocks_of_markdown(text)] == [
        ("division", "Chương I", "QUY ĐỊNH CHUNG"),
        ("article", "Điều 1. Phạm vi", ""),
        ("heading", "I. KẾT QUẢ", ""),
        ("clause", "1. Văn thư", ""),
        ("paragraph", "", "Lời."),
    ]


def test_lists_are_counted_as_the_decree_counts() -> None:
    """Clauses 1., points a) with đ after d, dashes."""
    text = "1. Một\n   1. a\n   1. b\n   1. c\n   1. d\n   1. e\n      - sâu\n1. Hai\n\n- gạch\n"
    assert [block.text for block in blocks_of_markdown(text)] == [
        "1. Một", "a) a", "b) b", "c) c", "d) d", "đ) e", "+ sâu", "2. Hai", "- gạch",
    ]  # fmt: skip


def test_emphasis_becomes_runs() -> None:
    """Bold and italic words, and the plain text beside them."""
    assert blocks_of_markdown("Có **rất** *khẩn* việc.") == (
        Block(
            kind="paragraph",
            text="Có rất khẩn việc.",
            runs=(
                Run(text="Có "), Run(text="rất", bold=True), Run(text=" "), Run(text="khẩn", italic=True),
                Run(text=" việc."),
            ),
        ),
    )  # fmt: skip


def test_a_pipe_table_is_a_table() -> None:
    """With the sides its second line names."""
    (block,) = blocks_of_markdown("| STT | Việc |\n|:-:|:--|\n| 1 | Ký số |\n")
    assert block.table == Table(columns=("STT", "Việc"), rows=(("1", "Ký số"),), aligns=("center", "left"))


def test_everything_else_is_printed_as_it_was_typed() -> None:
    """Links, pictures, HTML, code, quotations and footnotes are text."""
    for text in ("[a](http://x)", "![](a.png)", "<b>x</b>", "`mã`", "> lời", "&amp; [^1]", "~~xóa~~"):
        assert [block.text for block in blocks_of_markdown(text)] == [text]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Lời\n\n## Điều 2. Hai", "body: 3: Điều 2 stands where Điều 1 is due"),
        ("# Chương I", "body: 1: Chương I needs a title"),
        ("1. # Tựa", "body: 1: A title cannot stand in a list"),
        ("1. a\n   1. b\n      1. c\n         1. d", "body: 4: The lists are nested too deeply"),
        ("1. a\n" + "   1. b\n" * 30, "Too many entries: 24, 23 at most"),
        ("|" + "a|" * 21 + "\n|" + "-|" * 21, "Too many entries: 21, 20 at most"),
    ],
)
def test_a_slip_is_named_with_its_line(text: str, sentence: str) -> None:
    """As an editor counts lines."""
    with pytest.raises(DocumentError, match=sentence):
        blocks_of_markdown(text)
