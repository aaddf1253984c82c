"""A second opinion: pyHanko's validation of signatures with time says the same of the same files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion
from tests.ades.time_cases import World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)  # pyHanko knows no other
SIGNED = NOW - 400 * DAY


@pytest.fixture(scope="module")
def world() -> World:
    """The usual world, moved to where pyHanko's clock is."""
    return World(signer_begin=NOW - 800 * DAY, signer_end=NOW + 100 * DAY, tsa_end=NOW + 50 * DAY)


def opinion(world: World, pdf: bytes, data: ValidationData) -> tuple[str, datetime]:
    """Return pyHanko's word and the time it thinks proved."""
    signature = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures[0]
    root = asn1_x509.Certificate.load(world.root.certificate.public_bytes(Encoding.DER))
    rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
    specification = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build([root]),
            revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
        ),
        local_knowledge=LocalKnowledge(
            known_crls=[CRLContainer(asn1_crl.CertificateList.load(der)) for der in data.crls]
        ),
        ac_validation_policy=None,
    )
    result = asyncio.run(
        ades.ades_with_time_validation(
            signature.signed_data, specification, timing_info=None, raw_digest=signature.compute_digest()
        )
    )
    word = str(result.ades_subindic).rpartition(".")[2]
    return ("PASSED" if word == "OK" else word), result.best_signature_time


def stamped(world: World) -> bytes:
    """Level B-T."""
    return world.signed_pdf(at=SIGNED, stamped=SIGNED)


def kept(world: World) -> bytes:
    """Level B-LT."""
    return world.with_data(stamped(world), world.lists(SIGNED + HOUR))


def archived(world: World) -> bytes:
    """Level B-LTA."""
    return world.archived(kept(world), SIGNED + 2 * HOUR)


@pytest.mark.parametrize("make", [stamped, kept, archived])
@pytest.mark.parametrize(
    ("revoked", "expected"),
    [(None, "PASSED"), (NOW - 300 * DAY, "PASSED"), (NOW - 500 * DAY, "REVOKED_NO_POE")],
)
def test_both_say_the_same(
    world: World, make: Callable[[World], bytes], revoked: datetime | None, expected: str
) -> None:
    """Not revoked, revoked after the stamp, revoked before it; each at three levels."""
    named = {} if revoked is None else {"signer": (revoked, "keyCompromise")}
    lists = world.lists(NOW - HOUR, **named)  # type: ignore[arg-type] # the holder's name and when
    pdf = make(world)
    report = world.judged(pdf, NOW, lists=[lists])
    ours = report.conclusion
    word = "PASSED" if ours == Conclusion.passed() else str(ours.sub_indication)
    assert (word, report.best_signature_time) == (expected, SIGNED)
    assert opinion(world, pdf, lists) == (expected, SIGNED)
