"""What is not known around header and manifest is kept where it stood, and parts of the message are not."""

from __future__ import annotations

import io

from docsign.ades.xml import parse
from docsign.envelope import Header, Reference, read_header, write_header
from docsign.envelope.edxml_elements import UNKNOWN_LIMIT
from docsign.envelope.edxml_frame import attachment_parent, unknown_around
from docsign.envelope.edxml_message import write_message
from docsign.verdict import Finding
from tests.envelope.test_edxml_message import PDF, attachment, files, read, written


def test_parts_of_the_message_that_stand_elsewhere_are_not_taken_for_unknown_ones(header: Header) -> None:
    """What a vendor wraps, or puts into the envelope instead of beside it, is not written twice."""
    text = write_header(header).decode()
    wrapped = text.replace("<edXML:edXMLBody>", "<v:Goi xmlns:v='urn:v'><edXML:edXMLBody>")
    wrapped = wrapped.replace("</edXML:edXMLBody>", "</edXML:edXMLBody></v:Goi>")
    inside = text.replace("  <AttachmentEncoded/>\r\n", "")
    inside = inside.replace("</edXML:edXMLEnvelope>", "<AttachmentEncoded/></edXML:edXMLEnvelope>")
    for changed in (wrapped, inside):
        assert changed != text
        assert read_header(changed.encode()).unknown == ()


def test_what_is_not_known_of_an_attachment_stays_with_it() -> None:
    """Beside it, below it, around it; where the order of files is not the manifest's, it is the files'."""
    new = '<v:Ký xmlns:v="urn:v" a="1">đã <v:b>ký</v:b></v:Ký>'
    text = written(attachment(PDF, "a.pdf"), attachment(PDF + b"2", "b.pdf", content_id="tep-2")).decode()
    first, second, after = text.split("    <Attachment>")
    turned = "    <Attachment>".join(
        (first, second, after.replace("</Attachment>", f"<Trang>2</Trang>{new}</Attachment>"))
    )
    turned = turned.replace("</AttachmentEncoded>", new + "</AttachmentEncoded>")
    turned = turned.replace("</edXML>", new + "</edXML>")
    turned = turned.replace("cid:tep-1</ContentId>", "cid:_</ContentId>")
    message = read(turned.encode())
    assert message.header is not None
    assert [one.parent for one in message.header.unknown] == [
        "edXML",
        "AttachmentEncoded",
        "AttachmentEncoded.Attachment[2]",
        "AttachmentEncoded.Attachment[2]",
    ]
    target = io.BytesIO()
    write_message(target, message.header, message.attachments)
    again = read(target.getvalue())
    assert again.header is not None
    assert again.header.unknown == message.header.unknown
    assert files(again) == [("a.pdf", "application/pdf", PDF), ("b.pdf", "application/pdf", PDF + b"2")]
    second = target.getvalue().decode().split("<Attachment>")[2]
    assert "<Trang" in second
    assert "đã <v:b>ký</v:b>" in second


def test_an_attachment_is_known_by_its_content_or_its_identifier() -> None:
    """With content it has its number among those; without, as in an envelope's header, its Reference's."""
    references = (Reference(content_id="a", name="a.pdf"), Reference(content_id="b", name="b.pdf"))
    text = (
        "<edXML><AttachmentEncoded>"
        "<Attachment><ContentId>cid:b</ContentId><x>1</x></Attachment>"
        "<Attachment><ContentId>cid:c</ContentId><x>2</x></Attachment>"
        "<Attachment><ContentId>cid:b</ContentId><Content>AA==</Content><x>3</x></Attachment>"
        "</AttachmentEncoded></edXML>"
    )
    kept = [(one.parent, one.xml) for one in unknown_around(parse(text.encode()), references, [])]
    assert kept == [(attachment_parent(2), "<x>1</x>"), (attachment_parent(1), "<x>3</x>")]


def test_of_all_attachments_together_no_more_is_kept_than_of_the_header() -> None:
    """However many there are."""
    one = f"<Attachment><Content>AA==</Content><x>{'y' * 1000}</x></Attachment>"
    text = f"<edXML><AttachmentEncoded>{one * 400}</AttachmentEncoded></edXML>"
    findings: list[Finding] = []
    kept = list(unknown_around(parse(text.encode()), (), findings))
    assert sum(len(found.xml) for found in kept) <= UNKNOWN_LIMIT
    assert 200 < len(kept) < 300
    assert [found.code for found in findings] == ["edxml-unknown"]
