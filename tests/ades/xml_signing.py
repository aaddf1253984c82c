"""Signs XML again after a test has changed it, so that only the change is wrong, never the mathematics."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from docsign.ades import xades
from docsign.ades import xades_form as xf
from docsign.ades.xml import C14N, CANONICALIZATIONS, canonicalize, parse
from docsign.pki import SigningKey
from docsign.pki.keys import HeldKey

NOW = datetime.now(UTC).replace(microsecond=0)
DS = f"{{{xf.DS}}}"
FILES = {"header.edxml": b"<edXML/>", "documents/C\u00f4ng v\u0103n 1.pdf": b"%PDF-1.7 thu nghiem"}


_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
}


def signed(key: SigningKey, files: dict[str, bytes] | None = None, id: str = "S1") -> bytes:
    """Return a signature over ``files`` as docsign makes it."""
    listed = [
        xades.SignedFile(
            name=name, media_type="application/octet-stream", digest=hashlib.sha256(data).digest()
        )
        for name, data in (FILES if files is None else files).items()
    ]
    prepared = xades.prepare(
        listed, certificate=key.certificate, chain=key.chain, scheme=key.scheme, signing_time=NOW, id=id
    )
    return prepared.complete(key.sign(prepared.to_be_signed))


def again(xml: bytes, key: SigningKey, replaced: dict[str, str]) -> bytes:
    """Return the signature with texts replaced, then digests of its own parts and its value made right."""
    text = xml.decode()
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    root = parse(text.encode())
    (signature,) = list(root.iter(f"{DS}Signature"))[:1]
    info = signature.find(f"{DS}SignedInfo")
    assert info is not None
    for reference in info.iterfind(f"{DS}Reference"):
        uri = reference.get("URI") or ""
        target = [one for one in root.iter() if one.get("Id") == uri[1:]] if uri.startswith("#") else []
        transform = reference.find(f"{DS}Transforms/{DS}Transform")
        algorithm = C14N if transform is None else transform.get("Algorithm", "")
        value, method = reference.find(f"{DS}DigestValue"), reference.find(f"{DS}DigestMethod")
        if target and value is not None and method is not None and algorithm in CANONICALIZATIONS:
            name = xf.DIGESTS[method.get("Algorithm", "")]
            data = canonicalize(target[0], algorithm)
            value.text = base64.b64encode(hashlib.new(name, data).digest()).decode()
    method_element, chosen = info.find(f"{DS}CanonicalizationMethod"), info.find(f"{DS}SignatureMethod")
    assert method_element is not None
    assert chosen is not None
    data = canonicalize(info, method_element.get("Algorithm", ""))
    value_element = signature.find(f"{DS}SignatureValue")
    assert value_element is not None
    value_element.text = base64.b64encode(value_of(key, chosen.get("Algorithm", ""), data)).decode()
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def value_of(key: SigningKey, method: str, data: bytes) -> bytes:
    """Sign with the algorithm the file names, whatever the key's own scheme."""
    assert isinstance(key, HeldKey)
    how = xf.METHODS.get(method)
    private = key.private_key
    if how is None:
        return hashlib.sha256(data).digest()
    digest = _DIGESTS.get(how.hash, hashes.SHA256())
    if isinstance(private, rsa.RSAPrivateKey):
        pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=how.salt)
        return private.sign(data, pss if how.family == "pss" else padding.PKCS1v15(), digest)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    return private.sign(data)
