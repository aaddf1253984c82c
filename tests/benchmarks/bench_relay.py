"""How many envelopes a relay takes in each second, durably: ratios against a floor and against Postfix.

    python -m tests.benchmarks.bench_relay [rounds] [envelopes]

Each envelope has 200 KB and is accepted with every check, over mutual TLS, with a signed and logged receipt,
by one relay process; the client, on the same machine, sends requests made beforehand. The floor is the same
durability in Python without network, container, XML and receipt: a file, its syncs, SHA-256, one RSA
verification and a row committed with those that wait beside it. Postfix takes as many messages of this size
from ``smtp-source`` into its queue (a private instance on loopback, no TLS), without hash or signature.

Client and server share the machine's cores, which the floor does not. So the line ends with what an
acceptance costs of a processor at the least, measured in the same run: a bare server with its client (mutual
TLS, HTTP, SHA-256, nothing kept), the floor, and the judging of the envelope. No relay made of these parts
takes in more than they allow on all cores, whatever waits for what; "unjudged" is one that looks at nothing.
Over one connection the steps follow each other too: an envelope is judged when it is whole, and answered when
it is judged, so that the bare server's time for a request and the judging are the least a client waits.
It prints, and judges nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import queue
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from docsign.pki.trust import Trust
from relay_server.outside import TrustExaminer
from tests.benchmarks.relay_site import Bench, Connection, Running, rate, send_all, submission

SIZE = 200_000
CONNECTIONS = (1, 8, 64)
GROUP = 64


class Floor:
    """What durable acceptance costs in Python when nothing else is done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._directory = os.open(folder, os.O_RDONLY)
        private = rsa.generate_private_key(65537, 2048)
        self._public = private.public_key()
        self._signature = private.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
        self._rows: queue.Queue[tuple[str, Future[None]] | None] = queue.Queue()
        self._writer = threading.Thread(target=self._write)
        self._writer.start()

    def _write(self) -> None:
        rows = sqlite3.connect(self._folder / "rows.sqlite", isolation_level=None)
        rows.execute("PRAGMA journal_mode=WAL")
        rows.execute("PRAGMA synchronous=FULL")
        rows.execute("CREATE TABLE taken (name TEXT PRIMARY KEY)")
        while True:
            group = [self._rows.get()]
            while len(group) < GROUP and not self._rows.empty():
                group.append(self._rows.get())
            found = [one for one in group if one is not None]
            rows.execute("BEGIN IMMEDIATE")
            rows.executemany("INSERT INTO taken VALUES (?)", [(name,) for name, _ in found])
            rows.execute("COMMIT")
            for _, done in found:
                done.set_result(None)
            if None in group:
                rows.close()
                return

    def take(self, body: bytes) -> None:
        """Accept one body."""
        name = hashlib.sha256(body).hexdigest()
        self._public.verify(self._signature, b"x", padding.PKCS1v15(), hashes.SHA256())
        descriptor, temporary = tempfile.mkstemp(dir=self._folder)
        os.write(descriptor, body)
        os.fdatasync(descriptor)
        os.close(descriptor)
        Path(temporary).rename(self._folder / name)
        os.fsync(self._directory)
        done: Future[None] = Future()
        self._rows.put((name, done))
        done.result()

    def rate(self, bodies: Sequence[bytes], threads: int) -> tuple[float, float]:
        """Return how many bodies so many threads take in a second, and the processor's seconds for each."""
        with ThreadPoolExecutor(threads) as workers:
            began, spent = time.perf_counter(), time.process_time()
            list(workers.map(self.take, bodies))
            took, spent = time.perf_counter() - began, time.process_time() - spent
            return len(bodies) / took, spent / len(bodies)

    def end(self) -> None:
        """Stop the writer and remove the files."""
        self._rows.put(None)
        self._writer.join()
        os.close(self._directory)
        shutil.rmtree(self._folder)


def processor_seconds(pid: int) -> float:
    """Return what another process has used of the processors (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def carrying(bench: Bench, envelopes: Sequence[bytes], connections: int) -> tuple[float, float]:
    """Return the processor's seconds (both sides) and the clock's that sending to the bare server takes."""
    root, identity = bench.folder.parent / "authority/trust/root.pem", bench.identities / "relay-tls.pem"
    requests = [submission(one) for one in envelopes]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bare_server", str(root), str(identity)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()

    async def spent() -> tuple[float, float]:
        lines = [await Connection.open(url, bench.tls) for _ in range(connections)]
        used, began = processor_seconds(process.pid) + time.process_time(), time.perf_counter()
        await send_all(lines, requests)
        took = time.perf_counter() - began
        used = processor_seconds(process.pid) + time.process_time() - used
        return used / len(requests), took / len(requests)

    try:
        return asyncio.run(spent())
    finally:
        process.terminate()
        process.wait()


def judging(trust: Path, envelopes: Sequence[bytes]) -> float:
    """Return the processor's seconds for each envelope that is judged as the relay does."""
    examiner = TrustExaminer(Trust.from_path(trust))
    examiner.judge(io.BytesIO(envelopes[0]), at=datetime.now(UTC))  # what is loaded once
    began = time.process_time()
    for envelope in envelopes:
        examiner.judge(io.BytesIO(envelope), at=datetime.now(UTC))
    return (time.process_time() - began) / len(envelopes)


MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = bench.invalid
mydestination =
mynetworks = 127.0.0.0/8
message_size_limit = 104857600
maillog_file = {folder}/data/maillog
maillog_file_prefixes = {folder}
smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
error unix - - n - - error
retry unix - - n - - error
"""
PORT = 10_025


@contextmanager
def postfix(folder: Path) -> Iterator[None]:
    """Run a Postfix of its own that keeps what comes in its queue."""
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir(parents=True)
    for above in (folder, *folder.parents[:1]):
        above.chmod(0o755)
    (folder / "conf" / "main.cf").write_text(MAIN.format(folder=folder))
    (folder / "conf" / "master.cf").write_text(MASTER.format(port=PORT))
    shutil.chown(folder / "data", "postfix")
    command = ["postfix", "-c", str(folder / "conf")]
    subprocess.run([*command, "start"], check=True, capture_output=True)
    try:
        time.sleep(1)
        yield
    finally:
        subprocess.run([*command, "stop"], check=False, capture_output=True)


def smtp_rate(messages: int, connections: int) -> float:
    """Return how many messages Postfix has synced in a second, over so many connections."""
    began = time.perf_counter()
    subprocess.run(
        ["smtp-source", "-d", "-l", str(SIZE), "-m", str(messages), "-s", str(connections),
         "-f", "xa@bench.invalid", "-t", "tinh@bench.invalid", f"127.0.0.1:{PORT}"],
        check=True, capture_output=True,
    )  # fmt: skip
    return messages / (time.perf_counter() - began)


def compare(folder: Path, rounds: int, count: int) -> None:
    """Print the rates of each number of connections, the best of some rounds."""
    bench = asyncio.run(Bench.make(folder))
    best: dict[tuple[str, int], float] = {}
    least: dict[tuple[str, int], float] = {}
    has_postfix = shutil.which("postfix") is not None and os.geteuid() == 0
    if not has_postfix:
        print("Postfix is not here, or this is not root: apt-get install postfix")
    serial = 0
    relay = Running(bench.folder)
    try:
        warm = [submission(bench.envelope(10**6 + at, SIZE)) for at in range(20)]
        asyncio.run(rate(relay.url, bench.tls, warm, 4))
        for number in range(rounds):
            for connections in CONNECTIONS:
                many = count if connections > 1 else count // 2
                envelopes = [bench.envelope(serial + at, SIZE) for at in range(many)]
                serial += many
                found = {
                    "relay": asyncio.run(
                        rate(relay.url, bench.tls, [submission(one) for one in envelopes], connections)
                    )
                }
                floor = Floor(folder / "floor")
                found["floor"], storing = floor.rate(envelopes, connections)
                floor.end()
                processor, clock = carrying(bench, envelopes, connections)
                spent = {
                    "carrying": processor,
                    "turn": clock,
                    "floor": storing,
                    "judging": judging(bench.folder.parent / "authority/trust", envelopes),
                }
                if has_postfix:
                    with postfix(folder / f"postfix{number}.{connections}"):
                        found["postfix"] = smtp_rate(many, connections)
                for who, value in found.items():
                    best[who, connections] = max(value, best.get((who, connections), 0.0))
                for part, value in spent.items():
                    least[part, connections] = min(value, least.get((part, connections), 1.0))
    finally:
        relay.end()
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"accepts a second of {SIZE} bytes, best of {rounds} rounds, {os.cpu_count()} cores, load {load}")
    for connections in CONNECTIONS:
        mine, floor_rate = best["relay", connections], best["floor", connections]
        line = f"{connections:3} connections: relay {mine:6.0f}"
        line += f"   floor {floor_rate:6.0f} ({mine / floor_rate:.2f})"
        if has_postfix:
            theirs = best["postfix", connections]
            line += f"   Postfix {theirs:6.0f} ({mine / theirs:.2f})"
        parts = [least[part, connections] for part in ("carrying", "floor", "judging")]
        possible, unjudged = ((os.cpu_count() or 1) / sum(parts[:many]) for many in (3, 2))
        line += f"   processor {' + '.join(f'{part * 1e3:.2f}' for part in parts)} ms: at most {possible:.0f}"
        line += f" ({possible / floor_rate:.2f}), unjudged {unjudged:.0f} ({unjudged / floor_rate:.2f})"
        if connections == 1:
            waited = 1 / (least["turn", 1] + least["judging", 1])
            line += f"; step by step at most {waited:.0f} ({waited / floor_rate:.2f})"
        print(line)


if __name__ == "__main__":
    options = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as place:
        compare(Path(place), *(options + [3, 300][len(options) :]))
