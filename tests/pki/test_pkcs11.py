"""Keys on a token (SoftHSM2): found by their URI, opened with one PIN, refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pkcs11
import pytest

from docsign.errors import KeyUnreachableError, PassphraseError, SigningKeyError, UsageError
from docsign.pki import SignatureScheme, open_key
from docsign.pki import pkcs11 as ours
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.pki.certificates import fingerprint
from docsign.pki.schemes import require_genuine
from docsign.pki.token_uri import parse_token_uri
from tests.softhsm import PIN, SoftToken

DATA = "Công văn số 7/UBND-VP".encode()
WRONG = "000000"


@pytest.fixture(scope="module")
def token(soft_token: SoftToken, authority: TrialAuthority) -> SoftToken:
    """A token with an RSA, a P-256 and a P-384 key, and the issuing authority's certificate."""
    kinds: tuple[KeyKind, ...] = ("rsa2048", "p256", "p384")
    for number, kind in enumerate(kinds, 1):
        issued = authority.issue("person", f"Nguyễn Văn Mẫu {kind}", key=kind)
        chain = (authority.issuing,) if number == 1 else ()
        soft_token.store("xa-thu-nghiem", issued, id=bytes([number]), name=kind, chain=chain)
    return soft_token


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("rsa2048", None),
        ("rsa2048", SignatureScheme.RSA_SHA512),
        ("rsa2048", SignatureScheme.PSS_SHA256),
        ("rsa2048", SignatureScheme.PSS_SHA384),
        ("p256", None),
        ("p256", SignatureScheme.ECDSA_SHA512),
        ("p384", None),
    ],
)
def test_every_kind_of_key_signs(name: str, scheme: SignatureScheme | None, token: SoftToken) -> None:
    """RSA in both paddings and the curves: the certificate's key accepts what the token made."""
    key = open_key(token.uri("xa-thu-nghiem", f";object={name}"), PIN, scheme=scheme)
    if scheme is not None:
        assert key.scheme is scheme
    require_genuine(key.certificate, key.scheme, DATA, key.sign(DATA))


def test_a_token_without_hashing_mechanisms_signs_too(
    token: SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older cards know bare RSA alone: the digest is then wrapped here (RFC 8017 9.2)."""
    bare = frozenset({pkcs11.Mechanism.RSA_PKCS, pkcs11.Mechanism.RSA_PKCS_PSS})
    monkeypatch.setattr(ours.TokenKey, "_mechanisms", lambda _self: bare)
    for scheme in (SignatureScheme.RSA_SHA256, SignatureScheme.RSA_SHA384, SignatureScheme.RSA_SHA512):
        key = open_key(token.uri("xa-thu-nghiem", ";object=rsa2048"), PIN, scheme=scheme)
        require_genuine(key.certificate, scheme, DATA, key.sign(DATA))


def test_keys_are_named_by_id_label_or_fingerprint(token: SoftToken) -> None:
    """Three ways to one key; the chain comes from the token."""
    by_label = open_key(token.uri("xa-thu-nghiem", ";object=rsa2048"), PIN)
    by_id = open_key(token.uri("xa-thu-nghiem", ";id=%01"), PIN)
    print_ = fingerprint(by_label.certificate)
    by_print = open_key(f"{token.uri('xa-thu-nghiem')}&cert-sha256={print_}", PIN)
    assert by_label.certificate == by_id.certificate == by_print.certificate
    assert len(by_label.chain) == 1


def test_tokens_are_named_by_serial_or_slot(token: SoftToken) -> None:
    """The listing gives a URI for every certificate, without a PIN; each opens its key."""
    listed = ours.list_token(parse_token_uri(token.uri("xa-thu-nghiem")))
    assert sorted(entry.label for entry in listed) == ["p256", "p384", "rsa2048"]
    for entry in listed:
        assert open_key(entry.uri.text(), PIN).certificate == entry.certificate
    slot = pkcs11.lib(token.module).get_token(token_label="xa-thu-nghiem").slot.slot_id
    uri = f"pkcs11:slot-id={slot};object=p256?module-path={token.module}"
    assert open_key(uri, PIN).scheme is SignatureScheme.ECDSA_SHA256


def test_the_pin_is_asked_once_for_a_batch(token: SoftToken) -> None:
    """Opened once; many signatures follow."""
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return PIN

    key = open_key(token.uri("xa-thu-nghiem", ";object=rsa2048"), ask)
    for _ in range(5):
        key.sign(DATA)
    assert asked == [1]
    assert PIN not in repr(key)


def test_the_pin_may_lie_in_a_file(token: SoftToken, tmp_path: Any) -> None:
    """RFC 7512 2.4 pin-source; the caller is not asked."""
    (tmp_path / "pin.txt").write_text(PIN + "\n")
    key = open_key(f"{token.uri('xa-thu-nghiem', ';object=p256')}&pin-source={tmp_path / 'pin.txt'}")
    assert key.sign(DATA)


def test_a_key_that_asks_at_every_signature_is_told_the_pin(
    soft_token: SoftToken, authority: TrialAuthority
) -> None:
    """CKA_ALWAYS_AUTHENTICATE: a login for each signature, the person types the PIN once."""
    issued = authority.issue("person", "Trần Thị Thử", key="p256")
    soft_token.store("luon-hoi", issued, id=b"\x09", always=True)
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return PIN

    key = open_key(soft_token.uri("luon-hoi"), ask)
    assert isinstance(key, ours.TokenKey)
    for _ in range(3):
        require_genuine(issued.certificate, key.scheme, DATA, key.sign(DATA))
    assert asked == [1]
    key._pin = None  # without the login of its own the token refuses: the login above was needed
    with pytest.raises(SigningKeyError, match="The token refuses: UserNotLoggedIn"):
        key.sign(DATA)


def test_a_wrong_pin_is_tried_once_and_said(soft_token: SoftToken, authority: TrialAuthority) -> None:
    """The token counts attempts: one call of ours is one attempt."""
    soft_token.store("sai-pin", authority.issue("person", "Trần Thị Thử", key="p256"), id=b"\x01")
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return WRONG

    with pytest.raises(PassphraseError, match="sai-pin: The PIN is wrong"):
        open_key(soft_token.uri("sai-pin"), ask)
    assert asked == [1]
    with pytest.raises(PassphraseError, match="needs its PIN"):
        open_key(soft_token.uri("sai-pin"))
    assert open_key(soft_token.uri("sai-pin"), PIN).sign(DATA)


def test_a_token_that_is_removed_in_the_middle_is_said(
    soft_token: SoftToken, authority: TrialAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and no value."""
    soft_token.store("rut-ra", authority.issue("person", "Trần Thị Thử", key="p256"), id=b"\x01")
    key = open_key(soft_token.uri("rut-ra"), PIN)
    assert key.sign(DATA)
    soft_token.remove("rut-ra")
    with pytest.raises(KeyUnreachableError, match="rut-ra: The token was removed"):
        key.sign(DATA)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (pkcs11.DeviceRemoved, KeyUnreachableError, "was removed"),
        (pkcs11.TokenNotPresent, KeyUnreachableError, "was removed"),
        (pkcs11.SessionHandleInvalid, KeyUnreachableError, "was removed"),
        (pkcs11.PinLocked, PassphraseError, "is locked"),
        (pkcs11.PinExpired, PassphraseError, "has expired"),
        (pkcs11.MechanismInvalid, SigningKeyError, "cannot sign in this way"),
        (pkcs11.GeneralError, SigningKeyError, "refuses: GeneralError"),
    ],
)
def test_what_a_token_answers_is_one_sentence(
    answer: type[Exception],
    error: type[Exception],
    words: str,
    token: SoftToken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever C_Sign returns."""
    key = open_key(token.uri("xa-thu-nghiem", ";object=p256"), PIN)

    def refuse(*_: object) -> bytes:
        raise answer

    monkeypatch.setattr(key, "_ask", refuse)
    with pytest.raises(error, match=words) as caught:
        key.sign(DATA)
    assert type(caught.value) is error


def test_a_value_of_another_key_is_not_used(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that answers rubbish makes no signature."""
    key = open_key(token.uri("xa-thu-nghiem", ";object=p256"), PIN)
    monkeypatch.setattr(key, "_ask", lambda *_: bytes(range(64)))
    with pytest.raises(SigningKeyError, match="it is not used"):
        key.sign(DATA)


class _Slot:
    def __init__(self, flags: pkcs11.TokenFlag) -> None:
        self.flags = flags

    def get_token(self) -> SimpleNamespace:
        return SimpleNamespace(flags=self.flags)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (pkcs11.TokenFlag(0), r"The PIN is wrong\.$"),
        (pkcs11.TokenFlag.USER_PIN_COUNT_LOW, "few attempts are left"),
        (pkcs11.TokenFlag.USER_PIN_FINAL_TRY | pkcs11.TokenFlag.USER_PIN_COUNT_LOW, "one attempt is left"),
        (pkcs11.TokenFlag.USER_PIN_LOCKED, "is locked now"),
    ],
)
def test_the_attempts_left_are_told(flags: pkcs11.TokenFlag, words: str) -> None:
    """As far as the token's flags tell, read after the attempt."""
    double = SimpleNamespace(slot=_Slot(flags))
    with pytest.raises(PassphraseError, match=words), ours._token_errors("thẻ", lambda: double):
        raise pkcs11.PinIncorrect


def _login(flags: pkcs11.TokenFlag, ask: Callable[[], str]) -> list[object]:
    """Log in to a double with these flags and return the PINs it was given."""
    given: list[object] = []

    def opened(user_pin: object = None) -> str:
        given.append(user_pin)
        return "session"

    ours._session(SimpleNamespace(flags=flags, open=opened), ask, "thẻ")
    return given


def test_a_pin_pad_asks_by_itself() -> None:
    """CKF_PROTECTED_AUTHENTICATION_PATH: no PIN passes through this program."""
    needed = pkcs11.TokenFlag.LOGIN_REQUIRED

    def never() -> str:
        raise AssertionError

    assert _login(needed | pkcs11.TokenFlag.PROTECTED_AUTHENTICATION_PATH, never) == [pkcs11.PROTECTED_AUTH]
    assert _login(needed, lambda: PIN) == [PIN]
    assert _login(pkcs11.TokenFlag(0), never) == [None]
    with pytest.raises(PassphraseError, match="is locked"):
        _login(needed | pkcs11.TokenFlag.USER_PIN_LOCKED, never)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        (";object=khong-co", SigningKeyError, "is the one that is named"),
        ("", UsageError, "Several keys of this token match: .*Name one"),
    ],
)
def test_a_key_must_be_one(more: str, error: type[Exception], words: str, token: SoftToken) -> None:
    """None or several: said, with what there is."""
    with pytest.raises(error, match=words):
        open_key(token.uri("xa-thu-nghiem", more), PIN)


def test_a_token_must_be_one(token: SoftToken, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """An unknown token, an unknown library, one that is none, none named at all."""
    with pytest.raises(KeyUnreachableError, match=r"No token matches; there are: .*xa-thu-nghiem"):
        open_key(token.uri("khong-co"), PIN)
    with pytest.raises(UsageError, match="no such library"):
        open_key("pkcs11:token=x?module-path=/khong/co.so", PIN)
    with pytest.raises(UsageError, match="no such library"):
        open_key("pkcs11:token=x?module-name=khong-co", PIN)
    (tmp_path / "khong-phai.so").write_bytes(b"\x7fELF")
    with pytest.raises(SigningKeyError, match="cannot be loaded"):
        open_key(f"pkcs11:token=x?module-path={tmp_path / 'khong-phai.so'}", PIN)
    monkeypatch.delenv(ours.MODULE_VARIABLE, raising=False)
    with pytest.raises(UsageError, match="is not named"):
        open_key("pkcs11:token=xa-thu-nghiem;object=p256", PIN)
    monkeypatch.setenv(ours.MODULE_VARIABLE, token.module)
    assert open_key("pkcs11:token=xa-thu-nghiem;object=p256", PIN).sign(DATA)


def test_the_library_may_be_named_without_its_path(token: SoftToken) -> None:
    """RFC 7512 2.4 module-name: without prefix and suffix."""
    assert open_key("pkcs11:token=xa-thu-nghiem;object=p256?module-name=softhsm2", PIN).sign(DATA)
