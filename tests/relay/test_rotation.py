"""Changing an agency's certificates while the relay serves: for a time both, then the new one alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from docsign.cli import run
from docsign.errors import UsageError
from docsign.exchange import wire
from docsign.exchange.wire import Problem, ProblemType
from docsign.pki import SigningKey
from relay_server.cli import relay
from relay_server.core.directory import Agency, Binding, Use, require_told, rotated
from relay_server.register import read_binding, register, rotate_certificate
from tests.relay.conftest import Site, sealed
from tests.relay.values import COMMUNE, NOW, agency, binding, digest

WEEK = timedelta(days=7)


def new(text: str = "mới", use: Use = Use.TLS) -> Binding:
    """Return a new certificate's binding, good from an hour ago."""
    return binding(text, use, since=NOW - timedelta(hours=1))


def test_old_and_new_are_both_good_for_the_overlap_and_then_the_new_one_alone() -> None:
    """The signing certificate is not touched; doing it again changes nothing."""
    old, tls = agency(), digest(f"tls {COMMUNE}")
    changed, ends = rotated(old, new(), at=NOW, overlap=WEEK)
    assert ends == NOW + WEEK
    for moment, old_good in ((NOW, True), (ends, True), (ends + timedelta(seconds=1), False)):
        assert changed.has(tls, Use.TLS, at=moment) is old_good
        assert changed.has(new().sha256, Use.TLS, at=moment)
        assert changed.has(digest(f"sign {COMMUNE}"), Use.SIGN, at=moment)
    assert rotated(changed, new(), at=NOW + timedelta(days=1), overlap=WEEK) == (changed, ends)
    assert rotated(changed, new(), at=ends + WEEK, overlap=WEEK)[0] == changed
    assert not rotated(old, new(), at=NOW, overlap=timedelta())[0].has(
        tls, Use.TLS, at=NOW + timedelta(seconds=1)
    )


def test_a_certificate_that_is_over_is_none_to_choose_from() -> None:
    """The next change a year later asks for no ``--replaces``: what ended by then is not replaced again."""
    changed, ends = rotated(agency(), new(), at=NOW, overlap=WEEK)
    later = binding("mới hơn", Use.TLS, since=NOW + timedelta(days=300))
    at = NOW + timedelta(days=310)
    assert ends < at
    again, over = rotated(changed, later, at=at, overlap=WEEK)
    assert over == at + WEEK
    assert again.has(new().sha256, Use.TLS, at=over)
    assert not again.has(new().sha256, Use.TLS, at=over + timedelta(seconds=1))


def test_an_overlap_never_makes_the_old_certificate_live_longer() -> None:
    """The old one ends at its own end at the latest."""
    old = agency()
    _, ends = rotated(old, new(), at=NOW, overlap=timedelta(days=366))
    assert ends == next(b.not_after for b in old.bindings if b.use is Use.TLS)


def test_what_the_old_certificate_may_the_new_one_may() -> None:
    """An auditor that changes its certificate stays an auditor."""
    tls = digest(f"tls {COMMUNE}")
    auditor = replace(agency(), bindings=(*agency().bindings, replace(binding("", Use.AUDIT), sha256=tls)))
    changed, ends = rotated(auditor, new(), at=NOW, overlap=WEEK)
    later = ends + timedelta(seconds=1)
    assert changed.has(new().sha256, Use.AUDIT, at=later)
    assert not changed.has(tls, Use.AUDIT, at=later)


def test_a_change_that_would_leave_a_gap_or_is_not_clear_is_refused() -> None:
    """A new certificate that begins too late or is over; none to replace; several, and none named."""
    with pytest.raises(UsageError, match="must be good when"):
        rotated(agency(), binding("sau", Use.TLS, since=NOW + WEEK * 2), at=NOW, overlap=WEEK)
    with pytest.raises(UsageError, match="must be good when"):
        rotated(agency(), binding("cũ", Use.TLS, since=NOW - timedelta(days=365)), at=NOW, overlap=WEEK)
    with pytest.raises(UsageError, match="must be good when"):  # it would end with the old one
        rotated(agency(), replace(new(), not_after=NOW + WEEK), at=NOW, overlap=WEEK)
    with pytest.raises(UsageError, match="no such certificate"):
        rotated(Agency(code=COMMUNE, name="UBND xã Mẫu"), new(), at=NOW, overlap=WEEK)
    two = replace(agency(), bindings=(*agency().bindings, binding("máy hai", Use.TLS)))
    with pytest.raises(UsageError, match="--replaces"):
        rotated(two, new(), at=NOW, overlap=WEEK)
    changed, ends = rotated(two, new(), at=NOW, overlap=WEEK, replaces=digest("máy hai")[:8].upper())
    after = ends + timedelta(seconds=1)
    assert changed.has(digest(f"tls {COMMUNE}"), Use.TLS, at=after)
    assert not changed.has(digest("máy hai"), Use.TLS, at=after)


@pytest.mark.parametrize("said", ["", "3f5a", "0" * 16, "0" * 64])
def test_a_fingerprint_that_is_too_short_or_another_one_is_refused(said: str) -> None:
    """The new certificate counts only when the agency's own words name it."""
    with pytest.raises(UsageError):
        require_told(new(), said)


def test_a_fingerprint_may_be_said_as_people_say_it() -> None:
    """Capitals, colons and spaces, the first sixteen digits or all of them."""
    whole = new().sha256
    pairs = ":".join(whole[at : at + 2] for at in range(0, 20, 2)).upper()
    for said in (whole, whole[:16], pairs, f" {whole[:8]} {whole[8:20]} "):
        require_told(new(), said)


async def test_a_tls_certificate_changes_over_open_connections_without_a_restart(site: Site) -> None:
    """Old and new work side by side on connections that stay open; after the overlap the old one gets 403."""
    path = site.keys.parent / "commune-tls-new.pem"
    path.write_bytes(site.authority.issue("tls", "Máy mới của xã", agency="H99.31").pem())
    new_one = read_binding(path, Use.TLS)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as old,
        site.client(relay.url, path) as fresh,
    ):
        assert (await old.call("GET", wire.INBOX))[0] == 200
        assert (await fresh.call("GET", wire.INBOX))[0] == 403  # not in the directory yet
        overlap = timedelta(seconds=2)
        await rotate_certificate(site.folder, "H99.31", new_one, told=new_one.sha256, overlap=overlap)
        assert (await old.call("GET", wire.INBOX))[0] == 200
        assert (await fresh.call("GET", wire.INBOX))[0] == 200
        await asyncio.sleep(overlap.total_seconds() + 0.2)
        status, _, body = await old.call("GET", wire.INBOX)
        assert (status, Problem.from_json(body).type) == (403, ProblemType.UNKNOWN_AGENCY.value)
        assert (await fresh.call("GET", wire.INBOX))[0] == 200


async def test_a_sealing_certificate_changes_without_a_restart(site: Site, agency_key: SigningKey) -> None:
    """Envelopes sealed with either are taken during the overlap; then those of the new certificate alone."""
    issued = site.authority.issue("agency", "UBND xã Mẫu", agency="H99.31")
    path = site.keys.parent / "agency-new.pem"
    path.write_bytes(issued.pem())
    new_one = read_binding(path, Use.SIGN)
    fresh = issued.signing_key()
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        assert (await commune.send(sealed(agency_key, number="1")))[0] == 201
        assert (await commune.send(sealed(fresh, number="2")))[0] == 422
        overlap = timedelta(seconds=3)
        await rotate_certificate(site.folder, "H99.31", new_one, told=new_one.sha256, overlap=overlap)
        assert (await commune.send(sealed(agency_key, number="3")))[0] == 201
        assert (await commune.send(sealed(fresh, number="4")))[0] == 201
        await asyncio.sleep(overlap.total_seconds() + 0.2)
        status, _, body = await commune.send(sealed(agency_key, number="5"))
        assert (status, Problem.from_json(body).type) == (422, ProblemType.SIGNATURE_NOT_ACCEPTED.value)
        assert (await commune.send(sealed(fresh, number="6")))[0] == 201


def test_the_command_compares_and_tells_until_when(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the agency's word nothing changes; with it, both certificates are listed with their ends."""
    path = tmp_path / "new.pem"
    path.write_bytes(site.authority.issue("tls", "Máy mới của xã", agency="H99.31").pem())
    told = read_binding(path, Use.TLS).sha256
    command = ["agency", "rotate", str(site.folder), "000.00.31.H99", "--lang", "en"]
    for more, word in (
        ([], "--tls or --signing"),
        (["--tls", str(path), "--signing", str(path), "--fingerprint", told], "one of them"),
        (["--tls", str(path)], "16 digits"),
        (["--tls", str(path), "--fingerprint", "0123456789abcdef"], told),
        (["--tls", str(tmp_path / "no.pem"), "--fingerprint", told], "no.pem"),
        (["--tls", str(path), "--fingerprint", told, "--overlap", "nan"], "from 0 to 366"),
    ):
        assert run(relay, [*command, *more]) in (1, 2)
        assert word in capsys.readouterr().err
    assert run(relay, [*command, "--tls", str(path), "--fingerprint", told[:20], "--overlap", "2"]) == 0
    out, err = capsys.readouterr()
    assert "H99.31 is good from now on" in err
    assert [line.split()[0] for line in out.splitlines()] == ["tls", "sign", "tls"]
    assert told in out
    wrong = ["agency", "rotate", str(site.folder), "H99.77", "--tls", str(path), "--fingerprint", told]
    assert run(relay, wrong) == 2


def test_a_certificate_that_was_rotated_out_can_be_registered_again(site: Site) -> None:
    """An operator's word is the last one: agency add puts a certificate back in for its own time."""
    path = site.keys / "commune-tls.pem"
    fresh = site.authority.issue("tls", "Máy khác", agency="H99.31")
    other = site.keys.parent / "other-tls.pem"
    other.write_bytes(fresh.pem())
    bound = read_binding(other, Use.TLS)

    async def change() -> Agency:
        await rotate_certificate(site.folder, "H99.31", bound, told=bound.sha256, overlap=timedelta())
        return await register(site.folder, "H99.31", "", tls=[path], sign=[])

    found = asyncio.run(change())
    assert read_binding(path, Use.TLS) in found.bindings
