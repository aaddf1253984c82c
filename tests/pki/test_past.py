"""The past of a path, rule by rule: what must be proved of whom, and since when (EN 319 102-1 5.6.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from docsign.ades.stamped import name_of, names_of
from docsign.pki.existence import Existing
from docsign.pki.past import judge_past
from docsign.pki.paths import path_question
from docsign.pki.strength import AlgorithmUse
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, SubIndication
from tests.pki.certifying import root, year

HOUR = timedelta(hours=1)
SIGNED, ENDED, NOW = year(2022, 3), year(2024), year(2030)
ROOT = root(begin=year(2020), end=year(2060))
CA = ROOT.issue("CA mẫu", ca=True, begin=year(2020), end=year(2025))
SIGNER = CA.issue("Nguyễn Văn Mẫu", begin=year(2021), end=ENDED)
ROOT_LIST, CA_LIST = ROOT.crl(SIGNED + HOUR), CA.crl(SIGNED + HOUR)
DATA = ValidationData.of(certificates=[CA.certificate], crls=[ROOT_LIST, CA_LIST])
EVERYTHING = (name_of(ROOT_LIST), name_of(CA_LIST), name_of(CA.certificate))

NOT_PROVED = Conclusion.indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)


def judged(
    *names: bytes,
    since: datetime = SIGNED + 2 * HOUR,
    signed: datetime | None = SIGNED,
    data: ValidationData = DATA,
    uses: tuple[AlgorithmUse, ...] = (),
) -> Conclusion:
    """Judge the signer in 2030 with these things proved since a time."""
    existing = Existing(NOW)
    existing.add(names, since)
    question = path_question(SIGNER.certificate, trust=Trust.of([ROOT.certificate]), data=data)
    return judge_past(question, at=NOW, signed=signed, existing=existing, uses=uses).conclusion


def test_everything_proved_in_time_passes() -> None:
    """Both lists and the CA's certificate existed while the lists were fresh."""
    assert judged(*EVERYTHING) == Conclusion.passed()


@pytest.mark.parametrize(
    ("missing", "expected"), [(0, Conclusion.passed()), (1, NOT_PROVED), (2, Conclusion.passed())]
)
def test_what_the_anchor_vouches_for_now_needs_no_proof(missing: int, expected: Conclusion) -> None:
    """The root is trusted today, its list and the CA's certificate with it; the ended CA's list is not."""
    assert judged(*(name for place, name in enumerate(EVERYTHING) if place != missing)) == expected


def test_below_an_ended_authority_everything_needs_a_proof() -> None:
    """Of two CAs that ended the lower one's certificate, too, must have existed in time."""
    lower = CA.issue("CA cấp dưới", ca=True, begin=year(2020), end=year(2025))
    signer = lower.issue("Trần Thị Thử", begin=year(2021), end=ENDED)
    lists = (ROOT_LIST, CA_LIST, lower.crl(SIGNED + HOUR))
    data = ValidationData.of(certificates=[CA.certificate, lower.certificate], crls=lists)
    question = path_question(signer.certificate, trust=Trust.of([ROOT.certificate]), data=data)
    for proved, expected in (
        ((*lists, lower.certificate), Conclusion.passed()),
        (lists, NOT_PROVED),
        (lists[:2], NOT_PROVED),
    ):
        existing = Existing(NOW)
        existing.add(names_of(proved), SIGNED + 2 * HOUR)
        assert judge_past(question, at=NOW, signed=SIGNED, existing=existing).conclusion == expected


def test_proofs_must_be_from_while_the_lists_were_fresh() -> None:
    """On the last day of the lists; a day later the time has slid past the proof."""
    last = SIGNED + HOUR + timedelta(days=30)
    assert judged(*EVERYTHING, since=last) == Conclusion.passed()
    assert judged(*EVERYTHING, since=last + timedelta(days=1)) == NOT_PROVED


def test_the_signature_itself_must_be_proved_in_time() -> None:
    """No proof of the signature, or one from after the lists had run out."""
    assert judged(*EVERYTHING, signed=None) == NOT_PROVED
    assert judged(*EVERYTHING, signed=SIGNED + timedelta(days=60)) == NOT_PROVED


def test_a_signature_older_than_its_certificate_fails() -> None:
    """EN 319 102-1 5.6.2.4 3): NOT_YET_VALID."""
    early = year(2020, 6)
    assert judged(*EVERYTHING, signed=early) == Conclusion.failed(SubIndication.NOT_YET_VALID)


def test_the_time_slides_to_the_end_of_an_algorithm() -> None:
    """What rests on SHA-1 needs a proof from before 2012; on SHA-224, from before its end."""
    assert judged(*EVERYTHING, uses=(AlgorithmUse(digest="sha224"),)) == Conclusion.passed()
    assert judged(*EVERYTHING, uses=(AlgorithmUse(digest="sha1"),)) == NOT_PROVED


def test_a_certificate_of_the_trust_folder_needs_no_proof() -> None:
    """Whoever trusts the folder knows the certificates in it."""
    existing = Existing(NOW)
    existing.add([name_of(ROOT_LIST), name_of(CA_LIST)], SIGNED + 2 * HOUR)
    trust = Trust.of([ROOT.certificate], intermediates=[CA.certificate])
    question = path_question(SIGNER.certificate, trust=trust, data=DATA)
    verdict = judge_past(question, at=NOW, signed=SIGNED, existing=existing)
    assert verdict.conclusion == Conclusion.passed()
    assert [one.code for one in verdict.findings] == ["proved-in-time"]


def test_a_revocation_learnt_later_counts() -> None:
    """A list that nobody archived says that the signer was revoked before the signature: it holds no more."""
    revoked = CA.crl(year(2023), revoked={SIGNER.certificate: (SIGNED - timedelta(days=1), "keyCompromise")})
    data = DATA.merged(ValidationData(crls=(revoked,)))
    assert judged(*EVERYTHING, data=data) == Conclusion.indeterminate(SubIndication.REVOKED_NO_POE)
    after = CA.crl(year(2023), revoked={SIGNER.certificate: (SIGNED + timedelta(days=9), "keyCompromise")})
    data = DATA.merged(ValidationData(crls=(after,)))
    assert judged(*EVERYTHING, data=data) == Conclusion.passed()


def test_chains_never_valid_together_are_refused() -> None:
    """A certificate that begins after its issuer's end was issued by nobody (5.6.2.1.4 2)."""
    late = CA.issue("Người đến sau", begin=year(2026), end=year(2028))
    question = path_question(late.certificate, trust=Trust.of([ROOT.certificate]), data=DATA)
    verdict = judge_past(question, at=year(2027), signed=year(2027))
    assert verdict.conclusion.sub_indication is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
