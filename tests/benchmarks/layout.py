"""How fast documents are built, beside a peer on the same words.

Run it with ``python -m tests.benchmarks.layout [COUNT]``. It prints milliseconds of processor time a
document, and the ratio to WeasyPrint where that is installed (it is no dependency). One core; the budgets
are 15 ms a page warm, 15 s for a thousand letters from one template.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import time
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from docsign.document import OfficialDocument

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CREATED = datetime(2026, 11, 16, 8, 30, tzinfo=timezone(timedelta(hours=7)))
PAGE_BUDGET, THOUSAND_BUDGET = 15.0, 15.0  # milliseconds; seconds


def letter(values: dict[str, Any], number: int) -> OfficialDocument:
    """Return the letter to another addressee: nothing about it was seen before."""
    return OfficialDocument.from_mapping({**values, "to": f"Ủy ban nhân dân phường số {number}"})


def html(document: OfficialDocument) -> str:
    """Return the same words as a page for WeasyPrint: two columns, paragraphs, a list, a signature."""
    paragraphs = "".join(f"<p>{block.lead} {block.text}</p>" for block in document.blocks)
    recipients = "".join(f"<div>- {name};</div>" for name in document.recipients)
    return (
        "<style>@page {size: A4; margin: 20mm 15mm 20mm 30mm} body {font: 14pt 'Liberation Serif'}"
        "p {text-align: justify; text-indent: 1.27cm; margin: 6pt 0}"
        "td {width: 50%; text-align: center}</style>"
        f"<table><tr><td><b>{document.issuer.name}</b><td><b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b></table>"
        f"<p>Kính gửi: {document.to[0].name}</p>{paragraphs}"
        f"<table><tr><td>{recipients}<td><b>{document.signer.position}</b><br>{document.signer.name}</table>"
    )


def milliseconds(build: Callable[[int], object], count: int) -> float:
    """Return the processor time of one call, after three to warm up."""
    for number in range(3):
        build(-number)
    start = time.process_time()
    for number in range(count):
        build(number)
    return (time.process_time() - start) * 1000 / count


def main() -> None:
    """Build ``COUNT`` letters (1000 unless given) and as many pages of the peer as take a few seconds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    values = tomllib.loads((EXAMPLES / "letter.toml").read_text(encoding="utf-8"))
    ours = milliseconds(lambda number: letter(values, number).to_pdf(CREATED), count)
    print(f"docsign     {ours:7.1f} ms a letter   ({ours / PAGE_BUDGET:.2f} of the budget)")
    print(f"            {ours:7.1f} s a thousand  ({ours / THOUSAND_BUDGET:.2f} of the budget)")
    if importlib.util.find_spec("weasyprint") is None:
        print("weasyprint  not installed: no ratio")
        return
    weasyprint = importlib.import_module("weasyprint")

    def peer(number: int) -> object:
        return weasyprint.HTML(string=html(letter(values, number))).write_pdf(pdf_variant="pdf/a-2b")

    theirs = milliseconds(peer, max(3, count // 50))
    print(f"weasyprint  {theirs:7.1f} ms a page     docsign takes {ours / theirs:.3f} of its time")


if __name__ == "__main__":
    main()
