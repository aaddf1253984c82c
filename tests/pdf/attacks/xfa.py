"""XFA forms (ISO 32000-1 12.7.8): data beside the pages, which some readers show instead of them."""

from __future__ import annotations

from docsign.verdict import ChangeKind
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.revision import stream as new_stream
from tests.pdf.attacks.syntax import Ref
from tests.pdf.attacks.table import ATTACKS, LEGAL, PASSED, WARNED, failed
from tests.pdf.honest.make.by_hand import stream
from tests.pdf.odd.later_writing import filled
from tests.pdf.odd.writing import Writing, with_fields

ROW = "XFA"
DATA = b"<xfa:datasets xmlns:xfa='http://www.xfa.org/schema/xfa-data/1.0/'><so>%s</so></xfa:datasets>"


def with_xfa(*, dynamic: bool = False) -> bytes:
    """Sign a form that keeps its data as XFA, too."""
    objects = with_fields(form=b"/XFA[(datasets) 14 0 R]")
    objects[14] = stream(DATA % b"1")
    if dynamic:
        objects[1] = objects[1].replace(b"/Type/Catalog", b"/Type/Catalog/NeedsRendering true")
    return Writing(objects=objects).signed()


@LEGAL.enter_made(ROW, PASSED)
def xfa_as_it_was_signed() -> bytes:
    """Nothing changed."""
    return with_xfa()


@LEGAL.enter_made(ROW, WARNED)
def xfa_that_readers_build_anew() -> bytes:
    """A dynamic form: worth a warning, for its pages are not what Acrobat shows."""
    return with_xfa(dynamic=True)


@ATTACKS.enter_made(ROW, failed(ChangeKind.ACTIVE_CONTENT))
def xfa_data_changed() -> bytes:
    """The data is another after signing; the pages are the same."""
    revision = Revision(with_xfa())
    revision.put(Ref(14), new_stream(DATA % b"9"))
    return revision.appended()


@ATTACKS.enter_made(ROW, failed(ChangeKind.ACTIVE_CONTENT))
def xfa_data_changed_beside_a_filling() -> bytes:
    """The same, with a field filled as an excuse."""
    revision = filled(with_xfa())
    revision.put(Ref(14), new_stream(DATA % b"9"))
    return revision.appended()


@ATTACKS.enter_made(ROW, failed(ChangeKind.ACTIVE_CONTENT))
def xfa_added() -> bytes:
    """A form without XFA gets some."""
    revision = Revision(Writing(objects=with_fields()).signed())
    entries = revision.get(revision.old.root)["AcroForm"]
    held = [b"datasets", revision.add(new_stream(DATA % b"9"))]
    revision.change(revision.old.root, AcroForm=entries | {"XFA": held})
    return revision.appended()
