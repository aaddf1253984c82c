"""Encrypted files (ISO 32000-2 7.6): strings, streams, object streams, and what stays open."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from docsign.errors import PdfError, PdfPasswordError
from docsign.pdf.reading import Dictionary, Pdf, Stream, Text, read_pdf
from docsign.pdf.reading.encryption import Cipher
from tests.pdf.reading.making import one_page

HONEST = Path(__file__).parent.parent / "honest"
INDEX = {entry["name"]: entry for entry in tomllib.loads((HONEST / "index.toml").read_text())["file"]}


def encrypted() -> list[str]:
    """Return the names of the honest files that are encrypted."""
    return [name for name in INDEX if b"/Encrypt" in (HONEST / f"{name}.pdf").read_bytes()[-30_000:]]


def opened(name: str) -> Pdf:
    """Open one with its password, if it has one."""
    return read_pdf((HONEST / f"{name}.pdf").read_bytes(), password=INDEX[name].get("password"))


@pytest.mark.parametrize("name", encrypted())
def test_strings_and_streams_are_decrypted(name: str) -> None:
    """RC4 and AES, of 40 to 256 bits: page contents are drawing again, the producer's name is text."""
    pdf = opened(name)
    assert pdf.is_encrypted
    view = pdf.view()
    for page in view.pages:
        contents = view.stream(page.dictionary, "Contents")
        if contents is not None:
            assert b"ET" in view.decoded(contents).data
            assert contents.raw != view.decoded(contents).data
    information = view.dictionary(view.trailer, "Info")
    producer = view.text(information, "Producer")
    if producer is not None and information is not None:
        assert producer.text.isprintable()
        is_packed = information.home.packed_in is not None  # 7.5.7: the object stream is encrypted, not they
        assert (producer.raw == producer.value) is is_packed
    assert not [remark for remark in pdf.remarks if remark.code == "object-malformed"]


def test_the_contents_of_a_signature_stay_as_they_are() -> None:
    """7.6.2: the CMS stands in the file unencrypted, and is DER."""
    found = 0
    for name in encrypted():
        pdf = opened(name)
        for number in pdf.view().numbers():
            known = pdf.object(number)
            if known is not None and isinstance(known.value, Dictionary) and "ByteRange" in known.value:
                contents = known.value["Contents"]
                assert isinstance(contents, Text)
                assert contents.value == contents.raw
                assert contents.value[0] == 0x30
                found += 1
    assert found >= 2


def test_damaged_strings_do_not_raise() -> None:
    """Bytes that are no ciphertext are given as they are."""

    class Broken:
        def get_string_filter(self) -> Broken:
            return self

        def derive_object_key(self, number: int, generation: int) -> bytes:
            return b"%d %d" % (number, generation)

        def decrypt(self, *_: bytes) -> bytes:
            raise ValueError("padding")

    cipher = Cipher(Broken(), own=7)
    assert Text(b"abc", 0, 5, False, cipher.strings(5, 0)).value == b"abc"
    assert Text(b"abc", 0, 5, False, cipher.strings(7, 0)).text == "abc"
    assert Text(b"", 0, 2, False, cipher.strings(5, 0)).value == b""


@pytest.mark.parametrize(
    "encrypt",
    [
        b"<< >>",
        b"<< /Filter /Unknown >>",
        b"<< /Filter /Standard /V 99 /R 2 >>",
        b"<< /Filter /Standard /V 1 /R 2 /O 5 /U (x) /P (no) >>",
        b"[1]",
        b"9 0 R",
    ],
)
def test_encryption_that_cannot_be_understood(encrypt: bytes) -> None:
    """An odd /Encrypt is refused in one sentence, whatever pyHanko makes of it."""
    with pytest.raises(PdfError) as caught:
        read_pdf(one_page().table(b"/Encrypt %s /ID [(a) (b)] " % encrypt))
    assert caught.value.where == "trailer /Encrypt"


def test_files_encrypted_for_recipients() -> None:
    """7.6.5: no password opens them, so they are not broken but closed."""
    closed = one_page().table(b"/Encrypt << /Filter /Adobe.PubSec /SubFilter /adbe.pkcs7.s5 /V 4 >> ")
    with pytest.raises(PdfPasswordError, match="recipients"):
        read_pdf(closed)


def test_a_missing_password_is_told_from_a_wrong_one() -> None:
    """Each is an outcome of its own."""
    name = next(name for name in encrypted() if INDEX[name].get("password"))
    data = (HONEST / f"{name}.pdf").read_bytes()
    with pytest.raises(PdfPasswordError, match="missing"):
        read_pdf(data)
    with pytest.raises(PdfPasswordError, match="does not open"):
        read_pdf(data, password="sai")
    assert isinstance(opened(name).view().stream(opened(name).view().pages[0].dictionary, "Contents"), Stream)
