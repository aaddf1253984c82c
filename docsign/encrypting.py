"""Encrypted envelopes: sealed inside, encrypted to the receivers, sealed again outside; and opened again.

A shell over ``envelope.encryption`` (the ciphertext) and ``envelope.encrypted`` (the two headers): random
bytes, temporary files and keys are used here. Nothing that was decrypted is handed out before its tag was
checked, and nothing of it stays on the disk.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from cryptography import x509

from docsign.envelope.container import DOCUMENTS, Container, read_container
from docsign.envelope.encrypted import CIPHERTEXT_NAME, outer_header, require_agreement
from docsign.envelope.encryption import (
    KEY_SIZE,
    NONCE_SIZE,
    DecryptionKey,
    EncryptedMessage,
    add_receivers,
    decrypt,
    encrypt,
    read_encrypted,
)
from docsign.envelope.header import Header, Organization
from docsign.envelope.judge import envelope_header
from docsign.errors import ContainerError, EncryptionError
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from docsign.proofs import Level
from docsign.sealing import Document, seal_to
from docsign.sentence import Sentence

CIPHERTEXT = DOCUMENTS + CIPHERTEXT_NAME


def seal_encrypted_to(
    stream: BinaryIO,
    header: Header,
    documents: Sequence[Document],
    key: SigningKey,
    receivers: Sequence[x509.Certificate],
    *,
    at: datetime | None = None,
    level: Level | None = None,
    tsa: str | None = None,
    check: bool = True,
    trust: Trust | None = None,
    remark: Callable[[str, Sentence], None] | None = None,
) -> Header:
    """Write an envelope whose content only the holders of ``receivers`` can read; return the outer header.

    Both seals, inside and outside, have the ``level``. Name the sender's own certificate too where the sender
    is to read it, or to add receivers, later. Raises what ``seal_to`` raises, CertificateUnfitError for a
    certificate that nothing can be encrypted to.
    """
    with tempfile.TemporaryFile() as inner, tempfile.TemporaryFile() as ciphertext:
        written = seal_to(
            inner,
            header,
            documents,
            key,
            at=at,
            level=level,
            tsa=tsa,
            check=check,
            trust=trust,
            remark=remark,
        )
        size = inner.seek(0, os.SEEK_END)
        inner.seek(0)
        encrypt(inner, size, ciphertext, receivers, key=os.urandom(KEY_SIZE), nonce=os.urandom(NONCE_SIZE))
        ciphertext.seek(0)
        outer = outer_header(written)
        files: list[Document] = [(CIPHERTEXT_NAME, ciphertext)]
        return seal_to(stream, outer, files, key, at=at, level=level, tsa=tsa, check=False, trust=trust)


@contextlib.contextmanager
def decrypted(container: Container, header: Header, key: DecryptionKey) -> Iterator[tuple[Container, Header]]:
    """Open the envelope inside; its container and header live as long as the block.

    ``header`` is the outer one. What the signatures inside are worth is the caller's to judge. Raises
    EncryptionError for another's key and for changed or cut data, ContainerError where inside and outside
    are of different documents.
    """
    with tempfile.TemporaryFile() as inner:
        with _ciphertext(container) as (message, source):
            decrypt(message, source, message.content_key(key), inner)
        inner.seek(0)
        try:
            inside = read_container(inner)
        except ContainerError as error:
            raise ContainerError(error.sentence, where=f"{CIPHERTEXT}: {error.where}") from error
        within = envelope_header(inside)
        require_agreement(header, within)
        yield inside, within


def forward_to(
    stream: BinaryIO,
    container: Container,
    header: Header,
    own: DecryptionKey,
    key: SigningKey,
    added: Sequence[tuple[Organization, x509.Certificate]],
    *,
    at: datetime | None = None,
    check: bool = True,
    trust: Trust | None = None,
) -> Header:
    """Write a new outer envelope to more receivers, over the same ciphertext; return its header.

    ``own`` opens the envelope that is forwarded; the content is not encrypted again. ``key`` seals it: the
    sender's. Raises as ``seal_encrypted_to`` and ``decrypted`` do.
    """
    known = {receiver.code for receiver in header.receivers}
    more = tuple(agency for agency, _ in added if agency.code not in known)
    with tempfile.TemporaryFile() as ciphertext:
        with _ciphertext(container) as (message, source):
            certificates = [certificate for _, certificate in added]
            add_receivers(message, source, message.content_key(own), certificates, ciphertext)
        ciphertext.seek(0)
        outer = replace(header, receivers=(*header.receivers, *more), traces=(), references=())
        return seal_to(stream, outer, [(CIPHERTEXT_NAME, ciphertext)], key, at=at, check=check, trust=trust)


@contextlib.contextmanager
def _ciphertext(container: Container) -> Iterator[tuple[EncryptedMessage, BinaryIO]]:
    """Give the ciphertext as a seekable stream, with its head; raises EncryptionError."""
    with tempfile.TemporaryFile() as copy:
        with container.open(CIPHERTEXT) as source:
            while piece := source.read(256 * 1024):
                copy.write(piece)
        try:
            yield read_encrypted(copy), copy
        except EncryptionError as error:
            error.where = error.where or CIPHERTEXT
            raise
