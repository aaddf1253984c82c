"""The wire: what is written can be read again, and what cannot be read names its place."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.errors import WireError
from docsign.exchange import wire
from docsign.exchange.json_text import dump, load
from docsign.exchange.problems import Problem, ProblemType
from docsign.sentence import say

NOW = datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)
NAME = "ab" * 32
ITEM = wire.InboxItem(
    delivery="d-1",
    sha256=NAME,
    size=12345,
    sender="H99.31",
    sender_name="Ủy ban nhân dân xã Thử nghiệm",
    document_id="H99.31,2026/11/20,125/UBND-VX",
    subject="V/v thử nghiệm",
    priority=2,
    accepted_at=NOW,
    expires_at=NOW + timedelta(days=14),
    state="queued",
)
TRACE = wire.Trace(
    sha256=NAME,
    document_id=ITEM.document_id,
    subject="V/v thử nghiệm",
    sender="H99.31",
    accepted_at=NOW,
    deliveries=(wire.TraceDelivery(receiver="H99", receiver_name="UBND tỉnh", state="refused", since=NOW),),
    events=(
        wire.TraceEvent(
            time=NOW,
            event="ConsignmentRejection",
            receiver="H99",
            state="refused",
            code="02",
            reasons=(wire.Reason(code="02", text="Gửi nhầm nơi nhận"),),
            actor="H99",
        ),
    ),
)
SHAPES: list[Any] = [
    wire.InboxPage(items=(ITEM,), next="17"),
    wire.InboxPage(items=(), next=None),
    TRACE,
    wire.Handover(sha256=NAME),
    wire.Handover(sha256=NAME, signature="AAAA"),
    wire.HandoverAccepted(delivery="d-1", state="handed-over", recorded_at=NOW),
    wire.StatusAccepted(sha256=NAME, receiver="H99", code="03", state="accepted", recorded_at=NOW),
    wire.AgencyPage(agencies=(wire.AgencyEntry(code="H99", name="UBND tỉnh Thử nghiệm"),), next="H99"),
    Problem.of(ProblemType.BUSY, say("Interrupted."), where="header.to[1]"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_what_is_written_can_be_read(shape: Any) -> None:
    """Each shape comes back as it was, letters with all tones included."""
    assert type(shape).from_json(shape.to_json()) == shape


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_reader_skips_what_it_does_not_know(shape: Any) -> None:
    """A newer relay may say more."""
    more = json.loads(shape.to_json()) | {"moi": {"sau": [1]}}
    assert type(shape).from_json(json.dumps(more)) == shape


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda page: page.pop("items"), "inbox.items"),
        (lambda page: page["items"].append(7), "inbox.items[1]"),
        (lambda page: page["items"][0].pop("sha256"), "inbox.items[0].sha256"),
        (lambda page: page["items"][0].update(sha256="AB" * 32), "inbox.items[0].sha256"),
        (lambda page: page["items"][0].update(size=-1), "inbox.items[0].size"),
        (lambda page: page["items"][0].update(size=True), "inbox.items[0].size"),
        (lambda page: page["items"][0].update(size=2**63), "inbox.items[0].size"),
        (
            lambda page: page["items"][0].update(accepted_at="2026-11-20T09:00:00"),
            "inbox.items[0].accepted_at",
        ),
        (lambda page: page["items"][0].update(accepted_at="hôm qua"), "inbox.items[0].accepted_at"),
        (lambda page: page["items"][0].update(delivery="../../etc"), "inbox.items[0].delivery"),
        (lambda page: page["items"][0].update(subject="x" * 5000), "inbox.items[0].subject"),
        (lambda page: page.update(next=3), "inbox.next"),
    ],
)
def test_an_error_names_its_place(change: Any, place: str) -> None:
    """What is missing or wrong is found without reading the whole answer by eye."""
    page = json.loads(wire.InboxPage(items=(ITEM,)).to_json())
    change(page)
    with pytest.raises(WireError) as caught:
        wire.InboxPage.from_json(json.dumps(page))
    assert caught.value.where == place


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"items":NaN}',
        b"7",
        b'{"items":[],"items":[]}',
        b'{"next":"\\ud800"}',
    ],
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    """Truncated, deep, doubled or half a character: one kind of error, nothing else."""
    with pytest.raises(WireError):
        wire.InboxPage.from_json(text)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """Whatever arrives, a reader answers with a value or a WireError."""
    for shape in (wire.InboxPage, wire.Trace, wire.Handover, wire.StatusAccepted, Problem):
        try:
            shape.from_json(data)
        except WireError:
            continue


@given(st.binary(max_size=64))
def test_a_digest_comes_back(data: bytes) -> None:
    """Repr-Digest (RFC 9530) carries the SHA-256 both ways."""
    name = hashlib.sha256(data).hexdigest()
    assert wire.read_repr_digest(wire.write_repr_digest(name)) == name


def test_other_digests_beside_are_skipped() -> None:
    """A sender may give several; the one we know counts, parameters are overlooked."""
    ours = wire.write_repr_digest(NAME)
    assert wire.read_repr_digest(f"sha-512=:AAAA:, {ours};v=1") == NAME


@pytest.mark.parametrize(
    "value", ["", "sha-256=AAAA", "sha-256=:AAAA:", "sha-512=:AAAA:", f"SHA-256={'A' * 44}", "," * 1000]
)
def test_a_digest_that_is_none(value: str) -> None:
    """A missing or malformed digest is refused with the name of the header."""
    with pytest.raises(WireError) as caught:
        wire.read_repr_digest(value)
    assert caught.value.where == "Repr-Digest"


def test_ranges() -> None:
    """Content-Range comes back; impossible ones are refused."""
    assert wire.read_content_range(wire.write_content_range(5, 9, 10)) == (5, 9, 10)
    for value in ("bytes 9-5/10", "bytes 5-10/10", "bytes */10", "5-9/10", "bytes 5-9/*", ""):
        with pytest.raises(WireError):
            wire.read_content_range(value)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_time_that_no_calendar_here_can_show_is_refused(text: str) -> None:
    """The last hours of the year 9999 have no date in Vietnam: that is the relay's fault, not our bug."""
    with pytest.raises(WireError):
        load(dump({"time": text}), "x").member("time").moment()


def test_times_are_read_in_any_zone() -> None:
    """A relay that writes Vietnamese time means the same moment."""
    page = json.loads(wire.InboxPage(items=(ITEM,)).to_json())
    local = NOW.astimezone(timezone(timedelta(hours=7)))
    page["items"][0]["accepted_at"] = local.isoformat()
    assert wire.InboxPage.from_json(json.dumps(page)).items[0].accepted_at == NOW


def test_a_problem_speaks_both_languages() -> None:
    """The stable type, the HTTP status, the words, and whether to try again."""
    value = Problem.of(ProblemType.DISK_FULL, say("The disk is full: nothing was written."))
    assert (value.status, value.retry, value.title) == (507, True, "disk-full")
    assert value.sentence.text("vi") == "Đĩa đã đầy: chưa ghi gì cả."
    assert value.sentence.text("en") == "The disk is full: nothing was written."


def test_the_words_of_a_relay_are_never_a_template() -> None:
    """Braces in a relay's answer are braces."""
    value = Problem.from_json(b'{"vi":"{x.__class__}","en":"{0}"}')
    assert value.sentence.text("vi") == "{x.__class__}"
    assert value.sentence.text("en") == "{0}"


def test_a_problem_of_another_server() -> None:
    """Any RFC 9457 document is understood as far as it goes."""
    value = Problem.from_json(b'{"title":"Forbidden","status":403}')
    assert (value.type, value.en, value.vi, value.retry) == ("about:blank", "Forbidden", "Forbidden", False)


@pytest.mark.parametrize("kind", ProblemType)
def test_every_problem_has_its_http_status(kind: ProblemType) -> None:
    """The table is whole, and 5xx is what is worth trying again."""
    assert 400 <= kind.http_status < 600
    if kind.http_status >= 500:
        assert kind.retry
