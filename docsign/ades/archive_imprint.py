"""What archive time-stamps of CMS signatures stamp: version 3 with its hash index, and version 2.

EN 319 122-1 5.5 (archive-time-stamp-v3 and ats-hash-index in its three forms) and ETSI TS 101 733 6.4.1
(archive-time-stamp-v2). Only bytes are put together here; the tokens are judged elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import product

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes, hash_name
from docsign.ades.cades_budget import Budget
from docsign.ades.signer import Digester
from docsign.ades.timestamps import read_timestamp_info
from docsign.errors import CmsError
from docsign.sentence import say
from docsign.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HashIndex:
    """An ats-hash-index: its version, its digest, and the digests it lists."""

    node: der.Node
    version: int
    hash: str
    certificates: frozenset[bytes]
    revocations: frozenset[bytes]
    unsigned: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What of a signature an index protects: certificates, revocation values and unsigned attributes.

    ``values`` are single attribute values (version 3) or all those of whole attributes (versions 1 and 2);
    ``missing`` counts digests for which nothing stands in the signature any more.
    """

    certificates: tuple[bytes, ...]
    revocations: tuple[der.Node, ...]
    values: tuple[sd.Attribute, ...]
    missing: int


def hash_index(token: sd.SignedData) -> HashIndex:
    """Read the one hash index of a version 3 token (EN 319 122-1 5.5.2); raises CmsError."""
    found = [
        (attribute, version)
        for signer in token.signers
        for attribute in signer.unsigned
        if (version := sd.HASH_INDEXES.get(attribute.oid)) is not None
    ]
    if len(found) != 1 or len(found[0][0].values) != 1:
        raise CmsError(say("The archive time-stamp does not have exactly one index of what it covers."))
    (attribute, version), *_ = found
    node = attribute.values[0]
    fields = node.sequence()
    members = fields.remaining()
    name = "sha256"  # the default of version 1 (TS 101 733 6.4.2)
    if len(members) == 4:
        name = hash_name(sd.Algorithm.read(members[0].expect(der.SEQUENCE)))
    elif len(members) != 3 or version != 1:
        raise der.broken(node.start)
    lists = [
        frozenset(one.expect(der.OCTET_STRING).content for one in member.expect(der.SEQUENCE).children())
        for member in members[-3:]
    ]
    return HashIndex(
        node=node, version=version, hash=name, certificates=lists[0], revocations=lists[1], unsigned=lists[2]
    )


def indexed(data: sd.SignedData, signer: sd.SignerInfo, index: HashIndex) -> Indexed:
    """Find in the signature what the index lists."""
    certificates = _listed(data.certificate_set, index.hash, index.certificates)
    revocations = _listed(data.revocation_set, index.hash, index.revocations)
    values: list[sd.Attribute] = []
    seen: set[bytes] = set()
    for attribute in signer.unsigned:
        for digest, covered in _attribute_digests(attribute, index):
            if digest in index.unsigned:
                seen.add(digest)
                values.append(covered)
    found = ({digest for digest, _ in certificates}, {digest for digest, _ in revocations}, seen)
    listed = (index.certificates, index.revocations, index.unsigned)
    return Indexed(
        certificates=tuple(node.raw for _, node in certificates),
        revocations=tuple(node for _, node in revocations),
        values=tuple(values),
        missing=sum(len(one - other) for one, other in zip(listed, found, strict=True)),
    )


def _listed(nodes: der.Node | None, name: str, digests: frozenset[bytes]) -> list[tuple[bytes, der.Node]]:
    if nodes is None:
        return []
    made = [(hash_bytes(name, node.raw), node) for node in nodes.children()]
    return [(digest, node) for digest, node in made if digest in digests]


def _attribute_digests(attribute: sd.Attribute, index: HashIndex) -> Iterator[tuple[bytes, sd.Attribute]]:
    """Yield the digests under which an unsigned attribute may be listed (EN 319 122-1 5.5.2, A.2.6)."""
    if index.version < 3:
        yield hash_bytes(index.hash, attribute.node.raw), attribute
        return
    kind = next(iter(attribute.node.children())).raw
    for value in attribute.values:
        one = sd.Attribute(attribute.oid, (value,), attribute.node)
        yield hash_bytes(index.hash, kind + value.raw), one


def imprint_v3(data: sd.SignedData, signer: sd.SignerInfo, content: Digester, index: HashIndex) -> Digester:
    """Return what a version 3 token stamps (EN 319 122-1 5.5.3, steps 1 to 4)."""
    kind = next(iter(data.encapsulated.children())).raw
    rest = b"".join(part.raw for part in signer.parts) + index.node.raw
    return lambda name: hash_bytes(name, kind + content(name) + rest)


def imprint_v2(
    data: sd.SignedData, signer: sd.SignerInfo, content: bytes | None, token: der.Node, budget: Budget
) -> tuple[Digester | None, tuple[sd.Attribute, ...]]:
    """Return what a version 2 token stamps (TS 101 733 6.4.1), and the unsigned attributes among it.

    None where the content's bytes are not here, or the budget is spent. Which unsigned attributes were there
    at the time is not written down, and programs differ in how they write the tag of the revocation set and
    whether they write that of the unsigned attributes: the reading is taken that the token stamps.
    """
    whole = memoryview(data.der)
    head: list[bytes | memoryview] = [whole[data.encapsulated.start : data.encapsulated.end]]
    if data.content is None:
        if content is None:
            return None, ()
        head.append(content)
    if data.certificate_set is not None:
        head.append(data.certificate_set.raw)
    sets = [b""]
    if data.revocation_set is not None:
        sets = [data.revocation_set.raw, der.encode(der.SET, data.revocation_set.content)]
    tail = b"".join(part.raw for part in signer.parts)
    name, stamped = _stamped_by(token.raw)
    for attributes in _unsigned_then(signer, token, budget):
        plain = b"".join(one.node.raw for one in attributes)
        for revocations, unsigned in product(sets, (der.encode(0xA1, plain), plain) if plain else (b"",)):
            pieces = (*head, revocations, tail, unsigned)
            if not budget.hash(sum(map(len, pieces))):
                return None, ()
            if name and _hash_pieces(name, pieces) == stamped:
                return (lambda asked: stamped if asked == name else b""), attributes
    return (lambda _: b""), ()


def _hash_pieces(name: str, pieces: Iterable[bytes | memoryview]) -> bytes:
    """Digest pieces one after another, without joining them."""
    if name == "shake_256":
        return hash_bytes(name, b"".join(pieces))
    made = hashlib.new(name, usedforsecurity=False)
    for piece in pieces:
        made.update(piece)
    return made.digest()


def _unsigned_then(
    signer: sd.SignerInfo, token: der.Node, budget: Budget
) -> Iterator[tuple[sd.Attribute, ...]]:
    """Yield the unsigned attributes as they may have been when the token was made.

    All but archive time-stamps that are not older; then those that stand before this one.
    """
    time = budget.time(token)
    kept: list[sd.Attribute] = []
    before: list[sd.Attribute] = []
    met = False
    for attribute in signer.unsigned:
        met = met or token in attribute.values
        if not met:
            before.append(attribute)
        if attribute.oid in sd.ARCHIVE_TIMESTAMPS:
            times = [budget.time(value) for value in attribute.values]
            if token in attribute.values or any(not one or not time or one >= time for one in times):
                continue
        kept.append(attribute)
    yield tuple(kept)
    if before != kept:
        yield tuple(before)


def _stamped_by(token: bytes) -> tuple[str, bytes]:
    """Return the digest's name and the imprint in a token; both empty where they cannot be read."""
    try:
        content = sd.read_signed_data(token).content
        info = None if content is None else read_timestamp_info(content)
        return ("", b"") if info is None else (hash_name(info.hash), info.imprint)
    except CmsError:
        return "", b""
