"""A PDF is looked at before it is signed: damage and active content are refused with their place."""

from __future__ import annotations

import hashlib

import pytest

from docsign.errors import PdfError
from docsign.pdf import made
from docsign.pdf.archive import ArchivablePdf
from docsign.pdf.fields import AGENCY_SIGNATURE, PERSON_SIGNATURE, Box, SignatureField, add_fields
from docsign.pdf.input_check import active_content, require_passive, require_sound
from docsign.pdf.reading import read_pdf
from docsign.pdf.writer import SignablePdf
from docsign.pki import SigningKey
from docsign.signing import sign
from tests.pdf.honest.index import stages
from tests.pdf.reading.making import CATALOG, PAGE, PAGES, Writer, letter, one_page, stream

ACTING = {
    "a script at opening": (b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>", b""),
    "named scripts": (b"/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (x) >>] >> >>", b""),
    "a launch": (b"/OpenAction 9 0 R", b"<< /Type /Action /S /Launch /F (cmd.exe) >>"),
    "an XFA form": (b"/AcroForm << /Fields [] /XFA [] >>", b""),
    "a form that is sent": (b"/AA << /WC << /S /SubmitForm /F (http://x.example/) >> >>", b""),
    "a film": (b"/Own [9 0 R]", b"<< /Type /Annot /Subtype /RichMedia /Rect [0 0 1 1] >>"),
}


def acting(catalog: bytes, more: bytes) -> bytes:
    """Write a letter with this in its catalogue, and an object 9."""
    writer = Writer()
    writer.object(1, CATALOG[:-2] + catalog + b" >>")
    writer.object(2, PAGES)
    writer.object(3, PAGE)
    writer.object(4, stream(b"BT ET"))
    if more:
        writer.object(9, more)
    return writer.table()


@pytest.mark.parametrize("name", ACTING)
def test_active_content_is_found_with_its_place(name: str) -> None:
    """Wherever the catalogue leads."""
    pdf = read_pdf(acting(*ACTING[name]))
    require_sound(pdf)
    with pytest.raises(PdfError, match=r"object \d+ /.*active content"):
        require_passive(pdf)


@pytest.mark.parametrize(
    "catalog",
    [
        b"/OpenAction [3 0 R /Fit]",
        b"/OpenAction << /S /GoTo /D [3 0 R /Fit] >>",
        b"/Own << /S /URI /URI (x) >>",
    ],
)
def test_going_somewhere_is_not_active(catalog: bytes) -> None:
    """A destination, a link: nothing runs."""
    assert active_content(read_pdf(acting(catalog, b""))) == ""


def test_an_official_document_that_acts_is_not_signed(person_key: SigningKey) -> None:
    """Any other PDF with the same script is."""
    pdf = acting(*ACTING["a script at opening"])
    box = Box(page=1, left=100, bottom=100, right=200, top=150)
    ours = add_fields(
        pdf, [SignatureField(name=name, box=box) for name in (PERSON_SIGNATURE, AGENCY_SIGNATURE)]
    )
    with pytest.raises(PdfError, match="active content"):
        sign(ours, person_key, role="person")
    assert sign(pdf, person_key, role="person").startswith(pdf)


@pytest.mark.parametrize(
    ("pdf", "words"),
    [
        (letter() + b"x", "damaged"),
        (letter().replace(b"/Kids [3 0 R]", b"/Kids [3 0 R "), "damaged"),
        (letter().replace(b"/Contents 4 0 R", b"/Type /Page    "), "twice"),
        (one_page().table(b"/AuthCode << /MACLocation /Standalone >> "), "integrity code"),
    ],
)
def test_damage_is_refused_with_the_reason(pdf: bytes, words: str, person_key: SigningKey) -> None:
    """Bytes after the end, a broken page tree, a key written twice, a file that guards itself."""
    with pytest.raises(PdfError, match=words):
        sign(pdf, person_key, role="person", check=False)


def test_damage_that_hides_nothing_is_signed(person_key: SigningKey) -> None:
    """Ghostscript breaks titles at times; pages and form are whole."""
    data = next(one for one in stages() if one.file == "ghostscript-linear").data()
    assert sign(data, person_key, role="person").startswith(data)


def test_what_was_made_here_is_known_and_may_be_forgotten(person_key: SigningKey) -> None:
    """Every result of signing; a file from outside is not, nor one with another byte."""
    data = letter()
    assert not SignablePdf(data).is_known
    signed = sign(data, person_key, role="person")
    assert SignablePdf(signed).is_known
    assert not SignablePdf(signed + b"\n").is_known
    made.forget(hashlib.sha256(signed).digest())
    assert not SignablePdf(signed).is_known


def test_only_so_many_are_remembered() -> None:
    """The oldest are forgotten first."""
    first = hashlib.sha256(b"first").digest()
    made.remember(first)
    for number in range(made.MOST_REMEMBERED):
        made.remember(hashlib.sha256(b"%d" % number).digest())
    assert not made.was_made(first)
    assert made.was_made(hashlib.sha256(b"1").digest())


def test_signers_and_services_are_found_for_their_proofs(person_key: SigningKey, tsa_url: str) -> None:
    """Each once, with its role and the time its time-stamp tells."""
    signed = sign(letter(), person_key, role="person", tsa=tsa_url)
    found = ArchivablePdf(sign(signed, person_key, role="person", tsa=tsa_url)).needed()
    assert [one.role for one in found] == ["sign", "tsa"]
    assert found[0].certificate == person_key.certificate
    assert all(one.made_at is not None for one in found)
