"""What is wrong with a command line, in a sentence of ours; click's own words are English alone."""

from __future__ import annotations

import click

from docsign.errors import UsageError
from docsign.sentence import Sentence, say


def explained(error: click.UsageError) -> UsageError:
    """Return click's error as ours: what is wrong, and which ``--help`` says more."""
    hint = say("More: {command} --help.", command=error.ctx.command_path) if error.ctx is not None else None
    return UsageError(_sentence(error), hint=hint)


def _sentence(error: click.UsageError) -> Sentence:
    match error:
        case click.NoSuchOption():
            if error.possibilities:
                return say(
                    "There is no option {name}; perhaps {near} is meant.",
                    name=error.option_name,
                    near=", ".join(error.possibilities),
                )
            return say("There is no option {name}.", name=error.option_name)
        case click.MissingParameter():
            return say("{name} is missing.", name=_named(error))
        case click.BadParameter():
            return _unfit_value(error)
        case click.BadOptionUsage():
            if error.message.endswith("requires an argument."):
                return say("{name} needs a value.", name=error.option_name)
            return say("{name} is not used in this way.", name=error.option_name)
    # a group's unknown command and a surplus argument have no error of their own in every release of click
    quoted = error.message.partition("'")[2].rpartition("'")[0]
    if error.message.startswith("No such command"):
        return say("There is no command {name}.", name=quoted)
    if error.message.startswith("Got unexpected extra argument"):
        surplus = error.message.partition("(")[2].rpartition(")")[0]
        return say("This is too much: {surplus}.", surplus=surplus)
    return say("{text}", text=error.format_message())


def _named(error: click.BadParameter) -> Sentence | str:
    """Return the parameter as one would type it: its long option, or the name the help gives an argument."""
    if error.param is None:
        return str(error.param_hint or "")
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    if error.ctx is None:
        return error.param.human_readable_name
    placeholder = error.param.make_metavar(error.ctx)
    return placeholder if "{" in placeholder else Sentence(placeholder)  # {one|other}: values, not words


def _unfit_value(error: click.BadParameter) -> Sentence:
    kind = error.param.type if error.param is not None else None
    given = error.message.partition("'")[2].partition("'")[0]
    if isinstance(kind, click.Choice):
        return say(
            "{name}: {given} is none of these: {values}.",
            name=_named(error),
            given=given,
            values=", ".join(kind.choices),
        )
    if isinstance(kind, click.IntRange) and None not in (kind.min, kind.max):
        return say(
            "{name}: a whole number from {least} to {most} is needed.",
            name=_named(error),
            least=kind.min,
            most=kind.max,
        )
    if isinstance(kind, click.FloatRange) and None not in (kind.min, kind.max):
        return say(
            "{name}: a number from {least} to {most} is needed.",
            name=_named(error),
            least=kind.min,
            most=kind.max,
        )
    if isinstance(kind, click.DateTime):
        return say("{name}: a day is needed, such as 2026-11-16.", name=_named(error))
    if kind is not None and kind.name in ("integer", "integer range"):
        return say("{name}: a whole number is needed.", name=_named(error))
    return say("{name}: this value does not fit ({text}).", name=_named(error), text=error.message)
