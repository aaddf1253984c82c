"""Signs a PDF's bytes: fills, stamps and closes one appended revision around a place for the CMS.

Two steps with the signer between them: ``prepare`` answers the digest to sign, ``Prepared.complete`` puts the
finished CMS into its place. Who may sign what is not known here (``official``); checked is that earlier
signatures allow the change. Whether the file is fit to be signed is asked with ``docsign.pdf.fitness``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta, timezone
from typing import Final

from docsign.errors import PdfError
from docsign.pdf import made, syntax
from docsign.pdf.changes.boxes import box_of
from docsign.pdf.fields import ALIGNMENTS, Align, Box, register, signature_widget
from docsign.pdf.form import Field, Widget, form_fields, items
from docsign.pdf.lettering import field_text
from docsign.pdf.page_space import Rectangle, as_shown, in_user_space, rotation
from docsign.pdf.reading import Dictionary, Name, Text, View, read_pdf
from docsign.pdf.revision import Appended, Revision, require_whole
from docsign.pdf.seed import SeedValue, Signer
from docsign.pdf.signatures import FoundSignature, lock_level, locks, permission
from docsign.pdf.stamp import PreparedAppearance, draw
from docsign.sentence import say
from docsign.values import dataclass

VIETNAM: Final = timezone(timedelta(hours=7))
_BOTH_SIGNATURE_FLAGS = 3  # SignaturesExist, AppendOnly (ISO 32000-1 table 219)
_TEXT_STYLE = re.compile(r"/(\S+)\s+([\d.]+)\s+Tf")
_RANGE = b"/ByteRange [0 %d %d %d]"
_RANGE_ROOM = len(_RANGE % ((10**10,) * 3))
_GAP = b"/Contents <"


class TooSmallError(PdfError):
    """The CMS does not fit into its place; ``needed`` is its size in bytes."""

    def __init__(self, needed: int) -> None:
        """Keep the size."""
        super().__init__(say("The signature needs {size} bytes, more than were kept for it.", size=needed))
        self.needed = needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A PDF that lacks only its CMS; ``digest`` is what the CMS must hold as messageDigest.

    ``start`` and ``end`` bound the gap with its angle brackets in ``appended``, which follows ``original``.
    """

    digest: bytes
    original: bytes = field(repr=False)
    appended: bytes = field(repr=False)
    start: int
    end: int

    def tail(self, cms: bytes) -> bytes:
        """Return what follows the original bytes. Raises TooSmallError."""
        room = self.end - self.start - 2  # hex digits between < and >
        if 2 * len(cms) > room:
            raise TooSmallError(len(cms))
        digits = cms.hex().encode().ljust(room, b"0")
        return b"".join((self.appended[: self.start + 1], digits, self.appended[self.end - 1 :]))

    def complete(self, cms: bytes) -> bytes:
        """Return the signed PDF. Raises TooSmallError."""
        return self.original + self.tail(cms)


def prepared(revision: Revision, number: int, hash_name: str) -> Prepared:
    """Close a revision around the gap of its signature ``number``, made with ``signature_entries``."""
    made = revision.appended()
    start, end = _gap(revision, made, number)
    length = len(revision.pdf.data)
    appended = bytearray(made.data)
    ranges = _RANGE % (length + start, length + end, len(appended) - end)
    place = appended.rindex(b"/ByteRange", 0, start)
    appended[place : place + _RANGE_ROOM] = ranges.ljust(_RANGE_ROOM)
    digest = revision.prefix.copy() if hash_name == "sha256" else hashlib.new(hash_name, revision.pdf.data)
    digest.update(memoryview(appended)[:start])
    digest.update(memoryview(appended)[end:])
    return Prepared(
        digest=digest.digest(), original=revision.pdf.data, appended=bytes(appended), start=start, end=end
    )


def signature_entries(room: int, *, subfilter: str, kind: str) -> dict[str, bytes]:
    """Return the entries that every signature dictionary begins with; ``room`` is what the CMS may have."""
    return {
        "Type": syntax.name(kind),
        "Filter": b"/Adobe.PPKLite",
        "SubFilter": syntax.name(subfilter),
        "ByteRange": b"[]".ljust(_RANGE_ROOM - len(b"/ByteRange ")),
        "Contents": b"<" + b"0" * (2 * room) + b">",
    }


def _gap(revision: Revision, made: Appended, number: int) -> tuple[int, int]:
    """Return where the gap of a signature stands in the appended bytes, with its angle brackets."""
    start = made.data.index(_GAP, made.offsets[number] - len(revision.pdf.data)) + len(_GAP) - 1
    return start, made.data.index(b">", start) + 1


class SignablePdf:
    """A PDF opened to be signed: what its form says, and ``prepare``."""

    def __init__(self, pdf: bytes, *, password: str | None = None) -> None:
        """Open it; raises PdfError for what cannot be read or must not be signed further."""
        require_whole(pdf)
        self.password = password
        self.prefix = hashlib.sha256(pdf)
        """SHA-256 of the file, to be copied and gone on with."""
        self.is_known = made.was_made(self.prefix.digest())
        """Whether docsign made these very bytes in this process: then they need no check."""
        self.pdf = read_pdf(pdf, password=password, account=not self.is_known)
        self._view: View = self.pdf.view()
        self._fields: dict[str, Field] = {}
        self.signatures: dict[str, bool] = {}
        """Every signature field by name, and whether it is signed."""
        self.texts: dict[str, str] = {}
        """Every text field by name with its value, "" where empty."""
        self.labels: dict[str, str] = {}
        """What the signature fields are called for people (/TU), where they are."""
        for entry in form_fields(self._view):
            if entry.name in self._fields:
                continue
            self._fields[entry.name] = entry
            kind = entry.kind(self._view)
            value = entry.inherited(self._view, "V")
            if kind == "Sig":
                self.signatures[entry.name] = value is not None
                label = self._view.get(entry.dictionary, "TU")
                if isinstance(label, Text):
                    self.labels[entry.name] = label.text
            elif kind == "Tx":
                self.texts[entry.name] = value.text if isinstance(value, Text) else ""
        self.locked = self._locked()
        """The names of the fields that earlier signatures closed (FieldMDP)."""

    def box_of(self, name: str) -> tuple[float, float]:
        """Return width and height of a field as it is shown, in points; zero where it is not drawn."""
        for widget in self._fields[name].widgets:
            width, height, turned = self._box(widget)
            if width and height:
                return (height, width) if turned in (90, 270) else (width, height)
        return 0, 0

    def drawn_fields(self) -> Iterator[tuple[str, str, int, Rectangle]]:
        """Yield every field that has a place: its name, its kind, its page and its box as shown."""
        where: dict[int, int] = {}
        for number, page in enumerate(self._view.pages):
            for raw in items(self._view, page.dictionary, "Annots"):
                where[id(self._view.resolve(raw))] = number
        for name, entry in self._fields.items():
            for widget in entry.widgets:
                box, place = box_of(self._view, widget.dictionary), where.get(id(widget.dictionary))
                if box is not None and place is not None:
                    page = self._view.pages[place]
                    yield name, entry.kind(self._view), place + 1, as_shown(self._view, page, box)

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
        signer: Signer | None = None,
        box: Box | None = None,
    ) -> Prepared:
        """Write the revision; ``room`` is how many bytes the CMS may have.

        ``field_name`` is an empty signature field of the document; None adds one, drawn in ``box`` or else
        invisible on page 1.
        ``fill`` gives values to empty text fields. ``signer`` is held against what the field asks of its
        signer (/SV). Raises PdfError where a field is missing, taken or closed, or asks for something else.
        """
        self._require_open_document()
        revision = self._begin()
        for text_name, value in (fill or {}).items():
            self._fill(revision, text_name, value)
        number = revision.reserve()
        entries = signature_entries(room, subfilter="ETSI.CAdES.detached", kind="Sig")
        if field_name is None and box is not None and appearance is not None:
            self._add_visible(revision, box, appearance, number)
        elif field_name is None:
            self._add_invisible(revision, number)
        else:
            chosen = self._empty_field(field_name)
            seed = SeedValue.of(self._view, chosen)
            if seed is not None:
                reason = seed.reason_for(reason)
                seed.require(signer, hash_name=hash_name)
            revision.set(chosen.dictionary, "V", syntax.reference(number))
            entries |= self._closing(revision, chosen, number)
            if appearance is not None:
                self._draw(revision, chosen, appearance)
            register(revision, flags=_BOTH_SIGNATURE_FLAGS)
        encrypt = revision.encrypt_text(number)
        moment = signing_time.astimezone(VIETNAM).replace(microsecond=0)
        entries["M"] = syntax.string(syntax.date(moment), encrypt)
        for key, text in (("Name", name), ("Reason", reason), ("Location", location)):
            if text is not None:
                entries[key] = syntax.text(text, encrypt)
        revision.add(syntax.dictionary(entries), number)
        return prepared(revision, number, hash_name)

    def _begin(self) -> Revision:
        return Revision(self.pdf, self.prefix)

    # --- what earlier signatures allow ----------------------------------------------------------------------

    def _found(self) -> list[FoundSignature]:
        found = []
        for name, signed in self.signatures.items():
            value = self._fields[name].inherited(self._view, "V") if signed else None
            if isinstance(value, Dictionary):
                found.append(
                    FoundSignature(reference=None, dictionary=value, fields={name: self._fields[name]})
                )
        return found

    def _locked(self) -> frozenset[str]:
        closed = [lock for one in self._found() for lock in locks(self._view, one)]
        return frozenset(name for name in self._fields if any(lock.closes(name) for lock in closed))

    def _require_open_document(self) -> None:
        """Raise PdfError where an earlier signature forbids every change."""
        for one in self._found():
            if permission(self._view, one.dictionary) == 1 or lock_level(self._view, one) == 1:
                raise PdfError(
                    say(
                        "The signature {name} certifies the PDF and allows no change.",
                        name=next(iter(one.fields)),
                    )
                )

    def _require_open(self, name: str) -> None:
        if name in self.locked:
            raise PdfError(say("The field {name} was closed by an earlier signature.", name=name))

    # --- fields ---------------------------------------------------------------------------------------------

    def _empty_field(self, name: str) -> Field:
        if name not in self.signatures:
            known = ", ".join(self.signatures) or "–"
            raise PdfError(
                say("The PDF has no signature field named {name}; it has: {known}.", name=name, known=known)
            )
        if self.signatures[name]:
            raise PdfError(say("The signature field {name} is already signed.", name=name))
        self._require_open(name)
        return self._fields[name]

    def _add_invisible(self, revision: Revision, value: int, *, stem: str = "Signature") -> None:
        """Add a field that is not seen to page 1, signed by the object ``value``."""
        add_invisible_field(revision, free_name(self._fields, stem), value)

    def _add_visible(self, revision: Revision, box: Box, appearance: PreparedAppearance, value: int) -> None:
        """Add a field that shows ``appearance`` in ``box``, signed by the object ``value``."""
        page = revision.page(box.page)
        rectangle, turned = in_user_space(self._view, page, box.corners), rotation(self._view, page)
        picture = draw(
            revision,
            appearance,
            width=rectangle[2] - rectangle[0],
            height=rectangle[3] - rectangle[1],
            turned=turned,
        )
        name = free_name(self._fields, "Signature")
        number, widget = signature_widget(revision, name, page, rectangle, turned=turned, picture=picture)
        widget["V"] = syntax.reference(value)
        revision.add(syntax.dictionary(widget), number)
        revision.annotate(page, number)
        register(revision, [number], flags=_BOTH_SIGNATURE_FLAGS)

    def _fill(self, revision: Revision, name: str, value: str) -> None:
        if name not in self.texts:
            raise PdfError(say("The PDF has no text field named {name}.", name=name))
        self._require_open(name)
        if self.texts[name]:
            raise PdfError(
                say("The field {name} is already filled with “{value}”.", name=name, value=self.texts[name])
            )
        entry = self._fields[name]
        revision.set_text(entry.dictionary, "V", value)
        found = entry.inherited(self._view, "DA")
        style = _TEXT_STYLE.search(found.text if isinstance(found, Text) else "")
        alignment = entry.inherited(self._view, "Q")
        aligned: dict[object, Align] = {number: word for word, number in ALIGNMENTS.items()}
        for widget in entry.widgets:
            width, height, turned = self._box(widget)
            if not width or not height:
                continue
            line = field_text(
                value,
                width=round(height if turned in (90, 270) else width, 3),
                height=round(width if turned in (90, 270) else height, 3),
                size=float(style[2]) if style and float(style[2]) else 12.0,
                italic=bool(style and "Italic" in style[1]),
                align=aligned.get(alignment or 0, "left"),
            )
            form = draw(revision, line, width=width, height=height, turned=turned, form_field=True)
            revision.set(widget.dictionary, "AP", syntax.dictionary({"N": form}))

    def _draw(self, revision: Revision, entry: Field, appearance: PreparedAppearance) -> None:
        for widget in entry.widgets:
            width, height, turned = self._box(widget)
            if width and height:
                form = draw(revision, appearance, width=width, height=height, turned=turned)
                revision.set(widget.dictionary, "AP", syntax.dictionary({"N": form}))

    def _box(self, widget: Widget) -> tuple[float, float, int]:
        """Return width, height and turn of a widget; nothing where it has no box."""
        corners = self._view.numbers_of(widget.dictionary, "Rect")
        if corners is None or len(corners) != 4:
            return 0, 0, 0
        turned = self._view.get(self._view.get(widget.dictionary, "MK"), "R")
        return (
            abs(corners[2] - corners[0]),
            abs(corners[3] - corners[1]),
            turned % 360 if type(turned) is int else 0,
        )

    def _closing(self, revision: Revision, entry: Field, number: int) -> dict[str, bytes]:
        """Carry the field's /Lock into the signature, where it binds (ISO 32000-1 12.8.2.4)."""
        lock = entry.inherited(self._view, "Lock")
        if not isinstance(lock, Dictionary):
            return {}
        action = self._view.get(lock, "Action")
        if action not in ("All", "Include", "Exclude"):
            raise PdfError(say("The lock of the field {name} cannot be understood.", name=entry.name))
        assert isinstance(action, Name)
        rules = {"Type": b"/TransformParams", "V": b"/1.2", "Action": syntax.name(action)}
        listed = [self._view.resolve(one) for one in items(self._view, lock, "Fields")]
        if action != "All":
            encrypt = revision.encrypt_text(number)
            names = [syntax.text(one.text, encrypt) for one in listed if isinstance(one, Text)]
            rules["Fields"] = syntax.array(*names)
        root = self._view.trailer.get("Root")
        found = {
            "Type": b"/SigRef",
            "TransformMethod": b"/FieldMDP",
            "Data": syntax.written(root),
            "TransformParams": syntax.dictionary(rules),
        }
        return {"Reference": syntax.array(syntax.dictionary(found))}


def free_name(taken: Mapping[str, object], stem: str) -> str:
    """Return ``stem`` with the first number that no field has."""
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def add_invisible_field(revision: Revision, name: str, value: int) -> None:
    """Add a signature field that is not seen to page 1, signed by the object ``value``."""
    page = revision.page(1)
    number, widget = signature_widget(revision, name, page, (0, 0, 0, 0))
    widget["V"] = syntax.reference(value)
    revision.add(syntax.dictionary(widget), number)
    revision.annotate(page, number)
    register(revision, [number], flags=_BOTH_SIGNATURE_FLAGS)
