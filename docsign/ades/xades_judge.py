"""Judge XAdES signatures (EN 319 102-1 over XMLDSig): over files, or over parts of their own document.

The checks, in their order; a missing check is a missing number:

1. the XML is read by the one hardened parser; identifiers are unique; the form is XMLDSig's (``xades_form``)
2. not more references than the caller allows
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

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.algorithms import (
    WEAK_HASHES,
    UnsupportedAlgorithmError,
    hash_bytes,
    is_genuine,
    weakness,
)
from docsign.ades.signer import (
    Problem,
    doubtful,
    failed,
    load_certificates,
    note,
    signatory,
    warning,
)
from docsign.ades.timestamps import CLOCK_TOLERANCE, judge_timestamp
from docsign.ades.xml import C14N, CANONICALIZATIONS, canonicalize, canonicalize_document, elements, parse
from docsign.errors import ContainerError, XmlError
from docsign.pki.certificates import public_key
from docsign.pki.paths import judge_path
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    SignatureReport,
    SubIndication,
    TimestampReport,
    conclude,
)

Resolve = Callable[[str], BinaryIO | bytes | None]
"""Gives a file's bytes by the name a reference has once it is decoded; None where there is no such file."""

MOST_REFERENCES = 30
"""How many references a signature may have outside a container."""
MOST_TIMESTAMPS = 16
_PIECE = 256 * 1024


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

    root: etree._Element
    resolve: Resolve
    trust: Trust
    at: datetime
    most_references: int
    digests: dict[tuple[str, str], bytes | None]


@dataclass(slots=True, kw_only=True)
class _Check:
    """What was found out about one signature so far."""

    form: list[Problem] = field(default_factory=list)
    mathematics: list[Problem] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    properties: xf.SignedProperties | None = None
    certificate: x509.Certificate | None = None
    others: tuple[x509.Certificate, ...] = ()
    referred: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    all_right: bool | None = True
    genuine: bool | None = None

    @property
    def intact(self) -> bool | None:
        """The mathematics alone."""
        if False in (self.all_right, self.genuine):
            return False
        return True if self.all_right and self.genuine else None


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
    digests: dict[tuple[str, str], bytes | None] | None = None,
) -> tuple[XadesJudgement, ...]:
    """Judge every signature of a file; never raises on bad bytes, empty where there is none.

    ``id`` names the first, the others count on. ``digests`` (name and hash → digest) is shared by callers
    that judge several files over the same data, so that each is read once.
    """
    try:
        root = parse(xml)
        top = xf.signatures_in(root)
    except XmlError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where)
        return (_unreadable(id, problem),)
    case = _Case(
        root=root,
        resolve=resolve,
        trust=trust,
        at=at,
        most_references=most_references,
        digests={} if digests is None else digests,
    )
    return tuple(_judge(element, case, _counted(id, place)) for place, element in enumerate(top))


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
    check = _Check()
    if len(form.references) > case.most_references:
        sentence = say("Too many references: {count}.", count=len(form.references))
        return _unreadable(id, failed(SubIndication.FORMAT_FAILURE, "references", sentence))
    _check_properties(check, form)
    _find_certificate(check, form)
    for place, reference in enumerate(form.references, 1):
        _check_reference(check, form, reference, case, f"Reference[{place}]")
    _check_value(check, form)
    stamps = _judge_timestamps(check, form, case, id)
    return _conclude(check, form, stamps, case, id)


def _conclude(
    check: _Check, form: xf.Form, stamps: tuple[TimestampReport, ...], case: _Case, id: str
) -> XadesJudgement:
    proved = [
        stamp.time
        for stamp in stamps
        if stamp.time and stamp.conclusion.indication is Indication.TOTAL_PASSED
    ]
    best = min(proved, default=None)
    path, path_findings = _judge_path_in_time(check, form, case, best)
    _remark_times(check, stamps, best, case)
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
    ]
    who = signatory(check.certificate, case.trust)
    is_xades = form.qualifying is not None
    level = "B-T" if stamps else "B-B"
    report = SignatureReport(
        id=id,
        format="xades" if is_xades else "xmldsig",
        level=f"XAdES-{level}" if is_xades else "XMLDSig",
        conclusion=conclude(answers),
        role=who.role,
        intact=check.intact,
        signer=who.signer,
        agency=who.agency,
        issuer=who.issuer,
        certificate=who.certificate,
        signing_time=check.properties.signing_time if check.properties else None,
        best_signature_time=best,
        timestamps=stamps,
        findings=tuple(findings),
    )
    return XadesJudgement(
        report=report,
        certificate=check.certificate,
        referred=frozenset(check.referred),
        covered=frozenset(check.covered),
    )


def _check_properties(check: _Check, form: xf.Form) -> None:
    """Checks 3 and 4."""
    pointing = [reference for reference in form.references if reference.type == xf.SIGNED_PROPERTIES]
    if form.properties is None:
        check.form.append(
            doubtful(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                "no-signing-certificate-attribute",
                say("The signature does not name its certificate in the signed attributes."),
            )
        )
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
        check.all_right = False
        return
    canonical = _transformed(check, form.properties, pointing[0].transforms, "SignedProperties")
    if canonical is None:
        return
    try:
        check.properties = xf.read_properties(canonical)
    except XmlError as error:
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where))
        return
    if check.properties.policy:
        check.remarks.append(
            warning("signature-policy", say("The signature names a signature policy, which was not checked."))
        )


def _find_certificate(check: _Check, form: xf.Form) -> None:
    """Check 5: KeyInfo is not signed, so the signed digest has the last word."""
    encoded = list(form.certificates)
    for values in xf.unsigned(form, "CertificateValues"):
        encoded += xf.encapsulated(values, "EncapsulatedX509Certificate")
    loaded = load_certificates(encoded[:100])
    check.others = loaded
    named = check.properties.certificate if check.properties else None
    if form.properties is None:
        check.certificate = loaded[0] if loaded else None  # XMLDSig alone: never passes, see check 3
    elif named is None:
        check.form.append(
            doubtful(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                "no-signing-certificate-attribute",
                say("The signature does not name its certificate in the signed attributes."),
            )
        )
    else:
        try:
            name = xf.digest_name(named.digest_method)
        except UnsupportedAlgorithmError as error:
            check.form.append(
                doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
            )
            return
        fitting = [one for one in loaded if hash_bytes(name, one.public_bytes(Encoding.DER)) == named.digest]
        if len(fitting) > 1:
            check.form.append(
                failed(
                    SubIndication.FORMAT_FAILURE,
                    "certificate-doubled",
                    say("The signer's certificate stands twice in the signature."),
                )
            )
        check.certificate = fitting[0] if fitting else None
        if name in WEAK_HASHES and name != "sha1":
            _weak_digest(check, name)
    check.others = tuple(one for one in loaded if one != check.certificate)
    if check.certificate is None:
        code, sentence = (
            (
                "another-certificate",
                say("The certificate in the file is not the one that the signature names."),
            )
            if loaded
            else ("no-signing-certificate", say("The signer's certificate is not in the file."))
        )
        check.form.append(doubtful(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, code, sentence))


def _check_reference(check: _Check, form: xf.Form, reference: xf.Reference, case: _Case, where: str) -> None:
    """Checks 4, 6, 7 and the digest's part of 9."""
    try:
        name = xf.digest_name(reference.digest_method)
    except UnsupportedAlgorithmError as error:
        check.mathematics.append(
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence, where)
        )
        _not_checked(check)
        return
    if name in WEAK_HASHES:
        _weak_digest(check, name)
    uri = reference.uri
    if uri is None:
        sentence = say("A reference does not say what it is about.")
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "reference", sentence, where))
        check.all_right = False
    elif uri == "" or uri.startswith("#"):
        digest = _own_digest(check, form, reference, case, name, where)
        _compare(check, digest, reference, uri or where)
        if uri == "" and digest == reference.digest:
            check.covered.add("")
    else:
        _check_file(check, reference, case, name, uri)


def _check_file(check: _Check, reference: xf.Reference, case: _Case, name: str, uri: str) -> None:
    """Check 7 for a file: found by its decoded name, its bytes digested as they are."""
    entry = _file_name(uri)
    if entry is None:
        sentence = say("The reference {uri} leads out of the container.", uri=uri[:100])
        check.mathematics.append(
            doubtful(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, uri[:100])
        )
        _not_checked(check)
        return
    check.referred.add(entry)
    if any(transform.algorithm not in CANONICALIZATIONS for transform in reference.transforms):
        _refused_transform(check, entry)
        return
    try:
        digest = _file_digest(case, entry, name, reference.transforms)
    except ContainerError as error:
        check.mathematics.append(
            failed(SubIndication.HASH_FAILURE, "content-damaged", error.sentence, error.where or entry)
        )
        check.all_right = False
        return
    except XmlError as error:
        check.mathematics.append(failed(SubIndication.HASH_FAILURE, "content-changed", error.sentence, entry))
        check.all_right = False
        return
    if digest is None:
        check.mathematics.append(
            doubtful(
                SubIndication.SIGNED_DATA_NOT_FOUND,
                "signed-data-not-found",
                say("A file that the signature covers is missing: {name}.", name=entry),
                entry,
            )
        )
        _not_checked(check)
        return
    _compare(check, digest, reference, entry)
    if digest == reference.digest:
        check.covered.add(entry)


def _file_name(uri: str) -> str | None:
    """Decode a reference to a name (RFC 3986); None where it is none of a file beside the signature."""
    path = uri.partition("#")[0]
    if ":" in path.partition("/")[0] or path.startswith("/") or "#" in uri or "?" in uri:
        return None
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _file_digest(case: _Case, entry: str, name: str, transforms: Sequence[xf.Transform]) -> bytes | None:
    if transforms:
        stream = case.resolve(entry)
        if stream is None:
            return None
        data = stream if isinstance(stream, bytes) else stream.read()
        canonical = data
        for transform in transforms:
            canonical = canonicalize(parse(canonical), transform.algorithm, transform.prefixes)
        return hash_bytes(name, canonical)
    key = (entry, name)
    if key not in case.digests:
        case.digests[key] = _digest_stream(case.resolve(entry), name)
    return case.digests[key]


def _digest_stream(stream: BinaryIO | bytes | None, name: str) -> bytes | None:
    if stream is None:
        return None
    if isinstance(stream, bytes):
        return hash_bytes(name, stream)
    digest = hashlib.new(name, usedforsecurity=False)
    with stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.digest()


def _own_digest(
    check: _Check, form: xf.Form, reference: xf.Reference, case: _Case, name: str, where: str
) -> bytes | None:
    """Digest a part of the signature's own document (XMLDSig 4.4.3.3)."""
    uri = reference.uri or ""
    target = case.root if uri == "" else xf.by_id(case.root, uri[1:])
    if target is None:
        sentence = say("A part that the signature covers is missing: {name}.", name=uri[:100])
        check.mathematics.append(
            doubtful(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, uri[:100])
        )
        _not_checked(check)
        return None
    transforms = reference.transforms
    if any(transform.algorithm == xf.ENVELOPED for transform in transforms):
        if transforms[0].algorithm != xf.ENVELOPED:
            _refused_transform(check, where)
            return None
        copied = _without(target, form.element)
        if copied is None:
            _refused_transform(check, where)
            return None
        target, transforms = copied, transforms[1:]
    canonical = _transformed(check, target, transforms, where, whole=uri == "")
    return None if canonical is None else hash_bytes(name, canonical)


def _without(target: etree._Element, signature: etree._Element) -> etree._Element | None:
    """Return a copy of the target without the signature inside it; None where it is not inside."""
    if target is signature or target not in signature.iterancestors():
        return None
    tree = target.getroottree()
    if target is not tree.getroot():
        return None
    path = tree.getpath(signature)
    copied = parse(etree.tostring(tree, encoding="UTF-8"))
    found = copied.getroottree().xpath(path)
    assert isinstance(found, list)
    (gone,) = found
    assert isinstance(gone, etree._Element)  # noqa: SLF001 -- lxml's public class has this name
    parent, before = gone.getparent(), gone.getprevious()
    assert parent is not None
    if gone.tail:  # the text behind it stays
        if before is None:
            parent.text = (parent.text or "") + gone.tail
        else:
            before.tail = (before.tail or "") + gone.tail
    parent.remove(gone)
    return copied


def _transformed(
    check: _Check,
    element: etree._Element,
    transforms: Sequence[xf.Transform],
    where: str,
    *,
    whole: bool = False,
) -> bytes | None:
    """Check 6: at most one canonicalisation; without one C14N 1.0 is used (XMLDSig 4.4.3.2)."""
    if len(transforms) > 1 or any(one.algorithm not in CANONICALIZATIONS for one in transforms):
        _refused_transform(check, where)
        return None
    chosen = transforms[0] if transforms else xf.Transform(C14N)
    # XMLDSig 4.4.3.3: a same-document reference leaves comments out
    algorithm = chosen.algorithm.removesuffix("#WithComments").removesuffix("WithComments")
    try:
        if whole:
            return canonicalize_document(element, algorithm)
        return canonicalize(element, algorithm, chosen.prefixes)
    except XmlError as error:
        check.mathematics.append(
            doubtful(SubIndication.SIG_CONSTRAINTS_FAILURE, "transform", error.sentence, where)
        )
        _not_checked(check)
        return None


def _compare(check: _Check, digest: bytes | None, reference: xf.Reference, where: str) -> None:
    if digest is not None and digest != reference.digest:
        check.mathematics.append(
            failed(
                SubIndication.HASH_FAILURE,
                "content-changed",
                say("The content was changed after it was signed: its digest is not the signed one."),
                where,
            )
        )
        check.all_right = False


def _refused_transform(check: _Check, where: str) -> None:
    check.mathematics.append(
        doubtful(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            "transform",
            say("The signature transforms what it signs in a way that is not accepted."),
            where,
        )
    )
    _not_checked(check)


def _weak_digest(check: _Check, name: str) -> None:
    sentence = say("The digest {name} is too weak and no longer accepted.", name=name.upper())
    problem = doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", sentence)
    if problem not in check.mathematics:
        check.mathematics.append(problem)


def _not_checked(check: _Check) -> None:
    check.all_right = check.all_right and None


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
    for counter in xf.unsigned(form, "CounterSignature"):
        if next(elements(counter), None) is not None:
            check.remarks.append(
                note("counter-signature", say("The signature has counter-signatures, which were not judged."))
            )
            break
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


def _judge_path_in_time(
    check: _Check, form: xf.Form, case: _Case, best: datetime | None
) -> tuple[list[Conclusion], tuple[Finding, ...]]:
    """Check 10: judge the path now, and where it ended meanwhile, at the proved time (EN 319 102-1 5.5.4)."""
    certificate = check.certificate
    if certificate is None:
        return [], ()
    crls, ocsps = _revocation_values(form)

    def judged(at: datetime) -> tuple[Conclusion, tuple[Finding, ...]]:
        path = judge_path(certificate, others=check.others, trust=case.trust, at=at, crls=crls, ocsps=ocsps)
        return path.conclusion, path.findings

    if best is not None and best < certificate.not_valid_before_utc:
        problem = failed(
            SubIndication.NOT_YET_VALID,
            "signed-before-certificate",
            say("The time-stamp proves that the signature is older than the certificate."),
        )
        return [problem.conclusion], (problem.finding,)
    now, findings = judged(case.at)
    ended = now.sub_indication in (SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.REVOKED_NO_POE)
    if best is not None and ended:
        then, findings_then = judged(best)
        if then.indication is Indication.TOTAL_PASSED:
            proof = note(
                "proved-in-time",
                say("The certificate has ended since; the time-stamp proves that the signature is older."),
            )
            return [then], (*findings_then, proof)
    return [now], findings


def _remark_times(
    check: _Check, stamps: Sequence[TimestampReport], best: datetime | None, case: _Case
) -> None:
    """Say what the reader should know about times though it decides nothing."""
    if stamps and best is None:
        sentence = say(
            "The time-stamp could not be confirmed, so it does not prove when the signature was made."
        )
        check.remarks.append(warning("timestamp-proves-nothing", sentence))
    claimed = check.properties.signing_time if check.properties else None
    if claimed is None:
        return
    if claimed > (best or case.at) + CLOCK_TOLERANCE:
        sentence = say("The signer's clock claims a time later than is possible.")
        check.remarks.append(warning("claimed-time-later", sentence))
    certificate = check.certificate
    if certificate is None or best is not None:
        return
    if not certificate.not_valid_before_utc <= claimed <= certificate.not_valid_after_utc:
        sentence = say("The claimed signing time lies outside the validity of the certificate.")
        check.remarks.append(warning("claimed-time-outside", sentence))
