"""JSON from the other side: every value knows its place."""

from __future__ import annotations

import pytest

from docsign.errors import WireError
from docsign.exchange.json_text import MAX_JSON, Place, dump, load


def test_a_place_is_the_way_to_it() -> None:
    """Members and items add themselves to the path."""
    place = load('{"to":[{"code":"H99"},{}]}', "header")
    assert place.member("to").each(lambda one: one.path) == ("header.to[0]", "header.to[1]")
    with pytest.raises(WireError) as caught:
        place.member("to").each(lambda one: one.member("code").text())
    assert caught.value.where == "header.to[1].code"


def test_letters_are_written_as_they_are() -> None:
    """UTF-8, compact, nothing escaped that need not be."""
    assert dump({"tên": "Ủy ban", "n": None}) == '{"tên":"Ủy ban","n":null}'.encode()


def test_too_much_is_refused_before_it_is_parsed() -> None:
    """A limit in bytes guards memory."""
    with pytest.raises(WireError, match="too large"):
        load(b" " * (MAX_JSON + 1), "inbox")


def test_nothing_is_optional_by_accident() -> None:
    """Missing and null are nothing; empty text is a text."""
    place = load('{"a":null,"b":""}', "x")
    assert place.member("a").optional(Place.text) is None
    assert place.member("c").optional(Place.text) is None
    assert place.member("b").optional(Place.text) == ""
    with pytest.raises(WireError):
        load("[]", "x").member("a")
    with pytest.raises(WireError):
        place.member("a").truth()
