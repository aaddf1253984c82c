"""Keep the last answers of a pure function, found again by comparing what was asked, not by hashing it.

A certificate hashes all its bytes at every look-up of ``lru_cache``; comparing it with itself costs nothing.
Few signers sign most files, so a handful of answers is enough. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar, cast

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

_KEPT = 8


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
