"""The table of kinds (ND 30/2020 Art. 7, PL III)."""

from __future__ import annotations

import pytest

from docsign.document.kinds import KINDS, kind_named
from docsign.errors import DocumentError


@pytest.mark.parametrize(
    "name", ["Công văn", "CÔNG VĂN", "cong-van", " official letter ", "Co\u0302ng va\u0306n"]
)
def test_a_kind_is_found_by_each_of_its_names(name: str) -> None:
    """Key, Vietnamese and English name, in any case and encoding."""
    assert kind_named(name) is KINDS[0]


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    """The clerk sees what could have been meant."""
    with pytest.raises(DocumentError, match=r"Thư tay.*Công văn, Quyết định"):
        kind_named("Thư tay")


def test_the_kinds_have_the_codes_of_the_national_list() -> None:
    """QCVN 102 Amendment 1:2022, group B."""
    assert {kind.vietnamese: kind.edxml_type for kind in KINDS} == {"Công văn": 18, "Quyết định": 2}
