"""What is installed is what the tests saw: the wheel carries both packages with everything they ship."""

from __future__ import annotations

import email
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.house.tree import PACKAGES, ROOT, repository_files


def test_the_wheel_carries_everything_and_nothing_else(tmp_path: Path) -> None:
    """Modules, templates, fonts with their licence, the Vietnamese catalogue, the marks of typed packages."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
        about = {name.rpartition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        commands = archive.read(about["entry_points.txt"]).decode()
        metadata = email.message_from_bytes(archive.read(about["METADATA"]))
    shipped = {
        path.relative_to(ROOT).as_posix()
        for path in repository_files()
        if path.relative_to(ROOT).parts[0] in PACKAGES
    }
    assert shipped <= carried, sorted(shipped - carried)
    for kind in (".typ", ".ttf", ".mo", "py.typed"):
        assert any(name.endswith(kind) for name in carried), kind
    assert {name.partition("/")[0] for name in carried} == set(PACKAGES)
    assert "docsign = docsign.cli:main" in commands
    assert "docsign-relay = relay_server.cli:main" in commands
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata.get_all("License-File") or []) == {"LICENSE", "docsign/fonts/LICENSE"}
