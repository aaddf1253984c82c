"""Builds evidence records for tests (RFC 4998 in ASN.1, RFC 6283 in XML), renews and breaks them.

Written apart from the reader: its own DER, its own XML, its own trees. A ``Record`` is open to every change
before it is encoded, so that a trick is one line.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import tsp
from lxml import etree

from docsign.pki import SigningKey
from docsign.pki.stamping import respond

OIDS = {
    "sha1": "06052b0e03021a",
    "sha256": "0609608648016503040201",
    "sha384": "0609608648016503040202",
    "sha512": "0609608648016503040203",
}
URIS = {
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ERS = "urn:ietf:params:xml:ns:ers"


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one DER value."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def digest(name: str, *parts: bytes) -> bytes:
    """Digest the parts, one after another."""
    return hashlib.new(name, b"".join(parts)).digest()


def token(key: SigningKey, name: str, imprint: bytes, at: datetime) -> bytes:
    """Return an RFC 3161 token of ``key`` over a digest, made at ``at``."""
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": name}, "hashed_message": imprint},
            "cert_req": True,
        }
    )
    made: bytes = tsp.TimeStampResp.load(respond(request.dump(), key, at=at))["time_stamp_token"].dump()
    return made


def reduced(name: str, groups: Sequence[Sequence[bytes]], which: int) -> tuple[list[list[bytes]], bytes]:
    """Build the binary tree over groups of digests; return it reduced to one group, and its top."""
    level = [one[0] if len(one) == 1 else digest(name, *sorted(one)) for one in groups]
    path = [list(groups[which])]
    place = which
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append([level[sibling]])
        level = [
            digest(name, *sorted(level[at : at + 2])) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        place //= 2
    return path, level[0]


@dataclass
class Stamp:
    """One archive time-stamp while it can still be changed; ``tree`` None: the token stamps one digest."""

    hash: str
    tree: list[list[bytes]] | None
    token: bytes

    def der(self) -> bytes:
        """Write an ArchiveTimeStamp (RFC 4998 4.1)."""
        parts = [tlv(0xA0, bytes.fromhex(OIDS[self.hash]))]
        if self.tree is not None:
            lists = [tlv(0x30, *(tlv(4, value) for value in group)) for group in self.tree]
            parts.append(tlv(0xA2, *lists))
        return tlv(0x30, *parts, self.token)

    def timestamp_xml(self) -> str:
        """Write the TimeStamp element (RFC 6283 3.1.2)."""
        text = base64.b64encode(self.token).decode()
        return f'<TimeStamp><TimeStampToken Type="RFC3161">{text}</TimeStampToken></TimeStamp>'

    def xml(self, order: int) -> str:
        """Write an ArchiveTimeStamp element (RFC 6283 3.1)."""
        tree = ""
        if self.tree is not None:
            groups = (
                f'<Sequence Order="{place}">'
                + "".join(f"<DigestValue>{base64.b64encode(one).decode()}</DigestValue>" for one in group)
                + "</Sequence>"
                for place, group in enumerate(self.tree, 1)
            )
            tree = f"<HashTree>{''.join(groups)}</HashTree>"
        return f'<ArchiveTimeStamp Order="{order}">{tree}{self.timestamp_xml()}</ArchiveTimeStamp>'


@dataclass
class Record:
    """A record in the making over ``files``; ``others`` are the groups of strangers in the same tree."""

    form: str
    files: dict[str, bytes]
    others: list[list[bytes]] = field(default_factory=lambda: [[b"cong-van-khac"], [b"to-trinh", b"phu-luc"]])
    chains: list[list[Stamp]] = field(default_factory=list)

    def begin(self, key: SigningKey, at: datetime, name: str = "sha256", *, tree: bool = True) -> Record:
        """Make the first archive time-stamp."""
        own = [digest(name, data) for data in self.files.values()]
        self.chains.append([self._over(own, key, at, name, tree=tree)])
        return self

    def renew_stamp(self, key: SigningKey, at: datetime, *, tree: bool = False) -> Record:
        """Renew the stamp (RFC 4998 5.2, RFC 6283 4.2.1): stamp the last one, in the same chain."""
        last = self.chains[-1][-1]
        value = digest(last.hash, self.renewable(last))
        self.chains[-1].append(self._over([value], key, at, last.hash, tree=tree))
        return self

    def renew_tree(self, key: SigningKey, at: datetime, name: str = "sha512", *, tree: bool = True) -> Record:
        """Renew the hash tree: over the files again and all chains so far, in a new chain."""
        earlier = digest(name, self.earlier())
        own = [digest(name, data) for data in self.files.values()]
        own = [digest(name, one, earlier) for one in own] if self.form == "asn1" else [*own, earlier]
        self.chains.append([self._over(own, key, at, name, tree=tree)])
        return self

    def _over(self, own: list[bytes], key: SigningKey, at: datetime, name: str, *, tree: bool) -> Stamp:
        if not tree and len(own) == 1:
            return Stamp(name, None, token(key, name, own[0], at))
        strangers = [[digest(name, one) for one in group] for group in self.others]
        path, top = reduced(name, [*strangers[:1], own, *strangers[1:]], min(1, len(strangers)))
        return Stamp(name, path, token(key, name, top, at))

    def renewable(self, stamp: Stamp) -> bytes:
        """Return what the renewal of a stamp digests."""
        if self.form == "asn1":
            return stamp.token
        return canonical(f'<x xmlns="{ERS}">{stamp.timestamp_xml()}</x>', "TimeStamp")

    def earlier(self) -> bytes:
        """Return what a renewal of the tree digests of the chains so far."""
        if self.form == "asn1":
            return tlv(0x30, *map(self._chain_der, self.chains))
        return canonical(self.encode().decode(), "ArchiveTimeStampSequence")

    @staticmethod
    def _chain_der(chain: list[Stamp]) -> bytes:
        return tlv(0x30, *(stamp.der() for stamp in chain))

    def encode(self, *, version: str = "", listed: Sequence[str] | None = None, extra: bytes = b"") -> bytes:
        """Write the record; ``extra`` goes before the sequence of chains (ASN.1) or in its place (XML)."""
        if self.form == "asn1":
            names = listed if listed is not None else {one.hash: 0 for chain in self.chains for one in chain}
            return tlv(
                0x30,
                tlv(2, bytes([int(version or "1")])),
                tlv(0x30, *(tlv(0x30, bytes.fromhex(OIDS[name])) for name in names)),
                extra,
                tlv(0x30, *map(self._chain_der, self.chains)),
            )
        chains = "".join(
            f'<ArchiveTimeStampChain Order="{number}"><DigestMethod Algorithm="{URIS[chain[0].hash]}"/>'
            f'<CanonicalizationMethod Algorithm="{C14N}"/>'
            + "".join(stamp.xml(place) for place, stamp in enumerate(chain, 1))
            + "</ArchiveTimeStampChain>"
            for number, chain in enumerate(self.chains, 1)
        )
        sequence = f"<ArchiveTimeStampSequence>{chains}</ArchiveTimeStampSequence>"
        return (
            f'<EvidenceRecord xmlns="{ERS}" Version="{version or "1.0"}">{extra.decode()}{sequence}'
            "</EvidenceRecord>"
        ).encode()


def canonical(text: str, name: str) -> bytes:
    """Return one element of a document as canonical XML 1.0, its namespace written on it."""
    element = etree.fromstring(text.encode()).find(f"{{{ERS}}}{name}")
    assert element is not None
    alone = etree.ElementTree(etree.fromstring(etree.tostring(element, with_tail=False)))
    written: bytes = etree.tostring(alone, method="c14n")
    return written
