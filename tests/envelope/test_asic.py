"""Containers of every kind: ASiC-E with CAdES, ASiC-S, time-stamps, archive manifests, OpenDocument."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from docsign.detached import sign_detached
from docsign.envelope import ContainerJudgement, judge_container, read_container
from docsign.envelope.asic_manifest import read_manifest
from docsign.envelope.asic_names import kind_of, names_in_uri
from docsign.envelope.container_proofs import contents_of
from docsign.envelope.coverage import Coverage
from docsign.envelope.open_document import required_names
from docsign.errors import ContainerError, XmlError
from docsign.pki import SigningKey, Trust
from docsign.pki.fetch import fetch_timestamp
from docsign.verdict import Conclusion, FileFormat, Indication, SubIndication
from docsign.verification import verify
from tests.ades.xades_building import Stamper, built, detached
from tests.ades.xml_signing import NOW
from tests.envelope.asic_building import (
    ASICE,
    ASICS,
    Files,
    manifest,
    open_document,
    with_cades,
    with_time_stamp,
    with_xades,
    zipped,
)
from tests.evidence_builder import Record

FAILED, OPEN, PASSED = Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED
NONE = Indication.NO_SIGNATURE
Sub = SubIndication
DATA = {"Công văn số 1.txt": "Kính gửi".encode(), "phu-luc/b.txt": b"phu luc"}
ONE = {"Công văn số 1.txt": "Kính gửi".encode()}
ODT = "application/vnd.oasis.opendocument.text"


def judged(
    files: Files, trust: Trust, mimetype: str | None = ASICE, *, comment: str = ""
) -> ContainerJudgement:
    """Judge a container of these files."""
    container = read_container(io.BytesIO(zipped(files, mimetype, comment=comment)))
    return judge_container(container, trust=trust, at=datetime.now(UTC))


def answer(judgement: ContainerJudgement) -> tuple[Indication, SubIndication | None]:
    """Return the conclusion as a pair."""
    return judgement.conclusion.indication, judgement.conclusion.sub_indication


def codes(judgement: ContainerJudgement) -> set[str]:
    """Return the codes of all findings."""
    reports = [
        *(one.findings for one in judgement.signatures),
        *(one.findings for one in judgement.timestamps),
    ]
    return {finding.code for finding in (*judgement.findings, *(f for one in reports for f in one))}


@pytest.fixture(scope="module")
def stamper(tsa_url: str) -> Stamper:
    """Stamp with the trial time-stamp authority."""
    return lambda data: fetch_timestamp(tsa_url, hashlib.sha256(data).digest())


# --- ASiC-E with CAdES --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cades(agency_key: SigningKey) -> Files:
    """Two files, a manifest, a CAdES signature over it."""
    return with_cades(DATA, agency_key)


def test_a_cades_signature_covers_what_its_manifest_names(
    cades: Files, trust: Trust, agency_key: SigningKey
) -> None:
    """EN 319 162-1 4.4.4.2."""
    judgement = judged(cades, trust)
    assert answer(judgement) == (PASSED, None)
    assert judgement.format is FileFormat.ASICE
    (report,) = judgement.signatures
    assert (report.format, report.level, report.coverage, report.intact) == (
        "cades",
        "CAdES-B-B",
        "whole",
        True,
    )
    assert [certificate for _, certificate in judgement.sealed_by()] == [agency_key.certificate]


def altered(name: str, data: bytes | None) -> Callable[[Files], None]:
    """Return a change of one file; None takes it out."""

    def change(files: Files) -> None:
        if data is None:
            del files[name]
        else:
            files[name] = data

    return change


MANIFEST, P7S = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"


def second_manifest(files: Files) -> None:
    """Add a manifest that says it is signed by the same file."""
    files["META-INF/ASiCManifest002.xml"] = manifest(P7S, {"phu-luc/b.txt": b"phu luc"})


def other_digest(files: Files) -> None:
    """Make the manifest name what a changed file is: then its own signature no longer fits."""
    files["phu-luc/b.txt"] = b"khac"
    files[MANIFEST] = manifest(P7S, {name: data for name, data in files.items() if "META" not in name})


@pytest.mark.parametrize(
    ("change", "indication", "sub", "code"),
    [
        (altered("phu-luc/b.txt", b"khac"), FAILED, Sub.HASH_FAILURE, "content-changed"),
        (altered("phu-luc/b.txt", None), OPEN, Sub.SIGNED_DATA_NOT_FOUND, "signed-data-not-found"),
        (altered("them.txt", b"x"), FAILED, Sub.FORMAT_FAILURE, "file-not-covered"),
        (other_digest, FAILED, Sub.HASH_FAILURE, "content-changed"),
        (second_manifest, FAILED, Sub.FORMAT_FAILURE, "container-form"),
        (altered(MANIFEST, b"<x/>"), FAILED, Sub.FORMAT_FAILURE, "container-form"),
        (altered(MANIFEST, b"khong phai XML"), FAILED, Sub.FORMAT_FAILURE, "container-form"),
        (altered(MANIFEST, None), FAILED, Sub.FORMAT_FAILURE, "no-manifest"),
        (altered(P7S, b"\x30\0"), FAILED, Sub.FORMAT_FAILURE, "cms-form"),
        (altered("META-INF/signature002.p7s", b"\x30\0"), FAILED, Sub.FORMAT_FAILURE, "no-manifest"),
    ],
)
def test_a_changed_container_does_not_pass(
    cades: Files, trust: Trust, change: Callable[[Files], None], indication: Indication, sub: Sub, code: str
) -> None:
    """Each change has its answer and its reason."""
    files = dict(cades)
    change(files)
    judgement = judged(files, trust)
    assert answer(judgement) == (indication, sub)
    assert code in codes(judgement)


def test_a_container_without_a_file_is_none(agency_key: SigningKey, trust: Trust) -> None:
    """EN 319 162-1 4.4.3.1: a signature over the list of files alone signs nothing that anyone could read."""
    listing = {"META-INF/manifest.xml": b"<manifest/>"}
    signature = built(detached(agency_key, listing))
    judgement = judged(listing | {"META-INF/signatures.xml": signature}, trust)
    assert answer(judgement) == (FAILED, Sub.FORMAT_FAILURE)
    assert [one.conclusion for one in judgement.signatures] == [Conclusion.passed()]
    taken = with_xades({"a.txt": b"Danh sach"}, agency_key)
    del taken["a.txt"]
    assert answer(judged(taken, trust)) == (OPEN, Sub.SIGNED_DATA_NOT_FOUND)


def test_the_file_of_a_simple_container_stands_at_its_root(agency_key: SigningKey, trust: Trust) -> None:
    """EN 319 162-1 4.3.3.1; the archive's comment may say what kind of file it is."""
    for name, expected in (("a.txt", (PASSED, None)), ("phu-luc/a.txt", (FAILED, Sub.FORMAT_FAILURE))):
        files = with_xades({name: b"Danh sach"}, agency_key)
        for comment in ("", "mimetype=text/plain"):
            assert answer(judged(files, trust, ASICS, comment=comment)) == expected
            assert answer(judged(files, trust, None, comment=comment))[0] is PASSED  # then it is ASiC-E


def test_without_its_signature_a_manifest_is_named(cades: Files, trust: Trust) -> None:
    """Nothing is signed then."""
    files = {name: data for name, data in cades.items() if name != P7S}
    judgement = judged(files, trust)
    assert answer(judgement) == (NONE, None)
    assert "manifest-unsigned" in codes(judgement)


def test_several_signatures_each_have_their_own_answer(
    cades: Files, trust: Trust, agency_key: SigningKey, province_key: SigningKey
) -> None:
    """CAdES twice, and XAdES beside it: three signatures, counted through."""
    three = with_xades(with_cades(cades, province_key, "002"), agency_key)
    judgement = judged(three, trust)
    assert answer(judgement) == (PASSED, None)
    assert [(one.id, one.format) for one in judgement.signatures] == [
        ("S1", "cades"),
        ("S2", "cades"),
        ("S3", "xades"),
    ]
    three["phu-luc/b.txt"] = b"khac"
    assert {one.conclusion.sub_indication for one in judged(three, trust).signatures} == {Sub.HASH_FAILURE}


TWO_SIGNATURES = b'<asic:SigReference URI="b"/></asic:ASiCManifest>'
ENCODED = b"C%C3%B4ng%20v%C4%83n%20s%E1%BB%91%201.txt"
WITH_ROOT = b'asic:DataObjectReference Rootfile="true" URI'
MALFORMED = {
    "another root": b"<x/>",
    "a document type": b"<!DOCTYPE x><x/>",
    "no signature": manifest("a.p7s", DATA).replace(b"asic:SigReference", b"asic:Khac"),
    "two signatures": manifest("a.p7s", DATA).replace(b"</asic:ASiCManifest>", TWO_SIGNATURES),
    "no file": manifest("a.p7s", {}),
    "a file twice": manifest("a.p7s", DATA).replace(b"phu-luc/b.txt", ENCODED),
    "two root files": manifest("a.p7s", DATA).replace(b"asic:DataObjectReference URI", WITH_ROOT),
    "a comment in a digest": manifest("a.p7s", DATA).replace(b"<ds:DigestValue>", b"<ds:DigestValue><!---->"),
    "no digest": manifest("a.p7s", DATA).replace(b"ds:DigestValue", b"ds:Khac"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_manifests_are_refused(name: str) -> None:
    """A clear sentence."""
    with pytest.raises(XmlError) as caught:
        read_manifest(MALFORMED[name])
    assert caught.value.text("vi")


def test_a_manifest_names_its_root_file() -> None:
    """EN 319 162-1 A.4."""
    read = read_manifest(manifest("META-INF/signature.p7s", DATA, root="phu-luc/b.txt"))
    assert [one.uri for one in read.references if one.is_root] == ["phu-luc/b.txt"]


# --- time-stamps and archive manifests ----------------------------------------------------------------------


def test_a_time_stamp_over_a_manifest_signs_nothing(stamper: Stamper, trust: Trust) -> None:
    """ASiC-E time assertion: NO-SIGNATURE with the time; an unstamped file is told."""
    files = with_time_stamp(dict(DATA), stamper, name="ASiCManifest")
    judgement = judged(files, trust)
    assert answer(judgement) == (NONE, None)
    assert [(one.kind, one.intact, one.conclusion.indication) for one in judgement.timestamps] == [
        ("container", True, PASSED)
    ]
    assert "file-not-covered" in codes(judged(files | {"them.txt": b"x"}, trust))
    (changed,) = judged(files | {"phu-luc/b.txt": b"khac"}, trust).timestamps
    assert (changed.intact, changed.conclusion.sub_indication) == (False, Sub.HASH_FAILURE)


def test_archive_manifests_prove_the_time_of_a_signature(
    cades: Files, stamper: Stamper, trust: Trust
) -> None:
    """EN 319 162-1 A.7: the signature is as old as the first of them, each covers all that is older."""
    once = with_time_stamp(dict(cades), stamper)
    twice = with_time_stamp(once, stamper, number="2")
    judgement = judged(twice, trust)
    assert answer(judgement) == (PASSED, None)
    assert [(one.id, one.kind, one.intact) for one in judgement.timestamps] == [
        ("T1", "archive", True),
        ("T2", "archive", True),
    ]
    assert judgement.signatures[0].best_signature_time == judgement.timestamps[0].time
    files = dict(twice)
    files["META-INF/ASiCArchiveManifest.xml"] += b"<!-- -->"
    changed = judged(files, trust)
    assert [one.intact for one in changed.timestamps] == [False, False]
    assert changed.signatures[0].best_signature_time is None
    assert answer(changed) == (PASSED, None)  # a broken time-stamp fails itself, not the signature


def test_archive_manifests_prove_xades_too(agency_key: SigningKey, stamper: Stamper, trust: Trust) -> None:
    """The value inside the signature file is what existed."""
    judgement = judged(with_time_stamp(with_xades(dict(DATA), agency_key), stamper), trust)
    assert answer(judgement) == (PASSED, None)
    assert judgement.signatures[0].best_signature_time == judgement.timestamps[0].time


def test_what_lies_in_signing_files_is_known_by_name(cades: Files, stamper: Stamper, trust: Trust) -> None:
    """Values and certificates of a CMS; nothing of a data file."""
    container = read_container(io.BytesIO(zipped(with_time_stamp(dict(cades), stamper))))
    coverage = Coverage(container)
    assert len(contents_of(coverage, P7S)) >= 3
    assert contents_of(coverage, "phu-luc/b.txt") == frozenset()
    assert coverage.of(P7S).covered == frozenset(DATA)
    assert trust.anchors


@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_an_evidence_record_covers_what_its_manifest_names(
    form: str, cades: Files, tsa_key: SigningKey, trust: Trust
) -> None:
    """EN 319 162-1 A.8: the signature is as old as the record; a changed file fails the record."""
    name = "META-INF/evidencerecord.ers" if form == "asn1" else "META-INF/evidencerecord.xml"
    record = Record(form, dict(cades)).begin(tsa_key, NOW).encode()
    listed = manifest(name, cades)
    files = cades | {"META-INF/ASiCEvidenceRecordManifest.xml": listed, name: record}
    judgement = judged(files, trust)
    assert answer(judgement) == (PASSED, None)
    (report,) = judgement.timestamps
    assert (report.kind, report.intact, report.conclusion.indication) == ("evidence-record", True, PASSED)
    assert judgement.signatures[0].best_signature_time == report.time
    (broken,) = judged(files | {name: b"khong phai"}, trust).timestamps
    assert broken.conclusion.sub_indication is Sub.FORMAT_FAILURE
    (changed,) = judged(files | {"phu-luc/b.txt": b"khac"}, trust).timestamps
    assert (changed.intact, changed.conclusion.sub_indication) == (False, Sub.HASH_FAILURE)


def test_an_evidence_record_alone_signs_nothing(tsa_key: SigningKey, trust: Trust) -> None:
    """ASiC-S over one file: NO-SIGNATURE with its time."""
    record = Record("asn1", dict(ONE), others=[]).begin(tsa_key, NOW, tree=False).encode()
    judgement = judged(ONE | {"META-INF/evidencerecord.ers": record}, trust, ASICS)
    assert answer(judgement) == (NONE, None)
    assert [one.conclusion.indication for one in judgement.timestamps] == [PASSED]


def test_an_archive_manifest_makes_the_level(
    agency_key: SigningKey, stamper: Stamper, tsa_url: str, trust: Trust
) -> None:
    """EN 319 162-1 4.4.4: B-LTA by a time-stamp of the container, where the signature in it is B-LT."""
    signed = manifest(P7S, DATA)
    for level, archived in (("B-T", "B-T"), ("B-LT", "B-LTA")):
        made = sign_detached(signed, agency_key, level=level, tsa=tsa_url, trust=trust)  # type: ignore[arg-type] # a row of the test
        files = DATA | {MANIFEST: signed, P7S: made}
        (before,) = judged(files, trust).signatures
        (after,) = judged(with_time_stamp(files, stamper), trust).signatures
        assert [before.level, after.level] == [f"CAdES-{level}", f"CAdES-{archived}"]
        assert after.conclusion == Conclusion.passed()


def test_a_record_in_xml_may_be_over_canonical_xml(tsa_key: SigningKey, trust: Trust) -> None:
    """RFC 6283 2.1: the file lies in the container as it was written, in a file of its own, or beside it."""
    written, canonical = b'<a z="1"  b="2"/>', b'<a b="2" z="1"></a>'
    record = Record("xml", {"a.xml": canonical}, others=[]).begin(tsa_key, NOW).encode()
    (report,) = judged({"a.xml": written, "META-INF/evidencerecord.xml": record}, trust, ASICS).timestamps
    assert report.conclusion.indication is PASSED
    now = datetime.now(UTC)
    (report,) = verify(record, trust=trust, at=now, content=[("a.xml", written)]).timestamps
    assert report.conclusion.indication is PASSED
    (report,) = verify(written, trust=trust, at=now, evidence=[("a.ers", record)]).timestamps
    assert report.conclusion.indication is PASSED
    (report,) = verify(record, trust=trust, at=now, content=[("a.xml", b"<a b='3'/>")]).timestamps
    assert report.conclusion.sub_indication is Sub.HASH_FAILURE


# --- ASiC-S -------------------------------------------------------------------------------------------------


def simple(kind: str, key: SigningKey, stamper: Stamper) -> Files:
    """Return an ASiC-S with this signing file (EN 319 162-1 4.3.3.2)."""
    (data,) = ONE.values()
    if kind == "signatures.xml":
        return with_xades(dict(ONE), key)
    made = sign_detached(data, key) if kind == "signature.p7s" else stamper(data)
    return ONE | {f"META-INF/{kind}": made}


@pytest.mark.parametrize("mimetype", [ASICS, None])
@pytest.mark.parametrize("kind", ["signatures.xml", "signature.p7s", "timestamp.tst"])
def test_simple_containers_hold_one_file(
    kind: str, mimetype: str | None, agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """XAdES, CAdES or a time-stamp; with its mimetype and without."""
    files = simple(kind, agency_key, stamper)
    judgement = judged(files, trust, mimetype)
    expected = NONE if kind == "timestamp.tst" else PASSED
    assert answer(judgement) == (expected, None)
    if mimetype or kind != "signatures.xml":
        assert judgement.format is FileFormat.ASICS
    assert [one.coverage for one in judgement.signatures] == ([] if expected is NONE else ["whole"])
    assert [one.intact for one in judgement.timestamps] == ([True] if expected is NONE else [])
    (name,) = ONE
    changed = judged(files | {name: b"khac"}, trust, mimetype)
    conclusions = [one.conclusion for one in changed.signatures] + [
        one.conclusion for one in changed.timestamps
    ]
    assert [one.sub_indication for one in conclusions] == [Sub.HASH_FAILURE]


@pytest.mark.parametrize("kind", ["signatures.xml", "signature.p7s", "timestamp.tst"])
def test_simple_containers_with_another_number_of_files_fail(
    kind: str, agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """None, or two: said in one sentence."""
    files = simple(kind, agency_key, stamper)
    two = judged(files | {"them.txt": b"x"}, trust, ASICS)
    assert (
        answer(two) == (FAILED, Sub.FORMAT_FAILURE) if kind != "signatures.xml" else answer(two)[0] is FAILED
    )
    assert "container-form" in codes(two)
    none = judged({name: data for name, data in files.items() if name not in ONE}, trust, ASICS)
    assert answer(none)[0] is FAILED
    assert "container-form" in codes(none)


# --- names and types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["META-INF/signatures.xml", "META-INF/signatures0.xml", "META-INF/001-signatures-x.xml"],
)
def test_signature_files_have_many_names(name: str, agency_key: SigningKey, trust: Trust) -> None:
    """EN 319 162-1 4.4.3.2: any name that holds ``signatures``."""
    assert answer(judged(with_xades(dict(DATA), agency_key, name), trust)) == (PASSED, None)


@pytest.mark.parametrize(
    ("mimetype", "comment", "code"),
    [
        (ASICE, "", ""),
        (ASICE + "\n", "", ""),
        (None, f"mimetype={ASICE}", ""),
        (ASICE, f"mimetype={ASICE}", ""),
        (None, "", "mimetype-absent"),
        ("application/zip", "", "mimetype-unknown"),
        ("application/vnd.bdoc-1.0", "", ""),
    ],
)
def test_the_type_is_said_in_many_ways(
    mimetype: str | None, comment: str, code: str, agency_key: SigningKey, trust: Trust
) -> None:
    """In the entry, in the archive's comment, or not at all (EN 319 162-1 A.1)."""
    judgement = judged(with_xades(dict(DATA), agency_key), trust, mimetype, comment=comment)
    assert answer(judgement) == (PASSED, None)
    assert judgement.format is FileFormat.ASICE
    assert {one.code for one in judgement.findings} == ({code} if code else set())


def test_two_types_are_refused(agency_key: SigningKey) -> None:
    """The entry and the comment must not contradict each other."""
    made = zipped(with_xades(dict(DATA), agency_key), ASICE, comment=f"mimetype={ASICS}")
    with pytest.raises(ContainerError):
        read_container(io.BytesIO(made))


def test_files_are_told_by_their_names() -> None:
    """The first pattern that fits."""
    told = {
        "mimetype": "mimetype",
        "a/META-INF/signatures.xml": "data",
        "META-INF/manifest.xml": "meta",
        "META-INF/ASiCManifest.xml": "manifest",
        "META-INF/ASiCArchiveManifest1.xml": "archive-manifest",
        "META-INF/ASiCEvidenceRecordManifest.xml": "evidence-manifest",
        "META-INF/evidencerecord.ers": "evidence",
        "META-INF/EvidenceRecord.xml": "evidence",
        "META-INF/signature.p7s": "cades",
        "META-INF/timestamp.tst": "timestamp",
        "META-INF/x/signatures.xml": "meta",
    }
    assert {name: kind_of(name) for name in told} == told


def test_references_are_read_from_the_root_of_the_container() -> None:
    """A leading slash adds nothing; names left as they are and ``+`` for a space are found; no way out."""
    assert names_in_uri("/a.txt")[0] == names_in_uri("./a.txt")[0] == "a.txt"
    assert names_in_uri("C%C3%B4ng%20v%C4%83n.txt")[0] == "Công văn.txt"
    assert "50% a.txt" in names_in_uri("50% a.txt")
    assert "a b.txt" in names_in_uri("a+b.txt")
    assert "a#b.txt" in names_in_uri("a#b.txt")
    for uri in ("http://a.example/x", "//a.example/x", "file:///x", "", "%ff"):
        assert not [name for name in names_in_uri(uri) if name in DATA]


@pytest.mark.parametrize("written", ["/{}", "./{}", "{}"])
def test_odd_references_are_found(written: str, agency_key: SigningKey, trust: Trust) -> None:
    """Names that are not percent-encoded, as older writers leave them."""
    from tests.ades.xades_building import built, detached

    signed = {written.format(name): data for name, data in DATA.items()}
    frame = '<a:XAdESSignatures xmlns:a="http://uri.etsi.org/02918/v1.1.1#">{}</a:XAdESSignatures>'
    files = DATA | {"META-INF/signatures.xml": built(detached(agency_key, signed, frame=frame))}
    assert answer(judged(files, trust)) == (PASSED, None)


def test_a_container_inside_is_named(agency_key: SigningKey, trust: Trust) -> None:
    """It is signed as a file; its own signatures are another question."""
    inner = zipped(with_xades(dict(ONE), agency_key))
    judgement = judged(with_xades({"trong.asice": inner}, agency_key), trust)
    assert answer(judgement) == (PASSED, None)
    (finding,) = judgement.findings
    assert (finding.code, finding.where) == ("nested-container", "trong.asice")


# --- OpenDocument -------------------------------------------------------------------------------------------


def test_an_open_document_signature_is_judged(agency_key: SigningKey, trust: Trust) -> None:
    """ODF 1.2 part 3: canonical XML for content.xml, octets for the rest, the manifest signed, too."""
    files = open_document(agency_key)
    judgement = judged(files, trust, ODT)
    assert answer(judgement) == (PASSED, None)
    assert judgement.format is FileFormat.ASICE
    assert judgement.signatures[0].coverage == "whole"
    assert answer(judged(files | {"content.xml": b"<a/>"}, trust, ODT)) == (FAILED, Sub.HASH_FAILURE)
    assert answer(judged(files | {"Basic/x.xml": b"<a/>"}, trust, ODT)) == (FAILED, Sub.FORMAT_FAILURE)
    assert answer(judged(files | {"external-data/x": b""}, trust, ODT)) == (PASSED, None)
    assert read_container(io.BytesIO(zipped({"content.xml": b""}, ODT))).format is FileFormat.OTHER


def test_an_unsigned_manifest_of_an_open_document_fails(agency_key: SigningKey, trust: Trust) -> None:
    """From version 1.2 on; before it nobody signed it."""
    unsigned = open_document(agency_key, leave_out=["META-INF/manifest.xml"])
    judgement = judged(unsigned, trust, ODT)
    assert answer(judgement) == (FAILED, Sub.FORMAT_FAILURE)
    assert "META-INF/manifest.xml" in {one.where for one in judgement.findings}
    older = open_document(agency_key, version="1.1", leave_out=["META-INF/manifest.xml"])
    assert answer(judged(older, trust, ODT)) == (PASSED, None)
    assert "META-INF/manifest.xml" not in required_names(read_container(io.BytesIO(zipped(older, ODT))))
