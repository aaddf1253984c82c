"""Finds the signatures of a PDF through its form, what they say of themselves, and the validation data.

What is found is values: judging them is ``docsign.pdf.judge``'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from datetime import UTC, datetime, timedelta, timezone

from docsign.errors import PdfBudgetError
from docsign.pdf.changes.allowance import Lock
from docsign.pdf.form import Field
from docsign.pdf.reading import Array, Dictionary, Reference, Text, Value, View
from docsign.sentence import say
from docsign.values import dataclass

MOST_SIGNATURES = 2_000
DOCUMENT_TIMESTAMP = "ETSI.RFC3161"

_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)(?:00'?00'?)?|([+-])(\d\d)'?(?:(\d\d)'?)?)?", re.ASCII
)


@dataclass(slots=True, kw_only=True)
class FoundSignature:
    """A signature dictionary, as the last revision holds it, and the fields that lead to it."""

    reference: Reference | None
    dictionary: Dictionary | None
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def home(self) -> int:
        """The number of the object that holds it, -1 where there is none."""
        return self.dictionary.home.number if self.dictionary is not None else -1

    def name(self, view: View, key: str) -> str:
        """Return a name of the dictionary, "" where there is none."""
        found = view.get(self.dictionary, key)
        return str(found) if isinstance(found, str) else ""


def find_signatures(view: View, fields: Iterable[Field]) -> list[FoundSignature]:
    """Return the signatures in the form's order, each once; raises PdfBudgetError for too many."""
    found: dict[object, FoundSignature] = {}
    for entry in fields:
        if entry.kind(view) != "Sig":
            continue
        raw = entry.raw("V")
        value = view.resolve(raw)
        if value is None and not isinstance(raw, Reference):
            continue
        dictionary = value if isinstance(value, Dictionary) else None
        reference = raw if isinstance(raw, Reference) else None
        key: object = id(dictionary) if dictionary is not None else (reference, entry.name)
        signature = found.setdefault(key, FoundSignature(reference=reference, dictionary=dictionary))
        signature.fields[entry.name] = entry
        if len(found) > MOST_SIGNATURES:
            raise PdfBudgetError(
                say("The PDF has too many signatures (more than {limit}).", limit=MOST_SIGNATURES)
            )
    return list(found.values())


def usage_rights(view: View) -> set[int]:
    """Return the objects of usage-rights signatures (12.8.2.3): they sign no document."""
    return {one.home.number for one in usage_rights_dictionaries(view)}


def usage_rights_dictionaries(view: View) -> list[Dictionary]:
    """Return the usage-rights signatures (12.8.2.3), which may stand in the catalog itself."""
    permissions = view.get(view.catalog, "Perms")
    if not isinstance(permissions, Dictionary):
        return []
    found = (view.get(permissions, key) for key in ("UR", "UR3"))
    return [one for one in found if isinstance(one, Dictionary)]


def claimed_time(view: View, dictionary: Dictionary | None) -> datetime | None:
    """Return the signature dictionary's /M as an aware time, None where it is missing or no date."""
    value = view.get(dictionary, "M")
    return read_date(value.text) if isinstance(value, Text) else None


def read_date(text: str) -> datetime | None:
    """Read a PDF date (7.9.4); None for what is none."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    parts = [int(part) for part in match.groups()[:6] if part]
    year, month, day, hour, minute, second = (*parts, *(1, 1, 1, 0, 0, 0)[len(parts) :])
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


def permission(view: View, dictionary: Dictionary | None) -> int | None:
    """Return the level of a certifying signature's DocMDP (table 257), None where it certifies nothing."""
    rules = _transform(view, dictionary, "DocMDP")
    if rules is None:
        return None
    level = view.get(rules, "P")
    if level is None:
        return 2
    return level if type(level) is int and level in (1, 2, 3) else 1


def locks(view: View, signature: FoundSignature) -> tuple[Lock, ...]:
    """Return what this signature closes: its FieldMDP, and the /Lock of its field."""
    rules: list[Value] = [_transform(view, signature.dictionary, "FieldMDP")]
    rules += [entry.inherited(view, "Lock") for entry in signature.fields.values()]
    return tuple(_lock(view, rule) for rule in rules if isinstance(rule, Dictionary))


def closable(view: View, fields: Iterable[Field]) -> tuple[Lock, ...]:
    """Return what the signature fields of the form are to close once they are signed, named one by one."""
    rules = [entry.inherited(view, "Lock") for entry in fields if entry.kind(view) == "Sig"]
    found = (_lock(view, rule) for rule in rules if isinstance(rule, Dictionary))
    return tuple(lock for lock in found if lock.action == "Include")


def lock_level(view: View, signature: FoundSignature) -> int | None:
    """Return the level that the /Lock of the field sets from this signature on (table 236, /P)."""
    for entry in signature.fields.values():
        rule = entry.inherited(view, "Lock")
        level = view.get(rule, "P") if isinstance(rule, Dictionary) else None
        if type(level) is int and level in (1, 2, 3):
            return level
    return None


def _transform(view: View, dictionary: Dictionary | None, method: str) -> Dictionary | None:
    listed = view.get(dictionary, "Reference")
    for item in listed.items[:16] if isinstance(listed, Array) else []:
        reference = view.resolve(item)
        if isinstance(reference, Dictionary) and view.get(reference, "TransformMethod") == method:
            found = view.get(reference, "TransformParams")
            return found if isinstance(found, Dictionary) else reference
    return None


def _lock(view: View, rules: Dictionary) -> Lock:
    listed = view.get(rules, "Fields")
    names = (view.resolve(one) for one in (listed.items if isinstance(listed, Array) else []))
    action = view.get(rules, "Action")
    return Lock(str(action or "All"), frozenset(name.text for name in names if isinstance(name, Text)))
