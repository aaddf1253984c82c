"""Keys that a remote signing service keeps: the Cloud Signature Consortium API v2, as its client.

``credentials/list`` and ``credentials/info`` find key and certificate, ``credentials/authorize`` lets the
person release it (PIN, one-time password), ``signatures/signHash`` signs digests, several in one call where
the service allows it. Documents never leave; every value that comes back is checked before it is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from docsign.errors import MalformedError, PassphraseError, SigningKeyError, UsageError
from docsign.pki.certificates import load_certificates, order_chain
from docsign.pki.csc_http import Service
from docsign.pki.schemes import SignatureScheme, require_genuine, scheme_for
from docsign.sentence import say

_HASHES = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_ALGORITHMS: dict[SignatureScheme, tuple[str, ...]] = {
    # the OIDs a service may name a scheme by, the most exact first (CSC API v2 11.10, signAlgo)
    SignatureScheme.RSA_SHA256: ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1"),
    SignatureScheme.RSA_SHA384: ("1.2.840.113549.1.1.12", "1.2.840.113549.1.1.1"),
    SignatureScheme.RSA_SHA512: ("1.2.840.113549.1.1.13", "1.2.840.113549.1.1.1"),
    SignatureScheme.PSS_SHA256: ("1.2.840.113549.1.1.10",),
    SignatureScheme.PSS_SHA384: ("1.2.840.113549.1.1.10",),
    SignatureScheme.PSS_SHA512: ("1.2.840.113549.1.1.10",),
    SignatureScheme.ECDSA_SHA256: ("1.2.840.10045.4.3.2", "1.2.840.10045.2.1"),
    SignatureScheme.ECDSA_SHA384: ("1.2.840.10045.4.3.3", "1.2.840.10045.2.1"),
    SignatureScheme.ECDSA_SHA512: ("1.2.840.10045.4.3.4", "1.2.840.10045.2.1"),
}
_MOST_CREDENTIALS = 1000
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key at the service, as ``credentials/info`` tells it."""

    id: str
    certificates: tuple[x509.Certificate, ...]
    algorithms: tuple[str, ...]
    mode: str
    """explicit (PIN, one-time password), implicit (the service asks the person itself), oauth2code."""
    factors: tuple[tuple[str, bool], ...]
    """Each authentication object: its id, and whether it is a one-time password."""
    at_once: int
    """How many digests one authorization may release."""


class CscKey:
    """A key at a remote signing service; calls from several threads wait for each other."""

    def __init__(
        self,
        service: Service,
        credential: Credential,
        scheme: SignatureScheme,
        *,
        pin: Callable[[], str],
        otp: Callable[[], str],
    ) -> None:
        """Hold a credential; ``pin`` is asked once, ``otp`` before every authorization."""
        self.certificate = credential.certificates[0]
        self.chain = order_chain(self.certificate, credential.certificates[1:])
        self.scheme = scheme
        self.most_at_once = credential.at_once
        self._service = service
        self._credential = credential
        self._ask_pin, self._ask_otp = pin, otp
        self._pin: str | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"CscKey({self._credential.id!r}, {self.scheme.value})"

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``; raises what ``Service.call`` does, and for a wrong value."""
        return self.sign_all([data])[0]

    def sign_all(self, datas: Sequence[bytes]) -> list[bytes]:
        """Return the signatures over several data, in as few calls as the service allows."""
        made: list[bytes] = []
        with self._lock:
            for start in range(0, len(datas), self.most_at_once):
                made += self._some(datas[start : start + self.most_at_once])
        return made

    def _some(self, datas: Sequence[bytes]) -> list[bytes]:
        digests = [hashlib.new(self.scheme.hash_name, data).digest() for data in datas]
        hashes = [base64.b64encode(digest).decode() for digest in digests]
        body: dict[str, Any] = {
            "credentialID": self._credential.id,
            "hashes": hashes,
            "hashAlgorithmOID": _HASHES[self.scheme.hash_name],
        }
        if self._credential.mode != "oauth2code":
            body["SAD"] = self._authorized(body)
        body["signAlgo"] = _algorithm(self.scheme, self._credential.algorithms)
        if self.scheme.family == "pss":
            body["signAlgoParams"] = base64.b64encode(_pss_parameters(self.scheme)).decode()
        answer = self._service.call("signatures/signHash", body)  # CSC API v2 11.10
        values = answer.get("signatures")
        if not isinstance(values, list) or len(values) != len(datas):
            raise _nonsense(self._service)
        made = [self._value(one) for one in values]
        for data, value in zip(datas, made, strict=True):
            require_genuine(self.certificate, self.scheme, data, value)
        return made

    def _authorized(self, body: dict[str, Any]) -> str:
        """Return the signature activation data that release the key for these digests (11.6)."""
        asked = {**body, "numSignatures": len(body["hashes"])}
        if self._credential.mode == "explicit":
            asked["authData"] = [
                {"id": id_, "value": self._ask_otp() if once else self._held_pin()}
                for id_, once in self._credential.factors
            ]
        try:
            answer = self._service.call("credentials/authorize", asked)
        except PassphraseError:
            self._pin = None  # never tried again by itself
            raise
        sad = answer.get("SAD")
        if not isinstance(sad, str) or not sad:
            raise _nonsense(self._service)
        return sad

    def _held_pin(self) -> str:
        if self._pin is None:
            self._pin = self._ask_pin()
        return self._pin

    def _value(self, text: object) -> bytes:
        value = _decoded(text)
        if value is None:
            raise _nonsense(self._service)
        key = self.certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and not _is_sequence(value):
            half = (key.curve.key_size + 7) // 8
            if len(value) == 2 * half:  # some services answer r and s one behind the other
                return encode_dss_signature(
                    int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
                )
        return value


def open_csc_key(
    service: Service,
    pin: str | Callable[[], str] | None,
    otp: str | Callable[[], str] | None = None,
    *,
    scheme: SignatureScheme | None = None,
) -> CscKey:
    """Open the credential that the URI names, or the only one there is.

    ``pin`` is asked once, ``otp`` before every authorization, each only where the credential wants it. Raises
    UsageError where several credentials are there, SigningKeyError, PassphraseError, KeyUnreachableError.
    """
    if service.credential is not None:
        credential = credential_of(service, service.credential)
    else:
        every = list(_identifiers(service))
        if not every:
            raise SigningKeyError(say("The signing service has no key for this user."), where=service.base)
        if len(every) > 1:
            raise UsageError(
                say("The signing service has several keys: {keys}.", keys=", ".join(every[:20])),
                hint=say("Name one: ?credential=ID."),
            )
        credential = credential_of(service, every[0])
    made = scheme_for(credential.certificates[0].public_key(), scheme)
    _algorithm(made, credential.algorithms)
    return CscKey(service, credential, made, pin=_asker(pin), otp=_asker(otp))


def list_credentials(service: Service) -> list[Credential]:
    """Return every credential of the user whose certificate can be read."""
    return [credential_of(service, one) for one in _identifiers(service)]


def credential_of(service: Service, id_: str) -> Credential:
    """Ask ``credentials/info`` (11.5); raises SigningKeyError for what cannot sign."""
    answer = service.call(
        "credentials/info", {"credentialID": id_, "certificates": "chain", "certInfo": True, "authInfo": True}
    )
    key, cert, auth = (_part(answer, name, service) for name in ("key", "cert", "auth"))
    for what, state, wanted in ((key, "status", "enabled"), (cert, "status", "valid")):
        if what.get(state, wanted) != wanted:
            raise SigningKeyError(
                say("The signing service says that this key is {state}.", state=str(what[state])[:40]),
                where=id_,
            )
    encoded = cert.get("certificates")
    certificates: list[x509.Certificate] = []
    try:
        for one in encoded if isinstance(encoded, list) else []:
            certificates += load_certificates(_decoded(one) or b"")
    except MalformedError as error:
        raise _nonsense(service) from error
    algorithms = key.get("algo")
    mode = str(auth.get("mode", ""))
    if (
        not certificates
        or not isinstance(algorithms, list)
        or mode not in ("explicit", "implicit", "oauth2code")
    ):
        raise _nonsense(service)
    most = answer.get("multisign", 1)
    return Credential(
        id=id_,
        certificates=tuple(certificates),
        algorithms=tuple(map(str, algorithms)),
        mode=mode,
        factors=tuple(_factors(auth, service)) if mode == "explicit" else (),
        at_once=most if isinstance(most, int) and 1 <= most <= 10_000 else 1,
    )


def _factors(auth: dict[str, Any], service: Service) -> Iterator[tuple[str, bool]]:
    objects = auth.get("objects")
    if not isinstance(objects, list) or not objects:
        raise _nonsense(service)
    for one in objects:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise _nonsense(service)
        told = f"{one['id']} {one.get('type', '')} {one.get('label', '')}".lower()
        yield one["id"], "otp" in told or "challenge" in told


def _identifiers(service: Service) -> Iterator[str]:
    """Yield the user's credentials (11.4), page by page."""
    asked: dict[str, Any] = {} if service.user is None else {"userID": service.user}
    count = 0
    for _ in range(_MOST_PAGES):
        answer = service.call("credentials/list", asked)
        listed = answer.get("credentialIDs")
        if not isinstance(listed, list):
            raise _nonsense(service)
        for one in listed:
            count += 1
            if not isinstance(one, str) or count > _MOST_CREDENTIALS:
                raise _nonsense(service)
            yield one
        page = answer.get("nextPageToken")
        if not isinstance(page, str) or not page:
            return
        asked = {**asked, "pageToken": page}


def _algorithm(scheme: SignatureScheme, offered: Sequence[str]) -> str:
    for oid in _ALGORITHMS.get(scheme, ()):
        if oid in offered:
            return oid
    raise SigningKeyError(say("This key cannot sign as {scheme}.", scheme=scheme.value))


def _pss_parameters(scheme: SignatureScheme) -> bytes:
    """Return RSASSA-PSS-params (RFC 4055 3.1), whose DER a service needs beside the OID."""
    from asn1crypto import algos

    digest = {"algorithm": scheme.hash_name}
    made: bytes = algos.RSASSAPSSParams(
        {
            "hash_algorithm": digest,
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
            "salt_length": hashlib.new(scheme.hash_name).digest_size,
        }
    ).dump()
    return made


def _asker(secret: str | Callable[[], str] | None) -> Callable[[], str]:
    def ask() -> str:
        if secret is None:
            raise PassphraseError(say("This key needs its PIN or one-time password."))
        return secret if isinstance(secret, str) else secret()

    return ask


def _part(answer: dict[str, Any], name: str, service: Service) -> dict[str, Any]:
    part = answer.get(name)
    if not isinstance(part, dict):
        raise _nonsense(service)
    return part


def _decoded(text: object) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def _is_sequence(value: bytes) -> bool:
    """Say whether this looks like a DER SEQUENCE that fills its bytes."""
    if len(value) < 8 or value[0] != 0x30:
        return False
    length, start = (value[1], 2) if value[1] < 0x80 else (value[2], 3)
    return start + length == len(value)


def _nonsense(service: Service) -> SigningKeyError:
    return SigningKeyError(say("The answer of the signing service makes no sense."), where=service.base)
