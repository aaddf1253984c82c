"""Builds containers of every kind: manifests, CAdES, time-stamps, OpenDocument."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

from docsign.ades.xades import uri_of
from docsign.detached import sign_detached
from docsign.pki import SigningKey
from tests.ades.xades_building import Signed, built, detached, reference_id
from tests.ades.xml_signing import NOW

ASICE = "application/vnd.etsi.asic-e+zip"
ASICS = "application/vnd.etsi.asic-s+zip"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ASIC = "http://uri.etsi.org/02918/v1.2.1#"
ODF_SIGNATURES = "urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0"
ODF_MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
ROOT_FILE = ' Rootfile="true"'
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
Files = dict[str, bytes]
Stamper = Callable[[bytes], bytes]


def zipped(files: Mapping[str, bytes], mimetype: str | None = ASICE, *, comment: str = "") -> bytes:
    """Return the container: mimetype first and stored, the rest deflated."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        if mimetype is not None:
            archive.writestr(zipfile.ZipInfo("mimetype"), mimetype.encode())
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        archive.comment = comment.encode()
    return stream.getvalue()


def manifest(signature: str, files: Mapping[str, bytes], *, root: str = "") -> bytes:
    """Return an ASiCManifest over files (EN 319 162-1 A.4)."""
    rows = "".join(
        f'<asic:DataObjectReference URI="{uri_of(name)}"{ROOT_FILE if name == root else ""}>'
        f'<ds:DigestMethod Algorithm="{SHA256}"/>'
        f"<ds:DigestValue>{base64.b64encode(hashlib.sha256(data).digest()).decode()}</ds:DigestValue>"
        "</asic:DataObjectReference>"
        for name, data in files.items()
    )
    return (
        f'<asic:ASiCManifest xmlns:asic="{ASIC}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f'<asic:SigReference URI="{signature}"/>{rows}</asic:ASiCManifest>'
    ).encode()


def with_cades(data: Files, key: SigningKey, number: str = "001", tsa: str | None = None) -> Files:
    """Return the files with a manifest and a CAdES signature over it."""
    signature = f"META-INF/signature{number}.p7s"
    listed = manifest(
        signature, {name: one for name, one in data.items() if not name.startswith("META-INF/")}
    )
    return data | {
        f"META-INF/ASiCManifest{number}.xml": listed,
        signature: sign_detached(listed, key, at=NOW, tsa=tsa),
    }


def with_time_stamp(
    files: Files, stamper: Stamper, *, name: str = "ASiCArchiveManifest", number: str = ""
) -> Files:
    """Return the files with a manifest over all of them and a time-stamp over it (EN 319 162-1 A.7)."""
    token = f"META-INF/{'archive_' if 'Archive' in name else ''}timestamp{number}.tst"
    listed = manifest(token, files)
    return files | {f"META-INF/{name}{number}.xml": listed, token: stamper(listed)}


def with_xades(data: Files, key: SigningKey, name: str = "META-INF/signatures.xml") -> Files:
    """Return the files with a XAdES signature over all but META-INF."""
    signed = {uri_of(one): content for one, content in data.items() if not one.startswith("META-INF/")}
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#S1-{reference_id(uri)}">'
        "<xades:MimeType>application/octet-stream</xades:MimeType></xades:DataObjectFormat>"
        for uri in signed
    )
    properties = f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties>"
    frame = f'<asic:XAdESSignatures xmlns:asic="{ASIC}">{{}}</asic:XAdESSignatures>'
    xml = built(detached(key, signed, frame=frame, data_properties=properties))
    return data | {name: xml}


def open_document(key: SigningKey, *, version: str = "1.2", leave_out: Sequence[str] = ()) -> Files:
    """Return the files of an OpenDocument text with its signature (ODF 1.2 part 3)."""
    entry = '<m:file-entry m:full-path="/" m:media-type="x"/>'
    listed = f'<m:manifest xmlns:m="{ODF_MANIFEST}" m:version="{version}">{entry}</m:manifest>'
    if version < "1.2":
        listed = listed.replace(f' m:version="{version}"', "")
    files = {
        "content.xml": '<a xmlns="urn:a"><b x="2"  y="1"/>Kính gửi</a>'.encode(),
        "Pictures/1.png": b"\x89PNG",
        "META-INF/manifest.xml": listed.encode(),
    }
    canonical = '<a xmlns="urn:a"><b x="2" y="1"></b>Kính gửi</a>'.encode()
    references = [
        Signed(uri=name, octets=canonical, transforms=(C14N,))
        if name == "content.xml"
        else Signed(uri=name, octets=data)
        for name, data in files.items()
        if name not in leave_out
    ]
    recipe = detached(
        key, {}, references=tuple(references),
        frame=f'<o:document-signatures xmlns:o="{ODF_SIGNATURES}">{{}}</o:document-signatures>',
    )  # fmt: skip
    return files | {"META-INF/documentsignatures.xml": built(recipe)}
