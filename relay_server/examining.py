"""Judge envelopes in processes of their own, so that reading and signing go on beside it.

Judging is the dearest part of an acceptance and holds Python's one lock; a process for each further core
does it elsewhere. A worker gets the envelope as an open file (SCM_RIGHTS) and answers with what it found; it
hears nobody but its parent, keeps nothing, and ends when its parent does. One that dies is replaced, and what
it held is answered with "send it again".
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from docsign.errors import MalformedError, StorageError
from docsign.exchange.wire import ProblemType
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from relay_server.core.refusals import RefusalError
from relay_server.log import LOGGER, tell
from relay_server.outside import Examined, TrustExaminer

REQUEST: Final = struct.Struct("<qd")
"""A question: its number, and the moment to judge at in seconds since 1970; the file comes beside it."""
ANSWER: Final = struct.Struct("<qI")
"""An answer's head: the number of its question, and how many bytes follow."""
IN_HAND: Final = 4
"""Envelopes a worker has at a time: the next one lies there when it is done with one."""
LIFE: Final = 20_000
"""Envelopes after which a worker is replaced: libxml2 keeps every name it has ever read."""
PATIENCE: Final = 60.0
"""Seconds after which a worker is taken for lost."""

Answer = Examined | tuple[Sentence, str] | None
"""What was found; what is wrong with what is no envelope, and where; None where the worker itself failed."""


def can_have_workers() -> bool:
    """Tell whether this system passes open files to other processes."""
    return hasattr(socket, "send_fds") and hasattr(os, "memfd_create")


def workers_for(setting: int) -> int:
    """Return how many workers a relay has: as set, else one for each core but the first."""
    if not can_have_workers():
        return 0
    return setting if setting >= 0 else min(8, max(0, (os.cpu_count() or 1) - 1))


class ExaminingProcesses(TrustExaminer):
    """An Examiner whose envelopes are judged by workers; ``open`` it, and ``close`` it in the end."""

    def __init__(self, path: Path, trust: Trust) -> None:
        super().__init__(trust)
        self._path = path
        self._edition = 0
        self._workers: list[_Worker] = []
        self._free = asyncio.Condition()
        self._replacing: set[asyncio.Task[None]] = set()

    @staticmethod
    async def open(path: Path, trust: Trust, count: int) -> ExaminingProcesses:
        """Start ``count`` workers that judge by the trust of this path; raises StorageError."""
        pool = ExaminingProcesses(path, trust)
        await pool._start(count)
        return pool

    async def _start(self, count: int) -> None:
        """Start workers that all know the newest trust; raises StorageError."""
        workers: list[_Worker] = []
        edition = -1
        while edition != self._edition:  # one that began before the trust changed may have read the old one
            edition = self._edition
            for worker in workers:
                worker.end()
            workers = [_Worker(self._path) for _ in range(count)]
            try:
                for worker in workers:
                    await worker.ready()
            except BaseException:
                for worker in workers:
                    worker.end()
                raise
        async with self._free:
            self._workers += workers
            self._free.notify_all()

    async def renew(self, trust: Trust) -> None:
        """Judge by the trust that lies at the path now: new workers begin, the old ones finish and go."""
        await super().renew(trust)
        self._edition += 1
        old = [one for one in self._workers if not one.is_leaving]
        for one in old:
            one.is_leaving = True
        await asyncio.gather(*map(self._replace, old))

    async def close(self) -> None:
        """End the workers when they have finished."""
        replacing = list(self._replacing)
        for task in replacing:
            task.cancel()
        await asyncio.gather(*replacing, return_exceptions=True)
        await self._retire(list(self._workers))

    async def _retire(self, workers: list[_Worker]) -> None:
        self._workers = [one for one in self._workers if one not in workers]
        for worker in workers:
            await worker.finish()

    async def examine(self, stream: BinaryIO, *, at: datetime) -> Examined:
        """See ports.Examiner."""
        worker = await self._taken()
        try:
            answer = await worker.ask(_as_file(stream), at)
        except OSError as error:  # no descriptor or no memory for it just now
            raise _not_now() from error
        finally:
            await self._given_back(worker)
        if answer is None:
            raise _not_now()
        if isinstance(answer, Examined):
            return answer
        sentence, where = answer
        raise MalformedError(sentence, where=where)

    async def _taken(self) -> _Worker:
        """Return the worker with the least in hand, once one has a place for more; raises RefusalError."""
        async with self._free:
            if not self._places():
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._free.wait_for(self._places)
                except TimeoutError as error:
                    raise _not_now() from error
            worker = min(self._places(), key=lambda one: one.in_hand)
            worker.in_hand += 1
            return worker

    def _places(self) -> list[_Worker]:
        """Return the workers that have a place for one more."""
        return [one for one in self._workers if one.in_hand < IN_HAND]

    async def _given_back(self, worker: _Worker) -> None:
        async with self._free:
            worker.in_hand -= 1
            if worker.is_lost and worker in self._workers:
                self._workers.remove(worker)
                tell("examiner lost", level=logging.ERROR)
            if (worker.is_lost or worker.given >= LIFE) and not worker.is_leaving:
                worker.is_leaving = True
                task = asyncio.create_task(self._replace(worker), name="examiner")
                self._replacing.add(task)
                task.add_done_callback(self._replacing.discard)
            self._free.notify()

    async def _replace(self, worker: _Worker) -> None:
        """Start a worker in the place of this one, however often that takes; this one finishes and goes."""
        while True:
            try:
                await self._start(1)
            except (StorageError, OSError) as error:
                LOGGER.log(logging.ERROR, "examiner", exc_info=error)
                await asyncio.sleep(1)
            else:
                break
        await self._retire([worker])


def _not_now() -> RefusalError:
    return RefusalError(ProblemType.BUSY, say("The envelope could not be examined; send it again."))


class _Worker:
    """A process that judges, and the line to it."""

    def __init__(self, path: Path) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 -- this program itself
                [sys.executable, "-P", "-m", "relay_server.examining", str(theirs.fileno()), str(path)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._line.setblocking(False)
        self._came = bytearray()
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self.given = 0
        self.in_hand = 0
        self.is_lost = self.is_leaving = False
        loop = asyncio.get_running_loop()
        self._begun = self._asked[0] = loop.create_future()
        loop.add_reader(self._line, self._read)

    async def ready(self) -> None:
        """Wait until it judges; raises StorageError where it does not come up."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._begun
        except (TimeoutError, StorageError) as error:
            raise StorageError(say("The process that examines envelopes does not start.")) from error

    async def ask(self, file: int, at: datetime) -> Answer:
        """Let the open ``file`` be judged and close it here; None where the worker was lost over it."""
        self.given += 1
        number = self.given
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        patience = answer.get_loop().call_later(PATIENCE, self.end)
        try:
            try:
                socket.send_fds(self._line, [REQUEST.pack(number, at.timestamp())], [file])
            finally:
                os.close(file)
            return await answer
        except (OSError, StorageError):
            self.end()
            return None
        finally:
            patience.cancel()
            self._asked.pop(number, None)

    def _read(self) -> None:
        """Take in what the worker says; its end is the end of everything it was asked."""
        try:
            piece = self._line.recv(16 * 1024)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self.end()
            return
        self._came += piece
        while len(self._came) >= ANSWER.size:
            number, size = ANSWER.unpack_from(self._came)
            end = ANSWER.size + size
            if len(self._came) < end:
                return
            answer = pickle.loads(bytes(self._came[ANSWER.size : end]))  # noqa: S301 -- our own process wrote it
            del self._came[:end]
            waiting = self._asked.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def end(self) -> None:
        """Hang up and end the process; whoever waits for an answer gets none."""
        if self.is_lost:
            return
        self.is_lost = True
        asyncio.get_running_loop().remove_reader(self._line)
        self._line.close()
        self._process.kill()
        self._process.wait()
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(StorageError(say("The process that examines envelopes is gone.")))
                waiting.exception()  # seen: nobody may be waiting any more

    async def finish(self) -> None:
        """End it when everything it was asked is answered."""
        if self._asked:
            await asyncio.wait(list(self._asked.values()), timeout=PATIENCE)
        self.end()


def _as_file(stream: BinaryIO) -> int:
    """Return a new descriptor of what a stream holds, at its start: its file's, or one in memory."""
    if not isinstance(stream, io.BytesIO):
        return os.dup(stream.fileno())
    file = os.memfd_create("envelope", os.MFD_CLOEXEC)
    try:
        view = memoryview(stream.getvalue())  # unlike getbuffer, it copies nothing
        while view:
            view = view[os.write(file, view) :]
        os.lseek(file, 0, os.SEEK_SET)
    except OSError:
        os.close(file)
        raise
    return file


def work(line: socket.socket, path: Path) -> None:
    """Judge what comes over the line until it is closed: the worker's whole life."""
    examiner = TrustExaminer(Trust.from_path(path))
    _answer(line, 0, None)
    while True:
        question, files, _, _ = socket.recv_fds(line, REQUEST.size, 1)
        if not question:
            return
        number, moment = REQUEST.unpack(question)
        with os.fdopen(files[0], "rb") as stream:
            _answer(line, number, _judged(examiner, stream, datetime.fromtimestamp(moment, UTC)))


def _judged(examiner: TrustExaminer, stream: BinaryIO, at: datetime) -> Answer:
    try:
        return examiner.judge(stream, at=at)
    except MalformedError as error:
        return error.sentence, error.where
    except Exception as error:  # noqa: BLE001 -- a bug of ours: this envelope waits, the next one is judged
        LOGGER.error("bug", exc_info=error)
        return None


def _answer(line: socket.socket, number: int, answer: Any) -> None:
    data = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    line.sendall(ANSWER.pack(number, len(data)) + data)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the relay, which then hangs up
    with socket.socket(fileno=int(sys.argv[1])) as line:
        work(line, Path(sys.argv[2]))
