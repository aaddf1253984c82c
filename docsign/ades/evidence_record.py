"""An evidence record as a value: chains of archive time-stamps over hash trees (RFC 4998, RFC 6283).

Reading is here and in ``evidence_record_asn1`` and ``evidence_record_xml``; judging is
``evidence_record_judge``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from docsign.ades.hash_tree import Group
from docsign.errors import CmsError
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass

MOST_CHAINS = 32
"""More hash-tree renewals than this are not read."""
MOST_STAMPS = 128
"""A record renewed more often than this is not read."""
MOST_VALUES = 100_000
"""The most hash values of one record, all its trees together."""
MOST_INFOS = 128
"""The most certificates, lists or answers that are taken from beside the time-stamps."""
RECORD_LIMIT = 8 * 1024 * 1024
"""The largest record read, in bytes; an XML one times its chains."""

Earlier = Callable[[str], tuple[bytes, ...]]
"""Gives, for a name of hashlib, the digests that may stand for all earlier chains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveStamp:
    """One archive time-stamp (RFC 4998 4.1): a token over the top of a hash tree.

    ``hash`` is hashlib's name of the tree's digest. ``groups`` is the reduced tree, first group first; empty:
    the token stamps one digest alone. ``renewable`` is what the next stamp of the chain digests.
    """

    hash: str
    groups: tuple[Group, ...]
    token: bytes
    renewable: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StampChain:
    """Archive time-stamps, each renewed over the one before (RFC 4998 5.2).

    ``earlier`` digests the chains before this one; it is None for the first chain. ``canonicalization`` is
    that of files which are XML, in a record that is XML.
    """

    stamps: tuple[ArchiveStamp, ...]
    earlier: Earlier | None = None
    canonicalization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """A record as it was read: nothing in it has been checked yet but its form."""

    form: Literal["asn1", "xml"]
    chains: tuple[StampChain, ...]
    beside: ValidationData


def broken_record(what: str) -> CmsError:
    """Return the error for a record whose form is wrong; ``what`` names the part."""
    return CmsError(say("The evidence record is malformed."), where=what)


def read_evidence_record(data: bytes) -> EvidenceRecord:
    """Read a record in either form; raises CmsError or XmlError (both MalformedError).

    Raises UnsupportedAlgorithmError (a CmsError) where a digest of it is not known here.
    """
    if len(data) > RECORD_LIMIT:
        raise CmsError(
            say(
                "The evidence record is too large: {size} bytes, {limit} at most.",
                size=len(data),
                limit=RECORD_LIMIT,
            )
        )
    if looks_like_xml(data):
        from docsign.ades.evidence_record_xml import read_xml_record

        return read_xml_record(data)
    from docsign.ades.evidence_record_asn1 import read_asn1_record

    return read_asn1_record(data)


def looks_like_xml(data: bytes) -> bool:
    """Say whether the bytes begin as XML does."""
    head = data[:64].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return head.startswith((b"<", b"\0<"))


def is_evidence_record(data: bytes) -> bool:
    """Say whether some bytes claim to be an evidence record, without reading them."""
    if looks_like_xml(data):
        return b"urn:ietf:params:xml:ns:ers" in data[:4096] and b"EvidenceRecord" in data[:4096]
    from docsign.ades.evidence_record_asn1 import begins_as_record

    return begins_as_record(data)
