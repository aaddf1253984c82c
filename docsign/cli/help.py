"""Help in the language of whoever asks: the class of every command and every group of both command lines.

The English source of a command's help is its docstring, of an option's its ``help``; what is shown is looked
up in the catalogue of Vietnamese texts, a paragraph, an option, a placeholder at a time. Names of options,
values to choose from and examples are the same in both languages.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap
from typing import Any, TypeVar

import click

from docsign.cli.settings import language_from
from docsign.sentence import Language, phrase, say

Function = TypeVar("Function", bound=Callable[..., Any])

_LANGUAGE = "docsign.language"
_EXAMPLE = "Example: "
_HYPHEN, _SPACE = "\N{NON-BREAKING HYPHEN}", "\N{NO-BREAK SPACE}"


def spoken(ctx: click.Context) -> Language:
    """Return the language that the command line, the settings or the system ask for."""
    language: Language | None = ctx.meta.get(_LANGUAGE)
    return language or language_from(())


def paragraphs(text: str | None) -> list[str]:
    """Return the paragraphs of a docstring, each on one line."""
    return [" ".join(part.split()) for part in inspect.cleandoc(text or "").split("\n\n") if part.strip()]


class _Formatter(click.HelpFormatter):
    """Break lines between words alone: the name of an option or of a file is never cut at its hyphens."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args.replace("-", _HYPHEN), prefix)

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, told.replace("-", _HYPHEN)) for term, told in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        return super().getvalue().replace(_HYPHEN, "-").replace(_SPACE, " ")


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command whose help is shown in the language of whoever asks; it takes --lang, as all of them do."""

    context_class = _Context

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not any(param.name == "lang" for param in self.params):
            _language_choice(expose_value=False)(self)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line that says what the command takes."""
        language = spoken(ctx)
        pieces = [phrase(piece, language) for piece in self.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces), f"{say('Usage:').text(language)} ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, and its example."""
        language = spoken(ctx)
        told = [
            f"{say('Example:').text(language)} {one.removeprefix(_EXAMPLE)}"
            if one.startswith(_EXAMPLE)
            else phrase(one, language)
            for one in paragraphs(self.help)
        ]
        if told:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text("\n\n".join(told))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each with what it does, its default, its range, and whether it must be given."""
        language = spoken(ctx)
        with formatter.section(say("Options").text(language)):
            rows = [
                _row(param, ctx, language)
                for param in self.get_params(ctx)
                if isinstance(param, click.Option) and not param.hidden
            ]
            formatter.write_dl([(_fitted(typed, formatter), told) for typed, told in rows])


class Group(click.Group, Command):
    """A group whose help, and that of its commands, is shown in the language of whoever asks."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the language in all that was typed, before anything is said about any of it."""
        if ctx.parent is None:
            ctx.meta[_LANGUAGE] = language_from(args)
        return super().parse_args(ctx, args)

    def summaries(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        """Yield each command's name and, in English, the first paragraph of its help."""
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                yield name, paragraphs(command.help)[0]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its summary."""
        language = spoken(ctx)
        with formatter.section(say("Commands").text(language)):
            formatter.write_dl([(name, phrase(text, language)) for name, text in self.summaries(ctx)])


def version_option(program: str) -> Callable[[Function], Function]:
    """--version."""

    def tell(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
        if not asked or ctx.resilient_parsing:
            return
        from importlib.metadata import version

        sentence = say("{program}, version {version}", program=program, version=version("docsign"))
        click.echo(sentence.text(spoken(ctx)))
        ctx.exit()

    return click.option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=tell,
        help="Show the version and exit.",
    )


def language_option(function: Function) -> Function:
    """--lang vi|en, heard wherever it stands."""
    return _language_choice(callback=lambda ctx, _param, _value: spoken(ctx))(function)


def _language_choice(**more: Any) -> Callable[[Function], Function]:
    return click.option(
        "--lang", type=click.Choice(["vi", "en"]), help="Language of the messages. Default: vi.", **more
    )


def _row(option: click.Option, ctx: click.Context, language: Language) -> tuple[str, str]:
    """Return how an option is typed, and what is said of it."""
    shown = copy.copy(option)
    shown.metavar = phrase(option.make_metavar(ctx), language)
    shown.help = phrase(option.help or "", language)
    record = shown.get_help_record(ctx)
    assert record is not None
    if language == "en":
        return record
    notes, extra = [], option.get_help_extra(ctx)
    if "default" in extra:
        notes.append(say("default: {value}", value=extra["default"]).text(language))
    if "range" in extra:
        notes.append(_range(option.type) or extra["range"])
    if "required" in extra:
        notes.append(say("required").text(language))
    kept_together = "; ".join(notes).replace(" ", _SPACE)
    return record[0], f"{shown.help}  [{kept_together}]" if notes else shown.help


def _range(kind: object) -> str | None:
    if isinstance(kind, click.IntRange | click.FloatRange) and None not in (kind.min, kind.max):
        return say("{first} to {last}", first=kind.min, last=kind.max).text("vi")
    return None


def _fitted(typed: str, formatter: click.HelpFormatter) -> str:
    """Break a list of values that is too long for a line, after one of its bars."""
    width, (option, bracket, values) = formatter.width - formatter.current_indent, typed.partition("[")
    if len(typed) <= width:
        return typed
    begun = len(option) + len(bracket)
    lines = wrap(values.replace("|", "| "), width - begun, break_on_hyphens=False)
    below = "\n" + " " * (formatter.current_indent + begun)
    return option + bracket + below.join(line.replace("| ", "|") for line in lines)
