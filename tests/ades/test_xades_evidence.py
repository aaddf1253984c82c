"""Evidence records inside XML signatures (TS 119 132-3): over all that the signature rests on, or failed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from lxml import etree

from docsign.ades.xades_judge import XadesJudgement, judge_xades
from docsign.ades.xml import parse
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Conclusion, Indication, SubIndication
from tests.ades.cades_world import BEGIN, HOUR, World
from tests.ades.xades_building import (
    built,
    by_id,
    c14n,
    detached,
    enveloping,
    signature_stamp,
    unsigned,
    with_unsigned,
)
from tests.evidence_builder import Record, digest, token

CONTENT = "Quyết định về việc thử nghiệm".encode()
SPACE = "http://uri.etsi.org/19132/v1.1.1#"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all."""
    folder = tmp_path_factory.mktemp("records")
    return World(TrialAuthority.create(folder, key="p256", at=BEGIN - timedelta(days=100)))


@pytest.fixture(scope="module")
def signer(world: World) -> SigningKey:
    """An agency of that authority."""
    begin = BEGIN - timedelta(days=90)
    return world.authority.issue("agency", "XÃ THỬ", agency="H99.31", key="rsa2048", at=begin).signing_key()


@pytest.fixture(scope="module")
def signature(world: World, signer: SigningKey) -> bytes:
    """A signature over a file beside it, with a time-stamp."""
    xml = built(detached(signer, {"van-ban.txt": CONTENT}))
    return signature_stamp(xml, lambda data: token(world.tsa, "sha256", digest("sha256", data), BEGIN + HOUR))


def members(xml: bytes, data: list[bytes]) -> dict[str, bytes]:
    """Return the group: what the references give, the signature's parts, unsigned properties and objects."""
    root = parse(xml)
    parts = list(by_id(root, "S1"))
    own = [one for one in parts[3:] if not any("QualifyingProperties" in str(child.tag) for child in one)]
    octets = [*data, c14n(by_id(root, "S1-P")), *map(c14n, (*parts[:3], *unsigned(root), *own))]
    return {f"{place}": one for place, one in enumerate(octets)}


def sealed(xml: bytes, record: Record) -> bytes:
    """Put the record into the signature."""
    text = record.encode()
    if record.form == "xml":
        inner = text.decode()
    else:
        inner = f"<en:ASN1EvidenceRecord>{base64.b64encode(text).decode()}</en:ASN1EvidenceRecord>"
    return with_unsigned(
        xml, f'<en:SealingEvidenceRecords xmlns:en="{SPACE}">{inner}</en:SealingEvidenceRecords>'
    )


def judged(world: World, xml: bytes, data: bytes = CONTENT) -> XadesJudgement:
    """Judge a day later."""
    at = BEGIN + timedelta(days=1)
    return judge_xades(xml, resolve={"van-ban.txt": data}.get, trust=world.trust, at=at)


def record_of(judgement: XadesJudgement) -> Conclusion:
    """Return the answer on the one record."""
    (found,) = [one for one in judgement.report.timestamps if one.kind == "evidence-record"]
    return found.conclusion


@pytest.mark.parametrize("form", ["asn1", "xml"])
@pytest.mark.parametrize("whole", [False, True], ids=["by members", "as one digest"])
def test_a_record_proves_when_the_signature_existed(
    world: World, signature: bytes, form: str, whole: bool
) -> None:
    """The group stands in the tree by its members, or as the digest of their sorted digests."""
    group = members(signature, [CONTENT])
    if whole:
        group = {"S1": b"".join(sorted(digest("sha256", one) for one in group.values()))}
    made = sealed(signature, Record(form, group).begin(world.archive_tsa, BEGIN + 2 * HOUR))
    judgement = judged(world, made)
    assert record_of(judgement) == Conclusion.passed(), judgement.report
    assert judgement.report.conclusion == Conclusion.passed()
    assert (judgement.report.level, judgement.report.best_signature_time) == ("XAdES-B-LTA", BEGIN + HOUR)


@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_without_a_time_stamp_the_record_gives_the_time(world: World, signer: SigningKey, form: str) -> None:
    """What was never stamped is as old as its record; an enveloping signature is a group, too."""
    xml = built(enveloping(signer, "<don>Kính gửi</don>"))
    target = next(one for one in parse(xml).iter("{*}Object") if one.get("Id"))
    group = members(xml, [c14n(target)])
    made = sealed(xml, Record(form, group).begin(world.archive_tsa, BEGIN + 2 * HOUR))
    report = judged(world, made).report
    assert (report.conclusion, report.best_signature_time) == (Conclusion.passed(), BEGIN + 2 * HOUR), report


@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_a_renewed_tree_is_read(world: World, signature: bytes, form: str) -> None:
    """Also where the record was renewed outside the signature: in XML that is another canonical form."""
    record = Record(form, members(signature, [CONTENT])).begin(world.archive_tsa, BEGIN + 2 * HOUR)
    record.renew_tree(world.archive_tsa, BEGIN + 3 * HOUR)
    assert record_of(judged(world, sealed(signature, record))) == Conclusion.passed()


def leaves_out_the_stamp(group: dict[str, bytes]) -> dict[str, bytes]:
    """The unsigned property before the record is not in the group."""
    return dict(list(group.items())[:-1])


def forgets_the_content(group: dict[str, bytes]) -> dict[str, bytes]:
    """The group is the signature alone."""
    return dict(list(group.items())[1:])


def belongs_to_another(group: dict[str, bytes]) -> dict[str, bytes]:
    """The record is about something else."""
    return {name: data + b" " for name, data in group.items()}


@pytest.mark.parametrize("trick", [leaves_out_the_stamp, forgets_the_content, belongs_to_another])
@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_a_record_that_is_about_less_fails_itself(
    world: World, signature: bytes, form: str, trick: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    """The record fails, the signature stands as without it."""
    group = trick(members(signature, [CONTENT]))
    judgement = judged(
        world, sealed(signature, Record(form, group).begin(world.archive_tsa, BEGIN + 2 * HOUR))
    )
    assert record_of(judgement) == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert judgement.report.conclusion == Conclusion.passed()


def test_a_changed_file_fails_both(world: World, signature: bytes) -> None:
    """What the signature signs is in the group."""
    record = Record("xml", members(signature, [CONTENT])).begin(world.archive_tsa, BEGIN + 2 * HOUR)
    judgement = judged(world, sealed(signature, record), b"khac")
    assert record_of(judgement) == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)


@pytest.mark.parametrize(
    "inner", ["<x/>", "<en:ASN1EvidenceRecord>?</en:ASN1EvidenceRecord>", "<en:ASN1EvidenceRecord/>"]
)
def test_a_malformed_record_fails_itself(world: World, signature: bytes, inner: str) -> None:
    """Its form is wrong, the signature stands."""
    made = with_unsigned(
        signature, f'<en:SealingEvidenceRecords xmlns:en="{SPACE}">{inner}</en:SealingEvidenceRecords>'
    )
    judgement = judged(world, made)
    assert record_of(judgement) == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert judgement.report.conclusion == Conclusion.passed()


def test_without_the_file_it_is_not_decided(world: World, signature: bytes) -> None:
    """Nobody knows whether the record is about it."""
    record = Record("xml", members(signature, [CONTENT])).begin(world.archive_tsa, BEGIN + 2 * HOUR)
    made = sealed(signature, record)
    judgement = judge_xades(made, resolve=lambda _: None, trust=world.trust, at=BEGIN + timedelta(days=1))
    assert record_of(judgement).indication is Indication.INDETERMINATE


def test_a_record_of_another_namespace_is_none(world: World, signature: bytes) -> None:
    """What only looks like one is passed over."""
    made = with_unsigned(signature, '<SealingEvidenceRecords xmlns="urn:khac"/>')
    assert etree.fromstring(made) is not None
    assert [one.kind for one in judged(world, made).report.timestamps] == ["signature"]
