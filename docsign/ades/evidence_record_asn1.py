"""Reads evidence records in ASN.1 (RFC 4998): a strict walk over DER that judges nothing."""

from __future__ import annotations

from collections.abc import Iterator

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes, hash_name
from docsign.ades.cades_values import merged_values
from docsign.ades.evidence_record import (
    MOST_CHAINS,
    MOST_STAMPS,
    MOST_VALUES,
    ArchiveStamp,
    Earlier,
    EvidenceRecord,
    StampChain,
    broken_record,
)
from docsign.ades.hash_tree import Group
from docsign.ades.timestamps import read_timestamp_info
from docsign.errors import CmsError
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say


def begins_as_record(data: bytes) -> bool:
    """Say whether the bytes begin as RFC 4998 3.1 has it: SEQUENCE, version 1, SEQUENCE of algorithms."""
    try:
        outer = der.read(data, 0, len(data)).expect(der.SEQUENCE)
        version = der.read(data, outer.body, outer.end)
        algorithms = der.read(data, version.end, outer.end).expect(der.SEQUENCE)
        first = der.read(data, algorithms.body, algorithms.end).expect(der.SEQUENCE)
        der.read(data, first.body, first.end).expect(der.OID)
    except CmsError:
        return False
    return version.raw == b"\x02\x01\x01"


def read_asn1_record(data: bytes) -> EvidenceRecord:
    """Read a DER EvidenceRecord (RFC 4998 3.1); raises CmsError."""
    fields = der.parse(data).sequence()
    if der.integer(fields.take(der.INTEGER)) != 1:
        raise CmsError(say("This version of the evidence record is not known."))
    listed = {sd.Algorithm.read(node).oid for node in fields.take(der.SEQUENCE).children()}
    infos = fields.optional(0xA0)
    if fields.optional(0xA1) is not None:
        # RFC 4998 6.1: the digests then are those of the encrypted data, by a method of its own
        raise CmsError(say("The evidence record is about encrypted data, which is not supported."))
    sequence = fields.take(der.SEQUENCE)
    fields.done()
    budget = [MOST_STAMPS, MOST_VALUES]
    chains = tuple(_chains(sequence, listed, budget))
    if not chains:
        raise broken_record("archiveTimeStampSequence")
    return EvidenceRecord(form="asn1", chains=chains, beside=_crypto_infos(infos))


def _chains(sequence: der.Node, listed: set[str], budget: list[int]) -> Iterator[StampChain]:
    for number, node in enumerate(sequence.children()):
        where = f"chain {number + 1}"
        if number >= MOST_CHAINS:
            raise broken_record(where)
        stamps = tuple(_stamp(one, listed, budget, where) for one in node.expect(der.SEQUENCE).children())
        if not stamps:
            raise broken_record(where)
        yield StampChain(stamps=stamps, earlier=_earlier(sequence, node.start) if number else None)


def _earlier(sequence: der.Node, end: int) -> Earlier:
    """RFC 4998 5.2, step 3: the earlier chains as an ArchiveTimeStampSequence of their own."""

    def digest(name: str) -> tuple[bytes, ...]:
        return (hash_bytes(name, der.encode(der.SEQUENCE, sequence.data[sequence.body : end])),)

    return digest


def _stamp(node: der.Node, listed: set[str], budget: list[int], where: str) -> ArchiveStamp:
    budget[0] -= 1
    if budget[0] < 0:
        raise CmsError(say("The evidence record holds more than {limit} time-stamps.", limit=MOST_STAMPS))
    fields = node.sequence()
    algorithm = fields.optional(0xA0)
    fields.optional(0xA1)  # attributes: informational
    tree = fields.optional(0xA2)
    token = fields.take(der.SEQUENCE).raw
    fields.done()
    if algorithm is not None:
        digest = sd.Algorithm.read(algorithm)
    else:  # RFC 4998 4.1: then the token's own
        content = sd.read_signed_data(token).content
        if content is None:
            raise broken_record(where)
        digest = read_timestamp_info(content).hash
    if digest.oid not in listed:
        raise CmsError(say("The evidence record uses a digest that it does not list."), where=where)
    name = hash_name(digest)
    groups = () if tree is None else tuple(_group(one, name, budget, where) for one in tree.children())
    if tree is not None and not groups:
        raise broken_record(f"{where}: reducedHashtree")
    return ArchiveStamp(hash=name, groups=groups, token=token, renewable=token)


def _group(node: der.Node, name: str, budget: list[int], where: str) -> Group:
    values = tuple(one.expect(der.OCTET_STRING).content for one in node.expect(der.SEQUENCE).children())
    budget[1] -= len(values)
    size = len(hash_bytes(name, b""))
    if not values or budget[1] < 0 or any(len(value) != size for value in values):
        raise broken_record(f"{where}: reducedHashtree")
    return values


def _crypto_infos(infos: der.Node | None) -> ValidationData:
    """Return certificates and revocation data from cryptoInfos (RFC 4998 3.1); what is unknown is left."""
    return merged_values([] if infos is None else [sd.read_attribute(node) for node in infos.children()])
