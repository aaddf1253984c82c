"""The wire API over real TLS: accept, inbox, fetch, handover, statuses, trace, receipt, agencies."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import docsign.sealing
from docsign.ades.cades import judge_cms
from docsign.envelope.edxml import write_status
from docsign.envelope.evidence import EvidenceEvent, Receipt
from docsign.envelope.header import Organization, ResponseFor
from docsign.envelope.status import Status, StatusCode
from docsign.exchange import wire
from docsign.exchange.client import RelayClient
from docsign.exchange.wire import Problem, ProblemType
from docsign.pki import SigningKey, Trust
from docsign.verdict import Indication
from relay_server.register import register
from tests.relay.conftest import Client, Site, sealed, sha256

DOCUMENT = "H99.31,2026/11/16,125/UBND-VX"


def status(code: str, *, sender: str = "H99", to: str = "H99.31", **more: str) -> bytes:
    """Return an edXML status about the envelope of ``sealed``."""
    return write_status(
        Status(
            sender=Organization(code=sender, name="UBND tỉnh Mẫu"),
            response_for=ResponseFor(
                organ_id=to, code="125/UBND-VX", document_id=more.get("document", DOCUMENT)
            ),
            code=StatusCode(code),
            time=datetime(2026, 11, 16, 3, 0, tzinfo=UTC),
            description=more.get("description", "Văn bản đã đến"),
        )
    )


def problem(answer: tuple[int, dict[str, str], bytes], kind: ProblemType) -> Problem:
    """Check that an answer is this problem, in both languages, and return it."""
    code, headers, body = answer
    assert headers["Content-Type"] == wire.PROBLEM_TYPE, body
    found = Problem.from_json(body)
    assert (found.type, found.status, code) == (kind.value, kind.http_status, kind.http_status), body
    assert found.vi
    assert found.en
    return found


async def take(client: Client, envelope: bytes) -> str:
    """Fetch an envelope as its receiver and confirm it; return the delivery's name."""
    name = sha256(envelope)
    item = next(item for item in (await client.inbox()).items if item.sha256 == name)
    code, _, body = await client.call("GET", wire.envelope_path(name))
    assert (code, body) == (200, envelope)
    code, _, body = await client.call(
        "POST", wire.handover_path(item.delivery), data=wire.Handover(sha256=name).to_json()
    )
    assert code == 200, body
    return item.delivery


async def test_the_whole_way_of_one_envelope(site: Site, agency_key: SigningKey, trust: Trust) -> None:
    """Sent, accepted with a signed receipt, waiting, fetched, confirmed, answered 01, 03, 06, traced."""
    envelope = sealed(agency_key)
    name = sha256(envelope)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        code, headers, body = await commune.send(envelope)
        assert code == 201, body
        assert headers["Location"] == wire.envelope_path(name)
        receipt = Receipt.from_json(body)
        assert receipt.evidence.event is EvidenceEvent.SUBMISSION_ACCEPTANCE
        assert (receipt.evidence.sha256, receipt.evidence.document_id) == (name, DOCUMENT)
        assert receipt.evidence.recipients == ("H99",)
        judged = judge_cms(
            receipt.signature, content=receipt.signed, trust=trust, at=datetime.now(UTC), role="relay"
        )
        assert judged.report.conclusion.indication is Indication.TOTAL_PASSED, judged.report

        page = await province.inbox()
        assert [item.state for item in page.items] == ["queued"]
        item = page.items[0]
        assert (item.sender, item.sender_name, item.size) == ("H99.31", "UBND xã Mẫu", len(envelope))
        assert item.subject == "Về việc báo cáo công tác văn thư"
        assert (await commune.inbox()).items == ()

        code, headers, body = await province.call("GET", wire.envelope_path(name))
        assert (code, body) == (200, envelope)
        assert wire.read_repr_digest(headers[wire.DIGEST_HEADER]) == name
        assert [item.state for item in (await province.inbox()).items] == ["leased"]
        confirmed = await province.call(
            "POST", wire.handover_path(item.delivery), data=wire.Handover(sha256=name).to_json()
        )
        assert confirmed[0] == 200, confirmed
        assert (await province.inbox()).items == ()

        for number, state in (("01", "arrived"), ("03", "accepted"), ("06", "done")):
            code, _, body = await province.call(
                "POST", wire.statuses_path(name), data=status(number, description=f"Trạng thái {number}")
            )
            assert code == 200, body
            told = wire.StatusAccepted.from_json(body)
            assert (told.code, told.state, told.receiver) == (number, state, "H99")

        trace = await commune.trace(name)
        assert [(event.event, event.state, event.code) for event in trace.events] == [
            ("SubmissionAcceptance", None, None),
            ("ContentConsignment", "queued", None),
            ("ContentHandover", "handed-over", None),
            ("Arrived", "arrived", "01"),
            ("ConsignmentAcceptance", "accepted", "03"),
            ("Done", "done", "06"),
        ]
        assert [event.actor for event in trace.events] == ["H99.31", "", "H99", "H99", "H99", "H99"]
        assert trace.events[3].reasons == (wire.Reason(code="01", text="Trạng thái 01"),)
        assert [(one.receiver, one.receiver_name, one.state) for one in trace.deliveries] == [
            ("H99", "UBND tỉnh Mẫu", "done")
        ]
        assert (await province.trace(name)).events == trace.events
        assert (await commune.call("GET", wire.receipt_path(name)))[2] == receipt.to_json()


async def test_the_same_envelope_twice_is_delivered_once(site: Site, agency_key: SigningKey) -> None:
    """Ten times at once and once later: one delivery, one receipt, byte for byte."""
    envelope = sealed(agency_key)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        answers = await asyncio.gather(*(commune.send(envelope) for _ in range(10)))
        answers.append(await commune.send(envelope))
        assert {answer[0] for answer in answers} == {201}
        assert len({answer[2] for answer in answers}) == 1
        assert len((await province.inbox()).items) == 1
        await take(province, envelope)
        assert (await commune.send(envelope))[2] == answers[0][2]
        assert (await province.inbox()).items == ()
        assert [e.event for e in (await commune.trace(sha256(envelope))).events].count(
            "SubmissionAcceptance"
        ) == 1


async def test_a_waiting_inbox_wakes_when_something_comes(site: Site, agency_key: SigningKey) -> None:
    """Long poll: nothing yet, then at once; and it ends by itself when nothing comes."""
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await province.inbox("?wait=1")).items == ()
        assert loop.time() - began >= 0.9
        waiting = asyncio.create_task(province.inbox("?wait=30"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert (await commune.send(sealed(agency_key)))[0] == 201
        page = await asyncio.wait_for(waiting, 5)
        assert len(page.items) == 1


async def test_the_inbox_comes_in_pages(site: Site, agency_key: SigningKey) -> None:
    """Every item once, none left out."""
    envelopes = [sealed(agency_key, number=str(n)) for n in range(11, 16)]
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        for envelope in envelopes:
            assert (await commune.send(envelope))[0] == 201
        seen: list[str] = []
        query = "?limit=2"
        while True:
            page = await province.inbox(query)
            seen += [item.sha256 for item in page.items]
            if page.next is None:
                break
            query = f"?limit=2&after={page.next}"
        assert seen == [sha256(envelope) for envelope in envelopes]


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=3-999999", 3, None)],
)
async def test_ranges(site: Site, agency_key: SigningKey, header: str, start: int, end: int | None) -> None:
    """A broken download is picked up where it stopped."""
    envelope = sealed(agency_key)
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        await commune.send(envelope)
        path = wire.envelope_path(sha256(envelope))
        code, headers, body = await commune.call("GET", path, headers={"Range": header})
        assert (code, body) == (206, envelope[start:end])
        first, last, size = wire.read_content_range(headers["Content-Range"])
        assert (envelope[first : last + 1], size) == (body, len(envelope))
        problem(
            await commune.call("GET", path, headers={"Range": f"bytes={len(envelope)}-"}), ProblemType.RANGE
        )
        for odd in ("bytes=5-2", "chars=0-4", "bytes=0-1,3-4", "bytes=-"):
            assert (await commune.call("GET", path, headers={"Range": odd}))[0] == 200


async def test_what_accept_refuses(
    site: Site, agency_key: SigningKey, province_key: SigningKey, person_key: SigningKey
) -> None:
    """Each with its own problem, and nothing kept of any."""
    sound = sealed(agency_key)
    changed = bytearray(sound)
    changed[sound.index(b"UBND t")] ^= 1
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        problem(await commune.send(b"khong phai phong bi"), ProblemType.BAD_ENVELOPE)
        problem(await commune.send(sound[:-40]), ProblemType.BAD_ENVELOPE)
        assert (await commune.send(bytes(changed)))[0] == 422
        problem(await commune.send(sealed(agency_key, to=("H99", "H98"))), ProblemType.UNKNOWN_RECEIVER)
        problem(
            await commune.send(sealed(province_key, sender="H99", to=("H99.31",))),
            ProblemType.NOT_YOUR_AGENCY,
        )
        with pytest.MonkeyPatch.context() as patched:  # our own seal refuses another agency's key
            patched.setattr(docsign.sealing, "_require_sender", lambda _header, _key: None)
            stranger = sealed(province_key)
        found = problem(await commune.send(stranger), ProblemType.SIGNATURE_NOT_ACCEPTED)
        assert "H99.31" in found.en
        problem(
            await commune.call(
                "POST",
                wire.ENVELOPES,
                data=sound,
                headers={wire.DIGEST_HEADER: wire.write_repr_digest(sha256(b"khac"))},
            ),
            ProblemType.DIGEST_MISMATCH,
        )
        problem(await commune.call("POST", wire.ENVELOPES, data=sound), ProblemType.BAD_REQUEST)
        problem(await commune.send(sound, **{"Content-Encoding": "gzip"}), ProblemType.ENCODING_REFUSED)
        problem(await commune.send(sound, **{wire.TIME_TO_LIVE_HEADER: "mai"}), ProblemType.BAD_REQUEST)
        problem(await commune.call("GET", wire.trace_path(sha256(sound))), ProblemType.NOT_FOUND)
        assert list((site.folder / "bodies" / "incoming").iterdir()) == []
        assert [path.name for path in (site.folder / "bodies").iterdir()] == ["incoming"]
    async with (
        site.served(largest_envelope=100) as relay,
        site.client(relay.url, "commune-tls") as commune,
    ):
        problem(await commune.send(sound), ProblemType.TOO_LARGE)

        async def pieces() -> object:
            for start in range(0, len(sound), 50):
                yield sound[start : start + 50]

        announced = {wire.DIGEST_HEADER: wire.write_repr_digest(sha256(sound))}
        problem(
            await commune.call("POST", wire.ENVELOPES, data=pieces(), headers=announced),
            ProblemType.TOO_LARGE,
        )
    async with (
        site.served(least_free_space=2**60) as relay,
        site.client(relay.url, "commune-tls") as commune,
    ):
        full = problem(await commune.send(sound), ProblemType.DISK_FULL)
        assert full.retry
        assert "đầy" in full.vi


async def test_a_secret_document_is_not_accepted(site: Site, agency_key: SigningKey) -> None:
    """QD 28/2018 Art. 1: a field that is a secrecy mark stops it, a word in a sentence does not."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        assert (await commune.send(sealed(agency_key, subject="Về việc giữ bí mật nhà nước")))[0] == 201
        with pytest.MonkeyPatch.context() as patched:  # our own seal refuses to make one
            patched.setattr(docsign.sealing, "require_not_secret", lambda _header: None)
            secret = sealed(agency_key, content="Tối  mật", number="126")
        found = problem(await commune.send(secret), ProblemType.SECRET_DOCUMENT)
        assert found.where == "header.content"


async def test_no_text_is_so_long_that_others_cannot_read_on(
    site: Site, agency_key: SigningKey, tmp_path: Path
) -> None:
    """A subject longer than a text of the wire would close the receiver's inbox, a long reason the log."""
    auditor = tmp_path / "auditor.pem"
    auditor.write_bytes(site.authority.issue("tls", "Kiểm toán", agency="H99.77").pem())
    await register(site.folder, "H99.77", "Kiểm toán", tls=[], sign=[], audit=[auditor])
    envelope, trust = sealed(agency_key), site.authority.trust_folder
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
        site.client(relay.url, auditor) as auditing,
        RelayClient(relay.url, identity=site.keys / "province-tls.pem", trust=trust) as receiver,
        RelayClient(relay.url, identity=site.keys / "commune-tls.pem", trust=trust) as sender,
    ):
        assert (await commune.send(envelope))[0] == 201
        for number, length, code in (("126", 4000, 201), ("127", 4001, 422)):
            other = sealed(agency_key, number=number, subject="Ẩ" * length, gateway=True)
            assert (await commune.send(other))[0] == code
        assert len((await receiver.inbox()).items) == 2
        await take(province, envelope)
        path = wire.statuses_path(sha256(envelope))
        for length, code in ((4000, 200), (4001, 422)):
            message = status("05", description="LÝ DO").replace("LÝ DO".encode(), b"x" * length)
            assert (await province.call("POST", path, data=message))[0] == code
        assert (await sender.trace(sha256(envelope))).events[-1].code == "05"
        size = (await relay.relay.ledger.read(lambda tx: tx.log_state())).size
        assert (await auditing.call("GET", f"{wire.LOG}/tile/entries/000.p/{size}"))[0] == 200


async def test_only_its_own_side_may_send_a_status(site: Site, agency_key: SigningKey) -> None:
    """01–06, 15, 16 the receiver, 13 the sender, nothing out of turn, nobody for another."""
    envelope = sealed(agency_key)
    path = wire.statuses_path(sha256(envelope))
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        await commune.send(envelope)
        early = await province.call("POST", path, data=status("01"))
        problem(early, ProblemType.STATUS_NOT_ALLOWED)
        await take(province, envelope)
        for answer in (
            await commune.call("POST", path, data=status("03", sender="H99.31")),
            await province.call("POST", path, data=status("13")),
            await province.call("POST", path, data=status("15")),
        ):
            problem(answer, ProblemType.STATUS_NOT_ALLOWED)
        forged = await commune.call("POST", path, data=status("03"))
        problem(forged, ProblemType.NOT_YOUR_AGENCY)
        other = await province.call("POST", path, data=status("03", document="H99.31,2026/01/01,1/X"))
        problem(other, ProblemType.BAD_STATUS)
        problem(await province.call("POST", path, data=b"<x/>"), ProblemType.BAD_STATUS)
        assert (await province.call("POST", path, data=status("03")))[0] == 200
        backward = await province.call("POST", path, data=status("01"))
        assert "01" in problem(backward, ProblemType.STATUS_NOT_ALLOWED).vi


async def test_the_same_status_twice_is_one_event(site: Site, agency_key: SigningKey) -> None:
    """A lost answer is asked for again; the trace shows one 03."""
    envelope = sealed(agency_key)
    path = wire.statuses_path(sha256(envelope))
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        await commune.send(envelope)
        await take(province, envelope)
        first = await province.call("POST", path, data=status("03"))
        assert (await province.call("POST", path, data=status("06")))[0] == 200
        again = await province.call("POST", path, data=status("03"))
        assert first[2] == again[2]
        events = [event.code for event in (await commune.trace(sha256(envelope))).events]
        assert events == [None, None, None, "03", "06"]


async def test_a_recall_reaches_the_receiver_and_its_answer_the_sender(
    site: Site, agency_key: SigningKey
) -> None:
    """13 brings the delivery back into the inbox, past the cursor; 15 withdraws it."""
    envelope = sealed(agency_key)
    path = wire.statuses_path(sha256(envelope))
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        await commune.send(envelope)
        await take(province, envelope)
        waiting = asyncio.create_task(province.inbox("?wait=20&after=1"))
        await asyncio.sleep(0.2)
        recall = status("13", sender="H99.31", to="H99", description="Gửi nhầm")
        assert (await commune.call("POST", path, data=recall))[0] == 200
        page = await asyncio.wait_for(waiting, 5)
        assert [item.state for item in page.items] == ["recall-asked"]
        code, _, body = await province.call("POST", path, data=status("15", description="Đồng ý"))
        assert (code, wire.StatusAccepted.from_json(body).state) == (200, "withdrawn")
        assert (await province.inbox()).items == ()
        gone = await province.call("GET", wire.envelope_path(sha256(envelope)))
        problem(gone, ProblemType.NOT_FOUND)
        assert [e.event for e in (await commune.trace(sha256(envelope))).events][-2:] == [
            "RecallAsked",
            "RecallAgreed",
        ]
        wrong = status("13", sender="H99.31", to="H99.31")
        problem(await commune.call("POST", path, data=wrong), ProblemType.BAD_STATUS)


async def test_a_handover_needs_the_right_digest_and_is_idempotent(
    site: Site, agency_key: SigningKey
) -> None:
    """A lost answer is asked for again; another agency's delivery is not there."""
    envelope = sealed(agency_key)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        await commune.send(envelope)
        path = wire.handover_path((await province.inbox()).items[0].delivery)
        right, wrong = (wire.Handover(sha256=sha256(data)).to_json() for data in (envelope, b"khac"))
        problem(await province.call("POST", path, data=wrong), ProblemType.DIGEST_MISMATCH)
        problem(await commune.call("POST", path, data=right), ProblemType.NOT_FOUND)
        problem(await province.call("POST", path, data=b"{"), ProblemType.BAD_REQUEST)
        missing = wire.handover_path("0" * 32)
        problem(await province.call("POST", missing, data=right), ProblemType.NOT_FOUND)
        first, second = [await province.call("POST", path, data=right) for _ in range(2)]
        assert (first[0], first[2]) == (second[0], second[2]) == (200, first[2])


async def test_a_confirmation_may_carry_the_receivers_own_signature(
    site: Site, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """Only the agency's own passes; its digest stands in the evidence."""
    import base64

    from docsign.detached import sign_detached

    envelope = sealed(agency_key)
    name = sha256(envelope)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        await commune.send(envelope)
        path = wire.handover_path((await province.inbox()).items[0].delivery)

        def confirmation(key: SigningKey, over: str) -> bytes:
            cms = base64.b64encode(sign_detached(over.encode(), key)).decode()
            return wire.Handover(sha256=name, signature=cms).to_json()

        for body in (confirmation(agency_key, name), confirmation(province_key, "0" * 64)):
            answer = await province.call("POST", path, data=body)
            problem(answer, ProblemType.SIGNATURE_NOT_ACCEPTED)
        assert (await province.call("POST", path, data=confirmation(province_key, name)))[0] == 200
        facts = await relay.relay.ledger.read(lambda tx: tx.facts(name))
        assert [part.id for part in facts[-1].evidence.parts] == ["envelope", "handover-signature"]


async def test_others_find_nothing(site: Site, agency_key: SigningKey, province_key: SigningKey) -> None:
    """What is not yours is not there: bytes, trace, receipt, statuses; and what is nowhere looks the same."""
    envelope = sealed(agency_key, to=("000.00.12.H99",))
    name = sha256(envelope)
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        assert (await commune.send(envelope))[0] == 201
        bodies = set()
        for thing in (name, sha256(b"khong co")):
            for path in (wire.envelope_path(thing), wire.trace_path(thing), wire.receipt_path(thing)):
                answer = await province.call("GET", path)
                problem(answer, ProblemType.NOT_FOUND)
                bodies.add(answer[2])
            answer = await province.call("POST", wire.statuses_path(thing), data=status("03"))
            problem(answer, ProblemType.NOT_FOUND)
            bodies.add(answer[2])
        assert len(bodies) == 1
        # the same bytes from another agency: no receipt, for they are not its own
        problem(await province.send(envelope), ProblemType.NOT_YOUR_AGENCY)


async def test_a_revocation_comes_from_the_original_sender_alone(
    site: Site, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """Kinds 1–3 about a document of another agency are refused (design: who may do what)."""
    from docsign.envelope.header import Business, BusinessKind

    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        assert (await commune.send(sealed(agency_key)))[0] == 201
        foreign = sealed(
            province_key,
            sender="H99",
            to=("H99.31",),
            business=Business(kind=BusinessKind.UPDATE, reason="Cập nhật", document_id=DOCUMENT),
        )
        problem(await province.send(foreign), ProblemType.NOT_YOUR_AGENCY)
        own = sealed(
            agency_key,
            number="126",
            business=Business(kind=BusinessKind.UPDATE, reason="Cập nhật", document_id=DOCUMENT),
        )
        assert (await commune.send(own))[0] == 201


async def test_two_computers_of_one_agency_do_not_fetch_the_same_at_once(
    site: Site, agency_key: SigningKey
) -> None:
    """The second one hears that the first is at it, and when to ask again."""
    second = site.authority.issue("tls", "Máy thứ hai của tỉnh thử nghiệm", agency="H99")
    path = site.folder / "second.pem"
    path.write_bytes(second.pem())
    await register(site.folder, "H99", "", tls=[path], sign=[])
    envelope = sealed(agency_key)
    fetch = wire.envelope_path(sha256(envelope))
    async with (
        site.served(lease=2) as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as one,
        site.client(relay.url, path) as two,
    ):
        await commune.send(envelope)
        assert (await one.call("GET", fetch))[0] == 200
        answer = await two.call("GET", fetch)
        assert problem(answer, ProblemType.LEASED).retry
        assert int(answer[1]["Retry-After"]) > 0
        assert (await one.call("GET", fetch, headers={"Range": "bytes=5-"}))[0] == 206
        await asyncio.sleep(2.1)
        assert (await two.call("GET", fetch))[0] == 200
        await take(two, envelope)
        assert (await one.call("GET", fetch))[0] == 200  # confirmed: no lease any more


async def test_the_directory_can_be_searched(site: Site) -> None:
    """By code and name, in Vietnamese."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        for query, codes in (("", ["000.00.12.H99", "H99", "H99.31"]), ("?q=t%E1%BB%89nh", ["H99"])):
            code, _, body = await commune.call("GET", wire.AGENCIES + query)
            assert code == 200
            assert [entry.code for entry in wire.AgencyPage.from_json(body).agencies] == codes
        problem(await commune.call("GET", wire.AGENCIES + "?q=" + "x" * 300), ProblemType.BAD_REQUEST)


async def test_unknown_addresses_and_methods(site: Site) -> None:
    """Problem documents, too."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        problem(await commune.call("GET", "/"), ProblemType.NOT_FOUND)
        problem(await commune.call("GET", "/v1/envelopes/../../relay.toml"), ProblemType.NOT_FOUND)
        problem(await commune.call("GET", wire.envelope_path("A" * 64)), ProblemType.NOT_FOUND)
        problem(await commune.call("DELETE", wire.INBOX), ProblemType.METHOD_NOT_ALLOWED)
        problem(await commune.call("GET", wire.INBOX + "?wait=-1"), ProblemType.BAD_REQUEST)
        problem(await commune.call("GET", wire.INBOX + "?after=x"), ProblemType.BAD_REQUEST)


async def test_health_is_told_on_its_own_port(site: Site) -> None:
    """To whoever reaches the loopback port; the wire port does not know it."""
    import aiohttp

    async with site.served() as relay, aiohttp.ClientSession() as session:
        for path in (wire.LIVE, wire.READY):
            async with session.get(relay.health_url + path) as answer:
                assert answer.status == 200, await answer.text()
        async with site.client(relay.url, "commune-tls") as commune:
            problem(await commune.call("GET", wire.LIVE), ProblemType.NOT_FOUND)
    async with site.served(least_free_space=2**60) as relay, aiohttp.ClientSession() as session:
        async with session.get(relay.health_url + wire.READY) as answer:
            assert (answer.status, json.loads(await answer.text())["reason"]) == (503, "disk full")
        async with session.get(relay.health_url + wire.LIVE) as answer:
            assert answer.status == 200
