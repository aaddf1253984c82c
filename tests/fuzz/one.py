"""One target under atheris, or its seeds: ``python -m tests.fuzz.one [--seeds] TARGET FOLDER|FILE …``."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def write_seeds(name: str, folder: Path) -> None:
    """Write the seeds of a target, each under its digest."""
    from tests.fuzz.targets import TARGETS

    for seed in TARGETS[name].seeds():
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def fuzz(name: str, words: list[str]) -> None:
    """Run a target under atheris, which watches our packages for new branches; does not return."""
    import atheris

    with atheris.instrument_imports(include=["docsign"]):
        from tests.fuzz.targets import TARGETS

    run = TARGETS[name].run
    atheris.Setup([sys.argv[0], *words], lambda data: run(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--seeds":
        write_seeds(sys.argv[2], Path(sys.argv[3]))
    else:
        fuzz(sys.argv[1], sys.argv[2:])
