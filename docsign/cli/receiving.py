"""``docsign inbox | receive | status | trace``: what comes from a relay, and the answers to it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from docsign.cli.desk import Desk, at_the_desk, ending, say_why, send_now, worst
from docsign.cli.help import Command
from docsign.cli.naming import as_the_relay_knows, is_named, require_one, what_it_is_about
from docsign.cli.office_desk import OfficeDesk
from docsign.cli.options import PATH
from docsign.cli.settings import user_folder
from docsign.errors import (
    EXIT_FAILED,
    EXIT_OK,
    DocsignError,
    MalformedError,
    OutboxBusyError,
    RelayIdentityError,
    RelayUnreachableError,
    StorageError,
    UsageError,
)
from docsign.sentence import say

if TYPE_CHECKING:
    from docsign.envelope import Receipt
    from docsign.envelope.header import Organization
    from docsign.exchange import Outbox, RelayClient
    from docsign.exchange.inbox import Inbox, Received
    from docsign.exchange.wire import InboxItem
    from docsign.office import Office

_CODES = ("01", "02", "03", "04", "05", "06", "13", "15", "16")
_WITH_REASON = ("02", "13", "16")
_LONGEST_REASON = 1000


# ---- inbox, receive --------------------------------------------------------------------------------------


@click.command(cls=Command)
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    is_flag=False,
    flag_value=30,
    default=0,
    metavar="SECONDS",
    help="Wait for something to come; 30 seconds unless said.",
)
@at_the_desk
def inbox(desk: Desk, wait: int) -> int:
    """What waits for this agency at the relay.

    Example: docsign inbox --wait 60
    """
    from docsign.cli.exchange_text import item_lines
    from docsign.exchange.inbox import waiting
    from docsign.exchange.wire import MAX_WAIT

    async def go() -> tuple[InboxItem, ...]:
        async with client:
            left = wait
            while True:
                items = await waiting(client, wait=min(left, MAX_WAIT))
                left -= MAX_WAIT
                if items or left <= 0:
                    return items

    client = desk.client()
    if wait:
        desk.progress(say("Waiting …"))
    items = asyncio.run(go())
    for item in items:
        desk.answer(item.to_json(), item_lines(item, desk.lang))
    if not items:
        desk.tell(say("Nothing waits for this agency."))
    return EXIT_OK


@click.command(cls=Command)
@click.argument("names", metavar="[ID…]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that waits.")
@click.option("-o", "--output", type=PATH, metavar="DIR", default=Path(), help="Folder for the envelopes.")
@click.option("--agency", metavar="CODE", help="Our agency code. Default: the one in our certificate.")
@click.option("--no-status", is_flag=True, help="Do not answer the senders with 01 (arrived).")
@click.option("--register", "enter", is_flag=True, help="Enter what arrived in the incoming register.")
@click.option("--office", type=PATH, metavar="DIR", help="With --register: folder of the office.")
@click.option("--by", metavar="ID", help="With --register: who does this, an id of office.toml.")
@at_the_desk
def receive(
    desk: Desk,
    names: tuple[str, ...],
    everything: bool,
    output: Path,
    agency: str | None,
    no_status: bool,
    enter: bool,
    office: Path | None,
    by: str | None,
) -> int:
    """Fetch envelopes from the relay and confirm them.

    Each one is on the disk, with the right digest, before it is confirmed; then the sender is answered with
    01. What was interrupted is taken up again. ID is a SHA-256 (8 digits or more) or a DocumentId.
    With --register each gets its arrival number at once; one that is there already, or is not sound, is
    named and not entered.

    Example: docsign receive --all -o den/ --register --by vt
    """
    from docsign.exchange.inbox import Inbox

    if everything == bool(names):
        raise UsageError(say("Say which envelopes: an ID from docsign inbox, or --all."))
    with ExitStack() as open_now:
        book = None
        if enter:
            clerk = OfficeDesk(
                folder=office or user_folder() / "office", by=by, as_json=desk.as_json, lang=desk.lang
            )
            book = _Book(clerk, open_now.enter_context(clerk.open()), clerk.person())
            book.office.staff.person(book.by)
        client = desk.client()
        us = None if no_status else _us(client, agency)
        kept = open_now.enter_context(desk.kept())
        register = open_now.enter_context(Inbox(desk.outbox, outbox=kept, agency=us))
        return asyncio.run(_receive(desk, client, register, kept, names, output, book))


@dataclass(frozen=True, slots=True)
class _Book:
    """The incoming register in which a clerk enters what arrives."""

    desk: OfficeDesk
    office: Office
    by: str

    def enter(self, received: Received) -> tuple[dict[str, Any], list[str]]:
        """Give it an arrival number; return its line. Raises DuplicateError, ContainerError and others."""
        from docsign.cli.register import sound_header
        from docsign.office import Incoming

        incoming = Incoming.from_header(sound_header(received.path), received.stored_at)
        entry = self.office.arrivals.add(incoming, self.by)
        lines = self.desk.incoming_lines(self.office, entry)
        return {"arrival": self.desk.incoming_row(self.office, entry)}, ["   " + line for line in lines]


def _with_next(error: DocsignError, received: Received) -> DocsignError:
    """Add to why it was not entered how it can be, but for an envelope that is not sound."""
    from docsign.office.arrivals import DuplicateError

    if error.hint is None and not isinstance(error, MalformedError):
        command = f"docsign register add-incoming {_from_here(received.path)}"
        anyway = " --anyway" if isinstance(error, DuplicateError) else ""
        error.hint = say("To enter it all the same: {command}", command=command + anyway)
    return error


def _answer(desk: Desk, received: Received, book: _Book | None) -> int:
    """Show what arrived, entered in the register where that is wanted; return its exit status.

    What its sender has taken back meanwhile is not entered.
    """
    from docsign.cli.exchange_text import taken_back

    row, lines, status = received.to_json(), [_from_here(received.path)], EXIT_OK
    if received.is_withdrawn:
        status = EXIT_FAILED
    elif book is not None:
        try:
            more, further = book.enter(received)
        except DocsignError as error:
            status = desk.complain(_with_next(error, received))
        else:
            row, lines = {**row, **more}, [*lines, *further]
    desk.answer(row, lines)
    asked_back = taken_back(received.state, received.document_id, received.sha256)
    if asked_back is not None:
        desk.tell(asked_back)
    return status


def _from_here(path: Path) -> str:
    """Return the path as it is typed from the current folder, where it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


async def _receive(
    desk: Desk,
    client: RelayClient,
    register: Inbox,
    kept: Outbox,
    names: tuple[str, ...],
    output: Path,
    book: _Book | None,
) -> int:
    from docsign.cli.exchange_text import document, taken_back, what_to_do
    from docsign.exchange.inbox import is_fetchable, waiting

    statuses = {EXIT_OK}
    envelopes: set[str] = set()
    async with client:
        for received in await register.resume(
            client, failed=lambda error: statuses.add(desk.complain(error))
        ):
            if received.handed_over_at is None:
                desk.tell(
                    say(
                        "The relay takes no confirmation of {document} any more: withdrawn, or out of time.",
                        document=document(received.document_id),
                    )
                )
                statuses.add(EXIT_FAILED)
                continue
            envelopes.add(received.sha256)
            statuses.add(_answer(desk, received, book))
        items = await waiting(client)
        wanted = [item for item in items if is_fetchable(item) and (not names or is_named(item, names))]
        for item in items:
            asked_back = taken_back(item.state, item.document_id, item.sha256)
            if asked_back is not None and (not names or is_named(item, names)):
                if item.sha256 not in envelopes:  # else it was told just now
                    desk.tell(asked_back)
                statuses.add(EXIT_FAILED if names else EXIT_OK)
        for name in names:
            if not any(is_named(item, [name]) for item in items):
                sentence = say("Nothing of this name waits for this agency.")
                statuses.add(desk.complain(UsageError(sentence, where=name)))
        for item in wanted:
            desk.progress(say("Fetching {name} …", name=item.sha256[:16]))
            try:
                received = await register.receive(client, item, output)
            except (RelayUnreachableError, RelayIdentityError, OutboxBusyError, StorageError) as error:
                statuses.add(desk.complain(error))
                break  # what came after would fail in the same way
            except DocsignError as error:
                statuses.add(desk.complain(error))
                continue
            envelopes.add(received.sha256)
            statuses.add(_answer(desk, received, book))
            asked = what_to_do(item)
            if asked is not None:
                desk.tell(asked)
        answers = [
            entry.id
            for entry in kept.entries()
            if entry.kind == "status" and (entry.envelope in envelopes or entry.code == "01")
        ]
        for entry in await kept.run(client, only=answers) if answers else ():
            if ending(entry) != EXIT_OK:
                say_why(desk, entry)
                statuses.add(ending(entry))
    desk.tell(say("Received: {count}.", count=len(envelopes)))
    return worst(statuses)


def _us(client: RelayClient, agency: str | None) -> Organization:
    from docsign.envelope import Organization

    code = agency or client.agency
    if code is None:
        raise UsageError(say("Which agency is this? --agency is missing, and our certificate does not say."))
    return Organization(code=code, name=client.agency_name or "")


# ---- status, trace ---------------------------------------------------------------------------------------


@click.command(cls=Command)
@click.argument("name", metavar="ID")
@click.argument("code", metavar="CODE", type=click.Choice(_CODES))
@click.option("--description", metavar="TEXT", default="", help="The reason; required with 02, 13 and 16.")
@click.option("--to", "receivers", metavar="CODE", multiple=True, help="With 13: the receivers, else all.")
@click.option("--agency", metavar="CODE", help="Our agency code. Default: the one in our certificate.")
@click.option("--queue", is_flag=True, help="Only put it into the outbox; outbox run sends it.")
@at_the_desk
def status(
    desk: Desk,
    name: str,
    code: str,
    description: str,
    receivers: tuple[str, ...],
    agency: str | None,
    queue: bool,
) -> int:
    """Answer the sender: 01 arrived, 02 refused, 03 accepted … 06 done.

    04 assigned, 05 in work; 15 and 16 agree to and refuse a recall. 13 asks receivers to give a document back
    that we sent. ID is a SHA-256 (8 digits or more), a DocumentId or a file. Kept and tried again without
    network, as send does.

    Example: docsign status 1a2b3c4d 02 --description "Gửi nhầm nơi nhận"
    """
    from docsign.cli.exchange_text import entry_lines
    from docsign.envelope import Status, StatusCode

    if code in _WITH_REASON and not description.strip():
        raise UsageError(say("The reason is missing: --description."))
    if len(description) > _LONGEST_REASON:
        raise UsageError(say("The reason is too long: {limit} characters at most.", limit=_LONGEST_REASON))
    if receivers and code != StatusCode.RECALL:
        raise UsageError(say("--to goes with 13 only."))
    client = desk.client()
    us = _us(client, agency)
    with desk.kept() as kept:
        sha256, answered = what_it_is_about(desk, kept, name, code, receivers)
        if not answered and not queue:
            sha256, answered = asyncio.run(as_the_relay_knows(client, sha256, code, receivers))
        require_one({sha256} if answered else set(), name)
        now = datetime.now(UTC)
        entries = [
            kept.add_status(
                sha256,
                Status(
                    sender=us,
                    response_for=response,
                    code=StatusCode(code),
                    time=now,
                    description=description.strip() or StatusCode(code).vietnamese,
                ),
            )
            for response in answered
        ]
        failed = EXIT_OK if queue else send_now(desk, kept, client, [entry.id for entry in entries])
        now_stand = kept.these(entry.id for entry in entries)
    statuses = {failed}
    for entry in now_stand:
        desk.answer(entry.to_json(), entry_lines(entry, desk.lang))
        if not queue and ending(entry) != EXIT_OK:
            say_why(desk, entry)
            statuses.add(ending(entry))
    return worst(statuses)


@click.command(cls=Command)
@click.argument("name", metavar="ID")
@click.option("--receipt", type=PATH, metavar="FILE", help="Write the relay's receipt there.")
@click.option(
    "--receipts", type=PATH, metavar="DIR", help="Write the receipt of every event (handover, status, …)."
)
@at_the_desk
def trace(desk: Desk, name: str, receipt: Path | None, receipts: Path | None) -> int:
    """What happened to an envelope, like parcel tracking.

    With --receipt the proof to keep is written, too: fetched some minutes after the sending it carries a
    time-stamp, and stays provable when the relay's certificate has ended. With --receipts the same is written
    of everything that happened, a file each: docsign verify judges them without the relay. ID is a SHA-256
    (8 digits or more), a DocumentId or a file.

    Example: docsign trace cong-van.asice --receipt bien-nhan.json
    """
    from docsign.cli.exchange_text import trace_lines
    from docsign.exchange.bodies import digest_of
    from docsign.exchange.inbox import Inbox
    from docsign.exchange.wire import Trace, is_sha256
    from docsign.files import write_file

    async def go() -> tuple[Trace, Receipt | None, list[Receipt]]:
        async with client:
            log = await client.trace(sha256)
            again = await client.receipt(sha256) if receipt else None
            records = dict.fromkeys(event.record for event in log.events if event.record) if receipts else {}
            return log, again, [await client.receipt(sha256, record) for record in records]

    client = desk.client()
    file = Path(name)
    sha256 = digest_of(file)[0] if file.is_file() else name.lower()
    if not is_sha256(sha256):
        with desk.kept() as kept, Inbox(desk.outbox) as register:
            found = {entry.envelope for entry in kept.find(name)} | {
                one.sha256 for one in register.find(name)
            }
        require_one(found, name)
        sha256 = found.pop()
    log, again, every = asyncio.run(go())
    desk.answer(json.loads(log.to_json()), trace_lines(log, desk.lang))
    if receipt is not None and again is not None:
        write_file(receipt, again.to_json())
        with desk.kept() as kept:
            kept.keep_receipt(again)
        if not again.stamp:
            desk.tell(say("The receipt has no time-stamp of the relay yet: fetch it again later."))
    if receipts is not None:
        _write_receipts(desk, receipts, every)
    return EXIT_OK


def _write_receipts(desk: Desk, folder: Path, receipts: list[Receipt]) -> None:
    """Write receipts in the order of what happened, all or none, and say how many."""
    from docsign.envelope import is_agency_code
    from docsign.files import write_together

    files: list[tuple[Path, Callable[[], BinaryIO]]] = []
    for place, one in enumerate(receipts, 1):
        evidence = one.evidence
        about = [code for code in evidence.recipients[:2] if is_agency_code(code)]
        whose = f"-{about[0]}" if len(about) == len(evidence.recipients) == 1 else ""
        name = f"{place:02d}-{evidence.event.short}{whose}.json"
        files.append((folder / name, partial(io.BytesIO, one.to_json())))
    write_together(files)
    if not receipts:
        desk.tell(say("This relay hands out no receipts of single events."))
        return
    desk.tell(say("Receipts written to {folder}: {count}.", folder=folder, count=len(receipts)))
    if not all(one.stamp for one in receipts):
        desk.tell(say("Some have no time-stamp of the relay yet: fetch them again later."))
