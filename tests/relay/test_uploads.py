"""Uploads in pieces: the IETF draft and tus 1.0, over lines that break and a relay that is killed."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiotus
import pytest
from tusclient.client import TusClient

from docsign.envelope.evidence import Receipt
from docsign.exchange import wire
from docsign.exchange.client import RelayClient
from docsign.exchange.wire import ProblemType
from docsign.pki import SigningKey
from tests.relay.conftest import Client, Process, Site, sealed, sha256, tls
from tests.relay.cutting import line
from tests.relay.test_wire_api import problem

Start = Callable[[Path], Process]
TUS = {"Tus-Resumable": "1.0.0"}


def large(key: SigningKey, size: int = 3_000_000, **more: Any) -> bytes:
    """Return a sealed envelope of about ``size`` bytes that nothing can pack."""
    noise = random.Random(size).randbytes(size)
    return sealed(key, files=[("ban-do.bin", noise)], **more)


def digest(envelope: bytes) -> dict[str, str]:
    """Return the announcement of the envelope's name."""
    return {wire.DIGEST_HEADER: wire.write_repr_digest(sha256(envelope))}


async def begin(
    client: Client, envelope: bytes, *, tus: bool = False, **more: str
) -> tuple[str, dict[str, str]]:
    """Announce an envelope; return the address of the upload and the answer's headers."""
    spoken = TUS if tus else {"Upload-Complete": "?0"}
    headers = {**digest(envelope), **spoken, "Upload-Length": str(len(envelope)), **more}
    status, told, body = await client.call("POST", wire.UPLOADS, headers=headers)
    assert status == 201, body
    return urlsplit(told["Location"]).path, told


async def piece(
    client: Client, place: str, data: bytes, offset: int, *, last: bool, **more: str
) -> tuple[int, dict[str, str], bytes]:
    """Send a piece as the draft says."""
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Complete": "?1" if last else "?0",
        "Content-Type": "application/partial-upload",
        **more,
    }
    return await client.call("PATCH", place, data=data, headers=headers)


async def test_pieces_become_the_envelope_that_one_post_would_have_been(
    site: Site, agency_key: SigningKey
) -> None:
    """Announced, two pieces, a question in between: the receipt is the one POST /v1/envelopes gives."""
    envelope = sealed(agency_key)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        place, told = await begin(commune, envelope)
        assert told["Upload-Offset"] == "0"
        assert "max-size=" in told["Upload-Limit"]
        code, told, _ = await piece(commune, place, envelope[:1000], 0, last=False)
        assert (code, told["Upload-Offset"], told["Upload-Complete"]) == (204, "1000", "?0")
        code, told, _ = await commune.call("HEAD", place)
        assert (code, told["Upload-Offset"], told["Upload-Complete"]) == (204, "1000", "?0")
        assert told["Cache-Control"] == "no-store"
        code, told, body = await piece(commune, place, envelope[1000:], 1000, last=True)
        assert (code, told["Upload-Complete"], told["Location"]) == (
            201,
            "?1",
            wire.envelope_path(sha256(envelope)),
        )
        assert Receipt.from_json(body).evidence.sha256 == sha256(envelope)
        assert (await commune.send(envelope))[2] == body
        assert [item.sha256 for item in (await province.inbox()).items] == [sha256(envelope)]
        code, told, _ = await commune.call("HEAD", place)
        assert (told["Upload-Offset"], told["Upload-Complete"]) == (str(len(envelope)), "?1")


async def test_a_piece_that_does_not_begin_at_the_end_is_refused_with_the_right_offset(
    site: Site, agency_key: SigningKey
) -> None:
    """409 with Upload-Offset (draft 4.4.1), in both protocols; nothing of the piece is kept."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope)
        await piece(commune, place, envelope[:700], 0, last=False)
        for offset in (0, 699, 701, 10**14):
            answer = await piece(commune, place, envelope[:50], offset, last=False)
            problem(answer, ProblemType.UPLOAD_OFFSET)
            assert answer[1]["Upload-Offset"] == "700"
        tus = {**TUS, "Upload-Offset": "5", "Content-Type": "application/offset+octet-stream"}
        problem(await commune.call("PATCH", place, data=b"x", headers=tus), ProblemType.UPLOAD_OFFSET)
        assert (await piece(commune, place, envelope[700:], 700, last=True))[0] == 201
        finished = await piece(commune, place, b"", len(envelope), last=True)
        problem(finished, ProblemType.BAD_REQUEST)


async def test_a_whole_upload_in_one_post_and_what_is_wrong_with_others(
    site: Site, agency_key: SigningKey
) -> None:
    """Upload-Complete ?1 at the announcement is a plain submission; each lack has its own answer."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        whole = {**digest(envelope), "Upload-Complete": "?1"}
        code, told, body = await commune.call("POST", wire.UPLOADS, data=envelope, headers=whole)
        assert (code, told["Upload-Complete"]) == (201, "?1"), body
        for headers, kind in (
            ({"Upload-Complete": "?0"}, ProblemType.BAD_REQUEST),
            (digest(envelope), ProblemType.BAD_REQUEST),
            ({**digest(envelope), "Upload-Complete": "yes"}, ProblemType.BAD_REQUEST),
            ({**digest(envelope), "Upload-Complete": "?0", "Upload-Length": "1x"}, ProblemType.BAD_REQUEST),
            ({**digest(envelope), **TUS}, ProblemType.BAD_REQUEST),
            ({**digest(envelope), "Tus-Resumable": "0.2.2", "Upload-Length": "5"}, ProblemType.TUS_VERSION),
            (
                {**digest(envelope), "Upload-Complete": "?0", "Upload-Length": str(10**12)},
                ProblemType.TOO_LARGE,
            ),
            ({**digest(envelope), "Upload-Complete": "?0", "Content-Encoding": "gzip"},
             ProblemType.ENCODING_REFUSED),
        ):  # fmt: skip
            problem(await commune.call("POST", wire.UPLOADS, headers=headers), kind)
        place, _ = await begin(commune, envelope + b"x")
        problem(
            await commune.call(
                "PATCH", place, data=b"x", headers={"Upload-Offset": "0", "Upload-Complete": "?0"}
            ),
            ProblemType.MEDIA_TYPE,
        )
        problem(await piece(commune, place, b"x", 0, last=True), ProblemType.BAD_REQUEST)
        problem(
            await piece(commune, place, b"x", 1, last=False, **{"Upload-Length": "3"}),
            ProblemType.BAD_REQUEST,
        )
        problem(await piece(commune, place, envelope + b"xy", 1, last=False), ProblemType.TOO_LARGE)
        code, told, _ = await commune.call("OPTIONS", wire.UPLOADS)
        assert (code, told["Tus-Version"]) == (204, "1.0.0")
        assert set(told["Tus-Extension"].split(",")) == {"creation", "termination", "expiration"}


async def test_other_bytes_than_announced_are_refused_and_the_upload_is_gone(
    site: Site, agency_key: SigningKey
) -> None:
    """The digest is checked over everything at the end, whatever the pieces were; so is the envelope."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope)
        await piece(commune, place, envelope[:500], 0, last=False)
        wrong = envelope[500:-1] + bytes([envelope[-1] ^ 1])
        problem(await piece(commune, place, wrong, 500, last=True), ProblemType.DIGEST_MISMATCH)
        problem(await commune.call("GET", place), ProblemType.METHOD_NOT_ALLOWED)
        assert (await commune.call("HEAD", place))[0] == 404
        rubbish = os.urandom(1000)
        place, _ = await begin(commune, rubbish)
        problem(await piece(commune, place, rubbish, 0, last=True), ProblemType.BAD_ENVELOPE)
        assert (await commune.call("HEAD", place))[0] == 404
        assert not list((site.folder / "uploads").iterdir())


async def test_an_upload_exists_for_its_agency_alone_and_can_be_cancelled(
    site: Site, agency_key: SigningKey
) -> None:
    """Others get 404 for every method; DELETE forgets it."""
    envelope = sealed(agency_key)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        place, _ = await begin(commune, envelope)
        assert (await province.call("HEAD", place))[0] == 404
        problem(await piece(province, place, envelope, 0, last=True), ProblemType.NOT_FOUND)
        problem(await province.call("DELETE", place), ProblemType.NOT_FOUND)
        assert (await commune.call("DELETE", place, headers=TUS))[0] == 204
        assert (await commune.call("HEAD", place))[0] == 404
        assert not list((site.folder / "uploads").iterdir())


async def test_a_stranger_does_not_end_what_the_owner_sends(site: Site, agency_key: SigningKey) -> None:
    """Whoever learns an upload's name is told that there is no such thing, and the owner's line stays."""
    envelope = sealed(agency_key)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        place, _ = await begin(commune, envelope)
        arrived, goes_on = asyncio.Event(), asyncio.Event()

        async def slowly() -> Any:
            yield envelope[:1000]
            arrived.set()
            await goes_on.wait()
            yield envelope[1000:]

        headers = {
            "Upload-Offset": "0",
            "Upload-Complete": "?1",
            "Content-Type": "application/partial-upload",
        }
        sending = asyncio.create_task(commune.call("PATCH", place, data=slowly(), headers=headers))
        await arrived.wait()
        assert (await province.call("HEAD", place))[0] == 404
        problem(await piece(province, place, envelope, 0, last=True), ProblemType.NOT_FOUND)
        problem(await province.call("DELETE", place), ProblemType.NOT_FOUND)
        goes_on.set()
        assert (await sending)[0] == 201


async def test_unfinished_uploads_have_limits_in_number_bytes_and_time(
    site: Site, agency_key: SigningKey
) -> None:
    """Too many are answered 429 with Retry-After; what is past its time is swept, and its place is free."""
    envelope = sealed(agency_key)
    limits = {"open_uploads": 2, "open_upload_bytes": 10_000_000}
    async with site.served(**limits) as relay, site.client(relay.url, "commune-tls") as commune:
        headers = {**digest(envelope), **TUS, "Upload-Length": "9000000"}
        code, told, _ = await commune.call("POST", wire.UPLOADS, headers=headers)
        assert (code, "Upload-Expires" in told) == (201, True)
        refused = await commune.call("POST", wire.UPLOADS, headers=headers)
        problem(refused, ProblemType.TOO_MANY)
        assert int(refused[1]["Retry-After"]) > 0
        headers["Upload-Length"] = "10"
        assert (await commune.call("POST", wire.UPLOADS, headers=headers))[0] == 201
        problem(await commune.call("POST", wire.UPLOADS, headers=headers), ProblemType.TOO_MANY)
        assert (await commune.call("DELETE", urlsplit(told["Location"]).path))[0] == 204
    async with site.served(upload_life=0) as relay, site.client(relay.url, "commune-tls") as commune:
        code, told, _ = await commune.call("POST", wire.UPLOADS, headers=headers)
        assert code == 201
        assert (await commune.call("HEAD", urlsplit(told["Location"]).path, headers=TUS))[0] == 404
    notes = site.folder / "uploads"
    assert len(list(notes.glob("*.json"))) == 2
    async with site.served():
        while len(list(notes.iterdir())) != 2:  # noqa: ASYNC110 -- the sweeper rings no bell
            await asyncio.sleep(0.01)  # until there is one upload: its note and its part
        assert len(list(notes.glob("*.json"))) == 1


async def test_a_piece_longer_than_announced_is_told_the_announced_length(
    site: Site, agency_key: SigningKey
) -> None:
    """Not the limit of the relay, which has nothing to do with it; in pieces and in one."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope)
        answers = [await piece(commune, place, envelope + b"+", 0, last=True)]
        headers = {**digest(envelope), "Upload-Length": "10", "Upload-Complete": "?0"}
        answers.append(await commune.call("POST", wire.UPLOADS, data=io.BytesIO(envelope), headers=headers))
        for answer, length in zip(answers, (len(envelope), 10), strict=True):
            assert f": {length} bytes" in problem(answer, ProblemType.TOO_LARGE).en


async def test_every_answer_to_tus_names_its_version(site: Site, agency_key: SigningKey) -> None:
    """Tus-Resumable also where it is refused, Tus-Version with the 412; nobody else is told of tus."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, told = await begin(commune, envelope, tus=True)
        headers = {**TUS, "Upload-Offset": "7", "Content-Type": "application/offset+octet-stream"}
        answers = (
            await commune.call("PATCH", place, data=b"x", headers=headers),
            await commune.call("HEAD", place, headers=TUS),
            await commune.call("HEAD", wire.upload_path("a" * 32), headers=TUS),
            await commune.call("POST", wire.UPLOADS, headers=TUS),
            await commune.call("OPTIONS", wire.UPLOADS),
            await commune.call("DELETE", place, headers=TUS),
        )
        assert [one.get("Tus-Resumable") for one in (told, *(one for _, one, _ in answers))] == ["1.0.0"] * 7
        place, _ = await begin(commune, envelope)
        status, told, _ = await commune.call("POST", wire.UPLOADS, headers={"Tus-Resumable": "0.2.2"})
        assert (status, told["Tus-Version"], told["Tus-Resumable"]) == (412, "1.0.0", "1.0.0")
        assert "Tus-Resumable" not in (await commune.call("HEAD", place))[1]


async def test_a_newer_request_ends_the_one_whose_line_hangs(site: Site, agency_key: SigningKey) -> None:
    """A PATCH that hangs does not keep the upload: HEAD ends it, and the upload goes on (draft 4.6)."""
    envelope = large(agency_key, 200_000)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as first,
        site.client(relay.url, "commune-tls") as second,
    ):
        place, _ = await begin(first, envelope)
        arrived = asyncio.Event()

        async def hanging() -> Any:
            yield envelope[:100_000]
            arrived.set()
            await asyncio.sleep(60)

        headers = {
            "Upload-Offset": "0",
            "Upload-Complete": "?0",
            "Content-Type": "application/partial-upload",
        }
        stuck = asyncio.create_task(first.call("PATCH", place, data=hanging(), headers=headers))
        await arrived.wait()
        code, told, _ = await second.call("HEAD", place)
        offset = int(told["Upload-Offset"])
        assert code == 204
        assert 0 <= offset <= 100_000
        code, _, _ = await piece(second, place, envelope[offset:], offset, last=True)
        assert code == 201
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)


@pytest.mark.parametrize("seed", range(3))
async def test_what_head_acknowledged_survives_kill_9(
    site: Site, agency_key: SigningKey, start: Start, seed: int
) -> None:
    """Pieces of random size; the relay is killed after some of them and goes on at the offset it told."""
    dice = random.Random(seed)
    envelope = large(agency_key, 150_000 + seed)
    process = start(site.folder)
    kills = 2
    async with site.client(process.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope)
    offset, answer = 0, b""
    while not answer:
        async with site.client(process.url, "commune-tls") as commune:
            told = (await commune.call("HEAD", place))[1]
            assert int(told["Upload-Offset"]) == offset
            size = min(dice.randrange(1, 60_000), len(envelope) - offset)
            last = offset + size == len(envelope)
            code, _, body = await piece(commune, place, envelope[offset : offset + size], offset, last=last)
            assert code in (201, 204), body
            offset += size
            answer = body if last else b""
        if kills and dice.random() < 0.7:
            kills -= 1
            process.end(signal.SIGKILL)
            process = start(site.folder)
    assert Receipt.from_json(answer).evidence.sha256 == sha256(envelope)


async def test_bytes_that_were_whole_when_the_relay_died_are_accepted_at_the_next_question(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last byte was here, the acceptance was not: HEAD accepts, and tells no complete offset before."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope, tus=True)
        (site.folder / "uploads" / f"{place.rpartition('/')[2]}.part").write_bytes(envelope)
        with monkeypatch.context() as broken:
            broken.setattr(type(relay.relay.bodies), "begin", _dead)
            assert (await commune.call("HEAD", place, headers=TUS))[0] == 503
        code, told, _ = await commune.call("HEAD", place, headers=TUS)
        assert (code, told["Upload-Offset"]) == (200, str(len(envelope)))
        assert (await commune.call("GET", wire.receipt_path(sha256(envelope))))[0] == 200


async def test_bytes_that_a_power_cut_tore_are_asked_for_again(site: Site, agency_key: SigningKey) -> None:
    """No "no" for good to an honest sender: 503, then a new upload; wrong bytes are still told as such."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope)
        await piece(commune, place, envelope[:1000], 0, last=False)
    (part,) = (site.folder / "uploads").glob("*.part")
    part.write_bytes(envelope[:900] + bytes(len(envelope) - 900))  # as some file systems leave it
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        status, _, _ = await commune.call("HEAD", place)
        assert status == 503
        assert (await commune.call("HEAD", place))[0] == 404
        place, told = await begin(commune, envelope)
        assert told["Upload-Offset"] == "0"
        assert (await piece(commune, place, envelope, 0, last=True))[0] == 201
        wrong = sealed(agency_key, number="126")
        place, _ = await begin(commune, wrong)
        problem(await piece(commune, place, bytes(len(wrong)), 0, last=True), ProblemType.DIGEST_MISMATCH)


async def test_a_removal_that_a_power_cut_halved_is_no_upload(site: Site, agency_key: SigningKey) -> None:
    """A note without its bytes is forgotten, and the envelope can be announced again."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        place, _ = await begin(commune, envelope)
    (part,) = (site.folder / "uploads").glob("*.part")
    part.unlink()
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        assert (await commune.call("HEAD", place))[0] == 404
        place, _ = await begin(commune, envelope)
        assert (await piece(commune, place, envelope, 0, last=True))[0] == 201


async def _dead(_self: object) -> None:
    from docsign.errors import StorageError
    from docsign.sentence import say

    raise StorageError(say("The ledger's writer has stopped."))


@pytest.mark.filterwarnings("ignore:Sending a large body")  # that is how aiotus does it
@pytest.mark.parametrize("seed", range(2))
async def test_aiotus_brings_an_envelope_over_a_line_that_breaks_and_a_relay_that_is_killed(
    site: Site, agency_key: SigningKey, start: Start, seed: int
) -> None:
    """A tus client of others resumes by itself, over mutual TLS, until the receipt is there."""
    dice = random.Random(seed)
    envelope = large(agency_key, 1_500_000 + seed)
    process = start(site.folder)
    async with line(process.url, *sorted(dice.randrange(20_000, 900_000) for _ in range(3))) as way:

        def killed() -> None:
            if len(way.cuts) == 1:
                process.end(signal.SIGKILL)
                way.target = start(site.folder).url

        way.on_cut = killed
        retry = aiotus.RetryConfiguration(
            retry_attempts=20,
            max_retry_period_seconds=0.2,
            ssl=tls(site.authority, site.keys / "commune-tls.pem"),
        )
        place = await aiotus.upload(
            way.url + wire.UPLOADS, io.BytesIO(envelope), headers=digest(envelope), config=retry
        )
        assert place is not None
        assert not way.cuts
        async with site.client(way.target, "commune-tls") as commune:
            assert (await commune.call("GET", wire.receipt_path(sha256(envelope))))[0] == 200
            assert (await commune.trace(sha256(envelope))).deliveries[0].state == "queued"


async def test_tuspy_brings_an_envelope_in_chunks_over_a_line_that_breaks(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second tus client, which asks for the offset after each failure."""
    envelope = large(agency_key, 600_000)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(site.authority.trust_folder / "root.pem"))
    async with site.served() as relay, line(relay.url, 90_000, 120_000) as way:
        client = TusClient(
            way.url + wire.UPLOADS, headers=digest(envelope), client_cert=str(site.keys / "commune-tls.pem")
        )
        uploader = await asyncio.to_thread(
            client.uploader, file_stream=io.BytesIO(envelope), chunk_size=200_000, retries=5, retry_delay=0
        )
        await asyncio.to_thread(uploader.upload)
        assert uploader.offset == len(envelope)
        assert not way.cuts
        async with site.client(relay.url, "commune-tls") as commune:
            assert (await commune.call("GET", wire.receipt_path(sha256(envelope))))[0] == 200


async def test_our_own_client_picks_up_where_the_line_broke(
    site: Site, agency_key: SigningKey, p12: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body crosses the line about once, however often it is cut; the receipt stays the same."""
    envelope = large(agency_key)
    async with site.served() as relay, line(relay.url, 700_000, 900_000, 800_000) as way:
        trust = site.authority.trust_folder
        async with RelayClient(way.url, identity=p12 / "commune-tls.pem", trust=trust) as client:
            receipt = await client.send(envelope, time_to_live=timedelta(days=3))
            assert not way.cuts
            assert receipt.evidence.sha256 == sha256(envelope)
            assert (await client.send(envelope)) == receipt
        notes = list((site.folder / "uploads").glob("*.json"))
        assert len(notes) == 1
        async with site.client(relay.url, "commune-tls") as commune:
            assert (await commune.call("GET", wire.receipt_path(sha256(envelope))))[2] == receipt.to_json()
