"""A ZIP archive has one meaning or is refused, before anything of it is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.envelope.zip import LOCAL, read_archive
from docsign.envelope.zip_directory import CENTRAL, END
from docsign.envelope.zip_names import fold, name_breach
from docsign.errors import ContainerError


def zipped(files: dict[str, bytes], *, packed: bool = False, comment: bytes = b"") -> bytes:
    """Return an honest archive as Python writes it."""
    stream = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = comment
    return stream.getvalue()


class Forger:
    """Writes archives field by field, so that any of them can lie."""

    def __init__(self) -> None:
        self.body = b""
        self.rows: list[bytes] = []

    def add(
        self,
        name: bytes,
        data: bytes = b"x",
        *,
        local_name: bytes | None = None,
        flags: int = 0x800,
        local_flags: int | None = None,
        method: int = 0,
        size: int | None = None,
        crc: int | None = None,
        local_zero: bool = False,
        descriptor: bytes = b"",
        extra: bytes = b"",
        start: int | None = None,
        disk: int = 0,
    ) -> Forger:
        """Append an entry."""
        right_crc = zlib.crc32(data) if crc is None else crc
        right_size = len(data) if size is None else size
        place = len(self.body) if start is None else start
        shown = name if local_name is None else local_name
        numbers = (0, 0, 0) if local_zero else (right_crc, len(data), right_size)
        local = LOCAL.pack(
            b"PK\3\4",
            20,
            flags if local_flags is None else local_flags,
            method,
            0,
            33,
            *numbers,
            len(shown),
            0,
        )
        self.body += local + shown + data + descriptor
        self.rows.append(
            CENTRAL.pack(
                b"PK\1\2", 20, 20, flags, method, 0, 33, right_crc, len(data), right_size,
                len(name), len(extra), 0, disk, 0, 0, place,
            ) + name + extra
        )  # fmt: skip
        return self

    def done(self, *, between: bytes = b"", after: bytes = b"", before: bytes = b"", shift: int = 0) -> bytes:
        """Return the archive."""
        directory = b"".join(self.rows)
        start = len(before) + len(self.body) + len(between) + shift
        count = len(self.rows)
        end = END.pack(b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
        return before + self.body + between + directory + end + after


def read(data: bytes) -> dict[str, bytes]:
    """Read every entry of an archive."""
    archive = read_archive(io.BytesIO(data))
    return {entry.name: archive.read(entry.name, 1 << 30) for entry in archive.entries}


FILES = {"mimetype": b"x", "documents/Công văn số 12.pdf": b"%PDF-" * 5000, "rỗng.txt": b""}


@pytest.mark.parametrize("packed", [False, True])
def test_honest_archives_are_read(packed: bool) -> None:
    """Stored and deflated, Vietnamese names, empty files, a comment."""
    assert read(zipped(FILES, packed=packed, comment="Ghi chú".encode())) == FILES


def test_an_archive_written_to_a_pipe_is_read() -> None:
    """Sizes behind the bytes (bit 3) are no contradiction when they are right."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.data += bytes(piece)  # type: ignore[call-overload]
            return len(piece)  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    assert read(pipe.data) == FILES


def test_folders_are_no_files() -> None:
    """An empty folder entry is passed over."""
    assert read(Forger().add(b"documents/", b"").add(b"documents/a", b"y").done()) == {"documents/a": b"y"}


def test_a_folder_that_was_deflated_is_no_file() -> None:
    """Java's packers deflate nothing to two bytes."""
    made = Forger().add(b"META-INF/", b"\x03\x00", method=8, size=0, crc=0).add(b"a", b"y")
    assert read(made.done()) == {"a": b"y"}
    with pytest.raises(ContainerError):
        read(Forger().add(b"META-INF/", b"\x05\x00", method=8, size=0, crc=0).done())


def test_zip64_is_read_where_it_is_well_formed() -> None:
    """Written to a pipe with large sizes in mind, and with ZIP64 records at the end."""
    assert read(streamed_zip64()) == FILES
    assert read(zip64_end(Forger().add(b"a").add(b"b", b"yz"))) == {"a": b"x", "b": b"yz"}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, archive.open("a", "w", force_zip64=True) as entry:
        entry.write(b"123")
    assert read(stream.getvalue()) == {"a": b"123"}
    made = Forger().add(b"a", extra=struct.pack("<2H3Q", 1, 24, 1, 1, 0))
    assert read(made.done()) == {"a": b"x"}


def test_names_are_read_as_their_writers_meant_them() -> None:
    """UTF-8 without its flag, code page 437, and a Unicode path that says the same."""
    name = "Phụ lục.pdf"
    assert list(read(Forger().add(name.encode(), flags=0).done())) == [name]
    assert list(read(Forger().add(b"\x81ber.pdf", flags=0).done())) == ["über.pdf"]
    path = unicode_path(b"\x81", "ü")
    assert list(read(Forger().add(b"\x81", flags=0, extra=path).done())) == ["ü"]
    path = unicode_path(name.encode(), name)
    assert list(read(Forger().add(name.encode(), extra=path).done())) == [name]


def descriptor(data: bytes, *, mark: bytes = b"PK\7\x08", wrong: int = 0) -> bytes:
    """Return a data descriptor."""
    return mark + struct.pack("<3I", zlib.crc32(data) + wrong, len(data), len(data))


def test_both_forms_of_descriptors_are_read() -> None:
    """With and without its signature."""
    for mark in (b"PK\7\x08", b""):
        made = Forger().add(
            b"a", b"yz", flags=0x808, local_zero=True, descriptor=descriptor(b"yz", mark=mark)
        )
        assert read(made.add(b"b").done()) == {"a": b"yz", "b": b"x"}


FORGED: dict[str, Callable[[], bytes]] = {
    "nothing at all": lambda: b"",
    "no zip": lambda: b"%PDF-1.7" * 100,
    "cut off": lambda: zipped(FILES)[:-30],
    "bytes behind": lambda: Forger().add(b"a").done(after=b"!"),
    "bytes before": lambda: Forger().add(b"a").done(before=b"MZ"),
    "bytes before, offsets right": lambda: b"MZ" + Forger().add(b"a", start=2).done(shift=2),
    "bytes between": lambda: Forger().add(b"a").done(between=b"hidden"),
    "bytes between entries": lambda: Forger().add(b"a", descriptor=b"hidden").add(b"b").done(),
    "an entry the directory leaves out": lambda: _left_out(),
    "two entries on the same bytes": lambda: Forger().add(b"a").add(b"b", start=0).done(),
    "two endings": lambda: _two_endings(),
    "same name twice": lambda: Forger().add(b"a").add(b"a").done(),
    "same name in capitals": lambda: Forger().add("Văn bản".encode()).add("VĂN BẢN".encode()).done(),
    "same name decomposed": lambda: Forger().add("ả".encode()).add("a\u0309".encode()).done(),
    "file and folder": lambda: Forger().add(b"a").add(b"a/b").done(),
    "another local name": lambda: Forger().add(b"a", local_name=b"b").done(),
    "another flag": lambda: Forger().add(b"a", local_flags=0).done(),
    "another size": lambda: Forger().add(b"a", size=2).done(),
    "wrong descriptor": lambda: (
        Forger().add(b"a", flags=0x808, local_zero=True, descriptor=descriptor(b"x", wrong=1)).done()
    ),
    "descriptor missing": lambda: Forger().add(b"a", flags=0x808, local_zero=True).done(),
    "zeros without bit 3": lambda: Forger().add(b"a", local_zero=True).done(),
    "encrypted": lambda: Forger().add(b"a", flags=0x801).done(),
    "strongly encrypted": lambda: Forger().add(b"a", flags=0x840).done(),
    "unknown method": lambda: Forger().add(b"a", method=12).done(),
    "another disk": lambda: Forger().add(b"a", disk=1).done(),
    "second name": lambda: Forger().add(b"a", extra=struct.pack("<2H", 0x7075, 1) + b"b").done(),
    "a second name in the local header": lambda: _second_local_name(),
    "a Unicode path that says another name": lambda: (
        Forger().add("ă".encode(), flags=0, extra=unicode_path("ă".encode(), "b")).done()
    ),
    "a Unicode path for other bytes": lambda: (
        Forger().add(b"\x81", flags=0, extra=unicode_path(b"\x82", "ü")).done()
    ),
    "zip64 records without their locator": lambda: without_locator(streamed_zip64()),
    "zip64 with another count": lambda: zip64_end(Forger().add(b"a"), count=2),
    "zip64 record with data of its own": lambda: zip64_end(Forger().add(b"a"), behind=b"hidden"),
    "zip64 directory elsewhere": lambda: zip64_end(Forger().add(b"a"), shift=1),
    "zip64 of two disks": lambda: zip64_end(Forger().add(b"a"), disks=2),
    "zip64 numbers that contradict the header": lambda: (
        Forger().add(b"a", extra=struct.pack("<2H3Q", 1, 24, 2, 2, 0)).done()
    ),
    "two zip64 fields": lambda: Forger().add(b"a", extra=struct.pack("<2HQ", 1, 8, 1) * 2).done(),
    "marked but no UTF-8": lambda: Forger().add(b"\xff").done(),
    "folder with bytes": lambda: Forger().add(b"a/", b"x").done(),
    "zip64": lambda: Forger().add(b"a", size=0xFFFFFFFF).done(),
    "too many": lambda: zipped({f"{number}": b"" for number in range(1001)}),
    "bomb": lambda: zipped({"a": bytes(3 << 20)}, packed=True),
    "many small bombs": lambda: zipped({f"{n}": bytes(1 << 20) for n in range(20)}, packed=True),
}


def unicode_path(raw: bytes, name: str) -> bytes:
    """Return Info-ZIP's field with the name in UTF-8 (APPNOTE 4.6.9)."""
    value = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<2H", 0x7075, len(value)) + value


def _second_local_name() -> bytes:
    """The directory's entry has one name, the local header's Unicode path another."""
    field = unicode_path(b"a", "b")
    local = (
        LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(b"x"), 1, 1, 1, len(field)) + b"a" + field + b"x"
    )
    made = Forger().add(b"a", flags=0)
    made.body = local
    return made.done()


def streamed_zip64() -> bytes:
    """Return an archive as a packer writes it that knows no size beforehand and fears 4 GB."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.data += bytes(piece)  # type: ignore[call-overload]
            return len(piece)  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(data)
    return with_zip64_end(pipe.data)


def with_zip64_end(
    plain: bytes, *, count: int = 0, behind: bytes = b"", shift: int = 0, disks: int = 1
) -> bytes:
    """Return the archive with ZIP64's end record and locator before its end record."""
    _, _, _, here, rows, size, start, _ = END.unpack(plain[-END.size :])
    record = struct.pack(
        "<4sQ2H2I4Q",
        b"PK\6\6",
        44 + len(behind),
        45,
        45,
        0,
        0,
        count or rows,
        count or rows,
        size,
        start + shift,
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(plain) - END.size, disks)
    end = END.pack(b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert here == rows
    return plain[: -END.size] + record + behind + locator + end


def zip64_end(made: Forger, *, count: int = 0, behind: bytes = b"", shift: int = 0, disks: int = 1) -> bytes:
    """Return a forged archive with ZIP64 records."""
    return with_zip64_end(made.done(), count=count, behind=behind, shift=shift, disks=disks)


def without_locator(data: bytes) -> bytes:
    """Return a ZIP64 archive whose end record asks for records that are not found."""
    place = data.index(b"PK\6\7")
    return data[:place] + data[place + 20 :]


def _left_out() -> bytes:
    made = Forger().add(b"a").add(b"b")
    del made.rows[1]
    return made.done()


def _two_endings() -> bytes:
    inner = Forger().add(b"a").done()
    outer = bytearray(inner + inner[-22:])
    outer[-2:] = b"\0\0"
    return inner[:-2] + struct.pack("<H", 22) + inner[-22:]


@pytest.mark.parametrize("name", FORGED)
def test_forged_archives_are_refused(name: str) -> None:
    """One sentence, nothing unpacked, no other exception."""
    with pytest.raises(ContainerError) as caught:
        read_archive(io.BytesIO(FORGED[name]()))
    assert caught.value.text("vi")


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../a", "a/../b", "a//b", "./a", "C:\\a", "c:a", "a\\b", "a\0b", "a\nb", "a\u202eb",
     "a.", "a ", "a /b", "x" * 600],
)  # fmt: skip
def test_dangerous_names_are_refused(name: str) -> None:
    """Traversal, absolute, drive, backslash, control and direction characters, what Windows cuts off."""
    assert name_breach(name) is not None
    with pytest.raises(ContainerError):
        read_archive(io.BytesIO(Forger().add(name.encode()).done()))


def test_vietnamese_names_are_names() -> None:
    """Spaces, diacritics and several dots are fine."""
    assert name_breach("documents/Phụ lục số 1. Danh sách (sửa).v2.xlsx") is None
    assert fold("Ả") == fold("a\u0309")


def damaged(change: Callable[[bytearray, int], None], *, packed: bool) -> bytes:
    """Return an archive whose structure is right and whose bytes are not."""
    data = bytearray(zipped({"a": b"Cong van thu nghiem " * 50}, packed=packed))
    change(data, 30 + 1 + 10)
    return bytes(data)


@pytest.mark.parametrize("packed", [False, True])
def test_damaged_bytes_are_noticed_when_read(packed: bool) -> None:
    """A flipped bit passes no check sum, and a stream says so at its end at the latest."""

    def flip(data: bytearray, place: int) -> None:
        data[place] ^= 1

    with pytest.raises(ContainerError) as caught:
        read(damaged(flip, packed=packed))
    assert caught.value.where == "a"


def test_more_or_fewer_bytes_than_said_are_noticed() -> None:
    """A deflate stream that goes on, ends early, or has bytes behind it."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = body.compress(b"y" * 1000) + body.flush()
    crc = zlib.crc32(b"y" * 1000)
    for packed, size in ((data, 10), (data, 2000), (data + b"behind", 1000), (data[:-2], 1000)):
        with pytest.raises(ContainerError):
            read(Forger().add(b"a", packed, method=8, size=size, crc=crc).done())
    assert read(Forger().add(b"a", data, method=8, size=1000, crc=crc).done()) == {"a": b"y" * 1000}


def test_a_limit_is_kept_and_a_missing_entry_named() -> None:
    """Reading whole is bounded by the caller."""
    archive = read_archive(io.BytesIO(zipped({"a": b"123"})))
    with pytest.raises(ContainerError):
        archive.read("a", 2)
    with pytest.raises(ContainerError):
        archive.read("b", 2)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_any_changed_byte_gives_the_files_or_an_error(place: int, value: int, packed: bool) -> None:
    """No byte of an archive can be changed to raise anything of another's."""
    data = bytearray(zipped({"mimetype": b"loai", "documents/a.txt": b"noi dung " * 9}, packed=packed))
    data[place % len(data)] = value
    try:
        read(bytes(data))
    except ContainerError:
        return
