"""A small certificate authority for trials: tests, demonstrations, a first day at an agency's desk.

It makes a root and an issuing authority, certificates of every kind the library uses, and revocation lists,
and keeps them in a folder. Every name says that it is a trial. It is no authority for real use: its keys lie
in files.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from docsign.errors import FileUnusableError, TrustError, UsageError
from docsign.files import file_error, read_file, write_file
from docsign.pki.certificates import fingerprint, load_certificates
from docsign.pki.keys import HeldKey, PrivateKey
from docsign.pki.trust import Trust
from docsign.sentence import say
from docsign.values import dataclass

Kind = Literal["person", "agency", "tsa", "tls", "relay", "relay-tls"]
KeyKind = Literal["rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KEY_KINDS: tuple[KeyKind, ...] = get_args(KeyKind)

TRIAL = "THỬ NGHIỆM – không có giá trị pháp lý"
ROOT_NAME = "CA THỬ NGHIỆM gốc – không có giá trị pháp lý"
ISSUING_NAME = "CA THỬ NGHIỆM – không có giá trị pháp lý"
TSA_NAME = "Dấu thời gian THỬ NGHIỆM"
ROOT_LIFE = timedelta(days=3652)
ISSUING_LIFE = timedelta(days=3287)
CERTIFICATE_LIFE = timedelta(days=730)
CRL_LIFE = timedelta(days=365)
BACKDATED = timedelta(minutes=10)
"""Validity begins this much before the call, so that clocks a little behind accept it."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
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
        crl_url: str | None = None,
        at: datetime | None = None,
    ) -> TrialAuthority:
        """Make a new authority in ``folder`` and its trust folder (``folder/trust`` unless given).

        ``crl_url`` is the address under which ``issuing.crl`` will be served, for the certificates to name.
        Raises FileUnusableError where an authority is there already.
        """
        folder, at = Path(folder), _moment(at)
        if (folder / _STATE).exists():
            raise FileUnusableError(say("A trial authority is already here."), where=str(folder))
        trust = Path(trust_folder) if trust_folder is not None else folder / "trust"
        root_key, issuing_key = _new_key(key), _new_key(key)
        root_name, issuing_name = _authority_name(ROOT_NAME), _authority_name(ISSUING_NAME)
        root = _authority_certificate(
            root_name, root_key, root_name, root_key, None, at - BACKDATED, at + ROOT_LIFE
        )
        issuing = _authority_certificate(
            issuing_name, issuing_key, root_name, root_key, root, at - BACKDATED, at + ISSUING_LIFE
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
        state = {"schema": 1, "trust_folder": relative, "crl_url": crl_url, "crl_number": 0, "issued": []}
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
        try:
            state = json.loads(read_file(path))
        except ValueError as error:
            raise TrustError(say("This file of the trial authority is damaged."), where=str(path)) from error
        if not isinstance(state, dict) or not state.keys() >= _STATE_KEYS:
            raise TrustError(say("This file of the trial authority is damaged."), where=str(path))
        return TrialAuthority(folder, state)

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
        private_key = _new_key(key or ("p256" if kind in ("relay", "relay-tls", "tls") else "rsa2048"))
        begin = not_before or at - BACKDATED
        builder = (
            x509.CertificateBuilder()
            .subject_name(_holder_name(name, organization, agency, position))
            .issuer_name(self.issuing.subject)
            .public_key(private_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(not_after or begin + CERTIFICATE_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_documents=kind in ("person", "agency", "relay")), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), critical=False
            )
            .add_extension(_authority_key(self.issuing), critical=False)
            .add_extension(x509.ExtendedKeyUsage(_PURPOSES[kind]), critical=kind == "tsa")
        )
        if kind == "relay-tls":
            builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(hosts)), critical=False)
        if self._state.get("crl_url"):
            builder = builder.add_extension(_distribution(str(self._state["crl_url"])), critical=False)
        certificate = builder.sign(self._issuing_key, _digest_for(self._issuing_key))
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

    def service_key(self, *, at: datetime | None = None) -> HeldKey:
        """Return the key of the authority's own time-stamping service; issued when first asked for."""
        path = self.folder / "private" / "tsa.pem"
        if path.exists():
            certificates = load_certificates(read_file(path))
            if certificates and certificates[0].not_valid_after_utc > _moment(at) + timedelta(days=1):
                return HeldKey.of(_private_key(path), certificates[0], tuple(certificates[1:]))
        issued = self.issue("tsa", TSA_NAME, at=at)
        write_file(path, issued.pem(), private=True)
        return issued.signing_key()

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
            crl = _revocation_list(issuer, key, self._state["crl_number"], revoked, at)
            write_file(self.trust_folder / f"{name}.crl", crl.public_bytes(Encoding.DER))
        self._write_state()

    def _write_state(self) -> None:
        text = json.dumps(self._state, ensure_ascii=False, indent=1)
        write_file(self.folder / _STATE, text.encode())
        write_file(self.trust_folder / "trust.toml", _trust_table(self._state["issued"]).encode())


_PURPOSES: dict[Kind, list[x509.ObjectIdentifier]] = {
    "person": [ExtendedKeyUsageOID.EMAIL_PROTECTION, _DOCUMENT_SIGNING],
    "agency": [ExtendedKeyUsageOID.EMAIL_PROTECTION, _DOCUMENT_SIGNING],
    "relay": [_DOCUMENT_SIGNING],
    "tsa": [ExtendedKeyUsageOID.TIME_STAMPING],  # RFC 3161 2.3
    "tls": [ExtendedKeyUsageOID.CLIENT_AUTH],
    "relay-tls": [ExtendedKeyUsageOID.SERVER_AUTH],
}


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


_RSA_BITS: dict[KeyKind, int] = {"rsa2048": 2048, "rsa3072": 3072}
_CURVES: dict[KeyKind, type[ec.EllipticCurve]] = {
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
}


def _new_key(kind: KeyKind) -> PrivateKey:
    if kind in _RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[kind])
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    return ed25519.Ed25519PrivateKey.generate()


def _digest_for(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _authority_name(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, TRIAL),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


_DESCRIPTION = x509.ObjectIdentifier("2.5.4.13")


def _holder_name(name: str, organization: str | None, agency: str | None, position: str | None) -> x509.Name:
    wanted = (
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATION_IDENTIFIER, agency),
        (_DESCRIPTION, TRIAL),
        (NameOID.TITLE, position),
        (NameOID.COMMON_NAME, name.strip()),
    )
    try:
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in wanted if value])
    except ValueError as error:
        raise UsageError(say("A name is too long for a certificate (64 characters).")) from error


def _usage(*, signs_documents: bool = False, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_certificate(
    name: x509.Name,
    key: PrivateKey,
    issuer_name: x509.Name,
    issuer_key: PrivateKey,
    issuer: x509.Certificate | None,
    begin: datetime,
    end: datetime,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=None if issuer is None else 0), critical=True
        )
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        builder = builder.add_extension(_authority_key(issuer), critical=False)
    return builder.sign(issuer_key, _digest_for(issuer_key))


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _alternatives(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _distribution(url: str) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)], relative_name=None, reasons=None, crl_issuer=None
    )
    return x509.CRLDistributionPoints([point])


def _revocation_list(
    issuer: x509.Certificate, key: PrivateKey, number: int, revoked: list[dict[str, Any]], at: datetime
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at)
        .next_update(at + CRL_LIFE)
        .add_extension(_authority_key(issuer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for row in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(int(row["serial"], 16))
            .revocation_date(datetime.fromisoformat(row["revoked_at"]))
            .add_extension(x509.CRLReason(x509.ReasonFlags(row["reason"])), critical=False)
            .build()
        )
    return builder.sign(key, _digest_for(key))


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
