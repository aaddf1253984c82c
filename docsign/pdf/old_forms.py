"""The mathematics of the two old forms on SHA-1: adbe.x509.rsa_sha1 and adbe.pkcs7.sha1 without attributes.

Only who signed and whether the bytes are those that were signed (ISO 32000-1 12.8.3.2, 12.8.3.3.1): SHA-1
proves nothing any more, so no path and no time is judged, and the answer is never better than "weak".
"""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import HASHES, MOST_RSA_BITS, hash_name, is_genuine, signature_algorithm
from docsign.ades.problems import Problem, doubtful, failed
from docsign.ades.signer import check_signer, load_certificates, signatory
from docsign.errors import CmsError
from docsign.pdf.placing import Case, Placed
from docsign.pdf.reading import Array, Text
from docsign.pdf.signatures import claimed_time
from docsign.pki.certificates import public_key
from docsign.sentence import say
from docsign.verdict import SignatureReport, SubIndication, conclude

MOST_CERTIFICATES = 16


def judge_rsa_sha1(case: Case, placed: Placed, id: str, weak: Problem) -> SignatureReport:
    """Judge /Contents as a PKCS #1 signature in an OCTET STRING, by the first certificate of /Cert."""
    certificate = _certificate(case, placed)
    problems: list[Problem] = []
    intact: bool | None = None
    if certificate is None:
        problems.append(_no_certificate())
    else:
        try:
            intact = _rsa_agrees(certificate, placed)
        except CmsError as error:
            problems.append(
                failed(SubIndication.FORMAT_FAILURE, "signature-form", error.sentence, error.where)
            )
        if intact is False:
            problems.append(_changed())
    who = signatory(certificate, case.trust)
    return SignatureReport(
        id=id,
        format="pkcs7",
        level="PKCS7",
        intact=intact,
        role=who.role,
        signer=who.signer,
        agency=who.agency,
        issuer=who.issuer,
        certificate=who.certificate,
        signing_time=claimed_time(case.view, placed.found.dictionary),
        conclusion=conclude([*(one.conclusion for one in problems), weak.conclusion]),
        findings=(*(one.finding for one in problems), weak.finding),
    )


def judge_pkcs7_sha1(report: SignatureReport, placed: Placed, weak: Problem) -> SignatureReport:
    """Judge a CMS over the SHA-1 of the signed bytes; its signer may have no attributes (12.8.3.3.1).

    ``report`` is what the judge of CMS made of it, taken for itself: its content is compared here.
    """
    findings, conclusions, intact = report.findings, [report.conclusion], report.intact
    try:
        agrees, genuine = _looked_into(placed)
    except CmsError:
        agrees = genuine = None
    if any(one.code == "no-signed-attributes" for one in findings):
        findings = tuple(one for one in findings if one.code != "no-signed-attributes")
        conclusions, intact = [], genuine
    if agrees is False or genuine is False:
        problem = _changed()
        findings, conclusions, intact = (*findings, problem.finding), [problem.conclusion], False
    return replace(
        report,
        intact=intact,
        conclusion=conclude([*conclusions, weak.conclusion]),
        findings=(*findings, weak.finding),
    )


def _looked_into(placed: Placed) -> tuple[bool | None, bool | None]:
    """Say whether the content is the digest of the signed bytes, and whether its signer signed just that."""
    assert placed.range is not None
    data = sd.read_signed_data(placed.range.cms, zero_padding=True)
    if len(data.signers) != 1 or data.content is None:
        return None, None
    agrees = data.content == placed.range.digest("sha1")
    (signer,) = data.signers
    certificate = check_signer(data, signer, digest=None, is_ades=False).certificate
    key = None if certificate is None else public_key(certificate)
    if key is None or signer.signed:
        return agrees, None
    # RFC 5652 5.4: without attributes the content itself is signed
    how = signature_algorithm(signer.signature_algorithm, hash_name(signer.digest))
    return agrees, is_genuine(key, how, signer.signature, data.content)


def _certificate(case: Case, placed: Placed) -> x509.Certificate | None:
    held = case.view.get(placed.found.dictionary, "Cert")
    listed = (
        [case.view.resolve(one) for one in held.items[:MOST_CERTIFICATES]]
        if isinstance(held, Array)
        else [held]
    )
    loaded = load_certificates(_first(one.value) for one in listed[:1] if isinstance(one, Text))
    return loaded[0] if loaded else None


def _first(held: bytes) -> bytes:
    """Return the first of the values that stand one behind the other: iText writes the whole chain so."""
    try:
        return der.read(held, 0, len(held)).raw
    except CmsError:
        return held


def _rsa_agrees(certificate: x509.Certificate, placed: Placed) -> bool:
    """Compare the DigestInfo (RFC 8017 9.2) in the signature with the digest of the signed bytes."""
    assert placed.range is not None
    signature = der.parse(placed.range.cms, zero_padding=True).expect(der.OCTET_STRING).content
    key = public_key(certificate)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size > MOST_RSA_BITS:
        return False
    try:
        info = der.parse(key.recover_data_from_signature(signature, padding.PKCS1v15(), None)).sequence()
        name = HASHES.get(sd.Algorithm.read(info.take(der.SEQUENCE)).oid)
        digest = info.take(der.OCTET_STRING).content
        info.done()
    except (InvalidSignature, ValueError, UnsupportedAlgorithm, CmsError):
        return False
    return name is not None and digest == placed.range.digest(name)


def _changed() -> Problem:
    return failed(
        SubIndication.HASH_FAILURE,
        "content-changed",
        say("The content was changed after it was signed: its digest is not the signed one."),
    )


def _no_certificate() -> Problem:
    return doubtful(
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "no-signing-certificate",
        say("The signer's certificate is not in the file."),
    )
