"""Look a relay over before it serves, or while it does: one line for each thing, and what to do about it.

1. Its settings can be read, and the database has the form this version works with.
2. The clock: not behind what the relay has written, and, where a time-stamp service is set, with it.
3. Room on the disk, and that it is a disk of this machine.
4. Certificates: of TLS, of the evidence, of the authorities, revocation lists, of the agencies; grants.
5. The time-stamp service answers with a token that the trust believes.
6. Who may read the keys and write the folder.
7. The addresses: free, or answered by this relay.

Nothing is changed. ``checking`` looks into what the relay keeps; this looks at what it stands on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from docsign.ades.timestamps import judge_timestamp, time_of_token
from docsign.errors import DiskFullError, DocsignError, FileUnusableError
from docsign.files import is_file, read_file
from docsign.pki.certificates import load_certificates
from docsign.pki.fetch import fetch_timestamp
from docsign.pki.keys import open_key
from docsign.pki.trust import Trust
from docsign.sentence import Sentence, say
from docsign.verdict import Indication
from relay_server.app import DATABASE, is_served, tls_context
from relay_server.findings import Findings
from relay_server.migrating import form_of
from relay_server.outside import TrustExaminer
from relay_server.services.delegation import signer_of_grant
from relay_server.settings import RelaySettings
from relay_server.storage.raw import DAMAGED, RawDatabase
from relay_server.storage.tables import SCHEMA_VERSION, from_micros, to_micros
from relay_server.surroundings import addresses, disk, permissions

SOON: Final = timedelta(days=30)
"""How long before its end a certificate or a grant is named."""
APART: Final = timedelta(seconds=60)
FAR_APART: Final = timedelta(seconds=300)
"""A clock that far from the time-stamp service's is named, or is a failure."""
NAMED: Final = 20
"""How many agencies are named in one line."""


Fetch = Callable[[str, bytes], bytes]


def examine(folder: Path, *, now: datetime, fetch: Fetch = fetch_timestamp) -> Findings:
    """Examine the relay of ``folder``; ``fetch`` asks a time-stamp service. What is wrong is never raised.

    Raises FileUnusableError where no relay was set up.
    """
    found = Findings()
    try:
        settings = RelaySettings.read(folder.resolve())
    except FileUnusableError:
        raise
    except DocsignError as error:
        found.refused("settings", error, say("Mend relay.toml."))
        return found
    found.ok("settings", say("The settings can be read: {path}.", path=folder / "relay.toml"))
    _database(folder, found)
    _rows(lambda: _clock(folder, now, found), found)
    disk(folder, settings, found)
    trust = _trust(settings, now, found)
    _tls(settings, trust, now, found)
    _evidence_key(settings, now, found)
    _rows(lambda: _agencies(folder, now, found), found)
    _rows(lambda: _grants(folder, trust, now, found), found)
    _stamps(settings, trust, now, fetch, found)
    permissions(folder, settings, found)
    addresses(settings, is_served=is_served(folder), found=found)
    return found


def _rows(look: Callable[[], None], found: Findings) -> None:
    """Look at rows of the database; tell where one holds what was never written."""
    try:
        look()
    except (*DAMAGED, DocsignError):
        found.fail(
            "database",
            say("A row of the database is damaged."),
            say("docsign-relay check says what is damaged."),
        )


def _database(folder: Path, found: Findings) -> None:
    try:
        form = form_of(folder / DATABASE)
    except DocsignError as error:
        advice = say("Restore a backup (docsign-relay restore).")
        if isinstance(error, DiskFullError):
            advice = say("Free some room, or move the relay's folder to a larger disk.")
        found.refused("database", error, advice)
        return
    sentence = say(
        "The database has form {found}; this version knows {known}.", found=form, known=SCHEMA_VERSION
    )
    if form == SCHEMA_VERSION:
        found.ok("database", say("The database has the form of this version ({form}).", form=form))
    elif form < SCHEMA_VERSION:
        found.fail("database", sentence, say("Stop the relay and run docsign-relay migrate."))
    else:
        found.fail("database", sentence, say("Install the newer version that wrote this database."))


def _clock(folder: Path, now: datetime, found: Findings) -> None:
    newest = 0
    for (value,) in _asked(folder, "SELECT coalesce(max(changed_at), 0) FROM deliveries"):
        newest = value
    ahead = from_micros(newest) - now
    if ahead > timedelta(seconds=5):
        found.fail(
            "clock",
            say("The clock is {time} behind what the relay has written itself.", time=_span(ahead)),
            say("Set the clock and keep it set by NTP before the relay serves again."),
        )
    else:
        found.ok("clock", say("The clock is not behind what the relay has written."))


def _trust(settings: RelaySettings, now: datetime, found: Findings) -> Trust:
    try:
        trust = Trust.from_path(settings.trust)
    except DocsignError as error:
        found.refused("trust", error, say("Mend the trust folder: nobody is let in without it."))
        return Trust.nothing()
    certificates = [*(anchor.certificate for anchor in trust.anchors), *trust.intermediates]
    if not trust.anchors:
        found.fail(
            "trust", say("The trust names no anchor."), say("Put the authorities' certificates there.")
        )
    for certificate in certificates:
        name = certificate.subject.rfc4514_string()
        advice = say("Get the authority's new certificate and put it into the trust folder.")
        _age("trust", name, certificate, now, advice, found)
    for der in trust.crls:
        crl = x509.load_der_x509_crl(der)
        if crl.next_update_utc is not None and crl.next_update_utc < now:
            found.warn(
                "revocation",
                say(
                    "The revocation list of {name} is old: the next one was due on {day}.",
                    name=crl.issuer.rfc4514_string(),
                    day=f"{crl.next_update_utc:%Y-%m-%d}",
                ),
                say("Fetch the authority's newest list into the trust folder; do it every day."),
            )
    if trust.anchors and not any(line.code in ("trust", "revocation") for line in found.lines):
        found.ok("trust", say("The trust is in order: {count} certificates.", count=len(certificates)))
    return trust


def _tls(settings: RelaySettings, trust: Trust, now: datetime, found: Findings) -> None:
    advice = say("Give tls_cert and tls_key of relay.toml a certificate and its key (PEM).")
    try:
        tls_context(settings, trust)
        certificate = load_certificates(read_file(settings.tls_cert))[0]
    except (DocsignError, IndexError) as error:
        sentence = error.sentence if isinstance(error, DocsignError) else say("There is no such file.")
        if trust.anchors:  # without them nothing else can be said of it
            found.fail("tls", say("{where}: {reason}", where=settings.tls_cert, reason=sentence), advice)
        return
    renew = say("Get a new certificate in time; the relay takes changed files over without a restart.")
    if _age("tls", settings.tls_cert, certificate, now, renew, found):
        end = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        found.ok("tls", say("The TLS certificate is good until {day}.", day=end))


def _evidence_key(settings: RelaySettings, now: datetime, found: Findings) -> None:
    advice = say("The relay cannot sign evidence: mend key and passphrase_file of relay.toml.")
    if settings.key.startswith("pkcs12:") and not settings.passphrase_file:
        path = settings.key.removeprefix("pkcs12:")
        try:
            if not is_file(path):
                raise FileUnusableError(say("There is no such file."), where=path)
        except DocsignError as error:
            found.refused("key", error, advice)
            return
        there = say("The evidence key is there; its passphrase is asked for at the start: {path}.", path=path)
        found.ok("key", there)
        return
    try:
        lines = (
            read_file(settings.passphrase_file, limit=4096).decode().splitlines()
            if settings.passphrase_file
            else [""]
        )
        certificate = open_key(settings.key, lines[0] if lines else "").certificate
    except (DocsignError, UnicodeDecodeError) as error:
        told = error if isinstance(error, DocsignError) else FileUnusableError(say("This is not UTF-8."))
        found.refused("key", told, advice)
        return
    renew = say("Get a new certificate for the evidence key before this one ends.")
    if _age("key", settings.key, certificate, now, renew, found):
        end = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        found.ok("key", say("The evidence key's certificate is good until {day}.", day=end))


def _agencies(folder: Path, now: datetime, found: Findings) -> None:
    """Name the agencies whose last certificate of a kind is over or ends soon."""
    soon = to_micros(now + SOON)
    ending = list(
        _asked(
            folder,
            "SELECT code, use, max(not_after) AS last FROM bindings JOIN agencies ON agencies.key = agency"
            " WHERE use <> 'audit' GROUP BY code, use HAVING last < ? ORDER BY last",
            soon,
        )
    )
    for code, use, last in ending[:NAMED]:
        found.warn(
            "agency",
            say("{code}: its certificate ({use}) ends on {day}.", code=code, use=use, day=_day(last)),
            say("Ask the agency for its new certificate (docsign-relay agency rotate)."),
        )
    if len(ending) > NAMED:
        found.warn(
            "agency",
            say("{count} more certificates of agencies end soon.", count=len(ending) - NAMED),
            say("Ask the agency for its new certificate (docsign-relay agency rotate)."),
        )
    if not ending:
        found.ok("agency", say("No agency's certificate ends within {days} days.", days=SOON.days))


def _grants(folder: Path, trust: Trust, now: datetime, found: Findings) -> None:
    """Name the grants that end soon, and those that count no more since their signer was revoked."""
    examiner = TrustExaminer(trust)
    for name, record, signature in _asked(
        folder, "SELECT id, record, signature FROM grants WHERE ended_at IS NULL"
    ):
        signer = signer_of_grant(signature, record)
        if signer is None or examiner.is_revoked(signer):
            found.warn(
                "grant",
                say("The grant {id} counts no more: its signer's certificate is revoked.", id=name),
                say("Ask the agency for a new grant if it is to go on (docsign grant)."),
            )
    for grant in granted_until(folder, now):
        found.warn(
            "grant",
            say("{delegate} acts for {grantor} until {day} only.", **grant),
            say("Ask the agency for a new grant if it is to go on (docsign grant)."),
        )


def granted_until(folder: Path, now: datetime) -> Iterator[dict[str, str]]:
    """Yield the grants in force that end soon: ``delegate``, ``grantor`` and ``day``."""
    for (record,) in _asked(folder, "SELECT record FROM grants WHERE ended_at IS NULL"):
        grant = json.loads(record)
        ends = datetime.fromisoformat(grant["to"])
        if now < ends < now + SOON:
            yield {"delegate": grant["delegate"], "grantor": grant["grantor"], "day": f"{ends:%Y-%m-%d}"}


def _stamps(settings: RelaySettings, trust: Trust, now: datetime, fetch: Fetch, found: Findings) -> None:
    if not settings.tsa:
        found.warn(
            "tsa",
            say("No time-stamp service is set: the log's times rest on this computer's clock alone."),
            say("Set tsa in relay.toml to the address of a time-stamp service."),
        )
        return
    advice = say("Ask the service's operator; the relay stops accepting when stamping fails for too long.")
    digest = hashlib.sha256(b"docsign-relay doctor").digest()
    try:
        token = fetch(settings.tsa, digest)
    except DocsignError as error:
        found.refused("tsa", error, advice)
        return
    stamped = time_of_token(token)
    judged = judge_timestamp(token, lambda _: digest, trust=trust, at=now, id="doctor", kind="archive")
    if judged.conclusion.indication is Indication.TOTAL_FAILED or stamped is None:
        found.fail("tsa", say("The time-stamp of {url} does not pass.", url=settings.tsa), advice)
        return
    if judged.conclusion.indication is not Indication.TOTAL_PASSED:
        found.warn(
            "tsa",
            say(
                "The time-stamp service answers, and the trust does not believe it: {url}.", url=settings.tsa
            ),
            say("Put the authority of the time-stamp service into the trust folder."),
        )
    else:
        found.ok("tsa", say("The time-stamp service answers: {url}.", url=settings.tsa))
    apart = abs(stamped - now)
    if apart > APART:
        tell = found.fail if apart > FAR_APART else found.warn
        tell(
            "clock",
            say("The clock is {time} apart from the time-stamp service's.", time=_span(apart)),
            say("Set the clock and keep it set by NTP before the relay serves again."),
        )


def _age(
    code: str, name: str, certificate: x509.Certificate, now: datetime, advice: Sentence, found: Findings
) -> bool:
    """Tell a certificate that is over, not begun, or ends soon; return whether there was nothing to tell."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= now <= end:
        sentence = say(
            "The certificate is good from {begin} to {end}: {name}.",
            begin=f"{begin:%Y-%m-%d}",
            end=f"{end:%Y-%m-%d}",
            name=name,
        )
        found.fail(code, sentence, advice)
    elif end < now + SOON:
        found.warn(
            code, say("The certificate ends on {day}: {name}.", day=f"{end:%Y-%m-%d}", name=name), advice
        )
    else:
        return True
    return False


def _asked(folder: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return what the database says; nothing where it cannot be asked, which ``_database`` tells."""
    try:
        with RawDatabase.open(folder / DATABASE) as raw:
            return raw.ask(query, *values)
    except DocsignError:
        return []


def _day(micros: int) -> str:
    return f"{from_micros(micros):%Y-%m-%d}"


def _span(time: timedelta) -> str:
    return str(timedelta(seconds=round(time.total_seconds())))
