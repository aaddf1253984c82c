"""Reports as one ETSI validation report (TS 119 102-2 V1.4.1), for other programs and for archives.

Every signature of every file, and of the files inside envelopes, is one SignatureValidationReport; the files,
certificates and time-stamps are the validation objects that it names. A file that nobody signed has a report
with a main indication of our own, as the standard has none for it. The report is not signed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from lxml import etree

from docsign.report.reasoning import Result, Step, reasoning, stamp_reasoning
from docsign.report.wording import clean
from docsign.sentence import Language
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    Report,
    SignatureReport,
    TimestampReport,
    rfc3339,
)

VR = "http://uri.etsi.org/19102/v1.4.1#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
DS = "http://www.w3.org/2000/09/xmldsig#"
OURS = "urn:docsign:report:1"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_NAMES: dict[Any, str] = {None: VR, "xades": XADES, "ds": DS, "docsign": OURS}
_INDICATIONS = {  # TS 119 102-2: the words for a signature
    Indication.TOTAL_PASSED: "urn:etsi:019102:mainindication:total-passed",
    Indication.TOTAL_FAILED: "urn:etsi:019102:mainindication:total-failed",
    Indication.INDETERMINATE: "urn:etsi:019102:mainindication:indeterminate",
    Indication.NO_SIGNATURE: "urn:docsign:mainindication:no-signature",
}
_OF_OBJECTS = {  # the words for what is not a signature
    Indication.TOTAL_PASSED: "urn:etsi:019102:mainindication:passed",
    Indication.TOTAL_FAILED: "urn:etsi:019102:mainindication:failed",
    Indication.INDETERMINATE: "urn:etsi:019102:mainindication:indeterminate",
    Indication.NO_SIGNATURE: "urn:docsign:mainindication:no-signature",
}
_STEPS: dict[Result, Indication | None] = {
    "ok": Indication.TOTAL_PASSED,
    "warning": Indication.TOTAL_PASSED,
    "not-ok": Indication.TOTAL_FAILED,
    "not-checked": None,
}
_STAMP_ATTRIBUTES = {
    "content": "AllDataObjectsTimeStamp",
    "signature": "SignatureTimeStamp",
    "archive": "ArchiveTimeStamp",
    "document": "DocTimeStamp",
}


def to_xml(reports: Sequence[Report], language: Language = "vi") -> str:
    """Return the validation report over all the files, as an XML document in UTF-8."""
    writer = _Writer(language)
    for report in reports:
        writer.file(report)
    root = etree.Element(_name("ValidationReport"), nsmap=_NAMES)
    root.extend(writer.signatures)
    objects = _add(root, "SignatureValidationObjects")
    objects.extend(writer.objects)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


class _Writer:
    """Collects the reports and the objects that they name; every id is made from their number."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.signatures: list[etree._Element] = []
        self.objects: list[etree._Element] = []

    def file(self, report: Report) -> None:
        """Add one file with everything in it."""
        at = report.at
        document = self._object("signedData", _digest(report.sha256), uri=report.file)
        outside = [self._stamp(stamp, at) for stamp in report.timestamps]
        for signature in report.signatures:
            self.signatures.append(self._signature(signature, report, document, at))
        if not report.signatures:
            nothing = etree.Element(_name("SignatureValidationReport"))
            _signers_document(nothing, document)
            status = _status(nothing, "SignatureValidationStatus", report.conclusion, _INDICATIONS)
            self._associated(status, outside, report.findings)
            self.signatures.append(nothing)
        for _, inner in report.contents:
            self.file(inner)

    # --- a signature --------------------------------------------------------------------------------------

    def _signature(
        self, signature: SignatureReport, report: Report, document: str, at: datetime | None
    ) -> etree._Element:
        """Return the report on one signature."""
        element = etree.Element(_name("SignatureValidationReport"))
        identifier = _add(element, "SignatureIdentifier", id=f"signature-{len(self.signatures) + 1}")
        _add(identifier, "HashOnly", text="false")
        _add(identifier, "DocHashOnly", text="false")
        _add(identifier, "DAIdentifier", text=signature.id)
        stamps = [(stamp, self._stamp(stamp, at)) for stamp in signature.timestamps]
        steps = reasoning(signature)
        self._constraints(element, steps)
        best = signature.best_signature_time
        proof = next((place for stamp, place in stamps if stamp.time == best), None) if best else None
        _times(element, at, best, proof)
        _signers_document(element, document)
        self._attributes(element, signature, stamps)
        self._signer(element, signature)
        process = {"5.3": "Basic", "5.5": "LTVM", "5.6": "LTA"}[steps[-1].clause.rpartition(" ")[2]]
        _add(
            _add(element, "SignatureValidationProcess"),
            "SignatureValidationProcessID",
            text=f"urn:etsi:019102:validationprocess:{process}",
        )
        status = _status(element, "SignatureValidationStatus", signature.conclusion, _INDICATIONS)
        findings = (*signature.findings, *report.findings)
        self._associated(status, [place for _, place in stamps], findings)
        _changes(element, signature, self.language)
        return element

    def _constraints(self, element: etree._Element, steps: Sequence[Step]) -> None:
        """Write which constraints were looked at."""
        listed = _add(element, "ValidationConstraintsEvaluationReport")
        for step in steps:
            constraint = _add(listed, "ValidationConstraint")
            _add(
                constraint, "ValidationConstraintIdentifier", text=f"urn:docsign:constraint:{quote(step.id)}"
            )
            indication = _STEPS[step.result]
            word = "disabled" if indication is None else "applied"
            _add(
                _add(constraint, "ConstraintStatus"),
                "Status",
                text=f"urn:etsi:019102:constraintStatus:{word}",
            )
            if indication is not None:
                _status(constraint, "ValidationStatus", Conclusion(indication=indication), _OF_OBJECTS)
            words = _add(constraint, "Indications")
            _ours(words, "constraint", step.constraint.text(self.language), clause=step.clause)
            for finding in step.findings:
                _ours(words, "finding", finding.sentence.text(self.language), code=finding.code)

    def _attributes(
        self,
        element: etree._Element,
        signature: SignatureReport,
        stamps: Sequence[tuple[TimestampReport, str]],
    ) -> None:
        """Write the attributes that the report knows (TS 119 102-2 annex A)."""
        listed: list[etree._Element] = []
        if signature.signing_time is not None:
            claimed = etree.Element(_name("SigningTime"), Signed="true")
            _add(claimed, "Time", text=rfc3339(signature.signing_time))
            listed.append(claimed)
        for stamp, place in stamps:
            if stamp.time is not None and stamp.kind in _STAMP_ATTRIBUTES:
                held = etree.Element(_name(_STAMP_ATTRIBUTES[stamp.kind]), Signed="false")
                _add(held, "AttributeObject", VOReference=place)
                _add(held, "TimeStampValue", text=rfc3339(stamp.time))
                listed.append(held)
        other = etree.Element(_name("OtherInformation"))
        _ours(other, "level", signature.level)
        for name in signature.field_names:
            _ours(other, "field", name)
        listed.append(other)
        _add(element, "SignatureAttributes").extend(listed)

    def _signer(self, element: etree._Element, signature: SignatureReport) -> None:
        """Write who signed."""
        if signature.certificate is None:
            return
        certificate = signature.certificate
        place = self._object("certificate", _digest(certificate.sha256))
        signer = _add(element, "SignerInformation")
        _add(signer, "SignerCertificate", VOReference=place)
        if signature.signer:
            _add(signer, "Signer", text=signature.signer)
        other = _add(signer, "OtherInformation")
        for name, value in (
            ("position", signature.position),
            ("role", signature.role),
            ("agency", signature.agency),
            ("issuer", signature.issuer),
            ("managing-unit", certificate.managing_unit),
            ("serial", certificate.serial),
            ("not-before", rfc3339(certificate.not_before)),
            ("not-after", rfc3339(certificate.not_after)),
        ):
            if value:
                _ours(other, name, value)

    # --- objects ------------------------------------------------------------------------------------------

    def _object(self, kind: str, *representations: etree._Element, uri: str = "") -> str:
        """Add a validation object and return its id."""
        place = f"object-{len(self.objects) + 1}"
        element = etree.Element(_name("ValidationObject"), id=place)
        _add(element, "ObjectType", text=f"urn:etsi:019102:validationObject:{kind}")
        held = _add(element, "ValidationObjectRepresentation")
        held.extend(representations)
        if uri:
            _add(held, "URI", text=quote(clean(uri), safe="/:.-_~"))
        self.objects.append(element)
        return place

    def _stamp(self, stamp: TimestampReport, at: datetime | None) -> str:
        """Add a time-stamp or evidence record with its own report, and return its id."""
        told = etree.Element(_name("direct"))
        _ours(told, "timestamp", stamp.issuer or "", id=stamp.id, kind=stamp.kind)
        kind = "evidencerecord" if stamp.kind == "evidence-record" else "timestamp"
        place = self._object(kind, told)
        element = self.objects[-1]
        if stamp.time is not None and stamp.conclusion.indication is Indication.TOTAL_PASSED:
            _add(_add(element, "POEProvisioning"), "POETime", text=rfc3339(stamp.time))
        report = _add(element, "ValidationReport")
        self._constraints(report, stamp_reasoning(stamp))
        _times(report, at, None, None)
        status = _status(report, "SignatureValidationStatus", stamp.conclusion, _OF_OBJECTS)
        self._associated(status, [], stamp.findings)
        return place

    def _associated(self, status: etree._Element, places: Sequence[str], findings: Sequence[Finding]) -> None:
        """Write what bears on a conclusion: the objects, and the findings in words."""
        if not places and not findings:
            return
        data = _add(status, "AssociatedValidationReportData")
        for place in places:
            _add(data, "RelatedValidationObject", VOReference=place)
        if findings:
            more = _add(data, "AdditionalValidationReportData")
            for finding in findings:
                told = _add(more, "ReportData")
                _add(told, "Type", text=f"urn:docsign:finding:{quote(finding.code)}")
                value = _add(told, "Value")
                text = finding.sentence.text(self.language)
                _ours(value, "finding", text, severity=finding.severity.value, where=finding.where)


def _times(element: etree._Element, at: datetime | None, best: datetime | None, place: str | None) -> None:
    """Write for when the answer holds, and what proves the signature since when: an object, else ``at``."""
    if at is None:
        return
    times = _add(element, "ValidationTimeInfo")
    _add(times, "ValidationTime", text=rfc3339(at))
    proof = _add(times, "BestSignatureTime")
    _add(proof, "POETime", text=rfc3339(best or at))
    word = "validation" if place is None else "provided"
    _add(proof, "TypeOfProof", text=f"urn:etsi:019102:poetype:{word}")
    if place is not None:
        _add(proof, "POEObject", VOReference=place)


def _changes(element: etree._Element, signature: SignatureReport, language: Language) -> None:
    """Write what was changed after the signature, which the standard has no place for."""
    if signature.changes:
        other = _add(element, "OtherInformation")
        for change in signature.changes:
            page = "" if change.page is None else str(change.page)
            allowed = "true" if change.allowed else "false"
            _ours(
                other,
                "change",
                change.what.text(language),
                kind=change.kind.value,
                page=page,
                allowed=allowed,
            )


def _status(
    element: etree._Element, name: str, conclusion: Conclusion, words: dict[Indication, str]
) -> etree._Element:
    """Write a conclusion."""
    status = _add(element, name)
    _add(status, "MainIndication", text=words[conclusion.indication])
    if conclusion.sub_indication is not None:
        _add(status, "SubIndication", text=f"urn:etsi:019102:subindication:{conclusion.sub_indication}")
    return status


def _signers_document(element: etree._Element, place: str) -> None:
    _add(_add(element, "SignersDocument"), "SignersDocumentRepresentation", VOReference=place)


def _digest(sha256: str) -> etree._Element:
    """Return a digest; one that is not known is empty, as the schema wants one."""
    element = etree.Element(_name("DigestAlgAndValue"))
    etree.SubElement(element, f"{{{DS}}}DigestMethod", Algorithm=_SHA256)
    etree.SubElement(element, f"{{{DS}}}DigestValue").text = base64.b64encode(bytes.fromhex(sha256)).decode()
    return element


def _name(name: str) -> str:
    return f"{{{VR}}}{name}"


def _add(parent: etree._Element, name: str, *, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _name(name), attributes)
    element.text = None if text is None else _legal(text)
    return element


def _ours(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    element = etree.SubElement(parent, f"{{{OURS}}}{name}")
    for key, value in attributes.items():
        if value:
            element.set(key, _legal(value))
    element.text = _legal(text)


def _legal(text: str) -> str:
    """Return the text without what is invisible or no letter of XML at all."""
    return "".join(_letters(clean(text)))


def _letters(text: str) -> Iterator[str]:
    for letter in text:
        yield "\N{REPLACEMENT CHARACTER}" if letter in "\ufffe\uffff" else letter
