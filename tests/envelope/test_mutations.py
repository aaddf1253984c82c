"""No changed byte passes that matters; any other leaves what is reported as it was, or is a finding."""

from __future__ import annotations

import io
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from docsign import verify
from docsign.envelope import Header, Organization, read_container
from docsign.errors import ContainerError
from docsign.pki import SigningKey, Trust
from docsign.sealing import seal
from docsign.verdict import Indication, Report
from tests.envelope.test_judge import SIGNATURES, repacked, unpacked

AT = datetime.now(UTC) + timedelta(minutes=2)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
Change = tuple[int, str, bytes]
"""A place (taken modulo the length), what is done there, and with which bytes."""

CHANGES = st.tuples(
    st.integers(0, 2**20),
    st.sampled_from(["replace", "insert", "delete", "swap"]),
    st.binary(min_size=1, max_size=4),
)


@pytest.fixture(scope="module")
def envelope(agency_key: SigningKey) -> bytes:
    """A small envelope: a header and two files."""
    header = Header(
        sender=Organization(code="H99.31"), receivers=(Organization(code="H99"),), number="12",
        notation="UBND-VX", issued=date(2026, 11, 21), subject="V/v thử nghiệm",
    )  # fmt: skip
    return seal(header, [("tờ trình.txt", "Kính gửi".encode()), ("b.csv", b"1;2\n3;4\n")], agency_key)


def changed(data: bytes, change: Change) -> bytes:
    """Return the bytes with one change."""
    place, what, piece = change
    place %= len(data)
    match what:
        case "replace":
            return data[:place] + piece + data[place + len(piece) :]
        case "insert":
            return data[:place] + piece + data[place:]
        case "delete":
            return data[:place] + data[place + len(piece) :]
        case _:
            other = (place * 31 + piece[0]) % len(data)
            one, two = min(place, other), max(place, other)
            return (
                data[:one] + data[two : two + 1] + data[one + 1 : two] + data[one : one + 1] + data[two + 1 :]
            )


def reported(report: Report) -> dict[str, Any]:
    """Return all that is reported but the file's own digest and the findings."""
    row = report.to_json()
    for name in ("sha256", "findings"):
        row.pop(name)
    return row


def findings(report: Report) -> list[Any]:
    """Return the findings of the file."""
    found: list[Any] = report.to_json()["findings"]
    return found


def signed_forms(xml: bytes) -> tuple[bytes, bytes]:
    """Return the canonical forms (exclusive, as they are signed) of SignedInfo and SignedProperties."""
    root = etree.fromstring(xml, PARSER)
    info, properties = (next(root.iter(name)) for name in (f"{DS}SignedInfo", f"{XADES}SignedProperties"))
    one, other = (etree.tostring(part, method="c14n", exclusive=True) for part in (info, properties))
    return one, other


def hold(before: bytes, after: bytes, trust: Trust) -> None:
    """Assert what a changed container may be: the same in all that is signed, or not passed."""
    original = verify(before, trust=trust, at=AT, offline=True)
    assert original.conclusion.indication is Indication.TOTAL_PASSED
    report = verify(after, trust=trust, at=AT, offline=True)
    if report.conclusion.indication is not Indication.TOTAL_PASSED:
        return
    old, new = (read_container(io.BytesIO(data)) for data in (before, after))
    assert set(new.data_names) == set(old.data_names)
    for name in old.data_names:
        assert new.read(name, 10**6) == old.read(name, 10**6), name
    assert signed_forms(new.read(SIGNATURES, 10**6)) == signed_forms(old.read(SIGNATURES, 10**6))
    assert reported(report) == reported(original) or findings(report) != findings(original)


def hold_anywhere(envelope: bytes, change: Change, trust: Trust) -> None:
    """Change the archive as it lies on the disk."""
    hold(envelope, changed(envelope, change), trust)


def hold_in_signature(envelope: bytes, change: Change, trust: Trust) -> None:
    """Change the signature file, and pack it again as an honest archive."""
    files = unpacked(envelope)
    files[SIGNATURES] = changed(files[SIGNATURES], change)
    hold(envelope, repacked(files), trust)


def hold_in_content(envelope: bytes, change: Change, trust: Trust) -> None:
    """Change one signed entry, and pack it again: nothing of it passes."""
    files = unpacked(envelope)
    names = [name for name in files if name == "header.edxml" or name.startswith("documents/")]
    name = names[change[0] % len(names)]
    content = changed(files[name], change)
    if content == files[name]:
        return
    files[name] = content
    report = verify(repacked(files), trust=trust, at=AT, offline=True)
    assert report.conclusion.indication is Indication.TOTAL_FAILED


HOLDS = [hold_anywhere, hold_in_signature, hold_in_content]


@pytest.mark.parametrize("holds", HOLDS, ids=lambda one: one.__name__)
def test_no_change_passes_that_matters(holds: Any, envelope: bytes, trust: Trust) -> None:
    """A few hundred changes of each sort."""

    @settings(max_examples=120, deadline=None)
    @given(CHANGES)
    def run(change: Change) -> None:
        holds(envelope, change, trust)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("holds", HOLDS, ids=lambda one: one.__name__)
def test_no_change_of_very_many_passes_that_matters(holds: Any, envelope: bytes, trust: Trust) -> None:
    """Ten thousand of each sort, from a seed that a failure names."""
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    for turn in range(10_000):
        what = chance.choice(["replace", "insert", "delete", "swap"])
        change = (chance.randrange(2**20), what, chance.randbytes(chance.randint(1, 4)))
        try:
            holds(envelope, change, trust)
        except (AssertionError, ContainerError) as error:
            raise AssertionError(f"seed {seed}, turn {turn}: {change}") from error


def test_a_flipped_bit_counts_or_changes_nothing(envelope: bytes, trust: Trust) -> None:
    """One flipped bit at a time, evenly over the whole file."""
    for place in range(len(envelope) % 3, len(envelope), 53):
        flipped = bytes([envelope[place] ^ 1])
        hold(envelope, envelope[:place] + flipped + envelope[place + 1 :], trust)
