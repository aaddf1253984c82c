"""The ports' everyday implementations: the system's clock and randomness, the evidence key, the judge."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from cryptography import x509

from docsign.ades.cades import judge_cms
from docsign.detached import sign_detached
from docsign.envelope.container import read_container
from docsign.envelope.header import Header
from docsign.envelope.judge import ContainerJudgement, envelope_header, judge_container
from docsign.pki.certificates import display_name, fingerprint
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from docsign.sentence import Sentence
from docsign.verdict import Conclusion, Finding, Indication, Severity


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(UTC)


class SystemRandomness:
    """The operating system's randomness."""

    def name(self) -> str:
        """See ports.Randomness."""
        return secrets.token_hex(16)


class KeyNotary:
    """A Notary over a held signing key."""

    def __init__(self, key: SigningKey, *, name: str = "") -> None:
        """``name`` is what the records call the relay; by default the name in the certificate."""
        self._key = key
        self._name = name or display_name(key.certificate)
        self._certificate = fingerprint(key.certificate)

    @property
    def name(self) -> str:
        """See ports.Notary."""
        return self._name

    @property
    def certificate(self) -> str:
        """See ports.Notary."""
        return self._certificate

    def sign(self, record: bytes, *, at: datetime) -> bytes:
        """See ports.Notary."""
        return sign_detached(record, self._key, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An Examination of a container."""

    header: Header
    judgement: ContainerJudgement

    @property
    def conclusion(self) -> Conclusion:
        """See ports.Examination."""
        return self.judgement.conclusion

    @property
    def signers(self) -> tuple[str, ...]:
        """See ports.Examination."""
        return tuple(fingerprint(certificate) for _, certificate in self.judgement.sealed_by())

    @property
    def reason(self) -> Sentence | None:
        """See ports.Examination."""
        findings: list[Finding] = list(self.judgement.findings)
        for signature in self.judgement.signatures:
            findings += signature.findings
        for severity in (Severity.ERROR, Severity.WARNING):
            for finding in findings:
                if finding.severity is severity:
                    return finding.sentence
        return None


class TrustExaminer:
    """An Examiner with a trust held open."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def examine(self, stream: BinaryIO, *, at: datetime) -> Examined:
        """See ports.Examiner."""
        container = read_container(stream)
        header = envelope_header(container)
        return Examined(header=header, judgement=judge_container(container, trust=self._trust, at=at))

    def signer_of(self, cms: bytes, content: bytes, *, at: datetime) -> str | None:
        """See ports.Examiner."""
        judgement = judge_cms(cms, content=content, trust=self._trust, at=at)
        passed = judgement.report.conclusion.indication is Indication.TOTAL_PASSED
        return fingerprint(judgement.certificate) if passed and judgement.certificate else None

    def is_revoked(self, certificate: bytes) -> bool:
        """See ports.Examiner."""
        try:
            return self._trust.revocation(x509.load_der_x509_certificate(certificate)) is not None
        except ValueError:
            return True  # not even a certificate
