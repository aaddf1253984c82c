"""Judges the evidence records in a CMS signature's unsigned attributes (RFC 4998 appendix A, TS 119 122-3).

An internal record covers the CMS object, an external one the CMS object and the signed content beside it;
the object is taken without the attribute that holds the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.cades_budget import Budget
from docsign.ades.cades_values import merged_values
from docsign.ades.evidence_record_judge import EvidenceJudgement, judge_evidence_record
from docsign.ades.signer import Digester
from docsign.ades.stamped import Existence, name_of, names_of
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Indication, TimestampReport

EVIDENCE = frozenset({sd.EVIDENCE_INTERNAL, sd.EVIDENCE_EXTERNAL})


def judge_evidence(
    data: sd.SignedData,
    signer: sd.SignerInfo,
    *,
    digest: Digester | None,
    beside: ValidationData,
    trust: Trust,
    at: datetime,
    id: str,
    budget: Budget | None = None,
) -> tuple[tuple[TimestampReport, ...], tuple[Existence, ...]]:
    """Judge the records of one signer; return their answers, and what those that pass prove."""
    budget = budget or Budget()
    reports: list[TimestampReport] = []
    proofs: list[Existence] = []
    records = [
        (attribute, value)
        for attribute in signer.unsigned
        if attribute.oid in EVIDENCE
        for value in attribute.values
    ]
    for number, (attribute, value) in enumerate(records, 1):
        if not budget.record():
            break
        external = attribute.oid == sd.EVIDENCE_EXTERNAL
        best: tuple[EvidenceJudgement, tuple[sd.Attribute, ...]] | None = None
        for kept in _then(signer, attribute):
            if not budget.hash(len(data.der)):
                break
            encoded = _object(data, signer, kept)
            objects = {"CMS": _over(encoded)}
            if external and digest is not None:
                objects["eContent"] = digest
            found = judge_evidence_record(
                value.raw, objects, trust=trust, at=at, id=f"{id}-ER{number}", beside=beside
            )
            if best is None or found.time is not None:
                best = (found, kept)
            if found.report.conclusion.indication is not Indication.TOTAL_FAILED:
                break
        if best is None:
            continue
        judgement, kept = best
        reports.append(judgement.report)
        if judgement.time is not None:
            proofs.append(Existence(time=judgement.time, covers=_covered(data, signer, kept)))
    return tuple(reports), tuple(proofs)


def _then(signer: sd.SignerInfo, own: sd.Attribute) -> Iterator[tuple[sd.Attribute, ...]]:
    """Yield the unsigned attributes as they may have been: all but records; those before this record."""
    others = tuple(one for one in signer.unsigned if one.oid not in EVIDENCE)
    yield others
    before = signer.unsigned[: signer.unsigned.index(own)]
    if before != others:
        yield before


def _object(data: sd.SignedData, signer: sd.SignerInfo, kept: tuple[sd.Attribute, ...]) -> bytes:
    """Write the CMS object anew with only these unsigned attributes of the signer."""
    unsigned = der.encode(0xA1, b"".join(one.node.raw for one in kept)) if kept else b""
    own = der.encode(der.SEQUENCE, b"".join(part.raw for part in signer.parts) + unsigned)
    outer = list(der.read(data.der, 0, len(data.der)).children())
    members = list(next(outer[1].children()).children())
    signers = [own if one.start == signer.node.start else one.raw for one in members[-1].children()]
    fields = b"".join(one.raw for one in members[:-1]) + der.encode(der.SET, b"".join(signers))
    wrapped = der.encode(0xA0, der.encode(der.SEQUENCE, fields))
    return der.encode(der.SEQUENCE, outer[0].raw + wrapped)


def _covered(data: sd.SignedData, signer: sd.SignerInfo, kept: tuple[sd.Attribute, ...]) -> frozenset[bytes]:
    tokens = [value.raw for one in kept for value in one.values]
    names = {name_of(signer.signature), *names_of((*data.certificates, *data.crls, *data.ocsps))}
    return frozenset(names | names_of(tokens) | names_of(merged_values(list(kept))))


def _over(data: bytes) -> Digester:
    return lambda name: hash_bytes(name, data)
