"""The operator's side of the directory: add agencies and certificates from files, change and list them.

Every change, made or refused, is a line of ``directory.log`` (``decisions``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from docsign.envelope.agency_codes import require_agency_code
from docsign.envelope.grants import SignedGrant
from docsign.errors import DocsignError, MalformedError, TrustError, UsageError
from docsign.files import read_file
from docsign.pki.certificates import fingerprint, load_certificates
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server import decisions
from relay_server.app import DATABASE, require_no_backup
from relay_server.core.delegation import KeptGrant, require_grant
from relay_server.core.directory import Agency, Binding, Use, require_told, rotated
from relay_server.outside import TrustExaminer
from relay_server.ports import Transaction
from relay_server.settings import RelaySettings
from relay_server.storage.database import DatabaseLedger

Answer = TypeVar("Answer")

CERTIFICATE_LIMIT = 1024 * 1024
PAGE = 500


async def register(
    folder: Path,
    code: str,
    name: str,
    *,
    tls: Iterable[Path],
    sign: Iterable[Path],
    audit: Iterable[Path] = (),
) -> Agency:
    """Add an agency or more certificates to one; the relay may be serving meanwhile.

    Of a file with several certificates the first counts, the others are its issuers. Raises UsageError,
    EdxmlError for a code that is none, FileUnusableError, TrustError for a file without a certificate.
    """
    require_agency_code(code, where="--code")
    new = [
        *(read_binding(path, Use.TLS) for path in tls),
        *(read_binding(path, Use.SIGN) for path in sign),
        *(read_binding(path, use) for path in audit for use in (Use.TLS, Use.AUDIT)),
    ]

    async def work(tx: Transaction) -> Agency:
        known = await tx.agency(code)
        if known is None and not name:
            raise UsageError(say("A new agency needs a name (--name)."))
        bindings = {(b.sha256, b.use): b for b in (*(known.bindings if known else ()), *new)}
        agency = Agency(
            code=known.code if known else code,
            name=name or (known.name if known else ""),
            bindings=tuple(bindings.values()),
        )
        await tx.put_agency(agency)
        return agency

    facts = {"agency": code, "certificates": [f"{b.use.value} {b.sha256}" for b in new]}
    return await _decided(folder, "agency registered", facts, work)


async def rotate_certificate(
    folder: Path, code: str, new: Binding, *, told: str, overlap: timedelta, replaces: str = ""
) -> tuple[Agency, datetime]:
    """Put ``new`` in the place of an agency's certificate; return the agency and when the old one ends.

    ``told`` is what the agency says the new fingerprint is (``core.directory.require_told``); the relay may
    be serving meanwhile. Raises UsageError.
    """
    now = datetime.now(UTC)

    async def work(tx: Transaction) -> tuple[Agency, datetime]:
        require_told(new, told)
        known = await tx.agency(code)
        if known is None:
            raise UsageError(say("The directory does not know the agency {code}.", code=code[:60]))
        agency, ends = rotated(known, new, at=now, overlap=overlap, replaces=replaces)
        await tx.put_agency(agency)
        return agency, ends

    facts = {"agency": code, "certificate": f"{new.use.value} {new.sha256}", "told": told[:100]}
    return await _decided(folder, "certificate rotated", facts, work)


async def delegate(folder: Path, data: bytes, *, where: str) -> KeptGrant:
    """Take an agency's grant into the directory; the relay may be serving meanwhile. Taken twice, it is once.

    Raises WireError, UsageError, TrustError (``core.delegation``).
    """
    proof = SignedGrant.from_bytes(data, where=where)
    grant = proof.grant
    settings = RelaySettings.read(folder)
    examiner = TrustExaminer(Trust.from_path(settings.trust))
    now = datetime.now(UTC)
    signer = examiner.signer_of(proof.signature, proof.signed, at=now)

    async def work(tx: Transaction) -> KeptGrant:
        require_grant(grant, await tx.agency(grant.grantor), await tx.agency(grant.delegate), signer, at=now)
        known = await tx.grant(grant.id)
        if known is not None:
            if known.proof.signed != proof.signed:
                raise UsageError(say("Another grant of the same id is in the directory."), where=where)
            return known
        kept = KeptGrant(proof=proof)
        await tx.add_grant(kept)
        return kept

    facts = {"grant": grant.id, "grantor": grant.grantor, "delegate": grant.delegate, "signer": signer}
    return await _decided(folder, decisions.GRANT_TAKEN, facts, work)


async def end_grant(folder: Path, name: str) -> KeptGrant:
    """End the grant whose id begins with ``name``, at once and for ever. Raises UsageError."""
    now = datetime.now(UTC)
    wanted = [one for one in await granted(folder) if name and one.grant.id.startswith(name.lower())]
    if len(wanted) != 1:
        raise UsageError(say("The directory has no grant {name}, or several of them.", name=name[:40]))

    async def work(tx: Transaction) -> KeptGrant:
        await tx.end_grant(wanted[0].grant.id, now)
        kept = await tx.grant(wanted[0].grant.id)
        assert kept is not None
        return kept

    return await _decided(folder, decisions.GRANT_ENDED, {"grant": wanted[0].grant.id}, work)


async def granted(folder: Path) -> tuple[KeptGrant, ...]:
    """Return every grant of the directory, by granting agency, ended ones too."""
    codes = [one.code for one in await registered(folder)]

    async def work(tx: Transaction) -> tuple[KeptGrant, ...]:
        return tuple([kept for code in codes for kept in await tx.grants_by(code)])

    async with _opened(folder) as ledger:
        return await ledger.read(work)


async def registered(folder: Path) -> tuple[Agency, ...]:
    """Return the whole directory, by code."""
    async with _opened(folder) as ledger:
        found: list[Agency] = []
        while True:
            after = found[-1].code if found else ""
            page = await ledger.read(_page(after))
            found += page
            if len(page) < PAGE:
                return tuple(found)


def _page(after: str) -> Callable[[Transaction], Awaitable[tuple[Agency, ...]]]:
    return lambda tx: tx.agencies("", after, PAGE)


async def _decided(
    folder: Path, event: str, facts: Mapping[str, object], work: Callable[[Transaction], Awaitable[Answer]]
) -> Answer:
    """Run a unit that changes the directory, with a line about it written before it counts."""

    async def noted(tx: Transaction) -> Answer:
        answer = await work(tx)
        decisions.note(folder, event, allowed=True, **facts)
        return answer

    async with _opened(folder) as ledger:
        try:
            return await ledger.write(noted)
        except DocsignError as error:
            decisions.note(folder, event, allowed=False, reason=error.text("en"), **facts)
            raise


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[DatabaseLedger]:
    RelaySettings.read(folder)  # a folder that is no relay's is said so, not filled with a database
    require_no_backup(folder)
    ledger = await DatabaseLedger.open(folder / DATABASE)
    try:
        yield ledger
    finally:
        await ledger.close()


def read_binding(path: Path, use: Use) -> Binding:
    """Return the binding of a certificate's file; raises FileUnusableError, TrustError."""
    try:
        certificates = load_certificates(read_file(path, limit=CERTIFICATE_LIMIT))
    except MalformedError as error:
        raise TrustError(error.sentence, where=str(path)) from error
    if not certificates:
        raise TrustError(say("There is no certificate here."), where=str(path))
    certificate = certificates[0]
    return Binding(
        sha256=fingerprint(certificate),
        use=use,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
