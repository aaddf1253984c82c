"""Evidence records and receipts: one JSON form, strict reading, errors that name the place."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.envelope.events import event_name
from docsign.envelope.evidence import (
    ENVELOPE_TYPE,
    RECEIPT_LIMIT,
    Evidence,
    EvidenceEvent,
    Issuer,
    Part,
    Reason,
    Receipt,
    canonical_json,
    is_receipt,
    parse_json,
)
from docsign.errors import DocsignError, WireError

DIGEST = "ab" * 32
TIME = datetime(2026, 11, 16, 9, 15, 30, 123000, tzinfo=timezone(timedelta(hours=7)))

EVIDENCE = Evidence(
    id="0123456789abcdef",
    event=EvidenceEvent.SUBMISSION_ACCEPTANCE,
    time=TIME,
    issuer=Issuer(name="Trạm chuyển tiếp thử nghiệm", certificate="cd" * 32),
    sender="H99.31",
    recipients=("H99", "000.00.12.H99"),
    document_id="H99.31,2026/11/16,125/UBND-VX",
    submitted_at=TIME - timedelta(seconds=1),
    parts=(Part(id="envelope", type=ENVELOPE_TYPE, digest=DIGEST),),
    actor="H99.31",
    reasons=(Reason(code="01", text="Đã đến"),),
)


def test_a_record_has_one_form() -> None:
    """Keys sorted, no spaces, UTF-8, times in UTC to the millisecond: the bytes that are signed."""
    assert canonical_json(EVIDENCE.to_json()).decode() == (
        '{"actor":"H99.31","document_id":"H99.31,2026/11/16,125/UBND-VX",'
        '"event":"http://uri.etsi.org/19522/Event/SubmissionAcceptance","id":"0123456789abcdef",'
        f'"issuer":{{"certificate":"{"cd" * 32}","name":"Trạm chuyển tiếp thử nghiệm"}},'
        f'"parts":[{{"digest":"{DIGEST}","digest_method":"sha-256","id":"envelope",'
        '"type":"application/vnd.etsi.asic-e+zip"}],"reasons":[{"code":"01","text":"Đã đến"}],'
        '"recipients":["H99","000.00.12.H99"],"sender":"H99.31",'
        '"submitted_at":"2026-11-16T02:15:29.123Z","time":"2026-11-16T02:15:30.123Z","version":1}'
    )


def test_a_record_is_read_back_equal() -> None:
    """Value to JSON to value."""
    assert Evidence.from_json(json.loads(canonical_json(EVIDENCE.to_json()))) == EVIDENCE
    assert EVIDENCE.sha256 == DIGEST


def test_a_receipt_travels_whole() -> None:
    """The signature stays over the very bytes, also when a newer relay says more than is known here."""
    receipt = Receipt(evidence=EVIDENCE, signature=b"\x30\x00")
    assert Receipt.from_json(receipt.to_json()) == receipt
    assert is_receipt(receipt.to_json())

    more = json.loads(receipt.to_json())
    more["evidence"]["tree_size"] = 12
    more["checkpoint"] = "later"
    read = Receipt.from_json(json.dumps(more, indent=2).encode())
    assert read.evidence == EVIDENCE
    assert b'"tree_size":12' in read.signed
    assert Receipt.from_json(read.to_json()).signed == read.signed


def changed(**members: Any) -> dict[str, Any]:
    """Return the receipt's JSON with members replaced, ``None`` leaving one out; ``__`` goes a level down."""
    document = json.loads(Receipt(evidence=EVIDENCE, signature=b"0").to_json())
    for path, value in members.items():
        *way, last = path.split("__")
        target = document
        for step in way:
            target = target[step]
        if value is None:
            del target[last]
        else:
            target[last] = value
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"schema": 2}, "receipt.schema"),
        ({"schema": True}, "receipt.schema"),
        ({"signature": "không phải"}, "receipt.signature"),
        ({"signature": None}, "receipt.signature"),
        ({"evidence": []}, "receipt.evidence"),
        ({"evidence__version": 2}, "receipt.evidence.version"),
        ({"evidence__id": None}, "receipt.evidence.id"),
        ({"evidence__id": 5}, "receipt.evidence.id"),
        ({"evidence__event": "urn:docsign:event:Khác"}, "receipt.evidence.event"),
        ({"evidence__time": "hôm qua"}, "receipt.evidence.time"),
        ({"evidence__time": "2026-11-16T09:15:30"}, "receipt.evidence.time"),
        ({"evidence__time": "0001-01-01T00:00:00+14:00"}, "receipt.evidence.time"),
        ({"evidence__issuer": "trạm"}, "receipt.evidence.issuer"),
        ({"evidence__issuer__certificate": "AB" * 32}, "receipt.evidence.issuer.certificate"),
        ({"evidence__recipients": ["H99", 7]}, "receipt.evidence.recipients[2]"),
        ({"evidence__parts": []}, "receipt.evidence.parts"),
        ({"evidence__parts": [3]}, "receipt.evidence.parts[1]"),
        ({"evidence__reasons": {}}, "receipt.evidence.reasons"),
        ({"evidence__reasons": [{"code": "01"}]}, "receipt.evidence.reasons[1].text"),
    ],
)
def test_errors_name_the_place(members: dict[str, Any], where: str) -> None:
    """``receipt.evidence.parts[1]: …`` is what an operator needs."""
    with pytest.raises(WireError) as caught:
        Receipt.from_json(json.dumps(changed(**members)).encode())
    assert caught.value.where == where


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"schema":1,"schema":1}',
        b'{"schema":1.0}',
        b'{"schema":NaN}',
        b'{"schema":1,"evidence":"\\ud800"}',
        b"[" * 100_000,
        b" " * (RECEIPT_LIMIT + 1),
        b'{"n":' + b"9" * 10_000 + b"}",
    ],
)
def test_json_is_read_strictly(data: bytes) -> None:
    """No key twice, no floating numbers, no half letters, no depth, no size."""
    with pytest.raises(WireError):
        Receipt.from_json(data)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """Untrusted bytes give a receipt or an error of ours."""
    is_receipt(data)
    with pytest.raises(DocsignError):
        Receipt.from_json(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_canonical_json_is_a_fixed_point(value: Any) -> None:
    """Writing, reading and writing again gives the same bytes."""
    try:
        once = canonical_json(value)
    except UnicodeEncodeError:
        return  # half a character: nothing that reading would let in
    assert canonical_json(parse_json(once, limit=len(once), where="x")) == once


def test_events_have_names_in_both_spaces_and_words_in_both_languages() -> None:
    """The short name is what a trace shows, the label what a clerk reads."""
    assert EvidenceEvent.CONTENT_HANDOVER.short == "ContentHandover"
    assert EvidenceEvent.RECALL_ASKED.short == "RecallAsked"
    assert event_name("http://example/khac") == "http://example/khac"
    for event in EvidenceEvent:
        assert event.label("vi")
        assert event.label("en")


def test_every_event_of_the_standard_has_its_name() -> None:
    """EN 319 522-1's events that a relay meets, in the standard's own URI space."""
    wanted = [
        *("SubmissionAcceptance", "SubmissionRejection", "RelayAcceptance", "RelayRejection", "RelayFailure"),
        *("ContentConsignment", "ContentConsignmentFailure", "ContentHandover", "ContentHandoverFailure"),
        *("ConsignmentAcceptance", "ConsignmentRejection", "AcceptanceRejectionExpiry"),
        *("RelayToNonERDS", "RelayToNonERDSFailure", "ReceivedFromNonERDS"),
    ]
    standard = [
        event for event in EvidenceEvent if event.value.startswith("http://uri.etsi.org/19522/Event/")
    ]
    assert [event.short for event in standard] == wanted


@pytest.mark.parametrize("event", EvidenceEvent)
def test_a_refusal_gives_its_reason(event: EvidenceEvent) -> None:
    """EN 319 522-1: reason codes are required on every negative event, and on no other."""
    members = {"evidence__event": event.value, "evidence__reasons": []}
    data = json.dumps(changed(**members)).encode()
    negative = any(word in event.short for word in ("Rejection", "Failure", "Expiry"))
    assert event.is_negative is negative
    if negative:
        with pytest.raises(WireError) as caught:
            Receipt.from_json(data)
        assert caught.value.where == "receipt.evidence.reasons"
    else:
        assert Receipt.from_json(data).evidence.event is event


def test_a_receipt_is_told_whatever_stands_first_in_it() -> None:
    """Lists before the record, a file that breaks off: still a receipt, whole or damaged."""
    lists = tuple(bytes(60_000) for _ in range(2))
    data = Receipt(evidence=EVIDENCE, signature=b"\x30\x00", crls=lists).to_json()
    assert len(data) < RECEIPT_LIMIT
    assert is_receipt(data)
    assert is_receipt(data[:-30])
    assert Receipt.from_json(data).crls == lists


def test_what_is_not_a_receipt() -> None:
    """Told apart by content alone."""
    for data in (b"", b"%PDF-1.7", b"PK\x03\x04", b"[1]", b'{"a":1}'):
        assert not is_receipt(data)


def test_the_signature_is_base64_of_der() -> None:
    """Members of the document, no more and no less."""
    document = json.loads(Receipt(evidence=EVIDENCE, signature=b"\x30\x03").to_json())
    assert sorted(document) == ["evidence", "schema", "signature"]
    assert base64.b64decode(document["signature"]) == b"\x30\x03"
    assert datetime.fromisoformat(document["evidence"]["time"]).astimezone(UTC) == TIME
