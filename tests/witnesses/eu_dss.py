"""Ask EU DSS, the reference of the European Commission, about signed files: as judge, without any network.

Its libraries come from Maven Central by their coordinates, through Maven's own client, once for each machine;
the little Java program beside this file is run from its source. Needs, from Debian: openjdk-17-jdk-headless,
maven (``sh tests/install-witnesses.sh slow``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

VERSION = "6.4"
_GROUP = "eu.europa.ec.joinup.sd-dss"
_MODULES = (
    "dss-xades", "dss-cades", "dss-asic-xades", "dss-asic-cades", "dss-pades-pdfbox",
    "dss-evidence-record-xml", "dss-evidence-record-asn1", "dss-validation", "dss-policy-jaxb",
    "dss-utils-google-guava", "dss-crl-parser-x509crl", "dss-cms-object", "dss-service", "dss-token",
)  # fmt: skip
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath"
_PROGRAMS = Path(__file__).parent / "java"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What DSS says of one thing in a file: ``kind`` is S, T, E or X, as the program has it."""

    kind: str
    indication: str
    sub_indication: str
    form: str
    states: tuple[bool, ...]

    @property
    def conclusion(self) -> str:
        """Indication and sub-indication."""
        return "/".join(one for one in (self.indication, self.sub_indication) if one)


def ask(
    files: Sequence[tuple[Path, Sequence[Path]]], anchors: Iterable[Path], folder: Path
) -> dict[Path, list[Opinion]]:
    """Return what DSS says of each file, given with what it signs; ``folder`` is for what is written."""
    asked = [(str(file), ";".join(map(str, contents))) for file, contents in files]
    answers = _run("EuDss", asked, [str(one) for one in anchors], folder)
    assert [one[0] for one in answers] == [one[0] for one in asked]
    return {Path(one[0]): [_opinion(field) for field in one[1:]] for one in answers}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What DSS shall sign: ``form`` PAdES, CAdES or XAdES; ``shape`` its packaging, or ASiC-S or ASiC-E."""

    form: str
    shape: str
    level: str
    source: Path
    target: Path


def let_sign(
    wishes: Sequence[Wish], *, tsa: str, key: Path, passphrase: str, authority: Path, folder: Path
) -> None:
    """Let DSS sign files with a PKCS#12 key; ``authority`` holds certificates (.pem) and lists (.crl)."""
    known = [str(one) for one in sorted(authority.iterdir()) if one.suffix in (".pem", ".crl")]
    lines = [(one.form, one.shape, one.level, str(one.source), str(one.target)) for one in wishes]
    answers = _run("EuDssSigns", lines, [tsa, str(key), passphrase, *known], folder)
    assert [one[-1] for one in answers] == ["ok"] * len(wishes), answers


def _run(program: str, lines: Sequence[Sequence[str]], words: Sequence[str], folder: Path) -> list[list[str]]:
    """Run a Java program from its source over tab-separated lines; return those it writes."""
    java = shutil.which("java")
    assert java is not None, "Java is missing: sh tests/install-witnesses.sh slow"
    command = [java, "-Xmx800m", "-cp", _libraries(folder), str(_PROGRAMS / f"{program}.java"), *words]
    asked = "".join("\t".join(line) + "\n" for line in lines)
    done = subprocess.run(
        command,
        input=asked,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
        env=_environment(),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [line.split("\t") for line in done.stdout.splitlines()]


def _environment() -> dict[str, str]:
    """Return the environment, with UTF-8 for names and passphrases."""
    return os.environ | {"LC_ALL": "C.UTF-8"}


def _opinion(field: str) -> Opinion:
    kind, indication, sub_indication, *rest = field.split("|")
    form, *states = rest or [""]
    return Opinion(
        kind=kind,
        indication=indication,
        sub_indication=sub_indication,
        form=form,
        states=tuple(state == "true" for state in states),
    )


def _libraries(folder: Path) -> str:
    """Return the class path of DSS and all it needs; Maven keeps what it fetched."""
    maven = shutil.which("mvn")
    assert maven is not None, "Maven is missing: sh tests/install-witnesses.sh slow"
    dependencies = "".join(
        f"<dependency><groupId>{_GROUP}</groupId><artifactId>{name}</artifactId>"
        f"<version>{VERSION}</version></dependency>"
        for name in _MODULES
    )
    (folder / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>vn.example</groupId>"
        "<artifactId>witness</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>",
        encoding="utf-8",
    )
    paths = folder / "classpath.txt"
    command = [maven, "-q", "-B", "-f", str(folder / "pom.xml"), _PLUGIN, f"-Dmdep.outputFile={paths}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return paths.read_text("utf-8").strip()
