"""``docsign verify`` over several files: on all cores, in the order of their names, and their number."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.verify_answers import Asked, Told, tell, tell_lost
from docsign.files import writing
from docsign.sentence import Sentence, say
from docsign.verdict import Indication, Report

if TYPE_CHECKING:
    from docsign.cli.workers import Loss

FEW = 8
"""So many files that were named are verified in this process: others would take longer to start."""


def verify_many(
    asked: Asked, paths: Sequence[Path], *, output: Path | None, jobs: int | None, many: bool
) -> set[int]:
    """Verify the files, write the answers, and return the exit statuses that occurred.

    ``many``: a folder was named; its files are told apart in processes of their own, so that one that takes
    its process with it costs only its own answer, and a summary follows.
    """
    apart = (many and len(paths) > 1) or len(paths) > FEW
    answers = _answers_apart(asked, paths, jobs) if apart else (tell(asked, path) for path in paths)
    counted: Counter[Indication | None] = Counter()
    statuses: set[int] = set()
    reports: list[Report] = []
    with _destination(output) as say_out, _progress(len(paths), many=many) as step:
        if asked.form == "csv":
            from docsign.report.csv import header

            say_out(header(), "\r\n")
        for number, told in enumerate(answers):
            statuses.add(told.status)
            counted[told.indication] += 1
            if told.out:
                between = "\n" if asked.form == "text" and number and not many else ""
                say_out(between + told.out, "\r\n" if asked.form == "csv" else "\n")
            if told.report is not None:
                reports.append(told.report)
            if told.err:
                click.echo(told.err, err=True)
            step()
        if reports:
            say_out(_whole(asked, reports), "")
        if many and asked.form in ("line", "text"):
            say_out(_summary(counted).text(asked.language), "\n")
    if many and asked.form not in ("line", "text"):
        click.echo(_summary(counted).text(asked.language), err=True)
    return statuses


def _whole(asked: Asked, reports: Sequence[Report]) -> str:
    """Write one document about all the files."""
    if asked.form == "xml":
        from docsign.report.xml import to_xml

        return to_xml(reports, asked.language)
    from docsign.report.html import to_html

    return to_html(reports, asked.language)


def _answers_apart(asked: Asked, paths: Sequence[Path], jobs: int | None) -> Iterator[Told]:
    from docsign.cli.workers import answer_all, usable_cores

    _load_judges(asked)
    return answer_all(
        len(paths),
        partial(_tell, asked, paths),
        partial(_lost, asked, paths),
        processes=jobs or usable_cores(),
    )


def _tell(asked: Asked, paths: Sequence[Path], index: int) -> Told:
    return tell(asked, paths[index])


def _lost(asked: Asked, paths: Sequence[Path], index: int, why: Loss) -> Told:
    return tell_lost(asked, paths[index], why)


def _load_judges(asked: Asked) -> None:
    """Import what nearly every file needs, before processes are copied: once instead of in each of them."""
    if asked.trust is not None:
        import pyhanko_certvalidator.validate  # noqa: F401 -- loaded for the copies of this process


def _summary(counted: Counter[Indication | None]) -> Sentence:
    values = {
        "total": counted.total(),
        "passed": counted[Indication.TOTAL_PASSED],
        "failed": counted[Indication.TOTAL_FAILED],
        "unsure": counted[Indication.INDETERMINATE],
        "unsigned": counted[Indication.NO_SIGNATURE],
    }
    if counted[None]:
        return say(
            "{total} files: {passed} valid, {failed} not valid, {unsure} not decided, {unsigned} not signed, "
            "{unread} could not be verified.",
            **values,
            unread=counted[None],
        )
    return say(
        "{total} files: {passed} valid, {failed} not valid, {unsure} not decided, {unsigned} not signed.",
        **values,
    )


@contextlib.contextmanager
def _destination(output: Path | None) -> Iterator[Callable[[str, str], None]]:
    """Give what takes a text and its end: stdout, or a file that is written whole or not at all."""
    if output is None:
        yield lambda text, end: click.echo(text + end, nl=False)
        return
    with writing(output) as stream:

        def write(text: str, end: str) -> None:
            stream.write((text + end).encode("utf-8", "backslashreplace"))

        if output.suffix.lower() == ".csv":
            stream.write(b"\xef\xbb\xbf")  # spreadsheets know UTF-8 by this mark alone
        yield write


@contextlib.contextmanager
def _progress(count: int, *, many: bool) -> Iterator[Callable[[], None]]:
    """Show on a terminal how far it is; elsewhere nothing."""
    if not many or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    both = sys.stdout.isatty()
    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,  # a thread of its own would not outlive the copying of this process
        redirect_stdout=both,
    ) as bar:
        task = bar.add_task("", total=count)

        def step() -> None:
            bar.advance(task)
            bar.refresh()

        yield step
