"""What the rules need from outside, each contract in words.

Every port has one contract test suite that runs against each implementation, the in-memory one included. An
implementation raises the library's errors (StorageError, DiskFullError), never another's. Nobody below the
services tries again by himself: a failed call is reported, and the client repeats the whole request, which is
harmless because every request is idempotent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import BinaryIO, Protocol, TypeVar

from docsign.envelope.signed_note import LogProof
from docsign.sentence import Sentence
from docsign.verdict import Conclusion
from relay_server.core.delegation import KeptGrant
from relay_server.core.deliveries import Delivery
from relay_server.core.directory import Agency, Use
from relay_server.core.envelopes import Fact, StoredEnvelope
from relay_server.core.logbook import LogState
from relay_server.core.submissions import Submission
from relay_server.core.uploads import Upload

Answer = TypeVar("Answer")


class Clock(Protocol):
    """The time of day. It may jump, forward and backward; no rule relies on its order."""

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        ...


class Randomness(Protocol):
    """Names nobody can guess or meet twice."""

    def name(self) -> str:
        """Return 32 lower-case hex digits."""
        ...


class Notary(Protocol):
    """The relay's evidence key, held open.

    Pure work on the processor, a few tenths of a millisecond: short enough for a transaction. May be called
    from several threads.
    """

    @property
    def name(self) -> str:
        """The relay's name, as its records state it."""
        ...

    @property
    def certificate(self) -> str:
        """The SHA-256 of the certificate that verifies the signatures, lower-case hex."""
        ...

    def sign(self, record: bytes, *, at: datetime) -> bytes:
        """Return a detached CMS signature (DER) over these bytes, made ``at``; raises SigningKeyError."""
        ...


class Examination(Protocol):
    """What the examiner found in an envelope: what its header says, how it was judged, and who sealed it."""

    @property
    def submission(self) -> Submission:
        """What the signed header says."""
        ...

    @property
    def conclusion(self) -> Conclusion:
        """The one answer over all signatures and the container's own check."""
        ...

    @property
    def signers(self) -> tuple[str, ...]:
        """The SHA-256 of each certificate whose signature covers everything and passed."""
        ...

    @property
    def reason(self) -> Sentence | None:
        """What is wrong, in one sentence; None where nothing is."""
        ...


class Examiner(Protocol):
    """Judges a container, several at once, without holding anybody else up."""

    async def examine(self, stream: BinaryIO, *, at: datetime) -> Examination:
        """Read and judge; raises MalformedError for what is no envelope, never anything else on bad input.

        RefusalError (busy) says that it could not be done now.
        """
        ...

    def signer_of(self, cms: bytes, content: bytes, *, at: datetime) -> str | None:
        """Return the SHA-256 of the certificate of a detached CMS signature that passes, else None."""
        ...

    def is_revoked(self, certificate: bytes) -> bool:
        """Tell whether this certificate (DER) is on a revocation list of the relay's trust."""
        ...


class Incoming(Protocol):
    """A body on its way in. One task writes it; nothing of it is visible until ``commit`` returns.

    Durability: none before ``commit``; what a crash leaves behind is swept at the next start.
    """

    async def write(self, chunk: bytes) -> None:
        """Append; memory used is bounded, whatever was written. Raises DiskFullError, StorageError."""
        ...

    async def reading(self) -> BinaryIO:
        """Open what was written so far, from its start; ``write`` is not called any more."""
        ...

    async def commit(self, sha256: str) -> None:
        """Make the body durable under its name; when this returns, a power cut loses nothing.

        Idempotent: under a name that is there stand the same bytes afterwards, as the name says. It
        may fail and have happened all the same: the caller repeats from the start. An error of the disk's
        flush is final for this process: every later commit is refused, none is acknowledged on hope.
        """
        ...

    async def abort(self) -> None:
        """Forget the body; harmless after ``commit`` and when repeated. Never raises."""
        ...


class Bodies(Protocol):
    """The envelopes' bytes, by digest. Any number of readers and writers at once; never changed later."""

    async def begin(self) -> Incoming:
        """Open a new body; raises DiskFullError, StorageError."""
        ...

    async def size(self, sha256: str) -> int | None:
        """Return the size in bytes of a committed body, or None where there is none."""
        ...

    def read(self, sha256: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` up to and without ``end``, in pieces of bounded size.

        Raises StorageError where the body is not there or shorter.
        """
        ...

    async def remove(self, sha256: str) -> None:
        """Remove a body, if it is there; raises StorageError. Not durable: a crash may bring it back."""
        ...

    async def free_space(self) -> int:
        """Return how many bytes can still be kept."""
        ...

    async def check(self) -> None:
        """Raise StorageError when the store can no longer promise durability."""
        ...


class Part(Protocol):
    """The end of an upload, open for more; one request holds it."""

    async def write(self, chunk: bytes) -> None:
        """Append; memory used is bounded. Raises DiskFullError, StorageError."""
        ...

    async def close(self) -> None:
        """Make what was written durable and let it go; raises DiskFullError, StorageError."""
        ...


class Uploads(Protocol):
    """Envelopes that come in pieces, until they are accepted. One process holds them.

    Durability: an offset that ``find`` tells survives a power cut. An error of the flush is final for this
    process: no later offset is told on hope.
    """

    def held(self) -> tuple[Upload, ...]:
        """Return what is not finished, without its offsets: few, however many were accepted."""
        ...

    def overdue(self, now: datetime) -> tuple[str, ...]:
        """Return the names of those past their time, finished or not."""
        ...

    def known(self, name: str) -> Upload | None:
        """Return an upload without its offset, as quickly as that there is none."""
        ...

    async def add(self, upload: Upload) -> None:
        """Hold a new upload; durable when this returns."""
        ...

    async def find(self, name: str) -> Upload | None:
        """Return an upload with its offset, the bytes before which are durable now."""
        ...

    async def append(self, upload: Upload) -> Part:
        """Open the end of an upload."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Yield the bytes of an upload from its start, in pieces of bounded size."""
        ...

    async def accepted(self, upload: Upload) -> None:
        """Keep that the upload was accepted, and forget its bytes."""
        ...

    async def remove(self, name: str) -> None:
        """Forget an upload; harmless when repeated."""
        ...


class Transaction(Protocol):
    """One consistent view of the ledger; in a ``write``, changes that all happen or none.

    A unit of work awaits nothing but its transaction, and sees its own changes. No two entries under one key:
    adding one that is there raises StorageError.
    """

    async def agency(self, code: str) -> Agency | None:
        """Return the agency of this code, in either written form."""
        ...

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """Return the agency this certificate is bound to for this use, whatever its span."""
        ...

    async def agencies(self, query: str, after: str, limit: int) -> tuple[Agency, ...]:
        """Return agencies in code order, past the code ``after``, whose code or name contains ``query``."""
        ...

    async def put_agency(self, agency: Agency) -> None:
        """Add or replace an agency and its bindings; a certificate of another agency raises StorageError."""
        ...

    async def add_grant(self, kept: KeptGrant) -> None:
        """Keep a grant."""
        ...

    async def end_grant(self, name: str, at: datetime) -> None:
        """End a grant for ever; the first end stays where it was ended before."""
        ...

    async def grant(self, name: str) -> KeptGrant | None:
        """Return the grant of this id, ended or not."""
        ...

    async def grants_by(self, grantor: str) -> tuple[KeptGrant, ...]:
        """Return what the agency of this code, in either form, granted, in the order it was kept."""
        ...

    async def envelope(self, sha256: str) -> StoredEnvelope | None:
        """Return an envelope, however old."""
        ...

    async def senders_of(self, document_id: str) -> frozenset[str]:
        """Return who sent envelopes of this document through this relay; an empty id is no document's."""
        ...

    async def is_number_known(self, number_key: str) -> bool:
        """Tell whether an envelope of this ``number_key`` was sent; the empty one is no number's."""
        ...

    async def removable(self, before: datetime, limit: int) -> tuple[StoredEnvelope, ...]:
        """Return envelopes accepted before, whose bytes are kept and for which nobody waits."""
        ...

    async def mark_removed(self, sha256: str) -> None:
        """Remember that an envelope's bytes are kept no longer."""
        ...

    async def add_envelope(self, envelope: StoredEnvelope) -> None:
        """Remember an envelope for ever."""
        ...

    async def deliveries(self, sha256: str) -> tuple[Delivery, ...]:
        """Return the deliveries of an envelope, in the order of its receivers."""
        ...

    async def delivery(self, name: str) -> Delivery | None:
        """Return one delivery."""
        ...

    async def add_delivery(self, delivery: Delivery) -> None:
        """Add a delivery."""
        ...

    async def put_delivery(self, delivery: Delivery) -> None:
        """Replace a delivery of the same id."""
        ...

    async def next_number(self) -> int:
        """Return the next inbox number: numbers are committed in their order, so that no cursor skips one."""
        ...

    async def inbox(
        self, receiver: str, after: int, limit: int
    ) -> tuple[tuple[Delivery, StoredEnvelope], ...]:
        """Return what waits for ``receiver`` with a number above ``after``, by number.

        The cost grows with ``limit``, not with what is stored.
        """
        ...

    async def overdue(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Return unfetched deliveries that are to be warned of, or whose time to live is over."""
        ...

    async def add_fact(self, fact: Fact) -> None:
        """Keep an evidence record; a second one of the same delivery and cause raises StorageError."""
        ...

    async def facts(self, sha256: str) -> tuple[Fact, ...]:
        """Return the evidence about an envelope, in the order it was kept."""
        ...

    async def fact_of(self, delivery: str, cause: str) -> Fact | None:
        """Return the record this cause brought about, if it did."""
        ...

    async def log_state(self) -> LogState:
        """Return the log as it was last committed."""
        ...

    async def tile(self, level: int, number: int) -> bytes | None:
        """Return the hashes of a tile, as many as it has by now, 32 bytes each."""
        ...

    async def entries(self, start: int, count: int) -> tuple[bytes, ...]:
        """Return entries of the log from ``start`` on, at most ``count``, in their order."""
        ...

    async def index_of(self, evidence: str) -> int | None:
        """Return where in the log the record of this id stands."""
        ...

    async def checkpoint_over(self, index: int) -> bytes:
        """Return the first checkpoint over the entry at ``index``, empty where it is not there."""
        ...

    async def note(self, name: str) -> bytes:
        """Return what ``put_note`` kept under this name, empty where nothing was."""
        ...

    async def first_note(self, first: str, last: str) -> tuple[str, bytes] | None:
        """Return the note with the first name from ``first`` to ``last``, both in ASCII; None for none."""
        ...

    async def put_note(self, name: str, value: bytes) -> None:
        """Keep some bytes under a name, in place of what was there: the relay's own few facts."""
        ...


class Ledger(Protocol):
    """Everything but the bodies, in transactions.

    One writer: units of work run one after another, several of them under one commit where they wait
    together. A unit may be run more than once before its answer comes back, so it has no effects outside.
    The records that a commit keeps are sealed into the log under that very commit (``core.logbook``).
    """

    async def write(self, work: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """Run ``work`` and make its changes durable; when this returns, a power cut loses nothing.

        An error of ``work`` undoes its changes alone and is raised here. StorageError or DiskFullError: the
        changes may have happened all the same (a commit whose answer was lost); the request is repeated.
        """
        ...

    async def read(self, work: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """Run ``work`` over a consistent view; it changes nothing. Any number at once, beside the writer."""
        ...

    async def glance(self, work: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """Read as ``read`` does, for work that looks up a few rows by their keys: done at once, here."""
        ...

    async def agency_of(self, fingerprint: str, use: Use) -> Agency | None:
        """Return what ``Transaction.agency_of`` does, as it is now: asked with every request.

        While the directory stays as it is, a second look costs next to nothing.
        """
        ...

    async def proof(self, evidence: str) -> LogProof | None:
        """Return the proof that the record of this id is in the log; None where it is not there.

        Always the same one: under the checkpoint of the commit that kept it. Of a record kept a moment ago it
        costs no look into the store.
        """
        ...

    async def check(self) -> None:
        """Raise StorageError when the ledger can no longer promise durability."""
        ...


class Bell(Protocol):
    """Wakes who waits for an inbox. A hint: a ring may be lost or come for nothing, the ledger decides."""

    def ring(self, agency: str) -> None:
        """Wake whoever waits for this agency's inbox."""
        ...

    def listen(self, agency: str) -> Listening:
        """Begin to listen: a ring from now on is noticed even before ``heard`` is awaited."""
        ...


class Listening(Protocol):
    """One waiting request; leave it with ``close``."""

    async def heard(self, seconds: float) -> bool:
        """Return True at a ring, False when the time is over."""
        ...

    def close(self) -> None:
        """Stop listening, and let go who waits in ``heard``; harmless when repeated."""
        ...
