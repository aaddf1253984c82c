"""Signatures that hold their content (.p7m): told by what they are, and what they hold is judged, too."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from docsign import Indication, Trust, verify
from docsign.pki import SigningKey
from docsign.pki.keys import HeldKey
from docsign.verdict import Conclusion, FileFormat, Report, SubIndication
from docsign.verification.contents import MOST_DEPTH


class Signer:
    """Signs with OpenSSL, the content inside the signature."""

    def __init__(self, key: SigningKey, folder: Path) -> None:
        assert isinstance(key, HeldKey)
        self.folder = folder
        private = key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(private)
        (folder / "own.pem").write_bytes(key.certificate.public_bytes(Encoding.PEM))
        chain = b"".join(one.public_bytes(Encoding.PEM) for one in key.chain)
        (folder / "chain.pem").write_bytes(chain)

    def signed(self, data: bytes, *options: str, form: str = "DER") -> bytes:
        """Return the signature that holds ``data``."""
        (self.folder / "data").write_bytes(data)
        command = (
            "openssl cms -sign -binary -cades -signer own.pem -inkey key.pem -certfile chain.pem -in data"
        )
        words = [*command.split(), "-outform", form, *options]
        return subprocess.run(words, cwd=self.folder, capture_output=True, check=True).stdout


@pytest.fixture
def signer(person_key: SigningKey, tmp_path: Path) -> Signer:
    """Sign as the person."""
    return Signer(person_key, tmp_path)


def judged(data: bytes, trust: Trust, name: str = "van-ban.pdf.p7m", **more: object) -> Report:
    """Judge without fetching."""
    return verify(data, trust=trust, at=datetime.now(UTC), offline=True, name=name, **more)  # type: ignore[arg-type] # handed on


@pytest.mark.parametrize("options", [(), ("-stream", "-indef")], ids=["whole", "streamed"])
def test_a_pdf_inside_a_signature_is_no_pdf(
    signer: Signer, pdf: bytes, trust: Trust, options: tuple[str, ...]
) -> None:
    """The mark of the PDF stands a few bytes behind the beginning; the file is a signature all the same."""
    report = judged(signer.signed(pdf, "-nodetach", *options), trust)
    assert (report.format, report.conclusion) == (FileFormat.CADES, Conclusion.passed())
    assert (report.signatures[0].coverage, report.contents) == ("whole", ())


@pytest.mark.parametrize("form", ["PEM", "SMIME", "base64", "base64 with a mark"])
def test_it_is_written_in_many_ways(signer: Signer, pdf: bytes, trust: Trust, form: str) -> None:
    """PEM, a message with the signature alone, bare base64 with and without a byte order mark."""
    if form in ("PEM", "SMIME"):
        data = signer.signed(pdf, "-nodetach", form=form)
    else:
        data = base64.b64encode(signer.signed(pdf, "-nodetach"))
        data = b"\xef\xbb\xbf" * form.endswith("mark") + data
    assert judged(data, trust).conclusion == Conclusion.passed()


def test_a_signature_in_a_signature_is_judged(signer: Signer, trust: Trust) -> None:
    """Each has its own answer; a broken one inside is a finding."""
    inner = signer.signed("Kính gửi".encode(), "-nodetach")
    report = judged(signer.signed(inner, "-nodetach"), trust, "a.txt.p7m.p7m")
    assert report.conclusion == Conclusion.passed()
    ((name, found),) = report.contents
    assert (name, found.conclusion) == ("a.txt.p7m", Conclusion.passed())
    broken = inner.replace(
        "Kính gửi".encode(), "Kinh gửi.".encode()[: len("Kính gửi".encode())].ljust(10, b".")
    )
    report = judged(signer.signed(broken, "-nodetach"), trust, "a.txt.p7m.p7m")
    assert report.contents[0][1].conclusion.indication is Indication.TOTAL_FAILED
    assert [one.code for one in report.findings] == ["content-not-passed"]


def test_a_signed_pdf_inside_is_judged(signer: Signer, by_both: bytes, trust: Trust) -> None:
    """A signed letter that someone signed once more as a file."""
    report = judged(signer.signed(by_both, "-nodetach"), trust)
    ((name, found),) = report.contents
    assert (name, found.format, len(found.signatures)) == ("van-ban.pdf", FileFormat.PDF, 2)


def test_signatures_in_signatures_end_somewhere(signer: Signer, trust: Trust) -> None:
    """Nobody opens more than a few."""
    data = b"x"
    for _ in range(MOST_DEPTH + 3):
        data = signer.signed(data, "-nodetach")
    report = judged(data, trust)
    depth = 0
    while report.contents:
        depth, report = depth + 1, report.contents[0][1]
    assert depth == MOST_DEPTH


@pytest.mark.parametrize(
    "place", ["https://cqnn.example/kho/cong%20v%C4%83n.txt", "file:///C:/kho/cong%20v%C4%83n.txt"]
)
def test_an_address_means_the_file_of_that_name_beside_it(
    agency_key: SigningKey, trust: Trust, place: str
) -> None:
    """An XML signature over an address: nothing is fetched, the file given with it is taken."""
    from tests.ades.xades_building import built, detached

    data = "Danh sách".encode()
    xml = built(detached(agency_key, {place: data}))
    report = judged(xml, trust, "a.xml", content=[("cong văn.txt", data)])
    assert report.conclusion == Conclusion.passed(), report
    report = judged(xml, trust, "a.xml", content=[("cong văn.txt", b"khac")])
    assert report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    report = judged(xml, trust, "a.xml")
    assert report.conclusion == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)


def test_the_one_signed_file_may_have_another_name_now(agency_key: SigningKey, trust: Trust) -> None:
    """One file signed, one given: it is taken, and said to be; of two, names decide, and one is nobody's."""
    from tests.ades.xades_building import built, detached

    data = "Danh sách".encode()
    xml = built(detached(agency_key, {"danh-sach.txt": data}))
    report = judged(xml, trust, "a.xml", content=[("ban-sao.txt", data)])
    assert report.conclusion == Conclusion.passed(), report
    assert [one.code for one in report.findings] == ["content-used"]
    report = judged(xml, trust, "a.xml", content=[("ban-sao.txt", b"khac")])
    assert report.conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    two = [("ban-sao.txt", data), ("danh-sach.txt", data)]
    report = judged(xml, trust, "a.xml", content=two)
    assert report.conclusion == Conclusion.failed(SubIndication.FORMAT_FAILURE)
    assert [(one.code, one.where) for one in report.findings] == [("file-not-covered", "ban-sao.txt")]
    xml = built(detached(agency_key, {"danh-sach.txt": data, "phu-luc.txt": data}))
    report = judged(xml, trust, "a.xml", content=two[:1])
    assert report.signatures[0].conclusion == Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)


def test_a_container_in_a_container_is_judged(agency_key: SigningKey, trust: Trust) -> None:
    """Its answer stands under the contents; a broken one is a finding; in a third one nobody looks."""
    from tests.envelope.asic_building import with_xades, zipped

    one = zipped(with_xades({"a.txt": b"Danh sach"}, agency_key))
    two = zipped(with_xades({"trong.asice": one}, agency_key))
    report = judged(two, trust, "a.asice")
    ((name, found),) = report.contents
    assert (name, found.format, found.conclusion) == ("trong.asice", FileFormat.ASICE, Conclusion.passed())
    assert [one.code for one in report.findings] == ["nested-container"]
    changed = zipped(with_xades({"a.txt": b"Danh sach"}, agency_key) | {"a.txt": b"khac"})
    bad = zipped(with_xades({"trong.asice": changed}, agency_key))
    report = judged(bad, trust, "a.asice")
    assert report.conclusion == Conclusion.passed()
    assert report.contents[0][1].conclusion.indication is Indication.TOTAL_FAILED
    assert "content-not-passed" in [one.code for one in report.findings]
    three = judged(zipped(with_xades({"ngoai.asice": two}, agency_key)), trust, "a.asice")
    assert [len(found.contents) for _, found in three.contents] == [0]
    assert judged(bad, trust, "a.asice", policy="official").conclusion.indication is Indication.TOTAL_FAILED


def test_containers_inside_are_a_budget(
    agency_key: SigningKey, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is past it is named and not opened."""
    from tests.envelope.asic_building import with_xades, zipped

    inner = {f"{number}.asice": zipped(with_xades({"a.txt": b"x"}, agency_key)) for number in range(3)}
    monkeypatch.setattr("docsign.verification.contents.CONTAINERS_LIMIT", 2 * len(inner["0.asice"]) + 100)
    report = judged(zipped(with_xades(inner, agency_key)), trust, "a.asice")
    assert len(report.contents) == 2
    assert [one.code for one in report.findings].count("nested-container") == 3
