"""Note whose chain a judgement could have decided, had it known more, so that a shell may fetch that.

The judges stay pure for everybody who does not ask: outside ``noting`` nothing is kept. Each thread, and each
task, has its own notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docsign.pki.paths import PathQuestion

MOST_NOTES = 64
_notes: ContextVar[list[PathQuestion] | None] = ContextVar("notes", default=None)


@contextmanager
def noting() -> Iterator[list[PathQuestion]]:
    """Collect, while the block runs, the questions that more data could answer; each once, in order."""
    notes: list[PathQuestion] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def note(question: PathQuestion) -> None:
    """Note a question that stayed open."""
    notes = _notes.get()
    if notes is not None and len(notes) < MOST_NOTES and question not in notes:
        notes.append(question)
