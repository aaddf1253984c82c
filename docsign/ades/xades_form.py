"""Read the form of XML signatures strictly, without judging them: XMLDSig 1.1 and XAdES (EN 319 132-1).

What is signed is read from its canonical bytes and nothing else, so that no second element can be taken for
it. Every breach of the form is an XmlError; identifiers are unique over the whole document, comments inside a
signature are refused, one SignedInfo, one QualifyingProperties.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from docsign.ades.algorithms import SignatureAlgorithm, unsupported
from docsign.ades.xml import C14N, canonicalize, elements, local_name, namespace, parse
from docsign.errors import XmlError
from docsign.sentence import say
from docsign.values import dataclass

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
ASIC = "http://uri.etsi.org/02918/v1.2.1#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"
ENVELOPED = DS + "enveloped-signature"
MOST_SIGNATURES = 64

_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"

DIGESTS = {
    # URI (RFC 9231): the name hashlib knows it by
    _MORE_2001 + "md5": "md5",
    DS + "sha1": "sha1",
    _MORE_2001 + "sha224": "sha224",
    _XMLENC + "sha256": "sha256",
    _MORE_2001 + "sha384": "sha384",
    _XMLENC + "sha512": "sha512",
    _MORE_2007 + "sha3-224": "sha3_224",
    _MORE_2007 + "sha3-256": "sha3_256",
    _MORE_2007 + "sha3-384": "sha3_384",
    _MORE_2007 + "sha3-512": "sha3_512",
}
_SALT = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64,
         "sha3_224": 28, "sha3_256": 32, "sha3_384": 48, "sha3_512": 64}  # fmt: skip
_SHA2 = ("sha1", "sha224", "sha256", "sha384", "sha512")
_SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")

METHODS: dict[str, SignatureAlgorithm] = {
    # URI (RFC 9231 2.3): how the value was made; no secret-key algorithm is ever accepted
    DS + "rsa-sha1": SignatureAlgorithm(family="rsa", hash="sha1"),
    **{_MORE_2001 + f"rsa-{name}": SignatureAlgorithm(family="rsa", hash=name) for name in _SHA2[1:]},
    **{_MORE_2001 + f"ecdsa-{name}": SignatureAlgorithm(family="plain-ecdsa", hash=name) for name in _SHA2},
    **{
        _MORE_2007 + f"{name}-rsa-MGF1": SignatureAlgorithm(
            family="pss",
            hash=name.replace("-", "_"),
            mgf_hash=name.replace("-", "_"),
            salt=_SALT[name.replace("-", "_")],
        )
        for name in (*_SHA2, *_SHA3)
    },
    **{
        _MORE_2021 + f"ecdsa-{name}": SignatureAlgorithm(family="plain-ecdsa", hash=name.replace("-", "_"))
        for name in _SHA3
    },
    _MORE_2021 + "eddsa-ed25519": SignatureAlgorithm(family="ed25519", hash="sha512"),
    _MORE_2021 + "eddsa-ed448": SignatureAlgorithm(family="ed448", hash="shake_256"),
}


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of a reference; ``prefixes`` belong to exclusive canonicalisation."""

    algorithm: str
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One signed thing (XMLDSig 4.4.3); ``digest_method`` is a URI."""

    id: str
    uri: str | None
    type: str
    transforms: tuple[Transform, ...]
    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDigest:
    """How the signed properties name the signer's certificate; ``digest_method`` is a URI."""

    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedProperties:
    """What XAdES signs beside the data, read from the bytes that were digested (EN 319 132-1 5.2)."""

    signing_time: datetime | None
    certificate: CertificateDigest | None
    policy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One ds:Signature, taken apart. ``signed_info`` is what the signature value covers."""

    element: etree._Element
    id: str
    signed_info: bytes
    method: str
    references: tuple[Reference, ...]
    value: bytes
    value_element: etree._Element
    certificates: tuple[bytes, ...]
    qualifying: etree._Element | None
    properties: etree._Element | None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document: its elements by identifier, and the signatures that are its own."""

    root: etree._Element
    ids: dict[str, etree._Element]
    signatures: tuple[etree._Element, ...]


def read_document(root: etree._Element) -> Document:
    """Find the signatures of a document that are its own, wherever they stand; counter-signatures are not.

    Raises XmlError where identifiers are not unique, where there are too many signatures, or where one is
    hidden: inside another, or below anything but the root of a container's signature file.
    """
    ids = _unique_ids(root)
    every = list(root.iter(f"{{{DS}}}Signature"))
    if len(every) > MOST_SIGNATURES:
        sentence = say(
            "Too many signatures: {count}, {limit} at most.", count=len(every), limit=MOST_SIGNATURES
        )
        raise XmlError(sentence)
    own: list[etree._Element] = []
    for element in every:
        parent = element.getparent()
        if next(element.iterancestors(f"{{{DS}}}Signature"), None) is None:
            own.append(element)
            hidden = _is(root, ASIC, "XAdESSignatures") and parent is not root
        else:
            hidden = parent is None or not _is(parent, XADES, "CounterSignature")
        if hidden:
            raise XmlError(say("A signature stands where none belongs."), where=_place(element))
    return Document(root, ids, tuple(own))


def read_form(element: etree._Element) -> Form:
    """Take one ds:Signature apart; raises XmlError for every breach of its form."""
    for node in element.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity):
        raise XmlError(say("A comment or an instruction stands inside the signature."), where=_place(node))
    # XMLDSig 4.2: SignedInfo, SignatureValue, KeyInfo?, Object*
    parts = list(elements(element))
    names = [local_name(part) if namespace(part) == DS else "" for part in parts]
    expected = ["SignedInfo", "SignatureValue", *(["KeyInfo"] if "KeyInfo" in names else [])]
    objects = parts[len(expected) :]
    if names != expected + ["Object"] * len(objects):
        raise XmlError(say("The parts of the signature are not those of its form."), where=_place(element))
    info, value_element = parts[0], parts[1]
    method = next(elements(info), None)
    if method is None or not _is(method, DS, "CanonicalizationMethod"):
        raise XmlError(say("missing"), where=_place(info) + "/CanonicalizationMethod")
    signed_info = canonicalize(info, method.get("Algorithm", ""), _prefixes(method))
    signature_method, references = _read_signed_info(parse(signed_info))
    qualifying, properties = _qualifying(element, objects)
    return Form(
        element=element,
        id=element.get("Id", ""),
        signed_info=signed_info,
        method=signature_method,
        references=references,
        value=_decoded(value_element),
        value_element=value_element,
        certificates=tuple(_certificates(parts[2])) if len(expected) == 3 else (),
        qualifying=qualifying,
        properties=properties,
    )


def _read_signed_info(info: etree._Element) -> tuple[str, tuple[Reference, ...]]:
    """Read SignedInfo from its canonical form (XMLDSig 4.4)."""
    children = list(elements(info))
    if len(children) < 3 or not _is(children[1], DS, "SignatureMethod"):
        raise XmlError(say("The parts of the signature are not those of its form."), where="SignedInfo")
    references = [_read_reference(child, place) for place, child in enumerate(children[2:], 1)]
    return children[1].get("Algorithm", ""), tuple(references)


def _read_reference(element: etree._Element, place: int) -> Reference:
    where = f"SignedInfo/Reference[{place}]"
    if not _is(element, DS, "Reference"):
        raise XmlError(say("The parts of the signature are not those of its form."), where=where)
    children = list(elements(element))
    transforms: tuple[Transform, ...] = ()
    if children and _is(children[0], DS, "Transforms"):
        listed = list(elements(children.pop(0)))
        if len(listed) > 8:
            raise XmlError(say("Too many transforms."), where=where)
        transforms = tuple(Transform(one.get("Algorithm", ""), _prefixes(one)) for one in listed)
    if (
        len(children) != 2
        or not _is(children[0], DS, "DigestMethod")
        or not _is(children[1], DS, "DigestValue")
    ):
        raise XmlError(say("The parts of the signature are not those of its form."), where=where)
    return Reference(
        id=element.get("Id", ""),
        uri=element.get("URI"),
        type=element.get("Type", ""),
        transforms=transforms,
        digest_method=children[0].get("Algorithm", ""),
        digest=_decoded(children[1]),
    )


def _qualifying(
    signature: etree._Element, objects: list[etree._Element]
) -> tuple[etree._Element | None, etree._Element | None]:
    """Return the one QualifyingProperties and its SignedProperties, or neither (EN 319 132-1 4.4)."""
    own = [child for one in objects for child in elements(one) if _is(child, XADES, "QualifyingProperties")]
    deep = [
        found
        for found in signature.iter(f"{{{XADES}}}QualifyingProperties")
        if next(found.iterancestors(f"{{{DS}}}Signature")) is signature
    ]
    if not deep:
        return None, None
    if len(deep) != 1 or len(own) != 1:
        raise XmlError(say("A signature has exactly one QualifyingProperties, in its Object."))
    if own[0].get("Target", "") != "#" + signature.get("Id", "") or not signature.get("Id"):
        raise XmlError(say("QualifyingProperties belong to another signature."))
    signed = [child for child in elements(own[0]) if _is(child, XADES, "SignedProperties")]
    if len(signed) != 1:
        raise XmlError(say("A signature has exactly one SignedProperties."))
    return own[0], signed[0]


def read_properties(canonical: bytes) -> SignedProperties:
    """Read SignedProperties from the canonical bytes that were digested; raises XmlError."""
    root = parse(canonical)
    where = "SignedProperties"
    if not _is(root, XADES, "SignedProperties"):
        raise XmlError(say("The signed properties are not where the signature says."), where=where)
    named = [
        element
        for name in ("SigningCertificate", "SigningCertificateV2")
        for element in root.iter(f"{{{XADES}}}{name}")
    ]
    if len(named) > 1:
        raise XmlError(say("The signature names its certificate twice."), where=where)
    certificate = None
    if named:
        digests = named[0].find(f"{{{XADES}}}Cert/{{{XADES}}}CertDigest")
        method = None if digests is None else digests.find(f"{{{DS}}}DigestMethod")
        value = None if digests is None else digests.find(f"{{{DS}}}DigestValue")
        if method is None or value is None:
            raise XmlError(say("missing"), where=f"{where}/SigningCertificate/Cert/CertDigest")
        certificate = CertificateDigest(digest_method=method.get("Algorithm", ""), digest=_decoded(value))
    times = list(root.iter(f"{{{XADES}}}SigningTime"))
    if len(times) > 1:
        raise XmlError(say("The signature claims two signing times."), where=where)
    policies = root.iter(f"{{{XADES}}}SignaturePolicyId")
    return SignedProperties(
        signing_time=_moment(times[0]) if times else None,
        certificate=certificate,
        policy=next(policies, None) is not None,
    )


def unsigned(form: Form, name: str) -> Iterator[etree._Element]:
    """Yield the unsigned properties of this name that belong to the signature itself."""
    if form.qualifying is None:
        return
    path = f"{{{XADES}}}UnsignedProperties/{{{XADES}}}UnsignedSignatureProperties/{{{XADES}}}{name}"
    yield from form.qualifying.iterfind(path)


def encapsulated(element: etree._Element, name: str) -> Iterator[bytes]:
    """Yield the bytes of every ``name`` below an unsigned property; what is no base64 is left out."""
    for one in element.iter(f"{{{XADES}}}{name}"):
        try:
            yield _decoded(one)
        except XmlError:
            continue


def stamped_bytes(form: Form, stamp: etree._Element) -> bytes:
    """Return what a signature time-stamp covers: the SignatureValue element (EN 319 132-1 5.3)."""
    method = stamp.find(f"{{{DS}}}CanonicalizationMethod")
    algorithm = C14N if method is None else method.get("Algorithm", "")
    return canonicalize(form.value_element, algorithm, () if method is None else _prefixes(method))


def signature_method(uri: str) -> SignatureAlgorithm:
    """Return how a value of this SignatureMethod is made; raises UnsupportedAlgorithmError."""
    found = METHODS.get(uri)
    if found is None:
        raise unsupported(uri[:100])
    return found


def digest_name(uri: str) -> str:
    """Return hashlib's name of a DigestMethod; raises UnsupportedAlgorithmError."""
    found = DIGESTS.get(uri)
    if found is None:
        raise unsupported(uri[:100])
    return found


_ID_ATTRIBUTES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")


def _unique_ids(root: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for element in root.iter(etree.Element):
        if not element.attrib:
            continue
        for value in {element.get(name) for name in _ID_ATTRIBUTES}:
            if value is None:
                continue
            if value in found:
                raise XmlError(say("The identifier {id} occurs twice.", id=value[:60]), where=_place(element))
            found[value] = element
    return found


def _certificates(key_info: etree._Element) -> Iterator[bytes]:
    """Yield the certificates of KeyInfo; every other hint at a key is ignored."""
    for element in key_info.iterfind(f"{{{DS}}}X509Data/{{{DS}}}X509Certificate"):
        yield _decoded(element)


def _prefixes(method: etree._Element) -> tuple[str, ...]:
    listed = method.find(f"{{{_EXC}}}InclusiveNamespaces")
    return () if listed is None else tuple(listed.get("PrefixList", "").split())


def _decoded(element: etree._Element) -> bytes:
    """Decode base64 strictly; white space may lie between, elements may not."""
    if len(element):
        raise XmlError(say("Elements stand where a value belongs."), where=_place(element))
    text = re.sub(r"[ \t\r\n]", "", element.text or "")
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise XmlError(say("This is not base64."), where=_place(element)) from error


def _moment(element: etree._Element) -> datetime:
    text = (element.text or "").strip()
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise XmlError(say("This is not a time: {text}.", text=text[:40]), where=_place(element)) from error


def _is(element: etree._Element, space: str, name: str) -> bool:
    return local_name(element) == name and namespace(element) == space


def _place(element: etree._Element) -> str:
    """Name an element by the path of local names that leads to it."""
    names = [local_name(one) for one in (element, *element.iterancestors())]
    return "/".join(name for name in reversed(names) if name)
