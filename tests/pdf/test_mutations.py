"""One byte changed anywhere in a good signed file of any producer: never a pass that says the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.verdict import Indication, Report
from docsign.verification import verify
from tests.pdf.attacks.second_signer import everyone
from tests.pdf.attacks.table import GENERAL, good
from tests.pdf.attacks.universal import gap
from tests.pdf.attacks.wrapping import numbers
from tests.pdf.honest.index import AT
from tests.pdf.test_honest import told

FILES = (*GENERAL, "itext", "word")


def judged(pdf: bytes) -> Report:
    """Return the verdict at the time of the honest files."""
    return verify(pdf, trust=everyone(), at=AT)


def said(report: Report) -> dict[str, Any]:
    """Return what a report says, but for the digest of the file."""
    return report.to_json() | {"sha256": ""}


NAMES, PLACES = st.sampled_from(FILES), st.floats(0, 1, exclude_max=True)
DAILY, LONG = settings(max_examples=100, deadline=None), settings(max_examples=1500, deadline=None)


def signed_byte_changed(name: str, place: float, change: int) -> None:
    """Change a byte inside those that the signature covers."""
    pdf = bytearray(good(name))
    _, first, second, length = numbers(bytes(pdf))
    offset = int(place * (first + length))
    pdf[offset if offset < first else offset - first + second] ^= change
    report = judged(bytes(pdf))
    assert report.conclusion.indication is not Indication.TOTAL_PASSED, told(report)
    assert report.conclusion.indication is not Indication.NO_SIGNATURE, told(report)


def contents_changed(name: str, place: float, byte: int) -> None:
    """Change a byte in the gap."""
    pdf = bytearray(good(name))
    start, end = gap(bytes(pdf))
    offset = start + int(place * (end - start))
    old = pdf[offset]
    pdf[offset] = byte
    report = judged(bytes(pdf))
    if report.conclusion.indication is not Indication.TOTAL_PASSED:
        return
    same_digit = bytes([old]).lower() == bytes([byte]).lower()
    before = judged(good(name))
    more = len(str(said(report)["findings"])) > len(str(said(before)["findings"]))
    assert same_digit or more or said(report) == said(before), told(report)


def file_cut(name: str, cut: float) -> None:
    """Cut a file anywhere after its signature began; white space at the end may go."""
    pdf = good(name)
    start, _ = gap(pdf)
    rest = pdf[: start + int(cut * (len(pdf) - start))]
    if rest.rstrip() == pdf.rstrip():
        return
    report = judged(rest)
    assert report.conclusion.indication is not Indication.TOTAL_PASSED, told(report)
    assert report.conclusion.indication is not Indication.NO_SIGNATURE, told(report)


@given(name=NAMES, place=PLACES, change=st.integers(1, 255))
@DAILY
def test_a_changed_signed_byte_never_passes(name: str, place: float, change: int) -> None:
    """Inside the bytes that the signature covers."""
    signed_byte_changed(name, place, change)


@given(name=NAMES, place=PLACES, byte=st.integers(0, 255))
@DAILY
def test_a_changed_byte_of_the_contents_says_so_or_says_the_same(name: str, place: float, byte: int) -> None:
    """In the gap: what still passes is another case of a digit, is found, or changes nothing reported."""
    contents_changed(name, place, byte)


@given(name=NAMES, cut=PLACES)
@DAILY
def test_a_file_that_was_cut_never_passes(name: str, cut: float) -> None:
    """Cut anywhere after its signature began."""
    file_cut(name, cut)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(name=NAMES, place=PLACES, change=st.integers(1, 255))
@LONG
def test_a_long_campaign_of_changes(name: str, place: float, change: int) -> None:
    """The three above, many times: signed bytes, bytes of the gap, cuts."""
    signed_byte_changed(name, place, change)
    contents_changed(name, place, change)
    file_cut(name, place)
