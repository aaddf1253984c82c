"""The fields of ND 30/2020 PL VI II: as JSON there and back, and in the PDF."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.document import OfficialDocument
from docsign.document.metadata import IncomingMetadata, OutgoingMetadata, read_metadata
from docsign.errors import DocumentError

from .samples import CREATED, decision, letter

DAY = date(2026, 11, 16)


def test_a_document_fills_in_what_it_knows() -> None:
    """Number and date once they were given."""
    document = OfficialDocument.from_mapping(letter(urgency="khẩn", copies=12))
    assert OutgoingMetadata.of(document, number=5, date=DAY, page_amount=1).to_mapping() == {
        "FileCode.OrganId": "H99.31", "TypeName": "Công văn", "CodeNumber": "05", "CodeNotation": "UBND-VP",
        "IssuedDate": "2026-11-16", "OrganName": "Ủy ban nhân dân phường Một", "Subject": document.subject,
        "Language": "Tiếng Việt", "PageAmount": 1, "SignerInfo.Position": "PHÓ CHỦ TỊCH",
        "SignerInfo.FullName": "Nguyễn Văn Mẫu", "Priority": 1, "To.OrganId": "H99",
        "To.OrganName": "Ủy ban nhân dân tỉnh Mẫu", "IssuedAmount": 12,
    }  # fmt: skip


@given(
    st.text(alphabet="aăâđ <&>\"'ệ", max_size=40), st.integers(0, 999) | st.none(),
    st.dates(min_value=date(1900, 1, 1)) | st.none(), st.integers(0, 3),
)  # fmt: skip
def test_json_comes_back(text: str, amount: int | None, day: date | None, priority: int) -> None:
    """Whatever is in it, both directions."""
    outgoing = OutgoingMetadata(subject=text, page_amount=amount, due_date=day, priority=priority)
    assert OutgoingMetadata.from_json(outgoing.to_json()) == outgoing
    incoming = IncomingMetadata(to_places=text, arrival_number=amount, arrival_date=day)
    assert IncomingMetadata.from_json(incoming.to_json()) == incoming


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "This is not JSON"),
        ("[]", "A table is needed"),
        ('{"Subjekt": "x"}', "Subjekt: There is no such field"),
        ('{"PageAmount": "x"}', "PageAmount: A number or a text"),
        ('{"PageAmount": 1000}', "PageAmount: Too long"),
        ('{"PageAmount": -1}', "PageAmount: Too long"),
        ('{"IssuedDate": "16/11/2026"}', "IssuedDate: A date is needed"),
        ('{"CodeNumber": "%s"}' % ("1" * 12), "CodeNumber: Too long"),
        ('{"ArrivalNumber": 1}', "ArrivalNumber: There is no such field"),
    ],
)
def test_a_slip_is_named_with_the_decrees_own_name(text: str, sentence: str) -> None:
    """Lengths too."""
    with pytest.raises(DocumentError, match=sentence):
        OutgoingMetadata.from_json(text)


def test_the_pdf_carries_the_fields_in_its_xmp() -> None:
    """With an extension schema, so that it stays PDF/A (the layout tests ask veraPDF)."""
    for values in (letter(number=5, date=DAY, subject="hỏi & đáp <A> “B”"), decision()):
        document = OfficialDocument.from_mapping(values)
        assert read_metadata(document.to_pdf(CREATED)) == OutgoingMetadata.of(document)
