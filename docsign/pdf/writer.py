"""Signs a PDF's bytes: fills, stamps and closes one appended revision around a place for the CMS.

Two steps with the signer between them: ``prepare`` answers the digest to sign, ``Prepared.complete`` puts the
finished CMS into its place. Who may sign what is not known here (``official``); checked is that earlier
signatures allow the change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from docsign.errors import DocsignError, PdfError
from docsign.pdf.fields import ALIGNMENTS, Align, named_fields, register, signature_widget
from docsign.pdf.revision import damaged, open_revision, resolved, widgets
from docsign.pdf.stamp import PreparedAppearance, draw, text_appearance
from docsign.sentence import say

VIETNAM: Final = timezone(timedelta(hours=7))
_BOTH_SIGNATURE_FLAGS = 3  # SignaturesExist, AppendOnly (ISO 32000-1 table 219)
_TEXT_STYLE = re.compile(r"/(\S+)\s+([\d.]+)\s+Tf")


class TooSmallError(PdfError):
    """The CMS does not fit into its place; ``needed`` is its size in bytes."""

    def __init__(self, needed: int) -> None:
        """Keep the size."""
        super().__init__(say("The signature needs {size} bytes, more than were kept for it.", size=needed))
        self.needed = needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A PDF that lacks only its CMS; ``digest`` is what the CMS must hold as messageDigest."""

    digest: bytes
    pdf: bytes = field(repr=False)
    start: int
    end: int

    def complete(self, cms: bytes) -> bytes:
        """Return the signed PDF. Raises TooSmallError."""
        room = self.end - self.start - 2  # hex digits between < and >
        if 2 * len(cms) > room:
            raise TooSmallError(len(cms))
        digits = cms.hex().encode().ljust(room, b"0")
        return b"".join((self.pdf[: self.start + 1], digits, self.pdf[self.end - 1 :]))


class SignablePdf:
    """A PDF opened to be signed once: what its form says, and ``prepare``."""

    def __init__(self, pdf: bytes, *, password: str | None = None) -> None:
        """Open it; raises PdfError for what cannot be read or must not be signed further."""
        self._revision = open_revision(pdf, password=password)
        try:
            self._fields: dict[str, Any] = dict(named_fields(self._revision.root))
            self.signatures: dict[str, bool] = {}
            """Every signature field by name, and whether it is signed."""
            self.texts: dict[str, str] = {}
            """Every text field by name with its value, "" where empty."""
            for name, entry in self._fields.items():
                kind = _inherited(entry, "/FT")
                if kind == "/Sig":
                    self.signatures[name] = "/V" in entry
                elif kind == "/Tx":
                    self.texts[name] = str(_inherited(entry, "/V") or "")
            self.locked = frozenset(self._locked())
            """The names of the fields that earlier signatures closed (FieldMDP)."""
        except PdfError:
            raise
        except Exception as error:
            raise damaged(error) from error

    def prepare(
        self,
        *,
        field_name: str | None,
        signing_time: datetime,
        room: int,
        hash_name: str = "sha256",
        appearance: PreparedAppearance | None = None,
        fill: Mapping[str, str] | None = None,
        name: str | None = None,
        reason: str | None = None,
        location: str | None = None,
    ) -> Prepared:
        """Write the revision; ``room`` is how many bytes the CMS may have.

        ``field_name`` is an empty signature field of the document; None adds an invisible one on page 1.
        ``fill`` gives values to empty text fields. Raises PdfError where a field is missing, taken or closed.
        """
        from pyhanko.sign.fields import SigSeedSubFilter
        from pyhanko.sign.signers.pdf_byterange import SignatureObject

        try:
            for text_name, value in (fill or {}).items():
                self._fill(text_name, value)
            widget = self._empty_field(field_name) if field_name is not None else self._invisible_field()
            if appearance is not None:
                self._draw(widget, appearance)
            signature = SignatureObject(
                timestamp=signing_time.astimezone(VIETNAM).replace(microsecond=0),
                subfilter=SigSeedSubFilter.PADES,
                name=name,
                reason=reason,
                location=location,
                bytes_reserved=2 * room,
            )
            reference = self._revision.add_object(signature)
            _set(widget, "/V", reference)
            self._close_fields(widget, signature)
            self._revision.update_container(widget)
            self._set_flags()
            prepared, output = next(signature.fill(self._revision, hash_name))
        except DocsignError:
            raise
        except Exception as error:
            raise damaged(error) from error
        return Prepared(
            digest=prepared.document_digest,
            pdf=output.getvalue(),
            start=prepared.reserved_region_start,
            end=prepared.reserved_region_end,
        )

    def _locked(self) -> set[str]:
        """Read what earlier signatures forbid; raises PdfError where they forbid everything."""
        locked: set[str] = set()
        for name, signed in self.signatures.items():
            if not signed:
                continue
            for reference in resolved(self._fields[name]["/V"], "/Reference", ()):
                rules = resolved(reference.get_object(), "/TransformParams", {})
                method = resolved(reference.get_object(), "/TransformMethod")
                if method == "/DocMDP" and resolved(rules, "/P", 2) == 1:
                    raise PdfError(
                        say("The signature {name} certifies the PDF and allows no change.", name=name)
                    )
                if method == "/FieldMDP":
                    locked |= self._included(rules)
        return locked

    def _included(self, rules: Any) -> set[str]:
        listed = {str(name) for name in resolved(rules, "/Fields", ())}
        covered = {
            name
            for name in self._fields
            if any(name == entry or name.startswith(entry + ".") for entry in listed)
        }
        action = resolved(rules, "/Action")
        if action == "/All":
            return set(self._fields)
        return covered if action == "/Include" else set(self._fields) - covered

    def _require_open(self, name: str) -> None:
        if name in self.locked:
            raise PdfError(say("The field {name} was closed by an earlier signature.", name=name))

    def _empty_field(self, name: str) -> Any:
        if name not in self.signatures:
            known = ", ".join(self.signatures) or "–"
            raise PdfError(
                say("The PDF has no signature field named {name}; it has: {known}.", name=name, known=known)
            )
        if self.signatures[name]:
            raise PdfError(say("The signature field {name} is already signed.", name=name))
        self._require_open(name)
        return self._fields[name]

    def _invisible_field(self) -> Any:
        number = 1
        while f"Signature{number}" in self._fields:
            number += 1
        page = self._revision.page(1)
        widget = signature_widget(self._revision, f"Signature{number}", page, (0, 0, 0, 0))
        reference = self._revision.add_object(widget)
        self._revision.annotate(page, reference)
        register(self._revision, [reference])
        return widget

    def _fill(self, name: str, value: str) -> None:
        from pyhanko.pdf_utils import generic

        if name not in self.texts:
            raise PdfError(say("The PDF has no text field named {name}.", name=name))
        self._require_open(name)
        if self.texts[name]:
            raise PdfError(
                say("The field {name} is already filled with “{value}”.", name=name, value=self.texts[name])
            )
        entry = self._fields[name]
        _set(entry, "/V", generic.pdf_string(value))
        self._revision.update_container(entry)
        style = _TEXT_STYLE.search(str(_inherited(entry, "/DA") or ""))
        aligned: dict[int, Align] = {number: word for word, number in ALIGNMENTS.items()}
        for widget in widgets(entry):
            width, height = _size(widget)
            line = text_appearance(
                value,
                width=round(width, 3),
                height=round(height, 3),
                size=float(style[2]) if style and float(style[2]) else 12.0,
                italic=bool(style and "Italic" in style[1]),
                align=aligned.get(int(_inherited(entry, "/Q") or 0), "left"),
            )
            _show(widget, draw(self._revision, line, width=width, height=height, form_field=True))
            self._revision.update_container(widget)

    def _draw(self, field_entry: Any, appearance: PreparedAppearance) -> None:
        for widget in widgets(field_entry):
            width, height = _size(widget)
            if width and height:
                _show(widget, draw(self._revision, appearance, width=width, height=height))
                self._revision.update_container(widget)

    def _close_fields(self, field_entry: Any, signature: generic.DictionaryObject) -> None:
        """Carry the field's /Lock into the signature, where it binds (ISO 32000-1 12.8.2.4)."""
        from pyhanko.pdf_utils import generic
        from pyhanko.pdf_utils.generic import pdf_name

        lock = resolved(field_entry, "/Lock")
        if lock is None:
            return
        parameters = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/TransformParams"),
                pdf_name("/V"): pdf_name("/1.2"),
                pdf_name("/Action"): pdf_name(str(lock["/Action"])),
            }
        )
        if "/Fields" in lock:
            parameters[pdf_name("/Fields")] = generic.ArrayObject(
                generic.pdf_string(str(name)) for name in lock["/Fields"]
            )
        root = self._revision.root_ref
        signature[pdf_name("/Reference")] = generic.ArrayObject(
            [
                generic.DictionaryObject(
                    {
                        pdf_name("/Type"): pdf_name("/SigRef"),
                        pdf_name("/TransformMethod"): pdf_name("/FieldMDP"),
                        pdf_name("/Data"): generic.IndirectObject(
                            root.idnum, root.generation, self._revision
                        ),
                        pdf_name("/TransformParams"): parameters,
                    }
                )
            ]
        )

    def _set_flags(self) -> None:
        from pyhanko.pdf_utils import generic

        form = self._revision.root["/AcroForm"]
        if int(resolved(form, "/SigFlags", 0)) & _BOTH_SIGNATURE_FLAGS != _BOTH_SIGNATURE_FLAGS:
            flags = int(resolved(form, "/SigFlags", 0)) | _BOTH_SIGNATURE_FLAGS
            _set(form, "/SigFlags", generic.NumberObject(flags))
            self._revision.update_container(form)


def _inherited(entry: Any, key: str) -> Any:
    """Return a field's attribute, its own or a parent's (ISO 32000-1 12.7.3.1)."""
    for _ in range(64):
        if key in entry:
            return entry[key]
        if "/Parent" not in entry:
            return None
        entry = entry["/Parent"]
    return None


def _set(entry: Any, key: str, value: Any) -> None:

    entry[pdf_name(key)] = value


def _show(widget: Any, form: generic.IndirectObject) -> None:

    _set(widget, "/AP", generic.DictionaryObject({pdf_name("/N"): form}))


def _size(widget: Any) -> tuple[float, float]:
    left, bottom, right, top = (float(value) for value in widget["/Rect"])
    return abs(right - left), abs(top - bottom)
