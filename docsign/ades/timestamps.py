"""Judges RFC 3161 time-stamp tokens: do they stamp this, who made them, can the time be believed.

The token is a CMS SignedData over a TSTInfo; its signer is checked like any other, its chain for the role
``tsa``: now, or with what is proved of the past (``docsign.pki.past``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import UnsupportedAlgorithmError, hash_bytes, hash_name
from docsign.ades.problems import Problem, doubtful, failed
from docsign.ades.signer import Digester, SignerCheck, check_signer, load_certificates
from docsign.ades.stamped import name_of
from docsign.errors import CmsError
from docsign.pki.certificates import common_name, organization
from docsign.pki.existence import Existing
from docsign.pki.past import judge_past
from docsign.pki.paths import path_question
from docsign.pki.status import CLOCK_TOLERANCE as CLOCK_TOLERANCE
from docsign.pki.strength import AlgorithmUse, key_use, weakest
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Step, SubIndication, TimestampKind, TimestampReport, conclude


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampInfo:
    """What a TSTInfo (RFC 3161 2.4.2) says: the digest it stamps, when, and within what accuracy."""

    hash: sd.Algorithm
    imprint: bytes
    time: datetime
    accuracy: timedelta = timedelta(0)


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
    accuracy = _accuracy(fields.optional(der.SEQUENCE))
    for tag in (der.BOOLEAN, der.INTEGER, 0xA0, 0xA1):
        fields.optional(tag)
    fields.done()
    return TimestampInfo(hash=algorithm, imprint=digest, time=time, accuracy=accuracy)


@lru_cache(maxsize=512)
def _readable(token: bytes) -> tuple[sd.SignedData, TimestampInfo] | None:
    try:
        data = sd.read_signed_data(token, zero_padding=True)
        if data.content_type != sd.TST_INFO or data.content is None:
            return None
        return data, read_timestamp_info(data.content)
    except CmsError:
        return None


def time_of_token(token: bytes) -> datetime | None:
    """Return the time that a token claims, None where it cannot be read; nothing is checked."""
    found = _readable(token)
    return None if found is None else found[1].time


@lru_cache(maxsize=512)
def inside_token(token: bytes) -> ValidationData:
    """Return the certificates and lists that lie in a token; nothing where it cannot be read."""
    found = _readable(token)
    if found is None:
        return ValidationData()
    return ValidationData.of(
        certificates=load_certificates(found[0].certificates), crls=found[0].crls, ocsps=found[0].ocsps
    )


def _accuracy(node: der.Node | None) -> timedelta:
    """Read an Accuracy: seconds, [0] milliseconds, [1] microseconds; at most an hour is believed."""
    if node is None:
        return timedelta(0)
    fields = node.sequence()
    seconds, milli, micro = (fields.optional(tag) for tag in (der.INTEGER, 0x80, 0x81))
    fields.done()
    counted = 0 if seconds is None else max(0, min(der.integer(seconds), 3600))
    small = [0 if one is None else int.from_bytes(one.content[:4], "big") % 1000 for one in (milli, micro)]
    return timedelta(seconds=counted, milliseconds=small[0], microseconds=small[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedToken:
    """The report on a token, with what else its reader may want: what it says, what it holds, how judged."""

    report: TimestampReport
    info: TimestampInfo | None = None
    inside: ValidationData = ValidationData()
    steps: tuple[Step, ...] = ()


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
    existing: Existing | None = None,
) -> TimestampReport:
    """Judge a DER TimeStampToken over what ``imprint`` digests (EN 319 102-1 5.4); never raises on bad bytes.

    ``imprint`` is None where what was stamped is not at hand. ``zero_padding`` is for the reserved room of a
    PDF's /Contents. The TSA's chain is judged at ``at``, and where it does not hold any more with what
    ``existing`` proves of the token and of its chain.
    """
    data = ValidationData.of(certificates=others, crls=crls, ocsps=ocsps)
    return judge_token(
        token,
        imprint,
        trust=trust,
        at=at,
        id=id,
        kind=kind,
        data=data,
        zero_padding=zero_padding,
        existing=existing,
    ).report


def judge_token(
    token: bytes,
    imprint: Digester | None,
    *,
    trust: Trust,
    at: datetime,
    id: str,
    kind: TimestampKind,
    data: ValidationData,
    zero_padding: bool = False,
    existing: Existing | None = None,
) -> JudgedToken:
    """Judge a token as ``judge_timestamp`` does, and say more of it."""
    try:
        signed = sd.read_signed_data(token, zero_padding=zero_padding)
        if signed.content_type != sd.TST_INFO or signed.content is None:
            raise CmsError(say("This is not a time-stamp token (RFC 3161)."))
        info = read_timestamp_info(signed.content)
        if len(signed.signers) != 1:
            raise CmsError(say("A time-stamp token has one signer; this one has {n}.", n=len(signed.signers)))
    except CmsError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "timestamp-form", error.sentence)
        report = TimestampReport(
            id=id, kind=kind, conclusion=problem.conclusion, intact=None, findings=(problem.finding,)
        )
        return JudgedToken(report=report)
    existing = existing or Existing(at)
    own_name = name_of(token)
    proved = existing.since(own_name)
    content = signed.content
    check = check_signer(
        signed, signed.signers[0], digest=lambda name: hash_bytes(name, content), others=data.certificates
    )
    imprint_problems, stamps_this = _check_imprint(info, imprint, proved)
    answers = [problem.conclusion for problem in check.form]
    findings = [problem.finding for problem in check.form]
    steps: tuple[Step, ...] = ()
    uses = _uses(signed.signers[0], check)
    inside = ValidationData.of(certificates=check.others, crls=signed.crls, ocsps=signed.ocsps)
    if check.certificate is not None:
        question = path_question(
            check.certificate, others=check.others, trust=trust, role="tsa", data=inside.merged(data)
        )
        signed_at = proved if existing.is_proved(own_name) else None
        verdict = judge_past(question, at=at, signed=signed_at, existing=existing, uses=uses)
        answers.append(verdict.conclusion)
        findings += verdict.findings
        steps = verdict.steps
        inside = inside.merged(ValidationData.of(certificates=[check.certificate]))
    late = [*_mathematics(check, uses), *imprint_problems, *_check_time(info, check.certificate, at)]
    answers += [problem.conclusion for problem in late]
    findings += [problem.finding for problem in late]
    intact = None if None in (check.intact, stamps_this) else bool(check.intact and stamps_this)
    if False in (check.intact, stamps_this):
        intact = False
    certificate = check.certificate
    report = TimestampReport(
        id=id,
        kind=kind,
        conclusion=conclude([*answers, Conclusion.passed()]),
        time=info.time,
        issuer=None if certificate is None else common_name(certificate) or organization(certificate),
        intact=intact,
        findings=tuple(findings),
    )
    return JudgedToken(report=report, info=info, inside=inside, steps=steps)


def _uses(signer: sd.SignerInfo, check: SignerCheck) -> tuple[AlgorithmUse, ...]:
    """Return the algorithms the token's own signature rests on."""
    try:
        uses = [AlgorithmUse(digest=hash_name(signer.digest))]
    except UnsupportedAlgorithmError:
        return ()  # the check of the form has said so
    if check.certificate is not None:
        uses.append(key_use(check.certificate))
    return tuple(uses)


def _mathematics(check: SignerCheck, uses: Sequence[AlgorithmUse]) -> list[Problem]:
    """Return the problems of the mathematics; how strong the algorithms are, ``judge_past`` has judged."""
    if not uses or check.certificate is None:
        return check.mathematics
    return [problem for problem in check.mathematics if problem.finding.code != "weak-algorithm"]


def _check_time(info: TimestampInfo, certificate: x509.Certificate | None, at: datetime) -> list[Problem]:
    """Check that the time can be: not later than now, and within the service's certificate."""
    if info.time > at + CLOCK_TOLERANCE:
        return [
            doubtful(
                SubIndication.TIMESTAMP_ORDER_FAILURE,
                "timestamp-later",
                say("The time-stamp is later than the moment of this verification."),
            )
        ]
    if certificate is None:
        return []
    if certificate.not_valid_before_utc - CLOCK_TOLERANCE <= info.time <= certificate.not_valid_after_utc:
        return []
    return [
        doubtful(
            SubIndication.OUT_OF_BOUNDS_NO_POE,
            "timestamp-outside",
            say("The time of the time-stamp lies outside the validity of the service's certificate."),
        )
    ]


def _check_imprint(
    info: TimestampInfo, imprint: Digester | None, proved: datetime
) -> tuple[list[Problem], bool | None]:
    """Compare the stamped digest with that of the data, and judge its strength when the token is proved."""
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
    weak = weakest([AlgorithmUse(digest=name)], proved)
    if weak is not None:
        return [
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", weak.sentence)
        ], True
    return [], True
