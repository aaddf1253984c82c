"""Keep answers of pure functions about certificates without hashing what was asked.

A certificate hashes all that it holds at every look-up of ``lru_cache``, which takes longer than most
answers. ``of_object`` knows it again by itself, ``recent`` by comparing what was asked: few signers sign most
files, so a handful of answers is enough. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper, wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
Object = TypeVar("Object")

_KEPT = 8
_OBJECTS = 1024


class _Recent(Generic[Asked, Answer]):
    """The function, and its last answers, the newest first; replaced whole, so that threads may share it."""

    def __init__(self, function: Callable[Asked, Answer]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._kept: tuple[tuple[tuple[object, ...], Answer], ...] = ()

    def __call__(self, *asked: Asked.args, **named: Asked.kwargs) -> Answer:
        if named:
            raise TypeError("what is asked is told by place, so that it can be compared")
        for before, answer in self._kept:
            if before == asked:
                return answer
        answer = self._function(*asked, **named)
        self._kept = ((asked, answer), *self._kept[: _KEPT - 1])
        return answer


def recent(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Keep the last answers of a pure function whose arguments, all positional, are values that compare.

    What it raises is not kept.
    """
    return cast("Callable[Asked, Answer]", _Recent(function))


def of_object(
    function: Callable[Concatenate[Object, Asked], Answer],
) -> Callable[Concatenate[Object, Asked], Answer]:
    """Keep the answers of a pure function about an object that never changes; values beside it are hashable.

    An answer holds its object, so that no other can have its identity; of too many all are forgotten. Equal
    objects are asked about one by one, and everything by place. What it raises is not kept.
    """
    answers: dict[tuple[object, ...], tuple[Object, Answer]] = {}

    @wraps(function)
    def answer_of(asked: Object, /, *more: Asked.args, **named: Asked.kwargs) -> Answer:
        if named:
            raise TypeError("what is asked is told by place, so that it can be compared")
        key = (id(asked), *more)
        found = answers.get(key)
        if found is not None:
            return found[1]
        answer = function(asked, *more, **named)
        if len(answers) >= _OBJECTS:
            answers.clear()
        answers[key] = (asked, answer)
        return answer

    return answer_of
