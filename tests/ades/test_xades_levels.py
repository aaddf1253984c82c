"""XAdES of every level in an envelope's seal, as xmlsec1, libdigidocpp and our own judge read it."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from docsign.ades.xades_levels import archive_imprint, needed, value_bytes, with_validation_data
from docsign.envelope import Header, Organization, judge_container, read_container
from docsign.errors import FileUnusableError, TrustError, UsageError, XmlError
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.pki.validation_data import ValidationData
from docsign.proofs import Level
from docsign.sealing import seal
from docsign.verdict import Indication, SignatureReport
from tests.envelope.conftest import SEALED_AT
from tests.envelope.test_witnesses import OPINION, TRUST_AND_TIME, libdigidocpp
from tests.envelope.test_witnesses import no_lists as no_lists

OWN_LISTS = {
    # what libdigidocpp says for want of our roots, and where the proofs are lists instead of OCSP answers
    "says Certificate status: unknown",
    "says error:17800064:time stamp routines::certificate verify error",
    "says RevocationValues object is missing",
    "says OCSPValues is missing",
}

CONTENT = ("Phụ lục số 1.txt", "Nội dung phụ lục".encode())


@pytest.fixture(scope="module")
def header() -> Header:
    """A letter of the invented commune."""
    return Header(
        sender=Organization(code="H99.31", name="ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM"),
        receivers=(Organization(code="H99", name="ỦY BAN NHÂN DÂN TỈNH THỬ NGHIỆM"),),
        number="12",
        notation="UBND-VX",
        issued=SEALED_AT.date(),
        subject="V/v thử nghiệm",
    )


def _without_lists(trust: Trust) -> Trust:
    return dataclasses.replace(trust, crls=(), intermediates=())


def _judged(envelope: bytes, trust: Trust) -> SignatureReport:
    (report,) = judge_container(read_container(io.BytesIO(envelope)), trust=trust, at=SEALED_AT).signatures
    return report


def _signature(envelope: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(envelope)) as archive:
        return archive.read("META-INF/signatures.xml")


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
def test_every_level_is_what_it_says(
    level: Level,
    kind: KeyKind,
    header: Header,
    authority: TrialAuthority,
    trust: Trust,
    tsa_url: str,
    tmp_path: Path,
) -> None:
    """From B-LT on nothing need be known but the root; xmlsec1 verifies the whole each time."""
    key = authority.issue("agency", "XÃ THỬ", agency="H99.31", key=kind).signing_key()
    envelope = seal(header, [CONTENT], key, level=level, tsa=tsa_url, trust=trust)
    report = _judged(envelope, _without_lists(trust) if level in ("B-LT", "B-LTA") else trust)
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    assert report.level == f"XAdES-{level}"
    with zipfile.ZipFile(io.BytesIO(envelope)) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        ["xmlsec1", "--verify", "--trusted-pem", str(authority.trust_folder / "root.pem"),
         "--untrusted-pem", str(authority.trust_folder / "issuing.pem"),
         "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "META-INF/signatures.xml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("level", "profile"),
    [("B-T", "BES/time-stamp"), ("B-LT", "BES/time-stamp"), ("B-LTA", "BES/time-stamp-archive")],
)
def test_libdigidocpp_finds_only_its_trust_wanting(
    level: Level,
    profile: str,
    header: Header,
    agency_key: SigningKey,
    trust: Trust,
    tsa_url: str,
    tmp_path: Path,
    no_lists: str,
) -> None:
    """Digests, signature and time-stamps are sound to it; our roots are not in its lists."""
    path = tmp_path / "x.asice"
    path.write_bytes(seal(header, [CONTENT], agency_key, level=level, tsa=tsa_url, trust=trust))
    said = libdigidocpp(OPINION, no_lists, tmp_path, path)
    assert any(line.startswith(f"signature {profile} ") for line in said), said
    assert {line for line in said if line.startswith("says ")} <= TRUST_AND_TIME | OWN_LISTS, said


def test_a_seal_is_renewed_behind_its_archive(
    header: Header, agency_key: SigningKey, trust: Trust, tsa_url: str
) -> None:
    """What comes behind an archive time-stamp stands as its own validation data, and covers all before."""
    xml = _signature(seal(header, [CONTENT], agency_key, level="B-LTA", tsa=tsa_url, trust=trust))
    assert [one.role for one in needed(xml)] == ["sign", "tsa", "tsa"]
    renewed = with_validation_data(xml, ValidationData(crls=trust.crls))
    assert b"TimeStampValidationData" in renewed
    assert value_bytes(renewed) == value_bytes(xml)


def test_what_is_not_at_hand_is_said(
    header: Header, agency_key: SigningKey, trust: Trust, tsa_url: str
) -> None:
    """A file that is gone, one that changed, no XAdES at all, no service, no way to the trust."""
    xml = _signature(seal(header, [CONTENT], agency_key, level="B-T", tsa=tsa_url))
    with pytest.raises(XmlError, match="is not at hand"):
        archive_imprint(xml, lambda _: None)
    for nonsense in (b"", b"<a/>", b"<a"):
        with pytest.raises(XmlError):
            value_bytes(nonsense)
    with pytest.raises(UsageError, match="name a time-stamping service"):
        seal(header, [CONTENT], agency_key, level="B-T")
    with pytest.raises(TrustError, match="does not lead"):
        seal(header, [CONTENT], agency_key, level="B-LT", tsa=tsa_url, trust=Trust.nothing(), check=False)


def test_a_file_that_changes_while_it_is_sealed_is_refused(
    header: Header,
    agency_key: SigningKey,
    trust: Trust,
    tsa_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The archive time-stamp would cover what nobody signed."""
    path = tmp_path / "phu-luc.txt"
    path.write_bytes(b"cu")
    from docsign.ades import xades_levels

    honest = xades_levels.with_validation_data

    def meanwhile(xml: bytes, data: ValidationData) -> bytes:
        path.write_bytes(b"moi")
        return honest(xml, data)

    monkeypatch.setattr(xades_levels, "with_validation_data", meanwhile)
    with pytest.raises(FileUnusableError, match="changed while it was sealed"):
        seal(header, [path], agency_key, level="B-LTA", tsa=tsa_url, trust=trust)
