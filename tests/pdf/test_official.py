"""Whose turn it is, rule by rule, over what a form says."""

from __future__ import annotations

from itertools import product

import pytest

from docsign.errors import DocumentError, UsageError
from docsign.pdf.fields import AGENCY_SIGNATURE, DOCUMENT_DATE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.official import Place, place_for

EMPTY = {DOCUMENT_NUMBER: "", DOCUMENT_DATE: ""}
GIVEN = {DOCUMENT_NUMBER: "05", DOCUMENT_DATE: "ngày 16 tháng 11 năm 2026"}


def signatures(person: bool, agency: bool) -> dict[str, bool]:
    """Return the two fields of a document of ours."""
    return {PERSON_SIGNATURE: person, AGENCY_SIGNATURE: agency}


def test_the_person_signs_first_and_fills_nothing() -> None:
    """In their own field, drawn."""
    place = place_for(signatures=signatures(False, False), texts=EMPTY, role="person", number=None, date=None)
    assert place == Place(field_name=PERSON_SIGNATURE, fill={}, visible=True)


def test_the_agency_signs_second_and_fills_both() -> None:
    """In its own field, drawn."""
    place = place_for(
        signatures=signatures(True, False), texts=EMPTY, role="agency", number="05", date=GIVEN[DOCUMENT_DATE]
    )
    assert place == Place(field_name=AGENCY_SIGNATURE, fill=GIVEN, visible=True)


def test_every_other_order_is_refused() -> None:
    """Of the eight situations two are somebody's turn."""
    turns = []
    for person, agency, role in product((False, True), (False, True), ("person", "agency")):
        number, date = ("05", "ngày") if role == "agency" else (None, None)
        try:
            place_for(
                signatures=signatures(person, agency),
                texts=EMPTY,
                role=role,  # type: ignore[arg-type]
                number=number,
                date=date,
            )
        except DocumentError:
            continue
        turns.append((person, agency, role))
    assert turns == [(False, False, "person"), (True, False, "agency")]


def test_another_pdf_is_signed_invisibly() -> None:
    """By anyone, as often as wanted; a named field is taken without drawing."""
    for role in ("person", "agency"):
        place = place_for(
            signatures={"Signature1": True},
            texts={},
            role=role,
            number=None,
            date=None,
        )
        assert place == Place(field_name=None, fill={}, visible=False)
    named = place_for(signatures={"Ky": False}, texts={}, role="person", number=None, date=None, field="Ky")
    assert named == Place(field_name="Ky", fill={}, visible=False)


def test_number_without_date_is_not_enough() -> None:
    """Both are closed by the agency's signature, so both are given."""
    with pytest.raises(UsageError, match="number and date"):
        place_for(signatures=signatures(True, False), texts=EMPTY, role="agency", number="05", date=None)


def test_what_was_given_is_not_given_again() -> None:
    """Not even the same number."""
    with pytest.raises(DocumentError, match="given once"):
        place_for(signatures=signatures(True, False), texts=GIVEN, role="agency", number="05", date=None)


def test_several_sign_one_after_the_other_each_in_a_field_of_their_own() -> None:
    """All the persons, then all the agencies; the tenth after the ninth, and never one before its turn."""
    persons = [PERSON_SIGNATURE, *(f"{PERSON_SIGNATURE}{number}" for number in range(2, 11))]
    agencies = [AGENCY_SIGNATURE, f"{AGENCY_SIGNATURE}2"]
    signed = dict.fromkeys(sorted([*persons, *agencies]), False)
    order = []
    for role in ("person",) * 10 + ("agency",) * 2:
        first = role == "agency" and not signed[AGENCY_SIGNATURE]
        place = place_for(
            signatures=signed,
            texts=GIVEN if signed[AGENCY_SIGNATURE] else EMPTY,
            role=role,
            number="05" if first else None,
            date="ngày" if first else None,
        )
        assert place.field_name is not None
        assert place.visible
        signed[place.field_name] = True
        order.append(place.field_name)
        if len(order) == 9:
            with pytest.raises(DocumentError, match="has not signed yet"):
                place_for(signatures=signed, texts=EMPTY, role="agency", number="05", date="ngày")
    assert order == [*persons, *agencies]


def test_one_of_several_chooses_the_field() -> None:
    """By its name; another role's is refused, and so is one that is signed."""
    signed = {PERSON_SIGNATURE: True, f"{PERSON_SIGNATURE}2": False, AGENCY_SIGNATURE: False}
    chosen = place_for(
        signatures=signed, texts=EMPTY, role="person", number=None, date=None, field=f"{PERSON_SIGNATURE}2"
    )
    assert chosen.field_name == f"{PERSON_SIGNATURE}2"
    with pytest.raises(UsageError, match="other signer"):
        place_for(
            signatures=signed, texts=EMPTY, role="person", number=None, date=None, field=AGENCY_SIGNATURE
        )
    with pytest.raises(DocumentError, match="already signed"):
        place_for(
            signatures=signed, texts=EMPTY, role="person", number=None, date=None, field=PERSON_SIGNATURE
        )


@pytest.mark.parametrize(
    ("label", "given", "words"),
    [
        ("/UBND-VX", {}, "bears the number"),
        ("/UBND-VX", {"date": "ngày"}, "no empty place"),
        ("SAO Y; UBND", {"number": "05"}, "no empty place"),
    ],
)
def test_what_a_corner_cannot_say_is_refused(label: str, given: dict[str, str], words: str) -> None:
    """An appendix wants the number of its document; a copy has none to give."""
    with pytest.raises(UsageError, match=words):
        place_for(
            signatures={AGENCY_SIGNATURE: False},
            texts={},
            role="agency",
            number=given.get("number"),
            date=given.get("date"),
            labels={AGENCY_SIGNATURE: label},
        )


def test_a_copy_bears_the_agency_s_signature_alone() -> None:
    """Once, and no person's."""
    for role, signed, words in (("person", False, "alone"), ("agency", True, "already signed")):
        with pytest.raises(DocumentError, match=words):
            place_for(
                signatures={AGENCY_SIGNATURE: signed},
                texts={},
                role=role,  # type: ignore[arg-type]
                number=None,
                date=None,
            )
