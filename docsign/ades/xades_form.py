"""Read the form of XML signatures strictly, without judging them: XMLDSig 1.1 and the frame of XAdES.

What is signed is read from its canonical bytes and nothing else, so that no second element can be taken for
it. Every breach of the form is an XmlError; identifiers are unique over the whole document, comments inside
the parts that decide are refused, one SignedInfo, one QualifyingProperties. What the properties say is read
in ``xades_properties``.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from lxml import etree

from docsign.ades.xades_algorithms import DIGESTS, DS, METHODS, digest_name, signature_method
from docsign.ades.xml import canonicalize, elements, local_name, namespace, parse, parse_canonical
from docsign.errors import XmlError
from docsign.sentence import say
from docsign.values import dataclass

__all__ = [
    "DIGESTS",
    "DS",
    "METHODS",
    "Document",
    "Form",
    "Reference",
    "Transform",
    "digest_name",
    "read_document",
    "read_form",
    "read_manifest",
    "signature_method",
]

XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
XADES_111 = "http://uri.etsi.org/01903/v1.1.1#"
XADES_122 = "http://uri.etsi.org/01903/v1.2.2#"
XADES_VERSIONS = (XADES, XADES_122, XADES_111)
"""The versions whose QualifyingProperties are read: EN 319 132-1 and TS 101 903 v1.3.2, v1.2.2, v1.1.1."""
XADES_EVIDENCE = "http://uri.etsi.org/19132/v1.1.1#"
"""The namespace of evidence records in XML signatures (TS 119 132-3)."""
_PROPERTY_SPACES = (*XADES_VERSIONS, XADES_141, XADES_EVIDENCE)
ASIC = "http://uri.etsi.org/02918/v1.2.1#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"
ENVELOPED = DS + "enveloped-signature"
BASE64 = DS + "base64"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
MANIFEST = DS + "Manifest"
MOST_SIGNATURES = 64
MOST_TRANSFORMS = 8

_SIGNATURE, _SIGNED_INFO, _SIGNATURE_VALUE, _KEY_INFO, _OBJECT = (
    f"{{{DS}}}{name}" for name in ("Signature", "SignedInfo", "SignatureValue", "KeyInfo", "Object")
)
_CANONICALIZATION_METHOD, _SIGNATURE_METHOD, _REFERENCE = (
    f"{{{DS}}}{name}" for name in ("CanonicalizationMethod", "SignatureMethod", "Reference")
)
_TRANSFORMS, _DIGEST_METHOD, _DIGEST_VALUE = (
    f"{{{DS}}}{name}" for name in ("Transforms", "DigestMethod", "DigestValue")
)
_X509_DATA, _X509_CERTIFICATE = f"{{{DS}}}X509Data", f"{{{DS}}}X509Certificate"
_MOST_KEPT = 16 * 1024
_EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
_COLLECTIONS = frozenset(
    # the roots of signature files: every signature is their child
    {
        f"{{{ASIC}}}XAdESSignatures",
        "{http://uri.etsi.org/02918/v1.1.1#}XAdESSignatures",
        "{urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0}document-signatures",
        "{urn:oasis:names:tc:opendocument:xmlns:container}signatures",
    }
)
_COUNTER_WAY = (
    "CounterSignature",
    "UnsignedSignatureProperties",
    "UnsignedProperties",
    "QualifyingProperties",
)


Subtracted = Literal["every", "below the root"]
_SUBTRACTED: tuple[tuple[re.Pattern[str], Subtracted], ...] = (
    (re.compile(r"/(?:descendant::|/)([A-Za-z_][\w.-]*):Signature"), "every"),
    (re.compile(r"/\*/([A-Za-z_][\w.-]*):Signature"), "below the root"),
)
_KEPT_OUT = re.compile(r"not\([ \t\r\n]*ancestor-or-self::([A-Za-z_][\w.-]*):Signature[ \t\r\n]*\)")


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of a reference; ``prefixes`` belong to exclusive canonicalisation.

    ``subtracted`` says which signatures a filter takes out, None where it does anything else.
    """

    algorithm: str
    prefixes: tuple[str, ...] = ()
    subtracted: Subtracted | None = None


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
class Form:
    """One ds:Signature, taken apart. ``signed_info`` is what the signature value covers.

    ``objects`` are its ds:Object elements without the one that holds the qualifying properties, ``unsigned``
    the unsigned signature properties that belong to the signature itself, in their order.
    """

    element: etree._Element
    id: str
    signed_info: bytes
    method: str
    references: tuple[Reference, ...]
    value: bytes
    value_element: etree._Element
    certificates: tuple[bytes, ...]
    key_info: etree._Element | None
    objects: tuple[etree._Element, ...]
    unsigned: tuple[etree._Element, ...]
    qualifying: etree._Element | None
    properties: etree._Element | None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document: its elements by identifier, and the signatures that are its own.

    ``ambiguous`` holds identifiers that occur twice in a way that is none by itself (attributes called
    ``id``, which any format may use for something else): a reference to one is a breach.
    """

    root: etree._Element
    ids: dict[str, etree._Element]
    signatures: tuple[etree._Element, ...]
    ambiguous: frozenset[str] = frozenset()


def read_document(root: etree._Element) -> Document:
    """Find the signatures of a document that are its own, wherever they stand; counter-signatures are not.

    Raises XmlError where identifiers are not unique, where there are too many signatures, or where one is
    hidden: inside another, or below anything but the root of a container's signature file.
    """
    ids, ambiguous = _unique_ids(root)
    every = list(root.iter(_SIGNATURE))
    if len(every) > MOST_SIGNATURES:
        sentence = say(
            "Too many signatures: {count}, {limit} at most.", count=len(every), limit=MOST_SIGNATURES
        )
        raise XmlError(sentence)
    own: list[etree._Element] = []
    for element in every:
        if element is every[0] or next(element.iterancestors(_SIGNATURE), None) is None:
            own.append(element)
            hidden = root.tag in _COLLECTIONS and element.getparent() is not root
        else:
            hidden = not _is_counter_signature(element)
        if hidden:
            raise XmlError(say("A signature stands where none belongs."), where=place_of(element))
    return Document(root, ids, tuple(own), ambiguous)


def _is_counter_signature(element: etree._Element) -> bool:
    """Tell whether a nested signature stands in the unsigned properties of the one around it."""
    way = [above for above, _ in zip(element.iterancestors(), range(6), strict=False)]
    if len(way) < 6 or [local_name(one) for one in way[:4]] != list(_COUNTER_WAY):
        return False
    return (
        all(namespace(one) in XADES_VERSIONS for one in way[:4])
        and is_ds(way[4], "Object")
        and is_ds(way[5], "Signature")
    )


def read_form(element: etree._Element) -> Form:
    """Take one ds:Signature apart; raises XmlError for every breach of its form."""
    # XMLDSig 4.2: SignedInfo, SignatureValue, KeyInfo?, Object*
    parts = elements(element)
    names = [part.tag for part in parts]
    expected = [_SIGNED_INFO, _SIGNATURE_VALUE, *([_KEY_INFO] if _KEY_INFO in names else [])]
    objects = parts[len(expected) :]
    if names != expected + [_OBJECT] * len(objects):
        raise XmlError(say("The parts of the signature are not those of its form."), where=place_of(element))
    qualifying, properties = _qualifying(element, objects)
    _refuse_comments(element, parts[: len(expected)], qualifying, properties)
    info, value_element = parts[0], parts[1]
    method = info[0] if len(info) else None
    if method is None or method.tag != _CANONICALIZATION_METHOD:
        raise XmlError(say("missing"), where=place_of(info) + "/CanonicalizationMethod")
    signed_info = canonicalize(info, method.get("Algorithm", ""), prefixes_of(method))
    signature_method, references = _read_signed_info(parse_canonical(signed_info))
    holder = None if qualifying is None else qualifying.getparent()
    return Form(
        element=element,
        id=element.get("Id", ""),
        signed_info=signed_info,
        method=signature_method,
        references=references,
        value=decoded(value_element),
        value_element=value_element,
        certificates=tuple(_certificates(parts[2])) if len(expected) == 3 else (),
        key_info=parts[2] if len(expected) == 3 else None,
        objects=tuple(one for one in objects if one is not holder),
        unsigned=() if qualifying is None else tuple(_unsigned(qualifying)),
        qualifying=qualifying,
        properties=properties,
    )


def _refuse_comments(
    signature: etree._Element,
    parts: list[etree._Element],
    qualifying: etree._Element | None,
    properties: etree._Element | None,
) -> None:
    """Refuse comments and instructions in the deciding parts, but for comments between unsigned ones."""
    if next(signature.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is None:
        return
    unsigned = set(_below(qualifying, properties))
    comments = [one for one in signature.iter(etree.Comment) if one.getparent() not in unsigned]
    for node in (*comments, *signature.iter(etree.ProcessingInstruction, etree.Entity)):
        if any(above is qualifying or above in parts for above in node.iterancestors()):
            raise XmlError(
                say("A comment or an instruction stands inside the signature."), where=place_of(node)
            )


def _below(qualifying: etree._Element | None, properties: etree._Element | None) -> Iterator[etree._Element]:
    """Yield the elements of the unsigned properties that hold elements, no text of their own."""
    for group in () if qualifying is None else elements(qualifying):
        for one in () if group is properties else group.iter(etree.Element):
            if not (one.text or "").strip() and not any((child.tail or "").strip() for child in one):
                yield one


def _unsigned(qualifying: etree._Element) -> Iterator[etree._Element]:
    for properties in elements(qualifying):
        if is_xades(properties, "UnsignedProperties"):
            for group in elements(properties):
                if is_xades(group, "UnsignedSignatureProperties"):
                    yield from (one for one in elements(group) if namespace(one) in _PROPERTY_SPACES)


def _read_signed_info(info: etree._Element) -> tuple[str, tuple[Reference, ...]]:
    """Read SignedInfo from its canonical form (XMLDSig 4.4)."""
    children = elements(info)
    if len(children) < 3 or children[1].tag != _SIGNATURE_METHOD:
        raise XmlError(say("The parts of the signature are not those of its form."), where="SignedInfo")
    references = [_read_reference(child, place) for place, child in enumerate(children[2:], 1)]
    return children[1].get("Algorithm", ""), tuple(references)


def _read_reference(element: etree._Element, place: int) -> Reference:
    where = f"SignedInfo/Reference[{place}]"
    children = elements(element)
    transforms: tuple[Transform, ...] = ()
    if children and children[0].tag == _TRANSFORMS:
        listed = elements(children.pop(0))
        if len(listed) > MOST_TRANSFORMS:
            raise XmlError(say("Too many transforms."), where=where)
        transforms = tuple([_read_transform(one) for one in listed])
    if element.tag != _REFERENCE or [child.tag for child in children] != [_DIGEST_METHOD, _DIGEST_VALUE]:
        raise XmlError(say("The parts of the signature are not those of its form."), where=where)
    return Reference(
        id=element.get("Id", ""),
        uri=element.get("URI"),
        type=element.get("Type", ""),
        transforms=transforms,
        digest_method=children[0].get("Algorithm", ""),
        digest=decoded(children[1]),
    )


def _read_transform(element: etree._Element) -> Transform:
    algorithm = element.get("Algorithm", "")
    subtracted = _subtracted(element, algorithm) if algorithm in (FILTER, XPATH) else None
    return Transform(algorithm, prefixes_of(element), subtracted)


def _subtracted(element: etree._Element, algorithm: str) -> Subtracted | None:
    """Tell the one harmless expression by its text and the name its prefix has where it was signed.

    As an XPath filter 2.0 it subtracts the signatures, as XPath (XMLDSig 6.6.3) it keeps what lies in none.
    """
    inner = elements(element)
    if len(inner) != 1 or len(inner[0]):
        return None
    text = (inner[0].text or "").strip(" \t\r\n")
    if algorithm == XPATH:
        known: tuple[tuple[re.Pattern[str], Subtracted], ...] = ((_KEPT_OUT, "every"),)
        if inner[0].tag != f"{{{DS}}}XPath":
            return None
    else:
        known = _SUBTRACTED
        if inner[0].tag != f"{{{FILTER}}}XPath" or inner[0].get("Filter") != "subtract":
            return None
    for pattern, which in known:
        found = pattern.fullmatch(text)
        if found is not None and inner[0].nsmap.get(found[1]) == DS:
            return which
    return None


def read_manifest(canonical: bytes) -> tuple[Reference, ...]:
    """Read a ds:Manifest, alone or as the one thing in its ds:Object, from its digested bytes (XMLDSig 5.1).

    Raises XmlError for every breach of its form.
    """
    root = parse(canonical)
    inner = elements(root)
    if is_ds(root, "Object") and len(inner) == 1:
        root = inner[0]
    if not is_ds(root, "Manifest"):
        raise XmlError(say("This is no manifest of references."), where=local_name(root))
    return tuple(_read_reference(child, place) for place, child in enumerate(elements(root), 1))


def _qualifying(
    signature: etree._Element, objects: list[etree._Element]
) -> tuple[etree._Element | None, etree._Element | None]:
    """Return the one QualifyingProperties and its SignedProperties, or neither (EN 319 132-1 4.4)."""
    own = [child for one in objects for child in elements(one) if is_xades(child, "QualifyingProperties")]
    deep = [
        found
        for found in signature.iter("{*}QualifyingProperties")
        if found in own
        or (namespace(found) in XADES_VERSIONS and next(found.iterancestors(_SIGNATURE)) is signature)
    ]
    if not deep:
        return None, None
    if len(deep) != 1 or len(own) != 1:
        raise XmlError(say("A signature has exactly one QualifyingProperties, in its Object."))
    target, id = own[0].get("Target", ""), signature.get("Id", "")
    if target.removeprefix("#") != id:  # without identifier the reference to the properties alone binds them
        raise XmlError(say("QualifyingProperties belong to another signature."))
    signed = [child for child in elements(own[0]) if is_xades(child, "SignedProperties")]
    if len(signed) != 1:
        raise XmlError(say("A signature has exactly one SignedProperties."))
    return own[0], signed[0]


_ID_ATTRIBUTES = etree.XPath("//*/@Id | //*/@ID | //*/@id | //*/@xml:id")


def _unique_ids(root: etree._Element) -> tuple[dict[str, etree._Element], frozenset[str]]:
    """Return the elements by identifier, and the identifiers that are one only by their attribute's name."""
    found: dict[str, etree._Element] = {}
    strict: set[str] = set()
    ambiguous: set[str] = set()
    named: list[etree._ElementUnicodeResult] = _ID_ATTRIBUTES(root)  # type: ignore[assignment] # what it gives
    for said in named:
        element, value, is_sure = said.getparent(), str(said), said.attrname != "id"
        assert element is not None
        if found.setdefault(value, element) is not element:
            if is_sure or value in strict:
                sentence = say("The identifier {id} occurs twice.", id=value[:60])
                raise XmlError(sentence, where=place_of(element))
            ambiguous.add(value)
        if is_sure:
            strict.add(value)
    return found, frozenset(ambiguous)


def _certificates(key_info: etree._Element) -> Iterator[bytes]:
    """Yield the certificates of KeyInfo; every other hint at a key is ignored."""
    for data in elements(key_info):
        for element in elements(data) if data.tag == _X509_DATA else ():
            if element.tag == _X509_CERTIFICATE:
                yield decoded(element, kept=True)


def prefixes_of(method: etree._Element) -> tuple[str, ...]:
    """Return the prefixes that an exclusive canonicalisation treats inclusively (exclusive C14N 3)."""
    listed = method.find(f"{{{_EXC}}}InclusiveNamespaces") if len(method) else None
    return () if listed is None else tuple(listed.get("PrefixList", "").split())


def decoded(element: etree._Element, *, kept: bool = False) -> bytes:
    """Decode base64 strictly; white space may lie between, elements may not.

    ``kept``: the same text is likely to come again, in another file.
    """
    if len(element):
        raise XmlError(say("Elements stand where a value belongs."), where=place_of(element))
    text = element.text or ""
    try:
        return _kept_octets(text) if kept and len(text) <= _MOST_KEPT else _octets(text)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise XmlError(say("This is not base64."), where=place_of(element)) from error


def _octets(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # white space may lie between
        return binascii.a2b_base64(text.encode("ascii").translate(None, b" \t\r\n"), strict_mode=True)


_kept_octets = lru_cache(maxsize=128)(_octets)


def is_ds(element: etree._Element, name: str) -> bool:
    """Tell whether this is the element of XMLDSig with this name."""
    return bool(element.tag == f"{{{DS}}}{name}")


def is_xades(element: etree._Element, name: str) -> bool:
    """Tell whether this is the element of XAdES with this name, in any version that is read."""
    space, _, own = str(element.tag).rpartition("}")
    return own == name and space[1:] in XADES_VERSIONS


def place_of(element: etree._Element) -> str:
    """Name an element by the path of local names that leads to it."""
    names = [local_name(one) for one in (element, *element.iterancestors())]
    return "/".join(name for name in reversed(names) if name)
