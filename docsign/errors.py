"""Every error the library raises.

    DocsignError
    ├── UsageError                 the call itself is wrong                                   exit 2
    │   └── FileUnusableError      no such file, a folder, not readable, would be overwritten exit 2
    ├── MalformedError             untrusted bytes that cannot be understood                  exit 1
    │   ├── PdfError
    │   │   ├── PdfPasswordError   encrypted, and the password is missing or wrong
    │   │   └── PdfBudgetError     reading it would cost more work than allowed
    │   ├── XmlError
    │   │   └── EdxmlError
    │   ├── ContainerError
    │   ├── CmsError
    │   ├── WireError              an answer or a request that breaks the wire protocol
    │   ├── EvidenceError          a log, proof or checkpoint that does not hold
    │   └── EncryptionError        encrypted data that this key does not open, or that is damaged
    ├── DocumentError              an official document whose values break its form           exit 1
    │   ├── SecretDocumentError    a secrecy mark: such documents never travel
    │   └── UnprintableError       a character that no font of official documents has
    ├── SigningKeyError            the key cannot be used                                     exit 1
    │   ├── PassphraseError        the passphrase or PIN is missing, wrong or locked
    │   ├── KeyUnreachableError    token removed, remote signing service away              exit 1, retry
    │   └── CertificateUnfitError  expired, not yet valid, revoked, wrong usage
    ├── TrustError                 the trust folder or file cannot be used                    exit 1
    ├── TimestampError             the time-stamping service did not give a usable token      exit 1, retry
    ├── NotVerifiedError           raised by ``Report.require`` alone                         exit 1
    ├── ExchangeError              talking to a relay
    │   ├── RelayUnreachableError  no connection, or it broke                                 exit 75, retry
    │   ├── RelayBusyError         the relay asks to come back later                          exit 75, retry
    │   ├── RelayIdentityError     the other side is not the relay we trust, or refuses us    exit 1
    │   ├── RelayRefusedError      the relay said no, with its problem document               exit 1
    │   └── OutboxBusyError        another process is sending from this outbox                exit 75, retry
    └── StorageError               disk or database                                           exit 1
        └── DiskFullError                                                                     exit 75, retry

Each error has a stable ``code``, one sentence that names the offending thing and its place, a hint where
one helps, and knows whether trying again makes sense. The library never prints and never exits. Only the
commands that talk to a relay end with 75; the others with 1 instead.
"""

from __future__ import annotations

from typing import ClassVar

from docsign.sentence import Language, Sentence, say

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INDETERMINATE = 3
EXIT_NO_SIGNATURE = 4
EXIT_OUR_BUG = 70
EXIT_TRY_LATER = 75


class DocsignError(Exception):
    """The root: whatever the library raises on purpose is one of these."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = EXIT_FAILED
    retry: ClassVar[bool] = False

    def __init__(self, sentence: Sentence, *, where: str = "", hint: Sentence | None = None) -> None:
        """Keep the sentence; ``where`` is the place in the input, such as ``header.to[1].code``."""
        super().__init__(sentence, where, hint)
        self.sentence = sentence
        self.where = where
        self.hint = hint

    def text(self, language: Language = "vi") -> str:
        """Return place, sentence and hint as one line."""
        place = f"{self.where}: " if self.where else ""
        hint = f" {self.hint.text(language)}" if self.hint else ""
        return f"{place}{self.sentence.text(language)}{hint}"

    def __str__(self) -> str:
        return self.text("en")


class UsageError(DocsignError):
    """The call itself is wrong: a missing or contradictory argument."""

    code = "usage"
    exit_status = EXIT_USAGE


class FileUnusableError(UsageError):
    """A path that is missing, a folder where a file is meant, not readable, or already there."""

    code = "file"


class MalformedError(DocsignError):
    """Untrusted bytes that cannot be understood."""

    code = "malformed"


class PdfError(MalformedError):
    """Not a PDF, or one that is damaged."""

    code = "malformed-pdf"


class PdfPasswordError(PdfError):
    """An encrypted PDF whose password is missing or wrong."""

    code = "pdf-password"


class PdfBudgetError(PdfError):
    """Reading this PDF would cost more counted work than the caller allows: a bomb, or simply too big."""

    code = "pdf-budget"


class XmlError(MalformedError):
    """XML that is not well formed or not allowed here (a DTD, entities, depth, size)."""

    code = "malformed-xml"


class EdxmlError(XmlError):
    """A message that is not edXML (QCVN 102:2016) as far as it must be."""

    code = "malformed-edxml"


class ContainerError(MalformedError):
    """A ZIP or ASiC container that breaks a rule of EN 319 162-1 or of safe reading."""

    code = "malformed-container"


class CmsError(MalformedError):
    """A CMS structure that cannot be understood."""

    code = "malformed-cms"


class WireError(MalformedError):
    """A request or an answer that breaks the relay's wire protocol."""

    code = "malformed-wire"


class EvidenceError(MalformedError):
    """A log, a proof or a checkpoint of it that does not hold what it claims."""

    code = "evidence"


class EncryptionError(MalformedError):
    """Encrypted data that is not for this key, was changed or cut, or is of a form that is not read here."""

    code = "encryption"


class DocumentError(DocsignError):
    """An official document whose values break its form."""

    code = "document"


class SecretDocumentError(DocumentError):
    """A document with a secrecy mark: never built, packed, sent or accepted (QD 28/2018 Art. 1)."""

    code = "secret-document"


class UnprintableError(DocumentError):
    """A character that no font of official documents has; ``text_not_printed`` is the character."""

    code = "unprintable"

    def __init__(self, text: str, *, where: str = "") -> None:
        """Keep the character and name it by its code point."""
        names = " ".join(f"U+{ord(character):04X}" for character in text)
        super().__init__(
            say("This character cannot be printed with the fonts of official documents: {text}.", text=names),
            where=where,
        )
        self.text_not_printed = text


class SigningKeyError(DocsignError):
    """A signing key that cannot be used."""

    code = "key"


class PassphraseError(SigningKeyError):
    """The passphrase or PIN is missing or wrong."""

    code = "passphrase"


class KeyUnreachableError(SigningKeyError):
    """The key is not there: a token that was removed, a signing service that does not answer."""

    code = "key-unreachable"
    retry = True


class CertificateUnfitError(SigningKeyError):
    """The signer's certificate is expired, not yet valid, revoked, or not meant for signing."""

    code = "certificate-unfit"


class TrustError(DocsignError):
    """A trust folder or file that cannot be used."""

    code = "trust"


class TimestampError(DocsignError):
    """The time-stamping service (RFC 3161) did not give a usable token."""

    code = "timestamp"
    retry = True


class NotVerifiedError(DocsignError):
    """A report does not meet the policy it was asked to meet."""

    code = "not-verified"


class ExchangeError(DocsignError):
    """Something between this side and a relay."""

    code = "exchange"


class RelayUnreachableError(ExchangeError):
    """No connection to the relay, or the connection broke."""

    code = "relay-unreachable"
    exit_status = EXIT_TRY_LATER
    retry = True


class RelayBusyError(ExchangeError):
    """The relay asks to come back later (429, 503)."""

    code = "relay-busy"
    exit_status = EXIT_TRY_LATER
    retry = True

    def __init__(
        self,
        sentence: Sentence,
        *,
        retry_after: int | None = None,
        where: str = "",
        hint: Sentence | None = None,
    ) -> None:
        """Keep the relay's words and the seconds it asks us to wait (``Retry-After``)."""
        super().__init__(sentence, where=where, hint=hint)
        self.retry_after = retry_after


class RelayIdentityError(ExchangeError):
    """The other side is not the relay that is trusted, or it does not accept our certificate."""

    code = "relay-identity"


class RelayRefusedError(ExchangeError):
    """The relay refused with a problem document (RFC 9457); ``problem`` is its stable type."""

    code = "relay-refused"

    def __init__(
        self, sentence: Sentence, *, problem: str = "", where: str = "", hint: Sentence | None = None
    ) -> None:
        """Keep the relay's words and its problem type."""
        super().__init__(sentence, where=where, hint=hint)
        self.problem = problem


class OutboxBusyError(ExchangeError):
    """Another process is sending from this outbox, or receiving into this register, now."""

    code = "outbox-busy"
    exit_status = EXIT_TRY_LATER
    retry = True


class StorageError(DocsignError):
    """The disk or the database failed."""

    code = "storage"


class DiskFullError(StorageError):
    """No space left: nothing was kept, and trying again makes sense once there is room."""

    code = "disk-full"
    exit_status = EXIT_TRY_LATER
    retry = True
