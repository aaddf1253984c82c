"""What the repository may say: no registry hosts, no machine's paths, no unfinished notes; locks by hash."""

from __future__ import annotations

import re
import tomllib

from tests.house.tree import ROOT, texts

HERE = "tests/house/test_repository.py"

# Spelled apart, so that this file names none either.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io"),
        ("maven", "org"), ("maven", "apache", "org"), ("deb", "debian", "org"), ("security", "debian", "org"),
        ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("anaconda", "org"), ("golang", "org"),
    )
)  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:home|root|work|Users|mnt|opt/work)/[\w.-]+|[A-Z]:\\\\?Users")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
INDEX = re.compile(r"--(?:extra-)?(?:index|find)-(?:url|links)|https?://")


def lines() -> list[tuple[str, str]]:
    """Return (place, line) of every text file but this one."""
    return [
        (f"{name}:{number}", line)
        for name, text in texts().items()
        if name != HERE
        for number, line in enumerate(text.splitlines(), start=1)
    ]


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's business: an index is configured, never written down."""
    named = [f"{place}: {line}" for place, line in lines() if any(host in line for host in REGISTRY_HOSTS)]
    assert not named, "\n".join(named)


def test_no_file_names_a_path_of_one_machine() -> None:
    """What is written here holds on every machine."""
    named = [f"{place}: {line}" for place, line in lines() if MACHINE_PATH.search(line)]
    assert not named, "\n".join(named)


def test_nothing_is_marked_unfinished() -> None:
    """What is not done is said in the documents, not left as a note in the code."""
    marked = [f"{place}: {line}" for place, line in lines() if UNFINISHED.search(line)]
    assert not marked, "\n".join(marked)


def test_every_locked_requirement_has_its_hashes() -> None:
    """One version each, with hashes, and no word of where it comes from."""
    for name in ("requirements/run.lock", "requirements/dev.lock"):
        text = re.sub(r"\\\n", " ", texts()[name])
        assert not INDEX.search(text), f"{name} names an index"
        requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert len(requirements) > 10
        for requirement in requirements:
            assert re.match(r"[\w.\[\],-]+==[\w.!+]+\s", requirement), f"{name}: {requirement[:80]}"
            assert "--hash=sha256:" in requirement, f"{name}: {requirement[:80]}"


def test_every_dependency_is_locked() -> None:
    """What pyproject.toml asks for stands in the lock it belongs to; else run `make lock`."""
    project = tomllib.loads(texts()["pyproject.toml"])["project"]
    extras = project["optional-dependencies"]
    run = [*project["dependencies"], *extras["layout"], *extras["relay"]]
    for name, wanted in (
        ("requirements/run.lock", run),
        ("requirements/dev.lock", [*run, *extras["token"], *extras["dev"]]),
    ):
        locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", texts()[name], flags=re.MULTILINE))
        asked = {re.split(r"[\s\[<>=!~;]", requirement)[0].lower() for requirement in wanted}
        assert not asked - locked, name


def test_the_sets_agree() -> None:
    """What is locked for running is locked at the same version for testing."""

    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[\w.!+]+)", texts()[name], flags=re.MULTILINE))

    assert pinned("requirements/run.lock") <= pinned("requirements/dev.lock")


def test_text_files_end_with_one_newline() -> None:
    """Unix line ends and a newline at the end, so that every tool reads and joins them alike."""
    binary_like = (".mo", ".pdf")
    wrong = [
        name
        for name, text in texts().items()
        if text and not name.endswith(binary_like) and ("\r\n" in text or not text.endswith("\n"))
    ]
    assert not wrong


def test_the_house_has_its_papers() -> None:
    """Licence, change log, security policy, both READMEs, glossary, decisions."""
    for paper in (
        "LICENSE", "README.md", "README.vi.md", "CHANGELOG.md", "SECURITY.md",
        "docs/architecture.md", "docs/glossary.md",
    ):  # fmt: skip
        assert (ROOT / paper).is_file(), paper
    assert any(name.startswith("docs/adr/0001-") for name in texts())
