"""Read elements of edXML by forms that name their children: in any order, texts, numbers, days and times.

What cannot be used becomes a finding with the path of its place; what no form names is told at the end.
Which elements a message has, and what they mean, is ``edxml_reading``'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum
from typing import TypeVar

from lxml import etree

from docsign.ades.xml import EXC_C14N, canonicalize, elements, local_name
from docsign.envelope.header import VIETNAM_TIME, UnknownElement
from docsign.errors import XmlError
from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Severity

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
UNKNOWN_LIMIT = 256 * 1024
"""How much of what is not known is kept, in characters."""
NUMBERED = frozenset({"To", "ResponseFor", "TraceHeader", "Receiver", "ReplacementInfo", "Reference"})
"""The elements whose place among their like is in a path, even where there is one."""
_NOT_KEPT = ("Signature", "DigitalSignature")  # they hold for the bytes they came with

Number = TypeVar("Number", bound=IntEnum)

# yyyy/MM/dd is the standard's; ISO and dd/MM/yyyy occur. A time may follow; in another form it is none.
_MOMENT = re.compile(
    r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})"
    r"(?:[ T](?:(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?\s*(Z|[+-]\d{2}:?\d{2})?|\d{1,2}:.*))?",
    re.DOTALL,
)
_DAY_FIRST = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)")
_NUMBER = re.compile(r"-?[0-9]{1,9}")


def by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    """Return the child elements by their names, whatever their namespaces."""
    found: dict[str, list[etree._Element]] = {}
    for child in element[:]:  # type: ignore[index] # a list at once, as lxml documents it
        try:
            name = child.tag.rpartition("}")[2]
        except AttributeError:  # a comment or an instruction
            continue
        if name in found:
            found[name].append(child)
        else:
            found[name] = [child]
    return found


def kept(
    rows: Iterable[tuple[etree._Element, Container[str], str, str]], findings: list[Finding]
) -> Iterator[UnknownElement]:
    """Yield what is not known as canonical XML, as long as it is not too much.

    A row is an element, the names of its children that are known, its path as a parent, and the place of a
    finding about what cannot be kept.
    """
    left = UNKNOWN_LIMIT
    for element, known, parent, where in rows:
        for child in elements(element):
            name = local_name(child)
            if name in known or name in _NOT_KEPT:
                continue
            try:
                xml = canonicalize(child, EXC_C14N).decode()
            except XmlError:  # the name of its namespace is none
                sentence = say("The element {name} cannot be kept.", name=name[:80])
                findings.append(_warning("edxml-unknown", sentence, where))
                continue
            left -= len(xml)
            if left < 0:
                sentence = say("Too much that is not known; the rest is not kept.")
                findings.append(_warning("edxml-unknown", sentence, where))
                return
            yield UnknownElement(parent=parent, xml=xml)


class Form:
    """What an element may hold: children that are texts, each with the key it is kept under, and parts."""

    __slots__ = ("keys", "parts")

    def __init__(self, *texts: str, parts: Mapping[str, Form] | None = None, **keys: str) -> None:
        """Take texts kept under their own names, the forms of parts that hold more, texts with other keys."""
        self.parts = parts or {}
        names = {name: name for name in (*texts, *self.parts)} | keys
        self.keys = names | {f"{{{NAMESPACE}}}{name}": key for name, key in names.items()}


def list_of(name: str, form: Form | None = None) -> Form:
    """Return the form of an element that holds any number of these; without a ``form`` they are texts."""
    return Form(parts={name: form or Form()})


class Part:
    """What is gathered while a part of a message is read: findings, and what is not known."""

    __slots__ = ("_unknown", "findings")

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self._unknown: list[tuple[etree._Element, Form, str]] = []

    def holds_more(self, element: etree._Element, form: Form, path: str) -> None:
        """Remember an element that holds children its form does not name."""
        self._unknown.append((element, form, path))

    def unknown(self, where: str) -> Iterable[UnknownElement]:
        """Return the elements that no form named, in the order in which those around them were read."""
        if not self._unknown:
            return ()
        rows = [(one, form.keys, path.partition(".")[2], where) for one, form, path in self._unknown]
        return kept(rows, self.findings)


class ElementReader:
    """What an element holds of what its form names: ``texts`` in NFC, without white space around them.

    Of texts of one name the first counts.
    """

    __slots__ = ("_element", "_form", "_part", "_parts", "path", "texts")

    def __init__(self, element: etree._Element, form: Form, path: str, part: Part) -> None:
        self.path, self._part = path, part
        self._element, self._form = element, form
        texts: dict[str, str] = {}
        parts: dict[str, list[etree._Element]] = {}
        self.texts, self._parts = texts, parts
        keys, forms, whole = form.keys, form.parts, True
        for child in element[:]:  # type: ignore[index] # a list at once, as lxml documents it
            key = keys.get(child.tag) or keys.get(local_name(child))  # the usual namespace, or any
            if key is None:
                whole = False
            elif key in forms:
                if key in parts:
                    parts[key].append(child)
                else:
                    parts[key] = [child]
            elif key not in texts:
                texts[key] = _text(child)
        if not whole:
            part.holds_more(element, form, path)

    def has(self, name: str) -> bool:
        """Whether there is a part of this name."""
        return name in self._parts

    def child(self, name: str) -> ElementReader:
        """Return the first part of this name; an absent one reads as empty, and has no path."""
        found = self._parts.get(name)
        if found is None:
            return _NOTHING
        path = f"{self.path}.{name}[1]" if len(found) > 1 or name in NUMBERED else f"{self.path}.{name}"
        return ElementReader(found[0], self._form.parts[name], path, self._part)

    def children(self, name: str) -> Iterator[ElementReader]:
        """Yield every part of this name, whatever its namespace."""
        found = self._parts.get(name, ())
        numbered = len(found) > 1 or name in NUMBERED
        for number, child in enumerate(found, 1):
            path = f"{self.path}.{name}[{number}]" if numbered else f"{self.path}.{name}"
            yield ElementReader(child, self._form.parts[name], path, self._part)

    def every_text(self, name: str) -> tuple[str, ...]:
        """Return the texts of every part of this name, without empty ones."""
        found = self._parts.get(name)
        return tuple(text for child in found if (text := _text(child))) if found else ()

    def text(self, name: str) -> str:
        """Return a text, empty where it is missing."""
        return self.texts.get(name, "")

    def number(self, name: str) -> int | None:
        """Return a child's number; what is none becomes a finding."""
        text = self.texts.get(name, "")
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            self._note(name, "edxml-number", say("not a number: {text}", text=text[:40]))
            return None
        return int(text)

    def listed(self, name: str, kind: type[Number], default: Number) -> Number:
        """Return a number of a closed list; others become a finding."""
        value = self.number(name)
        if value is None or value == default:
            return default
        try:
            return kind(value)
        except ValueError:
            self._note(name, "edxml-code", say("not a known code: {text}", text=value))
            return default

    def flag(self, name: str) -> bool | None:
        """Return a yes or no written as 1, 0, true or false."""
        text = self.texts.get(name, "").lower()
        return None if not text else text in ("1", "true")

    def day(self, name: str) -> date | None:
        """Return a day in one of its three forms; an impossible one becomes a finding."""
        moment = self.moment(name)
        return None if moment is None else moment.date()

    def moment(self, name: str) -> datetime | None:
        """Return a time, Vietnamese where no zone is written; an impossible one becomes a finding."""
        moment = _moment(self.texts.get(name, ""))
        if isinstance(moment, Sentence):
            self._note(name, "edxml-date", moment)
            return None
        return moment

    def _note(self, name: str, code: str, sentence: Sentence) -> None:
        """Keep a finding about the first text of this name."""
        several = len(by_name(self._element)[name]) > 1
        where = f"{self.path}.{name}[1]" if several or name in NUMBERED else f"{self.path}.{name}"
        self._part.findings.append(_warning(code, sentence, where))


_NOTHING = ElementReader(etree.Element("nothing"), Form(), "", Part([]))


def _warning(code: str, sentence: Sentence, where: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=where)


def _text(element: etree._Element) -> str:
    text = element.text or ""
    if len(element):
        text += "".join(child.tail or "" for child in element)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def _moment(text: str) -> datetime | Sentence | None:
    """Read a day with or without a time; a sentence says why it cannot be one."""
    if not text:
        return None
    match = _MOMENT.fullmatch(text) or _MOMENT.fullmatch(_DAY_FIRST.sub(r"\3/\2/\1", text))
    if match is None:
        return say("not a day in the form yyyy/MM/dd: {text}", text=text[:40])
    year, month, day, hour, minute, second, zone = match.groups("")
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            0,
            _zone(zone),
        )
    except ValueError:
        return say("there is no such day or time: {text}", text=text[:40])


def _zone(text: str) -> timezone:
    """Return the zone that is written, or the Vietnamese one; raises ValueError for an impossible one."""
    if not text:
        return VIETNAM_TIME
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
