"""A receipt years later: proved by the time-stamp over the log, or honest about what is missing.

The clock is frozen: the relay's certificate runs from 2021 to 2024, the receipt is of March 2022, the first
time-stamping service's certificate ends in 2026.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.envelope.evidence import EvidenceEvent, Reason, Receipt, canonical_json
from docsign.envelope.evidence_judge import ReceiptJudgement, judge_receipt
from docsign.envelope.signed_note import LogProof
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, Indication, SubIndication
from docsign.verification import verify
from tests.ades.time_cases import ENDED, SIGNED, World
from tests.envelope.receipt_desk import AFTER, BEFORE, HOUR, LISTS, OTHERS, Desk
from tests.pki.certifying import root, year

WORLD = World()


def codes(judged: ReceiptJudgement) -> list[str]:
    """Return the codes of the findings."""
    return [one.code for one in judged.findings]


def test_before_the_end_it_holds_with_and_without_a_stamp() -> None:
    """While the certificate is valid the stamp adds its time and nothing is missing without it."""
    desk = Desk.open()
    for receipt in (desk.logged(), desk.logged(stamped=None)):
        judged = desk.judged(receipt, SIGNED + 3 * HOUR)
        assert judged.conclusion.indication is Indication.TOTAL_PASSED, judged
        assert codes(judged) == ["receipt-says", "receipt-event", "in-log"]
    stamp = desk.judged(desk.logged(), SIGNED + 3 * HOUR).timestamps[0]
    assert (stamp.id, stamp.kind, stamp.time, stamp.intact) == ("T1", "archive", BEFORE, True)


@pytest.mark.parametrize("event", EvidenceEvent)
def test_a_record_of_anything_that_happens_is_judged_and_says_what_it_was(event: EvidenceEvent) -> None:
    """Acceptance, handover, each status, refusal, expiry: event, time, receiver and reasons, offline."""
    desk = Desk.open(WORLD)
    reasons = (Reason(code="02", text="Gửi nhầm nơi nhận."), Reason(code="khac"))
    receipt = desk.receipt(event=event, recipients=("H99.12",), actor="H99.13", reasons=reasons)
    report = verify(
        receipt.to_json(), trust=desk.trust(SIGNED + 3 * HOUR), at=SIGNED + 3 * HOUR, offline=True
    )
    assert report.conclusion.indication is Indication.TOTAL_PASSED
    said = [one.sentence.text("vi") for one in report.findings]
    assert said[1:] == [
        f"Bản ghi cho biết: {event.label()}, 07:00:00 01/03/2022 (+07:00); bên nhận: H99.12.",
        "Lý do nêu ra: Gửi nhầm nơi nhận.",
        "Lý do nêu ra: khac.",
        "Việc này do H99.13 làm thay theo ủy quyền.",
    ]
    changed = receipt.to_json().replace(b"H99.12", b"H99.14")
    broken = verify(changed, trust=desk.trust(SIGNED + 3 * HOUR), at=SIGNED + 3 * HOUR, offline=True)
    assert broken.conclusion.sub_indication is SubIndication.HASH_FAILURE


def test_after_the_end_the_stamp_proves_it() -> None:
    """Valid, proved at the time of the stamp: at hand are the file and the trust folder of today."""
    desk = Desk.open()
    judged = desk.judged(desk.logged(), AFTER)
    assert judged.conclusion.indication is Indication.TOTAL_PASSED, judged
    assert judged.signatures[0].best_signature_time == BEFORE
    assert "proved-in-time" in [one.code for one in judged.signatures[0].findings]
    assert "in-log" in codes(judged)
    report = verify(desk.logged().to_json(), trust=desk.trust(AFTER), at=AFTER, offline=True)
    assert report.conclusion.indication is Indication.TOTAL_PASSED
    assert [one.time for one in report.timestamps] == [BEFORE]


def test_after_the_end_without_a_stamp_it_says_what_to_do() -> None:
    """Intact, but nothing proves that it is older: which command fetches the stamped one."""
    desk = Desk.open()
    judged = desk.judged(desk.logged(stamped=None), AFTER)
    assert judged.conclusion.indication is Indication.INDETERMINATE
    assert judged.conclusion.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert judged.signatures[0].intact is True
    assert codes(judged)[-1] == "receipt-unstamped"
    words = judged.findings[-1].sentence.text("en")
    assert f"docsign trace {'ab' * 8} --receipt FILE" in words


def test_after_the_end_lists_are_needed_too() -> None:
    """Whether the certificate was revoked is said by the lists of then, today's leave out what has ended."""
    desk = Desk.open()
    bare = desk.logged(lists=ValidationData())
    judged = desk.judged(bare, AFTER)
    assert judged.conclusion.indication is Indication.INDETERMINATE
    assert desk.judged(bare, AFTER, desk.world.lists(LISTS)).conclusion.indication is Indication.TOTAL_PASSED
    lax = [replace(one, revocation="not-expected") for one in desk.world.trust.anchors]
    assert judge_receipt(bare.to_json(), trust=Trust.of(lax), at=AFTER).conclusion == Conclusion.passed()
    old = judge_receipt(desk.logged().to_json(), trust=desk.world.trust, at=AFTER)
    stale = old.timestamps[0].conclusion.sub_indication  # nothing new is known of the service
    assert stale is SubIndication.TRY_LATER


def test_the_stamp_of_a_stranger_proves_nothing() -> None:
    """A service that no anchor vouches for: before the end no harm, after it no help, and it is said."""
    desk = Desk.open()
    stranger = root("CA lạ").tsa("Dấu thời gian lạ", begin=year(2020), end=year(2039))
    receipt = desk.logged(tsa=stranger)
    assert desk.judged(receipt, SIGNED + 3 * HOUR).conclusion.indication is Indication.TOTAL_PASSED
    judged = desk.judged(receipt, AFTER)
    assert judged.conclusion.indication is Indication.INDETERMINATE
    assert judged.timestamps[0].conclusion.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert codes(judged)[-1] == "receipt-stamp"


def test_a_stamp_made_after_the_end_comes_too_late() -> None:
    """What the stamp proves is after the certificate had ended: no proof of an earlier signature."""
    desk = Desk.open()
    receipt = desk.logged(stamped=ENDED + timedelta(days=30), lists=desk.world.lists(ENDED + HOUR, days=90))
    judged = desk.judged(receipt, AFTER)
    assert judged.conclusion.indication is Indication.INDETERMINATE
    assert judged.conclusion.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_a_stamp_over_another_tree_proves_nothing() -> None:
    """A checkpoint without this record, well stamped: the path does not lead there and the receipt fails."""
    desk = Desk.open()
    receipt = desk.logged()
    other = desk.checkpoint([*OTHERS, b"khong co bien nhan nay"])
    proof = replace(LogProof.from_text(receipt.proof), checkpoint=other)
    stamp = desk.world.tsa.stamp(other, BEFORE)
    judged = desk.judged(replace(receipt, proof=proof.to_text(), stamp=stamp), AFTER)
    assert judged.conclusion.indication is Indication.TOTAL_FAILED
    assert judged.timestamps == ()
    assert "log-proof" in codes(judged)


def test_a_stamp_of_something_else_proves_nothing() -> None:
    """The token of another checkpoint beside the right proof."""
    desk = Desk.open()
    stamp = desk.world.tsa.stamp(desk.checkpoint(OTHERS), BEFORE)
    judged = desk.judged(replace(desk.logged(), stamp=stamp), AFTER)
    assert judged.conclusion.indication is Indication.INDETERMINATE
    assert judged.timestamps[0].conclusion.sub_indication is SubIndication.HASH_FAILURE
    assert codes(judged)[-1] == "receipt-stamp"


def test_who_keeps_the_log_is_proved_in_time_as_well() -> None:
    """A stamped record beside an unstamped word on the log: when was it made."""
    desk = Desk.open()
    receipt = desk.logged()
    assert receipt.about is not None
    judged = desk.judged(replace(receipt, about=replace(receipt.about, stamp=b"")), AFTER)
    assert judged.signatures[0].conclusion.indication is Indication.TOTAL_PASSED
    assert judged.conclusion.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert codes(judged)[-1] == "receipt-unstamped"


@pytest.mark.parametrize(
    ("revoked", "indication"),
    [
        (BEFORE + timedelta(days=1), Indication.TOTAL_PASSED),
        (BEFORE - timedelta(minutes=30), Indication.INDETERMINATE),
    ],
)
def test_a_revocation_counts_from_its_day(revoked: datetime, indication: Indication) -> None:
    """Revoked after the stamp: good then. Revoked before it: nothing proves that it was signed in time."""
    desk = Desk.open()
    lists = desk.world.lists(BEFORE + timedelta(days=2), signer=(revoked, "keyCompromise"))
    receipt = desk.logged(lists=lists)
    for at in (BEFORE + timedelta(days=3), AFTER):
        judged = desk.judged(receipt, at)
        assert judged.conclusion.indication is indication, (at, judged)
    unstamped = desk.judged(desk.logged(stamped=None, lists=lists), BEFORE + timedelta(days=3))
    assert unstamped.conclusion.sub_indication is SubIndication.REVOKED_NO_POE
    assert codes(unstamped)[-1] == "receipt-unstamped"


def test_after_the_end_of_the_service_an_evidence_record_carries_on() -> None:
    """What proves the whole file (an evidence record) proves the receipt in it, stamped or not."""
    desk = Desk.open()
    data = desk.logged(stamped=None).to_json()
    judged = judge_receipt(data, trust=desk.trust(AFTER), at=AFTER, proved_time=BEFORE)
    assert judged.conclusion.indication is Indication.TOTAL_PASSED


def test_stamp_and_lists_travel_and_are_read_strictly() -> None:
    """The same value back; a list that is no list and a stamp that is no base64 are named."""
    receipt = Desk.open().logged()
    assert Receipt.from_json(receipt.to_json()) == receipt
    document = json.loads(receipt.to_json())
    assert canonical_json(document) + b"\n" == receipt.to_json()
    assert receipt.about is not None
    assert canonical_json(document["relay"]) + b"\n" == receipt.about.to_bytes()
    assert sorted(document) == ["crls", "evidence", "proof", "relay", "schema", "signature", "stamp"]
    for member, value, where in (
        ("stamp", "không", "receipt.stamp"),
        ("crls", "MAA=", "receipt.crls"),
        ("crls", ["MAA=", 5], "receipt.crls[2]"),
        ("relay", {**document["relay"], "stamp": 7}, "receipt.relay.stamp"),
    ):
        broken = json.dumps({**document, member: value}).encode()
        judged = judge_receipt(broken, trust=Trust.nothing(), at=AFTER)
        assert judged.findings[0].where == where


def test_garbage_in_place_of_a_stamp_or_a_list_does_no_harm() -> None:
    """Bytes that are no token and no list prove nothing and break nothing."""
    desk = Desk.open()
    receipt = replace(desk.logged(), stamp=b"\x30\x03abc", crls=(b"\x30\x00", *desk.world.lists(LISTS).crls))
    assert desk.judged(receipt, SIGNED + 3 * HOUR).conclusion.indication is Indication.TOTAL_PASSED
    judged = desk.judged(receipt, AFTER)
    assert judged.conclusion.indication is Indication.INDETERMINATE
    assert codes(judged)[-1] == "receipt-stamp"


def test_openssl_says_the_same_of_signature_and_stamp(tmp_path: Path) -> None:
    """The record's CMS signature and the token over the checkpoint, at the time of the stamp."""
    desk = Desk.open()
    receipt = desk.logged()
    world = desk.world
    note = LogProof.from_text(receipt.proof).checkpoint
    for name, data in {
        "root.pem": world.root.certificate.public_bytes(Encoding.PEM),
        "ca.pem": world.ca.certificate.public_bytes(Encoding.PEM),
        "record.json": receipt.signed,
        "record.p7s": receipt.signature,
        "note": note,
        "note.tst": receipt.stamp,
    }.items():
        (tmp_path / name).write_bytes(data)
    then = ["-attime", str(int(BEFORE.timestamp())), "-CAfile", "root.pem"]
    signed = ["cms", "-verify", "-cades", "-inform", "DER", "-in", "record.p7s", "-binary", "-purpose", "any"]
    stamped = ["ts", "-verify", "-in", "note.tst", "-token_in", "-untrusted", "ca.pem"]
    for words, file in (([*signed, "-content"], "record.json"), ([*stamped, "-data"], "note")):
        for more, status in ((b"", True), (b" ", False)):
            (tmp_path / "what").write_bytes((tmp_path / file).read_bytes() + more)
            done = subprocess.run(
                ["openssl", *words, "what", *then], cwd=tmp_path, capture_output=True, check=False
            )
            assert (done.returncode == 0) is status, done.stderr


DESK = Desk.open()
WHOLE = DESK.logged().to_json()
SAID = Receipt.from_json(WHOLE).signed


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE) - 2), st.integers(1, 255))
def test_no_changed_byte_says_something_else(place: int, change: int) -> None:
    """Whatever byte is changed: it does not pass, or says the very same, proved at the very same time."""
    data = bytearray(WHOLE)
    data[place] ^= change
    judged = judge_receipt(bytes(data), trust=DESK.trust(AFTER), at=AFTER)
    if judged.conclusion.indication is Indication.TOTAL_PASSED:
        assert judged.receipt is not None
        assert judged.receipt.signed == SAID
        assert judged.signatures[0].best_signature_time == BEFORE
        assert "in-log" in codes(judged)
