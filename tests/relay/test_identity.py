"""Who gets in: a wrong certificate gets in nowhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from docsign.exchange import wire
from docsign.exchange.wire import Problem, ProblemType
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority
from docsign.pki.certificates import fingerprint
from relay_server.app import Serving
from relay_server.core.directory import Agency, Use
from relay_server.http.identity import identify
from relay_server.ports import Transaction
from tests.relay.conftest import Client, Site, sealed, sha256
from tests.relay.values import NOW, agency, binding, digest


async def every_call(client: Client, envelope: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Try every call of the wire API."""
    name = sha256(envelope)
    answers = [await client.send(envelope)]
    paths = (
        wire.INBOX,
        wire.AGENCIES,
        wire.envelope_path(name),
        wire.receipt_path(name),
        wire.trace_path(name),
        "/nowhere",
    )
    answers += [await client.call("GET", path) for path in paths]
    for path, body in (
        (wire.handover_path("0" * 32), wire.Handover(sha256=name).to_json()),
        (wire.statuses_path(name), b"<edXML/>"),
    ):
        answers.append(await client.call("POST", path, data=body))
    return answers


async def test_without_a_certificate_nobody_gets_a_word(
    site: Site, agency_key: SigningKey, caplog: pytest.LogCaptureFixture
) -> None:
    """Case 1: TLS ends before HTTP begins, and the log says so."""
    caplog.set_level(logging.INFO, "docsign.relay")
    async with site.served() as relay, site.client(relay.url, None) as stranger:
        for attempt in (stranger.inbox(), stranger.send(sealed(agency_key))):
            with pytest.raises(aiohttp.ClientError):
                await attempt
    assert set(turned_away(caplog)) == {"No certificate was shown."}


def turned_away(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return for what reasons connections were turned away."""
    return [one.__dict__["facts"]["reason"] for one in caplog.records if one.getMessage() == "turned away"]


async def test_a_certificate_of_an_unknown_authority_does_not_get_a_word(
    site: Site, agency_key: SigningKey, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Case 2: the same name from another authority is a stranger."""
    caplog.set_level(logging.INFO, "docsign.relay")
    other = TrialAuthority.create(tmp_path / "other")
    path = tmp_path / "stranger.pem"
    path.write_bytes(other.issue("tls", "Máy của xã thử nghiệm", agency="H99.31").pem())
    async with site.served() as relay, site.client(relay.url, path) as stranger:
        for attempt in (stranger.inbox(), stranger.send(sealed(agency_key))):
            with pytest.raises(aiohttp.ClientError):
                await attempt
    (reason,) = set(turned_away(caplog))
    assert "issuer certificate" in reason


async def test_a_certificate_that_is_not_in_the_directory_is_refused_everywhere(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """Case 3: the right authority, the right agency in its name, but never registered: 403 at every call."""
    path = tmp_path / "unregistered.pem"
    path.write_bytes(site.authority.issue("tls", "Máy chưa đăng ký", agency="H99.31").pem())
    envelope = sealed(agency_key)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, path) as stranger,
    ):
        assert (await commune.send(envelope))[0] == 201
        for status, headers, body in await every_call(stranger, envelope):
            assert (status, headers["Content-Type"]) == (403, wire.PROBLEM_TYPE)
            assert Problem.from_json(body).type == ProblemType.UNKNOWN_AGENCY.value
        assert [e.event for e in (await commune.trace(sha256(envelope))).events] == [
            "SubmissionAcceptance",
            "ContentConsignment",
        ]


async def test_a_sealing_certificate_is_no_tls_identity(site: Site, agency_key: SigningKey) -> None:
    """Registered for sealing, not for connections: it does not even pass as a client of TLS, or gets 403."""
    async with site.served() as relay, site.client(relay.url, "agency") as wrong:
        try:
            status, _, body = await wrong.send(sealed(agency_key))
        except aiohttp.ClientError:
            return
        assert (status, Problem.from_json(body).type) == (403, ProblemType.UNKNOWN_AGENCY.value)


async def test_a_revoked_certificate_is_refused_though_the_directory_has_it(
    site: Site, tmp_path: Path
) -> None:
    """The authority's list counts, too."""
    from relay_server.register import register

    authority = TrialAuthority.create(tmp_path / "authority")
    issued = authority.issue("tls", "Máy mất cắp", agency="H99.31")
    path = tmp_path / "stolen.pem"
    path.write_bytes(issued.pem())
    await register(site.folder, "H99.31", "", tls=[path], sign=[])
    # the relay trusts this authority, too, and its list names the certificate
    authority.revoke(issued.certificate)
    trust = tmp_path / "trust.pem"
    crl = next(authority.trust_folder.glob("*.crl")).read_bytes()
    both = (site.authority.trust_folder, authority.trust_folder)
    trust.write_bytes(
        b"".join((folder / name).read_bytes() for folder in both for name in ("root.pem", "issuing.pem"))
    )
    folder = tmp_path / "trust"
    folder.mkdir()
    trust.rename(folder / "all.pem")
    (folder / "revoked.crl").write_bytes(crl)
    async with site.served(trust=str(folder)) as relay, site.client(relay.url, path) as thief:
        status, _, body = await thief.call("GET", wire.INBOX)
        found = Problem.from_json(body)
        assert (status, found.type) == (403, ProblemType.UNKNOWN_AGENCY.value)
        assert "revoked" in found.en


async def test_a_registered_certificate_counts_in_its_time_alone(site: Site) -> None:
    """A binding that is over names nobody; the refusal says so."""
    commune = x509.load_pem_x509_certificates((site.keys / "commune-tls.pem").read_bytes())[0]
    async with site.served() as relay, site.client(relay.url, "commune-tls") as client:
        known = await relay.relay.ledger.read(lambda tx: tx.agency("H99.31"))
        assert known is not None
        assert known.has(fingerprint(commune), Use.TLS, at=relay.relay.now())
        over = Agency(
            code=known.code,
            name=known.name,
            bindings=tuple(
                type(one)(
                    sha256=one.sha256,
                    use=one.use,
                    not_before=one.not_before,
                    not_after=relay.relay.now() - timedelta(seconds=1),
                )
                for one in known.bindings
            ),
        )
        await relay.relay.ledger.write(lambda tx: tx.put_agency(over))
        status, _, body = await client.call("GET", wire.INBOX)
        assert (status, "no longer in force" in Problem.from_json(body).en) == (403, True)


def test_an_agency_speaks_through_its_own_certificates_for_their_use_and_time() -> None:
    """Fingerprint, use and span must all fit."""
    one = agency()
    tls = digest(f"tls {one.code}")
    assert one.has(tls, Use.TLS, at=NOW)
    assert not one.has(tls, Use.SIGN, at=NOW)
    assert not one.has(digest("khác"), Use.TLS, at=NOW)
    assert not one.has(tls, Use.TLS, at=NOW + timedelta(days=400))
    span, moment = binding("x", Use.TLS), timedelta(microseconds=1)
    assert span.holds_at(span.not_before)  # RFC 5280 4.1.2.5: both ends are in it
    assert span.holds_at(span.not_after)
    assert not span.holds_at(span.not_before - moment)
    assert not span.holds_at(span.not_after + moment)
    assert one.is_called("000.00.31.H99")
    assert not one.is_called("H99.32")
    assert not one.is_called("")
    assert identify.__doc__


async def ended(relay: Serving, code: str, use: Use) -> None:
    """End what binds an agency's certificates of this use, as a rotation without overlap does."""
    over = relay.relay.now() - timedelta(seconds=1)

    async def work(tx: Transaction) -> None:
        known = await tx.agency(code)
        assert known is not None
        bindings = tuple(replace(b, not_after=over) if b.use is use else b for b in known.bindings)
        await tx.put_agency(replace(known, bindings=bindings))

    await relay.relay.ledger.write(work)


@pytest.mark.parametrize("how", ["ended", "revoked"])
async def test_who_waits_past_the_end_of_a_certificate_is_shown_nothing(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A long poll that began in time tells nothing of what came after the end."""
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        waiting = asyncio.create_task(province.call("GET", f"{wire.INBOX}?wait=20"))
        await asyncio.sleep(0.3)
        if how == "ended":
            await ended(relay, "H99", Use.TLS)
            assert (await commune.send(sealed(agency_key)))[0] == 201
        else:
            monkeypatch.setattr(relay.relay.examiner, "is_revoked", lambda _shown: True)
            relay.relay.bell.ring("H99")
        status, _, body = await waiting
        assert (status, Problem.from_json(body).type) == (403, ProblemType.UNKNOWN_AGENCY.value)


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("revoked", ProblemType.UNKNOWN_AGENCY),
        (Use.TLS, ProblemType.UNKNOWN_AGENCY),
        (Use.SIGN, ProblemType.SIGNATURE_NOT_ACCEPTED),
    ],
)
async def test_what_arrives_after_the_end_of_a_certificate_is_not_kept(
    site: Site, agency_key: SigningKey, monkeypatch: pytest.MonkeyPatch, how: Use | str, kind: ProblemType
) -> None:
    """A body that began in time and took long: the end counts, of the connection's and of the seal's."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        goes_on = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield envelope[:1000]
            await goes_on.wait()
            yield envelope[1000:]

        announced = {wire.DIGEST_HEADER: wire.write_repr_digest(sha256(envelope))}
        coming = asyncio.create_task(commune.call("POST", wire.ENVELOPES, data=slowly(), headers=announced))
        await asyncio.sleep(0.3)
        if isinstance(how, Use):
            await ended(relay, "H99.31", how)
        else:
            monkeypatch.setattr(relay.relay.examiner, "is_revoked", lambda _shown: True)
        goes_on.set()
        status, _, body = await coming
        assert (status, Problem.from_json(body).type) == (kind.http_status, kind.value)
        assert await relay.relay.ledger.read(lambda tx: tx.envelope(sha256(envelope))) is None
