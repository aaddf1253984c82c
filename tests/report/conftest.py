"""Signed letters and envelopes to report on."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from docsign.cli.verify_answers import Asked, tell_lost
from docsign.detached import sign_detached
from docsign.pki import SigningKey, Trust
from docsign.signing import sign
from docsign.verdict import Report
from docsign.verification import verify
from tests.envelope.conftest import header, pdf, sealed
from tests.evidence_builder import Record, token
from tests.signing.conftest import by_both, by_person, letter, seal_png, signature_png

__all__ = ["by_both", "by_person", "header", "letter", "pdf", "seal_png", "sealed", "signature_png"]

SOON = timedelta(minutes=1)


@pytest.fixture(scope="session")
def reports(
    letter: bytes,
    by_person: bytes,
    by_both: bytes,
    sealed: bytes,
    agency_key: SigningKey,
    person_key: SigningKey,
    tsa_key: SigningKey,
    tsa_url: str,
    trust: Trust,
) -> dict[str, Report]:
    """One real report of each sort."""
    at = datetime.now(UTC) + SOON
    stamped = sign(letter, person_key, role="person", tsa=tsa_url)
    moment = datetime.now(UTC).replace(microsecond=0)
    stamp = token(tsa_key, "sha256", hashlib.sha256(b"x").digest(), moment)
    record = Record("asn1", {"x.txt": b"x"}).begin(tsa_key, moment).encode()
    lost = tell_lost(Asked(at=at, form="html"), Path(__file__), "died").report
    assert lost is not None
    changed = bytearray(by_both)
    changed[1000] ^= 1

    def told(source: bytes, **options: Any) -> Report:
        return verify(source, trust=trust, at=at, **options)

    return {
        "unsigned": told(letter),
        "one": told(by_person),
        "two": told(by_both, policy="official"),
        "stamped": told(stamped),
        "changed": told(bytes(changed)),
        "appended": told(by_both + b"%"),
        "cut": told(by_both[:-90]),
        "untrusted": verify(by_both),
        "envelope": told(sealed, policy="official"),
        "broken envelope": told(sealed[:-30], name="goi.asice"),
        "detached": told(sign_detached(b"x", agency_key, tsa=tsa_url), content=[("x.txt", b"x")]),
        "alone": told(sign_detached(b"x", agency_key)),
        "timestamp": told(stamp, content=[("x.txt", b"x")]),
        "timestamp alone": told(stamp),
        "record": told(record, content=[("x.txt", b"x")]),
        "file with record": told(by_both, evidence=[("x.ers", record)]),
        "broken record": told(by_both, evidence=[("x.ers", b"?")]),
        "given up": lost,
        "empty": told(b""),
        "text": told("Chỉ là văn bản.".encode()),
    }
