"""Signing a document of ours: two signatures, one number, one date, and every rule about whose turn it is."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel

from docsign.document import OfficialDocument
from docsign.errors import DocumentError, PdfError, UsageError
from docsign.pdf.fields import (
    AGENCY_SIGNATURE,
    DOCUMENT_DATE,
    DOCUMENT_NUMBER,
    PERSON_SIGNATURE,
)
from docsign.pdf.stamp import PreparedAppearance, signature_appearance
from docsign.pki import SigningKey, Trust
from docsign.signing import SigningSession, sign
from docsign.verdict import Indication
from docsign.verification import verify
from tests.pdf.pyhanko_revision import named_fields
from tests.signing.conftest import CREATED, ROOT
from tests.signing.second_opinions import pdfsig, pyhanko, qpdf_accepts
from tests.witnesses.verapdf import assert_pdfa

DAY = date(2026, 11, 16)


def fields_of(pdf: bytes) -> dict[str, Any]:
    """Return the form fields by name."""
    return dict(named_fields(PdfFileReader(BytesIO(pdf)).root))


def test_two_signatures_make_a_document(by_both: bytes, trust: Trust, tmp_path: Path) -> None:
    """Person, then agency: pdfsig, qpdf, pyHanko and veraPDF accept; between them a filling."""
    first, second = pdfsig(by_both, tmp_path)
    assert (first.field, first.valid, first.total) == (PERSON_SIGNATURE, True, False)
    assert (second.field, second.valid, second.total) == (AGENCY_SIGNATURE, True, True)
    assert {first.kind, second.kind} == {"ETSI.CAdES.detached"}
    qpdf_accepts(by_both, tmp_path)
    person, agency = pyhanko(by_both, trust)
    assert person.bottom_line
    assert agency.bottom_line
    assert person.modification_level == ModificationLevel.FORM_FILLING
    assert agency.modification_level == ModificationLevel.NONE
    assert_pdfa(by_both, "2b")


def test_each_signature_appends_one_revision(letter: bytes, by_person: bytes, by_both: bytes) -> None:
    """The bytes before a signature stay as they were."""
    assert by_person.startswith(letter)
    assert by_both.startswith(by_person)
    assert by_person.count(b"%%EOF") == letter.count(b"%%EOF") + 1
    assert by_both.count(b"%%EOF") == letter.count(b"%%EOF") + 2


def test_the_agency_gives_number_and_date_and_closes_them(by_person: bytes, by_both: bytes) -> None:
    """Empty after the person signed; filled in the agency's revision, whose FieldMDP names exactly them."""
    before, after = fields_of(by_person), fields_of(by_both)
    assert "/V" not in before[DOCUMENT_NUMBER]
    assert after[DOCUMENT_NUMBER]["/V"] == "05"
    assert after[DOCUMENT_DATE]["/V"] == "ngày 16 tháng 11 năm 2026"
    rule = after[AGENCY_SIGNATURE]["/V"]["/Reference"][0]
    assert rule["/TransformMethod"] == "/FieldMDP"
    assert rule["/TransformParams"]["/Action"] == "/Include"
    assert sorted(map(str, rule["/TransformParams"]["/Fields"])) == sorted([DOCUMENT_NUMBER, DOCUMENT_DATE])
    assert "/Reference" not in after[PERSON_SIGNATURE]["/V"]


def test_the_signature_dictionary_is_that_of_pades(by_both: bytes) -> None:
    """The claimed time stands there, in Vietnam's zone, not in the CMS (EN 319 142-1 6.3)."""
    signature = fields_of(by_both)[PERSON_SIGNATURE]["/V"]
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert str(signature["/M"]).endswith("+07'00'")
    assert "/Cert" not in signature
    reader = PdfFileReader(BytesIO(by_both))
    attributes = reader.embedded_signatures[0].signer_info["signed_attrs"]
    assert {attribute["type"].native for attribute in attributes} == {
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    }


def test_a_time_stamping_service_makes_it_b_t(
    by_person: bytes, agency_key: SigningKey, tsa_url: str, trust: Trust, tmp_path: Path
) -> None:
    """The token stands in the unsigned attributes and proves a time."""
    signed = sign(by_person, agency_key, role="agency", number=5, date=DAY, tsa=tsa_url)
    assert [opinion.valid for opinion in pdfsig(signed, tmp_path)] == [True, True]
    status = pyhanko(signed, trust)[1]
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.intact
    assert status.timestamp_validity.valid


def test_a_document_numbered_beforehand_waits_for_nothing(
    person_key: SigningKey, agency_key: SigningKey
) -> None:
    """Without empty fields the agency signs without giving anything, and giving something is refused."""
    text = (ROOT / "examples" / "letter.toml").read_text(encoding="utf-8")
    values = {**tomllib.loads(text), "number": "7", "date": DAY}
    pdf = OfficialDocument.from_mapping(values).to_pdf(CREATED)
    once = sign(pdf, person_key, role="person")
    twice = sign(once, agency_key, role="agency")
    assert AGENCY_SIGNATURE in fields_of(twice)
    with pytest.raises(UsageError, match="no empty place"):
        sign(once, agency_key, role="agency", number=7)


def test_a_second_filling_is_refused(by_both: bytes, agency_key: SigningKey) -> None:
    """The number is given once."""
    with pytest.raises(DocumentError, match="already given"):
        sign(by_both, agency_key, role="agency", number=6, date=DAY)


def test_only_the_agency_gives_number_and_date(letter: bytes, person_key: SigningKey) -> None:
    """A person's number is refused."""
    with pytest.raises(UsageError, match="agency"):
        sign(letter, person_key, role="person", number=5, date=DAY)


def test_the_agency_signs_after_the_person(letter: bytes, agency_key: SigningKey) -> None:
    """ND 30/2020 Art. 5: first the competent person, then the agency."""
    with pytest.raises(DocumentError, match="not signed yet"):
        sign(letter, agency_key, role="agency", number=5, date=DAY)


def test_the_agency_does_not_forget_number_or_date(by_person: bytes, agency_key: SigningKey) -> None:
    """Closing an empty number for ever would spoil the document."""
    with pytest.raises(UsageError, match="number and date"):
        sign(by_person, agency_key, role="agency", number=5)
    with pytest.raises(UsageError, match="number and date"):
        sign(by_person, agency_key, role="agency")


@pytest.mark.parametrize("number", ["", "0", "không", "5/UBND", "123456789012"])
def test_a_number_has_the_form_of_a_number(by_person: bytes, agency_key: SigningKey, number: str) -> None:
    """What stands before the printed notation is a number, and no more."""
    with pytest.raises(DocumentError, match=r"number|Too long"):
        sign(by_person, agency_key, role="agency", number=number, date=DAY)


def test_a_number_too_wide_for_its_place_is_refused(by_person: bytes, agency_key: SigningKey) -> None:
    """A text that would run into the notation is not drawn."""
    with pytest.raises(DocumentError, match="does not fit"):
        sign(by_person, agency_key, role="agency", number="12345678901", date=DAY)


def test_each_signs_once(
    by_both: bytes, by_person: bytes, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """A second signature of the same role is refused, in words that say whose."""
    with pytest.raises(DocumentError, match="competent person has already"):
        sign(by_person, person_key, role="person")
    with pytest.raises(DocumentError, match="agency has already"):
        sign(by_both, agency_key, role="agency")


def test_the_other_signers_field_is_not_taken(letter: bytes, person_key: SigningKey) -> None:
    """Not even when it is named."""
    with pytest.raises(UsageError, match="other signer"):
        sign(letter, person_key, role="person", field=AGENCY_SIGNATURE)


def test_an_unknown_field_is_named_with_those_there_are(letter: bytes, person_key: SigningKey) -> None:
    """So that a slip of the pen is seen."""
    with pytest.raises(PdfError, match=r"Khac.*PersonSignature"):
        sign(letter, person_key, role="person", field="Khac")


def test_a_batch_prepares_its_appearance_once(
    letter: bytes, person_key: SigningKey, signature_png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is held and the picture set once, however many documents are signed."""
    made = []

    def counted(**arguments: Any) -> PreparedAppearance:
        made.append(arguments)
        return signature_appearance(**arguments)

    monkeypatch.setattr("docsign.signing.signature_appearance", counted)
    session = SigningSession(person_key, role="person", image=signature_png)
    signed = [session.sign(letter) for _ in range(3)]
    assert len(made) == 1
    assert all(pdf.startswith(letter) for pdf in signed)


def test_without_a_picture_the_name_stands_in_its_place(
    letter: bytes, person_key: SigningKey, agency_key: SigningKey, trust: Trust
) -> None:
    """PDF/A-2b holds with it too."""
    once = sign(letter, person_key, role="person")
    twice = sign(once, agency_key, role="agency", number=12, date=DAY)
    assert all(status.bottom_line for status in pyhanko(twice, trust))
    assert_pdfa(twice, "2b")


def test_a_time_without_a_zone_is_refused(letter: bytes, person_key: SigningKey) -> None:
    """A signing time that could be two moments is none."""
    with pytest.raises(UsageError, match="time zone"):
        sign(letter, person_key, role="person", at=datetime(2026, 11, 16))  # noqa: DTZ001


def test_an_uncommonly_large_signature_gets_more_room(
    letter: bytes, person_key: SigningKey, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the room that was kept is too small, the revision is written once more."""
    monkeypatch.setattr("docsign.signing.cms.room_for", lambda *_, **__: 64)
    (status,) = pyhanko(sign(letter, person_key, role="person"), trust)
    assert status.bottom_line


def test_two_agencies_sign_an_agreement(
    person_key: SigningKey, agency_key: SigningKey, province_key: SigningKey, trust: Trust, tmp_path: Path
) -> None:
    """Both persons, then both agencies; the first gives number and date, and nobody's signature is hurt."""
    source = files("docsign.document").joinpath("samples", "21-ban-thoa-thuan.toml").read_text("utf-8")
    pdf = OfficialDocument.from_mapping(without_number(tomllib.loads(source))).to_pdf(CREATED)
    for key, role, given in (
        (person_key, "person", {}),
        (person_key, "person", {}),
        (agency_key, "agency", {"number": 5, "date": DAY}),
        (province_key, "agency", {}),
    ):
        pdf = sign(pdf, key, role=role, **given)  # type: ignore[arg-type]
    report = verify(pdf, trust=trust, offline=True)
    assert [one.field_names for one in report.signatures] == [
        (PERSON_SIGNATURE,),
        (f"{PERSON_SIGNATURE}2",),
        (AGENCY_SIGNATURE,),
        (f"{AGENCY_SIGNATURE}2",),
    ]
    assert {one.conclusion.indication for one in report.signatures} == {Indication.TOTAL_PASSED}
    assert all(one.valid for one in pdfsig(pdf, tmp_path))
    with pytest.raises(DocumentError, match="already signed"):
        sign(pdf, province_key, role="agency")
    assert_pdfa(pdf, "2b")


def without_number(values: dict[str, Any]) -> dict[str, Any]:
    """Leave number and date to the agency."""
    return {name: value for name, value in values.items() if name not in ("number", "date")}
