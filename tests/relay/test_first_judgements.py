"""The first envelopes of a fresh process come together: each is judged as it deserves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docsign.pki import SigningKey
from tests.relay.conftest import sealed


def test_the_first_judgements_of_a_process_may_come_together(
    trust_folder: Path, agency_key: SigningKey, tmp_path: Path
) -> None:
    """What others prepare on first use is prepared once: no sound envelope is refused for a race."""
    envelope = tmp_path / "cong-van.asice"
    envelope.write_bytes(sealed(agency_key))
    done = subprocess.run(
        [sys.executable, "-m", "tests.relay.race", str(trust_folder), str(envelope)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
