"""A chain passes, or the verdict says what is missing or wrong, in the standard's words."""

from __future__ import annotations

import contextlib
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.errors import MalformedError
from docsign.pki import PathVerdict, Trust, judge_path, path_facts, paths
from docsign.pki.authority import TrialAuthority
from docsign.pki.certificates import Role, load_certificates
from docsign.pki.paths import path_question
from docsign.pki.trust import Anchor
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, Indication, SubIndication
from tests.conftest import Holders
from tests.pki.certifying import build, name, root, usage, year

NOW = datetime.now(UTC)


def _why(verdict: PathVerdict) -> tuple[SubIndication | None, list[str]]:
    assert verdict.conclusion.indication is Indication.INDETERMINATE
    return verdict.conclusion.sub_indication, [finding.code for finding in verdict.findings]


@pytest.mark.parametrize(
    ("holder", "role"), [("person", "sign"), ("agency", "sign"), ("tsa", "tsa"), ("relay", "relay")]
)
def test_a_trusted_chain_passes(holder: str, role: Role, holders: Holders, trust: Trust) -> None:
    """Signer, issuer and anchor, revocation known: TOTAL-PASSED with the chain in order."""
    issued = getattr(holders, holder)
    verdict = judge_path(issued.certificate, trust=trust, at=NOW, role=role)
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED, verdict
    assert verdict.chain == (issued.certificate, *issued.chain, trust.anchors[0].certificate)
    assert verdict.findings == ()
    assert verdict.revoked_at is None


async def test_it_works_inside_a_running_event_loop(holders: Holders, trust: Trust) -> None:
    """The relay judges inside its loop."""
    verdict = judge_path(holders.agency.certificate, trust=trust, at=NOW)
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED


def test_without_any_anchor_it_is_indeterminate(holders: Holders) -> None:
    """Nobody trusted: NO_CERTIFICATE_CHAIN_FOUND, never failed, never passed."""
    verdict = judge_path(
        holders.person.certificate, others=holders.person.chain, trust=Trust.nothing(), at=NOW
    )
    assert _why(verdict) == (SubIndication.NO_CERTIFICATE_CHAIN_FOUND, ["no-chain"])
    assert verdict.chain == ()


def test_a_missing_issuer_may_come_with_the_signature(
    holders: Holders, trust: Trust, authority: TrialAuthority
) -> None:
    """The root alone is trusted: without the issuer no chain, with it a chain."""
    roots = Trust.of([authority.root], crls=trust.crls)
    certificate = holders.person.certificate
    assert _why(judge_path(certificate, trust=roots, at=NOW))[1] == ["no-chain"]
    verdict = judge_path(certificate, others=[authority.issuing], trust=roots, at=NOW)
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED


def test_another_authority_of_the_same_name_is_not_trusted(
    make_authority: Callable[[], TrialAuthority], trust: Trust
) -> None:
    """Same names, other keys: no chain."""
    forged = make_authority().issue("agency", "Con dấu giả", agency="H99.31", key="p256")
    verdict = judge_path(forged.certificate, others=forged.chain, trust=trust, at=NOW)
    assert _why(verdict) == (SubIndication.NO_CERTIFICATE_CHAIN_FOUND, ["no-chain"])


def test_anchors_serve_only_their_roles(holders: Holders, trust: Trust) -> None:
    """An anchor for time-stamps says nothing about signers."""
    tsa_only = replace(trust, anchors=tuple(replace(one, roles=frozenset({"tsa"})) for one in trust.anchors))
    assert _why(judge_path(holders.person.certificate, trust=tsa_only, at=NOW))[1] == ["no-chain"]
    stamp = judge_path(holders.tsa.certificate, trust=tsa_only, at=NOW, role="tsa")
    assert stamp.conclusion.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    ("holder", "role"), [("person", "tsa"), ("tsa", "sign"), ("commune_tls", "sign"), ("relay_tls", "relay")]
)
def test_a_certificate_for_something_else_does_not_pass(
    holder: str, role: Role, holders: Holders, trust: Trust
) -> None:
    """Wrong usage is CHAIN_CONSTRAINTS_FAILURE."""
    verdict = judge_path(getattr(holders, holder).certificate, trust=trust, at=NOW, role=role)
    assert _why(verdict) == (SubIndication.CHAIN_CONSTRAINTS_FAILURE, ["wrong-usage"])


def test_an_expired_certificate_is_out_of_bounds(holders: Holders, trust: Trust) -> None:
    """After its end, and nothing proves the signature older."""
    verdict = judge_path(holders.person.certificate, trust=trust, at=NOW + timedelta(days=800))
    assert _why(verdict) == (SubIndication.OUT_OF_BOUNDS_NO_POE, ["expired"])
    assert "Nguyễn Văn Mẫu" in str(verdict.findings[0].sentence)


def test_a_certificate_not_yet_valid_is_out_of_bounds(authority: TrialAuthority) -> None:
    """Before its beginning."""
    issued = authority.issue("person", "Người của ngày mai", key="p256", not_before=NOW + timedelta(days=1))
    verdict = judge_path(issued.certificate, trust=authority.trust(), at=NOW)
    assert _why(verdict) == (SubIndication.OUT_OF_BOUNDS_NO_POE, ["not-yet-valid"])


def test_missing_revocation_lists_are_named(holders: Holders, trust: Trust) -> None:
    """TRY_LATER, and the finding says whose list is missing: the root's, the issuing authority's."""
    for wanted, missing in (("CA THỬ NGHIỆM gốc", 0), ("CA THỬ NGHIỆM –", 1)):
        root_name = trust.anchors[0].certificate.subject
        kept = [
            crl for crl in trust.crls if (x509.load_der_x509_crl(crl).issuer == root_name) != (missing == 0)
        ]
        verdict = judge_path(holders.person.certificate, trust=replace(trust, crls=tuple(kept)), at=NOW)
        assert _why(verdict) == (SubIndication.TRY_LATER, ["revocation-unknown"])
        assert f"(CRL) of {wanted}" in str(verdict.findings[0].sentence)


def test_lists_may_come_with_the_signature(holders: Holders, trust: Trust) -> None:
    """CRLs handed in serve as well as those of the trust folder; unreadable ones are passed over."""
    bare = replace(trust, crls=())
    verdict = judge_path(
        holders.person.certificate, trust=bare, at=NOW, crls=[b"khong phai CRL", *trust.crls]
    )
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED


def test_stale_lists_are_said_to_be_stale(holders: Holders, trust: Trust) -> None:
    """After a year the lists have ended: TRY_LATER, a newer one is needed."""
    verdict = judge_path(holders.person.certificate, trust=trust, at=NOW + timedelta(days=400))
    assert _why(verdict) == (SubIndication.TRY_LATER, ["revocation-stale"])


def test_a_forged_list_says_nothing(
    holders: Holders, trust: Trust, make_authority: Callable[[], TrialAuthority]
) -> None:
    """A list in the right name by another key neither revokes nor reassures."""
    stranger = make_authority()
    forged = tuple((stranger.trust_folder / name).read_bytes() for name in ("root.crl", "issuing.crl"))
    verdict = judge_path(holders.person.certificate, trust=replace(trust, crls=forged), at=NOW)
    assert verdict.conclusion.sub_indication is SubIndication.TRY_LATER


def test_no_list_is_needed_where_none_is_expected(holders: Holders, trust: Trust) -> None:
    """An anchor with revocation "not-expected" passes without lists."""
    anchor = Anchor(certificate=trust.anchors[0].certificate, revocation="not-expected")
    lax = Trust.of([anchor], intermediates=trust.intermediates)
    verdict = judge_path(holders.person.certificate, trust=lax, at=NOW)
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("rule", ["required", "not-expected"])
def test_a_revoked_certificate_does_not_pass(rule: str, make_authority: Callable[[], TrialAuthority]) -> None:
    """Revoked: REVOKED_NO_POE with its time; at a proved time before it, the chain passes and tells when."""
    authority = make_authority()
    issued = authority.issue("agency", "Con dấu đã mất", key="p256")
    when = NOW.replace(microsecond=0)
    authority.revoke(issued.certificate, at=when, reason="keyCompromise")
    trust = authority.trust()
    if rule == "not-expected":
        trust = replace(
            trust, anchors=tuple(replace(one, revocation="not-expected") for one in trust.anchors)
        )
    for at in (when, when + timedelta(days=1), when + timedelta(days=900)):
        verdict = judge_path(issued.certificate, trust=trust, at=at)
        assert _why(verdict) == (SubIndication.REVOKED_NO_POE, ["revoked"])
        assert verdict.revoked_at == when
    before = judge_path(issued.certificate, trust=trust, at=when - timedelta(seconds=1))
    assert before.conclusion.indication is Indication.TOTAL_PASSED
    assert before.revoked_at == when


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *extensions: tuple[x509.ExtensionType, bool],
    until: datetime | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(until or NOW + timedelta(days=365))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


CA = (x509.BasicConstraints(ca=True, path_length=None), True)


def test_an_issuer_that_is_no_authority_does_not_pass() -> None:
    """A person's certificate cannot certify others."""
    root_key, person_key, victim_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _certificate("Gốc", root_key, "Gốc", root_key, CA)
    person = _certificate(
        "Người", person_key, "Gốc", root_key, (x509.BasicConstraints(ca=False, path_length=None), True)
    )
    forged = _certificate("Chủ tịch giả", victim_key, "Người", person_key)
    trust = Trust.of([root], revocation="not-expected")
    verdict = judge_path(forged, others=[person], trust=trust, at=NOW)
    assert _why(verdict) == (SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, ["path-invalid"])


def test_an_unknown_critical_extension_does_not_pass() -> None:
    """What must be understood and is not, is not passed over (RFC 5280 4.2)."""
    key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Gốc", key, "Gốc", key, CA)
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.99"), b"\x05\x00")
    signer = _certificate("Người", ec.generate_private_key(ec.SECP256R1()), "Gốc", key, (odd, True))
    verdict = judge_path(signer, trust=Trust.of([root], revocation="not-expected"), at=NOW)
    assert _why(verdict) == (SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, ["path-invalid"])


def _under(*root: tuple[x509.ExtensionType, bool], until: datetime | None = None) -> PathVerdict:
    """Judge a signer below an authority below a root with these extensions; the root lasts ``until``."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    top = _certificate("Gốc", keys[0], "Gốc", keys[0], *root, until=until)
    between = _certificate("Cấp giữa", keys[1], "Gốc", keys[0], CA)
    signer = _certificate("Người", keys[2], "Cấp giữa", keys[1], _policy("1.3.6.1.4.1.99999.2"))
    return judge_path(signer, others=[between], trust=Trust.of([top], revocation="not-expected"), at=NOW)


def _policy(name: str) -> tuple[x509.ExtensionType, bool]:
    held = x509.PolicyInformation(x509.ObjectIdentifier(name), None)
    return x509.CertificatePolicies([held]), False


@pytest.mark.parametrize("length", [1, 2])
def test_an_anchor_may_say_how_long_a_path_is(length: int) -> None:
    """RFC 5937 3: one authority below it, where it allows one or two."""
    verdict = _under((x509.BasicConstraints(ca=True, path_length=length), True))
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED, verdict.findings


def test_a_path_longer_than_its_anchor_allows_does_not_pass() -> None:
    """No authority below it, and there is one."""
    verdict = _under((x509.BasicConstraints(ca=True, path_length=0), True))
    assert _why(verdict) == (SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, ["path-invalid"])


def test_the_policies_of_an_anchor_are_not_asked_of_others() -> None:
    """RFC 5280 6.1.1 c, e: none is required unless the one who verifies asks for it."""
    verdict = _under(CA, _policy("1.3.6.1.4.1.99999.1"))
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED, verdict.findings


def test_the_names_that_an_anchor_allows_are_asked_of_others() -> None:
    """RFC 5937 3: names are, for they say over whom it has a word."""
    allowed = x509.NameConstraints([x509.DirectoryName(_name("Ai khác"))], None)
    verdict = _under(CA, (allowed, True))
    assert _why(verdict) == (SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, ["path-invalid"])


def test_an_anchor_that_ends_before_its_signers_serves() -> None:
    """RFC 5280 6.1.1 d: an anchor is a name and a key; many roots end an hour before those below them."""
    verdict = _under(CA, until=NOW + timedelta(days=364))
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED, verdict.findings


def test_a_signer_that_is_itself_the_anchor_passes_within_its_validity() -> None:
    """A self-signed certificate trusted by decision; outside its validity it is out of bounds."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate("Máy đóng dấu", key, "Máy đóng dấu", key)
    verdict = judge_path(own, trust=Trust.of([own]), at=NOW)
    assert verdict.conclusion.indication is Indication.TOTAL_PASSED
    assert verdict.chain == (own,)
    late = judge_path(own, trust=Trust.of([own]), at=NOW + timedelta(days=500))
    assert _why(late) == (SubIndication.OUT_OF_BOUNDS_NO_POE, ["expired"])
    stranger = judge_path(own, trust=Trust.nothing(), at=NOW)
    assert _why(stranger)[1] == ["no-chain"]


@pytest.mark.parametrize("revoked", [False, True])
def test_an_ocsp_answer_says_whether_it_is_revoked(revoked: bool) -> None:
    """Where the certificate names an OCSP service, its answer serves instead of a list."""
    key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Gốc", key, "Gốc", key, CA)
    service = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/")
    )
    own = ec.generate_private_key(ec.SECP256R1())
    signer = _certificate("Người", own, "Gốc", key, (x509.AuthorityInformationAccess([service]), False))
    when = (NOW - timedelta(hours=2)).replace(microsecond=0)
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=signer,
            issuer=root,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=NOW - timedelta(hours=1),
            next_update=NOW + timedelta(days=1),
            revocation_time=when if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, root)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    trust = Trust.of([root])
    assert _why(judge_path(signer, trust=trust, at=NOW))[1] == ["revocation-unknown"]
    verdict = judge_path(signer, trust=trust, at=NOW, ocsps=[b"khong phai OCSP", answer])
    if revoked:
        assert _why(verdict) == (SubIndication.REVOKED_NO_POE, ["revoked"])
        assert verdict.revoked_at == when
    else:
        assert verdict.conclusion.indication is Indication.TOTAL_PASSED


def test_certificates_that_certify_each_other_in_circles_cost_little(trust: Trust) -> None:
    """Sixty authorities of one name and key: a verdict within the budget of signature checks."""
    key = ec.generate_private_key(ec.SECP256R1())
    ring = [_certificate("Vòng", key, "Vòng", key, CA) for _ in range(60)]
    leaf = _certificate("Người", ec.generate_private_key(ec.SECP256R1()), "Vòng", key)
    start = time.monotonic()
    verdict = judge_path(leaf, others=ring, trust=trust, at=NOW)
    assert _why(verdict)[0] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert time.monotonic() - start < 5


def test_a_passed_chain_is_remembered_no_longer_than_it_holds(
    make_authority: Callable[[], TrialAuthority],
) -> None:
    """The second answer costs next to nothing; past the end of a list or a revocation it is asked anew."""
    authority = make_authority()
    issued = authority.issue("agency", "Con dấu hay dùng", key="p256")
    trust = authority.trust()
    first = judge_path(issued.certificate, trust=trust, at=NOW)
    gathered = path_facts._gathered.cache_info().misses
    assert judge_path(issued.certificate, trust=trust, at=NOW) == first
    assert path_facts._gathered.cache_info().misses == gathered
    late = judge_path(issued.certificate, trust=trust, at=NOW + timedelta(days=366))
    assert _why(late) == (SubIndication.TRY_LATER, ["revocation-stale"])
    assert _why(judge_path(issued.certificate, trust=trust, at=NOW - timedelta(days=1)))[1] == [
        "not-yet-valid"
    ]
    assert _why(judge_path(issued.certificate, trust=trust, at=NOW, role="tsa"))[1] == ["wrong-usage"]
    assert _why(judge_path(issued.certificate, trust=Trust.nothing(), at=NOW))[1] == ["no-chain"]
    authority.revoke(issued.certificate, at=NOW + timedelta(hours=1))
    renewed = authority.trust()
    soon = judge_path(issued.certificate, trust=renewed, at=NOW)
    assert soon.conclusion.indication is Indication.TOTAL_PASSED
    after = judge_path(issued.certificate, trust=renewed, at=NOW + timedelta(hours=2))
    assert _why(after)[1] == ["revoked"]


def test_a_list_made_after_the_end_of_a_certificate_proves_nothing(
    make_authority: Callable[[], TrialAuthority],
) -> None:
    """Expired certificates leave the lists, so a later list does not say that one was never revoked."""
    authority = make_authority()
    issued = authority.issue("person", "Người đã nghỉ", key="p256", not_after=NOW + timedelta(days=10))
    authority.renew(at=NOW + timedelta(days=20))
    verdict = judge_path(issued.certificate, trust=authority.trust(), at=NOW + timedelta(days=5))
    assert _why(verdict) == (SubIndication.TRY_LATER, ["revocation-unknown"])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_certificates_and_lists_get_a_verdict(
    data: st.DataObject, holders: Holders, trust: Trust
) -> None:
    """Any bytes changed in the signer, its issuer or a list: an answer; a changed signer never passes."""
    signer, issuer, crl = (
        holders.person.certificate.public_bytes(Encoding.DER),
        holders.person.chain[0].public_bytes(Encoding.DER),
        trust.crls[0],
    )
    damaged = []
    for der in (signer, issuer, crl):
        changed = bytearray(der)
        for _ in range(data.draw(st.integers(0, 2))):
            changed[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(1, 255))
        damaged.append(bytes(changed))
    with contextlib.suppress(MalformedError):
        (leaf,), (parent,) = load_certificates(damaged[0]), load_certificates(damaged[1])
        root = Trust.of([trust.anchors[0].certificate], crls=[damaged[2]])
        verdict = judge_path(leaf, others=[parent], trust=root, at=NOW, ocsps=[damaged[2]])
        # One list of two is missing at best.
        assert verdict.conclusion.indication is not Indication.TOTAL_PASSED
        verdict = judge_path(leaf, others=[parent], trust=trust, at=NOW)
        signed = holders.person.certificate.tbs_certificate_bytes
        if leaf.tbs_certificate_bytes != signed:  # the encoding around the signed part may vary
            assert verdict.conclusion.indication is not Indication.TOTAL_PASSED


SPELLINGS: dict[str, Callable[[str], str]] = {
    "capitals": lambda text: text.upper(),
    "spaces": lambda text: f"  {text.replace(' ', '   ')} ",
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "another": lambda text: text + "2",
}


@pytest.mark.parametrize(
    ("revoked", "reason"), [(False, ""), (True, "keyCompromise"), (True, "certificateHold")]
)
def test_one_answer_stands_for_all_moments_between_two_turns(revoked: bool, reason: str) -> None:
    """Around every time that is said anywhere, and every month, the answer is that for the very moment."""
    top = root(begin=year(2020), end=year(2040))
    middle = top.issue("CA mẫu", ca=True, begin=year(2021), end=year(2031), digest=hashes.SHA224())
    signer = middle.issue("Nguyễn Văn Mẫu", begin=year(2022), end=year(2030))
    said = {signer.certificate: (year(2026, 3), reason)} if revoked else None
    lists = (
        top.crl(year(2024), year(2028)),
        middle.crl(year(2021, 3), year(2021, 4)),
        middle.crl(year(2024, 11), year(2026, 2)),
        middle.crl(year(2026, 6), year(2027), revoked=said, digest=hashes.SHA224()),
    )
    answer = middle.answer(signer.certificate, year(2025, 2))
    question = path_question(
        signer.certificate,
        trust=Trust.of([top.certificate]),
        data=ValidationData.of(certificates=[middle.certificate], crls=lists, ocsps=[answer]),
    )
    exactly = paths._answer.__wrapped__  # type: ignore[attr-defined] # the function without what it keeps
    step = datetime.resolution
    moments = [year(number, month) for number in range(2019, 2042) for month in range(1, 13)]
    moments += [year(2025, 2) + timedelta(minutes=10)]
    verdicts = [
        (paths.answer_path(question, at), exactly(question, at))
        for moment in moments
        for at in (moment - step, moment, moment + step)
    ]
    assert all(kept == made for kept, made in verdicts)
    assert len({kept.findings for kept, _ in verdicts}) >= 4


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_one_name_may_be_written_in_two_ways(spelling: str) -> None:
    """RFC 5280 7.1: case and doubled spaces do not count, in certificate and revocation list; letters do."""
    authority = root("Cơ quan cấp chứng thư mẫu")
    other = name(SPELLINGS[spelling]("Cơ quan cấp chứng thư mẫu"))
    key = ec.generate_private_key(ec.SECP256R1())
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(ca=False), True),
    ]
    certificate = build(
        name("Nguyễn Văn Mẫu"),
        other,
        key,
        authority.key,
        NOW - timedelta(days=9),
        NOW + timedelta(days=9),
        extensions,
        None,
    )
    crl = authority.crl(NOW, issuer=other)
    verdict = judge_path(certificate, trust=Trust.of([authority.certificate]), at=NOW, crls=[crl])
    if spelling == "another":
        assert _why(verdict) == (SubIndication.NO_CERTIFICATE_CHAIN_FOUND, ["no-chain"])
    else:
        assert verdict.conclusion == Conclusion.passed()
    stranger = root("Cơ quan cấp chứng thư mẫu")
    verdict = judge_path(certificate, trust=Trust.of([stranger.certificate]), at=NOW, crls=[crl])
    assert _why(verdict)[0] is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
