"""A certificate that ended since: the time-stamp proves that the signature is older, or nothing does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import tsp

from docsign.ades import cms as writing
from docsign.ades.cades import CmsJudgement, judge_cms
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.stamping import respond
from docsign.verdict import Conclusion, Indication, SubIndication

CONTENT = "Quyết định số 7".encode()
NOW = datetime.now(UTC).replace(microsecond=0)
SIGNED = NOW - timedelta(days=200)


@dataclass
class Office:
    """An authority, its time-stamping service, and a person whose certificate ended."""

    trust: Trust
    tsa: SigningKey
    person: SigningKey

    def signed(self, *, stamped: datetime | None) -> bytes:
        """Sign CONTENT at SIGNED, stamped at another time."""
        attributes = writing.signed_attributes(
            hashlib.sha256(CONTENT).digest(), self.person.certificate, signing_time=SIGNED
        )
        value = self.person.sign(attributes)
        token = None
        if stamped is not None:
            imprint = {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": hashlib.sha256(value).digest(),
            }
            request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
            answer = respond(request.dump(), self.tsa, at=stamped)
            token = tsp.TimeStampResp.load(answer)["time_stamp_token"].dump()
        return writing.signed_data(
            signed_attributes=attributes,
            signature=value,
            certificate=self.person.certificate,
            chain=self.person.chain,
            scheme=self.person.scheme,
            timestamp_token=token,
        )

    def judged(self, *, stamped: datetime | None) -> CmsJudgement:
        """Judge it now."""
        return judge_cms(self.signed(stamped=stamped), content=CONTENT, trust=self.trust, at=NOW)


def office(folder: pytest.TempPathFactory, *, ended: str) -> Office:
    """Make an office whose person's certificate was revoked, or expired, a hundred days ago."""
    long_ago, end = NOW - timedelta(days=400), NOW - timedelta(days=100)
    authority = TrialAuthority.create(folder.mktemp(ended), at=long_ago)
    tsa = authority.issue("tsa", "Dấu thời gian thử nghiệm", not_before=long_ago).signing_key()
    person = authority.issue(
        "person",
        "Trần Thị Thử",
        not_before=long_ago,
        not_after=end if ended == "expired" else NOW + timedelta(days=100),
    )
    if ended == "revoked":
        authority.revoke(person.certificate, at=end)
    else:  # a list made after the end need not name the certificate: this one is from before
        authority.renew(at=end - timedelta(days=1))
    return Office(trust=Trust.from_path(authority.trust_folder), tsa=tsa, person=person.signing_key())


@pytest.fixture(scope="module")
def revoked(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The person's certificate was revoked a hundred days ago."""
    return office(tmp_path_factory, ended="revoked")


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The person's certificate expired a hundred days ago."""
    return office(tmp_path_factory, ended="expired")


def test_a_stamp_before_the_end_saves_the_signature(revoked: Office, expired: Office) -> None:
    """Stamped while the certificate was good: passed, with the proved time and a note."""
    for one in (revoked, expired):
        report = one.judged(stamped=SIGNED).report
        assert report.conclusion == Conclusion.passed(), [str(f.sentence) for f in report.findings]
        assert report.best_signature_time == SIGNED
        assert "proved-in-time" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("stamped", [None, NOW - timedelta(days=50)])
def test_otherwise_nothing_proves_it(revoked: Office, expired: Office, stamped: datetime | None) -> None:
    """No stamp, or one from after the end: not decided, and intact all the same."""
    for one, reason in (
        (revoked, SubIndication.REVOKED_NO_POE),
        (expired, SubIndication.OUT_OF_BOUNDS_NO_POE),
    ):
        report = one.judged(stamped=stamped).report
        assert report.conclusion == Conclusion.indeterminate(reason)
        assert report.intact is True


def test_a_list_from_after_the_end_says_nothing(expired: Office) -> None:
    """Proved to be older than the end, but whether it was revoked by then is not known: TRY_LATER."""
    later = replace(expired, trust=replace(expired.trust, crls=()))
    report = later.judged(stamped=SIGNED).report
    assert report.conclusion.sub_indication in (
        SubIndication.TRY_LATER,  # the person's, at the proved time
        SubIndication.OUT_OF_BOUNDS_NO_POE,  # the service's own chain is not known either: no proof
    )


def test_a_stamp_older_than_the_certificate_fails(revoked: Office) -> None:
    """A signature cannot be older than the certificate it names."""
    report = revoked.judged(stamped=NOW - timedelta(days=400, hours=-1)).report
    assert report.conclusion.indication is not Indication.TOTAL_FAILED
    early = revoked.judged(stamped=NOW - timedelta(days=900)).report
    # the stamp's own certificate was not valid then either, so it proves nothing or the signature fails
    assert early.conclusion.indication is not Indication.TOTAL_PASSED
