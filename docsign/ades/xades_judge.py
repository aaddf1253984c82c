"""Judge XAdES signatures (EN 319 102-1 over XMLDSig): over files, or over parts of their own document.

The checks, in their order; a missing check is a missing number:

1. the XML is read by the one hardened parser; identifiers are unique; the form is XMLDSig's (``xades_form``)
2. not more references than the caller allows, and one that is not about the signature itself
3. exactly one reference of type SignedProperties, and it points at the element in this signature's Object
4. its digest is right; what the properties say is read from the bytes that were digested
5. the certificate is the one whose digest is signed, once; other hints at a key are ignored
6. transforms: canonicalisation, and the enveloped-signature transform over one's own document; nothing else
7. every other reference is found and its digest is right
8. the signature value over SignedInfo belongs to the certificate's key; asymmetric algorithms only
9. digests, algorithm and key are strong enough (Circular 15/2025 App. I)
10. the certificate's path, now or at the proved time; the signature's time-stamps

Nothing is fetched and no file is opened: ``resolve`` gives the bytes of a reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.algorithms import (
    UnsupportedAlgorithmError,
    hash_bytes,
    is_genuine,
    weakness,
)
from docsign.ades.in_time import best_time, judge_path_in_time, time_remarks
from docsign.ades.signer import (
    Problem,
    doubtful,
    failed,
    load_certificates,
    note,
    signatory,
    warning,
)
from docsign.ades.timestamps import judge_timestamp
from docsign.ades.xades_references import (
    Budget,
    Digests,
    Referred,
    Resolve,
    canonical_part,
    check_references,
)
from docsign.ades.xml import parse
from docsign.errors import XmlError
from docsign.pki.certificates import public_key
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Finding,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

MOST_REFERENCES = 30
"""How many references a signature may have outside a container."""
MOST_TIMESTAMPS = 16
MOST_CERTIFICATES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class XadesJudgement:
    """The answer on one signature, and its certificate (None where none was found).

    ``referred`` holds the names of the files it refers to, ``covered`` those whose digests are right; the
    empty name stands for the signature's whole own document.
    """

    report: SignatureReport
    certificate: x509.Certificate | None = None
    referred: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What stays the same for every signature of one file."""

    document: xf.Document
    resolve: Resolve
    trust: Trust
    at: datetime
    most_references: int
    digests: Digests
    budget: Budget


@dataclass(slots=True, kw_only=True)
class _Check:
    """What was found out about one signature; ``form`` counts before the path, ``mathematics`` after."""

    form: list[Problem] = field(default_factory=list)
    mathematics: list[Problem] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    properties: xf.SignedProperties | None = None
    certificate: x509.Certificate | None = None
    others: tuple[x509.Certificate, ...] = ()
    referred: Referred = field(default_factory=Referred)
    genuine: bool | None = None

    @property
    def intact(self) -> bool | None:
        """The mathematics alone."""
        if False in (self.referred.right, self.genuine):
            return False
        return True if self.referred.right and self.genuine else None


def judge_xades(
    xml: bytes,
    *,
    resolve: Resolve,
    trust: Trust,
    at: datetime,
    id: str = "S1",
    most_references: int = MOST_REFERENCES,
) -> XadesJudgement:
    """Judge a file with exactly one signature; never raises on bad bytes. See ``judge_xades_file``."""
    judgements = judge_xades_file(
        xml, resolve=resolve, trust=trust, at=at, id=id, most_references=most_references
    )
    if len(judgements) == 1:
        return judgements[0]
    sentence = say("The signature must have one signer; it has {n}.", n=len(judgements))
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
) -> tuple[XadesJudgement, ...]:
    """Judge every signature of a file; never raises on bad bytes, empty where there is none.

    ``id`` names the first, the others count on. ``digests`` (name and hash → digest) is shared by callers
    that judge several files over the same data, so that each is read once.
    """
    try:
        document = xf.read_document(parse(xml))
    except XmlError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where)
        return (_unreadable(id, problem),)
    case = _Case(
        document=document,
        resolve=resolve,
        trust=trust,
        at=at,
        most_references=most_references,
        digests={} if digests is None else digests,
        budget=Budget.of(xml),
    )
    return tuple(
        _judge(element, case, _counted(id, place)) for place, element in enumerate(document.signatures)
    )


def _counted(first: str, place: int) -> str:
    stem = first.rstrip("0123456789")
    return first if place == 0 else f"{stem}{int(first[len(stem) :] or 1) + place}"


def _unreadable(id: str, problem: Problem) -> XadesJudgement:
    report = SignatureReport(
        id=id, format="xades", level="XAdES-B-B", conclusion=problem.conclusion, findings=(problem.finding,)
    )
    return XadesJudgement(report=report)


def _judge(element: etree._Element, case: _Case, id: str) -> XadesJudgement:
    try:
        form = xf.read_form(element)
    except XmlError as error:
        return _unreadable(id, failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where))
    if len(form.references) > case.most_references:
        sentence = say("Too many references: {count}.", count=len(form.references))
        return _unreadable(id, failed(SubIndication.FORMAT_FAILURE, "references", sentence))
    check = _Check()
    check.referred = check_references(
        form, document=case.document, resolve=case.resolve, digests=case.digests, budget=case.budget
    )
    if not check.referred.data:
        sentence = say("The signature signs nothing but itself.")
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "signs-nothing", sentence))
    _check_properties(check, form)
    _find_certificate(check, form)
    check.mathematics += check.referred.problems
    _check_value(check, form)
    stamps = _judge_timestamps(check, form, case, id)
    return _concluded(check, form, stamps, case, id)


def _concluded(
    check: _Check, form: xf.Form, stamps: tuple[TimestampReport, ...], case: _Case, id: str
) -> XadesJudgement:
    best = best_time(stamps)
    claimed = check.properties.signing_time if check.properties else None
    certificate = check.certificate
    crls, ocsps = _revocation_values(form)
    path: list[Conclusion] = []
    path_findings: tuple[Finding, ...] = ()
    if certificate is not None:
        answer, path_findings = judge_path_in_time(
            certificate,
            others=check.others,
            trust=case.trust,
            at=case.at,
            best=best,
            crls=crls,
            ocsps=ocsps,
        )
        path.append(answer)
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
        *check.remarks,
        *time_remarks(stamps, claimed=claimed, best=best, certificate=certificate, at=case.at),
    ]
    who = signatory(certificate, case.trust)
    is_xades = form.qualifying is not None
    report = SignatureReport(
        id=id,
        format="xades" if is_xades else "xmldsig",
        level=("XAdES-B-T" if stamps else "XAdES-B-B") if is_xades else "XMLDSig",
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
        coverage="whole" if "" in check.referred.covered else "partial",
        timestamps=stamps,
        findings=tuple(findings),
    )
    return XadesJudgement(
        report=report,
        certificate=certificate,
        referred=frozenset(check.referred.names),
        covered=frozenset(check.referred.covered),
    )


def _check_properties(check: _Check, form: xf.Form) -> None:
    """Checks 3 and 4; that their digest is right was found with the other references."""
    pointing = [reference for reference in form.references if reference.type == xf.SIGNED_PROPERTIES]
    if form.properties is None:
        check.form.append(_no_certificate_named())
        return
    expected = "#" + form.properties.get("Id", "")
    if len(pointing) != 1 or expected == "#" or pointing[0].uri != expected:
        check.form.append(
            failed(
                SubIndication.FORMAT_FAILURE,
                "signed-properties",
                say("The signature does not sign its own properties."),
            )
        )
        check.referred.right = False
        return
    try:
        canonical = canonical_part(form.properties, pointing[0].transforms)
    except XmlError:
        canonical = None  # said with the other references
    try:
        check.properties = None if canonical is None else xf.read_properties(canonical)
    except XmlError as error:
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where))
        return
    if check.properties is not None and check.properties.policy:
        check.remarks.append(
            warning("signature-policy", say("The signature names a signature policy, which was not checked."))
        )


def _find_certificate(check: _Check, form: xf.Form) -> None:
    """Check 5: KeyInfo is not signed, so the signed digest has the last word."""
    encoded = list(form.certificates)
    for values in xf.unsigned(form, "CertificateValues"):
        encoded += xf.encapsulated(values, "EncapsulatedX509Certificate")
    check.others = loaded = load_certificates(encoded[:MOST_CERTIFICATES])
    if form.properties is None:
        fitting = list(loaded[:1])  # XMLDSig alone: never passes, see check 3
    elif check.properties is None:
        return  # they cannot be read, which is said
    elif check.properties.certificate is None:
        check.form.append(_no_certificate_named())
        return
    else:
        try:
            fitting = _named(loaded, check.properties.certificate)
        except UnsupportedAlgorithmError as error:
            problem = doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
            check.form.append(problem)
            return
    if not fitting:
        code, sentence = "no-signing-certificate", say("The signer's certificate is not in the file.")
        if loaded:
            code = "another-certificate"
            sentence = say("The certificate in the file is not the one that the signature names.")
        check.form.append(doubtful(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, code, sentence))
        return
    if len(fitting) > 1:
        sentence = say("The signer's certificate stands twice in the signature.")
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "certificate-doubled", sentence))
    check.certificate = fitting[0]
    check.others = tuple(one for one in loaded if one != check.certificate)


def _named(loaded: Iterable[x509.Certificate], named: xf.CertificateDigest) -> list[x509.Certificate]:
    name = xf.digest_name(named.digest_method)
    return [one for one in loaded if hash_bytes(name, one.public_bytes(Encoding.DER)) == named.digest]


def _no_certificate_named() -> Problem:
    return doubtful(
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "no-signing-certificate-attribute",
        say("The signature does not name its certificate in the signed attributes."),
    )


def _check_value(check: _Check, form: xf.Form) -> None:
    """Check 8, and the algorithm's and key's part of 9."""
    if check.certificate is None:
        return
    try:
        how = xf.signature_method(form.method)
        key = public_key(check.certificate)
        weak = weakness(key, how)
        if weak is not None:
            check.mathematics.append(
                doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", weak)
            )
        if key is None:
            sentence = say("The kind of key in the certificate is not supported.")
            check.mathematics.append(
                doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "key-unsupported", sentence)
            )
            return
        check.genuine = is_genuine(key, how, form.value, form.signed_info)
    except UnsupportedAlgorithmError as error:
        check.mathematics.append(
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        )
        return
    if not check.genuine:
        check.mathematics.append(
            failed(
                SubIndication.SIG_CRYPTO_FAILURE,
                "signature-value",
                say("The signature value was not made with the key of the certificate."),
            )
        )


def _judge_timestamps(check: _Check, form: xf.Form, case: _Case, id: str) -> tuple[TimestampReport, ...]:
    """Judge the signature time-stamps (EN 319 132-1 5.3), each over this very signature value."""
    reports: list[TimestampReport] = []
    for stamp in xf.unsigned(form, "SignatureTimeStamp"):
        try:
            stamped = xf.stamped_bytes(form, stamp)
        except XmlError as error:
            check.remarks.append(warning("timestamp-form", error.sentence))
            continue
        for token in xf.encapsulated(stamp, "EncapsulatedTimeStamp"):
            if len(reports) < MOST_TIMESTAMPS:
                reports.append(_judge_token(check, form, case, token, stamped, f"{id}-T{len(reports) + 1}"))
    if next(form.element.iter(f"{{{xf.XADES}}}CounterSignature"), None) is not None:
        sentence = say("The signature has counter-signatures, which were not judged.")
        check.remarks.append(note("counter-signature", sentence))
    if next(form.element.iter(f"{{{xf.XADES_141}}}ArchiveTimeStamp"), None) is not None:
        sentence = say("The signature has archive time-stamps, which were not judged.")
        check.remarks.append(note("archive-timestamp", sentence))
    return tuple(reports)


def _judge_token(
    check: _Check, form: xf.Form, case: _Case, token: bytes, stamped: bytes, id: str
) -> TimestampReport:
    crls, ocsps = _revocation_values(form)
    return judge_timestamp(
        token,
        lambda name: hash_bytes(name, stamped),
        trust=case.trust,
        at=case.at,
        id=id,
        others=check.others,
        crls=crls,
        ocsps=ocsps,
    )


def _revocation_values(form: xf.Form) -> tuple[list[bytes], list[bytes]]:
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for values in xf.unsigned(form, "RevocationValues"):
        crls += xf.encapsulated(values, "EncapsulatedCRLValue")
        ocsps += xf.encapsulated(values, "EncapsulatedOCSPValue")
    return crls[:64], ocsps[:64]
