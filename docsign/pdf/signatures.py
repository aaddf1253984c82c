"""Finds the signatures of a PDF through its form, and the validation data beside them; pyHanko reads.

What is found is values: judging them is ``docsign.pdf.judge``'s.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from docsign.ades.cades import ValidationData
from docsign.ades.signer import load_certificates
from docsign.errors import PdfError
from docsign.pdf.fields import named_fields
from docsign.pdf.objects import inherited, raw, resolved, value
from docsign.pdf.revision import damaged
from docsign.sentence import say

if TYPE_CHECKING:
    from pyhanko.pdf_utils.decode_limits import DecodeLimits
    from pyhanko.pdf_utils.reader import PdfFileReader

MOST_SIGNATURES = 200
MOST_VALIDATION_DATA = 200
TABLE_LIMIT = 2 * 1024 * 1024
"""Bytes of an unpacked cross-reference stream: some 400,000 objects."""
STREAM_LIMIT = 64 * 1024 * 1024
"""Bytes of any other unpacked stream that is looked into."""
DOCUMENT_TIMESTAMP = "/ETSI.RFC3161"

_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-])(\d\d)'?(?:(\d\d)'?)?)?", re.ASCII
)

# pyHanko reports what it meets through logging; without a handler Python would print it to stderr
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(slots=True, kw_only=True)
class FoundSignature:
    """A signature dictionary and the fields that point at it; ``reference`` is its number and generation."""

    reference: tuple[int, int] | None
    dictionary: Any
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def subfilter(self) -> str:
        """The /SubFilter, "" where there is none."""
        return str(value(self.dictionary, "/SubFilter") or "") if isinstance(self.dictionary, dict) else ""

    @property
    def byte_range(self) -> list[object]:
        """The members of /ByteRange, whatever they are."""
        found = value(self.dictionary, "/ByteRange") if isinstance(self.dictionary, dict) else None
        members = list(found)[:8] if isinstance(found, list) else []
        return [int(member) if isinstance(member, int) else member for member in members]


def open_pdf(data: bytes, password: str | None) -> tuple[PdfFileReader, bool]:
    """Open a PDF for judging; the flag says whether the strict reader took it.

    Raises PdfError for whatever cannot be read, EncryptedPdfError where the password is missing or wrong.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader

    strict = True
    try:
        try:
            reader = PdfFileReader(BytesIO(data), decode_limits=_limits())
        except Exception:  # noqa: BLE001 -- odd files raise anything; the lenient reader has the next word
            strict = False
            reader = PdfFileReader(BytesIO(data), strict=False, decode_limits=_limits())
        handler: Any = reader
        if handler.encrypted:
            _unlock(handler, password)
        if not isinstance(handler.root, dict):
            raise PdfError(say("The PDF has no catalogue."))
    except PdfError:
        raise
    except Exception as error:
        raise damaged(error) from error
    return reader, strict


@cache
def _limits() -> DecodeLimits:
    """Return how much packed data may grow: pyHanko's limits, and fewer objects in a packed table."""
    from pyhanko.pdf_utils import decode_limits as limits

    table = limits.StreamDecodeLimits(max_ratio=None, max_output_size=TABLE_LIMIT)
    return limits.DecodeLimits(
        per_stream=limits.StreamDecodeLimits(max_output_size=STREAM_LIMIT),
        per_purpose={**limits.DEFAULT_PURPOSE_LIMITS, limits.DecodePurpose.XREF_STREAM: table},
    )


class EncryptedPdfError(PdfError):
    """The PDF is encrypted, and the password is missing or wrong."""

    code = "encrypted-pdf"


def _unlock(reader: Any, password: str | None) -> None:
    answer = reader.decrypt(password or "")
    if answer.mac_failure_reason:
        raise PdfError(say("The file's own integrity code (ISO/TS 32004) does not hold."))
    if answer.status.name == "FAILED":
        if password is None:
            raise EncryptedPdfError(say("The PDF is encrypted; its password is needed to verify it."))
        raise EncryptedPdfError(say("The password does not open this PDF."))


def form_fields(reader: PdfFileReader) -> dict[str, Any]:
    """Return the terminal fields of the last revision's form by their full names."""
    handler: Any = reader
    return dict(named_fields(handler.root))


def find_signatures(fields: dict[str, Any]) -> list[FoundSignature]:
    """Return the signatures in the form's order, each once; raises PdfError for too many."""
    found: dict[object, FoundSignature] = {}
    for name, entry in fields.items():
        if str(inherited(entry, "/FT")) != "/Sig" or value(entry, "/V") is None:
            continue
        pointer = raw(entry, "/V")
        dictionary = resolved(pointer)
        reference = (pointer.idnum, pointer.generation) if hasattr(pointer, "idnum") else None
        key: object = reference or name
        signature = found.setdefault(key, FoundSignature(reference=reference, dictionary=dictionary))
        signature.fields[name] = entry
        if len(found) > MOST_SIGNATURES:
            raise PdfError(say("The PDF has too many signatures (more than {limit}).", limit=MOST_SIGNATURES))
    return list(found.values())


def validation_data(reader: PdfFileReader) -> ValidationData:
    """Return the document's DSS (EN 319 142-1 5.4.2): what cannot be read of it is left out."""
    handler: Any = reader
    try:
        store = value(handler.root, "/DSS") or {}
        lists = {key: list(_streams(value(store, key))) for key in ("/Certs", "/CRLs", "/OCSPs")}
    except Exception:  # noqa: BLE001 -- a broken store proves nothing and breaks no signature
        return ValidationData()
    return ValidationData(
        certificates=load_certificates(lists["/Certs"]),
        crls=tuple(lists["/CRLs"]),
        ocsps=tuple(lists["/OCSPs"]),
    )


def _streams(array: Any) -> Iterator[bytes]:
    for item in list(array or ())[:MOST_VALIDATION_DATA]:
        stream = resolved(item)
        if hasattr(stream, "data"):
            yield bytes(stream.data)


def claimed_time(dictionary: Any) -> datetime | None:
    """Return the signature dictionary's /M as an aware time, None where it is missing or no date."""
    match = _DATE.fullmatch(str(value(dictionary, "/M") or ""))
    if match is None:
        return None
    year, month, day, hour, minute, second = (
        int(part) if part else 1 if place in (1, 2) else 0 for place, part in enumerate(match.groups()[:6])
    )
    zone = UTC
    if match[8]:
        offset = timedelta(hours=int(match[9]), minutes=int(match[10] or 0))
        if offset >= timedelta(days=1):
            return None
        zone = timezone(offset if match[8] == "+" else -offset)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def permission(dictionary: Any) -> int | None:
    """Return the level of a certifying signature's DocMDP, None where it certifies nothing."""
    rules = _transform(dictionary, "/DocMDP")
    if rules is None:
        return None
    level = value(rules, "/P") or 2
    return int(level) if level in (1, 2, 3) else 1


def closed_fields(signature: FoundSignature, names: frozenset[str]) -> frozenset[str]:
    """Return which of the form's fields this signature closes: FieldMDP, else the /Lock of its field."""
    rules = [_transform(signature.dictionary, "/FieldMDP")]
    rules += [value(entry, "/Lock") for entry in signature.fields.values()]
    closed: frozenset[str] = frozenset()
    for rule in rules:
        if isinstance(rule, dict):
            closed |= _included(rule, names)
    return closed


def closable_fields(fields: dict[str, Any]) -> frozenset[str]:
    """Return the fields that some signature field of the form is to close once it is signed."""
    names = frozenset(fields)
    locks = [value(entry, "/Lock") for entry in fields.values()]
    closable: frozenset[str] = frozenset()
    for lock in locks:
        if isinstance(lock, dict) and str(value(lock, "/Action")) == "/Include":
            closable |= _included(lock, names)
    return closable


def _transform(dictionary: Any, method: str) -> Any:
    for item in list(value(dictionary, "/Reference") or ())[:16]:
        reference = resolved(item)
        if isinstance(reference, dict) and str(value(reference, "/TransformMethod")) == method:
            return value(reference, "/TransformParams") or {}
    return None


def _included(rules: Any, names: frozenset[str]) -> frozenset[str]:
    listed = [str(resolved(name)) for name in value(rules, "/Fields") or ()]
    covered = frozenset(
        name for name in names if any(name == entry or name.startswith(entry + ".") for entry in listed)
    )
    action = str(value(rules, "/Action"))
    if action == "/Include":
        return covered
    return names if action == "/All" else names - covered
