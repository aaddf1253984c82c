"""The check sum of entries is CRC-32, whichever library makes it."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from docsign.envelope import checksum, read_container
from docsign.errors import ContainerError


@given(st.binary(max_size=5000), st.lists(st.integers(0, 5000), max_size=4))
def test_both_libraries_give_the_same_sum_whole_and_in_pieces(data: bytes, cuts: list[int]) -> None:
    """APPNOTE 4.4.7: one polynomial, one number; ISA-L takes other ways by length and place in memory."""
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [memoryview(data)[start:end] for start, end in itertools.pairwise(ends)]
    quick = known = 0
    for piece in pieces:
        quick, known = isal_zlib.crc32(piece, quick), zlib.crc32(piece, known)
    assert quick == known == zlib.crc32(data) == isal_zlib.crc32(data)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 63, 64, 255, 256, 65_535, 65_536, 65_537, 1_000_003])
def test_sums_of_sizes_about_the_bounds_of_fast_code(size: int) -> None:
    """Lengths about the widths of registers and pieces, from a place in memory that is not even."""
    data = memoryview(bytes(number * 31 & 0xFF for number in range(size + 1)))[1:]
    assert checksum.crc32(data) == zlib.crc32(data)
    assert checksum.crc32(data, 0xFFFFFFFF) == zlib.crc32(data, 0xFFFFFFFF)


def test_the_quick_library_is_used_where_it_is_installed_and_zlib_otherwise() -> None:
    """Without ISA-L a changed byte of an entry is found just the same."""
    assert checksum.crc32 is isal_zlib.crc32
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("cong-van.txt"), "Kính gửi".encode())
    changed = stream.getvalue().replace("Kính".encode(), b"Kinh ")
    with pytest.raises(ContainerError, match="damaged"):
        read_container(io.BytesIO(changed)).read("cong-van.txt", 100)
    program = (
        "import sys, io; sys.modules['isal'] = None\n"
        "from docsign.envelope import checksum, read_container\n"
        "import zlib; assert checksum.crc32 is zlib.crc32\n"
        "try: read_container(io.BytesIO(sys.stdin.buffer.read())).read('cong-van.txt', 100)\n"
        "except Exception as error: print(error.code, error.where)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input=changed, capture_output=True, check=True)
    assert done.stdout.decode().split()[-1] == "cong-van.txt"
