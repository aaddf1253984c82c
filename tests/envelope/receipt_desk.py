"""A relay with a frozen clock, which signs a receipt, keeps a log, and has it time-stamped: in 2022.

The relay's certificate runs from 2021 to 2024, the receipt is of March 2022, the certificate of the first
time-stamping service ends in 2026.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.envelope.evidence import (
    ENVELOPE_TYPE,
    About,
    Evidence,
    EvidenceEvent,
    Issuer,
    Part,
    Receipt,
)
from docsign.envelope.evidence_judge import ReceiptJudgement, judge_receipt
from docsign.envelope.merkle import Frontier, inclusion_proof, leaf_hash
from docsign.envelope.signed_note import Checkpoint, LogProof, NoteKey
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from tests.ades.time_cases import SIGNED, World
from tests.pki.certifying import Holder, year

HOUR = timedelta(hours=1)
BEFORE, AFTER = SIGNED + 2 * HOUR, year(2025, 6)
LISTS = SIGNED + HOUR
OTHERS = [b"ho so khac %d" % number for number in range(6)]


@dataclass
class Desk:
    """A relay (the world's signer), its log, and whoever stamps it."""

    world: World
    log: Ed25519PrivateKey
    key: NoteKey

    @staticmethod
    def open(world: World | None = None) -> Desk:
        """Open a relay's desk."""
        log = Ed25519PrivateKey.generate()
        key = NoteKey(name="tram.example/thu", public=log.public_key().public_bytes_raw())
        return Desk(world=world or World(), log=log, key=key)

    def receipt(self, **changes: object) -> Receipt:
        """Sign a record of an acceptance, or as ``changes`` say; it stands in no log yet."""
        world = self.world
        evidence = Evidence(
            id="0123456789abcdef",
            event=EvidenceEvent.SUBMISSION_ACCEPTANCE,
            time=SIGNED,
            issuer=Issuer(name="Trạm thử nghiệm", certificate=fingerprint(world.signer.certificate)),
            sender="H99.31",
            recipients=("H99",),
            document_id="H99.31,2022/03/01,125/UBND-VX",
            submitted_at=SIGNED,
            parts=(Part(id="envelope", type=ENVELOPE_TYPE, digest="ab" * 32),),
        )
        evidence = replace(evidence, **changes)  # type: ignore[arg-type]
        unsigned = Receipt(evidence=evidence, signature=b"")
        return replace(unsigned, signature=world.signer.sign_cms(unsigned.signed, SIGNED))

    def about(self, stamped: datetime | None, tsa: Holder | None = None) -> About:
        """Sign the relay's word on its log."""
        word = About(
            relay="Trạm thử nghiệm",
            certificate=fingerprint(self.world.signer.certificate),
            log_key=str(self.key),
            time=SIGNED,
        )
        word = replace(word, signature=self.world.signer.sign_cms(word.signed, SIGNED))
        if stamped is None:
            return word
        return replace(word, stamp=(tsa or self.world.tsa).stamp(word.stamped, stamped))

    def checkpoint(self, entries: list[bytes]) -> bytes:
        """Sign a checkpoint over entries."""
        top = Frontier().grown([leaf_hash(one) for one in entries]).root
        return Checkpoint(origin=self.key.name, size=len(entries), root=top).signed(self.key, self.log.sign)

    def logged(
        self,
        *,
        stamped: datetime | None = BEFORE,
        tsa: Holder | None = None,
        lists: ValidationData | None = None,
    ) -> Receipt:
        """Return a receipt with its proof, time-stamped where a time is given, with lists inside."""
        receipt = self.receipt()
        entries = [*OTHERS[:3], receipt.entry, *OTHERS[3:]]
        note = self.checkpoint(entries)
        leaves = [leaf_hash(one) for one in entries]
        path = tuple(
            inclusion_proof(3, len(entries), lambda start, end: Frontier().grown(leaves[start:end]).root)
        )
        return replace(
            receipt,
            proof=LogProof(index=3, path=path, checkpoint=note).to_text(),
            about=self.about(stamped, tsa),
            stamp=b"" if stamped is None else (tsa or self.world.tsa).stamp(note, stamped),
            crls=(self.world.lists(LISTS) if lists is None else lists).crls,
        )

    def trust(self, at: datetime, *more: ValidationData) -> Trust:
        """Return the trust folder of that day: its lists are of the hour before, and name nobody."""
        lists = (self.world.lists(at - HOUR), *more)
        return Trust.of(self.world.trust.anchors, crls=[crl for one in lists for crl in one.crls])

    def judged(self, receipt: Receipt, at: datetime, *more: ValidationData) -> ReceiptJudgement:
        """Judge at a time, with the trust folder of that day and these lists in it."""
        return judge_receipt(receipt.to_json(), trust=self.trust(at, *more), at=at)

    def write_trust(self, folder: Path, at: datetime) -> None:
        """Write the trust folder of that day."""
        folder.mkdir()
        (folder / "root.pem").write_bytes(self.world.root.certificate.public_bytes(Encoding.PEM))
        for number, crl in enumerate(self.world.lists(at - HOUR).crls):
            (folder / f"{number}.crl").write_bytes(crl)
