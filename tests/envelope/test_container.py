"""The ASiC-E container as it is written and as it is read."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from docsign.envelope import Container, Header, Reference, envelope_header, read_container, require_references
from docsign.envelope.container import ContainerWriter, manifest
from docsign.errors import ContainerError
from docsign.verdict import FileFormat
from tests.envelope.conftest import APPENDIX, SEALED_AT
from tests.envelope.test_zip import zipped

MIMETYPE = b"application/vnd.etsi.asic-e+zip"


def test_the_entries_stand_in_a_fixed_order(sealed: bytes) -> None:
    """The mimetype first, stored, without extra field; then header, documents, manifest, signature."""
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        assert archive.testzip() is None
        rows = archive.infolist()
    assert [row.filename for row in rows] == [
        "mimetype",
        "header.edxml",
        "documents/12-UBND-VX.pdf",
        f"documents/{APPENDIX}",
        "META-INF/manifest.xml",
        "META-INF/signatures.xml",
    ]
    assert sealed[30:38] == b"mimetype"
    assert sealed[38:].startswith(MIMETYPE)  # EN 319 162-1 A.1: readable at offset 38
    assert all(row.compress_type == zipfile.ZIP_STORED and not row.extra for row in rows)


def test_the_same_input_gives_the_same_bytes() -> None:
    """No clock and no order of a set goes in."""
    made = []
    for _ in range(2):
        stream = io.BytesIO()
        writer = ContainerWriter(stream, at=datetime(2026, 11, 21, 2, tzinfo=UTC))
        writer.add("documents/Công văn.pdf", [b"%PDF", b"-1.7"])
        writer.close()
        made.append(stream.getvalue())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.infolist()[1].date_time == (2026, 11, 21, 9, 0, 0)  # Vietnamese time


def test_a_writer_refuses_what_a_reader_would() -> None:
    """Double, dangerous and too many names."""
    writer = ContainerWriter(io.BytesIO(), at=SEALED_AT)
    writer.add("documents/A.pdf", [b""])
    for name in ("documents/a.PDF", "../a", "documents/a:b"):
        with pytest.raises(ContainerError):
            writer.add(name, [b""])
    for number in range(998):
        writer.add(f"{number}", [b""])
    with pytest.raises(ContainerError):
        writer.add("one too many", [b""])


def test_what_is_written_is_read(stream: io.BytesIO, pdf: bytes) -> None:
    """Names, bytes and kind of the container."""
    container = read_container(stream)
    assert container.format is FileFormat.ASICE
    assert not container.findings
    assert container.data_names == ("header.edxml", "documents/12-UBND-VX.pdf", f"documents/{APPENDIX}")
    assert container.signature_names == ("META-INF/signatures.xml",)
    assert container.read("documents/12-UBND-VX.pdf", 1 << 24) == pdf


def test_an_absent_or_misplaced_mimetype_is_said() -> None:
    """Tolerated when reading, with a finding."""
    absent = read_container(io.BytesIO(zipped({"a": b"", "META-INF/signatures.xml": b""})))
    assert [finding.code for finding in absent.findings] == ["mimetype-absent"]
    assert absent.format is FileFormat.ASICE
    late = read_container(io.BytesIO(zipped({"a": b"", "mimetype": MIMETYPE})))
    assert [finding.code for finding in late.findings] == ["mimetype-place"]
    packed = read_container(io.BytesIO(zipped({"mimetype": MIMETYPE}, packed=True)))
    assert [finding.code for finding in packed.findings] == ["mimetype-place"]


@pytest.mark.parametrize(
    ("mimetype", "format"),
    [
        (MIMETYPE, FileFormat.ASICE),
        (b"application/vnd.etsi.asic-s+zip", FileFormat.ASICS),
        (b"application/vnd.oasis.opendocument.text", FileFormat.OTHER),
    ],
)
def test_the_mimetype_says_the_format(mimetype: bytes, format: FileFormat) -> None:
    """ASiC-E, ASiC-S, or something else."""
    assert read_container(io.BytesIO(zipped({"mimetype": mimetype, "a": b""}))).format is format


def test_the_manifest_lists_every_file() -> None:
    """OpenDocument's manifest with the container itself as its first row."""
    root = etree.fromstring(manifest([("documents/Công & văn.pdf", "application/pdf")]))
    space = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
    assert [(row.get(f"{space}full-path"), row.get(f"{space}media-type")) for row in root] == [
        ("/", MIMETYPE.decode()),
        ("documents/Công & văn.pdf", "application/pdf"),
    ]


def test_the_header_names_exactly_the_documents(stream: io.BytesIO, header: Header) -> None:
    """One too few, one too many or one twice, and it is no envelope."""
    container = read_container(stream)
    read = envelope_header(container)
    assert read.subject == header.subject
    assert [reference.entry for reference in read.references] == list(container.data_names[1:])
    first, second = read.references
    signature = replace(second, content_id="META-INF/signatures.xml")
    absent = replace(second, content_id="documents/c")
    for references in ((first,), (first, second, absent), (first, second, signature), (first, first)):
        with pytest.raises(ContainerError):
            require_references(read.with_references(references), container)


def opened(files: dict[str, bytes]) -> Container:
    """Return a container of these files."""
    return read_container(io.BytesIO(zipped(files)))


def test_a_container_without_header_is_no_envelope() -> None:
    """Any ASiC-E may be verified; only ours is an envelope."""
    with pytest.raises(ContainerError, match=r"header\.edxml"):
        envelope_header(opened({"mimetype": MIMETYPE, "a.txt": b"x"}))


def test_a_reference_has_an_identifier_without_space() -> None:
    """The entry's name is percent-encoded in the header, as in the signature."""
    assert Reference(content_id="documents/a%20b", name="a b").entry == "documents/a b"
