"""Many files, one by one: where each result goes, how far the work is, what went wrong with which."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from docsign.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_TRY_LATER,
    EXIT_USAGE,
    DocsignError,
    FileUnusableError,
    KeyUnreachableError,
    PassphraseError,
    TimestampError,
    UsageError,
)
from docsign.files import read_file, write_file
from docsign.sentence import Language, Sentence, say
from docsign.values import dataclass

_MOST_HELD = 64 * 1024 * 1024
_ORDER = (EXIT_USAGE, EXIT_TRY_LATER, EXIT_FAILED, EXIT_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of one file; plain values, for they come from another process too."""

    size: int = 0
    status: int = EXIT_OK
    code: str = ""
    text: str = ""
    stops: bool = False
    is_old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """How to work on several files at once: at ``most`` so many, each with its result or what was wrong."""

    most: int
    sign: Callable[[Sequence[bytes]], list[bytes | DocsignError]]


def run_batch(
    work: Sequence[tuple[Path, Path]],
    one: Callable[[bytes], bytes],
    *,
    doing: Sentence,
    done_words: Callable[[int, int], Sentence],
    overwrite: bool = True,
    is_done: Callable[[bytes, bytes], bool] | None = None,
    processes: int = 1,
    together: Together | None = None,
    as_json: bool,
    lang: Language,
) -> int:
    """Run ``one`` over each file, say what went wrong with which, and return the exit status of the whole.

    ``done_words`` says how many of how many are done. A result that is there already is not written over
    unless ``overwrite``; of several files those are passed over whose result ``is_done`` (source, result),
    so that a batch that was stopped goes on where it stood. Several ``processes`` share the work, or
    it goes several files ``together`` instead of one by one.
    """
    several = len(work) > 1
    take = partial(
        _take, work=work, one=one, overwrite=overwrite, is_done=is_done if several else None, lang=lang
    )
    statuses, done, old = {EXIT_OK}, 0, 0
    try:
        with _progress(len(work), doing, lang) as advance:
            outcomes = _outcomes(take, len(work), processes, lang)
            if together is not None and several:
                read = partial(_read, overwrite=overwrite, is_done=is_done, lang=lang)
                outcomes = _in_groups(work, together, read, lang)
            for (source, target), outcome in zip(work, outcomes, strict=False):
                statuses.add(outcome.status)
                if outcome.status != EXIT_OK:
                    click.echo(f"{say('error').text(lang)} [{outcome.code}]: {outcome.text}", err=True)
                else:
                    done, old = done + 1, old + outcome.is_old
                    _answer(source, target, outcome.size, as_json)
                advance()
                if outcome.stops:
                    break  # the same would happen to every other file
    except KeyboardInterrupt:
        click.echo(done_words(done, len(work)).text(lang), err=True)
        if is_done is not None and several:
            click.echo(say("Stopped. The same command goes on where it stood.").text(lang), err=True)
        raise
    if old:
        click.echo(
            say("Of these {count} were done before and left as they are.", count=old).text(lang), err=True
        )
    if several:
        click.echo(done_words(done, len(work)).text(lang), err=True)
    return next(status for status in _ORDER if status in statuses)


def _outcomes(
    take: Callable[[int], _Outcome], count: int, processes: int, lang: Language
) -> Iterator[_Outcome]:
    if processes < 2 or count < 2 * processes:
        return map(take, range(count))
    from docsign.cli.workers import answer_all

    def lost(_: int, why: str) -> _Outcome:
        text = say("The process that worked on this file was lost ({why}).", why=why).text(lang)
        return _Outcome(status=EXIT_FAILED, code="lost", text=text)

    return answer_all(count, take, lost, processes=processes)


def _take(
    place: int,
    *,
    work: Sequence[tuple[Path, Path]],
    one: Callable[[bytes], bytes],
    overwrite: bool,
    is_done: Callable[[bytes, bytes], bool] | None,
    lang: Language,
) -> _Outcome:
    """Work on one file; the result is written whole or not at all."""
    data = _read(work[place], overwrite=overwrite, is_done=is_done, lang=lang)
    if isinstance(data, _Outcome):
        return data
    try:
        made: bytes | DocsignError = one(data)
    except DocsignError as error:
        made = error
    return _written(work[place], made, lang)


def _read(
    pair: tuple[Path, Path],
    *,
    overwrite: bool,
    is_done: Callable[[bytes, bytes], bool] | None,
    lang: Language,
) -> bytes | _Outcome:
    """Read a file that is to be worked on, or say why it is not."""
    source, target = pair
    try:
        data = read_file(source)
        if is_done is not None and target != source and target.is_file():
            there = read_file(target)
            if is_done(data, there):
                return _Outcome(size=len(there), is_old=True)
        if not overwrite and target != source and target.exists():
            raise FileUnusableError(
                say("This file is already there and is not overwritten."), where=str(target)
            )
    except DocsignError as error:
        return _failed(source, error, lang)
    return data


def _written(pair: tuple[Path, Path], made: bytes | DocsignError, lang: Language) -> _Outcome:
    source, target = pair
    try:
        if isinstance(made, DocsignError):
            raise made
        write_file(target, made)
    except DocsignError as error:
        return _failed(source, error, lang)
    return _Outcome(size=len(made))


def _failed(source: Path, error: DocsignError, lang: Language) -> _Outcome:
    where = error.where
    if str(source) not in where:
        error.where = f"{source}: {where}" if where else str(source)
    text, error.where = error.text(lang), where  # the same error may befall several files
    return _Outcome(
        status=error.exit_status,
        code=error.code,
        text=text,
        stops=isinstance(error, TimestampError | KeyUnreachableError | PassphraseError),
    )


def _in_groups(
    work: Sequence[tuple[Path, Path]],
    together: Together,
    read: Callable[[tuple[Path, Path]], bytes | _Outcome],
    lang: Language,
) -> Iterator[_Outcome]:
    """Work on as many files at once as are allowed, and as memory holds."""
    waiting: list[tuple[tuple[Path, Path], bytes | _Outcome]] = []
    for place, pair in enumerate(work, 1):
        waiting.append((pair, read(pair)))
        held = [one for _, one in waiting if isinstance(one, bytes)]
        if len(held) < together.most and sum(map(len, held)) < _MOST_HELD and place < len(work):
            continue
        try:
            results: Iterator[bytes | DocsignError] = iter(together.sign(held) if held else ())
        except DocsignError as error:
            results = iter([error] * len(held))
        for one, data in waiting:
            yield data if isinstance(data, _Outcome) else _written(one, next(results), lang)
        waiting.clear()


def _answer(source: Path, target: Path, size: int, as_json: bool) -> None:
    if as_json:
        row = {"schema": 1, "file": str(source), "output": str(target), "bytes": size}
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        click.echo(str(target))


def targets(
    files: Sequence[Path], output: Path | None, ending: str, *, in_place: bool = False
) -> list[tuple[Path, Path]]:
    """Return each file with where its result goes, beside it with ``ending`` unless ``output`` says so.

    Of a folder its PDFs are taken, but those that are results themselves. Raises UsageError before
    anything is written.
    """
    sources: list[Path] = []
    for file in files:
        if file.is_dir():
            inside = [
                path
                for path in sorted(file.iterdir())
                if path.suffix.lower() == ".pdf" and (in_place or not path.name.lower().endswith(ending))
            ]
            if not inside:
                raise FileUnusableError(say("There is no PDF in this folder."), where=str(file))
            sources.extend(inside)
        else:
            sources.append(file)
    if output is not None and len(sources) > 1 and not output.is_dir():
        raise FileUnusableError(
            say("Several files are signed into a folder; this is none."), where=str(output)
        )
    work = []
    taken: set[Path] = set()
    for source in sources:
        name = f"{source.name}{ending}" if ending == ".p7s" else f"{source.stem}{ending}"
        beside = source.with_name(name)
        target = beside if output is None else output / name if output.is_dir() else output
        if in_place:
            target = source
        if target in taken:
            raise UsageError(say("Two of the files would be written to the same place."), where=str(target))
        taken.add(target)
        work.append((source, target))
    return work


def first_line(path: Path) -> str:
    """Return the first line of a small file, such as one with a password."""
    return read_file(path, limit=64 * 1024).decode("utf-8", "replace").split("\n")[0].rstrip("\r")


@contextmanager
def _progress(total: int, doing: Sentence, lang: Language) -> Iterator[Callable[[], None]]:
    """Show how far a batch is, on a terminal alone."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing.text(lang), total=total)
        yield lambda: bar.advance(task)
