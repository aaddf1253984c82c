"""Outgoing documents with real keys and files: the whole way, what goes wrong on it, what is kept of it."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import docsign
from docsign.document import printed_date
from docsign.document.copies import CertifiedCopy
from docsign.document.issuing import StepRefusedError
from docsign.document.outgoing import Outgoing, Stage, Step
from docsign.envelope import BusinessKind
from docsign.envelope.header import VIETNAM_TIME
from docsign.errors import DocsignError, DocumentError, StorageError, UsageError
from docsign.office import OfficeStore, SqliteStore, Staff
from docsign.office.desk import Office
from docsign.office.series import NumberRefusedError
from docsign.pki import SigningKey, Trust
from docsign.signing import SigningSession
from tests.office.conftest import Clock

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LETTER = (EXAMPLES / "letter.toml").read_text(encoding="utf-8")
DECISION = (EXAMPLES / "decision.toml").read_text(encoding="utf-8")


class Now(Clock):
    """A clock that follows the real one, since certificates are of today, and can be put ahead."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))


class SlowKey:
    """A key with which something happens before it signs."""

    def __init__(self, key: SigningKey, before: Callable[[], None]) -> None:
        self.certificate, self.chain, self.scheme = key.certificate, key.chain, key.scheme
        self._key, self._before = key, before

    def sign(self, data: bytes) -> bytes:
        """Sign, late."""
        self._before()
        return self._key.sign(data)


@pytest.fixture
def now() -> Now:
    """The time it is."""
    return Now()


@pytest.fixture
def office(store: OfficeStore, staff: Staff, now: Now) -> Office:
    """The office of the invented commune."""
    return Office(store, staff, clock=now)


@pytest.fixture
def disk(tmp_path: Path, staff: Staff, now: Now) -> Iterator[Office]:
    """The same on the disk alone."""
    with Office(SqliteStore(tmp_path), staff, clock=now) as made:
        yield made


def submitted(office: Office, source: str = LETTER) -> Outgoing:
    """Return a document that was submitted and checked."""
    draft = office.drafts.create(source, "thu")
    office.drafts.take(draft.id, Step.SUBMIT, "thu")
    office.drafts.take(draft.id, Step.CHECK_CONTENT, "truong")
    return office.drafts.take(draft.id, Step.CHECK_FORM, "vt")


def issued(office: Office, person: SigningKey, agency: SigningKey, source: str = LETTER) -> Outgoing:
    """Return a document that went all the way to being issued."""
    number = submitted(office, source).id
    office.drafts.sign(number, "mau", person)
    office.drafts.number(number, "vt")
    office.drafts.seal(number, "vt", agency)
    return office.drafts.take(number, Step.ISSUE, "vt")


def test_the_whole_way_with_real_keys(
    office: Office, person_key: SigningKey, agency_key: SigningKey, trust: Trust, now: Now
) -> None:
    """The file that comes out bears number and date in the agency's revision, and verifies."""
    done = issued(office, person_key, agency_key)
    stored = office.drafts.take(done.id, Step.STORE, "vt", file_notation="05.VP")
    today = now().astimezone(VIETNAM_TIME).date()
    assert (stored.stage, stored.number, stored.day) == (Stage.STORED, 1, today)
    assert stored.file_notation == "05.VP"
    pdf = office.drafts.pdf(done.id)
    report = docsign.verify(pdf, trust=trust, policy="official", at=now())
    report.require()
    assert [one.role for one in report.signatures] == ["person", "agency"]
    from docsign.pdf.writer import SignablePdf

    texts = SignablePdf(pdf).texts
    assert texts == {"DocumentNumber": "01", "DocumentDate": printed_date(today)}
    history = office.drafts.history(done.id)
    assert [one.step for one in history] == [
        "create",
        "submit",
        "check-content",
        "check-form",
        "sign",
        "number",
        "seal",
        "issue",
        "store",
    ]
    assert history[4].details["certificate"] == "Nguyễn Văn Mẫu"
    assert history[5].details == {"series": "chung", "number": "1", "serial": "1", "day": today.isoformat()}
    assert office.check_log() == 9
    assert office.identifier(done) == f"000.00.31.H99.{today.year}.000001"  # QD 28/2018 Art. 10
    (row,) = office.register("outgoing").rows
    assert row[0] == "01/UBND-VP"


def test_a_return_and_a_new_version(office: Office) -> None:
    """The reason is kept, the new file takes the old one's place, both stay in the store."""
    first = submitted(office)
    returned = office.drafts.take(first.id, Step.RETURN, "mau", reason="Bổ sung số liệu quý III")
    assert (returned.stage, returned.reason) == (Stage.RETURNED, "Bổ sung số liệu quý III")
    changed = office.drafts.revise(first.id, LETTER.replace("quý III", "9 tháng"), "thu")
    assert (changed.version, changed.stage) == (2, Stage.RETURNED)
    assert "9 tháng" in changed.subject
    assert changed.file != first.file
    again = office.drafts.take(first.id, Step.SUBMIT, "thu")
    assert again.checks == frozenset()


def test_nobody_skips_or_takes_anothers_step(
    office: Office, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """Refused before a key is used, and nothing is recorded."""
    draft = office.drafts.create(LETTER, "thu")
    with pytest.raises(StepRefusedError):
        office.drafts.sign(draft.id, "mau", person_key)
    with pytest.raises(StepRefusedError):
        office.drafts.number(draft.id, "vt")
    with pytest.raises(StepRefusedError):
        office.drafts.seal(draft.id, "vt", agency_key)
    checked = submitted(office)
    with pytest.raises(StepRefusedError, match="competent person"):
        office.drafts.sign(checked.id, "thu", person_key)
    office.drafts.sign(checked.id, "mau", person_key)
    with pytest.raises(StepRefusedError, match="records clerk"):
        office.drafts.number(checked.id, "mau")
    assert len(office.drafts.history(draft.id)) == 1
    with pytest.raises(StepRefusedError):
        office.drafts.create(LETTER, "mau")
    assert office.register("outgoing").rows == ()


def test_a_key_that_fails_leaves_the_number_where_it_is(
    office: Office, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """Sealing fails, is tried again, or the number is given back and goes to the next document."""
    number = submitted(office).id
    office.drafts.sign(number, "mau", person_key)
    office.drafts.number(number, "vt")
    with pytest.raises(DocsignError):
        office.drafts.seal(number, "vt", agency_key, tsa="http://127.0.0.1:9/tsa")
    assert office.drafts.get(number).stage is Stage.NUMBERED
    freed = office.drafts.free_number(number, "vt", "Ký nhầm bản")
    assert (freed.stage, freed.number) == (Stage.SIGNED, None)
    office.drafts.take(number, Step.ABANDON, "mau", reason="Không phát hành nữa")
    other = issued(office, person_key, agency_key)
    assert other.number == 1
    assert [row[0] for row in office.register("outgoing").rows] == ["01/UBND-VP"]


def test_files_signed_at_another_desk(
    office: Office, person_key: SigningKey, agency_key: SigningKey, now: Now
) -> None:
    """The document's own file with one sound signature more, and the number that was given; nothing else."""
    number = submitted(office).id
    pdf = office.drafts.pdf(number)
    other = office.drafts.pdf(submitted(office, DECISION).id)
    for wrong in (pdf, other, pdf + b"\n% ", docsign.sign(other, person_key, role="person")):
        with pytest.raises(StepRefusedError):
            office.drafts.accept(number, Step.SIGN, "mau", wrong)
    signed = docsign.sign(pdf, person_key, role="person")
    broken = bytearray(signed)
    broken[len(pdf) + 5] ^= 1
    with pytest.raises(StepRefusedError):
        office.drafts.accept(number, Step.SIGN, "mau", bytes(broken))
    assert office.drafts.accept(number, Step.SIGN, "mau", signed).stage is Stage.SIGNED
    office.drafts.number(number, "vt")
    today = now().astimezone(VIETNAM_TIME).date()
    with pytest.raises(StepRefusedError, match="01"):
        office.drafts.accept(
            number, Step.SEAL, "vt", docsign.sign(signed, agency_key, role="agency", number=2, date=today)
        )
    sealed = docsign.sign(signed, agency_key, role="agency", number=1, date=today)
    assert office.drafts.accept(number, Step.SEAL, "vt", sealed).stage is Stage.SEALED
    assert office.drafts.history(number)[-1].details["certificate"]


def test_a_document_that_changed_meanwhile_is_not_signed(office: Office, person_key: SigningKey) -> None:
    """Somebody returns it while the token asks for its PIN."""
    number = submitted(office).id

    def returned() -> None:
        office.drafts.take(number, Step.RETURN, "truong", reason="Có số liệu mới")

    with pytest.raises(StepRefusedError, match="meanwhile"):
        office.drafts.sign(number, "mau", SlowKey(person_key, returned))
    assert office.drafts.get(number).stage is Stage.RETURNED


def test_paper_and_electronic_share_a_series(
    office: Office, person_key: SigningKey, agency_key: SigningKey
) -> None:
    """1 electronic, 2 paper that bears its number, 3 electronic; paper goes its way without files."""
    assert issued(office, person_key, agency_key).number == 1

    def paper(**more: int) -> Outgoing:
        return office.drafts.register_paper(
            "vt",
            kind="Công văn",
            notation="UBND-VP",
            subject="mời họp",
            signer="Nguyễn Văn Mẫu",
            recipients=("Các tổ dân phố",),
            copies=12,
            wanted=more.get("wanted"),
        )

    with pytest.raises(NumberRefusedError, match="turn of 2"):
        paper(wanted=7)
    letter = paper(wanted=2)
    assert (letter.stage, letter.number, letter.series) == (Stage.NUMBERED, 2, "chung")
    for step in (Step.SEAL, Step.ISSUE, Step.STORE):
        letter = office.drafts.take(letter.id, step, "vt")
    assert letter.stage is Stage.STORED
    assert issued(office, person_key, agency_key).number == 3
    assert [row[0][:2] for row in office.register("outgoing").rows] == ["01", "02", "03"]
    with pytest.raises(UsageError, match="no file"):
        office.drafts.pdf(letter.id)


def test_special_series(office: Office, person_key: SigningKey, agency_key: SigningKey) -> None:
    """Decisions, normative ones, a council's and copies each begin with 1."""
    assert issued(office, person_key, agency_key, DECISION).series == "quyet-dinh"

    def paper(kind: str, notation: str, *, body: str = "", normative: bool = False) -> tuple[str, int | None]:
        made = office.drafts.register_paper(
            "vt",
            kind=kind,
            notation=notation,
            subject="thử",
            signer="Nguyễn Văn Mẫu",
            recipients=(),
            body=body,
            normative=normative,
        )
        return made.series, made.number

    assert paper("Quyết định", "QĐ-UBND") == ("quyet-dinh", 2)
    assert paper("Quyết định", "QĐ-UBND", normative=True) == ("qppl.quyet-dinh", 1)
    assert paper("Thông báo", "TB-HĐTD", body="hdtd") == ("hdtd:thong-bao", 1)
    assert paper("Bản sao y", "SY-UBND") == ("sao", 1)
    assert paper("Bản trích sao", "TrS-UBND") == ("sao", 2)
    with pytest.raises(UsageError, match="council"):
        paper("Thông báo", "TB-X", body="khong-co")


def test_replaced_corrected_revoked(office: Office, person_key: SigningKey, agency_key: SigningKey) -> None:
    """An issued document is never changed: another stands for it, corrects it, or it is taken back."""
    wrong, right, letter = (
        issued(office, person_key, agency_key, source) for source in (DECISION, DECISION, LETTER)
    )
    assert office.drafts.supersede(wrong.id, Step.CORRECT, letter.id, "vt").corrected_by == (letter.id,)
    with pytest.raises(StepRefusedError, match="equal form"):
        office.drafts.supersede(wrong.id, Step.REPLACE, letter.id, "vt")
    replaced = office.drafts.supersede(wrong.id, Step.REPLACE, right.id, "vt")
    assert (replaced.stage, replaced.replaced_by) == (Stage.REPLACED, right.id)
    header = office.drafts.header(right.id, to=("H99.12",))
    assert header.business.kind is BusinessKind.REPLACE
    (old,) = header.business.replacements
    assert old.document_id.endswith(",01/QĐ-UBND")
    assert old.organ_ids == ("H99.12",)
    revoked = office.drafts.take(letter.id, Step.REVOKE, "vt", reason="Gửi nhầm nơi nhận")
    notice = office.drafts.header(letter.id)
    assert (notice.business.kind, notice.business.reason) == (BusinessKind.REVOKE, "Gửi nhầm nơi nhận")
    assert notice.document_id == office.drafts.header(letter.id, to=("H99",)).document_id
    with pytest.raises(StepRefusedError):
        office.drafts.take(revoked.id, Step.STORE, "vt")
    notes = [row[-1] for row in office.register("outgoing").rows]
    assert notes == ["Đã thu hồi", "Đã được thay thế; Có đính chính", ""]


def test_the_deadline_runs_from_the_signature(
    office: Office, person_key: SigningKey, agency_key: SigningKey, now: Now
) -> None:
    """There is one between signature and issue; a late issue is recorded as late."""
    number = submitted(office).id
    assert office.drafts.deadline(office.drafts.get(number)) is None
    signed = office.drafts.sign(number, "mau", person_key)
    deadline = office.drafts.deadline(signed)
    assert deadline is not None
    assert deadline.latest.hour == 12
    office.drafts.number(number, "vt")
    office.drafts.seal(number, "vt", agency_key)
    now.now = deadline.latest.astimezone(UTC) + timedelta(hours=1)
    office.drafts.take(number, Step.ISSUE, "vt")
    assert office.drafts.history(number)[-1].details["late"] == deadline.latest.isoformat()
    assert office.drafts.deadline(office.drafts.get(number)) is None


def test_drafts_are_found(office: Office) -> None:
    """By stage and by any word; an id that is not there is said so."""
    submitted(office)
    office.drafts.create(DECISION, "thu")
    assert len(office.drafts.list()) == 2
    assert len(office.drafts.list(stages=frozenset({Stage.SUBMITTED}))) == 1
    assert [one.kind for one in office.drafts.list(search="bao cao ket qua")] == ["Công văn"]
    with pytest.raises(UsageError):
        office.drafts.get(99)
    with pytest.raises(UsageError, match="own"):
        office.drafts.take(1, Step.SIGN, "mau")


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ('number = "5"\n' + LETTER, "number"),
        ("date = 2026-11-16\n" + LETTER, "date"),
        ("kind =", ""),
        (DECISION.replace("kind =", "council = true\nkind =", 1), "issuer"),
    ],
)
def test_a_draft_is_a_draft(office: Office, source: str, where: str) -> None:
    """Without number and date, of a council that is known, in TOML."""
    with pytest.raises(DocumentError) as refused:
        office.drafts.create(source, "thu")
    assert refused.value.where.startswith(where)


def test_a_series_begins_where_the_clerk_says(office: Office) -> None:
    """For the year in which the office begins with this register."""
    year = office.clock().astimezone(VIETNAM_TIME).year
    with pytest.raises(StepRefusedError):
        office.drafts.begin_series("thu", "chung", year, 413)
    office.drafts.begin_series("vt", "chung", year, 413)
    paper = office.drafts.register_paper(
        "vt", kind="Công văn", notation="UBND-VP", subject="mời họp", signer="Nguyễn Văn Mẫu", recipients=()
    )
    assert paper.number == 413


def test_the_log_shows_what_was_done_to_it(disk: Office, tmp_path: Path) -> None:
    """Records cannot be changed or removed through the database; around its triggers, it shows."""
    submitted(disk)
    rows = sqlite3.connect(tmp_path / "office.db")
    for statement in ("UPDATE record SET body = '{}'", "DELETE FROM record"):
        with pytest.raises(sqlite3.IntegrityError, match="records stay"):
            rows.execute(statement)
    rows.execute("DROP TRIGGER record_stays")
    rows.execute("UPDATE record SET body = replace(body, 'Trần Thị Thử', 'Lê Văn Giả') WHERE position = 1")
    rows.commit()
    rows.close()
    with pytest.raises(StorageError, match=r"outgoing:1\[1\]"):
        disk.check_log()


def test_an_office_in_a_folder(tmp_path: Path) -> None:
    """Its people from office.toml, its days off extended, its registers of any years."""
    with pytest.raises(UsageError):
        Office.open(tmp_path)
    people = '[[person]]\nid = "vt"\nname = "Trần Thị Thử"\nroles = ["clerk"]\n'
    (tmp_path / "office.toml").write_text(f'[agency]\nname = "UBND"\n{people}', encoding="utf-8")
    days = "[[year]]\nyear = 2027\noff = [2027-01-01]\n"
    (tmp_path / "working_days.toml").write_text(days, encoding="utf-8")
    with Office.open(tmp_path) as office:
        assert office.register("incoming").period.startswith("Năm ")
        bounded = office.register("outgoing", first=date(2026, 3, 1), last=date(2026, 3, 31))
        assert bounded.period == "Từ ngày 01/03/2026 đến ngày 31/03/2026"
        assert office.register("follow-up", search="không có").rows == ()
    (tmp_path / "working_days.toml").write_text("[[year]]", encoding="utf-8")
    with pytest.raises(DocumentError):
        Office.open(tmp_path)


def test_an_electronic_copy_is_numbered_and_sealed_here(
    office: Office, agency_key: SigningKey, trust: Trust, now: Now
) -> None:
    """All copies share a series (ND 30/2020 PL I, part II); the agency's signature bears form and time."""
    page = io.BytesIO()
    Image.new("RGB", (1654, 2339), "white").save(page, "PDF", resolution=200)
    scan = CertifiedCopy.from_path(EXAMPLES / "copy.toml").to_electronic(page.getvalue())
    values: dict[str, Any] = {"subject": "Quyết định", "signer": "Trần Thị Thử", "recipients": ()}
    with pytest.raises(DocumentError, match="Only a copy"):
        office.drafts.register_paper("vt", kind="Công văn", notation="UBND-VP", copy=scan, **values)
    made = office.drafts.register_paper("vt", kind="sao y", notation="SY-UBND", copy=scan, **values)
    paper = office.drafts.register_paper("vt", kind="trích sao", notation="TrS-UBND", **values)
    assert (made.code, paper.code, made.series, paper.series) == ("01/SY-UBND", "02/TrS-UBND", "sao", "sao")
    assert (made.medium, paper.medium) == ("electronic", "paper")
    elsewhere = SigningSession(agency_key, role="agency").sign(office.drafts.pdf(made.id), at=now())
    taken = office.drafts.accept(made.id, Step.SEAL, "vt", elsewhere)
    assert taken.stage is Stage.SEALED
    docsign.verify(office.drafts.pdf(made.id), trust=trust, at=now()).require()
    office.drafts.take(made.id, Step.ISSUE, "vt")
    with pytest.raises(UsageError, match="no header of its own"):
        office.drafts.header(made.id)


# ---- real processes --------------------------------------------------------------------------------------

CLERK = """
import sys
from docsign.office import Office
with Office.open(sys.argv[1]) as office:
    print("ready", flush=True)
    for turn in range(int(sys.argv[2])):
        made = office.drafts.register_paper(
            "vt", kind="Công văn", notation="UBND-VP", subject=f"việc {turn}", signer="Mẫu", recipients=()
        )
        print(made.id, made.number, flush=True)
"""


def test_two_clerks_and_a_kill(tmp_path: Path) -> None:
    """Number, document and record come together or not at all, whoever else is at work and whoever dies."""
    (tmp_path / "office.toml").write_text(
        '[agency]\nname = "UBND"\n[[person]]\nid = "vt"\nname = "Thử"\nroles = ["clerk"]\n', encoding="utf-8"
    )
    Office.open(tmp_path).close()
    clerks = [
        subprocess.Popen(
            [sys.executable, "-c", CLERK, str(tmp_path), count], stdout=subprocess.PIPE, text=True
        )
        for count in ("40", "10000")
    ]
    steady, doomed = clerks
    assert doomed.stdout is not None
    lines = [doomed.stdout.readline() for _ in range(25)]
    doomed.kill()
    lines += doomed.stdout.readlines()  # not communicate(): it would lose what readline has buffered
    doomed.wait(timeout=120)
    doomed.stdout.close()
    lines += steady.communicate(timeout=120)[0].splitlines()
    told = {int(words[0]): int(words[1]) for line in lines if len(words := line.split()) == 2}
    assert steady.returncode == 0
    assert len(told) >= 40 + 24
    with Office.open(tmp_path) as office:
        documents = office.drafts.list()
        kept = {one.id: one.number for one in documents}
        assert told.items() <= kept.items()
        assert sorted(number or 0 for number in kept.values()) == list(range(1, len(kept) + 1))
        assert len(kept) >= 40 + 24
        assert office.check_log() == 2 * len(kept)
        with office.store.unit(for_reading=True) as rows:
            for one in documents:
                assert one.day is not None
                held = rows.held_by("cong-van", one.day.year, f"outgoing:{one.id}")
                assert held is not None
                assert held.number == one.number


def test_several_persons_sign_before_it_is_numbered(
    office: Office,
    person_key: SigningKey,
    agency_key: SigningKey,
    trust: Trust,
    now: Now,
) -> None:
    """Each in the place of his or her name; the last signature takes it on (ND 30/2020 PL I II.7)."""
    source = (
        LETTER
        + """
[[co_signers]]
authority = []
position = "Chủ tịch Ủy ban MTTQ Việt Nam phường"
name = "Lê Thị Hai"
"""
    )
    number = submitted(office, source).id
    first = office.drafts.sign(number, "mau", person_key)
    assert (first.stage, first.signatures_left) == (Stage.SUBMITTED, 1)
    with pytest.raises(StepRefusedError, match="Not now"):
        office.drafts.number(number, "vt")
    second = office.drafts.sign(number, "mau", person_key)
    assert (second.stage, second.signatures_left) == (Stage.SIGNED, 0)
    assert second.signer == "Nguyễn Văn Mẫu, Lê Thị Hai"
    office.drafts.number(number, "vt")
    office.drafts.seal(number, "vt", agency_key)
    report = docsign.verify(office.drafts.pdf(number), trust=trust, policy="official", at=now())
    report.require()
    names = [one.field_names for one in report.signatures]
    assert names == [("PersonSignature",), ("PersonSignature2",), ("AgencySignature",)]
    assert [one.step for one in office.drafts.history(number)][4:6] == ["cosign", "sign"]
