"""Envelopes as files: copied and published whole or not at all, under the digest they have."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from docsign.errors import FileUnusableError, StorageError, WireError
from docsign.exchange import bodies

DATA = "Kính gửi: Ủy ban nhân dân tỉnh".encode() * 100_000
NAME = hashlib.sha256(DATA).hexdigest()


def test_bytes_and_files_have_the_same_digest(tmp_path: Path) -> None:
    """Digest and size, however it comes."""
    (tmp_path / "x").write_bytes(DATA)
    assert bodies.digest_of(DATA) == bodies.digest_of(tmp_path / "x") == (NAME, len(DATA))


def test_a_copy_lies_under_its_digest(tmp_path: Path) -> None:
    """Copied twice it is there once."""
    for source in (DATA, DATA):
        assert bodies.keep_copy(source, tmp_path) == (NAME, len(DATA))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).read_bytes() == DATA


def test_a_copy_is_synced_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, then name, then folder: the order that survives a power cut."""
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_sync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(source: str, target: Path) -> None:
        steps.append("name")
        replace(source, target)

    monkeypatch.setattr("os.fsync", noted_sync)
    monkeypatch.setattr("os.replace", noted_replace)
    bodies.keep_copy(DATA, tmp_path)
    assert steps == ["file", "name", "folder"]
    steps.clear()
    (tmp_path / "part").write_bytes(DATA)
    bodies.publish(tmp_path / "part", tmp_path / "den.asice", NAME)
    assert steps == ["file", "name", "folder"]


def test_a_folder_survives_the_power_cut_as_what_lies_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new folder's own name is synced, too: what is confirmed lies in a folder that is there tomorrow."""
    synced: list[Path] = []
    monkeypatch.setattr(bodies, "sync_folder", synced.append)
    bodies.make_folder(tmp_path / "văn bản" / "đến")
    assert set(synced) == {tmp_path, tmp_path / "văn bản"}
    synced.clear()
    bodies.make_folder(tmp_path / "văn bản" / "đến")
    assert synced == []


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails, no half of a file stays."""

    def replace(_source: str, _target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("docsign.exchange.bodies.os.replace", replace)
    with pytest.raises(StorageError):
        bodies.keep_copy(DATA, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_part_with_another_digest_is_thrown_away(tmp_path: Path) -> None:
    """What is published has the digest it is named by."""
    (tmp_path / "part").write_bytes(DATA[:-1])
    with pytest.raises(WireError):
        bodies.publish(tmp_path / "part", tmp_path / "den.asice", NAME)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_recognised(tmp_path: Path) -> None:
    """The same bytes: yes. None: no. Others: never overwritten."""
    assert not bodies.already_there(tmp_path / "x", NAME)
    (tmp_path / "x").write_bytes(DATA)
    assert bodies.already_there(tmp_path / "x", NAME)
    (tmp_path / "x").write_bytes(b"khac")
    with pytest.raises(FileUnusableError):
        bodies.already_there(tmp_path / "x", NAME)


def test_a_folder_as_source(tmp_path: Path) -> None:
    """A folder where a file is meant is said to be that."""
    for call in (bodies.digest_of, bodies.open_body):
        with pytest.raises(FileUnusableError, match="folder"):
            call(tmp_path)
    assert bodies.size_of(tmp_path / "khong-co") == 0
    bodies.discard(tmp_path / "khong-co")
