"""What a stranger's certificate names leads to public addresses alone, seldom, never without an anchor."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.errors import TrustError
from docsign.pki import asking, public_addresses
from docsign.pki.asking import Asking, NotFetchedError, kept
from docsign.pki.collecting import fetch_validation_data, named_hosts
from docsign.pki.fetch import FetchLimits
from docsign.pki.online import judge_online
from docsign.pki.paths import PathQuestion
from docsign.pki.public_addresses import NotPublicError, host_of, is_public, refuse_private
from docsign.pki.trust import Anchor, Trust
from docsign.pki.validation_data import ValidationData
from docsign.pki.wanting import note
from tests.pki.certifying import Holder, root
from tests.pki.test_collecting import NOW, Office, Web, codes, web

__all__ = ["web"]


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget what other tests fetched."""
    kept.forget()
    yield
    kept.forget()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://127.1/x",
        "http://2130706433/x",
        "http://0x7f000001/x",
        "http://0/x",
        "http://10.0.0.7/x",
        "http://192.168.1.1/x",
        "http://172.16.5.5/x",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/x",
        "http://224.0.0.1/x",
        "http://[::1]/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://[fe80::1]/x",
        "http://[fd00::1]/x",
        "http://[64:ff9b::a00:1]/x",
        "http://localhost/x",
        "http://ca.localhost./x",
        "http://maychu/x",
        "http://may.local/x",
        "http://ca.internal/x",
        "http://may.home.arpa/x",
        "http://ca.example:8080/x",
        "http://ca.example:22/x",
    ],
)
def test_addresses_of_ones_own_network_are_refused(url: str) -> None:
    """However they are written, and services at odd ports too."""
    with pytest.raises(NotPublicError):
        refuse_private(url)


@pytest.mark.parametrize(
    "url",
    ["http://ca.example/x.cer", "https://ca.gov.example:443/x", "http://8.8.8.8/x", "http://[2606:4700::1]/"],
)
def test_public_addresses_may_be_asked(url: str) -> None:
    """A name with a dot, or an address of the public Internet."""
    refuse_private(url)
    assert host_of(url)


def test_wrapped_addresses_are_looked_into() -> None:
    """An IPv6 address that only wraps a private IPv4 one is private."""
    assert is_public("8.8.8.8")
    assert is_public("64:ff9b::808:808")
    assert not is_public("2002:7f00:1::")
    assert not is_public("::ffff:127.0.0.1")
    assert not is_public("khong phai dia chi")


def test_a_stranger_does_not_lead_into_ones_own_network(web: Web) -> None:
    """The certificate names a service here; nobody trusted has said so: it is not asked, and that is told."""
    office = Office(web)
    office.trust = Trust.of([office.root.certificate])
    fetched = office.fetched()
    assert web.asked == []
    assert codes(fetched) == ["not-fetched"]
    assert fetched.data.is_empty


def test_what_the_trust_names_may_lie_here(web: Web) -> None:
    """A host in trust.toml, or one that a certificate of the trust folder names."""
    office = Office(web)
    neighbour = office.root.issue("CA láng giềng", ca=True, list_at=f"{web.url}/khac.crl")
    office.trust = Trust.of([office.root.certificate], intermediates=[neighbour.certificate])
    assert named_hosts(office.trust) == {"127.0.0.1"}
    assert office.fetched().data.certificates == (office.issuing.certificate,)


def test_without_an_anchor_for_the_role_nobody_is_asked(web: Web) -> None:
    """What cannot be decided is not asked about."""
    office = Office(web)
    anchor = Anchor(certificate=office.root.certificate, roles=frozenset({"tsa"}))
    office.trust = Trust(anchors=(anchor,), hosts=("127.0.0.1",))
    assert office.fetched().data.is_empty
    assert web.asked == []


def test_a_holder_who_plays_authority_names_no_address(web: Web) -> None:
    """A person's certificate under the anchor signs another: its addresses are the person's word."""
    office = Office(web)
    forged = office.signer.issue("Kẻ mạo danh", ocsp_at=f"{web.url}/ocsp", list_at=f"{web.url}/x.crl")
    fetch_validation_data(
        forged.certificate,
        others=(office.signer.certificate, office.issuing.certificate),
        trust=office.trust,
        at=NOW,
    )
    assert web.asked == []


def test_a_name_that_means_an_address_here_is_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is public by its looks; what it resolves to decides, and nothing is connected to."""
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", web.server.server_port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [place])
    with pytest.raises(NotFetchedError, match="not a public one"):
        Asking(FetchLimits()).get("http://ca.example/x", limit=100, trusted=False)
    assert web.asked == []


def test_a_redirection_does_not_lead_here_either(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public service that sends on to a private address is not followed there."""
    monkeypatch.setattr(public_addresses, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(public_addresses, "_PORTS", frozenset({None, 80, web.server.server_port}))
    web.served["/x"] = b"chung thu"
    assert Asking(FetchLimits()).get(f"{web.url}/x", limit=100, trusted=False) == b"chung thu"
    web.moved = {"/y": "http://10.1.2.3/z"}
    with pytest.raises(NotFetchedError, match="not a public one"):
        Asking(FetchLimits()).get(f"{web.url}/y", limit=100, trusted=False)


def chain_of_strangers(web: Web, length: int) -> Holder:
    """Return a signer whose issuers are fetched one by one, up to nobody trusted."""
    holder = root("CA gốc lạ")
    for number in range(length):
        at = f"{web.url}/{number}.cer"
        web.served[f"/{number}.cer"] = holder.certificate.public_bytes(Encoding.DER)
        holder = holder.issue(f"CA lạ {number}", ca=True, issuers_at=at)
    return holder


def test_strangers_are_asked_a_few_times_a_file(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four requests for all certificates of one file together, however many they name."""
    monkeypatch.setattr(asking, "refuse_private", lambda _: None)
    monkeypatch.setattr(public_addresses, "is_public", lambda _: True)
    signers = [chain_of_strangers(web, 7).certificate for _ in range(2)]
    trust = Trust.of([root("CA đáng tin").certificate])

    def judge(_: Trust) -> None:
        for signer in signers:
            note(PathQuestion(certificate=signer, others=(), trust=trust, role="sign", data=ValidationData()))

    judge_online(judge, trust=trust, at=NOW)
    assert len(web.asked) == 4


def test_the_trust_folder_names_its_hosts(tmp_path: Path) -> None:
    """``[fetch] hosts`` in trust.toml; anything else there is refused with its place."""
    (tmp_path / "root.pem").write_bytes(root().certificate.public_bytes(Encoding.PEM))
    (tmp_path / "trust.toml").write_text('[fetch]\nhosts = ["CA.noi-bo.example"]\n')
    assert Trust.from_path(tmp_path).hosts == ("ca.noi-bo.example",)
    for wrong in ("fetch = 1", "[fetch]\nhosts = 1", "[fetch]\nhosts = [1]", "[fetch]\nhost = []"):
        (tmp_path / "trust.toml").write_text(wrong)
        with pytest.raises(TrustError, match="fetch"):
            Trust.from_path(tmp_path)
