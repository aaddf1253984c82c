"""Elements of edXML by their names: what is asked for, what is not, and where something stands."""

from __future__ import annotations

import gc

from docsign.ades.xml import parse
from docsign.envelope.edxml_elements import ElementReader, Part
from docsign.verdict import Finding

PARTY = (
    "<From xmlns='urn:x'><OrganId> H99.31 </OrganId><OrganName>UBND xã Mẫu</OrganName><La/><OrganId/></From>"
)


def reader(xml: str, findings: list[Finding] | None = None) -> ElementReader:
    """Return the reader of a root element."""
    return ElementReader(parse(xml.encode()), "header", Part([] if findings is None else findings))


def test_children_are_found_by_name_alone() -> None:
    """Whatever the namespace and the order; of several the first is read, an absent one is empty."""
    party = reader(PARTY)
    assert party.texts("OrganName", "OrganId", "Email") == ["UBND xã Mẫu", "H99.31", ""]
    assert (party.text("OrganId"), party.text("Email")) == ("H99.31", "")
    assert [one.path for one in party.children("OrganId")] == ["header.OrganId[1]", "header.OrganId[2]"]
    assert party.child("Email").child("La").path == "header.Email.La"
    assert not party.child("Email").child("La").present
    assert party.child("Email").texts("a", "b") == ["", ""]


def test_text_is_composed_and_comments_do_not_cut_it() -> None:
    """NFC; what stands around a comment is one text."""
    xml = "<a><Ten>Mâ<!-- -->\u0303u <b>không</b> thử</Ten></a>"
    assert reader(xml).text("Ten") == "Mẫu  thử"


def test_what_nobody_asks_for_is_told_with_its_place() -> None:
    """However many readers have met the element; signatures are not kept."""
    top = reader(f"<h>{PARTY}<Signature/><Khac>1</Khac></h>")
    assert top.child("From").text("OrganId") == "H99.31"
    assert top.child("From").text("OrganName") == "UBND xã Mẫu"
    assert [(one.parent, one.xml) for one in top.unknown()] == [
        ("", "<Khac>1</Khac>"),
        ("From", '<La xmlns="urn:x"></La>'),
    ]


def test_what_cannot_be_used_is_found_at_its_place() -> None:
    """Numbers, codes, days and times."""
    findings: list[Finding] = []
    top = reader("<h><So>ba</So><Ngay>2026/02/30</Ngay><To><Gio>nay</Gio></To></h>", findings)
    assert (top.number("So"), top.day("Ngay"), top.child("To").moment("Gio")) == (None, None, None)
    assert [one.where for one in findings] == ["header.So", "header.Ngay", "header.To[1].Gio"]


def test_nothing_of_a_message_outlives_its_reading() -> None:
    """No circle of references keeps a tree of megabytes until the collector comes."""
    gc.collect()
    gc.disable()
    try:
        top = reader(f"<h>{PARTY}</h>")
        assert top.child("From").text("OrganId") == "H99.31"
        assert len(list(top.unknown())) == 2
        del top
        assert gc.collect() == 0
    finally:
        gc.enable()
