"""What nothing uses and carries nothing to show may be left behind, until something uses it."""

from __future__ import annotations

from docsign.pdf.changes.leftovers import harmless
from docsign.pdf.reading import read_pdf
from docsign.verdict import Indication
from docsign.verification import verify
from tests.pdf.attacks.incremental import FORGED
from tests.pdf.attacks.revision import Revision, stream
from tests.pdf.attacks.second_signer import everyone
from tests.pdf.attacks.syntax import Name, Ref
from tests.pdf.honest.index import AT
from tests.pdf.odd.writing import Writing


def with_store() -> tuple[bytes, Ref]:
    """Return a signed file with a DSS left behind, and the stream in it, which is a drawing."""
    revision = Revision(Writing().signed())
    held = revision.add(stream(FORGED))
    revision.add({"Type": Name("DSS"), "Certs": [held]})
    return revision.appended(), held


def test_only_new_objects_are_left_behind() -> None:
    """The store and the stream below it; not the page, which was there, nor a number that is not."""
    data, held = with_store()
    pdf = read_pdf(data)
    assert harmless(pdf, [5, held.number, held.number + 1, 99], 1) == {held.number, held.number + 1}
    assert harmless(pdf, [held.number], 1) == set()  # without the store above it, a stream is a stream


def test_a_later_use_is_a_change() -> None:
    """The page draws what was left behind: harmless no more."""
    data, held = with_store()
    assert verify(data, trust=everyone(), at=AT).conclusion.indication is Indication.TOTAL_PASSED
    revision = Revision(data)
    revision.change(Ref(5), Contents=held)
    report = verify(revision.appended(), trust=everyone(), at=AT)
    assert report.conclusion.indication is Indication.TOTAL_FAILED
