"""What the exchange commands share: which relay, who we are, where things are kept, how to speak."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsign.cli.help import language_option
from docsign.cli.options import PATH, json_option, passphrase_source
from docsign.cli.settings import Settings, user_folder
from docsign.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_TRY_LATER,
    EXIT_USAGE,
    DocsignError,
    RelayIdentityError,
    UsageError,
    WireError,
)
from docsign.sentence import Language, Sentence, say, shown

if TYPE_CHECKING:
    from docsign.exchange import Outbox, RelayClient
    from docsign.exchange.entries import Entry

_ORDER = (EXIT_USAGE, EXIT_TRY_LATER, EXIT_FAILED, EXIT_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every exchange command is told: which relay, who we are, where things are kept, how to speak."""

    relay: str | None
    identity: Path | None
    relay_trust: Path | None
    acting_for: str
    outbox: Path
    passphrase_file: Path | None
    as_json: bool
    lang: Language

    def client(self) -> RelayClient:
        """Return the relay's client; raises UsageError where a setting is missing."""
        for value, option in ((self.relay, "--relay"), (self.identity, "--identity")):
            if value is None:
                raise UsageError(
                    say("Which relay, and as whom? {option} is missing.", option=option),
                    hint=say("Give it here or in docsign.toml."),
                )
        if self.relay_trust is None:
            raise UsageError(
                say("Whom to trust as the relay? {option} is missing.", option="--relay-trust"),
                hint=say("Give it here or in docsign.toml."),
            )
        from docsign.exchange import RelayClient

        assert self.relay is not None
        assert self.identity is not None
        passphrase = passphrase_source(self.passphrase_file, self.lang)
        return RelayClient(
            self.relay,
            identity=self.identity,
            trust=self.relay_trust,
            passphrase=passphrase,
            acting_for=self.acting_for,
        )

    def kept(self) -> Outbox:
        """Open the outbox."""
        from docsign.exchange import Outbox

        return Outbox(self.outbox)

    def tell(self, sentence: Sentence) -> None:
        """Say something on stderr."""
        click.echo(sentence.text(self.lang), err=True)

    def complain(self, error: DocsignError) -> int:
        """Say what went wrong on stderr; return its exit status."""
        label = say("error").text(self.lang)
        click.echo(f"{label} [{error.code}]: {shown(error.text(self.lang))}", err=True)
        return error.exit_status

    def answer(self, row: dict[str, Any], lines: Iterable[str]) -> None:
        """Print one result on stdout: a JSON object on a line, or the lines for people."""
        if self.as_json:
            click.echo(json.dumps({"schema": 1, **row}, ensure_ascii=False))
        else:
            for line in lines:
                click.echo(line)

    def progress(self, sentence: Sentence) -> None:
        """Say what is going on, on a terminal only."""
        if sys.stderr.isatty():
            self.tell(sentence)


def at_the_desk(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of the desk and hand them over as ``desk``."""

    @functools.wraps(function)
    def call(
        relay: str | None,
        identity: Path | None,
        relay_trust: Path | None,
        acting_for: str,
        outbox: Path | None,
        passphrase_file: Path | None,
        as_json: bool,
        lang: Language,
        **rest: Any,
    ) -> int:
        settings = click.get_current_context().find_object(Settings)
        trust = settings.values.get("trust") if settings is not None else None
        desk = Desk(
            relay=relay,
            identity=identity,
            relay_trust=relay_trust or (Path(trust) if trust else None),
            acting_for=acting_for,
            outbox=outbox or user_folder() / "outbox",
            passphrase_file=passphrase_file,
            as_json=as_json,
            lang=lang,
        )
        return function(desk, **rest)

    for option in reversed(
        (
            click.option("--relay", metavar="URL", help="The relay's address, https://…"),
            click.option(
                "--identity", type=PATH, metavar="FILE", help="Our TLS key and certificate, PEM or PKCS#12."
            ),
            click.option(
                "--relay-trust", type=PATH, metavar="PATH", help="Who vouches for the relay. Default: trust."
            ),
            click.option(
                "--acting-for",
                metavar="CODE",
                default="",
                help="The agency that let ours act for it at the relay (docsign grant).",
            ),
            click.option(
                "--outbox",
                type=PATH,
                metavar="DIR",
                help="Folder of what is to be sent and what was received.",
            ),
            click.option(
                "--passphrase-file",
                type=PATH,
                metavar="FILE",
                help="File whose first line opens the identity; else DOCSIGN_PASSPHRASE, else a prompt.",
            ),
            json_option,
            language_option,
        )
    ):
        call = option(call)
    return call


def worst(statuses: set[int]) -> int:
    """Return the exit status of the whole from those of the parts."""
    return next(status for status in _ORDER if status in statuses)


def send_now(desk: Desk, outbox: Outbox, client: RelayClient, only: Sequence[int] | None) -> int:
    """Run the outbox; return 0, or the status of what kept it from running."""

    async def go() -> None:
        async with client:
            await outbox.run(client, only=only)

    desk.progress(say("Sending …"))
    try:
        asyncio.run(go())
    except DocsignError as error:
        return desk.complain(error)
    return EXIT_OK


def say_why(desk: Desk, entry: Entry) -> None:
    """Say on stderr why an entry is not sent, and what becomes of it."""
    from docsign.cli.exchange_text import entry_name
    from docsign.exchange.entries import EntryState

    name = entry_name(entry, desk.lang)
    if entry.last_error is not None:
        label = say("error").text(desk.lang)
        words = shown(entry.last_error.sentence.text(desk.lang))
        code = entry.last_error.code.rpartition(":")[2]
        click.echo(f"{label} [{code}]: {words}", err=True)
    if entry.state is EntryState.REFUSED:
        desk.tell(
            say("Not sent: {document}. The relay refuses it; trying again does not help.", document=name)
        )
    else:
        desk.tell(
            say("Not sent yet: {document} is kept in the outbox. Later: docsign outbox run", document=name)
        )


def ending(entry: Entry) -> int:
    """Return the exit status an entry stands for."""
    from docsign.exchange.entries import EntryState

    if entry.state is EntryState.SENT:
        return EXIT_OK
    code = entry.last_error.code if entry.last_error is not None else ""
    for_good = entry.state is EntryState.REFUSED or code in (RelayIdentityError.code, WireError.code)
    return EXIT_FAILED if for_good else EXIT_TRY_LATER
