"""relay.toml: what init writes is what serve reads; what is wrong is named."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from docsign.errors import FileUnusableError, UsageError
from relay_server.settings import FILE_NAME, RANGES, RelaySettings
from tests.house.tree import texts

SETTINGS = RelaySettings(
    tls_cert="/etc/relay/tls.pem",
    tls_key="/etc/relay/tls.pem",
    key="pkcs12:/etc/relay/khóa.p12",
    trust="/etc/relay/ca",
    name='Trạm "thử"\nnghiệm',
    lease=60,
)


def test_written_and_read_back(tmp_path: Path) -> None:
    """Quotes, line feeds and Vietnamese letters survive; an existing file is not overwritten."""
    SETTINGS.write(tmp_path)
    assert RelaySettings.read(tmp_path) == SETTINGS
    assert SETTINGS.limits.lease == timedelta(minutes=1)
    with pytest.raises(FileUnusableError):
        SETTINGS.write(tmp_path)


def test_paths_are_relative_to_the_folder(tmp_path: Path) -> None:
    """A relay's folder can be moved with what lies in it."""
    (tmp_path / FILE_NAME).write_text(
        'tls_cert = "tls.pem"\ntls_key = "tls.pem"\nkey = "pkcs12:key.p12"\ntrust = "ca"\n', encoding="utf-8"
    )
    read = RelaySettings.read(tmp_path)
    assert (read.tls_cert, read.trust) == (str(tmp_path / "tls.pem"), str(tmp_path / "ca"))
    assert read.key == f"pkcs12:{tmp_path / 'key.p12'}"
    assert read.passphrase_file == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("port = ", "TOML"),
        ("passphrase = 'x'", "passphrase"),
        ("port = 'x'", "port"),
        ("port = true", "port needs a whole number from 0 to 65535"),
        ("port = 70000", "port needs a whole number"),
        ("health_port = -2", "health_port needs a whole number from -1"),
        ("examiners = 70000", "examiners needs a whole number from -1 to 64"),
        ("lease = 0", "lease needs a whole number from 1"),
        (f"time_to_live = {2**63 - 1}", "time_to_live needs a whole number"),
        (f"retain_days = {10**30}", "retain_days needs a whole number"),
        ("bytes_a_day = -1", "bytes_a_day needs a whole number from 0"),
        ("host = 5", "host needs a text"),
        ('trust = "a\\u0000b"', "trust needs a text"),
        ("port = 5", "tls_cert"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, word: str) -> None:
    """One sentence with the file's place."""
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=word) as caught:
        RelaySettings.read(tmp_path)
    assert caught.value.where.endswith(FILE_NAME)


def test_every_number_has_a_range_and_its_default_lies_in_it() -> None:
    """A number that was left out of the table would be taken for a text."""
    numbers = {one.name: one.default for one in fields(RelaySettings) if type(one.default) is int}
    assert numbers.keys() == RANGES.keys()
    for name, default in numbers.items():
        least, most = RANGES[name]
        assert isinstance(default, int)
        assert least <= default <= most


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path) -> None:
    """Settings with a port that is none leaves no settings behind."""
    with pytest.raises(UsageError, match="port needs a whole number"):
        replace(SETTINGS, port=70000).write(tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_folder(tmp_path: Path) -> None:
    """There is no relay here."""
    with pytest.raises(FileUnusableError):
        RelaySettings.read(tmp_path)


@pytest.mark.parametrize("page", ["docs/relay.md", "docs/relay.vi.md"])
def test_the_guide_names_every_setting_with_its_default(page: str) -> None:
    """What an operator reads is what serve does."""
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]*)\|", texts()[page], flags=re.MULTILINE)
    told: dict[str, str] = {}
    for names, defaults in rows:
        listed = re.findall(r"`(\w+)`", names)
        values = re.findall(r"`([^`]*)`", defaults) or [""] * len(listed)
        told |= dict(zip(listed, values, strict=True))
    needed = {"tls_cert", "tls_key", "key", "trust"}
    expected = {one.name: "" if one.name in needed else str(one.default) for one in fields(RelaySettings)}
    assert told == expected
