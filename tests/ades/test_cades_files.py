"""CAdES files and evidence records as ``verify`` meets them: DER, PEM, bare base64, inside, beside, alone."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from docsign.pki.authority import TrialAuthority
from docsign.verdict import FileFormat, Indication, Report
from docsign.verification import verify
from tests.ades.cades_tricks import good_countersigned, good_streamed
from tests.ades.cades_world import BEGIN, CONTENT, HOUR, World
from tests.evidence_builder import Record


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all files."""
    folder = tmp_path_factory.mktemp("files")
    return World(TrialAuthority.create(folder, key="p256", at=BEGIN - timedelta(days=100)))


def verified(world: World, path: Path, *content: Path) -> Report:
    """Verify a file as the command does, nothing fetched."""
    return verify(path, trust=world.trust, at=BEGIN + 24 * HOUR, offline=True, content=content)


def armoured(data: bytes, label: str) -> bytes:
    """Write PEM."""
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (
        label.encode(),
        base64.encodebytes(data),
        label.encode(),
    )


@pytest.mark.parametrize("form", ["DER", "PKCS7", "CMS", "base64"])
def test_every_way_of_writing_a_signature_is_read(world: World, tmp_path: Path, form: str) -> None:
    """The file it signs lies beside it under its name."""
    data = world.signed().stamp(world.tsa, BEGIN + HOUR).encode()
    written = {"DER": data, "base64": base64.encodebytes(data)}.get(form) or armoured(data, form)
    (tmp_path / "quyet-dinh.pdf").write_bytes(CONTENT)
    (tmp_path / "quyet-dinh.pdf.p7s").write_bytes(written)
    report = verified(world, tmp_path / "quyet-dinh.pdf.p7s")
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report.findings
    (signature,) = report.signatures
    assert (signature.level, signature.coverage) == ("CAdES-B-T", "whole")


def test_content_inside_is_read_as_it_streams(world: World, tmp_path: Path) -> None:
    """A ``.p7m`` with indefinite lengths and the content in parts."""
    (tmp_path / "to-trinh.p7m").write_bytes(good_streamed(world)[0])
    assert verified(world, tmp_path / "to-trinh.p7m").conclusion.indication is Indication.TOTAL_PASSED


def test_counter_signatures_stand_among_the_signatures(world: World, tmp_path: Path) -> None:
    """Each with its own answer, the file's is the worst."""
    (tmp_path / "a.p7s").write_bytes(good_countersigned(world)[0])
    (tmp_path / "a").write_bytes(CONTENT)
    report = verified(world, tmp_path / "a.p7s")
    assert [one.id for one in report.signatures] == ["S1", "S1-C1"]
    assert report.conclusion.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("form", ["asn1", "xml"])
def test_an_evidence_record_alone_is_no_signature(world: World, tmp_path: Path, form: str) -> None:
    """It is told by its content, its stamp is shown, its files are asked for or judged."""
    record = Record(form, {"cong-van.pdf": CONTENT}).begin(world.tsa, BEGIN)
    path, file = tmp_path / "luu-tru.ers", tmp_path / "cong-van.pdf"
    path.write_bytes(record.encode())
    file.write_bytes(CONTENT)
    for content, answer in (((), Indication.INDETERMINATE), ((file,), Indication.TOTAL_PASSED)):
        report = verified(world, path, *content)
        assert (report.format, report.conclusion.indication) == (
            FileFormat.EVIDENCE_RECORD,
            Indication.NO_SIGNATURE,
        )
        (stamp,) = report.timestamps
        assert (stamp.kind, stamp.time, stamp.conclusion.indication) == ("evidence-record", BEGIN, answer)
