"""Judges a CMS signature wherever it lies (a ``.p7s`` file, a PDF, a receipt): EN 319 102-1 over RFC 5652.

It finds who signed, checks the mathematics (``docsign.ades.signer``), gathers time-stamps, validation data
and evidence records, and has time judged (``docsign.ades.long_term``). Counter-signatures are signatures of
their own. It opens no file and fetches nothing; what the bytes cannot tell is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from cryptography import x509

from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.cades_attributes import attribute_problems, attribute_remarks
from docsign.ades.cades_budget import Budget
from docsign.ades.cades_stamps import stamps_of
from docsign.ades.cades_values import validation_values
from docsign.ades.counter_signatures import CounterSignature, counter_signatures
from docsign.ades.long_term import InTime, judge_in_time
from docsign.ades.problems import failed, note
from docsign.ades.signer import Digester, SignerCheck, check_signer, signatory
from docsign.ades.stamped import Existence, Stamped, name_of
from docsign.errors import CmsError
from docsign.pki.certificates import Role
from docsign.pki.existence import Existing
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData as ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Finding,
    SignatureFormat,
    SignatureReport,
    Step,
    SubIndication,
    TimestampReport,
    conclude,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsJudgement:
    """The answer on one signer, and the certificate it rests on (None where none was found).

    ``confirms`` is the id of the signature that a counter-signature confirms, empty for any other.
    """

    report: SignatureReport
    certificate: x509.Certificate | None = None
    confirms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What stays the same for every signer of one file."""

    trust: Trust
    at: datetime
    format: SignatureFormat
    role: Role
    beside: ValidationData
    claimed_time: datetime | None
    proved_time: datetime | None
    later: tuple[Stamped, ...]
    known: Existing | None
    policies: Mapping[str, bytes]
    content: bytes | None
    counters: bool
    budget: Budget


_NO_POLICIES: Mapping[str, bytes] = MappingProxyType({})


def judge_cms(
    cms: bytes,
    *,
    content: bytes | None = None,
    content_digest: Digester | None = None,
    trust: Trust,
    at: datetime,
    id: str = "S1",
    format: SignatureFormat = "cades",
    role: Role = "sign",
    beside: ValidationData | None = None,
    embedded: bool | None = None,
    claimed_time: datetime | None = None,
    proved_time: datetime | None = None,
    later: Sequence[Stamped] = (),
    known: Existing | None = None,
    policies: Mapping[str, bytes] = _NO_POLICIES,
) -> CmsJudgement:
    """Judge a CMS signature with exactly one signer; never raises on bad bytes.

    What was signed is given as ``content``, as ``content_digest`` (from a hashlib name to the digest), or
    lies inside the CMS. ``role`` is what the chain is asked for (``relay`` for a relay's evidence).
    ``embedded`` says that it lies in a PDF's /Contents (DER, zero padding, nothing encapsulated; by default
    where the format is ``pades``), ``claimed_time`` is what the PDF's signature dictionary claims.

    ``later`` are time-stamps around the whole file (document time-stamps of a PDF, archive manifests of a
    container), which cover this signature besides what their ``covers`` name; ``proved_time`` is the earliest
    that something else proves, ``known`` what is proved of the whole file. ``policies`` are signature policy
    documents by their identifiers.
    """
    judgements = judge_signers(
        cms,
        content=content,
        content_digest=content_digest,
        trust=trust,
        at=at,
        id=id,
        format=format,
        role=role,
        beside=beside,
        embedded=embedded,
        claimed_time=claimed_time,
        proved_time=proved_time,
        later=later,
        known=known,
        policies=policies,
        counters=False,
    )
    if len(judgements) == 1:
        return judgements[0]
    problem = failed(
        SubIndication.FORMAT_FAILURE,
        "signer-count",
        say("The signature must have one signer; it has {n}.", n=len(judgements)),
    )
    return CmsJudgement(report=_unreadable(id, format, problem.conclusion, problem.finding))


def judge_signers(
    cms: bytes,
    *,
    content: bytes | None = None,
    content_digest: Digester | None = None,
    trust: Trust,
    at: datetime,
    id: str = "S1",
    format: SignatureFormat = "cades",
    role: Role = "sign",
    beside: ValidationData | None = None,
    embedded: bool | None = None,
    claimed_time: datetime | None = None,
    proved_time: datetime | None = None,
    later: Sequence[Stamped] = (),
    known: Existing | None = None,
    policies: Mapping[str, bytes] = _NO_POLICIES,
    counters: bool = True,
) -> tuple[CmsJudgement, ...]:
    """Judge every signer of a CMS signature (a ``.p7s`` may have several); see ``judge_cms``.

    ``id`` names the first; the others count on from it where it ends in a number. After each signer come its
    counter-signatures (``S1-C1``), after each of those the ones that confirm it in turn (``S1-C1-C1``); with
    ``counters`` false they are only mentioned.
    """
    in_pdf = format == "pades" if embedded is None else embedded
    try:
        data = sd.read_signed_data(cms, zero_padding=in_pdf)
        digest = _digester(data, content, content_digest, detached_only=in_pdf)
    except CmsError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "cms-form", error.sentence, error.where)
        return (CmsJudgement(report=_unreadable(id, format, problem.conclusion, problem.finding)),)
    case = _Case(
        trust=trust,
        at=at,
        format=format,
        role=role,
        beside=beside or ValidationData(),
        claimed_time=claimed_time,
        proved_time=proved_time,
        later=tuple(later),
        known=known,
        policies=policies,
        content=data.content if content is None else content,
        counters=counters,
        budget=Budget(),
    )
    judgements: list[CmsJudgement] = []
    for position, signer in enumerate(data.signers):
        own = _counted(id, position)
        judgements.append(_judge_signer(data, signer, digest, case, own))
        if counters:
            judgements += _judge_counters(data, signer, case, own)
    return tuple(judgements)


def _counted(first: str, position: int) -> str:
    stem = first.rstrip("0123456789")
    number = first[len(stem) :]
    return first if position == 0 else f"{stem}{int(number or 1) + position}"


def _unreadable(
    id: str, format: SignatureFormat, conclusion: Conclusion, finding: Finding
) -> SignatureReport:
    return SignatureReport(
        id=id, format=format, level=_level(format, "B-B"), conclusion=conclusion, findings=(finding,)
    )


def _digester(
    data: sd.SignedData, content: bytes | None, given: Digester | None, *, detached_only: bool
) -> Digester | None:
    """Return what digests the signed content; raises CmsError where the CMS holds another than was given."""
    if data.content is not None and detached_only:
        # ISO 32000-2 12.8.3.3.1: nothing is encapsulated in a PDF's signature
        raise CmsError(say("The signature carries content of its own, which its format forbids."))
    inside = data.content
    if given is not None:
        other = inside is not None and hash_bytes("sha256", inside) != given("sha256")
    else:
        other = None not in (inside, content) and inside != content
    if other:
        raise CmsError(say("The signature carries other content than the file given with it."))
    signed = inside if content is None else content
    if given is not None:
        return _once(given)
    return None if signed is None else _once(lambda name: hash_bytes(name, signed))


def _once(digest: Digester) -> Digester:
    """Digest the content once for each hash, however many signers and time-stamps ask."""
    known: dict[str, bytes] = {}

    def remembered(name: str) -> bytes:
        if name not in known:
            known[name] = digest(name)
        return known[name]

    return remembered


def _judge_counters(
    data: sd.SignedData, signer: sd.SignerInfo, case: _Case, id: str
) -> Iterator[CmsJudgement]:
    """Judge the counter-signatures below one signer, each over the signature value of its own parent."""
    if not any(attribute.oid == sd.COUNTER_SIGNATURE for attribute in signer.unsigned):
        return
    for found in counter_signatures(signer, id):
        if found.signer is None or not case.budget.counter():
            sentence = found.problem or say("The counter-signature cannot be read.")
            problem = failed(SubIndication.FORMAT_FAILURE, "counter-signature-form", sentence)
            report = _unreadable(found.id, "cades", problem.conclusion, problem.finding)
            yield CmsJudgement(report=report, confirms=found.parent_id)
            if found.signer is not None:
                return
        else:
            yield _judge_counter(data, found, found.signer, case)


def _judge_counter(
    data: sd.SignedData, found: CounterSignature, signer: sd.SignerInfo, case: _Case
) -> CmsJudgement:
    own = replace(case, format="cades", claimed_time=None, proved_time=None, known=None, content=found.parent)
    judged = _judge_signer(
        data, signer, lambda name: hash_bytes(name, found.parent), own, found.id, is_counter=True
    )
    sentence = say("This signature confirms another one, not the content itself.")
    report = replace(
        judged.report,
        coverage="partial",
        findings=(*judged.report.findings, note("counter-signature", sentence, found.parent_id)),
    )
    return replace(judged, report=report, confirms=found.parent_id)


def _judge_signer(
    data: sd.SignedData,
    signer: sd.SignerInfo,
    digest: Digester | None,
    case: _Case,
    id: str,
    *,
    is_counter: bool = False,
) -> CmsJudgement:
    """Form, signer, mathematics; time-stamps and what is beside them; the path in time; one conclusion."""
    format: SignatureFormat = case.format
    check = check_signer(
        data,
        signer,
        digest=digest,
        others=case.beside.certificates,
        is_ades=format in ("cades", "pades"),
        is_counter=is_counter,
    )
    if format == "cades" and not check.names_certificate:
        format = "pkcs7"  # a plain CMS signature (RFC 5652), no AdES: weaker, not wrong
        check.form = [p for p in check.form if p.finding.code != "no-signing-certificate-attribute"]
    claimed = case.claimed_time or check.claimed_time
    time = _judge_time(data, signer, check, digest, case, id, claimed)
    mathematics = check.mathematics
    if check.certificate is not None and time.judged_strength:
        mathematics = [one for one in mathematics if one.finding.code != "weak-algorithm"]
    problems = [*mathematics, *(attribute_problems(signer, case.policies) if signer.signed else ())]
    answers = [
        *(problem.conclusion for problem in check.form),
        time.answer.conclusion,
        *(problem.conclusion for problem in problems),
        Conclusion.passed(),
    ]
    findings = [
        *(problem.finding for problem in check.form),
        *time.answer.findings,
        *(problem.finding for problem in problems),
        *time.findings,
        *attribute_remarks(signer),
        *(() if case.counters else _unjudged(signer)),
    ]
    return CmsJudgement(
        report=_report(
            id=id,
            format=format,
            level=_level(format, time.level),
            conclusion=conclude(answers),
            check=check,
            case=case,
            signing_time=claimed,
            best=time.answer.best_signature_time,
            whole=digest is not None,
            timestamps=time.reports,
            findings=tuple(findings),
            steps=time.answer.steps,
        ),
        certificate=check.certificate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """What time makes of one signer; ``reports`` are of the time-stamps and evidence records inside.

    ``judged_strength``: it has judged how strong the algorithms were at the proved time.
    """

    answer: InTime
    judged_strength: bool
    level: str
    reports: tuple[TimestampReport, ...]
    findings: tuple[Finding, ...]


def _judge_time(
    data: sd.SignedData,
    signer: sd.SignerInfo,
    check: SignerCheck,
    digest: Digester | None,
    case: _Case,
    id: str,
    claimed: datetime | None,
) -> _Time:
    """Gather time-stamps, evidence records and validation data, and have the path judged in time."""
    own = validation_values(data, signer)
    beside = ValidationData(
        certificates=(*check.others, *own.certificates),
        crls=(*own.crls, *case.beside.crls),
        ocsps=(*own.ocsps, *case.beside.ocsps),
    )
    stamps = stamps_of(data, signer, content=case.content, digest=digest, id=id, budget=case.budget)
    records, proofs = _evidence(data, signer, digest, case, beside, id)
    name = name_of(signer.signature)
    digests = [check.digest] if check.digest else []
    if case.proved_time is not None:
        proofs = (*proofs, Existence(time=case.proved_time, covers=frozenset((name,))))
    around = [replace(stamp, covers=stamp.covers | {name}) for stamp in case.later]
    answer = judge_in_time(
        check.certificate,
        signature=name,
        stamps=(*stamps.listed, *around),
        existence=proofs,
        data=beside,
        trust=case.trust,
        at=case.at,
        role=case.role,
        claimed_time=claimed,
        digests=digests,
        known=case.known,
    )
    level = "B-B"
    if stamps.signed:
        level = "B-LT" if own.crls or own.ocsps else "B-T"
    if stamps.archived or records:
        level = "B-LTA"
    return _Time(
        answer=answer,
        judged_strength=bool(digests),
        level=level,
        reports=(*answer.timestamps[: len(stamps.listed)], *records),
        findings=tuple(stamps.findings),
    )


def _report(
    *,
    id: str,
    format: SignatureFormat,
    level: str,
    conclusion: Conclusion,
    check: SignerCheck,
    case: _Case,
    signing_time: datetime | None,
    best: datetime | None,
    whole: bool,
    timestamps: tuple[TimestampReport, ...],
    findings: tuple[Finding, ...],
    steps: tuple[Step, ...],
) -> SignatureReport:
    who = signatory(check.certificate, case.trust)
    return SignatureReport(
        id=id,
        format=format,
        level=level,
        conclusion=conclusion,
        role=who.role,
        intact=check.intact,
        signer=who.signer,
        position=who.position,
        agency=who.agency,
        issuer=who.issuer,
        certificate=who.certificate,
        signing_time=signing_time,
        best_signature_time=best,
        coverage="whole" if whole else "partial",
        timestamps=timestamps,
        findings=findings,
        steps=steps,
    )


def _evidence(
    data: sd.SignedData,
    signer: sd.SignerInfo,
    digest: Digester | None,
    case: _Case,
    beside: ValidationData,
    id: str,
) -> tuple[tuple[TimestampReport, ...], tuple[Existence, ...]]:
    if not any(one.oid in (sd.EVIDENCE_INTERNAL, sd.EVIDENCE_EXTERNAL) for one in signer.unsigned):
        return (), ()
    from docsign.ades.cades_evidence import judge_evidence

    return judge_evidence(
        data, signer, digest=digest, beside=beside, trust=case.trust, at=case.at, id=id, budget=case.budget
    )


def _unjudged(signer: sd.SignerInfo) -> Iterator[Finding]:
    if any(one.oid == sd.COUNTER_SIGNATURE for one in signer.unsigned):
        yield note("counter-signature", say("The signature has counter-signatures, which were not judged."))


def _level(format: SignatureFormat, level: str) -> str:
    names = {"pades": "PAdES", "cades": "CAdES", "xades": "XAdES"}
    if format == "pkcs7":
        return "PKCS7"
    return f"{names[format]}-{level}" if format in names else "XMLDSig"
