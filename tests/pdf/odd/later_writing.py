"""What honest programs, and what lies between them, append before or after a signature."""

from __future__ import annotations

from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.second_signer import sign
from tests.pdf.honest.make.by_hand import plain, small_document
from tests.pdf.odd.table import odd


@odd("unaccounted-bytes")
def web_page_left_before_the_signature() -> bytes:
    """A server added the end of a web page to the file before it was signed."""
    return sign(Revision(plain(small_document()) + b"</body></html>\n"))


@odd("comment-before-revision")
def remark_left_before_the_signature() -> bytes:
    """A mail program added a line to the file before it was signed."""
    return sign(Revision(plain(small_document()) + b"% quet vi-rut\n"))


@odd()
def end_mark_twice_before_the_signature() -> bytes:
    """The first writing ends twice."""
    return sign(Revision(plain(small_document()) + b"%%EOF\n"))
