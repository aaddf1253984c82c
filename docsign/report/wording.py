"""The words of a report that its text and its page share: answers, advice, the seven items, times.

Every text that comes from a file is freed of control characters first (``clean``): a name in a certificate
must not drive the reader's terminal or turn a page's letters around.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone

from docsign.sentence import Language, Sentence, say
from docsign.verdict import (
    Conclusion,
    FileFormat,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    SubIndication,
    TimestampReport,
)

VIETNAM = timezone(timedelta(hours=7))
SYMBOLS = {
    Indication.TOTAL_PASSED: "✔",
    Indication.TOTAL_FAILED: "✘",
    Indication.INDETERMINATE: "?",
    Indication.NO_SIGNATURE: "–",
}
BAD = frozenset({Indication.TOTAL_FAILED, Indication.INDETERMINATE})

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def standard_words(answer: Conclusion) -> str:
    """Return indication and sub-indication in the words of EN 319 102-1."""
    return "/".join(word for word in (answer.indication, answer.sub_indication) if word)


def answer_word(answer: Conclusion) -> Sentence:
    """Return the answer in a word or two, for a person."""
    return {
        Indication.TOTAL_PASSED: say("VALID"),
        Indication.TOTAL_FAILED: say("NOT VALID"),
        Indication.INDETERMINATE: say("NOT DECIDED"),
        Indication.NO_SIGNATURE: say("NOT SIGNED"),
    }[answer.indication]


def advice(report: Report) -> Sentence:
    """Say what to do with the file."""
    sub = report.conclusion.sub_indication
    if report.conclusion.indication is Indication.TOTAL_PASSED:
        if any(finding.code == "two-signatures" for finding in report.findings):
            return say(
                "what was signed is intact, but it is not an issued document yet; read the reasons below."
            )
        if any(content.conclusion.indication in BAD for _, content in report.contents):
            return say(
                "the envelope is intact, but a document inside it is not in order; read the reasons below."
            )
        return say("the file may be used; it is as it was signed.")
    if report.conclusion.indication is Indication.NO_SIGNATURE:
        return say("the file carries no digital signature; do not take it for an original.")
    if sub is SubIndication.HASH_FAILURE:
        return say("the content was changed after signing; do not use it, ask the sender for it again.")
    if report.conclusion.indication is Indication.TOTAL_FAILED:
        return say("do not use the file; ask the sender for it again.")
    if sub is SubIndication.SIGNED_DATA_NOT_FOUND and report.format in (FileFormat.ASICE, FileFormat.ASICS):
        return say("a signed file is missing from it; ask the sender for all of it again.")
    return {
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND: say(
            "the signer's authority is not trusted here; name its certificates with --trust and verify again."
        ),
        SubIndication.TRY_LATER: say(
            "revocation data is missing; bring the authority's revocation list up to date and verify again."
        ),
        SubIndication.SIGNED_DATA_NOT_FOUND: say(
            "the signed file is not here; name it with --content and verify again."
        ),
        SubIndication.OUT_OF_BOUNDS_NO_POE: say(
            "the certificate is not valid at this time and nothing proves when it signed; ask the sender."
        ),
        SubIndication.REVOKED_NO_POE: say(
            "the certificate was revoked and nothing proves that it signed before; ask the sender."
        ),
    }.get(
        sub or SubIndication.GENERIC,
        say("what is known is not enough for an answer; read the reasons below, ask the sender."),
    )


def rows(signature: SignatureReport, language: Language) -> list[tuple[str, str]]:
    """Return label and value of the seven items of TT 15/2025/TT-BKHCN Art. 6.4b, then what is covered."""
    unknown = say("not known").text(language)
    certificate = signature.certificate
    listed = [
        (say("Issuer of the certificate"), signature.issuer or unknown),
        (say("Signer"), who(signature, language) or unknown),
        (say("Unit managing the certificate"), (certificate and certificate.managing_unit) or unknown),
        (say("Signing time"), when(signature, language)),
        (say("Integrity"), integrity(signature).text(language)),
        (say("Validity at signing time"), validity(signature).text(language)),
        (
            say("Validity period of the certificate"),
            unknown
            if certificate is None
            else say(
                "{first} to {last}", first=day(certificate.not_before), last=day(certificate.not_after)
            ).text(language),
        ),
        (say("Covers"), coverage(signature).text(language)),
    ]
    return [(label.text(language), clean(value)) for label, value in listed]


def who(signature: SignatureReport, language: Language) -> str:
    """Return name, position, agency and role of the signer; empty where nobody is known."""
    role = {"person": say("competent person"), "agency": say("agency")}.get(signature.role or "")
    parts = [signature.signer or "", signature.position or ""]
    if signature.agency and signature.agency != signature.signer:
        parts.append(signature.agency)
    name = ", ".join(part for part in parts if part)
    return f"{name} ({role.text(language)})" if name and role else name


def when(signature: SignatureReport, language: Language) -> str:
    """Return when it was signed, and who says so: a time-stamp, or the signer's clock."""
    proved, claimed = signature.best_signature_time, signature.signing_time
    if proved is not None:
        return say("{time} (proved by a time-stamp)", time=moment(proved)).text(language)
    if claimed is not None:
        return say("{time} (by the signer's clock)", time=moment(claimed)).text(language)
    return say("not known").text(language)


def integrity(signature: SignatureReport) -> Sentence:
    """Say whether what was signed is as it was signed."""
    if signature.intact is None:
        return say("could not be checked")
    if not signature.intact:
        return say("broken: not what was signed")
    if signature.conclusion.sub_indication is SubIndication.FORMAT_FAILURE:
        return say("the signed part is intact, but it was changed afterwards in ways that are not allowed")
    return say("intact: as it was signed")


def validity(signature: SignatureReport) -> Sentence:
    """Say whether the signature was valid when it was made."""
    return {
        Indication.TOTAL_PASSED: say("valid"),
        Indication.TOTAL_FAILED: say("not valid"),
    }.get(signature.conclusion.indication, say("could not be decided"))


def coverage(signature: SignatureReport) -> Sentence:
    """Say what the signature covers."""
    return {
        "whole": say("everything in the file"),
        "revision": say("the file as it was at signing; what came later is listed below"),
        "partial": say("a part only"),
    }[signature.coverage]


def moment(time: datetime) -> str:
    """Return a moment as a clock in Vietnam shows it."""
    return time.astimezone(VIETNAM).strftime("%H:%M:%S %d/%m/%Y (+07:00)")


def day(time: datetime) -> str:
    """Return a moment's day in Vietnam."""
    return time.astimezone(VIETNAM).strftime("%d/%m/%Y")


def clean(text: str) -> str:
    """Replace control, direction and other invisible characters, so that a text is only what is seen."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in _INVISIBLE else letter
        for letter in text
    )


def place(where: str, language: Language) -> str:
    """Return where a finding is, in a person's words where it is a page."""
    page = where.removeprefix("page ")
    return (
        say("page {number}", number=page).text(language) if page != where and page.isdigit() else clean(where)
    )


def stamp_title(stamp: TimestampReport, language: Language) -> str:
    """Return what a time-stamp is, its time and who made it."""
    values = {"time": moment(stamp.time) if stamp.time else "–", "issuer": clean(stamp.issuer or "–")}
    sentence = {
        "document": say("Time-stamp over the whole document {time}, by {issuer}", **values),
        "archive": say("Archive time-stamp {time}, by {issuer}", **values),
        "container": say("Time-stamp over the envelope {time}, by {issuer}", **values),
        "evidence-record": say("Evidence record of {time}, by {issuer}", **values),
    }.get(stamp.kind, say("Time-stamp {time}, by {issuer}", **values))
    return sentence.text(language)


def shown_findings(report: Report) -> list[Finding]:
    """Return the file's own findings that a person should see: mere remarks only where nothing else is."""
    everything = not report.signatures or report.format is FileFormat.RECEIPT
    return [one for one in report.findings if everything or one.severity is not Severity.INFO]


def format_word(format: FileFormat) -> Sentence:
    """Return what kind of file it is, for a person."""
    return {
        FileFormat.PDF: say("PDF document"),
        FileFormat.ASICE: say("envelope (ASiC-E)"),
        FileFormat.ASICS: say("container of one signed file (ASiC-S)"),
        FileFormat.XADES: say("signature in XML (XAdES)"),
        FileFormat.CADES: say("CMS signature (CAdES)"),
        FileFormat.TIMESTAMP: say("time-stamp (RFC 3161)"),
        FileFormat.EVIDENCE_RECORD: say("evidence record"),
        FileFormat.EDXML: say("edXML message"),
        FileFormat.RECEIPT: say("receipt of a relay"),
        FileFormat.OTHER: say("other file"),
    }[format]
