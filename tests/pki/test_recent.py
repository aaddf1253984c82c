"""The last answers of a function, found again by comparing what was asked."""

from __future__ import annotations

import pytest

from docsign.pki import recent as module
from docsign.pki.recent import of_object, recent


class Slow:
    """A value that cannot be hashed, so that only comparing finds it again."""

    __hash__ = None  # type: ignore[assignment] # that is the point

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slow) and other.number == self.number


def test_the_same_question_is_answered_once() -> None:
    """Equal arguments get the kept answer, other ones their own."""
    asked: list[int] = []

    @recent
    def doubled(value: Slow, by: int) -> int:
        asked.append(value.number)
        return value.number * by

    assert [doubled(Slow(3), 2), doubled(Slow(3), 2), doubled(Slow(3), 3), doubled(Slow(4), 2)] == [
        6,
        6,
        9,
        8,
    ]
    assert asked == [3, 3, 4]


def test_only_the_last_answers_are_kept() -> None:
    """What was asked long ago is worked out again: memory stays bounded."""
    asked: list[int] = []

    @recent
    def same(value: int) -> int:
        asked.append(value)
        return value

    for value in (*range(9), 8, 0):
        assert same(value) == value
    assert asked == [*range(9), 0]


def test_an_error_is_raised_each_time_and_names_are_refused() -> None:
    """Nothing is kept of a call that raised; arguments by name could not be compared."""
    asked: list[int] = []

    @recent
    def refused(value: int) -> int:
        asked.append(value)
        raise ValueError(value)

    for _ in range(2):
        with pytest.raises(ValueError, match="5"):
            refused(5)
    assert asked == [5, 5]
    with pytest.raises(TypeError):
        refused(value=5)


def test_an_object_is_asked_about_once_and_by_itself() -> None:
    """Neither hashing nor comparing: an equal object is another one; what is asked beside it counts."""
    asked: list[tuple[int, int]] = []

    @of_object
    def times(value: Slow, by: int) -> int:
        asked.append((value.number, by))
        return value.number * by

    one, other = Slow(3), Slow(3)
    assert [times(one, 2), times(one, 2), times(one, 5), times(other, 2)] == [6, 6, 15, 6]
    assert asked == [(3, 2), (3, 5), (3, 2)]


def test_the_identity_of_what_is_gone_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer keeps its object alive; of too many all are forgotten, and memory stays bounded."""
    monkeypatch.setattr(module, "_OBJECTS", 4)

    @of_object
    def number(value: Slow) -> int:
        return value.number

    assert [number(Slow(place)) for place in range(50)] == list(range(50))


def test_of_an_object_too_an_error_is_raised_each_time() -> None:
    """Nothing is kept of a call that raised, and nothing is asked by name."""
    asked: list[int] = []

    @of_object
    def refused(value: Slow, by: int) -> int:
        asked.append(by)
        raise ValueError(value.number)

    one = Slow(5)
    for _ in range(2):
        with pytest.raises(ValueError, match="5"):
            refused(one, 1)
    assert asked == [1, 1]
    with pytest.raises(TypeError):
        refused(one, by=1)
