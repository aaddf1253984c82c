"""An encrypted envelope goes through a real relay, which reads no more than the header outside."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from docsign import verify
from docsign.encrypting import decrypted, seal_encrypted_to
from docsign.envelope import Header, envelope_header, read_container
from docsign.exchange import Outbox
from docsign.exchange.inbox import Inbox, waiting
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Conclusion, Indication
from tests.exchange.conftest import COMMUNE, PROVINCE
from tests.exchange.test_with_the_relay import Served, name_of, served

__all__ = ["served"]  # a fixture
SECRET = "Nguyễn Văn Mẫu;1.000.000\n".encode()


async def test_an_encrypted_envelope_is_accepted_and_delivered(
    served: Served, agency_key: SigningKey, authority: TrialAuthority, trust: Trust, tmp_path: Path
) -> None:
    """Routed by its outer header, kept byte for byte, opened by the receiver; the receipt holds offline."""
    receiver = authority.issue("encryption", "Khóa mã hóa của tỉnh", key="p256")
    header = Header(
        sender=COMMUNE,
        receivers=(PROVINCE,),
        number="125",
        notation="UBND-VX",
        issued=date(2026, 11, 20),
        subject="danh sách hộ được hỗ trợ",
    )
    stream = io.BytesIO()
    seal_encrypted_to(stream, header, [("danh sách.csv", SECRET)], agency_key, [receiver.certificate])
    envelope = stream.getvalue()
    with Outbox(tmp_path / "xa") as outbox:
        outbox.add(envelope)
        async with served.client("commune-tls") as commune:
            (sent,) = await outbox.run(commune)
    with (
        Outbox(tmp_path / "tinh") as outbox,
        Inbox(tmp_path / "tinh", outbox=outbox, agency=PROVINCE) as inbox,
    ):
        async with served.client("province-tls") as province:
            (item,) = await waiting(province)
            assert "hỗ trợ" not in item.subject
            received = await inbox.receive(province, item, tmp_path / "den")
    assert received.path.read_bytes() == envelope
    container = read_container(io.BytesIO(envelope))
    with decrypted(container, envelope_header(container), receiver.signing_key()) as (inside, within):
        assert inside.read("documents/danh sách.csv", 1000) == SECRET
        assert within.subject == header.subject
    served.stop()
    assert sent.receipt is not None
    report = verify(sent.receipt, trust=trust, at=datetime.now(UTC) + timedelta(minutes=1), offline=True)
    assert report.conclusion == Conclusion.passed()
    said = " ".join(one.sentence.text("vi") for one in report.findings)
    for word in (header.document_id, COMMUNE.code, name_of(envelope)):
        assert word in said
    assert "nhật ký" in said
    assert b'"signature"' in sent.receipt
    # years later the relay's certificate has expired: intact, but that it was made in time nobody proves
    later = verify(sent.receipt, trust=trust, at=datetime.now(UTC) + timedelta(days=20 * 365), offline=True)
    assert later.conclusion.indication is Indication.INDETERMINATE
    assert all(one.intact is True for one in later.signatures)
    assert "receipt-says" in [one.code for one in later.findings]
