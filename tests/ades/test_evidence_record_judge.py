"""Evidence records: trees, renewals of both kinds in both forms, and every way to break them.

RFC 4998 (ASN.1) and RFC 6283 (XML); a broken record answers for itself and says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import algos, cms, core
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.ades import xml
from docsign.ades.evidence_record import is_evidence_record, read_evidence_record
from docsign.ades.evidence_record_asn1 import begins_as_record
from docsign.ades.evidence_record_judge import EvidenceJudgement, judge_evidence_record, judge_read_record
from docsign.ades.evidence_record_xml import read_xml_element
from docsign.ades.signer import Digester
from docsign.pki import SigningKey, Trust, stamping
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Conclusion, Indication, SubIndication
from tests.evidence_builder import Record, digest, reduced, tlv, token

FILES = {
    "cong-van.pdf": "Kính gửi: Ủy ban nhân dân tỉnh Thử Nghiệm".encode(),
    "phu-luc.xlsx": "Phụ lục kèm theo công văn".encode(),
}
YEAR = timedelta(days=365)
BEGIN = datetime(2018, 3, 1, tzinfo=UTC)
FORMS = ["asn1", "xml"]


class World:
    """An authority whose time-stamping services follow each other, two years each."""

    def __init__(self, authority: TrialAuthority, first: datetime = BEGIN) -> None:
        table = authority.trust_folder / "trust.toml"
        table.write_text(table.read_text("utf-8").replace('"required"', '"not-expected"'), "utf-8")
        self.trust = Trust.from_path(authority.trust_folder)
        self.keys: list[SigningKey] = []
        for number in range(4):
            begin = first + number * YEAR - timedelta(days=30)
            issued = authority.issue(
                "tsa", f"Dấu thời gian {number + 1}", not_before=begin, not_after=begin + 2 * YEAR, at=begin
            )
            self.keys.append(issued.signing_key())
        if first != BEGIN:
            return
        self.good = {form: self.record(form).encode() for form in FORMS}

    def record(self, form: str, files: dict[str, bytes] | None = None) -> Record:
        """A record begun in the first year."""
        return Record(form, dict(files or FILES)).begin(self.keys[0], BEGIN)

    def judged(
        self,
        record: Record | bytes,
        files: Mapping[str, bytes] | None = None,
        *,
        at: datetime | None = None,
    ) -> EvidenceJudgement:
        """Judge over ``files``, a year after the last stamp unless told otherwise."""
        data = record if isinstance(record, bytes) else record.encode()
        if at is None:
            stamps = 1 if isinstance(record, bytes) else sum(map(len, record.chains))
            at = BEGIN + (stamps - 1) * YEAR + timedelta(days=300)
        given_files = FILES if files is None else files
        return judge_evidence_record(data, digesters(given_files), trust=self.trust, at=at)


def digesters(files: Mapping[str, bytes]) -> dict[str, Digester]:
    """Give the files as the judge wants them."""

    def digester(data: bytes) -> Digester:
        return lambda name: hashlib.new(name, data).digest()

    return {name: digester(data) for name, data in files.items()}


def codes(judgement: EvidenceJudgement) -> set[str]:
    """Return the codes of the findings."""
    return {finding.code for finding in judgement.report.findings}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Services of the years 2018 to 2022."""
    folder = tmp_path_factory.mktemp("world")
    return World(TrialAuthority.create(folder, key="p256", at=BEGIN - YEAR))


# --- what is good -------------------------------------------------------------------------------------------

XML_FILES = {
    # as they stand, and in canonical form: attributes in order, no declaration, no comment
    "header.xml": (
        b'<?xml version="1.0"?>\n<a  z="1" b="2"><!-- ghi chu --><c/></a>\n',
        b'<a b="2" z="1"><c></c></a>',
    ),
    "cong-van.pdf": (b"%PDF- cong van", b"%PDF- cong van"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tree", [True, False])
@pytest.mark.parametrize("renewed", [True, False])
def test_a_record_in_xml_may_be_over_canonical_xml(
    world: World, form: str, *, tree: bool, renewed: bool
) -> None:
    """RFC 6283 2.1: what a chain digests of a file that is XML; a record in ASN.1 knows bytes alone."""
    record = Record(form, {name: one for name, (_, one) in XML_FILES.items()})
    record.begin(world.keys[0], BEGIN, tree=tree)
    if renewed:
        record.renew_tree(world.keys[1], BEGIN + YEAR, tree=tree)
    written = {name: one for name, (one, _) in XML_FILES.items()}

    def answer(files: Mapping[str, bytes]) -> Conclusion:
        at = BEGIN + len(record.chains) * YEAR - timedelta(days=60)
        contents = dict(files).get
        return judge_evidence_record(
            record.encode(), digesters(files), trust=world.trust, at=at, contents=contents
        ).report.conclusion

    failed = Conclusion.failed(SubIndication.HASH_FAILURE)
    assert answer(dict(record.files)) == Conclusion.passed()
    assert answer(written) == (Conclusion.passed() if form == "xml" else failed)
    assert world.judged(record, written, at=BEGIN + YEAR).report.conclusion == failed  # bytes not at hand
    for changed in (
        b'<a z="1" b="3"><c/></a>',
        b'<a z="1" b="2"><c/>',
        b'<!DOCTYPE a><a z="1" b="2"><c/></a>',
    ):
        assert answer(written | {"header.xml": changed}) == failed


@pytest.mark.parametrize("form", FORMS)
def test_a_record_proves_that_its_files_existed(world: World, form: str) -> None:
    """Both files are named, and the time is that of the stamp (RFC 4998 4.3, RFC 6283 3.3)."""
    judgement = world.judged(world.record(form))
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert judgement.covered == tuple(FILES)
    assert judgement.time == BEGIN
    assert (judgement.report.kind, judgement.report.time, judgement.report.intact) == (
        "evidence-record",
        BEGIN,
        True,
    )
    assert judgement.report.issuer == "Dấu thời gian 1"
    named = [one.where for one in judgement.report.findings if one.code == "evidence-covers"]
    assert named == list(FILES)


@pytest.mark.parametrize("form", FORMS)
def test_one_file_without_a_tree(world: World, form: str) -> None:
    """The token may stamp the file's digest itself (RFC 4998 4.2)."""
    one = {"cong-van.pdf": FILES["cong-van.pdf"]}
    record = Record(form, one, others=[]).begin(world.keys[0], BEGIN, tree=False)
    assert record.chains[0][0].tree is None
    assert world.judged(record, one).report.conclusion == Conclusion.passed()
    assert world.judged(record, {"cong-van.pdf": b"?"}).report.conclusion == Conclusion.failed(
        SubIndication.HASH_FAILURE
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_group_is_sorted_and_joined(world: World, form: str) -> None:
    """Several files in one group need not be given in any order (RFC 4998 4.2, step 3)."""
    files = {f"van-ban-{number}.pdf": b"%d" % number for number in range(9)}
    record = world.record(form, files)
    backwards = dict(reversed(files.items()))
    judgement = world.judged(record, backwards)
    assert judgement.report.conclusion == Conclusion.passed()
    assert set(judgement.covered) == set(files)


def test_a_record_inside_another_document_is_read_where_it_stands(world: World) -> None:
    """As in an XML signature: namespaces of the elements above change nothing that was digested."""
    record = world.record("xml").renew_stamp(world.keys[1], BEGIN + YEAR)
    record.renew_tree(world.keys[2], BEGIN + 2 * YEAR)
    around = b"<Properties>" + record.encode() + b"</Properties>"
    (element,) = xml.parse(around)
    judgement = judge_read_record(
        read_xml_element(element), digesters(FILES), trust=world.trust, at=BEGIN + 2.5 * YEAR
    )
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings


@pytest.mark.parametrize("form", FORMS)
def test_one_file_of_a_group_may_be_asked_for_alone(world: World, form: str) -> None:
    """The others then are siblings like any."""
    one = {"phu-luc.xlsx": FILES["phu-luc.xlsx"]}
    judgement = world.judged(world.record(form), one)
    assert judgement.report.conclusion == Conclusion.passed()
    assert judgement.covered == ("phu-luc.xlsx",)


@pytest.mark.parametrize("form", FORMS)
def test_equal_files_may_stand_twice(world: World, form: str) -> None:
    """The same annex under two names has one digest, twice in the group."""
    files = {"phu-luc-1.pdf": b"phu luc", "phu-luc-2.pdf": b"phu luc"}
    assert world.judged(world.record(form, files), files).report.conclusion == Conclusion.passed()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tree", [False, True])
def test_a_renewed_stamp_outlives_its_service(world: World, form: str, tree: bool) -> None:
    """The first service ended in 2020; the stamp over its stamp, made in 2019, keeps it (RFC 4998 5.2)."""
    record = world.record(form).renew_stamp(world.keys[1], BEGIN + YEAR, tree=tree)
    late = BEGIN + 2.5 * YEAR
    assert world.judged(world.record(form), at=late).report.conclusion == Conclusion.indeterminate(
        SubIndication.OUT_OF_BOUNDS_NO_POE
    )
    judgement = world.judged(record, at=late)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert (judgement.time, len(judgement.stamps)) == (BEGIN, 2)
    assert "evidence-renewed" in codes(judgement)


@pytest.mark.parametrize("form", FORMS)
def test_a_renewed_tree_carries_files_and_chains_on(world: World, form: str) -> None:
    """SHA-512 over the files again and everything before (RFC 4998 5.2, RFC 6283 4.2.2)."""
    record = world.record(form).renew_tree(world.keys[1], BEGIN + YEAR)
    judgement = world.judged(record)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert judgement.covered == tuple(FILES)


@pytest.mark.parametrize("form", FORMS)
def test_renewals_of_both_kinds_follow_each_other(world: World, form: str) -> None:
    """Stamp, tree, stamp: four services, three chains' worth of proof, the first time counts."""
    record = (
        world.record(form)
        .renew_stamp(world.keys[1], BEGIN + YEAR)
        .renew_tree(world.keys[2], BEGIN + 2 * YEAR)
        .renew_stamp(world.keys[3], BEGIN + 3 * YEAR, tree=True)
    )
    judgement = world.judged(record)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert judgement.time == BEGIN
    assert [stamp.time for stamp in judgement.stamps] == [BEGIN + number * YEAR for number in range(4)]


def test_white_space_between_the_chains_does_no_harm(world: World) -> None:
    """A record written with line breaks is renewed over what stood there then (RFC 6283 4.2.2)."""
    record = world.record("xml").renew_tree(world.keys[1], BEGIN + YEAR)
    spaced = record.encode().replace(b"</ArchiveTimeStampChain><", b"</ArchiveTimeStampChain>\n<")
    judgement = world.judged(spaced, at=BEGIN + 1.5 * YEAR)
    assert judgement.report.conclusion.indication is not Indication.TOTAL_PASSED  # the space was not there
    assert "evidence-renewal" in codes(judgement)


def test_the_digest_of_file_and_chains_may_be_sorted(world: World) -> None:
    """RFC 4998 figure 4 sorts what its step 4 joins: both are met."""
    for sort in (False, True):
        record = world.record("asn1", {"a": FILES["cong-van.pdf"]})
        earlier = digest("sha512", record.earlier())
        own = digest("sha512", FILES["cong-van.pdf"])
        value = digest("sha512", *(sorted((own, earlier)) if sort else (own, earlier)))
        record.chains.append([record._over([value], world.keys[1], BEGIN + YEAR, "sha512", tree=True)])
        assert world.judged(record, {"a": FILES["cong-van.pdf"]}).report.conclusion == Conclusion.passed()


class Group(core.SequenceOf):  # type: ignore[misc] # asn1crypto has no types
    """PartialHashtree of RFC 4998 4.1."""

    _child_spec = core.OctetString


class Tree(core.SequenceOf):  # type: ignore[misc]
    """reducedHashtree of RFC 4998 4.1."""

    _child_spec = Group


class ArchiveTimeStamp(core.Sequence):  # type: ignore[misc]
    """ArchiveTimeStamp of RFC 4998 4.1, its module's tags implicit."""

    _fields = [  # noqa: RUF012 -- asn1crypto's way
        ("digest", algos.DigestAlgorithm, {"implicit": 0, "optional": True}),
        ("attributes", cms.CMSAttributes, {"implicit": 1, "optional": True}),
        ("tree", Tree, {"implicit": 2, "optional": True}),
        ("stamp", cms.ContentInfo),
    ]


class StampChain(core.SequenceOf):  # type: ignore[misc]
    """ArchiveTimeStampChain."""

    _child_spec = ArchiveTimeStamp


class StampSequence(core.SequenceOf):  # type: ignore[misc]
    """ArchiveTimeStampSequence."""

    _child_spec = StampChain


class Digests(core.SequenceOf):  # type: ignore[misc]
    """digestAlgorithms: a SEQUENCE here, a SET in CMS."""

    _child_spec = algos.DigestAlgorithm


class RecordSchema(core.Sequence):  # type: ignore[misc]
    """EvidenceRecord of RFC 4998 3.1."""

    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("digests", Digests),
        ("chains", StampSequence),
    ]


def test_asn1crypto_reads_the_records(world: World) -> None:
    """Second opinion on form: the RFC's schema in asn1crypto decodes what was built, and finds as much."""
    record = renewed(world, "asn1")
    decoded = RecordSchema.load(record.encode(), strict=True)
    assert begins_as_record(record.encode())
    theirs = [
        [(one["digest"]["algorithm"].native, one["tree"].native, one["stamp"].dump()) for one in chain]
        for chain in decoded["chains"]
    ]
    ours = [
        [(one.hash, [list(group) for group in one.groups] or None, one.token) for one in chain.stamps]
        for chain in read_evidence_record(record.encode()).chains
    ]
    assert theirs == ours
    assert [len(chain) for chain in ours] == [2, 1]


def test_a_record_is_told_from_other_files(world: World) -> None:
    """By its first bytes, in both forms; a signature or a letter is none."""
    assert is_evidence_record(world.record("asn1").encode())
    assert is_evidence_record(world.record("xml").encode())
    for other in (
        b"",
        b"\x30\x03\x02\x01\x01",
        b"%PDF-1.7",
        b"<edXML/>",
        token(world.keys[0], "sha256", b"0" * 32, BEGIN),
    ):
        assert not is_evidence_record(other)


# --- what is not known --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_without_the_files_it_is_not_decided(world: World, form: str) -> None:
    """The record alone: its stamp and time are shown, the files asked for."""
    report = world.judged(world.record(form), {}).report
    assert report.conclusion == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
    assert (report.time, report.intact) == (BEGIN, None)


@pytest.mark.parametrize("form", FORMS)
def test_without_trust_it_is_not_decided(world: World, form: str) -> None:
    """Intact, by a service that nobody trusts: nothing is proved."""
    judgement = judge_evidence_record(
        world.record(form).encode(), digesters(FILES), trust=Trust.nothing(), at=BEGIN + timedelta(days=1)
    )
    assert judgement.report.conclusion == Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert judgement.report.intact is True
    assert judgement.time is None


# --- each broken in one way ---------------------------------------------------------------------------------


def renewed(world: World, form: str) -> Record:
    """A record with both kinds of renewal, to be broken."""
    return (
        world.record(form)
        .renew_stamp(world.keys[1], BEGIN + YEAR)
        .renew_tree(world.keys[2], BEGIN + 2 * YEAR)
    )


def swaps_its_stamps(world: World, record: Record) -> None:
    """The renewal stands before what it renews."""
    record.chains[0].reverse()


def drops_the_first_stamp(world: World, record: Record) -> None:
    """Only the renewal is left in the first chain."""
    del record.chains[0][0]


def drops_the_first_chain(world: World, record: Record) -> None:
    """The renewed tree is left alone, over chains that are gone."""
    del record.chains[0]


def borrows_a_token(world: World, record: Record) -> None:
    """The first token was made for something else."""
    record.chains[0][0].token = token(world.keys[0], "sha256", digest("sha256", b"khac"), BEGIN)


def renews_another_stamp(world: World, record: Record) -> None:
    """The renewal stands over the stamp of another record."""
    other = record.others[0][0]
    record.chains[0][1].token = token(world.keys[1], "sha256", digest("sha256", other), BEGIN + YEAR)


def forgets_the_chains(world: World, record: Record) -> None:
    """The renewed tree stands over the files alone."""
    own = [digest("sha512", data) for data in FILES.values()]
    record.chains[1][0] = record._over(own, world.keys[2], BEGIN + 2 * YEAR, "sha512", tree=True)


def forgets_the_files(world: World, record: Record) -> None:
    """The renewed tree stands over the chains alone."""
    record.chains.pop()
    earlier = digest("sha512", record.earlier())
    record.chains.append([record._over([earlier], world.keys[2], BEGIN + 2 * YEAR, "sha512", tree=True)])


def forgets_one_file(world: World, record: Record) -> None:
    """The renewed tree stands over the chains and the first file only."""
    record.chains.pop()
    record.files = {"cong-van.pdf": FILES["cong-van.pdf"]}
    record.renew_tree(world.keys[2], BEGIN + 2 * YEAR)


def changes_a_sibling(world: World, record: Record) -> None:
    """A digest on the way up is another."""
    tree = record.chains[0][0].tree
    assert tree is not None
    tree[1] = [bytes(32)]


def doubles_a_digest(world: World, record: Record) -> None:
    """A digest stands twice in the first group, the token made over it as it stands."""
    own = [digest("sha256", data) for data in FILES.values()]
    record.chains = []
    path, top = reduced("sha256", [[*own, own[0]]], 0)
    record.begin(world.keys[0], BEGIN)
    record.chains[0][0].tree = path
    record.chains[0][0].token = token(world.keys[0], "sha256", top, BEGIN)


def empties_a_group(world: World, record: Record) -> None:
    """A group without a digest."""
    tree = record.chains[0][0].tree
    assert tree is not None
    tree.append([])


def empties_the_tree(world: World, record: Record) -> None:
    """A tree without a group."""
    record.chains[0][0].tree = []


def shortens_a_digest(world: World, record: Record) -> None:
    """A value too short to be a digest."""
    tree = record.chains[0][0].tree
    assert tree is not None
    tree[0][0] = tree[0][0][:-1]


def holds_no_chain(world: World, record: Record) -> None:
    """A record of nothing."""
    record.chains.clear()


def spoils_a_token(world: World, record: Record) -> None:
    """The last byte of the last token's signature is another."""
    last = record.chains[-1][-1]
    last.token = last.token[:-1] + bytes([last.token[-1] ^ 1])


def stamps_backwards(world: World, record: Record) -> None:
    """The renewal is older than what it renews."""
    record.chains.pop()
    record.chains[0].pop()
    record.renew_stamp(world.keys[0], BEGIN - timedelta(days=20))


def renews_too_late(world: World, record: Record) -> None:
    """The first service had ended when its stamp was renewed."""
    record.chains.pop()
    record.chains[0].pop()
    record.renew_stamp(world.keys[2], BEGIN + 2.5 * YEAR)


TRICKS: dict[Callable[[World, Record], None], tuple[SubIndication, str]] = {
    swaps_its_stamps: (SubIndication.HASH_FAILURE, "timestamp-imprint"),
    drops_the_first_stamp: (SubIndication.HASH_FAILURE, "timestamp-imprint"),
    drops_the_first_chain: (SubIndication.HASH_FAILURE, "evidence-object"),
    borrows_a_token: (SubIndication.HASH_FAILURE, "timestamp-imprint"),
    renews_another_stamp: (SubIndication.HASH_FAILURE, "timestamp-imprint"),
    forgets_the_chains: (SubIndication.HASH_FAILURE, "evidence-renewal"),
    forgets_the_files: (SubIndication.HASH_FAILURE, "evidence-object"),
    forgets_one_file: (SubIndication.HASH_FAILURE, "evidence-object"),
    changes_a_sibling: (SubIndication.HASH_FAILURE, "timestamp-imprint"),
    doubles_a_digest: (SubIndication.FORMAT_FAILURE, "evidence-duplicate"),
    empties_a_group: (SubIndication.FORMAT_FAILURE, "evidence-record-form"),
    empties_the_tree: (SubIndication.FORMAT_FAILURE, "evidence-record-form"),
    shortens_a_digest: (SubIndication.FORMAT_FAILURE, "evidence-record-form"),
    holds_no_chain: (SubIndication.FORMAT_FAILURE, "evidence-record-form"),
    spoils_a_token: (SubIndication.SIG_CRYPTO_FAILURE, "signature-value"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_a_broken_record_fails_with_its_reason(
    world: World, form: str, trick: Callable[[World, Record], None]
) -> None:
    """Each trick has its answer, the record proves nothing, and every reason stands in the findings."""
    record = renewed(world, form)
    trick(world, record)
    judgement = world.judged(record, at=BEGIN + 2.5 * YEAR)
    sub, code = TRICKS[trick]
    if (trick, form) == (drops_the_first_chain, "xml"):  # there the files' own digests stand in each tree
        assert judgement.report.conclusion == Conclusion.passed()
        assert judgement.time == BEGIN + 2 * YEAR
        return
    if (trick, form) == (forgets_the_chains, "asn1"):
        code = "evidence-object"
    assert judgement.report.conclusion.indication is Indication.TOTAL_FAILED, judgement.report.findings
    assert judgement.report.conclusion.sub_indication is sub, judgement.report.findings
    assert code in codes(judgement)
    assert judgement.time is None
    assert judgement.covered == () or code in ("timestamp-imprint", "signature-value")


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_file_fails_the_record(world: World, form: str) -> None:
    """The file is named; the other one is still covered by the trees, but the record as a whole fails."""
    files = {**FILES, "phu-luc.xlsx": b"khac"}
    judgement = world.judged(renewed(world, form), files)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert {one.where for one in judgement.report.findings if one.code == "evidence-object"} == {
        "phu-luc.xlsx"
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_was_never_in_it_fails_the_record(world: World, form: str) -> None:
    """Every file that is asked about must be covered."""
    judgement = world.judged(world.record(form), {**FILES, "moi.pdf": b"them sau"})
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert judgement.covered == ()


@pytest.mark.parametrize("form", FORMS)
def test_a_renewal_older_than_what_it_renews_is_refused(world: World, form: str) -> None:
    """Time runs one way along the chain (RFC 4998 5.2)."""
    stamps_backwards(world, record := renewed(world, form))
    judgement = world.judged(record)
    assert judgement.report.conclusion == Conclusion.indeterminate(SubIndication.TIMESTAMP_ORDER_FAILURE)
    assert "evidence-order" in codes(judgement)
    assert judgement.time is None


@pytest.mark.parametrize("form", FORMS)
def test_a_renewal_after_the_end_of_the_service_proves_nothing(world: World, form: str) -> None:
    """Between the end of the first service and the renewal anybody may have forged (RFC 4998 5.3)."""
    renews_too_late(world, record := renewed(world, form))
    judgement = world.judged(record, at=BEGIN + 2.6 * YEAR)
    assert judgement.report.conclusion == Conclusion.indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert judgement.time is None


@pytest.mark.parametrize("form", FORMS)
def test_a_weak_digest_must_have_been_renewed(
    world: World, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree of SHA-1 that was never renewed proves nothing today (TT 15/2025 PL I)."""
    monkeypatch.setattr(stamping, "_HASHES", frozenset({"sha1"}))
    record = Record(form, dict(FILES)).begin(world.keys[0], BEGIN, "sha1")
    judgement = world.judged(record)
    assert judgement.report.conclusion == Conclusion.indeterminate(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    )
    assert "weak-algorithm" in codes(judgement)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("years", "in_time"), [(1, True), (3, False)])
def test_algorithms_are_judged_at_their_time(
    form: str,
    years: int,
    in_time: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tree of SHA-1 from 2010 holds where it was renewed before SHA-1 ended in 2012 (TS 119 312)."""
    monkeypatch.setattr(stamping, "_HASHES", frozenset({"sha1", "sha256"}))
    begin = datetime(2010, 3, 1, tzinfo=UTC)
    authority = TrialAuthority.create(tmp_path, key="p256", at=begin - YEAR)
    old = World(authority, begin)
    record = Record(form, dict(FILES)).begin(old.keys[0], begin, "sha1")
    record.renew_stamp(old.keys[1], begin + YEAR)
    record.renew_tree(old.keys[years], begin + (years + 0.1) * YEAR, "sha256")
    judgement = old.judged(record, at=begin + (years + 0.5) * YEAR)
    if in_time:
        assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
        assert judgement.time == begin
    else:
        assert "weak-algorithm" in codes(judgement)
        assert judgement.report.conclusion.indication is Indication.INDETERMINATE


# --- form ---------------------------------------------------------------------------------------------------

_MALFORMED: dict[str, Callable[[Record, Record], bytes]] = {
    "trailing bytes": lambda asn1, _: asn1.encode() + b"\0",
    "version 2": lambda asn1, _: asn1.encode(version="2"),
    "encryption info": lambda asn1, _: asn1.encode(extra=tlv(0xA1, tlv(0x30))),
    "an unlisted digest": lambda asn1, _: asn1.encode(listed=["sha384"]),
    "cut short": lambda asn1, _: asn1.encode()[:-7],
    "no XML": lambda _, xml: xml.encode()[:-7],
    "a document type": lambda _, xml: b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + xml.encode(),
    "another version in XML": lambda _, xml: xml.encode(version="3.0"),
    "another name": lambda _, xml: xml.encode().replace(b"EvidenceRecord", b"Record"),
    "another namespace": lambda _, xml: xml.encode().replace(b"xml:ns:ers", b"xml:ns:erx"),
    "encrypted": lambda _, xml: xml.encode(extra=b"<EncryptionInformation/>"),
    "out of order": lambda _, xml: xml.encode().replace(b'Sequence Order="2"', b'Sequence Order="3"', 1),
    "two time-stamps": lambda _, xml: xml.encode().replace(b"</TimeStamp>", b"</TimeStamp><TimeStamp/>", 1),
    "no time-stamp": lambda _, xml: xml.encode().replace(b"TimeStamp>", b"Timestamp>"),
    "a comment in a digest": lambda _, xml: xml.encode().replace(
        b"<DigestValue>", b"<DigestValue><!--x-->", 1
    ),
    "no base64": lambda _, xml: xml.encode().replace(b"<DigestValue>", b"<DigestValue>?", 1),
    "a foreign canonicalisation": lambda _, xml: xml.encode().replace(b"xml-c14n-2001", b"xml-c14n-2002"),
    "a foreign token": lambda _, xml: xml.encode().replace(b'Type="RFC3161"', b'Type="ENTRUST"'),
}


@pytest.mark.parametrize("trick", _MALFORMED)
def test_a_malformed_record_is_refused(world: World, trick: str) -> None:
    """FORMAT_FAILURE, one sentence, nothing proved."""
    data = _MALFORMED[trick](world.record("asn1"), world.record("xml"))
    judgement = world.judged(data)
    assert judgement.report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert codes(judgement) == {"evidence-record-form"}
    assert (judgement.covered, judgement.time, judgement.stamps) == ((), None, ())


def test_an_unknown_digest_is_not_decided(world: World) -> None:
    """A digest nobody here knows is no fault of the record."""
    xml = world.record("xml").encode().replace(b"xmlenc#sha256", b"xmlenc#sha257")
    assert world.judged(xml).report.conclusion == Conclusion.indeterminate(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    )


def test_stamps_of_one_chain_share_a_digest(world: World) -> None:
    """A stamp renewal keeps the digest; another digest needs a new chain (RFC 4998 5.2)."""
    record = world.record("asn1").renew_stamp(world.keys[1], BEGIN + YEAR)
    last = record.chains[0][1]
    last.hash = "sha512"
    last.token = token(world.keys[1], "sha512", digest("sha512", record.chains[0][0].token), BEGIN + YEAR)
    assert "evidence-chain-digest" in codes(world.judged(record))


def test_too_many_stamps_are_not_read(world: World) -> None:
    """A budget, counted: a record of a thousand stamps is refused before they are judged."""
    record = world.record("asn1")
    record.chains[0] *= 1000
    assert codes(world.judged(record, at=BEGIN + YEAR)) == {"evidence-record-form"}


@pytest.mark.parametrize("form", FORMS)
def test_a_thousand_files_share_one_stamp(world: World, form: str) -> None:
    """Every file of the night's archive is named."""
    files = {f"{number}.pdf": b"van ban %d" % number for number in range(1000)}
    judgement = world.judged(world.record(form, files), files)
    assert judgement.report.conclusion == Conclusion.passed()
    assert len(judgement.covered) == 1000


@given(data=st.data())
@settings(max_examples=120)
def test_mutations_never_raise_nor_prove_another_time(world: World, data: st.DataObject) -> None:
    """Any change of a byte has an answer; what still passes proves the same time of the same files."""
    form = data.draw(st.sampled_from(FORMS))
    made = bytearray(world.good[form])
    place = data.draw(st.integers(0, len(made) - 1))
    made[place] ^= data.draw(st.integers(1, 255))
    judgement = world.judged(bytes(made[: data.draw(st.sampled_from([len(made)] * 4 + [place]))]))
    if judgement.report.conclusion.indication is Indication.TOTAL_PASSED:
        assert (judgement.time, judgement.covered) == (BEGIN, tuple(FILES))


@given(junk=st.binary(max_size=300))
@settings(max_examples=60)
def test_junk_is_no_record(world: World, junk: bytes) -> None:
    """Anything else is malformed."""
    assert world.judged(junk).report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)


# --- another hand -------------------------------------------------------------------------------------------

RECORDS = Path(__file__).with_name("records")


def test_a_record_made_by_bouncy_castle_passes() -> None:
    """Second opinion: Bouncy Castle 1.78 made it and renewed it twice (stamp, then SHA-512).

    Over two files in one group, among three strangers, with tokens of a trial authority's services.
    """
    root = load_pem_x509_certificate((RECORDS / "root.pem").read_bytes())
    trust = Trust.of([root], revocation="not-expected")
    files = {"van-ban": "Kính gửi".encode(), "phu-luc": "Phụ lục".encode()}

    def judged(files: Mapping[str, bytes]) -> EvidenceJudgement:
        data = (RECORDS / "bouncycastle.ers").read_bytes()
        return judge_evidence_record(data, digesters(files), trust=trust, at=BEGIN + 2.5 * YEAR)

    judgement = judged(files)
    assert judgement.report.conclusion == Conclusion.passed(), judgement.report.findings
    assert (judgement.covered, judgement.time, len(judgement.stamps)) == (tuple(files), BEGIN, 3)
    assert judged({**files, "phu-luc": b"?"}).report.conclusion == Conclusion.failed(
        SubIndication.HASH_FAILURE
    )
