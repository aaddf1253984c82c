"""Options that several commands share, and the ways of asking for a passphrase."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from docsign.errors import PassphraseError
from docsign.files import read_file
from docsign.sentence import Language, Sentence, say

if TYPE_CHECKING:
    from docsign.pki import SigningKey

SCHEMES = (
    # docsign.pki.SignatureScheme, written again so that --help loads no cryptography
    "rsa-sha256", "rsa-sha384", "rsa-sha512", "pss-sha256", "pss-sha384", "pss-sha512",
    "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512", "ed25519",
)  # fmt: skip

Function = TypeVar("Function", bound=Callable[..., Any])

PATH = click.Path(path_type=Path, readable=False)  # what cannot be read is said in our words


def level_option(
    words: str, *, default: str | None = None, lowest: int = 0
) -> Callable[[Function], Function]:
    """--level b-b|b-t|b-lt|b-lta, handed on in capital letters."""
    return click.option(
        "--level",
        type=click.Choice(("b-b", "b-t", "b-lt", "b-lta")[lowest:], case_sensitive=False),
        default=default,
        callback=lambda _ctx, _param, value: value and value.upper(),
        help=words,
    )


def trust_option(function: Function) -> Function:
    """--trust PATH."""
    return click.option(
        "--trust",
        type=PATH,
        metavar="PATH",
        help="PEM, DER or PKCS#12 file, or folder, of the certificates that are trusted.",
    )(function)


def optional_key_options(function: Function) -> Function:
    """The same as ``key_options``, where the command can do without a key."""
    return _key_options(function, required=False)


def key_options(function: Function) -> Function:
    """--key URI with --scheme and --passphrase-file; passphrase and PIN are never arguments.

    The scheme is not handed to the command: ``held_key`` finds it.
    """
    return _key_options(function, required=True)


def _key_options(function: Function, *, required: bool) -> Function:
    function = click.option(
        "--scheme",
        type=click.Choice(SCHEMES),
        expose_value=False,
        callback=lambda ctx, _param, value: ctx.meta.__setitem__(_SCHEME, value),
        help="How the key signs. Default: rsa-sha256, or what its curve suggests.",
    )(function)
    function = click.option(
        "--passphrase-file",
        type=PATH,
        metavar="FILE",
        help="File whose first line is the passphrase or PIN; else DOCSIGN_PASSPHRASE, else a prompt.",
    )(function)
    return click.option(
        "--key",
        required=required,
        metavar="URI",
        help="The signing key: pkcs12:FILE, pkcs11:… (a token) or csc+https://… (see docsign keys).",
    )(function)


_SCHEME = "docsign.scheme"


def held_key(uri: str, passphrase_file: Path | None, language: Language) -> SigningKey:
    """Open the key of ``key_options``; passphrase, PIN and one-time password are asked where needed."""
    from docsign.pki import SignatureScheme, open_key

    scheme: str | None = click.get_current_context().meta.get(_SCHEME)
    word = say("Passphrase") if uri.lower().startswith("pkcs12:") else say("PIN")
    return open_key(
        uri,
        passphrase_source(passphrase_file, language, word=word),
        scheme=None if scheme is None else SignatureScheme(scheme),
        otp=_one_time_password(language),
    )


def _one_time_password(language: Language) -> Callable[[], str]:
    def ask() -> str:
        if "DOCSIGN_OTP" in os.environ:
            return os.environ["DOCSIGN_OTP"]
        if not sys.stdin.isatty():
            raise PassphraseError(
                say("The key needs a one-time password, and there is no terminal to ask on."),
                hint=say("Give DOCSIGN_OTP."),
            )
        return str(click.prompt(say("One-time password").text(language), hide_input=True, err=True))

    return ask


def json_option(function: Function) -> Function:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON lines, for programs.")(function)


def passphrase_source(
    file: Path | None, language: Language, *, word: Sentence | None = None
) -> Callable[[], str]:
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
        asked = word or say("Passphrase")
        answer = click.prompt(asked.text(language), hide_input=True, err=True)
        return str(answer)

    return ask
