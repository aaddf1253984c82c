"""Read the manifests of a container: what a CAdES signature, time-stamp or evidence record covers.

ASiCManifest, ASiCArchiveManifest and ASiCEvidenceRecordManifest have one form (EN 319 162-1 A.4, TS 102 918
A.3). Nothing is judged here but the form.
"""

from __future__ import annotations

from lxml import etree

from docsign.ades.xades_algorithms import DS
from docsign.ades.xades_form import decoded
from docsign.ades.xml import elements, local_name, namespace, parse
from docsign.errors import XmlError
from docsign.sentence import say
from docsign.values import dataclass

_SPACES = ("http://uri.etsi.org/02918/v1.2.1#", "http://uri.etsi.org/02918/v1.1.1#")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReference:
    """A file that a manifest names; ``digest_method`` is a URI."""

    uri: str
    digest_method: str
    digest: bytes
    is_root: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AsicManifest:
    """A manifest: ``signature_uri`` is the file that signs or stamps its bytes."""

    signature_uri: str
    references: tuple[DataReference, ...]


def read_manifest(xml: bytes) -> AsicManifest:
    """Read a manifest; raises XmlError for every breach of its form."""
    root = parse(xml)
    if local_name(root) != "ASiCManifest" or namespace(root) not in _SPACES:
        raise XmlError(say("This is no manifest of a container."), where=local_name(root))
    children = list(elements(root))
    if not children or local_name(children[0]) != "SigReference" or namespace(children[0]) not in _SPACES:
        raise XmlError(say("missing"), where="ASiCManifest/SigReference")
    references = [_reference(one) for one in children[1:] if local_name(one) == "DataObjectReference"]
    if any(local_name(one) == "SigReference" for one in children[1:]):
        raise XmlError(say("The manifest names two signatures."), where="ASiCManifest/SigReference")
    if not references:
        raise XmlError(say("The manifest names no file."), where="ASiCManifest")
    if len({one.uri for one in references}) != len(references):
        raise XmlError(say("The manifest names a file twice."), where="ASiCManifest")
    if sum(one.is_root for one in references) > 1:
        raise XmlError(say("The manifest names two root files."), where="ASiCManifest")
    return AsicManifest(signature_uri=children[0].get("URI", ""), references=tuple(references))


def _reference(element: etree._Element) -> DataReference:
    where = "ASiCManifest/DataObjectReference"
    method, value = element.find(f"{{{DS}}}DigestMethod"), element.find(f"{{{DS}}}DigestValue")
    if method is None or value is None or len(element.findall(f"{{{DS}}}DigestValue")) > 1:
        raise XmlError(say("missing"), where=f"{where}/DigestValue")
    return DataReference(
        uri=element.get("URI", ""),
        digest_method=method.get("Algorithm", ""),
        digest=decoded(value),
        is_root=element.get("Rootfile") in ("true", "1"),
    )
