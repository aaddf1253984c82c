"""Build a detached XAdES baseline signature (EN 319 132-1, level B-B) over files known by their digests.

``prepare`` gives the bytes to sign, ``Prepared.complete`` puts the signature value in: the key stays with the
caller, and so do the files. The result is the signature file of an ASiC-E container (EN 319 162-1 4.4.3.2).
Judging is in ``xades_judge``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades.xades_form import ASIC, DS, SIGNED_PROPERTIES, XADES
from docsign.ades.xades_judge import XadesJudgement, judge_xades, judge_xades_file
from docsign.ades.xml import EXC_C14N, canonicalize, elements, escaped, local_name, parse
from docsign.pki.schemes import SignatureScheme
from docsign.values import dataclass

__all__ = ["Prepared", "SignedFile", "XadesJudgement", "judge_xades", "judge_xades_file", "prepare", "uri_of"]

SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_FAMILIES = {
    # RFC 9231 2.3: the digest's name stands where {} is
    "rsa": "http://www.w3.org/2001/04/xmldsig-more#rsa-{}",
    "pss": "http://www.w3.org/2007/05/xmldsig-more#{}-rsa-MGF1",
    "ecdsa": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-{}",
    "ed25519": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
}


def signature_method(scheme: SignatureScheme) -> str:
    """Return the URI of a scheme in XML signatures."""
    return _FAMILIES[scheme.family].format(scheme.hash_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A file to sign: its name in the container, its media type, its SHA-256."""

    name: str
    media_type: str
    digest: bytes


def uri_of(name: str) -> str:
    """Return the reference of a container's entry: its name, percent-encoded as UTF-8 (RFC 3986)."""
    return quote(name, safe="/-._~")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signature that lacks its value; ``to_be_signed`` is what the key signs."""

    to_be_signed: bytes
    scheme: SignatureScheme
    _field_bytes: int
    _before: str
    _after: str

    def complete(self, signature: bytes) -> bytes:
        """Return the signature file; ``signature`` as the key gives it (ECDSA in DER)."""
        value = signature
        if self.scheme.family == "ecdsa":
            # XMLDSig 6.4.3: r and s as octets as long as the field, one behind the other
            parts = decode_dss_signature(signature)
            value = b"".join(part.to_bytes(self._field_bytes, "big") for part in parts)
        return (self._before + _base64(value) + self._after).encode()


def prepare(
    files: Sequence[SignedFile],
    *,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    scheme: SignatureScheme,
    signing_time: datetime,
    id: str = "S1",
) -> Prepared:
    """Prepare a signature over ``files``, every one by the SHA-256 it has in the container.

    ``signing_time`` is aware and becomes a signed property, to the second. Self-signed certificates of the
    chain are left out: who trusts the root has it.
    """
    properties = _signed_properties(files, certificate, signing_time, id)
    signed_info = _signed_info(files, _digest_of(properties, id), scheme, id)
    issuers = [one for one in chain if one.subject != one.issuer]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<asic:XAdESSignatures xmlns:asic="{ASIC}" xmlns:ds="{DS}" xmlns:xades="{XADES}">'
        f'<ds:Signature Id="{id}">{signed_info}<ds:SignatureValue Id="{id}-SignatureValue">'
    )
    certificates = "".join(
        f"<ds:X509Certificate>{_base64(one.public_bytes(Encoding.DER))}</ds:X509Certificate>"
        for one in (certificate, *issuers)
    )
    tail = (
        f"</ds:SignatureValue><ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><xades:QualifyingProperties Target="#{id}">{properties}'
        "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n"
    )
    root = parse((head + tail).encode())
    (signature,) = elements(root)
    signed = next(child for child in elements(signature) if local_name(child) == "SignedInfo")
    key = certificate.public_key()
    field_bytes = (key.curve.key_size + 7) // 8 if isinstance(key, ec.EllipticCurvePublicKey) else 0
    return Prepared(canonicalize(signed, EXC_C14N), scheme, field_bytes, head, tail)


def _signed_properties(
    files: Sequence[SignedFile], certificate: x509.Certificate, signing_time: datetime, id: str
) -> str:
    moment = signing_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#{id}-R{place}">'
        f"<xades:MimeType>{escaped(file.media_type)}</xades:MimeType></xades:DataObjectFormat>"
        for place, file in enumerate(files, 1)
    )
    return (
        f'<xades:SignedProperties Id="{id}-SignedProperties"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{moment}</xades:SigningTime>"  # EN 319 132-1 5.2.1
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"  # EN 319 132-1 5.2.2
        f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{_base64(digest)}</ds:DigestValue>'
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
        "</xades:SignedSignatureProperties>"
        f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties>"  # 5.2.4
        "</xades:SignedProperties>"
    )


def _signed_info(files: Sequence[SignedFile], properties: bytes, scheme: SignatureScheme, id: str) -> str:
    references = "".join(
        f'<ds:Reference Id="{id}-R{place}" URI="{escaped(uri_of(file.name))}">'
        f"{_digest(file.digest)}</ds:Reference>"
        for place, file in enumerate(files, 1)
    )
    return (
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{signature_method(scheme)}"/>{references}'
        f'<ds:Reference Type="{SIGNED_PROPERTIES}" URI="#{id}-SignedProperties">'
        f'<ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
        f"{_digest(properties)}</ds:Reference></ds:SignedInfo>"
    )


def _digest(value: bytes) -> str:
    return f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{_base64(value)}</ds:DigestValue>'


def _digest_of(properties: str, id: str) -> bytes:
    """Return the digest of the signed properties as they will stand in the file."""
    root = parse(f'<r xmlns:ds="{DS}" xmlns:xades="{XADES}">{properties}</r>'.encode())
    (element,) = elements(root)
    assert element.get("Id") == f"{id}-SignedProperties"
    return hashlib.sha256(canonicalize(element, EXC_C14N)).digest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
