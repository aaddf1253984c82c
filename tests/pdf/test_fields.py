"""The form of an official PDF: what is added, and what stays as it was."""

from __future__ import annotations

from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from docsign.errors import PdfError
from docsign.pdf.fields import (
    AGENCY_SIGNATURE,
    DOCUMENT_NUMBER,
    PERSON_SIGNATURE,
    Box,
    SignatureField,
    TextField,
    add_fields,
)
from docsign.pdf.typeset import typeset
from tests.pdf.pyhanko_revision import named_fields
from tests.signing.conftest import CREATED
from tests.witnesses.verapdf import assert_pdfa

BOX = Box(page=1, left=300, bottom=300, right=450, top=380)
FIELDS = (
    TextField(name=DOCUMENT_NUMBER, box=Box(page=1, left=90, bottom=700, right=130, top=715), size=13),
    SignatureField(name=PERSON_SIGNATURE, box=BOX),
    SignatureField(name=AGENCY_SIGNATURE, box=BOX, lock=(DOCUMENT_NUMBER,)),
)


@pytest.fixture(scope="module")
def page() -> bytes:
    """One page by Typst, PDF/A-2b."""
    source = '#set text(font: "Liberation Serif")\nSố: #data.number'
    return typeset(source, {"number": "…/UBND-VX"}, timestamp=CREATED).pdf


def test_fields_are_appended_and_keep_pdfa(page: bytes) -> None:
    """One revision after the untouched bytes; veraPDF finds nothing."""
    made = add_fields(page, FIELDS)
    assert made.startswith(page)
    assert_pdfa(made, "2b")


def test_the_same_input_gives_the_same_bytes(page: bytes) -> None:
    """No clock and no random identifier."""
    assert add_fields(page, FIELDS) == add_fields(page, FIELDS)


def test_every_widget_is_printed_and_drawn(page: bytes) -> None:
    """ISO 19005-2: the flag Print, an appearance, no NeedAppearances."""
    root = PdfFileReader(BytesIO(add_fields(page, FIELDS))).root
    found = dict(named_fields(root))
    assert list(found) == [field.name for field in FIELDS]
    assert "/NeedAppearances" not in root["/AcroForm"]
    assert root["/AcroForm"]["/SigFlags"] == 1
    for field in found.values():
        assert field["/F"] & 4
        assert field["/AP"]["/N"]["/Subtype"] == "/Form"
        assert "/V" not in field


def test_the_agencys_field_says_what_it_will_close(page: bytes) -> None:
    """The lock waits in the field until it is signed (ISO 32000-1 table 233)."""
    found = dict(named_fields(PdfFileReader(BytesIO(add_fields(page, FIELDS))).root))
    lock = found[AGENCY_SIGNATURE]["/Lock"]
    assert lock["/Action"] == "/Include"
    assert list(map(str, lock["/Fields"])) == [DOCUMENT_NUMBER]
    assert "/Lock" not in found[PERSON_SIGNATURE]


def test_a_name_is_taken_once(page: bytes) -> None:
    """In the PDF or in the list."""
    with pytest.raises(PdfError, match="already has a field named PersonSignature"):
        add_fields(add_fields(page, FIELDS), FIELDS[1:2])
    with pytest.raises(PdfError, match="already"):
        add_fields(page, (FIELDS[1], FIELDS[1]))


def test_a_page_that_is_not_there_is_refused(page: bytes) -> None:
    """Page 9 of one."""
    box = Box(page=9, left=0, bottom=0, right=10, top=10)
    with pytest.raises(PdfError):
        add_fields(page, [SignatureField(name="Khac", box=box)])


def test_a_box_knows_its_size() -> None:
    """In points."""
    assert (BOX.width, BOX.height) == (150, 80)


def test_the_baseline_leaves_room_for_what_hangs_below() -> None:
    """The descent of Liberation Serif: tone marks below a letter (ậ, ệ) are not cut."""
    assert FIELDS[0].baseline == pytest.approx(0.216 * 13)


def test_a_form_that_runs_in_a_circle_ends(page: bytes) -> None:
    """A field that is its own child is met once, and not followed for ever."""
    made = add_fields(page, FIELDS)
    own = made.rindex(b"/T (" + PERSON_SIGNATURE.encode())
    start = made.rindex(b" 0 obj", 0, own)
    number = made[made.rindex(b"\n", 0, start) + 1 : start].decode()
    kids = f"/T (A) /Kids [{number} 0 R {number} 0 R]".encode()
    length = made.index(b"/FT", own) - own
    looped = made[:own] + kids.ljust(length)[:length] + made[own + length :]
    assert len(kids) <= length
    assert add_fields(looped, [SignatureField(name="Khac", box=BOX)]).startswith(looped)
