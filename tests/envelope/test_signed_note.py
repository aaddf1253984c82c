"""Notes, checkpoints and proofs: the published examples, keys, and everything that must not pass."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from docsign.envelope.merkle import Frontier, inclusion_proof, leaf_hash
from docsign.envelope.signed_note import (
    Checkpoint,
    LogProof,
    NoteKey,
    open_checkpoint,
    read_note,
    write_note,
)
from docsign.errors import EvidenceError

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey(name="relay.example/log", public=PRIVATE.public_key().public_bytes_raw())
ENTRIES = [f"bản ghi {number}".encode() for number in range(11)]
# The example of C2SP signed-note and the key of the Go implementation
PETER = NoteKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETERS = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def proof_of(index: int, size: int = len(ENTRIES)) -> LogProof:
    """Return the proof of one entry in the log of so many."""
    leaves = [leaf_hash(entry) for entry in ENTRIES[:size]]
    path = inclusion_proof(index, size, lambda start, end: Frontier().grown(leaves[start:end]).root)
    checkpoint = Checkpoint(origin=KEY.name, size=size, root=Frontier().grown(leaves).root)
    return LogProof(index=index, path=tuple(path), checkpoint=checkpoint.signed(KEY, PRIVATE.sign))


def test_a_note_of_another_implementation() -> None:
    """Its key, its name and its signature are understood."""
    note = read_note(PETERS.encode())
    note.require_signed_by(PETER)
    assert note.text.startswith("If you think")
    assert str(PETER).startswith("PeterNeumann+c74f20a3+")
    with pytest.raises(EvidenceError, match="missing"):
        note.require_signed_by(KEY)
    with pytest.raises(EvidenceError, match="wrong"):
        read_note(PETERS.replace("cryptography", "Cryptography").encode()).require_signed_by(PETER)


def test_a_published_checkpoint_is_read() -> None:
    """The example of C2SP tlog-checkpoint."""
    text = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    checkpoint = Checkpoint.read(read_note(text.encode()))
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)


def test_keys_are_read_back() -> None:
    """And a line whose parts do not fit is none."""
    assert NoteKey.parse(str(KEY)) == KEY
    name, identity, key = str(KEY).split("+", 2)
    for line in ("", name, f"{name}+{identity}", f"{name}+00000000+{key}", f"x y+{identity}+{key}",
                 f"{name}+{identity}+{key[:-4]}", f"{name}+{identity}+AA{key[2:]}"):  # fmt: skip
        with pytest.raises(EvidenceError):
            NoteKey.parse(line)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"x\n", b"x\n\n", b"x\n\n- a AAAAAAA=\n", "x\n\n— a AAAAAAA=".encode(),
     "x\n\n— a\n".encode(),
     "x\n\n— a+b AAAAAAA=\n".encode(), "x\n\n— a AAAA\n".encode(), "x\t\n\n— a AAAAAAA=\n".encode(),
     "x\n\n— a AAAAAAB=\n".encode(), b"\xff\n\n", b"x\n\n" + "— a AAAAAAA=\n".encode() * 40,
     b"x" * 70_000 + "\n\n— a AAAAAAA=\n".encode()],
)  # fmt: skip
def test_what_is_no_note_is_said_to_be_none(data: bytes) -> None:
    """C2SP signed-note: text, blank line, signature lines; UTF-8 without control characters."""
    with pytest.raises(EvidenceError):
        read_note(data)


@pytest.mark.parametrize(
    "text", ["a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "\n1\nAAAA\n", "a\n1\nAAAA\n", "a\nx\nAAAA\n",
             f"a\n{10**18 * 9}\n{base64.b64encode(bytes(32)).decode()}\n"],
)  # fmt: skip
def test_what_is_no_checkpoint(text: str) -> None:
    """C2SP tlog-checkpoint: origin, decimal size, root of 32 bytes."""
    with pytest.raises(EvidenceError):
        Checkpoint.read(read_note(write_note(text, [(KEY, PRIVATE.sign(text.encode()))])))


def test_a_checkpoint_is_of_its_log() -> None:
    """A key signs for its own origin alone."""
    other = Checkpoint(origin="other.example", size=0, root=bytes(32)).signed(KEY, PRIVATE.sign)
    with pytest.raises(EvidenceError, match="another log"):
        open_checkpoint(other, KEY)


@pytest.mark.parametrize("size", range(1, len(ENTRIES) + 1))
def test_a_proof_holds_offline(size: int) -> None:
    """Text, checkpoint and entry are all it takes; for another entry or key it is nothing."""
    for index in range(size):
        proof = LogProof.from_text(proof_of(index, size).to_text())
        assert proof.require(ENTRIES[index], KEY).size == size
        with pytest.raises(EvidenceError):
            proof.require(ENTRIES[index] + b".", KEY)
        with pytest.raises(EvidenceError):
            proof.require(ENTRIES[index], PETER)


def test_extra_data_proves_nothing_and_is_passed_over() -> None:
    """C2SP tlog-proof: applications must not trust it."""
    text = proof_of(4).to_text().replace("@v1\n", "@v1\nextra AAAA\n")
    assert LogProof.from_text(text).require(ENTRIES[4], KEY).size == len(ENTRIES)


@given(st.integers(0, len(ENTRIES) - 1), st.data())
def test_no_changed_sign_of_a_proof_passes(index: int, data: st.DataObject) -> None:
    """Whatever is changed in it: it does not hold, or says the very same."""
    text = proof_of(index).to_text()
    place = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.characters(codec="utf-8"))
    changed = text[:place] + sign + text[place + 1 :]
    if changed == text:
        return
    with pytest.raises(EvidenceError):
        LogProof.from_text(changed).require(ENTRIES[index], KEY)


@given(st.text(max_size=200))
def test_any_text_is_a_proof_or_refused(text: str) -> None:
    """Nothing but our own error comes out."""
    with pytest.raises(EvidenceError):
        LogProof.from_text(f"c2sp.org/tlog-proof@v1\n{text}").require(b"", KEY)
