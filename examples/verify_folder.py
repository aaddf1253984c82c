"""Verify every file of a folder and print one line each: the answer, who signed, the file.

    python examples/verify_folder.py FOLDER --trust TRUST

The exit status is 0 when everything passed, else 1.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from docsign import Indication, Report, Trust, Verifier

SYMBOLS = {
    Indication.TOTAL_PASSED: "✓",
    Indication.INDETERMINATE: "?",
    Indication.TOTAL_FAILED: "✗",
    Indication.NO_SIGNATURE: "·",
}


def line(path: Path, report: Report) -> str:
    """Say in one line what the report says."""
    answer = report.conclusion
    reason = f"/{answer.sub_indication}" if answer.sub_indication else ""
    signers = ", ".join(signature.signer or "?" for signature in report.signatures)
    said = f" ({signers})" if signers else ""
    return f"{SYMBOLS[answer.indication]} {path.name}: {answer.indication}{reason}{said}"


def main(folder: Path, trust_path: Path) -> int:
    """Verify what lies directly in ``folder``; trust and chains that were validated are shared."""
    verifier = Verifier(trust=Trust.from_path(trust_path), offline=True)
    answers = []
    for path in sorted(folder.iterdir()):
        if path.suffix in (".pdf", ".asice"):
            report = verifier.verify(path)
            print(line(path, report))
            answers.append(report.conclusion.indication)
    return 0 if set(answers) <= {Indication.TOTAL_PASSED} else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trust", type=Path, required=True)
    arguments = parser.parse_args()
    raise SystemExit(main(arguments.folder, arguments.trust))
