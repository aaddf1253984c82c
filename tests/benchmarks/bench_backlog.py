"""What a million undelivered envelopes cost those who send and fetch: times against an empty relay.

    python -m tests.benchmarks.bench_backlog [rows] [requests]

Two relays stand side by side, one with a first page of its inbox and no more, one whose ledger was filled
through the storage port; each request goes to both in turns, over one connection with mutual TLS. ``accept``
is a submission of 20 KB, ``fetch`` what a receiver does with one envelope: look into the inbox past what it
has seen, get the bytes, confirm them. ``first page`` is the inbox read from its start.
Times are in milliseconds; it prints, and judges nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from docsign.exchange import wire
from relay_server.app import DATABASE
from relay_server.core.deliveries import Delivery, State
from relay_server.core.envelopes import StoredEnvelope
from relay_server.ports import Transaction
from relay_server.storage.database import DatabaseLedger
from tests.benchmarks.relay_site import COMMUNE, PROVINCE, Bench, Connection, Running, submission

SIZE = 20_000
PAGE = 50
AT_ONCE = 20_000
LIFE = timedelta(days=14)


async def fill(folder: Path, rows: int) -> None:
    """Write so many undelivered envelopes to the province into the ledger."""
    ledger = await DatabaseLedger.open(folder / DATABASE)
    now = datetime.now(UTC)

    async def some(tx: Transaction, start: int, end: int) -> None:
        for serial in range(start, end):
            sha256 = hashlib.sha256(b"%d" % serial).hexdigest()
            await tx.add_envelope(
                StoredEnvelope(
                    sha256=sha256,
                    size=SIZE,
                    sender=COMMUNE,
                    document_id=sha256[:32],
                    subject="Về việc báo cáo công tác văn thư",
                    priority=0,
                    kind=0,
                    accepted_at=now,
                    number_key=f"{COMMUNE}/{serial}",
                )
            )
            await tx.add_delivery(
                Delivery(
                    id=sha256[32:],
                    sha256=sha256,
                    sender=COMMUNE,
                    receiver=PROVINCE,
                    number=await tx.next_number(),
                    state=State.QUEUED,
                    reached=State.QUEUED,
                    changed_at=now,
                    expires_at=now + LIFE,
                )
            )

    for start in range(0, rows, AT_ONCE):
        await ledger.write(partial(some, start=start, end=min(rows, start + AT_ONCE)))
    await ledger.close()


class Line:
    """A commune and a province at one relay."""

    def __init__(self, bench: Bench, relay: Running) -> None:
        self._bench = bench
        self._relay = relay
        self._seen = 0
        self.times: dict[str, list[float]] = {}

    async def open(self) -> None:
        """Connect both."""
        self._sender = await Connection.open(self._relay.url, self._bench.tls)
        self._receiver = await Connection.open(self._relay.url, self._bench.province())

    async def round(self, serial: int) -> None:
        """Send one envelope and fetch it."""
        envelope = self._bench.envelope(serial, SIZE)
        sha256 = hashlib.sha256(envelope).hexdigest()
        request = submission(envelope)
        began = time.perf_counter()
        status, answer = await self._sender.ask(request)
        self._took("accept", began)
        assert status == 201, answer
        await self._fetch(sha256)
        began = time.perf_counter()
        status, answer = await self._receiver.ask(_get(f"{wire.INBOX}?limit={PAGE}"))
        self._took("first page", began)
        assert status == 200, answer

    async def _fetch(self, sha256: str) -> None:
        began = time.perf_counter()
        _, page = await self._receiver.ask(_get(f"{wire.INBOX}?limit=1&after={self._seen}"))
        item = json.loads(page)["items"][0]
        assert item["sha256"] == sha256
        status, _ = await self._receiver.ask(_get(wire.envelope_path(sha256)))
        assert status == 200
        body = json.dumps({"sha256": sha256, "signature": None}).encode()
        head = f"POST {wire.handover_path(item['delivery'])} HTTP/1.1\r\nHost: relay\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        status, answer = await self._receiver.ask(head.encode() + body)
        assert status == 200, answer
        self._took("fetch", began)

    def start_after(self, rows: int) -> None:
        """Say that the receiver has seen so many deliveries."""
        self._seen = rows

    def _took(self, what: str, began: float) -> None:
        self.times.setdefault(what, []).append((time.perf_counter() - began) * 1000)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: relay\r\n\r\n".encode()


def _at(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


async def _rounds(lines: list[Line], requests: int) -> None:
    for line in lines:
        await line.open()
        for serial in range(20):
            await line.round(10**6 + serial)
        line.times.clear()
    for serial in range(requests):
        for line in lines if serial % 2 else reversed(lines):
            await line.round(serial)


def compare(folder: Path, rows: int, requests: int) -> None:
    """Print the middle and the slowest hundredth of both relays, and their ratios."""
    benches = [asyncio.run(Bench.make(folder / name)) for name in ("empty", "full")]
    began = time.perf_counter()
    for bench, waiting in zip(benches, (PAGE, rows), strict=True):
        asyncio.run(fill(bench.folder, waiting))
    print(f"{rows} rows filled in {time.perf_counter() - began:.0f} s")
    relays = [Running(bench.folder) for bench in benches]
    try:
        lines = [Line(bench, relay) for bench, relay in zip(benches, relays, strict=True)]
        for line, waiting in zip(lines, (PAGE, rows), strict=True):
            line.start_after(waiting)
        asyncio.run(_rounds(lines, requests))
    finally:
        for relay in relays:
            relay.end()
    for what in lines[0].times:
        empty, full = (line.times[what] for line in lines)
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            one, other = _at(empty, share), _at(full, share)
            print(f"{what:10} {name}: empty {one:7.2f} ms   full {other:7.2f} ms   ({other / one:.2f})")


if __name__ == "__main__":
    options = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as place:
        compare(Path(place), *(options + [1_000_000, 1000][len(options) :]))
