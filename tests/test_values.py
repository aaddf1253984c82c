"""``docsign.values.dataclass``: it behaves as the standard one, and compiles nothing beforehand."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign import values


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A value with every kind of field."""

    LIMIT: ClassVar[int] = 3

    name: str
    code: str | None = None
    people: list[str] = field(default_factory=list)
    note: str = field(default="", repr=False, compare=False)
    length: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))

    @property
    def label(self) -> str:
        """What the office is called."""
        return f"{self.code}: {self.name}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StandardOffice:
    """The same by the standard decorator."""

    LIMIT: ClassVar[int] = 3

    name: str
    code: str | None = None
    people: list[str] = field(default_factory=list)
    note: str = field(default="", repr=False, compare=False)
    length: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))


@values.dataclass(frozen=True, slots=True)
class Pair:
    """Two values by place."""

    first: int
    second: str = "hai"


@values.dataclass(frozen=True, slots=True)
class Three(Pair):
    """A third value, derived."""

    third: bool = False


@values.dataclass(slots=True, eq=False)
class Counter:
    """A value that changes."""

    count: int = 0
    seen: dict[str, int] = field(default_factory=dict)


@values.dataclass(slots=True)
class Row:
    """A value that changes and is compared."""

    count: int = 0


@values.dataclass(frozen=True, slots=True)
class Nothing:
    """A value without fields."""

    LIMIT: ClassVar[int] = 1


def outcome(call: Callable[[], Any]) -> Any:
    """Return what the call gives, or the kind of its error."""
    try:
        return call()
    except Exception as error:
        return type(error)


NAMES = st.sampled_from(["name", "code", "people", "note", "length", "other"])


@given(
    st.dictionaries(NAMES, st.text(max_size=3), max_size=6),
    st.dictionaries(NAMES, st.text(max_size=3), max_size=6),
)
def test_it_is_made_compared_shown_and_replaced_as_by_the_standard(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Whatever is given by name, both decorators answer alike."""

    def answers(cls: Any) -> list[Any]:
        one, two = outcome(lambda: cls(**first)), outcome(lambda: cls(**second))
        return [
            repr(one).replace("StandardOffice", "Office") if not isinstance(one, type) else one,
            one == two,
            outcome(lambda: hash(one) == hash(two)) if not first.get("people") else None,
            outcome(lambda: repr(replace(one, **second)).replace("StandardOffice", "Office")),
        ]

    assert answers(Office) == answers(StandardOffice)


def test_fields_are_described_as_by_the_standard() -> None:
    """Name, kind, default and flags of each field are those of the standard decorator."""

    def described(cls: Any) -> list[tuple[Any, ...]]:
        return [
            (one.name, one.type, one.default, one.default_factory, one.init, one.repr, one.kw_only)
            for one in fields(cls)
        ]

    assert described(Office) == described(StandardOffice)
    assert described(Office(name="Xã Thử")) == described(StandardOffice)
    assert dataclasses.is_dataclass(Office)
    assert dataclasses.asdict(Pair(1)) == {"first": 1, "second": "hai"}


def test_a_frozen_value_refuses_every_change() -> None:
    """Neither a field nor anything else is set or deleted, and there is no dictionary."""
    pair = Pair(1)
    for name in ("first", "third"):
        with pytest.raises(FrozenInstanceError):
            setattr(pair, name, 2)
    with pytest.raises(FrozenInstanceError):
        del pair.first
    assert not hasattr(pair, "__dict__")


def test_values_by_place_match_and_compare() -> None:
    """Positional values, patterns, hash and equality."""
    match Pair(1, "một"):
        case Pair(first, second):
            assert (first, second) == (1, "một")
    assert Pair(1) == Pair(1, "hai")
    assert {Pair(1): 1}.get((1, "hai")) is None  # type: ignore[call-overload]
    assert len({Pair(1), Pair(1), Pair(2)}) == 2
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


def test_a_value_that_changes_has_its_own_defaults() -> None:
    """A made default is not shared; without eq two values differ; with eq and not frozen there is no hash."""
    one, two = Counter(), Counter(count=2)
    one.seen["Xã"] = 1
    one.count += 1
    assert (one.count, two.seen) == (1, {})
    assert Counter() != Counter()
    assert Row(1) == Row(1)
    with pytest.raises(TypeError):
        hash(Row(1))


@values.dataclass(slots=True)
class Unset:
    """A field that is set later."""

    first: int
    later: int = field(init=False)


def test_a_field_that_is_neither_given_nor_has_a_default_stays_unset() -> None:
    """Asking for it is an error until it is set."""
    unset = Unset(1)
    with pytest.raises(AttributeError):
        _ = unset.later
    unset.later = 2
    assert unset.later == 2


def test_it_is_copied_and_pickled() -> None:
    """A frozen slotted value survives copying and pickling."""
    pair = Pair(3, "ba")
    assert copy.deepcopy(pair) == copy.copy(pair) == pickle.loads(pickle.dumps(pair)) == pair


def test_a_derived_value_has_the_fields_of_both() -> None:
    """Fields of the class above come first; it is none of its equals."""
    three = Three(1, third=True)
    assert repr(three) == "Three(first=1, second='hai', third=True)"
    assert replace(three, first=2) == Three(2, "hai", True)
    assert [one.name for one in fields(three)] == ["first", "second", "third"]
    assert Three(1) != Pair(1)
    assert pickle.loads(pickle.dumps(three)) == three
    assert not hasattr(three, "__dict__")


def test_the_class_keeps_its_name_words_and_constants() -> None:
    """What is no field stays: docstring, class constant, property, module and name."""
    assert Office.__doc__ == "A value with every kind of field."
    assert (Office.__module__, Office.__qualname__, Office.LIMIT) == (__name__, "Office", 3)
    assert Office(name="Xã Thử", code="H99").label == "H99: Xã Thử"


def test_a_missing_or_surplus_value_is_named() -> None:
    """The error of a wrong call names the class and the field."""
    with pytest.raises(TypeError, match=r"Office\.__init__\(\).*'name'"):
        Office()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Office\.__init__\(\).*'other'"):
        Office(name="", other=1)  # type: ignore[call-arg]


def test_nothing_is_compiled_before_the_first_value() -> None:
    """Making a class costs no compilation: that is what it is for."""

    @values.dataclass(frozen=True, slots=True)
    class Late:
        """Made late."""

        number: int

    before = Late.__init__
    assert Late(1) == Late(1)
    assert Late.__init__ is not before


def test_only_slotted_classes_are_made() -> None:
    """A class without slots is a mistake here."""
    with pytest.raises(TypeError):
        values.dataclass(frozen=True)(type("Loose", (), {}))
    with pytest.raises(TypeError):
        values.dataclass(slots=False)
