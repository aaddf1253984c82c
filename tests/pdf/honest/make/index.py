"""Keeps index.toml: one table per file, in the order of their names."""

from __future__ import annotations

import json
import subprocess
import tomllib
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
INDEX = FOLDER / "index.toml"

HEADER = """# The honest files: who made them, how, and what docsign must answer (--at the time below, trust/ as --trust).
# Written by make/index.py; the expected verdicts are set there by hand, never copied from a run.
at = "2026-12-01T00:00:00Z"
"""


@dataclass(kw_only=True)
class Stage:
    """The file up to one step: its first ``size`` bytes are what that step left, and have a verdict of their own.

    ``levels`` are those of the signatures so far, in order; "" where no one level is right. ``timestamps`` counts
    the document time-stamps.
    """

    size: int
    step: str
    indication: str = "TOTAL-PASSED"
    sub_indication: str = ""
    levels: list[str] = field(default_factory=list)
    timestamps: int = 0


@dataclass(kw_only=True)
class Row:
    """One file: its story and the verdicts of its stages; a file without stages is not signed."""

    name: str
    producer: str
    made: str
    special: str = ""
    password: str = ""
    stages: list[Stage] = field(default_factory=list)


def _tool(*command: str, line: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[line]


def producer_in_words(key: str) -> str:
    """Return the producer with its version, asked of the program itself."""
    programs = {
        "libreoffice": lambda: "LibreOffice " + _tool("soffice", "--version").split()[1],
        "pdftex": lambda: "pdfTeX " + _tool("pdflatex", "--version").split()[1] + " (TeX Live 2022)",
        "ghostscript": lambda: "Ghostscript " + _tool("gs", "--version"),
        "poppler": lambda: "poppler " + _tool("pdftocairo", "-v").split()[-1] + " with cairo",
        "chromium": lambda: "Chromium " + _tool("chromium", "--version").split()[1],
        "qpdf": lambda: "qpdf " + _tool("qpdf", "--version").split()[-1],
        "mutool": lambda: "MuPDF (mutool) " + _tool("mutool", "-v").split()[-1],
        "pdftk": lambda: "pdftk-java " + _tool("pdftk", "--version").split()[3].rstrip(","),
        "pdfbox": lambda: "Apache PDFBox 3.0.5",
        "openpdf": lambda: "OpenPDF 2.0.3",
        "itext5": lambda: "iText 5.5.13.4",
        "cairo": lambda: f"cairo {__import__('cairo').cairo_version_string()} (pycairo)",
    }
    packages = {
        "typst": "typst", "reportlab": "reportlab", "fpdf2": "fpdf2", "weasyprint": "weasyprint",
        "img2pdf": "img2pdf", "pymupdf": "pymupdf", "pikepdf": "pikepdf", "pypdf": "pypdf", "pyhanko": "pyHanko",
    }  # fmt: skip
    if key in programs:
        return programs[key]()
    return f"{packages[key]} {version(packages[key])}" if key in packages else key


def rows() -> dict[str, Row]:
    """Read the index."""
    if not INDEX.exists():
        return {}
    known = tomllib.loads(INDEX.read_text(encoding="utf-8"))
    return {
        row["name"]: Row(**row | {"stages": [Stage(**stage) for stage in row.get("stages", [])]})
        for row in known["file"]
    }


def drop(*names: str) -> None:
    """Remove files and their rows."""
    text = INDEX.read_text(encoding="utf-8")
    for name in names:
        (FOLDER / f"{name}.pdf").unlink()
        start = text.index(f'\n[[file]]\nname = "{name}"\n')
        end = text.find("\n[[file]]", start + 1)
        text = text[:start] + (text[end:] if end > 0 else "")
    INDEX.write_text(text, encoding="utf-8")


def record(*new: Row) -> None:
    """Put rows into the index, replacing those of the same name."""
    known = rows()
    for row in new:
        row.producer = producer_in_words(row.producer)
        known[row.name] = row
    text = HEADER
    for row in sorted(known.values(), key=lambda row: row.name):
        text += "\n[[file]]\n"
        text += "".join(
            f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
            for name, value in asdict(row).items()
            if value and name != "stages"
        )
        if row.stages:
            text += "stages = [\n" + "".join(f"    {_inline(stage)},\n" for stage in row.stages) + "]\n"
    INDEX.write_text(text, encoding="utf-8")


def _inline(stage: Stage) -> str:
    pairs = (f"{name} = {json.dumps(value)}" for name, value in asdict(stage).items() if value)
    return "{ " + ", ".join(pairs) + " }"
