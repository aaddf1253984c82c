"""Check what an XML signature refers to: files by name, or parts of its own document (XMLDSig 4.4.3).

Transforms are the canonicalisations and, over the own document, the enveloped-signature transform; nothing
else. A file's bytes are digested as they come, piece by piece. Nothing is opened here: ``resolve`` gives
bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import field
from itertools import pairwise
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.algorithms import WEAK_HASHES, UnsupportedAlgorithmError, hash_bytes
from docsign.ades.signer import Problem, doubtful, failed
from docsign.ades.xml import (
    C14N,
    CANONICALIZATIONS,
    canonicalize,
    canonicalize_document,
    parse,
    without_comments,
)
from docsign.errors import ContainerError, XmlError
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import SubIndication

Resolve = Callable[[str], BinaryIO | bytes | None]
"""Gives a file's bytes by the name a reference has once it is decoded; None where there is no such file."""

Digests = dict[tuple[str, str], bytes | None]
"""Digests already made, by file name and hash."""

_PIECE = 256 * 1024
_TRANSFORMED_LIMIT = 8 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Referred:
    """What became of the references; ``right`` is None where one could not be checked.

    ``names`` holds the files referred to, ``covered`` those whose digest is right; the empty name stands for
    the signature's whole own document. ``data`` says whether anything but the signature itself is signed.
    """

    names: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    right: bool | None = True
    data: bool = False

    def wrong(self, sub: SubIndication, code: str, sentence: Sentence, where: str) -> None:
        """Keep a problem that is TOTAL-FAILED."""
        self.problems.append(failed(sub, code, sentence, where))
        self.right = False

    def unknown(self, sub: SubIndication, code: str, sentence: Sentence, where: str) -> None:
        """Keep a problem that is INDETERMINATE."""
        self.problems.append(doubtful(sub, code, sentence, where))
        self.right = self.right and None


def weak_digest(name: str) -> Problem:
    """Return the problem of a digest that is too weak today."""
    sentence = say("The digest {name} is too weak and no longer accepted.", name=name.upper())
    return doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "weak-algorithm", sentence)


@dataclass(slots=True)
class Budget:
    """How many bytes of the own document may be written out to be digested, all signatures together."""

    left: int
    cost: int

    @staticmethod
    def of(xml: bytes) -> Budget:
        """Return the budget of a document: each reference into it may cost all of it."""
        return Budget(left=64 * 1024 * 1024 + 16 * len(xml), cost=len(xml))

    def spend(self) -> None:
        """Count one reference; raises XmlError when nothing is left."""
        self.left -= self.cost
        if self.left < 0:
            raise XmlError(say("The signatures refer to their own document too often."))


def check_references(
    form: xf.Form, *, document: xf.Document, resolve: Resolve, digests: Digests, budget: Budget
) -> Referred:
    """Check every reference of a signature; ``digests`` is read and added to, ``budget`` spent."""
    found = Referred()
    for place, reference in enumerate(form.references, 1):
        where = f"Reference[{place}]"
        try:
            name = xf.digest_name(reference.digest_method)
        except UnsupportedAlgorithmError as error:
            found.unknown(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence, where)
            continue
        if name in WEAK_HASHES and (weak := weak_digest(name)) not in found.problems:
            found.problems.append(weak)
        if reference.uri is None:
            sentence = say("A reference does not say what it is about.")
            found.wrong(SubIndication.FORMAT_FAILURE, "reference", sentence, where)
        elif reference.uri == "" or reference.uri.startswith("#"):
            _check_own(found, form, reference, document, budget, name)
        else:
            _check_file(found, reference, reference.uri, resolve, digests, name)
    return found


def canonical_part(
    element: etree._Element, transforms: Sequence[xf.Transform], *, whole: bool = False
) -> bytes | None:
    """Return the bytes of a part of the own document; None for transforms that are not accepted.

    At most one canonicalisation; without one C14N 1.0 is used (XMLDSig 4.4.3.2), and comments are left out
    (4.4.3.3). Raises XmlError where the canonicalisation cannot be made.
    """
    if len(transforms) > 1 or any(one.algorithm not in CANONICALIZATIONS for one in transforms):
        return None
    chosen = transforms[0] if transforms else xf.Transform(C14N)
    algorithm = without_comments(chosen.algorithm)
    if whole:
        return canonicalize_document(element, algorithm)
    return canonicalize(element, algorithm, chosen.prefixes)


def _check_own(
    found: Referred,
    form: xf.Form,
    reference: xf.Reference,
    document: xf.Document,
    budget: Budget,
    name: str,
) -> None:
    """Check a reference into the signature's own document."""
    uri = reference.uri or ""
    where = uri[:100]
    target = document.root if uri == "" else document.ids.get(uri[1:])
    if target is None:
        sentence = say("A part that the signature covers is missing: {name}.", name=where)
        found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, where)
        return
    found.data = found.data or not _is_about_itself(target, form)
    transforms = reference.transforms
    try:
        budget.spend()
        if transforms and transforms[0].algorithm == xf.ENVELOPED:
            target, transforms = _without(target, form.element), transforms[1:]
        canonical = None if target is None else canonical_part(target, transforms, whole=uri == "")
    except XmlError as error:
        found.unknown(SubIndication.SIG_CONSTRAINTS_FAILURE, "transform", error.sentence, where)
        return
    if canonical is None:
        _refuse_transform(found, where)
        return
    _compare(found, hash_bytes(name, canonical), reference, where)
    if uri == "" and hash_bytes(name, canonical) == reference.digest:
        found.covered.add("")


def _is_about_itself(target: etree._Element, form: xf.Form) -> bool:
    """Tell whether the target is the signature's own properties or key."""
    above = [target, *target.iterancestors()]
    return form.qualifying in above or any(one.tag == f"{{{xf.DS}}}KeyInfo" for one in above)


def _without(target: etree._Element, signature: etree._Element) -> etree._Element | None:
    """Return a copy of the document without the signature inside it; None for any other target."""
    tree = signature.getroottree()
    if target is not tree.getroot() or target is signature:
        return None
    gone = parse(etree.tostring(tree, encoding="UTF-8"))
    copied = gone
    way = [signature, *signature.iterancestors()]
    for child, above in reversed(list(pairwise(way))):
        gone = gone[above.index(child)]
    parent, before = gone.getparent(), gone.getprevious()
    assert parent is not None
    if gone.tail and before is None:  # the text behind it stays
        parent.text = (parent.text or "") + gone.tail
    elif gone.tail and before is not None:
        before.tail = (before.tail or "") + gone.tail
    parent.remove(gone)
    return copied


def _check_file(
    found: Referred,
    reference: xf.Reference,
    uri: str,
    resolve: Resolve,
    digests: Digests,
    name: str,
) -> None:
    """Check a reference to a file: found by its decoded name."""
    entry = file_name(uri)
    if entry is None:
        sentence = say("The reference {uri} leads out of the container.", uri=uri[:100])
        found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, uri[:100])
        return
    found.names.add(entry)
    found.data = True
    if any(transform.algorithm not in CANONICALIZATIONS for transform in reference.transforms):
        _refuse_transform(found, entry)
        return
    try:
        digest = _file_digest(resolve, digests, entry, name, reference.transforms)
    except ContainerError as error:
        found.wrong(SubIndication.HASH_FAILURE, "content-damaged", error.sentence, entry)
        return
    except XmlError as error:
        found.wrong(SubIndication.HASH_FAILURE, "content-changed", error.sentence, entry)
        return
    if digest is None:
        sentence = say("A file that the signature covers is missing: {name}.", name=entry)
        found.unknown(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, entry)
        return
    _compare(found, digest, reference, entry)
    if digest == reference.digest:
        found.covered.add(entry)


def file_name(uri: str) -> str | None:
    """Decode a reference to a file's name (RFC 3986); None where it leads elsewhere."""
    if ":" in uri.partition("/")[0] or uri.startswith("/") or "#" in uri or "?" in uri:
        return None
    try:
        return unquote_to_bytes(uri).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _file_digest(
    resolve: Resolve, digests: Digests, entry: str, name: str, transforms: Sequence[xf.Transform]
) -> bytes | None:
    if not transforms:
        key = (entry, name)
        if key not in digests:
            digests[key] = _digest_of(resolve(entry), name)
        return digests[key]
    source = resolve(entry)
    if source is None:
        return None
    data = source if isinstance(source, bytes) else source.read(_TRANSFORMED_LIMIT + 1)
    for transform in transforms:
        data = canonicalize_document(
            parse(data, limit=_TRANSFORMED_LIMIT), transform.algorithm, transform.prefixes
        )
    return hash_bytes(name, data)


def _digest_of(source: BinaryIO | bytes | None, name: str) -> bytes | None:
    if source is None:
        return None
    if isinstance(source, bytes):
        return hash_bytes(name, source)
    digest = hashlib.new(name, usedforsecurity=False)
    with source:
        while piece := source.read(_PIECE):
            digest.update(piece)
    return digest.digest()


def _compare(found: Referred, digest: bytes, reference: xf.Reference, where: str) -> None:
    if digest != reference.digest:
        sentence = say("The content was changed after it was signed: its digest is not the signed one.")
        found.wrong(SubIndication.HASH_FAILURE, "content-changed", sentence, where)


def _refuse_transform(found: Referred, where: str) -> None:
    sentence = say("The signature transforms what it signs in a way that is not accepted.")
    found.unknown(SubIndication.SIG_CONSTRAINTS_FAILURE, "transform", sentence, where)
