"""A small world with a frozen clock: a root, a CA, a signer, two time-stamping services, and their lists.

Every date is of the story, none is of today: signed in 2022, ended in 2024, archived before, looked at later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509

from docsign.ades import cms as writing
from docsign.pdf.archive import ArchivablePdf
from docsign.pdf.judge import judge_pdf
from docsign.pdf.judgement import PdfJudgement
from docsign.pdf.writer import SignablePdf
from docsign.pki.trust import Anchor, Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import SignatureReport
from tests.pki.certifying import Digest, Holder, root, year

SIGNED = year(2022, 3)
ENDED = year(2024, 1)
BEGUN, SIGNER_BEGUN, TSA_ENDED, CA_ENDED = year(2020), year(2021), year(2026), year(2040)
ROOM = 12_000
PAGE = (
    b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\n"
)


def blank() -> bytes:
    """Return a PDF of one empty page."""
    offsets = [PAGE.index(b"%d 0 obj" % number) for number in (1, 2, 3)]
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 4\n0000000000 65535 f \n" + rows
    return PAGE + table + b"trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(PAGE)


@dataclass
class World:
    """Whose certificates there are; the signer's ended in 2024, the first service's in 2026."""

    root: Holder = field(default_factory=lambda: root(begin=BEGUN, end=year(2060)))
    ca_end: datetime = CA_ENDED
    signer_begin: datetime = SIGNER_BEGUN
    signer_end: datetime = ENDED
    tsa_end: datetime = TSA_ENDED
    signer_digest: Digest | None = None

    def __post_init__(self) -> None:
        self.ca = self.root.issue("CA mẫu", ca=True, begin=year(2020), end=self.ca_end)
        self.signer = self.ca.issue(
            "Nguyễn Văn Mẫu", begin=self.signer_begin, end=self.signer_end, digest=self.signer_digest
        )
        self.tsa = self.ca.tsa("Dấu thời gian một", begin=year(2020), end=self.tsa_end)
        self.tsa_next = self.ca.tsa("Dấu thời gian hai", begin=year(2022), end=year(2039))
        self.trust = Trust.of([self.root.certificate])

    def lax(self) -> None:
        """Expect no revocations of anybody."""
        self.trust = Trust.of([Anchor(certificate=self.root.certificate, revocation="not-expected")])

    def lists(
        self,
        at: datetime,
        *,
        days: int = 30,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        **revoked: tuple[datetime, str],
    ) -> ValidationData:
        """Return both lists made at a time; ``revoked`` names holders of this world (``signer``, ``ca``)."""
        named = {getattr(self, name).certificate: when for name, when in revoked.items()}
        by_root = {one: when for one, when in named.items() if one == self.ca.certificate}
        by_ca = {one: when for one, when in named.items() if one != self.ca.certificate}
        until = at + timedelta(days=days)
        return ValidationData.of(
            certificates=[self.ca.certificate],
            crls=[
                self.root.crl(at, until, revoked=by_root, extensions=extensions),
                self.ca.crl(at, until, revoked=by_ca, extensions=extensions),
            ],
        )

    # --- PDF ------------------------------------------------------------------------------------------------

    def signed_pdf(
        self, *, at: datetime = SIGNED, stamped: datetime | None = None, tsa: Holder | None = None
    ) -> bytes:
        """Sign a page, with a signature time-stamp where a time is given."""
        prepared = SignablePdf(blank()).prepare(field_name=None, signing_time=at, room=ROOM)
        key = self.signer.held()
        attributes = writing.signed_attributes(prepared.digest, key.certificate, signing_time=None)
        value = key.sign(attributes)
        token = None if stamped is None else (tsa or self.tsa).stamp(value, stamped)
        return prepared.complete(
            writing.signed_data(
                signed_attributes=attributes,
                signature=value,
                certificate=key.certificate,
                chain=key.chain,
                scheme=key.scheme,
                timestamp_token=token,
            )
        )

    def with_data(self, pdf: bytes, data: ValidationData) -> bytes:
        """Append a store of validation data."""
        return pdf + ArchivablePdf(pdf).with_data(data)

    def archived(
        self, pdf: bytes, at: datetime, *, data: ValidationData | None = None, tsa: Holder | None = None
    ) -> bytes:
        """Append a document time-stamp, with validation data below it."""
        prepared = ArchivablePdf(pdf).prepare_timestamp(data or ValidationData(), room=ROOM)
        return prepared.complete((tsa or self.tsa).stamp_digest(prepared.digest, at))

    def judged(self, pdf: bytes, at: datetime, *, lists: Sequence[ValidationData] = ()) -> SignatureReport:
        """Judge at a time; ``lists`` lie in the trust folder."""
        return self.judgement(pdf, at, lists=lists).signatures[0]

    def judgement(self, pdf: bytes, at: datetime, *, lists: Sequence[ValidationData] = ()) -> PdfJudgement:
        """Judge the whole file at a time."""
        crls = tuple(crl for data in lists for crl in data.crls)
        anchors = self.trust.anchors
        return judge_pdf(pdf, trust=Trust.of(anchors, crls=crls), at=at)
