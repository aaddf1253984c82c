"""Gathers the time-stamps of a CMS signature and what each protects (EN 319 122-1 5.2.8, 5.3, 5.5, A.1).

Content, signature, CAdES-C, references and archive time-stamps become ``Stamped`` values, oldest first; what
they prove is judged in ``docsign.ades.long_term``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.archive_imprint import hash_index, imprint_v2, imprint_v3, indexed
from docsign.ades.cades_budget import Budget, time_of
from docsign.ades.cades_values import merged_values
from docsign.ades.problems import warning
from docsign.ades.signer import Digester
from docsign.ades.stamped import Stamped, name_of, names_of
from docsign.errors import CmsError
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Finding, TimestampKind

MOST_TIMESTAMPS = 32


@dataclass(slots=True, kw_only=True)
class Stamps:
    """The tokens of one signer; ``signed``: one stamps the signature; ``archived``: one archives it."""

    listed: list[Stamped] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    signed: bool = False
    archived: bool = False


def stamps_of(
    data: sd.SignedData,
    signer: sd.SignerInfo,
    *,
    content: bytes | None,
    digest: Digester | None,
    id: str,
    budget: Budget | None = None,
) -> Stamps:
    """Gather the time-stamps; ``content`` and ``digest`` are None where what was signed is not at hand."""
    stamps, budget = Stamps(), budget or Budget()
    for kind, value in _tokens_of(signer, stamps, budget):
        _gather(stamps, kind, value, data, signer, content, digest, budget)
    if len(stamps.listed) > 1:
        stamps.listed.sort(key=lambda stamp: time_of(stamp.token))
    stamps.listed = [replace(one, id=f"{id}-T{number}") for number, one in enumerate(stamps.listed, 1)]
    return stamps


def _tokens_of(signer: sd.SignerInfo, stamps: Stamps, budget: Budget) -> Iterator[tuple[str, der.Node]]:
    """Yield the tokens with the attribute they stand in, as many as are judged."""
    count = 0
    for attributes, kinds in ((signer.signed, _SIGNED_STAMPS), (signer.unsigned, _STAMPS)):
        for attribute in attributes:
            for value in attribute.values if attribute.oid in kinds else ():
                count += 1
                if count > MOST_TIMESTAMPS or not budget.stamp():
                    sentence = say(
                        "The signature has more time-stamps than are judged ({limit}).", limit=MOST_TIMESTAMPS
                    )
                    stamps.findings.append(warning("timestamp-count", sentence))
                    return
                yield attribute.oid, value


def _gather(
    stamps: Stamps,
    kind: str,
    value: der.Node,
    data: sd.SignedData,
    signer: sd.SignerInfo,
    content: bytes | None,
    digest: Digester | None,
    budget: Budget,
) -> None:
    """Add one token with what it stamps and covers."""
    own = name_of(signer.signature)
    match kind:
        case sd.CONTENT_TIMESTAMP:
            _add(stamps, value, "content", digest, frozenset())
        case sd.SIGNATURE_TIMESTAMP:
            _add(stamps, value, "signature", _over(signer.signature), frozenset((own,)))
            stamps.signed = True
        case sd.CADES_C_TIMESTAMP:
            imprint = _over(b"".join(_references(signer, whole=True)))
            _add(stamps, value, "signature", imprint, frozenset((own, *_tokens(signer))))
        case sd.REFERENCES_TIMESTAMP:
            _add(stamps, value, "archive", _over(b"".join(_references(signer, whole=False))), frozenset())
        case sd.ARCHIVE_TIMESTAMP_V3:
            _add_v3(stamps, data, signer, value, digest)
        case sd.ARCHIVE_TIMESTAMP_V2:
            beside = data.content if content is None else content
            then, attributes = imprint_v2(data, signer, beside, value, budget)
            _add(stamps, value, "archive", then, _covered_by_v2(data, signer, attributes))
            stamps.archived = True
        case _:
            sentence = say("The signature has an archive time-stamp of the first form, which is not judged.")
            stamps.findings.append(warning("archive-timestamp", sentence))


_SIGNED_STAMPS = frozenset({sd.CONTENT_TIMESTAMP})
_STAMPS = frozenset(
    {sd.SIGNATURE_TIMESTAMP, sd.CADES_C_TIMESTAMP, sd.REFERENCES_TIMESTAMP, *sd.ARCHIVE_TIMESTAMPS}
)


def _add(
    stamps: Stamps, token: der.Node, kind: TimestampKind, imprint: Digester | None, covers: frozenset[bytes]
) -> None:
    stamps.listed.append(Stamped(id="", token=token.raw, kind=kind, imprint=imprint, covers=covers))


def _over(data: bytes) -> Digester:
    return lambda name: hash_bytes(name, data)


def _nothing(_: str) -> bytes:
    """The digest of nothing that a token could have stamped."""
    return b""


def _add_v3(
    stamps: Stamps, data: sd.SignedData, signer: sd.SignerInfo, token: der.Node, digest: Digester | None
) -> None:
    """Add an archive-time-stamp-v3 with what its hash index protects (EN 319 122-1 5.5.3)."""
    stamps.archived = True
    try:
        index = hash_index(sd.read_signed_data(token.raw))
    except CmsError as error:
        stamps.findings.append(warning("archive-index", error.sentence))
        _add(stamps, token, "archive", _nothing, frozenset())
        return
    found = indexed(data, signer, index)
    if found.missing:
        sentence = say(
            "The archive time-stamp names {count} values that are no longer in the signature.",
            count=found.missing,
        )
        stamps.findings.append(warning("archive-index", sentence))
    covers = {name_of(signer.signature), *names_of(found.certificates)}
    covers |= names_of(node.raw for node in found.revocations)
    covers |= names_of(ocsp for node in found.revocations for ocsp in sd.ocsps_in(node))
    covers |= _within(found.values)
    imprint = None if digest is None else imprint_v3(data, signer, digest, index)
    _add(stamps, token, "archive", _nothing if found.missing else imprint, frozenset(covers))


def _within(attributes: Sequence[sd.Attribute]) -> set[bytes]:
    """Return the names of what lies in unsigned attributes: tokens with their material, and values."""
    values = [one for one in attributes if one.oid not in _STAMPS]
    names = set(names_of(merged_values(values)))
    for attribute in attributes:
        for value in attribute.values:
            names.add(name_of(value.raw))
            if attribute.oid in _STAMPS:
                names |= names_of(_material(value.raw))
    return names


def _material(token: bytes) -> ValidationData | tuple[bytes, ...]:
    """Return the certificates, lists and answers inside a token, by their DER."""
    try:
        data = sd.read_signed_data(token)
    except CmsError:
        return ()
    inner = merged_values([one for signer in data.signers for one in signer.unsigned])
    own = (*data.certificates, *data.crls, *data.ocsps)
    return (*own, *inner.crls, *inner.ocsps)


def _covered_by_v2(
    data: sd.SignedData, signer: sd.SignerInfo, attributes: Sequence[sd.Attribute]
) -> frozenset[bytes]:
    """Return the names of all that a version 2 token covers: both sets, and these unsigned attributes."""
    names = {name_of(signer.signature), *names_of((*data.certificates, *data.crls, *data.ocsps))}
    return frozenset(names | _within(attributes))


def _tokens(signer: sd.SignerInfo) -> Iterator[bytes]:
    for value in signer.unsigned_values(sd.SIGNATURE_TIMESTAMP):
        yield name_of(value.raw)
        yield from names_of(_material(value.raw))


def _references(signer: sd.SignerInfo, *, whole: bool) -> Iterator[bytes]:
    """Yield what a CAdES-C or references time-stamp stamps (EN 319 122-1 A.1.5.1, A.1.5.2).

    Attributes without the tag and length of their SEQUENCE, in this order.
    """
    wanted = [sd.CERTIFICATE_REFERENCES, sd.REVOCATION_REFERENCES]
    if whole:
        yield signer.signature
        wanted.insert(0, sd.SIGNATURE_TIMESTAMP)
    for kind in wanted:
        yield from (one.node.content for one in signer.unsigned if one.oid == kind)
