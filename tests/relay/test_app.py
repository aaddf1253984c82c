"""The relay put together: what cannot serve is said before anything listens; time does its work."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from docsign.errors import (
    DocsignError,
    FileUnusableError,
    PassphraseError,
    StorageError,
    TrustError,
    UsageError,
)
from docsign.exchange import wire
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.sentence import say
from relay_server import app
from relay_server.app import BODIES, tls_context
from relay_server.register import register, registered
from relay_server.services.retain import expire
from relay_server.settings import RelaySettings
from tests.relay.conftest import Site, sealed, sha256


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"tls_cert": "/nowhere/tls.pem"}, FileUnusableError),
        ({"tls_key": "/nowhere/tls.pem"}, FileUnusableError),
        ({"trust": "/nowhere/ca"}, DocsignError),
        ({"key": "pkcs12:/nowhere/key.p12"}, FileUnusableError),
        ({"key": "pin:1"}, UsageError),
        ({"host": "192.0.2.1"}, UsageError),
        ({"host": "khong.co.example.invalid"}, UsageError),
    ],
)
async def test_what_cannot_serve_is_said_before_anything_listens(
    site: Site, changes: dict[str, Any], kind: type[DocsignError]
) -> None:
    """One error of the library's own, and nothing stays open."""
    with pytest.raises(kind):
        async with site.served(**changes):
            raise AssertionError("served")


async def test_a_wrong_passphrase_and_a_file_that_is_no_identity(site: Site, trust: Trust) -> None:
    """Before the database is touched."""
    settings = RelaySettings.read(site.folder)
    with pytest.raises(PassphraseError):
        async with app.serving(site.folder, settings, passphrase="sai"):
            raise AssertionError("served")
    passphrase = str(site.keys / "passphrase.txt")
    with pytest.raises(UsageError, match="TLS identity"):
        tls_context(replace(settings, tls_cert=passphrase), trust)
    with pytest.raises(UsageError, match="TLS identity"):  # the key of another certificate
        tls_context(replace(settings, tls_key=str(site.keys / "commune-tls.pem")), trust)
    with pytest.raises(TrustError):
        tls_context(settings, Trust.nothing())
    assert tls_context(settings, trust).verify_mode is ssl.CERT_REQUIRED


async def test_expiry_runs_by_itself_and_survives_a_failure(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler that stops silently is on our list of others' defects."""
    monkeypatch.setattr(app, "SWEEP_SECONDS", 0.05)
    real = expire
    failures: list[Exception] = [StorageError(say("The ledger's writer has stopped.")), ZeroDivisionError()]

    async def fails_first(relay: Any) -> int:
        if failures:
            raise failures.pop()
        return await real(relay)

    monkeypatch.setattr(app, "expire", fails_first)
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        assert (await commune.send(envelope, **{wire.TIME_TO_LIVE_HEADER: "1"}))[0] == 201
        for _ in range(100):
            if (await commune.trace(sha256(envelope))).deliveries[0].state == "expired":
                break
            await asyncio.sleep(0.05)
        trace = await commune.trace(sha256(envelope))
        assert trace.events[-1].event == "ContentHandoverFailure"
        assert trace.events[-1].time - trace.accepted_at >= timedelta(seconds=1)
        assert failures == []


async def test_a_revocation_holds_without_a_restart(
    site: Site, authority: TrialAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list laid into the folder of the trust; a file that cannot be read leaves everything as it was."""
    monkeypatch.setattr(app, "WATCH_SECONDS", 0.05)
    folder = tmp_path / "own-ca"
    own = TrialAuthority.create(folder)
    trust = tmp_path / "trust"
    shutil.copytree(authority.trust_folder, trust)
    issued = own.issue("tls", "UBND xã Khác", agency="H99.41")
    identity = tmp_path / "other-tls.pem"
    identity.write_bytes(issued.pem())
    await register(site.folder, "H99.41", "UBND xã Khác", tls=[identity], sign=[])

    async def answer(url: str) -> int:
        try:
            async with site.client(url, identity) as other:
                return (await other.call("GET", wire.INBOX))[0]
        except (aiohttp.ClientError, ConnectionError):
            return 0

    async def becomes(url: str, status: int) -> bool:
        for _ in range(100):
            if await answer(url) == status:
                return True
            await asyncio.sleep(0.05)
        return False

    async with site.served(trust=str(trust)) as relay:
        assert await answer(relay.url) == 0  # not an authority we know
        for path in own.trust_folder.glob("*.pem"):
            (trust / f"other-{path.name}").write_bytes(path.read_bytes())
        assert await becomes(relay.url, 200)
        (trust / "trust.toml").write_text("[[[")
        await asyncio.sleep(0.3)
        assert await answer(relay.url) == 200
        (trust / "trust.toml").unlink()
        own.revoke(issued.certificate)
        crl = next(own.trust_folder.glob("*.crl"))
        (trust / "other-revoked.crl").write_bytes(crl.read_bytes())
        assert await becomes(relay.url, 403)


async def test_what_could_not_be_read_once_is_read_as_soon_as_it_can(
    site: Site,
    authority: TrialAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A list whose owner alone could read it, say: the file does not change when the right to read does.

    The trust is named by its table, whose files lie beside it.
    """
    monkeypatch.setattr(app, "WATCH_SECONDS", 0.02)
    trust = tmp_path / "trust"
    shutil.copytree(authority.trust_folder, trust)
    real, tries = Trust.from_path, list[Path]()

    def denied(path: Path) -> Trust:
        tries.append(path)
        if len(tries) < 4:
            raise FileUnusableError(say("There is no such file."), where=str(path))
        return real(path)

    async with site.served(trust=str(trust / "trust.toml")):
        monkeypatch.setattr(Trust, "from_path", denied)
        caplog.set_level(logging.INFO, "docsign.relay")
        (trust / "later.crl").write_bytes(next(trust.glob("*.crl")).read_bytes())
        async with asyncio.timeout(10):
            while "trust renewed" not in caplog.messages:  # noqa: ASYNC110 -- the log rings no bell
                await asyncio.sleep(0.02)
    assert len(tries) == 4
    assert caplog.messages.count("trust") == 1


async def test_bytes_that_vanished_break_the_answer_off(site: Site, agency_key: SigningKey) -> None:
    """A body shorter than promised never looks whole, and the relay says so in its log."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        await commune.send(envelope)
        name = sha256(envelope)
        (site.folder / BODIES / name[:2] / name).write_bytes(envelope[:100])
        with pytest.raises(aiohttp.ClientError):
            await commune.call("GET", wire.envelope_path(name))
        assert (await commune.call("GET", wire.INBOX))[0] == 200
        # the sender sends again: the sound bytes replace the damaged ones
        assert (await commune.send(envelope))[0] == 201
        assert (await commune.call("GET", wire.envelope_path(name)))[2] == envelope


async def test_a_lost_body_comes_back_when_the_sender_repeats(site: Site, agency_key: SigningKey) -> None:
    """The receipt of then, and the bytes are there again."""
    envelope = sealed(agency_key)
    name = sha256(envelope)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        first = await commune.send(envelope)
        (site.folder / BODIES / name[:2] / name).unlink()
        assert (await commune.send(envelope))[2] == first[2]
        assert (await commune.call("GET", wire.envelope_path(name)))[2] == envelope


async def test_a_client_that_asks_first_is_told_to_go_on(site: Site, agency_key: SigningKey) -> None:
    """Expect: 100-continue; a refusal comes before the bytes."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        async with commune.session.post(
            commune.url + wire.ENVELOPES,
            data=envelope,
            expect100=True,
            headers={wire.DIGEST_HEADER: wire.write_repr_digest(sha256(envelope))},
        ) as answer:
            assert answer.status == 201, await answer.text()

        async def never() -> AsyncIterator[bytes]:
            assert not envelope, "asked for the bytes"
            yield b""

        async with commune.session.post(commune.url + wire.ENVELOPES, data=never(), expect100=True) as answer:
            assert answer.status == 400


def test_a_folder_that_is_no_relays_stays_as_it_is(tmp_path: Path) -> None:
    """Nothing is created where nothing was set up."""
    with pytest.raises(FileUnusableError):
        asyncio.run(registered(tmp_path))
    assert not any(tmp_path.iterdir())
