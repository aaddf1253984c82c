"""Print a table of classes of signed files and what we, xmlsec1, signxml and libdigidocpp say of each.

    python -m tests.envelope.verdict_table > table.md

Good files first, then every trick of a known kind. ``–``: that tool does not read such files. libdigidocpp
has no trust here, so ``OK`` means that it complains of trust and time alone.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from docsign.ades.xades import judge_xades_file
from docsign.envelope import judge_container, read_container
from docsign.envelope.container import manifest
from docsign.errors import ContainerError
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Conclusion, conclude
from tests.ades import test_xades as tricks
from tests.ades.test_xades_forms import DATA, FORMS, NOT_ACCEPTED, countersigned
from tests.ades.xades_building import b64, built, detached, enveloping
from tests.ades.xml_signing import again, signed
from tests.ades.xml_witnesses import signxml, xmlsec1
from tests.envelope.asic_building import ASICE, ASICS, Files, open_document, with_cades, with_xades, zipped
from tests.envelope.test_witnesses import OPINION, TRUST_AND_TIME, libdigidocpp
from tests.envelope.test_zip import FORGED

NOTHING = "–"
TWO = {"header.edxml": b"<edXML/>", "van-ban.txt": b"Kinh gui"}


class Table:
    """The rows, and where the witnesses work."""

    def __init__(self, folder: Path) -> None:
        authority = TrialAuthority.create(folder / "ca")
        self.key: SigningKey = authority.issue(
            "agency", "XÃ THỬ", organization="XÃ THỬ", agency="H99.31"
        ).signing_key()
        self.other: SigningKey = authority.issue(
            "person", "Trần Thị Thử", organization="XÃ THỬ"
        ).signing_key()
        self.trust: Trust = authority.trust()
        self.folder = folder
        self.count = 0

    def work(self) -> Path:
        """Return an empty folder."""
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        return folder

    def row(self, *cells: str) -> None:
        """Print a row."""
        print("| " + " | ".join(cells) + " |", flush=True)

    def xml(self, name: str, xml: bytes, files: dict[str, bytes]) -> None:
        """Print what is said of an XML signature over ``files``."""
        judged = judge_xades_file(xml, resolve=files.get, trust=self.trust, at=datetime.now(UTC))
        ours = said(conclude([one.report.conclusion for one in judged]))
        theirs = xmlsec1(xml, self.work(), trust=self.trust, key=self.key, files=files)
        count = xml.partition(b"</ds:SignedInfo>")[0].count(b"<ds:Reference ")
        third = signxml(xml, key=self.key, references=count, files=files)
        self.row(name, ours, theirs, third, NOTHING)

    def container(self, name: str, data: bytes, *, witness: bool = True) -> None:
        """Print what is said of a container."""
        try:
            judgement = judge_container(
                read_container(io.BytesIO(data)), trust=self.trust, at=datetime.now(UTC)
            )
            ours = said(judgement.conclusion)
        except ContainerError as error:
            ours = f"TOTAL-FAILED / FORMAT_FAILURE ({error.text('en')})"
        self.row(name, ours, NOTHING, NOTHING, self.digidoc(data) if witness else NOTHING)

    def digidoc(self, data: bytes) -> str:
        """Return what libdigidocpp holds against a container."""
        folder = self.work()
        path = folder / "container.asice"
        path.write_bytes(data)
        try:
            lines = libdigidocpp(OPINION, "http://127.0.0.1:9/", folder, path)
        except AssertionError as error:
            last = str(error).strip().splitlines()
            return "refuses: " + next((one for one in last if one.startswith("RuntimeError")), "crash")[14:80]
        if not any(line.startswith("signature") for line in lines):
            return "no signature"
        complaints = {line.removeprefix("says ") for line in lines if line.startswith("says ")}
        complaints -= {one.removeprefix("says ") for one in TRUST_AND_TIME}
        return "OK" if not complaints else min(complaints)[:80]


def said(conclusion: Conclusion) -> str:
    """Return a conclusion in one cell."""
    sub = conclusion.sub_indication
    return str(conclusion.indication) + (f" / {sub}" if sub else "")


def with_manifest(files: Files) -> Files:
    """Return the files with the manifest that libdigidocpp asks for."""
    names = [(name, "application/octet-stream") for name in files if not name.startswith("META-INF/")]
    return files | {"META-INF/manifest.xml": manifest(names)}


def xml_rows(table: Table) -> None:
    """Print the XML forms, then the tricks with them."""
    for name, make in FORMS.items():
        table.xml(f"XAdES: {name}", make(table.key), DATA)
    table.xml("XMLDSig", built(detached(table.key, DATA, is_xades=False)), DATA)
    good = signed(table.key, TWO)
    for name, change in tricks.MALFORMED.items():
        table.xml(f"trick: {name}", change(good.decode()).encode(), TWO)
    for name, (replaced, _, _) in tricks.SIGNED_WRONG.items():
        table.xml(f"signed trick: {name}", again(good, table.key, replaced), TWO)
    for name, reference in NOT_ACCEPTED.items():
        recipe = enveloping(table.key, b64(b"x"), frame='<bo><van-ban Id="N"><b>Kính</b></van-ban>{}</bo>')
        recipe = enveloping(
            table.key, b64(b"x"), frame=recipe.frame, references=(*recipe.references, reference)
        )
        table.xml(f"transform: {name}", built(recipe), DATA)
    made = built(detached(table.key, DATA))
    table.xml("counter-signature", countersigned(made, table.other), DATA)
    table.xml("counter-signature over another part", countersigned(made, table.other, over="S1-P"), DATA)
    table.xml("certificate doubled", tricks.doubled("ds:X509Certificate")(good.decode()).encode(), TWO)
    table.xml("changed file", good, TWO | {"header.edxml": b"<khac/>"})
    table.xml("missing file", good, {name: data for name, data in TWO.items() if name != "header.edxml"})


def container_rows(table: Table) -> None:
    """Print the containers, then the tricks with them."""
    good = with_manifest(with_xades(dict(DATA), table.key))
    table.container("ASiC-E with XAdES", zipped(good))
    others = {
        "ASiC-E with CAdES": zipped(with_cades(dict(DATA), table.key)),
        "ASiC-S with XAdES": zipped(with_xades(dict(DATA), table.key), ASICS),
        "OpenDocument": zipped(open_document(table.key), "application/vnd.oasis.opendocument.text"),
    }
    for name, data in others.items():  # libdigidocpp asks the network, or reads no such files
        table.container(name, data, witness=False)
    changes: dict[str, Callable[[], bytes]] = {
        "a file no signature covers": lambda: zipped(with_manifest(good | {"them.txt": b"x"})),
        "a file no signature covers, not in the manifest": lambda: zipped(good | {"them.txt": b"x"}),
        "a changed file": lambda: zipped(good | {"van-ban.txt": b"khac"}),
        "a missing file": lambda: zipped({name: one for name, one in good.items() if name != "van-ban.txt"}),
        "no signature": lambda: zipped({name: one for name, one in good.items() if "signatures" not in name}),
        "two types": lambda: zipped(good, ASICE, comment=f"mimetype={ASICS}"),
        "ASiC-S with two files": lambda: zipped(good | {"them.txt": b"x"}, ASICS),
    }
    for name, change in changes.items():
        table.container(f"container: {name}", change())
    for name, forged in FORGED.items():
        table.container(f"ZIP: {name}", forged(), witness=False)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        table = Table(Path(folder))
        table.row("class", "docsign", "xmlsec1", "signxml", "libdigidocpp")
        table.row(*["---"] * 5)
        xml_rows(table)
        container_rows(table)


if __name__ == "__main__":
    main()
