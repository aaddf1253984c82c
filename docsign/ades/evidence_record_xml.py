"""Reads evidence records in XML (RFC 6283): a strict walk over one hardened tree that judges nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence

from lxml import etree

from docsign.ades import xml
from docsign.ades.algorithms import hash_bytes, unsupported
from docsign.ades.evidence_record import (
    MOST_CHAINS,
    MOST_INFOS,
    MOST_STAMPS,
    MOST_VALUES,
    RECORD_LIMIT,
    ArchiveStamp,
    Earlier,
    EvidenceRecord,
    StampChain,
    broken_record,
    looks_like_xml,
)
from docsign.ades.hash_tree import Group
from docsign.ades.signer import load_certificates
from docsign.errors import CmsError, XmlError
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say

NAMESPACE = "urn:ietf:params:xml:ns:ers"

DIGESTS = {
    # RFC 9231 2.1: the URI, and the name hashlib knows it by
    "http://www.w3.org/2001/04/xmldsig-more#md5": "md5",
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#sha224": "sha224",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-224": "sha3_224",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-256": "sha3_256",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-384": "sha3_384",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-512": "sha3_512",
}


def read_xml_record(data: bytes) -> EvidenceRecord:
    """Read an EvidenceRecord document (RFC 6283 2.1); raises CmsError or XmlError."""
    return read_xml_element(xml.parse(data))


def read_xml_element(root: etree._Element) -> EvidenceRecord:
    """Read an EvidenceRecord element, such as one inside an XML signature; raises CmsError or XmlError."""
    if xml.local_name(root) != "EvidenceRecord" or xml.namespace(root) != NAMESPACE:
        raise broken_record("EvidenceRecord")
    if root.get("Version") not in ("1.0", "1"):
        raise CmsError(say("This version of the evidence record is not known."))
    parts = _children(root, "EncryptionInformation", "SupportingInformationList", "ArchiveTimeStampSequence")
    if "EncryptionInformation" in parts:  # RFC 6283 2.1: the digests then are those of the encrypted data
        raise CmsError(say("The evidence record is about encrypted data, which is not supported."))
    (sequence,) = parts.get("ArchiveTimeStampSequence", (None,))
    if sequence is None:
        raise broken_record("ArchiveTimeStampSequence")
    found: dict[str, list[bytes]] = {}
    budget = [MOST_STAMPS, MOST_VALUES]
    ordered = _ordered(sequence, "ArchiveTimeStampChain")
    size = len(etree.tostring(sequence)) if len(ordered) > 1 else 0
    if len(ordered) > MOST_CHAINS or size * len(ordered) > RECORD_LIMIT:
        # each chain wants all before it written out and digested
        raise broken_record("ArchiveTimeStampSequence")
    chains = tuple(_chain(sequence, place, chain, budget, found) for place, chain in enumerate(ordered))
    beside = ValidationData.of(
        certificates=load_certificates(found.get("CERT", [])[:MOST_INFOS]),
        crls=found.get("CRL", [])[:MOST_INFOS],
        ocsps=found.get("OCSP", [])[:MOST_INFOS],
    )
    return EvidenceRecord(form="xml", chains=chains, beside=beside)


def canonical_file(data: bytes, algorithm: str) -> bytes | None:
    """Return what a chain digests of a file that is XML (RFC 6283 2.1); None of any other."""
    if not looks_like_xml(data):
        return None
    try:
        return xml.canonicalize_document(xml.parse(data), algorithm)
    except XmlError:
        return None


def _children(parent: etree._Element, *names: str) -> dict[str, tuple[etree._Element, ...]]:
    """Return the children by name; each may stand once, none but ``names`` may stand there."""
    found: dict[str, tuple[etree._Element, ...]] = {}
    for child in xml.elements(parent):
        name = xml.local_name(child)
        if name not in names or name in found or xml.namespace(child) != NAMESPACE:
            raise broken_record(f"{xml.local_name(parent)}/{name}"[:200])
        found[name] = (child,)
    return found


def _ordered(parent: etree._Element, name: str) -> list[etree._Element]:
    """Return the children of this name in their order, which counts 1, 2, 3 … (RFC 6283 2.1)."""
    children: list[etree._Element] = []
    for child in xml.elements(parent):
        if xml.local_name(child) != name:
            continue
        children.append(child)
        if child.get("Order") != str(len(children)) or xml.namespace(child) != NAMESPACE:
            raise broken_record(f"{name}: Order")
    if not children:
        raise broken_record(name)
    return children


def _chain(
    sequence: etree._Element,
    place: int,
    chain: etree._Element,
    budget: list[int],
    found: dict[str, list[bytes]],
) -> StampChain:
    where = f"chain {place + 1}"
    methods = {
        name: next((one for one in xml.elements(chain) if xml.local_name(one) == name), None)
        for name in ("DigestMethod", "CanonicalizationMethod")
    }
    digest, canonical = (
        "" if method is None else method.get("Algorithm") or "" for method in methods.values()
    )
    if digest not in DIGESTS:
        raise unsupported(digest[:100])
    if canonical not in xml.CANONICALIZATIONS:
        raise XmlError(say("This canonicalisation is not known: {algorithm}.", algorithm=canonical[:100]))
    name = DIGESTS[digest]
    stamps = tuple(
        _stamp(one, name, canonical, budget, found, where) for one in _ordered(chain, "ArchiveTimeStamp")
    )
    earlier = _earlier(sequence, place, canonical) if place else None
    return StampChain(stamps=stamps, earlier=earlier, canonicalization=canonical)


def _earlier(sequence: etree._Element, place: int, canonical: str) -> Earlier:
    """RFC 6283 4.2.2: the sequence as it was before this chain, canonical.

    How much white space stood behind the last chain then cannot be known: what stands there now, what closes
    the sequence now, and all of it together are tried.
    """

    def digests(name: str) -> tuple[bytes, ...]:
        before = xml.parse(etree.tostring(sequence, with_tail=False))
        children = list(before)
        chains = [child for child in children if xml.local_name(child) == "ArchiveTimeStampChain"]
        last, ending = chains[place - 1], children[-1].tail
        tails = "".join(child.tail or "" for child in chains[place:])
        for child in children[children.index(last) + 1 :]:
            before.remove(child)
        found: list[bytes] = []
        own = last.tail
        for tail in (own, ending, (own or "") + tails):
            last.tail = tail
            found.append(hash_bytes(name, xml.canonicalize_document(before, canonical)))
        return tuple(dict.fromkeys(found))

    return digests


def _stamp(
    stamp: etree._Element,
    name: str,
    canonical: str,
    budget: list[int],
    found: dict[str, list[bytes]],
    where: str,
) -> ArchiveStamp:
    budget[0] -= 1
    if budget[0] < 0:
        raise CmsError(say("The evidence record holds more than {limit} time-stamps.", limit=MOST_STAMPS))
    parts = _children(stamp, "HashTree", "TimeStamp", "Attributes")
    if "TimeStamp" not in parts:
        raise broken_record(f"{where}: TimeStamp")
    (timestamp,) = parts["TimeStamp"]
    inner = _children(timestamp, "TimeStampToken", "CryptographicInformationList")
    if "TimeStampToken" not in inner:
        raise broken_record(f"{where}: TimeStampToken")
    (token,) = inner["TimeStampToken"]
    if token.get("Type") not in ("RFC3161", "rfc3161"):
        raise CmsError(say("The evidence record holds a time-stamp of an unknown kind."), where=where)
    for listed in inner.get("CryptographicInformationList", ()):
        for info in xml.elements(listed):
            found.setdefault((info.get("Type") or "").upper(), []).append(_base64(info, where))
    groups: tuple[Group, ...] = ()
    if "HashTree" in parts:
        tree = _ordered(parts["HashTree"][0], "Sequence")
        groups = tuple(_group(sequence, name, budget, where) for sequence in tree)
    return ArchiveStamp(
        hash=name,
        groups=groups,
        token=_base64(token, where),
        renewable=xml.canonicalize(timestamp, canonical),
    )


def _group(sequence: etree._Element, name: str, budget: list[int], where: str) -> Group:
    values = tuple(_digest_values(sequence, where))
    budget[1] -= len(values)
    size = len(hash_bytes(name, b""))
    if not values or budget[1] < 0 or any(len(value) != size for value in values):
        raise broken_record(f"{where}: HashTree")
    return values


def _digest_values(sequence: etree._Element, where: str) -> Iterator[bytes]:
    for value in xml.elements(sequence):
        if xml.local_name(value) != "DigestValue" or xml.namespace(value) != NAMESPACE:
            raise broken_record(f"{where}: HashTree")
        yield _base64(value, where)


def _base64(element: etree._Element, where: str) -> bytes:
    """Return what an element holds in base64; a comment or an element inside is refused."""
    children: Sequence[etree._Element] = list(element)
    if children:
        raise broken_record(f"{where}: {xml.local_name(element)}")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise broken_record(f"{where}: {xml.local_name(element)}") from error
