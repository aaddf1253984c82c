"""Ten megabytes of whatever: a verdict of ours in bounded time and memory, in a process that is watched.

The budget is 3 s and 256 MB on one core; the limits on the child are some times that, for machines differ.
What stops these files is counted work (``docsign.pdf.reading.budget``).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from docsign.ades import der
from docsign.ades import signed_data as sd
from tests.pdf.reading.making import CATALOG, Writer, object_stream, one_page, stream

SIZE = 10_000_000
SECONDS, MEGABYTES = 15, 384
CHILD = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds} + 1))
from datetime import UTC, datetime
from docsign.pdf.judge import judge_pdf
from docsign.pki import Trust
from tests.peak_memory import peak_memory
data = open(sys.argv[1], "rb").read()
answer = judge_pdf(data, trust=Trust.nothing(), at=datetime.now(UTC))
print(json.dumps([answer.conclusion.indication, peak_memory() // 1024]))
"""


def one_value(value: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Return what makes a page with one long object beside it."""

    def make(count: int) -> bytes:
        writer = one_page()
        writer.object(5, value(count))
        return writer.table()

    return make


def pages(count: int) -> bytes:
    """A page tree with so many kids, each an object."""
    writer = Writer()
    writer.object(1, CATALOG)
    kids = b" ".join(b"%d 0 R" % (3 + place) for place in range(count))
    writer.object(2, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids))
    for place in range(count):
        writer.object(3 + place, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")
    return writer.table()


def fields(body: bytes) -> Callable[[int], bytes]:
    """Return what makes a form of so many fields."""

    def make(count: int) -> bytes:
        writer = one_page()
        listed = b" ".join(b"%d 0 R" % (10 + place) for place in range(count))
        writer.object(1, CATALOG[:-2] + b"/AcroForm<</Fields [%s]>> >>" % listed)
        for place in range(count):
            writer.object(10 + place, body % place)
        return writer.table()

    return make


def fields_in_fields(count: int) -> bytes:
    """A form whose fields lie each in the one before."""
    writer = one_page()
    writer.object(1, CATALOG[:-2] + b"/AcroForm<</Fields [10 0 R]>> >>")
    for place in range(count):
        writer.object(10 + place, b"<</T(a)/Kids [%d 0 R]>>" % (11 + place))
    return writer.table()


def bombs(count: int) -> bytes:
    """Streams that are a thousand times as large inflated."""
    writer, packed = one_page(), zlib.compress(bytes(1 << 20), 9)
    for number in range(5, 5 + count):
        head = b"<</Type/XObject/Subtype/Form/BBox[0 0 1 1]/Filter/FlateDecode/Length %d>>" % len(packed)
        writer.object(number, head + b"\nstream\n" + packed + b"\nendstream")
    return writer.table()


def object_streams(count: int) -> bytes:
    """Object streams of one object each."""
    writer = one_page()
    for place in range(count):
        writer.object(5 + 2 * place, object_stream({6 + 2 * place: b"<</A (x)>>"}))
    packed = {6 + 2 * place: (5 + 2 * place, 0) for place in range(count)}
    return writer.xref_stream(10 + 2 * count, packed=packed)


def revisions(count: int) -> bytes:
    """A page and so many revisions that each write one object anew; more than are read need not be made."""
    writer = one_page()
    writer.table()
    for _ in range(min(count, 12_000)):
        writer.object(9, b"(x)")
        writer.table()
    return bytes(writer.data)


def revised(body: Callable[[int, Writer], None], again: int, value: bytes) -> Callable[[int], bytes]:
    """Return what makes so many revisions of ``body``, each changing what all of it rests on."""

    def make(count: int) -> bytes:
        writer = one_page()
        body(1000, writer)
        writer.table()
        for revision in range(min(count, 2000)):
            writer.object(again, value % revision)
            writer.table()
        return bytes(writer.data)

    return make


def _tree(count: int, writer: Writer) -> None:
    kids = b" ".join(b"%d 0 R" % (10 + place) for place in range(count))
    writer.object(4, b"[%s]" % kids)
    for place in range(count):
        writer.object(10 + place, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")


def _form(count: int, writer: Writer) -> None:
    writer.object(1, CATALOG[:-2] + b"/AcroForm 4 0 R>>")
    writer.object(4, b"<</Fields [%s]>>" % b" ".join(b"%d 0 R" % (10 + place) for place in range(count)))
    for place in range(count):
        writer.object(10 + place, b"<</FT/Tx/T(f%d)/Subtype/Widget/Rect[0 0 9 9]/DR 5 0 R>>" % place)


def _chain(count: int, writer: Writer) -> None:
    writer.object(1, CATALOG[:-2] + b"/Lang 10 0 R>>")
    for place in range(count):
        writer.object(10 + place, b"<</A %d 0 R>>" % (11 + place))


def _notes(count: int, writer: Writer) -> None:
    notes = b" ".join(b"%d 0 R" % (10 + place) for place in range(count))
    writer.object(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots[%s]>>" % notes)
    for place in range(count):
        writer.object(10 + place, b"<</Subtype/Square/Rect[0 0 9 9]/AP 5 0 R>>")


def signatures_over_all(count: int) -> bytes:
    """Signatures that each cover the whole file but themselves: what one digests, the others digest too."""
    writer = one_page()
    cms = _cms().hex().encode()
    size = min(count, 1500)
    listed = b" ".join(b"%d 0 R" % (10 + place) for place in range(size))
    writer.object(1, CATALOG[:-2] + b"/AcroForm<</Fields [%s]>> >>" % listed)
    for place in range(size):
        writer.object(
            10 + place,
            b"<</FT/Sig/T(f%d)/V<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
            b"/ByteRange[0 0000000000 0000000000 0000000000]/Contents<%s>>>>>" % (place, cms),
        )
    writer.object(5, stream(bytes(1000 * count)))
    data = bytearray(writer.table())
    for match in list(_EMPTY_RANGE.finditer(bytes(data))):
        start, end = match.span(2)
        data[match.start(1) : match.end(1)] = b"%010d %010d %010d" % (start, end, len(data) - end)
    return bytes(data)


def _cms() -> bytes:
    """Return signed data that says what digest it signs, and little else."""

    def sequence(*parts: bytes) -> bytes:
        return der.encode(der.SEQUENCE, b"".join(parts))

    digest, one = sequence(der.encode_oid("2.16.840.1.101.3.4.2.1")), b"\2\1\1"
    stated = der.encode(der.SET, der.encode(der.OCTET_STRING, bytes(32)))
    signer = sequence(
        one,
        sequence(sequence(), one),
        digest,
        der.encode(0xA0, sequence(der.encode_oid(sd.MESSAGE_DIGEST), stated)),
        sequence(der.encode_oid("1.2.840.113549.1.1.11"), b"\5\0"),
        der.encode(der.OCTET_STRING, b"x" * 8),
    )
    inner = sequence(
        one, der.encode(der.SET, digest), sequence(der.encode_oid(sd.DATA)), der.encode(der.SET, signer)
    )
    return sequence(der.encode_oid(sd.SIGNED_DATA), der.encode(0xA0, inner))


_EMPTY_RANGE = re.compile(rb"/ByteRange\[0 (0{10} 0{10} 0{10})\]/Contents(<[0-9a-f]+>)")

QUICK: dict[str, Callable[[int], bytes]] = {
    "nested arrays": one_value(lambda count: b"[" * count + b"]" * count),
    "escapes in a string": one_value(lambda count: b"(" + b"\\1" * count + b")"),
    "a name": one_value(lambda count: b"/" + b"a" * count),
    "pages": pages,
    "revisions of a chain": revised(_chain, 1010, b"<</B %d>>"),
}
SLOW: dict[str, Callable[[int], bytes]] = {
    "parentheses": one_value(lambda count: b"(" * count + b")" * count),
    "comments": one_value(lambda count: b"% x\n" * count + b"1"),
    "nested a little": one_value(lambda count: b"[" + (b"[" * 150 + b"]" * 150) * (count // 100) + b"]"),
    "kids that are one page": one_value(lambda count: b"[" + b"3 0 R " * count + b"]"),
    "widgets": fields(b"<</FT/Tx/T(f%d)/Subtype/Widget/Rect[0 0 9 9]/V(x)>>"),
    "signatures": fields(
        b"<</FT/Sig/T(f%d)/V<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
        b"/ByteRange[0 9 9 9]/Contents<00>>>>>"
    ),
    "fields in fields": fields_in_fields,
    "bombs": bombs,
    "object streams": object_streams,
    "revisions": revisions,
    "revisions of a page tree": revised(_tree, 2, b"<</Type/Pages/Count 1000/Kids 4 0 R/X %d>>"),
    "revisions of a form": revised(_form, 5, b"<</A %d>>"),
    "revisions of notes": revised(_notes, 5, b"<</A %d>>"),
    "signatures over all": signatures_over_all,
}


def grown(make: Callable[[int], bytes]) -> bytes:
    """Return what ``make`` makes of about ten megabytes."""
    few, many = len(make(200)), len(make(400))
    return make(200 + int((SIZE - few) / max(1, (many - few) / 200)))


def judged(data: bytes, folder: Path) -> None:
    """Judge in a child of limited time; fail where it dies or takes too much memory."""
    path = folder / "lon.pdf"
    path.write_bytes(data)
    child = [sys.executable, "-c", CHILD.format(seconds=SECONDS), str(path)]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    indication, megabytes = json.loads(done.stdout)
    assert indication in ("NO-SIGNATURE", "TOTAL-FAILED", "INDETERMINATE")
    assert megabytes <= MEGABYTES


@pytest.mark.parametrize("kind", QUICK)
def test_ten_megabytes_are_judged_within_bounds(kind: str, tmp_path: Path) -> None:
    """A file of one hostile kind, which claims to be signed."""
    judged(grown(QUICK[kind]) + b"% /adbe.pkcs7.detached\n", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SLOW)
def test_ten_megabytes_of_other_kinds_are_judged_within_bounds(kind: str, tmp_path: Path) -> None:
    """The same for kinds that take their time to make and to read."""
    judged(grown(SLOW[kind]) + b"% /adbe.pkcs7.detached\n", tmp_path)
