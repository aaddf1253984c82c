"""Check what an XML signature refers to: files by name, or parts of its own document (XMLDSig 4.4.3).

Transforms over files are the canonicalisations alone; those over the own document are in
``xades_transforms``. A manifest (5.1) is as good as its own references. A file's bytes are digested as they
come, piece by piece. Nothing is opened here: ``resolve`` gives bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.algorithms import WEAK_HASHES, UnsupportedAlgorithmError, hash_bytes
from docsign.ades.problems import Problem, doubtful, failed
from docsign.ades.xades_transforms import Sources, is_own, own_octets, own_target
from docsign.ades.xml import (
    CANONICALIZATIONS,
    XmlTooLargeError,
    canonicalize_document,
    parse,
)
from docsign.errors import ContainerError, XmlError
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import SubIndication

_PIECE = 120 * 1024  # few reads, yet below what the C library may map and return anew each time
_TRANSFORMED_LIMIT = 8 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Referred:
    """What became of the references; ``right`` is None where one could not be checked.

    ``names`` holds the files referred to, ``covered`` those whose digest is right; the empty name stands for
    the signature's whole own document. ``data`` says whether anything but the signature itself is signed, or
    may be: what is missing, too;
    ``targets`` are the elements of the own document whose digest is right; ``octets`` what was digested of
    the signed properties, by the reference's URI.
    """

    names: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    right: bool | None = True
    data: bool = False
    targets: list[etree._Element] = field(default_factory=list)
    octets: dict[str, bytes] = field(default_factory=dict)

    def wrong(self, sub: SubIndication, code: str, sentence: Sentence, where: str) -> None:
        """Keep a problem that is TOTAL-FAILED."""
        self.problems.append(failed(sub, code, sentence, where))
        self.right = False

    def unknown(self, sub: SubIndication, code: str, sentence: Sentence, where: str) -> None:
        """Keep a problem that is INDETERMINATE."""
        self.problems.append(doubtful(sub, code, sentence, where))
        self.right = self.right and None


def is_signed_properties_type(kind: str) -> bool:
    """Tell whether a reference's type is that of the signed properties, in any version's spelling."""
    return kind.startswith("http://uri.etsi.org/01903") and kind.endswith("#SignedProperties")


def weak_digest(name: str) -> Problem:
    """Return the problem of a digest that is too weak today."""
    sentence = say("The digest {name} is too weak and no longer accepted.", name=name.upper())
    return doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", sentence)


def check_references(form: xf.Form, sources: Sources, *, most: int) -> Referred:
    """Check every reference of a signature, at most ``most`` with those of its manifests."""
    found = Referred()
    waiting = [(f"Reference[{place}]", one) for place, one in enumerate(form.references, 1)]
    if sources.unnamed is not None and [one.uri for one in form.references].count(None) != 1:
        sources = replace(sources, unnamed=None)  # XMLDSig 4.4.3.1: at most one may be without
    manifests = [reference for reference in form.references if reference.type == xf.MANIFEST]
    for where, reference in waiting:
        _check(found, form, reference, sources, where)
    for reference in manifests:
        count = len(waiting)
        for place, one in enumerate(_listed(found, form, reference, sources), 1):
            if count + place > most:
                sentence = say("Too many references: {count}.", count=count + place)
                found.wrong(SubIndication.FORMAT_FAILURE, "references", sentence, "Manifest")
                return found
            waiting.append((f"Manifest/Reference[{place}]", one))
        for where, one in waiting[count:]:
            _check(found, form, one, sources, where)
    return found


def _listed(
    found: Referred, form: xf.Form, reference: xf.Reference, sources: Sources
) -> tuple[xf.Reference, ...]:
    """Return the references of a manifest (XMLDSig 5.1), read from the bytes that were digested."""
    where = (reference.uri or "")[:100]
    try:
        canonical = own_octets(form, reference, sources)
        if canonical is None:
            return ()  # said with the reference itself
        return xf.read_manifest(canonical)
    except XmlError as error:
        found.wrong(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, where)
        return ()


def _check(found: Referred, form: xf.Form, reference: xf.Reference, sources: Sources, where: str) -> None:
    try:
        name = xf.digest_name(reference.digest_method)
    except UnsupportedAlgorithmError as error:
        found.data = found.data or not is_signed_properties_type(reference.type)
        found.unknown(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence, where)
        return
    if name in WEAK_HASHES and (weak := weak_digest(name)) not in found.problems:
        found.problems.append(weak)
    if reference.uri is None and sources.unnamed is not None and reference in form.references:
        _check_unnamed(found, reference, sources.unnamed, sources, name)
    elif reference.uri is None:
        sentence = say("A reference does not say what it is about.")
        found.wrong(SubIndication.FORMAT_FAILURE, "reference", sentence, where)
    elif is_own(reference.uri):
        _check_own(found, form, reference, sources, name)
    else:
        _check_file(found, reference, reference.uri, sources, name)


# --- the own document ---------------------------------------------------------------------------------------


def _check_own(found: Referred, form: xf.Form, reference: xf.Reference, sources: Sources, name: str) -> None:
    """Check a reference into the signature's own document."""
    where = (reference.uri or "")[:100]
    try:
        target = own_target(reference.uri or "", sources.document)
    except XmlError as error:
        found.wrong(SubIndication.FORMAT_FAILURE, "xml-form", error.sentence, where)
        return
    if target is None:
        found.data = found.data or not is_signed_properties_type(reference.type)
        sentence = say("A part that the signature covers is missing: {name}.", name=where)
        found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, where)
        return
    found.data = found.data or not _is_about_itself(target, form)
    try:
        octets = own_octets(form, reference, sources)
    except XmlError as error:
        found.unknown(SubIndication.SIG_CONSTRAINTS_FAILURE, "transform", error.sentence, where)
        return
    if octets is None:
        _refuse_transform(found, reference, where)
        return
    if is_signed_properties_type(reference.type):
        found.octets[reference.uri or ""] = octets
    if _compare(found, hash_bytes(name, octets), reference, where):
        found.targets.append(target)
        if target is sources.document.root:
            found.covered.add("")


def _is_about_itself(target: etree._Element, form: xf.Form) -> bool:
    """Tell whether the target is the signature's own properties or key."""
    above = [target, *target.iterancestors()]
    return form.qualifying in above or any(one.tag == f"{{{xf.DS}}}KeyInfo" for one in above)


# --- files --------------------------------------------------------------------------------------------------


def _check_file(found: Referred, reference: xf.Reference, uri: str, sources: Sources, name: str) -> None:
    """Check a reference to a file: found by its decoded name."""
    found.data = True
    entry = sources.name_of(uri)
    if entry is None:
        sentence = say("The reference {uri} leads out of the container.", uri=uri[:100])
        found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, uri[:100])
        return
    _check_entry(found, reference, entry, sources, name)


def _check_unnamed(found: Referred, reference: xf.Reference, entry: str, sources: Sources, name: str) -> None:
    """Check the one reference that leaves it to whoever verifies to know its file (XMLDSig 4.4.3.1)."""
    found.data = True
    if entry:
        _check_entry(found, reference, entry, sources, name)
        return
    sentence = say("The file that this signature signs is not here: give it with --content.")
    found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, "")


def _check_entry(found: Referred, reference: xf.Reference, entry: str, sources: Sources, name: str) -> None:
    found.names.add(entry)
    if any(transform.algorithm not in CANONICALIZATIONS for transform in reference.transforms):
        _refuse_transform(found, reference, entry)
        return
    try:
        digest = _file_digest(sources, entry, name, reference.transforms)
    except ContainerError as error:
        found.wrong(SubIndication.HASH_FAILURE, "content-damaged", error.sentence, entry)
        return
    except XmlTooLargeError as error:  # nobody knows whether it was changed
        found.unknown(SubIndication.SIG_CONSTRAINTS_FAILURE, "transform", error.sentence, entry)
        return
    except XmlError as error:
        found.wrong(SubIndication.HASH_FAILURE, "content-changed", error.sentence, entry)
        return
    if digest is None:
        sentence = say("A file that the signature covers is missing: {name}.", name=entry)
        found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, entry)
        return
    if _compare(found, digest, reference, entry):
        found.covered.add(entry)


def file_name(uri: str) -> str | None:
    """Decode a reference to a file's name (RFC 3986); None where it leads elsewhere."""
    if ":" in uri.partition("/")[0] or uri.startswith("/") or "#" in uri or "?" in uri:
        return None
    try:
        return unquote_to_bytes(uri).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _file_digest(sources: Sources, entry: str, name: str, transforms: Sequence[xf.Transform]) -> bytes | None:
    if not transforms:
        key = (entry, name)
        if key not in sources.digests:
            pieces = pieces_of(sources.resolve(entry))
            sources.digests[key] = None if pieces is None else hash_pieces(name, pieces)
        return sources.digests[key]
    octets = transformed_file(sources, entry, transforms)
    return None if octets is None else hash_bytes(name, octets)


def transformed_file(sources: Sources, entry: str, transforms: Sequence[xf.Transform]) -> bytes | None:
    """Return a file's canonical bytes; None where it is missing. Raises XmlError and ContainerError."""
    source = sources.resolve(entry)
    if source is None:
        return None
    data = source if isinstance(source, bytes) else b"".join(limited(source))
    for transform in transforms:
        data = canonicalize_document(
            parse(data, limit=_TRANSFORMED_LIMIT), transform.algorithm, transform.prefixes
        )
    return data


def limited(source: BinaryIO) -> Iterator[bytes]:
    """Yield a stream's bytes up to one more than is brought into canonical form."""
    left = _TRANSFORMED_LIMIT + 1
    while left > 0 and (piece := source.read(min(left, _PIECE))):
        left -= len(piece)
        yield piece


def pieces_of(source: BinaryIO | bytes | None) -> Iterator[bytes] | None:
    """Return the pieces of what ``resolve`` gave; None where it gave nothing."""
    if source is None:
        return None
    return iter((source,)) if isinstance(source, bytes) else iter(partial(source.read, _PIECE), b"")


def hash_pieces(name: str, pieces: Iterator[bytes]) -> bytes:
    """Digest bytes that come piece by piece; raises what reading them raises."""
    digest = hashlib.new(name, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _compare(found: Referred, digest: bytes, reference: xf.Reference, where: str) -> bool:
    if digest == reference.digest:
        return True
    sentence = say("The content was changed after it was signed: its digest is not the signed one.")
    found.wrong(SubIndication.HASH_FAILURE, "content-changed", sentence, where)
    return False


def _refuse_transform(found: Referred, reference: xf.Reference, where: str) -> None:
    accepted = (*CANONICALIZATIONS, xf.ENVELOPED)
    unknown = [one.algorithm for one in reference.transforms if one.algorithm not in accepted]
    if unknown:
        sentence = say(
            "The signature transforms what it signs by {name}, which is not accepted.", name=unknown[0][:100]
        )
    else:
        sentence = say("The signature transforms what it signs in a way that is not accepted.")
    found.unknown(SubIndication.SIG_CONSTRAINTS_FAILURE, "transform", sentence, where)
