"""EU DSS reads what we sign, and we what it signs: every form and level, intact and of the level it says.

Slow: a Java machine, and libraries that are fetched once. A changed copy of each is failed by both.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.detached import sign_detached
from docsign.document import OfficialDocument
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.pki.fetch import fetch_timestamp
from docsign.proofs import LEVELS
from docsign.sealing import seal
from docsign.signing import sign
from docsign.verdict import Conclusion
from docsign.verification import verify
from tests.conftest import Holders
from tests.envelope.asic_building import (
    ASICS,
    Files,
    manifest,
    with_cades,
    with_time_stamp,
    with_xades,
    zipped,
)
from tests.evidence_builder import Record
from tests.witnesses.eu_dss import Opinion, Wish, ask, let_sign

ROOT = Path(__file__).resolve().parents[2]
LETTER = ROOT / "examples" / "letter.toml"
DATA: Files = {"danh-sach.txt": "Danh sách kèm theo công văn".encode(), "phu-luc.txt": "Phụ lục".encode()}
ONE: Files = {"danh-sach.txt": DATA["danh-sach.txt"]}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file we signed, what lies beside it, and the form that DSS should see in every signature."""

    name: str
    data: bytes
    form: str = ""
    beside: tuple[tuple[str, bytes], ...] = ()

    def changed(self) -> Made:
        """Return it with what was signed changed: beside it, or inside."""
        if self.beside:
            (name, data), *others = self.beside
            return replace(self, name=f"sua-{self.name}", beside=((name, data + b"."), *others))
        if self.data.startswith(b"PK"):
            return replace(self, name=f"sua-{self.name}", data=_with_another_file(self.data))
        place = self.data.index(b"/Title") if b"/Title" in self.data else self.data.index(b"/Producer")
        head, tail = self.data[: place + 1], self.data[place + 2 :]
        return replace(self, name=f"sua-{self.name}", data=head + b"X" + tail)

    def write(self, folder: Path) -> tuple[Path, list[Path]]:
        """Write it into a folder of its own; return the file, and those beside it."""
        own = folder / self.name
        own.mkdir()
        for name, data in (*self.beside, (self.name, self.data)):
            path = own / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return own / self.name, [own / name for name, _ in self.beside]


def _with_another_file(container: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in files if name != "mimetype" and not name.startswith("META-INF"))
    mimetype = files.pop("mimetype").decode()
    return zipped(files | {name: files[name] + b"."}, mimetype)


def made(person: SigningKey, agency: SigningKey, tsa_key: SigningKey, trust: Trust, tsa: str) -> list[Made]:
    """Sign in every form: the library's own at every level, the others by the builders of the tests."""
    document = OfficialDocument.from_path(LETTER)
    letter = document.to_pdf(datetime.now(UTC))
    header = document.header(number=12, date=date(2026, 11, 16), to=["H99.12"])
    found: list[Made] = []
    for level in LEVELS:
        form = level.replace("B-", "BASELINE-")
        pdf = sign(letter, person, role="person", level=level, tsa=tsa, trust=trust)
        found.append(Made(name=f"pades-{level}.pdf", data=pdf, form=f"PAdES-{form}"))
        cms = sign_detached(ONE["danh-sach.txt"], agency, level=level, tsa=tsa, trust=trust)
        found.append(
            Made(name=f"cades-{level}.p7s", data=cms, form=f"CAdES-{form}", beside=tuple(ONE.items()))
        )
        simple = zipped(ONE | {"META-INF/signature.p7s": cms}, ASICS)
        found.append(Made(name=f"cades-{level}.asics", data=simple, form=f"CAdES-{form}"))
        envelope = seal(header, [("cong-van.pdf", pdf)], agency, level=level, tsa=tsa, trust=trust)
        found.append(Made(name=f"xades-{level}.asice", data=envelope, form=f"XAdES-{form}"))
        with zipfile.ZipFile(io.BytesIO(envelope)) as archive:
            own = {name: archive.read(name) for name in archive.namelist() if name != "mimetype"}
        xml = own["META-INF/signatures.xml"]
        beside = tuple((name, data) for name, data in own.items() if not name.startswith("META-INF"))
        found.append(Made(name=f"xades-{level}.xml", data=xml, form=f"XAdES-{form}", beside=beside))
    once = sign(letter, person, role="person", tsa=tsa)
    both = sign(once, agency, role="agency", number=12, date=date(2026, 11, 16), tsa=tsa)
    found.append(Made(name="hai-chu-ky.pdf", data=both, form="PAdES-BASELINE-T"))
    for name, files, form, kind in (
        ("cades.asice", with_cades(dict(DATA), agency), "CAdES-BASELINE-B", None),
        ("xades.asics", with_xades(dict(ONE), agency), "XAdES-BASELINE-B", ASICS),
        ("dau-thoi-gian.asice", _stamped(tsa), "", None),
        ("ban-ghi-bang-chung.asice", _recorded("asn1", tsa_key), "", None),
        ("ban-ghi-bang-chung-xml.asice", _recorded("xml", tsa_key), "", None),
    ):
        found.append(Made(name=name, data=zipped(files, kind) if kind else zipped(files), form=form))
    return found


def _stamped(tsa: str) -> Files:
    return with_time_stamp(
        dict(DATA), lambda data: fetch_timestamp(tsa, hashlib.sha256(data).digest()), name="ASiCManifest"
    )


def _recorded(form: str, key: SigningKey) -> Files:
    name = f"META-INF/evidencerecord.{'ers' if form == 'asn1' else 'xml'}"
    record = Record(form, dict(DATA)).begin(key, datetime.now(UTC)).encode()
    return DATA | {"META-INF/ASiCEvidenceRecordManifest.xml": manifest(name, DATA), name: record}


@pytest.mark.slow
def test_eu_dss_reads_what_we_sign(
    person_key: SigningKey,
    agency_key: SigningKey,
    tsa_key: SigningKey,
    trust: Trust,
    tsa_url: str,
    tmp_path: Path,
) -> None:
    """Not one is failed, each has the level that we say; of the changed ones, not one is let through."""
    good = made(person_key, agency_key, tsa_key, trust, tsa_url)
    bad = [one.changed() for one in good]
    written = {one.name: one.write(tmp_path) for one in (*good, *bad)}
    anchors = []
    for number, anchor in enumerate(trust.anchors):
        anchors.append(tmp_path / f"anchor-{number}.cer")
        anchors[-1].write_bytes(anchor.certificate.public_bytes(Encoding.DER))
    said = ask(list(written.values()), anchors, tmp_path)
    for one in good:
        opinions = said[written[one.name][0]]
        path, beside = written[one.name]
        report = verify(path, trust=trust, content=beside, offline=True)
        print(f"| {one.name} | {report.conclusion.indication} | {_row(opinions)} |")  # with -s: the table
        assert opinions, one.name
        assert not any("FAILED" in opinion.indication or opinion.kind == "X" for opinion in opinions), (
            one.name
        )
        assert all(all(opinion.states) for opinion in opinions), one.name
        if one.form.endswith(("LT", "LTA")):  # all it needs lies in the file
            assert all(opinion.conclusion.endswith("PASSED") for opinion in opinions), one.name
        assert {opinion.form for opinion in opinions if opinion.kind == "S"} == ({one.form} - {""}), one.name
    for one in bad:
        opinions = said[written[one.name][0]]
        assert any("FAILED" in opinion.indication or opinion.kind == "X" for opinion in opinions), one.name


WISHES = [
    ("PAdES", "", ".pdf"),
    ("CAdES", "DETACHED", ".p7s"),
    ("CAdES", "ENVELOPING", ".p7m"),
    ("XAdES", "DETACHED", ".xml"),
    ("XAdES", "ENVELOPING", ".xml"),
    ("XAdES", "ENVELOPED", ".xml"),
    ("CAdES", "ASiC-S", ".asics"),
    ("CAdES", "ASiC-E", ".asice"),
    ("XAdES", "ASiC-S", ".asics"),
    ("XAdES", "ASiC-E", ".asice"),
]


@pytest.mark.slow
def test_we_read_what_eu_dss_signs(
    holders: Holders, authority: TrialAuthority, trust: Trust, tsa_url: str, tmp_path: Path
) -> None:
    """Every form, packaging and level, as DSS writes them by default, passes, and is of that level."""
    sources = {
        "pdf": OfficialDocument.from_path(LETTER).to_pdf(datetime.now(UTC)),
        "xml": "<van-ban><noi-dung>Danh sách</noi-dung></van-ban>".encode(),
        "txt": DATA["danh-sach.txt"],
    }
    for kind, data in sources.items():
        (tmp_path / f"nguon.{kind}").write_bytes(data)
    wishes = [
        Wish(
            form=form,
            shape=shape,
            level=level,
            source=tmp_path / f"nguon.{_kind(form, shape)}",
            target=tmp_path / f"{form}-{shape}-{level}{suffix}",
        )
        for form, shape, suffix in WISHES
        for level in LEVELS
    ]
    (tmp_path / "agency.p12").write_bytes(holders.agency.pkcs12("thu nghiem"))  # Java takes ASCII alone
    let_sign(
        wishes,
        tsa=tsa_url,
        key=tmp_path / "agency.p12",
        passphrase="thu nghiem",
        authority=authority.trust_folder,
        folder=tmp_path,
    )
    failed = []
    for one in wishes:
        beside = [one.source] if one.shape == "DETACHED" else []
        report = verify(one.target, trust=trust, offline=True, content=beside)
        levels = [signature.level for signature in report.signatures]
        print(f"| {one.target.name} | {report.conclusion} | {levels} |")
        if report.conclusion != Conclusion.passed() or levels != [f"{one.form}-{one.level}"]:
            failed.append((one.target.name, report))
    assert not failed, failed


def _kind(form: str, shape: str) -> str:
    return "pdf" if form == "PAdES" else "xml" if shape == "ENVELOPED" else "txt"


def _row(opinions: list[Opinion]) -> str:
    return ", ".join(f"{one.kind} {one.form} {one.conclusion}" for one in opinions)
