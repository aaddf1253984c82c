"""Makes the signed files: chains of steps over the unsigned ones. Run: python -m tests.pdf.honest.make.signed

A chain is written once, its last state; every earlier state is a prefix of it (each step appends), so the index
gives the size and the verdict of each. The verdicts are set here by hand.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.pdf.honest.make.authority import create, keys
from tests.pdf.honest.make.index import FOLDER, Row, Stage, record, rows
from tests.pdf.honest.make.signers import LT, LTA, PKCS7, STEPS, B, T

FAILED, WEAK = ("TOTAL-FAILED", "FORMAT_FAILURE"), ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A base and its steps; ``levels`` and ``verdicts`` are by the number of the step, from 1."""

    base: str
    steps: tuple[str, ...]
    special: str = ""
    levels: dict[int, list[str]]
    verdicts: dict[int, tuple[str, str]]

    @property
    def name(self) -> str:
        """The name of the file."""
        return ".".join((self.base, *self.steps))


CHAINS: list[Chain] = []


def chain(
    base: str,
    *steps: str,
    special: str = "",
    levels: dict[int, list[str]] | None = None,
    verdicts: dict[int, tuple[str, str]] | None = None,
) -> None:
    """Add a chain."""
    CHAINS.append(
        Chain(base=base, steps=steps, special=special, levels=levels or {}, verdicts=verdicts or {})
    )


# Every producer, signed by one program and again by another.
chain("libreoffice-form", "docsign", "pyhanko")
chain("libreoffice-pdfa", "pyhanko", "docsign-agency", special="pyHanko rewrites the XMP metadata")
chain("typst", "itext", "pdfbox")
chain("typst-pdfa", "docsign", "docsign-agency", special="signed twice by docsign")
chain("typst-pdfa", "pyhanko", "pyhanko-2", special="both signatures rewrite the XMP metadata")
chain("typst-pdf20", "docsign")
chain("pdftex", "docsign", "openpdf")
chain("pdftex-14", "pyhanko", "docsign", special="%%EOF inside font streams")
chain("ghostscript", "docsign", "pyhanko")
chain("ghostscript-linear", "pdfbox", "docsign-agency")
chain("ghostscript-pdfa", "itext", "pyhanko")
chain("cairo", "pyhanko", "pdfbox")
chain("chromium", "docsign", "pyhanko", special="tagged")
chain("reportlab-form", "docsign", "mupdf-fill", "pyhanko", special="filled with MuPDF between two signatures")
chain("reportlab-encrypted", "docsign", "pyhanko")
chain("fpdf2", "docsign-t", "itext")
chain("weasyprint", "docsign", "openpdf")
chain("scan", "pyhanko", "docsign")
chain("qpdf-linear", "docsign", "openpdf-fill", "pyhanko", special="filled with OpenPDF between two signatures")
chain("qpdf-linear-objstm", "docsign", "itext")
chain("qpdf-objstm", "pyhanko", "pdfbox")
chain("qpdf-qdf", "docsign", "pdfbox")
chain("qpdf-aes256", "docsign", "pyhanko")
chain("qpdf-aes128-open", "pyhanko", "docsign")
chain("qpdf-rc4", "pyhanko", "docsign")
chain("mutool-clean", "docsign", "docsign-agency", special="signed twice by docsign")
chain("mutool-linear", "pyhanko", "docsign")
chain("mutool-create", "docsign", "pyhanko", "openpdf", "pdfbox", "itext", "poppler", special="six programs sign in turn")
chain("pymupdf", "docsign", "pyhanko")
chain("pikepdf-attachments", "docsign", "pyhanko")
chain("pikepdf-nested", "openpdf", "docsign")
chain("pypdf", "docsign", "pdfbox")
chain("pdftk", "itext", "docsign")
chain("pyhanko-copy", "docsign")
chain("pdfbox", "pdfbox", "pdfbox-fill", "docsign", special="filled with PDFBox between two signatures")
chain("pdfbox-table", "pdfbox-pkcs7", "pdfbox-fill", "openpdf-pkcs7", special="filled with PDFBox between two signatures")
chain("openpdf", "openpdf-visible", "openpdf")
chain("openpdf-objstm", "openpdf", "itext-fill", "itext", special="filled with iText between two signatures")
chain("itext5", "itext", "openpdf-fill", "itext-visible", special="a second, visible signature in a new field")
chain("docsign-letter", "letter-person", "letter-agency", special="two signatures, number and date (Decree 30)")
# Forms that only our generator writes.
chain("word-hybrid", "docsign", "pyhanko")
chain("word-hybrid", "itext-pkcs7", "openpdf")
chain("word-hybrid", "pdfbox", "docsign")
chain("word-hybrid-tagged", "docsign", "pyhanko")
chain("word-hybrid-tagged", "itext", "itext-visible")
chain("word-hybrid-tagged", "openpdf", "docsign-t")
chain("macintosh", "docsign", "pdfbox")
chain("macintosh", "pyhanko", "openpdf")
chain("nested-pages", "docsign", "pyhanko")
chain("number-reused", "docsign", "pdfbox")
chain("entries-repeated", "pyhanko", "docsign")
chain("used-at-nothing", "docsign", "itext")
chain("white-space-after", "docsign", "pyhanko")
chain("no-line-end", "docsign", "itext")
# Long term: time-stamps, validation data, levels.
chain("cairo", "pyhanko-lt", "docsign", levels={2: [LT, B]})
chain("nested-pages", "pyhanko-lta", "pyhanko-stamp")
chain("word-hybrid", "dss-lta")
chain("fpdf2", "dss-t", "dss-extend", levels={2: [LTA]})
chain("nested-pages", "dss-lt")
chain("itext5", "itext-t", "itext-ltv", "itext-stamp", levels={2: [LT], 3: [LTA]})
chain("openpdf", "pyhanko-t", "pyhanko-dss", "pyhanko-stamp", levels={2: [LT], 3: [LTA]})
chain("ghostscript", "docsign", "pyhanko-stamp", levels={2: [T]}, special="a document time-stamp over a B-B signature")
chain("nested-pages", "pyhanko-stamp", special="a document time-stamp alone", verdicts={1: ("NO-SIGNATURE", "")})
# Certified files, and what their certification permits.
chain("nested-pages", "pyhanko-p1", "pyhanko-dss", "pyhanko-stamp", levels={2: [""], 3: [""]},
      special="validation data and a time-stamp are no change")  # fmt: skip
chain("pdfbox", "pdfbox-p1")
chain("reportlab-form", "pdfbox-p2", "mupdf-fill", "docsign")
chain("openpdf", "openpdf-p2", "pypdf-fill", "pyhanko")
chain("itext5", "itext-p2", "pdfbox-fill", "itext")
chain("word-hybrid", "dss-p2", "docsign")
chain("openpdf", "pyhanko-p2", "itext-fill", "docsign")
chain("itext5", "itext-p3", "itext-note", "docsign")
chain("pdfbox", "pdfbox-p3", "pdfbox-note", "pyhanko")
chain("cairo", "pyhanko-p3", "mupdf-note", "pdfbox")
# Fields closed by a signature (FieldMDP).
chain("openpdf", "pyhanko-lock-but-so", "pdfbox-fill", "docsign")
chain("itext5", "pyhanko-lock-so", "docsign")
chain("openpdf", "pyhanko-lock-all")
# Algorithms and old forms.
chain("mutool-create", "pyhanko-pss", "pyhanko-p256", "pyhanko-ed25519", "pyhanko-sha512", "pyhanko-sha3")
chain("cairo", "pyhanko-pkcs7", "pdfbox-pkcs7", "poppler", special="PKCS#7 by three programs")
chain("mutool-create", "pdfbox-ber", special="CMS with indefinite lengths")
chain("mutool-create", "openpdf-sha1", verdicts={1: WEAK})
chain("mutool-create", "openpdf-x509", verdicts={1: WEAK})
chain("mutool-create", "pyhanko-visible", "docsign", special="a visible text stamp")
# Honest programs, changes that are not allowed.
chain("cairo", "pyhanko", "mupdf-note", special="a note after a signature without DocMDP", verdicts={2: FAILED})
chain("pdfbox", "pdfbox-p2", "pdfbox-note", special="a note in a file certified for filling", verdicts={2: FAILED})
chain("openpdf", "openpdf-p2", "itext-note", special="a note in a file certified for filling", verdicts={2: FAILED})
chain("itext5", "pyhanko-lock-so", "itext-fill", special="a closed field filled", verdicts={2: FAILED})
chain("openpdf", "pyhanko-lock-all", "pdfbox-fill", special="a closed field filled", verdicts={2: FAILED})
chain("openpdf", "pyhanko-p1", "pdfbox", special="signed after a certification that forbids it", verdicts={2: FAILED})


def make(wanted: Chain) -> None:
    """Make one file and write its row."""
    base = rows()[wanted.base]
    data = (FOLDER / f"{wanted.base}.pdf").read_bytes()
    levels: list[str] = []
    stages: list[Stage] = []
    timestamps = 0
    for number, name in enumerate(wanted.steps, 1):
        step = STEPS[name]
        before, data = data, step.apply(data, base.password)
        assert data.startswith(before), f"{name} rewrites"
        levels = [*levels, step.level] if step.level else levels
        levels = wanted.levels.get(number, levels)
        timestamps += step.timestamps
        verdict = wanted.verdicts.get(number, ("TOTAL-PASSED", ""))
        stages.append(
            Stage(
                size=len(data), step=step.what, indication=verdict[0], sub_indication=verdict[1],
                levels=list(levels), timestamps=timestamps,
            )
        )  # fmt: skip
    (FOLDER / f"{wanted.name}.pdf").write_bytes(data)
    row = Row(
        name=wanted.name, producer=base.producer, made=f"{wanted.base}, then the steps below",
        special=wanted.special or base.special, password=base.password, stages=stages,
    )  # fmt: skip
    record(row)
    print(f"{wanted.name:60} {len(data):7}")


def main() -> None:
    """Make the files named on the command line, or all that are not there yet."""
    if not (keys() / "trust").exists():
        create()
    for wanted in CHAINS:
        asked = wanted.name in sys.argv[1:]
        if asked or (len(sys.argv) == 1 and not (FOLDER / f"{wanted.name}.pdf").exists()):
            make(wanted)


if __name__ == "__main__":
    main()
