"""Texts as they are kept: NFC, single spaces, nothing invisible; and the place of what cannot stay."""

from __future__ import annotations

import re
import unicodedata

from docsign.errors import DocumentError
from docsign.sentence import say

# What word processors leave behind unseen: soft hyphen, zero-width space and joiners, byte order mark.
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_FORBIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")
_BREAKS = re.compile(r"[\s/?&|-]+")  # where a line may be broken
LONGEST_WORD = 60
"""The longest word, in characters, that a full line of 14 points holds: some 470 points."""


def one_line(
    text: str, where: str, *, limit: int, needed: bool = True, longest_word: int = LONGEST_WORD
) -> str:
    """Return ``text`` as one clean line; raises DocumentError when it is empty, too long or not printable.

    ``limit`` counts characters. Line ends count as spaces.
    """
    clean = " ".join(_clean(text, where).split())
    _require_breaks(clean, where, longest_word)
    if needed and not clean:
        raise DocumentError(say("Nothing is written here."), where=where)
    if len(clean) > limit:
        raise DocumentError(
            say("Too long: {length} characters, {limit} at most.", length=len(clean), limit=limit),
            where=where,
        )
    return clean


def indented_lines(text: str, where: str, *, limit: int) -> str:
    """Return ``text`` clean, with line ends and the spaces before its lines; raises as ``one_line`` does."""
    if len(text) > limit:
        raise DocumentError(
            say("Too long: {length} characters, {limit} at most.", length=len(text), limit=limit), where=where
        )
    clean = _clean(text, where).expandtabs(4)
    _require_breaks(clean, where, LONGEST_WORD)
    return "\n".join(line.rstrip() for line in clean.splitlines()).strip("\n")


def lines_of(text: str, where: str, *, limit: int) -> tuple[str, ...]:
    """Return the lines of ``text`` that hold something, each clean; raises as ``one_line`` does."""
    if len(text) > limit:
        raise DocumentError(
            say("Too long: {length} characters, {limit} at most.", length=len(text), limit=limit), where=where
        )
    clean = _clean(text, where)
    _require_breaks(clean, where, LONGEST_WORD)
    lines = (" ".join(line.split()) for line in clean.splitlines())
    return tuple(line for line in lines if line)


def broken_lines(text: str, where: str, *, limit: int, longest_word: int) -> str:
    """Return ``text`` clean, its line ends kept: they say where a title breaks; raises as ``one_line`` does.

    ``limit`` counts the characters of the whole on one line.
    """
    lines = lines_of(text, where, limit=4 * limit)
    one_line(" ".join(lines), where, limit=limit, longest_word=longest_word)
    return "\n".join(lines)


def _clean(text: str, where: str) -> str:
    clean = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    if clean.isprintable():  # holds nothing of these, nor of the line ends that may stay
        return clean
    for character in clean:
        if unicodedata.category(character) in _FORBIDDEN and character not in "\n\r\t":
            raise DocumentError(
                say("A control character does not belong here: {text}.", text=f"U+{ord(character):04X}"),
                where=where,
            )
    return clean


def _require_breaks(text: str, where: str, longest: int) -> None:
    """Raise DocumentError for a word that would run out of its column and off the paper."""
    for word in _BREAKS.split(text):
        if len(word) > longest:
            raise DocumentError(
                say("This word is too long for its line: {word}…", word=word[:longest]), where=where
            )
