"""The validation report of ETSI TS 119 102-2: valid against its schema, and it says what the report says."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from docsign.report.html import to_html
from docsign.report.json import to_line
from docsign.report.xml import DS, OURS, VR, to_xml
from docsign.verdict import Indication, Report, SubIndication
from docsign.verification import verify
from tests.report.test_html import HOSTILE, spoilt

SCHEMAS = Path(__file__).parent / "schemas"
PINNED = {
    "TS119102-2-v141.xsd": "8ec8b9361b4e4565ac5a49e1a60274bd2f56c9f0c9f978bbbfa3d33ecc07f0b9",
    "XAdES01903v132-202407.xsd": "5d491d4031fc98cdc2b515810c70578e9c52dfdc132f1ffa4a267a51084fcb68",
    "ts_119612v020401_xsd.xsd": "10b6e5b9295aa55baf428e7435bb1c5b7bb2cdaec554c4dd4cc98d3003ba94d3",
    "xml.xsd": "42ee0813fa8921033e02df265d614850e31a3c194aa14f964612f95d845e5067",
    "xmldsig-core-schema.xsd": "46800873b24b35ba9d6746d4749dcc63bb98ec96d41606a36f12457a6197562f",
}
"""The schemas as their publishers gave them (SHA-256)."""
PLACES = {
    "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
    "XAdES.xsd": "XAdES01903v132-202407.xsd",
    "ts_119612v020201_201601xsd.xsd": "ts_119612v020401_xsd.xsd",
    "xml.xsd": "xml.xsd",
}
"""Where an import of a schema is answered from: the files beside this test, never the network."""


PDFS = Path(__file__).resolve().parents[1] / "pdf"
CORPUS = [*sorted((PDFS / "foreign").glob("*.pdf")), *sorted((PDFS / "honest").glob("*.*.pdf"))[::6]]


class _Beside(etree.Resolver):
    def resolve(self, *asked: Any) -> Any:  # its address, a public name, and lxml's own context
        name = asked[0].rpartition("/")[2]
        return self.resolve_filename(str(SCHEMAS / PLACES.get(name, name)), asked[-1])  # type: ignore[attr-defined]


@cache
def schema() -> etree.XMLSchema:
    """Return the schema of the report, with what it imports."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Beside())
    return etree.XMLSchema(etree.parse(str(SCHEMAS / "TS119102-2-v141.xsd"), parser))


def read(text: str) -> etree._Element:
    """Read a report as another program would, and hold it against the schema."""
    root = etree.fromstring(text.encode())
    schema().assertValid(root)
    return root


def texts(element: etree._Element, path: str) -> list[str]:
    """Return the texts found at a path of the report's elements."""
    found = element.findall("/".join(f"{{{VR}}}{name}" if name != "." else "." for name in path.split("/")))
    return [one.text or "" for one in found]


def test_the_schemas_are_the_published_ones() -> None:
    """A test that checks against a changed schema checks nothing."""
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in SCHEMAS.glob("*.xsd")}
    assert there == PINNED


def test_every_report_is_valid_against_the_schema(reports: dict[str, Report]) -> None:
    """One by one in both languages, and all of them in one document."""
    for report in reports.values():
        read(to_xml([report], "vi"))
        read(to_xml([report], "en"))
    root = read(to_xml(list(reports.values())))
    assert len(root.findall(f"{{{VR}}}SignatureValidationReport")) > len(reports)


def test_the_schema_refuses_what_is_wrong(reports: dict[str, Report]) -> None:
    """The validation itself works: without its status a report is refused."""
    root = etree.fromstring(to_xml([reports["two"]]).encode())
    report = root[0]
    report.remove(report.find(f"{{{VR}}}SignatureValidationStatus"))  # type: ignore[arg-type]
    assert not schema().validate(root)


@pytest.mark.parametrize("name", ["two", "changed", "untrusted", "alone", "appended", "envelope"])
def test_it_says_what_the_report_says(name: str, reports: dict[str, Report]) -> None:
    """Main indication and sub-indication of each signature, as the standard's URIs."""
    root = read(to_xml([reports[name]]))
    words = {
        Indication.TOTAL_PASSED: "total-passed",
        Indication.TOTAL_FAILED: "total-failed",
        Indication.INDETERMINATE: "indeterminate",
    }
    listed = [*reports[name].signatures, *(s for _, one in reports[name].contents for s in one.signatures)]
    told = root.findall(f"{{{VR}}}SignatureValidationReport")
    assert len(told) == len(listed)
    for element, signature in zip(told, listed, strict=True):
        status = "SignatureValidationStatus"
        main = texts(element, f"{status}/MainIndication")
        assert main == [f"urn:etsi:019102:mainindication:{words[signature.conclusion.indication]}"]
        sub: SubIndication | None = signature.conclusion.sub_indication
        expected = [] if sub is None else [f"urn:etsi:019102:subindication:{sub}"]
        assert texts(element, f"{status}/SubIndication") == expected
        assert texts(element, "SignerInformation/Signer") == [signature.signer]


def test_a_time_stamp_is_an_object_that_proves(reports: dict[str, Report]) -> None:
    """The signature's best time names the object, which has a report of its own."""
    root = read(to_xml([reports["stamped"]]))
    proof = root.find(f".//{{{VR}}}BestSignatureTime/{{{VR}}}POEObject")
    assert proof is not None
    held = root.find(f".//{{{VR}}}ValidationObject[@id='{proof.get('VOReference')}']")
    assert held is not None
    assert texts(held, "ObjectType") == ["urn:etsi:019102:validationObject:timestamp"]
    assert texts(held, "ValidationReport/SignatureValidationStatus/MainIndication") == [
        "urn:etsi:019102:mainindication:passed"
    ]


def test_the_file_is_named_by_its_digest(reports: dict[str, Report]) -> None:
    """The signed document is an object with the SHA-256 of the file."""
    root = read(to_xml([reports["two"]]))
    digests = [one.text for one in root.iter(f"{{{DS}}}DigestValue")]
    assert b64encode(bytes.fromhex(reports["two"].sha256)).decode() in digests


def test_a_file_without_a_signature_has_a_report_too(reports: dict[str, Report]) -> None:
    """With a word of our own: it can be mistaken neither for passed nor for failed."""
    root = read(to_xml([reports["unsigned"]]))
    assert texts(root, "SignatureValidationReport/SignatureValidationStatus/MainIndication") == [
        "urn:docsign:mainindication:no-signature"
    ]


def test_changes_are_told_with_their_pages(reports: dict[str, Report]) -> None:
    """In a vocabulary of our own, as the standard has none."""
    root = read(to_xml([reports["two"]]))
    changes = list(root.iter(f"{{{OURS}}}change"))
    assert {change.get("page") for change in changes} == {"1"}
    assert {change.get("allowed") for change in changes} == {"true"}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(text: str, reports: dict[str, Report]) -> None:
    """Whatever stands in a name, the report is well formed and valid."""
    for name in ("stamped", "envelope", "changed"):
        root = read(to_xml([spoilt(reports[name], text)]))
        assert {etree.QName(one).namespace for one in root.iter()} <= {VR, DS, OURS}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_files_of_many_producers_have_valid_reports(path: Path) -> None:
    """Whatever was signed by whatever software, the report of it is valid in all its forms."""
    report = verify(path, offline=True)
    read(to_xml([report]))
    assert to_html([report]).endswith("</html>\n")
    assert json.loads(to_line(report, verbose=True))["sha256"] == report.sha256
