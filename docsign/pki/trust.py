"""Whom we trust: anchors with their roles, intermediates, CRLs, and who is behind a signer's certificate.

``Trust`` is a frozen value; ``Trust.from_path`` alone reads files: PEM, DER, PKCS#12, or a folder of them
with an optional ``trust.toml``. It judges nothing; ``docsign.pki.paths`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, cast, get_args

from cryptography import x509

from docsign.errors import DocsignError, FileUnusableError, MalformedError, TrustError
from docsign.files import file_error, is_file, read_file
from docsign.pki.certificates import PARSER_ERRORS, Role, fingerprint, is_self_signed, load_certificates
from docsign.pki.revocation import Revocation, find_revocation, load_crl
from docsign.pki.validation_data import ValidationData
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import SignerRole

RevocationRule = Literal["required", "not-expected"]
ALL_ROLES: frozenset[Role] = frozenset(get_args(Role))
FILE_LIMIT = 32 * 1024 * 1024
"""The largest file of a trust folder, in bytes (a CRL of a busy authority has some megabytes)."""
_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".crl", ".p12", ".pfx"})

Passphrase = str | Callable[[], str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A certificate that is trusted by decision, for these roles."""

    certificate: x509.Certificate
    roles: frozenset[Role] = ALL_ROLES
    revocation: RevocationRule = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerEntry:
    """What is known of a signer beyond the certificate; ``sha256`` is the certificate's fingerprint."""

    sha256: str
    role: SignerRole | None = None
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The anchors and what helps to reach them; ``crls`` are DER.

    ``hosts`` may be asked for issuers wherever they lie, also in a network of one's own. ``fetched`` was
    fetched for a verification (``docsign.pki.online``) and is believed no more than what comes with a
    signature.
    """

    anchors: tuple[Anchor, ...] = ()
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    signers: tuple[SignerEntry, ...] = ()
    hosts: tuple[str, ...] = ()
    fetched: ValidationData = ValidationData()

    @staticmethod
    def nothing() -> Trust:
        """Trust no one: every chain is INDETERMINATE / NO_CERTIFICATE_CHAIN_FOUND."""
        return Trust()

    @staticmethod
    def of(
        anchors: Iterable[x509.Certificate | Anchor],
        *,
        intermediates: Iterable[x509.Certificate] = (),
        crls: Iterable[bytes] = (),
        signers: Iterable[SignerEntry] = (),
        hosts: Iterable[str] = (),
        revocation: RevocationRule = "required",
    ) -> Trust:
        """Trust these anchors; a bare certificate is one for every role, with this ``revocation``."""
        return Trust(
            anchors=tuple(
                item if isinstance(item, Anchor) else Anchor(certificate=item, revocation=revocation)
                for item in anchors
            ),
            intermediates=tuple(intermediates),
            crls=tuple(crls),
            signers=tuple(signers),
            hosts=tuple(hosts),
        )

    @staticmethod
    def from_path(path: Path | str, *, passphrase: Passphrase = None) -> Trust:
        """Read a file or a folder of certificates and CRLs, with its ``trust.toml`` where there is one.

        Raises FileUnusableError for a missing path, TrustError (naming the file) for what cannot be used.
        """
        path = Path(path)
        if is_file(path) and path.name == "trust.toml":
            path = path.parent
        found = _Found()
        if path.is_dir():
            for file in _listed(path):
                found.add(file, passphrase)
            table = path / "trust.toml"
            if table.is_file():
                return _from_table(table, found, passphrase)
        else:
            found.add(path, passphrase)
        if not found.certificates:
            raise TrustError(say("There is no certificate here."), where=str(path))
        return _by_self_signature(found)

    def signer(self, certificate: x509.Certificate) -> SignerEntry | None:
        """Return what ``trust.toml`` says of this certificate."""
        if not self.signers:
            return None
        digest = fingerprint(certificate)
        return next((entry for entry in self.signers if entry.sha256 == digest), None)

    def for_role(self, role: Role) -> tuple[Anchor, ...]:
        """Return the anchors of one role."""
        return tuple(anchor for anchor in self.anchors if role in anchor.roles)

    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Return every certificate known here, anchors first."""
        return (*(anchor.certificate for anchor in self.anchors), *self.intermediates)

    def revocation(self, certificate: x509.Certificate) -> Revocation | None:
        """Return what the CRLs at hand say of the certificate, or None where none of its issuer lists it."""
        return find_revocation(certificate, self.certificates(), self.crls)


class _Found:
    """What the files held, before anyone decided what it means."""

    def __init__(self) -> None:
        self.certificates: list[x509.Certificate] = []
        self.crls: list[bytes] = []

    def add(self, file: Path, passphrase: Passphrase) -> list[x509.Certificate]:
        """Read one file by its content; return its certificates."""
        data = read_file(file, limit=FILE_LIMIT)
        try:
            certificates, crls = _read(data, passphrase)
        except DocsignError as error:
            raise TrustError(error.sentence, where=str(file), hint=error.hint) from error
        self.certificates += [one for one in certificates if one not in self.certificates]
        self.crls += [one for one in crls if one not in self.crls]
        return certificates


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(
            file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and file.is_file()
        )
    except OSError as error:
        raise file_error(error, folder) from error


def _read(data: bytes, passphrase: Passphrase) -> tuple[list[x509.Certificate], list[bytes]]:
    if b"-----BEGIN " in data[:65536]:
        blocks = _pem_crls(data)
        return load_certificates(data), blocks
    if load_crl(data) is not None:
        return [], [data]
    if looks_like_pkcs12(data):
        return _pkcs12_authorities(data, passphrase), []
    return load_certificates(data), []


def _pem_crls(data: bytes) -> list[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    start, end, crls = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----", []
    position = data.find(start)
    while position >= 0:
        stop = data.find(end, position)
        try:
            crl = x509.load_pem_x509_crl(data[position : stop + len(end)] if stop > 0 else b"")
        except PARSER_ERRORS as error:
            raise MalformedError(say("The revocation list (CRL) cannot be read.")) from error
        crls.append(crl.public_bytes(Encoding.DER))
        position = data.find(start, stop)
    return crls


def looks_like_pkcs12(data: bytes) -> bool:
    """Say whether the bytes begin as a PKCS#12 file does: a SEQUENCE, in it the version 3 (RFC 7292 4)."""
    if data[:1] != b"\x30" or len(data) < 8:
        return False
    extra = data[1] - 0x80 if data[1] > 0x80 else 0
    return extra <= 4 and data[2 + extra : 5 + extra] == b"\x02\x01\x03"


def _pkcs12_authorities(data: bytes, passphrase: Passphrase) -> list[x509.Certificate]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    for attempt in (None, passphrase() if callable(passphrase) else passphrase):
        try:
            store = pkcs12.load_pkcs12(data, attempt.encode() if attempt is not None else None)
        except ValueError:
            continue
        certificates = [entry.certificate for entry in store.additional_certs]
        if store.cert is not None and store.key is None:
            certificates.append(store.cert.certificate)
        return certificates
    raise TrustError(say("This PKCS#12 file cannot be opened: the passphrase is missing or wrong."))


def _by_self_signature(found: _Found) -> Trust:
    anchors = [certificate for certificate in found.certificates if is_self_signed(certificate)]
    return Trust.of(
        anchors,
        intermediates=[certificate for certificate in found.certificates if certificate not in anchors],
        crls=found.crls,
    )


def _from_table(path: Path, found: _Found, passphrase: Passphrase) -> Trust:
    import tomllib  # loaded where there is a trust.toml

    try:
        table = tomllib.loads(read_file(path, limit=FILE_LIMIT).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TrustError(say("trust.toml is not TOML: {reason}.", reason=error), where=str(path)) from error
    rows = _Table(path)
    rows.only(table, {"anchor", "signer", "fetch"}, "")
    anchors = tuple(_anchor(rows, place, row, found, passphrase) for place, row in rows.rows(table, "anchor"))
    signers = tuple(_signer(rows, place, row) for place, row in rows.rows(table, "signer"))
    hosts = _hosts(rows, table)
    if not found.certificates:
        raise TrustError(say("There is no certificate here."), where=str(path.parent))
    if not anchors:
        plain = _by_self_signature(found)
        return Trust(
            anchors=plain.anchors,
            intermediates=plain.intermediates,
            crls=plain.crls,
            signers=signers,
            hosts=hosts,
        )
    trusted = {anchor.certificate for anchor in anchors}
    return Trust(
        anchors=anchors,
        intermediates=tuple(one for one in found.certificates if one not in trusted),
        crls=tuple(found.crls),
        signers=signers,
        hosts=hosts,
    )


def _hosts(rows: _Table, table: dict[str, Any]) -> tuple[str, ...]:
    """Read ``[fetch] hosts``: services of one's own network that certificates may name."""
    row = table.get("fetch", {})
    if not isinstance(row, dict):
        raise rows.error("fetch", say("Write it as [{name}].", name="fetch"))
    rows.only(row, {"hosts"}, "fetch")
    hosts = row.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(one, str) and one.strip() for one in hosts):
        raise rows.error("fetch.hosts", say("A list of host names is needed here."))
    return tuple(one.strip().lower() for one in hosts)


def _anchor(rows: _Table, place: str, row: dict[str, Any], found: _Found, passphrase: Passphrase) -> Anchor:
    rows.only(row, {"file", "sha256", "roles", "revocation"}, place)
    if ("file" in row) == ("sha256" in row):
        raise rows.error(f"{place}", say('Give either "file" or "sha256".'))
    if "file" in row:
        name = rows.text(row, "file", place)
        try:
            certificates = found.add(rows.path.parent / name, passphrase)
        except FileUnusableError as error:
            raise TrustError(error.sentence, where=f"{rows.path}: {place}.file ({name})") from error
        if len(certificates) != 1:
            raise rows.error(
                f"{place}.file",
                say("One certificate is needed; the file holds {count}.", count=len(certificates)),
            )
        certificate = certificates[0]
    else:
        digest = rows.digest(row, place)
        matching = [one for one in found.certificates if fingerprint(one) == digest]
        if not matching:
            raise rows.error(f"{place}.sha256", say("No certificate in this folder has this fingerprint."))
        certificate = matching[0]
    roles = row.get("roles", sorted(ALL_ROLES))
    if not isinstance(roles, list) or not roles or not all(role in get_args(Role) for role in roles):
        raise rows.error(f"{place}.roles", say('Roles are a list of "sign", "tsa", "relay".'))
    revocation = row.get("revocation", "required")
    if revocation not in get_args(RevocationRule):
        raise rows.error(f"{place}.revocation", say('Known are "required" and "not-expected".'))
    return Anchor(certificate=certificate, roles=frozenset(roles), revocation=revocation)


def _signer(rows: _Table, place: str, row: dict[str, Any]) -> SignerEntry:
    rows.only(row, {"sha256", "role", "agency"}, place)
    role = row.get("role")
    if role not in (None, *get_args(SignerRole)):
        raise rows.error(f"{place}.role", say('Known are "person" and "agency".'))
    agency = rows.text(row, "agency", place) if "agency" in row else None
    return SignerEntry(sha256=rows.digest(row, place), role=cast("SignerRole | None", role), agency=agency)


class _Table:
    """Reads trust.toml strictly; every error names its place, such as ``anchor[2].roles`` (from 1)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def error(self, place: str, sentence: Sentence) -> TrustError:
        return TrustError(sentence, where=f"{self.path}: {place}" if place else str(self.path))

    def only(self, row: dict[str, Any], known: set[str], place: str) -> None:
        for key in row:
            if key not in known:
                raise self.error(place, say("No such entry: {name}.", name=key))

    def rows(self, table: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
        rows = table.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.error(name, say("Write it as [[{name}]].", name=name))
        return [(f"{name}[{number}]", row) for number, row in enumerate(rows, 1)]

    def text(self, row: dict[str, Any], key: str, place: str) -> str:
        value = row.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{place}.{key}", say("A text is needed here."))
        return value.strip()

    def digest(self, row: dict[str, Any], place: str) -> str:
        value = self.text(row, "sha256", place).replace(":", "").lower()
        if len(value) != 64 or set(value) - set("0123456789abcdef"):
            raise self.error(f"{place}.sha256", say("A SHA-256 has 64 hexadecimal digits."))
        return value
