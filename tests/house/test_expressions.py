"""Regular expressions that mean the same in every Python that is supported.

Before 3.11.5 (Debian 12 has 3.11.2) a possessive group keeps a part of what its last, failing turn has read:
``(?:ab?c)*+`` takes three letters of "aca". An alternative that never matches, ``|(?!)``, puts it back.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import docsign
import relay_server
from docsign.verification import verify

# what the standard library reads expressions with has no types
PARSER: Any = importlib.import_module("re._parser")
COMPILER: Any = importlib.import_module("re._compiler")
OLDER = Path("/usr/bin/python3.11")
HONEST = sorted((Path(__file__).parents[1] / "pdf" / "honest").glob("*.pdf"))
PROGRAM = """
import json, sys
from datetime import UTC, datetime
from docsign.verification import verify
for path in sys.argv[1:]:
    print(json.dumps(verify(path, offline=True, at=datetime(2026, 11, 16, tzinfo=UTC)).to_json()))
"""


def parts(items: Any) -> Iterator[tuple[str, Any]]:
    """Yield every part of a parsed expression, by the name of its kind."""
    for kind, value in items:
        yield str(kind), value
        match str(kind):
            case "BRANCH":
                inside = value[1]
            case "SUBPATTERN":
                inside = [value[3]]
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                inside = [value[2]]
            case "ASSERT" | "ASSERT_NOT":
                inside = [value[1]]
            case "ATOMIC_GROUP":
                inside = [value]
            case _:
                inside = []
        for one in inside:
            yield from parts(one)


def puts_back(body: Any) -> bool:
    """Tell whether the last alternative of a group never matches."""
    kind, value = body[0]
    if len(body) != 1 or str(kind) != "BRANCH":
        return False
    (kind, value), *more = value[1][-1] or [("", None)]
    return not more and (str(kind) == "FAILURE" or (str(kind) == "ASSERT_NOT" and not len(value[1])))


def unsafe(pattern: str | bytes, flags: int = 0) -> list[Any]:
    """Return the possessive groups of an expression that do not put back what their last turn has read."""
    return [
        value
        for kind, value in parts(PARSER.parse(pattern, flags))
        if kind == "POSSESSIVE_REPEAT" and not COMPILER._simple(value[2]) and not puts_back(value[2])
    ]


def test_possessive_groups_put_back_what_their_last_turn_has_read() -> None:
    """Of every expression that our modules hold."""
    assert unsafe("(?:ab?c)*+")
    assert not unsafe("(?:ab?c|(?!))*+[a-z]*+")
    found: list[str] = []
    looked = 0
    for package in (docsign, relay_server):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern):
                    looked += 1
                    if unsafe(value.pattern, value.flags):
                        found.append(f"{module.name}.{name}")
    assert looked > 100
    assert not found


def test_debians_own_python_comes_to_the_same_verdicts() -> None:
    """Each honest file, judged by the Python that a Debian 12 has and by the one that runs this."""
    if not OLDER.exists() and not os.environ.get("CI"):
        pytest.skip("this system has no Python 3.11 of its own")
    assert len(HONEST) > 100
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    done = subprocess.run(
        [OLDER, "-c", PROGRAM, *HONEST],
        env={**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{Path(docsign.__file__).parents[1]}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()
    for path, line in zip(HONEST, said, strict=True):
        here = verify(path, offline=True, at=datetime(2026, 11, 16, tzinfo=UTC)).to_json()
        assert json.loads(line) == json.loads(json.dumps(here)), path.name
