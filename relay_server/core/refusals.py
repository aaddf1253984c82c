"""The relay's "no": a problem type of the wire, and one sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping

from docsign.errors import DocsignError
from docsign.exchange.wire import Problem, ProblemType
from docsign.sentence import Sentence


class RefusalError(DocsignError):
    """A request that is refused; nothing of it was kept."""

    code = "refused"

    def __init__(
        self,
        kind: ProblemType,
        sentence: Sentence,
        *,
        where: str = "",
        retry: bool | None = None,
        also: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the type and the sentence; ``retry`` overrides what the type says of itself.

        ``also`` is what the answer's headers say besides.
        """
        super().__init__(sentence, where=where)
        self.kind = kind
        self.also = also or {}
        self.worth_retrying = kind.retry if retry is None else retry

    @property
    def problem(self) -> Problem:
        """The RFC 9457 document of this refusal."""
        return Problem.of(self.kind, self.sentence, where=self.where, retry=self.worth_retrying)
