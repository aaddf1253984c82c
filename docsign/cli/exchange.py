"""``docsign send | outbox``: what goes to a relay, now or when there is a network."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsign.cli.desk import Desk, at_the_desk, ending, say_why, send_now, worst
from docsign.cli.help import Command, Group
from docsign.cli.options import PATH
from docsign.errors import EXIT_OK, DocsignError, UsageError
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.exchange import Outbox
    from docsign.exchange.entries import Entry


@click.command(cls=Command)
@click.argument("files", metavar="X.asice…", nargs=-1, required=True, type=PATH)
@click.option("--queue", is_flag=True, help="Only put it into the outbox; outbox run sends it.")
@click.option("--days", type=click.IntRange(1, 365), metavar="N", help="Days in which it must be fetched.")
@click.option("--receipt", type=PATH, metavar="FILE", help="Write the relay's receipt there (one envelope).")
@at_the_desk
def send(desk: Desk, files: tuple[Path, ...], queue: bool, days: int | None, receipt: Path | None) -> int:
    """Send an envelope through the relay; kept and tried again without network.

    The envelope is on the disk of the outbox before anything is sent. Without network the exit status is 75,
    and outbox run delivers it later, once. The same envelope may be sent again: it is delivered once.

    Example: docsign send cong-van.asice --receipt bien-nhan.json
    """
    if receipt is not None and (len(files) > 1 or queue):
        raise UsageError(say("--receipt is for one envelope that is sent now."))
    client = None if queue else desk.client()
    life = None if days is None else timedelta(days=days)
    statuses = {EXIT_OK}
    added: dict[int, Path] = {}
    with desk.kept() as outbox:
        for file in files:
            try:
                entry = outbox.add(file, time_to_live=life)
            except DocsignError as error:
                if str(file) not in error.where:
                    error.where = f"{file}: {error.where}" if error.where else str(file)
                statuses.add(desk.complain(error))
            else:
                added[entry.id] = file
        if client is not None and added:
            statuses.add(send_now(desk, outbox, client, list(added)))
        for entry in outbox.these(added):
            statuses.add(_sent_or_kept(desk, entry, added[entry.id], queue, receipt))
    return worst(statuses)


def _sent_or_kept(desk: Desk, entry: Entry, file: Path, queue: bool, receipt: Path | None) -> int:
    from docsign.cli.exchange_text import document, when
    from docsign.envelope import Receipt
    from docsign.exchange.entries import EntryState
    from docsign.files import write_file
    from docsign.verdict import rfc3339

    row: dict[str, Any] = {"file": str(file), **entry.to_json(), "accepted_at": None, "receipt": None}
    name = document(entry.document_id)
    if entry.state is EntryState.SENT:
        assert entry.receipt is not None
        accepted = Receipt.from_json(entry.receipt).evidence.time
        row["accepted_at"] = rfc3339(accepted)
        row["receipt"] = json.loads(entry.receipt)
        sentence = say(
            "Sent: {document}. The relay took it at {time}.", document=name, time=when(accepted, desk.lang)
        )
        envelope = say("Envelope: {name}", name=entry.sha256)
        desk.answer(row, [sentence.text(desk.lang), envelope.text(desk.lang)])
        if receipt is not None:  # it was sent, wherever its receipt can be written
            write_file(receipt, entry.receipt)
        return EXIT_OK
    desk.answer(row, [])
    if queue and entry.last_error is None:
        desk.tell(say("Kept in the outbox: {document}. To send it: docsign outbox run", document=name))
        return EXIT_OK
    say_why(desk, entry)
    return ending(entry)


# ---- outbox ----------------------------------------------------------------------------------------------


@click.group(cls=Group)
def outbox() -> None:
    """What waits to be sent: list, run, drop."""


@outbox.command("list")
@click.option("--all", "finished", is_flag=True, help="Also what was sent.")
@at_the_desk
def outbox_list(desk: Desk, finished: bool) -> int:
    """Show what waits to be sent or was refused.

    Example: docsign outbox list --all
    """
    from docsign.cli.exchange_text import entry_lines

    with desk.kept() as kept:
        entries = kept.entries(finished=finished)
    for entry in entries:
        desk.answer(entry.to_json(), entry_lines(entry, desk.lang))
    if not entries:
        desk.tell(say("Nothing waits to be sent."))
    return EXIT_OK


@outbox.command("run")
@click.option("--due", is_flag=True, help="Only what is due for another try; for a scheduler.")
@at_the_desk
def outbox_run(desk: Desk, due: bool) -> int:
    """Send what waits, oldest first; then fetch the time-stamps that receipts have got since.

    Example: docsign outbox run
    """
    from docsign.cli.exchange_text import entry_lines
    from docsign.exchange.entries import EntryState

    async def go() -> tuple[Entry, ...]:
        async with client:
            return await kept.run(client, due_only=due)

    with desk.kept() as kept:
        if not any(entry.state is EntryState.WAITING for entry in kept.entries()):
            desk.tell(say("Nothing waits to be sent."))
            return _refresh(desk, kept)
        client = desk.client()
        desk.progress(say("Sending …"))
        tried = asyncio.run(go())
        left = sum(entry.state is EntryState.WAITING for entry in kept.entries())
        refreshed = EXIT_OK if left else _refresh(desk, kept)
    statuses = {EXIT_OK, refreshed}
    for entry in tried:
        desk.answer(entry.to_json(), entry_lines(entry, desk.lang))
        statuses.add(ending(entry))
    sent = sum(entry.state is EntryState.SENT for entry in tried)
    desk.tell(say("Sent: {sent}. Still waiting: {left}.", sent=sent, left=left))
    return worst(statuses)


def _refresh(desk: Desk, kept: Outbox) -> int:
    """Fetch receipts again that the relay has time-stamped by now; return the exit status."""

    async def go() -> int:
        async with client:
            return await kept.refresh(client)

    if not kept.unstamped():
        return EXIT_OK
    client = desk.client()
    try:
        count = asyncio.run(go())
    except DocsignError as error:
        return desk.complain(error)
    if count:
        desk.tell(say("Receipts with a time-stamp now: {count}.", count=count))
    return EXIT_OK


@outbox.command("drop")
@click.argument("numbers", metavar="NUMBER…", nargs=-1, required=True, type=int)
@at_the_desk
def outbox_drop(desk: Desk, numbers: tuple[int, ...]) -> int:
    """Take back what was not sent; NUMBER is the first word of its line in outbox list.

    Example: docsign outbox drop 3
    """
    from docsign.cli.exchange_text import entry_lines

    with desk.kept() as kept:
        for number in numbers:
            dropped = kept.drop(number)
            desk.answer(dropped.to_json(), entry_lines(dropped, desk.lang)[:1])
    return EXIT_OK
