"""Plain PKCS#7 signatures of ISO 32000-1, as old and small programs write them: the sound pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from docsign.verdict import Conclusion, Indication, SignatureReport, SubIndication
from docsign.verification import verify
from tests.cades_builder import Cms, Signer, attribute
from tests.evidence_builder import tlv
from tests.pdf.attacks.incremental import FORGED
from tests.pdf.attacks.second_signer import BEGIN, ROOM, everyone, key_of, signature
from tests.pdf.attacks.syntax import Name, write_value
from tests.pdf.honest.index import AT
from tests.pdf.odd.writing import Writing, signable

Change = Callable[[Cms, Signer], None]
PLAIN = "adbe.pkcs7.detached"


class Bare(Signer):
    """A SignerInfo without signed attributes: the value is made over the content (RFC 5652 5.4)."""

    def sign(self) -> Signer:
        """Make the value over the content."""
        self.value = self.key.sign(self.over)
        return self

    def parts(self) -> list[bytes]:
        """Return the members without the signed attributes."""
        members = super().parts()
        return [*members[:3], *members[4:]]


def signed(change: Change | None = None, *, kind: str = PLAIN, bare: bool = False) -> bytes:
    """Return a document with a signature of this /SubFilter; ``change`` what is not as usual in it."""
    objects = signable()
    objects[8] = write_value(signature(SubFilter=Name(kind)))
    data = Writing(objects=objects).unsigned()
    start = data.index(b"<" + b"0" * 2 * ROOM + b">")
    end = start + 2 * ROOM + 2
    data = data.replace(b"#" * 32, (b"%d %d %d" % (start, end, len(data) - end)).ljust(32))
    made = Cms.signed(data[:start] + data[end:], key_of("person"), at=BEGIN)
    if bare:
        made.signers[0] = Bare(key_of("person"), made.content).sign()
    if change is not None:
        change(made, made.signers[0])
    return data[: start + 1] + made.encode().hex().encode().ljust(2 * ROOM, b"0") + data[end - 1 :]


def judged(pdf: bytes) -> SignatureReport:
    """Return what is said of the one signature."""
    (report,) = verify(pdf, trust=everyone(), at=AT).signatures
    return report


def codes(report: SignatureReport) -> set[str]:
    """Return the codes of its findings."""
    return {one.code for one in report.findings}


def unordered(_: Cms, signer: Signer) -> None:
    """The attributes are signed and written in an order of their own."""
    signer.signed, signer.in_order, signer.value = sorted(signer.signed, reverse=True), False, b""


def test_the_order_of_the_attributes_is_told() -> None:
    """Some libraries sign them unsorted, against RFC 5652 5.3; ISO 32000-1 12.8.3.3 asks for PKCS#7 alone."""
    report = judged(signed(unordered))
    assert report.conclusion == Conclusion.passed(), report.findings
    assert report.intact is True
    assert "attribute-order" in codes(report)


def test_pades_asks_for_the_order() -> None:
    """EN 319 142-1 builds on CAdES, and that on DER."""
    report = judged(signed(unordered, kind="ETSI.CAdES.detached"))
    assert report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def own_attributes(_: Cms, signer: Signer) -> None:
    """A company signs two attributes of its own, of one kind."""
    signer.signed += [attribute("1.3.6.1.4.1.99999.1", tlv(4, value)) for value in (b"mot", b"hai")]
    signer.sign()


@pytest.mark.parametrize("kind", [PLAIN, "ETSI.CAdES.detached"])
def test_attributes_that_say_nothing_here_may_stand_twice(kind: str) -> None:
    """RFC 5652 11 asks for one of those it defines; what else stands there is told."""
    report = judged(signed(own_attributes, kind=kind))
    assert report.conclusion == Conclusion.passed(), report.findings
    assert "duplicated-attribute" in codes(report)


def test_a_certificate_that_cannot_be_read_is_said_to_be() -> None:
    """It is there, its algorithm written with something behind: nobody knows who signed."""

    def spoil(made: Cms, _: Signer) -> None:
        made.certificates = [
            one.replace(b"\x06\x03\x55\x04", b"\x07\x03\x55\x04") for one in made.certificates
        ]

    report = judged(signed(spoil))
    assert report.conclusion == Conclusion.indeterminate(SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
    assert "cannot be read" in report.findings[0].sentence.text("en")


def test_the_brazilian_name_of_pades() -> None:
    """DOC-ICP-15.03 calls CAdES in a PDF PBAD.PAdES."""
    report = judged(signed(kind="PBAD.PAdES"))
    assert (report.conclusion, report.format) == (Conclusion.passed(), "pades")


def test_no_attributes_at_all() -> None:
    """Intact, its signer named, and yet not accepted: nothing signed says whose certificate counts."""
    report = judged(signed(bare=True))
    assert report.conclusion == Conclusion.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert report.intact is True
    assert report.signer == "Phạm Văn Giả Định"
    assert "no-signed-attributes" in codes(report)


def test_pades_asks_for_attributes() -> None:
    """EN 319 142-1 6.3: without them it is no PAdES signature."""
    report = judged(signed(bare=True, kind="ETSI.CAdES.detached"))
    assert report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def other_content(made: Cms, _: Signer) -> None:
    """The value was made over something else."""
    made.signers[0].value = made.signers[0].key.sign(FORGED)


def no_attribute_in_the_set(_: Cms, signer: Signer) -> None:
    """An empty set of attributes is signed: it says nothing about the content."""
    signer.signed, signer.value = [], b""


def attributes_taken_away(made: Cms, signer: Signer) -> None:
    """The value was made over attributes that are gone."""
    value = signer.sign().value
    made.signers[0] = Bare(signer.key, made.content, value=value)


def other_kind_of_content(made: Cms, _: Signer) -> None:
    """Without attributes the content must be id-data (RFC 5652 5.3)."""
    made.encapsulated = lambda: tlv(0x30, bytes.fromhex("060b2a864886f70d0109100104"))  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("change", "given"),
    [
        (other_content, {"bare": True}),
        (other_kind_of_content, {"bare": True}),
        (no_attribute_in_the_set, {}),
        (attributes_taken_away, {}),
    ],
)
def test_what_binds_nothing_fails(change: Change, given: dict[str, Any]) -> None:
    """TOTAL-FAILED, and never intact."""
    report = judged(signed(change, **given))
    assert report.conclusion.indication is Indication.TOTAL_FAILED, report.findings
    assert report.intact is False


def test_a_changed_byte_fails() -> None:
    """The content is signed as it stands."""
    pdf = signed(bare=True)
    report = judged(pdf.replace(b"BAO CAO", b"BAO CAN"))
    assert report.conclusion == Conclusion.failed(SubIndication.SIG_CRYPTO_FAILURE)
    assert report.intact is False
