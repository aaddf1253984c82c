"""Every sentence a person reads exists in Vietnamese; the catalogue is that of the .po files."""

from __future__ import annotations

import ast
import string
import unicodedata

from tests.house.tree import ROOT, modules
from tests.locale_catalogue import CATALOGUE, compiled, help_texts, templates, translations


def places(template: str) -> set[str]:
    """Return the names of the places ``{name}`` in ``template``."""
    return {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}


def test_every_sentence_has_its_vietnamese_text() -> None:
    """A template without Vietnamese text would be shown in English to a clerk."""
    known = translations()
    missing = [f"{place}: {template!r}" for place, template in templates() if template not in known]
    assert not missing, "\n".join(missing)


def test_every_help_text_has_its_vietnamese_text() -> None:
    """Each paragraph, option and placeholder of a command's --help: a clerk reads it in Vietnamese."""
    known = translations()
    missing = [f"{place}: {text!r}" for place, text in help_texts() if text not in known]
    assert not missing, "\n".join(missing)


def test_every_vietnamese_text_has_the_same_places() -> None:
    """A place that is lost hides a name or a reason; one that is new breaks the sentence."""
    wrong = [
        f"{template!r} -> {text!r}"
        for template, text in translations().items()
        if places(template) != places(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_call_fills_the_places_of_its_template() -> None:
    """``say`` is called with a literal template and exactly its places."""
    wrong = []
    for name, tree, path in modules():
        if name == "docsign.sentence":
            continue
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"):
                continue
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            first = node.args[0] if node.args else None
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                wrong.append(f"{where}: the template is not a literal")
                continue
            given = {keyword.arg for keyword in node.keywords}
            if None not in given and given != places(first.value):
                wrong.append(f"{where}: {sorted(map(str, given))} do not fill {first.value!r}")
    assert not wrong, "\n".join(wrong)


def test_no_vietnamese_text_is_left_over() -> None:
    """A text whose English template nobody says any more is removed."""
    said = {template for _, template in (*templates(), *help_texts())}
    left = sorted(set(translations()) - said)
    assert not left, "\n".join(map(repr, left))


def test_vietnamese_texts_are_composed_and_end_like_their_templates() -> None:
    """NFC, and a full stop where the English sentence has one."""
    wrong = [
        f"{template!r} -> {text!r}"
        for template, text in translations().items()
        if unicodedata.normalize("NFC", text) != text or template.endswith(".") != text.endswith(".")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_catalogue_that_is_shipped_is_fresh() -> None:
    """``make locale`` was run after the last change of a .po file."""
    fresh = CATALOGUE.read_bytes() == compiled()
    assert fresh, "run `make locale` and commit docsign.mo"
