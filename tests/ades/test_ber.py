"""BER becomes DER: in one pass, with memory in proportion, and nothing of the values changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.ades import ber, der
from docsign.errors import CmsError


def test_indefinite_lengths_are_rewritten() -> None:
    """Of streaming writers: nested, with a parted octet string (X.690 8.1.3.6, 8.7.3); DER stays as it is."""
    made = bytes.fromhex("3080 0201 05 2480 0402 6162 0401 63 0000 0000".replace(" ", ""))
    assert ber.definite(made) == bytes.fromhex("3008 0201 05 0403 616263".replace(" ", ""))
    assert ber.definite(b"\x30\x00") == b"\x30\x00"
    assert ber.definite(made + b"\0\0") == bytes.fromhex("3008 0201 05 0403 616263 0000".replace(" ", ""))


def test_indefinite_inside_definite_and_long_lengths() -> None:
    """A definite length outside, an indefinite one inside, and a length in more octets than it needs."""
    made = bytes.fromhex("300f 3080 8183000001 07 0000 2403 040161".replace(" ", ""))
    assert ber.definite(made) == bytes.fromhex("3008 3003 810107 040161".replace(" ", ""))


@pytest.mark.parametrize(
    "broken",
    [
        "3080",  # never closed
        "30800201",
        "30" + "80" * 3,
        "3080" * 70 + "0000" * 70,  # too deep
        "0280050000",  # a primitive value of indefinite length
        "24800201050000",  # an octet string in parts that are none
        "300430800201050000",  # the inner value reaches out of the outer one
        "1f0100",
        "30050000",
        "3003000000",
    ],
)
def test_what_is_not_ber_is_refused(broken: str) -> None:
    """CmsError, whatever is wrong."""
    with pytest.raises(CmsError):
        ber.definite(bytes.fromhex(broken))


def written(value: object, *, indefinite: bool) -> bytes:
    """Write nested lists of byte strings as sequences of octet strings: in DER, or as a stream is written."""
    if isinstance(value, bytes):
        if not indefinite or len(value) < 2:
            return der.encode(der.OCTET_STRING, value)
        parts = der.encode(der.OCTET_STRING, value[:1]) + der.encode(der.OCTET_STRING, value[1:])
        return b"\x24\x80" + parts + b"\0\0"
    assert isinstance(value, list)
    inside = b"".join(written(one, indefinite=indefinite) for one in value)
    return b"\x30\x80" + inside + b"\0\0" if indefinite else der.encode(der.SEQUENCE, inside)


@given(st.recursive(st.binary(max_size=200), lambda inner: st.lists(inner, max_size=4), max_leaves=12))
def test_every_streamed_value_becomes_its_der(value: object) -> None:
    """Written as DER or streamed and rewritten: the same bytes."""
    assert ber.definite(written([value], indefinite=True)) == written([value], indefinite=False)


@given(st.binary(max_size=300))
def test_anything_is_rewritten_or_refused(junk: bytes) -> None:
    """CmsError and nothing else, also where bytes follow; what is written has definite lengths."""
    try:
        made = ber.definite(junk)
    except CmsError:
        return
    assert der.read(made, 0, len(made)).end <= len(made)


def test_depth_and_count_are_budgets() -> None:
    """A hundred thousand levels, half a million values: refused at once, without recursion."""
    with pytest.raises(CmsError):
        ber.definite(b"\x30\x80" * 100_000)
    with pytest.raises(CmsError):
        ber.definite(b"\x30\x80" + b"\x05\x00" * 500_000 + b"\0\0")
