"""A sample of every kind of document, as shipped in ``samples``: to look at, and for a clerk to begin with.

Every name in them is invented. Files are for the caller to write.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources

from docsign.document.copies import CertifiedCopy
from docsign.document.kinds import COPIES
from docsign.document.model import OfficialDocument
from docsign.document.parts import Signatory
from docsign.document.source import parse_text
from docsign.envelope.header import VIETNAM_TIME, Organization

SAMPLE_DAY = datetime.date(2026, 11, 16)
"""The day every sample bears."""
_FOLDER = "samples"
_COPIED = ("06-thong-cao", "05-quy-dinh", "07-thong-bao")  # what is copied, in the order of COPIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample: its name (``05-quy-dinh``), its TOML, and the document, numbered and dated."""

    name: str
    toml: str
    document: OfficialDocument


def samples() -> Iterator[Sample]:
    """Yield the samples in the order of ND 30/2020 Art. 7; the number of each is its place in it."""
    folder = resources.files("docsign.document") / _FOLDER
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name, _, ending = entry.name.rpartition(".")
        if ending == "toml":
            text = entry.read_text(encoding="utf-8")
            document = parse_text(text, where=entry.name)
            number = document.number or name.partition("-")[0]
            yield Sample(name=name, toml=text, document=replace(document, number=number, date=SAMPLE_DAY))


def finished(sample: Sample) -> Iterator[tuple[str, bytes]]:
    """Yield the PDFs of a sample by name: the document, then each appendix that is a file of its own."""
    created = datetime.datetime.combine(SAMPLE_DAY, datetime.time(8, 30), VIETNAM_TIME)
    yield sample.name, sample.document.to_pdf(created)
    for position, pdf in enumerate(sample.document.appendix_files(created), start=1):
        yield f"{sample.name}-phu-luc-{position}", pdf


def finished_copies() -> Iterator[tuple[str, bytes]]:
    """Yield one of each kind of copy on paper, ready for printing, by name."""
    originals = {sample.name: sample for sample in samples()}
    created = datetime.datetime.combine(SAMPLE_DAY, datetime.time(9, 0), VIETNAM_TIME)
    for number, (kind, name) in enumerate(zip(COPIES, _COPIED, strict=True), start=1):
        copy = CertifiedCopy(
            kind=kind,
            source="electronic",
            target="paper",
            issuer=Organization(code="H99.32", name="Ủy ban nhân dân\nphường Hai"),
            notation=f"{kind.abbreviation}-UBND",
            place="Phường Hai",
            signer=Signatory(authority=("TL. Chủ tịch",), position="Chánh Văn phòng", name="Vũ Thị Thí Dụ"),
            recipients=("Các phòng chuyên môn", "Lưu: VT"),
            number=str(number),
            date=SAMPLE_DAY,
        )
        _, original = next(finished(originals[name]))
        yield f"{len(originals) + number}-{kind.key}", copy.to_print(original, created).pdf
