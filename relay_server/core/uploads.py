"""An upload in pieces, as values: what was announced, how far it is, and who holds how much. Pure.

Its rules are those of the IETF draft of resumable uploads (draft-ietf-httpbis-resumable-upload) and of the
part of tus 1.0 that existing clients use; which of the two a client speaks is the wire's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from relay_server.core.refusals import RefusalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An envelope that comes in pieces; sizes in bytes.

    ``offset`` is how much of it is safely here, ``length`` its announced size, None where the end will tell.
    Once ``accepted`` its bytes lie among the envelopes and only this note is left, until ``expires_at``.
    """

    id: str
    agency: str
    certificate: str
    sha256: str
    length: int | None
    expires_at: datetime
    time_to_live: timedelta | None = None
    offset: int = 0
    accepted: bool = False
    is_taken_up: bool = False
    """Whether a part of it came before the relay was started: what no answer told of may be torn."""

    @property
    def is_whole(self) -> bool:
        """Whether every announced byte is here."""
        return self.length is not None and self.offset == self.length


class OffsetError(RefusalError):
    """A piece that does not begin where the upload ends."""

    def __init__(self, given: int, offset: int) -> None:
        super().__init__(
            ProblemType.UPLOAD_OFFSET,
            say(
                "This piece begins at {given}; the next one has to begin at {wanted}.",
                given=given,
                wanted=offset,
            ),
            where="Upload-Offset",
            also={"Upload-Offset": str(offset)},
        )


def require_share(held: Iterable[Upload], new: Upload, *, most: int, most_bytes: int, largest: int) -> None:
    """Raise RefusalError (too many requests) where an agency's unfinished uploads would hold too much.

    One whose length nobody knows yet counts as the ``largest`` it may become. One upload may always come.
    """
    open_ones = [one for one in held if one.agency == new.agency and not one.accepted]
    announced = sum(largest if one.length is None else one.length for one in (*open_ones, new))
    if len(open_ones) >= most or (open_ones and announced > most_bytes):
        raise RefusalError(
            ProblemType.TOO_MANY,
            say("This agency has too many unfinished uploads; finish or cancel some of them."),
        )


def require_next(upload: Upload, offset: int) -> None:
    """Raise RefusalError where a piece does not begin where the upload ends."""
    # draft-ietf-httpbis-resumable-upload 4.4, tus 1.0 PATCH
    if upload.accepted:
        raise RefusalError(ProblemType.BAD_REQUEST, say("This upload is finished already."))
    if offset != upload.offset:
        raise OffsetError(offset, upload.offset)


def require_length(upload: Upload, length: int | None) -> None:
    """Raise RefusalError where a piece says another length of the whole than was announced."""
    if length is not None and upload.length is not None and length != upload.length:
        raise another_length(upload.length, where="Upload-Length")


def another_length(
    announced: int, *, kind: ProblemType = ProblemType.BAD_REQUEST, where: str = ""
) -> RefusalError:
    """Return the answer to bytes that are not as many as were announced."""
    return RefusalError(
        kind,
        say("Another length was announced for this upload: {length} bytes.", length=announced),
        where=where,
    )
