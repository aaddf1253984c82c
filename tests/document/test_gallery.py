"""One of every kind: each sample is PDF/A, its text comes back, its boxes stand where they must."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import pytest

from docsign.cli import docsign, run
from docsign.cli.gallery import gallery
from docsign.document import KINDS
from docsign.document.gallery import Sample, finished, samples
from tests.witnesses.verapdf import assert_pdfa

from .samples import Page, pages_text, words_of

SAMPLES = {sample.name: sample for sample in samples()}


@cache
def built(name: str) -> tuple[bytes, ...]:
    """Return the PDFs of a sample."""
    return tuple(pdf for _, pdf in finished(SAMPLES[name]))


def flattened(sample: Sample) -> list[str]:
    """Return every text that must stand on the pages of the document itself."""
    document = sample.document
    blocks = [
        *document.blocks,
        *(b for entry in document.appendices if not entry.separate for b in entry.blocks),
    ]
    texts = [text for block in blocks for text in (block.lead, block.text)]
    texts += [cell for b in blocks if b.table for row in (b.table.columns, *b.table.rows) for cell in row]
    texts += [
        entry.title if entry.kind else entry.title.upper()
        for entry in document.appendices
        if not entry.separate
    ]
    texts += [signer.name for signer in document.signers] + [signer.position for signer in document.signers]
    texts += [*document.bases, *document.recipients, *(addressee.name for addressee in document.to)]
    texts += [f"Số: {document.number}/{document.notation}", document.printed_type.upper()]
    return [text for text in texts if text and (text != "CÔNG VĂN")]


def test_there_is_a_sample_of_every_kind() -> None:
    """And one of a council, whose number series is its own."""
    kinds = [sample.document.kind.key for sample in SAMPLES.values()]
    assert set(kinds) == {kind.key for kind in KINDS}
    assert any(sample.document.council for sample in SAMPLES.values())
    assert all(sample.document.number for sample in SAMPLES.values())


@pytest.mark.parametrize("name", SAMPLES)
def test_verapdf_accepts_every_sample(name: str) -> None:
    """PDF/A-2b, with the empty signature fields; appendices of their own too."""
    for pdf in built(name):
        assert_pdfa(pdf, "2b")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_text_of_every_sample_comes_back(name: str) -> None:
    """Every word of every part, NFC."""
    text = words_of(" ".join(pages_text(built(name)[0])))
    assert unicodedata.is_normalized("NFC", text)
    squeezed = "".join(text.split())
    missing = [words for words in flattened(SAMPLES[name]) if "".join(words.split()) not in squeezed]
    # a paragraph that runs over a page has the page number in its middle
    assert [words for words in missing if len(words) < 60] == []
    assert len(missing) <= len(pages_text(built(name)[0])) - 1


@pytest.mark.parametrize("name", SAMPLES)
def test_the_boxes_of_every_sample_stand_where_the_decree_puts_them(name: str) -> None:
    """Read back from the PDF: margins, heading, number and date on one line, title in the middle."""
    page, document = Page(built(name)[0]), SAMPLES[name].document
    motto = page.centre("Độc lập - Tự do - Hạnh phúc")
    assert page.centre("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") == pytest.approx(motto, abs=1)
    left, _, right, top = page.place("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    assert (left > 100, right <= 195, 272 <= top <= 277.5) == (True, True, True)
    number = page.place(f"Số: {document.number}/")
    assert page.type_of(f"Số: {document.number}/") == ("LiberationSerif", 13)
    if document.kind.dated:
        day = page.place("ngày 16 tháng 11 năm 2026")
        assert day[1] == pytest.approx(number[1], abs=1), "number and date stand on one line"
        assert page.type_of("ngày 16 tháng 11 năm 2026") == ("LiberationSerif-Italic", 13)
    if document.kind.form != "letter":
        title = document.printed_type.upper()
        assert page.type_of(title) == ("LiberationSerif-Bold", 14)
        assert page.centre(title) == pytest.approx(30 + 165 / 2, abs=1)
        assert page.place(title)[3] < number[1]


def test_appendices_count_their_own_pages() -> None:
    """ND 30/2020 PL I III.1.đ: none of them begins with a number in its margin."""
    pages = pages_text(built("10-ke-hoach")[0])
    assert [page.strip().split("\n")[0] for page in pages[1:]] == ["Phụ lục I", "Phụ lục II"]
    assert "(Kèm theo Kế hoạch số 10/KH-UBND ngày 16 tháng 11 năm 2026" in pages[1]


def test_an_appendix_of_its_own_is_signed_in_the_corner() -> None:
    """ND 30/2020 PL I III.1.d: the upper right corner of the first page, the agency alone."""
    from .samples import box_of, form_fields

    (field,) = form_fields(built("30-quyet-dinh-hoi-dong")[1]).values()
    assert field["/T"] == "AgencySignature"
    _, bottom, right, top = box_of(field)
    assert right == pytest.approx(195, abs=1)
    assert 277 < bottom < top < 297


def test_the_help_of_gallery_says_what_is_written() -> None:
    """A clerk reads it once."""
    assert "NAME.toml is what a clerk can begin with" in (gallery.help or "")


def test_the_command_writes_what_a_clerk_can_begin_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOML, PDF and a picture of every page."""
    few = [sample for sample in SAMPLES.values() if sample.name.startswith(("18", "30"))]
    monkeypatch.setattr("docsign.document.gallery.samples", lambda: iter(few))
    monkeypatch.setattr(
        "docsign.document.gallery.finished_copies", lambda: iter([("31-sao-y", built("06-thong-cao")[0])])
    )
    assert run(docsign, ["gallery", str(tmp_path / "mẫu"), "--dpi", "36"]) == 0
    assert sorted(path.name for path in (tmp_path / "mẫu").iterdir()) == [
        "18-cong-van-1.png", "18-cong-van.pdf", "18-cong-van.toml",
        "30-quyet-dinh-hoi-dong-1.png", "30-quyet-dinh-hoi-dong-phu-luc-1-1.png",
        "30-quyet-dinh-hoi-dong-phu-luc-1.pdf", "30-quyet-dinh-hoi-dong.pdf", "30-quyet-dinh-hoi-dong.toml",
        "31-sao-y-1.png", "31-sao-y.pdf",
    ]  # fmt: skip
    assert "4 văn bản" in capsys.readouterr().err
    assert (
        run(docsign, ["new", str(tmp_path / "mẫu" / "18-cong-van.toml"), "-o", str(tmp_path / "x.pdf")]) == 0
    )
