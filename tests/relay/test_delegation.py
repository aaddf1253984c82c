"""Acting for another agency: by its signed grant alone, within its time, for its traffic and nothing more."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from docsign.cli import docsign, run
from docsign.detached import sign_detached
from docsign.envelope.evidence import Evidence, Part, canonical_json
from docsign.envelope.grants import Grant, SignedGrant
from docsign.errors import DocsignError, TrustError, UsageError
from docsign.exchange import RelayClient, wire
from docsign.exchange.wire import Problem, ProblemType
from docsign.pki import SigningKey
from docsign.pki.authority import Issued
from relay_server.app import DATABASE
from relay_server.checking import check
from relay_server.cli import relay as relay_command
from relay_server.core.delegation import KeptGrant, grant_in_force, require_grant
from relay_server.core.directory import Use
from relay_server.core.refusals import RefusalError
from relay_server.doctor import examine
from relay_server.grant_check import is_granted
from relay_server.outside import TrustExaminer
from relay_server.register import delegate, end_grant, granted, read_binding, register, rotate_certificate
from relay_server.services.relay import sha256_of
from tests.conftest import Holders
from tests.relay.conftest import Client, Process, Site, sealed, sha256, tls
from tests.relay.test_wire_api import problem, status, take
from tests.relay.values import NOW, agency, digest, envelope, evidence

CLERK = "H99.32"
"""The agency that acts for the commune H99.31."""
HOUR = timedelta(hours=1)


def proof(
    key: SigningKey, *, signs: Callable[[bytes], bytes] = lambda data: data, **more: Any
) -> SignedGrant:
    """Return a grant of H99.31 for H99.32, good for a day, signed by ``key``."""
    now = datetime.now(UTC).replace(microsecond=0)
    values: dict[str, Any] = {
        "id": sha256_of(repr(sorted(more.items())).encode())[:32],
        "grantor": "H99.31",
        "delegate": CLERK,
        "begins": now - HOUR,
        "ends": now + 24 * HOUR,
        "made_at": now - HOUR,
    }
    grant = Grant(**{**values, **more})
    signed = canonical_json(grant.to_json())
    return SignedGrant(grant=grant, signature=sign_detached(signs(signed), key), signed=signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerks:
    """A relay with a third agency H99.32, its computer and its seal."""

    site: Site
    computer: Path
    seal: Issued

    async def take_in(self, grant: SignedGrant) -> KeptGrant:
        """Do what the operator does."""
        return await delegate(self.site.folder, grant.to_bytes(), where="uy-quyen.json")


@pytest.fixture
async def clerks(site: Site, tmp_path: Path) -> Clerks:
    """Register the third agency."""
    computer, path = tmp_path / "clerk-tls.pem", tmp_path / "clerk.pem"
    seal = site.authority.issue("agency", "UBND xã Thử", agency=CLERK)
    computer.write_bytes(site.authority.issue("tls", "Máy của xã Thử", agency=CLERK).pem())
    path.write_bytes(seal.pem())
    await register(site.folder, CLERK, "UBND xã Thử", tls=[computer], sign=[path])
    return Clerks(site=site, computer=computer, seal=seal)


def kept(**more: Any) -> KeptGrant:
    """Return a kept grant around the tests' own time, its signature left out."""
    values: dict[str, Any] = {"id": "0" * 32, "grantor": "H99.31", "delegate": CLERK, "made_at": NOW}
    times = {"begins": NOW - HOUR, "ends": NOW + HOUR}
    ended_at = more.pop("ended_at", None)
    return KeptGrant(
        proof=SignedGrant(grant=Grant(**{**values, **times, **more}), signature=b"."), ended_at=ended_at
    )


def test_a_grant_is_taken_only_when_both_are_known_it_is_sealed_and_not_over() -> None:
    """Checks 1 to 3, each by itself; the seal must be in force now, and be a seal."""
    grantor, other = agency("H99.31"), agency(CLERK)
    grant, seal = kept().grant, digest("sign H99.31")
    require_grant(grant, grantor, other, seal, at=NOW)
    for one, two in ((None, other), (grantor, None), (other, other), (grantor, grantor)):
        with pytest.raises(UsageError, match="does not know"):
            require_grant(grant, one, two, seal, at=NOW)
    for wrong in (None, digest("tls H99.31"), digest(f"sign {CLERK}")):
        with pytest.raises(TrustError, match=r"H99\.31"):
            require_grant(grant, grantor, other, wrong, at=NOW)
    with pytest.raises(TrustError):
        require_grant(grant, grantor, other, seal, at=NOW + timedelta(days=400))
    with pytest.raises(UsageError, match="ended on"):
        require_grant(grant, grantor, other, seal, at=grant.ends)


def test_only_the_named_one_acts_in_its_time_and_until_it_is_ended() -> None:
    """Checks 4 and 5: another agency, too early, too late, ended; one that holds among others is enough."""
    clerk = agency("000.00.32.H99")  # the same agency, its code written the other way
    early = kept(begins=NOW + HOUR, ends=NOW + 2 * HOUR)
    late = kept(begins=NOW - 2 * HOUR, ends=NOW)
    ended = kept(ended_at=NOW - HOUR)
    others = kept(delegate="H99.33")
    assert grant_in_force(clerk, "H99.31", (early, late, ended, others, kept()), at=NOW) == kept()
    for one in (early, late, ended, others):
        with pytest.raises(RefusalError, match=r"H99\.31"):
            grant_in_force(clerk, "H99.31", (one,), at=NOW)
    with pytest.raises(RefusalError):
        grant_in_force(clerk, "H99.31", (), at=NOW)


async def test_the_whole_way_through_the_hands_of_another(
    clerks: Clerks, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """It sends what the commune sealed, receives for it, answers; every record says whose hand."""
    site = clerks.site
    given = (await clerks.take_in(proof(agency_key))).proof
    there = sealed(agency_key)
    back = sealed(province_key, sender="H99", to=("H99.31",), number="7")
    async with (
        site.served() as relay,
        site.client(relay.url, clerks.computer) as clerk,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        acting = Acting(clerk)
        code, _, body = await acting.send(there)
        assert code == 201, body
        assert (await commune.send(there))[2] == body  # the commune itself gets the same receipt
        assert (await province.send(back))[0] == 201
        await take(province, there)
        await take(acting, back)
        answer = status("03", sender="H99.31", to="H99", document="H99,2026/11/16,7/UBND-VX")
        code, _, body = await acting.call("POST", wire.statuses_path(sha256(back)), data=answer)
        assert code == 200, body
        traced = [
            (one.event, one.actor)
            for name, who in ((there, commune), (back, acting))
            for one in (await who.trace(sha256(name))).events
            if one.actor
        ]
        assert traced == [
            ("SubmissionAcceptance", CLERK),
            ("ContentHandover", "H99"),
            ("SubmissionAcceptance", "H99"),
            ("ContentHandover", CLERK),
            ("ConsignmentAcceptance", CLERK),
        ]
        facts = await relay.relay.ledger.read(lambda tx: tx.facts(sha256(back)))
        named = [[p.digest for p in one.evidence.parts if p.id == "grant"] for one in facts]
        assert named == [[], [], [sha256_of(given.signed)], [sha256_of(given.signed)]]
    assert check(site.folder).troubles == []


class Acting(Client):
    """A client whose every request says for whom it acts."""

    def __init__(self, client: Client, code: str = "H99.31") -> None:
        """Use the connection of ``client``."""
        super().__init__(url=client.url, session=client.session)
        object.__setattr__(self, "_code", code)

    async def call(
        self, method: str, path: str, *, data: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """See Client."""
        code = object.__getattribute__(self, "_code")
        said = {wire.ACTING_FOR_HEADER: code}
        return await super().call(method, path, data=data, headers={**(headers or {}), **said})


async def test_it_sees_the_granting_agencys_traffic_or_its_own_and_no_others(
    clerks: Clerks, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """With the header the commune's alone, without it its own alone; no records of the log as an auditor."""
    site = clerks.site
    await clerks.take_in(proof(agency_key))
    to_commune = sealed(province_key, sender="H99", to=("H99.31",), number="1")
    to_clerk = sealed(province_key, sender="H99", to=(CLERK,), number="2")
    own = sealed(clerks.seal.signing_key(), sender=CLERK)
    async with (
        site.served() as relay,
        site.client(relay.url, clerks.computer) as clerk,
        site.client(relay.url, "province-tls") as province,
    ):
        acting = Acting(clerk)
        for envelope in (to_commune, to_clerk):
            assert (await province.send(envelope))[0] == 201
        assert [one.sha256 for one in (await acting.inbox()).items] == [sha256(to_commune)]
        assert [one.sha256 for one in (await clerk.inbox()).items] == [sha256(to_clerk)]
        for who, name in ((acting, sha256(to_clerk)), (clerk, sha256(to_commune))):
            for path in (wire.envelope_path(name), wire.trace_path(name), wire.receipt_path(name)):
                problem(await who.call("GET", path), ProblemType.NOT_FOUND)
        # what it sealed itself is not the commune's, and what the commune sealed is not its own
        problem(await acting.send(own), ProblemType.NOT_YOUR_AGENCY)
        problem(await clerk.send(sealed(agency_key)), ProblemType.NOT_YOUR_AGENCY)
        assert (await Acting(clerk, "000.00.32.H99").send(own))[0] == 201  # for itself: no grant is needed


async def refused_grants(clerks: Clerks, key: SigningKey) -> dict[str, SignedGrant]:
    """Return the grants nobody may take."""
    now = datetime.now(UTC).replace(microsecond=0)
    stolen = clerks.site.authority.issue("agency", "UBND xã Mẫu, con dấu mất", agency="H99.31")
    path = clerks.computer.with_name("stolen.pem")
    path.write_bytes(stolen.pem())
    await register(clerks.site.folder, "H99.31", "", tls=[], sign=[path])
    clerks.site.authority.revoke(stolen.certificate)
    good = proof(key)
    wider = replace(good.grant, ends=good.grant.ends + timedelta(days=3650))
    return {
        "expired": proof(key, begins=now - 2 * HOUR, ends=now - timedelta(seconds=1)),
        "signed by the one who gains": proof(clerks.seal.signing_key()),
        "signed by a third agency": proof(clerks.seal.signing_key(), delegate="H99"),
        "a revoked seal": proof(stolen.signing_key()),
        "a signature over something else": proof(key, signs=lambda data: data + b" "),
        "another's signature moved here": SignedGrant(grant=wider, signature=good.signature),
        "an agency nobody knows": proof(key, delegate="H99.77"),
        "nobody's to give": proof(key, grantor="H99.77"),
    }


async def test_grants_that_are_not_right_are_not_taken(
    clerks: Clerks, agency_key: SigningKey, holders: Holders
) -> None:
    """Expired, wrong signer, revoked seal, changed, unknown: each is refused and leaves nothing."""
    wrong = await refused_grants(clerks, agency_key)
    wrong["signed by the commune's chairman"] = proof(holders.person.signing_key())
    wrong["signed with a key of TLS"] = proof(holders.commune_tls.signing_key())
    expected: dict[str, type[DocsignError]] = dict.fromkeys(wrong, TrustError)
    expected |= dict.fromkeys(("expired", "an agency nobody knows", "nobody's to give"), UsageError)
    for name, grant in wrong.items():
        with pytest.raises(expected[name]):
            await clerks.take_in(grant)
    assert await granted(clerks.site.folder) == ()
    async with clerks.site.served() as relay, clerks.site.client(relay.url, clerks.computer) as clerk:
        problem(await Acting(clerk).call("GET", wire.INBOX), ProblemType.NOT_YOUR_AGENCY)


async def test_a_grant_counts_from_its_beginning_to_its_end_while_the_relay_runs(
    clerks: Clerks, agency_key: SigningKey
) -> None:
    """Taken early it lets nobody in before its time; it ends by itself, over an open connection too."""
    now = datetime.now(UTC).replace(microsecond=0)
    begins, ends = now + timedelta(seconds=2), now + timedelta(seconds=4)
    await clerks.take_in(proof(agency_key, begins=begins, ends=ends))
    async with clerks.site.served() as relay, clerks.site.client(relay.url, clerks.computer) as clerk:
        acting = Acting(clerk)
        problem(await acting.call("GET", wire.INBOX), ProblemType.NOT_YOUR_AGENCY)
        await asyncio.sleep((begins - datetime.now(UTC)).total_seconds() + 0.05)
        assert (await acting.send(sealed(agency_key)))[0] == 201
        await asyncio.sleep((ends - datetime.now(UTC)).total_seconds() + 0.05)
        for answer in (
            await acting.call("GET", wire.INBOX),
            await acting.send(sealed(agency_key, number="2")),
        ):
            problem(answer, ProblemType.NOT_YOUR_AGENCY)
    assert check(clerks.site.folder).troubles == []


async def test_what_is_ended_stays_ended_whoever_brings_the_file_again(
    clerks: Clerks, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """Ended while the relay serves and while somebody waits; the same file taken in again changes nothing."""
    site, grant = clerks.site, proof(agency_key)
    assert await clerks.take_in(grant) == await clerks.take_in(grant)
    async with (
        site.served() as relay,
        site.client(relay.url, clerks.computer) as clerk,
        site.client(relay.url, "province-tls") as province,
    ):
        acting = Acting(clerk)
        assert (await acting.send(sealed(agency_key)))[0] == 201
        waiting = asyncio.create_task(acting.call("GET", f"{wire.INBOX}?wait=20"))
        await asyncio.sleep(0.3)
        ended = await end_grant(site.folder, grant.grant.id[:8])
        assert ended.ended_at is not None
        assert (await province.send(sealed(province_key, sender="H99", to=("H99.31",))))[0] == 201
        problem(await waiting, ProblemType.NOT_YOUR_AGENCY)  # nothing that came after the end is shown
        problem(await acting.call("GET", wire.INBOX), ProblemType.NOT_YOUR_AGENCY)
        assert await clerks.take_in(grant) == ended
        assert await end_grant(site.folder, grant.grant.id) == ended  # the first end stays
        problem(await acting.send(sealed(agency_key, number="2")), ProblemType.NOT_YOUR_AGENCY)
        other = proof(agency_key, id=grant.grant.id, ends=grant.grant.ends + HOUR)
        with pytest.raises(UsageError, match="same id"):
            await clerks.take_in(other)
        with pytest.raises(UsageError, match="no grant"):
            await end_grant(site.folder, "")
        assert (await clerks.take_in(proof(agency_key, made_at=grant.grant.made_at - HOUR))).ended_at is None
        assert (await acting.call("GET", wire.INBOX))[0] == 200  # a new grant is a new word
    assert check(site.folder).troubles == []


async def test_an_end_between_the_question_and_the_commit_keeps_nothing(
    clerks: Clerks, agency_key: SigningKey
) -> None:
    """The grant is looked at again in the unit of work that would keep the envelope."""
    site, grant = clerks.site, proof(agency_key)
    await clerks.take_in(grant)
    async with site.served() as relay, site.client(relay.url, clerks.computer) as clerk:
        examiner = relay.relay.examiner
        honest = examiner.examine

        def slow(*arguments: Any, **more: Any) -> Any:
            ending = threading.Thread(target=lambda: asyncio.run(end_grant(site.folder, grant.grant.id)))
            ending.start()
            ending.join()
            return honest(*arguments, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(examiner, "examine", slow)
            problem(await Acting(clerk).send(sealed(agency_key)), ProblemType.NOT_YOUR_AGENCY)
        assert await relay.relay.ledger.read(lambda tx: tx.envelope(sha256(sealed(agency_key)))) is None


async def test_a_grant_is_never_handed_on(
    clerks: Clerks, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """The commune lets H99.32 act, that one the province: the province does not act for the commune."""
    await clerks.take_in(proof(agency_key))
    await clerks.take_in(proof(clerks.seal.signing_key(), grantor=CLERK, delegate="H99"))
    with pytest.raises(TrustError):  # nor can the one who was let grant in the other's name
        await clerks.take_in(proof(clerks.seal.signing_key(), delegate="H99"))
    async with clerks.site.served() as relay, clerks.site.client(relay.url, "province-tls") as province:
        assert (await Acting(province, CLERK).call("GET", wire.INBOX))[0] == 200
        answer = await Acting(province).send(sealed(agency_key))
        assert "H99.31" in problem(answer, ProblemType.NOT_YOUR_AGENCY).en
        assert (await Acting(province, "H99").call("GET", wire.INBOX))[0] == 200  # itself


async def test_a_header_twice_or_odd_is_refused(clerks: Clerks, agency_key: SigningKey) -> None:
    """Two codes, a list, nothing, letters that are no code: nobody guesses which was meant."""
    await clerks.take_in(proof(agency_key))
    context = tls(clerks.site.authority, clerks.computer)
    async with clerks.site.served() as relay, clerks.site.client(relay.url, clerks.computer) as clerk:
        name = wire.ACTING_FOR_HEADER
        for values in (
            ("H99.31", "H99.31"),
            ("H99.31", CLERK),
            ("H99.31, H99.32",),
            ("",),
            ("Ủy ban \udcff",),
            ("H" * 4000,),
        ):
            lines = [f"{name if number else name.lower()}: {value}" for number, value in enumerate(values)]
            request = "\r\n".join([f"GET {wire.INBOX} HTTP/1.1", "Host: relay", "Connection: close", *lines])
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", relay.url.rpartition(":")[2], ssl=context, server_hostname="127.0.0.1"
            )
            writer.write(f"{request}\r\n\r\n".encode("utf-8", "surrogateescape"))
            top, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            assert top.startswith(b"HTTP/1.1 400 "), (values, top, body)
            assert Problem.from_json(body).where == name
        assert (await Acting(clerk, " H99.31 ").call("GET", wire.INBOX))[0] == 200


async def test_a_grant_outlives_the_change_of_the_seal_that_signed_it(
    clerks: Clerks, agency_key: SigningKey
) -> None:
    """It was given by the agency; a new certificate takes nothing back. The check knows the old one still."""
    site = clerks.site
    await clerks.take_in(proof(agency_key))
    path = clerks.computer.with_name("agency-new.pem")
    path.write_bytes(site.authority.issue("agency", "UBND xã Mẫu", agency="H99.31").pem())
    fresh = read_binding(path, Use.SIGN)
    await rotate_certificate(site.folder, "H99.31", fresh, told=fresh.sha256, overlap=timedelta())
    async with site.served() as relay, site.client(relay.url, clerks.computer) as clerk:
        assert (await Acting(clerk).call("GET", wire.INBOX))[0] == 200
    assert check(site.folder).troubles == []


async def test_a_grant_ends_with_the_revocation_of_the_seal_that_signed_it(
    clerks: Clerks, agency_key: SigningKey, tmp_path: Path
) -> None:
    """Taken while the seal was good; revoked since: it lets nobody act any more, and the doctor says so."""
    site = clerks.site
    stolen = site.authority.issue("agency", "UBND xã Mẫu, con dấu mất sau", agency="H99.31")
    path = tmp_path / "stolen.pem"
    path.write_bytes(stolen.pem())
    await register(site.folder, "H99.31", "", tls=[], sign=[path])
    await clerks.take_in(proof(stolen.signing_key()))
    async with site.served() as relay, site.client(relay.url, clerks.computer) as clerk:
        acting = Acting(clerk)
        assert (await acting.call("GET", wire.INBOX))[0] == 200
        site.authority.revoke(stolen.certificate)
        examiner = relay.relay.examiner
        assert isinstance(examiner, TrustExaminer)
        await examiner.renew(site.authority.trust())
        for answer in (await acting.call("GET", wire.INBOX), await acting.send(sealed(agency_key))):
            problem(answer, ProblemType.NOT_YOUR_AGENCY)
        await clerks.take_in(proof(agency_key, made_at=datetime.now(UTC)))
        assert (await acting.call("GET", wire.INBOX))[0] == 200
    told = [line for line in examine(site.folder, now=datetime.now(UTC)).lines if line.code == "grant"]
    assert [line.sentence.text("en").partition("revoked")[1] for line in told] == ["revoked", "", ""]


async def test_every_decision_is_logged(
    clerks: Clerks, agency_key: SigningKey, caplog: pytest.LogCaptureFixture
) -> None:
    """Allowed or not: who, for whom, with which certificate, by which grant."""
    grant = proof(agency_key)
    await clerks.take_in(grant)
    caplog.set_level(logging.INFO, "docsign.relay")
    async with clerks.site.served() as relay, clerks.site.client(relay.url, clerks.computer) as clerk:
        await Acting(clerk).call("GET", wire.INBOX)
        await Acting(clerk, "H99").call("GET", wire.INBOX)
    told = [one.__dict__["facts"] for one in caplog.records if one.getMessage() == "acting"]
    assert [(one["delegate"], one["acting_for"], one["allowed"], one["grant"]) for one in told] == [
        (CLERK, "H99.31", True, grant.grant.id),
        (CLERK, "H99", False, None),
    ]
    requests = [one.__dict__["facts"] for one in caplog.records if one.getMessage() == "request"]
    assert [(one["agency"], one["acting_for"], one["status"]) for one in requests] == [
        (CLERK, "H99.31", 200),
        (CLERK, None, 403),
    ]
    assert told[0]["certificate"] == requests[0]["certificate"]


TAMPERED = {
    "a longer time": (
        'UPDATE grants SET record=CAST(replace(record, \'"to":"2\', \'"to":"9\') AS BLOB)',
        "grant",
    ),
    "another agency": ("UPDATE grants SET grantor='000.00.00.H99'", "grant"),
    "another id": ("UPDATE grants SET id='ffffffffffffffffffffffffffffffff'", "grant"),
    "another signature": ("UPDATE grants SET signature=X'3003020101'", "grant"),
    "text for bytes": ("UPDATE grants SET record='uy quyen'", "grant"),
    "gone": ("DELETE FROM grants", "act-without-grant"),
    "gone, as the operator's decision shows": ("DELETE FROM grants", "directory-missing"),
    "ended before the act": ("UPDATE grants SET ended_at=1", "act-without-grant"),
}


async def test_the_check_finds_grants_that_were_tampered_with(
    clerks: Clerks, agency_key: SigningKey, tmp_path: Path
) -> None:
    """Changed rows, a grant signed by somebody else put in its place, acts that no grant covers."""
    site = clerks.site
    grant = proof(agency_key)
    await clerks.take_in(grant)
    async with site.served() as relay, site.client(relay.url, clerks.computer) as clerk:
        assert (await Acting(clerk).send(sealed(agency_key)))[0] == 201
    path = site.folder / DATABASE
    whole = path.read_bytes()
    foreign = sign_detached(grant.signed, clerks.seal.signing_key())
    for name, (sql, code) in {
        **TAMPERED,
        "signed by the one who gains": (f"UPDATE grants SET signature=X'{foreign.hex()}'", "grant"),
    }.items():
        with closing(sqlite3.connect(path)) as database, database:
            assert database.execute(sql).rowcount == 1, name
        found = check(site.folder)
        assert code in {one.code for one in found.troubles}, (name, found.troubles)
        assert all(one.sentence.text("vi") != one.sentence.text("en") for one in found.troubles)
        path.write_bytes(whole)
    assert check(site.folder).troubles == []


def test_the_check_compares_the_hand_and_the_agency_of_every_act() -> None:
    """A grant for another agency, or another hand, covers nothing."""
    given = kept()
    name = sha256_of(given.proof.signed)
    known = {name: (given.grant, given.grant.ends)}
    part = Part(id="grant", type="x", digest=name)
    base = evidence(envelope())
    act: Evidence = replace(base, actor=CLERK, parts=(*base.parts, part))
    assert is_granted(act, known)
    assert not is_granted(replace(act, actor="H99"), known)
    assert not is_granted(replace(act, sender="H99.33"), known)
    assert not is_granted(replace(act, time=given.grant.ends + HOUR), known)
    assert not is_granted(replace(act, parts=(*act.parts, part)), known)
    assert not is_granted(act, {})


async def test_the_librarys_client_acts_for_another_agency(clerks: Clerks, agency_key: SigningKey) -> None:
    """``acting_for`` is said with every request; a code that is none is refused before anything is sent."""
    await clerks.take_in(proof(agency_key))
    trust = clerks.site.authority.trust_folder
    with pytest.raises(UsageError):
        RelayClient("https://localhost:1", identity=clerks.computer, trust=trust, acting_for="H99.31\r\nX: y")
    envelope = sealed(agency_key)
    async with (
        clerks.site.served() as relay,
        RelayClient(relay.url, identity=clerks.computer, trust=trust, acting_for="H99.31") as client,
    ):
        receipt = await client.send(envelope)
        assert (receipt.evidence.sender, receipt.evidence.actor) == ("H99.31", CLERK)
        assert client.agency == "H99.31"
        assert (await client.trace(sha256(envelope))).events[0].actor == CLERK


def test_a_desk_acts_for_another_agency(
    clerks: Clerks,
    agency_key: SigningKey,
    province_key: SigningKey,
    start: Callable[[Path], Process],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The commands send, receive, status and trace, with the setting ``acting_for``: the hand is shown."""
    asyncio.run(clerks.take_in(proof(agency_key)))
    url = start(clerks.site.folder).url
    for name in [name for name in os.environ if name.startswith("DOCSIGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    desks = {"clerk": (clerks.computer, 'acting_for = "H99.31"\n'), "province": (None, "")}
    for desk, (identity, more) in desks.items():
        (tmp_path / desk).mkdir()
        (tmp_path / desk / "docsign.toml").write_text(
            f'relay = "{url}"\nidentity = "{identity or clerks.site.keys / "province-tls.pem"}"\n'
            f'relay_trust = "{clerks.site.authority.trust_folder}"\noutbox = "outbox"\n{more}'
        )
    (tmp_path / "clerk" / "di.asice").write_bytes(sealed(agency_key))
    back = sealed(province_key, sender="H99", to=("H99.31",), number="7")
    (tmp_path / "province" / "tra-loi.asice").write_bytes(back)

    def at(desk: str, *command: str) -> str:
        monkeypatch.chdir(tmp_path / desk)
        assert run(docsign, [*command, "--lang", "en"]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    at("clerk", "send", "di.asice")
    at("province", "send", "tra-loi.asice")
    at("clerk", "receive", "--all", "-o", "den")
    at("clerk", "status", sha256(back)[:12], "03")
    shown = at("province", "trace", "tra-loi.asice")
    assert shown.count(f"by the hand of {CLERK}, by a grant") == 3  # fetched, 01, 03
    assert f"by the hand of {CLERK}" in at("clerk", "trace", "di.asice")


def test_the_commands_make_take_list_and_end_a_grant(
    clerks: Clerks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the agency's desk to the operator's; exit statuses and words."""
    keys, folder = clerks.site.keys, str(clerks.site.folder)
    path = tmp_path / "uy-quyen.json"
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    make = ["grant", CLERK, "--key", f"pkcs12:{keys / 'agency.p12'}", "--until", until, "-o", str(path)]
    make += ["--passphrase-file", str(keys / "passphrase.txt")]
    assert run(docsign, make) == 0
    assert f"{CLERK} được làm thay H99.31" in capsys.readouterr().err
    listing = ["agency", "delegate", folder, "--lang", "en"]
    assert run(relay_command, listing) == 0
    assert capsys.readouterr().out == ""
    assert run(relay_command, [*listing, str(path)]) == 0
    line = capsys.readouterr().out
    assert f"{CLERK} for H99.31, from " in line
    assert run(relay_command, [*listing, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["in_force"], told["ended_at"], told["grant"]["delegate"]) == (True, None, CLERK)
    assert run(relay_command, [*listing, str(path), "--end", "00"]) == 2
    assert run(relay_command, [*listing, "--end", told["grant"]["id"][:6]]) == 0
    assert "ended on" in capsys.readouterr().out
    assert run(relay_command, [*listing, str(path)]) == 0
    assert "ended on" in capsys.readouterr().out
    path.write_bytes(b"{}")
    assert run(relay_command, [*listing, str(path)]) == 1
    assert "not a grant" in capsys.readouterr().err
