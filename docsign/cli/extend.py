"""``docsign extend``: signed PDFs raised to a higher level, or renewed, without their signers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsign.cli.batch import first_line, run_batch, targets
from docsign.cli.help import Command, language_option
from docsign.cli.options import PATH, json_option, level_option, trust_option
from docsign.errors import UsageError
from docsign.sentence import Language, say

if TYPE_CHECKING:
    from docsign.proofs import Level


@click.command(cls=Command)
@click.argument("files", metavar="FILE|DIR…", nargs=-1, required=True, type=PATH)
@level_option("Level to reach. Default: b-lta, which is also how it is renewed.", default="b-lta", lowest=1)
@click.option("--tsa", metavar="URL", help="RFC 3161 time-stamping service; needed for b-t and b-lta.")
@trust_option
@click.option(
    "--password-file", type=PATH, metavar="FILE", help="File whose first line opens encrypted PDFs."
)
@click.option("--in-place", is_flag=True, help="Put each result in the place of its file.")
@click.option(
    "-o", "--output", type=PATH, metavar="OUT", help="File, or folder for several. Default: beside."
)
@json_option
@language_option
def extend(
    files: tuple[Path, ...],
    level: Level,
    tsa: str | None,
    trust: Path | None,
    password_file: Path | None,
    in_place: bool,
    output: Path | None,
    as_json: bool,
    lang: Language,
) -> int:
    """Raise the level of signed PDFs, or renew them, without their signers.

    NAME.extended.pdf is written beside each file unless -o or --in-place says otherwise; nothing that is
    already there is written over. A file at b-lta gets one more time-stamp: docsign expires says until when.

    Example: docsign extend letter.signed.pdf --level b-lt --trust ca --tsa http://127.0.0.1:8318/tsa
    """
    from docsign.extending import extend as extend_one
    from docsign.pki import Trust

    if in_place and output is not None:
        raise UsageError(say("Give --in-place or -o, not both."))
    work = targets(files, output, ".extended.pdf", in_place=in_place)
    trusted = None if trust is None else Trust.from_path(trust)
    password = None if password_file is None else first_line(password_file)
    return run_batch(
        work,
        lambda data: extend_one(data, level=level, tsa=tsa, trust=trusted, password=password),
        doing=say("Extending"),
        done_words=lambda done, total: say("Extended {done} of {total} files.", done=done, total=total),
        overwrite=False,
        as_json=as_json,
        lang=lang,
    )
