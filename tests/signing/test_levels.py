"""The levels B-B, B-T, B-LT, B-LTA: in one call, raised and renewed later, and until when they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from docsign.errors import CertificateUnfitError, PdfError, TrustError, UsageError
from docsign.expiry import RANK, expiry_of
from docsign.extending import extend
from docsign.pdf.reading import read_pdf
from docsign.pdf.validation_store import validation_data
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import Issued, TrialAuthority
from docsign.proofs import LEVELS, Level
from docsign.signing import sign
from docsign.verdict import Conclusion, Indication, Report, SubIndication
from docsign.verification import verify
from tests.signing.conftest import FOREIGN
from tests.signing.second_opinions import pdfsig, qpdf_accepts
from tests.witnesses.verapdf import assert_pdfa

PLAIN = FOREIGN[0]


def judged(pdf: bytes, trust: Trust, at: datetime | None = None) -> Report:
    """Return our own verdict."""
    return verify(pdf, trust=trust, at=at, offline=True)


def lta_by_pyhanko(pdf: bytes, trust: Trust) -> list[str]:
    """Return what pyHanko's validation with long-term data (EN 319 102-1) says of every signature."""
    roots = [asn1.Certificate.load(one.certificate.public_bytes(Encoding.DER)) for one in trust.anchors]
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=roots),
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require")),
    )
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(cert_validation_policy=policy))

    async def said() -> list[str]:
        found: Any = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
        return [
            "passed" if result.ades_subindic is AdESPassed.OK else str(result.ades_subindic)
            for result in [await ades_lta_validation(one, pdf_validation_spec=spec) for one in found]
        ]

    return asyncio.run(said())


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_in_one_call(
    level: Level, letter: bytes, person_key: SigningKey, trust: Trust, tsa_url: str, tmp_path: Path
) -> None:
    """Our verdict names the level and passes; qpdf finds no error, pdfsig accepts the signature."""
    signed = sign(letter, person_key, role="person", level=level, tsa=tsa_url, trust=trust)
    report = judged(signed, trust)
    (signature,) = report.signatures
    assert signature.level == f"PAdES-{level}"
    assert signature.conclusion.indication is Indication.TOTAL_PASSED
    qpdf_accepts(signed, tmp_path)
    assert pdfsig(signed, tmp_path)[0].valid
    if level == "B-LTA":
        assert [one.kind for one in report.timestamps] == ["document"]
        assert_pdfa(signed, "2b")


def test_renewed_again_and_again(
    person_key: SigningKey, agency_key: SigningKey, trust: Trust, tsa_url: str, tmp_path: Path
) -> None:
    """LT → LTA → LTA, each a revision more, without the signers; pyHanko agrees on both signatures."""
    once = sign(PLAIN.read_bytes(), person_key, role="person", tsa=tsa_url)
    twice = sign(once, agency_key, role="agency", tsa=tsa_url)
    kept = extend(twice, level="B-LT", trust=trust)
    first = extend(kept, tsa=tsa_url, trust=trust)
    second = extend(first, tsa=tsa_url, trust=trust)
    for before, after in ((twice, kept), (kept, first), (first, second)):
        assert after.startswith(before)
        assert len(after) > len(before)
    report = judged(second, trust)
    assert [one.level for one in report.signatures] == ["PAdES-B-LTA", "PAdES-B-LTA"]
    assert report.conclusion.indication is Indication.TOTAL_PASSED
    assert len(report.timestamps) == 2
    qpdf_accepts(second, tmp_path)
    assert lta_by_pyhanko(second, trust) == ["passed", "passed"]


def test_what_is_there_is_not_kept_twice(person_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """A second B-LT adds nothing; every certificate and list stands in the DSS once."""
    signed = sign(PLAIN.read_bytes(), person_key, role="person", level="B-LT", tsa=tsa_url, trust=trust)
    assert extend(signed, level="B-LT", trust=trust) == signed
    data = validation_data(read_pdf(signed).view())
    assert len(data.certificates) == len(set(data.certificates)) >= 3
    assert len(data.crls) == len(set(data.crls)) >= 1


def test_a_signature_without_a_time_stamp_gets_the_document_s(
    person_key: SigningKey, trust: Trust, tsa_url: str
) -> None:
    """B-B → B-T by a document time-stamp (EN 319 142-1 6.3); asked again there is nothing to do."""
    plain = sign(PLAIN.read_bytes(), person_key, role="person")
    stamped = extend(plain, level="B-T", tsa=tsa_url)
    assert judged(stamped, trust).signatures[0].level == "PAdES-B-T"
    assert extend(stamped, level="B-T", tsa=tsa_url) == stamped


@pytest.mark.parametrize("allowed", [1, 2, 3])
def test_a_certified_file_is_extended_too(
    allowed: int, holders: Any, trust: Trust, tsa_url: str, tmp_path: Path
) -> None:
    """DSS and document time-stamps are allowed at every level of DocMDP (ISO 32000-2 12.8.2.2)."""
    issued: Issued = holders.person
    path = tmp_path / "key.p12"
    path.write_bytes(issued.pkcs12("x"))
    signer: Any = signers.SimpleSigner.load_pkcs12(str(path), passphrase=b"x")
    output: Any = signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(PLAIN.read_bytes())),
        signers.PdfSignatureMetadata(
            field_name="Certified",
            certify=True,
            docmdp_permissions=fields.MDPPerm(allowed),
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer=signer,
    )
    made = extend(output.getvalue(), tsa=tsa_url, trust=trust)
    assert judged(made, trust).conclusion.indication is Indication.TOTAL_PASSED
    qpdf_accepts(made, tmp_path)


@pytest.mark.parametrize(
    ("level", "means", "words"),
    [
        ("B-LTA", {"trust": True}, "needs a time-stamp"),
        ("B-T", {}, "needs a time-stamp"),
        ("B-LT", {"tsa": True}, "say whom you trust"),
    ],
)
def test_what_a_level_needs_is_said(
    level: Level, means: dict[str, bool], words: str, person_key: SigningKey, trust: Trust, tsa_url: str
) -> None:
    """When signing, before the key is asked; when extending, before anything is fetched."""
    given: dict[str, Any] = {
        name: value for name, value in (("tsa", tsa_url), ("trust", trust)) if means.get(name)
    }
    with pytest.raises(UsageError, match=words):
        sign(PLAIN.read_bytes(), person_key, role="person", level=level, **given)
    signed = sign(PLAIN.read_bytes(), person_key, role="person")
    with pytest.raises(UsageError, match=words):
        extend(signed, level=level, **given)


def test_an_unsigned_file_has_nothing_to_extend(trust: Trust, tsa_url: str) -> None:
    """It is refused before the service is asked."""
    with pytest.raises(PdfError, match="not signed"):
        extend(PLAIN.read_bytes(), tsa=tsa_url, trust=trust)


def test_a_chain_that_leads_nowhere_cannot_be_kept(
    person_key: SigningKey, tsa_url: str, make_authority: Callable[[], TrialAuthority]
) -> None:
    """Another authority's trust proves nothing of this signer."""
    signed = sign(PLAIN.read_bytes(), person_key, role="person", tsa=tsa_url)
    other = Trust.from_path(make_authority().trust_folder)
    with pytest.raises(TrustError, match="does not lead"):
        extend(signed, level="B-LT", trust=other)


def test_a_revoked_signer_is_not_made_provable(
    tsa_url: str, trust: Trust, make_authority: Callable[[], TrialAuthority]
) -> None:
    """Revoked before the time-stamp: refused with the day."""
    authority = make_authority()
    issued = authority.issue("person", "Trần Thị Thử", key="p256")
    authority.revoke(issued.certificate)
    signed = sign(PLAIN.read_bytes(), issued.signing_key(), role="person", tsa=tsa_url, check=False)
    both = Trust.from_path(authority.trust_folder)
    with pytest.raises(CertificateUnfitError, match="was revoked"):
        extend(signed, level="B-LT", trust=Trust(anchors=(*both.anchors, *trust.anchors), crls=both.crls))


# --- until when -------------------------------------------------------------------------------------------


def test_what_runs_out_first(person_key: SigningKey, trust: Trust, tsa_url: str) -> None:
    """The verdict holds until then and not after, by the same judge; until then revocation may be asked."""
    signed = sign(PLAIN.read_bytes(), person_key, role="person", level="B-LTA", tsa=tsa_url, trust=trust)
    expiry = expiry_of(signed, trust=trust, at=datetime.now(UTC))
    assert expiry.level == "PAdES-B-LTA"
    assert expiry.first is not None
    assert {"signer", "tsa", "authority", "revocation"} <= {end.kind for end in expiry.ends}
    assert list(expiry.ends) == sorted(expiry.ends, key=lambda end: (end.until, RANK[end.kind]))
    if expiry.first.kind != "algorithm":
        second = timedelta(seconds=1)
        try_later = Conclusion.indeterminate(SubIndication.TRY_LATER)
        before = judged(signed, trust, expiry.first.until - second).conclusion
        after = judged(signed, trust, expiry.first.until + second).conclusion
        assert before == (expiry.conclusion if expiry.ask_again is None else try_later)
        assert after not in (expiry.conclusion, try_later)


def test_a_file_that_does_not_pass_runs_out_of_nothing(person_key: SigningKey) -> None:
    """Without trust there is no passing verdict that could end."""
    signed = sign(PLAIN.read_bytes(), person_key, role="person")
    expiry = expiry_of(signed, trust=Trust.nothing(), at=datetime.now(UTC))
    assert expiry.conclusion.indication is Indication.INDETERMINATE
    assert expiry.renew_by is None
