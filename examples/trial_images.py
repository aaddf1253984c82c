"""Draw a signature image (blue) and a seal image (red) that nobody could take for a real one.

Decree 30/2020 Appendix I wants the person's signature as a blue picture and the agency's seal as a red one,
both PNG with a transparent ground. An agency has its own; trials use these.

    python examples/trial_images.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import typst

HERE = Path(__file__).resolve().parent

SIGNATURE = """
#set page(width: 52mm, height: 22mm, margin: 0mm, fill: none)
#set text(font: "Liberation Serif", size: 7pt, fill: rgb("#1a3fa8"))
#let ink = stroke(paint: rgb("#1a3fa8"), thickness: 1.1pt, cap: "round", join: "round")
#place(top + left, curve(stroke: ink,
  curve.move((4mm, 14mm)),
  curve.cubic((7mm, 2mm), (11mm, 1mm), (11mm, 9mm)),
  curve.cubic((11mm, 20mm), (5mm, 20mm), (9mm, 12mm)),
  curve.cubic((14mm, 3mm), (17mm, 8mm), (16mm, 13mm)),
  curve.cubic((16mm, 17mm), (21mm, 6mm), (23mm, 9mm)),
  curve.cubic((25mm, 12mm), (21mm, 17mm), (27mm, 11mm)),
  curve.cubic((32mm, 5mm), (29mm, 18mm), (35mm, 12mm)),
  curve.cubic((39mm, 8mm), (41mm, 11mm), (49mm, 4mm)),
))
#place(bottom + right, dx: -2mm, dy: -1mm)[chữ ký thử nghiệm]
"""

SEAL = """
#set page(width: 36mm, height: 36mm, margin: 0mm, fill: none)
#let red = rgb("#d01c1c")
#set text(font: "Liberation Serif", fill: red, weight: "bold")
#place(center + horizon, circle(radius: 17.2mm, stroke: 1.4pt + red))
#place(center + horizon, circle(radius: 16.2mm, stroke: 0.5pt + red))
#place(center + horizon, circle(radius: 10.5mm, stroke: 0.6pt + red))
#place(center + horizon, align(center)[#text(size: 7pt)[CON DẤU] \\ #text(size: 7pt)[THỬ NGHIỆM]])
#let around(words, from, step) = for (i, letter) in words.clusters().enumerate() {
  let angle = from + i * step
  place(center + horizon, dx: 13.3mm * calc.sin(angle), dy: -13.3mm * calc.cos(angle),
    rotate(angle, text(size: 7pt, letter)))
}
#around("KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", -115deg, 10deg)
#place(center + horizon, dy: 13.3mm, text(size: 8pt)[★])
"""


def draw(source: str) -> bytes:
    """Return the one page of a Typst source as PNG at 300 dots an inch."""
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(HERE.parent / "docsign" / "fonts")])
    picture = typst.Compiler(source.encode(), font_paths=fonts).compile(format="png", ppi=300.0)
    assert isinstance(picture, bytes)
    return picture


def main(folder: Path) -> None:
    """Write ``chu-ky.png`` and ``con-dau.png`` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chu-ky.png").write_bytes(draw(SIGNATURE))
    (folder / "con-dau.png").write_bytes(draw(SEAL))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
