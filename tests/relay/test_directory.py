"""Units and agencies: what is addressed to a unit without its own entry goes to its agency."""

from __future__ import annotations

import pytest

from docsign.exchange.wire import Handover, ProblemType
from relay_server.core.directory import parents
from relay_server.core.refusals import RefusalError
from relay_server.services import collect, follow
from tests.relay.test_use_cases import message
from tests.relay.values import COMMUNE, PROVINCE, digest
from tests.relay.world import World

UNIT, OFFICE = "H99.31.05", "H99.32"


def test_a_unit_belongs_to_its_agency_and_an_agency_to_nobody() -> None:
    """Nearest first; both written forms; a commune is no unit of its province."""
    assert parents("H99.31.05.02") == ("H99.31.05", "H99.31")
    assert parents("000.05.31.H99") == parents(UNIT) == ("H99.31",)
    assert parents("H99.31") == parents("H99") == parents("000.00.31.H99") == parents("") == ()


async def test_what_goes_to_a_unit_reaches_its_agency_once() -> None:
    """Two units and the agency itself are one delivery; recall and statuses find it; strangers do not."""
    world = await World.make(COMMUNE, OFFICE, PROVINCE)
    body = "H99.32.05,H99.32.06,H99.32|Gửi đơn vị trực thuộc"
    receipt = await world.send(body)
    assert receipt.evidence.recipients == (OFFICE,)
    me = world.callers[OFFICE]
    (item,) = (await collect.inbox(world.relay, me, after=0, limit=10, wait=0)).items
    await collect.hand_over(world.relay, me, item.delivery, Handover(sha256=item.sha256))
    recall = message("13", sender=COMMUNE, to="H99.32.06")
    told = await follow.take_status(world.relay, world.callers[COMMUNE], digest(body), recall)
    assert (told.receiver, told.state) == (OFFICE, "recall-asked")
    for look in (follow.trace, follow.receipt, collect.fetch):
        with pytest.raises(RefusalError) as caught:  # an agency sees its own traffic alone
            await look(world.relay, world.callers[PROVINCE], digest(body))
        assert caught.value.kind is ProblemType.NOT_FOUND
    with pytest.raises(RefusalError) as caught:
        await world.send("H99.77|không có trong danh bạ")
    assert caught.value.kind is ProblemType.UNKNOWN_RECEIVER


async def test_a_unit_with_its_own_entry_receives_itself() -> None:
    """The nearest entry counts."""
    world = await World.make(COMMUNE, OFFICE, "H99.32.05")
    receipt = await world.send("H99.32.05.01,H99.32|Gửi đơn vị")
    assert receipt.evidence.recipients == ("H99.32.05", OFFICE)
