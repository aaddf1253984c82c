"""The cycle collector is paused while a file is judged, and on again whatever happens."""

from __future__ import annotations

import gc

import pytest

from docsign.pdf.reading.collector import uncollected


def test_the_collector_is_off_inside_and_on_again_after() -> None:
    """Also where one block lies in another, and where the block ends in an error."""
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="hỏng"), uncollected():
        raise ValueError("hỏng")
    assert gc.isenabled()


def test_who_paused_it_before_finds_it_paused() -> None:
    """A program that runs without the collector is not given one."""
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
