"""Judge one envelope in many threads at once, in processes that have judged nothing; print what differs."""

from __future__ import annotations

import io
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from docsign.pki.trust import Trust
from docsign.verdict import Indication
from relay_server.outside import TrustExaminer

THREADS = 8
PROCESSES = 5


def main(trust: str, envelope: str) -> None:
    """Let the threads of fresh processes begin together; a line for each judgement that did not pass."""
    sys.setswitchinterval(1e-6)
    examiner = TrustExaminer(Trust.from_path(trust))
    data = Path(envelope).read_bytes()
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            _race(examiner, data)
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)


def _race(examiner: TrustExaminer, data: bytes) -> None:
    barrier = threading.Barrier(THREADS)

    def judge() -> None:
        barrier.wait()
        found = examiner.judge(io.BytesIO(data), at=datetime.now(UTC))
        if found.conclusion.indication is not Indication.TOTAL_PASSED:
            print(found.conclusion, found.reason and found.reason.text("en"))

    threads = [threading.Thread(target=judge) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
