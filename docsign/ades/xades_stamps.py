"""The time-stamps of an XML signature: where they lie, what each must have stamped, and what that protects.

Content time-stamps are signed properties; all others are unsigned and prove nothing but by their imprint,
which is made here anew from the very elements that are judged (EN 319 132-1 5.2.8, 5.3, 5.5; TS 101 903
v1.4.1 8.2; v1.3.2 7.2.9, 7.5, 7.7; v1.2.2 with Include, v1.1.1 with HashDataInfo). Whether a token is
believed is ``long_term``'s question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Literal

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.algorithms import hash_bytes
from docsign.ades.stamped import Stamped, name_of, names_of
from docsign.ades.xades_properties import (
    certificates_of,
    encapsulated,
    referenced_digests,
    values_in,
)
from docsign.ades.xades_references import (
    hash_pieces,
    is_signed_properties_type,
    pieces_of,
    transformed_file,
)
from docsign.ades.xades_transforms import Sources, are_known, is_own, own_octets, own_target
from docsign.ades.xml import C14N, CANONICALIZATIONS, canonicalize, elements, local_name, namespace
from docsign.errors import ContainerError, XmlError
from docsign.pki.validation_data import ValidationData
from docsign.values import dataclass

MOST_TIMESTAMPS = 64

_Piece = Callable[[], Iterator[bytes]]
_Kind = Literal["content", "signature", "archive"]

_REFERENCES = (
    "CompleteCertificateRefs",
    "CompleteCertificateRefsV2",
    "CompleteRevocationRefs",
    "AttributeCertificateRefs",
    "AttributeCertificateRefsV2",
    "AttributeRevocationRefs",
)
_KINDS: dict[str, _Kind] = {
    "AllDataObjectsTimeStamp": "content",
    "IndividualDataObjectsTimeStamp": "content",
    "SignatureTimeStamp": "signature",
    "SigAndRefsTimeStamp": "signature",
    "SigAndRefsTimeStampV2": "signature",
    "RefsOnlyTimeStamp": "archive",
    "RefsOnlyTimeStampV2": "archive",
    "ArchiveTimeStamp": "archive",
    "ArchiveTimeStampV2": "archive",
}
_CONTENT = tuple(f"{{*}}{name}" for name, kind in _KINDS.items() if kind == "content")


class _NotAtHandError(Exception):
    """What a time-stamp stamps cannot be made from what is here."""


@dataclass(slots=True, kw_only=True)
class _Before:
    """What stands before a time-stamp in the unsigned properties: it protects what it names."""

    names: set[bytes]
    values: ValidationData
    references: set[tuple[str, bytes]]


def stamps_of(
    form: xf.Form, sources: Sources, properties: etree._Element | None, *, id: str
) -> tuple[Stamped, ...]:
    """Return every time-stamp of a signature, the content time-stamps first, the others in their order.

    ``properties`` are the signed properties as they were digested. Identifiers count on from ``id``-T1.
    """
    found: list[Stamped] = []

    def add(container: etree._Element, pieces: Callable[[], list[_Piece]], covers: Iterable[bytes]) -> None:
        for token in encapsulated(container, "EncapsulatedTimeStamp"):
            if len(found) < MOST_TIMESTAMPS:
                found.append(
                    Stamped(
                        id=f"{id}-T{len(found) + 1}",
                        token=token,
                        kind=_KINDS[local_name(container)],
                        imprint=_imprint(pieces),
                        covers=frozenset(covers),
                    )
                )

    content = _content_stamps(properties)
    if not content and not form.unsigned:
        return ()
    for stamp in content:
        add(stamp, partial(_content_pieces, form, sources, stamp), ())
    before = _Before(names=set(), values=ValidationData(), references=set())
    before.names.update(names_of(certificates_of(form)))
    unsigned = form.unsigned
    everything = ValidationData.of().merged(*(values_in(one) for one in unsigned))
    for place, one in enumerate(unsigned):
        kind = _KINDS.get(local_name(one))
        if kind in ("signature", "archive"):
            pieces = partial(_pieces, form, sources, one, unsigned[:place])
            add(one, pieces, _covered(form, one, before, everything))
        _note(before, one)
    return tuple(found)


def sealed_digests(
    form: xf.Form, sources: Sources, before: tuple[etree._Element, ...]
) -> Callable[[str], list[bytes]] | None:
    """Return what digests each object that an evidence record in the signature is about (TS 119 132-3 5.2).

    They are what its references and those of its manifests give, SignedInfo, SignatureValue, KeyInfo, the
    unsigned properties ``before`` the record, and the objects but that of the properties; XML by the
    canonicalisation of SignedInfo. None where one is not at hand.
    """
    try:
        method = _method(elements(form.element)[0])
        references = list(form.references)
        for one in form.references:
            if one.type == xf.MANIFEST:
                references += xf.read_manifest(own_octets(form, one, sources) or b"")
        key_info = () if form.key_info is None else (form.key_info,)
        parts = (elements(form.element)[0], form.value_element, *key_info, *before, *form.objects)
        pieces = [_reference_piece(form, sources, one, method) for one in references]
        pieces += [_piece(one, method) for one in parts]
    except (_NotAtHandError, XmlError):
        return None

    def digests(name: str) -> list[bytes]:
        try:
            return [hash_pieces(name, make()) for make in pieces]
        except (ContainerError, XmlError):
            return []  # something is damaged: no group has no members

    return digests


def names_before(form: xf.Form, before: Iterable[etree._Element]) -> frozenset[bytes]:
    """Return the names of what an evidence record behind these properties protects."""
    found = _Before(names={name_of(form.value)}, values=ValidationData(), references=set())
    found.names.update(names_of(certificates_of(form)))
    for one in before:
        _note(found, one)
    return frozenset(found.names)


def has_stamp(form: xf.Form, *names: str) -> bool:
    """Tell whether the signature carries an unsigned property of one of these names."""
    return any(local_name(one) in names for one in form.unsigned)


def _imprint(pieces: Callable[[], list[_Piece]]) -> Callable[[str], bytes] | None:
    """Return what digests the pieces, one behind the other; None where they are not at hand."""
    try:
        listed = pieces()
    except (_NotAtHandError, XmlError):
        return None

    def imprint(name: str) -> bytes:
        digest = hashlib.new(name, usedforsecurity=False)
        try:
            for make in listed:
                for piece in make():
                    digest.update(piece)
        except (ContainerError, XmlError):
            return b""  # no digest is empty: a damaged file is not what was stamped
        return digest.digest()

    return imprint


# --- what is protected --------------------------------------------------------------------------------------


def _note(before: _Before, one: etree._Element) -> None:
    """Remember a property for the time-stamps behind it."""
    values = values_in(one)
    before.values = before.values.merged(values)
    before.names |= names_of(values)
    before.names.update(name_of(token) for token in encapsulated(one, "EncapsulatedTimeStamp"))
    if local_name(one) in _REFERENCES:
        before.references |= referenced_digests(one)


def _covered(
    form: xf.Form, stamp: etree._Element, before: _Before, everything: ValidationData
) -> frozenset[bytes]:
    """Return the names of what this time-stamp protects where its imprint agrees."""
    name = local_name(stamp)
    value = {name_of(form.value)}
    if name == "SignatureTimeStamp" or any(local_name(one) == "Include" for one in elements(stamp)):
        return frozenset(value)
    referenced = _referenced(before.references, everything)
    if name.startswith("RefsOnly"):
        return referenced
    return frozenset(value | before.names) | referenced


def _referenced(references: set[tuple[str, bytes]], everything: ValidationData) -> frozenset[bytes]:
    """Return the names of those certificates, CRLs and OCSP answers whose digests are referred to."""
    methods = {method: xf.DIGESTS[method] for method, _ in references if method in xf.DIGESTS}
    objects = [
        *(one.public_bytes(Encoding.DER) for one in everything.certificates),
        *everything.crls,
        *everything.ocsps,
    ]
    return frozenset(
        name_of(one)
        for one in objects
        if any((method, hash_bytes(name, one)) in references for method, name in methods.items())
    )


# --- what is stamped ----------------------------------------------------------------------------------------


def _method(stamp: etree._Element) -> xf.Transform:
    """Return the canonicalisation that a time-stamp names, C14N 1.0 where it names none."""
    method = next((one for one in stamp.iter(f"{{{xf.DS}}}CanonicalizationMethod")), None)
    if method is None:  # version 1.1.1: HashDataInfo with its transforms
        method = next((one for one in stamp.iter(f"{{{xf.DS}}}Transform")), None)
    if method is None:
        return xf.Transform(C14N)
    chosen = xf.Transform(method.get("Algorithm", ""), xf.prefixes_of(method))
    if chosen.algorithm not in CANONICALIZATIONS:
        raise _NotAtHandError
    return chosen


def _piece(element: etree._Element, method: xf.Transform) -> _Piece:
    return lambda: iter((canonicalize(element, method.algorithm, method.prefixes),))


def _pieces(
    form: xf.Form, sources: Sources, stamp: etree._Element, before: tuple[etree._Element, ...]
) -> list[_Piece]:
    """Return what an unsigned time-stamp stamps, in order."""
    method, name = _method(stamp), local_name(stamp)
    value = _piece(form.value_element, method)
    if name == "SignatureTimeStamp":  # EN 319 132-1 5.3
        return [value]
    included = [one for one in elements(stamp) if local_name(one) == "Include"]
    if included:  # TS 101 903 v1.2.2 7.1.4: the explicit mechanism
        return _included(form, sources, included, method, must=form.value_element)
    if name != "ArchiveTimeStamp" and name != "ArchiveTimeStampV2":
        # EN 319 132-1 A.1.5.1, A.1.5.2
        wanted = _REFERENCES if name.startswith("RefsOnly") else ("SignatureTimeStamp", *_REFERENCES)
        listed = [_piece(one, method) for one in before if local_name(one) in wanted]
        return listed if name.startswith("RefsOnly") else [value, *listed]
    # EN 319 132-1 5.5.2.2: references, SignedInfo, SignatureValue, KeyInfo, properties before, objects
    sources.budget.spend()
    parts = [
        elements(form.element)[0],
        form.value_element,
        *([] if form.key_info is None else [form.key_info]),
    ]
    if namespace(stamp) != xf.XADES_141:  # TS 101 903 v1.3.2 7.7.1: only those that are not referred to
        referred = {reference.uri for reference in form.references}
        objects = [
            one for one in form.objects if not one.get("Id") or "#" + one.get("Id", "") not in referred
        ]
    else:
        objects = list(form.objects)
    return [
        *(_reference_piece(form, sources, reference, method) for reference in form.references),
        *(_piece(one, method) for one in (*parts, *before, *objects)),
    ]


def _reference_piece(
    form: xf.Form, sources: Sources, reference: xf.Reference, method: xf.Transform
) -> _Piece:
    """Return what a reference digests; raises _NotAtHandError where that is not here."""
    if reference.uri is not None and is_own(reference.uri):
        if own_target(reference.uri, sources.document) is None or not are_known(reference.transforms):
            raise _NotAtHandError

        def own() -> Iterator[bytes]:
            octets = own_octets(form, reference, sources, node_set=method)
            return iter((octets or b"",))

        return own
    entry = sources.unnamed if reference.uri is None else sources.name_of(reference.uri)
    if not entry or any(one.algorithm not in CANONICALIZATIONS for one in reference.transforms):
        raise _NotAtHandError
    if reference.transforms:
        transforms = reference.transforms
        return lambda: iter((transformed_file(sources, entry, transforms) or b"",))
    if sources.resolve(entry) is None:
        raise _NotAtHandError
    return lambda: pieces_of(sources.resolve(entry)) or iter(())


def _included(
    form: xf.Form,
    sources: Sources,
    included: list[etree._Element],
    method: xf.Transform,
    *,
    must: etree._Element | None,
) -> list[_Piece]:
    """Return the elements that Include names; ``must`` has to be among them, or in one of them."""
    pieces: list[_Piece] = []
    targets: list[etree._Element] = []
    references = {reference.id: reference for reference in form.references if reference.id}
    for one in included:
        uri = one.get("URI") or one.get("uri") or ""
        target = own_target(uri, sources.document) if uri.startswith("#") else None
        if target is None:
            raise _NotAtHandError
        targets.append(target)
        if one.get("referencedData") in ("true", "1") and uri[1:] in references:
            pieces.append(_reference_piece(form, sources, references[uri[1:]], method))
        else:
            pieces.append(_piece(target, method))
    if must is not None and not any(one in targets for one in (must, *must.iterancestors())):
        raise _NotAtHandError
    return pieces


def _content_stamps(properties: etree._Element | None) -> list[etree._Element]:
    if properties is None:
        return []
    return [
        one
        for group in properties.iterchildren("{*}SignedDataObjectProperties")
        for one in group.iterchildren(*_CONTENT)
        if namespace(one) in xf.XADES_VERSIONS
    ]


def _content_pieces(form: xf.Form, sources: Sources, stamp: etree._Element) -> list[_Piece]:
    """Return what a content time-stamp stamps (EN 319 132-1 5.2.8): the data, before it was signed."""
    method = _method(stamp)
    included = [one for one in elements(stamp) if local_name(one) == "Include"]
    if local_name(stamp) == "IndividualDataObjectsTimeStamp":
        return _included(form, sources, included, method, must=None)
    return [
        _reference_piece(form, sources, reference, method)
        for reference in form.references
        if not is_signed_properties_type(reference.type)
    ]
