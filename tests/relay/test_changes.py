"""Messages that revoke, update or replace a document, and a recall, from the sender's hand to the answer.

One test for each consequence on the receiver's side; every answer leaves what was delivered before as it is.
"""

from __future__ import annotations

from collections import Counter

import pytest

from docsign.envelope.header import Business, BusinessKind, Replacement
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from docsign.pki import SigningKey
from relay_server.app import BODIES
from relay_server.checking import check
from tests.relay.conftest import Client, Site, sealed, sha256
from tests.relay.test_wire_api import DOCUMENT, problem, status, take

KINDS = {
    BusinessKind.REVOKE: Business(kind=BusinessKind.REVOKE, reason="Thu hồi do sai thẩm quyền"),
    BusinessKind.UPDATE: Business(kind=BusinessKind.UPDATE, reason="Cập nhật", document_id=DOCUMENT),
    BusinessKind.REPLACE: Business(
        kind=BusinessKind.REPLACE,
        reason="Thay thế",
        replacements=(Replacement(document_id=DOCUMENT, organ_ids=("H99",)),),
    ),
}


async def answer(client: Client, envelope: bytes, code: str, number: str = "125") -> wire.StatusAccepted:
    """Send the receiver's status about an envelope."""
    message = status(code, document=f"H99.31,2026/11/16,{number}/UBND-VX", description="Đã thực hiện")
    answered = await client.call("POST", wire.statuses_path(sha256(envelope)), data=message)
    assert answered[0] == 200, answered
    return wire.StatusAccepted.from_json(answered[2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["15", "16"])
async def test_a_later_message_comes_behind_its_document_and_its_answer_changes_neither(
    kind: BusinessKind, code: str, site: Site, agency_key: SigningKey
) -> None:
    """Marked with its kind; 15 ("destroyed", "agreed") or 16 reaches the sender, both stand as they did."""
    first = sealed(agency_key)
    number = "125" if kind is BusinessKind.REVOKE else "126"  # a revocation names its document by its own id
    later = sealed(agency_key, number=number, subject="Về việc thay đổi", business=KINDS[kind])
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        for envelope in (first, later):
            assert (await commune.send(envelope))[0] == 201
        assert [(one.sha256, one.kind) for one in (await province.inbox()).items] == [
            (sha256(first), 0),
            (sha256(later), int(kind)),
        ]
        await take(province, first)
        assert (await answer(province, first, "03")).state == "accepted"
        refused = await province.call(
            "POST", wire.statuses_path(sha256(later)), data=status(code, document=_document(number))
        )
        problem(refused, ProblemType.STATUS_NOT_ALLOWED)  # nobody destroys what he has not been told of
        await take(province, later)
        for _ in range(2):
            assert (await answer(province, later, code, number)).state == "handed-over"
        told = await commune.trace(sha256(later))
        assert [one.state for one in told.deliveries] == ["handed-over"]
        event = "ChangeAgreed" if code == "15" else "ChangeRefused"
        last = told.events[-1]
        assert (last.event, last.receiver, last.actor, last.reasons[0].text) == (
            event, "H99", "H99", "Đã thực hiện",
        )  # fmt: skip
        assert Counter(one.event for one in told.events)[event] == 1
        before = await commune.trace(sha256(first))
        assert [one.state for one in before.deliveries] == ["accepted"]
        assert (await answer(province, first, "06")).state == "done"  # the work on the first goes on
    assert check(site.folder).troubles == []


def _document(number: str) -> str:
    return f"H99.31,2026/11/16,{number}/UBND-VX"


async def test_a_recall_of_what_was_fetched_asks_the_receiver_and_15_takes_it_from_him(
    site: Site, agency_key: SigningKey
) -> None:
    """13 after the handover waits in the inbox; after 15 nothing is handed out; 16 changes nothing."""
    envelopes = [sealed(agency_key, number=number) for number in ("125", "126")]
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        for envelope, number, code in zip(envelopes, ("125", "126"), ("15", "16"), strict=True):
            assert (await commune.send(envelope))[0] == 201
            await take(province, envelope)
            assert (await province.inbox()).items == ()
            path = wire.statuses_path(sha256(envelope))
            ask = status("13", sender="H99.31", to="H99", document=_document(number))
            assert (await commune.call("POST", path, data=ask))[0] == 200
            (item,) = (await province.inbox()).items
            assert (item.sha256, item.state) == (sha256(envelope), "recall-asked")
            await answer(province, envelope, code, number)
            assert (await province.inbox()).items == ()
        given_back, kept = (wire.envelope_path(sha256(envelope)) for envelope in envelopes)
        problem(await province.call("GET", given_back), ProblemType.NOT_FOUND)
        assert (await province.call("GET", kept))[0] == 200
    assert check(site.folder).troubles == []


async def test_many_receivers_are_served_from_one_stored_body(site: Site, agency_key: SigningKey) -> None:
    """Three deliveries with states of their own, and one file."""
    envelope = sealed(agency_key, to=("H99", "H99.12", "H99.31"))
    async with (
        site.served() as relay,
        site.client(relay.url, "commune-tls") as commune,
        site.client(relay.url, "province-tls") as province,
    ):
        assert (await commune.send(envelope))[0] == 201
        await take(province, envelope)
        states = {one.receiver: one.state for one in (await commune.trace(sha256(envelope))).deliveries}
        assert states == {"H99": "handed-over", "000.00.12.H99": "queued", "H99.31": "queued"}
        (item,) = (await commune.inbox()).items
        assert item.sha256 == sha256(envelope)
    assert stored(site) == {sha256(envelope): envelope}


def stored(site: Site) -> dict[str, bytes]:
    """Return what lies in the store, by file name."""
    return {path.name: path.read_bytes() for path in (site.folder / BODIES).rglob("*") if path.is_file()}
