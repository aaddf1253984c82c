"""Judges the evidence records among an XML signature's unsigned properties (TS 119 132-3).

A record is about a group: everything the signature signs, its own parts, and the unsigned properties before
it. The group stands in the record's first tree member by member, or as the one digest of all its members. A
record fails by itself: whatever is wrong with it is not the fault of the signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.algorithms import hash_bytes
from docsign.ades.evidence_record_judge import EvidenceJudgement, judge_evidence_record, judge_read_record
from docsign.ades.evidence_record_xml import read_xml_element
from docsign.ades.signer import Digester
from docsign.ades.stamped import Existence
from docsign.ades.xades_stamps import names_before, sealed_digests
from docsign.ades.xades_transforms import Sources
from docsign.ades.xml import EXC_C14N, canonicalize, elements, local_name, namespace
from docsign.errors import CmsError, XmlError
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Indication, TimestampReport

MOST_RECORDS = 8


def judge_evidence(
    form: xf.Form,
    sources: Sources,
    *,
    data: ValidationData,
    trust: Trust,
    at: datetime,
    id: str,
) -> tuple[tuple[TimestampReport, ...], tuple[Existence, ...]]:
    """Judge the records of one signature; return their answers, and what those that pass prove."""
    reports: list[TimestampReport] = []
    proofs: list[Existence] = []
    for number, (record, before) in enumerate(islice(_records(form), MOST_RECORDS), 1):
        group = sealed_digests(form, sources, before)
        found: EvidenceJudgement | None = None
        for objects in _readings(group):
            judged = _judged(record, objects, trust=trust, at=at, id=f"{id}-ER{number}", beside=data)
            found = judged if found is None or judged.time is not None else found
            if judged.report.conclusion.indication is not Indication.TOTAL_FAILED:
                found = judged
                break
        if found is None:
            continue
        reports.append(found.report)
        if found.time is not None:
            proofs.append(Existence(time=found.time, covers=names_before(form, before)))
    return tuple(reports), tuple(proofs)


def _records(form: xf.Form) -> Iterator[tuple[etree._Element, tuple[etree._Element, ...]]]:
    """Yield each record, and the unsigned properties that stand before it."""
    for place, one in enumerate(form.unsigned):
        if local_name(one) == "SealingEvidenceRecords" and namespace(one) == xf.XADES_EVIDENCE:
            yield from ((record, form.unsigned[:place]) for record in elements(one))


def _judged(
    element: etree._Element,
    objects: dict[str, Digester],
    *,
    trust: Trust,
    at: datetime,
    id: str,
    beside: ValidationData,
) -> EvidenceJudgement:
    """Judge one record; in XML as a document of its own, then where it stands: it may be renewed either way.

    What is around an element is part of its canonical form, and a renewal digests that.
    """
    if local_name(element) == "ASN1EvidenceRecord" and namespace(element) == xf.XADES_EVIDENCE:
        try:
            encoded = xf.decoded(element)
        except XmlError:
            encoded = b""
        return judge_evidence_record(encoded, objects, trust=trust, at=at, id=id, beside=beside)
    alone = canonicalize(element, EXC_C14N)  # without the names of what is around it
    outside = judge_evidence_record(alone, objects, trust=trust, at=at, id=id, beside=beside)
    if outside.report.conclusion.indication is not Indication.TOTAL_FAILED:
        return outside
    try:
        record = read_xml_element(element)
    except (CmsError, XmlError):
        return outside
    inside = judge_read_record(record, objects, trust=trust, at=at, id=id, beside=beside)
    return inside if inside.report.conclusion.indication is not Indication.TOTAL_FAILED else outside


def _readings(group: Callable[[str], list[bytes]] | None) -> Iterator[dict[str, Digester]]:
    """Yield how the group may stand in the record: as one digest, or member by member."""
    if group is None:
        yield {}  # what the record is about is not here: it is not decided
        return
    kept: dict[str, list[bytes]] = {}

    def members(name: str) -> list[bytes]:
        if name not in kept:
            kept[name] = group(name)
        return kept[name]

    def whole(name: str) -> bytes:
        found = members(name)
        return hash_bytes(name, b"".join(sorted(found))) if found else b""

    def member(place: int) -> Digester:
        return lambda name: members(name)[place] if members(name) else b""

    yield {"ds:Signature": whole}
    yield {f"ds:Signature/{place + 1}": member(place) for place in range(len(members("sha256")))}
