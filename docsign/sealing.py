"""The verb ``seal``: documents and header go into an envelope that the sending agency seals (XAdES).

What an envelope holds is known in ``envelope``, what the signature is in ``ades``; files are read here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from docsign.ades import xades, xades_levels
from docsign.ades.xades_transforms import Resolve
from docsign.detached import aware_moment
from docsign.envelope.agency_codes import same_agency
from docsign.envelope.container import pieces_of
from docsign.envelope.header import Header
from docsign.envelope.packing import Packing, default_name, media_type, require_not_secret
from docsign.errors import (
    CertificateUnfitError,
    FileUnusableError,
    PdfError,
    SecretDocumentError,
    UsageError,
)
from docsign.files import file_error
from docsign.pdf.fields import DOCUMENT_NUMBER
from docsign.pdf.judge import judge_pdf
from docsign.pdf.text import refuse_secret
from docsign.pdf.writer import SignablePdf
from docsign.pki.certificates import agency_code
from docsign.pki.fitness import require_fit
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from docsign.proofs import Level, gathered, level_of, require_means
from docsign.sentence import Sentence, say
from docsign.verdict import Indication

Document = Path | str | tuple[str, bytes | BinaryIO] | bytes
"""A file to seal: a path, a name with bytes or a seekable stream, or bytes alone."""


def seal(
    header: Header,
    documents: Sequence[Document],
    key: SigningKey,
    *,
    at: datetime | None = None,
    level: Level | None = None,
    tsa: str | None = None,
    check: bool = True,
    trust: Trust | None = None,
    gateway: bool = False,
) -> bytes:
    """Return an envelope (ASiC-E) of these documents, sealed by the sending agency with XAdES.

    A document is a path, a name with bytes or a stream, or bytes alone, which are then named after the
    document's number. The header's References are made here. With ``gateway`` the key may be another
    agency's, which took the document over, and the header may lack what the form asks for. For large
    documents use ``seal_to``. Raises EdxmlError, ContainerError, SecretDocumentError, PdfError,
    CertificateUnfitError, FileUnusableError and what the key raises.
    """
    stream = io.BytesIO()
    seal_to(
        stream, header, documents, key, at=at, level=level, tsa=tsa, check=check, trust=trust, gateway=gateway
    )
    return stream.getvalue()


def seal_to(
    stream: BinaryIO,
    header: Header,
    documents: Sequence[Document],
    key: SigningKey,
    *,
    at: datetime | None = None,
    level: Level | None = None,
    tsa: str | None = None,
    check: bool = True,
    trust: Trust | None = None,
    gateway: bool = False,
    remark: Callable[[str, Sentence], None] | None = None,
) -> Header:
    """Write what ``seal`` returns into an empty seekable stream, and return the header as it was written.

    ``level`` is that of the seal: XAdES B-T where a ``tsa`` is named, else B-B; the higher ones need ``tsa``
    and ``trust``. Files are read piece by piece; only a PDF is held whole, one at a time, for the look at its
    first page and at its signatures: one that was altered is refused, ``remark`` (name, sentence) is told of
    one that is not signed, or bears another number.
    """
    moment = aware_moment(at)
    wanted = level_of(level, tsa, trust)
    if not documents:
        raise UsageError(say("An envelope needs at least one document."))
    if not gateway:
        _require_sender(header, key)
    if check:
        require_fit(key.certificate, at=moment, trust=trust, others=key.chain)
    require_not_secret(header)
    with contextlib.ExitStack() as opened:
        rows = [_named(header, place, one, opened) for place, one in enumerate(documents, 1)]
        named = [(name, media) for name, media, _ in rows]
        packing = Packing(stream, header, named, at=moment, as_received=gateway)
        for place, (name, media, source) in enumerate(rows):
            if media == "application/pdf":
                _check_pdf(name, source.read(), header, moment, remark)
                source.seek(0)
            try:
                packing.add(place, pieces_of(source))
            except OSError as error:
                raise file_error(error, name) from error
        prepared = xades.prepare(
            packing.files(),
            certificate=key.certificate,
            chain=key.chain,
            scheme=key.scheme,
            signing_time=moment,
        )
        signature = prepared.complete(key.sign(prepared.to_be_signed))
        if wanted != "B-B":
            sources = [row[2] for row in rows]
            resolve = _again(packing.files(), [io.BytesIO(packing.header_bytes), *sources])
            signature = raised(signature, resolve, level=wanted, tsa=tsa, trust=trust)
        packing.close(signature)
    return packing.header


def _again(files: Sequence[xades.SignedFile], sources: Sequence[BinaryIO]) -> Resolve:
    """Return what gives the signed files once more, refusing one that is no longer what was signed."""
    named = {file.name: (file, source) for file, source in zip(files, sources, strict=True)}

    def resolve(name: str) -> BinaryIO | None:
        if name not in named:
            return None
        file, source = named[name]
        source.seek(0)
        digest = hashlib.sha256()
        for piece in pieces_of(source):
            digest.update(piece)
        if digest.digest() != file.digest:
            raise FileUnusableError(say("The file changed while it was sealed."), where=file.name)
        source.seek(0)
        return source

    return resolve


def raised(
    signature: bytes, resolve: Resolve, *, level: Level, tsa: str | None, trust: Trust | None
) -> bytes:
    """Return an XAdES signature (B-B) at a higher level (EN 319 132-1 6.1).

    ``resolve`` gives the bytes of a signed file by its name: an archive time-stamp covers them again. Raises
    UsageError, XmlError, TrustError, CertificateUnfitError, TimestampError.
    """
    from docsign.pki.fetch import fetch_timestamp

    require_means(level, tsa=tsa, trust=trust)
    assert tsa is not None
    token = fetch_timestamp(tsa, hashlib.sha256(xades_levels.value_bytes(signature)).digest())
    signature = xades_levels.with_signature_timestamp(signature, token)
    if level == "B-T" or trust is None:
        return signature
    proofs = gathered(xades_levels.needed(signature), trust, aware_moment(None))
    signature = xades_levels.with_validation_data(signature, proofs)
    if level == "B-LTA":
        token = fetch_timestamp(tsa, xades_levels.archive_imprint(signature, resolve))
        signature = xades_levels.with_archive_timestamp(signature, token)
    return signature


def _named(
    header: Header, place: int, document: Document, opened: contextlib.ExitStack
) -> tuple[str, str, BinaryIO]:
    """Return name, media type and bytes of one document to seal; files are closed by ``opened``."""
    name: str | None = None
    source: BinaryIO
    if isinstance(document, Path | str):
        path = Path(document)
        try:
            source = opened.enter_context(path.open("rb"))
        except OSError as error:
            raise file_error(error, path) from error
        name = path.name
    elif isinstance(document, bytes):
        source = io.BytesIO(document)
    else:
        name, content = document
        source = io.BytesIO(content) if isinstance(content, bytes) else content
    start = source.read(1024)
    source.seek(0)
    return name or default_name(header, place, start), media_type(name or "", start), source


def _check_pdf(
    name: str, pdf: bytes, header: Header, at: datetime, remark: Callable[[str, Sentence], None] | None
) -> None:
    """Refuse a secret PDF, and one whose signatures no longer hold; remark what else is odd about it."""
    try:
        refuse_secret(pdf)
    except (PdfError, SecretDocumentError) as error:
        raise type(error)(error.sentence, where=name, hint=error.hint) from error
    judged = judge_pdf(pdf, trust=Trust.nothing(), at=at)
    if judged.signatures and judged.conclusion.indication is Indication.TOTAL_FAILED:
        raise PdfError(
            say("The PDF was changed after it was signed, or a signature in it is broken; it is not sealed."),
            where=name,
            hint=say("See: docsign verify {name}.", name=name),
        )
    if remark is None:
        return
    if not judged.signatures:
        remark(name, say("The PDF is not signed."))
        return
    with contextlib.suppress(PdfError):  # encrypted, certified: the number is then not ours to read
        number = SignablePdf(pdf).texts.get(DOCUMENT_NUMBER, "")
        if number and header.number and number.lstrip("0") != header.number.strip().lstrip("0"):
            remark(
                name,
                say("The PDF has the number {pdf}, the header {header}.", pdf=number, header=header.number),
            )


def _require_sender(header: Header, key: SigningKey) -> None:
    """Raise CertificateUnfitError where the certificate names another agency than the sender."""
    held = agency_code(key.certificate)
    if held is not None and not same_agency(held, header.sender.code):
        raise CertificateUnfitError(
            say(
                "The certificate belongs to the agency {held}, the sender is {sender}.",
                held=held,
                sender=header.sender.code,
            )
        )
