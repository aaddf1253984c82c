"""Signs by hand: a revision with a signature that the forger, or an honest later signer, makes himself.

The signers are issued anew for each run by an authority of their own, as of the time of the honest files: the
verdicts of both hold at one moment.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from docsign.ades import cms
from docsign.pki.authority import TrialAuthority
from docsign.pki.keys import SigningKey
from docsign.pki.trust import Trust
from tests.pdf.attacks.revision import Revision, form
from tests.pdf.attacks.syntax import Name, Raw, Ref, Stream, Value
from tests.pdf.honest.index import trust

Who = Literal["person", "agency"]
Box = tuple[float, float, float, float]

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
ROOM = 5000
NOWHERE: Box = (0, 0, 0, 0)


@cache
def _issued() -> tuple[dict[str, SigningKey], Trust]:
    with tempfile.TemporaryDirectory() as folder:
        authority = TrialAuthority.create(Path(folder) / "authority", key="p256", at=BEGIN)
        keys: dict[str, SigningKey] = {}
        for who, name in (("person", "Phạm Văn Giả Định"), ("agency", "SỞ THỬ NGHIỆM")):
            keys[who] = authority.issue(
                who,  # type: ignore[arg-type]
                name,
                organization="SỞ THỬ NGHIỆM",
                agency="H99.12",
                key="p256",
                at=BEGIN,
                not_before=BEGIN,
                not_after=BEGIN + timedelta(days=3000),
            ).signing_key()
        authority.renew(at=datetime(2026, 11, 30, tzinfo=UTC))
        return keys, authority.trust()


@cache
def everyone() -> Trust:
    """Return the trust of the honest files with the signers of this module."""
    own, theirs = _issued()[1], trust()
    return replace(
        theirs,
        anchors=(*theirs.anchors, *own.anchors),
        intermediates=(*theirs.intermediates, *own.intermediates),
        crls=(*theirs.crls, *own.crls),
        signers=(*theirs.signers, *own.signers),
    )


def clear_form(width: float = 150, height: float = 50) -> Stream:
    """Return an appearance with a transparent ground: a frame and a line."""
    return form(b"q 0.8 0 0 RG 2 w 2 2 %d %d re S Q" % (width - 4, height - 4), (0, 0, width, height))


def opaque_form(width: float = 150, height: float = 50) -> Stream:
    """Return an appearance that hides what is under it."""
    drawing = b"q 1 1 1 rg 0 0 %d %d re f 0 g BT /F1 12 Tf 4 20 Td (9.000.000.000) Tj ET Q" % (width, height)
    return form(drawing, (0, 0, width, height)) if width else form(b"")


def add_field(
    revision: Revision, name: str, box: Box, appearance: Stream | None, page: int, value: Value
) -> Ref:
    """Add a signature field with its widget to a page and to the form."""
    place = revision.old.pages()[page - 1]
    entries: dict[str, Value] = {
        "Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"), "T": name.encode(),
        "Rect": list(box), "F": 132, "P": place, "V": value,
    }  # fmt: skip
    if appearance is not None:
        entries["AP"] = {"N": revision.add(appearance)}
    widget = revision.add(entries)
    add_annotation(revision, place, widget)
    add_to_form(revision, widget)
    return widget


def add_annotation(revision: Revision, page: Ref, annotation: Ref) -> None:
    """Put an annotation at the end of a page's list."""
    listed = revision.get(page).get("Annots", [])
    if isinstance(listed, Ref):
        revision.put(listed, [*revision.get(listed), annotation])
    else:
        revision.change(page, Annots=[*listed, annotation])


def add_to_form(revision: Revision, field: Ref) -> None:
    """Put a field at the end of the form's list, and make the form where there is none."""
    root = revision.old.root
    held = revision.get(root).get("AcroForm")
    entries = revision.get(held) if held is not None else {"Fields": []}
    fields = entries["Fields"]
    if isinstance(fields, Ref):
        revision.put(fields, [*revision.get(fields), field])
    else:
        entries["Fields"] = [*fields, field]
    entries["SigFlags"] = 3
    if isinstance(held, Ref):
        revision.put(held, entries)
    else:
        revision.change(root, AcroForm=entries)


def signature(**more: Value) -> dict[str, Value]:
    """Return a signature dictionary with room for range and contents."""
    return {
        "Type": Name("Sig"),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.CAdES.detached"),
        "M": b"D:20261123080000Z",
        "ByteRange": Raw(b"[0 " + b"#" * 32 + b"]"),
        "Contents": Raw(b"<" + b"0" * 2 * ROOM + b">"),
    } | more


def completed(data: bytes, who: Who = "person", *, spoiled: bool = False) -> bytes:
    """Fill in range and contents of the one signature that has room; ``spoiled`` signs another digest."""
    start = data.index(b"<" + b"0" * 2 * ROOM + b">")
    end = start + 2 * ROOM + 2
    numbers = b"%d %d %d" % (start, end, len(data) - end)
    data = data.replace(b"#" * 32, numbers.ljust(32))
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    content = signed_content(hashlib.sha256(digest).digest() if spoiled else digest, who)
    return data[: start + 1] + content.hex().encode().ljust(2 * ROOM, b"0") + data[end - 1 :]


def key_of(who: Who) -> SigningKey:
    """Return a signer's key, with certificate and chain."""
    return _issued()[0][who]


def signed_content(digest: bytes, who: Who = "person") -> bytes:
    """Return the CMS over a SHA-256 digest."""
    key = key_of(who)
    attributes = cms.signed_attributes(digest, key.certificate)
    return cms.signed_data(
        signed_attributes=attributes,
        signature=key.sign(attributes),
        certificate=key.certificate,
        chain=key.chain,
        scheme=key.scheme,
    )


def sign(
    revision: Revision,
    name: str = "KyTay",
    box: Box = NOWHERE,
    appearance: Stream | None = None,
    *,
    page: int = 1,
    who: Who = "person",
    spoiled: bool = False,
    **more: Value,
) -> bytes:
    """Append the revision with a new signature field in it."""
    add_field(revision, name, box, appearance, page, revision.add(signature(**more)))
    return completed(revision.appended(), who, spoiled=spoiled)
