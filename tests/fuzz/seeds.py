"""Good inputs to start from, made by generators of ours, which are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docsign.pki import SigningKey


@cache
def signed_form() -> bytes:
    """Return a signed document with two text fields: the same for every process."""
    from pathlib import Path

    return Path(__file__).with_name("signed-form.pdf").read_bytes()


def pdfs() -> Iterator[bytes]:
    """Yield signed PDFs of a few kilobytes in every form of cross-reference."""
    from tests.pdf.attacks.revision import Revision
    from tests.pdf.attacks.second_signer import sign
    from tests.pdf.honest.make.by_hand import macintosh, nested_pages, word_hybrid
    from tests.pdf.odd.writing import Writing, with_fields

    yield signed_form()
    yield Writing().signed()
    yield sign(Revision(Writing().signed(), "stream"), name="KyThem")
    yield Writing(objects=with_fields(ask=True)).signed()
    yield word_hybrid(structure_hidden=True)
    yield macintosh()
    yield nested_pages()


def revisions() -> Iterator[bytes]:
    """Yield what honest and dishonest programs append to ``signed_form``: objects without a table."""
    yield b""
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(Truong0)/V(moi)/F 4/P 5 0 R/Rect[72 600 272 620]>>"
    yield _objects({10: widget})
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[6 0 R 30 0 R]/Annots[7 0 R 31 0 R]>>"
    note = b"<</Subtype/Text/Rect[0 0 9 9]>>"
    yield _objects({5: page, 30: _stream(b"q Q"), 31: note})
    form = b"/AcroForm<</Fields[7 0 R 10 0 R 11 0 R]/NeedAppearances true/XFA[(a) 30 0 R]>>"
    more = b"/DSS<</Certs[30 0 R]/CRLs[]>>/Names<<>>/OpenAction<</S/JavaScript>>/StructTreeRoot 31 0 R"
    tree = b"<</K[<</S/P/P 31 0 R>>]>>"
    yield _objects({1: b"<</Type/Catalog/Pages 2 0 R" + form + more + b">>", 30: _stream(b"0"), 31: tree})
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</Helv 9 0 R>>>>"
    yield _objects({12: _stream(b"/Tx BMC q BT /Helv 11 Tf 0 g 2 5 Td (9) Tj ET Q EMC", entries)})


def _objects(bodies: dict[int, bytes]) -> bytes:
    return b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, body) for number, body in bodies.items())


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)


def signatures() -> Iterator[bytes]:
    """Yield CMS signatures."""
    from tests.pdf.attacks.second_signer import signed_content

    yield signed_content(bytes(32))
    yield signed_content(bytes(32), "agency")
    yield from _rich_signatures()


_MOMENT = datetime(2026, 11, 20, tzinfo=UTC)


def _rich_signatures() -> Iterator[bytes]:
    """Yield CAdES with everything: stamps of every kind, references, values, records, counter-signatures."""
    from tests.cades_builder import EVIDENCE_INTERNAL, Cms, attribute
    from tests.evidence_builder import Record

    key = _key()
    made = Cms.signed(b"van ban", key, at=_MOMENT, attached=True).stamp(key, _MOMENT)
    made.references(key, _MOMENT).confirm(made.counter_sign(key, _MOMENT)).archive_v2(key, _MOMENT)
    yield made.encode()
    record = Record("asn1", {"CMS": made.encode()}).begin(key, _MOMENT)
    made.signers[0].unsigned.append(attribute(EVIDENCE_INTERNAL, record.encode()))
    yield made.archive(key, _MOMENT, version=2).add_values([key.certificate], []).encode()
    yield Cms.signed(b"van ban", key, key, at=_MOMENT).archive(key, _MOMENT).encode()


def records() -> Iterator[bytes]:
    """Yield evidence records in both forms, with renewals of both kinds."""
    from tests.evidence_builder import Record

    key = _key()
    for form in ("asn1", "xml"):
        record = Record(form, {"van-ban": b"van ban"}).begin(key, _MOMENT)
        yield record.encode()
        yield record.renew_stamp(key, _MOMENT, tree=True).renew_tree(key, _MOMENT).encode()


def mails() -> Iterator[bytes]:
    """Yield signed messages, with both kinds of line ends."""
    from tests.verification.test_signed_mail import PART, message

    made = message(PART, next(signatures()))
    yield made
    yield made.replace(b"\r\n", b"\n")


def files() -> Iterator[bytes]:
    """Yield small files of every kind that is verified."""
    yield signed_form()
    yield from signatures()
    yield from mails()
    yield b'<?xml version="1.0"?><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature>'
    yield b"PK\x03\x04" + bytes(26)
    yield b"{}"


@cache
def _key() -> SigningKey:
    """Return a trial key; its certificate leads to nobody whom the targets trust."""
    import tempfile
    from pathlib import Path

    from docsign.pki.authority import TrialAuthority

    with tempfile.TemporaryDirectory() as folder:
        authority = TrialAuthority.create(Path(folder) / "ca")
        return authority.issue("agency", "XÃ THỬ", organization="XÃ THỬ").signing_key()


def xml_signatures() -> Iterator[bytes]:
    """Yield XML signatures of every form, one with a counter-signature and a policy."""
    from tests.ades.test_xades_forms import DATA, FORMS, countersigned, policy
    from tests.ades.xades_building import built, detached

    for make in FORMS.values():
        yield make(_key())
    yield countersigned(built(detached(_key(), DATA, policy=policy(b"chinh sach"))), _key())


def containers() -> Iterator[bytes]:
    """Yield ASiC-E with XAdES and with CAdES, ASiC-S, an OpenDocument file, and a ZIP64."""
    from tests.envelope.asic_building import ASICS, open_document, with_cades, with_xades, zipped
    from tests.envelope.test_zip import streamed_zip64

    data = {"van-ban.txt": "Kính gửi".encode(), "b.txt": b"b"}
    yield zipped(with_xades(dict(data), _key()))
    yield zipped(with_cades(dict(data), _key()))
    yield zipped(with_xades({"van-ban.txt": b"x"}, _key()), ASICS)
    yield zipped(open_document(_key()), "application/vnd.oasis.opendocument.text")
    yield streamed_zip64()
