"""An envelope of the invented commune (H99.31) to the invented province (H99)."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest

from docsign.envelope import Header, Organization, Signer
from docsign.pdf.typeset import typeset
from docsign.pki import SigningKey
from docsign.sealing import seal

SEALED_AT = datetime.now(UTC).replace(microsecond=0)
APPENDIX = "Phụ lục số 1.txt"


@pytest.fixture(scope="session")
def header() -> Header:
    """The header of công văn 12/UBND-VX."""
    return Header(
        sender=Organization(code="H99.31", name="ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", superior="UBND tỉnh Mẫu"),
        receivers=(
            Organization(code="H99", name="ỦY BAN NHÂN DÂN TỈNH THỬ NGHIỆM"),
            Organization(code="000.00.12.H99", name="Sở Thử nghiệm tỉnh Mẫu"),
        ),
        number="12",
        notation="UBND-VX",
        issued=date(2026, 11, 21),
        place="Mẫu",
        subject="V/v thử nghiệm gửi, nhận văn bản điện tử",
        content="V/v thử nghiệm gửi, nhận văn bản điện tử",
        signer=Signer(competence="KT. CHỦ TỊCH", position="PHÓ CHỦ TỊCH", name="Nguyễn Văn Mẫu"),
        to_places=("Như trên", "Lưu: VT, VX"),
    )


@pytest.fixture(scope="session")
def pdf() -> bytes:
    """A page that says it is a trial."""
    return typeset("Công văn thử nghiệm", {}, timestamp=SEALED_AT).pdf


@pytest.fixture(scope="session")
def sealed(header: Header, pdf: bytes, agency_key: SigningKey) -> bytes:
    """The envelope: one PDF under the document's number, and an appendix with a Vietnamese name."""
    return seal(header, [pdf, (APPENDIX, "Nội dung phụ lục".encode())], agency_key, at=SEALED_AT)


@pytest.fixture
def stream(sealed: bytes) -> io.BytesIO:
    """The envelope as a stream."""
    return io.BytesIO(sealed)
