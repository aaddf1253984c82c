"""Every state that time can bring a signature into, by a story with dates (EN 319 102-1 5.3, 5.5, 5.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from docsign.ades.cades import judge_cms
from docsign.ades.long_term import InTime, judge_in_time
from docsign.ades.stamped import Stamped, name_of
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, SignatureReport, SubIndication
from tests.ades.time_cases import ENDED, SIGNED, World
from tests.pki.certifying import TSA_PURPOSE, root, year

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = year(2025, 6)
KEEPS = [(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z"), False)]
"""expiredCertsOnCRL: certificates that ended since 2020 stay on the list."""

PASSED = Conclusion.passed()
doubt, fail = Conclusion.indeterminate, Conclusion.failed


def codes(report: SignatureReport | InTime) -> set[str]:
    """Return the codes of the findings."""
    return {finding.code for finding in report.findings}


def archived_twice(world: World) -> bytes:
    """Signed and stamped in 2022, archived the same day; archived anew in 2025 by the next service."""
    pdf = world.signed_pdf(stamped=SIGNED)
    pdf = world.archived(pdf, SIGNED + 2 * HOUR, data=world.lists(SIGNED + HOUR))
    return world.archived(pdf, LATER, data=world.lists(LATER - HOUR), tsa=world.tsa_next)


# --- states of a PDF, by story ------------------------------------------------------------------------------


def fresh() -> SignatureReport:
    """Signed and looked at a week later, with the lists of that day."""
    world = World()
    now = SIGNED + 7 * DAY
    return world.judged(world.signed_pdf(), now, lists=[world.lists(now - HOUR)])


def long_term() -> SignatureReport:
    """The signer's certificate has ended; the file holds a stamp and the lists of the day it was signed."""
    world = World()
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED), world.lists(SIGNED + HOUR))
    pdf = world.archived(pdf, SIGNED + 2 * HOUR)
    return world.judged(pdf, LATER, lists=[world.lists(LATER - HOUR)])


def archived() -> SignatureReport:
    """The signer's and the first service's certificates have ended; the second archive time-stamp holds."""
    world = World()
    at = year(2035)
    return world.judged(archived_twice(world), at, lists=[world.lists(at - HOUR)])


def everything_ended() -> SignatureReport:
    """Of its PKI nothing is valid any more, the root included; the stamp of another holds."""
    world = World(root=root(begin=year(2020), end=year(2041)))
    other = root("CA gốc khác", begin=year(2020), end=year(2060))
    stranger = other.tsa("Dấu thời gian ba", begin=year(2030), end=year(2055))
    pdf = world.archived(archived_twice(world), year(2038), data=world.lists(year(2038) - HOUR), tsa=stranger)
    at = year(2050)
    crl = other.crl(at - HOUR)
    world.trust = Trust.of([world.root.certificate, other.certificate])
    return world.judged(pdf, at, lists=[ValidationData(crls=(crl,))])


def revoked_after_the_stamp() -> SignatureReport:
    """Revoked in 2023; the stamp proves that the signature is of 2022."""
    world = World()
    pdf, now = world.signed_pdf(stamped=SIGNED), year(2023, 7)
    return world.judged(pdf, now, lists=[world.lists(now - HOUR, signer=(year(2023), "keyCompromise"))])


def authority_revoked_after_archiving() -> SignatureReport:
    """The CA was revoked in 2030; everything that proves the signature was archived before, by another."""
    world = World()
    other = root("CA gốc khác", begin=year(2020), end=year(2060))
    service = other.tsa("Dấu thời gian ba", begin=year(2021), end=year(2055))
    pdf = world.archived(
        world.signed_pdf(stamped=SIGNED, tsa=service),
        SIGNED + 2 * HOUR,
        data=world.lists(SIGNED + HOUR),
        tsa=service,
    )
    at = year(2031)
    world.trust = Trust.of([world.root.certificate, other.certificate])
    lists = world.lists(at - HOUR, ca=(year(2030), "cACompromise"))
    return world.judged(pdf, at, lists=[lists, ValidationData(crls=(other.crl(at - HOUR),))])


def weak_since() -> SignatureReport:
    """The signer's certificate is signed with SHA-224, accepted when everything was archived."""
    world = World(signer_end=year(2039), signer_digest=hashes.SHA224())
    pdf = world.archived(
        world.signed_pdf(stamped=SIGNED),
        SIGNED + 2 * HOUR,
        data=world.lists(SIGNED + HOUR),
        tsa=world.tsa_next,
    )
    at = year(2026, 6)
    return world.judged(pdf, at, lists=[world.lists(at - HOUR)])


def stale_but_stamped() -> SignatureReport:
    """The lists have run out; they were fresh when the signature is proved (5.5.4 6)."""
    world = World()
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED, tsa=world.root.tsa()), world.lists(SIGNED + HOUR))
    now = year(2023, 6)
    return world.judged(pdf, now, lists=[ValidationData(crls=(world.root.crl(now - HOUR),))])


def without_revocations() -> SignatureReport:
    """Nobody expects revocations; the stamp proves that the certificate had not ended."""
    world = World()
    world.lax()
    return world.judged(world.signed_pdf(stamped=SIGNED), LATER)


def revoked() -> SignatureReport:
    """Revoked, and nothing proves that the signature is older."""
    world = World()
    now = year(2023, 7)
    lists = world.lists(now - HOUR, signer=(year(2023), "keyCompromise"))
    return world.judged(world.signed_pdf(), now, lists=[lists])


def revoked_before_the_stamp() -> SignatureReport:
    """Revoked on the day before the stamp."""
    world = World()
    lists = world.lists(SIGNED + HOUR, signer=(SIGNED - DAY, "keyCompromise"))
    return world.judged(world.signed_pdf(stamped=SIGNED), SIGNED + DAY, lists=[lists])


def copied_stamp() -> SignatureReport:
    """A stamp of another signature, copied in, proves nothing."""
    world = World()
    token = world.tsa.stamp("giá trị của chữ ký khác".encode(), SIGNED)
    world.tsa.stamp = lambda *_args, **_named: token  # type: ignore[method-assign] # that is the trick
    now = year(2023, 7)
    lists = world.lists(now - HOUR, signer=(year(2023), "keyCompromise"))
    return world.judged(world.signed_pdf(stamped=SIGNED), now, lists=[lists])


def authority_revoked() -> SignatureReport:
    """The CA is revoked, and what proves the signature is the CA's own."""
    world = World()
    now = year(2023, 7)
    lists = world.lists(now - HOUR, ca=(year(2021, 6), "cACompromise"))
    return world.judged(world.signed_pdf(stamped=SIGNED), now, lists=[lists])


def ended() -> SignatureReport:
    """The certificate has ended, and no time is proved."""
    world = World()
    return world.judged(world.signed_pdf(), LATER, lists=[world.lists(LATER - HOUR)])


def ended_before_the_stamp() -> SignatureReport:
    """The stamp is from after the end."""
    world = World()
    pdf = world.signed_pdf(stamped=ENDED + DAY)
    return world.judged(pdf, ENDED + 2 * DAY, lists=[world.lists(ENDED + DAY)])


def ended_and_service_too() -> SignatureReport:
    """The service's certificate has ended as well, and no newer stamp proves it."""
    world = World()
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED), world.lists(SIGNED + HOUR))
    return world.judged(pdf, year(2027), lists=[world.lists(year(2027) - HOUR)])


def last_service_unknown() -> SignatureReport:
    """Archived well, but nothing says whether the last service is revoked today."""
    world = World()
    return world.judged(archived_twice(world), year(2035))


def archived_too_late() -> SignatureReport:
    """The stores were archived only after the first service had ended: its stamp proves nothing."""
    world = World()
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED), world.lists(SIGNED + HOUR))
    pdf = world.archived(pdf, year(2027), data=world.lists(year(2027) - HOUR), tsa=world.tsa_next)
    return world.judged(pdf, year(2028), lists=[world.lists(year(2028) - HOUR)])


def ended_known_good() -> SignatureReport:
    """Ended, no time proved, but the list that keeps ended certificates does not name it."""
    world = World()
    return world.judged(world.signed_pdf(), LATER, lists=[world.lists(LATER - HOUR, extensions=KEEPS)])


def lists_from_nobody_knows_when() -> SignatureReport:
    """The CA has ended; whether the list in the file is from before, nothing proves."""
    world = World(ca_end=year(2024, 6))
    world.tsa_next = world.root.tsa("Dấu thời gian gốc", begin=year(2021), end=year(2039))
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED, tsa=world.tsa_next), world.lists(SIGNED + HOUR))
    return world.judged(pdf, LATER, lists=[world.lists(LATER - HOUR, extensions=KEEPS)])


def stamped_too_early() -> SignatureReport:
    """The stamp is older than the certificate."""
    world = World(signer_begin=SIGNED + DAY)
    pdf = world.signed_pdf(stamped=SIGNED)
    return world.judged(pdf, SIGNED + 3 * DAY, lists=[world.lists(SIGNED + 2 * DAY)])


def stamps_out_of_order() -> SignatureReport:
    """The archive time-stamp is a day older than the signature time-stamp that it covers."""
    world = World()
    pdf = world.archived(world.signed_pdf(stamped=SIGNED + DAY), SIGNED)
    now = SIGNED + 2 * DAY
    return world.judged(pdf, now, lists=[world.lists(now - HOUR)])


def nothing_known() -> SignatureReport:
    """No list at all."""
    world = World()
    return world.judged(world.signed_pdf(stamped=SIGNED), SIGNED + DAY)


def suspended() -> SignatureReport:
    """The certificate is on hold."""
    world = World()
    lists = world.lists(SIGNED + HOUR, signer=(SIGNED - DAY, "certificateHold"))
    return world.judged(world.signed_pdf(), SIGNED + DAY, lists=[lists])


def stale() -> SignatureReport:
    """The lists have run out, and no time is proved."""
    world = World()
    pdf = world.with_data(world.signed_pdf(), world.lists(SIGNED + HOUR))
    return world.judged(pdf, year(2023, 6))


def answered_before_the_stamp() -> SignatureReport:
    """An OCSP answer from the day before the stamp does not prove; the CA's list is fresh."""
    world = World()
    answer = world.ca.answer(world.signer.certificate, SIGNED - DAY, SIGNED + DAY)
    data = ValidationData.of(certificates=[world.ca.certificate], ocsps=[answer])
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED, tsa=world.root.tsa()), data)
    now = year(2023, 6)
    return world.judged(pdf, now, lists=[ValidationData(crls=(world.root.crl(now - HOUR),))])


def answered_after_the_stamp() -> SignatureReport:
    """The same answer, but from after the stamp."""
    world = World()
    answer = world.ca.answer(world.signer.certificate, SIGNED + HOUR, SIGNED + DAY)
    data = ValidationData.of(certificates=[world.ca.certificate], ocsps=[answer])
    pdf = world.with_data(world.signed_pdf(stamped=SIGNED, tsa=world.root.tsa()), data)
    now = year(2023, 6)
    return world.judged(pdf, now, lists=[ValidationData(crls=(world.root.crl(now - HOUR),))])


def list_of_an_ended_authority() -> SignatureReport:
    """The CA ended in 2023 and goes on signing lists: they clear nobody."""
    world = World(ca_end=year(2023, 3), signer_end=year(2023, 2), tsa_end=year(2023, 2))
    pdf = world.signed_pdf(stamped=SIGNED, tsa=world.root.tsa())
    now = year(2023, 6)
    return world.judged(pdf, now, lists=[world.lists(now - HOUR, extensions=KEEPS)])


def untrusted() -> SignatureReport:
    """Nobody trusts this root."""
    world = World()
    world.trust = Trust.of([root("CA khác").certificate])
    return world.judged(world.signed_pdf(stamped=SIGNED), SIGNED + DAY)


def wrong_usage() -> SignatureReport:
    """Signed with the certificate of a time-stamping service."""
    world = World()
    world.signer = world.tsa
    return world.judged(world.signed_pdf(), SIGNED + DAY, lists=[world.lists(SIGNED)])


def issuer_is_no_authority() -> SignatureReport:
    """The issuer's certificate is not one of a CA."""
    world = World()
    world.signer = world.signer.issue("Trần Thị Thử", end=ENDED)
    return world.judged(world.signed_pdf(), SIGNED + DAY, lists=[world.lists(SIGNED)])


def weak_now() -> SignatureReport:
    """The signer's certificate is signed with SHA-224, and nothing proves when."""
    world = World(signer_end=year(2039), signer_digest=hashes.SHA224())
    at = year(2026, 6)
    return world.judged(world.signed_pdf(), at, lists=[world.lists(at - HOUR)])


def service_not_for_it_alone() -> SignatureReport:
    """The stamp is of a service whose certificate does not say so critically; it proves nothing."""
    world = World()
    world.tsa = world.ca.issue("Dấu thời gian sai", purpose=TSA_PURPOSE, critical=False)
    now = year(2023, 7)
    lists = world.lists(now - HOUR, signer=(year(2023), "keyCompromise"))
    return world.judged(world.signed_pdf(stamped=SIGNED), now, lists=[lists])


STATES: list[tuple[Callable[[], SignatureReport], Conclusion, datetime | None]] = [
    (fresh, PASSED, None),
    (long_term, PASSED, SIGNED),
    (archived, PASSED, SIGNED),
    (everything_ended, PASSED, SIGNED),
    (revoked_after_the_stamp, PASSED, SIGNED),
    (authority_revoked_after_archiving, PASSED, SIGNED),
    (weak_since, PASSED, SIGNED),
    (stale_but_stamped, PASSED, SIGNED),
    (answered_after_the_stamp, PASSED, SIGNED),
    (without_revocations, PASSED, SIGNED),
    (revoked, doubt(SubIndication.REVOKED_NO_POE), None),
    (revoked_before_the_stamp, doubt(SubIndication.REVOKED_NO_POE), SIGNED),
    (copied_stamp, doubt(SubIndication.REVOKED_NO_POE), None),
    (service_not_for_it_alone, doubt(SubIndication.REVOKED_NO_POE), None),
    (authority_revoked, doubt(SubIndication.REVOKED_CA_NO_POE), None),
    (ended, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE), None),
    (ended_before_the_stamp, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE), ENDED + DAY),
    (ended_and_service_too, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE), None),
    (archived_too_late, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE), year(2027)),
    (last_service_unknown, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE), None),
    (list_of_an_ended_authority, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE), SIGNED),
    (ended_known_good, doubt(SubIndication.OUT_OF_BOUNDS_NOT_REVOKED), None),
    (lists_from_nobody_knows_when, doubt(SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE), SIGNED),
    (stamped_too_early, fail(SubIndication.NOT_YET_VALID), SIGNED),
    (stamps_out_of_order, doubt(SubIndication.TIMESTAMP_ORDER_FAILURE), SIGNED),
    (nothing_known, doubt(SubIndication.TRY_LATER), None),
    (suspended, doubt(SubIndication.TRY_LATER), None),
    (stale, doubt(SubIndication.TRY_LATER), None),
    (answered_before_the_stamp, doubt(SubIndication.TRY_LATER), SIGNED),
    (untrusted, doubt(SubIndication.NO_CERTIFICATE_CHAIN_FOUND), None),
    (wrong_usage, doubt(SubIndication.CHAIN_CONSTRAINTS_FAILURE), None),
    (issuer_is_no_authority, doubt(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE), None),
    (weak_now, doubt(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE), None),
]


@pytest.mark.parametrize(
    ("story", "expected", "proved"), STATES, ids=[story.__name__ for story, _, _ in STATES]
)
def test_each_story_has_its_verdict(
    story: Callable[[], SignatureReport], expected: Conclusion, proved: datetime | None
) -> None:
    """Indication and sub-indication as the standard gives them, and the time that is proved."""
    report = story()
    assert report.conclusion == expected, [str(finding.sentence) for finding in report.findings]
    assert report.best_signature_time == proved
    assert report.intact is True


# --- the same of a CMS signature ----------------------------------------------------------------------------

WHEN_REVOKED = year(2023)


@pytest.mark.parametrize(
    ("stamped", "now", "revoked", "expected"),
    [
        (None, SIGNED + DAY, None, PASSED),
        (SIGNED, SIGNED + DAY, None, PASSED),
        (SIGNED, year(2023, 6), WHEN_REVOKED, PASSED),
        (None, year(2023, 6), WHEN_REVOKED, doubt(SubIndication.REVOKED_NO_POE)),
        (WHEN_REVOKED + DAY, year(2023, 6), WHEN_REVOKED, doubt(SubIndication.REVOKED_NO_POE)),
        (SIGNED, LATER, None, PASSED),
        (None, LATER, None, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE)),
        (ENDED + DAY, LATER, None, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE)),
        (SIGNED, year(2027), None, doubt(SubIndication.OUT_OF_BOUNDS_NO_POE)),
    ],
)
def test_a_cms_signature_has_the_same_states(
    stamped: datetime | None, now: datetime, revoked: datetime | None, expected: Conclusion
) -> None:
    """Stamped or not, looked at while all is good, after a revocation, after the end, after the service's."""
    world = World()
    content = "Nghị quyết số 3".encode()
    named = {} if revoked is None else {"signer": (revoked, "keyCompromise")}
    beside = world.lists(SIGNED + HOUR).merged(world.lists(now - HOUR, **named))  # type: ignore[arg-type] # a holder's name and when
    report = judge_cms(
        world.signer.sign_cms(content, SIGNED, stamp=world.tsa if stamped else None, stamped=stamped),
        content=content,
        trust=world.trust,
        at=now,
        beside=beside,
    ).report
    assert report.conclusion == expected, [str(finding.sentence) for finding in report.findings]
    assert report.intact is True


# --- states that need a content time-stamp ------------------------------------------------------------------


def with_content_stamp(
    world: World, stamped: datetime, now: datetime, lists: ValidationData, digests: tuple[str, ...] = ()
) -> InTime:
    """Judge a signature over content that was stamped at a time."""
    content = "Quyết định số 7".encode()
    stamp = Stamped(
        id="T1",
        token=world.tsa.stamp(content, stamped),
        kind="content",
        imprint=lambda name: hashlib_digest(name, content),
        covers=frozenset(),
    )
    return judge_in_time(
        world.signer.certificate,
        signature=name_of(b"gia tri"),
        stamps=[stamp],
        data=lists,
        trust=world.trust,
        at=now,
        digests=digests,
    )


def hashlib_digest(name: str, data: bytes) -> bytes:
    """Digest as a format does."""
    return hashlib.new(name, data).digest()


def test_content_stamped_after_the_end_is_expired() -> None:
    """The content was stamped after the certificate's end, so the signature is younger: it fails."""
    world = World()
    answer = with_content_stamp(world, ENDED + DAY, LATER, world.lists(LATER - HOUR))
    assert answer.conclusion == fail(SubIndication.EXPIRED)
    assert "signed-after-end" in codes(answer)


def test_content_stamped_after_the_revocation_is_revoked() -> None:
    """The content was stamped after the revocation: it fails; before it, it stays open."""
    world = World()
    now = year(2023, 6)
    lists = world.lists(now - HOUR, signer=(SIGNED, "keyCompromise"))
    late = with_content_stamp(world, SIGNED + DAY, now, lists)
    assert late.conclusion == fail(SubIndication.REVOKED)
    early = with_content_stamp(world, SIGNED - DAY, now, lists)
    assert early.conclusion == doubt(SubIndication.REVOKED_NO_POE)


def test_an_algorithm_used_after_its_end_is_no_matter_of_proof() -> None:
    """Content stamped in 2022 and signed with SHA-1: no older proof can come (CRYPTO_CONSTRAINTS_FAILURE)."""
    world = World()
    now = year(2023, 6)
    answer = with_content_stamp(world, SIGNED, now, world.lists(now - HOUR), ("sha1",))
    assert answer.conclusion == doubt(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    strong = with_content_stamp(world, SIGNED, now, world.lists(now - HOUR), ("sha256",))
    assert strong.conclusion == PASSED


# --- how it was reached -------------------------------------------------------------------------------------


def test_the_steps_tell_how_it_was_reached() -> None:
    """Now, with time, in the past: each with its clause and its answer."""
    world = World()
    lists = world.lists(SIGNED + HOUR)
    value = b"gia tri"
    stamp = Stamped(
        id="T1",
        token=world.tsa.stamp(value, SIGNED),
        kind="signature",
        imprint=lambda name: hashlib_digest(name, value),
        covers=frozenset({name_of(value)}),
    )
    now = SIGNED + 60 * DAY
    answer = judge_in_time(
        world.signer.certificate,
        signature=name_of(value),
        stamps=[stamp],
        data=lists.merged(ValidationData(crls=(world.root.crl(now), world.ca.crl(now)))),
        trust=world.trust,
        at=year(2024, 2),
    )
    # the lists were made before the end, the first service is judged with them; both are stale by then
    assert answer.timestamps[0].conclusion == doubt(SubIndication.TRY_LATER)
    assert answer.conclusion == doubt(SubIndication.OUT_OF_BOUNDS_NO_POE)
    own = [step.clause.removeprefix("EN 319 102-1 ") for step in answer.steps][-3:]
    assert own == ["5.2.6", "5.5.4", "5.6.2.4"]
    sliding = [step for step in answer.steps if step.clause.endswith("5.6.2.2")]
    assert [step.conclusion for step in sliding] == [doubt(SubIndication.NO_POE)]
