"""How fast a whole edXML message of 1 MB is read: beside lxml's own parser and the decoding of its base64.

    python -m tests.benchmarks.bench_edxml

Ours: header, findings, each attachment decoded into a stream with its SHA-256. Beside it ``lxml.fromstring``
of the same bytes, which leaves the base64 as it is, and the floor: base64 decoded and digested. All sides in
turns, the quickest of some rounds. It prints, and judges nothing.
"""

from __future__ import annotations

import base64
import binascii
import gc
import hashlib
import io
import os
import time
from collections.abc import Callable, Sequence

from lxml import etree

from docsign.envelope.edxml_message import read_message, write_message
from tests.envelope.test_edxml_message import HEADER, attachment

SIZE = 750_000  # 1 MB as base64


def in_turns(works: Sequence[Callable[[], object]], *, rounds: int = 40) -> list[float]:
    """Return the seconds of this process that the quickest call of each took, called one after another."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for place, work in enumerate(works):
            gc.collect()
            started = time.process_time()
            work()
            best[place] = min(best[place], time.process_time() - started)
    return best


def main() -> None:
    """Print one line a side."""
    content = os.urandom(SIZE)
    target = io.BytesIO()
    write_message(target, HEADER, [attachment(content, "van-ban.bin", "application/octet-stream")])
    data, text = target.getvalue(), base64.b64encode(content)

    def own() -> None:
        message = read_message(io.BytesIO(data), io.BytesIO)
        assert message.attachments[0].size == SIZE

    def floor() -> None:
        hashlib.sha256(binascii.a2b_base64(text)).digest()

    def write() -> None:
        write_message(io.BytesIO(), HEADER, [attachment(content, "van-ban.bin", "application/octet-stream")])

    ours, theirs, least, writing = in_turns(
        [own, lambda: etree.fromstring(data, etree.XMLParser(resolve_entities=False)), floor, write]
    )
    megabytes = len(data) / 1e6
    print(f"read: {ours * 1e3:.2f} ms, {megabytes / ours:.0f} MB/s")
    print(f"lxml.fromstring, nothing decoded: {theirs * 1e3:.2f} ms; ours {ours / theirs:.2f} × that")
    print(f"floor (base64, SHA-256): {least * 1e3:.2f} ms; ours {ours / least:.2f} × that")
    print(f"write: {writing * 1e3:.2f} ms, {megabytes / writing:.0f} MB/s")


if __name__ == "__main__":
    main()
