"""Makes the trial authority of the honest files: signers valid for twenty years, lists that do not run out.

The keys go to the folder named by DOCSIGN_HONEST_KEYS, outside the repository; trust/ is what is committed.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from docsign.pki import authority as pki
from docsign.pki.authority import Issued, TrialAuthority
from tests.pdf.honest.make.index import FOLDER

PASSPHRASE = "thu nghiem"
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
LISTED = datetime(2026, 11, 30, tzinfo=UTC)
"""When the lists of trust/ are made: after every signature, before the time of the verdict."""
LONG = timedelta(days=7200)

COMMUNE = "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM"
PROVINCE = "ỦY BAN NHÂN DÂN TỈNH THỬ NGHIỆM"


def keys() -> Path:
    """Return the folder of keys (NAME.p12, NAME.pem), the lists for embedding, and the trust folder in it."""
    return Path(os.environ["DOCSIGN_HONEST_KEYS"])


def create() -> None:
    """Make the authority, its signers and trust/; refuses to replace one."""
    folder = keys()
    pki.ROOT_LIFE = pki.ISSUING_LIFE = LONG + timedelta(days=30)
    pki.CRL_LIFE = LONG
    authority = TrialAuthority.create(folder / "authority", at=BEGIN, trust_folder=folder / "trust")
    issued: dict[str, Issued] = {}

    def issue(name: str, *words: str, **more: str) -> None:
        kind, holder = words
        issued[name] = authority.issue(
            kind, holder, at=BEGIN, not_before=BEGIN, not_after=BEGIN + LONG, **more  # type: ignore[arg-type]
        )

    issue("person", "person", "Nguyễn Văn Mẫu", organization=COMMUNE, position="Chủ tịch", agency="H99.31")
    issue("agency", "agency", COMMUNE, organization=COMMUNE, agency="H99.31")
    issue("province", "agency", PROVINCE, organization=PROVINCE, agency="H99")
    issue("person-p256", "person", "Trần Thị Thử", organization=PROVINCE, position="Chuyên viên", agency="H99", key="p256")
    issue("person-ed25519", "person", "Lê Văn Thí Dụ", organization=PROVINCE, agency="H99", key="ed25519")
    issue("tsa", "tsa", "Dấu thời gian THỬ NGHIỆM")
    for name, one in issued.items():
        (folder / f"{name}.p12").write_bytes(one.pkcs12(PASSPHRASE))
        (folder / f"{name}.pem").write_bytes(one.pem())
    authority.renew(at=BEGIN + timedelta(days=10))
    shutil.copytree(folder / "trust", folder / "lists")  # the lists of the day, for embedding
    authority.renew(at=LISTED)
    committed = FOLDER / "trust"
    shutil.rmtree(committed, ignore_errors=True)
    shutil.copytree(folder / "trust", committed)


if __name__ == "__main__":
    create()
