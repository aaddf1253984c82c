"""Signed letters, and ways to tamper with them."""

from __future__ import annotations

from tests.envelope.conftest import header, pdf, sealed
from tests.signing.conftest import by_both, by_person, letter, seal_png, signature_png

__all__ = ["by_both", "by_person", "header", "letter", "pdf", "seal_png", "sealed", "signature_png"]
