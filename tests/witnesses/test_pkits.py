"""The path validation tests of NIST (PKITS), as signed messages: two hundred chains that nobody here made.

Slow: the package that carries them is fetched once (Python index, cryptography-vectors). Each message holds
the chain, the folder beside them the revocation lists and the one root; what is asked is in its name.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docsign.pki import Trust
from docsign.verdict import Indication
from docsign.verification import verify

PACKAGE = "cryptography-vectors==50.0.2"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

ALSO_INVALID = {
    # the policies of these chains end in none, where one is asked for (RFC 5280 6.1.5 (g)): 4.8.4 to 4.8.12
    "DifferentPoliciesTest4", "DifferentPoliciesTest5", "DifferentPoliciesTest7", "DifferentPoliciesTest8",
    "DifferentPoliciesTest9", "DifferentPoliciesTest12",
}  # fmt: skip
NOT_DECIDED = {
    # good, and docsign says that it cannot tell: DSA; lists that tell of some reasons each; a delta list;
    # lists by a key that the root certified for that alone, or of an indirect issuer's own
    "ValidDSASignaturesTest4", "ValidDSAParameterInheritanceTest5", "ValidonlySomeReasonsTest18",
    "ValidonlySomeReasonsTest19", "ValiddeltaCRLTest5", "ValidSeparateCertificateandCRLKeysTest19",
    "ValidIDPwithindirectCRLTest24", "ValidIDPwithindirectCRLTest25", "ValidcRLIssuerTest33",
}  # fmt: skip


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The messages (smime), revocation lists (crls) and the root, unpacked."""
    folder = tmp_path_factory.mktemp("pkits")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    for name in ("smime", "trust"):
        (folder / name).mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            found = re.search(r"PKITS_data/(smime|crls|certs)/([^/]+)$", name)
            if found is None or (found[1] == "certs" and not found[2].startswith("TrustAnchorRoot")):
                continue
            target = "smime" if found[1] == "smime" else "trust"
            (folder / target / found[2]).write_bytes(archive.read(name))
    return folder


@pytest.mark.slow
def test_the_chains_of_pkits_are_judged_as_it_says(vectors: Path) -> None:
    """No bad chain passes; every good one passes, but for those that are named above."""
    trust = Trust.from_path(vectors / "trust")
    passed, messages = set(), sorted((vectors / "smime").iterdir())
    for path in messages:
        report = verify(path, trust=trust, at=NOW, offline=True)
        assert report.signatures, path.name
        assert report.signatures[0].intact in (True, None), path.name
        if report.conclusion.indication is Indication.TOTAL_PASSED:
            passed.add(path.stem.removeprefix("Signed"))
    names = {path.stem.removeprefix("Signed") for path in messages}
    bad = {name for name in names if name.startswith(("Invalid", "Missing"))} | ALSO_INVALID
    assert len(names) > 200
    assert not passed & bad
    assert names - bad - passed == NOT_DECIDED
