"""Read elements of edXML by their names: children in any order, texts, numbers, days and times.

What cannot be used becomes a finding with the path of its place; what nobody asked for is told at the end.
Which elements a message has, and what they mean, is ``edxml_reading``'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
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
NUMBERED = ("To", "ResponseFor", "TraceHeader", "Receiver", "ReplacementInfo", "Reference")
"""The elements whose place among their like is in a path, even where there is one."""
_NOT_KEPT = ("Signature", "DigitalSignature")  # they hold for the bytes they came with

Number = TypeVar("Number", bound=IntEnum)

# yyyy/MM/dd is the standard's; ISO and dd/MM/yyyy occur. A time may follow.
_YEAR_FIRST = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)")
_TIME = re.compile(r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?\s*(Z|[+-]\d{2}:?\d{2})?\s*$")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_TIME_START = re.compile(r"(?:[ T]\d{1,2}:.*)?\s*$", re.DOTALL)


class _Children:
    """The children of an element by their names, whatever their namespace, and the names asked for."""

    __slots__ = ("asked", "by_name", "path")

    def __init__(self, element: etree._Element, path: str) -> None:
        self.path = path
        self.asked: set[str] = set()
        self.by_name: dict[str, list[etree._Element]] = {}
        by_name = self.by_name
        for child in elements(element):
            name = child.tag.rpartition("}")[2]
            if name in by_name:
                by_name[name].append(child)
            else:
                by_name[name] = [child]


class Keeper:
    """Takes along what is not known, as canonical XML, as long as it is not too much."""

    __slots__ = ("_findings", "_left")

    def __init__(self, findings: list[Finding]) -> None:
        self._findings, self._left = findings, UNKNOWN_LIMIT

    def kept(
        self, element: etree._Element, parent: str, *, known: Container[str], where: str
    ) -> Iterator[UnknownElement]:
        """Yield the children that are not ``known``; what cannot be kept is a finding at ``where``."""
        for child in elements(element):
            name = local_name(child)
            if name in known or name in _NOT_KEPT or self._left < 0:
                continue
            try:
                xml = canonicalize(child, EXC_C14N).decode()
            except XmlError:  # the name of its namespace is none
                self._note("edxml-unknown", say("The element {name} cannot be kept.", name=name[:80]), where)
                continue
            self._left -= len(xml)
            if self._left < 0:
                sentence = say("Too much that is not known; the rest is not kept.")
                self._note("edxml-unknown", sentence, where)
                return
            yield UnknownElement(parent=parent, xml=xml)

    def _note(self, code: str, sentence: Sentence, where: str) -> None:
        self._findings.append(Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=where))


class Part:
    """What is gathered while a part of a message is read: findings, and what was asked of each element."""

    __slots__ = ("children", "findings")

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.children: dict[etree._Element, _Children] = {}


class ElementReader:
    """An element, how it was reached from the one above it, and the part of the message it is in."""

    __slots__ = ("_above", "_children", "_element", "_part", "_step")

    def __init__(
        self, element: etree._Element | None, step: str, part: Part, above: ElementReader | None = None
    ) -> None:
        self._element, self._step, self._part, self._above = element, step, part, above
        self._children: _Children | None = None

    @property
    def present(self) -> bool:
        """Whether the element is there."""
        return self._element is not None

    @property
    def path(self) -> str:
        """Where the element stands, or would."""
        return self._step if self._above is None else f"{self._above.path}.{self._step}"

    def _opened(self, element: etree._Element) -> _Children:
        """Sort the children; what was asked of an element is kept with it."""
        known = self._part.children
        if element not in known:
            known[element] = _Children(element, self.path)
        self._children = known[element]
        return self._children

    def _named(self, name: str) -> Sequence[etree._Element]:
        """Return the children of this name; an absent element has none."""
        if self._element is None:
            return ()
        children = self._children or self._opened(self._element)
        children.asked.add(name)
        return children.by_name.get(name, ())

    def child(self, name: str) -> ElementReader:
        """Return the first child of this name; an absent one reads as empty."""
        found = self._named(name)
        step = f"{name}[1]" if found and (len(found) > 1 or name in NUMBERED) else name
        return ElementReader(found[0] if found else None, step, self._part, self)

    def children(self, name: str) -> Iterator[ElementReader]:
        """Yield every child of this name, whatever its namespace."""
        found = self._named(name)
        for place, child in enumerate(found, 1):
            step = f"{name}[{place}]" if len(found) > 1 or name in NUMBERED else name
            yield ElementReader(child, step, self._part, self)

    def own_text(self) -> str:
        """Return the element's text in NFC, without white space around it."""
        return "" if self._element is None else _text(self._element)

    def text(self, name: str) -> str:
        """Return a child's text, empty where it is missing."""
        found = self._named(name)
        return _text(found[0]) if found else ""

    def texts(self, *names: str) -> list[str]:
        """Return the texts of children, one a name, as ``text`` does."""
        if self._element is None:
            return [""] * len(names)
        children = self._children or self._opened(self._element)
        children.asked.update(names)
        return [_text(found[0]) if (found := children.by_name.get(name)) else "" for name in names]

    def number(self, name: str) -> int | None:
        """Return a child's number; what is none becomes a finding."""
        text = self.text(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            self.child(name).note("edxml-number", say("not a number: {text}", text=text[:40]))
            return None
        return int(text)

    def listed(self, name: str, kind: type[Number], default: Number) -> Number:
        """Return a number of a closed list; others become a finding."""
        value = self.number(name)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            self.child(name).note("edxml-code", say("not a known code: {text}", text=value))
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
            self.child(name).note("edxml-date", moment)
            return None
        return moment

    def unknown(self) -> Iterator[UnknownElement]:
        """Yield the elements of all that was read that nothing asked for, in their order."""
        keeper = Keeper(self._part.findings)
        for element, children in self._part.children.items():
            if children.by_name.keys() <= children.asked:
                continue
            parent = children.path.partition(".")[2]
            yield from keeper.kept(element, parent, known=children.asked, where=self.path)

    def note(self, code: str, sentence: Sentence) -> None:
        """Keep a finding about this place."""
        self._part.findings.append(
            Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=self.path)
        )


def _text(element: etree._Element) -> str:
    text = element.text or ""
    if len(element):
        text += "".join(child.tail or "" for child in element)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def _moment(text: str) -> datetime | Sentence | None:
    """Read a day with or without a time; a sentence says why it cannot be one."""
    if not text:
        return None
    match = _YEAR_FIRST.match(text)
    numbers = match.groups() if match else None
    if match is None:
        match = _DAY_FIRST.match(text)
        numbers = match.groups()[::-1] if match else None
    if match is None or numbers is None or not _TIME_START.match(text, match.end()):
        return say("not a day in the form yyyy/MM/dd: {text}", text=text[:40])
    time = _TIME.match(text, match.end())
    hour, minute, second = (int(part or 0) for part in time.groups()[:3]) if time else (0, 0, 0)
    try:
        year, month, day = (int(number) for number in numbers)
        return datetime(year, month, day, hour, minute, second, tzinfo=_zone(time[4] if time else None))
    except ValueError:
        return say("there is no such day or time: {text}", text=text[:40])


def _zone(text: str | None) -> timezone:
    """Return the zone that is written, or the Vietnamese one; raises ValueError for an impossible one."""
    if not text:
        return VIETNAM_TIME
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
