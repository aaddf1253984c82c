"""The check of a relay's grants, and of what was done under them.

1. The columns are what was signed, and the signature is over it.
2. The certificate that signed is one the directory binds, or bound, to the agency that grants, for sealing.
3. Every record of an act for another agency names a grant that is kept here, and the act is within it: who
   acted, for whom, between its beginning and its end.
4. By ``directory.log``: what the operator took in is there, what the operator ended is ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from docsign.ades.cades import judge_cms
from docsign.envelope.agency_codes import canonical
from docsign.envelope.evidence import Evidence, parse_json
from docsign.envelope.grants import GRANT_TYPE, Grant
from docsign.errors import WireError
from docsign.pki.certificates import fingerprint
from docsign.pki.trust import Trust
from docsign.sentence import say
from relay_server import decisions
from relay_server.core.directory import Use
from relay_server.services.relay import sha256_of
from relay_server.storage.raw import RawDatabase, Row
from relay_server.storage.tables import from_micros
from relay_server.troubles import DECIDED, END, GRANT, CheckReport

_ACTS: Final = "WHERE instr(record, CAST(? AS BLOB)) > 0 ORDER BY number"


def check_grants(raw: RawDatabase, trust: Trust, report: CheckReport) -> None:
    """Run the checks; what is wrong goes into the report."""
    _ended(raw, report)
    kept: dict[str, tuple[Grant, datetime]] = {}
    for row in raw.rows("grants"):
        grant = _sound(raw, row, trust) if isinstance(row, dict) else None
        if grant is None or not isinstance(row, dict):
            where = f"grants/{row['id'][:32]}" if isinstance(row, dict) else str(row)
            report.add("grant", say("A grant of the directory is damaged."), where)
            continue
        ended = row["ended_at"]
        end = grant.ends if ended is None else min(grant.ends, from_micros(ended))
        kept[sha256_of(row["record"])] = (grant, end)
    for row in raw.rows("facts", _ACTS, GRANT_TYPE):
        evidence = _record(row) if isinstance(row, dict) else None
        if evidence is not None and not is_granted(evidence, kept):
            sentence = say("This was done for another agency, and no grant that is kept here allows it.")
            report.add("act-without-grant", sentence, f"facts/{evidence.id}", GRANT)


def _ended(raw: RawDatabase, report: CheckReport) -> None:
    """Check 4."""
    ended = set()
    kept = {name for (name,) in raw.ask("SELECT id FROM grants")}
    for number, line in enumerate(decisions.read(raw.path.parent), start=1):
        if line is None:
            where = f"{decisions.NAME}:{number}"
            report.add("directory-log", say("A line of the directory's log is damaged."), where, DECIDED)
        elif line.get("event") == decisions.GRANT_ENDED and line.get("allowed") is True:
            ended.add(str(line.get("grant")))
        elif line.get("event") == decisions.GRANT_TAKEN and line.get("allowed") is True:
            name = str(line.get("grant"))
            if name not in kept:
                lacking = say("The directory lacks what the operator registered.")
                report.add("directory-missing", lacking, f"grants/{name[:32]}", GRANT)
                kept.add(name)  # told once
    for (name,) in raw.ask("SELECT id FROM grants WHERE ended_at IS NULL"):
        if name in ended:
            sentence = say("This grant was ended by the operator and counts again.")
            report.add("grant-ended", sentence, f"grants/{name[:32]}", END)


def _sound(raw: RawDatabase, row: Row, trust: Trust) -> Grant | None:
    """Checks 1 and 2; None where one does not pass."""
    try:
        grant = Grant.from_json(parse_json(row["record"], limit=len(row["record"]), where="grant"))
    except WireError:
        return None
    judged = judge_cms(row["signature"], content=row["record"], trust=trust, at=grant.made_at)
    grantor = canonical(grant.grantor)
    if (row["id"], row["grantor"]) != (grant.id, grantor):
        return None
    if judged.report.intact is not True or judged.certificate is None:
        return None
    bound = raw.ask(
        "SELECT 1 FROM bindings WHERE sha256 = ? AND use = ? AND agency = ?",
        fingerprint(judged.certificate),
        Use.SIGN.value,
        grantor,
    )
    return grant if bound else None


def _record(row: Row) -> Evidence | None:
    """Return a record; None for one that cannot be read, which the check of the envelopes tells."""
    try:
        return Evidence.from_json(parse_json(row["record"], limit=len(row["record"]), where="evidence"))
    except WireError:
        return None


def is_granted(evidence: Evidence, kept: dict[str, tuple[Grant, datetime]]) -> bool:
    """Check 3: for the sender, or for the one receiver whose delivery it is about."""
    named = [part.digest for part in evidence.parts if part.id == "grant"]
    found = kept.get(named[0]) if len(named) == 1 else None
    if found is None:
        return False
    grant, end = found
    for_whom = {canonical(code) for code in (evidence.sender, *evidence.recipients)}
    return (
        canonical(grant.grantor) in for_whom
        and canonical(grant.delegate) == canonical(evidence.actor)
        and grant.begins <= evidence.time <= end
    )
