"""Signed files behind every kind of password: opened with it, told apart without it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docsign.pki import SigningKey, Trust
from docsign.signing import sign
from docsign.verdict import Indication, Report
from docsign.verification import verify
from tests.pdf.honest.make.by_hand import plain, small_document

KINDS = {
    "rc4-40": ["40"],
    "rc4-128": ["128", "--use-aes=n"],
    "rc4-128-filters": ["128", "--force-V4"],
    "aes-128": ["128", "--use-aes=y"],
    "aes-128-metadata-open": ["128", "--use-aes=y", "--cleartext-metadata"],
    "aes-256-first-form": ["256", "--force-R5"],
    "aes-256": ["256"],
    "aes-256-metadata-open": ["256", "--cleartext-metadata"],
}


def signed(kind: str, user: str, folder: Path, key: SigningKey) -> bytes:
    """Encrypt a file with qpdf and sign it."""
    source, target = folder / "in.pdf", folder / "out.pdf"
    source.write_bytes(plain(small_document(2)))
    words = ["--allow-weak-crypto", "--object-streams=generate", "--encrypt", user, "chu", *KINDS[kind], "--"]
    subprocess.run(["qpdf", *words, source, target], check=True, capture_output=True)
    return sign(target.read_bytes(), key, role="person", password=user or None)


def told(report: Report) -> list[str]:
    """Return the findings' sentences."""
    return [finding.sentence.text("en") for finding in report.findings]


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_file_with_a_password(
    kind: str, tmp_path: Path, person_key: SigningKey, trust: Trust
) -> None:
    """The user's and the owner's open it; without one, or with another, it is said that nobody can tell."""
    pdf = signed(kind, "mo", tmp_path, person_key)
    for password in ("mo", "chu"):
        assert verify(pdf, trust=trust, password=password).conclusion.indication is Indication.TOTAL_PASSED
    for wrong, words in ((None, "its password is missing"), ("sai", "does not open it")):
        report = verify(pdf, trust=trust, password=wrong)
        assert report.conclusion.indication is Indication.INDETERMINATE
        assert any(words in sentence for sentence in told(report))
        assert [one.intact for one in report.signatures] == [True]


@pytest.mark.parametrize("kind", ["aes-128", "aes-256-first-form", "aes-256"])
def test_a_file_that_everybody_may_open(
    kind: str, tmp_path: Path, person_key: SigningKey, trust: Trust
) -> None:
    """The user's password is empty: none is needed, and a superfluous one does no harm."""
    pdf = signed(kind, "", tmp_path, person_key)
    for password in (None, "", "sai"):
        assert verify(pdf, trust=trust, password=password).conclusion.indication is Indication.TOTAL_PASSED


def test_bytes_after_the_signature_are_no_encrypted_zeros(
    tmp_path: Path, person_key: SigningKey, trust: Trust
) -> None:
    """Only what the file's own key makes of zeros may stand behind the CMS (PDFBox leaves it there)."""
    pdf = signed("aes-128", "", tmp_path, person_key)
    end = pdf.index(b">", pdf.rindex(b"/Contents"))
    report = verify(pdf[: end - 8] + b"c0ffee00" + pdf[end:], trust=trust)
    assert report.conclusion.indication is Indication.TOTAL_FAILED
