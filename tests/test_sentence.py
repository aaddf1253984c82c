"""A sentence is a value: written once, shown in Vietnamese or English."""

from __future__ import annotations

import gettext

from docsign.sentence import Sentence, say, shown
from tests.locale_catalogue import CATALOGUE


def test_a_sentence_is_shown_in_either_language() -> None:
    """Vietnamese unless English is asked for; ``str`` is English, for logs and tracebacks."""
    sentence = say("There is no such file.")
    assert sentence.text() == sentence.text("vi") == "Không có tệp này."
    assert sentence.text("en") == str(sentence) == "There is no such file."


def test_values_fill_the_places_in_both_languages() -> None:
    """What fills a place is the same, wherever the place stands in the sentence."""
    sentence = say("The file is too large: {size} bytes, {limit} at most.", size=12, limit=7)
    for language in ("vi", "en"):
        assert "12" in sentence.text(language)
        assert "7" in sentence.text(language)


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    """A reason that is a sentence speaks the language of the sentence around it."""
    inner = say("There is no such file.")
    outer = Sentence("{reason}", (("reason", inner),))
    assert outer.text("vi") == inner.text("vi")
    assert outer.text("en") == inner.text("en")


def test_untrusted_values_are_not_templates() -> None:
    """Braces that come from outside are shown as they are."""
    sentence = say("This settings file is not TOML: {reason}.", reason="{x} {0.__class__}")
    assert "{x} {0.__class__}" in sentence.text("vi")


def test_a_template_without_vietnamese_text_is_shown_in_english() -> None:
    """Better an English sentence than none; the tests of the house see to it that it does not happen."""
    assert Sentence("Nobody translated {this}.", (("this", 1),)).text("vi") == "Nobody translated 1."


def test_sentences_are_values() -> None:
    """Equal templates with equal values are equal, and may be keys."""
    assert say("There is no such file.") == say("There is no such file.")
    assert len({say("There is no such file."), say("There is no such file.")}) == 1


def test_every_sentence_of_the_catalogue_is_found() -> None:
    """The catalogue is searched, not read whole: what gettext reads in it is found, the first to the last."""
    with CATALOGUE.open("rb") as stream:
        listed = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined] # no other way to list
    plain = {template: text for template, text in listed.items() if template and "{" not in template}
    assert len(plain) > 100
    assert {template: Sentence(template).text("vi") for template in plain} == plain


def test_foreign_words_stay_on_their_line() -> None:
    """A subject, a reason, a file name: no new line, no turned direction, nothing for the terminal."""
    assert shown("V/v\n✔ HỢP LỆ\x1b[2J\u202e  gấp\t") == "V/v ✔ HỢP LỆ [2J gấp"
