"""A trust folder is read strictly, and says whom it trusts for what."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from docsign.errors import FileUnusableError, TrustError
from docsign.pki import Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.certificates import fingerprint
from tests.conftest import Holders


def test_the_authoritys_folder_is_read_whole(
    trust: Trust, authority: TrialAuthority, holders: Holders
) -> None:
    """Anchor with all roles, intermediate, both lists, the signers with role and agency."""
    (anchor,) = trust.anchors
    assert anchor.certificate == authority.root
    assert anchor.roles == {"sign", "tsa", "relay"}
    assert anchor.revocation == "required"
    assert trust.intermediates == (authority.issuing,)
    assert len(trust.crls) == 2
    entry = trust.signer(holders.person.certificate)
    assert entry is not None
    assert (entry.role, entry.agency) == ("person", "H99.31")
    assert trust.signer(holders.tsa.certificate) is None


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_one_certificate_file_is_an_anchor(
    encoding: Encoding, authority: TrialAuthority, tmp_path: Path
) -> None:
    """A root in PEM or DER, given by itself, for every role."""
    (tmp_path / "gốc.cer").write_bytes(authority.root.public_bytes(encoding))
    trust = Trust.from_path(tmp_path / "gốc.cer")
    assert [anchor.certificate for anchor in trust.anchors] == [authority.root]
    assert trust.for_role("relay") == trust.anchors


def test_the_issuers_in_a_pkcs12_file_are_read(
    authority: TrialAuthority, holders: Holders, tmp_path: Path
) -> None:
    """PKCS#12: its CA certificates, not the key's own; locked or not."""
    for passphrase in (None, "mật khẩu"):
        lock = BestAvailableEncryption(passphrase.encode()) if passphrase else None
        data = (
            holders.person.pkcs12("") if lock is None else _store([authority.root, authority.issuing], lock)
        )
        (tmp_path / "kho.p12").write_bytes(data)
        trust = Trust.from_path(tmp_path / "kho.p12", passphrase=passphrase)
        assert authority.issuing in trust.intermediates
        assert holders.person.certificate not in trust.certificates()
    with pytest.raises(TrustError, match="passphrase is missing or wrong"):
        Trust.from_path(tmp_path / "kho.p12")


def _store(certificates: list[object], lock: BestAvailableEncryption) -> bytes:
    return pkcs12.serialize_key_and_certificates(None, None, None, certificates, lock)  # type: ignore[arg-type]


def test_a_folder_without_table_trusts_what_is_self_signed(authority: TrialAuthority, tmp_path: Path) -> None:
    """Self-signed certificates are anchors, others intermediates, other files are passed over."""
    (tmp_path / "tất cả.pem").write_bytes(
        authority.root.public_bytes(Encoding.PEM)
        + authority.issuing.public_bytes(Encoding.PEM)
        + (authority.trust_folder / "issuing.crl").read_bytes()[:0]
    )
    (tmp_path / "ĐỌC TÔI.txt").write_text("Thư mục tin cậy", encoding="utf-8")
    trust = Trust.from_path(tmp_path)
    assert [anchor.certificate for anchor in trust.anchors] == [authority.root]
    assert trust.intermediates == (authority.issuing,)


def test_a_table_trusts_only_what_it_names(authority: TrialAuthority, tmp_path: Path) -> None:
    """With [[anchor]] entries a self-signed certificate that is not named is an intermediate."""
    (tmp_path / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    (tmp_path / "issuing.pem").write_bytes(authority.issuing.public_bytes(Encoding.PEM))
    digest = fingerprint(authority.issuing).upper()
    colons = ":".join(digest[i : i + 2] for i in range(0, 64, 2))
    (tmp_path / "trust.toml").write_text(
        f'[[anchor]]\nsha256 = "{colons}"\nroles = ["tsa"]\nrevocation = "not-expected"\n'
    )
    trust = Trust.from_path(tmp_path / "trust.toml")
    (anchor,) = trust.anchors
    assert anchor.certificate == authority.issuing
    assert anchor.roles == {"tsa"}
    assert anchor.revocation == "not-expected"
    assert trust.intermediates == (authority.root,)
    assert trust.for_role("sign") == ()


ONE = '[[anchor]]\nfile = "root.pem"\n'


@pytest.mark.parametrize(
    ("table", "place", "words"),
    [
        ("[[anchor]\n", "trust.toml", "not TOML"),
        ("[[anchors]]\n", "trust.toml", "No such entry: anchors"),
        ("anchor = 3\n", "anchor", "Write it as"),
        ("[[anchor]]\n", "anchor[1]", "Give either"),
        ('[[anchor]]\nfile = ""\n', "anchor[1].file", "text is needed"),
        ('[[anchor]]\nfile = "khong co.pem"\n', "anchor[1].file", "no such file"),
        ('[[anchor]]\nfile = "two.pem"\n', "anchor[1].file", "One certificate is needed"),
        (ONE + 'roles = ["ký"]\n', "anchor[1].roles", "Roles are a list"),
        (ONE + 'roles = [["sign"]]\n', "anchor[1].roles", "Roles are a list"),
        (ONE + 'revocation = "never"\n', "anchor[1].revocation", "Known are"),
        (ONE + ONE.replace("file", "path"), "anchor[2]", "No such entry: path"),
        ('[[anchor]]\nsha256 = "' + "0" * 64 + '"\n', "anchor[1].sha256", "No certificate in this folder"),
        ('[[anchor]]\nsha256 = "abc"\n', "anchor[1].sha256", "64 hexadecimal digits"),
        (ONE + '[[signer]]\nrole = "person"\n', "signer[1].sha256", "text is needed"),
        (ONE + '[[signer]]\nsha256 = "' + "0" * 64 + '"\nrole = "x"\n', "signer[1].role", "Known are"),
        (ONE + '[[signer]]\nsha256 = "' + "0" * 64 + '"\nrole = ["x"]\n', "signer[1].role", "Known are"),
        (
            ONE + '[[signer]]\nsha256 = "' + "0" * 64 + '"\nagency = 31\n',
            "signer[1].agency",
            "text is needed",
        ),
    ],
)
def test_a_wrong_table_is_refused_with_its_place(
    table: str, place: str, words: str, authority: TrialAuthority, tmp_path: Path
) -> None:
    """Every slip in trust.toml names the entry: trusting the wrong one is worse than not starting."""
    root, issuing = (one.public_bytes(Encoding.PEM) for one in (authority.root, authority.issuing))
    (tmp_path / "root.pem").write_bytes(root)
    (tmp_path / "two.pem").write_bytes(root + issuing)
    (tmp_path / "trust.toml").write_text(table, encoding="utf-8")
    with pytest.raises(TrustError) as caught:
        Trust.from_path(tmp_path)
    assert words in str(caught.value)
    assert place in caught.value.where


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("hỏng.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("hỏng.crl", b"0000"),
        ("hỏng.pem", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
        ("cụt.pem", b"-----BEGIN X509 CRL-----"),
    ],
)
def test_a_broken_file_is_named(name: str, data: bytes, authority: TrialAuthority, tmp_path: Path) -> None:
    """A file that cannot be read is not passed over in silence."""
    (tmp_path / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    (tmp_path / name).write_bytes(data)
    with pytest.raises(TrustError) as caught:
        Trust.from_path(tmp_path)
    assert caught.value.where == str(tmp_path / name)


def test_what_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    """An empty folder, a missing one, a PEM with a key alone."""
    with pytest.raises(TrustError, match="no certificate here"):
        Trust.from_path(tmp_path)
    with pytest.raises(FileUnusableError, match="no such file"):
        Trust.from_path(tmp_path / "không có")
    (tmp_path / "khóa.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(TrustError, match="no certificate here"):
        Trust.from_path(tmp_path / "khóa.pem")
