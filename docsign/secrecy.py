"""Tell a secrecy mark from a text. Secret documents never travel (QD 28/2018 Art. 1): who finds one refuses.

A mark is a whole line, or a whole value, that says MẬT, TỐI MẬT or TUYỆT MẬT and nothing else; the word
inside a sentence is no mark. Pure: what is done about a mark is for the caller to decide.
"""

from __future__ import annotations

import re
import unicodedata

MARKS = ("MẬT", "TỐI MẬT", "TUYỆT MẬT")
"""The marks of the law on state secrets, in NFC and upper case."""

_BY_LETTERS = {mark.replace(" ", ""): mark for mark in MARKS}
_LONGEST = 200  # a line with more characters than this is no mark, whatever its spaces
_TOO_MANY_LETTERS = re.compile(r"(?:\w\W*){9}")  # the longest mark has eight


def secrecy_mark(text: str) -> str | None:
    """Return the first mark that stands alone on a line of ``text``, as MARKS writes it, or None.

    Case, spaces (letter-spacing too) and characters that print nothing do not hide a mark, nor does the
    way its tones are encoded.
    """
    for line in text.splitlines():
        # every mark has an M, and so has its line: most lines are told apart here
        if "m" in line.lower() and len(line) <= _LONGEST and not _TOO_MANY_LETTERS.search(line):
            mark = _BY_LETTERS.get(_letters(line))
            if mark is not None:
                return mark
    return None


def _letters(line: str) -> str:
    """Fold a line to its letters: NFC, upper case, without spaces and invisible characters."""
    visible = (
        character
        for character in line
        if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf")
    )
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", "".join(visible)).upper())
