"""Check the form of any PDF: its sheet, and each part of a document that can be found on its pages.

What is not found is not judged. A scan has no text, so that only its paper and version are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from docsign.document.check_parts import closing_parts, text_parts
from docsign.document.kinds import KINDS, Kind
from docsign.document.page_reading import Line, ReadPage, ReadPdf
from docsign.document.rules import RULES, Checked, FormReport, answer
from docsign.secrecy import secrecy_mark
from docsign.sentence import say

_COUNTRY = re.compile(r"CỘNG H(?:ÒA|OÀ) XÃ HỘI CHỦ NGHĨA VIỆT NAM")
_MOTTO = "Độc lập - Tự do - Hạnh phúc"
_NUMBER = re.compile(r"Số\s?:\s*(?P<number>[^/\s]*)\s*/\s*(?P<notation>\S.*)?")
_NUMBER_FORM = re.compile(r"Số: ?(?:0[1-9]|[1-9][0-9]+)[a-zđA-ZĐ]?/[^\s/]+")
_EMPTY_NUMBER = re.compile(r"Số\s?:\s*/?")
_DATE = re.compile(
    r"(?P<place>[^,]+), ?ngày ?(?P<day>\d{1,2}) ?tháng ?(?P<month>\d{1,2}) ?năm ?(?P<year>\d{4})$"
)
_TIMES = re.compile(r"times|liberation ?serif|tinos|nimbus ?rom|termes|freeserif", re.IGNORECASE)
_LEGACY = re.compile(r"^\.Vn|^VNI[-_ ]|^VN-", re.IGNORECASE)
_BY_LENGTH = sorted(KINDS, key=lambda kind: -len(kind.vietnamese))
_SPARE = 0.6  # millimetres by which a measure may miss: side bearings, rounding


def check_pdf(pdf: ReadPdf, *, name: str) -> FormReport:
    """Return every rule with what was found of it."""
    found = {result.rule.name: result for result in _results(pdf)}
    return FormReport(
        name=name,
        results=tuple(
            found.get(rule, answer(rule, None))
            for rule in RULES
            if rule not in ("values", "lead-ins", "closing-mark", "appendix-named", "edxml-type")
        ),
    )


def _results(pdf: ReadPdf) -> Iterator[Checked]:
    yield from _sheet(pdf)
    if not pdf.pages or not pdf.lines:
        return
    head = _Head(pdf.pages[0])
    yield from head.results()
    yield from text_parts(pdf, title=head.title)
    yield from closing_parts(pdf)
    yield _order(pdf, head)


def _sheet(pdf: ReadPdf) -> Iterator[Checked]:
    """Paper, margins, type, page numbers (ND 30/2020 PL I I)."""
    wrong = next(
        (page for page in pdf.pages if not _is_a4(page)),
        None,
    )
    found = "" if wrong is None else f"{wrong.width:.0f} × {wrong.height:.0f} mm"
    yield answer("paper", wrong is None, where=_page(wrong), found=found)
    if pdf.pages:
        first = pdf.pages[0]
        yield answer("orientation", first.height >= first.width, where=_page(first), found=say("lying"))
    version = tuple(int(part) for part in pdf.version.split("."))
    yield answer("pdf-version", version >= (1, 4), found=pdf.version)
    if not pdf.lines:
        return
    yield from _margins(pdf)
    foreign = [font for font in pdf.fonts if not _TIMES.search(font) or _LEGACY.search(font)]
    yield answer("typeface", not foreign, found=", ".join(sorted(foreign)[:5]))
    missing = [font for font, embedded in pdf.fonts.items() if not embedded]
    yield answer("fonts-embedded", not missing, found=", ".join(sorted(missing)[:5]))
    yield from _page_numbers(pdf)
    mark = next((line for line in pdf.lines if secrecy_mark(line.text)), None)
    yield answer("secrecy", mark is None, where=_page_of(mark), found=mark.text if mark else "")


def _is_a4(page: ReadPage) -> bool:
    short, long = sorted((page.width, page.height))
    return abs(short - 210) < 1.5 and abs(long - 297) < 1.5


def _margins(pdf: ReadPdf) -> Iterator[Checked]:
    """Judge by the text of the upright pages; a margin is too wide only where the text fills the line."""
    pages = [page for page in pdf.pages if page.height >= page.width]
    lines = [(page, line) for page in pages for line in page.lines if not _in_top_margin(page, line)]
    if not lines:
        return
    left = min(line.left for _, line in lines)
    yield answer("margin-left", 30 - _SPARE <= left <= 35 + _SPARE, found=f"{left:.1f} mm")
    right = min(page.width - line.right for page, line in lines)
    filled = sum(line.right - line.left > 120 for _, line in lines) > 3
    kept = right >= 15 - _SPARE and (right <= 20 + _SPARE or not filled)
    yield answer("margin-right", kept, found=f"{right:.1f} mm")
    top = min(page.height - line.top for page, line in lines if page.number == 1) if lines else 0
    headed = any(_COUNTRY.fullmatch(line.text) for _, line in lines)
    kept = top >= 20 - _SPARE and (top <= 25 + 2 * _SPARE or not headed)
    yield answer("margin-top", kept, found=f"{top:.1f} mm")
    bottom = min(line.bottom for _, line in lines)
    yield answer("margin-bottom", bottom >= 20 - _SPARE, found=f"{bottom:.1f} mm")


def _in_top_margin(page: ReadPage, line: Line) -> bool:
    """Tell whether a line stands in the margin: a page number, or the words of a signature in the corner."""
    return line.bottom > page.height - 20 + _SPARE


def _page_numbers(pdf: ReadPdf) -> Iterator[Checked]:
    numbers = {
        page.number: line
        for page in pdf.pages
        for line in page.lines
        if line.text.isdecimal() and line.bottom > page.height - 25
    }
    if pdf.pages[0].number in numbers:
        yield answer("first-page-number", False, where=_page(pdf.pages[0]), found=numbers[1].text)
    else:
        yield answer("first-page-number", True)
    for page in pdf.pages[1:]:
        line = numbers.get(page.number)
        if line is None:
            if _begins_appendix(page):
                continue
            yield answer("page-numbers", False, where=_page(page), found=say("no number"))
            return
        middle = (30 + page.width - 15) / 2
        if not 13 <= line.size <= 14 or abs(line.centre - middle) > 8:
            yield answer("page-numbers", False, where=_page(page), found=f"{line.text}: {line.size:g} pt")
            return
    if len(pdf.pages) > 1:
        yield answer("page-numbers", True)


def _begins_appendix(page: ReadPage) -> bool:
    """Tell whether an appendix or an issued text begins here, whose first page shows no number either."""
    return any(line.text.startswith("Phụ lục") or _COUNTRY.fullmatch(line.text) for line in page.lines[:3])


class _Head:
    """The head of the first page: boxes 1 to 5, 9a, 10 and 11."""

    def __init__(self, page: ReadPage) -> None:
        self._page = page
        self._lines = page.lines
        self.country = self._first(lambda line: bool(_COUNTRY.fullmatch(line.text.upper())))
        self.motto = self._first(lambda line: line.text.casefold().replace("–", "-") == _MOTTO.casefold())
        self.number = self._first(
            lambda line: bool(_NUMBER.match(line.text) or _EMPTY_NUMBER.fullmatch(line.text))
        )
        self.date = self._first(lambda line: bool(_DATE.search(line.text)))
        self.kind, self.title = self._title()

    def _first(self, wanted: object) -> Line | None:
        assert callable(wanted)
        return next((line for line in self._lines if wanted(line)), None)

    def _title(self) -> tuple[Kind | None, Line | None]:
        """Find the line that is the name of a kind, or begins with one and a further word."""
        middle = (30 + self._page.width - 15) / 2
        for line in self._lines:
            if line.is_upper and line is not self.country and abs(line.centre - middle) < 15:
                for kind in _BY_LENGTH:
                    if f"{line.text} ".startswith(f"{kind.vietnamese.upper()} "):
                        return kind, line
        return None, None

    def results(self) -> Iterator[Checked]:
        """Yield what was found of the parts of the head."""
        middle = self._page.width / 2
        if (country := self.country) is not None:
            kept = country.is_upper and country.bold and 12 <= country.size <= 13 and country.centre > middle
            yield answer("country", kept, where=_page_of(country), found=_type(country))
        if (motto := self.motto) is not None:
            kept = motto.text == _MOTTO and motto.bold and 13 <= motto.size <= 14
            if self.country is not None:
                kept = kept and abs(motto.centre - self.country.centre) < 3 and motto.top < self.country.top
            yield answer("motto", kept, where=_page_of(motto), found=f"{motto.text} ({_type(motto)})")
        yield from self._issuer(middle)
        yield from self._number(middle)
        yield from self._date()
        if self.title is not None:
            kept = self.title.bold and 13 <= self.title.size <= 14
            yield answer("title", kept, where=_page_of(self.title), found=_type(self.title))
        yield from self._letter()
        yield from self._marks()

    def _issuer(self, middle: float) -> Iterator[Checked]:
        if self.country is None:
            return
        below = self.number.top if self.number is not None else self.country.bottom - 15
        names = [
            line
            for line in self._lines
            if line.centre < middle and line.is_upper and line.bottom > below and len(line.text) > 3
        ]
        if not names:
            return
        last = names[-1]
        kept = last.bold and all(12 <= line.size <= 13 for line in names)
        yield answer("issuer", kept, where=_page_of(last), found=f"{last.text} ({_type(last)})")

    def _number(self, middle: float) -> Iterator[Checked]:
        line = self.number
        if line is None:
            return
        kept = abs(line.size - 13) < 0.3 and not line.bold and not line.italic and line.centre < middle
        yield answer("number", kept, where=_page_of(line), found=f"{line.text} ({_type(line)})")
        match = _NUMBER.match(line.text)
        if match is None or not match["number"]:
            return  # it waits for its number
        yield answer(
            "number-form", bool(_NUMBER_FORM.match(line.text)), where=_page_of(line), found=line.text
        )
        notation = match["notation"] or ""
        if self.kind is not None and self.kind.abbreviation:
            kept = notation.startswith(self.kind.abbreviation + "-")
            yield answer("notation", kept, where=_page_of(line), found=notation)
        elif self.kind is None:
            abbreviations = {kind.abbreviation for kind in KINDS if kind.abbreviation}
            kept = notation.partition("-")[0] not in abbreviations
            yield answer("notation", kept, where=_page_of(line), found=notation)

    def _date(self) -> Iterator[Checked]:
        line = self.date
        if line is None:
            return
        kept = line.italic and 13 <= line.size <= 14
        if self.number is not None:
            kept = kept and abs(line.baseline - self.number.baseline) < 2
        yield answer("date", kept, where=_page_of(line), found=f"{line.text} ({_type(line)})")
        match = _DATE.search(line.text)
        assert match is not None
        day, month, year = match["day"], match["month"], match["year"]
        written = f"{int(day):02d}" == day and month == (
            f"{int(month):02d}" if int(month) < 3 else str(int(month))
        )
        yield answer(
            "date-form", written and _is_day(year, month, day), where=_page_of(line), found=line.text
        )

    def _letter(self) -> Iterator[Checked]:
        subject = self._first(lambda line: line.text.startswith("V/v"))
        if subject is not None:
            kept = 12 <= subject.size <= 13 and not subject.bold and not subject.italic
            if self.number is not None:
                kept = kept and subject.top < self.number.top
            yield answer("subject-of-letter", kept, where=_page_of(subject), found=_type(subject))
        to = self._first(lambda line: line.text.startswith("Kính gửi"))
        if to is not None:
            kept = 13 <= to.size <= 14 and not to.bold and not to.italic and to.text.startswith("Kính gửi:")
            yield answer("addressees", kept, where=_page_of(to), found=f"{to.text} ({_type(to)})")

    def _marks(self) -> Iterator[Checked]:
        found: list[Line] = []
        for name, words in (
            ("urgency", ("KHẨN", "THƯỢNG KHẨN", "HOẢ TỐC", "HỎA TỐC")),
            ("circulation", ("XEM XONG TRẢ LẠI", "LƯU HÀNH NỘI BỘ")),
        ):
            mark = self._first(lambda line, words=words: line.text.upper() in words)
            if mark is not None:
                found.append(mark)
                kept = mark.is_upper and mark.bold and 13 <= mark.size <= 14
                yield answer(name, kept, where=_page_of(mark), found=_type(mark))
        if found and self.number is not None:
            below = all(mark.centre < self._page.width / 2 and mark.top < self.number.top for mark in found)
            yield answer("marks-place", below, where=_page_of(found[0]), found=found[0].text)


def _order(pdf: ReadPdf, head: _Head) -> Checked:
    """Compare the places of the parts that were found, from the top of the first page to the end."""
    recipients = next((line for line in pdf.lines if line.text.startswith("Nơi nhận")), None)
    listed = [part for part in (head.country, head.number, head.title, recipients) if part is not None]
    places = [(part.page, -part.baseline) for part in listed]
    if len(listed) < 2:
        return answer("order", None)
    first = next(
        (
            part.text
            for part, place, other in zip(listed[1:], places[1:], places, strict=False)
            if place < other
        ),
        "",
    )
    return answer("order", places == sorted(places), found=first)


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _type(line: Line) -> str:
    """Return the type of a line in words: ``13 pt, bold``."""
    style = " ".join(word for word, there in (("bold", line.bold), ("italic", line.italic)) if there)
    return f"{line.size:g} pt" + (f", {style}" if style else "")


def _page(page: ReadPage | None) -> str:
    return "" if page is None else f"page {page.number}"


def _page_of(line: Line | None) -> str:
    return "" if line is None else f"page {line.page}"
