"""The check sum of a ZIP entry, CRC-32 (APPNOTE 4.4.7), by the quicker of two libraries.

ISA-L (extra ``fast``) sums ten times as fast as zlib and gives the same numbers. It is used for nothing else:
what is no deflate data must not hang on what is installed.
"""

try:
    from isal.isal_zlib import crc32
except ImportError:
    from zlib import crc32

__all__ = ["crc32"]
