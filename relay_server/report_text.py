"""A period's counts as lines for a reader, and as CSV (RFC 4180) for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from docsign.cli.exchange_text import state as word_of
from docsign.exchange.wire import DeliveryState
from docsign.sentence import Language, say, shown
from relay_server.reporting import Counts, PeriodReport

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STATES = tuple(state.value for state in DeliveryState)


def text_lines(made: PeriodReport, lang: Language) -> Iterator[str]:
    """Yield the report for a reader."""
    last = made.end - timedelta(days=1)
    yield say("From {begin} to {end}", begin=f"{made.begin:%Y-%m-%d}", end=f"{last:%Y-%m-%d}").text(lang)
    for one in made.agencies:
        yield f"{one.code}  {shown(one.name)}".rstrip()
        yield from _counts(one, lang)
    if len(made.agencies) != 1:
        yield say("All agencies").text(lang)
        yield from _counts(made.total, lang)
    for warning in made.warnings:
        yield f"! {warning.text(lang)}"


def _counts(one: Counts, lang: Language) -> Iterator[str]:
    sent = say("sent: {count} documents, {bytes} bytes, to {deliveries} receivers",
               count=one.envelopes, bytes=one.size, deliveries=one.sent.total())  # fmt: skip
    received = say("received: {count} documents", count=one.received.total())
    for sentence, by_state in ((sent, one.sent), (received, one.received)):
        yield f"    {sentence.text(lang)}{_states(by_state, lang)}"


def _states(counted: Counter[str], lang: Language) -> str:
    known = [(state, counted[state]) for state in _STATES if counted[state]]
    return f" ({'; '.join(f'{word_of(state, lang)} {number}' for state, number in known)})" if known else ""


def csv_lines(made: PeriodReport) -> Iterator[str]:
    """Yield one line an agency, the names of the columns before them."""
    columns = ["code", "name", "envelopes", "bytes", "late"]
    columns += [f"{way}_{state}" for way in ("sent", "received") for state in _STATES]
    yield _line(columns)
    for one in made.agencies:
        counts = [str(counted[state]) for counted in (one.sent, one.received) for state in _STATES]
        yield _line([one.code, one.name, str(one.envelopes), str(one.size), str(one.late), *counts])


def _line(values: list[str]) -> str:
    stream = io.StringIO()
    safe = [shown(value) for value in values]  # a spreadsheet must not take a name for a formula
    csv.writer(stream, lineterminator="").writerow(
        [f"'{value}" if value.startswith(_FORMULA) else value for value in safe]
    )
    return stream.getvalue()
