"""Builds XML signatures of every form: enveloped, enveloping, detached; each version of XAdES; to LTA.

The digests and imprints are made here from lxml's canonical XML, apart from what is tested.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.xml import EXC_C14N, escaped, parse
from docsign.pki import SigningKey
from tests.ades.xml_signing import NOW, value_of

SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
DS, XA, XA141 = xf.DS, xf.XADES, xf.XADES_141
Stamper = Callable[[bytes], bytes]
"""Gives a time-stamp token over the SHA-256 of some bytes."""


def b64(data: bytes) -> str:
    """Encode."""
    return base64.b64encode(data).decode()


def digest(data: bytes) -> str:
    """Return DigestMethod and DigestValue of XMLDSig."""
    value = b64(hashlib.sha256(data).digest())
    return f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{value}</ds:DigestValue>'


def c14n(element: etree._Element) -> bytes:
    """Return the exclusive canonical form of an element where it stands."""
    written: bytes = etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, with_tail=False
    )
    return written


def whole(element: etree._Element) -> bytes:
    """Return the inclusive canonical form of a whole document."""
    written: bytes = etree.tostring(element.getroottree(), method="c14n", with_comments=False)
    return written


def reference_id(uri: str, transforms: Sequence[str] = ()) -> str:
    """Return the end of a reference's identifier."""
    return hashlib.sha256(uri.encode() + b" ".join(map(str.encode, transforms))).hexdigest()[:8]


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One reference: ``octets`` is what it digests; None: the element of the own document, exclusive."""

    uri: str
    octets: bytes | None = None
    transforms: tuple[str, ...] = ()
    type: str = ""
    inner: str = ""

    def text(self, octets: bytes, id: str) -> str:
        """Return the ds:Reference."""
        transforms = "".join(
            f'<ds:Transform Algorithm="{one}">{self.inner}</ds:Transform>' for one in self.transforms
        )
        wrapped = f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms else ""
        kind = f' Type="{self.type}"' if self.type else ""
        name = reference_id(self.uri, self.transforms)
        attributes = f'Id="{id}-{name}"{kind} URI="{self.uri}"'
        return f"<ds:Reference {attributes}>{wrapped}{digest(octets)}</ds:Reference>"


def certificate_property(certificate: x509.Certificate, space: str, name: str = "SigningCertificate") -> str:
    """Return SigningCertificate in the shape of a version (1.1.1 has digests of its own), or V2."""
    der = certificate.public_bytes(Encoding.DER)
    made = digest(der)
    if space == xf.XADES_111:
        made = made.replace("ds:Digest", "xades:Digest")
    issuer = escaped(certificate.issuer.rfc4514_string())
    serial = (
        ""
        if name.endswith("V2")
        else f"<xades:IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></xades:IssuerSerial>"
    )
    cert = f"<xades:Cert><xades:CertDigest>{made}</xades:CertDigest>{serial}</xades:Cert>"
    return f"<xades:{name}>{cert}</xades:{name}>"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a signature is built; ``frame`` holds it: ``{}`` stands for the signature."""

    key: SigningKey
    references: tuple[Signed, ...]
    frame: str = "{}"
    id: str = "S1"
    space: str = XA
    objects: str = ""
    certificate: str = "SigningCertificate"
    policy: str = ""
    data_properties: str = ""
    is_xades: bool = True
    names_itself: bool = True
    properties_type: str = xf.SIGNED_PROPERTIES
    key_info: str = ""
    method: str = RSA_SHA256
    canonicalization: str = EXC_C14N


def built(recipe: Recipe) -> bytes:
    """Return the document with the signature in it."""
    one = recipe
    properties = (
        f'<xades:SignedProperties Id="{one.id}-P"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{NOW.isoformat()}</xades:SigningTime>"
        f"{certificate_property(one.key.certificate, one.space, one.certificate)}{one.policy}"
        f"</xades:SignedSignatureProperties>{one.data_properties}</xades:SignedProperties>"
    )
    target = f' Target="#{one.id}"' if one.names_itself else ' Target=""'
    own_id = f' Id="{one.id}"' if one.names_itself else ""
    qualifying = (
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{one.space}"{target}>{properties}'
        "</xades:QualifyingProperties></ds:Object>"
        if one.is_xades
        else ""
    )
    der = b64(one.key.certificate.public_bytes(Encoding.DER))
    chain = "".join(
        f"<ds:X509Certificate>{b64(c.public_bytes(Encoding.DER))}</ds:X509Certificate>" for c in one.key.chain
    )
    key_info = (
        one.key_info or f"<ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate>{chain}</ds:X509Data>"
    )

    def text(references: str, value: str) -> bytes:
        signature = (
            f'<ds:Signature xmlns:ds="{DS}"{own_id}><ds:SignedInfo>'
            f'<ds:CanonicalizationMethod Algorithm="{one.canonicalization}"/>'
            f'<ds:SignatureMethod Algorithm="{one.method}"/>'
            f'{references}</ds:SignedInfo><ds:SignatureValue Id="{one.id}-V">{value}</ds:SignatureValue>'
            f"<ds:KeyInfo>{key_info}</ds:KeyInfo>{one.objects}{qualifying}</ds:Signature>"
        )
        return one.frame.replace("{}", signature).encode()

    listed = list(one.references)
    if one.is_xades:
        listed.append(Signed(uri=f"#{one.id}-P", transforms=(EXC_C14N,), type=one.properties_type))
    draft = parse(text("", ""))
    references = "".join(
        reference.text(
            c14n(by_id(draft, reference.uri[1:])) if reference.octets is None else reference.octets, one.id
        )
        for reference in listed
    )
    root = parse(text(references, ""))
    info = by_id(root, f"{one.id}-V").getparent()[0]  # type: ignore[index]
    exclusive = one.canonicalization.startswith(EXC_C14N)
    octets = c14n(info) if exclusive else whole(parse(etree.tostring(info, with_tail=False)))
    return text(references, b64(value_of(one.key, one.method, octets)))


def by_id(root: etree._Element, identifier: str) -> etree._Element:
    """Return the element of this identifier."""
    (found,) = [one for one in root.iter("*") if identifier in (one.get("Id"), one.get("id"))]
    return found


def detached(key: SigningKey, files: dict[str, bytes], **changes: object) -> Recipe:
    """Return the recipe of a signature over files beside it."""
    references = tuple(Signed(uri=name, octets=data) for name, data in files.items())
    return replace(Recipe(key=key, references=references), **changes)  # type: ignore[arg-type]


def enveloping(key: SigningKey, content: str, **changes: object) -> Recipe:
    """Return the recipe of a signature that holds what it signs in a ds:Object."""
    base = Recipe(
        key=key,
        references=(Signed(uri="#D", transforms=(EXC_C14N,)),),
        objects=f'<ds:Object Id="D">{content}</ds:Object>',
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def enveloped(key: SigningKey, frame: str, uri: str = "", **changes: object) -> Recipe:
    """Return the recipe of a signature inside the document it signs; ``frame`` has ``{}`` in its place."""
    root = parse(frame.replace("{}", "").encode())
    octets = whole(root)
    if uri.startswith("#") and "xpointer(/" not in uri:
        name = uri[1:] if "(" not in uri else uri.split("'")[1]
        octets = whole(parse(etree.tostring(by_id(root, name), with_tail=False)))
    base = Recipe(
        key=key, references=(Signed(uri=uri, octets=octets, transforms=(xf.ENVELOPED,)),), frame=frame
    )
    return replace(base, **changes)  # type: ignore[arg-type]


# --- unsigned properties ------------------------------------------------------------------------------------


def with_unsigned(xml: bytes, properties: str, id: str = "S1") -> bytes:
    """Return the document with one more unsigned property, behind those that are there."""
    root = parse(xml)
    qualifying = next(one for one in root.iter("*") if one.get("Target") == f"#{id}")
    space = etree.QName(qualifying).namespace
    group = qualifying.find(f"{{{space}}}UnsignedProperties/{{{space}}}UnsignedSignatureProperties")
    if group is None:
        group = etree.SubElement(
            etree.SubElement(qualifying, f"{{{space}}}UnsignedProperties"),
            f"{{{space}}}UnsignedSignatureProperties",
        )
    group.append(etree.fromstring(properties))
    written: bytes = etree.tostring(root)
    return written


def stamp(name: str, token: bytes, *, space: str = XA, before: str = "") -> str:
    """Return a property that holds a time-stamp."""
    return (
        f'<xades:{name} xmlns:xades="{space}" xmlns:ds="{DS}">{before}'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f"<xades:EncapsulatedTimeStamp>{b64(token)}</xades:EncapsulatedTimeStamp></xades:{name}>"
    )


def signature_stamp(xml: bytes, stamper: Stamper, id: str = "S1", space: str = XA) -> bytes:
    """Return the document with a time-stamp over the signature value (EN 319 132-1 5.3)."""
    token = stamper(c14n(by_id(parse(xml), f"{id}-V")))
    return with_unsigned(xml, stamp("SignatureTimeStamp", token, space=space), id)


def values(certificates: Sequence[bytes], crls: Sequence[bytes], space: str = XA) -> list[str]:
    """Return CertificateValues and RevocationValues."""
    listed = "".join(
        f"<xades:EncapsulatedX509Certificate>{b64(one)}</xades:EncapsulatedX509Certificate>"
        for one in certificates
    )
    lists = "".join(f"<xades:EncapsulatedCRLValue>{b64(one)}</xades:EncapsulatedCRLValue>" for one in crls)
    lists = f"<xades:CRLValues>{lists}</xades:CRLValues>"
    return [
        f'<xades:CertificateValues xmlns:xades="{space}">{listed}</xades:CertificateValues>',
        f'<xades:RevocationValues xmlns:xades="{space}">{lists}</xades:RevocationValues>',
    ]


def unsigned(root: etree._Element) -> list[etree._Element]:
    """Return the unsigned signature properties of the document's one signature."""
    return [
        one
        for group in root.iter("*")
        if etree.QName(group).localname == "UnsignedSignatureProperties"
        for one in group
    ]


def archive_octets(xml: bytes, data: Sequence[bytes], *, skip_referenced: bool = False) -> bytes:
    """Return what an archive time-stamp stamps (EN 319 132-1 5.5.2.2); ``data`` is that of each reference."""
    root = parse(xml)
    signature = by_id(root, "S1")
    parts = list(signature)
    uris = {one.get("URI") for one in parts[0]}
    objects = [
        one
        for one in parts[3:]
        if not any("QualifyingProperties" in str(child.tag) for child in one)
        and not (skip_referenced and f"#{one.get('Id')}" in uris)
    ]
    octets = [
        *data,
        c14n(by_id(root, "S1-P")),
        *(c14n(one) for one in (*parts[:3], *unsigned(root), *objects)),
    ]
    return b"".join(octets)
