"""The clerk's desk every transcript begins with."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from docsign.document import OfficialDocument
from docsign.envelope import Header, Organization
from docsign.envelope.edxml_message import Attachment, write_message
from docsign.pki.authority import TrialAuthority
from tests.ades.time_cases import SIGNED
from tests.conftest import COMMUNE, PASSPHRASE
from tests.envelope.receipt_desk import AFTER, HOUR
from tests.envelope.receipt_desk import Desk as RelayDesk

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """An environment without the settings of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DOCSIGN_") and name not in ("LANG", "LC_ALL", "XDG_CONFIG_HOME", "COLUMNS")
    }
    return {**kept, "XDG_CONFIG_HOME": os.devnull, "COLUMNS": "200", "TZ": "Asia/Ho_Chi_Minh"}


@pytest.fixture(scope="session")
def desk(
    tmp_path_factory: pytest.TempPathFactory, authority: TrialAuthority, p12: Path, trust_folder: Path
) -> Path:
    """A folder with drafts, keys good and unfit, a trust folder, and files that are not what they seem."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("letter.toml", "decision.toml", "copy.toml"):
        shutil.copy(EXAMPLES / name, folder / name)
    shutil.copytree(trust_folder, folder / "trust")
    for name in ("person", "agency", "province"):
        shutil.copy(p12 / f"{name}.p12", folder / f"{name}.p12")
    for name in ("relay.p12", "relay-tls.pem", "commune-tls.pem", "agency.pem", "passphrase.txt"):
        shutil.copy(p12 / name, folder / name)
    (folder / "wrong.txt").write_text("không phải mật khẩu\n", encoding="utf-8")

    for name in ("one", "two", "three"):
        issued = authority.issue("encryption", f"Khóa mã hóa {name}")
        (folder / f"{name}.p12").write_bytes(issued.pkcs12(PASSPHRASE))
        (folder / f"{name}.pem").write_bytes(issued.certificate.public_bytes(Encoding.PEM))

    past = datetime.now(UTC) - timedelta(days=800)
    expired = authority.issue(
        "person", "Trần Thị Thử", organization=COMMUNE, not_before=past, not_after=past + timedelta(days=365)
    )
    (folder / "expired.p12").write_bytes(expired.pkcs12(PASSPHRASE))
    server = authority.issue("relay-tls", "localhost")
    (folder / "server.p12").write_bytes(server.pkcs12(PASSPHRASE))

    subprocess.run([sys.executable, str(EXAMPLES / "trial_images.py"), str(folder)], check=True)
    pdf = OfficialDocument.from_path(folder / "letter.toml").to_pdf()
    (folder / "letter.pdf").write_bytes(pdf)
    copy = (folder / "copy.toml").read_text(encoding="utf-8")
    (folder / "print.toml").write_text(
        copy.replace('"paper"  ', '"electronic"  ').replace('target = "electronic"', 'target = "paper"'),
        encoding="utf-8",
    )
    Image.new("RGB", (1654, 2339), "white").save(folder / "scan.pdf", "PDF", resolution=200)
    Image.new("L", (827, 1170), 255).save(folder / "coarse.pdf", "PDF", resolution=100)
    relay = RelayDesk.open()
    (folder / "bien-nhan.json").write_bytes(relay.logged(stamped=None).to_json())
    (folder / "bien-nhan-co-dau.json").write_bytes(relay.logged().to_json())
    for name, day in (("trust-2022", SIGNED + 3 * HOUR), ("trust-2025", AFTER)):
        relay.write_trust(folder / name, day)
    (folder / "message.edxml").write_bytes(axis_message(pdf))
    (folder / "truncated.pdf").write_bytes(pdf[: len(pdf) // 2])
    letter = (folder / "letter.toml").read_text(encoding="utf-8")
    secret, wrong = (
        re.sub("(?m)^subject = .*", 'subject = "Mật"', letter),
        letter.replace("Công văn", "Sắc lệnh"),
    )
    (folder / "secret.toml").write_text(secret, encoding="utf-8")
    (folder / "wrong.toml").write_text(wrong, encoding="utf-8")
    (folder / "notes.txt").write_text("Đây không phải là PDF.\n", encoding="utf-8")
    (folder / "empty").mkdir()
    return folder


def axis_message(pdf: bytes) -> bytes:
    """Return a message as it comes from the national axis: the PDF wrapped in a ZIP."""
    packed, message = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("0f1e2d3c.pdf", pdf)
    header = Header(
        sender=Organization(code="000.00.00.H99", name="UBND tỉnh Mẫu"),
        receivers=(Organization(code="H99.31", name="UBND phường Một"),),
        number="125",
        notation="UBND-VX",
        issued=date(2026, 11, 16),
        subject="V/v thử nghiệm gửi, nhận văn bản điện tử",
    )
    data = packed.getvalue()
    attachment = Attachment(
        content_id="5c1a7c1e",
        name="125-UBND-VX.pdf",
        content_type="application/zip",
        description="Văn bản chính",
        content=io.BytesIO(data),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    write_message(message, header, [attachment])
    return message.getvalue()
