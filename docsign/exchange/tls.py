"""Mutual TLS towards a relay: who we are, and whom we accept as the relay.

The identity is a PEM file (key, certificate, issuers) or a PKCS#12 file; a token cannot serve here. The relay
must show a certificate that leads to an anchor of the trust's role ``relay`` and is not on its revocation
lists: the latter is checked in the handshake, before a byte of a document leaves.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from docsign.errors import (
    CertificateUnfitError,
    DocsignError,
    PassphraseError,
    RelayIdentityError,
    SigningKeyError,
    TrustError,
)
from docsign.files import file_error, read_file
from docsign.pki.certificates import display_name, is_self_signed, load_certificates, order_chain
from docsign.pki.keys import HeldKey
from docsign.pki.pkcs12 import read_pkcs12
from docsign.pki.trust import Trust, looks_like_pkcs12
from docsign.sentence import Sentence, say

IDENTITY_LIMIT = 4 * 1024 * 1024
"""The largest identity file, in bytes."""

Passphrase = str | Callable[[], str] | None

_REVOKED = 23  # X509_V_ERR_CERT_REVOKED
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"})
_LOG_IN = say("If this network asks to log in, open a web page, log in, and try again.")
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21, 24, 27})


def read_identity(path: Path | str, passphrase: Passphrase = None) -> HeldKey:
    """Read key, certificate and issuers; raises FileUnusableError, PassphraseError, SigningKeyError."""
    data = read_file(path, limit=IDENTITY_LIMIT)
    try:
        return read_pkcs12(data, passphrase) if looks_like_pkcs12(data) else _read_pem(data, passphrase)
    except SigningKeyError as error:
        raise type(error)(error.sentence, where=str(path), hint=error.hint) from error


def _read_pem(data: bytes, passphrase: Passphrase) -> HeldKey:
    try:
        certificates = load_certificates(data)
    except DocsignError as error:
        raise SigningKeyError(
            say("This is no identity: a PEM file with key and certificate, or a PKCS#12 file, is needed.")
        ) from error
    if not certificates or b"PRIVATE KEY-----" not in data:
        raise SigningKeyError(
            say("This is no identity: a PEM file with key and certificate, or a PKCS#12 file, is needed.")
        )
    locked = b"ENCRYPTED" in data
    secret = (passphrase() if callable(passphrase) else passphrase) if locked else None
    if locked and secret is None:
        raise PassphraseError(say("This key needs its passphrase."))
    try:
        key = load_pem_private_key(data, secret.encode() if secret is not None else None)
    except (ValueError, TypeError) as error:
        if locked:
            raise PassphraseError(say("The passphrase is wrong, or the file is damaged.")) from error
        raise SigningKeyError(say("The private key in this file cannot be read.")) from error
    certificate = certificates[0]
    return HeldKey.of(key, certificate, order_chain(certificate, certificates[1:]))


class _Connection(ssl.SSLObject):
    """A TLS connection that also asks the revocation lists about the relay's certificate."""

    def do_handshake(self) -> None:
        """Finish the handshake, then refuse a revoked certificate."""
        super().do_handshake()
        shown = self.getpeercert(binary_form=True)
        context = self.context
        assert isinstance(context, RelayContext)
        if shown is not None and context.is_revoked(shown):
            error = ssl.SSLCertVerificationError("certificate revoked")
            error.verify_code = _REVOKED
            error.verify_message = "certificate revoked"
            raise error


class RelayContext(ssl.SSLContext):
    """TLS settings for one relay: our identity, its anchors, the revocation lists at hand."""

    sslobject_class = _Connection  # type: ignore[assignment, unused-ignore] # documented, typed as a method
    trust: Trust = Trust.nothing()

    def is_revoked(self, certificate: bytes) -> bool:
        """Say whether the trust's lists revoke this certificate (DER)."""
        try:
            return self.trust.revocation(x509.load_der_x509_certificate(certificate)) is not None
        except ValueError:
            return True


def relay_context(identity: HeldKey, trust: Trust) -> RelayContext:
    """Make the TLS settings; raises TrustError where no anchor may vouch for a relay."""
    anchors = [anchor.certificate for anchor in trust.for_role("relay")]
    if not anchors:
        raise TrustError(
            say("The trust names no authority for relays."),
            hint=say('Give one whose roles hold "relay", with --relay-trust or in trust.toml.'),
        )
    context = RelayContext(ssl.PROTOCOL_TLS_CLIENT)
    context.trust = trust
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    accepted = list(anchors)
    if all(is_self_signed(anchor) for anchor in anchors):
        accepted += trust.intermediates  # only help to build the way to a root
    else:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(
        cadata="".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in accepted)
    )
    _load_identity(context, identity)
    return context


def _load_identity(context: ssl.SSLContext, identity: HeldKey) -> None:
    """Hand the key to OpenSSL, which takes files alone: a locked one that lives for this call."""
    secret = secrets.token_hex(24)
    text = identity.private_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret.encode())
    ) + b"".join(one.public_bytes(Encoding.PEM) for one in (identity.certificate, *identity.chain))
    descriptor, name = tempfile.mkstemp(prefix="docsign-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text)
        context.load_cert_chain(name, password=secret)
    except ssl.SSLError as error:
        raise SigningKeyError(
            say("This certificate cannot be used for TLS: {reason}.", reason=error.reason)
        ) from error
    except OSError as error:
        raise file_error(error, name) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def relay_not_trusted(error: ssl.SSLError, address: str) -> RelayIdentityError:
    """Say in words why TLS with the relay at ``address`` failed; nothing was sent."""
    code = getattr(error, "verify_code", None)
    why: Sentence
    hint: Sentence | None = None
    if code == _REVOKED:
        why = say("its certificate is revoked")
    elif code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
        why = say("its certificate has expired")
    elif code == 9:  # X509_V_ERR_CERT_NOT_YET_VALID
        why = say("its certificate is not valid yet (is this computer's clock right?)")
    elif code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
        why = say("its certificate is for another address")
    elif code in _UNKNOWN_ISSUER:
        why = say("its certificate is from an authority that is not trusted for relays")
        hint = _LOG_IN
    elif code is not None:
        why = say("its certificate does not hold ({reason})", reason=getattr(error, "verify_message", code))
    elif getattr(error, "reason", None) in _NO_TLS:
        why, hint = say("what answers does not speak TLS"), _LOG_IN
    else:
        why = say("TLS does not come about ({reason})", reason=getattr(error, "reason", None) or error)
    return RelayIdentityError(
        say("This is not the relay that is trusted: {why}. Nothing was sent.", why=why),
        where=address,
        hint=hint,
    )


def is_alert(error: ssl.SSLError) -> bool:
    """Say whether the other side gave a reason in TLS itself: it does not like our certificate."""
    return "ALERT" in (getattr(error, "reason", None) or "")


def identity_refused(address: str) -> RelayIdentityError:
    """Say that the relay's side does not accept our certificate."""
    return RelayIdentityError(
        say("The relay does not accept the certificate of this agency (setting identity)."),
        where=address,
        hint=say(
            "On a bad line, try again first; else ask the relay's operator whether it is in the directory."
        ),
    )


def require_in_time(identity: HeldKey, at: datetime, where: str) -> None:
    """Raise CertificateUnfitError where our own certificate has expired: no relay would take it."""
    certificate = identity.certificate
    if at > certificate.not_valid_after_utc:
        raise CertificateUnfitError(
            say(
                "The certificate of {holder} expired on {date}.",
                holder=display_name(certificate),
                date=certificate.not_valid_after_utc.strftime("%d/%m/%Y"),
            ),
            where=where,
            hint=say("By this computer's clock it is {date} now.", date=at.strftime("%d/%m/%Y")),
        )
