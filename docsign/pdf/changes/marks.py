"""What a revision changed, as values: each change with what must be allowed for it."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum

from docsign.sentence import Sentence
from docsign.values import dataclass
from docsign.verdict import Change, ChangeKind


class Needs(IntEnum):
    """The lowest level of DocMDP's /P (ISO 32000-2 table 257) that allows a change."""

    NOTHING = 1
    """validation data, document time-stamps, and what their writers touch: no level forbids them"""
    FILLING = 2
    """filling of fields, signing"""
    ANNOTATING = 3
    """notes and marks"""
    MORE = 4
    """no level allows it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A field whose value this revision changed, in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPicture:
    """Where a signature is drawn. ``over`` names what lies under it, ``on_field`` where that is a field.

    ``box`` is left, bottom, right, top in points; ``opaque`` where nothing under it would be seen.
    """

    page: int | None
    box: tuple[float, float, float, float]
    opaque: bool
    over: tuple[str, ...] = ()
    on_field: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One change. ``drawn``: something added to a page, nothing that was there being touched.

    ``signed`` is the field that was signed or made, ``picture`` where that is drawn, ``moved`` where the
    field was already there and was moved.
    """

    kind: ChangeKind
    what: Sentence
    needs: Needs
    page: int | None = None
    drawn: bool = False
    fill: Fill | None = None
    signed: str | None = None
    picture: NewPicture | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one revision did to the one before it; ``allowed`` are its marks as changes that may be.

    They are made once, for every earlier signature lists them.
    """

    revision: int
    marks: tuple[Mark, ...] = ()
    allowed: tuple[Change, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        changes = (Change(kind=one.kind, what=one.what, allowed=True, page=one.page) for one in self.marks)
        object.__setattr__(self, "allowed", tuple(changes))
