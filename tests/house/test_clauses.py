"""The law beside the code: one form, and a list in which every text that is named has its row."""

from __future__ import annotations

import re

from tests.house.tree import PACKAGES, texts

CITED = re.compile(
    r"\b(?:(?:ND|QD|TT) \d+/\d{4}|QCVN \d+|EN 319 \d{3}(?:-\d)?|TS \d+|RFC \d+|ISO \d+(?:-\d)?)"
)
SPELLED_OUT = re.compile(
    r"#.*\b(?:Circular|Decree|Decision|Law|Thông tư|Nghị định|Quyết định|Luật) \d+/\d{4}", re.IGNORECASE
)
CLAUSES = "docs/clauses.md"


def cited() -> dict[str, str]:
    """Return every text named in the code with a place where it is."""
    found: dict[str, str] = {}
    for name, text in texts().items():
        if name.startswith(PACKAGES) and name.endswith((".py", ".typ")):
            for match in CITED.finditer(text):
                found.setdefault(match.group(0), name)
    return found


def listed() -> set[str]:
    """Return the texts that have a row."""
    rows = re.findall(r"^\| ([^|]+?) *\|", texts()[CLAUSES], flags=re.MULTILINE)
    return {match.group(0) for row in rows if (match := CITED.match(row))}


def test_every_text_that_is_named_has_its_row() -> None:
    """A clause beside the code names a text that the list knows: what of it is done, what is not."""
    missing = {text: place for text, place in cited().items() if text not in listed()}
    assert not missing


def test_every_row_is_named_in_the_code() -> None:
    """The list claims nothing that the code does not say."""
    assert not listed() - set(cited())


def expanded(clauses: str) -> set[str]:
    """Return each clause of a cell or a mark: ``Art. 10–13, PL I`` is five."""
    found = set(re.findall(r"PL [IVX]+\b", clauses))
    for first, last in re.findall(r"(?<![\d.])(\d+)(?:(?:–| to )(\d+))?(?![\d./])", clauses):
        found |= {f"Art. {number}" for number in range(int(first), int(last or first) + 1)}
    return found


def decree_in_code() -> set[str]:
    """Return the articles and annexes of the decree on records that stand beside the code."""
    mark = re.compile(r"ND 30/2020 ((?:Art\. \d+|PL [IVX]+)\b(?:(?:, | to )\d+(?![.\d]))?)")
    marks = [
        match.group(1)
        for name, text in texts().items()
        if name.startswith(PACKAGES) and name.endswith((".py", ".typ"))
        for match in mark.finditer(text)
    ]
    return {clause for mark in marks for clause in expanded(mark)}


def decree_listed() -> set[str]:
    """Return the articles and annexes of the decree that have a row."""
    lines = texts()[CLAUSES].splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("| ND 30/2020 "))
    cells = [lines[start].split("|")[2]]
    for line in lines[start + 1 :]:
        if not line.startswith("| |"):
            break
        cells.append(line.split("|")[2])
    return {clause for cell in cells for clause in expanded(cell)}


def test_every_article_of_the_decree_that_is_named_has_its_row() -> None:
    """The list of kept and not kept goes by article: none stands in the code or in the list alone."""
    assert decree_in_code() == decree_listed()
    assert expanded("Art. 10–13, PL I") == {"Art. 10", "Art. 11", "Art. 12", "Art. 13", "PL I"}


def test_clauses_have_one_form() -> None:
    """A comment says ND 30/2020, not Decree 30/2020, so that one search finds all."""
    spelled = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts().items()
        if name.startswith(PACKAGES) and name.endswith((".py", ".typ"))
        for number, line in enumerate(text.splitlines(), start=1)
        if SPELLED_OUT.search(line)
    ]
    assert not spelled, "\n".join(spelled)
