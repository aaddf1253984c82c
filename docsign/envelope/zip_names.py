"""The names of a ZIP's entries: which are allowed, what they are in letters, which two are one.

A name is relative, has forward slashes and no meaning of its own to any file system.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from docsign.errors import ContainerError
from docsign.sentence import Sentence, say

MAX_NAME = 512
"""The longest entry name, in bytes of UTF-8."""
UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the extra fields (kind, bytes) of a header; what is cut off at the end is left out."""
    place = 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, place)
        yield kind, extra[place + 4 : place + 4 + size]
        place += 4 + size


def entry_name(raw: bytes, flags: int, extra: bytes) -> str:
    """Return the checked name of an entry; raises ContainerError.

    Not marked as UTF-8, bytes beyond ASCII are UTF-8 where they can be, else code page 437 (APPNOTE D). A
    Unicode path (extra field 0x7075) must say the same name.
    """
    return _entry_name(raw, flags & UTF8_FLAG, extra) if extra else _plain_name(raw, flags & UTF8_FLAG)


@lru_cache(maxsize=512)
def _plain_name(raw: bytes, flags: int) -> str:
    """Return the name of an entry without extra fields; many containers have entries of the same names."""
    return _entry_name(raw, flags, b"")


def _entry_name(raw: bytes, flags: int, extra: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if flags & UTF8_FLAG:
            raise ContainerError(say("The entry's name is not UTF-8."), where=shown(raw)) from error
        name = raw.decode("cp437")
    path = unicode_path(raw, extra)
    if path is not None and path != name:
        if flags & UTF8_FLAG or raw.isascii() or path != raw.decode("cp437"):
            raise ContainerError(say("The entry has a second name."), where=shown(raw))
        name = path
    breach = name_breach(name)
    if breach is not None:
        raise ContainerError(breach, where=shown(raw))
    return name


def unicode_path(raw: bytes, extra: bytes) -> str | None:
    """Return the name that a Unicode path field gives an entry (APPNOTE 4.6.9); raises ContainerError."""
    for kind, value in extra_fields(extra):
        if kind == _UNICODE_PATH:
            try:
                if len(value) < 6 or value[0] != 1 or int.from_bytes(value[1:5], "little") != zlib.crc32(raw):
                    raise ContainerError(say("The entry has a second name."), where=shown(raw))
                return value[5:].decode("utf-8")
            except UnicodeDecodeError as error:
                raise ContainerError(say("The entry has a second name."), where=shown(raw)) from error
    return None


def name_breach(name: str) -> Sentence | None:
    """Say why this cannot be an entry's name, or return None."""
    if not name or len(name.encode("utf-8", "replace")) > MAX_NAME:
        return say("The entry's name is empty or too long.")
    if not (name.isascii() and name.isprintable()) and any(
        character in _DIRECTIONS or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        for character in name
    ):
        return say("The entry's name holds control characters.")
    if "\\" in name or ":" in name or name.startswith("/"):
        return say("The entry's name is not a plain relative name.")
    segments = name.removesuffix("/").split("/")
    if any(segment in ("", ".", "..") or segment != segment.rstrip(". ") for segment in segments):
        return say("The entry's name is not a plain relative name.")
    return None


def check_names(names: Iterable[str]) -> None:
    """Refuse names that are one name on some file system, and a file that is also a folder."""
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for name in names:
        folded = fold(name.removesuffix("/"))
        if folded in seen:
            raise ContainerError(say("The name occurs twice."), where=name)
        seen[folded] = name
        folder = folded.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    for folded, name in seen.items():
        if folded in folders and not name.endswith("/"):
            raise ContainerError(say("The name is a file's and a folder's."), where=name)


def fold(name: str) -> str:
    """Return what two names have in common that some file system takes for one."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def shown(raw_name: bytes) -> str:
    """Return a name for a message, whatever its bytes."""
    text = raw_name[:120].decode("utf-8", "backslashreplace")
    return text.encode("unicode_escape").decode() if any(byte < 0x20 for byte in raw_name[:120]) else text
