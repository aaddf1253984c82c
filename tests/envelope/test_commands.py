"""``docsign seal`` and ``docsign open`` as a clerk and as a program use them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from docsign import Trust, open_envelope, verify
from docsign.cli import COMMANDS, docsign, opening, run
from docsign.cli import envelope as commands
from docsign.envelope import envelope_header, read_container
from docsign.envelope.container import ContainerWriter
from docsign.errors import ContainerError, EdxmlError
from docsign.pdf.typeset import typeset
from tests.envelope.conftest import SEALED_AT
from tests.envelope.test_header_table import TABLE
from tests.envelope.test_judge import (
    Files,
    add_at_root,
    add_beside_metadata,
    add_document,
    change_digest,
    change_header,
    change_pdf,
    change_time,
    change_value,
    no_signature_inside,
    no_xml,
    remove_document,
    rename_document,
    repacked,
    unpacked,
)


class Desk:
    """A folder with a header, a document and a key, and the commands run in it."""

    def __init__(self, folder: Path, p12: Path, trust: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.p12, self.trust, self.capture = folder, p12, trust, capture

    def run(self, *arguments: object, lang: str = "vi") -> tuple[int, str, str]:
        """Run docsign; return exit status, stdout and stderr."""
        status = run(docsign, [*map(str, arguments), "--lang", lang])
        out, err = self.capture.readouterr()
        return status, out, err

    def seal(self, *arguments: object, key: str = "agency", lang: str = "vi") -> tuple[int, str, str]:
        """Run ``docsign seal`` with the commune's key."""
        options = ("--key", f"pkcs12:{self.p12 / key}.p12", "--passphrase-file", self.p12 / "passphrase.txt")
        return self.run("seal", *arguments, *options, lang=lang)

    def path(self, name: str, data: bytes | str | None = None) -> Path:
        """Return a path in the folder, written first where bytes are given."""
        path = self.folder / name
        if data is not None:
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path


@pytest.fixture
def desk(
    tmp_path: Path,
    p12: Path,
    trust_folder: Path,
    pdf: bytes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """A desk with header.toml and 12.pdf, apart from anybody's settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    desk = Desk(tmp_path, p12, trust_folder, capsys)
    desk.path("header.toml", TABLE)
    desk.path("12.pdf", pdf)
    return desk


def test_seal_and_open(desk: Desk, pdf: bytes) -> None:
    """From header and document to an envelope, and back to the same bytes."""
    status, out, err = desk.seal("header.toml", "12.pdf", "-o", "12.asice")
    assert (status, out) == (0, "12.asice\n")
    assert err.splitlines() == [
        "cảnh báo: 12.pdf: Tệp PDF chưa được ký số.",
        "Đã đóng gói và ký số: 12.pdf; bên gửi H99.31; bên nhận H99, H99.12.",
    ]
    status, out, err = desk.run("open", "12.asice", "-o", "mo", "--trust", desk.trust)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "Kết quả kiểm tra: HỢP LỆ (TOTAL-PASSED)",
        "Bên gửi: H99.31 UBND xã Thử Nghiệm",
        "Bên nhận: H99; H99.12 Sở Mẫu",
        "Văn bản: 12/UBND-VX, 21/11/2026",
        "Trích yếu: V/v thử nghiệm",
        "mo/12.pdf",
        "mo/header.edxml",
    ]
    assert desk.path("mo/12.pdf").read_bytes() == pdf


def test_the_commands_are_found_under_their_names() -> None:
    """The table of commands leads to this room."""
    assert COMMANDS["seal"] == f"{commands.__name__}:seal"
    assert COMMANDS["open"] == f"{opening.__name__}:open_"


def test_programs_get_json(desk: Desk) -> None:
    """One line each, paths and codes in it."""
    status, out, err = desk.seal("header.toml", "12.pdf", "-o", "12.asice", "--json")
    sealed = json.loads(out)
    assert (status, err) == (0, "cảnh báo: 12.pdf: Tệp PDF chưa được ký số.\n")
    assert sealed["receivers"] == ["H99", "H99.12"]
    assert sealed["bytes"] == desk.path("12.asice").stat().st_size
    status, out, err = desk.run("open", "12.asice", "-o", "mo", "--json")
    opened = json.loads(out)
    assert status == 3  # no trust given
    assert (opened["indication"], opened["sub_indication"]) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
    assert opened["documents"] == ["mo/12.pdf", "mo/header.edxml"]
    assert opened["document_id"] == sealed["document_id"] == "H99.31,2026/11/21,12/UBND-VX"


def test_a_letter_gives_the_header(desk: Desk, pdf: bytes) -> None:
    """Number, day and receivers beside the document's own file."""
    letter = Path(__file__).resolve().parents[2] / "examples" / "letter.toml"
    options = ("--letter", letter, "--number", "12", "--date", "21/11/2026", "--to", "H99")
    status, _, err = desk.seal(*options, "12.pdf", "-o", "12.asice")
    assert status == 0, err
    header = envelope_header(read_container(io.BytesIO(desk.path("12.asice").read_bytes())))
    assert (header.sender.code, header.number, header.receivers[0].code) == ("H99.31", "12", "H99")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("12.pdf", "-o", "x.asice"), 2, "phần đầu gói tin"),
        (("header.toml", "-o", "x.asice"), 2, "Chưa nêu văn bản"),
        (("header.toml", "12.pdf", "--number", "1", "-o", "x.asice"), 2, "--letter"),
        (("header.toml", "khong-co.pdf", "-o", "x.asice"), 2, "khong-co.pdf"),
        (("header.toml", ".", "-o", "x.asice"), 2, "thư mục"),
        (("khong-co.toml", "12.pdf", "-o", "x.asice"), 2, "khong-co.toml"),
        (("sai.toml", "12.pdf", "-o", "x.asice"), 1, "sai.toml"),
        (("thieu.toml", "12.pdf", "-o", "x.asice"), 1, "thieu.toml: subject"),
        (("mat.toml", "12.pdf", "-o", "x.asice"), 1, "secret-document"),
        (("header.toml", "mat.pdf", "-o", "x.asice"), 1, "secret-document"),
        (("header.toml", "hong.pdf", "-o", "x.asice"), 1, "hong.pdf"),
        (("header.toml", "12.pdf", "-o", "khong-co/x.asice"), 2, "khong-co"),
        (("header.toml", "12.pdf", "-o", "."), 2, "thư mục"),
        (("header.toml", "12.pdf", "-o", "12.pdf"), 2, "đã có"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_left(
    desk: Desk, arguments: tuple[str, ...], status: int, said: str
) -> None:
    """Exit status, the offending thing named, no half-written file."""
    desk.path("sai.toml", "number = ")
    desk.path("thieu.toml", TABLE.replace("subject", "# subject"))
    desk.path("mat.toml", TABLE.replace("V/v thử nghiệm", "TỐI MẬT"))
    desk.path("mat.pdf", typeset("MẬT", {}, timestamp=SEALED_AT).pdf)
    desk.path("hong.pdf", desk.path("12.pdf").read_bytes()[:300])
    before = sorted(desk.folder.rglob("*"))
    answered, out, err = desk.seal(*arguments)
    assert (answered, out) == (status, "")
    assert said in err
    assert err.count("\n") == 1
    assert sorted(desk.folder.rglob("*")) == before


def test_a_foreign_key_does_not_seal(desk: Desk) -> None:
    """The province's seal is none for the commune's letter."""
    status, _, err = desk.seal("header.toml", "12.pdf", "-o", "x.asice", key="province")
    assert status == 1
    assert "H99.31" in err


def test_a_changed_envelope_stays_closed(desk: Desk) -> None:
    """Not unpacked, with the reason; --even-if-failed unpacks and still answers 1."""
    desk.seal("header.toml", "12.pdf", "-o", "12.asice")
    files = unpacked(desk.path("12.asice").read_bytes())
    files["documents/12.pdf"] += b"!"
    desk.path("sua.asice", repacked(files))
    status, out, err = desk.run("open", "sua.asice", "-o", "mo", "--trust", desk.trust)
    assert (status, out) == (1, "")
    assert "TOTAL-FAILED/HASH_FAILURE" in err
    assert "documents/12.pdf" in err
    assert not desk.path("mo").exists()
    for command in (("open",), ("edxml", "export")):  # a program learns the answer, too
        status, out, err = desk.run(*command, "sua.asice", "-o", "mo", "--trust", desk.trust, "--json")
        answer = json.loads(out)
        assert (status, answer["indication"], answer["sub_indication"]) == (1, "TOTAL-FAILED", "HASH_FAILURE")
        assert answer.get("documents", answer.get("output")) == []
        assert "documents/12.pdf" in err
        assert not desk.path("mo").exists()
    status, out, _ = desk.run("open", "sua.asice", "-o", "mo", "--trust", desk.trust, "--even-if-failed")
    assert status == 1
    assert desk.path("mo/12.pdf").exists()


def test_nothing_is_overwritten(desk: Desk) -> None:
    """A file that is there stays, and nothing is unpacked beside it."""
    desk.seal("header.toml", "12.pdf", "-o", "12.asice")
    desk.path("mo").mkdir()
    desk.path("mo/header.edxml", "của tôi")
    status, _, err = desk.run("open", "12.asice", "-o", "mo", "--trust", desk.trust)
    assert status == 2
    assert "header.edxml" in err
    assert [path.name for path in desk.path("mo").iterdir()] == ["header.edxml"]


def test_what_is_no_envelope_is_said(desk: Desk) -> None:
    """A PDF, a container without header, a missing file, a folder."""
    stream = io.BytesIO()
    writer = ContainerWriter(stream, at=SEALED_AT)
    writer.add("a.txt", [b"x"])
    writer.close()
    desk.path("khac.asice", stream.getvalue())
    for name, status in (("12.pdf", 1), ("khac.asice", 1), ("khong-co.asice", 2), (".", 2)):
        answered, out, err = desk.run("open", name, "-o", "mo")
        assert (answered, out) == (status, "")
        assert name in err
        assert err.count("\n") == 1
    assert not desk.path("mo").exists()


def test_a_secret_document_that_arrives_is_not_opened(desk: Desk, p12: Path) -> None:
    """The receiver looks at the first page too: another's software may have sealed it."""
    desk.seal("header.toml", "12.pdf", "-o", "12.asice")
    files = unpacked(desk.path("12.asice").read_bytes())
    files["documents/12.pdf"] = typeset("TUYỆT MẬT", {}, timestamp=SEALED_AT).pdf
    desk.path("mat.asice", repacked(files))
    status, _, err = desk.run("open", "mat.asice", "-o", "mo", "--even-if-failed")
    assert status == 1
    assert "secret-document" in err
    assert not desk.path("mo").exists()


def test_the_commands_speak_english_too(desk: Desk) -> None:
    """--lang en."""
    _, _, err = desk.seal("header.toml", "12.pdf", "-o", "12.asice", lang="en")
    assert err.splitlines() == [
        "warning: 12.pdf: The PDF is not signed.",
        "Sealed: 12.pdf from H99.31 to H99, H99.12.",
    ]


def leave(files: Files) -> None:
    """Change nothing."""


def unsign(files: Files) -> None:
    """Take the signature away."""
    del files["META-INF/signatures.xml"]


CHANGES = [
    leave, unsign, change_pdf, change_header, remove_document, add_document, add_at_root, add_beside_metadata,
    rename_document, change_digest, change_time, change_value, no_xml, no_signature_inside,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_opening_and_verifying_are_one_judgement(
    change: Callable[[Files], None], desk: Desk, sealed: bytes, trust: Trust
) -> None:
    """Whatever was done to an envelope: ``open``, ``verify`` and ``open_envelope`` say the same of it."""
    files = unpacked(sealed)
    change(files)
    path = desk.path("x.asice", repacked(files))
    asked = ("--trust", desk.trust, "--json")
    verified, line, _ = desk.run("verify", path, "--offline", *asked)
    said = json.loads(line)
    opened, out, err = desk.run("open", path, "-o", "mo", *asked)
    report = verify(path, trust=trust, offline=True)
    assert (report.conclusion.indication, said["indication"]) == (
        said["indication"],
        report.conclusion.indication,
    )
    try:
        with open_envelope(path, trust=trust) as envelope:
            assert envelope.report.conclusion == report.conclusion
    except (ContainerError, EdxmlError):
        assert opened == 1  # header and files disagree: no envelope, whatever its signature is worth
        return
    assert opened == verified
    if opened == 1:
        assert said["sub_indication"] in err
        assert not desk.path("mo").exists()
    else:
        assert json.loads(out)["indication"] == said["indication"]
