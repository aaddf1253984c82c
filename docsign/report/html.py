"""Reports as one self-contained page: no script, nothing from elsewhere; for a screen, a phone and paper.

The answer comes first, with a colour, a symbol and words; then what to do; then who, when, what is covered,
and what was changed. How each conclusion was reached is folded away. Text gets in through ``markup.element``
alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from docsign.report.markup import Markup, element, stylesheet
from docsign.report.page_style import STYLE
from docsign.report.reasoning import Result, Step, reasoning, stamp_reasoning
from docsign.report.wording import (
    advice,
    answer_word,
    format_word,
    moment,
    place,
    rows,
    shown_findings,
    stamp_title,
    standard_words,
    who,
)
from docsign.sentence import Language, Sentence, say
from docsign.verdict import (
    Change,
    Conclusion,
    Finding,
    Indication,
    Report,
    Severity,
    SignatureReport,
    TimestampReport,
)

LONGEST = 500
"""The letters of one text from a file that are shown; a longer one is cut, and says so."""

_CLASSES = {
    Indication.TOTAL_PASSED: "passed",
    Indication.TOTAL_FAILED: "failed",
    Indication.INDETERMINATE: "open",
    Indication.NO_SIGNATURE: "none",
}
_SHAPES = {
    "passed": "M5 13l5 5 9-11",
    "failed": "M6 6l12 12M18 6L6 18",
    "open": "M8 9a4 4 0 1 1 6 3.4c-1.5.9-2 1.6-2 2.6M12 19v.2",
    "none": "M5 12h14",
    "note": "M12 11v7M12 6v.2",
    "warned": "M12 5v9M12 18.5v.2",
}


def to_html(reports: Sequence[Report], language: Language = "vi") -> str:
    """Return the page for one report or several; several begin with a list of the answers."""
    title = say("Report on digital signatures").text(language)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; style-src 'sha256-{digest}'",
        ),
        element("title", f"{title}: {_short(reports[0].file)}" if len(reports) == 1 else title),
        stylesheet(STYLE),
    )
    files = [_file(report, f"f{number}", language) for number, report in enumerate(reports, 1)]
    body = element(
        "body",
        element("p", title, class_="title"),
        element("main", _list_of(reports, language) if len(reports) > 1 else None, files),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=language)}\n"


def _list_of(reports: Sequence[Report], language: Language) -> Markup:
    """Return the answers of several files, each leading to its own part."""
    return element(
        "nav",
        element("h1", say("{count} files", count=len(reports)).text(language)),
        element(
            "ul",
            [
                element(
                    "li",
                    _badge(report.conclusion, language),
                    " ",
                    element("a", element("bdi", _short(report.file) or f"{number}"), href=f"#f{number}"),
                )
                for number, report in enumerate(reports, 1)
            ],
            class_="plain",
        ),
        class_="files",
    )


def _file(report: Report, place: str, language: Language, *, level: int = 1) -> Markup:
    """Return the part of one file; a file inside another has headings one level down."""
    heading, parts = f"h{min(level + 1, 5)}", []
    for number, signature in enumerate(report.signatures, 1):
        parts.append(_signature(signature, number, heading, language))
    parts += [_stamp_section(stamp, heading, language) for stamp in report.timestamps]
    if shown := shown_findings(report):
        title = element(heading, say("About the file").text(language))
        parts.append(element("section", title, _findings(shown, language)))
    inner = [
        _file(one, f"{place}-{number}", language, level=level + 1)
        for number, (_, one) in enumerate(report.contents, 1)
    ]
    if inner:
        title = element(heading, say("Inside the envelope").text(language))
        parts.append(element("section", title, inner, class_="inside"))
    return element("article", _verdict(report, level, language), parts, _facts(report, language), id=place)


def _verdict(report: Report, level: int, language: Language) -> Markup:
    """Return the answer and what to do about it."""
    answer, what = report.conclusion, advice(report).text(language)
    good = answer.indication is Indication.TOTAL_PASSED
    warned = good and any(one.severity is not Severity.INFO for one in report.findings)
    name = element("bdi", _short(report.file)) if report.file else None
    kind = _CLASSES[answer.indication]
    return element(
        "header",
        _icon(kind),
        element(
            "div",
            element(f"h{min(level, 5)}", answer_word(answer).text(language)),
            element("p", name, class_="name") if name else None,
            element("p", _icon("warned") if warned else None, what[:1].upper() + what[1:], class_="todo"),
            element("p", standard_words(answer), class_="words", lang="en"),
        ),
        class_=f"verdict {kind} but" if warned else f"verdict {kind}",
    )


def _facts(report: Report, language: Language) -> Markup:
    """Return what is needed to know later which bytes were judged, and for when."""
    listed = [
        (say("Kind of file"), format_word(report.format).text(language), None),
        (say("SHA-256 of the file"), report.sha256, "digest"),
    ]
    if report.at is not None:
        listed.append((say("Answer as of"), moment(report.at), None))
    return element("footer", _table(((label.text(language), value, style) for label, value, style in listed)))


# --- a signature ------------------------------------------------------------------------------------------


def _signature(signature: SignatureReport, number: int, heading: str, language: Language) -> Markup:
    title = say("Signature {number} ({level})", number=number, level=signature.level).text(language)
    person = _short(who(signature, language)) or say("not known").text(language)
    changes = signature.changes
    return element(
        "section",
        element(heading, _badge(signature.conclusion, language), " – ", title),
        element("p", element("bdi", person), class_="who"),
        _table((label, value, None) for label, value in rows(signature, language)),
        _below(heading, say("Changed after this signature:"), language) if changes else None,
        element("ul", [_change(change, language) for change in changes], class_="plain") if changes else None,
        [_stamp(stamp, language) for stamp in signature.timestamps],
        _findings(signature.findings, language),
        _steps(reasoning(signature), language),
        class_=f"signature {_CLASSES[signature.conclusion.indication]}",
    )


def _below(heading: str, sentence: Sentence, language: Language) -> Markup:
    return element(f"h{int(heading[1]) + 1}", sentence.text(language).rstrip(":"))


def _change(change: Change, language: Language) -> Markup:
    kind = "passed" if change.allowed else "failed"
    verdict = say("allowed") if change.allowed else say("not allowed")
    page = None if change.page is None else " " + say("(page {n})", n=change.page).text(language)
    what = element("bdi", _short(change.what.text(language).removesuffix(".")))
    return element(
        "li", _icon(kind), " ", what, page, " – ", element("b", verdict.text(language)), class_=kind
    )


def _stamp(stamp: TimestampReport, language: Language) -> Markup:
    title = element("bdi", _short(stamp_title(stamp, language)))
    line = element("p", _badge(stamp.conclusion, language), " – ", title)
    return element("div", line, _findings(stamp.findings, language), class_="stamp")


def _stamp_section(stamp: TimestampReport, heading: str, language: Language) -> Markup:
    title = element("bdi", _short(stamp_title(stamp, language)))
    return element(
        "section",
        element(heading, _badge(stamp.conclusion, language), " – ", title),
        _findings(stamp.findings, language),
        _steps(stamp_reasoning(stamp), language),
        class_=f"signature {_CLASSES[stamp.conclusion.indication]}",
    )


# --- parts of it ------------------------------------------------------------------------------------------


def _table(listed: Iterator[tuple[str, str, str | None]]) -> Markup:
    return element(
        "table",
        element(
            "tbody",
            [
                element(
                    "tr",
                    element("th", label, scope="row"),
                    element("td", element("bdi", _short(value)), class_=style),
                )
                for label, value, style in listed
            ],
        ),
    )


def _findings(findings: Sequence[Finding], language: Language) -> Markup | None:
    if not findings:
        return None
    words = {
        Severity.ERROR: ("failed", say("Error")),
        Severity.WARNING: ("warned", say("Note well")),
        Severity.INFO: ("note", say("Remark")),
    }
    return element(
        "ul",
        [
            element(
                "li",
                _icon(words[finding.severity][0]),
                " ",
                element("b", words[finding.severity][1].text(language), ": "),
                element("bdi", _short(place(finding.where, language)), ": ") if finding.where else None,
                element("bdi", _short(finding.sentence.text(language))),
                class_=words[finding.severity][0],
            )
            for finding in findings
        ],
        class_="plain findings",
    )


def _steps(steps: Sequence[Step], language: Language) -> Markup:
    """Return how the conclusion was reached, folded away: block, constraint, result, clause."""
    titles = (say("Block"), say("Constraint"), say("Result"))
    words: dict[Result, tuple[str, Sentence]] = {
        "ok": ("passed", say("met")),
        "not-ok": ("failed", say("not met")),
        "warning": ("warned", say("met, with a remark")),
        "not-checked": ("none", say("not checked")),
    }
    body = [
        element(
            "tr",
            element("td", step.block.text(language), element("br"), element("small", step.clause, lang="en")),
            element("td", _short(step.constraint.text(language))),
            element(
                "td",
                _icon(words[step.result][0]),
                " ",
                words[step.result][1].text(language),
                [[element("br"), element("code", _short(one.code))] for one in step.findings],
                class_=words[step.result][0],
            ),
        )
        for step in steps
    ]
    head = element("tr", [element("th", title.text(language), scope="col") for title in titles])
    return element(
        "details",
        element("summary", say("How this conclusion was reached").text(language)),
        element("div", element("table", element("thead", head), element("tbody", body)), class_="wide"),
    )


def _badge(answer: Conclusion, language: Language) -> Markup:
    kind = _CLASSES[answer.indication]
    return element("span", _icon(kind), " ", answer_word(answer).text(language), class_=f"badge {kind}")


def _icon(kind: str) -> Markup:
    return element(
        "svg", element("path", d=_SHAPES[kind]), class_="icon", viewBox="0 0 24 24", aria_hidden="true"
    )


def _short(text: str) -> str:
    """Return a text from a file, cut where it is longer than anybody would read."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (+{len(text) - LONGEST})"
