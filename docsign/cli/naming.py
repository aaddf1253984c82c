"""Which envelope an ID means that a clerk typed, and how a status about it names its document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from docsign.cli.desk import Desk
from docsign.errors import UsageError
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.envelope.header import ResponseFor
    from docsign.exchange import Outbox, RelayClient
    from docsign.exchange.wire import InboxItem


def is_named(item: InboxItem, names: Sequence[str]) -> bool:
    """Say whether what waits at the relay is one of those that were typed."""
    return any(
        name in (item.document_id, item.delivery) or (len(name) >= 8 and item.sha256.startswith(name.lower()))
        for name in names
    )


def what_it_is_about(
    desk: Desk, kept: Outbox, name: str, code: str, receivers: tuple[str, ...]
) -> tuple[str, list[ResponseFor]]:
    """Return the envelope and how it is named in each status to send; none where it is not known here."""
    from docsign.exchange.bodies import digest_of
    from docsign.exchange.entries import header_of
    from docsign.exchange.inbox import Inbox

    file = Path(name)
    wanted = digest_of(file)[0] if file.is_file() else name
    if code == "13":
        sent = kept.find(wanted)
        if not sent:
            return wanted, []
        require_one({entry.envelope for entry in sent}, name)
        return sent[0].envelope, _named_by(sent[0].document_id, receivers or sent[0].receivers)
    with Inbox(desk.outbox) as register:
        received = register.find(wanted)
    if not received and file.is_file():
        return wanted, [header_of(file).as_answered()]
    if not received:
        return wanted, []
    require_one({one.sha256 for one in received}, name)
    return received[0].sha256, [received[0].as_answered()]


async def as_the_relay_knows(
    client: RelayClient, name: str, code: str, receivers: tuple[str, ...]
) -> tuple[str, list[ResponseFor]]:
    """Return the same for what another computer of the agency sent or fetched, or nobody fetched to its end.

    Of what waits at the relay the first digits are enough, else all 64 are needed.
    """
    from docsign.errors import RelayRefusedError
    from docsign.exchange.inbox import waiting
    from docsign.exchange.wire import is_sha256

    async with client:
        waits = {item.sha256 for item in await waiting(client) if is_named(item, [name])}
        sha256 = waits.pop() if len(waits) == 1 else name.lower()
        if not is_sha256(sha256):
            return name, []
        try:
            log = await client.trace(sha256)
        except RelayRefusedError:
            return name, []
    others = receivers or tuple(one.receiver for one in log.deliveries) if code == "13" else (log.sender,)
    return sha256, _named_by(log.document_id, others)


def _named_by(document_id: str, others: Sequence[str]) -> list[ResponseFor]:
    """Return how a document is named to each of the others by its DocumentId alone."""
    from docsign.envelope import ResponseFor

    parts = document_id.split(",", 2)
    number = parts[2] if len(parts) == 3 else ""
    return [
        ResponseFor(organ_id=other, code=number, document_id=document_id, issued=_day(document_id))
        for other in others
    ]


def _day(document_id: str) -> date | None:
    try:
        return datetime.strptime(document_id.split(",")[1], "%Y/%m/%d").replace(tzinfo=UTC).date()
    except (IndexError, ValueError):
        return None


def require_one(found: set[str], name: str) -> None:
    """Raise UsageError where no envelope has the name that was typed, or several have it."""
    if not found:
        raise UsageError(
            say("No envelope of this name is known here."),
            where=name,
            hint=say("Give the file, or all 64 digits of its SHA-256."),
        )
    if len(found) > 1:
        raise UsageError(
            say("This names several envelopes: {names}.", names=", ".join(sorted(found))), where=name
        )
