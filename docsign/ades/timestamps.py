"""Judges RFC 3161 time-stamp tokens: do they stamp this, who made them, can the time be believed.

The token is a CMS SignedData over a TSTInfo; its signer is checked like any other, its chain for the role
``tsa``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import WEAK_HASHES, UnsupportedAlgorithmError, hash_bytes, hash_name
from docsign.ades.signer import Digester, Problem, check_signer, doubtful, failed
from docsign.errors import CmsError
from docsign.pki.certificates import common_name, organization
from docsign.pki.paths import judge_path
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Conclusion, SubIndication, TimestampKind, TimestampReport, conclude

CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far two clocks may stand apart before their difference says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampInfo:
    """What a TSTInfo (RFC 3161 2.4.2) says: the digest it stamps and when."""

    hash: sd.Algorithm
    imprint: bytes
    time: datetime


def read_timestamp_info(content: bytes) -> TimestampInfo:
    """Read a TSTInfo; raises CmsError."""
    fields = der.parse(content).sequence()
    if der.integer(fields.take(der.INTEGER)) != 1:
        raise CmsError(say("This version of the time-stamp is not known."))
    der.oid(fields.take(der.OID))
    imprint = fields.take(der.SEQUENCE).sequence()
    algorithm = sd.Algorithm.read(imprint.take(der.SEQUENCE))
    digest = imprint.take(der.OCTET_STRING).content
    imprint.done()
    der.integer(fields.take(der.INTEGER))
    time = der.moment(fields.take(der.GENERALIZED_TIME))
    for tag in (der.SEQUENCE, der.BOOLEAN, der.INTEGER, 0xA0, 0xA1):
        fields.optional(tag)
    fields.done()
    return TimestampInfo(hash=algorithm, imprint=digest, time=time)


def judge_timestamp(
    token: bytes,
    imprint: Digester | None,
    *,
    trust: Trust,
    at: datetime,
    id: str,
    kind: TimestampKind = "signature",
    others: Sequence[x509.Certificate] = (),
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
    zero_padding: bool = False,
) -> TimestampReport:
    """Judge a DER TimeStampToken over what ``imprint`` digests (EN 319 102-1 5.4); never raises on bad bytes.

    ``imprint`` is None where what was stamped is not at hand. ``zero_padding`` is for the reserved room of a
    PDF's /Contents. The TSA's chain is judged at ``at``.
    """
    try:
        data = sd.read_signed_data(token, zero_padding=zero_padding)
        if data.content_type != sd.TST_INFO or data.content is None:
            raise CmsError(say("This is not a time-stamp token (RFC 3161)."))
        info = read_timestamp_info(data.content)
        if len(data.signers) != 1:
            raise CmsError(say("A time-stamp token has one signer; this one has {n}.", n=len(data.signers)))
    except CmsError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "timestamp-form", error.sentence)
        return TimestampReport(
            id=id, kind=kind, conclusion=problem.conclusion, intact=None, findings=(problem.finding,)
        )
    content = data.content
    check = check_signer(data, data.signers[0], digest=lambda name: hash_bytes(name, content), others=others)
    imprint_problem, stamps_this = _check_imprint(info, imprint)
    problems: list[Problem] = [*check.form]
    answers = [problem.conclusion for problem in problems]
    findings = [problem.finding for problem in problems]
    if check.certificate is not None:
        path = judge_path(
            check.certificate,
            others=check.others,
            trust=trust,
            at=at,
            role="tsa",
            crls=(*data.crls, *crls),
            ocsps=tuple(ocsps),
        )
        answers.append(path.conclusion)
        findings += path.findings
    late = [*check.mathematics, *imprint_problem]
    if info.time > at + CLOCK_TOLERANCE:
        late.append(
            doubtful(
                SubIndication.TIMESTAMP_ORDER_FAILURE,
                "timestamp-later",
                say("The time-stamp is later than the moment of this verification."),
            )
        )
    answers += [problem.conclusion for problem in late]
    findings += [problem.finding for problem in late]
    intact = None if None in (check.intact, stamps_this) else bool(check.intact and stamps_this)
    if False in (check.intact, stamps_this):
        intact = False
    certificate = check.certificate
    return TimestampReport(
        id=id,
        kind=kind,
        conclusion=conclude([*answers, Conclusion.passed()]),
        time=info.time,
        issuer=None if certificate is None else common_name(certificate) or organization(certificate),
        intact=intact,
        findings=tuple(findings),
    )


def _check_imprint(info: TimestampInfo, imprint: Digester | None) -> tuple[list[Problem], bool | None]:
    """Compare the stamped digest with that of the data, and judge its strength."""
    if imprint is None:
        problem = doubtful(
            SubIndication.SIGNED_DATA_NOT_FOUND,
            "stamped-data-not-found",
            say("The file that this time-stamp stamps is not here: give it with --content."),
        )
        return [problem], None
    try:
        name = hash_name(info.hash)
    except UnsupportedAlgorithmError as error:
        problem = doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        return [problem], None
    if imprint(name) != info.imprint:
        problem = failed(
            SubIndication.HASH_FAILURE,
            "timestamp-imprint",
            say("The time-stamp was made for something else: its digest is not the one of this signature."),
        )
        return [problem], False
    if name in WEAK_HASHES:
        return [
            doubtful(
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                "weak-algorithm",
                say("The digest {name} is too weak and no longer accepted.", name=name.upper()),
            )
        ], True
    return [], True
