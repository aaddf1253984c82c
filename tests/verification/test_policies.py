"""Policies over every kind of file: what is demanded is found in each, and what is missing is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from docsign import AllOf, AnyOf, HasRole, IssuedTo, Trust, verify
from docsign.detached import sign_detached
from docsign.envelope import Header
from docsign.pki import SigningKey
from docsign.sealing import seal
from docsign.verdict import Conclusion, Policy, Report, SubIndication

CONTENT = "Danh sách hộ nghèo".encode()
CONSTRAINTS = Conclusion.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
KINDS = ("pdf", "cms", "envelope")
Ask = Callable[..., Report]


@pytest.fixture(scope="session")
def ask(
    by_person: bytes,
    by_both: bytes,
    header: Header,
    agency_key: SigningKey,
    person_key: SigningKey,
    trust: Trust,
) -> Ask:
    """Verify a file of a kind, signed by the agency (with or after the person) or by the person alone."""
    at = datetime.now(UTC) + timedelta(minutes=1)
    files: dict[tuple[str, str], bytes] = {
        ("pdf", "agency"): by_both,
        ("pdf", "person"): by_person,
        ("cms", "agency"): sign_detached(CONTENT, agency_key),
        ("cms", "person"): sign_detached(CONTENT, person_key),
        ("envelope", "agency"): seal(header, [("danh-sach.txt", CONTENT)], agency_key),
        ("envelope", "person"): seal(header, [("danh-sach.txt", CONTENT)], person_key),
    }

    def asked(kind: str, by: str, policy: Any) -> Report:
        content = [("danh-sach.txt", CONTENT)] if kind == "cms" else []
        return verify(files[kind, by], trust=trust, at=at, content=content, policy=policy, offline=True)

    return asked


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "policy",
    [
        IssuedTo("H99.31"),
        HasRole("agency"),
        AllOf(IssuedTo("H99.31"), HasRole("agency")),
        AnyOf(IssuedTo("H01"), HasRole("agency")),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_what_is_demanded_is_found_in_every_kind(kind: str, policy: Policy, ask: Ask) -> None:
    """The commune's own signature on a PDF, a detached signature, an envelope."""
    assert ask(kind, "agency", policy).conclusion == Conclusion.passed()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("policy", "by", "said"),
    [
        (IssuedTo("H01"), "agency", "Không có chữ ký hợp lệ của cơ quan H01."),
        (HasRole("agency"), "person", "Không có chữ ký hợp lệ của cơ quan, tổ chức."),
        (
            AllOf(IssuedTo("H99.31"), IssuedTo("H02")),
            "agency",
            "Không có chữ ký hợp lệ của cơ quan H02.",
        ),
        (
            AnyOf(IssuedTo("H03"), IssuedTo("H04")),
            "agency",
            "Không có chữ ký hợp lệ của cơ quan H03. Hoặc: Không có chữ ký hợp lệ của cơ quan H04.",
        ),
    ],
    ids=("issued", "role", "all", "any"),
)
def test_what_is_missing_is_said(kind: str, policy: Policy, by: str, said: str, ask: Ask) -> None:
    """INDETERMINATE / SIG_CONSTRAINTS_FAILURE, and a sentence that names what is missing."""
    report = ask(kind, by, policy)
    assert report.conclusion == CONSTRAINTS
    assert [one.sentence.text("vi") for one in report.findings if one.code == "policy"] == [said]


@pytest.mark.parametrize("kind", KINDS)
def test_an_official_file_needs_its_agency(kind: str, ask: Ask) -> None:
    """A person's signature alone issues nothing, in whatever it lies (ND 30/2020 Art. 5); that is said."""
    assert ask(kind, "agency", "official").conclusion == Conclusion.passed()
    report = ask(kind, "person", "official")
    assert report.conclusion == CONSTRAINTS
    assert "two-signatures" in [one.code for one in report.findings]
    assert ask(kind, "person", "any").conclusion == Conclusion.passed()


def test_a_policy_makes_nothing_better(by_both: bytes, trust: Trust) -> None:
    """A changed file stays failed, an untrusted one undecided for its own reason."""
    changed = by_both[:900] + bytes([by_both[900] ^ 1]) + by_both[901:]
    for policy in (HasRole("agency"), "official"):
        report = verify(changed, trust=trust, policy=policy, offline=True)
        assert report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
        report = verify(by_both, policy=policy, offline=True)
        assert report.conclusion.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
