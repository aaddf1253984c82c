"""The level of a signature in a PDF: what a document time-stamp archives is only what came before it."""

from __future__ import annotations

from docsign.verification import verify
from tests.pdf.attacks.legal import validation_data_added
from tests.pdf.attacks.table import good
from tests.pdf.honest.index import AT, signed


def level(pdf: bytes) -> str:
    """Return the level of the first signature."""
    return verify(pdf, at=AT).signatures[0].level


def test_a_store_before_the_stamp_is_archived() -> None:
    """Signature, validation data, document time-stamp: B-LTA, and more validation data takes nothing away."""
    assert level(good("archived")) == "PAdES-B-LTA"
    assert level(signed("openpdf.pyhanko-t.pyhanko-dss.pyhanko-stamp", 2)) == "PAdES-B-LT"


def test_a_store_after_the_stamp_is_not_archived() -> None:
    """Signature, document time-stamp, then validation data: nothing protects it yet, B-LT."""
    stamped = signed("ghostscript.docsign.pyhanko-stamp", 2)
    assert level(stamped) == "PAdES-B-T"
    assert level(validation_data_added(stamped)) == "PAdES-B-LT"
