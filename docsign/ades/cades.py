"""Judges a CMS signature wherever it lies (a ``.p7s`` file, a PDF, a receipt): EN 319 102-1 over RFC 5652.

It finds who signed, checks the mathematics (``docsign.ades.signer``), the path (``docsign.pki.paths``) and
the time-stamps, and draws one conclusion. It opens no file and fetches nothing; what the bytes cannot tell is
given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import hash_bytes
from docsign.ades.in_time import best_time, judge_path_in_time, time_remarks
from docsign.ades.signer import (
    Digester,
    check_signer,
    failed,
    note,
    signatory,
)
from docsign.ades.timestamps import judge_timestamp
from docsign.errors import CmsError
from docsign.pki.certificates import Role
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData as ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Coverage,
    Finding,
    SignatureFormat,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

MOST_TIMESTAMPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsJudgement:
    """The answer on one signer, and the certificate it rests on (None where none was found)."""

    report: SignatureReport
    certificate: x509.Certificate | None = None


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
) -> CmsJudgement:
    """Judge a CMS signature with exactly one signer; never raises on bad bytes.

    What was signed is given as ``content``, as ``content_digest`` (from a hashlib name to the digest), or
    lies inside the CMS. ``role`` is what the chain is asked for (``relay`` for a relay's evidence).
    ``embedded`` says that it lies in a PDF's /Contents (DER, zero padding, nothing encapsulated; by default
    where the format is ``pades``), ``claimed_time`` is what the PDF's signature dictionary claims and
    ``proved_time`` the earliest that something else (a document time-stamp) proves.
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
) -> tuple[CmsJudgement, ...]:
    """Judge every signer of a CMS signature (a ``.p7s`` may have several); see ``judge_cms``.

    ``id`` names the first; the others count on from it where it ends in a number.
    """
    in_pdf = format == "pades" if embedded is None else embedded
    try:
        data = sd.read_signed_data(cms, zero_padding=in_pdf, ber=True)
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
    )
    return tuple(
        _judge_signer(data, signer, digest, case, _counted(id, position))
        for position, signer in enumerate(data.signers)
    )


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
    if given is not None:
        return given
    if data.content is not None and content is not None and data.content != content:
        raise CmsError(say("The signature carries other content than the file given with it."))
    signed = data.content if content is None else content
    if signed is None:
        return None
    return lambda name: hash_bytes(name, signed)


def _judge_signer(
    data: sd.SignedData, signer: sd.SignerInfo, digest: Digester | None, case: _Case, id: str
) -> CmsJudgement:
    format: SignatureFormat = case.format
    check = check_signer(
        data, signer, digest=digest, others=case.beside.certificates, is_ades=format in ("cades", "pades")
    )
    if format == "cades" and not check.names_certificate:
        format = "pkcs7"  # a plain CMS signature (RFC 5652), no AdES: weaker, not wrong
        check.form = [p for p in check.form if p.finding.code != "no-signing-certificate-attribute"]
    crls, ocsps = _validation_values(signer)
    beside = ValidationData(
        certificates=check.others,
        crls=(*data.crls, *crls, *case.beside.crls),
        ocsps=(*ocsps, *case.beside.ocsps),
    )
    stamps = _judge_timestamps(signer, case, beside, id)
    proofs = [best_time(stamps), case.proved_time]
    best = min((time for time in proofs if time is not None), default=None)
    claimed = case.claimed_time or check.claimed_time
    path: list[Conclusion] = []
    path_findings: tuple[Finding, ...] = ()
    if check.certificate is not None:
        conclusion, path_findings = judge_path_in_time(
            check.certificate,
            others=beside.certificates,
            trust=case.trust,
            at=case.at,
            best=best,
            role=case.role,
            crls=beside.crls,
            ocsps=beside.ocsps,
        )
        path.append(conclusion)
    answers = [
        *(problem.conclusion for problem in check.form),
        *path,
        *(problem.conclusion for problem in check.mathematics),
        Conclusion.passed(),
    ]
    findings = [
        *(problem.finding for problem in check.form),
        *path_findings,
        *(problem.finding for problem in check.mathematics),
        *time_remarks(stamps, claimed=claimed, best=best, certificate=check.certificate, at=case.at),
        *_unjudged(signer),
    ]
    who = signatory(check.certificate, case.trust)
    coverage: Coverage = "whole" if digest is not None else "partial"
    report = SignatureReport(
        id=id,
        format=format,
        level=_level(format, "B-T" if stamps else "B-B"),
        conclusion=conclude(answers),
        role=who.role,
        intact=check.intact,
        signer=who.signer,
        position=who.position,
        agency=who.agency,
        issuer=who.issuer,
        certificate=who.certificate,
        signing_time=claimed,
        best_signature_time=best,
        coverage=coverage,
        timestamps=stamps,
        findings=tuple(findings),
    )
    return CmsJudgement(report=report, certificate=check.certificate)


def _level(format: SignatureFormat, level: str) -> str:
    names = {"pades": "PAdES", "cades": "CAdES", "xades": "XAdES"}
    if format == "pkcs7":
        return "PKCS7"
    return f"{names[format]}-{level}" if format in names else "XMLDSig"


def _judge_timestamps(
    signer: sd.SignerInfo, case: _Case, beside: ValidationData, id: str
) -> tuple[TimestampReport, ...]:
    """Judge the signature time-stamps (EN 319 122-1 5.3): they stamp the signature value."""
    tokens = signer.unsigned_values(sd.SIGNATURE_TIMESTAMP)[:MOST_TIMESTAMPS]
    return tuple(
        judge_timestamp(
            token.raw,
            lambda name: hash_bytes(name, signer.signature),
            trust=case.trust,
            at=case.at,
            id=f"{id}-T{number}",
            others=beside.certificates,
            crls=beside.crls,
            ocsps=beside.ocsps,
        )
        for number, token in enumerate(tokens, 1)
    )


def _unjudged(signer: sd.SignerInfo) -> Iterable[Finding]:
    """Name what is in the unsigned attributes and was not judged."""
    names = {attribute.oid for attribute in signer.unsigned}
    if names & sd.ARCHIVE_TIMESTAMPS:
        yield note("archive-timestamp", say("The signature has archive time-stamps, which were not judged."))
    if sd.COUNTER_SIGNATURE in names:
        yield note("counter-signature", say("The signature has counter-signatures, which were not judged."))


def _validation_values(signer: sd.SignerInfo) -> tuple[list[bytes], list[bytes]]:
    """Return the CRLs and OCSP answers in the signer's attributes; what cannot be read is left out."""
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    attributes = [*signer.signed_values(sd.REVOCATION_ARCHIVAL)]
    for attribute in attributes:
        for value in attribute.values[:1]:
            try:
                for group in value.sequence().remaining():
                    listed = [one.raw for one in der.Fields(group).take(der.SEQUENCE).children()]
                    if group.tag == 0xA0:
                        crls += listed
                    elif group.tag == 0xA1:
                        ocsps += listed
            except CmsError:
                continue
    return crls[:64], ocsps[:64]
