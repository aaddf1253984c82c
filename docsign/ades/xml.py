"""The one XML parser of the project, hardened, and canonical XML.

No DTD, no entities, no network, no deep or huge trees: such a file is refused before its content is looked
at. What is signed is read from its canonical bytes (``signed_view``), so that the node used is the node
digested.
"""

from __future__ import annotations

import codecs
import io
import re
import threading
from typing import Any, BinaryIO

from lxml import etree

from docsign.errors import XmlError
from docsign.sentence import say

LIMIT = 8 * 1024 * 1024
"""The largest XML text parsed, in bytes, unless the caller says otherwise."""

_REWRITTEN_LIMIT = 4 * LIMIT  # characters may be written as references

MAX_MARKUP = 200_000
"""How many ``<`` a text may hold: each may become a node that costs far more than its bytes."""

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_COMMENTS = {
    # with comments: the same without
    C14N + "#WithComments": C14N,
    C14N_11 + "#WithComments": C14N_11,
    EXC_C14N + "WithComments": EXC_C14N,
}
CANONICALIZATIONS = frozenset({C14N, C14N_11, EXC_C14N, *_COMMENTS})
"""The canonicalisations that are understood (XMLDSig 6.5)."""

_DECLARED = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PLAIN = re.compile(rb"""<(?:\?xml version=["']1\.0["'] encoding=["'](?i:utf-8)["']|[A-Za-z_])""")
"""How most files begin: what they are written in needs no closer look."""
_UNICODE = frozenset({"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii"})
_ONE_BYTE = frozenset(
    # ASCII and one byte a letter: markup is the same to every reader
    {f"iso-8859-{part}" for part in (1, 2, 3, 4, 5, 7, 9, 10, 13, 14, 15, 16)}
    | {f"windows-125{part}" for part in (0, 1, 2, 3, 4, 7)}
)
_HARDENED: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "recover": False,
}
_PIECE = 64 * 1024
_ELEMENT = type(etree.Element("e"))  # comments and the like are made of classes below it
_XML = "{http://www.w3.org/XML/1998/namespace}"
_BEFORE_ROOT = re.compile(r"\s*+<(?:\?[^?]*+.*?\?|!--.*?--)>\s*+|\s+", re.DOTALL)


class XmlTooLargeError(XmlError):
    """An XML text beyond the limits of this parser: it may be in order, and is not looked at."""


def parse(data: bytes, *, limit: int = LIMIT) -> etree._Element:
    """Parse XML and return its root; raises XmlError for what is not well formed or not allowed.

    UTF-8, UTF-16 and the one-byte alphabets (Latin and the like), at most ``limit`` bytes, no document
    type declaration.
    """
    if len(data) > limit:
        raise XmlTooLargeError(
            say("The XML is too large: {size} bytes, {limit} at most.", size=len(data), limit=limit)
        )
    text = _decoded(data)
    if len(text) > MAX_MARKUP and text.count("<") > MAX_MARKUP:
        raise XmlTooLargeError(say("The XML holds too many elements: {limit} at most.", limit=MAX_MARKUP))
    _refuse_dtd(text)
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise XmlError(say("The XML is not well formed: {reason}.", reason=_reason(error))) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError(say("The XML declares a document type (DTD), which is not allowed."))
    return root


def parse_canonical(data: bytes) -> etree._Element:
    """Parse what ``canonicalize`` gave and return its root; raises XmlError.

    It is UTF-8 without a declaration, and its text was checked when the document around it was parsed.
    """
    if len(data) > LIMIT:
        return parse(data)
    try:
        return etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise XmlError(say("The XML is not well formed: {reason}.", reason=_reason(error))) from error


_thread = threading.local()


def _parser() -> etree.XMLParser:
    """Return the parser of this thread: making one takes as long as reading a small text."""
    made: etree.XMLParser | None = getattr(_thread, "parser", None)
    if made is None:
        made = _thread.parser = etree.XMLParser(**_HARDENED)
    return made


def feed(stream: BinaryIO, target: object) -> Any:
    """Parse XML piece by piece into a parser target and return what its ``close`` gives; raises XmlError.

    As strict as ``parse`` about encodings and document types. How many elements there may be, how deep, and
    how much text, is the target's to count. What the target raises comes through.
    """
    head = stream.read(_PIECE)
    if not head:
        raise XmlError(say("The file is empty."))
    text = _decoded(head, whole=False)
    place = _refuse_dtd(text)
    if text[place : place + 1] != "<" or text[place + 1 : place + 2] in ("", "!", "?"):
        raise XmlError(say("The XML does not begin with its root element."))
    parser = etree.XMLParser(target=target, **_HARDENED)  # type: ignore[arg-type] # as lxml documents it
    try:
        while head:
            parser.feed(head)
            head = stream.read(_PIECE)
        return parser.close()
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise XmlError(say("The XML is not well formed: {reason}.", reason=_reason(error))) from error


def _refuse_dtd(text: str) -> int:
    """Return where the root element begins; raises XmlError for a document type declaration."""
    position = 0
    while match := _BEFORE_ROOT.match(text, position):
        position = match.end()
    if text.startswith("<!", position):
        raise XmlError(say("The XML declares a document type (DTD), which is not allowed."))
    return position


def canonicalize(element: etree._Element, algorithm: str, prefixes: tuple[str, ...] = ()) -> bytes:
    """Return the canonical bytes of the element with all below it; ``prefixes`` as in InclusiveNamespaces.

    Raises XmlError for an unknown algorithm, and where it cannot be made.
    """
    if algorithm in (EXC_C14N, EXC_C14N + "WithComments") and not prefixes:
        try:
            written: bytes = etree.tostring(
                element, method="c14n", exclusive=True, with_comments=algorithm in _COMMENTS, with_tail=False
            )
        except (etree.LxmlError, ValueError) as error:
            raise _not_canonical(error) from error
        return written
    return canonicalize_document(alone(element, algorithm), algorithm, prefixes)


def alone(element: etree._Element, algorithm: str) -> etree._Element:
    """Return a copy of the element as the root of its own document, with what it inherits; raises XmlError.

    The namespaces in scope stand on it, and for the inclusive canonicalisations the ``xml:`` attributes of
    its ancestors (C14N 1.0 2.4, C14N 1.1 2.4: no xml:id).
    """
    # Written out and read again, so that the namespaces of the ancestors stand on the element itself.
    copy = parse(etree.tostring(element, with_tail=False), limit=_REWRITTEN_LIMIT)
    if not algorithm.startswith(EXC_C14N):
        for ancestor in element.iterancestors():
            for name, value in ancestor.attrib.items():
                name = str(name)
                if not name.startswith(_XML) or name in copy.attrib:
                    continue
                if algorithm.startswith(C14N_11) and name == _XML + "base":  # would have to be joined
                    raise XmlError(say("Attributes of the xml: namespace stand above the signed part."))
                if not (algorithm.startswith(C14N_11) and name == _XML + "id"):
                    copy.set(name, value)
    return copy


def canonicalize_document(root: etree._Element, algorithm: str, prefixes: tuple[str, ...] = ()) -> bytes:
    """Return the canonical bytes of a whole document, with what stands beside its root; raises XmlError."""
    if algorithm not in CANONICALIZATIONS:
        raise XmlError(say("This canonicalisation is not known: {algorithm}.", algorithm=algorithm[:100]))
    exclusive = algorithm.startswith(EXC_C14N)
    if exclusive and "#default" in prefixes and not _knows_default():
        raise XmlError(say("This canonicalisation is not known: {algorithm}.", algorithm="#default"))
    try:
        written: bytes = etree.tostring(
            root.getroottree(),
            method="c14n",
            exclusive=exclusive,
            with_comments=algorithm in _COMMENTS,
            inclusive_ns_prefixes=list(prefixes) if exclusive and prefixes else None,
        )
    except (etree.LxmlError, ValueError) as error:
        raise _not_canonical(error) from error
    return written


def _not_canonical(error: Exception) -> XmlError:
    return XmlError(say("The XML cannot be brought into canonical form: {reason}.", reason=_reason(error)))


_DEFAULT_TRIAL = b'<a xmlns="urn:d" xmlns:n="urn:n"><n:b/></a>'


def _knows_default() -> bool:
    """Make lxml pass ``#default`` on to libxml2 in this thread, and tell whether it does.

    lxml hands only those prefixes on that its thread has met as names; a parser that looks for elements of
    this name has met it. One small document tells whether it worked.
    """
    if not getattr(_thread, "knows_default", False):
        for _ in etree.iterparse(io.BytesIO(_DEFAULT_TRIAL), tag="#default"):
            pass
        trial = etree.fromstring(etree.tostring(etree.fromstring(_DEFAULT_TRIAL)[0]))
        written = etree.tostring(
            trial.getroottree(), method="c14n", exclusive=True, inclusive_ns_prefixes=["#default"]
        )
        _thread.knows_default = b'xmlns="urn:d"' in written
    return bool(_thread.knows_default)


def without_comments(algorithm: str) -> str:
    """Return the canonicalisation that leaves comments out."""
    return _COMMENTS.get(algorithm, algorithm)


def local_name(element: etree._Element) -> str:
    """Return the element's name without its namespace; empty for comments and the like: theirs is no text."""
    tag: Any = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: etree._Element) -> str:
    """Return the element's namespace, empty where it has none."""
    tag: Any = element.tag
    return tag.rpartition("}")[0][1:] if isinstance(tag, str) else ""


def elements(parent: etree._Element) -> list[etree._Element]:
    """Return the child elements, without comments and processing instructions."""
    every: list[etree._Element] = parent[:]  # type: ignore[index, assignment] # not in the stubs
    return [one for one in every if type(one) is _ELEMENT]


def escaped(text: str) -> str:
    """Return the text as it stands between tags or inside a double-quoted attribute."""
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("\r", "&#13;")
    )


def writable(text: str) -> bool:
    """Tell whether XML 1.0 can carry every character of the text."""
    return all(
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
        for character in text
    )


def _decoded(data: bytes, *, whole: bool = True) -> str:
    """Decode for the checks before parsing; the parser itself gets the bytes. Not ``whole``: a beginning."""
    if whole and _PLAIN.match(data):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _not_text() from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith(b"<\0"):
        encoding = "utf-16-le"
    elif data.startswith(b"\0<"):
        encoding = "utf-16-be"
    else:
        said = _DECLARED.match(data[:200].decode("latin-1"))
        known = said is not None and said[1].lower() in _ONE_BYTE and not data.startswith(codecs.BOM_UTF8)
        encoding = said[1].lower() if said is not None and known else "utf-8-sig"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, whole)
    except UnicodeDecodeError as error:
        raise _not_text() from error
    declared = _DECLARED.match(text)
    if declared and declared[1].lower() not in (_UNICODE if encoding.startswith("utf") else {encoding}):
        raise XmlError(
            say(
                "The XML declares the encoding {name}; only UTF-8 and UTF-16 are accepted.",
                name=declared[1][:40],
            )
        )
    return text


def _not_text() -> XmlError:
    return XmlError(say("The XML is not text in UTF-8 or UTF-16."))


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:200]
