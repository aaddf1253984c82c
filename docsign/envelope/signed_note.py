"""Who vouches for a log: signed notes, checkpoints and proofs that hold offline (C2SP). Pure.

A checkpoint is a signed note of three lines: the log's origin, its size, its root. A log proof is an index,
the path from the leaf, and the checkpoint it leads to: enough to show, without the log, that a record was in
it. Keys are Ed25519; making a signature is the caller's (``sign`` takes the text and returns 64 bytes).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from docsign.envelope.merkle import HASH_SIZE, LARGEST, leaf_hash, require_inclusion
from docsign.errors import EvidenceError
from docsign.sentence import say
from docsign.values import dataclass

NOTE_LIMIT = 64 * 1024
"""The largest note or proof that is read, in bytes."""
SIGNATURES_LIMIT = 32
_ED25519 = b"\x01"  # C2SP signed-note: signature types
_PROOF = "c2sp.org/tlog-proof@v1"
_NAME = re.compile(r"[^\s+]{1,200}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKey:
    """A key that signs notes: its name (for a log, its origin) and the 32 bytes of its public key."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None or len(self.public) != 32:
            raise EvidenceError(say("This is no key of a log."), where=self.name[:80])

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart (C2SP signed-note)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key in one line: name, id, type and key."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @staticmethod
    def parse(text: str) -> NoteKey:
        """Read the one line; raises EvidenceError."""
        name, _, rest = text.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        data = _base64(encoded, where="key")
        if data[:1] != _ED25519:
            raise EvidenceError(say("This is no key of a log."), where=name[:80])
        key = NoteKey(name=name, public=data[1:])
        if key.id.hex() != identity:
            raise EvidenceError(say("This is no key of a log."), where=name[:80])
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and its signatures as (key name, key id, signature); nothing is checked yet."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def require_signed_by(self, key: NoteKey) -> None:
        """Raise EvidenceError unless this key signed the text; signatures of other keys are passed over."""
        own = [value for name, identity, value in self.signatures if (name, identity) == (key.name, key.id)]
        if not own:
            raise EvidenceError(say("The log's own signature is missing."), where=key.name)
        try:
            public = Ed25519PublicKey.from_public_bytes(key.public)
            for value in own:  # each one: a note with a wrong signature of a known key is refused whole
                public.verify(value, self.text.encode())
        except (InvalidSignature, ValueError) as error:
            raise EvidenceError(say("The log's signature is wrong."), where=key.name) from error


def write_note(text: str, signatures: Iterable[tuple[NoteKey, bytes]]) -> bytes:
    """Return a signed note; ``text`` ends with a line feed."""
    lines = [
        f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n" for key, signature in signatures
    ]
    return f"{text}\n{''.join(lines)}".encode()


def read_note(data: bytes) -> Note:
    """Read a signed note (C2SP signed-note); raises EvidenceError."""
    try:
        whole = data.decode()
    except ValueError:
        whole = "\0"
    text, blank, tail = whole.rpartition("\n\n")
    if (
        len(data) > NOTE_LIMIT
        or not blank
        or not tail.endswith("\n")
        or any(sign < " " and sign != "\n" for sign in whole)
    ):
        raise _no_note()
    signatures = []
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        value = _base64(encoded, where="signature")
        if dash != "—" or _NAME.fullmatch(name) is None or len(value) < 5:
            raise _no_note()
        signatures.append((name, value[:4], value[4:]))
    if len(signatures) > SIGNATURES_LIMIT:
        raise _no_note()
    return Note(text=f"{text}\n", signatures=tuple(signatures))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log at one moment: who (origin), how many entries, under which root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed (C2SP tlog-checkpoint)."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, key: NoteKey, sign: Callable[[bytes], bytes]) -> bytes:
        """Return the checkpoint as a note signed by the log's key."""
        return write_note(self.text, [(key, sign(self.text.encode()))])

    @staticmethod
    def read(note: Note) -> Checkpoint:
        """Read the text of a note; raises EvidenceError. Extension lines are allowed and not kept."""
        lines = note.text[:-1].split("\n")
        if len(lines) < 3 or not all(lines) or _NUMBER.fullmatch(lines[1]) is None:
            raise EvidenceError(say("This is no checkpoint of a log."))
        root, size = _base64(lines[2], where="root"), int(lines[1])
        if len(root) != HASH_SIZE or size > LARGEST:
            raise EvidenceError(say("This is no checkpoint of a log."))
        return Checkpoint(origin=lines[0], size=size, root=root)


def open_checkpoint(data: bytes, key: NoteKey) -> Checkpoint:
    """Return the checkpoint that this log signed; raises EvidenceError for another's, or a wrong one."""
    note = read_note(data)
    note.require_signed_by(key)
    checkpoint = Checkpoint.read(note)
    if checkpoint.origin != key.name:
        raise EvidenceError(say("The checkpoint is of another log."), where=checkpoint.origin[:80])
    return checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """That an entry stands at ``index`` of the log whose ``checkpoint`` (a signed note) it carries."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def to_text(self) -> str:
        """Return the proof as text (C2SP tlog-proof)."""
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.path)
        return f"{_PROOF}\nindex {self.index}\n{hashes}\n{self.checkpoint.decode()}"

    @staticmethod
    def from_text(text: str) -> LogProof:
        """Read a proof; raises EvidenceError. Extra data is passed over: nothing vouches for it."""
        head, blank, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if len(text) > NOTE_LIMIT or not blank or lines[0] != _PROOF:
            raise EvidenceError(say("This is no proof of a log."))
        if len(lines) > 1 and lines[1].startswith("extra "):
            del lines[1]
        word, _, number = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
        if word != "index" or _NUMBER.fullmatch(number) is None or len(lines) > 66:
            raise EvidenceError(say("This is no proof of a log."))
        path = tuple(_base64(line, where="proof") for line in lines[2:])
        return LogProof(index=int(number), path=path, checkpoint=checkpoint.encode())

    def require(self, entry: bytes, key: NoteKey) -> Checkpoint:
        """Return the checkpoint under which ``entry`` stands; raises EvidenceError where it does not."""
        checkpoint = open_checkpoint(self.checkpoint, key)
        require_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.path, checkpoint.root)
        return checkpoint


def _base64(text: str, *, where: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
        if base64.b64encode(data).decode() != text:  # one text for one value
            raise binascii.Error
        return data
    except (binascii.Error, ValueError) as error:
        raise EvidenceError(say("not base64"), where=where) from error


def _no_note() -> EvidenceError:
    return EvidenceError(say("This is no signed note."))
