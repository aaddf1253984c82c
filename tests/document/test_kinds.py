"""The table of kinds (ND 30/2020 Art. 7, PL III)."""

from __future__ import annotations

import pytest

from docsign.document.kinds import COPIES, KINDS, copy_named, kind_named
from docsign.errors import DocumentError


@pytest.mark.parametrize(
    "name", ["Công văn", "CÔNG VĂN", "cong-van", " official letter ", "Co\u0302ng va\u0306n"]
)
def test_a_kind_is_found_by_each_of_its_names(name: str) -> None:
    """Key, Vietnamese and English name, in any case and encoding."""
    assert kind_named(name) is KINDS[0]


@pytest.mark.parametrize(
    ("name", "key"),
    [("Bản thoả thuận", "ban-thoa-thuan"), ("GIẤY UỶ QUYỀN", "giay-uy-quyen"), ("Thư công", "thu-cong")],
)
def test_both_ways_of_placing_a_tone_are_one_word(name: str, key: str) -> None:
    """The decree itself writes “uỷ quyền” and “thỏa thuận”."""
    assert kind_named(name).key == key


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    """The clerk sees what could have been meant."""
    with pytest.raises(DocumentError, match=r"Thư tay.*Công văn, Nghị quyết, Quyết định"):
        kind_named("Thư tay")
    with pytest.raises(DocumentError, match=r"Photo.*SAO Y, TRÍCH SAO, SAO LỤC"):
        copy_named("Photo")


def test_there_are_the_29_kinds_of_the_decree_with_their_abbreviations() -> None:
    """ND 30/2020 Art. 7 and PL III: letters and courtesy letters have no abbreviation."""
    assert len(KINDS) == 29
    assert " ".join(kind.abbreviation for kind in KINDS if kind.abbreviation) == (
        "NQ QĐ CT QC QyĐ TC TB HD CTr KH PA ĐA DA BC BB TTr HĐ CĐ BGN BTT GUQ GM GGT GNP PG PC PB"
    )
    assert {kind.vietnamese for kind in KINDS if not kind.abbreviation} == {"Công văn", "Thư công"}
    assert {kind.printed: kind.abbreviation for kind in COPIES} == {
        "SAO Y": "SY", "TRÍCH SAO": "TrS", "SAO LỤC": "SL",
    }  # fmt: skip
    assert copy_named("sao lục") is copy_named("sao-luc") is COPIES[2]


def test_every_kind_has_names_of_its_own() -> None:
    """Keys are ASCII, numbers of the national list are given once."""
    for names in (
        [kind.key for kind in KINDS],
        [kind.vietnamese for kind in KINDS],
        [k.english for k in KINDS],
    ):
        assert len(set(names)) == 29
    assert all(kind.key.isascii() for kind in KINDS)
    numbers = [kind.edxml_type for kind in KINDS if kind.edxml_type]
    assert len(set(numbers)) == len(numbers) == 28


def test_the_kinds_have_the_codes_of_the_national_list() -> None:
    """QCVN 102 Amendment 1:2022, group B, where it was read."""
    read = {
        "nghi-quyet": 1,
        "quyet-dinh": 2,
        "huong-dan": 8,
        "chuong-trinh": 9,
        "cong-van": 18,
        "cong-dien": 19,
    }
    for key, number in (read | {"ban-ghi-nho": 20, "giay-moi": 25, "giay-gioi-thieu": 26}).items():
        assert kind_named(key).edxml_type == number
