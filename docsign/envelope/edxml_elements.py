"""Read elements of edXML by their names: children in any order, texts, numbers, days and times.

What cannot be used becomes a finding with the path of its place; what nobody asked for is told at the end.
Which elements a message has, and what they mean, is ``edxml_reading``'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum
from typing import TypeVar

from lxml import etree

from docsign.ades.xml import EXC_C14N, canonicalize, elements, local_name
from docsign.envelope.header import VIETNAM_TIME, UnknownElement
from docsign.errors import XmlError
from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Severity

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


class Part:
    """What is gathered while a part of a message is read: findings, and what was asked of each element."""

    __slots__ = ("findings", "opened")

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.opened: dict[etree._Element, tuple[str, dict[str, list[etree._Element]], set[str]]] = {}


class ElementReader:
    """An element, or the place where it would be, and the part of the message it is in."""

    __slots__ = ("_asked", "_children", "_part", "path", "present")

    def __init__(self, element: etree._Element | None, path: str, part: Part) -> None:
        self.path, self._part, self.present = path, part, element is not None
        self._children: dict[str, list[etree._Element]] = {}
        self._asked: set[str] = set()
        if element is None:
            return
        if element in part.opened:  # what was asked of an element is kept with it
            _, self._children, self._asked = part.opened[element]
        else:
            self._children = by_name(element)
            part.opened[element] = path, self._children, self._asked

    def _place(self, name: str, number: int = 1) -> str:
        """Return where the child of this name and number stands, or would."""
        found = self._children.get(name, ())
        numbered = len(found) > 1 or (found and name in NUMBERED)
        return f"{self.path}.{name}[{number}]" if numbered else f"{self.path}.{name}"

    def child(self, name: str) -> ElementReader:
        """Return the first child of this name; an absent one reads as empty."""
        found = self._children.get(name)
        if found is None:
            return ElementReader(None, f"{self.path}.{name}", self._part)
        self._asked.add(name)
        return ElementReader(found[0], self._place(name), self._part)

    def children(self, name: str) -> Iterator[ElementReader]:
        """Yield every child of this name, whatever its namespace."""
        self._asked.add(name)
        for number, child in enumerate(self._children.get(name, ()), 1):
            yield ElementReader(child, self._place(name, number), self._part)

    def within(self, parent: str, name: str) -> Iterator[ElementReader]:
        """Yield every child of this name of the first child ``parent``."""
        return self.child(parent).children(name) if parent in self._children else iter(())

    def texts_within(self, parent: str, name: str) -> tuple[str, ...]:
        """Return the texts of every child of this name of the first child ``parent``."""
        return self.child(parent).every_text(name) if parent in self._children else ()

    def every_text(self, name: str) -> tuple[str, ...]:
        """Return the texts of every child of this name, without empty ones."""
        self._asked.add(name)
        return tuple(text for child in self._children.get(name, ()) if (text := _text(child)))

    def text(self, name: str) -> str:
        """Return a child's text in NFC, without white space around it; empty where it is missing."""
        found = self._children.get(name)
        if found is None:
            return ""
        self._asked.add(name)
        return _text(found[0])

    def texts(self, *names: str) -> list[str]:
        """Return the texts of children, one a name, as ``text`` does."""
        children = self._children
        self._asked.update(names)
        return [_text(children[name][0]) if name in children else "" for name in names]

    def number(self, name: str) -> int | None:
        """Return a child's number; what is none becomes a finding."""
        text = self.text(name)
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
        text = self.text(name).lower()
        return None if not text else text in ("1", "true")

    def day(self, name: str) -> date | None:
        """Return a day in one of its three forms; an impossible one becomes a finding."""
        moment = self.moment(name)
        return None if moment is None else moment.date()

    def moment(self, name: str) -> datetime | None:
        """Return a time, Vietnamese where no zone is written; an impossible one becomes a finding."""
        moment = _moment(self.text(name))
        if isinstance(moment, Sentence):
            self._note(name, "edxml-date", moment)
            return None
        return moment

    def unknown(self) -> Iterator[UnknownElement]:
        """Yield the elements of all that was read that nothing asked for, in their order."""
        rows = (
            (element, asked, path.partition(".")[2], self.path)
            for element, (path, children, asked) in self._part.opened.items()
            if not asked.issuperset(children)
        )
        return kept(rows, self._part.findings)

    def _note(self, name: str, code: str, sentence: Sentence) -> None:
        """Keep a finding about the first child of this name."""
        self._part.findings.append(_warning(code, sentence, self._place(name)))


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
        day_and_time = int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        return datetime(*day_and_time, tzinfo=_zone(zone))
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
