"""Options that several commands share, and the ways of asking for a passphrase."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from docsign.errors import PassphraseError
from docsign.files import read_file
from docsign.sentence import Language, say

Function = TypeVar("Function", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def language_option(function: Function) -> Function:
    """--lang vi|en."""
    return click.option(
        "--lang",
        type=click.Choice(["vi", "en"]),
        help="Language of the messages. Default: vi.",
        callback=lambda ctx, _param, value: value or ctx.obj.language,
    )(function)


def trust_option(function: Function) -> Function:
    """--trust PATH."""
    return click.option(
        "--trust",
        type=PATH,
        metavar="PATH",
        help="PEM, DER or PKCS#12 file, or folder, of the certificates that are trusted.",
    )(function)


def key_options(function: Function) -> Function:
    """--key URI with --passphrase-file; the passphrase is never an argument."""
    function = click.option(
        "--passphrase-file",
        type=PATH,
        metavar="FILE",
        help="File whose first line is the passphrase; else DOCSIGN_PASSPHRASE, else a prompt.",
    )(function)
    return click.option(
        "--key", required=True, metavar="URI", help="The signing key, such as pkcs12:chu-tich.p12."
    )(function)


def json_option(function: Function) -> Function:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON lines, for programs.")(function)


def passphrase_source(file: Path | None, language: Language) -> Callable[[], str]:
    """Return what asks for the passphrase when a key needs it: file, environment, or a prompt."""

    def ask() -> str:
        if file is not None:
            return read_file(file, limit=64 * 1024).decode("utf-8", "replace").split("\n")[0].rstrip("\r")
        if "DOCSIGN_PASSPHRASE" in os.environ:
            return os.environ["DOCSIGN_PASSPHRASE"]
        if not sys.stdin.isatty():
            raise PassphraseError(
                say("The key needs a passphrase, and there is no terminal to ask on."),
                hint=say("Give --passphrase-file or DOCSIGN_PASSPHRASE."),
            )
        answer = click.prompt(say("Passphrase").text(language), hide_input=True, err=True)
        return str(answer)

    return ask
