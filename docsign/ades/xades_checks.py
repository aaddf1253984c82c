"""The single checks of an XML signature: its properties, its certificate, its value, its parent.

The numbers are those of ``xades_judge``, which runs them and draws the conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime

from cryptography import x509
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades import xades_properties as xp
from docsign.ades.algorithms import UnsupportedAlgorithmError, hash_bytes, is_genuine, weakness
from docsign.ades.problems import Problem, doubtful, failed, note, warning
from docsign.ades.stamped import Existence
from docsign.ades.xades_references import (
    Referred,
    is_signed_properties_type,
    limited,
)
from docsign.ades.xades_transforms import Sources, own_target
from docsign.errors import ContainerError, XmlError
from docsign.pki.certificates import der_of, digest_of, public_key
from docsign.pki.recent import recent
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import Finding, SubIndication


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What stays the same for every signature of one file."""

    sources: Sources
    trust: Trust
    at: datetime
    most_references: int
    beside: ValidationData
    existence: tuple[Existence, ...]
    whole: frozenset[str] | None


@dataclass(slots=True, kw_only=True)
class Check:
    """What was found out about one signature; ``form`` counts before the path, ``mathematics`` after."""

    form: list[Problem] = field(default_factory=list)
    mathematics: list[Problem] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    properties: xp.SignedProperties | None = None
    certificate: x509.Certificate | None = None
    data: ValidationData = ValidationData()
    referred: Referred = field(default_factory=Referred)
    genuine: bool | None = None

    @property
    def intact(self) -> bool | None:
        """The mathematics alone."""
        if False in (self.referred.right, self.genuine):
            return False
        return True if self.referred.right and self.genuine else None


def check_parent(check: Check, form: xf.Form, case: Case, parent: xf.Form, parent_id: str) -> None:
    """Check 11 (EN 319 132-1 5.2.7.2): that the digest is right was found with the other references."""
    signed = any(
        reference.uri is not None
        and reference.uri.startswith("#")
        and _own_target(reference.uri, case) is parent.value_element
        for reference in form.references
    )
    if not signed:
        sentence = say(
            "The counter-signature does not sign the signature {id} that carries it.", id=parent_id
        )
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "counter-signature-parent", sentence))
        check.referred.right = False
        return
    sentence = say("This is a counter-signature: it confirms the signature {id}.", id=parent_id)
    check.remarks.append(note("counter-signature", sentence))


def _own_target(uri: str, case: Case) -> etree._Element | None:
    """Return the element that a reference into the own document means; None also where two could be."""
    try:
        return own_target(uri, case.sources.document)
    except XmlError:
        return None


def check_properties(check: Check, form: xf.Form, case: Case) -> None:
    """Checks 3 and 4; that their digest is right was found with the other references."""
    if form.properties is None:
        check.form.append(_no_certificate_named())
        return
    pointing = [reference for reference in form.references if is_signed_properties_type(reference.type)]
    expected = (pointing[0].uri or "") if len(pointing) == 1 else ""
    if not expected.startswith("#") or _own_target(expected, case) is not form.properties:
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
        canonical = check.referred.octets.get(expected)  # none: said with the other references
        check.properties = None if canonical is None else xp.read_properties(canonical)
    except XmlError as error:
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, error.where))
        return
    if check.properties is not None and check.properties.policy is not None:
        _check_policy(check, form, check.properties.policy, case)


def _check_policy(check: Check, form: xf.Form, policy: xp.SignaturePolicy, case: Case) -> None:
    """Check 12 (EN 319 102-1 5.2.4): the document comes with the signature or beside it."""
    if not policy.identifier:
        check.remarks.append(
            note("signature-policy", say("The signature names an implied signature policy."))
        )
        return
    document = xp.policy_document(form) or _policy_file(policy, case)
    if document is None or policy.is_transformed or not policy.digest:
        sentence = say(
            "The signature names the signature policy {name}, which was not checked.", name=policy.identifier
        )
        check.remarks.append(warning("signature-policy", sentence))
        return
    try:
        right = hash_bytes(xf.digest_name(policy.digest_method), document) == policy.digest
    except UnsupportedAlgorithmError as error:
        check.remarks.append(warning(error.code, error.sentence))
        return
    if right:
        sentence = say(
            "The signature names the signature policy {name}; its document is the one that was meant.",
            name=policy.identifier,
        )
        check.remarks.append(note("signature-policy", sentence))
        return
    sentence = say(
        "The document of the signature policy {name} is not the one that the signature names.",
        name=policy.identifier,
    )
    check.mathematics.append(
        doubtful(SubIndication.POLICY_PROCESSING_ERROR, "signature-policy-changed", sentence)
    )


def _policy_file(policy: xp.SignaturePolicy, case: Case) -> bytes | None:
    """Return the policy's document from the files beside the signature, by the end of its address."""
    name = policy.uri.rpartition("/")[2]
    try:
        source = case.sources.resolve(name) if name else None
        return source if source is None or isinstance(source, bytes) else b"".join(limited(source))
    except ContainerError:  # it is damaged: said with the reference to it, if there is one
        return None


def find_certificate(check: Check, form: xf.Form, case: Case) -> None:
    """Check 5: KeyInfo is not signed, so the signed digest has the last word."""
    brought = xp.certificates_of(form)
    check.data = _brought(brought)
    if form.unsigned:
        check.data = check.data.merged(*(xp.values_in(one) for one in form.unsigned))
    if form.properties is None:
        # XMLDSig alone: never passes, see check 3; of several the one whose key made the value
        fitting = [one for one in dict.fromkeys(brought) if _made(form, one)][:1] or list(brought[:1])
    elif check.properties is None:
        return  # they cannot be read, which is said
    elif not check.properties.certificates:
        check.form.append(_no_certificate_named())
        return
    else:
        named = check.properties.certificates
        try:
            fitting = _named(brought, named) or _named(
                (*check.data.certificates, *case.trust.certificates()), named
            )
        except UnsupportedAlgorithmError as error:
            problem = doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
            check.form.append(problem)
            return
    if not fitting:
        code, sentence = "no-signing-certificate", say("The signer's certificate is not in the file.")
        if brought:
            code = "another-certificate"
            sentence = say("The certificate in the file is not the one that the signature names.")
        check.form.append(doubtful(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, code, sentence))
        return
    if brought.count(fitting[0]) > 1:
        sentence = say("The signer's certificate stands twice in the signature.")
        check.form.append(failed(SubIndication.FORMAT_FAILURE, "certificate-doubled", sentence))
    check.certificate = fitting[0]


@recent
def _brought(certificates: tuple[x509.Certificate, ...]) -> ValidationData:
    return ValidationData.of(certificates=certificates)


def _named(
    known: Iterable[x509.Certificate], named: Iterable[xp.CertificateDigest]
) -> list[x509.Certificate]:
    """Return the certificates that the first name with any belongs to: the signer's stands first."""
    listed = tuple(known)
    for one in named:
        name = xf.digest_name(one.digest_method)
        fitting = [certificate for certificate in listed if _digest(certificate, name) == one.digest]
        if fitting:
            return fitting
    return []


def _digest(certificate: x509.Certificate, name: str) -> bytes:
    return digest_of(certificate) if name == "sha256" else hash_bytes(name, der_of(certificate))


def _made(form: xf.Form, certificate: x509.Certificate) -> bool:
    """Tell whether the key of this certificate made the signature value."""
    key = public_key(certificate)
    try:
        return key is not None and is_genuine(
            key, xf.signature_method(form.method), form.value, form.signed_info
        )
    except UnsupportedAlgorithmError:
        return False


def _no_certificate_named() -> Problem:
    return doubtful(
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "no-signing-certificate-attribute",
        say("The signature does not name its certificate in the signed attributes."),
    )


def check_value(check: Check, form: xf.Form) -> None:
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
