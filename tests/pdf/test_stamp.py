"""What a signature and a filled field look like on the page: colour, place, tones."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from docsign.errors import DocumentError
from docsign.pdf.stamp import signature_appearance, text_appearance
from docsign.pdf.text import first_page_lines

SCALE = 3.0


def rendered(pdf: bytes, folder: Path) -> Image.Image:
    """Return the first page as poppler draws it."""
    (folder / "page.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-singlefile", "-r", str(72 * SCALE), "-png", "page.pdf", "page"]
    subprocess.run(command, cwd=folder, check=True)
    with Image.open(folder / "page.png") as picture:
        return picture.convert("RGB")


def words_of(pdf: bytes, folder: Path) -> list[tuple[str, float, float, float, float]]:
    """Return every word of the first page with its box (left, top, right, bottom in points), by pdftotext."""
    (folder / "page.pdf").write_bytes(pdf)
    command = ["pdftotext", "-l", "1", "-bbox", "page.pdf", "-"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    found = re.findall(
        r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)</word>', made.stdout
    )
    return [(word, float(a), float(b), float(c), float(d)) for a, b, c, d, word in found]


def ink(picture: Image.Image, channel: str) -> tuple[float, float, float, float]:
    """Return the box (left, top, right, bottom in points) of what is clearly red or blue."""
    red, green, blue = picture.split()
    strong, weak = (red, blue) if channel == "red" else (blue, red)
    dark = ImageChops.lighter(weak, green).point(lambda value: 255 if value < 100 else 0)
    bright = strong.point(lambda value: 255 if value > 120 else 0)
    box = ImageChops.darker(dark, bright).getbbox()
    assert box is not None
    return box[0] / SCALE, box[1] / SCALE, box[2] / SCALE, box[3] / SCALE


def test_the_seal_covers_a_third_of_the_signature_to_the_left(by_both: bytes, tmp_path: Path) -> None:
    """ND 30/2020 PL I: blue signature, red seal over about its left third, neither hiding the other."""
    picture = rendered(by_both, tmp_path)
    blue, red = ink(picture, "blue"), ink(picture, "red")
    assert red[0] < blue[0]
    assert 0.2 < (red[2] - blue[0]) / (blue[2] - blue[0]) < 0.45
    assert red[1] < (blue[1] + blue[3]) / 2 < red[3]


def test_number_and_date_stand_in_line_with_their_labels(by_both: bytes, tmp_path: Path) -> None:
    """What was filled has the line and the size of the printed words beside it, and touches none."""
    words = words_of(by_both, tmp_path)
    texts = [word[0] for word in words]
    label = words[texts.index("Số:")]
    number, notation = words[texts.index("05")], words[texts.index("/UBND-VP")]
    assert number[1] > label[3]
    assert number[3] == pytest.approx(notation[1], abs=0.5)
    for top_or_bottom in (2, 4):
        assert number[top_or_bottom] == pytest.approx(label[top_or_bottom], abs=0.2)
    at = texts.index("ngày")
    assert texts[at - 1 : at + 6] == ["Một,", "ngày", "16", "tháng", "11", "năm", "2026"]
    place, filled = words[at - 1], words[at : at + 6]
    assert all(word[2] == pytest.approx(place[2], abs=0.2) for word in filled)
    assert all(word[4] == pytest.approx(place[4], abs=0.2) for word in filled)
    assert filled[0][1] > place[3]


def test_all_tones_are_drawn() -> None:
    """Every letter of Vietnamese, read back from the prepared page as it was written."""
    text = "ẮẰẲẴẶấầẩẫậếềểễệốồổỗộớờởỡợứừửữựỳỷỹỵđĐ"
    made = text_appearance(text, width=400, height=20, size=13, italic=True, align="center")
    assert text in first_page_lines(made.pdf)


def test_a_text_wider_than_its_box_is_refused() -> None:
    """It would run over what is printed beside it."""
    with pytest.raises(DocumentError, match="does not fit"):
        text_appearance("123456", width=20, height=15, size=13, italic=False, align="left")


def test_a_picture_keeps_its_shape(signature_png: bytes) -> None:
    """The prepared page has the proportions of the picture."""
    made = signature_appearance(role="person", image=signature_png)
    assert made.width / made.height == pytest.approx(2.0, rel=0.01)


def test_a_stamp_without_a_picture_says_who_signed() -> None:
    """The name, in Vietnamese letters, in a frame."""
    made = signature_appearance(role="agency", lines=("Ký số bởi:", "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", ""))
    assert "Ký số bởi:" in first_page_lines(made.pdf)
