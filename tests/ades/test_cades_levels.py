"""CAdES beyond B-B: time-stamps of every kind, material, archives, counter-signatures, what signers state."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms

from docsign.ades import archive_imprint, der
from docsign.ades import cades_attributes as ca
from docsign.ades import signed_data as sd
from docsign.ades.cades import CmsJudgement, judge_cms
from docsign.ades.cades_evidence import judge_evidence
from docsign.ades.cades_stamps import stamps_of
from docsign.ades.cades_values import attribute_values, validation_values
from docsign.ades.counter_signatures import MOST_COUNTER_SIGNATURES, counter_signatures
from docsign.ades.stamped import name_of
from docsign.pki import SigningKey
from docsign.pki.authority import TrialAuthority
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, Indication, SubIndication
from tests.ades.cades_world import BEGIN, CONTENT, HOUR, World
from tests.cades_builder import (
    CERTIFICATE_V2,
    CONTENT_STAMP,
    EVIDENCE_EXTERNAL,
    EVIDENCE_INTERNAL,
    SIGNATURE_STAMP,
    Cms,
    Signer,
    algorithm,
    attribute,
    names_certificate,
    oid,
    sha256,
)
from tests.evidence_builder import Record, digest, tlv, token


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all tests here."""
    folder = tmp_path_factory.mktemp("cades")
    return World(TrialAuthority.create(folder, key="p256", at=BEGIN - timedelta(days=100)))


def codes(judgement: CmsJudgement) -> set[str]:
    """Return the codes of the findings."""
    return {finding.code for finding in judgement.report.findings}


def stamps(judgement: CmsJudgement) -> list[tuple[str, Indication]]:
    """Return kind and answer of each time-stamp."""
    return [(one.kind, one.conclusion.indication) for one in judgement.report.timestamps]


PASSED = Indication.TOTAL_PASSED


# --- levels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attached", [False, True])
def test_every_level_is_named_and_passes(world: World, attached: bool) -> None:
    """B-B, B-T, B-LT, B-LTA, detached and attached: each step adds to the one before (EN 319 122-1 6.3)."""
    made = world.signed(attached=attached)
    content = None if attached else CONTENT
    levels: list[str] = []
    for step in (
        lambda: None,
        lambda: made.stamp(world.tsa, BEGIN + HOUR),
        lambda: made.add_material([world.authority.root], world.crls),
        lambda: made.archive(world.archive_tsa, BEGIN + 2 * HOUR),
    ):
        step()
        report = world.judged(made, content=content).report
        assert report.conclusion == Conclusion.passed(), report.findings
        levels.append(report.level)
    assert levels == ["CAdES-B-B", "CAdES-B-T", "CAdES-B-LT", "CAdES-B-LTA"]
    judgement = world.judged(made, content=content)
    assert stamps(judgement) == [("signature", PASSED), ("archive", PASSED)]
    assert judgement.report.best_signature_time == BEGIN + HOUR
    assert [one.id for one in judgement.report.timestamps] == ["S1-T1", "S1-T2"]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_hash_index_is_read(world: World, version: int) -> None:
    """ats-hash-index of TS 101 733, -v2 and -v3 (EN 319 122-1 5.5.2, A.2.6), in SHA-256 and SHA-512."""
    for name in ("sha256", "sha512"):
        made = world.signed().stamp(world.tsa, BEGIN + HOUR).add_values([world.authority.root], world.crls)
        made.archive(world.archive_tsa, BEGIN + 2 * HOUR, version=version, name=name)
        judgement = world.judged(made)
        assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
        assert stamps(judgement)[-1] == ("archive", PASSED)
        assert judgement.report.level == "CAdES-B-LTA"


def test_the_older_archive_time_stamp_is_read(world: World) -> None:
    """Version 2 (TS 101 733 6.4.1) over everything before it, twice over; attached and detached.

    Programs differ in whether the tag of the unsigned attributes is among what is stamped.
    """
    for attached, tagged in ((False, True), (True, True), (False, False)):
        made = world.signed(attached=attached).stamp(world.tsa, BEGIN + HOUR)
        made.add_material([world.authority.root], world.crls)
        made.archive_v2(world.archive_tsa, BEGIN + 2 * HOUR, tagged=tagged)
        made.archive_v2(world.archive_tsa, BEGIN + 3 * HOUR, tagged=tagged)
        judgement = world.judged(made, content=None if attached else CONTENT)
        assert stamps(judgement) == [("signature", PASSED), ("archive", PASSED), ("archive", PASSED)]


@pytest.mark.parametrize(("whole", "kind"), [(True, "signature"), (False, "archive")])
def test_stamps_over_references_are_read(world: World, whole: bool, kind: str) -> None:
    """CAdES-C and references-only time-stamps (EN 319 122-1 A.1.5); the latter proves no signature."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).references(world.tsa, BEGIN + 2 * HOUR, whole=whole)
    judgement = world.judged(made)
    assert stamps(judgement) == [("signature", PASSED), (kind, PASSED)]
    alone = world.signed().references(world.tsa, BEGIN + 2 * HOUR, whole=whole)
    proved = world.judged(alone).report.best_signature_time
    assert proved == (BEGIN + 2 * HOUR if whole else None)


def test_there_may_be_content_time_stamps_of_several_services(world: World) -> None:
    """EN 319 122-1 5.2.8, 6.3: the one signed attribute that may stand more than once; each is judged."""
    made = world.signed()
    for tsa, over in ((world.tsa, CONTENT), (world.archive_tsa, CONTENT), (world.tsa, b"khac")):
        stamp = token(tsa, "sha256", sha256(over), BEGIN - HOUR)
        made.signers[0].signed.append(attribute(CONTENT_STAMP, stamp))
    made.signers[0].sign()
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert [one for _, one in stamps(judgement)].count(PASSED) == 2
    broken = Conclusion.failed(SubIndication.HASH_FAILURE)
    assert [one.conclusion for one in judgement.report.timestamps].count(broken) == 1


def test_a_content_time_stamp_proves_the_content_alone(world: World) -> None:
    """It is judged over the content, and says nothing of when the signature was made (EN 319 122-1 5.2.8)."""
    made = world.signed()
    signer = made.signers[0]
    signer.signed.append(attribute(CONTENT_STAMP, token(world.tsa, "sha256", sha256(CONTENT), BEGIN - HOUR)))
    signer.sign()
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert stamps(judgement) == [("content", PASSED)]
    assert (judgement.report.level, judgement.report.best_signature_time) == ("CAdES-B-B", None)


def test_an_archive_outlives_the_certificate(world: World) -> None:
    """Two years on the signer's certificate has ended; the time-stamps prove that the signature is older."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR)
    made.add_material([world.authority.root], world.crls).archive(world.archive_tsa, BEGIN + 2 * HOUR)
    short = world.authority.issue(
        "person",
        "Trần Thị Thử",
        key="p256",
        not_before=BEGIN - HOUR,
        not_after=BEGIN + timedelta(days=30),
        at=BEGIN,
    ).signing_key()
    brief = Cms.signed(CONTENT, short, at=BEGIN)
    assert world.judged(brief, days=60).report.conclusion == Conclusion.indeterminate(
        SubIndication.OUT_OF_BOUNDS_NO_POE
    )
    brief.stamp(world.tsa, BEGIN + HOUR).archive(world.archive_tsa, BEGIN + 2 * HOUR)
    judgement = world.judged(brief, days=60)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings


# --- archives that were tampered with -----------------------------------------------------------------------


def test_a_value_gone_from_the_archive_fails_its_stamp(world: World) -> None:
    """A certificate the index lists was taken out: the stamp proves nothing any more, the reason is said."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).add_material([world.authority.root], world.crls)
    made.archive(world.archive_tsa, BEGIN + 2 * HOUR)
    made.certificates.pop()
    judgement = world.judged(made)
    assert "archive-index" in codes(judgement)
    assert stamps(judgement)[-1] == ("archive", Indication.TOTAL_FAILED)
    assert judgement.report.conclusion == Conclusion.passed()  # the signature itself is as good as before


def test_what_came_after_the_archive_is_not_covered(world: World) -> None:
    """Added values leave the stamp as it is, and are proved by nothing."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).archive(world.archive_tsa, BEGIN + 2 * HOUR)
    made.add_material([world.authority.root], world.crls)
    data = sd.read_signed_data(made.encode())
    found = stamps_of(data, data.signers[0], content=CONTENT, digest=sha, id="S1").listed[-1]
    assert name_of(data.signers[0].signature) in found.covers
    assert name_of(made.signers[0].key.certificate) in found.covers
    assert name_of(world.authority.root) not in found.covers
    assert not {name_of(one) for one in world.crls} & found.covers
    assert stamps(world.judged(made))[-1] == ("archive", PASSED)


def test_an_older_archive_covers_only_what_was_there(world: World) -> None:
    """Version 2: attributes added behind it do not spoil it, nor are they covered."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).archive_v2(world.archive_tsa, BEGIN + 2 * HOUR)
    made.add_values([world.authority.root], world.crls)
    data = sd.read_signed_data(made.encode())
    found = stamps_of(data, data.signers[0], content=CONTENT, digest=sha, id="S1").listed[-1]
    assert stamps(world.judged(made))[-1] == ("archive", PASSED)
    assert name_of(made.signers[0].key.certificate) in found.covers
    assert name_of(world.authority.root) not in found.covers


def sha(name: str) -> bytes:
    """Digest CONTENT."""
    return digest(name, CONTENT)


def test_an_index_that_lies_fails_its_stamp(world: World) -> None:
    """A digest of nothing in the index; the stamp itself was made over that index."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR)
    made.archive(world.archive_tsa, BEGIN + 2 * HOUR, change=lambda lists: lists[0].append(bytes(32)))
    assert stamps(world.judged(made))[-1] == ("archive", Indication.TOTAL_FAILED)


def test_an_archive_without_its_index_fails(world: World) -> None:
    """The version 3 token has to carry exactly one index (EN 319 122-1 5.5.2)."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR)
    bare = token(world.archive_tsa, "sha256", sha256(b"?"), BEGIN + 2 * HOUR)
    made.signers[0].unsigned.append(attribute("0.4.0.1733.2.4", bare))
    judgement = world.judged(made)
    assert "archive-index" in codes(judgement)
    assert stamps(judgement)[-1] == ("archive", Indication.TOTAL_FAILED)
    with pytest.raises(Exception, match="exactly one index"):
        archive_imprint.hash_index(sd.read_signed_data(bare))


def test_changed_content_fails_signature_and_archive(world: World) -> None:
    """Both stand over the content."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).archive(world.archive_tsa, BEGIN + 2 * HOUR)
    judgement = world.judged(made, content=CONTENT + b".")
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert stamps(judgement)[-1] == ("archive", Indication.TOTAL_FAILED)


def test_validation_values_are_found_wherever_they_lie(world: World) -> None:
    """In the sets, in the older attributes; what is no certificate is passed over."""
    made = world.signed().add_values([world.authority.root], world.crls)
    data = sd.read_signed_data(made.encode())
    assert attribute_values(data.signers[0]).certificates == (world.authority.root,)
    assert set(validation_values(data, data.signers[0]).crls) == set(world.crls)
    made.signers[0].unsigned.append(attribute("1.2.840.113549.1.9.16.2.24", tlv(0x30, tlv(0xA0, tlv(5)))))
    data = sd.read_signed_data(made.encode())
    assert set(validation_values(data, data.signers[0]).crls) == set(world.crls)
    beside = world.signed().add_material([], world.crls)
    data = sd.read_signed_data(beside.encode())
    assert set(validation_values(data, data.signers[0]).crls) == set(world.crls)


def test_an_ocsp_answer_among_the_revocation_values_is_found(world: World) -> None:
    """RFC 5940: as other revocation information; in revocation-values as a basic answer."""
    basic = tlv(0x30, b"basic")
    whole = sd.ocsp_response(basic)
    made = world.signed()
    made.revocations.append(tlv(0xA1, oid("1.3.6.1.5.5.7.16.2"), whole))
    made.signers[0].unsigned.append(
        attribute("1.2.840.113549.1.9.16.2.24", tlv(0x30, tlv(0xA1, tlv(0x30, basic))))
    )
    data = sd.read_signed_data(made.encode())
    assert validation_values(data, data.signers[0]).ocsps == (whole,)
    assert next(iter(der.parse(whole).children())).raw == b"\x0a\x01\x00"


# --- counter-signatures -------------------------------------------------------------------------------------


def test_counter_signatures_are_signatures_of_their_own(world: World) -> None:
    """Two confirm the first, one confirms a confirmation; each over its own parent (RFC 5652 11.4)."""
    made = world.signed()
    first = made.counter_sign(world.agency, BEGIN + HOUR)
    second = made.counter_sign(world.person, BEGIN + HOUR)
    nested = Signer.of(world.person, first.value, at=BEGIN + 2 * HOUR, content_type=False).sign()
    first.unsigned.append(attribute("1.2.840.113549.1.9.6", nested.der()))
    answers = world.all(made.confirm(first, second))
    assert [one.report.id for one in answers] == ["S1", "S1-C1", "S1-C1-C1", "S1-C2"]
    assert [one.confirms for one in answers] == ["", "S1", "S1-C1", "S1"]
    for one in answers:
        assert one.report.conclusion == Conclusion.passed(), (one.report.id, one.report.findings)
    assert answers[1].report.signer == "Ủy ban thử nghiệm"
    assert all("counter-signature" in codes(one) for one in answers[1:])
    assert world.judged(made).report.id == "S1"  # one signer, whoever confirms it


def wrong_parent(world: World, made: Cms) -> Signer:
    """It confirms another signature."""
    return Signer.of(world.agency, b"another value", at=BEGIN, content_type=False).sign()


def signs_a_content_type(world: World, made: Cms) -> Signer:
    """RFC 5652 11.4 forbids it."""
    return made.counter_sign(world.agency, BEGIN, content_type=True)


def spoiled_value(world: World, made: Cms) -> Signer:
    """Its value is that of another key."""
    one = made.counter_sign(world.agency, BEGIN)
    one.value = world.person.sign(tlv(0x31, one.attributes()))
    return one


@pytest.mark.parametrize(
    ("trick", "sub"),
    [
        (wrong_parent, SubIndication.HASH_FAILURE),
        (signs_a_content_type, SubIndication.FORMAT_FAILURE),
        (spoiled_value, SubIndication.SIG_CRYPTO_FAILURE),
    ],
)
def test_a_broken_counter_signature_fails_by_itself(
    world: World, trick: Callable[[World, Cms], Signer], sub: SubIndication
) -> None:
    """The signature it stands on stays as it is."""
    made = world.signed()
    made.add_certificates(world.agency)
    made.signers[0].parts()
    first, counter = world.all(made.confirm(trick(world, made)))
    assert first.report.conclusion == Conclusion.passed()
    assert counter.report.conclusion == Conclusion.failed(sub), counter.report.findings


def test_a_counter_signature_that_is_none(world: World) -> None:
    """Junk in its place is a signature that cannot be read."""
    made = world.signed()
    made.signers[0].parts()
    made.signers[0].unsigned.append(attribute("1.2.840.113549.1.9.6", tlv(0x30, tlv(5))))
    _, counter = world.all(made)
    assert counter.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert codes(counter) == {"counter-signature-form"}


def test_counter_signatures_are_a_budget(world: World) -> None:
    """A hundred of them, or one in the other sixty deep: some are judged, nothing hangs."""
    made = world.signed()
    one = made.counter_sign(world.agency, BEGIN)
    made.confirm(*[one] * 100)
    data = sd.read_signed_data(made.encode())
    found = list(counter_signatures(data.signers[0], "S1"))
    assert [one.signer is None for one in found] == [False] * MOST_COUNTER_SIGNATURES + [True]
    deep = one.der()
    for _ in range(60):
        deep = one.der([attribute("1.2.840.113549.1.9.6", deep)])
    made.signers[0].unsigned = [attribute("1.2.840.113549.1.9.6", deep)]
    data = sd.read_signed_data(made.encode())
    found = list(counter_signatures(data.signers[0], "S1"))
    assert [one.signer is None for one in found] == [False] * 8 + [True]


# --- strictness ---------------------------------------------------------------------------------------------


def test_several_signers_each_have_their_answer(world: World) -> None:
    """Two in parallel; one of them spoiled."""
    made = Cms.signed(CONTENT, world.person, world.agency, at=BEGIN)
    assert [one.report.conclusion for one in world.all(made)] == [Conclusion.passed()] * 2
    made.signers[1].value = made.signers[0].value
    first, second = world.all(made)
    assert first.report.conclusion == Conclusion.passed()
    assert second.report.conclusion == Conclusion.failed(SubIndication.SIG_CRYPTO_FAILURE)
    assert (first.report.id, second.report.id) == ("S1", "S2")


def test_signed_attributes_stand_in_the_order_of_der(world: World) -> None:
    """A SET OF is sorted (X.690 11.6); the signature over the unsorted one does not help."""
    made = world.signed()
    signer = made.signers[0]
    signer.signed, signer.in_order, signer.value = sorted(signer.signed, reverse=True), False, b""
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert "attribute-order" in codes(judgement)


def test_both_attributes_may_name_the_certificate_if_they_agree(world: World) -> None:
    """signing-certificate and -v2 (EN 319 122-1 5.2.2); two different certificates are no signature."""
    made = world.signed()
    signer = made.signers[0]
    signer.signed.append(names_certificate(world.person.certificate, v1=True))
    signer.sign()
    assert world.judged(made).report.conclusion == Conclusion.passed()
    signer.signed[-1] = names_certificate(world.agency.certificate, v1=True)
    signer.sign()
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert "signing-certificates-disagree" in codes(judgement)


def test_a_certificate_named_twice_in_one_form_is_refused(world: World) -> None:
    """The attribute stands once (RFC 5035 5.4)."""
    made = world.signed()
    made.signers[0].signed.append(names_certificate(world.agency.certificate))
    made.signers[0].sign()
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert "duplicated-attribute" in codes(judgement)
    assert CERTIFICATE_V2 in judgement.report.findings[0].sentence.text("en")


def test_other_content_inside_than_beside_is_refused(world: World) -> None:
    """Whether what lies beside it comes as bytes or as its digest."""
    data = world.signed(attached=True).encode()
    at = BEGIN + HOUR
    as_bytes = judge_cms(data, content=b"khac", trust=world.trust, at=at).report
    as_digest = judge_cms(
        data, content_digest=lambda name: digest(name, b"khac"), trust=world.trust, at=at
    ).report
    for report in (as_bytes, as_digest):
        assert report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    right = judge_cms(data, content_digest=lambda name: digest(name, CONTENT), trust=world.trust, at=at)
    assert right.report.conclusion == Conclusion.passed()


def test_a_second_content_is_refused(world: World) -> None:
    """Two octet strings where one may stand; and bytes behind the end."""
    made = world.signed(attached=True)
    one = tlv(0x30, oid("1.2.840.113549.1.7.1"), tlv(0xA0, tlv(4, CONTENT)))
    two = tlv(0x30, oid("1.2.840.113549.1.7.1"), tlv(0xA0, tlv(4, CONTENT), tlv(4, b"khac")))
    assert made.encapsulated() == one
    made.encapsulated = lambda: two  # type: ignore[method-assign]
    assert world.judged(made, content=None).report.conclusion == Conclusion.failed(
        SubIndication.FORMAT_FAILURE
    )
    trailing = world.signed().encode() + b"\0"
    assert world.judged(trailing).report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def test_ber_is_read_but_not_in_the_signed_attributes(world: World) -> None:
    """Streamed outside (RFC 5652 5.2), DER inside (5.3); parted content is put together."""
    made = world.signed(attached=True)
    parts = made.members([one.der() for one in made.signers])
    content = b"\x24\x80" + tlv(4, CONTENT[:5]) + tlv(4, CONTENT[5:]) + b"\0\0"
    parts[2] = b"\x30\x80" + oid("1.2.840.113549.1.7.1") + b"\xa0\x80" + content + b"\0\0" * 2
    head = oid("1.2.840.113549.1.7.2")
    for wrap in (
        lambda body: tlv(0x30, head, tlv(0xA0, tlv(0x30, body))),
        lambda body: b"\x30\x80" + head + b"\xa0\x80\x30\x80" + body + b"\0\0" * 3,
    ):
        judgement = world.judged(wrap(b"".join(parts)), content=None)
        assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    signer = made.signers[0]
    inside = signer.parts()
    inside[3] = b"\xa0\x80" + signer.attributes()[:0] + _first_indefinite(signer) + b"\0\0"
    parts[-1] = tlv(0x31, tlv(0x30, *inside))
    judgement = world.judged(tlv(0x30, head, tlv(0xA0, tlv(0x30, *parts))), content=None)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


def _first_indefinite(signer: Signer) -> bytes:
    """Write the signed attributes with the first of them in indefinite length."""
    first, *rest = sorted(signer.signed)
    inside = first[2:] if first[1] < 0x80 else first[3:]
    return b"\x30\x80" + inside + b"\0\0" + b"".join(rest)


# --- what the signer states ---------------------------------------------------------------------------------


def stating(world: World, *attributes: bytes) -> Cms:
    """Sign with more signed attributes."""
    made = world.signed()
    made.signers[0].signed += attributes
    made.signers[0].sign()
    return made


POLICY = b"%PDF- chinh sach ky thu nghiem"


def policy(document: bytes = POLICY) -> bytes:
    """Write an explicit signature policy."""
    qualifier = tlv(0x30, oid("1.2.840.113549.1.9.16.5.1"), tlv(0x16, b"http://policy.example/"))
    value = tlv(
        0x30, oid("1.2.3.4"), tlv(0x30, algorithm("sha256"), tlv(4, sha256(document))), tlv(0x30, qualifier)
    )
    return attribute(ca.SIGNATURE_POLICY, value)


def test_statements_are_shown(world: World) -> None:
    """Policy, commitment, place, roles, type of content: named, with the place of the policy."""
    made = stating(
        world,
        policy(),
        attribute(ca.COMMITMENT, tlv(0x30, oid("1.2.840.113549.1.9.16.6.5"))),
        attribute(
            ca.SIGNER_LOCATION,
            tlv(0x30, tlv(0xA0, tlv(0x0C, b"VN")), tlv(0xA1, tlv(0x0C, "Hà Nội".encode()))),
        ),
        attribute("0.4.0.19122.1.1", tlv(0x30, tlv(0xA0, tlv(0x30)))),
        attribute(ca.MIME_TYPE, tlv(0x0C, b"application/pdf")),
    )
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    said = {one.code: (one.sentence.text("en"), one.where) for one in judgement.report.findings}
    assert said["signature-policy"] == (
        "The signature follows the signature policy 1.2.3.4.",
        "http://policy.example/",
    )
    assert said["commitment"][0] == "The signer states: approval of the content."
    assert said["signer-location"][0] == "The signer gives as the place: Hà Nội, VN."
    assert "application/pdf" in said["mime-type"][0]
    assert "signer-attributes" in said


def test_an_implied_policy_is_named(world: World) -> None:
    """NULL in its place (EN 319 122-1 5.2.9.1)."""
    judgement = world.judged(stating(world, attribute(ca.SIGNATURE_POLICY, tlv(5))))
    assert judgement.report.conclusion == Conclusion.passed()
    assert "signature-policy" in codes(judgement)


def test_a_policy_at_hand_is_checked(world: World) -> None:
    """Given by the caller or stored in the signature; another document is an error of the policy."""
    made = stating(world, policy())

    def judged(document: bytes) -> Conclusion:
        return judge_cms(
            made.encode(),
            content=CONTENT,
            trust=world.trust,
            at=BEGIN + HOUR,
            policies={"1.2.3.4": document},
        ).report.conclusion

    assert judged(POLICY) == Conclusion.passed()
    assert judged(b"khac") == Conclusion.indeterminate(SubIndication.POLICY_PROCESSING_ERROR)
    store = attribute(ca.POLICY_STORE, tlv(0x30, tlv(0x16, b"http://policy.example/"), tlv(4, b"khac")))
    made.signers[0].unsigned.append(store)
    assert world.judged(made).report.conclusion == Conclusion.indeterminate(
        SubIndication.POLICY_PROCESSING_ERROR
    )


# --- evidence records inside --------------------------------------------------------------------------------


@pytest.mark.parametrize("external", [False, True])
def test_an_evidence_record_inside_proves_the_signature(world: World, external: bool) -> None:
    """Over the CMS object as it was without the record; outside content joins the group (RFC 4998 app. A)."""
    made = world.signed(attached=not external)
    objects = {"CMS": made.encode(), **({"eContent": CONTENT} if external else {})}
    record = Record("asn1", objects).begin(world.archive_tsa, BEGIN + HOUR)
    name = EVIDENCE_EXTERNAL if external else EVIDENCE_INTERNAL
    made.signers[0].unsigned.append(attribute(name, record.encode()))
    judgement = world.judged(made, content=CONTENT if external else None)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert judgement.report.level == "CAdES-B-LTA"
    assert stamps(judgement) == [("evidence-record", PASSED)]
    assert judgement.report.best_signature_time == BEGIN + HOUR


def test_a_record_of_another_signature_fails_itself_alone(world: World) -> None:
    """The record says so, the signature is as good as without it and as old as it can prove otherwise."""
    made = world.signed()
    record = Record("asn1", {"CMS": b"another"}).begin(world.archive_tsa, BEGIN + HOUR)
    made.signers[0].unsigned.append(attribute(EVIDENCE_INTERNAL, record.encode()))
    judgement = world.judged(made)
    assert judgement.report.conclusion == Conclusion.passed()
    assert stamps(judgement) == [("evidence-record", Indication.TOTAL_FAILED)]
    assert judgement.report.best_signature_time is None
    data = sd.read_signed_data(made.encode())
    _, proofs = judge_evidence(
        data,
        data.signers[0],
        digest=sha,
        beside=ValidationData(),
        trust=world.trust,
        at=BEGIN + 2 * HOUR,
        id="S1",
    )
    assert proofs == ()


def test_a_record_over_a_stamped_signature_covers_the_stamp(world: World) -> None:
    """What stood in the unsigned attributes before the record is proved with it."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR)
    record = Record("asn1", {"CMS": made.encode()}).begin(world.archive_tsa, BEGIN + 2 * HOUR)
    made.signers[0].unsigned.append(attribute(EVIDENCE_INTERNAL, record.encode()))
    data = sd.read_signed_data(made.encode())
    reports, (proof,) = judge_evidence(
        data,
        data.signers[0],
        digest=sha,
        beside=ValidationData(),
        trust=world.trust,
        at=BEGIN + 3 * HOUR,
        id="S1",
    )
    (stamp,) = data.signers[0].unsigned_values(SIGNATURE_STAMP)
    assert reports[0].conclusion == Conclusion.passed()
    assert {name_of(stamp.raw), name_of(data.signers[0].signature)} <= proof.covers


# --- over time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2, 3, 0])
@pytest.mark.parametrize(
    ("archived", "days", "passes"), [(50, 100, True), (70, 100, False), (None, 100, False)]
)
def test_an_archive_in_time_keeps_what_ended_meanwhile(
    world: World, version: int, archived: int | None, days: int, passes: bool
) -> None:
    """Signer ends on day 30, its time-stamping service on day 60: the archive must come before (5.6.3.4).

    Version 0 stands for the archive-time-stamp-v2 of TS 101 733.
    """

    def until(kind: str, name: str, end: int) -> SigningKey:
        return world.authority.issue(
            kind,  # type: ignore[arg-type]
            name,
            key="p256",
            not_before=BEGIN - HOUR,
            not_after=BEGIN + timedelta(days=end),
            at=BEGIN,
        ).signing_key()

    signer, service = until("person", "Trần Thị Thử", 30), until("tsa", "Dấu thời gian ngắn hạn", 60)
    made = Cms.signed(CONTENT, signer, at=BEGIN).stamp(service, BEGIN + HOUR)
    made.add_material([world.authority.root], world.crls)
    if archived is not None:
        moment = BEGIN + timedelta(days=archived)
        if version:
            made.archive(world.archive_tsa, moment, version=version)
        else:
            made.archive_v2(world.archive_tsa, moment)
    judgement = world.judged(made, days=days)
    if passes:
        assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
        assert judgement.report.best_signature_time == BEGIN + HOUR
    else:
        assert judgement.report.conclusion.indication is Indication.INDETERMINATE
    assert world.judged(made, days=20).report.conclusion.indication is PASSED or archived is not None


def test_a_copied_archive_proves_nothing(world: World) -> None:
    """The archive of one signature put into another one fails by its imprint."""
    first = world.signed().stamp(world.tsa, BEGIN + HOUR).archive(world.archive_tsa, BEGIN + 2 * HOUR)
    other = Cms.signed("khác".encode(), world.person, at=BEGIN).stamp(world.tsa, BEGIN + HOUR)
    other.signers[0].unsigned.append(first.signers[0].unsigned[-1])
    judgement = world.judged(other, content="khác".encode())
    assert stamps(judgement)[-1] == ("archive", Indication.TOTAL_FAILED)


# --- second opinions ----------------------------------------------------------------------------------------


def verified_by_openssl(made: Cms, world: World, folder: Path) -> bool:
    """Say whether ``openssl cms -verify -cades`` takes a signature over CONTENT."""
    (folder / "content").write_bytes(CONTENT)
    (folder / "signature").write_bytes(made.encode())
    root = world.authority.trust_folder / "root.pem"
    done = subprocess.run(
        [
            *("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any"),
            *("-in", str(folder / "signature"), "-content", str(folder / "content"), "-CAfile", str(root)),
            *("-attime", str(int((BEGIN + HOUR).timestamp())), "-out", str(folder / "out")),
        ],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def test_openssl_takes_what_is_built_and_refuses_what_is_changed(world: World, tmp_path: Path) -> None:
    """Second opinion on the builder: every level verifies with openssl, and fails after a change."""
    made = world.signed()
    for step in (
        lambda: made.stamp(world.tsa, BEGIN + HOUR),
        lambda: made.add_material([world.authority.root], world.crls),
        lambda: made.archive(world.archive_tsa, BEGIN + 2 * HOUR),
    ):
        assert verified_by_openssl(made, world, tmp_path)
        step()  # type: ignore[no-untyped-call]
    assert verified_by_openssl(made, world, tmp_path)
    made.signers[0].value = world.agency.sign(b"?")
    assert not verified_by_openssl(made, world, tmp_path)
    assert world.judged(made).report.conclusion == Conclusion.failed(SubIndication.SIG_CRYPTO_FAILURE)


def test_asn1crypto_reads_the_same_structure(world: World) -> None:
    """Second opinion on the reader: the same signers, attributes, sets and counter-signatures."""
    made = world.signed(attached=True).stamp(world.tsa, BEGIN + HOUR)
    made.add_material([world.authority.root], world.crls).confirm(
        made.counter_sign(world.agency, BEGIN + HOUR)
    )
    theirs = asn1_cms.ContentInfo.load(made.encode(), strict=True)["content"]
    ours = sd.read_signed_data(made.encode())
    assert [one.dump() for one in theirs["certificates"]] == list(ours.certificates)
    assert [one.dump() for one in theirs["crls"]] == list(ours.crls)
    assert theirs["encap_content_info"]["content"].native == ours.content == CONTENT
    for one, other in zip(theirs["signer_infos"], ours.signers, strict=True):
        assert one["signature"].native == other.signature
        assert [each["type"].dotted for each in one["signed_attrs"]] == [each.oid for each in other.signed]
        assert [each["type"].dotted for each in one["unsigned_attrs"]] == [
            each.oid for each in other.unsigned
        ]
