"""The public verb ``open_envelope``: an envelope's header, documents and report, from one file."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from docsign.errors import MalformedError
from docsign.files import READ_LIMIT
from docsign.pki.trust import Trust
from docsign.values import dataclass
from docsign.verdict import Report
from docsign.verification.question import opened, question_of
from docsign.verification.reporting import report_on

if TYPE_CHECKING:
    from docsign.envelope import Container, Header


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEnvelope:
    """An envelope that was judged: who sends what to whom, the documents' names, and the report.

    ``report`` says whether it may be believed; nothing is held back when it may not. ``read`` gives one
    document at a time, from the file that was judged. Close it, or use it in ``with``, when it came from a
    path.
    """

    header: Header
    report: Report
    documents: tuple[str, ...]
    container: Container
    stream: BinaryIO

    def read(self, name: str) -> bytes:
        """Return the bytes of one document; raises ContainerError where it is missing or damaged."""
        return self.container.read(name, READ_LIMIT)

    def close(self) -> None:
        """Close the file."""
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_envelope(
    source: bytes | Path | str, *, trust: Trust | None = None, at: datetime | None = None
) -> OpenedEnvelope:
    """Open an envelope (ASiC-E with a header) and judge it.

    Raises ContainerError or EdxmlError for what is no envelope, FileUnusableError for a path that cannot be
    read. What the check of the signatures says stands in ``report``.
    """
    from docsign.envelope.container import read_container
    from docsign.envelope.judge import envelope_header

    question = question_of(trust, at)
    stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else opened(Path(source))
    try:
        container = read_container(stream)
        header = envelope_header(container)
        report = report_on(stream, "" if isinstance(source, bytes) else str(source), question)
    except BaseException as error:
        stream.close()
        if isinstance(error, MalformedError) and not isinstance(source, bytes):
            error.where = f"{source}: {error.where}" if error.where else str(source)
        raise
    return OpenedEnvelope(
        header=header,
        report=report,
        documents=tuple(name for name in container.data_names if name.startswith("documents/")),
        container=container,
        stream=stream,
    )
