"""The CMS of a signature rebuilt, and encryption that came later."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from asn1crypto import cms

from docsign.verdict import Indication, SubIndication
from tests.pdf.attacks.revision import Pdf, Revision
from tests.pdf.attacks.syntax import Name, Raw
from tests.pdf.attacks.table import ATTACKS, BROKEN, FAILED, Answer, good
from tests.pdf.attacks.universal import gap

ROW = "several SignerInfo, eContent, no certificates"
ENCRYPTED = "encrypted after signing"
NOT_IDENTIFIED = Answer(
    indication=Indication.INDETERMINATE, subs=frozenset({SubIndication.NO_SIGNING_CERTIFICATE_FOUND})
)
DER = ("typst", "openpdf", "itext")


def rebuilt(pdf: bytes, change: Callable[[Any], None]) -> bytes:
    """Change the signed data of the newest signature; the padding takes up the difference."""
    start, end = gap(pdf)
    info = cms.ContentInfo.load(bytes.fromhex(pdf[start + 1 : end - 1].decode()))
    change(info["content"])
    der: bytes = info.dump(force=True)
    assert 2 * len(der) <= end - start - 2, "no room"
    return pdf[: start + 1] + der.hex().encode().ljust(end - start - 2, b"0") + pdf[end - 1 :]


@ATTACKS.enter(ROW, FAILED, on=DER)
def signer_doubled(pdf: bytes) -> bytes:
    """The one SignerInfo stands there twice."""

    def change(signed: Any) -> None:
        one = signed["signer_infos"][0].dump()
        signed["signer_infos"] = cms.SignerInfos.load(_set(one + one))

    return rebuilt(pdf, change)


def _set(content: bytes) -> bytes:
    length = len(content)
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return b"\x31" + (bytes([length]) if length < 128 else bytes([128 | len(size)]) + size) + content


@ATTACKS.enter(ROW, FAILED, on=DER)
def no_signer(pdf: bytes) -> bytes:
    """There is no SignerInfo."""

    def change(signed: Any) -> None:
        signed["signer_infos"] = cms.SignerInfos.load(b"\x31\x00")

    return rebuilt(pdf, change)


@ATTACKS.enter(ROW, FAILED, on=DER)
def content_inside(pdf: bytes) -> bytes:
    """The detached CMS carries content of its own."""

    def change(signed: Any) -> None:
        signed["encap_content_info"] = {"content_type": "data", "content": b"van ban khac"}

    return rebuilt(pdf, change)


@ATTACKS.enter(ROW, NOT_IDENTIFIED, on=DER)
def no_certificates(pdf: bytes) -> bytes:
    """The certificates are gone: nobody knows who signed."""

    def change(signed: Any) -> None:
        signed["certificates"] = None

    return rebuilt(pdf, change)


@ATTACKS.enter(ROW, BROKEN, on=DER)
def unsigned_digest(pdf: bytes) -> bytes:
    """The signed attributes are taken away."""

    def change(signed: Any) -> None:
        signed["signer_infos"][0]["signed_attrs"] = None

    return rebuilt(pdf, change)


@ATTACKS.enter(ROW, BROKEN, on=DER)
def other_digest(pdf: bytes) -> bytes:
    """The message digest is that of a changed file."""

    def change(signed: Any) -> None:
        for attribute in signed["signer_infos"][0]["signed_attrs"]:
            if attribute["type"].native == "message_digest":
                attribute["values"] = [hashlib.sha256(b"van ban khac").digest()]

    return rebuilt(pdf, change)


@ATTACKS.enter(ROW, FAILED, on=DER)
def bytes_after_the_der(pdf: bytes) -> bytes:
    """Something else than zeros follows the CMS in /Contents."""
    _, end = gap(pdf)
    return pdf[: end - 9] + b"c0ffee00" + pdf[end - 1 :]


@ATTACKS.enter(ROW, FAILED, on=DER)
def not_signed_data(pdf: bytes) -> bytes:
    """The content type is another one."""
    start, end = gap(pdf)
    name, other = b"2a864886f70d010702", b"2a864886f70d010701"
    text = pdf[start:end].lower().replace(name, other, 1)
    return pdf[:start] + text + pdf[end:]


@ATTACKS.enter(ROW, FAILED, on=DER)
def cms_cut(pdf: bytes) -> bytes:
    """The CMS ends in its middle."""
    start, end = gap(pdf)
    half = (end - start) // 8 * 2
    return pdf[: start + 1 + half] + b"0" * (end - start - 2 - half) + pdf[end - 1 :]


@ATTACKS.enter(ROW, BROKEN, on=("typst", "openpdf"))
def signature_of_another_document(pdf: bytes) -> bytes:
    """The CMS of another file's signature, by the same signer."""
    other = good("word") if pdf == good("typst") else good("itext")
    start, end = gap(other)
    content = other[start + 1 : end - 1].rstrip(b"0")
    mine, last = gap(pdf)
    return pdf[: mine + 1] + content.ljust(last - mine - 2, b"0") + pdf[last - 1 :]


@ATTACKS.enter(
    ENCRYPTED,
    FAILED,
    variants={
        "standard": ({"Filter": Name("Standard"), "V": 1, "R": 2, "O": bytes(32), "U": bytes(32), "P": -4},),
        "unknown": ({"Filter": Name("Khong.Biet"), "V": 9},),
        "empty": ({},),
        "number": (7,),
    },
)
def encrypted_later(pdf: bytes, encryption: object) -> bytes:
    """A later trailer says that the file is encrypted."""
    revision = Revision(pdf)
    revision.trailer["Encrypt"] = encryption if encryption == 7 else revision.add(encryption)
    return revision.appended()


@ATTACKS.enter(ENCRYPTED, FAILED, on=("typst", "pdfbox"))
def encryption_without_anything_else(pdf: bytes) -> bytes:
    """A later trailer names an encryption dictionary that is nowhere."""
    revision = Revision(pdf)
    revision.trailer["Encrypt"] = Raw(b"%d 0 R" % (Pdf(pdf).size + 5))
    return revision.appended()
