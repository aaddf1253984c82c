"""The page: the answer first, everything escaped, nothing from elsewhere, good on a phone and on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from docsign.report.html import LONGEST, to_html
from docsign.report.markup import Markup, element, stylesheet
from docsign.sentence import say
from docsign.verdict import Change, ChangeKind, Finding, Report, Severity

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>*{display:none}",
    "Nguyễn \N{RIGHT-TO-LEFT OVERRIDE}ẪM",
    "\x00\x1b[31m\x7f\u200b",
    "&lt;b&gt; &amp;",
    "Ẩn" * 5000,
    "a\N{COMBINING ACUTE ACCENT}" * 3000,
    "\ud800",
    "\ufffe",
    "{x} %s",
]
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "nav", "article", "header", "footer", "section",
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "ul", "li", "b", "bdi", "a", "table", "thead",
    "tbody", "tr", "th", "td", "br", "small", "code", "details", "summary", "svg", "path",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def spoilt(report: Report, text: str) -> Report:
    """Return the report with ``text`` wherever a text comes from a file."""
    finding = Finding(
        code="x", severity=Severity.ERROR, sentence=say("This is not a time: {text}.", text=text), where=text
    )
    change = Change(
        kind=ChangeKind.PAGE, what=say("This is not a time: {text}.", text=text), allowed=False, page=1
    )
    signatures = tuple(
        replace(
            one,
            signer=text,
            position=text,
            agency=text,
            issuer=text,
            certificate=one.certificate and replace(one.certificate, managing_unit=text),
            field_names=(text,),
            findings=(finding,),
            changes=(change,),
            timestamps=tuple(replace(stamp, issuer=text) for stamp in one.timestamps),
        )
        for one in report.signatures
    )
    inner = tuple((text, spoilt(one, text)) for _, one in report.contents)
    return replace(report, file=text, signatures=signatures, findings=(finding,), contents=inner)


@pytest.mark.parametrize(
    ("report", "symbol", "words", "todo"),
    [
        ("two", "passed", "HỢP LỆ", "Có thể sử dụng"),
        ("changed", "failed", "KHÔNG HỢP LỆ", "không sử dụng"),
        ("untrusted", "open", "CHƯA KẾT LUẬN ĐƯỢC", "--trust"),
        ("unsigned", "none", "CHƯA KÝ SỐ", "không coi là bản gốc"),
    ],
)
def test_the_answer_is_first(
    report: str, symbol: str, words: str, todo: str, reports: dict[str, Report]
) -> None:
    """Colour, symbol and words, then what to do; the words of the standard stand small beside."""
    text = to_html([reports[report]])
    header = text[text.index("<header") : text.index("</header>")]
    assert header.startswith(f'<header class="verdict {symbol}')
    assert "<svg" in header
    assert header.index(f"<h1>{words}</h1>") < header.index(todo)
    assert str(reports[report].conclusion.indication) in header


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_report_is_a_whole_page_of_known_parts(language: str, reports: dict[str, Report]) -> None:
    """Well formed, one language, only known elements; no script, no address but places of the page itself."""
    for name, report in reports.items():
        text = to_html([report], "vi" if language == "vi" else "en")
        page = Page(text)
        assert not page.open, name
        assert {tag for tag, _ in page.tags} <= ALLOWED
        assert dict(page.tags)["html"] == {"lang": language}
        for tag, attributes in page.tags:
            assert not [
                key for key in attributes if key.startswith("on") or key in ("src", "style", "srcset")
            ]
            assert (attributes.get("href") or "#").startswith("#"), tag
        assert "url(" not in text
        assert "@import" not in text
        etree.fromstring(text.removeprefix("<!DOCTYPE html>").encode(), etree.HTMLParser(recover=False))


def test_the_seven_items_and_the_rest_are_shown(reports: dict[str, Report]) -> None:
    """Circular 15/2025 Art. 6.4b, what changed with its page, the steps folded away, the file's digest."""
    text = Page(to_html([reports["two"]])).text
    for words in (
        "Tổ chức cấp chứng thư chữ ký số", "Người ký", "Đơn vị quản lý chứng thư", "Thời điểm ký",
        "Tính toàn vẹn", "Hiệu lực chữ ký tại thời điểm ký", "Thời hạn của chứng thư", "Phạm vi được ký",
        "Nguyễn Văn Mẫu, Chủ tịch", "(trang 1) – được phép", "Vì sao có kết luận này", "EN 319 102-1 5.2.7",
        reports["two"].sha256,
    ):  # fmt: skip
        assert words in text, words


def test_steps_are_folded(reports: dict[str, Report]) -> None:
    """A clerk sees them only when asking."""
    page = Page(to_html([reports["two"]]))
    folded = [attributes for tag, attributes in page.tags if tag == "details"]
    assert folded == [{}, {}]


def test_an_envelope_shows_what_is_inside(reports: dict[str, Report]) -> None:
    """Each signed document with its own answer."""
    report = replace(reports["envelope"], contents=(("documents/12.pdf", reports["changed"]),))
    text = to_html([report])
    assert text.count("<article") == 2
    assert text.index("HỢP LỆ") < text.index("Bên trong gói tin") < text.index("KHÔNG HỢP LỆ")


def test_several_files_begin_with_a_list(reports: dict[str, Report]) -> None:
    """Each line leads to its part."""
    page = Page(to_html(list(reports.values())))
    links = [str(attributes["href"])[1:] for tag, attributes in page.tags if tag == "a"]
    places = [attributes["id"] for tag, attributes in page.tags if tag == "article" and "id" in attributes]
    assert len(links) == len(reports)
    assert set(links) <= set(places)
    assert f"{len(reports)} tệp" in page.text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(text: str, reports: dict[str, Report]) -> None:
    """A name cannot become markup, turn letters around, drive a terminal or fill the page."""
    for name in ("stamped", "envelope", "changed", "text"):
        clean, dirty = to_html([reports[name]]), to_html([spoilt(reports[name], text)])
        page = Page(dirty)
        assert not page.open
        assert {tag for tag, _ in page.tags} <= ALLOWED
        assert dirty.count("<style>") == clean.count("<style>") == 1
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", dirty)
        dirty.encode("utf-8")
        assert max(len(word) for word in page.words) <= 2 * LONGEST + 500


@given(st.text(max_size=200))
def test_no_text_becomes_markup(text: str) -> None:
    """Whatever the text, the element holds one text and the attribute one value."""
    page = Page(element("p", text, title=text))
    assert [tag for tag, _ in page.tags] == ["p"]
    assert not page.open


def test_only_elements_are_markup() -> None:
    """Joined with a plain text, markup is a plain text again and is escaped."""
    bold = element("b", "12 < 13")
    assert bold == "<b>12 &lt; 13</b>"
    assert element("p", bold, None, [bold]) == "<p><b>12 &lt; 13</b><b>12 &lt; 13</b></p>"
    assert element("p", bold + "<i>") == "<p>&lt;b&gt;12 &amp;lt; 13&lt;/b&gt;&lt;i&gt;</p>"
    assert not isinstance(bold + "x", Markup)
    with pytest.raises(ValueError, match="tag"):
        stylesheet("</style>")


def test_a_browser_shows_it_on_a_phone_and_prints_it(reports: dict[str, Report], tmp_path: Path) -> None:
    """360 px wide nothing has to be scrolled sideways, not even long names; printed it is A4."""
    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium (Debian: chromium)"
    report = spoilt(reports["stamped"], "W" * 10_000)
    page = to_html([report, reports["two"]])
    (tmp_path / "trang.html").write_text(page, encoding="utf-8")
    # a browser without a screen has windows of 500 px at least: the page is put into a frame, and asked
    (tmp_path / "khung.html").write_text(
        '<iframe src="trang.html" width="360" height="800" style="border:0"></iframe><script>'
        "onload=()=>{const r=frames[0].document.documentElement;"
        "document.title=r.scrollWidth+' '+r.clientWidth}</script>",
        encoding="utf-8",
    )
    base = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    done = subprocess.run(
        [*base, "--disable-web-security", "--dump-dom", (tmp_path / "khung.html").as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    measured = re.search(r"<title>(\d+) (\d+)</title>", done.stdout)
    assert measured, done.stdout[-500:]
    assert int(measured[1]) <= int(measured[2]) <= 360
    pdf = tmp_path / "in.pdf"
    subprocess.run(
        [*base, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", (tmp_path / "trang.html").as_uri()],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    sizes = set(re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf.read_bytes()))
    assert {(round(float(width)), round(float(height))) for width, height in sizes} == {(595, 842)}
