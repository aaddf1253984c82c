"""Read what XAdES says about a signature: signed properties, unsigned properties, validation data.

Versions 1.1.1, 1.2.2, 1.3.2 and EN 319 132-1 differ in the shape of few properties; here they become the same
values. Signed properties are read from the bytes that were digested; unsigned ones prove nothing by
themselves. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from cryptography import x509
from lxml import etree

from docsign.ades.signer import load_certificates
from docsign.ades.xades_form import (
    DS,
    XADES_141,
    XADES_VERSIONS,
    Form,
    decoded,
    is_xades,
    place_of,
)
from docsign.ades.xml import elements, local_name, namespace, parse_canonical
from docsign.errors import XmlError
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass

_SPACES = (*XADES_VERSIONS, XADES_141)
_MOST_VALUES = 128
_MOST_NAMED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDigest:
    """How the properties name a certificate; ``digest_method`` is a URI."""

    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePolicy:
    """The policy a signer names (EN 319 132-1 5.2.9); everything is empty where it is only implied.

    ``is_transformed`` says that its digest was not made over the document's octets.
    """

    identifier: str = ""
    uri: str = ""
    digest_method: str = ""
    digest: bytes = b""
    is_transformed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedProperties:
    """What XAdES signs beside the data, read from the bytes that were digested (EN 319 132-1 5.2).

    ``certificates`` names the signer's certificate first. ``element`` is the parsed copy that was read: its
    time-stamps are signed, too.
    """

    signing_time: datetime | None
    certificates: tuple[CertificateDigest, ...]
    policy: SignaturePolicy | None
    element: etree._Element


def read_properties(canonical: bytes) -> SignedProperties:
    """Read SignedProperties from the canonical bytes that were digested; raises XmlError."""
    root = parse_canonical(canonical)
    where = "SignedProperties"
    if not is_xades(root, "SignedProperties"):
        raise XmlError(say("The signed properties are not where the signature says."), where=where)
    named, times, policies = _single_properties(root)
    if len(named) > 1:
        raise XmlError(say("The signature names its certificate twice."), where=where)
    if len(times) > 1:
        raise XmlError(say("The signature claims two signing times."), where=where)
    if len(policies) > 1:
        raise XmlError(say("The signature names two signature policies."), where=where)
    return SignedProperties(
        signing_time=_moment(times[0]) if times else None,
        certificates=tuple(_named(named[0])) if named else (),
        policy=_policy(policies[0]) if policies else None,
        element=root,
    )


_SINGLE = {
    "SigningCertificate": 0,
    "SigningCertificateV2": 0,
    "SigningTime": 1,
    "SignaturePolicyIdentifier": 2,
}
_SINGLE_ANYWHERE = tuple(f"{{*}}{name}" for name in _SINGLE)


def _single_properties(root: etree._Element) -> tuple[list[etree._Element], ...]:
    """Return what names the certificate, the time and the policy, wherever it stands, in one walk."""
    found: tuple[list[etree._Element], ...] = ([], [], [])
    for element in root.iter(*_SINGLE_ANYWHERE):
        if namespace(element) in XADES_VERSIONS:
            found[_SINGLE[local_name(element)]].append(element)
    return found


def _named(element: etree._Element) -> Iterator[CertificateDigest]:
    """Yield the certificates that SigningCertificate names (EN 319 132-1 5.2.2, TS 101 903 7.2.2)."""
    for cert in islice(elements(element), _MOST_NAMED):
        digest = next((one for one in elements(cert) if local_name(one) == "CertDigest"), None)
        if digest is None:
            raise XmlError(say("missing"), where="SignedProperties/SigningCertificate/Cert/CertDigest")
        method, value = _digest(digest)
        yield CertificateDigest(digest_method=method, digest=value)


_DIGEST_PARTS = {
    f"{{{space}}}{name}": name for space in (DS, *_SPACES) for name in ("DigestMethod", "DigestValue")
}


def _digest(element: etree._Element) -> tuple[str, bytes]:
    """Return method and value of a digest: their names are XMLDSig's, in version 1.1.1 XAdES's own."""
    parts = {_DIGEST_PARTS.get(one.tag): one for one in elements(element)}
    method, value = parts.get("DigestMethod"), parts.get("DigestValue")
    if method is None or value is None:
        raise XmlError(say("missing"), where=place_of(element) + "/DigestValue")
    return method.get("Algorithm", ""), decoded(value)


def _policy(element: etree._Element) -> SignaturePolicy:
    ids = list(_below(element, "SigPolicyId"))
    if not ids:
        return SignaturePolicy()
    identifier = next(iter(_below(ids[0], "Identifier")), None)
    hashes = list(_below(element, "SigPolicyHash"))
    method, digest = _digest(hashes[0]) if hashes else ("", b"")
    uri = next(iter(_below(element, "SPURI")), None)
    return SignaturePolicy(
        identifier="" if identifier is None else (identifier.text or "").strip()[:200],
        uri="" if uri is None else (uri.text or "").strip()[:200],
        digest_method=method,
        digest=digest,
        is_transformed=next(element.iter(f"{{{DS}}}Transforms"), None) is not None
        or next(_below(element, "SPDocSpecification"), None) is not None,
    )


def counter_signatures(form: Form) -> tuple[etree._Element, ...]:
    """Return the signatures that countersign this one (EN 319 132-1 5.2.7)."""
    return tuple(
        child
        for one in form.unsigned
        if local_name(one) == "CounterSignature"
        for child in elements(one)
        if child.tag == f"{{{DS}}}Signature"
    )


def encapsulated(element: etree._Element, name: str) -> Iterator[bytes]:
    """Yield the bytes of every ``name`` below a property; what is no base64 is left out."""
    for one in _below(element, name):
        try:
            yield decoded(one)
        except XmlError:
            continue


def values_in(element: etree._Element) -> ValidationData:
    """Return the certificates, CRLs and OCSP answers below a property, in any version's elements."""
    certificates = islice(encapsulated(element, "EncapsulatedX509Certificate"), _MOST_VALUES)
    return ValidationData.of(
        certificates=load_certificates(certificates),
        crls=islice(encapsulated(element, "EncapsulatedCRLValue"), _MOST_VALUES),
        ocsps=islice(encapsulated(element, "EncapsulatedOCSPValue"), _MOST_VALUES),
    )


def referenced_digests(element: etree._Element) -> frozenset[tuple[str, bytes]]:
    """Return (method URI, digest) of everything that a property of references names."""
    found: set[tuple[str, bytes]] = set()
    for name in ("CertDigest", "DigestAlgAndValue"):
        for one in islice(_below(element, name), _MOST_VALUES):
            try:
                found.add(_digest(one))
            except XmlError:
                continue
    return frozenset(found)


def policy_document(form: Form) -> bytes | None:
    """Return the policy's document where the signature carries it (EN 319 132-1 5.2.10)."""
    for one in form.unsigned:
        if local_name(one) == "SignaturePolicyStore":
            return next(encapsulated(one, "SignaturePolicyDocument"), None)
    return None


def certificates_of(form: Form) -> tuple[x509.Certificate, ...]:
    """Return the certificates of KeyInfo, as often as they stand there; unreadable ones are left out."""
    return load_certificates(form.certificates[:_MOST_VALUES])


def _below(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield every element of XAdES with this name below ``root``."""
    return root.iter(*(f"{{{space}}}{name}" for space in _SPACES))


def _moment(element: etree._Element) -> datetime:
    text = (element.text or "").strip()
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)  # a time that no zone can tell is none
    except (ValueError, OverflowError) as error:
        raise XmlError(say("This is not a time: {text}.", text=text[:40]), where=place_of(element)) from error
    return moment
