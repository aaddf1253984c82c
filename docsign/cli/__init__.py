"""The command line ``docsign``: thin commands over the library, each in its own module and loaded on need.

Results go to stdout, words to stderr; every error of the library becomes one sentence and its exit status.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from docsign.cli.help import Group, version_option
from docsign.cli.settings import Settings, language_from
from docsign.cli.usage import explained
from docsign.errors import EXIT_FAILED, EXIT_OUR_BUG, EXIT_TRY_LATER, EXIT_USAGE, DocsignError
from docsign.sentence import Language, say, shown

COMMANDS: dict[str, str] = {
    # name: module:attribute, imported only when the command is called
    "new": "docsign.cli.new:new",
    "copy": "docsign.cli.copy:copy",
    "check": "docsign.cli.check:check",
    "gallery": "docsign.cli.gallery:gallery",
    "sign": "docsign.cli.sign:sign",
    "prepare": "docsign.cli.elsewhere:prepare",
    "complete": "docsign.cli.elsewhere:complete",
    "keys": "docsign.cli.keys:keys",
    "extend": "docsign.cli.extend:extend",
    "expires": "docsign.cli.expires:expires",
    "verify": "docsign.cli.verify:verify",
    "seal": "docsign.cli.envelope:seal",
    "open": "docsign.cli.opening:open_",
    "forward": "docsign.cli.envelope:forward",
    "edxml": "docsign.cli.edxml:edxml",
    "draft": "docsign.cli.draft:draft",
    "register": "docsign.cli.register:register",
    "send": "docsign.cli.exchange:send",
    "outbox": "docsign.cli.exchange:outbox",
    "inbox": "docsign.cli.receiving:inbox",
    "receive": "docsign.cli.receiving:receive",
    "status": "docsign.cli.receiving:status",
    "trace": "docsign.cli.receiving:trace",
    "grant": "docsign.cli.grant:grant",
    "pki": "docsign.cli.pki:pki",
    "config": "docsign.cli.config:config",
}
_COLLECTED_AFTER = 100_000
"""So many objects more than after the last collection are made before the next: some twenty megabytes."""
EXCHANGE = frozenset({"send", "outbox", "inbox", "receive", "status", "trace", "agent", "conformance"})
"""The commands that talk to a relay: they alone end with 75, try again later."""


class LazyGroup(Group):
    """A group whose commands are imported when they are used, so that ``--help`` is instant."""

    def __init__(self, *args: Any, commands_by_path: dict[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._paths = commands_by_path

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the commands in the order of the work, not of the alphabet."""
        return list(self._paths)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command, or None where there is none of this name."""
        path = self._paths.get(cmd_name)
        if path is None:
            return None
        module, _, attribute = path.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def summaries(self, ctx: click.Context) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Yield the commands with their lines of SUMMARIES, without importing any of them."""
        for name in self._paths:
            yield name, SUMMARIES[name]


SUMMARIES: dict[str, str] = {
    "new": "Build an official document (PDF/A-2b) from a TOML file.",
    "copy": "Make a copy with the value of the original: sao y, sao lục, trích sao.",
    "check": "Tell which rules of form a document keeps (Decree 30/2020).",
    "gallery": "Write a sample of every kind of document: TOML, PDF and PNG.",
    "sign": "Sign PDFs as a person or as an agency.",
    "prepare": "Prepare a signature whose key is elsewhere.",
    "complete": "Complete a prepared signature with what the key answered.",
    "keys": "List the keys of a token, a remote signing service or a file.",
    "extend": "Raise the level of signed PDFs, or renew them, without their signers.",
    "expires": "Say what of signed PDFs runs out first, and until when to renew them.",
    "verify": "Verify signed files: PDFs, envelopes, signatures, time-stamps, evidence records, receipts.",
    "seal": "Pack signed documents into an envelope (ASiC-E) and seal it as the sending agency.",
    "open": "Check an envelope and unpack its documents and header.edxml.",
    "forward": "Let further receivers read an encrypted envelope that you sent, without encrypting it again.",
    "edxml": "Messages of the national axis (.edxml): into an envelope or a folder, and back.",
    "draft": "Outgoing documents from draft to file: submitted, signed, numbered, sealed, issued.",
    "register": "The registers of outgoing and incoming documents, with the decree's columns.",
    "send": "Send an envelope through the relay; kept and tried again without network.",
    "outbox": "What waits to be sent: list, run, drop.",
    "inbox": "What waits for this agency at the relay.",
    "receive": "Fetch envelopes from the relay and confirm them.",
    "status": "Answer the sender: 01 arrived, 02 refused, 03 accepted … 06 done.",
    "trace": "What happened to an envelope, like parcel tracking.",
    "grant": "Let another agency act for ours at a relay, for a time: a signed grant.",
    "pki": "A trial authority: certificates, revocation lists, time-stamps. Without legal value.",
    "config": "Show the settings in force and where each comes from.",
}


@click.group(
    cls=LazyGroup,
    commands_by_path=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@version_option("docsign")
@click.pass_context
def docsign(ctx: click.Context) -> None:
    """Make, sign, exchange and verify official documents.

    The language of the messages is Vietnamese unless --lang, DOCSIGN_LANG or LANG says en.
    """
    settings = Settings.load()
    ctx.obj = settings
    ctx.default_map = settings.default_map(COMMANDS)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every ending is an exit status of the documented list.

    What a command loads it keeps, so the collector begins late, and does not walk over it all at the end.
    """
    gc.set_threshold(_COLLECTED_AFTER)
    status = run(docsign, arguments)
    gc.freeze()
    sys.exit(status)


def run(command: click.Command, arguments: list[str] | None = None) -> int:
    """Run ``command`` and turn every error into one sentence on stderr and an exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    language = language_from(given)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        result = command.main(args=arguments, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except DocsignError as error:
        return _say_error(error, language, given)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and not isinstance(error, click.exceptions.NoArgsIsHelpError):
            return _say_error(explained(error), language)
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo(say("Interrupted.").text(language), err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001 -- the last line of defence: our bug, said so
        import traceback

        traceback.print_exc()
        sentence = say("This is a bug in docsign ({name}); nothing more was done.", name=type(error).__name__)
        click.echo(sentence.text(language), err=True)
        return EXIT_OUR_BUG


def _say_error(error: DocsignError, language: Language, arguments: Sequence[str] = ()) -> int:
    click.echo(f"{say('error').text(language)} [{error.code}]: {shown(error.text(language))}", err=True)
    if error.exit_status == EXIT_TRY_LATER and not EXCHANGE.intersection(arguments[:1]):
        return EXIT_FAILED  # 75 tells whoever runs the exchange by a timer to run it again, and nobody else
    return error.exit_status
