"""Whatever is in a CMS file: an answer, within a budget of counted work."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.ades import der
from docsign.ades.cades import judge_signers
from docsign.ades.cades_budget import Budget
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Indication
from tests.ades.cades_world import BEGIN, CONTENT, HOUR, World
from tests.cades_builder import ARCHIVE_V2, ARCHIVE_V3, EVIDENCE_INTERNAL, SIGNATURE_STAMP, Cms, attribute
from tests.evidence_builder import Record, token

SECONDS = 15.0
"""Several times what the judgement of the worst file may take; in processor time."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all tests here."""
    folder = tmp_path_factory.mktemp("budget")
    return World(TrialAuthority.create(folder, key="p256", at=BEGIN - timedelta(days=100)))


@pytest.fixture(scope="module")
def rich(world: World) -> bytes:
    """A signature with everything: stamps, material, archive, record, counter-signatures."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).add_material([world.authority.root], world.crls)
    made.confirm(made.counter_sign(world.agency, BEGIN + HOUR)).archive_v2(world.tsa, BEGIN + 2 * HOUR)
    record = Record("asn1", {"CMS": made.encode()}).begin(world.archive_tsa, BEGIN + 2 * HOUR)
    made.signers[0].unsigned.append(attribute(EVIDENCE_INTERNAL, record.encode()))
    return made.archive(world.archive_tsa, BEGIN + 3 * HOUR).encode()


def answers(world: World, data: bytes) -> list[Indication]:
    """Judge, in time."""
    started = time.process_time()
    judged = judge_signers(data, content=CONTENT, trust=world.trust, at=BEGIN + 24 * HOUR)
    assert time.process_time() - started < SECONDS
    return [one.report.conclusion.indication for one in judged]


def test_the_rich_one_passes(world: World, rich: bytes) -> None:
    """Signer and counter-signer; every stamp in it, the record too."""
    judged = judge_signers(rich, content=CONTENT, trust=world.trust, at=BEGIN + 24 * HOUR)
    assert [one.report.conclusion.indication for one in judged] == [Indication.TOTAL_PASSED] * 2
    kinds = [(one.kind, one.conclusion.indication) for one in judged[0].report.timestamps]
    assert [kind for kind, _ in kinds] == ["signature", "archive", "archive", "evidence-record"]
    assert {answer for _, answer in kinds} == {Indication.TOTAL_PASSED}


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutations_have_an_answer(world: World, rich: bytes, data: st.DataObject) -> None:
    """One octet changed, or the end cut off: nothing raises; what the key signed cannot change and pass."""
    place = data.draw(st.integers(0, len(rich) - 1))
    changed = bytearray(rich)
    changed[place] ^= data.draw(st.integers(1, 255))
    answers(world, bytes(changed[: data.draw(st.sampled_from([len(rich)] * 5 + [place]))]))


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_put_in_place_of_others_have_an_answer(world: World, rich: bytes, data: st.DataObject) -> None:
    """Any value of the structure in the place of any other: only the lengths are sure to be right."""
    nodes = list(_nodes(rich))
    target, source = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
    answers(world, _replaced(rich, target, source.raw))


def _nodes(data: bytes) -> list[der.Node]:
    found: list[der.Node] = []
    waiting = [der.parse(data)]
    while waiting and len(found) < 400:
        node = waiting.pop(0)
        found.append(node)
        if node.tag & 0x20:
            waiting += node.children()
    return found


def _replaced(data: bytes, target: der.Node, value: bytes) -> bytes:
    """Put ``value`` in the place of a node, and correct the lengths of everything around it."""

    def written(node: der.Node) -> bytes:
        if (node.start, node.end) == (target.start, target.end):
            return value
        if not node.tag & 0x20 or not node.start < target.start < node.end:
            return node.raw
        return der.encode(node.tag, b"".join(written(child) for child in node.children()))

    return written(der.parse(data))


def test_stamps_without_end_are_not_judged(world: World) -> None:
    """Two thousand tokens on each of many signers: the first few are judged, the rest is said."""
    made = Cms.signed(CONTENT, *[world.person] * 40, at=BEGIN)
    one = token(world.tsa, "sha256", bytes(32), BEGIN + HOUR)
    for signer in made.signers:
        signer.parts()
        signer.unsigned += [attribute(SIGNATURE_STAMP, *[one] * 50), attribute(ARCHIVE_V3, one)]
    assert len(answers(world, made.encode())) == 40


def test_old_archives_over_large_content_are_a_budget(world: World) -> None:
    """Each archive-time-stamp-v2 wants the whole content digested anew, in several readings."""
    large = bytes(20_000_000)
    made = Cms.signed(large, world.person, at=BEGIN, attached=True)
    one = token(world.tsa, "sha256", bytes(32), BEGIN + HOUR)
    made.signers[0].parts()
    made.signers[0].unsigned.append(attribute(ARCHIVE_V2, *[one] * 500))
    started = time.process_time()
    judge_signers(made.encode(), trust=world.trust, at=BEGIN + 24 * HOUR)
    assert time.process_time() - started < SECONDS


def test_records_without_end_are_a_budget(world: World) -> None:
    """Hundreds of records that each want the CMS object written and digested anew."""
    made = world.signed()
    record = Record("asn1", {"CMS": b"x"}).begin(world.tsa, BEGIN + HOUR).encode()
    made.signers[0].unsigned.append(attribute(EVIDENCE_INTERNAL, *[record] * 300))
    judged = judge_signers(made.encode(), content=CONTENT, trust=world.trust, at=BEGIN + 24 * HOUR)
    assert len(judged[0].report.timestamps) == Budget().records


def test_a_budget_is_spent_once() -> None:
    """Each part runs out by itself."""
    budget = Budget(stamps=1, counters=1, records=1, hashed=10)
    assert (budget.stamp(), budget.counter(), budget.record(), budget.hash(10)) == (True,) * 4
    assert (budget.stamp(), budget.counter(), budget.record(), budget.hash(1)) == (False,) * 4
