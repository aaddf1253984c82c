"""Revocation lists of every form: what they say of whom, and why some say nothing (RFC 5280 5, 6.3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.pki.paths import judge_path
from docsign.pki.revocation import list_proof
from docsign.pki.status import Remark, StatusProof, generalized_time
from docsign.pki.trust import Trust
from docsign.verdict import Conclusion, SubIndication
from tests.pki.certifying import Holder, name, points, root, year

MADE = year(2025)
URL = "http://ca.example/mot.crl"
CA = root("CA mẫu")
SIGNER = CA.issue("Nguyễn Văn Mẫu", list_at=URL)
BELOW = CA.issue("CA cấp dưới", ca=True, list_at=URL)

Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def scope(
    *,
    url: str = "",
    users: bool = False,
    authorities: bool = False,
    attributes: bool = False,
    indirect: bool = False,
    reasons: frozenset[x509.ReasonFlags] | None = None,
) -> Extensions:
    """Return the issuing distribution point of a list."""
    point = x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)] if url else None,
        relative_name=None,
        only_contains_user_certs=users,
        only_contains_ca_certs=authorities,
        only_some_reasons=reasons,
        indirect_crl=indirect,
        only_contains_attribute_certs=attributes,
    )
    return [(point, True)]


def said(crl: bytes, of: Holder = SIGNER, *, by: Holder = CA) -> StatusProof | Remark | None:
    """Return what a list says."""
    return list_proof(of.certificate, by.certificate, crl)


def test_a_plain_list_clears_and_revokes() -> None:
    """Not on it: good when it was made. On it: revoked since, for a reason."""
    good = said(CA.crl(MADE))
    assert isinstance(good, StatusProof)
    assert (good.revoked_at, good.this_update, good.signer) == (None, MADE, CA.certificate)
    when = MADE - timedelta(days=3)
    bad = said(CA.crl(MADE, revoked={SIGNER.certificate: (when, "keyCompromise")}))
    assert isinstance(bad, StatusProof)
    assert (bad.revoked_at, bad.reason, bad.is_hold) == (when, "keyCompromise", False)


@pytest.mark.parametrize(
    ("extensions", "of", "expected"),
    [
        (scope(url=URL), SIGNER, None),
        (scope(url="http://ca.example/hai.crl"), SIGNER, "crl-scope"),
        (scope(users=True), SIGNER, None),
        (scope(users=True), BELOW, "crl-scope"),
        (scope(authorities=True), BELOW, None),
        (scope(authorities=True), SIGNER, "crl-scope"),
        (scope(attributes=True), SIGNER, "crl-scope"),
        (scope(reasons=frozenset({x509.ReasonFlags.key_compromise})), SIGNER, "crl-scope"),
        ([(x509.DeltaCRLIndicator(1), True)], SIGNER, "crl-delta"),
        (
            [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)],
            SIGNER,
            "crl-critical",
        ),
        ([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)], SIGNER, None),
    ],
)
def test_a_list_clears_only_those_it_is_about(
    extensions: Extensions, of: Holder, expected: Remark | None
) -> None:
    """Distribution point, kinds of certificates, reasons, deltas, critical extensions: each named."""
    found = said(CA.crl(MADE, extensions=extensions), of)
    assert found == expected if expected else isinstance(found, StatusProof)


@pytest.mark.parametrize(
    "extensions",
    [
        scope(reasons=frozenset({x509.ReasonFlags.key_compromise})),
        [(x509.DeltaCRLIndicator(1), True)],
        [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)],
    ],
)
def test_one_that_clears_nobody_still_revokes(extensions: Extensions) -> None:
    """A delta, some reasons only, something not understood: who is on it is revoked all the same."""
    crl = CA.crl(MADE, extensions=extensions, revoked={SIGNER.certificate: (MADE, "keyCompromise")})
    found = said(crl)
    assert isinstance(found, StatusProof)
    assert (found.revoked_at, found.complete) == (MADE, False)


def test_an_indirect_list_is_taken_from_whom_the_certificate_names() -> None:
    """Signed by another, whom the CA certified for it, and whom the certificate names as the one to ask."""
    keeper = CA.issue("Danh sách chung", ca=True)
    pointing = points(URL, issuer=name("Danh sách chung"))
    signer = CA.issue("Trần Thị Thử", extra=[(pointing, False)])
    stranger = root("Danh sách chung")
    revoked = {signer.certificate: (MADE, "keyCompromise")}
    crl = keeper.crl(MADE, extensions=scope(indirect=True), revoked=revoked)
    found = list_proof(signer.certificate, CA.certificate, crl, [stranger.certificate, keeper.certificate])
    assert isinstance(found, StatusProof)
    assert (found.revoked_at, found.signer) == (MADE, keeper.certificate)
    assert list_proof(signer.certificate, CA.certificate, crl, [stranger.certificate]) == "crl-indirect"
    assert list_proof(SIGNER.certificate, CA.certificate, crl, [keeper.certificate]) is None
    # the same serial number of another issuer is another certificate
    other = keeper.crl(MADE, extensions=scope(indirect=True), revoked={})
    cleared = list_proof(signer.certificate, CA.certificate, other, [keeper.certificate])
    assert isinstance(cleared, StatusProof)
    assert cleared.revoked_at is None


def test_a_point_of_another_authority_is_not_met_by_the_issuers_list() -> None:
    """RFC 5280 6.3.3 (b)(1): whom the point names makes the list, even where it lies at the same address."""
    signer = CA.issue("Trần Thị Thử", extra=[(points(URL, issuer=name("Danh sách chung")), False)])
    own = CA.crl(MADE, extensions=scope(url=URL, indirect=True))
    assert said(own, signer) == "crl-scope"
    assert isinstance(said(own), StatusProof)
    assert isinstance(said(CA.crl(MADE), signer), StatusProof)  # a list of all that the issuer issued


def test_a_point_may_be_named_from_its_issuer_on() -> None:
    """RFC 5280 4.2.1.13: a relative name is the same as the whole one."""
    last = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "mot")])
    whole = x509.DirectoryName(x509.Name([*name("CA mẫu").rdns, last]))

    def point(*, relative: bool) -> x509.DistributionPoint:
        full = None if relative else [whole]
        return x509.DistributionPoint(full, last if relative else None, reasons=None, crl_issuer=None)

    for in_certificate, in_list in ((True, False), (False, True), (True, True)):
        pointing = x509.CRLDistributionPoints([point(relative=in_certificate)])
        signer = CA.issue("Trần Thị Thử", extra=[(pointing, False)])
        extensions: Extensions = [
            (
                x509.IssuingDistributionPoint(
                    full_name=None if in_list else [whole],
                    relative_name=last if in_list else None,
                    only_contains_user_certs=False,
                    only_contains_ca_certs=False,
                    only_some_reasons=None,
                    indirect_crl=False,
                    only_contains_attribute_certs=False,
                ),
                True,
            )
        ]
        assert isinstance(said(CA.crl(MADE, extensions=extensions), signer), StatusProof)
        assert said(CA.crl(MADE, extensions=extensions)) == "crl-scope"


def test_an_authority_with_a_new_key_signs_the_lists_of_its_old_one() -> None:
    """RFC 5280 3.2: the two keys are one authority where one certified the other, in whichever order."""
    new = CA.issue("CA mẫu", ca=True)
    below = new.issue("Trần Thị Thử")
    stranger = root("CA mẫu")
    revoked = {below.certificate: (MADE, "superseded")}
    by_old, by_new = CA.crl(MADE, revoked=revoked), new.crl(MADE)
    found = list_proof(below.certificate, new.certificate, by_old, [stranger.certificate, CA.certificate])
    assert isinstance(found, StatusProof)
    assert (found.revoked_at, found.signer) == (MADE, CA.certificate)
    found = list_proof(SIGNER.certificate, CA.certificate, by_new, [new.certificate])
    assert isinstance(found, StatusProof)
    assert (found.revoked_at, found.signer) == (None, new.certificate)
    for crl in (by_old, stranger.crl(MADE)):
        assert list_proof(below.certificate, new.certificate, crl, [stranger.certificate]) is None
    person = CA.issue("CA mẫu")  # certified, of that name, and no authority
    assert list_proof(SIGNER.certificate, CA.certificate, person.crl(MADE), [person.certificate]) is None


def test_a_list_signed_by_another_says_nothing() -> None:
    """The same name is not the same key; a certificate without cRLSign signs no lists."""
    assert said(root("CA mẫu").crl(MADE)) is None
    person = CA.issue("CA mẫu")
    assert list_proof(SIGNER.certificate, person.certificate, person.crl(MADE)) is None


def test_a_suspension_may_be_lifted() -> None:
    """On hold is TRY_LATER; a newer list without the certificate lifts it, a revocation is for good."""
    trust = Trust.of([CA.certificate])
    held = CA.crl(MADE, revoked={SIGNER.certificate: (MADE, "certificateHold")})
    lifted = CA.crl(MADE + timedelta(days=2))
    at = MADE + timedelta(days=3)

    def judged(*crls: bytes) -> Conclusion:
        return judge_path(SIGNER.certificate, trust=trust, at=at, crls=crls).conclusion

    assert judged(held) == Conclusion.indeterminate(SubIndication.TRY_LATER)
    assert judged(lifted, held) == Conclusion.passed()
    revoked = CA.crl(MADE, revoked={SIGNER.certificate: (MADE, "superseded")})
    assert judged(lifted, revoked) == Conclusion.indeterminate(SubIndication.REVOKED_NO_POE)


def test_why_a_list_says_nothing_is_told() -> None:
    """The verdict waits, and says what was at hand and why it did not help."""
    crl = CA.crl(MADE, extensions=[(x509.DeltaCRLIndicator(1), True)])
    verdict = judge_path(SIGNER.certificate, trust=Trust.of([CA.certificate]), at=MADE, crls=[crl])
    assert [one.code for one in verdict.findings] == ["revocation-unknown", "revocation-crl-delta"]


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (b"\x18\x0f20200101000000Z", year(2020)),
        (b"\x18\x0f20209901000000Z", None),
        (b"\x17\x0d200101000000Z", None),
        (b"", None),
    ],
)
def test_times_in_extensions_are_read_strictly(der: bytes, expected: object) -> None:
    """DER GeneralizedTime in UTC, or nothing."""
    assert generalized_time(der) == expected


def test_freshness_is_what_it_says_itself() -> None:
    """A list until its nextUpdate; for a proved time, an answer only from after it (EN 319 102-1 5.2.5)."""
    day = timedelta(days=1)
    common = {"name": b"", "this_update": MADE, "next_update": MADE + 7 * day, "signer": CA.certificate}
    crl = StatusProof(kind="crl", **common)  # type: ignore[arg-type] # handed on
    answer = StatusProof(kind="ocsp", **common)  # type: ignore[arg-type] # handed on
    assert crl.is_fresh(MADE + 7 * day)
    assert not crl.is_fresh(MADE + 8 * day)
    assert crl.is_fresh(MADE + day, stamped=True)
    assert answer.is_fresh(MADE + day)
    assert not answer.is_fresh(MADE + day, stamped=True)
    assert answer.is_fresh(MADE + timedelta(minutes=5), stamped=True)
    assert answer.is_fresh(MADE - 100 * day, stamped=True)


_LIST = CA.crl(MADE, extensions=scope(url=URL), revoked={BELOW.certificate: (MADE, "keyCompromise")})


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_list_says_nothing(data: st.DataObject) -> None:
    """One byte changed anywhere: no exception, and no word, for its signature is broken."""
    changed = bytearray(_LIST)
    place = data.draw(st.integers(0, len(_LIST) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    assert isinstance(said(_LIST), StatusProof)
    assert said(bytes(changed)) is None
