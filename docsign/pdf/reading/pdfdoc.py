"""The text of a PDF text string (ISO 32000-2 7.9.2.2): UTF-16, UTF-8 or PDFDocEncoding (annex D.3)."""

from __future__ import annotations

_FROM_18 = "\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc"
_FROM_80 = (
    "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018"
    "\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\ufffd"
    "\u20ac"
)
_PDFDOC = {
    **{0x18 + index: character for index, character in enumerate(_FROM_18)},
    0x7F: "\ufffd",
    **{0x80 + index: character for index, character in enumerate(_FROM_80)},
    0xAD: "\ufffd",
}


def decode_text(data: bytes) -> str:
    """Return the text; undecodable parts become U+FFFD, so that nothing raises."""
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(b"\xff\xfe"):  # not in the standard, written by some and read by most
        return data[2:].decode("utf-16-le", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    text = data.decode("latin-1")
    return text if text.isascii() and text.isprintable() else text.translate(_PDFDOC)
