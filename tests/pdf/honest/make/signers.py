"""The steps by which a file is signed, filled, annotated and stamped, each by the program it is named after.

A step takes the bytes of a file and returns them with one revision (or a few) appended. ``STEPS`` says of each
what it adds to the verdict: the level of its signature, a document time-stamp.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any


from docsign.pki.keys import SigningKey, open_key
from docsign.pki.responder import serving
from docsign.signing import sign
from docsign.verdict import SignerRole
from tests.pdf.honest.make.authority import PASSPHRASE, keys
from tests.pdf.honest.make.java_tools import run_java

Apply = Callable[[bytes, str], bytes]


@dataclass(frozen=True, kw_only=True)
class Step:
    """``apply(data, password)``; ``level`` is None where the step signs nothing."""

    apply: Apply
    what: str
    level: str | None = None
    timestamps: int = 0


STEPS: dict[str, Step] = {}
B, T, LT, LTA, PKCS7 = "PAdES-B-B", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA", "PKCS7"


def step(name: str, what: str, level: str | None = None, timestamps: int = 0) -> Callable[[Apply], Apply]:
    """Register a step."""

    def register(apply: Apply) -> Apply:
        STEPS[name] = Step(apply=apply, what=what, level=level, timestamps=timestamps)
        return apply

    return register


def key(name: str) -> SigningKey:
    """Return a signer of the trial authority."""
    return open_key(f"pkcs12:{keys() / name}.p12", PASSPHRASE)


@cache
def tsa_url() -> str:
    """Serve time-stamps on loopback while the program runs; return the address."""
    ready: list[str] = []
    started = threading.Event()

    async def serve() -> None:
        async with serving(key("tsa"), keys() / "trust") as url:
            ready.append(f"{url}/tsa")
            started.set()
            await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    started.wait(30)
    return ready[0]


# --- docsign ------------------------------------------------------------------------------------------------


def docsign(signer: str, role: SignerRole, *, stamped: bool = False) -> Apply:
    """Sign with docsign."""

    def apply(data: bytes, password: str) -> bytes:
        tsa = tsa_url() if stamped else None
        return sign(data, key(signer), role=role, tsa=tsa, password=password or None)

    return apply


step("docsign", "docsign, person", B)(docsign("person", "person"))
step("docsign-agency", "docsign, agency", B)(docsign("agency", "agency"))
step("docsign-t", "docsign with a time-stamp, agency", T)(docsign("agency", "agency", stamped=True))


def letter(role: SignerRole, **more: Any) -> Apply:
    """Sign an official letter of ours in the field of this role, with a picture."""

    def apply(data: bytes, password: str) -> bytes:
        return sign(data, key(role), role=role, image=picture(role), **more)

    return apply


def picture(role: SignerRole) -> bytes:
    """Draw a blue scribble for a person, two red rings for an agency, on a transparent ground."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if role == "person":
        draw.line([(5, 150), (50, 40), (90, 150), (120, 60), (195, 120)], fill=(20, 40, 170, 255), width=6)
    else:
        draw.ellipse((4, 4, 196, 196), outline=(210, 20, 30, 255), width=6)
        draw.ellipse((30, 30, 170, 170), outline=(210, 20, 30, 255), width=3)
    output = io.BytesIO()
    image.save(output, "PNG")
    return output.getvalue()


step("letter-person", "docsign, the competent person in his field", B)(letter("person"))
step("letter-agency", "docsign, the agency in its field, number and date given", B)(
    letter("agency", number=12, date=date(2026, 11, 21))
)


# --- pyHanko ------------------------------------------------------------------------------------------------


def _context() -> Any:
    from asn1crypto import crl, pem, x509
    from pyhanko_certvalidator import ValidationContext

    def certificate(name: str) -> Any:
        return x509.Certificate.load(pem.unarmor((keys() / "lists" / name).read_bytes())[2])

    lists = [crl.CertificateList.load((keys() / "lists" / f"{name}.crl").read_bytes()) for name in ("root", "issuing")]
    return ValidationContext(
        trust_roots=[certificate("root.pem")],
        other_certs=[certificate("issuing.pem")],
        crls=lists,
        allow_fetching=False,
        revocation_mode="require",
        retroactive_revinfo=True,
    )


def _writer(data: bytes, password: str) -> Any:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    if writer.prev.encrypted:
        writer.encrypt(password)
    return writer


def pyhanko(
    field: str,
    *,
    signer: str = "province",
    pades: bool = True,
    stamped: bool = False,
    long_term: bool = False,
    archive: bool = False,
    permission: int | None = None,
    lock: tuple[str, tuple[str, ...]] | None = None,
    pss: bool = False,
    digest: str = "sha256",
    box: tuple[int, int, int, int] | None = None,
) -> Apply:
    """Sign with pyHanko in a new field."""

    def apply(data: bytes, password: str) -> bytes:
        from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner, fields
        from pyhanko.sign.timestamps import HTTPTimeStamper

        held = SimpleSigner.load_pkcs12(str(keys() / f"{signer}.p12"), passphrase=PASSPHRASE.encode(), prefer_pss=pss)
        assert held is not None
        meta: dict[str, Any] = {
            "field_name": field,
            "md_algorithm": digest,
            "name": "Thử nghiệm",
            "subfilter": fields.SigSeedSubFilter.PADES if pades else fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        }
        if permission is not None:
            meta |= {"certify": True, "docmdp_permissions": fields.MDPPerm(permission)}
        if long_term:
            meta |= {"embed_validation_info": True, "use_pades_lta": archive, "validation_context": _context()}
        spec: dict[str, Any] = {"sig_field_name": field, "box": box}
        if lock is not None:
            action, names = lock
            closed = fields.FieldMDPSpec(fields.FieldMDPAction[action], fields=list(names) or None)
            spec["field_mdp_spec"] = closed
        output = io.BytesIO()
        PdfSigner(
            PdfSignatureMetadata(**meta),
            signer=held,
            timestamper=HTTPTimeStamper(tsa_url()) if stamped else None,
            new_field_spec=fields.SigFieldSpec(**spec),
        ).sign_pdf(_writer(data, password), output=output)
        return output.getvalue()

    return apply


step("pyhanko", "pyHanko, PAdES", B)(pyhanko("PyHanko"))
step("pyhanko-2", "pyHanko, PAdES, a second field", B)(pyhanko("PyHanko2", signer="agency"))
step("pyhanko-pkcs7", "pyHanko, adbe.pkcs7.detached", PKCS7)(pyhanko("PyHankoOld", pades=False))
step("pyhanko-t", "pyHanko with a time-stamp", T)(pyhanko("PyHankoT", stamped=True))
step("pyhanko-lt", "pyHanko, B-LT with DSS and VRI", LT)(pyhanko("PyHankoLT", stamped=True, long_term=True))
step("pyhanko-lta", "pyHanko, B-LTA: DSS and a document time-stamp", LTA, 1)(
    pyhanko("PyHankoLTA", stamped=True, long_term=True, archive=True)
)
step("pyhanko-visible", "pyHanko, visible with a text stamp", B)(pyhanko("PyHankoSeen", box=(350, 80, 500, 130)))
step("pyhanko-p1", "pyHanko, certified, no changes (P=1)", B)(pyhanko("Certified", signer="agency", permission=1))
step("pyhanko-p2", "pyHanko, certified for filling (P=2)", B)(pyhanko("Certified", signer="agency", permission=2))
step("pyhanko-p3", "pyHanko, certified for notes (P=3)", B)(pyhanko("Certified", signer="agency", permission=3))
step("pyhanko-pss", "pyHanko, RSA-PSS", B)(pyhanko("PyHankoPss", pss=True))
step("pyhanko-p256", "pyHanko, ECDSA P-256", B)(pyhanko("PyHankoEc", signer="person-p256"))
step("pyhanko-ed25519", "pyHanko, Ed25519", B)(pyhanko("PyHankoEd", signer="person-ed25519", digest="sha512"))
step("pyhanko-sha512", "pyHanko, SHA-512", B)(pyhanko("PyHanko512", digest="sha512"))
step("pyhanko-sha3", "pyHanko, SHA3-256 with ECDSA", B)(pyhanko("PyHankoSha3", signer="person-p256", digest="sha3_256"))
step("pyhanko-lock-all", "pyHanko, FieldMDP All", B)(pyhanko("LockAll", lock=("ALL", ())))
step("pyhanko-lock-so", "pyHanko, FieldMDP Include So", B)(pyhanko("LockSo", lock=("INCLUDE", ("So",))))
step("pyhanko-lock-but-so", "pyHanko, FieldMDP Exclude So", B)(pyhanko("LockBut", lock=("EXCLUDE", ("So",))))


@step("pyhanko-stamp", "a document time-stamp by pyHanko", timestamps=1)
def pyhanko_stamp(data: bytes, password: str) -> bytes:
    """Append a document time-stamp alone."""
    from pyhanko.sign.signers import PdfTimeStamper
    from pyhanko.sign.timestamps import HTTPTimeStamper

    output = io.BytesIO()
    PdfTimeStamper(HTTPTimeStamper(tsa_url())).timestamp_pdf(_writer(data, password), "sha256", output=output)
    return output.getvalue()


@step("pyhanko-dss", "validation data (DSS, VRI) by pyHanko")
def pyhanko_dss(data: bytes, password: str) -> bytes:
    """Append the validation data of every signature."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    stream = io.BytesIO(data)
    context = _context()
    for signature in PdfFileReader(io.BytesIO(data), strict=False).embedded_regular_signatures:
        DocumentSecurityStore.add_dss(
            stream,
            sig_contents=signature.pkcs7_content.hex().encode().upper(),
            certs=[signature.signer_cert, *context.certificate_registry],
            crls=list(context.revinfo_manager.crls),
        )
    return stream.getvalue()


# --- Java: PDFBox, OpenPDF, iText 5, EU DSS -----------------------------------------------------------------


def java(program: str, signer: str, **words: str) -> Apply:
    """Run one of our Java programs."""

    def apply(data: bytes, password: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.pdf", Path(folder) / "out.pdf"
            source.write_bytes(data)
            given = {"in": source, "out": target, "key": keys() / f"{signer}.p12", "passphrase": PASSPHRASE, **words}
            if password:
                given["password"] = password
            if "tsa" in words:
                given["tsa"] = tsa_url()
            if "crl" in words:
                given["crl"] = ",".join(str(keys() / "lists" / f"{name}.crl") for name in ("root", "issuing"))
            if "trust" in words:
                given["trust"] = keys() / "lists"
            run_java(program, *(f"{name}={value}" for name, value in given.items()))
            return target.read_bytes()

    return apply


BOX, OPEN, ITEXT, DSS = "SignWithPdfBox", "SignWithOpenPdf", "SignWithItext5", "SignWithDss"
step("pdfbox", "PDFBox, PAdES, CMS in DER", B)(java(BOX, "agency", encoding="DER"))
step("pdfbox-ber", "PDFBox, PAdES, CMS in BER as its examples write it", B)(java(BOX, "agency"))
step("pdfbox-pkcs7", "PDFBox, adbe.pkcs7.detached", PKCS7)(java(BOX, "agency", form="pkcs7", encoding="DER"))
step("pdfbox-p1", "PDFBox, certified, no changes (P=1)", B)(java(BOX, "agency", permission="1", encoding="DER"))
step("pdfbox-p2", "PDFBox, certified for filling (P=2)", B)(java(BOX, "agency", permission="2", encoding="DER"))
step("pdfbox-p3", "PDFBox, certified for notes (P=3)", B)(java(BOX, "agency", permission="3", encoding="DER"))
step("pdfbox-fill", "text field filled with PDFBox")(java(BOX, "agency", do="fill", field="So", value="12/BC"))
step("pdfbox-note", "a note added with PDFBox")(java(BOX, "agency", do="note"))
step("openpdf", "OpenPDF, PAdES", B)(java(OPEN, "person"))
step("openpdf-pkcs7", "OpenPDF, adbe.pkcs7.detached", PKCS7)(java(OPEN, "person", form="pkcs7"))
step("openpdf-visible", "OpenPDF, visible", B)(java(OPEN, "person", visible="yes", field="Thay"))
step("openpdf-p2", "OpenPDF, certified for filling (P=2)", B)(java(OPEN, "person", permission="2"))
step("openpdf-sha1", "OpenPDF's adbe.pkcs7.sha1", PKCS7)(java(OPEN, "person", form="sha1"))
step("openpdf-x509", "OpenPDF's adbe.x509.rsa_sha1", PKCS7)(java(OPEN, "person", form="x509"))
step("openpdf-fill", "text field filled with OpenPDF")(java(OPEN, "person", do="fill", field="So", value="12"))
step("itext", "iText 5, PAdES", B)(java(ITEXT, "person"))
step("itext-pkcs7", "iText 5, adbe.pkcs7.detached", PKCS7)(java(ITEXT, "person", form="pkcs7"))
step("itext-visible", "iText 5, visible", B)(java(ITEXT, "person", visible="yes", field="Thay"))
step("itext-t", "iText 5 with a time-stamp", T)(java(ITEXT, "person", tsa="yes"))
step("itext-p2", "iText 5, certified for filling (P=2)", B)(java(ITEXT, "person", permission="2"))
step("itext-p3", "iText 5, certified for notes (P=3)", B)(java(ITEXT, "person", permission="3"))
step("itext-fill", "text field filled with iText 5")(java(ITEXT, "person", do="fill", field="So", value="12"))
step("itext-note", "a note added with iText 5")(java(ITEXT, "person", do="note"))
step("itext-ltv", "validation data (DSS, VRI) by iText 5")(java(ITEXT, "person", do="ltv", crl="yes"))
step("itext-stamp", "a document time-stamp by iText 5", timestamps=1)(
    java(ITEXT, "person", do="stamp", tsa="yes", field="DauThoiGian")
)
for _level in ("B", "T", "LT", "LTA"):
    step(
        f"dss-{_level.lower()}", f"EU DSS, level {_level}", f"PAdES-B-{'B' if _level == 'B' else _level}",
        timestamps=int(_level == "LTA"),
    )(java(DSS, "province", level=_level, trust="yes", tsa="yes"))  # fmt: skip
step("dss-p2", "EU DSS, certified for filling (P=2)", B)(
    java(DSS, "province", level="B", permission="2", trust="yes", tsa="yes")
)
step("dss-extend", "EU DSS extends every signature to LTA", timestamps=1)(
    java(DSS, "province", do="extend", level="LTA", trust="yes", tsa="yes")
)


# --- poppler, MuPDF, pypdf ----------------------------------------------------------------------------------


def poppler(field: str) -> Apply:
    """Sign with pdfsig in an empty field put there by pyHanko; the key comes from an NSS database."""

    def apply(data: bytes, password: str) -> bytes:
        from pyhanko.sign import fields

        writer = _writer(data, password)
        fields.append_signature_field(writer, fields.SigFieldSpec(field, box=(350, 80, 500, 130)))
        with tempfile.TemporaryDirectory() as folder:
            source, target, database = Path(folder, "in.pdf"), Path(folder, "out.pdf"), Path(folder, "nss")
            with source.open("wb") as file:
                writer.write(file)
            database.mkdir()
            place = ["-d", f"sql:{database}"]
            root = str(keys() / "trust" / "root.pem")
            for command in (
                ["certutil", "-N", *place, "--empty-password"],
                ["pk12util", "-i", str(keys() / "agency.p12"), *place, "-W", PASSPHRASE, "-K", ""],
                ["certutil", "-A", "-n", "root", "-t", "CT,CT,CT", *place, "-a", "-i", root],
            ):
                subprocess.run(command, check=True, capture_output=True)
            held = subprocess.run(["certutil", "-K", *place], check=True, capture_output=True, text=True).stdout
            nick = held.strip().splitlines()[-1].split(maxsplit=4)[4].strip()
            lock = ["-upw", password] if password else []
            subprocess.run(
                ["pdfsig", "-nssdir", f"sql:{database}", "-sign", field, "-nick", nick, *lock, source, target],
                check=True,
                capture_output=True,
            )
            return target.read_bytes()

    return apply


step("poppler", "poppler's pdfsig over NSS, adbe.pkcs7.detached in BER", PKCS7)(poppler("Poppler"))


def mupdf(change: Callable[[Any], None]) -> Apply:
    """Change with MuPDF and save incrementally."""

    def apply(data: bytes, password: str) -> bytes:
        import pymupdf

        descriptor, name = tempfile.mkstemp(suffix=".pdf")
        os.write(descriptor, data)
        os.close(descriptor)
        try:
            document = pymupdf.open(name)
            change(document)
            document.saveIncr()
            document.close()
            return Path(name).read_bytes()
        finally:
            Path(name).unlink()

    return apply


def _mupdf_fill(document: Any) -> None:
    for page in document:
        for field in page.widgets():
            if field.field_name == "So":
                field.field_value = "12/BC"
                field.update()


def _mupdf_note(document: Any) -> None:
    document[0].add_text_annot((520, 40), "Đã xem")


step("mupdf-fill", "text field filled with MuPDF")(mupdf(_mupdf_fill))
step("mupdf-note", "a note added with MuPDF")(mupdf(_mupdf_note))


@step("pypdf-fill", "text field filled with pypdf, incrementally")
def pypdf_fill(data: bytes, password: str) -> bytes:
    """Fill with pypdf."""
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(data), incremental=True)
    page = next(page for page in writer.pages if "/Annots" in page)
    writer.update_page_form_field_values(page, {"So": "12/BC"}, auto_regenerate=False)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


