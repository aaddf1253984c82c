"""A body as structured values: counted here, each slip named with its place."""

from __future__ import annotations

from typing import Any

import pytest

from docsign.document.structure import blocks_of_structure
from docsign.errors import DocumentError


def test_everything_is_counted_here() -> None:
    """Chapters, articles, clauses and points get their numbers; articles run through the chapters."""
    entries = [
        {"chapter": "Quy định chung"},
        {"article": "Phạm vi", "clauses": ["Một.", {"text": "Hai:", "points": ["x;", "y."]}]},
        {"chapter": "Thực hiện"},
        {"article": "", "text": "Có hiệu lực từ ngày ký."},
        {"heading": "Kết quả", "text": "Lời.", "list": ["gạch."]},
    ]
    assert [f"{block.lead}|{block.text}" for block in blocks_of_structure(entries, "body")] == [
        "Chương I|QUY ĐỊNH CHUNG", "Điều 1. Phạm vi|", "|1. Một.", "|2. Hai:", "|a) x;", "|b) y.",
        "Chương II|THỰC HIỆN", "Điều 2.|Có hiệu lực từ ngày ký.", "I. KẾT QUẢ|", "|Lời.", "|- gạch.",
    ]  # fmt: skip


def test_a_table_has_columns_rows_and_widths() -> None:
    """Numbers are printed as they are."""
    entry = {
        "table": {
            "columns": ["STT", "Việc"],
            "rows": [[1, "Ký"]],
            "widths": [1, 8],
            "aligns": ["center", "left"],
        }
    }
    (block,) = blocks_of_structure([entry], "body")
    assert block.table is not None
    assert (block.table.rows, block.table.widths) == ((("1", "Ký"),), (1.0, 8.0))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, r"body\[0\]: Nothing is written here"),
        ("chữ", r"body\[0\]: A table is needed"),
        ({"chapter": ""}, r"body\[0\].chapter: Nothing is written here"),
        ({"điều": "x"}, r"body\[0\].điều: There is no such field"),
        ({"text": "a", "clauses": [{}]}, r"body\[0\].clauses\[0\]: Nothing is written here"),
        ({"points": ["a"] * 24}, r"body\[0\].points: Too many entries: 24, 23"),
        ({"table": {"columns": ["a"], "rows": [["b", "c"]]}}, r"body\[0\].table.rows\[0\]: A row"),
        ({"table": {"columns": ["a"], "rows": [[True]]}}, r"table.rows\[0\]\[0\]: A number or a text"),
        ({"table": {"columns": ["a"], "rows": [], "widths": [1, 2]}}, r"table.widths: A row"),
        ({"text": "w" * 61}, r"body\[0\].text: This word is too long"),
    ],
)
def test_a_slip_is_named_with_its_place(entry: Any, sentence: str) -> None:
    """One clear sentence each."""
    with pytest.raises(DocumentError, match=sentence):
        blocks_of_structure([entry], "body")
