"""Who signed, in the words of a report, and certificates that cannot be read."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades.signer import load_certificates, signatory
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority


def test_the_trust_folder_says_who_signed(
    agency_key: SigningKey, person_key: SigningKey, trust: Trust
) -> None:
    """``trust.toml`` names role and agency."""
    for key, role in ((agency_key, "agency"), (person_key, "person")):
        who = signatory(key.certificate, trust)
        assert (who.role, who.agency) == (role, "H99.31")


def test_else_the_certificate_does(agency_key: SigningKey, person_key: SigningKey, trust: Trust) -> None:
    """An agency's certificate names the agency as its holder, a person's names both."""
    unknown = replace(trust, signers=())
    agency, person = signatory(agency_key.certificate, unknown), signatory(person_key.certificate, unknown)
    assert (agency.role, person.role) == ("agency", "person")
    assert person.signer == "Nguyễn Văn Mẫu"
    assert agency.agency == person.agency == "H99.31"
    assert signatory(None, trust).signer is None


def test_a_seal_may_name_its_agency_shorter_than_the_organization(authority: TrialAuthority) -> None:
    """The holder “UBND phường Một” of “UBND phường Một, tỉnh Mẫu” is that agency, not a person in it."""
    seal = authority.issue(
        "agency", "UBND phường Một", organization="UBND phường Một, tỉnh Mẫu", agency="H99.31"
    )
    assert signatory(seal.certificate, Trust.nothing()).role == "agency"


def test_unreadable_certificates_are_left_out(agency_key: SigningKey) -> None:
    """As if they were not there; no exception and no warning."""
    good = agency_key.certificate.public_bytes(Encoding.DER)
    version_nine = good.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x08", 1)
    loaded = load_certificates([b"", b"\x30\x00", good[:-1], version_nine, good])
    assert loaded == (agency_key.certificate,)
