"""Files are read with a clear error and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from docsign.errors import DiskFullError, DocsignError, FileUnusableError, StorageError
from docsign.files import file_error, read_file, system_reason, write_file, writing

NAME = "công văn số 12.pdf"


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Names with tones and spaces are names like any other; an empty file is a file."""
    for data in (b"", "nội dung".encode(), b"\0" * 100_000):
        write_file(tmp_path / NAME, data)
        assert read_file(tmp_path / NAME) == data
        assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("name", ["khong-co.pdf", ".", "tep.txt/trong-tep"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """A missing file, a folder, a path through a file: one sentence that names the path."""
    (tmp_path / "tep.txt").write_bytes(b"x")
    with pytest.raises(FileUnusableError) as caught:
        read_file(tmp_path / name)
    assert str(tmp_path / name) in caught.value.text("vi")
    assert caught.value.text("vi") != caught.value.text("en")
    assert caught.value.exit_status == 2


def test_the_limit_is_exact(tmp_path: Path) -> None:
    """A file of the limit is read, one byte more is refused."""
    write_file(tmp_path / NAME, b"x" * 1000)
    assert len(read_file(tmp_path / NAME, limit=1000)) == 1000
    with pytest.raises(FileUnusableError, match="1000 bytes, 999 at most"):
        read_file(tmp_path / NAME, limit=999)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_what_has_no_size_is_bounded_too(tmp_path: Path) -> None:
    """A device without end is refused at the limit; a pipe is read to its end."""
    with pytest.raises(FileUnusableError, match="too large"):
        read_file("/dev/zero", limit=100_000)
    pipe = tmp_path / "ống"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"qua " * 50_000,))
    writer.start()
    assert len(read_file(pipe, limit=1_000_000)) == 200_000
    writer.join()


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Keys and passphrases are not for the group, whatever the umask says."""
    write_file(tmp_path / "khóa.p12", b"x", private=True, durable=True)
    write_file(tmp_path / "thường.pdf", b"x")
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "khóa.p12").stat().st_mode) == 0o600
        mask = os.umask(0)
        os.umask(mask)
        assert stat.S_IMODE((tmp_path / "thường.pdf").stat().st_mode) == 0o666 & ~mask


def test_a_file_is_kept_where_asked(tmp_path: Path) -> None:
    """Without ``overwrite`` an existing file stays as it is; with it, it is replaced in one step."""
    write_file(tmp_path / NAME, "bản gốc".encode())
    with pytest.raises(FileUnusableError):
        write_file(tmp_path / NAME, b"khac", overwrite=False)
    with pytest.raises(FileUnusableError), writing(tmp_path / NAME, overwrite=False):
        pass
    assert read_file(tmp_path / NAME) == "bản gốc".encode()
    write_file(tmp_path / NAME, b"khac")
    assert read_file(tmp_path / NAME) == b"khac"


@pytest.mark.parametrize("target", [".", "khong-co/tep.pdf"])
def test_nothing_is_written_where_nothing_can_be(tmp_path: Path, target: str) -> None:
    """A folder as the target, a missing folder above it: said, and nothing left behind."""
    with pytest.raises(FileUnusableError):
        write_file(tmp_path / target, b"x")
    with pytest.raises(FileUnusableError), writing(tmp_path / target) as stream:
        stream.write(b"x")
    assert not list(tmp_path.iterdir())


def test_a_file_in_pieces_appears_at_the_end(tmp_path: Path) -> None:
    """Until the block ends there is nothing under the name."""
    with writing(tmp_path / NAME) as stream:
        stream.write("một ".encode())
        stream.write(b"hai")
        assert not (tmp_path / NAME).exists()
    assert read_file(tmp_path / NAME) == "một hai".encode()


def test_a_failure_in_the_block_leaves_nothing(tmp_path: Path) -> None:
    """Whatever the block raises goes out, and no half file stays."""

    def fails() -> None:
        with writing(tmp_path / NAME) as stream:
            stream.write(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["mkstemp", "fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """At whatever step the disk is full: one sentence, exit 75, the old file whole, no rest of the new."""
    write_file(tmp_path / NAME, "bản gốc".encode())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    module = "tempfile" if step == "mkstemp" else "os"
    monkeypatch.setattr(f"{module}.{step}", full)
    with pytest.raises(DiskFullError) as caught:
        write_file(tmp_path / NAME, b"moi", durable=True)
    monkeypatch.undo()
    assert caught.value.exit_status == 75
    assert caught.value.retry
    assert read_file(tmp_path / NAME) == "bản gốc".encode()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, FileUnusableError),
        (errno.EISDIR, FileUnusableError),
        (errno.ENOTDIR, FileUnusableError),
        (errno.EEXIST, FileUnusableError),
        (errno.EACCES, FileUnusableError),
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EIO, StorageError),
    ],
)
def test_every_error_of_the_system_has_its_own(number: int, kind: type[DocsignError]) -> None:
    """Each ends as an error of ours that names the path."""
    error = file_error(OSError(number, os.strerror(number)), NAME)
    assert type(error) is kind
    assert error.where == NAME


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_a_reason_of_the_system_is_said_in_both_languages(code: int) -> None:
    """No word of the system's own English in a Vietnamese sentence; an unknown one has its name."""
    reason = system_reason(OSError(code, "Some English words"))
    assert "English" not in reason.text("vi")
    assert reason.text("vi") != reason.text("en")
    error = file_error(OSError(code, "Some English words"), "x.pdf")
    assert "English" not in error.text("vi")


def test_a_reason_without_a_number_is_said_too() -> None:
    """A library may raise an OSError of its own."""
    assert system_reason(OSError("Some English words")).text("vi") == "lỗi hệ thống 0"
