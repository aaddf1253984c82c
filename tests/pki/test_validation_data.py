"""Validation data from several places become one, each thing once."""

from __future__ import annotations

from docsign.pki.authority import TrialAuthority
from docsign.pki.validation_data import ValidationData


def test_merging_keeps_the_order_and_each_thing_once(authority: TrialAuthority) -> None:
    """What stands first stays first; what comes again is not repeated."""
    first = ValidationData(certificates=(authority.issuing,), crls=(b"danh sach 1",))
    second = ValidationData(
        certificates=(authority.root, authority.issuing), crls=(b"danh sach 1",), ocsps=(b"tra loi",)
    )
    merged = first.merged(second, second)
    assert merged.certificates == (authority.issuing, authority.root)
    assert merged.crls == (b"danh sach 1",)
    assert merged.ocsps == (b"tra loi",)


def test_nothing_merged_with_nothing_is_nothing() -> None:
    """An empty value says so."""
    assert ValidationData().merged().is_empty
    assert ValidationData() == ValidationData.of()
    assert not ValidationData(ocsps=(b"tra loi",)).is_empty
