"""An encrypted envelope: a sealed one inside, outside a header that routes it and says nothing more. Pure.

The outer container is sealed like any other, over its header and one file, the ciphertext of the inner
container. Both headers name the same document, sender and day; the outer one may go to more receivers than
the inner one did, and has a neutral subject. ``encryption`` makes and opens the ciphertext.
"""

from __future__ import annotations

from dataclasses import fields, replace

from docsign.envelope.header import Header
from docsign.errors import ContainerError
from docsign.sentence import say

CIPHERTEXT_NAME = "goi-tin.asice.p7m"
"""The name of the ciphertext in the outer envelope."""
CIPHERTEXT_TYPE = "application/pkcs7-mime"
NEUTRAL_SUBJECT = "Văn bản được mã hóa"
"""What stands outside in place of subject and content."""

_MAY_DIFFER = frozenset(
    ("receivers", "references", "subject", "content", "appendixes", "traces", "unknown", "findings")
)


def outer_header(inner: Header) -> Header:
    """Return the header to put outside: all that routes, nothing of what the document says.

    Titles of appendices and names of attachments go with subject and content.
    """
    return replace(
        inner,
        subject=NEUTRAL_SUBJECT,
        content=NEUTRAL_SUBJECT,
        appendixes=(),
        references=(),
        traces=(),
        unknown=(),
        findings=(),
    )


def is_encrypted(header: Header) -> bool:
    """Say whether a header is of an encrypted envelope: its one file is the ciphertext."""
    return len(header.references) == 1 and header.references[0].name == CIPHERTEXT_NAME


def require_agreement(outer: Header, inner: Header) -> None:
    """Raise ContainerError unless both headers speak of the same document, sender and receivers.

    The outer receivers contain the inner ones; References, Subject, Content and the stations on the way may
    differ, nothing else.
    """
    for field in fields(Header):
        if field.name in _MAY_DIFFER:
            continue
        if getattr(outer, field.name) != getattr(inner, field.name):
            raise ContainerError(
                say("The envelope inside is of another document than the one outside."),
                where=f"header.{field.name}",
            )
    named = {receiver.code for receiver in outer.receivers}
    missing = [receiver.code for receiver in inner.receivers if receiver.code not in named]
    if missing:
        raise ContainerError(
            say("The envelope inside goes to {code}, the one outside does not.", code=missing[0]),
            where="header.receivers",
        )
