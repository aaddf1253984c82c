"""Raise an XML signature's level (EN 319 132-1 6): put in what time-stamping services and authorities gave.

Unsigned properties are added to the tree and the file is written again, which leaves the canonical form of
everything that was signed as it is. What a time-stamp covers is made by ``xades_stamps``, as for a judgement.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.cms_levels import needed_token, stamped_time
from docsign.ades.signer import load_certificates
from docsign.ades.xades_properties import encapsulated
from docsign.ades.xades_references import file_name
from docsign.ades.xades_stamps import stamps_of
from docsign.ades.xades_transforms import Budget, Resolve, Sources
from docsign.ades.xml import EXC_C14N, canonicalize, elements, local_name, parse
from docsign.errors import XmlError
from docsign.pki.validation_data import Needed, ValidationData
from docsign.sentence import say

_XADES = f"{{{xf.XADES}}}"
_XADES_141 = f"{{{xf.XADES_141}}}"
_STAMPS = ("SignatureTimeStamp", "ArchiveTimeStamp")


def value_bytes(xml: bytes) -> bytes:
    """Return what a signature time-stamp stamps: the canonical SignatureValue (5.3); raises XmlError."""
    return canonicalize(_opened(xml)[1].value_element, EXC_C14N)


def with_signature_timestamp(xml: bytes, token: bytes) -> bytes:
    """Return the signature with a token over its value: XAdES-B-T (5.3)."""
    root, form = _opened(xml)
    _add_stamp(_properties(form), f"{_XADES}SignatureTimeStamp", token)
    return _written(root)


def needed(xml: bytes) -> tuple[Needed, ...]:
    """Return the signer and every time-stamping service, whose chains must be provable.

    Raises XmlError and CmsError.
    """
    _, form = _opened(xml)
    tokens = [
        token
        for one in elements(_properties(form))
        if local_name(one) in _STAMPS
        for token in encapsulated(one, "EncapsulatedTimeStamp")
    ]
    certificates = load_certificates(form.certificates)
    if not certificates:
        raise XmlError(say("The signature does not name its signer."))
    times = [time for token in tokens if (time := stamped_time(token)) is not None]
    signer = Needed(
        certificate=certificates[0],
        others=tuple(certificates[1:]),
        role="sign",
        made_at=min(times, default=None),
    )
    return (signer, *map(needed_token, tokens))


def with_validation_data(xml: bytes, data: ValidationData) -> bytes:
    """Return the signature with certificates, CRLs and OCSP answers in it: XAdES-B-LT (5.4.1, 5.4.2).

    Behind an archive time-stamp they stand as time-stamp validation data (5.5.1): it covers what was before.
    """
    root, form = _opened(xml)
    parent = _properties(form)
    if any(local_name(one) == "ArchiveTimeStamp" for one in elements(parent)):
        parent = etree.SubElement(
            parent, f"{_XADES_141}TimeStampValidationData", nsmap={"xades141": xf.XADES_141}
        )
    if data.certificates:
        values = etree.SubElement(parent, f"{_XADES}CertificateValues")
        encoded = (one.public_bytes(Encoding.DER) for one in data.certificates)
        _add(values, "EncapsulatedX509Certificate", encoded)
    if data.crls or data.ocsps:
        values = etree.SubElement(parent, f"{_XADES}RevocationValues")
        if data.crls:
            _add(etree.SubElement(values, f"{_XADES}CRLValues"), "EncapsulatedCRLValue", data.crls)
        if data.ocsps:
            _add(etree.SubElement(values, f"{_XADES}OCSPValues"), "EncapsulatedOCSPValue", data.ocsps)
    return _written(root)


def archive_imprint(xml: bytes, resolve: Resolve, *, hash_name: str = "sha256") -> bytes:
    """Return the digest of what the next archive time-stamp stamps (5.5.2.2).

    ``resolve`` gives the bytes of a signed file by its name. Raises XmlError where one is not at hand.
    """
    placed = with_archive_timestamp(xml, b"\0")
    root = parse(placed)
    document = xf.read_document(root)
    form = xf.read_form(document.signatures[0])
    sources = Sources(
        document=document, resolve=resolve, name_of=file_name, digests={}, budget=Budget.of(placed)
    )
    last = stamps_of(form, sources, form.properties, id="S1")[-1]
    digest = b"" if last.imprint is None else last.imprint(hash_name)
    if not digest:
        raise XmlError(say("What the archive time-stamp covers is not at hand."))
    return digest


def with_archive_timestamp(xml: bytes, token: bytes) -> bytes:
    """Return the signature with a token over ``archive_imprint``: XAdES-B-LTA (5.5.2)."""
    root, form = _opened(xml)
    _add_stamp(_properties(form), f"{_XADES_141}ArchiveTimeStamp", token)
    return _written(root)


def _opened(xml: bytes) -> tuple[etree._Element, xf.Form]:
    root = parse(xml)
    document = xf.read_document(root)
    if len(document.signatures) != 1:
        raise XmlError(say("The signature must have one signer; it has {n}.", n=len(document.signatures)))
    form = xf.read_form(document.signatures[0])
    if form.qualifying is None:
        raise XmlError(say("The signature has no properties (XAdES)."))
    return root, form


def _properties(form: xf.Form) -> etree._Element:
    """Return the element that holds the unsigned properties, made where there is none."""
    assert form.qualifying is not None
    parent = form.qualifying
    for name in ("UnsignedProperties", "UnsignedSignatureProperties"):
        found = parent.find(f"{_XADES}{name}")
        parent = etree.SubElement(parent, f"{_XADES}{name}") if found is None else found
    return parent


def _add_stamp(parent: etree._Element, tag: str, token: bytes) -> None:
    names = {"xades141": xf.XADES_141} if tag.startswith(_XADES_141) else None
    stamp = etree.SubElement(parent, tag, nsmap=names)
    etree.SubElement(stamp, f"{{{xf.DS}}}CanonicalizationMethod", Algorithm=EXC_C14N)
    _add(stamp, "EncapsulatedTimeStamp", [token])


def _add(parent: etree._Element, name: str, values: Iterable[bytes]) -> None:
    for value in values:
        etree.SubElement(parent, f"{_XADES}{name}").text = base64.b64encode(value).decode()


def _written(root: etree._Element) -> bytes:
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written.replace(
        b"<?xml version='1.0' encoding='UTF-8'?>", b'<?xml version="1.0" encoding="UTF-8"?>'
    )
