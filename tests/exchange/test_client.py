"""The client of a relay: whom it trusts, what it checks, and what each failure is called."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from docsign.errors import (
    CertificateUnfitError,
    DiskFullError,
    DocsignError,
    FileUnusableError,
    PassphraseError,
    RelayBusyError,
    RelayIdentityError,
    RelayRefusedError,
    RelayUnreachableError,
    SigningKeyError,
    TrustError,
    UsageError,
    WireError,
)
from docsign.exchange import RelayClient, wire
from docsign.exchange.problems import ProblemType
from docsign.pki import Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.trust import Anchor
from tests.conftest import PASSPHRASE
from tests.exchange.conftest import MakeEnvelope
from tests.exchange.relay_double import RelayDouble, problem, running


def digest(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def names_in(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def always(answer: Callable[[], web.Response]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a fault that gives this answer to every request."""

    async def fault(_request: web.Request) -> web.Response:
        return answer()

    return fault


async def test_an_envelope_is_sent_and_its_receipt_checked(
    commune: RelayClient, double: RelayDouble, envelope: bytes
) -> None:
    """The receipt names the envelope by its digest and is signed by the relay."""
    async with commune as relay:
        receipt = await relay.send(envelope)
        again = await relay.receipt(digest(envelope))
    assert receipt.evidence.sha256 == digest(envelope)
    assert again == receipt
    assert double.kept[digest(envelope)].body == envelope


async def test_a_file_is_streamed_with_its_digest_and_time_to_live(
    commune: RelayClient, double: RelayDouble, envelope: bytes, tmp_path: Path
) -> None:
    """The digest is announced (RFC 9530), the length known, the time to live in seconds."""
    file = tmp_path / "gói tin.asice"
    file.write_bytes(envelope)
    async with commune as relay:
        await relay.send(file, time_to_live=timedelta(days=3))
    headers = double.headers[-1]
    assert headers["Repr-Digest"] == wire.write_repr_digest(digest(envelope))
    assert headers["Content-Length"] == str(len(envelope))
    assert headers["Docsign-Time-To-Live"] == str(3 * 24 * 3600)
    assert "Content-Encoding" not in headers


async def test_the_same_envelope_twice_is_kept_once(
    commune: RelayClient, double: RelayDouble, envelope: bytes
) -> None:
    """Sending is idempotent: the same receipt for the same bytes."""
    async with commune as relay:
        assert await relay.send(envelope) == await relay.send(envelope)
    assert double.posts() == 2
    assert len(double.kept) == 1


async def test_the_whole_way_of_a_delivery(
    commune: RelayClient, province: RelayClient, envelope: bytes, tmp_path: Path
) -> None:
    """Inbox, fetch, handover, trace and the directory speak the wire."""
    async with commune as relay:
        await relay.send(envelope)
    async with province as relay:
        page = await relay.inbox()
        item = page.items[0]
        assert (item.sender, item.size, page.next) == ("H99.31", len(envelope), None)
        file = await relay.fetch(item.sha256, tmp_path / "den.asice")
        accepted = await relay.handover(item.delivery, item.sha256)
        trace = await relay.trace(item.sha256)
        agencies = await relay.agencies()
    assert file.read_bytes() == envelope
    assert accepted.state == "handed-over"
    assert trace.document_id == "H99.31,2026/11/20,125/UBND-VX"
    assert [entry.code for entry in agencies] == ["H99", "H99.31"]


# ---- who the relay is ------------------------------------------------------------------------------------


async def send_to(url: str, identity: Path, trust: Trust, envelope: bytes) -> None:
    """Send one envelope."""
    async with RelayClient(url, identity=identity, trust=trust) as relay:
        await relay.send(envelope)


async def test_no_relay_listens(p12: Path, trust: Trust, envelope: bytes) -> None:
    """Relay down: one sentence, worth trying again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(RelayUnreachableError, match="cannot be reached") as caught:
        await send_to(f"https://127.0.0.1:{port}", p12 / "commune-tls.pem", trust, envelope)
    assert caught.value.retry
    assert caught.value.exit_status == 75


async def test_a_relay_of_another_authority_gets_nothing(
    p12: Path, trust: Trust, envelope: bytes, tmp_path: Path, relay_key: object, trust_folder: Path
) -> None:
    """Another certificate than the trusted one: nothing is sent."""
    other = TrialAuthority.create(tmp_path / "khac", key="p256")
    (tmp_path / "khac.pem").write_bytes(other.issue("relay-tls", "localhost").pem())
    double = RelayDouble(relay_key)  # type: ignore[arg-type]
    with (
        running(double, tmp_path / "khac.pem", trust_folder / "root.pem"),
        pytest.raises(RelayIdentityError, match="not trusted for relays"),
    ):
        await send_to(double.url, p12 / "commune-tls.pem", trust, envelope)
    assert double.requests == []


async def test_a_relay_at_another_address_gets_nothing(
    authority: TrialAuthority, p12: Path, trust: Trust, envelope: bytes, tmp_path: Path, relay_key: object
) -> None:
    """A certificate of the right authority for another name is not the relay's."""
    issued = authority.issue("relay-tls", "may-khac", hosts=["may-khac.example"])
    (tmp_path / "khac.pem").write_bytes(issued.pem())
    double = RelayDouble(relay_key)  # type: ignore[arg-type]
    with (
        running(double, tmp_path / "khac.pem", authority.trust_folder / "root.pem"),
        pytest.raises(RelayIdentityError, match="for another address"),
    ):
        await send_to(double.url, p12 / "commune-tls.pem", trust, envelope)
    assert double.requests == []


async def test_a_relay_whose_certificate_is_revoked_gets_nothing(
    tmp_path: Path, envelope: bytes, relay_key: object
) -> None:
    """The revocation lists of the trust are asked in the handshake, before a byte leaves."""
    authority = TrialAuthority.create(tmp_path / "ca", key="p256")
    served = authority.issue("relay-tls", "localhost")
    (tmp_path / "relay.pem").write_bytes(served.pem())
    (tmp_path / "xa.pem").write_bytes(authority.issue("tls", "Máy của xã", agency="H99.31").pem())
    authority.revoke(served.certificate)
    double = RelayDouble(relay_key)  # type: ignore[arg-type]
    with (
        running(double, tmp_path / "relay.pem", authority.trust_folder / "root.pem"),
        pytest.raises(RelayIdentityError, match="revoked"),
    ):
        await send_to(double.url, tmp_path / "xa.pem", authority.trust(), envelope)
    assert double.requests == []


async def test_an_expired_relay_certificate(
    authority: TrialAuthority, p12: Path, trust: Trust, envelope: bytes, tmp_path: Path, relay_key: object
) -> None:
    """An expired certificate is said to be expired."""
    ended = datetime.now(UTC) - timedelta(days=1)
    issued = authority.issue("relay-tls", "localhost", not_before=ended - timedelta(days=9), not_after=ended)
    (tmp_path / "cu.pem").write_bytes(issued.pem())
    double = RelayDouble(relay_key)  # type: ignore[arg-type]
    with (
        running(double, tmp_path / "cu.pem", authority.trust_folder / "root.pem"),
        pytest.raises(RelayIdentityError, match="expired"),
    ):
        await send_to(double.url, p12 / "commune-tls.pem", trust, envelope)


async def test_something_that_is_no_tls(p12: Path, trust: Trust, envelope: bytes) -> None:
    """A port that speaks plain HTTP is not the relay."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RelayIdentityError, match=r"does not speak TLS.* log in"):
            await send_to(f"https://127.0.0.1:{port}", p12 / "commune-tls.pem", trust, envelope)


async def test_the_relay_does_not_know_us(
    double: RelayDouble, trust: Trust, envelope: bytes, tmp_path: Path
) -> None:
    """A certificate of an authority the relay does not accept: said as such."""
    other = TrialAuthority.create(tmp_path / "khac", key="p256")
    (tmp_path / "la.pem").write_bytes(other.issue("tls", "Máy lạ", agency="H99.77").pem())
    with pytest.raises(RelayIdentityError, match="does not accept the certificate of this agency"):
        await send_to(double.url, tmp_path / "la.pem", trust, envelope)


async def test_a_receipt_signed_by_another(
    commune: RelayClient, double: RelayDouble, agency_key: object, envelope: bytes, tmp_path: Path
) -> None:
    """A receipt that a stranger signed is no receipt."""
    other = TrialAuthority.create(tmp_path / "khac", key="p256")
    double.key = other.issue("relay", "Trạm giả").signing_key()
    async with commune as relay:
        with pytest.raises(RelayIdentityError, match="not signed by a relay that is trusted"):
            await relay.send(envelope)


async def test_a_receipt_about_another_envelope(
    commune: RelayClient, double: RelayDouble, envelope: bytes, make_envelope: MakeEnvelope
) -> None:
    """A true receipt for other bytes proves nothing about ours."""
    other = double.keep(make_envelope("126")).receipt
    double.fault = always(lambda: web.Response(status=201, body=other.to_json()))
    async with commune as relay:
        with pytest.raises(WireError, match="another envelope"):
            await relay.send(envelope)


async def test_a_changed_receipt(commune: RelayClient, double: RelayDouble, envelope: bytes) -> None:
    """One changed word breaks the signature."""
    changed = double.keep(envelope).receipt.to_json().replace("Trạm thử".encode(), "Trạm giả".encode())
    double.fault = always(lambda: web.Response(status=201, body=changed))
    async with commune as relay:
        with pytest.raises(RelayIdentityError, match="TOTAL-FAILED"):
            await relay.send(envelope)


# ---- what the relay answers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (ProblemType.UNKNOWN_AGENCY, RelayIdentityError),
        (ProblemType.UNKNOWN_RECEIVER, RelayRefusedError),
        (ProblemType.SIGNATURE_NOT_ACCEPTED, RelayRefusedError),
        (ProblemType.TOO_LARGE, RelayRefusedError),
        (ProblemType.SECRET_DOCUMENT, RelayRefusedError),
        (ProblemType.NOT_FOUND, RelayRefusedError),
        (ProblemType.BUSY, RelayBusyError),
        (ProblemType.DISK_FULL, RelayBusyError),
        (ProblemType.DIGEST_MISMATCH, RelayBusyError),
        (ProblemType.INTERNAL, RelayBusyError),
    ],
)
async def test_each_problem_is_its_error(
    kind: ProblemType, error: type[DocsignError], commune: RelayClient, double: RelayDouble, envelope: bytes
) -> None:
    """A refusal carries the relay's words in both languages, and whether to come back."""
    double.fault = always(lambda: problem(kind, headers={"Retry-After": "17"}))
    async with commune as relay:
        with pytest.raises(error) as caught:
            await relay.send(envelope)
    assert "Đĩa đã đầy" in caught.value.text("vi")
    assert "disk is full" in caught.value.text("en")
    if isinstance(caught.value, RelayBusyError):
        assert caught.value.retry_after == 17
    if isinstance(caught.value, RelayRefusedError):
        assert caught.value.problem == kind


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: web.Response(status=502, text="<html>"), RelayBusyError),
        (lambda: web.Response(status=408), RelayBusyError),
        (lambda: web.Response(status=520), RelayBusyError),
        (lambda: web.Response(status=404, text="không có"), WireError),
        (lambda: web.Response(status=302, headers={"Location": "https://khac.example/"}), WireError),
        (lambda: web.Response(status=400, body=b"{", content_type=wire.PROBLEM_TYPE), WireError),
        (lambda: web.Response(status=201, body=b"{}"), WireError),
        (lambda: web.Response(status=201, body=b"[" * 100_000), WireError),
        (lambda: web.Response(status=201, body=b"x" * 300_000), WireError),
        (lambda: web.Response(status=201, body=b""), WireError),
    ],
)
async def test_nonsense_is_an_error_of_ours(
    answer: Callable[[], web.Response],
    error: type[DocsignError],
    commune: RelayClient,
    double: RelayDouble,
    envelope: bytes,
) -> None:
    """Whatever a server says, only the library's errors come out, and quickly."""
    double.fault = always(answer)
    async with commune as relay:
        with pytest.raises(error):
            await relay.send(envelope)


async def test_a_connection_that_breaks(commune: RelayClient, double: RelayDouble, envelope: bytes) -> None:
    """A relay that goes away in the middle of an answer is unreachable, which is worth trying again."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        assert request.transport is not None
        request.transport.abort()
        return None

    double.fault = fault
    async with commune as relay:
        with pytest.raises(RelayUnreachableError):
            await relay.send(envelope)


async def test_a_line_that_takes_nothing_any_more_is_broken(
    p12: Path, trust: Trust, make_envelope: MakeEnvelope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload into a hole does not hang: silence has an end, also while we speak."""
    monkeypatch.setattr("docsign.exchange.answers.SILENCE", 0.5)
    monkeypatch.setattr("docsign.exchange.answers.UNSENT", 0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(p12 / "relay-tls.pem")
    held = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1000)
        await held.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context, limit=2**16)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RelayUnreachableError, match="silent"):
            await send_to(
                f"https://127.0.0.1:{port}", p12 / "commune-tls.pem", trust, make_envelope(size=20_000_000)
            )
        held.set()


# ---- fetching --------------------------------------------------------------------------------------------


def breaking_off(double: RelayDouble, after: int, times: int) -> None:
    """Make the double break off ``times`` downloads after ``after`` bytes each."""
    left = times

    async def fault(request: web.Request) -> web.StreamResponse | None:
        nonlocal left
        if request.method != "GET" or left == 0:
            return None
        left -= 1
        body = double.kept[request.match_info["sha256"]].body
        start = request.http_range.start or 0
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(body) - start
        if start:
            response.headers["Content-Range"] = wire.write_content_range(start, len(body) - 1, len(body))
        await response.prepare(request)
        await response.write(body[start : start + after])
        await asyncio.sleep(0.05)
        assert request.transport is not None
        request.transport.abort()
        return response

    double.fault = fault


async def test_a_broken_download_goes_on_where_it_stopped(
    province: RelayClient, double: RelayDouble, make_envelope: MakeEnvelope, tmp_path: Path
) -> None:
    """Only what is missing is asked for again (Range)."""
    body = make_envelope(size=500_000)
    double.keep(body)
    breaking_off(double, 100_000, 3)
    async with province as relay:
        file = await relay.fetch(digest(body), tmp_path / "den.asice", limit=len(body))
    assert file.read_bytes() == body
    ranges = [headers.get("Range") for headers in double.headers]
    assert ranges[0] is None
    assert len(ranges) == 4
    assert all(value is not None for value in ranges[1:])
    assert names_in(tmp_path) == ["den.asice"]


async def test_a_part_that_a_power_cut_spoilt_is_fetched_anew(
    province: RelayClient, double: RelayDouble, envelope: bytes, tmp_path: Path
) -> None:
    """Bytes that never reached the disk come back as zeros: that costs the download, not a second command."""
    double.keep(envelope)
    (tmp_path / f".{digest(envelope)}.part").write_bytes(bytes(1000))
    async with province as relay:
        await relay.fetch(digest(envelope), tmp_path / "den.asice")
    assert (tmp_path / "den.asice").read_bytes() == envelope
    assert names_in(tmp_path) == ["den.asice"]


async def test_answers_about_another_envelope_are_believed_no_more_than_receipts(
    province: RelayClient, double: RelayDouble, envelope: bytes
) -> None:
    """A confirmation, a status and a trace name what they answer; another name is an error."""
    other, now = "b" * 64, datetime.now(UTC)

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/handover"):
            body = wire.HandoverAccepted(delivery="d-2", state="handed-over", recorded_at=now).to_json()
        elif request.path.endswith("/statuses"):
            body = wire.StatusAccepted(
                sha256=other, receiver="H99", code="03", state="accepted", recorded_at=now
            ).to_json()
        else:
            body = wire.Trace(
                sha256=other, document_id="", sender="H99", accepted_at=now, deliveries=(), events=()
            ).to_json()
        return web.Response(body=body)

    double.fault = fault
    async with province as relay:
        with pytest.raises(WireError, match="another envelope"):
            await relay.handover("d-1", digest(envelope))
        with pytest.raises(WireError, match="another envelope"):
            await relay.send_status(digest(envelope), b"<status/>")
        with pytest.raises(WireError, match="another envelope"):
            await relay.trace(digest(envelope))


async def test_a_download_goes_on_in_a_later_call(
    province: RelayClient, double: RelayDouble, make_envelope: MakeEnvelope, tmp_path: Path
) -> None:
    """What was fetched before the line went is used the next day."""
    body = make_envelope(size=500_000)
    double.keep(body)
    breaking_off(double, 50_000, 99)
    async with province as relay:
        with pytest.raises(RelayUnreachableError):
            await relay.fetch(digest(body), tmp_path / "den.asice")
        assert not (tmp_path / "den.asice").exists()
        asked = len(double.requests)
        double.fault = None
        await relay.fetch(digest(body), tmp_path / "den.asice")
    assert (tmp_path / "den.asice").read_bytes() == body
    assert double.headers[asked]["Range"].startswith("bytes=")


async def test_other_bytes_than_named_are_thrown_away(
    province: RelayClient, double: RelayDouble, envelope: bytes, tmp_path: Path
) -> None:
    """A wrong digest leaves nothing behind."""
    double.keep(envelope)
    double.kept[digest(envelope)].body = envelope[:-1] + b"!"
    async with province as relay:
        with pytest.raises(WireError, match="digest"):
            await relay.fetch(digest(envelope), tmp_path / "den.asice")
    assert names_in(tmp_path) == []


async def test_more_bytes_than_said_are_cut_off(
    province: RelayClient, double: RelayDouble, make_envelope: MakeEnvelope, tmp_path: Path
) -> None:
    """The disk is not filled by a relay that sends without end."""
    body = make_envelope(size=400_000)
    double.keep(body)
    async with province as relay:
        with pytest.raises(WireError, match="larger than the relay said"):
            await relay.fetch(digest(body), tmp_path / "den.asice", limit=100_000)
    assert names_in(tmp_path) == []


async def test_another_range_than_asked_for_is_refused(
    province: RelayClient, double: RelayDouble, envelope: bytes, tmp_path: Path
) -> None:
    """Bytes are never put where they do not belong."""
    double.keep(envelope)
    (tmp_path / f".{digest(envelope)}.part").write_bytes(envelope[:100])
    double.fault = always(
        lambda: web.Response(status=206, body=b"xx", headers={"Content-Range": "bytes 5-6/9000"})
    )
    async with province as relay:
        with pytest.raises(WireError, match="other bytes"):
            await relay.fetch(digest(envelope), tmp_path / "den.asice")


async def test_a_part_that_is_whole_needs_no_bytes(
    province: RelayClient, double: RelayDouble, envelope: bytes, tmp_path: Path
) -> None:
    """A crash between the last byte and the name costs one short request."""
    double.keep(envelope)
    (tmp_path / f".{digest(envelope)}.part").write_bytes(envelope)
    async with province as relay:
        file = await relay.fetch(digest(envelope), tmp_path / "den.asice")
    assert file.read_bytes() == envelope


async def test_a_file_that_is_there_is_not_fetched_again(
    province: RelayClient, double: RelayDouble, envelope: bytes, tmp_path: Path
) -> None:
    """Fetching is idempotent; another file in its place is never overwritten."""
    double.keep(envelope)
    (tmp_path / "den.asice").write_bytes(envelope)
    (tmp_path / "khac.asice").write_bytes(b"khac")
    async with province as relay:
        await relay.fetch(digest(envelope), tmp_path / "den.asice")
        assert double.requests == []
        with pytest.raises(FileUnusableError, match="already there"):
            await relay.fetch(digest(envelope), tmp_path / "khac.asice")
    assert (tmp_path / "khac.asice").read_bytes() == b"khac"


async def test_a_full_disk_leaves_nothing(
    province: RelayClient, double: RelayDouble, make_envelope: MakeEnvelope, tiny_disk: Path
) -> None:
    """No space for what is fetched: said in words, nothing half-written, worth trying again."""
    body = make_envelope(size=600_000)
    double.keep(body)
    async with province as relay:
        with pytest.raises(DiskFullError) as caught:
            await relay.fetch(digest(body), tiny_disk / "den.asice")
    assert caught.value.exit_status == 75
    assert names_in(tiny_disk) == []


# ---- what the client is made of --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://tram.example", "tram.example", "https://", "https://a@tram.example", "https://tram/?x=1", "::"],
)
def test_an_address_that_is_none(url: str, p12: Path, trust: Trust) -> None:
    """Only https addresses are relays: everything else is wrong usage."""
    with pytest.raises(UsageError, match="no address of a relay"):
        RelayClient(url, identity=p12 / "commune-tls.pem", trust=trust)


def test_the_identity_may_be_pkcs12(p12: Path, trust: Trust) -> None:
    """A PKCS#12 file with its passphrase serves as well; the agency is read from the certificate."""
    client = RelayClient(
        "https://relay.example", identity=p12 / "commune-tls.p12", trust=trust, passphrase=lambda: PASSPHRASE
    )
    assert client.agency == "H99.31"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("khong-co.pem", FileUnusableError),
        ("thu-muc", FileUnusableError),
        ("rac.pem", SigningKeyError),
        ("chi-chung-thu.pem", SigningKeyError),
        ("khoa-khac.pem", SigningKeyError),
    ],
)
def test_an_identity_that_cannot_be_used(
    name: str, error: type[DocsignError], p12: Path, trust: Trust, tmp_path: Path
) -> None:
    """Missing, a folder, no PEM, no key, the key of another: one sentence each, naming the file."""
    (tmp_path / "thu-muc").mkdir()
    (tmp_path / "rac.pem").write_bytes(b"\x00\xff rac")
    pem = (p12 / "commune-tls.pem").read_bytes()
    other = (p12 / "province-tls.pem").read_bytes()
    key, certificate = pem.index(b"-----BEGIN CERT"), other.index(b"-----BEGIN CERT")
    (tmp_path / "chi-chung-thu.pem").write_bytes(pem[key:])
    (tmp_path / "khoa-khac.pem").write_bytes(pem[:key] + other[certificate:])
    with pytest.raises(error) as caught:
        RelayClient("https://relay.example", identity=tmp_path / name, trust=trust)
    assert name in caught.value.where


def test_a_wrong_passphrase(p12: Path, trust: Trust) -> None:
    """A wrong or missing passphrase is said to be that."""
    for passphrase in ("sai", None):
        with pytest.raises(PassphraseError):
            RelayClient(
                "https://relay.example", identity=p12 / "commune-tls.p12", trust=trust, passphrase=passphrase
            )


def test_an_expired_identity(authority: TrialAuthority, trust: Trust, tmp_path: Path) -> None:
    """An expired certificate of our own is told before the network is touched."""
    ended = datetime.now(UTC) - timedelta(days=1)
    issued = authority.issue("tls", "Máy cũ", not_before=ended - timedelta(days=9), not_after=ended)
    (tmp_path / "cu.pem").write_bytes(issued.pem())
    with pytest.raises(CertificateUnfitError, match=r"expired .* By this computer's clock it is"):
        RelayClient("https://relay.example", identity=tmp_path / "cu.pem", trust=trust)


def test_a_trust_without_relays(p12: Path, trust: Trust) -> None:
    """Signing anchors do not vouch for relays: the roles are separate."""
    roots = [anchor.certificate for anchor in trust.anchors]
    signing_only = Trust.of([Anchor(certificate=root, roles=frozenset({"sign", "tsa"})) for root in roots])
    with pytest.raises(TrustError, match="no authority for relays"):
        RelayClient("https://relay.example", identity=p12 / "commune-tls.pem", trust=signing_only)


async def test_the_client_is_used_inside_its_block(p12: Path, trust: Trust) -> None:
    """Outside ``async with`` there is no connection to use."""
    client = RelayClient("https://relay.example", identity=p12 / "commune-tls.pem", trust=trust)
    with pytest.raises(UsageError):
        await client.inbox()
    with pytest.raises(UsageError):
        await client.trace("khong-phai-ma-bam")
