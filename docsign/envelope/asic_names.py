"""What the files of a container are, by their names and its mimetype (EN 319 162-1, TS 102 918, ODF 1.2).

Names alone: nothing is opened here.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote_to_bytes

from docsign.verdict import FileFormat

MIMETYPE_NAME = "mimetype"
MIMETYPE = "application/vnd.etsi.asic-e+zip"  # EN 319 162-1 4.4.2 b
MIMETYPE_SIMPLE = "application/vnd.etsi.asic-s+zip"  # EN 319 162-1 4.3.2
COMMENT_PREFIX = "mimetype="  # EN 319 162-1 A.1
META = "META-INF/"
EXTERNAL_DATA = "external-data/"  # ODF 1.2 part 3 3.16

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
"""A reference that can be read in one way only."""

Kind = Literal[
    "mimetype",
    "data",
    "xades",
    "cades",
    "timestamp",
    "manifest",
    "archive-manifest",
    "evidence",
    "evidence-manifest",
    "meta",
]

_META_NAMES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    # EN 319 162-1 4.3.3.2, 4.4.3.2, 4.4.4.2, A.4 to A.8; the first that fits
    ("archive-manifest", re.compile(r"[^/]*ASiCArchiveManifest[^/]*\.xml")),
    ("evidence-manifest", re.compile(r"[^/]*ASiCEvidenceRecordManifest[^/]*\.xml")),
    ("manifest", re.compile(r"[^/]*ASiCManifest[^/]*\.xml")),
    ("evidence", re.compile(r"[^/]*evidencerecord[^/]*\.(?:ers|xml)", re.IGNORECASE)),
    ("xades", re.compile(r"[^/]*signatures[^/]*\.xml")),
    ("cades", re.compile(r"[^/]*signature[^/]*\.p7[sm]")),
    ("timestamp", re.compile(r"[^/]*timestamp[^/]*\.tst")),
)
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OLD_TYPES = ("application/vnd.bdoc", "application/vnd.etsi.asic")
CONTAINER_SUFFIXES = (".asice", ".asics", ".sce", ".scs", ".bdoc", ".edoc", ".adoc", ".ddoc")
_SIGNED: frozenset[Kind] = frozenset({"xades", "cades", "timestamp", "evidence"})


@lru_cache(maxsize=512)
def kind_of(name: str) -> Kind:
    """Return what a file of a container is."""
    if name == MIMETYPE_NAME:
        return "mimetype"
    if not name.startswith(META):
        return "data"
    inner = name.removeprefix(META)
    return next((kind for kind, pattern in _META_NAMES if pattern.fullmatch(inner)), "meta")


def is_open_document(mimetype: str | None) -> bool:
    """Tell whether the container says that it is an OpenDocument file."""
    return mimetype is not None and mimetype.startswith(_OPEN_DOCUMENT)


def is_container_type(mimetype: str | None) -> bool:
    """Tell whether a mimetype is one of those that signed containers have."""
    return mimetype is not None and mimetype.startswith((*_OLD_TYPES, _OPEN_DOCUMENT))


def format_of(mimetype: str | None, kinds: AbstractSet[Kind]) -> FileFormat:
    """Return what a container is: by its mimetype, without one by what it holds; OTHER: nothing is signed.

    An OpenDocument file with signatures is ASiC-E (EN 319 162-1 4.4.1).
    """
    if mimetype is not None and mimetype.startswith(MIMETYPE_SIMPLE):
        return FileFormat.ASICS
    if mimetype is not None and mimetype.startswith(MIMETYPE):
        return FileFormat.ASICE
    if not kinds & _SIGNED:
        return FileFormat.OTHER
    # EN 319 162-1 4.3.3.2: without a manifest a CAdES signature or a time-stamp is over the one file
    alone = "xades" not in kinds and not kinds & {"manifest", "archive-manifest", "evidence-manifest"}
    return FileFormat.ASICS if alone else FileFormat.ASICE


def names_in_uri(uri: str) -> tuple[str, ...]:
    """Return the names that a reference may mean, the standard's reading first; none: it leads elsewhere.

    The container's root is the base (EN 319 162-1 A.4), so a leading slash or ``./`` adds nothing. Some
    writers leave the name as it is, or write a space as ``+``.
    """
    if _PLAIN.fullmatch(uri):
        return (uri,)  # as nearly every reference is written: there is one reading
    path = uri.removeprefix("./").removeprefix("/")
    if ":" in path.partition("/")[0] or path.startswith("/") or not path:
        return ()
    readings = [unquote_to_bytes(path), path.encode(), unquote_to_bytes(path.replace("+", " "))]
    if "#" in path or "?" in path:
        readings = readings[1:2]
    names: list[str] = []
    for one in readings:
        try:
            names.append(one.decode("utf-8"))
        except UnicodeDecodeError:
            continue
    return tuple(dict.fromkeys(names))
