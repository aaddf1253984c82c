"""Signed letters and envelopes to report on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from docsign.detached import sign_detached
from docsign.pki import SigningKey, Trust
from docsign.signing import sign
from docsign.verdict import Report
from docsign.verification import verify
from tests.envelope.conftest import header, pdf, sealed
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
    tsa_url: str,
    trust: Trust,
) -> dict[str, Report]:
    """One real report of each sort."""
    at = datetime.now(UTC) + SOON
    stamped = sign(letter, person_key, role="person", tsa=tsa_url)
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
        "empty": told(b""),
        "text": told("Chỉ là văn bản.".encode()),
    }
