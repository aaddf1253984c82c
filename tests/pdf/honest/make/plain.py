"""Makes the unsigned files, each by the program it is named after. Run: python -m tests.pdf.honest.make.plain

Needs what README.md lists. Each function is one file; ``made`` and ``special`` go into index.toml.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.pdf.honest.make import by_hand
from tests.pdf.honest.make.index import FOLDER, Row, record

FONTS = Path(__file__).resolve().parents[4] / "docsign" / "fonts"
SERIF = FONTS / "LiberationSerif-Regular.ttf"
TITLE = "BÁO CÁO THỬ NGHIỆM"
TEXT = "Văn bản này do máy làm ra để thử, không có giá trị pháp lý. Người soạn: Nguyễn Văn Mẫu."

Make = Callable[[Path], bytes]
FILES: dict[str, tuple[Make, Row]] = {}


def made(name: str, producer: str, how: str, special: str = "", password: str = "") -> Callable[[Make], Make]:
    """Register the maker of ``name``; ``producer`` is a key of VERSIONS, or the words themselves."""

    def register(make: Make) -> Make:
        FILES[name] = (make, Row(name=name, producer=producer, made=how, special=special, password=password))
        return make

    return register


def run(*command: str | Path, given: bytes | None = None, accept: tuple[int, ...] = (0,)) -> bytes:
    """Run a program and return what it writes."""
    done = subprocess.run([str(part) for part in command], input=given, capture_output=True, check=False)
    if done.returncode not in accept:
        raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def through(folder: Path, given: bytes, *command: str, accept: tuple[int, ...] = (0,)) -> bytes:
    """Run a program from IN to OUT (words of the command) and return the new file."""
    source, target = folder / "in.pdf", folder / "out.pdf"
    source.write_bytes(given)
    paths = {"IN": source, "OUT": target}
    run(*(paths.get(word, word) for word in command), accept=accept)
    return target.read_bytes()


# --- LibreOffice --------------------------------------------------------------------------------------------

HTML = f"""<html lang="vi"><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><p>{TEXT}</p><h2>Phần một</h2>
<form>Số: <input type="text" name="So" size="10"> Ngày: <input type="text" name="Ngay" value="01">
<input type="checkbox" name="Dong y"> Đồng ý</form><h2>Phần hai</h2><p>{TEXT}</p></body></html>"""


def libreoffice(folder: Path, filter: str) -> bytes:
    """Export the page with this filter."""
    (folder / "in.html").write_text(HTML, encoding="utf-8")
    profile = f"-env:UserInstallation=file://{folder}/profile"
    run("soffice", profile, "--headless", "--convert-to", filter, "--outdir", folder, folder / "in.html")
    return (folder / "in.pdf").read_bytes()


@made("libreoffice-form", "libreoffice", "HTML to PDF, Writer/Web", "text fields, check box, outline")
def libreoffice_form(folder: Path) -> bytes:
    """A form with outline."""
    return libreoffice(
        folder,
        'pdf:writer_web_pdf_Export:{"ExportBookmarks":{"type":"boolean","value":"true"},'
        '"ExportFormFields":{"type":"boolean","value":"true"}}',
    )


@made("libreoffice-pdfa", "libreoffice", "HTML to PDF, Writer/Web", "PDF/A-2b, tagged")
def libreoffice_pdfa(folder: Path) -> bytes:
    """The archive form."""
    return libreoffice(
        folder,
        'pdf:writer_web_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"},'
        '"UseTaggedPDF":{"type":"boolean","value":"true"}}',
    )


# --- Typst --------------------------------------------------------------------------------------------------


def typst(folder: Path, standards: list[str]) -> bytes:
    """Compile a two-page document with an outline and a link."""
    import typst as compiler

    source = f"""
#set document(title: "{TITLE}", date: datetime(year: 2026, month: 11, day: 1))
#set text(font: "Liberation Serif", lang: "vi")
= {TITLE}
{TEXT} #link("https://docsign.example/")[liên kết]
#pagebreak()
= Phần hai
{TEXT}
"""
    (folder / "in.typ").write_text(source, encoding="utf-8")
    return bytes(
        compiler.compile(folder / "in.typ", font_paths=[FONTS], ignore_system_fonts=True, pdf_standards=standards)
    )


@made("typst", "typst", "markup to PDF 1.7", "outline, link, tagged; classic table")
def typst_plain(folder: Path) -> bytes:
    """What Typst writes when nothing is asked."""
    return typst(folder, [])


@made("typst-pdfa", "typst", "markup to PDF/A-2b", "PDF/A-2b: classic table")
def typst_pdfa(folder: Path) -> bytes:
    """The archive form."""
    return typst(folder, ["a-2b"])


@made("typst-pdf20", "typst", "markup to PDF 2.0", "PDF 2.0")
def typst_pdf20(folder: Path) -> bytes:
    """The newest version of PDF."""
    return typst(folder, ["2.0"])


# --- TeX, Ghostscript, cairo --------------------------------------------------------------------------------


def pdftex(folder: Path, preamble: str) -> bytes:
    """Typeset a page with a form, an outline and links."""
    source = (
        r"\documentclass{article}" + preamble + r"\usepackage{hyperref}\hypersetup{pdftitle={Bao cao thu nghiem}}"
        r"\begin{document}\section{BAO CAO THU NGHIEM}Van ban nay khong co gia tri phap ly, xem muc~\ref{hai}."
        r"\begin{Form}\TextField[name=So,width=3cm]{So:} \CheckBox[name=DongY]{Dong y}\end{Form}"
        r"\newpage\section{Phan hai}\label{hai}\href{https://docsign.example/}{lien ket}\end{document}"
    )
    (folder / "in.tex").write_text(source, encoding="utf-8")
    for _ in range(2):
        run("pdflatex", "-interaction=batchmode", f"-output-directory={folder}", folder / "in.tex")
    return (folder / "in.pdf").read_bytes()


@made("pdftex", "pdftex", "LaTeX with hyperref", "form, outline, named destinations, object streams")
def pdftex_plain(folder: Path) -> bytes:
    """The default: PDF 1.5 with object streams."""
    return pdftex(folder, "")


@made("pdftex-14", "pdftex", "LaTeX with hyperref, PDF 1.4", "form, classic table, nothing compressed")
def pdftex_14(folder: Path) -> bytes:
    """The form of old TeX systems."""
    return pdftex(folder, r"\pdfminorversion=4\pdfobjcompresslevel=0\pdfcompresslevel=0 ")


def ghostscript(folder: Path, *options: str) -> bytes:
    """Distil the pdfTeX file."""
    given = pdftex(folder, "")
    return through(folder, given, "gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", *options, "-o", "OUT", "IN")


@made("ghostscript", "ghostscript", "pdfwrite from the pdfTeX file", "comment lines after the header, outline, links")
def ghostscript_plain(folder: Path) -> bytes:
    """The default."""
    return ghostscript(folder)


@made("ghostscript-pdfa", "ghostscript", "pdfwrite, -dPDFA=2", "towards PDF/A-2, XMP metadata")
def ghostscript_archive(folder: Path) -> bytes:
    """Towards the archive form (without its colour profile)."""
    return ghostscript(folder, "-dPDFA=2", "-dPDFACompatibilityPolicy=1")


@made("ghostscript-linear", "ghostscript", "pdfwrite, -dFastWebView", "linearised")
def ghostscript_linear(folder: Path) -> bytes:
    """Linearised by Ghostscript itself."""
    return ghostscript(folder, "-dFastWebView=true")


@made("cairo", "cairo", "drawn with pycairo", "outline, link, two page sizes")
def cairo_plain(folder: Path) -> bytes:
    """Two pages and an outline."""
    import cairo

    output = io.BytesIO()
    surface = cairo.PDFSurface(output, 595, 842)
    surface.set_metadata(cairo.PDF_METADATA_TITLE, TITLE)
    context = cairo.Context(surface)
    context.select_font_face("Liberation Serif")
    for page, text in enumerate((TITLE, "Phần hai"), 1):
        surface.set_size(595, 842 if page == 1 else 420)
        surface.add_outline(cairo.PDF_OUTLINE_ROOT, text, f"page={page} pos=[72 72]", cairo.PDFOutlineFlags(0))
        context.set_font_size(14)
        context.move_to(72, 100)
        context.tag_begin(cairo.TAG_LINK, "uri='https://docsign.example/'")
        context.show_text(text)
        context.tag_end(cairo.TAG_LINK)
        context.show_page()
    surface.finish()
    return output.getvalue()


@made("poppler-cairo", "poppler", "pdftocairo -pdf from the Typst file", "drawn by poppler through cairo")
def poppler_cairo(folder: Path) -> bytes:
    """What print dialogs of free desktops write."""
    return through(folder, typst(folder, []), "pdftocairo", "-pdf", "IN", "OUT")


# --- Chromium, reportlab, other libraries -------------------------------------------------------------------


@made("chromium", "chromium", "HTML, --print-to-pdf", "tagged")
def chromium(folder: Path) -> bytes:
    """A page printed from the browser."""
    (folder / "in.html").write_text(HTML, encoding="utf-8")
    run(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/chromium",
        "--no-pdf-header-footer", f"--print-to-pdf={folder}/out.pdf", folder / "in.html",
    )  # fmt: skip
    return (folder / "out.pdf").read_bytes()


def reportlab(*, encrypted: bool) -> bytes:
    """Draw a form, an outline and a turned page."""
    from reportlab.lib import pagesizes, pdfencrypt
    from reportlab.pdfbase import pdfmetrics, ttfonts
    from reportlab.pdfgen import canvas

    output = io.BytesIO()
    lock = pdfencrypt.StandardEncryption("thu", ownerPassword="chu", strength=128) if encrypted else None
    drawing = canvas.Canvas(output, pagesize=pagesizes.A4, encrypt=lock)
    pdfmetrics.registerFont(ttfonts.TTFont("Serif", SERIF))
    drawing.setTitle(TITLE)
    for page, text in enumerate((TITLE, "Phần hai")):
        drawing.setFont("Serif", 14)
        drawing.drawString(72, 760, text)
        drawing.bookmarkPage(f"p{page}")
        drawing.addOutlineEntry(text, f"p{page}")
        if page == 0 and not encrypted:
            drawing.acroForm.textfield(name="So", x=72, y=700, width=120, height=20)
            drawing.acroForm.checkbox(name="DongY", x=72, y=660)
        drawing.showPage()
        drawing.setPageRotation(90)
    drawing.save()
    return output.getvalue()


@made("reportlab-form", "reportlab", "pdfgen", "text field, check box, outline, a turned page; ASCII85 streams")
def reportlab_form(folder: Path) -> bytes:
    """A form."""
    return reportlab(encrypted=False)


@made("reportlab-encrypted", "reportlab", "pdfgen with StandardEncryption", "RC4 128, user password", password="thu")
def reportlab_encrypted(folder: Path) -> bytes:
    """An encrypted file."""
    return reportlab(encrypted=True)


@made("fpdf2", "fpdf2", "FPDF.output", "object order of fpdf, one table")
def fpdf2(folder: Path) -> bytes:
    """The small library of many scripts."""
    import fpdf

    page = fpdf.FPDF()
    page.add_font("Serif", fname=SERIF)
    page.add_page()
    page.set_font("Serif", size=14)
    page.start_section(TITLE)
    page.cell(text=TITLE)
    page.add_page(orientation="landscape")
    page.start_section("Phần hai")
    page.multi_cell(200, text=TEXT)
    return bytes(page.output())


@made("weasyprint", "weasyprint", "HTML to PDF", "outline, attachment; object streams")
def weasyprint(folder: Path) -> bytes:
    """HTML by a Python program."""
    import weasyprint as program

    style = program.CSS(string=f"@font-face {{font-family: S; src: url({SERIF.as_uri()})}} * {{font-family: S}}")
    attached = program.Attachment(string="Phụ lục: bảng số liệu thử.", name="phu-luc.txt", description="Phụ lục")
    return bytes(program.HTML(string=HTML).write_pdf(stylesheets=[style], attachments=[attached]))


@made("scan", "img2pdf", "a drawn page as grey JPEG", "one image, no text; linearised")
def scan(folder: Path) -> bytes:
    """A page that is a picture."""
    import img2pdf

    run("pdftoppm", "-r", "60", "-gray", "-jpeg", "-singlefile", _kept(folder, typst(folder, [])), folder / "page")
    return bytes(img2pdf.convert((folder / "page.jpg").read_bytes()))


def _kept(folder: Path, data: bytes) -> Path:
    path = folder / "kept.pdf"
    path.write_bytes(data)
    return path


# --- programs that rewrite what others made -----------------------------------------------------------------


def qpdf(folder: Path, given: bytes, *options: str) -> bytes:
    """Rewrite with qpdf."""
    return through(folder, given, "qpdf", *options, "IN", "OUT", accept=(0, 3))


@made("qpdf-linear", "qpdf", "--linearize of the LibreOffice form", "linearised, classic tables, startxref 0, form")
def qpdf_linear(folder: Path) -> bytes:
    """Two sections; the first startxref is 0."""
    return qpdf(folder, libreoffice_form(folder), "--linearize", "--object-streams=disable")


@made("qpdf-linear-objstm", "qpdf", "--linearize --object-streams=generate", "linearised, object streams")
def qpdf_linear_streams(folder: Path) -> bytes:
    """The same with cross-reference streams."""
    return qpdf(folder, pdftex(folder, ""), "--linearize", "--object-streams=generate")


@made("qpdf-objstm", "qpdf", "--object-streams=generate of the LibreOffice form", "object streams, form")
def qpdf_streams(folder: Path) -> bytes:
    """Everything that may be in object streams is."""
    return qpdf(folder, libreoffice_form(folder), "--object-streams=generate")


@made("qpdf-qdf", "qpdf", "--qdf of the Typst file", "QDF: comments before every object")
def qpdf_qdf(folder: Path) -> bytes:
    """The form that people edit: comment lines between objects."""
    return qpdf(folder, by_hand.plain(by_hand.small_document(2)), "--qdf")


@made(
    "qpdf-aes256", "qpdf", "--encrypt thu chu 256", "AES-256 (R6), object streams inside, user password", password="thu"
)
def qpdf_aes256(folder: Path) -> bytes:
    """Object streams in an encrypted file."""
    return qpdf(
        folder, pdftex(folder, ""), "--object-streams=generate", "--encrypt", "thu", "chu", "256", "--"
    )


@made("qpdf-aes128-open", "qpdf", "--encrypt '' chu 128 --use-aes=y", "AES-128 (R4), opens without a password")
def qpdf_aes128(folder: Path) -> bytes:
    """Only an owner password: everyone may read."""
    return qpdf(folder, cairo_plain(folder), "--encrypt", "", "chu", "128", "--use-aes=y", "--")


@made("qpdf-rc4", "qpdf", "--encrypt thu chu 40 --allow-weak-crypto", "RC4 40 (R2), user password", password="thu")
def qpdf_rc4(folder: Path) -> bytes:
    """The oldest form."""
    return qpdf(folder, cairo_plain(folder), "--allow-weak-crypto", "--encrypt", "thu", "chu", "40", "--")


@made("mutool-clean", "mutool", "clean -gggg -z of the pdfTeX file", "renumbered, one table")
def mutool_clean(folder: Path) -> bytes:
    """Cleaned by MuPDF."""
    return through(folder, pdftex(folder, ""), "mutool", "clean", "-gggg", "-z", "IN", "OUT")


@made("mutool-linear", "mutool", "clean -l of the Typst file", "linearised by MuPDF")
def mutool_linear(folder: Path) -> bytes:
    """Linearised by MuPDF."""
    return through(folder, typst(folder, ["a-2b"]), "mutool", "clean", "-l", "IN", "OUT")


@made("mutool-create", "mutool", "create from a drawing", "MuPDF's own writing")
def mutool_create(folder: Path) -> bytes:
    """A page drawn by MuPDF."""
    (folder / "in.txt").write_text(
        "%%MediaBox 0 0 595 842\n%%Font F1 Times-Roman\nBT /F1 16 Tf 72 760 Td (BAO CAO THU NGHIEM) Tj ET\n"
    )
    run("mutool", "create", "-o", folder / "out.pdf", folder / "in.txt")
    return (folder / "out.pdf").read_bytes()


@made("pymupdf", "pymupdf", "a note added to the cairo file, saved incrementally", "two revisions, by MuPDF")
def pymupdf(folder: Path) -> bytes:
    """A file that was changed before anyone signed it."""
    import pymupdf as program

    path = _kept(folder, cairo_plain(folder))
    document = program.open(path)
    document[0].add_text_annot((300, 100), "Ghi chú trước khi ký")
    document.saveIncr()
    return path.read_bytes()


@made("pikepdf-attachments", "pikepdf", "attachments and turns added to the LibreOffice archive file",
      "two attachments, a turned page, page labels")  # fmt: skip
def pikepdf_attachments(folder: Path) -> bytes:
    """Attachments."""
    import pikepdf

    with pikepdf.open(io.BytesIO(libreoffice_pdfa(folder))) as pdf:
        for name in ("phu-luc-1.txt", "phu-luc-2.csv"):
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, b"so lieu;1;2;3\n" * 20, filename=name)
        pdf.pages[0].rotate(90, relative=False)
        pdf.Root.PageLabels = pikepdf.Dictionary(Nums=[0, pikepdf.Dictionary(S=pikepdf.Name.r)])
        output = io.BytesIO()
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return output.getvalue()


@made("pikepdf-nested", "pikepdf", "the nested page tree written again", "page tree of four levels, object streams")
def pikepdf_nested(folder: Path) -> bytes:
    """A deep page tree, in object streams."""
    import pikepdf

    with pikepdf.open(io.BytesIO(by_hand.nested_pages())) as pdf:
        output = io.BytesIO()
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    return output.getvalue()


@made("pypdf", "pypdf", "PdfWriter, the reportlab form merged", "a form that pypdf copied")
def pypdf(folder: Path) -> bytes:
    """Merged by a Python program."""
    import pypdf as program

    writer = program.PdfWriter()
    writer.append(io.BytesIO(reportlab(encrypted=False)))
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


@made("pdftk", "pdftk", "cat of the cairo file", "pdftk-java, an old iText inside")
def pdftk(folder: Path) -> bytes:
    """The old tool of many scripts."""
    return through(folder, cairo_plain(folder), "pdftk", "IN", "cat", "1-end", "output", "OUT")


@made("pyhanko-copy", "pyhanko", "copy_into_new_writer of the pdfTeX file", "written by pyHanko's writer")
def pyhanko_copy(folder: Path) -> bytes:
    """A file that pyHanko wrote whole."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    output = io.BytesIO()
    copy_into_new_writer(PdfFileReader(io.BytesIO(pdftex(folder, "")))).write(output)
    return output.getvalue()


# --- Java ---------------------------------------------------------------------------------------------------

JAVA = Path(__file__).with_name("java")


def java(folder: Path, program: str, *words: str | Path) -> None:
    """Compile and run one of our small Java programs; JARS of the environment names the libraries' folder."""
    from tests.pdf.honest.make.java_tools import run_java

    run_java(program, *words)


@made("pdfbox", "pdfbox", "MakeWithPdfBox.java", "form, outline, attachment; object streams")
def pdfbox(folder: Path) -> bytes:
    """A form by PDFBox 3."""
    java(folder, "MakeWithPdfBox", folder / "out.pdf", SERIF, "compressed")
    return (folder / "out.pdf").read_bytes()


@made("pdfbox-table", "pdfbox", "MakeWithPdfBox.java, no compression", "form, outline, attachment; classic table")
def pdfbox_table(folder: Path) -> bytes:
    """The same with a classic table."""
    java(folder, "MakeWithPdfBox", folder / "out.pdf", SERIF, "plain")
    return (folder / "out.pdf").read_bytes()


@made("openpdf", "openpdf", "MakeWithOpenPdf.java", "form, outline, attachment; classic table")
def openpdf(folder: Path) -> bytes:
    """A form by OpenPDF."""
    java(folder, "MakeWithOpenPdf", folder / "out.pdf", SERIF, "plain")
    return (folder / "out.pdf").read_bytes()


@made("openpdf-objstm", "openpdf", "MakeWithOpenPdf.java, full compression", "form; object streams of the iText family")
def openpdf_streams(folder: Path) -> bytes:
    """The same with object streams."""
    java(folder, "MakeWithOpenPdf", folder / "out.pdf", SERIF, "compressed")
    return (folder / "out.pdf").read_bytes()


@made("itext5", "itext5", "MakeWithItext5.java", "form; a comment line before startxref, as clerks' signing tools write")
def itext5(folder: Path) -> bytes:
    """A form by iText 5, on which many signing tools are built."""
    java(folder, "MakeWithItext5", folder / "out.pdf", SERIF, "plain")
    return (folder / "out.pdf").read_bytes()


@made("docsign-letter", "docsign 0.1", "examples/letter.toml, laid out by docsign (Typst)",
      "PDF/A-2b, empty fields of person and agency, number and date to be filled")  # fmt: skip
def docsign_letter(folder: Path) -> bytes:
    """An official letter of ours."""
    from docsign.document import OfficialDocument

    example = Path(__file__).resolve().parents[4] / "examples" / "letter.toml"
    return OfficialDocument.from_path(example).to_pdf(datetime(2026, 11, 20, tzinfo=UTC))


# --- our own generator --------------------------------------------------------------------------------------

OURS = "tests' own generator"
for _name, _make, _special in (
    ("word-hybrid", lambda _: by_hand.word_hybrid(structure_hidden=False), "Word's hybrid form: a second, empty table whose /XRefStm points back; CR LF"),
    ("word-hybrid-tagged", lambda _: by_hand.word_hybrid(structure_hidden=True), "Word's hybrid form, structure tree in an object stream that the table calls free"),
    ("macintosh", lambda _: by_hand.macintosh(), "lines end with CR alone"),
    ("nested-pages", lambda _: by_hand.nested_pages(), "seven pages in a tree of four levels, inherited size, turn and resources"),
    ("number-reused", lambda _: by_hand.number_reused(), "three saves: an object freed, its number used again with generation 1"),
    ("entries-repeated", lambda _: by_hand.entries_repeated(), "the second save repeats unchanged entries of the first table"),
    ("used-at-nothing", lambda _: by_hand.used_at_nothing(), "entries in use at offset 0, which nothing names"),
    ("white-space-after", lambda _: by_hand.white_space_after_the_end(), "white space after the end mark"),
    ("no-line-end", lambda _: by_hand.no_line_end_at_the_end(), "no line end after the end mark, no /ID"),
):  # fmt: skip
    made(_name, OURS, "by_hand.py", _special)(_make)


def main() -> None:
    """Make the files named on the command line, or all that are not there yet."""
    wanted = sys.argv[1:] or [name for name in FILES if not (FOLDER / f"{name}.pdf").exists()]
    for name in wanted:
        make, row = FILES[name]
        with tempfile.TemporaryDirectory() as folder:
            data = make(Path(folder))
        # what names this machine does not belong into the file
        assert not re.search(rb"/(?:home|root|tmp|work)/[a-z]", data), name
        (FOLDER / f"{name}.pdf").write_bytes(data)
        record(row)
        print(f"{name:24} {len(data):7}")


if __name__ == "__main__":
    main()
