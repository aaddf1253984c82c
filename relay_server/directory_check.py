"""Check the directory: its rows, and that whom the operator let in is there.

1. Agencies and bindings are of the form they were written in.
2. Every agency and every certificate that ``directory.log`` says was registered, or rotated in, is there, at
   the agency it was registered for: nothing ever takes one out.

From when until when a certificate is bound is stated nowhere else, and a change of it is not found; TLS and
the judgement of a seal look at the certificate's own time besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docsign.envelope.agency_codes import canonical
from docsign.sentence import say
from relay_server import decisions
from relay_server.core.directory import Use
from relay_server.storage.raw import RawDatabase
from relay_server.troubles import REGISTER, CheckReport

_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_directory(raw: RawDatabase, report: CheckReport) -> None:
    """Run the checks; what is wrong goes into the report."""
    _rows(raw, report)
    _registered(raw, report)


def _rows(raw: RawDatabase, report: CheckReport) -> None:
    """Check 1."""
    for row in raw.rows("agencies"):
        sound = (
            isinstance(row, dict)
            and row["key"] == canonical(row["code"])
            and row["folded"] == f"{row['code']}\n{row['name']}".casefold()
        )
        if not sound:
            where = f"agencies/{row['code'][:60]}" if isinstance(row, dict) else str(row)
            report.add("directory", say("An entry of the directory is damaged."), where, REGISTER)
    for row in raw.rows("bindings"):
        sound = (
            isinstance(row, dict)
            and bool(_DIGEST.fullmatch(row["sha256"]))
            and row["use"] in [use.value for use in Use]
            and row["not_before"] <= row["not_after"]
        )
        if not sound:
            where = f"bindings/{row['sha256'][:64]}" if isinstance(row, dict) else str(row)
            report.add("directory", say("An entry of the directory is damaged."), where, REGISTER)


def _registered(raw: RawDatabase, report: CheckReport) -> None:
    """Check 2."""
    agencies = {key for (key,) in raw.ask("SELECT key FROM agencies")}
    bindings = set(raw.ask("SELECT use, sha256, agency FROM bindings"))
    missing: dict[str, None] = {}  # each once, in the order of the log
    for line in decisions.read(raw.path.parent):
        for agency, certificate in _let_in(line or {}):
            use, _, sha256 = certificate.partition(" ")
            if canonical(agency) not in agencies:
                missing[f"agencies/{agency[:60]}"] = None
            elif certificate and (use, sha256, canonical(agency)) not in bindings:
                missing[f"bindings/{sha256[:64]}"] = None
    for where in missing:
        report.add(
            "directory-missing", say("The directory lacks what the operator registered."), where, REGISTER
        )


def _let_in(line: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the agency of a decision with each certificate that it let in, or with none."""
    if line.get("allowed") is not True:
        return
    agency, certificates = line.get("agency"), line.get("certificates", [line.get("certificate", "")])
    if isinstance(agency, str) and isinstance(certificates, list):
        for certificate in certificates or [""]:
            if isinstance(certificate, str):
                yield agency, certificate
