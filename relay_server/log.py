"""The relay's log: one JSON object a line on stderr, for requests, decisions and failures."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

LOGGER = logging.getLogger("docsign.relay")
_JSON = json.JSONEncoder(ensure_ascii=False, default=str)


class JsonLines(logging.Formatter):
    """Write a record as one JSON line; ``extra={"facts": {…}}`` becomes members of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; whatever a client sent is escaped by JSON."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return _JSON.encode(line)


def log_to_stderr() -> None:
    """Send the relay's log, and the warnings of what it stands on, to stderr."""
    # no line says which thread, process or place in the program it is from: none is looked up
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 -- what the standard library's guide says to do
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    heard = {"docsign.relay": logging.INFO, "aiohttp": logging.WARNING, "asyncio": logging.WARNING}
    for name, level in heard.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


def tell(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Log an event with its facts."""
    LOGGER.log(level, event, extra={"facts": facts})
