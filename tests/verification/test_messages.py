"""Messages of the national axis: the signatures inside their files are judged, their own where it is one."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from docsign import Trust, verify
from docsign.detached import sign_detached
from docsign.envelope.edxml_message import write_message
from docsign.pki import SigningKey
from docsign.verdict import Conclusion, FileFormat, Indication, Report, SubIndication
from tests.ades.xades_building import built, enveloped
from tests.envelope.test_edxml_message import HEADER, attachment, base64_of, vendors, zipped

XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
AT = datetime.now(UTC) + timedelta(minutes=2)


def message(*files: tuple[str, bytes]) -> bytes:
    """Return a message with these files."""
    target = io.BytesIO()
    sent = [
        attachment(data, name, "application/octet-stream", content_id=f"tep-{n}")
        for n, (name, data) in enumerate(files, 1)
    ]
    write_message(target, HEADER, sent)
    return target.getvalue()


def codes(report: Report) -> list[str]:
    """Return the codes of the findings."""
    return [one.code for one in report.findings]


def test_signed_files_are_judged(by_both: bytes, agency_key: SigningKey, trust: Trust) -> None:
    """A PDF, a signature with its file beside it; the message itself is not signed, and that is said."""
    note = "Phụ lục".encode()
    data = message(
        ("12.pdf", by_both), ("phụ lục.txt", note), ("phụ lục.txt.p7s", sign_detached(note, agency_key))
    )
    report = verify(data, trust=trust, at=AT, offline=True)
    assert report.format is FileFormat.EDXML
    assert report.conclusion == Conclusion.no_signature()
    assert [(name, one.conclusion.indication) for name, one in report.contents] == [
        ("12.pdf", Indication.TOTAL_PASSED),
        ("phụ lục.txt.p7s", Indication.TOTAL_PASSED),
    ]
    assert [len(one.signatures) for _, one in report.contents] == [2, 1]
    assert codes(report) == ["edxml-says", "edxml-unsigned"]
    official = verify(data, trust=trust, at=AT, offline=True, policy="official")
    assert official.conclusion.indication is Indication.TOTAL_PASSED


def test_a_changed_file_is_found_in_its_wrapping(by_both: bytes, trust: Trust) -> None:
    """As the official library wraps it: unwrapped, judged, and the worst decides where that is asked."""
    changed = by_both.replace(b"%PDF-1.", b"%PDF-2.", 1)
    data = vendors(base64_of(zipped(("0f1e.pdf", changed))), label="application/zip")
    report = verify(data, trust=trust, at=AT, offline=True)
    ((name, inner),) = report.contents
    assert (name, inner.conclusion.indication) == ("a.pdf", Indication.TOTAL_FAILED)
    assert {"edxml-wrapped", "content-not-passed"} <= set(codes(report))
    official = verify(data, trust=trust, at=AT, offline=True, policy="official")
    assert official.conclusion.indication is Indication.TOTAL_FAILED


def test_a_file_without_signature_is_said(pdf: bytes, trust: Trust) -> None:
    """Neither message nor file is signed."""
    report = verify(message(("12.pdf", pdf)), trust=trust, at=AT, offline=True)
    assert report.contents == ()
    assert set(codes(report)) == {"edxml-says", "edxml-unsigned", "content-unsigned"}
    assert report.conclusion == Conclusion.no_signature()


def test_a_dummy_signature_is_named(by_both: bytes, trust: Trust) -> None:
    """In the namespace of edXML it is none, and never a failure."""
    dummy = b"<Signature><SignatureValue>AAAA</SignatureValue></Signature></edXMLHeader>"
    data = vendors(base64_of(by_both)).replace(b"</edXMLHeader>", dummy)
    report = verify(data, trust=trust, at=AT, offline=True)
    assert report.conclusion == Conclusion.no_signature()
    assert report.signatures == ()
    assert "edxml-dummy-signature" in codes(report)


@pytest.mark.parametrize(
    ("changed", "answer"),
    [(False, Conclusion.passed()), (True, Conclusion.failed(SubIndication.HASH_FAILURE))],
)
def test_a_true_signature_is_judged(
    changed: bool, answer: Conclusion, by_both: bytes, agency_key: SigningKey, trust: Trust
) -> None:
    """XML-DSig over the whole message: passes, or fails with one changed letter; its files are judged."""
    text = message(("12.pdf", by_both)).decode().replace("</edXML:edXMLHeader>", "{}</edXML:edXMLHeader>")
    data = built(enveloped(agency_key, text))
    if changed:
        data = data.replace("V/v thử".encode(), "V/v thứ".encode(), 1)
    report = verify(data, trust=trust, at=AT, offline=True)
    assert report.conclusion == answer
    assert report.format is FileFormat.EDXML
    assert [one.level for one in report.signatures] == ["XAdES-B-B"]
    assert [one.conclusion.indication for _, one in report.contents] == [Indication.TOTAL_PASSED]
    assert "edxml-unsigned" not in codes(report)


def test_an_empty_signature_in_the_true_namespace_fails(trust: Trust) -> None:
    """Whoever claims a signature has one, or fails with the reason."""
    empty = f'<Signature xmlns="{XMLDSIG}"><SignedInfo/></Signature></edXMLHeader>'.encode()
    report = verify(vendors("").replace(b"</edXMLHeader>", empty), trust=trust, at=AT, offline=True)
    assert report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def test_a_signature_over_much_xml_is_not_judged(trust: Trust) -> None:
    """Neither good nor bad: said, with the size."""
    signature = f'<Signature xmlns="{XMLDSIG}"/></edXML:edXMLHeader>'.encode()
    data = message(("lon.bin", bytes(7_000_000))).replace(b"</edXML:edXMLHeader>", signature)
    report = verify(data, trust=trust, at=AT, offline=True)
    assert report.conclusion == Conclusion.indeterminate(SubIndication.GENERIC)
    assert "too-large" in codes(report)


def test_a_message_that_cannot_be_read_says_where(trust: Trust) -> None:
    """A DTD, base64 that is none, a cut file: one finding with the place, no exception."""
    broken = {
        "": b"<!DOCTYPE edXML [<!ENTITY e 'x'>]>" + vendors(""),
        "Attachment[1].ContentTransferEncoded": vendors("JVBE*"),
    }
    for where, data in broken.items():
        report = verify(data, trust=trust, at=AT, offline=True)
        (finding,) = [one for one in report.findings if one.code == "edxml-form"]
        assert finding.where == where
        assert report.format is FileFormat.EDXML


def test_a_status_carries_nothing(trust: Trust) -> None:
    """It is read, and has no signature."""
    whole = vendors("").decode()
    status = re.sub(r"<To>.*?</To>", "<ResponseFor><OrganId>H99.12</OrganId></ResponseFor>", whole)
    status = status.replace(
        "<Code>", "<StatusCode>03</StatusCode><Timestamp>2026/11/16 10:00:00</Timestamp><Code>"
    )
    report = verify(status.encode(), trust=trust, at=AT, offline=True)
    assert "edxml-form" not in codes(report)
    assert report.conclusion == Conclusion.no_signature()


def test_a_large_file_inside_is_bounded(
    by_both: bytes, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the limit it is named and not judged."""
    monkeypatch.setattr("docsign.verification.messages.CONTENT_LIMIT", 1000)
    report = verify(message(("12.pdf", by_both)), trust=trust, at=AT, offline=True)
    assert report.contents == ()
    assert "too-large" in codes(report)
