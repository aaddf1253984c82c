"""Agency identifier codes: their two written forms, and the one form that compares them.

The older form (QCVN 102:2016, 13 characters) has the highest level last: ``000.00.31.H99``. The newer one
(QD 20/2020/QĐ-TTg, up to 35 characters) has it first: ``H99.31``. Both are in use. Numbers of lower levels
were not carried over everywhere, so that equality of the canonical forms is a hint for looking an agency up,
never a proof; the code as it was received stays the key. The list of agencies is ``agency_catalogue``'s.
"""

from __future__ import annotations

import re
from functools import lru_cache

from docsign.errors import EdxmlError
from docsign.sentence import say

# QCVN 102:2016: V1V2V3.Z1Z2.Y1Y2.MX1X2, the highest level last
_OLD = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}")
# QD 20/2020 Art. 4: the highest level first, a group a level
_NEW = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z]{2,}){0,8}")
# codes seen in official samples: reversed, without the padding (28.22.H17)
_REVERSED = re.compile(r"([0-9A-Z]{2,}\.){1,8}[A-Z][0-9]{2}")
# QD 20/2020 Art. 5: enterprises use their tax number
_TAX = re.compile(r"[0-9]{10}(-?[0-9]{3})?")

MAX_LENGTH = 35
"""The longest code (QD 20/2020)."""
_WIDTHS = (3, 2, 2, 3)  # QCVN 102:2016: characters of each level, the highest first


def is_agency_code(text: str) -> bool:
    """Tell whether ``text`` has one of the forms of an agency code; nothing is looked up."""
    if len(text) > MAX_LENGTH:
        return False
    return any(form.fullmatch(text) for form in (_OLD, _NEW, _REVERSED, _TAX))


def require_agency_code(text: str, *, where: str) -> str:
    """Return ``text`` when it has the form of an agency code; raises EdxmlError naming ``where``."""
    if not text:
        raise EdxmlError(say("empty"), where=where)
    if not is_agency_code(text):
        raise EdxmlError(say("not an agency code: {code}", code=text[:60]), where=where)
    return text


def canonical(code: str) -> str:
    """Return the form that compares codes: highest level first, groups of zeros at the end dropped.

    ``000.00.31.H99`` and ``H99.31`` both give ``H99.31``; what is no agency code comes back as it is.
    """
    return code if len(code) > MAX_LENGTH else _canonical(code)


@lru_cache(maxsize=1024)
def _canonical(code: str) -> str:
    if _TAX.fullmatch(code) or not is_agency_code(code):
        return code
    groups = code.split(".")
    if not _NEW.fullmatch(code):
        groups.reverse()
    while len(groups) > 1 and not groups[-1].strip("0"):
        groups.pop()
    return ".".join(groups)


def same_agency(first: str, second: str) -> bool:
    """Tell whether two codes name the same agency by their canonical forms."""
    return canonical(first) == canonical(second)


def document_identifier(code: str, year: int, serial: int) -> str:
    """Return the identifier of an issued document: agency code, year of issue, serial number in the year.

    ``serial`` counts every document the agency issues in the year, whatever its kind and series. The decision
    names the three parts and no sign between them; a dot joins them here, as it joins the groups of the code:
    ``000.00.31.H99.2026.000012``. It is not edXML's DocumentId and is never parsed into it.
    """
    return f"{thirteen_characters(code)}.{year:04d}.{serial:06d}"  # QD 28/2018 Art. 10


def thirteen_characters(code: str) -> str:
    """Return a code in the older form of 13 characters where it has one, else as it is."""
    groups = canonical(code).split(".")
    if not _NEW.fullmatch(canonical(code)) or len(groups) > len(_WIDTHS):
        return code
    padded = [group.zfill(width) for group, width in zip(groups, _WIDTHS, strict=False)]
    if any(len(group) != width for group, width in zip(padded, _WIDTHS, strict=False)):
        return code
    padded += ["0" * width for width in _WIDTHS[len(padded) :]]
    return ".".join(reversed(padded))
