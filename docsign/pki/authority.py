"""A small certificate authority for trials: tests, demonstrations, a first day at an agency's desk.

It makes a root and an issuing authority, certificates of every kind the library uses, and revocation lists,
and keeps them in a folder. Every name says that it is a trial. It is no authority for real use: its keys lie
in files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from docsign.errors import FileUnusableError, TrustError, UsageError
from docsign.files import file_error, read_file, write_file
from docsign.pki.certificates import fingerprint, load_certificates
from docsign.pki.keys import HeldKey, PrivateKey
from docsign.pki.trial_certificates import (
    ISSUING_NAME,
    KEY_KINDS,
    KINDS,
    ROOT_NAME,
    TRIAL,
    KeyKind,
    Kind,
    authority_certificate,
    authority_name,
    holder_certificate,
    holder_name,
    new_key,
    revocation_list,
)
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass

__all__ = ["KEY_KINDS", "KINDS", "Issued", "KeyKind", "Kind", "TrialAuthority"]

TSA_NAME = "Dấu thời gian THỬ NGHIỆM"
OCSP_NAME = "Dịch vụ OCSP THỬ NGHIỆM"
ROOT_LIFE = timedelta(days=3652)
ISSUING_LIFE = timedelta(days=3287)
CERTIFICATE_LIFE = timedelta(days=730)
CRL_LIFE = timedelta(days=365)
BACKDATED = timedelta(hours=1)
"""Validity begins this much before the call, so that clocks a little behind accept it."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_STATE = "authority.json"
_STATE_KEYS = frozenset({"schema", "trust_folder", "crl_url", "crl_number", "issued"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A fresh certificate with its key and its issuers, nearest first, without the root."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    private_key: PrivateKey = field(repr=False)

    def signing_key(self) -> HeldKey:
        """Return it as an opened signing key."""
        return HeldKey.of(self.private_key, self.certificate, self.chain)

    def pkcs12(self, passphrase: str) -> bytes:
        """Return a PKCS#12 file with key, certificate and issuers, locked with ``passphrase``."""
        return pkcs12.serialize_key_and_certificates(
            _friendly(self.certificate),
            self.private_key,
            self.certificate,
            self.chain,
            BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption(),
        )

    def pem(self) -> bytes:
        """Return key, certificate and issuers as one PEM text; the key is not locked."""
        key = self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain))


class TrialAuthority:
    """A trial authority kept in a folder: ``authority.json``, ``private/`` and the trust folder."""

    def __init__(self, folder: Path, state: dict[str, Any]) -> None:
        """Open the files of ``folder``; use ``create`` or ``load``."""
        self.folder = folder
        self._state = state
        self.trust_folder = Path(os.path.normpath(folder / str(state["trust_folder"])))
        self.root = _certificate(self.trust_folder / "root.pem")
        self.issuing = _certificate(self.trust_folder / "issuing.pem")
        self._root_key = _private_key(folder / "private" / "root.pem")
        self._issuing_key = _private_key(folder / "private" / "issuing.pem")

    @staticmethod
    def create(
        folder: Path | str,
        *,
        key: KeyKind = "rsa2048",
        trust_folder: Path | str | None = None,
        url: str | None = None,
        crl_url: str | None = None,
        at: datetime | None = None,
    ) -> TrialAuthority:
        """Make a new authority in ``folder`` and its trust folder (``folder/trust`` unless given).

        ``url`` is the base address under which ``docsign pki serve`` will be found, for the certificates to
        name (OCSP, revocation lists, issuers); ``crl_url`` names ``issuing.crl`` where it is elsewhere.
        Raises FileUnusableError where an authority is there already.
        """
        folder, at = Path(folder), _moment(at)
        if (folder / _STATE).exists():
            raise FileUnusableError(say("A trial authority is already here."), where=str(folder))
        trust = Path(trust_folder) if trust_folder is not None else folder / "trust"
        root_key, issuing_key = new_key(key), new_key(key)
        root_name, issuing_name = authority_name(ROOT_NAME), authority_name(ISSUING_NAME)
        root = authority_certificate(
            root_name, root_key, root_name, root_key, None, at - BACKDATED, at + ROOT_LIFE
        )
        issuing = authority_certificate(
            issuing_name, issuing_key, root_name, root_key, root, at - BACKDATED, at + ISSUING_LIFE, url
        )
        try:
            (folder / "private").mkdir(parents=True, exist_ok=True)
            os.chmod(folder / "private", 0o700)
            trust.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_error(error, folder) from error
        for name, private_key in (("root", root_key), ("issuing", issuing_key)):
            text = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_file(folder / "private" / f"{name}.pem", text, private=True)
        write_file(trust / "root.pem", root.public_bytes(Encoding.PEM))
        write_file(trust / "issuing.pem", issuing.public_bytes(Encoding.PEM))
        relative = os.path.relpath(trust, folder)
        state = {"schema": 1, "trust_folder": relative, "url": url, "crl_url": crl_url, "crl_number": 0}
        state["issued"] = []
        authority = TrialAuthority(folder, state)
        authority.renew(at=at)
        return authority

    @staticmethod
    def load(folder: Path | str) -> TrialAuthority:
        """Open the authority of ``folder``; raises FileUnusableError or TrustError."""
        folder = Path(folder)
        path = folder / _STATE
        if not path.exists():
            raise FileUnusableError(
                say("There is no trial authority here."),
                where=str(folder),
                hint=say("Make one with: docsign pki init {folder}", folder=folder),
            )
        return TrialAuthority(folder, _read_state(folder))

    def trust(self) -> Trust:
        """Return the trust folder as a value."""
        return Trust.from_path(self.trust_folder)

    def issue(
        self,
        kind: Kind,
        name: str,
        *,
        organization: str | None = None,
        agency: str | None = None,
        position: str | None = None,
        key: KeyKind | None = None,
        hosts: Sequence[str] = LOOPBACK,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        at: datetime | None = None,
    ) -> Issued:
        """Issue a certificate of ``kind`` to ``name``, known to the trust folder from now on.

        ``hosts`` are the names and addresses of a ``relay-tls`` server. The key is RSA 2048 unless given;
        a relay signs and serves with P-256. ``not_before``/``not_after`` default to now and two years.
        """
        at = _moment(at)
        if not name.strip():
            raise UsageError(say("A name is needed for the certificate."))
        private_key = new_key(key or ("p256" if kind in ("relay", "relay-tls", "tls") else "rsa2048"))
        begin = not_before or at - BACKDATED
        certificate = holder_certificate(
            kind,
            holder_name(name, organization, agency, position),
            private_key.public_key(),
            issuer=self.issuing,
            issuer_key=self._issuing_key,
            begin=begin,
            end=not_after or begin + CERTIFICATE_LIFE,
            hosts=hosts,
            url=self.url,
            crl_url=self._state["crl_url"],
        )
        self._state["issued"].append(
            {
                "serial": f"{certificate.serial_number:x}",
                "sha256": fingerprint(certificate),
                "kind": kind,
                "name": name,
                "agency": agency,
                "revoked_at": None,
                "reason": None,
            }
        )
        self._write_state()
        return Issued(certificate=certificate, chain=(self.issuing,), private_key=private_key)

    @property
    def url(self) -> str | None:
        """The base address that certificates name for OCSP, lists and issuers; None: they name none."""
        url = self._state.get("url")
        return None if url is None else str(url)

    def service_key(self, *, at: datetime | None = None) -> HeldKey:
        """Return the key of the authority's own time-stamping service; issued when first asked for."""
        return self._own_key("tsa", TSA_NAME, at)

    def ocsp_key(self, *, at: datetime | None = None) -> HeldKey:
        """Return the key that answers OCSP for the issuing authority; issued when first asked for."""
        return self._own_key("ocsp", OCSP_NAME, at)

    def _own_key(self, kind: Literal["tsa", "ocsp"], name: str, at: datetime | None) -> HeldKey:
        path = self.folder / "private" / f"{kind}.pem"
        if path.exists():
            certificates = load_certificates(read_file(path))
            if certificates and certificates[0].not_valid_after_utc > _moment(at) + timedelta(days=1):
                return HeldKey.of(_private_key(path), certificates[0], tuple(certificates[1:]))
        issued = self.issue(kind, name, at=at)
        write_file(path, issued.pem(), private=True)
        return issued.signing_key()

    def answer_status(self, request: bytes, at: datetime) -> bytes:
        """Answer one OCSP request (DER) about a certificate of the issuing authority."""
        from docsign.pki.answering import answer

        return answer(request, self.ocsp_key(at=at), self.issuing, self.statuses(), at=at)

    def statuses(self) -> dict[int, tuple[datetime, str] | None]:
        """Return, by serial number, whom this authority issued to and since when and why it is revoked.

        Read anew from the folder, so that a service that runs sees what is revoked beside it.
        """
        state = _read_state(self.folder)
        return {
            int(row["serial"], 16): (datetime.fromisoformat(row["revoked_at"]), row["reason"])
            if row["revoked_at"]
            else None
            for row in state["issued"]
        }

    def revoke(
        self, certificate: x509.Certificate, *, at: datetime | None = None, reason: str = "unspecified"
    ) -> None:
        """Revoke a certificate of this authority as of ``at`` and renew the revocation lists."""
        serial = f"{certificate.serial_number:x}"
        row = next((row for row in self._state["issued"] if row["serial"] == serial), None)
        if row is None or row["sha256"] != fingerprint(certificate):
            raise UsageError(say("This certificate was not issued by this trial authority."))
        at = _moment(at)
        row["revoked_at"], row["reason"] = at.isoformat(), x509.ReasonFlags(reason).value
        self.renew(at=max(at, _moment(None)))

    def renew(self, *, at: datetime | None = None) -> None:
        """Sign the revocation lists anew, valid for a year from ``at``."""
        at = _moment(at)
        self._state["crl_number"] += 1
        rows = [row for row in self._state["issued"] if row["revoked_at"]]
        for name, issuer, key, revoked in (
            ("root", self.root, self._root_key, []),
            ("issuing", self.issuing, self._issuing_key, rows),
        ):
            crl = revocation_list(issuer, key, self._state["crl_number"], revoked, at, at + CRL_LIFE)
            write_file(self.trust_folder / f"{name}.crl", crl.public_bytes(Encoding.DER))
        self._write_state()

    def _write_state(self) -> None:
        text = json.dumps(self._state, ensure_ascii=False, indent=1)
        write_file(self.folder / _STATE, text.encode())
        write_file(self.trust_folder / "trust.toml", _trust_table(self._state["issued"]).encode())


def _read_state(folder: Path) -> dict[str, Any]:
    path = folder / _STATE
    try:
        state = json.loads(read_file(path))
    except ValueError as error:
        raise TrustError(say("This file of the trial authority is damaged."), where=str(path)) from error
    if not isinstance(state, dict) or not state.keys() >= _STATE_KEYS:
        raise TrustError(say("This file of the trial authority is damaged."), where=str(path))
    return state


def _trust_table(issued: list[dict[str, Any]]) -> str:
    lines = [
        f"# {TRIAL}",
        "",
        "[[anchor]]",
        'file = "root.pem"',
        'roles = ["sign", "tsa", "relay"]',
        'revocation = "required"',
    ]
    for row in issued:
        if row["kind"] not in ("person", "agency"):
            continue
        lines += ["", "[[signer]]", f"# {' '.join(row['name'].split())}", f'sha256 = "{row["sha256"]}"']
        lines += [f'role = "{row["kind"]}"']
        if row["agency"]:
            lines.append(f"agency = {json.dumps(row['agency'], ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _friendly(certificate: x509.Certificate) -> bytes:
    return fingerprint(certificate)[:16].encode()


def _moment(at: datetime | None) -> datetime:
    return (at or datetime.now(UTC)).replace(microsecond=0)


def _certificate(path: Path) -> x509.Certificate:
    certificates = load_certificates(read_file(path))
    if len(certificates) != 1:
        raise TrustError(say("This file of the trial authority is damaged."), where=str(path))
    return certificates[0]


def _private_key(path: Path) -> PrivateKey:
    try:
        key = load_pem_private_key(read_file(path), None)
    except (ValueError, TypeError) as error:
        raise TrustError(say("This file of the trial authority is damaged."), where=str(path)) from error
    if not isinstance(key, PrivateKey):
        raise TrustError(say("This file of the trial authority is damaged."), where=str(path))
    return key
