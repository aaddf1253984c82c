"""How much faster our reader is than pyHanko's, over the same files with the same work.

The work: open the file, parse every version of every object in every revision. Ours also accounts for every
byte. Run it with ``python -m tests.benchmarks.read_pdf``.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from io import BytesIO
from time import process_time

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from docsign.pdf.reading import read_pdf
from tests.pdf.reading.making import many_objects, many_revisions, stream, updated


def ours(data: bytes) -> None:
    """Read everything with docsign."""
    pdf = read_pdf(data)
    pdf.check_objects()
    assert not pdf.remarks


def theirs(data: bytes) -> None:
    """Read everything with pyHanko."""
    reader = PdfFileReader(BytesIO(data))
    for revision in range(reader.xrefs.total_revisions):
        resolver = reader.get_historical_resolver(revision)
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            resolver.get_object(Reference(reference.idnum, reference.generation, pdf=resolver))


def floor(data: bytes) -> None:
    """Hash every byte: what no reader of a signed file can do without."""
    hashlib.sha256(data).digest()


def seconds(work: Callable[[bytes], None], data: bytes, rounds: int) -> float:
    """Return the best of some rounds, in seconds of this process."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = process_time()
        work(data)
        best = min(best, process_time() - start)
    return best


def main() -> None:
    """Print one line a file."""
    big = updated(many_objects(100), {500: stream(bytes(range(256)) * 80_000)})
    files = {
        "20 000 objects": many_objects(20_000),
        "40 000 objects": many_objects(40_000),
        "51 revisions": many_revisions(many_objects(200), 50),
        "20 MB in one stream": big,
    }
    for name, data in files.items():
        own, hashed = seconds(ours, data, 3), seconds(floor, data, 3)
        other = seconds(theirs, data, 1)
        print(
            f"{name:20} {len(data) / 1e6:5.2f} MB: own {own * 1e3:.1f} ms = {own / hashed:.1f} x SHA-256; "
            f"pyHanko {other * 1e3:8.1f} ms = {other / own:5.1f} x docsign"
        )


if __name__ == "__main__":
    main()
