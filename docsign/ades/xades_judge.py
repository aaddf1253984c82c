"""Judge XAdES signatures (EN 319 102-1 over XMLDSig): over files, or over parts of their own document.

The checks, in their order; a missing check is a missing number:

1. the XML is read by the one hardened parser; identifiers are unique; the form is XMLDSig's (``xades_form``)
2. not more references than the caller allows, and one that is not about the signature itself
3. exactly one reference of type SignedProperties, and it points at the element in this signature's Object
4. its digest is right; what the properties say is read from the bytes that were digested
5. the certificate is the one whose digest is signed, once; other hints at a key are ignored
6. transforms: canonicalisation, and over one's own document the few of ``xades_transforms``; nothing else
7. every other reference is found and its digest is right
8. the signature value over SignedInfo belongs to the certificate's key; asymmetric algorithms only
9. digests, algorithm and key are strong enough (Circular 15/2025 App. I)
10. the certificate's path, now or at the proved time; every time-stamp (``xades_stamps``) and evidence
    record (``xades_evidence``) of the signature
11. a counter-signature signs the value of the very signature that carries it, and is judged like any other
12. the signature policy is named; where its document is at hand, its digest is right

Nothing is fetched and no file is opened: ``resolve`` gives the bytes of a reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades import xades_properties as xp
from docsign.ades.long_term import InTime, judge_in_time
from docsign.ades.problems import Problem, doubtful, failed, warning
from docsign.ades.signer import signatory
from docsign.ades.stamped import Existence, name_of
from docsign.ades.xades_checks import (
    Case,
    Check,
    check_parent,
    check_properties,
    check_value,
    find_certificate,
)
from docsign.ades.xades_references import Referred, check_references, file_name
from docsign.ades.xades_stamps import has_stamp, stamps_of
from docsign.ades.xades_transforms import Budget, Digests, NameOf, Resolve, Sources
from docsign.ades.xml import XmlTooLargeError, local_name, parse
from docsign.errors import XmlError
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Coverage,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

MOST_REFERENCES = 30
"""How many references a signature may have outside a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XadesJudgement:
    """The answer on one signature, and its certificate (None where none was found).

    ``referred`` holds the names of the files it refers to, ``covered`` those whose digests are right; the
    empty name stands for the signature's whole own document. ``counter_of`` is the identifier of the
    signature that it countersigns, empty where it is none.
    """

    report: SignatureReport
    certificate: x509.Certificate | None = None
    referred: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()
    counter_of: str = ""


def judge_xades(
    xml: bytes,
    *,
    resolve: Resolve,
    trust: Trust,
    at: datetime,
    id: str = "S1",
    most_references: int = MOST_REFERENCES,
) -> XadesJudgement:
    """Judge a file with exactly one signature; never raises on bad bytes. See ``judge_xades_file``.

    Counter-signatures are judged there only.
    """
    judgements = judge_xades_file(
        xml, resolve=resolve, trust=trust, at=at, id=id, most_references=most_references
    )
    own = [judgement for judgement in judgements if not judgement.counter_of]
    if len(own) == 1:
        return own[0]
    sentence = say("The signature must have one signer; it has {n}.", n=len(own))
    return _unreadable(id, failed(SubIndication.FORMAT_FAILURE, "signer-count", sentence))


def judge_xades_file(
    xml: bytes,
    *,
    resolve: Resolve,
    trust: Trust,
    at: datetime,
    id: str = "S1",
    most_references: int = MOST_REFERENCES,
    digests: Digests | None = None,
    name_of_uri: NameOf = file_name,
    beside: ValidationData | None = None,
    existence: Iterable[Existence] = (),
    unnamed: str | None = None,
    whole: frozenset[str] | None = None,
) -> tuple[XadesJudgement, ...]:
    """Judge every signature of a file; never raises on bad bytes, empty where there is none.

    ``id`` names the first, the others count on; a counter-signature follows the one it signs and is named
    after it. ``digests`` (name and hash → digest) is shared by callers that judge several files over the same
    data, so that each is read once. ``name_of_uri`` gives the file that a reference means, ``beside`` and
    ``existence`` what else is known to whoever judges in time. ``unnamed`` is the file that the one reference
    without URI means, empty where it is not at hand; None: none may be without. ``whole`` are the files of
    the container, where there is one: who covers them covers the whole.
    """
    try:
        document = xf.read_document(parse(xml))
    except XmlTooLargeError as error:  # it may be in order: nobody looked
        return (_unreadable(id, doubtful(SubIndication.GENERIC, "too-large", error.sentence)),)
    except XmlError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where)
        return (_unreadable(id, problem),)
    case = Case(
        sources=Sources(
            document=document,
            resolve=resolve,
            name_of=name_of_uri,
            digests={} if digests is None else digests,
            budget=Budget.of(xml),
            unnamed=unnamed,
        ),
        trust=trust,
        at=at,
        most_references=most_references,
        beside=beside or ValidationData(),
        existence=tuple(existence),
        whole=whole,
    )
    return tuple(
        judgement
        for place, element in enumerate(document.signatures)
        for judgement in _judge(element, case, _counted(id, place))
    )


def _counted(first: str, place: int) -> str:
    stem = first.rstrip("0123456789")
    return first if place == 0 else f"{stem}{int(first[len(stem) :] or 1) + place}"


def _unreadable(id: str, problem: Problem, counter_of: str = "") -> XadesJudgement:
    report = SignatureReport(
        id=id, format="xades", level="XAdES-B-B", conclusion=problem.conclusion, findings=(problem.finding,)
    )
    return XadesJudgement(report=report, counter_of=counter_of)


def _judge(
    element: etree._Element, case: Case, id: str, parent: xf.Form | None = None, parent_id: str = ""
) -> tuple[XadesJudgement, ...]:
    """Judge one signature and those that countersign it."""
    try:
        form = xf.read_form(element)
    except XmlError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where)
        return (_unreadable(id, problem, parent_id),)
    if len(form.references) > case.most_references:
        sentence = say("Too many references: {count}.", count=len(form.references))
        return (_unreadable(id, failed(SubIndication.FORMAT_FAILURE, "references", sentence), parent_id),)
    check = Check()
    check.referred = check_references(form, case.sources, most=case.most_references)
    if not check.referred.data:
        sentence = say("The signature signs nothing but itself.")
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "signs-nothing", sentence))
    if parent is not None:
        check_parent(check, form, case, parent, parent_id)
    check_properties(check, form, case)
    find_certificate(check, form, case)
    check.mathematics += check.referred.problems
    check_value(check, form)
    judgement = _concluded(check, form, case, id, parent_id)
    counters = [
        one
        for place, inner in enumerate(xp.counter_signatures(form), 1)
        for one in _judge(inner, case, f"{id}-C{place}", form, id)
    ]
    return (judgement, *counters)


def _concluded(check: Check, form: xf.Form, case: Case, id: str, counter_of: str) -> XadesJudgement:
    claimed = check.properties.signing_time if check.properties else None
    certificate = check.certificate
    properties = check.properties.element if check.properties else None
    data = check.data if case.beside.is_empty else check.data.merged(case.beside)
    records, proved = _judge_records(form, case, data, id)
    in_time: InTime = judge_in_time(
        certificate,
        signature=name_of(form.value),
        stamps=stamps_of(form, case.sources, properties, id=id),
        existence=(*case.existence, *proved),
        data=data,
        trust=case.trust,
        at=case.at,
        claimed_time=claimed,
        digests=_digests(form),
    )
    # the strength of algorithms is judged in time, where there is a certificate to judge
    mathematics = [
        problem
        for problem in check.mathematics
        if certificate is None or problem.finding.code != "weak-algorithm"
    ]
    if certificate is None and not check.form and not mathematics:  # nobody signed: never a pass
        sentence = say("The signer's certificate is not in the file.")
        sub = SubIndication.NO_SIGNING_CERTIFICATE_FOUND
        mathematics.append(doubtful(sub, "no-signing-certificate", sentence))
    answers = [
        *(problem.conclusion for problem in check.form),
        in_time.conclusion,
        *(problem.conclusion for problem in mathematics),
        Conclusion.passed(),
    ]
    is_open = _has_unsigned_object(check.referred, form)
    if is_open and check.referred.right is not False:
        sentence = say("The signature carries content of its own that nobody signed.")
        check.remarks.append(warning("unsigned-object", sentence))
    findings = [
        *(problem.finding for problem in check.form),
        *in_time.findings,
        *(problem.finding for problem in mathematics),
        *check.remarks,
    ]
    who = signatory(certificate, case.trust)
    report = SignatureReport(
        id=id,
        format="xmldsig" if form.qualifying is None else "xades",
        level=_level(form),
        conclusion=conclude(answers),
        role=who.role,
        intact=check.intact,
        signer=who.signer,
        position=who.position,
        agency=who.agency,
        issuer=who.issuer,
        certificate=who.certificate,
        signing_time=claimed,
        best_signature_time=in_time.best_signature_time,
        coverage=_coverage(check.referred, form, case, is_open=is_open),
        timestamps=(*in_time.timestamps, *records),
        findings=tuple(findings),
        steps=in_time.steps,
    )
    return XadesJudgement(
        report=report,
        certificate=certificate,
        referred=frozenset(check.referred.names),
        covered=frozenset(check.referred.covered),
        counter_of=counter_of,
    )


def _judge_records(
    form: xf.Form, case: Case, data: ValidationData, id: str
) -> tuple[tuple[TimestampReport, ...], tuple[Existence, ...]]:
    if not has_stamp(form, "SealingEvidenceRecords"):
        return (), ()
    from docsign.ades.xades_evidence import judge_evidence

    return judge_evidence(form, case.sources, data=data, trust=case.trust, at=case.at, id=id)


def _digests(form: xf.Form) -> tuple[str, ...]:
    """Return the digests that the signature rests on, by hashlib's names; unknown ones are said elsewhere."""
    method = xf.METHODS.get(form.method)
    names = [xf.DIGESTS.get(reference.digest_method) for reference in form.references]
    names += [None if method is None else method.hash, None if method is None else method.mgf_hash]
    return tuple(dict.fromkeys(name for name in names if name))


def _level(form: xf.Form) -> str:
    """Return the level by what the signature carries (EN 319 132-1 6.1); whether it holds is said apart."""
    if form.qualifying is None:
        return "XMLDSig"
    carried = {local_name(one) for one in form.unsigned}
    if not carried.isdisjoint(("ArchiveTimeStamp", "ArchiveTimeStampV2", "SealingEvidenceRecords")):
        return "XAdES-B-LTA"
    if "SignatureTimeStamp" not in carried:
        return "XAdES-B-B"
    alone = carried.isdisjoint(("RevocationValues", "TimeStampValidationData", "AnyValidationData"))
    return "XAdES-B-T" if alone else "XAdES-B-LT"


def _coverage(referred: Referred, form: xf.Form, case: Case, *, is_open: bool) -> Coverage:
    """Tell whether everything in the file is signed: the document, or all that the signature envelops.

    ``is_open``: the signature holds an object that it does not sign. Of a container it is the files.
    """
    if case.whole is not None:
        return "whole" if case.whole and case.whole <= referred.covered else "partial"
    # what else lies in the signature is left out of its own document's digest
    enveloping = case.sources.document.root is form.element and bool(form.objects)
    return "whole" if ("" in referred.covered or enveloping) and not is_open else "partial"


def _has_unsigned_object(referred: Referred, form: xf.Form) -> bool:
    """Tell whether the signature holds a ds:Object that it does not sign, itself or all that is in it."""
    return not all(
        one in referred.targets or (len(one) and all(child in referred.targets for child in one))
        for one in form.objects
    )
