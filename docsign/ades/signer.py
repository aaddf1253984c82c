"""Checks one signer of a CMS SignedData: form, identity, mathematics. Trust and time are judged elsewhere.

The checks, in the order of EN 319 102-1 (format, then who signed, then the mathematics, then strength):

1. signed attributes are there, each type once, in the order of DER (RFC 5652 5.3, 11; X.690 11.6); a plain
   PKCS#7 signature of a PDF (ISO 32000-1 12.8.3.3) may lack them, or their order
2. contentType is there and names the content's type (RFC 5652 11.1); a counter-signature has none (11.4)
3. messageDigest is there with one value (RFC 5652 11.2)
4. digest and signature algorithm are known and agree; RFC 6211 protection agrees where present
5. signing-certificate (v1 or v2) is there, once, for an AdES signature (EN 319 122-1 5.2.2)
6. the certificate is found, by identifier and by the signed digest together
7. the content's digest is the signed one
8. the signature value belongs to the certificate's key
9. digest, algorithm and key are strong enough (Circular 15/2025 App. I)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import (
    SignatureAlgorithm,
    UnsupportedAlgorithmError,
    hash_bytes,
    hash_name,
    is_genuine,
    signature_algorithm,
    weakness,
)
from docsign.ades.problems import Problem, doubtful, failed, warning
from docsign.errors import CmsError
from docsign.pki.certificates import (
    agency_code,
    common_name,
    der_of,
    digest_of,
    issuer_name,
    organization,
    position,
    public_key,
    summary,
)
from docsign.pki.recent import of_object, recent
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import CertificateSummary, Conclusion, SignerRole, SubIndication

_MEANT = ("1.2.840.113549.1.9.", "0.4.0.", "1.2.840.113583.")
"""Where the attributes come from that mean something here: PKCS, ETSI, Adobe. A company's own say nothing."""

Digester = Callable[[str], bytes]
"""Gives the digest of what was signed, for a name of hashlib."""


@dataclass(slots=True, kw_only=True)
class SignerCheck:
    """What the nine checks found; ``form`` problems come before the path's, ``mathematics`` after it.

    ``digest`` is hashlib's name of the digest that the signature rests on, empty where it is not known.
    """

    certificate: x509.Certificate | None = None
    others: tuple[x509.Certificate, ...] = ()
    intact: bool | None = None
    claimed_time: datetime | None = None
    names_certificate: bool = False
    algorithm: str = ""
    digest: str = ""
    weak: bool = False
    form: list[Problem] = field(default_factory=list)
    mathematics: list[Problem] = field(default_factory=list)


def _told(code: str, sentence: Sentence) -> Problem:
    """Make a problem that decides nothing."""
    return Problem(conclusion=Conclusion.passed(), finding=warning(code, sentence))


def load_certificates(encoded: Iterable[bytes]) -> tuple[x509.Certificate, ...]:
    """Load DER certificates; one that cannot be read is left out, as if it were not there."""
    return tuple(one for one in map(_loaded, encoded) if one is not None)


@lru_cache(maxsize=256)
def _loaded(encoded: bytes) -> x509.Certificate | None:
    """Load one; kept, for many files bring the certificates of a few signers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return x509.load_der_x509_certificate(encoded)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            return None


def check_signer(
    data: sd.SignedData,
    signer: sd.SignerInfo,
    *,
    digest: Digester | None,
    others: Sequence[x509.Certificate] = (),
    is_ades: bool = True,
    is_counter: bool = False,
) -> SignerCheck:
    """Run the nine checks; ``digest`` is None where what was signed is not at hand.

    ``is_counter``: the signer of a counter-signature, ``digest`` is that of the signature value it confirms.
    """
    read = load_certificates(data.certificates)
    check = SignerCheck(others=(*read, *others))
    check.names_certificate = bool(
        signer.signed_values(sd.SIGNING_CERTIFICATE) or signer.signed_values(sd.SIGNING_CERTIFICATE_V2)
    )
    if is_ades or signer.signed_bytes is not None:
        _check_attributes(check, signer, is_ades=is_ades)
    else:
        _check_bare(check, data.content_type)
    _check_content_type(check, signer, None if is_counter else data.content_type)
    if is_ades and not check.names_certificate:
        check.form.append(
            doubtful(
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                "no-signing-certificate-attribute",
                say("The signature does not name its certificate in the signed attributes."),
            )
        )
    digest_name, how = _check_algorithms(check, signer)
    _find_certificate(check, signer, all_read=len(read) == len(data.certificates))
    _check_mathematics(check, signer, digest_name, how, digest)
    return check


def _check_bare(check: SignerCheck, content_type: str) -> None:
    """Check 1 for a plain PKCS#7 signature without attributes: the content itself is signed (RFC 5652 5.4).

    That content is a PDF, which nobody can take for the attributes of another signature, nor those for it.
    """
    sentence = say("The signature carries no signed attributes.")
    if content_type == sd.DATA:
        check.form.append(doubtful(SubIndication.SIG_CONSTRAINTS_FAILURE, "no-signed-attributes", sentence))
    else:  # RFC 5652 5.3: they may be missing for id-data alone
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "no-signed-attributes", sentence))
        check.intact = False


def _check_attributes(check: SignerCheck, signer: sd.SignerInfo, *, is_ades: bool) -> None:
    """Checks 1 and 3, and the claimed time."""
    form = SubIndication.FORMAT_FAILURE
    if not signer.signed:
        check.form.append(
            failed(form, "no-signed-attributes", say("The signature carries no signed attributes."))
        )
        check.intact = False
        return
    names = [attribute.oid for attribute in signer.signed]
    several = {name for name in names if names.count(name) > 1}
    for name in sorted(several - {sd.CONTENT_TIMESTAMP}):  # EN 319 122-1 6.3: those of several services
        sentence = say("The signed attribute {name} stands twice in the signature.", name=name)
        if not name.startswith(_MEANT):
            check.form.append(_told("duplicated-attribute", sentence))
            continue
        check.form.append(failed(form, "duplicated-attribute", sentence))
        check.intact = False
    single = (sd.CONTENT_TYPE, sd.MESSAGE_DIGEST, sd.SIGNING_TIME, sd.ALGORITHM_PROTECTION)
    for attribute in signer.signed:
        if attribute.oid in single and len(attribute.values) != 1:
            check.form.append(
                failed(
                    form,
                    "attribute-values",
                    say("The signed attribute {name} must have one value.", name=attribute.oid),
                )
            )
            check.intact = False
    encoded = [attribute.node.raw for attribute in signer.signed]
    if any(one > other for one, other in pairwise(encoded)):
        sentence = say("The signed attributes do not stand in the order that DER prescribes.")
        check.form.append(
            failed(form, "attribute-order", sentence) if is_ades else _told("attribute-order", sentence)
        )
    if not signer.signed_values(sd.MESSAGE_DIGEST):
        check.form.append(
            failed(form, "no-message-digest", say("The signature does not hold the digest of what it signs."))
        )
    times = signer.signed_values(sd.SIGNING_TIME)
    if times:
        try:
            check.claimed_time = der.moment(times[0].values[0])
        except CmsError as error:
            check.form.append(failed(form, "signing-time", error.sentence))


def _check_content_type(check: SignerCheck, signer: sd.SignerInfo, content_type: str | None) -> None:
    """Check 2; ``content_type`` is None for a counter-signature, which must not have the attribute."""
    kinds = signer.signed_values(sd.CONTENT_TYPE)
    if not signer.signed:
        return
    if content_type is None and kinds:
        sentence = say("A counter-signature must not sign a content type.")
    elif content_type is not None and (not kinds or _oid_or_none(kinds[0].values[0]) != content_type):
        sentence = say("The signed content type is missing or not the content's.")
    else:
        return
    check.form.append(failed(SubIndication.FORMAT_FAILURE, "content-type", sentence))


def _oid_or_none(node: der.Node) -> str | None:
    try:
        return der.oid(node)
    except CmsError:
        return None


def _check_algorithms(
    check: SignerCheck, signer: sd.SignerInfo
) -> tuple[str | None, SignatureAlgorithm | None]:
    """Check 4; returns the digest's name and how the value was made, None where not known."""
    try:
        name = hash_name(signer.digest)
    except UnsupportedAlgorithmError as error:
        check.form.append(
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        )
        return None, None
    check.digest = name
    how: SignatureAlgorithm | None = None
    try:
        how = signature_algorithm(signer.signature_algorithm, name)
        check.algorithm = how.name
        for attribute in signer.signed_values(sd.ALGORITHM_PROTECTION):
            if not _protection_agrees(attribute.values[0], signer):
                check.form.append(
                    failed(
                        SubIndication.FORMAT_FAILURE,
                        "algorithm-protection",
                        say("The signed note of the algorithms (RFC 6211) names others than the signature."),
                    )
                )
    except UnsupportedAlgorithmError as error:
        check.form.append(
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        )
    except CmsError as error:
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "algorithms-disagree", error.sentence))
    return name, how


def _protection_agrees(value: der.Node, signer: sd.SignerInfo) -> bool:
    # RFC 6211 2: digestAlgorithm, [1] signatureAlgorithm or [2] macAlgorithm
    fields = value.sequence()
    digest = sd.Algorithm.read(fields.take(der.SEQUENCE))
    protected = fields.optional(0xA1)
    fields.done()
    return (
        protected is not None
        and digest.same_as(signer.digest)
        and sd.Algorithm.read(protected).same_as(signer.signature_algorithm)
    )


def _find_certificate(check: SignerCheck, signer: sd.SignerInfo, *, all_read: bool) -> None:
    """Check 6: the identifier of the signer is not signed, so the signed digest has the last word."""
    named = [certificate for certificate in check.others if _is_identified(certificate, signer)]
    if not named:
        sentence = (
            say("The signer's certificate is not in the file.")
            if all_read
            else say("The signer's certificate is not in the file, or it cannot be read.")
        )
        sub = SubIndication.NO_SIGNING_CERTIFICATE_FOUND
        check.form.append(doubtful(sub, "no-signing-certificate", sentence))
        return
    try:
        digests = _signed_certificate_digests(signer)
    except CmsError as error:
        check.form.append(
            failed(SubIndication.FORMAT_FAILURE, "signing-certificate-attribute", error.sentence)
        )
        return
    for certificate in named:
        agreeing = [_digest(certificate, name) == digest for name, digest in digests]
        if all(agreeing):
            check.certificate = certificate
            check.others = tuple(one for one in check.others if digest_of(one) != digest_of(certificate))
            return
        if any(agreeing):  # EN 319 122-1 5.2.2.1: both forms may stand there, for the same certificate
            check.form.append(
                failed(
                    SubIndication.FORMAT_FAILURE,
                    "signing-certificates-disagree",
                    say("The two attributes that name the signer's certificate name different ones."),
                )
            )
            return
    check.form.append(
        doubtful(
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            "another-certificate",
            say("The certificate in the file is not the one that the signature names."),
        )
    )


@of_object
def _issuer_and_serial(certificate: x509.Certificate) -> tuple[bytes, int]:
    """Return the issuer byte by byte as the certificate has it: a name encoded anew need not be equal."""
    fields = der.parse(certificate.tbs_certificate_bytes).sequence()
    fields.optional(0xA0)
    serial = der.integer(fields.take(der.INTEGER))
    fields.take(der.SEQUENCE)
    return fields.take(der.SEQUENCE).raw, serial


def _is_identified(certificate: x509.Certificate, signer: sd.SignerInfo) -> bool:
    try:
        if signer.issuer is not None:
            return (signer.issuer, signer.serial) == _issuer_and_serial(certificate)
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return extension.value.digest == signer.key_identifier
    except (
        CmsError,
        ValueError,
        TypeError,
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        UnsupportedAlgorithm,
    ):
        return False


def _digest(certificate: x509.Certificate, name: str) -> bytes:
    return digest_of(certificate) if name == "sha256" else hash_bytes(name, der_of(certificate))


def _signed_certificate_digests(signer: sd.SignerInfo) -> list[tuple[str, bytes]]:
    """Return (hash, digest) of the signer's certificate as the signed attributes name it (RFC 5035)."""
    found: list[tuple[str, bytes]] = []
    for kind in (sd.SIGNING_CERTIFICATE, sd.SIGNING_CERTIFICATE_V2):
        for attribute in signer.signed_values(kind):
            for value in attribute.values[:1]:
                first = value.sequence().take(der.SEQUENCE).sequence().take(der.SEQUENCE).sequence()
                name = "sha1" if kind == sd.SIGNING_CERTIFICATE else "sha256"
                if kind == sd.SIGNING_CERTIFICATE_V2:
                    algorithm = first.optional(der.SEQUENCE)
                    name = hash_name(sd.Algorithm.read(algorithm)) if algorithm is not None else name
                found.append((name, first.take(der.OCTET_STRING).content))
    return found


def _check_mathematics(
    check: SignerCheck,
    signer: sd.SignerInfo,
    digest_name: str | None,
    how: SignatureAlgorithm | None,
    digest: Digester | None,
) -> None:
    """Checks 7, 8 and 9."""
    stated = [a.values[0] for a in signer.signed_values(sd.MESSAGE_DIGEST)]
    content_agrees: bool | None = None
    if digest is None:
        check.mathematics.append(
            doubtful(
                SubIndication.SIGNED_DATA_NOT_FOUND,
                "signed-data-not-found",
                say("The file that this signature signs is not here: give it with --content."),
            )
        )
    elif digest_name is not None and stated:
        content_agrees = stated[0].tag == der.OCTET_STRING and stated[0].content == digest(digest_name)
        if not content_agrees:
            check.mathematics.append(
                failed(
                    SubIndication.HASH_FAILURE,
                    "content-changed",
                    say("The content was changed after it was signed: its digest is not the signed one."),
                )
            )
    genuine = _value_is_genuine(check, signer, how, digest)
    if signer.signed_bytes is None and check.intact is None:
        content_agrees = genuine  # RFC 5652 5.4: the value is made over the content
    if genuine is False:
        check.mathematics.append(
            failed(
                SubIndication.SIG_CRYPTO_FAILURE,
                "signature-value",
                say("The signature value was not made with the key of the certificate."),
            )
        )
    if False in (content_agrees, genuine, check.intact):
        check.intact = False
    elif content_agrees and genuine:
        check.intact = True


def _value_is_genuine(
    check: SignerCheck, signer: sd.SignerInfo, how: SignatureAlgorithm | None, digest: Digester | None
) -> bool | None:
    if check.certificate is None or how is None:
        return None
    if signer.signed_bytes is None and (digest is None or check.intact is False):
        return None
    key = public_key(check.certificate)
    if key is None:
        check.mathematics.append(
            doubtful(
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                "key-unsupported",
                say("The kind of key in the certificate is not supported."),
            )
        )
        return None
    weak = weakness(key, how)
    if weak is not None:
        check.weak = True
        check.mathematics.append(
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", weak)
        )
    try:
        if signer.signed_bytes is not None:
            return is_genuine(key, how, signer.signature, signer.signed_bytes)
        assert digest is not None
        return is_genuine(key, how, signer.signature, digest(how.hash), is_digest=True)
    except UnsupportedAlgorithmError as error:
        check.mathematics.append(
            doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signed, in the words of a report; everything is None where no certificate was found."""

    signer: str | None = None
    position: str | None = None
    role: SignerRole | None = None
    agency: str | None = None
    issuer: str | None = None
    certificate: CertificateSummary | None = None


@recent
def signatory(certificate: x509.Certificate | None, trust: Trust) -> Signatory:
    """Say who is behind a certificate: ``trust.toml`` first, else its own names, else nothing."""
    if certificate is None:
        return Signatory()
    entry = trust.signer(certificate)
    person, body = common_name(certificate), organization(certificate)
    role: SignerRole | None = entry.role if entry else None
    if role is None and body is not None and person is not None:
        # an agency's certificate names the agency as its holder, perhaps shorter than as the organization
        # ("UBND phường Một" of "UBND phường Một, tỉnh Mẫu"); a person's names the person and the agency
        role = "agency" if body.casefold().startswith(person.casefold()) else "person"
    return Signatory(
        signer=person or body,
        position=position(certificate),
        role=role,
        agency=(entry.agency if entry else None) or agency_code(certificate) or body,
        issuer=issuer_name(certificate),
        certificate=summary(certificate),
    )
