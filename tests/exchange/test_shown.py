"""What the exchange commands show: states, events, times and sizes in both languages, foreign text tamed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click
import pytest

from docsign.cli import desk, exchange, exchange_text, receiving
from docsign.envelope.evidence import EvidenceEvent
from docsign.exchange import wire
from docsign.sentence import shown


@pytest.mark.parametrize("word", wire.DeliveryState)
def test_every_state_has_words_in_both_languages(word: wire.DeliveryState) -> None:
    """No state is shown as a code."""
    vietnamese, english = exchange_text.state(word, "vi"), exchange_text.state(word, "en")
    assert vietnamese != english
    assert word.value != vietnamese


def test_a_state_of_a_newer_relay_is_shown_as_it_is() -> None:
    """An unknown word is better than none."""
    assert exchange_text.state("đang-bay\x1b[2J", "vi") == "đang-bay [2J"
    assert exchange_text.event_label("urn:khac:su-kien", "vi") == "urn:khac:su-kien"


@pytest.mark.parametrize("event", EvidenceEvent)
def test_every_event_is_known_by_both_its_names(event: EvidenceEvent) -> None:
    """URI or short name: the same words."""
    assert exchange_text.event_label(event.value, "vi") == exchange_text.event_label(event.short, "vi")
    assert exchange_text.event_label(event.short, "en") == event.label("en")


def test_times_are_vietnamese_time() -> None:
    """A clerk reads the clock on the wall."""
    moment = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    assert exchange_text.when(moment, "vi") == "21/11/2026 01:30:00"
    assert exchange_text.when(moment, "en") == "2026-11-21 01:30:00 +07:00"


@pytest.mark.parametrize(
    ("count", "vi", "en"),
    [
        (0, "0 byte", "0 byte"),
        (1023, "1023 byte", "1023 byte"),
        (392 * 1024, "392 KB", "392 KB"),
        (8900, "8,7 KB", "8.7 KB"),
        (100_000_000, "95,4 MB", "95.4 MB"),
        (5 * 1024**3, "5120 MB", "5120 MB"),
    ],
)
def test_sizes(count: int, vi: str, en: str) -> None:
    """Rounded for reading, with the language's decimal sign."""
    assert exchange_text.size(count, "vi") == vi
    assert exchange_text.size(count, "en") == en


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\x00b", "a\u2028b", "a\u00a0b"])
def test_foreign_text_stays_on_its_line(text: str) -> None:
    """No escape sequence, line break or turned direction from another agency's subject."""
    assert shown(text).isprintable()


@pytest.mark.parametrize(
    ("number", "mark"), [(0, ""), (1, "Khẩn"), (4, "Hỏa tốc hẹn giờ"), (5, ""), (99, "")]
)
def test_urgency(number: int, mark: str) -> None:
    """The mark of the document; an ordinary or unknown one shows none."""
    assert exchange_text.priority(number) == mark


def test_every_command_shares_the_desk() -> None:
    """The same options in the same words, whichever command."""
    shared = {"relay", "identity", "relay_trust", "outbox", "passphrase_file", "as_json", "lang"}
    commands: list[click.Command] = [
        exchange.send,
        receiving.inbox,
        receiving.receive,
        receiving.status,
        receiving.trace,
    ]
    commands += list(exchange.outbox.commands.values())
    for command in commands:
        assert shared <= {option.name for option in command.params}
    assert callable(desk.at_the_desk)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_a_message_that_changes_a_document_says_what_is_asked(kind: int) -> None:
    """Revoked: destroy and confirm; updated, replaced: agree or refuse. A new document asks nothing."""
    item = wire.InboxItem(
        delivery="0" * 32, sha256="0" * 64, size=1, sender="H99.31", document_id="x,y,1/UBND", subject="",
        priority=0, accepted_at=datetime(2026, 11, 20, tzinfo=UTC), state="queued", kind=kind,
    )  # fmt: skip
    asked = exchange_text.what_to_do(item)
    assert asked is not None
    assert asked.text("vi") != asked.text("en")
    assert ("hủy" in asked.text("vi")) is (kind == 1)
    assert exchange_text.item_lines(item, "vi")[-1].strip() == asked.text("vi")
    assert exchange_text.what_to_do(replace(item, kind=0)) is None
    recalled = exchange_text.what_to_do(replace(item, kind=0, state="recall-asked"))
    assert recalled is not None
    assert "15" in recalled.text("vi")
