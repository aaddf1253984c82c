"""Between an edXML message and the entries of an envelope: the same values, the same digests. Pure.

Names that are no plain file names are made ones, and said. A message that carries an XML signature is kept
whole beside its files, for the signature holds for its bytes alone; giving it back gives those bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from docsign.envelope.container import DOCUMENTS, Container, pieces_of
from docsign.envelope.edxml import write_header
from docsign.envelope.edxml_message import Attachment, Message, Spool
from docsign.envelope.header import Header, Organization, Reference
from docsign.envelope.zip import fold, name_breach
from docsign.errors import EdxmlError
from docsign.sentence import Sentence, say
from docsign.verdict import Finding, Severity

ORIGINAL_NAME = "thong-diep-goc.edxml"
"""The name under which a signed message is kept whole."""
_MOST_NAMED, _LONGEST = 10, 300
_UNFIT = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]+')


def envelope_header_of(message: Message) -> tuple[Header, tuple[str, ...], tuple[Finding, ...]]:
    """Return the header to seal, the name of each file in order, and what had to be changed.

    Raises EdxmlError for a status: it travels by itself.
    """
    if message.header is None:
        sentence = say("This is a status and no document; it has no envelope.")
        raise EdxmlError(sentence, hint=said_by(message))
    names: list[str] = []
    findings = []
    for place, one in enumerate(message.attachments, 1):
        name = _plain(one.name, place, names)
        if name != one.name:
            findings.append(
                Finding(
                    code="edxml-renamed",
                    severity=Severity.INFO,
                    sentence=say("The file {old} is called {new} here.", old=one.name[:120], new=name),
                    where=f"Attachment[{place}]",
                )
            )
        names.append(name)
    described = tuple(
        Reference(
            content_id=f"tep-{place}", name=name, content_type=one.content_type, description=one.description
        )
        for place, (name, one) in enumerate(zip(names, message.attachments, strict=True), 1)
    )
    return message.header.with_references(described), tuple(names), tuple(findings)


def said_by(message: Message) -> Sentence | None:
    """Say in one sentence what a message is about: who sends what to whom, or which state a document has."""
    header, status = message.header, message.status
    if status is not None:
        about = status.response_for
        code, words = status.code, status.description.rstrip(". ")
        return say(
            "{sender} says of the document {document}: {status}{words}.",
            sender=_called(status.sender),
            document=(about.code or about.document_id)[:_LONGEST],
            status=code.sentence,
            words=f" ({words[:_LONGEST]})" if words and words not in (code.vietnamese, code.english) else "",
        )
    if header is None:
        return None
    named = ", ".join(_called(one) for one in header.receivers[:_MOST_NAMED])
    return say(
        "{sender} sends the document {document} to {receivers}: {subject}.",
        sender=_called(header.sender),
        document=header.code[:_LONGEST],
        receivers=f"{named}, …" if len(header.receivers) > _MOST_NAMED else named,
        subject=header.subject[:_LONGEST].rstrip(". "),
    )


def _called(party: Organization) -> str:
    return f"{party.name[:_LONGEST]} ({party.code[:60]})" if party.name else party.code[:60]


def form_findings(header: Header) -> tuple[Finding, ...]:
    """Say where a header that is taken over is not as the standard asks for; it is handed on as it is."""
    try:
        write_header(header)
    except EdxmlError as error:
        sentence = say("The header does not keep to the standard here; it is handed on as it is.")
        reason = Finding(
            code=error.code, severity=Severity.WARNING, sentence=error.sentence, where=error.where
        )
        return Finding(
            code="edxml-form", severity=Severity.WARNING, sentence=sentence, where=error.where
        ), reason
    return ()


def is_signed(message: Message) -> bool:
    """Say whether the message carries an XML signature, for which its very bytes are needed."""
    return any(one.code == "edxml-signature" and one.severity is Severity.INFO for one in message.findings)


def attachments_of(container: Container, header: Header, spool: Spool) -> Iterator[Attachment]:
    """Yield the files that the header names, each copied to a stream of ``spool``; raises ContainerError."""
    for place, reference in enumerate(header.references, 1):
        stream, digest, size = spool(), hashlib.sha256(), 0
        for piece in pieces_of(container.open(reference.entry)):
            stream.write(piece)
            digest.update(piece)
            size += len(piece)
        stream.seek(0)
        yield Attachment(
            content_id=f"tep-{place}",
            name=reference.name or reference.entry.removeprefix(DOCUMENTS),
            content_type=reference.content_type,
            description=reference.description,
            content=stream,
            size=size,
            sha256=digest.hexdigest(),
        )


def _plain(name: str, place: int, taken: Sequence[str]) -> str:
    """Return a name that is one plain file name, and none of ``taken`` in any case."""
    plain = _UNFIT.sub("-", name).strip(" .") or f"tep-{place}"
    if name_breach(plain) is not None:
        plain = f"tep-{place}"
    stem, dot, ending = plain.rpartition(".")
    candidate, again = plain, 1
    while fold(candidate) in {fold(one) for one in taken}:
        again += 1
        candidate = f"{stem}-{again}.{ending}" if dot else f"{plain}-{again}"
    return candidate
