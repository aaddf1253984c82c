"""A time-stamp in a file of its own: the bare token or the service's answer, over a file given beside it."""

from __future__ import annotations

import hashlib

import pytest
from asn1crypto import tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.ades import der
from docsign.ades.timestamp_files import is_timestamp_answer, judge_timestamp_file, timestamp_token
from docsign.errors import CmsError
from docsign.pki.rfc3161 import TimeStampResp
from docsign.pki.stamping import respond
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, SubIndication
from tests.ades.time_cases import SIGNED, World

CONTENT = "Công văn số 12/UBND".encode()


def answer(world: World, *, digest: str = "sha256") -> bytes:
    """Return the whole answer of the service."""
    imprint = {
        "hash_algorithm": {"algorithm": digest},
        "hashed_message": hashlib.new(digest, CONTENT).digest(),
    }
    request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
    return respond(request.dump(), world.tsa.held(), at=SIGNED)


def judged(world: World, data: bytes, content: bytes | None = CONTENT) -> Conclusion:
    """Judge it on the same day, with the lists of that day."""
    return judge_timestamp_file(
        data, content=content, trust=world.trust, at=SIGNED, beside=world.lists(SIGNED)
    ).conclusion


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_token_and_answer_are_both_taken(digest: str) -> None:
    """A .tst and a .tsr give the same verdict."""
    world = World()
    whole = answer(world, digest=digest)
    token = timestamp_token(whole)
    assert timestamp_token(token) == token
    assert is_timestamp_answer(whole)
    assert not is_timestamp_answer(token)
    assert judged(world, whole) == judged(world, token) == Conclusion.passed()


def streamed(node: der.Node, levels: int) -> bytes:
    """Write a value with indefinite lengths, so many levels deep; octet strings there in two parts."""
    if levels and node.tag & 0x20:
        inside = b"".join(streamed(child, levels - 1) for child in node.children())
        return bytes((node.tag, 0x80)) + inside + b"\0\0"
    if levels and node.tag == der.OCTET_STRING:
        halves = (node.content[:20], node.content[20:])
        return b"\x24\x80" + b"".join(der.encode(der.OCTET_STRING, one) for one in halves) + b"\0\0"
    return node.raw


def test_a_token_may_be_ber() -> None:
    """RFC 5652 2: some services stream it; the signed attributes, at the sixth level, stay DER (5.3)."""
    world = World()
    whole = answer(world)
    token = timestamp_token(whole)
    loose = streamed(der.parse(token), 5)
    assert loose != token
    status, _ = der.parse(whole).children()
    in_answers = (der.encode(der.SEQUENCE, status.raw + loose), b"\x30\x80" + status.raw + loose + b"\0\0")
    assert all(is_timestamp_answer(one) for one in in_answers)
    for one in (loose, *in_answers):
        assert judged(world, one) == Conclusion.passed()
        assert judged(world, one, b"khac") == Conclusion.failed(SubIndication.HASH_FAILURE)
    broken = streamed(der.parse(token), 7)
    for one in (broken, der.encode(der.SEQUENCE, status.raw + broken)):
        assert judged(world, one) == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def test_of_another_file_it_proves_nothing() -> None:
    """Another content fails; none at hand is not decided."""
    world = World()
    whole = answer(world)
    assert judged(world, whole, b"khac") == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert judged(world, whole, None) == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)


def test_a_content_may_be_given_by_its_digests() -> None:
    """For a file that is not held in memory."""
    world = World()
    report = judge_timestamp_file(
        answer(world),
        content_digest=lambda name: hashlib.new(name, CONTENT).digest(),
        trust=world.trust,
        at=SIGNED,
        beside=world.lists(SIGNED),
    )
    assert (report.conclusion, report.time, report.intact) == (Conclusion.passed(), SIGNED, True)


def test_a_refusal_is_no_stamp() -> None:
    """The service said no: the file says so."""
    refusal = TimeStampResp({"status": {"status": "rejection", "fail_info": {"bad_alg"}}}).dump()
    assert is_timestamp_answer(refusal)
    with pytest.raises(CmsError, match="refusal"):
        timestamp_token(refusal)
    assert judged(World(), refusal) == Conclusion.failed(SubIndication.FORMAT_FAILURE)


@pytest.mark.parametrize("data", [b"", b"0", b"0\x00", b"0\x80", b"<xml/>", b"0\x03\x02\x01\x05"])
def test_what_is_no_stamp_fails_by_its_form(data: bytes) -> None:
    """Short and foreign bytes."""
    assert judged(World(), data) == Conclusion.failed(SubIndication.FORMAT_FAILURE)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_never_raises_and_never_passes(data: st.DataObject) -> None:
    """One byte changed anywhere in the answer."""
    whole = _ANSWER
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    report = judge_timestamp_file(
        bytes(changed), content=CONTENT, trust=Trust.of([_WORLD.root.certificate]), at=SIGNED, beside=_DATA
    )
    passed = report.conclusion == Conclusion.passed()
    # what may change: the status text around the token, and a certificate that is not the signer's
    assert not passed or timestamp_unchanged(bytes(changed), whole)


def timestamp_unchanged(changed: bytes, whole: bytes) -> bool:
    """Whether the signed part of the token is the same."""
    one = TimeStampResp.load(changed)["time_stamp_token"]["content"]
    other = TimeStampResp.load(whole)["time_stamp_token"]["content"]
    same: bool = one["encap_content_info"].dump() == other["encap_content_info"].dump()
    return same


_WORLD = World()
_DATA: ValidationData = _WORLD.lists(SIGNED)
_ANSWER = answer(_WORLD)
