"""Seed values (/SV): what a field asks of its signature is obeyed, or refused with what is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docsign.errors import PdfError
from docsign.pdf.seed import Signer
from docsign.pdf.writer import Prepared, SignablePdf
from tests.pdf.reading.making import CATALOG, PAGE, PAGES, Writer, stream

AT = datetime(2026, 11, 16, 2, 15, 30, tzinfo=UTC)
MINH = Signer(certificate=b"\x30\x01", issuers=(b"\x30\x02",))


def asking(rules: bytes) -> bytes:
    """Write a letter with the empty field Ky, which has these seed values."""
    writer = Writer()
    writer.object(1, CATALOG[:-2] + b"/AcroForm << /Fields [5 0 R] /SigFlags 1 >> >>")
    writer.object(2, PAGES)
    writer.object(3, PAGE[:-2] + b"/Annots [5 0 R] >>")
    writer.object(4, stream(b"BT ET"))
    writer.object(
        5,
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Ky) /Rect [0 0 0 0] /F 132 /SV << %s >> >>" % rules,
    )
    return writer.table()


def prepared(
    rules: bytes, *, reason: str | None = None, signer: Signer | None = MINH, hash_name: str = "sha256"
) -> Prepared:
    """Prepare a signature in that field."""
    return SignablePdf(asking(rules)).prepare(
        field_name="Ky", signing_time=AT, room=64, reason=reason, signer=signer, hash_name=hash_name
    )


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (b"/Ff 1 /Filter /Entrust.PPKEF", "another signature handler"),
        (b"/Ff 2 /SubFilter [/adbe.pkcs7.detached]", "another form than PAdES"),
        (b"/Ff 4 /V 9", "newer than what is known"),
        (b"/Ff 8 /Reasons [(A) (B)]", "one of these reasons: A; B"),
        (b"/Ff 16 /LegalAttestation [(x)]", "legal attestation"),
        (b"/Ff 32 /AddRevInfo true", "revocation data inside"),
        (b"/Ff 64 /DigestMethod [(SHA512)]", "another digest: SHA512"),
        (b"/Ff 128 /LockDocument /true", "locks the document"),
        (b"/Ff 256 /AppearanceFilter (x)", "certain appearance"),
        (b"/MDP << /P 2 >>", "certifies the document"),
        (b"/TimeStamp << /URL (http://tsa.example/) /Ff 1 >>", "time-stamp of http://tsa.example/"),
        (b"/Cert << /Ff 1 /Subject [<3003>] >>", "another signer"),
        (b"/Cert << /Ff 2 /Issuer [<3003>] >>", "another issuer"),
        (b"/Cert << /Ff 32 /KeyUsage [(1)] >>", "not known here"),
    ],
)
def test_what_is_demanded_and_not_had_is_refused(rules: bytes, words: str) -> None:
    """One sentence with the field's name and what it wants (ISO 32000-2 table 237, 238)."""
    with pytest.raises(PdfError, match=f"The field Ky cannot be signed like this: .*{words}"):
        prepared(rules)


@pytest.mark.parametrize(
    "rules",
    [
        b"/Ff 3 /Filter /Adobe.PPKLite /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached] /V 1",
        b"/Filter /Entrust.PPKEF /SubFilter [/adbe.pkcs7.detached] /DigestMethod [(SHA1)]",
        b"/Ff 64 /DigestMethod [(SHA-1) (SHA256)]",
        b"/MDP << /P 0 >> /LockDocument /true /AddRevInfo true",
        b"/TimeStamp << /URL (http://tsa.example/) /Ff 0 >>",
        b"/Cert << /Ff 3 /Subject [<3001>] /Issuer [<3002> <3009>] >>",
    ],
)
def test_what_is_had_or_only_proposed_is_signed(rules: bytes) -> None:
    """A rule without its flag is a proposal."""
    assert prepared(rules).digest


def test_a_demanded_time_stamp_that_comes_is_accepted() -> None:
    """The signer says that one will come."""
    rules = b"/TimeStamp << /URL (http://tsa.example/) /Ff 1 >>"
    assert prepared(rules, signer=Signer(certificate=b"\x30\x01", timestamped=True)).digest


def test_the_only_reason_is_taken_and_a_forbidden_one_refused() -> None:
    """One reason: that one. None allowed: none is written, and a given one is refused."""
    assert b"/Reason (Ban hanh)" in prepared(b"/Ff 8 /Reasons [(Ban hanh)]").appended
    assert b"/Reason (B)" in prepared(b"/Ff 8 /Reasons [(A) (B)]", reason="B").appended
    assert b"/Reason " not in prepared(b"/Ff 8 /Reasons [(.)]").appended
    with pytest.raises(PdfError, match="wants no reason"):
        prepared(b"/Ff 8 /Reasons [(.)]", reason="Phê duyệt")
