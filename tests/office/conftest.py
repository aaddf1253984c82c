"""Stores of both kinds, and the invented people of the office."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from docsign.envelope.header import VIETNAM_TIME
from docsign.office import MemoryStore, OfficeStore, SqliteStore, Staff

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=VIETNAM_TIME)
"""A Monday."""

STAFF: dict[str, Any] = {
    "agency": {"code": "H99.31", "name": "Ủy ban nhân dân phường Một"},
    "person": [
        {"id": "thu", "name": "Trần Thị Thử", "roles": ["drafter"]},
        {"id": "truong", "name": "Lê Văn Giả", "roles": ["unit-head"]},
        {"id": "mau", "name": "Nguyễn Văn Mẫu", "roles": ["signatory"]},
        {"id": "vt", "name": "Phạm Thị Văn Thư", "roles": ["clerk", "form-checker"]},
    ],
    "series": [{"name": "chung", "kinds": ["cong-van"]}],
    "body": [{"id": "hdtd", "name": "Hội đồng tuyển dụng"}],
}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def staff() -> Staff:
    """The people of the invented commune."""
    return Staff.from_mapping(STAFF)


@pytest.fixture
def clock() -> Clock:
    """Noon on Monday, 16 November 2026."""
    return Clock()


def sqlite_store(folder: Path) -> OfficeStore:
    """Open the store of this folder."""
    return SqliteStore(folder)


MAKERS: dict[str, Callable[[Path], OfficeStore]] = {
    "memory": lambda _folder: MemoryStore(),
    "sqlite": sqlite_store,
}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OfficeStore]:
    """An empty store, of each kind in turn."""
    made = MAKERS[request.param](tmp_path / "office")
    yield made
    made.close()
