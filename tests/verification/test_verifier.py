"""``Verifier``: the same answers as ``verify``, for many files, from many threads."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

import docsign
from docsign import Trust, Verifier, verify
from docsign.pki import path_facts
from docsign.verdict import Conclusion, SubIndication


def test_it_answers_as_verify_does(by_both: bytes, by_person: bytes, sealed: bytes, trust: Trust) -> None:
    """Trust and policy are its own; all else is asked per file."""
    at = datetime.now(UTC) + timedelta(minutes=1)
    for policy in ("any", "official", docsign.HasRole("agency")):
        verifier = Verifier(trust=trust, policy=policy, offline=True)
        for data in (by_both, by_person, sealed, b""):
            assert verifier.verify(data, at=at, name="x") == verify(
                data, trust=trust, at=at, policy=policy, offline=True, name="x"
            )


def test_without_trust_nobody_is_trusted(by_both: bytes) -> None:
    """As for ``verify``: sound, and not decided."""
    report = Verifier().verify(by_both)
    assert report.conclusion == Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_threads_share_it(by_both: bytes, by_person: bytes, trust: Trust) -> None:
    """Forty files in eight threads: each has the answer of its bytes."""
    verifier = Verifier(trust=trust)
    at = datetime.now(UTC) + timedelta(minutes=1)
    changed = by_both[:900] + bytes([by_both[900] ^ 1]) + by_both[901:]
    files = [by_both, by_person, changed, b"ghi"] * 10
    expected = [verifier.verify(data, at=at) for data in files[:4]] * 10
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda data: verifier.verify(data, at=at), files)) == expected


def test_a_chain_is_validated_once(by_both: bytes, trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second file of the same signers asks nobody about their chains again."""
    verifier = Verifier(trust=trust)
    first = verifier.verify(by_both)
    monkeypatch.setattr(path_facts, "_rules", lambda *_: pytest.fail("validated again"))
    assert verifier.verify(by_both) == first


def test_it_cannot_be_changed(trust: Trust) -> None:
    """Frozen: what one thread asks cannot alter what another is told."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Verifier(trust=trust).offline = True  # type: ignore[misc]
