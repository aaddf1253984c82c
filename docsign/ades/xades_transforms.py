"""What a reference into a signature's own document digests (XMLDSig 4.4.3): its target and its transforms.

Besides the canonicalisations there are three transforms, each in one form: the enveloped-signature one;
base64 over a ds:Object of text alone (XMLDSig 1.1 6.6.2 requires it, it is the only way to envelop octets,
and what is digested is exactly what it decodes to); and the XPath, or XPath filter 2.0, that takes the
signatures out of the document, which programs write in place of the first where several sign one document.
Nothing is evaluated: an expression is one of those known, or refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import BinaryIO

from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades.xml import (
    C14N,
    CANONICALIZATIONS,
    alone,
    canonicalize,
    canonicalize_document,
    parse,
    without_comments,
)
from docsign.errors import XmlError
from docsign.sentence import say
from docsign.values import dataclass

Resolve = Callable[[str], BinaryIO | bytes | None]
"""Gives a file's bytes by the name a reference has once it is decoded; None where there is no such file."""

NameOf = Callable[[str], str | None]
"""Gives the name of the file that a reference's URI means; None where it leads elsewhere."""

Digests = dict[tuple[str, str], bytes | None]
"""Digests already made, by file name and hash."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a signature's references lead: its own document, and the files beside it.

    ``unnamed`` is the file that a reference without URI means, empty where it is not here; None: it may not
    leave it out.
    """

    document: xf.Document
    resolve: Resolve
    name_of: NameOf
    digests: Digests
    budget: Budget
    unnamed: str | None = None


_XPOINTER = re.compile(r"""#xpointer\((?:/|id\((['"])([^'"()]*)\1\))\)""")


def is_own(uri: str) -> bool:
    """Tell whether a reference leads into the signature's own document."""
    return uri == "" or uri.startswith("#")


def own_target(uri: str, document: xf.Document) -> etree._Element | None:
    """Return the element of the own document that a reference means (XMLDSig 4.4.3.2); None: there is none.

    Raises XmlError where two elements could be meant.
    """
    if uri == "":
        return document.root
    identifier = uri[1:]
    if uri.startswith("#xpointer("):
        pointed = _XPOINTER.fullmatch(uri)
        if pointed is None:
            return None
        if pointed[2] is None:
            return document.root
        identifier = pointed[2]
    if identifier in document.ambiguous:
        raise XmlError(say("The identifier {id} occurs twice.", id=identifier[:60]))
    return document.ids.get(identifier)


def are_known(transforms: Iterable[xf.Transform]) -> bool:
    """Tell whether each of these transforms is one that may be used over the own document."""
    known = (*CANONICALIZATIONS, xf.ENVELOPED, xf.BASE64)
    return all(one.algorithm in known or one.subtracted is not None for one in transforms)


def own_octets(
    form: xf.Form, reference: xf.Reference, sources: Sources, *, node_set: xf.Transform | None = None
) -> bytes | None:
    """Return what a reference into the own document digests; None: nothing there, or an unknown transform.

    ``node_set`` is the canonicalisation of what no transform canonicalises: C14N 1.0 (XMLDSig 4.4.3.2), in a
    time-stamp's imprint its own. Raises XmlError where it cannot be made, or too often.
    """
    uri = reference.uri or ""
    target = own_target(uri, sources.document)
    if target is None:
        return None
    sources.budget.spend()
    transforms = list(reference.transforms)
    if [one.algorithm for one in transforms] == [xf.BASE64]:
        return xf.decoded(target) if xf.is_ds(target, "Object") else None
    gone: list[etree._Element] = []
    if transforms and transforms[0].algorithm in (xf.ENVELOPED, xf.FILTER, xf.XPATH):
        gone = _taken_out(transforms.pop(0), target, form, sources.document)
        if not gone:
            return None
    if any(one.algorithm not in CANONICALIZATIONS for one in transforms):
        return None
    chosen = transforms.pop(0) if transforms else node_set or xf.Transform(C14N)
    # 4.4.3.3: only an XPointer keeps comments
    algorithm = chosen.algorithm if "xpointer(" in uri else without_comments(chosen.algorithm)
    whole = target is sources.document.root and not (uri.startswith("#") and "xpointer(/" not in uri)
    if gone:
        apart = _without(target, gone, algorithm, whole=whole)
        canonical = canonicalize_document(apart, algorithm, chosen.prefixes)
    else:
        canonical = (canonicalize_document if whole else canonicalize)(target, algorithm, chosen.prefixes)
    for one in transforms:
        canonical = canonicalize_document(parse(canonical), one.algorithm, one.prefixes)
    return canonical


def _taken_out(
    transform: xf.Transform, target: etree._Element, form: xf.Form, document: xf.Document
) -> list[etree._Element]:
    """Return the signatures that a transform takes out of the target, none where it takes out others.

    This one (XMLDSig 6.6.4), or those of the whole document or directly below its root (XPath, XMLDSig 6.6.3;
    XPath filter 2.0, 3): the form of the document says that a signature stands nowhere where something could
    be hidden in it.
    """
    if form.element is target or target not in form.element.iterancestors():
        return []
    if transform.algorithm == xf.ENVELOPED:
        return [form.element]
    if transform.subtracted is None:
        return []
    every = [
        one
        for one in document.signatures
        if transform.subtracted == "every" or one.getparent() is document.root
    ]
    if form.element not in every or any(one is target or one in target.iterancestors() for one in every):
        return []
    return [one for one in every if target in one.iterancestors()]


def _without(
    target: etree._Element, signatures: list[etree._Element], algorithm: str, *, whole: bool
) -> etree._Element:
    """Return a copy of the target as its own document, without the signatures inside it."""
    copied = (
        parse(etree.tostring(target.getroottree(), encoding="UTF-8")) if whole else alone(target, algorithm)
    )
    every = [_at(copied, _way(target, signature)) for signature in signatures]
    for gone in every:
        parent, before = gone.getparent(), gone.getprevious()
        assert parent is not None
        if gone.tail and before is None:  # the text behind it stays
            parent.text = (parent.text or "") + gone.tail
        elif gone.tail and before is not None:
            before.tail = (before.tail or "") + gone.tail
        parent.remove(gone)
    return copied


def _at(element: etree._Element, way: list[int]) -> etree._Element:
    for place in way:
        element = element[place]
    return element


def _way(above: etree._Element, below: etree._Element) -> list[int]:
    """Return the places of children that lead from one element down to the other."""
    way: list[int] = []
    while below is not above:
        parent = below.getparent()
        assert parent is not None
        way.append(parent.index(below))
        below = parent
    return way[::-1]
