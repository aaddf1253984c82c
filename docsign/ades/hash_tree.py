"""Hash trees of evidence records: from a file's digest up to the value that was time-stamped.

A reduced tree is a list of groups: the first holds the file's own digest, each further one the siblings on
the way up (RFC 4998 4.2, RFC 6283 3.2). Pure arithmetic; nothing is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docsign.ades.algorithms import hash_bytes

Group = tuple[bytes, ...]


def joined(name: str, values: Iterable[bytes]) -> bytes:
    """Return the digest of several hash values in binary ascending order, joined (RFC 4998 4.2)."""
    return hash_bytes(name, b"".join(sorted(values)))


def roots(name: str, groups: Sequence[Group]) -> tuple[bytes, ...]:
    """Return the values at the top of a reduced tree: one, or two where the first group holds one value.

    RFC 6283 3.2.2 hands such a lone value on as it is, RFC 4998 4.3 taken by the letter digests it once more;
    both prove the same.
    """
    first, *further = groups
    starts = (first[0], hash_bytes(name, first[0])) if len(first) == 1 else (joined(name, first),)
    return tuple(_climbed(name, start, further) for start in starts)


def _climbed(name: str, start: bytes, groups: Sequence[Group]) -> bytes:
    value = start
    for group in groups:
        value = joined(name, (*group, value))
    return value


def with_earlier(name: str, digest: bytes, earlier: bytes) -> tuple[bytes, ...]:
    """Return what a hash-tree renewal puts in place of a file's digest (RFC 4998 5.2, step 4).

    The text says digest, then that of the earlier chains; its figure 4 sorts the two. Both are met.
    """
    return hash_bytes(name, digest + earlier), joined(name, (digest, earlier))
