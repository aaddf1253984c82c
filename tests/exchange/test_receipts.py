"""A receipt counts when the relay's own key signed an acceptance of this very envelope."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docsign.detached import sign_detached
from docsign.envelope.evidence import EvidenceEvent, Reason, Receipt
from docsign.errors import RelayIdentityError, WireError
from docsign.exchange.receipts import require_receipt, require_record
from docsign.exchange.tls import read_identity, relay_context
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.trust import Anchor
from tests.exchange.relay_double import RelayDouble

NAME = "1a" * 32


@pytest.fixture
def receipt(relay_key: SigningKey) -> Receipt:
    """A good receipt."""
    return RelayDouble(relay_key).sign(NAME, "H99.31", "H99.31,2026/11/20,125/UBND-VX")


def resigned(receipt: Receipt, key: SigningKey, **changes: object) -> bytes:
    """Return the receipt with other evidence, signed by ``key``."""
    evidence = replace(receipt.evidence, **changes)  # type: ignore[arg-type]
    unsigned = Receipt(evidence=evidence, signature=b"")
    return Receipt(evidence=evidence, signature=sign_detached(unsigned.signed, key)).to_json()


def test_a_good_receipt(receipt: Receipt, trust: Trust) -> None:
    """It comes back as a value."""
    checked = require_receipt(receipt.to_json(), sha256=NAME, trust=trust, at=datetime.now(UTC))
    assert checked.to_json() == receipt.to_json()


def test_it_is_about_this_envelope(receipt: Receipt, trust: Trust) -> None:
    """Another digest: another envelope."""
    with pytest.raises(WireError, match="another envelope"):
        require_receipt(receipt.to_json(), sha256="2b" * 32, trust=trust, at=datetime.now(UTC))


def test_it_is_an_acceptance(receipt: Receipt, relay_key: SigningKey, trust: Trust) -> None:
    """A signed rejection is no receipt."""
    why = (Reason(code="secret", text="Văn bản mật"),)
    data = resigned(receipt, relay_key, event=EvidenceEvent.SUBMISSION_REJECTION, reasons=why)
    with pytest.raises(WireError, match="no acceptance"):
        require_receipt(data, sha256=NAME, trust=trust, at=datetime.now(UTC))


def test_any_record_by_its_name(receipt: Receipt, relay_key: SigningKey, trust: Trust) -> None:
    """A handover as a receipt of its own; another record than the one that was asked for is refused."""
    handover = resigned(receipt, relay_key, event=EvidenceEvent.CONTENT_HANDOVER, id="f" * 32)
    now = datetime.now(UTC)
    checked = require_record(handover, record="f" * 32, sha256=NAME, trust=trust, at=now)
    assert checked.evidence.event is EvidenceEvent.CONTENT_HANDOVER
    with pytest.raises(WireError, match="another record"):
        require_record(receipt.to_json(), record="f" * 32, sha256=NAME, trust=trust, at=now)
    with pytest.raises(WireError, match="another envelope"):
        require_record(handover, record="f" * 32, sha256="2b" * 32, trust=trust, at=now)
    with pytest.raises(RelayIdentityError):
        require_record(handover, record="f" * 32, sha256=NAME, trust=Trust.nothing(), at=now)


def test_the_named_certificate_signed_it(receipt: Receipt, authority: TrialAuthority, trust: Trust) -> None:
    """Another relay of the same authority cannot sign in this one's name."""
    other = authority.issue("relay", "Trạm khác").signing_key()
    with pytest.raises(RelayIdentityError, match="another certificate"):
        require_receipt(resigned(receipt, other), sha256=NAME, trust=trust, at=datetime.now(UTC))


def test_signing_anchors_do_not_vouch_for_receipts(receipt: Receipt, trust: Trust) -> None:
    """The role of the anchor decides: ``relay``, not ``sign``."""
    roots = [anchor.certificate for anchor in trust.anchors]
    signing = Trust.of(
        [Anchor(certificate=root, roles=frozenset({"sign"})) for root in roots], crls=trust.crls
    )
    with pytest.raises(RelayIdentityError, match="not signed by a relay"):
        require_receipt(receipt.to_json(), sha256=NAME, trust=signing, at=datetime.now(UTC))


def test_unknown_revocation_is_not_passed_in_silence(receipt: Receipt, trust: Trust) -> None:
    """Without revocation lists, or with old ones, the receipt is not accepted; what is missing is said."""
    bare = Trust.of(trust.anchors, intermediates=trust.intermediates)
    with pytest.raises(RelayIdentityError, match="TRY_LATER"):
        require_receipt(receipt.to_json(), sha256=NAME, trust=bare, at=datetime.now(UTC))
    later = datetime.now(UTC) + timedelta(days=500)
    with pytest.raises(RelayIdentityError, match="INDETERMINATE"):
        require_receipt(receipt.to_json(), sha256=NAME, trust=trust, at=later)


def test_the_tls_settings_hold_only_relay_anchors(p12: Path, trust: Trust) -> None:
    """Certificates are demanded, names are checked, old TLS is off."""
    context = relay_context(read_identity(p12 / "commune-tls.pem"), trust)
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.minimum_version.name == "TLSv1_2"
    assert 1 <= len(context.get_ca_certs()) <= 2
    assert context.is_revoked(b"khong phai chung thu")
