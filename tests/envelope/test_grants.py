"""Grants: what is signed, written and read; nothing odd is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.envelope.evidence import canonical_json
from docsign.envelope.grants import GRANT_LIMIT, Grant, SignedGrant
from docsign.errors import WireError

NOW = datetime(2026, 12, 1, tzinfo=UTC)
GRANT = Grant(
    id="0123456789abcdef" * 2,
    grantor="H99.31",
    delegate="H99.32",
    begins=NOW,
    ends=NOW + timedelta(days=365),
    made_at=NOW - timedelta(days=3),
)
SIGNED = SignedGrant(grant=GRANT, signature=b"0\x03\x02\x01\x01")


def test_written_and_read_back_equal() -> None:
    """The bytes that were signed come back as they were, whatever the order of the file's members."""
    again = SignedGrant.from_bytes(SIGNED.to_bytes())
    assert again == SIGNED
    assert again.signed == canonical_json(GRANT.to_json())
    shuffled = json.dumps(dict(reversed(json.loads(SIGNED.to_bytes()).items())), indent=1).encode()
    assert SignedGrant.from_bytes(shuffled) == SIGNED


def test_members_of_a_later_version_stay_signed() -> None:
    """What this version does not know is skipped, and the signature is still over it."""
    document = json.loads(SIGNED.to_bytes())
    document["grant"]["only"] = ["receive"]
    again = SignedGrant.from_bytes(json.dumps(document).encode())
    assert again.grant == GRANT
    assert b'"only"' in again.signed


def test_it_holds_from_its_beginning_up_to_its_end() -> None:
    """The first moment counts, the last one does not."""
    moment = timedelta(microseconds=1)
    assert not GRANT.holds_at(GRANT.begins - moment)
    assert GRANT.holds_at(GRANT.begins)
    assert GRANT.holds_at(GRANT.ends - moment)
    assert not GRANT.holds_at(GRANT.ends)


@pytest.mark.parametrize(
    ("place", "value", "where"),
    [
        ("kind", "docsign-evidence", "grant.grant"),
        ("version", 2, "grant.grant"),
        ("version", True, "grant.grant"),
        ("id", "0123", "grant.grant.id"),
        ("id", "Z" * 32, "grant.grant.id"),
        ("grantor", "H99.31\nH99.32", "grant.grant.grantor"),
        ("delegate", "UBND xã Mẫu", "grant.grant.delegate"),
        ("delegate", "000.00.31.H99", "grant.grant.delegate"),
        ("delegate", None, "grant.grant.delegate"),
        ("from", "2026-12-01T00:00:00", "grant.grant.from"),
        ("to", "2026-12-01T00:00:00Z", "grant.grant.to"),
        ("to", "9999-12-31T00:00:00+07:00", "grant.grant.to"),
        ("made_at", "hôm qua", "grant.grant.made_at"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(place: str, value: Any, where: str) -> None:
    """Another kind or version, odd ids, codes that are none, itself, times without a zone or reversed."""
    document = json.loads(SIGNED.to_bytes())
    document["grant"][place] = value
    with pytest.raises(WireError) as caught:
        SignedGrant.from_bytes(json.dumps(document).encode())
    assert caught.value.where == where


@given(st.one_of(st.binary(max_size=200), st.integers(0, 600).map(lambda at: SIGNED.to_bytes()[:at])))
def test_garbage_and_cut_files_are_no_grants(data: bytes) -> None:
    """One error of ours, or the very grant."""
    try:
        found = SignedGrant.from_bytes(data)
    except WireError:
        return
    assert found == SIGNED


def test_a_file_that_is_too_large_or_lacks_its_signature_is_refused() -> None:
    """The limit is on the bytes; the signature is base64 and not empty."""
    with pytest.raises(WireError):
        SignedGrant.from_bytes(SIGNED.to_bytes().rstrip() + b" " * GRANT_LIMIT)
    for signature in (None, "", "không phải base64", "AAA"):
        document = {**json.loads(SIGNED.to_bytes()), "signature": signature}
        with pytest.raises(WireError, match="signature"):
            SignedGrant.from_bytes(json.dumps(document).encode())
    with pytest.raises(WireError):
        SignedGrant.from_bytes(replace(SIGNED).to_bytes().replace(b'"schema":1', b'"schema":2'))
