"""veraPDF is a witness worth hearing: it accepts what is right and names what is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
import typst

from tests.witnesses.verapdf import assert_pdfa, broken_rules

Standard = Literal["1.7", "a-2a", "a-2b", "a-3b", "a-4"]

FONTS = Path(__file__).resolve().parents[2] / "docsign" / "fonts"
LETTER = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: datetime(year: 2026, month: 11, day: 20))
#set text(font: "Liberation Serif", lang: "vi")
#data.text
"""


def letter(standard: Standard) -> bytes:
    """Return a page of Vietnamese text, laid out by Typst."""
    data = json.dumps(
        {"title": "Công văn mẫu", "text": "Ủy ban nhân dân xã Mẫu: ắ ằ ẳ ẵ ặ, ế ề ể ễ ệ, ứ ừ ử ữ ự."}
    )
    made = typst.compile(
        LETTER.encode(),
        format="pdf",
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[FONTS]),
        sys_inputs={"data": data},
        timestamp=datetime(2026, 11, 20, tzinfo=UTC),
        pdf_standards=standard,
    )
    assert isinstance(made, bytes)
    return made + b"\n"


def by_hand(content: bytes, font: bytes, root: bytes = b"") -> bytes:
    """Return a PDF of one page with this content stream and font, written without any library."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R " + root + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        content,
        font,
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    made, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + (
        b"trailer\n<< /Size %d /Root 1 0 R /ID [<00112233><00112233>] >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(bodies) + 1, start)
    )


PAGE = b"<< /Length 43 >>\nstream\nBT /F1 12 Tf 72 720 Td (Cong van mau) Tj ET\nendstream"
NOT_EMBEDDED = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


@pytest.mark.parametrize("standard", ["a-2b", "a-2a", "a-3b", "a-4"])
def test_a_page_typst_made_for_the_standard_is_compliant(standard: Standard) -> None:
    """Typst's PDF/A passes the flavour it was asked for, tones and all."""
    assert_pdfa(letter(standard), standard.removeprefix("a-"))


def test_a_file_is_read_as_well_as_bytes(tmp_path: Path) -> None:
    """The witness takes a path."""
    path = tmp_path / "công-văn.pdf"
    path.write_bytes(letter("a-2b"))
    assert_pdfa(path)


def test_a_plain_pdf_is_not_pdfa() -> None:
    """The same page without the standard lacks the identification in its metadata."""
    clauses = {rule.clause for rule in broken_rules(letter("1.7"))}
    assert any(clause.startswith("6.6.") for clause in clauses)


def test_a_font_that_is_not_embedded_is_named() -> None:
    """ISO 19005-2 6.2.11.4.1: the font programs of all fonts shall be embedded."""
    rules = {rule.clause: rule for rule in broken_rules(by_hand(PAGE, NOT_EMBEDDED))}
    assert "6.2.11.4.1-1" in rules
    assert "Helvetica" in rules["6.2.11.4.1-1"].message or "font" in rules["6.2.11.4.1-1"].description
    with pytest.raises(AssertionError, match=r"6\.2\.11\.4\.1-1 .*embedded"):
        assert_pdfa(by_hand(PAGE, NOT_EMBEDDED))


def test_javascript_is_named() -> None:
    """ISO 19005-2 6.5.1: no JavaScript action, whoever would run it."""
    script = by_hand(PAGE, NOT_EMBEDDED, root=b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")
    assert "6.5.1-1" in {rule.clause for rule in broken_rules(script)}


def test_one_wrong_thing_is_one_broken_rule() -> None:
    """A byte after the end of an otherwise compliant file is found, and nothing else."""
    good = letter("a-2b")
    assert [rule.clause for rule in broken_rules(good + b"x")] == ["6.1.3-3"]


def test_what_is_not_a_pdf_is_said_so() -> None:
    """Bytes that cannot be parsed break the rule of being a PDF."""
    assert [rule.clause for rule in broken_rules("không phải PDF".encode())] == ["parse"]
