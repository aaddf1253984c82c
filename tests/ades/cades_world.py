"""A trial authority of 2023 with signers and services, and the content they sign: for tests of CAdES."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from docsign.ades.cades import CmsJudgement, judge_cms, judge_signers
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from tests.cades_builder import Cms

CONTENT = "Quyết định về việc thử nghiệm".encode()
BEGIN = datetime(2024, 1, 10, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class World:
    """An authority of 2023 with a person, an agency and two time-stamping services."""

    def __init__(self, authority: TrialAuthority) -> None:
        begin = BEGIN - timedelta(days=90)
        table = authority.trust_folder / "trust.toml"
        table.write_text(table.read_text("utf-8").replace('"required"', '"not-expected"'), "utf-8")
        self.authority = authority
        self.trust = Trust.from_path(authority.trust_folder)

        def key(kind: str, name: str) -> SigningKey:
            return authority.issue(kind, name, key="p256", at=begin).signing_key()  # type: ignore[arg-type]

        self.person, self.agency = key("person", "Nguyễn Văn Mẫu"), key("agency", "Ủy ban thử nghiệm")
        self.tsa, self.archive_tsa = key("tsa", "Dấu thời gian"), key("tsa", "Dấu thời gian lưu trữ")
        self.crls = [path.read_bytes() for path in sorted(authority.trust_folder.glob("*.crl"))]

    def signed(self, *, attached: bool = False) -> Cms:
        """Sign CONTENT as the person."""
        return Cms.signed(CONTENT, self.person, at=BEGIN, attached=attached)

    def judged(self, made: Cms | bytes, *, content: bytes | None = CONTENT, days: int = 1) -> CmsJudgement:
        """Judge the one signer."""
        data = made if isinstance(made, bytes) else made.encode()
        return judge_cms(data, content=content, trust=self.trust, at=BEGIN + timedelta(days=days))

    def all(self, made: Cms, *, content: bytes | None = CONTENT) -> tuple[CmsJudgement, ...]:
        """Judge every signer and counter-signer."""
        return judge_signers(made.encode(), content=content, trust=self.trust, at=BEGIN + timedelta(days=1))
