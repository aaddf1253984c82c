"""Keys at a remote signing service (CSC API v2): released by the person, checked before they are used."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from docsign.errors import KeyUnreachableError, PassphraseError, SigningKeyError, UsageError
from docsign.pki import SignatureScheme, open_key
from docsign.pki.authority import Issued, TrialAuthority
from docsign.pki.csc import CscKey, list_credentials, open_csc_key
from docsign.pki.csc_http import TOKEN_VARIABLE, read_service
from docsign.pki.schemes import require_genuine
from tests.csc_service import OTP, PIN, TOKEN, CscDouble, serving_csc

DATA = [f"Công văn số {number}/UBND-VP".encode() for number in range(7)]


@pytest.fixture(scope="module")
def issued(authority: TrialAuthority) -> dict[str, Issued]:
    """A person with an RSA and one with a P-256 key at the service."""
    return {
        "chu-tich": authority.issue("person", "Nguyễn Văn Mẫu"),
        "van-thu": authority.issue("agency", "Xã Thử Nghiệm", key="p256"),
    }


@pytest.fixture(scope="module")
def served(issued: dict[str, Issued]) -> Iterator[tuple[CscDouble, str]]:
    """The service, live."""
    double = CscDouble(credentials=issued)
    with serving_csc(double) as url:
        yield double, url


@pytest.fixture
def service(
    served: tuple[CscDouble, str], issued: dict[str, Issued], monkeypatch: pytest.MonkeyPatch
) -> tuple[CscDouble, str]:
    """The service as new, its access token in the environment."""
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    double, _ = served
    vars(double).update(vars(CscDouble(credentials=dict(issued))))
    return served


def _key(url: str, credential: str = "chu-tich", scheme: SignatureScheme | None = None) -> CscKey:
    made = open_key(f"{url}?credential={credential}", PIN, scheme=scheme, otp=OTP)
    assert isinstance(made, CscKey)
    return made


@pytest.mark.parametrize(
    ("credential", "scheme"),
    [
        ("chu-tich", None),
        ("chu-tich", SignatureScheme.RSA_SHA512),
        ("chu-tich", SignatureScheme.PSS_SHA256),
        ("van-thu", None),
        ("van-thu", SignatureScheme.ECDSA_SHA384),
    ],
)
@pytest.mark.parametrize("plain", [False, True])
def test_every_scheme_signs(
    credential: str, scheme: SignatureScheme | None, plain: bool, service: tuple[CscDouble, str]
) -> None:
    """RSA in both paddings, ECDSA in DER or as r and s; the chain comes with the certificate."""
    service[0].plain_ecdsa = plain
    key = _key(service[1], credential, scheme)
    require_genuine(key.certificate, key.scheme, DATA[0], key.sign(DATA[0]))
    assert len(key.chain) == 1
    assert scheme in (None, key.scheme)


def test_a_batch_needs_few_calls_and_one_pin(service: tuple[CscDouble, str]) -> None:
    """Seven digests, three at once: three authorizations, the PIN asked once, a new password for each."""
    asked: list[str] = []

    def pin() -> str:
        asked.append("PIN")
        return PIN

    def otp() -> str:
        asked.append("OTP")
        return OTP

    key = open_csc_key(read_service(f"{service[1]}?credential=chu-tich"), pin, otp)
    values = key.sign_all(DATA)
    for data, value in zip(DATA, values, strict=True):
        require_genuine(key.certificate, key.scheme, data, value)
    calls = service[0].calls("signatures/signHash")
    assert [len(call["hashes"]) for call in calls] == [3, 3, 1]
    assert sorted(asked) == ["OTP", "OTP", "OTP", "PIN"]
    assert PIN not in repr(key)
    assert TOKEN not in repr(read_service(service[1]))


@pytest.mark.parametrize("mode", ["implicit", "oauth2code"])
def test_the_service_may_ask_the_person_itself(mode: str, service: tuple[CscDouble, str]) -> None:
    """implicit: authorized without secrets of ours; oauth2code: the token itself releases the key."""
    service[0].mode = mode
    key = open_key(f"{service[1]}?credential=chu-tich")
    require_genuine(key.certificate, key.scheme, DATA[0], key.sign(DATA[0]))
    assert all("authData" not in call for call in service[0].calls("credentials/authorize"))
    assert len(service[0].calls("credentials/authorize")) == (1 if mode == "implicit" else 0)


def test_the_only_key_needs_no_name(service: tuple[CscDouble, str]) -> None:
    """Of several one must be named; the list is read page by page."""
    with pytest.raises(UsageError, match=r"several keys: chu-tich, van-thu\. Name one"):
        open_key(service[1], PIN, otp=OTP)
    assert [one.id for one in list_credentials(read_service(f"{service[1]}?user=mau"))] == [
        "chu-tich",
        "van-thu",
    ]
    assert service[0].calls("credentials/list")[-1]["userID"] == "mau"
    del service[0].credentials["van-thu"]
    assert open_key(service[1], PIN, otp=OTP).sign(DATA[0])
    service[0].credentials.clear()
    with pytest.raises(SigningKeyError, match="has no key"):
        open_key(service[1], PIN, otp=OTP)


def test_the_token_may_lie_in_a_file(service: tuple[CscDouble, str], tmp_path: Any, monkeypatch: Any) -> None:
    """And a missing or a wrong one is said."""
    monkeypatch.delenv(TOKEN_VARIABLE)
    with pytest.raises(PassphraseError, match="needs an access token"):
        _key(service[1])
    (tmp_path / "token").write_text(TOKEN + "\n")
    uri = f"{service[1]}?credential=chu-tich&token-file={tmp_path / 'token'}"
    assert open_key(uri, PIN, otp=OTP).sign(DATA[0])
    monkeypatch.setenv(TOKEN_VARIABLE, "het-han")
    with pytest.raises(PassphraseError, match="does not accept the access token"):
        _key(service[1])


@pytest.mark.parametrize(
    ("pin", "otp", "words"),
    [
        ("111111", OTP, "The PIN is wrong"),
        (PIN, "000000", "one-time password is wrong"),
        (PIN, None, "needs its"),
    ],
)
def test_a_wrong_secret_is_tried_once(
    pin: str, otp: str | None, words: str, service: tuple[CscDouble, str]
) -> None:
    """Said, and not tried again by itself."""
    key = open_key(f"{service[1]}?credential=chu-tich", pin, otp=otp)
    with pytest.raises(PassphraseError, match=words):
        key.sign(DATA[0])
    assert len(service[0].calls("credentials/authorize")) == (0 if otp is None else 1)
    assert not service[0].calls("signatures/signHash")


OTHER = "AAECAwQFBgcICQoLDA0ODw=="


@pytest.mark.parametrize(
    ("method", "fault", "error", "words"),
    [
        ("credentials/info", b"<html>", SigningKeyError, "makes no sense"),
        ("credentials/info", b"[1]", SigningKeyError, "makes no sense"),
        ("credentials/info", b"[" * 90_000, SigningKeyError, "makes no sense"),
        ("credentials/info", b" " * 1_100_000, SigningKeyError, "makes no sense"),
        ("credentials/info", {"key": 5}, SigningKeyError, "makes no sense"),
        ("credentials/info", {"cert": {"certificates": ["AAAA"]}}, SigningKeyError, "makes no sense"),
        ("credentials/info", {"cert": {"certificates": []}}, SigningKeyError, "makes no sense"),
        ("credentials/info", {"auth": {"mode": "magic"}}, SigningKeyError, "makes no sense"),
        ("credentials/info", {"auth": {"mode": "explicit"}}, SigningKeyError, "makes no sense"),
        (
            "credentials/info",
            {"cert": {"status": "revoked"}},
            SigningKeyError,
            "says that this key is revoked",
        ),
        ("credentials/info", {"key": {"algo": ["1.2.3"]}}, SigningKeyError, "cannot sign as rsa-sha256"),
        ("credentials/info", (401, {"error": "invalid_token"}), PassphraseError, "may have expired"),
        ("credentials/info", (503, {}), KeyUnreachableError, "HTTP error 503"),
        ("credentials/info", "redirect", SigningKeyError, "refuses: 307"),
        (
            "credentials/info",
            (400, {"error": "invalid_request", "error_description": "Không có."}),
            SigningKeyError,
            r"refuses: Không có\.$",
        ),
        ("credentials/authorize", {"SAD": ""}, SigningKeyError, "makes no sense"),
        ("signatures/signHash", {"signatures": []}, SigningKeyError, "makes no sense"),
        ("signatures/signHash", {"signatures": ["!"]}, SigningKeyError, "makes no sense"),
        ("signatures/signHash", {"signatures": [OTHER]}, SigningKeyError, "it is not used"),
        ("signatures/signHash", (400, {"error": "x"}), SigningKeyError, "refuses: x"),
    ],
)
def test_what_the_service_does_wrong_is_one_sentence(
    method: str, fault: object, error: type[Exception], words: str, service: tuple[CscDouble, str]
) -> None:
    """Nonsense, refusals, the signature of somebody else: said, and nothing is signed."""
    service[0].fault[method] = fault
    with pytest.raises(error, match=words) as caught:
        _key(service[1]).sign(DATA[0])
    assert type(caught.value) is error
    assert TOKEN not in str(caught.value)


def test_a_disabled_key_is_said(service: tuple[CscDouble, str]) -> None:
    """As the service puts it."""
    service[0].state = "disabled"
    with pytest.raises(SigningKeyError, match="says that this key is disabled"):
        _key(service[1])


def test_a_slow_service_is_not_waited_for(service: tuple[CscDouble, str]) -> None:
    """And one that is away is said to be."""
    service[0].fault["credentials/info"] = "slow"
    hurried = dataclasses.replace(read_service(f"{service[1]}?credential=chu-tich"), timeout=0.2)
    with pytest.raises(KeyUnreachableError, match=r"within 0\.2 seconds"):
        open_csc_key(hurried, PIN, OTP)
    with pytest.raises(KeyUnreachableError, match="cannot be reached"):
        open_key("csc+http://127.0.0.1:9/remote?credential=x", PIN)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("csc+http://ky.example/", "over https only"),
        ("csc+https://user@ky.example/", "not the address"),
        ("csc+https:///csc", "not the address"),
        ("csc+https://ky.example/?pin=1", "unknown or doubled: pin"),
        ("csc+https://ky.example/?credential=a&credential=b", "unknown or doubled: credential"),
    ],
)
def test_addresses_are_read_strictly(uri: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The access token goes nowhere in the clear."""
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with pytest.raises(UsageError, match=words):
        open_key(uri)
