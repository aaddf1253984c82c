"""The two headers of an encrypted envelope: what is outside tells nothing, and fits what is inside."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from docsign.envelope import Header, Organization, Priority, Reference
from docsign.envelope.encrypted import (
    CIPHERTEXT_NAME,
    NEUTRAL_SUBJECT,
    is_encrypted,
    outer_header,
    require_agreement,
)
from docsign.errors import ContainerError

INNER = Header(
    sender=Organization(code="H99.31", name="UBND phường Một"),
    receivers=(Organization(code="H99.12"), Organization(code="H99.13")),
    number="12",
    notation="UBND-VP",
    issued=date(2026, 11, 16),
    subject="danh sách hộ được hỗ trợ",
    content="danh sách kèm theo",
    priority=Priority.URGENT,
    references=(Reference(content_id="documents/12-UBND-VP.pdf", name="12-UBND-VP.pdf"),),
)


def test_outside_stands_what_routes_and_nothing_more() -> None:
    """Sender, receivers, number, day and urgency; no subject, no content, no names of files."""
    outer = outer_header(INNER)
    require_agreement(outer, INNER)
    assert (outer.subject, outer.content) == (NEUTRAL_SUBJECT, NEUTRAL_SUBJECT)
    assert outer.document_id == INNER.document_id
    assert outer.priority is Priority.URGENT
    assert "hỗ trợ" not in repr(outer)
    assert "12-UBND-VP.pdf" not in repr(outer)


def test_an_encrypted_envelope_is_known_by_its_one_file() -> None:
    """A header over documents is of a plain one."""
    assert not is_encrypted(INNER)
    ciphertext = Reference(content_id=f"documents/{CIPHERTEXT_NAME}", name=CIPHERTEXT_NAME)
    assert is_encrypted(replace(INNER, references=(ciphertext,)))
    assert not is_encrypted(replace(INNER, references=(ciphertext, *INNER.references)))


def test_more_receivers_outside_and_none_fewer() -> None:
    """A receiver added later stands outside alone."""
    outer = outer_header(INNER)
    require_agreement(replace(outer, receivers=(*outer.receivers, Organization(code="H99.14"))), INNER)
    with pytest.raises(ContainerError, match=r"^header\.receivers: .*H99\.13"):
        require_agreement(replace(outer, receivers=outer.receivers[:1]), INNER)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "13"),
        ("sender", Organization(code="H99.32")),
        ("issued", date(2026, 11, 17)),
        ("document_id", "H99.31,2026/11/16,99/X"),
        ("priority", Priority.NORMAL),
        ("type_name", "Quyết định"),
    ],
)
def test_another_document_inside_is_told(name: str, value: Any) -> None:
    """Nobody puts another's sealed envelope under a header of his own."""
    with pytest.raises(ContainerError, match=rf"^header\.{name}: "):
        require_agreement(replace(outer_header(INNER), **{name: value}), INNER)
