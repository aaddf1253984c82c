"""Keeps a signed PDF provable: validation data in its DSS, document time-stamps over everything before.

Both are revisions of their own, which every certified document allows (ISO 32000-2 12.8.2.2, 12.8.4, 12.8.5;
EN 319 142-1 5.4). What is fetched, and whether it proves anything, is not known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.ades import signed_data as sd
from docsign.ades.signer import check_signer
from docsign.ades.timestamps import read_timestamp_info
from docsign.errors import CmsError, PdfError
from docsign.pdf import made, syntax
from docsign.pdf.form import form_fields
from docsign.pdf.input_check import require_sound
from docsign.pdf.reading import Array, Dictionary, Stream, Text, read_pdf
from docsign.pdf.revision import Revision, require_whole
from docsign.pdf.signatures import DOCUMENT_TIMESTAMP, FoundSignature, find_signatures
from docsign.pdf.validation_store import validation_data
from docsign.pdf.writer import Prepared, add_invisible_field, free_name, prepared, signature_entries
from docsign.pki.certificates import Role
from docsign.pki.validation_data import Needed, ValidationData
from docsign.sentence import say

_LISTS = ("Certs", "OCSPs", "CRLs")


class ArchivablePdf:
    """A signed PDF opened to be made provable for longer."""

    def __init__(self, pdf: bytes, *, password: str | None = None) -> None:
        """Open it, and check its structure; raises PdfError for what cannot be read or holds no signature."""
        require_whole(pdf)
        self.prefix = hashlib.sha256(pdf)
        """SHA-256 of the file, to be copied and gone on with."""
        self.is_known = made.was_made(self.prefix.digest())
        """Whether docsign made these very bytes in this process."""
        self.pdf = read_pdf(pdf, password=password, account=not self.is_known)
        if not self.is_known:
            require_sound(self.pdf)
        self._view = self.pdf.view()
        fields = form_fields(self._view)
        self._names = {one.name: None for one in fields}
        self._found = find_signatures(self._view, fields)
        if not any(not self._is_timestamp(one) for one in self._found):
            raise PdfError(say("The PDF is not signed; there is nothing to extend."))

    @property
    def is_stamped(self) -> bool:
        """Whether every signature has a time-stamp: its own, or one of the document."""
        document = any(self._is_timestamp(one) for one in self._found)
        return document or all(self._tokens(one) for one in self._found if not self._is_timestamp(one))

    def needed(self) -> tuple[Needed, ...]:
        """Return every signer and every time-stamping service of the file, each once."""
        found: dict[x509.Certificate, Needed] = {}
        for signature in self._found:
            tokens = self._tokens(signature)
            role: Role = "tsa" if self._is_timestamp(signature) else "sign"
            for one in _signers(self._cms(signature), role, tokens[0] if tokens else None):
                found.setdefault(one.certificate, one)
            for token in tokens:
                for one in _signers(token, "tsa"):
                    found.setdefault(one.certificate, one)
        return tuple(found.values())

    def last(self) -> Needed:
        """Return the signer of the newest proof: of a time-stamp, else of the last signature."""
        documents = [one for one in self._found if self._is_timestamp(one)]
        if documents:
            return next(_signers(self._cms(max(documents, key=self._place)), "tsa"))
        newest = max(self._found, key=self._place)
        tokens = self._tokens(newest)
        return next(_signers(tokens[-1], "tsa") if tokens else _signers(self._cms(newest), "sign"))

    @property
    def held(self) -> ValidationData:
        """The validation data that is in the file already."""
        return validation_data(self._view)

    def with_data(self, data: ValidationData) -> bytes:
        """Return what is appended to hold this data in the DSS; nothing where all of it is there already."""
        revision = Revision(self.pdf, self.prefix)
        return revision.appended().data if self._add(revision, data) else b""

    def prepare_timestamp(self, data: ValidationData, *, room: int) -> Prepared:
        """Write a revision with this data and, over all, a document time-stamp (5.4.3) of SHA-256."""
        revision = Revision(self.pdf, self.prefix)
        self._add(revision, data)
        number = revision.reserve()
        entries = signature_entries(room, subfilter=DOCUMENT_TIMESTAMP, kind="DocTimeStamp")
        revision.add(syntax.dictionary(entries), number)
        add_invisible_field(revision, free_name(self._names, "Timestamp"), number)
        return prepared(revision, number, "sha256")

    # --- the DSS --------------------------------------------------------------------------------------------

    def _add(self, revision: Revision, data: ValidationData) -> bool:
        """Add what the DSS does not hold yet (EN 319 142-1 5.4.2); say whether there was anything."""
        view = self._view
        store = view.get(view.catalog, "DSS")
        if store is not None and not isinstance(store, Dictionary):
            raise PdfError(say("The document's store of validation data is malformed."), where="/DSS")
        added: dict[str, list[bytes]] = {}
        for key, values in zip(_LISTS, _encoded(data), strict=True):
            held = set(self._held(store, key))
            fresh = [value for value in dict.fromkeys(values) if value not in held]
            if fresh:
                added[key] = [syntax.reference(revision.add_stream({}, value)) for value in fresh]
        if not added:
            return False
        if store is None:
            entries = {key: syntax.array(*items) for key, items in added.items()}
            number = revision.add(syntax.dictionary({"Type": b"/DSS", **entries}))
            revision.set(revision.catalog, "DSS", syntax.reference(number))
        else:
            for key, items in added.items():
                revision.append_to(store, key, *items)
        return True

    def _held(self, store: Dictionary | None, key: str) -> Iterator[bytes]:
        listed = self._view.get(store, key)
        for item in listed.items if isinstance(listed, Array) else []:
            stream = self._view.resolve(item)
            if isinstance(stream, Stream):
                yield self._view.decoded(stream).data

    # --- what is signed -------------------------------------------------------------------------------------

    def _is_timestamp(self, signature: FoundSignature) -> bool:
        return signature.name(self._view, "SubFilter") == DOCUMENT_TIMESTAMP

    def _place(self, signature: FoundSignature) -> int:
        return signature.dictionary.start if signature.dictionary is not None else 0

    def _cms(self, signature: FoundSignature) -> bytes:
        contents = self._view.get(signature.dictionary, "Contents")
        return contents.value if isinstance(contents, Text) else b""

    def _tokens(self, signature: FoundSignature) -> list[bytes]:
        try:
            found = sd.read_signed_data(self._cms(signature), zero_padding=True)
        except CmsError:
            return []
        return [value.raw for one in found.signers for value in one.unsigned_values(sd.SIGNATURE_TIMESTAMP)]


def _encoded(data: ValidationData) -> tuple[Iterable[bytes], Iterable[bytes], Iterable[bytes]]:
    certificates = (one.public_bytes(Encoding.DER) for one in data.certificates)
    return certificates, data.ocsps, data.crls


def _signers(cms: bytes, role: Role, token: bytes | None = None) -> Iterator[Needed]:
    """Yield who signed ``cms``, at the time that ``token`` tells, or the CMS where it is a token itself."""
    try:
        data = sd.read_signed_data(cms, zero_padding=True)
    except CmsError as error:
        raise PdfError(say("A signature of the PDF cannot be read."), where=error.where) from error
    for signer in data.signers:
        check = check_signer(data, signer, digest=None, is_ades=False)
        if check.certificate is None:
            raise PdfError(say("A signature of the PDF does not name its signer."))
        yield Needed(
            certificate=check.certificate,
            others=check.others,
            role=role,
            made_at=_time(cms if role == "tsa" else token),
        )


def _time(token: bytes | None) -> datetime | None:
    try:
        data = None if token is None else sd.read_signed_data(token, zero_padding=True)
        return read_timestamp_info(data.content).time if data is not None and data.content else None
    except CmsError:
        return None
