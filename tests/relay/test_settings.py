"""relay.toml: what init writes is what serve reads; what is wrong is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from docsign.errors import FileUnusableError, UsageError
from relay_server.settings import FILE_NAME, RelaySettings

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
        ("port = true", "port"),
        ("host = 5", "host"),
        ("port = 5", "tls_cert"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, word: str) -> None:
    """One sentence with the file's place."""
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=word) as caught:
        RelaySettings.read(tmp_path)
    assert caught.value.where.endswith(FILE_NAME)


def test_no_folder(tmp_path: Path) -> None:
    """There is no relay here."""
    with pytest.raises(FileUnusableError):
        RelaySettings.read(tmp_path)
