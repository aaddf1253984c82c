"""Keys on PKCS#11 tokens: smart cards, USB tokens, hardware modules (PKCS#11 2.40), through python-pkcs11.

A token is found by its URI (``docsign.pki.token_uri``), opened with its PIN once, and asked to sign; what it
answers is checked against the certificate before it is used. A wrong PIN is never tried again: a token locks
itself after a few. The vendor's library is loaded into this process.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from docsign.errors import KeyUnreachableError, MalformedError, PassphraseError, SigningKeyError, UsageError
from docsign.files import read_file
from docsign.pki.certificates import (
    display_name,
    fingerprint,
    is_authority,
    load_certificates,
    order_chain,
)
from docsign.pki.schemes import SignatureScheme, require_genuine, scheme_for
from docsign.pki.token_uri import TokenUri
from docsign.sentence import say

MODULE_VARIABLE = "DOCSIGN_PKCS11_MODULE"
"""The environment variable that names the library where the URI does not."""
_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib64/pkcs11",
    "/usr/lib",
    "/usr/lib/softhsm",
    "/usr/lib/pkcs11",
    "/usr/local/lib",
    "C:/Windows/System32",
)
_DIGEST_INFO = {
    # RFC 8017 9.2, note 1: the DER before the digest
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEntry:
    """A certificate on a token, with the URI that names its key."""

    uri: TokenUri
    token: str
    serial: str
    label: str
    certificate: x509.Certificate


class TokenKey:
    """A key on a token whose session is open; calls from several threads wait for each other."""

    def __init__(
        self,
        key: Any,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...],
        scheme: SignatureScheme,
        *,
        name: str,
        pin: str | None,
    ) -> None:
        """Hold what ``open_token_key`` found; ``pin`` only where the key asks for it at every signature."""
        self.certificate = certificate
        self.chain = chain
        self.scheme = scheme
        self._key = key
        self._name = name
        self._pin = pin
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"TokenKey({self._name!r}, {self.scheme.value})"

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``; ECDSA in DER.

        Raises KeyUnreachableError where the token is gone, PassphraseError where it refuses the PIN,
        SigningKeyError for everything else it answers, a value that is not of the certificate's key included.
        """
        with self._lock, _token_errors(self._name, lambda: self._key.session.token):
            value = self._value(data)
        require_genuine(self.certificate, self.scheme, data, value)
        return value

    def _value(self, data: bytes) -> bytes:
        from pkcs11 import MGF, Mechanism

        scheme, digest = self.scheme, hashlib.new(self.scheme.hash_name, data).digest()
        bare = scheme.hash_name.upper()  # SHA256
        offered = self._mechanisms()
        if scheme.family == "rsa":
            hashing = getattr(Mechanism, f"{bare}_RSA_PKCS")
            if hashing in offered or Mechanism.RSA_PKCS not in offered:
                return self._ask(data, hashing)
            return self._ask(_DIGEST_INFO[scheme.hash_name] + digest, Mechanism.RSA_PKCS)
        if scheme.family == "pss":
            own = {"SHA256": Mechanism.SHA256, "SHA384": Mechanism.SHA384, "SHA512": Mechanism.SHA512}[bare]
            parameters = (own, getattr(MGF, bare), len(digest))
            hashing = getattr(Mechanism, f"{bare}_RSA_PKCS_PSS")
            if hashing in offered or Mechanism.RSA_PKCS_PSS not in offered:
                return self._ask(data, hashing, parameters)
            return self._ask(digest, Mechanism.RSA_PKCS_PSS, parameters)
        if scheme.family == "ecdsa":
            # hashed here: many tokens know the bare mechanism alone
            plain = self._ask(digest, Mechanism.ECDSA)
            half = len(plain) // 2
            return encode_dss_signature(
                int.from_bytes(plain[:half], "big"), int.from_bytes(plain[half:], "big")
            )
        return self._ask(data, Mechanism.EDDSA)

    def _ask(self, data: bytes, mechanism: Any, parameters: Any = None) -> bytes:
        value: bytes = self._key.sign(data, mechanism=mechanism, mechanism_param=parameters, pin=self._pin)
        return value

    def _mechanisms(self) -> frozenset[Any]:
        slot = self._key.session.token.slot
        try:
            return _MECHANISMS[slot]
        except KeyError:
            _MECHANISMS[slot] = frozenset(slot.get_mechanisms())
            return _MECHANISMS[slot]


_MECHANISMS: dict[Any, frozenset[Any]] = {}


def open_token_key(
    uri: TokenUri, pin: str | Callable[[], str] | None, *, scheme: SignatureScheme | None = None
) -> TokenKey:
    """Open the one key that ``uri`` names; ``pin`` is asked for at most once, and only where it is needed.

    A token with a PIN pad asks for itself. Raises UsageError where no or several tokens or keys match,
    PassphraseError, KeyUnreachableError, SigningKeyError.
    """
    token = _one_token(uri)
    name = token.label or token.serial.decode("ascii", "replace")
    with _token_errors(name, lambda: token):
        session, typed = _session(token, _pin_source(uri, pin), name)
        key, certificate, others = _one_key(session, uri, name)
        always = _attribute(key, "ALWAYS_AUTHENTICATE", False)
    made = scheme_for(certificate.public_key(), scheme)
    # a PIN pad asks again by itself: an empty PIN stands for "there"
    again = (typed or "") if always else None
    return TokenKey(key, certificate, order_chain(certificate, others), made, name=name, pin=again)


def list_token(uri: TokenUri) -> list[TokenEntry]:
    """Return every holder's certificate that shows itself without a PIN on the tokens that match ``uri``."""
    found: list[TokenEntry] = []
    for token in _tokens(uri):
        serial = token.serial.decode("ascii", "replace").strip()
        with _token_errors(token.label, lambda: None), token.open() as session:
            for certificate, id_, label in _certificates(session):
                if is_authority(certificate) or not _meant(uri, certificate, id_, label):
                    continue
                named = TokenUri(
                    token=token.label,
                    serial=serial,
                    id=id_ or None,
                    label=None if id_ else label,
                    module_path=uri.module_path,
                    module_name=uri.module_name,
                )
                entry = TokenEntry(
                    uri=named, token=token.label, serial=serial, label=label, certificate=certificate
                )
                found.append(entry)
    return found


def _library(uri: TokenUri) -> Any:
    try:
        import pkcs11
    except ImportError as error:
        raise UsageError(
            say("Signing with tokens needs one more part of docsign."),
            hint=say('Install it: pip install "docsign[token]".'),
        ) from error
    path = uri.module_path or _named_library(uri.module_name) or os.environ.get(MODULE_VARIABLE)
    if not path:
        raise UsageError(
            say("The library of the token (PKCS#11) is not named."),
            hint=say("Add ?module-path=FILE to the URI, or set {variable}.", variable=MODULE_VARIABLE),
        )
    if not Path(path).is_file():
        raise UsageError(say("There is no such library."), where=path)
    try:
        return pkcs11.lib(path)
    except Exception as error:
        raise SigningKeyError(
            say("This library cannot be loaded as one of tokens (PKCS#11)."), where=path
        ) from error


def _named_library(name: str | None) -> str | None:
    """Return where a library lies that is named as RFC 7512 2.4 wants, without prefix and suffix."""
    if name is None:
        return None
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise UsageError(say("There is no such library."), where=name)
    for folder in _FOLDERS:
        for file in (f"lib{name}.so", f"{name}.so", f"{name}.dll", f"lib{name}.dylib"):
            if (found := Path(folder) / file).is_file():
                return str(found)
    raise UsageError(say("There is no such library."), where=name)


def _tokens(uri: TokenUri) -> list[Any]:
    """Return the tokens that are there and match."""
    library = _library(uri)
    with _token_errors(uri.token or "", lambda: None):
        found = []
        for slot in library.get_slots(token_present=True):
            token = _present(slot)
            if token is None:
                continue
            serial = token.serial.decode("utf-8", "replace").strip()
            asked = (
                (uri.slot_id, slot.slot_id),
                (uri.token, token.label),
                (uri.serial, serial),
                (uri.manufacturer, token.manufacturer_id),
                (uri.model, token.model),
            )
            if all(wanted is None or wanted == there for wanted, there in asked):
                found.append(token)
    return found


def _present(slot: Any) -> Any:
    """Return the token in a slot, or None where there is none, or one that nobody has set up."""
    from pkcs11 import PKCS11Error, TokenFlag

    try:
        token = slot.get_token()
    except PKCS11Error:
        return None
    return token if token.flags & TokenFlag.TOKEN_INITIALIZED else None


def _one_token(uri: TokenUri) -> Any:
    found = _tokens(uri)
    if len(found) == 1:
        return found[0]
    there = "; ".join(f"{token.label} ({token.serial.decode('ascii', 'replace')})" for token in found)
    if found:
        raise UsageError(
            say("Several tokens match: {tokens}.", tokens=there),
            hint=say("Name one: pkcs11:token=LABEL or serial=…"),
        )
    every = "; ".join(
        f"{token.label} ({token.serial.decode('ascii', 'replace')})"
        for token in _tokens(TokenUri(module_path=uri.module_path, module_name=uri.module_name))
    )
    if every:
        raise KeyUnreachableError(say("No token matches; there are: {tokens}.", tokens=every))
    raise KeyUnreachableError(say("No token is plugged in."))


def _pin_source(uri: TokenUri, pin: str | Callable[[], str] | None) -> Callable[[], str]:
    """Return what gives the PIN: the file of the URI (RFC 7512 2.4), else what the caller gave."""

    def ask() -> str:
        if uri.pin_source is not None:
            path = uri.pin_source.removeprefix("file://").removeprefix("file:")
            return read_file(path, limit=4096).decode("utf-8", "replace").split("\n")[0].rstrip("\r")
        if pin is None:
            raise PassphraseError(say("This key needs its PIN."))
        return pin if isinstance(pin, str) else pin()

    return ask


def _session(token: Any, ask: Callable[[], str], name: str) -> tuple[Any, str | None]:
    """Log in, once; return the session with the PIN that was typed, if one was."""
    from pkcs11 import PROTECTED_AUTH, TokenFlag, UserAlreadyLoggedIn

    flags = token.flags
    if not flags & TokenFlag.LOGIN_REQUIRED:
        return token.open(), None
    if flags & TokenFlag.USER_PIN_LOCKED:
        raise PassphraseError(say("The PIN of this token is locked."), where=name)
    typed = None if flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH else ask()
    try:
        return token.open(user_pin=PROTECTED_AUTH if typed is None else typed), typed
    except UserAlreadyLoggedIn:  # another key of the same token is open in this process
        return token.open(), typed


def _one_key(session: Any, uri: TokenUri, name: str) -> tuple[Any, x509.Certificate, list[x509.Certificate]]:
    """Return the private key that is meant, with its certificate and every other one of the token."""
    from pkcs11 import Attribute, ObjectClass

    certificates = list(_certificates(session))
    keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    meant = []
    for key in keys:
        id_, label = bytes(_attribute(key, "ID", b"")), str(_attribute(key, "LABEL", ""))
        own = [one for one in certificates if id_ and one[1] == id_]
        own = own or [one for one in certificates if one[2] == label and not is_authority(one[0])]
        if not own and len(certificates) == len(keys) == 1:
            own = certificates
        for certificate, certificate_id, certificate_label in own:
            if _meant(uri, certificate, id_ or certificate_id, label) or _meant(
                uri, certificate, id_ or certificate_id, certificate_label
            ):
                meant.append((key, certificate))
    if len(meant) == 1:
        key, certificate = meant[0]
        return key, certificate, [one for one, _, _ in certificates if one != certificate]
    if not keys:
        raise SigningKeyError(say("There is no private key on this token."), where=name)
    if not meant:
        raise SigningKeyError(
            say("No key with a certificate on this token is the one that is named."), where=name
        )
    holders = "; ".join(f"{display_name(one)} ({fingerprint(one)[:16]})" for _, one in meant)
    raise UsageError(
        say("Several keys of this token match: {keys}.", keys=holders),
        where=name,
        hint=say("Name one: id=…, object=LABEL or ?cert-sha256=…"),
    )


def _meant(uri: TokenUri, certificate: x509.Certificate, id_: bytes, label: str) -> bool:
    return (
        (uri.id is None or uri.id == id_)
        and (uri.label is None or uri.label == label)
        and (uri.fingerprint is None or uri.fingerprint == fingerprint(certificate))
    )


def _certificates(session: Any) -> Iterator[tuple[x509.Certificate, bytes, str]]:
    """Yield the certificates of a token that can be read, each with its id and label."""
    from pkcs11 import Attribute, ObjectClass

    for entry in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        try:
            (certificate,) = load_certificates(bytes(_attribute(entry, "VALUE", b"")))
        except (MalformedError, ValueError):
            continue
        yield certificate, bytes(_attribute(entry, "ID", b"")), str(_attribute(entry, "LABEL", ""))


def _attribute(entry: Any, name: str, otherwise: Any) -> Any:
    """Return an attribute of an object, or ``otherwise`` where the token does not give it."""
    from pkcs11 import Attribute, PKCS11Error

    try:
        value = entry[getattr(Attribute, name)]
    except (PKCS11Error, KeyError, NotImplementedError):
        return otherwise
    return otherwise if value is None else value


@contextmanager
def _token_errors(name: str, token: Callable[[], Any]) -> Iterator[None]:
    """Turn what python-pkcs11 raises into one sentence."""
    import pkcs11

    wrong_pin = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)
    gone = (
        pkcs11.DeviceRemoved, pkcs11.TokenNotPresent, pkcs11.SessionHandleInvalid, pkcs11.SessionClosed,
        pkcs11.DeviceError, pkcs11.SlotIDInvalid, pkcs11.KeyHandleInvalid, pkcs11.ObjectHandleInvalid,
        pkcs11.TokenNotRecognised,
    )  # fmt: skip
    try:
        yield
    except wrong_pin as error:
        raise _wrong_pin(token, name) from error
    except pkcs11.PinLocked as error:
        raise PassphraseError(say("The PIN of this token is locked."), where=name) from error
    except pkcs11.PinExpired as error:
        raise PassphraseError(
            say("The PIN of this token has expired; change it first."), where=name
        ) from error
    except pkcs11.UserPinNotInitialized as error:
        raise PassphraseError(say("No PIN was ever set on this token."), where=name) from error
    except gone as error:
        raise KeyUnreachableError(say("The token was removed, or no longer answers."), where=name) from error
    except pkcs11.MechanismInvalid as error:
        raise SigningKeyError(say("This token cannot sign in this way."), where=name) from error
    except pkcs11.PKCS11Error as error:
        there = token()
        if there is not None and _present(there.slot) is None:
            raise KeyUnreachableError(
                say("The token was removed, or no longer answers."), where=name
            ) from error
        raise SigningKeyError(
            say("The token refuses: {reason}.", reason=type(error).__name__), where=name
        ) from error


def _wrong_pin(token: Callable[[], Any], name: str) -> PassphraseError:
    """Say that the PIN is wrong and, where the token tells, how many attempts are left."""
    import pkcs11

    try:
        # asked anew: the flags of before the attempt are old
        flags = token().slot.get_token().flags
    except (pkcs11.PKCS11Error, AttributeError):
        flags = pkcs11.TokenFlag(0)
    if flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        sentence = say("The PIN is wrong, and is locked now.")
    elif flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        sentence = say("The PIN is wrong; one attempt is left before the token locks itself.")
    elif flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW:
        sentence = say("The PIN is wrong; few attempts are left before the token locks itself.")
    else:
        sentence = say("The PIN is wrong.")
    return PassphraseError(sentence, where=name)
