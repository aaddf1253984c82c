"""The key sits elsewhere: prepared here, signed there, completed here, and nothing else remembered."""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from docsign.detached import sign_detached
from docsign.elsewhere import PreparedSignature, complete, prepare, prepare_detached
from docsign.errors import CertificateUnfitError, CmsError, MalformedError, SigningKeyError
from docsign.pki import SignatureScheme, Trust
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.pki.keys import HeldKey
from docsign.pki.schemes import hash_algorithm
from docsign.verdict import Indication
from docsign.verification import verify
from tests.conftest import Holders
from tests.signing.conftest import FOREIGN
from tests.signing.second_opinions import pdfsig, pyhanko, qpdf_accepts


def _signed_there(prepared: PreparedSignature, holder: object) -> bytes:
    """Sign the digest alone, as a machine that sees nothing else would."""
    assert isinstance(holder, rsa.RSAPrivateKey)
    row = json.loads(prepared.to_json())
    digest = base64.b64decode(row["digest"])
    return holder.sign(digest, padding.PKCS1v15(), Prehashed(hash_algorithm(prepared.scheme)))


def test_a_letter_is_signed_by_a_key_that_is_elsewhere(
    letter: bytes, holders: Holders, trust: Trust, signature_png: bytes, tmp_path: Path, tsa_url: str
) -> None:
    """In its own field, then numbered and sealed likewise; everyone accepts both."""
    person, agency = holders.person, holders.agency
    prepared = prepare(letter, person.certificate, person.chain, role="person", image=signature_png)
    once = complete(
        PreparedSignature.from_json(prepared.to_json()), _signed_there(prepared, person.private_key)
    )
    prepared = prepare(
        once, agency.certificate, agency.chain, role="agency", number=12, date=date(2026, 11, 20)
    )
    twice = complete(prepared, _signed_there(prepared, agency.private_key), tsa=tsa_url)
    report = verify(twice, trust=trust)
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    assert [one.level for one in report.signatures] == ["PAdES-B-B", "PAdES-B-T"]
    assert all(one.valid for one in pdfsig(twice, tmp_path))
    qpdf_accepts(twice, tmp_path)
    assert all(status.bottom_line for status in pyhanko(twice, trust))


@pytest.mark.parametrize(
    ("kind", "scheme"), [("rsa2048", SignatureScheme.PSS_SHA512), ("p384", None), ("ed25519", None)]
)
def test_every_kind_of_key_completes(
    kind: KeyKind, scheme: SignatureScheme | None, authority: TrialAuthority
) -> None:
    """A foreign PDF and a detached signature; the same bytes as when the key is here."""
    issued = authority.issue("person", "Trần Thị Thử", key=kind)
    key = HeldKey.of(issued.private_key, issued.certificate, issued.chain, scheme=scheme)
    pdf = FOREIGN[0].read_bytes()
    prepared = prepare(pdf, issued.certificate, issued.chain, role="person", scheme=scheme)
    signed = complete(prepared, key.sign(prepared.to_be_signed))
    report = verify(signed, trust=authority.trust())
    assert report.conclusion.indication is Indication.TOTAL_PASSED, report
    beside = prepare_detached(b"abc", issued.certificate, issued.chain, scheme=scheme)
    assert beside.signing_time is not None
    again = PreparedSignature.from_json(beside.to_json().encode())
    made = complete(again, key.sign(again.to_be_signed))
    if kind == "ed25519":  # the only one whose values do not vary
        assert made == sign_detached(b"abc", key, at=beside.signing_time)
    judged = verify(made, content=[("abc.txt", b"abc")], trust=authority.trust())
    assert judged.conclusion.indication is Indication.TOTAL_PASSED


def test_openssl_accepts_what_was_completed(
    holders: Holders, trust_folder: Path, tmp_path: Path, tsa_url: str
) -> None:
    """As CAdES, with a time-stamp."""
    person = holders.person
    prepared = prepare_detached("bảng".encode(), person.certificate, person.chain)
    (tmp_path / "a").write_bytes("bảng".encode())
    (tmp_path / "a.p7s").write_bytes(
        complete(prepared, _signed_there(prepared, person.private_key), tsa=tsa_url)
    )
    command = [
        "openssl",
        "cms",
        "-verify",
        "-cades",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "a.p7s",
        "-content",
        "a",
    ]
    command += ["-CAfile", str(trust_folder / "root.pem"), "-purpose", "any"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_value_of_another_key_is_refused(letter: bytes, holders: Holders) -> None:
    """Before anything is completed."""
    person = holders.person
    prepared = prepare(letter, person.certificate, person.chain, role="person")
    with pytest.raises(SigningKeyError, match="it is not used"):
        complete(prepared, _signed_there(prepared, holders.agency.private_key))
    with pytest.raises(SigningKeyError, match="it is not used"):
        complete(prepared, b"")


def test_a_document_changed_in_between_is_refused(holders: Holders) -> None:
    """The digest that was signed is that of the document that is completed."""
    person = holders.person
    prepared = prepare(FOREIGN[0].read_bytes(), person.certificate, person.chain, role="person")
    value = _signed_there(prepared, person.private_key)
    changed = dataclasses.replace(prepared, document=prepared.document.replace(b"/Type", b"/Tope", 1))
    with pytest.raises(MalformedError, match="was changed since"):
        complete(changed, value)
    start, _ = prepared.gap
    small = dataclasses.replace(prepared, document=prepared.document, gap=(start, start + 10))
    with pytest.raises((MalformedError, CmsError)):
        complete(small, value)


def test_the_certificate_is_checked_before(letter: bytes, holders: Holders) -> None:
    """A server's certificate signs nothing, here or elsewhere."""
    tls = holders.commune_tls
    with pytest.raises(CertificateUnfitError, match="not meant for signing"):
        prepare(letter, tls.certificate, tls.chain, role="person")
    with pytest.raises(CertificateUnfitError, match="not meant for signing"):
        prepare_detached(b"x", tls.certificate, tls.chain)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"kind": "xml"},
        {"scheme": "md5"},
        {"scheme": "rsa-sha512"},
        {"certificates": []},
        {"certificates": ["AAAA"]},
        {"content_digest": "AAAA"},
        {"content_digest": 5},
        {"signing_time": "2026-11-20T00:00:00+00:00"},
        {"gap": [0, 5]},
        {"gap": [-1, 5]},
        {"gap": [5]},
        {"gap": "ab"},
        {"to_be_signed": "AAAA"},
        {"digest": "AAAA"},
        {"document": "%"},
    ],
)
def test_what_was_changed_is_no_prepared_signature(change: dict[str, object], holders: Holders) -> None:
    """Whoever holds it in between cannot make it sign something else."""
    person = holders.person
    prepared = prepare(FOREIGN[0].read_bytes(), person.certificate, person.chain, role="person")
    row = json.loads(prepared.to_json()) | change
    with pytest.raises(MalformedError, match="no prepared signature"):
        PreparedSignature.from_json(json.dumps(row))


@pytest.mark.parametrize("text", ["", "[]", "5", "{", "null", "[" * 100_000, b"\xff\xfe"])
def test_nonsense_is_no_prepared_signature(text: str | bytes) -> None:
    """One sentence for whatever comes."""
    with pytest.raises(MalformedError, match="no prepared signature"):
        PreparedSignature.from_json(text)
