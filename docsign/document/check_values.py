"""Check what a document says before it has pages: the parts of its kind, the lines of its model."""

from __future__ import annotations

from collections.abc import Iterator

from docsign.document.model import OfficialDocument
from docsign.document.rules import Checked, answer
from docsign.sentence import say


def check_values(document: OfficialDocument) -> Iterator[Checked]:
    """Yield what was found of the rules over values; a document that is one keeps the first already."""
    yield answer("values", True)
    texts = [block.lead + block.text for block in document.blocks]
    missing = [
        lead
        for lead in document.kind.lead_ins
        if not any(lead.casefold() in text.casefold() for text in texts)
    ]
    if document.kind.lead_ins:
        yield answer("lead-ins", not missing, where="body", found=", ".join(missing))
    last = next((block for block in reversed(document.blocks) if block.kind != "table"), None)
    if last is not None:
        ending = (last.text or last.lead)[-20:]
        yield answer("closing-mark", ending.endswith("./."), where="body", found=ending)
    if document.appendices:
        words = " ".join(texts).casefold()
        named = any(word in words for word in ("phụ lục", "kèm theo", "danh sách", "mẫu"))
        yield answer("appendix-named", named, where="body", found=say("not named"))
    yield answer("edxml-type", document.kind.edxml_type > 0, where="kind", found=document.kind.vietnamese)
