"""How things end: the tree of errors is the one drawn, exit statuses are the documented list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docsign import errors
from docsign.errors import DocsignError
from docsign.verdict import Indication

BRANCH = re.compile(r"    ((?:│   |    |├── |└── )*)(\w+Error)\b(.*)")


def below(kind: type[DocsignError]) -> Iterator[type[DocsignError]]:
    """Yield every class under ``kind``."""
    for inner in kind.__subclasses__():
        yield inner
        yield from below(inner)


def classes() -> dict[str, type[DocsignError]]:
    """Return every class that errors.py defines by its name."""
    found: list[type[DocsignError]] = [DocsignError]
    found.extend(below(DocsignError))
    return {kind.__name__: kind for kind in found if kind.__module__ == errors.__name__}


def drawn() -> Iterator[tuple[str, str, str]]:
    """Yield (class, its parent, the words beside it) of the tree in the docstring of errors.py."""
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if branch := BRANCH.fullmatch(line):
            depth = len(branch.group(1)) // 4
            above[depth:] = [branch.group(2)]
            yield branch.group(2), above[depth - 1] if depth else "Exception", branch.group(3)


def test_the_tree_of_errors_is_the_one_drawn() -> None:
    """The picture names every class under its parent, with its ending and whether to try again."""
    known = classes()
    assert {name for name, _, _ in drawn()} == set(known)
    for name, parent, words in drawn():
        kind = known[name]
        assert parent in [base.__name__ for base in kind.__bases__], name
        if ending := re.search(r"exit (\d+)(, retry)?$", words):
            assert kind.exit_status == int(ending.group(1)), name
            assert kind.retry == (ending.group(2) is not None), name


def test_every_error_has_its_own_code() -> None:
    """Programs tell errors apart by a code that no other class has."""
    codes = [kind.code for kind in classes().values()]
    assert len(set(codes)) == len(codes)


def test_errors_of_a_room_end_as_their_kind_does() -> None:
    """A class that a room defines for itself is, to those outside, the one of the tree it stands under."""
    drawn_ones = classes()
    for kind in below(DocsignError):
        if kind.__name__ not in drawn_ones:
            parent = next(drawn_ones[base.__name__] for base in kind.__mro__ if base.__name__ in drawn_ones)
            assert (kind.exit_status, kind.retry) == (parent.exit_status, parent.retry), kind.__name__


def test_endings_are_the_documented_ones() -> None:
    """0 done, 1 failed, 2 usage, 3 indeterminate, 4 no signature, 70 our bug, 75 later; and no other."""
    assert {indication.value: indication.exit_status for indication in Indication} == {
        "TOTAL-PASSED": 0,
        "TOTAL-FAILED": 1,
        "INDETERMINATE": 3,
        "NO-SIGNATURE": 4,
    }
    assert {kind.exit_status for kind in below(DocsignError)} == {1, 2, 75}
    assert (errors.EXIT_OK, errors.EXIT_USAGE, errors.EXIT_OUR_BUG, errors.EXIT_TRY_LATER) == (0, 2, 70, 75)
