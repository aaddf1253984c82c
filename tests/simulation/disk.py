"""A disk that keeps only what was synced: the system's file calls, watched from beneath.

The relay's own code runs over real files (in memory where the system has such a place). The calls it makes
are met here: what a flush made durable, content and folder entries apart, is remembered; each call may fail,
fail though it happened, or be the last one before the power goes. After a power cut the files are those that
were durable, with what was not synced lost, kept or torn as the dice fall.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.simulation.virtual_time import MACHINE, PowerCutError

_REAL = {
    name: getattr(os, name)
    for name in ("fsync", "fdatasync", "link", "replace", "rename", "unlink", "mkdir", "fdopen", "open",
                 "write", "pwrite", "writev")
}  # fmt: skip
_REAL_OPEN = io.open
SECTOR = 512
OFTEN = {
    "commit": 6, "sync": 5, "folder sync": 3, "link": 5, "replace": 5, "write": 3, "time-stamp": 2,
    "read": 0.5, "statement": 0.15, "query": 0.03,
}  # fmt: skip
"""What happens seldom is to fail often enough all the same, and what happens all the time less often."""


@dataclass(slots=True)
class Weather:
    """How often what goes wrong; ``storm`` off means nothing does. Counts what was met."""

    dice: random.Random
    met: Counter[str]
    storm: bool = True
    fails: float = 0.0
    cuts: float = 0.0
    full: bool = False

    def strikes(self, what: str) -> str:
        """Return "", "failed" or "happened" (failed, but had happened), or a power cut of either kind."""
        if not self.storm:
            return ""
        often = OFTEN.get(what, 1)
        roll = self.dice.random() / often
        if roll >= self.fails + self.cuts:
            return ""
        kind = "failed" if roll < self.fails else "cut"
        late = self.dice.random() < 0.5
        self.met[f"{what}: {kind}{', had happened' if late else ''}"] += 1
        return kind + (" late" if late else "")


@dataclass(slots=True)
class Disk:
    """The files under ``root`` and what of them would survive a power cut."""

    root: Path
    weather: Weather
    lost_syncs: frozenset[str] = frozenset()
    """For mutants: syncs that are left out, of the "bodies" or of each "folder"."""
    _contents: dict[int, bytes] = field(default_factory=dict)
    _entries: dict[int, dict[str, int]] = field(default_factory=dict)
    _replaced: dict[int, set[int]] = field(default_factory=dict)
    _open: list[Any] = field(default_factory=list)

    def holds(self, target: Any) -> bool:
        """Say whether a path or descriptor is on this disk."""
        if isinstance(target, int):
            try:
                target = _path_of(target)
            except OSError:
                return False
        path = str(os.fspath(target))
        return path.startswith(f"{self.root}/") or path == str(self.root)

    # ---- what is durable

    def settle(self) -> None:
        """Take everything as it is for durable: a set-up, or what a machine finds after a power cut."""
        self._contents.clear()
        self._entries.clear()
        self._replaced.clear()
        for folder, _, names in os.walk(self.root):
            self._keep_folder(Path(folder))
            for name in names:
                path = Path(folder) / name
                self._contents[path.stat().st_ino] = path.read_bytes()

    def _keep_folder(self, folder: Path) -> None:
        with os.scandir(folder) as entries:
            found = {entry.name: entry.inode() for entry in entries}
        self._entries[folder.stat().st_ino] = found

    def sync(self, descriptor: int) -> None:
        """Make durable what this descriptor is of."""
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            if "folder" not in self.lost_syncs:
                self._keep_folder(_path_of(descriptor))
        elif not ("bodies" in self.lost_syncs and "bodies" in _path_of(descriptor).parts):
            with Path(f"/proc/self/fd/{descriptor}").open("rb") as stream:
                self._contents[status.st_ino] = stream.read()

    def replace(self, source: Any, target: Any) -> None:
        """Give a file another's name, and remember whose it was: a power cut leaves the one or the other."""
        with contextlib.suppress(OSError):
            number, before = Path(source).stat().st_ino, Path(target).stat().st_ino
            self._replaced[number] = {before} | self._replaced.pop(before, set())
        _REAL["replace"](source, target)

    def cut_power(self, to: Path) -> None:
        """Move to the folder ``to`` what survives; the machine's old files are out of reach."""
        self._survive(self.root, to)
        self.close()
        old, self.root = self.root, to
        shutil.rmtree(old)
        self.settle()

    def close(self) -> None:
        """Close what a dead machine left open."""
        for stream in self._open:
            stream.close()
        self._open.clear()

    def _survive(self, folder: Path, to: Path) -> None:
        dice, met = self.weather.dice, self.weather.met
        to.mkdir()
        inode = folder.stat().st_ino
        with os.scandir(folder) as entries:
            present = {entry.name: entry.inode() for entry in entries}
        durable = self._entries.get(inode, {})
        everything = sorted({*present.items(), *durable.items()}, key=lambda entry: entry[1])
        # a name that was taken over is never gone: journaling file systems rename in one step
        either = {
            name: dice.choice((durable[name], number))
            for name, number in sorted(present.items())
            if durable.get(name) in self._replaced.get(number, ())
        }
        for name, number in everything:
            if name in either:
                if either[name] != number:
                    met["power cut: entry lost"] += number == present[name]
                    continue
            elif durable.get(name) != number:
                if dice.random() < 0.5:
                    met["power cut: entry lost"] += 1
                    continue
                met["power cut: entry kept unsynced"] += 1
            elif present.get(name) != number and dice.random() < 0.5:
                continue  # removed or replaced, and that was kept
            source = folder / name
            here = present.get(name) == number
            if here and source.is_dir():
                self._survive(source, to / name)
            elif not (to / name).exists():
                (to / name).write_bytes(self._content(number, source.read_bytes() if here else None))

    def _content(self, inode: int, present: bytes | None) -> bytes:
        durable = self._contents.get(inode)
        if present is None or present == durable:
            return durable or b""
        dice, met = self.weather.dice, self.weather.met
        met["power cut: content not synced"] += 1
        before = durable or b""
        how = dice.randrange(4)
        if how == 0:
            return before
        if how == 1:
            return present
        if how == 2:  # cut short
            return present[: dice.randrange(len(before), max(len(present), len(before) + 1))]
        torn = bytearray(present)
        for start in range(0, len(torn), SECTOR):  # sectors that never got there
            if dice.random() < 0.5:
                old = before[start : start + SECTOR]
                torn[start : start + SECTOR] = old.ljust(len(torn[start : start + SECTOR]), b"\0")
        return bytes(torn)


class _Stream:
    """A file object of the disk's: reading may fail, and writing, in the middle."""

    def __init__(self, disk: Disk, stream: Any) -> None:
        self._disk = disk
        self._stream = stream

    def write(self, data: Any) -> Any:
        return _writing(self._disk, self._stream.write, data)

    def read(self, *size: int) -> Any:
        return _struck(self._disk, "read", lambda: self._stream.read(*size))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _writing(disk: Disk, write: Callable[[Any], Any], data: Any) -> Any:
    weather = disk.weather
    if weather.full and weather.storm:
        half = len(data) // 2
        if half:
            write(data[:half])
        weather.met["write: disk full"] += 1
        raise OSError(errno.ENOSPC, "full")
    return _struck(disk, "write", lambda: write(data))


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _struck(disk: Disk, what: str, act: Callable[[], Any]) -> Any:
    machine = MACHINE.get()
    if machine is None:
        return act()
    if machine.is_dead:
        raise OSError(errno.EIO, "dead")
    struck = disk.weather.strikes(what)
    if struck.endswith("late"):
        act()
    if struck.startswith("cut"):
        raise PowerCutError
    if struck:
        raise OSError(errno.EIO, "simulated")
    return act()


@contextlib.contextmanager
def watched(disk: Disk) -> Iterator[None]:
    """Put the disk beneath the system's file calls while the context lasts."""

    def synced(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        if disk.holds(number):
            folder = stat.S_ISDIR(os.fstat(number).st_mode)
            _struck(disk, "folder sync" if folder else "sync", lambda: disk.sync(number))

    def passed(name: str, place: int) -> Callable[..., Any]:
        real = _REAL[name]

        def call(*args: Any, **options: Any) -> Any:
            if not disk.holds(args[place]):
                return real(*args, **options)
            return _struck(disk, name, lambda: real(*args, **options))

        return call

    def moved(source: Any, target: Any) -> None:
        if disk.holds(target):
            _struck(disk, "replace", lambda: disk.replace(source, target))
        else:
            _REAL["replace"](source, target)

    def opened(descriptor: int, *args: Any, **options: Any) -> Any:
        stream = _REAL["fdopen"](descriptor, *args, **options)
        if MACHINE.get() is None or not disk.holds(descriptor):
            return stream
        disk._open.append(stream)
        return _Stream(disk, stream)

    def opened_by_path(file: Any, *args: Any, **options: Any) -> Any:
        stream = _REAL_OPEN(file, *args, **options)
        machine = MACHINE.get()
        if machine is None or machine.is_dead or isinstance(file, int) or not disk.holds(file):
            return stream
        disk._open.append(stream)
        return _Stream(disk, stream)

    def wrote(name: str) -> Callable[..., Any]:
        real = _REAL[name]

        def call(descriptor: int, data: Any, *more: Any) -> Any:
            if MACHINE.get() is None or not disk.holds(descriptor):
                return real(descriptor, data, *more)
            if name == "writev":
                return _struck(disk, "write", lambda: real(descriptor, data, *more))
            return _writing(disk, lambda part: real(descriptor, part, *more), data)

        return call

    replaced: dict[str, Any] = {
        "fsync": synced,
        "fdatasync": synced,
        "link": passed("link", 1),
        "replace": moved,
        "rename": passed("rename", 1),
        "unlink": passed("unlink", 0),
        "mkdir": passed("mkdir", 0),
        "fdopen": opened,
        "write": wrote("write"),
        "pwrite": wrote("pwrite"),
        "writev": wrote("writev"),
    }
    for name, function in replaced.items():
        setattr(os, name, function)
    io.open = opened_by_path  # what pathlib calls
    try:
        yield
    finally:
        io.open = _REAL_OPEN
        for name in replaced:
            setattr(os, name, _REAL[name])
        disk.close()
