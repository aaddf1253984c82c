"""The URIs of tokens: RFC 7512, read strictly, written back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.errors import UsageError
from docsign.pki.token_uri import TokenUri, parse_token_uri


def test_the_attributes_are_read() -> None:
    """RFC 7512 3, and our fingerprint."""
    uri = (
        "pkcs11:token=Xã%20Thử;manufacturer=Piv_II;serial=00a1;id=%69%95%3E;object=my-key;type=private;slot-id=3"
        "?module-path=/usr/lib/x.so&pin-source=file:/etc/pin&cert-sha256=" + "AB:" * 31 + "ab"
    )
    assert parse_token_uri(uri) == TokenUri(
        token="Xã Thử",
        manufacturer="Piv_II",
        serial="00a1",
        id=b"\x69\x95\x3e",
        label="my-key",
        slot_id=3,
        module_path="/usr/lib/x.so",
        pin_source="file:/etc/pin",
        fingerprint="ab" * 32,
    )
    assert parse_token_uri("PKCS11:") == TokenUri()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("pkcs12:x.p12", "not a PKCS#11 URI"),
        ("pkcs11:token=a;token=b", "names token twice"),
        ("pkcs11:tokem=a", "unknown attribute: tokem"),
        ("pkcs11:token=a?pin-value=1234", "A PIN does not belong in the URI"),
        ("pkcs11:pin-value=1234", "A PIN does not belong in the URI"),
        ("pkcs11:token", "The attribute token of the PKCS#11 URI is wrong"),
        ("pkcs11:token=%zz", "is wrong"),
        ("pkcs11:slot-id=-1", "slot-id"),
        ("pkcs11:slot-id=" + "9" * 30, "slot-id"),
        ("pkcs11:type=secret-key", "type"),
        ("pkcs11:?cert-sha256=abc", "64 hexadecimal digits"),
    ],
)
def test_what_is_wrong_is_named(uri: str, words: str) -> None:
    """One sentence, and the PIN does not appear in it."""
    with pytest.raises(UsageError, match=words) as caught:
        parse_token_uri(uri)
    assert "1234" not in str(caught.value)


@given(
    st.builds(
        TokenUri,
        token=st.none() | st.text(min_size=1, max_size=32),
        serial=st.none() | st.text(min_size=1, max_size=16),
        slot_id=st.none() | st.integers(0, 2**64 - 1),
        label=st.none() | st.text(min_size=1, max_size=40),
        id=st.none() | st.binary(min_size=1, max_size=20),
        module_path=st.none() | st.text(min_size=1, max_size=40),
        fingerprint=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    )
)
def test_what_is_written_is_read_again(uri: TokenUri) -> None:
    """Whatever a token is called."""
    assert parse_token_uri(uri.text()) == uri
