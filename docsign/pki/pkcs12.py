"""Keys in PKCS#12 files (``.p12``, ``.pfx``; RFC 7292): opened with their passphrase, then held in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs12

from docsign.errors import PassphraseError, SigningKeyError
from docsign.files import read_file
from docsign.pki.certificates import order_chain
from docsign.pki.keys import HeldKey
from docsign.pki.schemes import SignatureScheme
from docsign.pki.trust import looks_like_pkcs12
from docsign.sentence import say

FILE_LIMIT = 4 * 1024 * 1024
"""The largest PKCS#12 file, in bytes."""


def open_pkcs12(
    path: Path, passphrase: str | Callable[[], str] | None, *, scheme: SignatureScheme | None = None
) -> HeldKey:
    """Open a PKCS#12 file; raises FileUnusableError, PassphraseError or SigningKeyError naming the file."""
    data = read_file(path, limit=FILE_LIMIT)
    try:
        return read_pkcs12(data, passphrase, scheme=scheme)
    except SigningKeyError as error:
        raise type(error)(error.sentence, where=str(path), hint=error.hint) from error


def read_pkcs12(
    data: bytes,
    passphrase: str | Callable[[], str] | None = None,
    *,
    scheme: SignatureScheme | None = None,
) -> HeldKey:
    """Open the bytes of a PKCS#12 file; raises PassphraseError or SigningKeyError."""
    if not looks_like_pkcs12(data):
        raise SigningKeyError(say("This is not a PKCS#12 file (.p12, .pfx)."))
    store = _unlock(data, None) if not isinstance(passphrase, str) else None
    if store is None:
        if passphrase is None:
            raise PassphraseError(say("This key needs its passphrase."))
        store = _unlock(data, passphrase if isinstance(passphrase, str) else passphrase())
    if store is None:
        raise PassphraseError(say("The passphrase is wrong, or the file is damaged."))
    if store.key is None:
        raise SigningKeyError(say("There is no private key in this PKCS#12 file."))
    if store.cert is None:
        raise SigningKeyError(say("There is no certificate for the key in this PKCS#12 file."))
    certificate = store.cert.certificate
    others = [entry.certificate for entry in store.additional_certs]
    return HeldKey.of(store.key, certificate, order_chain(certificate, others), scheme=scheme)


def _unlock(data: bytes, passphrase: str | None) -> pkcs12.PKCS12KeyAndCertificates | None:
    """Open the file, or return None where this passphrase does not."""
    try:
        return pkcs12.load_pkcs12(data, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError):
        return None
    except UnsupportedAlgorithm as error:
        raise SigningKeyError(say("This PKCS#12 file is locked in a way that is not supported.")) from error
