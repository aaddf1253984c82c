"""The ports' everyday implementations: the system's clock and randomness, the evidence key, the judge."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from docsign.ades.cades import judge_cms
from docsign.detached import sign_detached
from docsign.envelope.container import read_container
from docsign.envelope.evidence import About
from docsign.envelope.header import Header
from docsign.envelope.judge import ContainerJudgement, envelope_header, judge_container
from docsign.envelope.signed_note import NoteKey
from docsign.errors import StorageError
from docsign.files import is_file, read_file, write_file
from docsign.pki.certificates import display_name, fingerprint
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.verdict import Conclusion, Indication, Severity
from relay_server.core.logbook import Logbook
from relay_server.core.submissions import Submission


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


class LogKey:
    """The Ed25519 key of the evidence log, in a file of the relay's folder that its owner alone can read."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Hold the key."""
        self._private = private

    @staticmethod
    def open(path: Path) -> LogKey:
        """Read the key, or make one where there is no file; raises StorageError, FileUnusableError."""
        if not is_file(path):
            private = Ed25519PrivateKey.generate()
            pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_file(path, pem, private=True, durable=True, overwrite=False)
            return LogKey(private)
        try:
            found = load_pem_private_key(read_file(path, limit=64 * 1024), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            found = None
        if not isinstance(found, Ed25519PrivateKey):
            raise StorageError(say("This is not the key of a log (Ed25519, PEM)."), where=str(path))
        return LogKey(found)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def logbook(self, about: About) -> Logbook:
        """Return the log of this key, as ``about`` names it."""
        return Logbook(NoteKey.parse(about.log_key), self._private.sign)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An Examination of a container, in values that go from process to process."""

    submission: Submission
    conclusion: Conclusion
    signers: tuple[str, ...]
    reason: Sentence | None

    @staticmethod
    def of(header: Header, judgement: ContainerJudgement) -> Examined:
        """Take from a judgement what a relay asks of it."""
        return Examined(
            submission=Submission.of(header),
            conclusion=judgement.conclusion,
            signers=tuple(fingerprint(certificate) for _, certificate in judgement.sealed_by()),
            reason=_reason(judgement),
        )


def _reason(judgement: ContainerJudgement) -> Sentence | None:
    """Return the first of the worst things that are wrong."""
    findings = judgement.every_finding
    for severity in (Severity.ERROR, Severity.WARNING):
        for finding in findings:
            if finding.severity is severity:
                return finding.sentence
    return None


ANSWERS = 4096
"""Of how many certificates it is remembered whether this trust has them revoked."""


class TrustExaminer:
    """An Examiner with a trust held open."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._revoked: dict[bytes, bool] = {}

    async def renew(self, trust: Trust) -> None:
        """Judge by this trust from now on."""
        self._trust = trust
        self._revoked = {}

    async def examine(self, stream: BinaryIO, *, at: datetime) -> Examined:
        """See ports.Examiner; judges in a thread."""
        return await asyncio.to_thread(self.judge, stream, at=at)

    def judge(self, stream: BinaryIO, *, at: datetime) -> Examined:
        """Read and judge here and now; raises MalformedError."""
        container = read_container(stream)
        header = envelope_header(container)
        return Examined.of(header, judge_container(container, trust=self._trust, at=at))

    def signer_of(self, cms: bytes, content: bytes, *, at: datetime) -> str | None:
        """See ports.Examiner."""
        judgement = judge_cms(cms, content=content, trust=self._trust, at=at)
        passed = judgement.report.conclusion.indication is Indication.TOTAL_PASSED
        return fingerprint(judgement.certificate) if passed and judgement.certificate else None

    def is_revoked(self, certificate: bytes) -> bool:
        """See ports.Examiner."""
        trust, answers = self._trust, self._revoked
        if certificate not in answers:
            if len(answers) >= ANSWERS:
                answers.clear()
            try:
                revoked = trust.revocation(x509.load_der_x509_certificate(certificate)) is not None
            except ValueError:
                revoked = True  # not even a certificate
            answers[certificate] = revoked
        return answers[certificate]
