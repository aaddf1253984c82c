"""Elements of edXML by their forms: what a form names, what it does not, and where something stands."""

from __future__ import annotations

import gc

from docsign.ades.xml import parse
from docsign.envelope.edxml_elements import ElementReader, Form, Part, list_of

PARTY = (
    "<From xmlns='urn:x'><OrganId> H99.31 </OrganId><OrganName>UBND xã Mẫu</OrganName><La/><OrganId/></From>"
)
TOP = Form(parts={"From": Form("OrganId", OrganName="name")})


def reader(xml: str, form: Form, part: Part | None = None) -> ElementReader:
    """Return the reader of a root element."""
    return ElementReader(parse(xml.encode()), form, "header", part or Part([]))


def test_children_are_found_by_name_alone() -> None:
    """Whatever the namespace and the order; of several the first is read, an absent one is empty."""
    party = reader(PARTY, Form("OrganId", "Email", OrganName="name"))
    assert party.texts == {"name": "UBND xã Mẫu", "OrganId": "H99.31"}
    assert (party.text("OrganId"), party.text("Email")) == ("H99.31", "")
    listed = reader(PARTY, list_of("OrganId"))
    assert [one.path for one in listed.children("OrganId")] == ["header.OrganId[1]", "header.OrganId[2]"]
    assert listed.every_text("OrganId") == ("H99.31",)
    assert listed.has("OrganId")
    assert not listed.has("Email")
    assert list(listed.child("Email").child("La").children("a")) == []
    assert listed.child("Email").every_text("a") == ()


def test_text_is_composed_and_comments_do_not_cut_it() -> None:
    """NFC; what stands around a comment is one text."""
    xml = "<a><!-- --><?b?><Ten>Mâ<!-- -->\u0303u <b>không</b> thử</Ten></a>"
    assert reader(xml, Form("Ten")).text("Ten") == "Mẫu  thử"


def test_what_no_form_names_is_told_with_its_place() -> None:
    """In the order in which the elements around it were read; signatures are not kept."""
    part = Part([])
    top = reader(f"<h>{PARTY}<Signature/><Khac>1</Khac></h>", TOP, part)
    assert top.child("From").texts == {"OrganId": "H99.31", "name": "UBND xã Mẫu"}
    assert [(one.parent, one.xml) for one in part.unknown("header")] == [
        ("", "<Khac>1</Khac>"),
        ("From", '<La xmlns="urn:x"></La>'),
    ]


def test_what_cannot_be_used_is_found_at_its_place() -> None:
    """Numbers, codes, days and times."""
    part = Part([])
    xml = "<h><So>ba</So><Ngay>2026/02/30</Ngay><Ngay/><To><Gio>nay</Gio></To></h>"
    top = reader(xml, Form("So", "Ngay", parts={"To": Form("Gio")}), part)
    assert (top.number("So"), top.day("Ngay"), top.child("To").moment("Gio")) == (None, None, None)
    assert [one.where for one in part.findings] == ["header.So", "header.Ngay[1]", "header.To[1].Gio"]


def test_nothing_of_a_message_outlives_its_reading() -> None:
    """No circle of references keeps a tree of megabytes until the collector comes."""
    gc.collect()
    gc.disable()
    try:
        part = Part([])
        top = reader(f"<h>{PARTY}<Khac/></h>", TOP, part)
        assert top.child("From").text("OrganId") == "H99.31"
        assert len(list(part.unknown("header"))) == 2
        del top, part
        assert gc.collect() == 0
    finally:
        gc.enable()
