"""Judges what lies in a signature's /Contents by its form: CAdES, PKCS #7, and the old ones on SHA-1."""

from __future__ import annotations

from collections.abc import Sequence

from docsign.ades.cades import judge_cms
from docsign.ades.problems import Problem, doubtful, failed
from docsign.ades.stamped import Stamped
from docsign.pdf.old_forms import judge_pkcs7_sha1, judge_rsa_sha1
from docsign.pdf.placing import Case, Placed
from docsign.pdf.signatures import claimed_time
from docsign.pki.existence import Existing
from docsign.sentence import say
from docsign.verdict import SignatureFormat, SignatureReport, SubIndication

PADES, PKCS7, PKCS7_SHA1, RSA_SHA1 = (
    "ETSI.CAdES.detached",
    "adbe.pkcs7.detached",
    "adbe.pkcs7.sha1",
    "adbe.x509.rsa_sha1",
)
BRAZIL = "PBAD.PAdES"
"""CAdES under the name that ICP-Brasil gives it (DOC-ICP-15.03)."""


def signature_format(subfilter: str) -> SignatureFormat:
    """Return the format that a sub-filter (ISO 32000-2 table 255) announces."""
    return "pades" if subfilter in (PADES, BRAZIL) else "pkcs7"


def judge_form(
    case: Case,
    placed: Placed,
    *,
    id: str,
    format: SignatureFormat,
    later: Sequence[Stamped],
    known: Existing,
) -> SignatureReport:
    """Judge the signature itself: who, mathematics, path, time-stamps; ``later``: the document's."""
    assert placed.range is not None
    if placed.subfilter == RSA_SHA1:
        return judge_rsa_sha1(case, placed, id, _weak())
    if placed.subfilter not in (PADES, BRAZIL, PKCS7, PKCS7_SHA1):
        return _without_cms(
            id,
            failed(
                SubIndication.FORMAT_FAILURE,
                "subfilter",
                say("The signature is of an unknown kind ({name}).", name=placed.subfilter or "–"),
            ),
        )
    is_old = placed.subfilter == PKCS7_SHA1
    report = judge_cms(
        _unpadded(placed.range.cms) if is_old else _with_plain_padding(case, placed, placed.range.cms),
        content_digest=None if is_old else placed.range.digest,
        trust=case.trust,
        at=case.at,
        id=id,
        format=format,
        embedded=not is_old,
        beside=case.beside,
        claimed_time=claimed_time(case.view, placed.found.dictionary),
        proved_time=case.proved_time,
        later=later,
        known=known,
    ).report
    return judge_pkcs7_sha1(report, placed, _weak()) if is_old else report


def _weak() -> Problem:
    return doubtful(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        "weak-algorithm",
        say("The signature has an old form that rests on SHA-1, which is no longer accepted."),
    )


def _without_cms(id: str, problem: Problem) -> SignatureReport:
    return SignatureReport(
        id=id, format="pkcs7", level="PKCS7", conclusion=problem.conclusion, findings=(problem.finding,)
    )


def _with_plain_padding(case: Case, placed: Placed, cms: bytes) -> bytes:
    """Return /Contents with its padding in zeros, where that is the encryption of zeros.

    PDFBox encrypts the whole room before it puts the signature in, and leaves the rest of it so. Such a rest
    says nothing: it is what the file's key makes of zeros, but for the two blocks beside the signature.
    """
    cipher = case.pdf.store.cipher
    used = len(_unpadded(cms))
    if cipher is None or used >= len(cms) or not cms[used:].strip(b"\0"):
        return cms
    assert placed.found.dictionary is not None
    home = placed.found.dictionary.home
    plain = cipher.strings(home.number, home.generation)(cms)
    if plain is None or len(plain) < used + 64 or plain[used + 16 :].strip(b"\0"):
        return cms
    return cms[:used] + bytes(len(cms) - used)


def _unpadded(cms: bytes) -> bytes:
    """Return the first DER value: the rest of /Contents is reserved room."""
    if len(cms) < 2 or cms[1] < 0x80:
        return cms[: 2 + cms[1]] if len(cms) > 1 else cms
    count = cms[1] & 0x7F
    return cms[: 2 + count + int.from_bytes(cms[2 : 2 + count], "big")] if count else cms
