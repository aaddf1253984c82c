"""The verdict on PDFs: what an honest document may have, and what no attack gets past."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.timestamps.api import TimeStamper

from docsign.pdf import syntax
from docsign.pdf.fields import AGENCY_SIGNATURE, DOCUMENT_NUMBER, PERSON_SIGNATURE
from docsign.pdf.judge import judge_pdf
from docsign.pdf.judgement import PdfJudgement
from docsign.pdf.ranges import claimed_ranges
from docsign.pdf.revision import Revision as OwnRevision
from docsign.pdf.writer import SignablePdf
from docsign.pki import SigningKey, Trust
from docsign.pki.stamping import respond
from docsign.signing import sign
from docsign.verdict import ChangeKind, Conclusion, Indication, SubIndication
from tests.pdf.pyhanko_revision import Revision, named_fields, open_revision

FOREIGN = Path(__file__).resolve().parents[1] / "pdf" / "foreign"
FORMAT_FAILURE = Conclusion.failed(SubIndication.FORMAT_FAILURE)
HASH_FAILURE = Conclusion.failed(SubIndication.HASH_FAILURE)

Judge = Callable[[bytes], PdfJudgement]


@pytest.fixture(scope="session")
def judge(trust: Trust) -> Judge:
    """Judge a PDF a minute from now, with the trial authority trusted."""
    at = datetime.now(UTC) + timedelta(minutes=1)
    return lambda pdf: judge_pdf(pdf, trust=trust, at=at)


def kinds(judgement: PdfJudgement, signature: int = 0, *, allowed: bool) -> set[ChangeKind]:
    """Return the kinds of the changes after one signature."""
    changes = judgement.signatures[signature].changes
    return {change.kind for change in changes if change.allowed is allowed}


def words(judgement: PdfJudgement) -> str:
    """Return every change and finding in Vietnamese."""
    said = [change.what for signature in judgement.signatures for change in signature.changes]
    said += [finding.sentence for signature in judgement.signatures for finding in signature.findings]
    said += [finding.sentence for finding in judgement.findings]
    return "\n".join(sentence.text("vi") for sentence in said)


def appended(pdf: bytes, change: Callable[[Revision], None]) -> bytes:
    """Append a revision that ``change`` fills."""
    revision = open_revision(pdf)
    change(revision)
    return revision.appended()


# --- honest files -------------------------------------------------------------------------------------------


def test_two_signatures_pass_and_the_changes_are_told(by_both: bytes, judge: Judge) -> None:
    """The agency's filling of number and date is allowed after the person signed, and listed in words."""
    judgement = judge(by_both)
    assert judgement.conclusion == Conclusion.passed(), words(judgement)
    person, agency = judgement.signatures
    assert (person.field_names, person.role, person.coverage) == ((PERSON_SIGNATURE,), "person", "revision")
    assert (agency.field_names, agency.role, agency.coverage) == ((AGENCY_SIGNATURE,), "agency", "whole")
    assert (person.agency, agency.agency) == ("H99.31", "H99.31")
    assert (person.format, person.level) == ("pades", "PAdES-B-B")
    assert kinds(judgement, allowed=True) == {ChangeKind.FORM_FILL, ChangeKind.SIGNATURE}
    assert kinds(judgement, allowed=False) == set()
    assert agency.changes == ()
    assert "Đã điền số văn bản: 05" in words(judgement)
    assert {change.page for change in person.changes} == {1}
    assert person.signing_time is not None


def test_an_unsigned_letter_is_not_signed(letter: bytes, judge: Judge) -> None:
    """Empty signature fields are no signatures; the fields are named."""
    judgement = judge(letter)
    assert judgement.conclusion == Conclusion.no_signature()
    assert PERSON_SIGNATURE in words(judgement)


@pytest.mark.parametrize("name", ["chromium-print.pdf", "libreoffice-writer.pdf", "scan.pdf"])
def test_files_of_other_programs_pass(name: str, agency_key: SigningKey, judge: Judge) -> None:
    """Signed twice by us, they pass, both signatures."""
    pdf = (FOREIGN / name).read_bytes()
    assert judge(pdf).conclusion == Conclusion.no_signature()
    for count in (1, 2):
        pdf = sign(pdf, agency_key, role="agency")
        judgement = judge(pdf)
        assert judgement.conclusion == Conclusion.passed(), words(judgement)
        assert len(judgement.signatures) == count


def test_a_time_stamped_signature_is_b_t(
    letter: bytes, person_key: SigningKey, tsa_url: str, judge: Judge
) -> None:
    """The level is read off the file, and the stamp's time is what is proved."""
    judgement = judge(sign(letter, person_key, role="person", tsa=tsa_url))
    (signature,) = judgement.signatures
    assert judgement.conclusion == Conclusion.passed(), words(judgement)
    assert signature.level == "PAdES-B-T"
    assert signature.best_signature_time == signature.timestamps[0].time


def test_without_trust_nothing_passes(by_both: bytes) -> None:
    """No anchor: INDETERMINATE, both signatures intact."""
    judgement = judge_pdf(by_both, trust=Trust.nothing(), at=datetime.now(UTC))
    assert judgement.conclusion == Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert [signature.intact for signature in judgement.signatures] == [True, True]


def test_white_space_after_the_end_is_nothing(by_both: bytes, judge: Judge) -> None:
    """Line ends that a mail program adds change no answer."""
    assert judge(by_both + b"\r\n").conclusion == Conclusion.passed()


def test_a_signature_by_another_program_passes(by_both: bytes, judge: Judge, p12: Path) -> None:
    """A third signature, made by pyHanko itself in a field of its own, is an allowed change."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, fields, sign_pdf

    signer = SimpleSigner.load_pkcs12(
        str(p12 / "province.p12"), passphrase=(p12 / "passphrase.txt").read_bytes().strip()
    )
    assert signer is not None
    output = io.BytesIO()
    sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(by_both)),
        PdfSignatureMetadata(field_name="Den", subfilter=fields.SigSeedSubFilter.PADES),
        signer=signer,
        output=output,
    )
    judgement = judge(output.getvalue())
    assert judgement.conclusion == Conclusion.passed(), words(judgement)
    assert [signature.agency for signature in judgement.signatures] == ["H99.31", "H99.31", "H99"]
    assert "Den" in words(judgement)


@pytest.mark.parametrize(("level", "passes"), [("NO_CHANGES", False), ("FILL_FORMS", True)])
def test_a_certifying_signature_decides_what_may_follow(
    letter: bytes, judge: Judge, p12: Path, level: str, passes: bool
) -> None:
    """DocMDP 1 forbids a second signature, DocMDP 2 allows it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, fields
    from pyhanko.sign.signers import PdfSigner

    class Careless(PdfSigner):
        """Signs whatever earlier signatures say."""

        def _enforce_certification_constraints(self, *_: object) -> None:
            """Do not."""

    pdf = letter
    for name, key, certify in ((PERSON_SIGNATURE, "person", True), (AGENCY_SIGNATURE, "agency", False)):
        passphrase = (p12 / "passphrase.txt").read_bytes().strip()
        signer = SimpleSigner.load_pkcs12(str(p12 / f"{key}.p12"), passphrase=passphrase)
        assert signer is not None
        metadata = PdfSignatureMetadata(
            field_name=name,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=certify,
            docmdp_permissions=fields.MDPPerm[level],
        )
        output = io.BytesIO()
        Careless(metadata, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=output)
        pdf = output.getvalue()
        judgement = judge(pdf)
        assert (judgement.conclusion == Conclusion.passed()) is (certify or passes), words(judgement)


class TrialStamper(TimeStamper):
    """A time-stamping service without a network."""

    def __init__(self, key: SigningKey) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.key = key

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(respond(req.dump(), self.key, at=datetime.now(UTC)))


def test_validation_data_and_a_document_time_stamp_pass(
    letter: bytes, person_key: SigningKey, tsa_key: SigningKey, tsa_url: str, trust: Trust, judge: Judge
) -> None:
    """What long-term tools append is allowed and named; the document time-stamp is a time-stamp."""
    from asn1crypto import crl
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfTimeStamper
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    signed = sign(letter, person_key, role="person", tsa=tsa_url)
    stream = io.BytesIO(signed)
    crls = [crl.CertificateList.load(der) for der in trust.crls]
    DocumentSecurityStore.add_dss(stream, sig_contents=None, crls=crls)
    stamped = PdfTimeStamper(TrialStamper(tsa_key)).timestamp_pdf(
        IncrementalPdfFileWriter(io.BytesIO(stream.getvalue())), "sha256"
    )
    judgement = judge(stamped.getvalue())
    assert judgement.conclusion == Conclusion.passed(), words(judgement)
    (signature,), (stamp,) = judgement.signatures, judgement.timestamps
    assert kinds(judgement, allowed=True) >= {ChangeKind.VALIDATION_DATA, ChangeKind.TIMESTAMP}
    assert signature.level == "PAdES-B-LTA"
    assert (stamp.kind, stamp.conclusion, stamp.intact) == ("document", Conclusion.passed(), True)
    # a file with nothing but a document time-stamp is not signed
    alone = PdfTimeStamper(TrialStamper(tsa_key)).timestamp_pdf(
        IncrementalPdfFileWriter(io.BytesIO(letter)), "sha256"
    )
    judgement = judge(alone.getvalue())
    assert judgement.conclusion == Conclusion.no_signature()
    assert len(judgement.timestamps) == 1


def test_an_encrypted_file_is_judged_with_its_password(
    letter: bytes, person_key: SigningKey, trust: Trust
) -> None:
    """Without the password: not decided, and it is asked for."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    writer: Any = copy_into_new_writer(PdfFileReader(io.BytesIO(letter)))
    writer.encrypt(owner_pass="mật khẩu", user_pass="mật khẩu", pdf_mac=False)
    output = io.BytesIO()
    writer.write(output)
    at = datetime.now(UTC) + timedelta(minutes=1)
    assert judge_pdf(output.getvalue(), trust=trust, at=at).conclusion == Conclusion.no_signature()
    signed = sign(output.getvalue(), person_key, role="person", password="mật khẩu")
    opened = judge_pdf(signed, trust=trust, at=at, password="mật khẩu")
    assert opened.conclusion == Conclusion.passed(), words(opened)
    for password in (None, "khác"):
        closed = judge_pdf(signed, trust=trust, at=at, password=password)
        assert closed.conclusion.indication is Indication.INDETERMINATE, words(closed)
        assert "mật khẩu" in words(closed).casefold()


# --- changed bytes ------------------------------------------------------------------------------------------


def test_one_changed_byte_breaks_the_digest(by_both: bytes, judge: Judge) -> None:
    """Anywhere in the person's signed bytes: TOTAL-FAILED / HASH_FAILURE, not intact."""
    (_, (_, first, second, length)), *_ = claimed_ranges(by_both)
    outside = [by_both.index(b"/ByteRange", first - 400), second + length]
    places = [offset for offset in range(20, first - 400, first // 25) if offset < outside[0]]
    for offset in places:
        changed = bytearray(by_both)
        changed[offset] ^= 0x01
        judgement = judge(bytes(changed))
        assert judgement.conclusion == HASH_FAILURE, (offset, words(judgement))
        assert judgement.signatures[0].intact is False


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
@settings(max_examples=120, deadline=4000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_changed_byte_passes(by_both: bytes, judge: Judge, place: float, change: int) -> None:
    """Wherever it lies, but for the padding of /Contents, the answer is TOTAL-FAILED, within a time."""
    offset = int(place * len(by_both))
    changed = bytearray(by_both)
    changed[offset] ^= change
    started = time.monotonic()
    judgement = judge(bytes(changed))
    assert time.monotonic() - started < 3
    if judgement.conclusion.indication is Indication.TOTAL_FAILED:
        return
    gaps = [(first, second) for _, (_, first, second, _) in claimed_ranges(by_both)]
    inside = any(first < offset < second for first, second in gaps)
    # in /Contents: hex digits of another case are the same bytes, chain certificates are not signed
    assert inside or by_both[offset:].strip() == b"" or bytes(changed[offset:]).strip() == b"", offset


@given(cut=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60, deadline=4000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_truncated_signed_file_fails(by_both: bytes, judge: Judge, cut: float) -> None:
    """Cut anywhere: TOTAL-FAILED / FORMAT_FAILURE, be it before the first signature began."""
    end = 600 + int(cut * (len(by_both) - 610))
    judgement = judge(by_both[:end])
    if by_both[:end].rstrip(b"\r\n").endswith(b"%%EOF"):
        return  # exactly a revision: the letter unsigned, or signed by the person alone
    assert judgement.conclusion == FORMAT_FAILURE, (end, words(judgement))


@pytest.mark.parametrize(
    "tail",
    [b"x", b"\n%", b"% ghi chu\n", b"1 0 obj\n<<>>\nendobj\n", b"\n%%EOF\n", b"startxref\n0\n%%EOF\n"],
)
def test_bytes_after_the_end_fail(by_both: bytes, by_person: bytes, judge: Judge, tail: bytes) -> None:
    """Junk, a comment, an object no table names, a second end: nothing may follow."""
    for pdf in (by_both, by_person):
        assert judge(pdf + tail).conclusion == FORMAT_FAILURE, tail


def test_an_object_no_table_names_fails(by_both: bytes, by_person: bytes, judge: Judge) -> None:
    """Bytes hidden between the objects of a later revision belong to nothing."""
    place = by_both.index(b"endobj", len(by_person)) + 7
    hidden = b"998 0 obj\n<< /Hidden true >>\nendobj\n"
    # the table's offsets are mended, so that only the hidden object is wrong
    body, table = by_both[:place] + hidden, by_both[place:]
    start = table.rindex(b"\nxref\n")
    moved = re.sub(
        rb"(\d{10}) 00000 n",
        lambda m: b"%010d 00000 n" % (int(m[1]) + len(hidden) * (int(m[1]) >= place)),
        table[start:],
    )
    moved = re.sub(rb"startxref\n(\d+)", lambda m: b"startxref\n%d" % (int(m[1]) + len(hidden)), moved)
    judgement = judge(body + table[:start] + moved)
    assert judgement.conclusion.indication is Indication.TOTAL_FAILED


# --- changed documents --------------------------------------------------------------------------------------


def add_page(revision: Revision) -> None:
    """Add an empty page."""
    page = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Page"),
            pdf_name("/MediaBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842))),
            pdf_name("/Resources"): generic.DictionaryObject(),
        }
    )
    writer: Any = revision
    writer.insert_page(page)


def draw(revision: Revision) -> None:
    """Draw over page 1."""
    writer: Any = revision
    stream = generic.StreamObject(stream_data=b"q 1 0 0 rg 100 100 300 300 re f Q")
    writer.add_stream_to_page(0, writer.add_object(stream))


def annotate(revision: Revision) -> None:
    """Put a note over page 1."""
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 100, 300, 300))),
            pdf_name("/Contents"): generic.pdf_string("Số tiền: 1.000.000.000 đồng"),
        }
    )
    revision.annotate(revision.page(1), revision.add_object(note))


def open_action(revision: Revision) -> None:
    """Run a script when the file is opened."""
    revision.root[pdf_name("/OpenAction")] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    )
    revision.touch_root()


def swap_appearance(name: str) -> Callable[[Revision], None]:
    """Change what a field shows and leave its value."""

    def change(revision: Revision) -> None:
        entry = dict(named_fields(revision.root))[name]
        form = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 50, 20))),
                pdf_name("/Resources"): generic.DictionaryObject(),
            },
            stream_data=b"0 0 50 20 re f",
        )
        entry[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): revision.add_object(form)})
        revision.update_container(entry)

    return change


def fill_again(revision: Revision) -> None:
    """Give the document another number."""
    entry = dict(named_fields(revision.root))[DOCUMENT_NUMBER]
    entry[pdf_name("/V")] = generic.pdf_string("99")
    revision.update_container(entry)


def remove_signature(revision: Revision) -> None:
    """Empty the agency's signature field."""
    entry = dict(named_fields(revision.root))[AGENCY_SIGNATURE]
    del entry["/V"]
    revision.update_container(entry)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (draw, ChangeKind.CONTENT),
        (annotate, ChangeKind.ANNOTATION),
        (open_action, ChangeKind.ACTIVE_CONTENT),
        (swap_appearance(DOCUMENT_NUMBER), ChangeKind.APPEARANCE),
        (swap_appearance(PERSON_SIGNATURE), ChangeKind.APPEARANCE),
        (fill_again, ChangeKind.FORM_FILL),
        (add_page, ChangeKind.PAGE),
    ],
)
def test_a_changed_document_fails(
    by_both: bytes, judge: Judge, change: Callable[[Revision], None], kind: ChangeKind
) -> None:
    """What was done is named, and both signatures fail: TOTAL-FAILED / FORMAT_FAILURE."""
    judgement = judge(appended(by_both, change))
    assert judgement.conclusion == FORMAT_FAILURE, words(judgement)
    for position, signature in enumerate(judgement.signatures):
        assert signature.conclusion == FORMAT_FAILURE
        assert signature.intact is True
        assert kind in kinds(judgement, position, allowed=False), words(judgement)


def test_a_removed_signature_is_not_forgotten(by_both: bytes, judge: Judge) -> None:
    """The person's signature fails, and the hidden one is spoken of."""
    judgement = judge(appended(by_both, remove_signature))
    assert judgement.conclusion == FORMAT_FAILURE
    assert "signature-hidden" in {finding.code for finding in judgement.findings}


def test_a_number_filled_before_the_agency_signs_is_filled_once(
    by_person: bytes, agency_key: SigningKey, judge: Judge
) -> None:
    """Filled by anyone after the person signed, then changed under the agency's signature: failed."""
    filled = appended(by_person, fill_again)
    assert judge(filled).conclusion == Conclusion.passed()

    def fill_differently(revision: Revision) -> None:
        entry = dict(named_fields(revision.root))[DOCUMENT_NUMBER]
        entry[pdf_name("/V")] = generic.pdf_string("100")
        revision.update_container(entry)

    judgement = judge(appended(filled, fill_differently))
    assert judgement.conclusion == FORMAT_FAILURE
    assert "từ “99” thành “100”" in words(judgement)


def test_numbering_by_drawing_is_not_decided(by_person: bytes, agency_key: SigningKey, judge: Judge) -> None:
    """Drawn on the page in the very revision that the agency closes: to be compared with the original."""

    class Drawing(SignablePdf):
        """Draws on page 1 before it is signed."""

        def _begin(self) -> OwnRevision:
            revision = super()._begin()
            page = revision.page(1).dictionary
            drawn = revision.add_stream({}, b"q 1 0 0 rg 100 100 300 300 re f Q")
            revision.set(page, "Contents", syntax.array(syntax.written(page["Contents"]), b"%d 0 R" % drawn))
            return revision

    made = close(Drawing(by_person), agency_key)
    judgement = judge(made)
    person, agency = judgement.signatures
    assert agency.conclusion == Conclusion.passed()
    assert person.conclusion == Conclusion.indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE), words(
        judgement
    )
    assert "trang 1" in words(judgement)
    # drawn and then not closed by an agency: failed
    assert judge(appended(by_person, draw)).conclusion == FORMAT_FAILURE


def close(signable: SignablePdf, key: SigningKey) -> bytes:
    """Sign what is prepared, as the agency."""
    from docsign.ades import cms

    prepared = signable.prepare(
        field_name=AGENCY_SIGNATURE,
        signing_time=datetime.now(UTC),
        room=cms.room_for(key.certificate, key.chain, timestamped=False),
    )
    attributes = cms.signed_attributes(prepared.digest, key.certificate)
    return prepared.complete(
        cms.signed_data(
            signed_attributes=attributes,
            signature=key.sign(attributes),
            certificate=key.certificate,
            chain=key.chain,
            scheme=key.scheme,
        )
    )


# --- forged signatures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "numbers",
    [
        b"0 0 0 0",
        b"0 10 5 3",
        b"-1 10 20 30",
        b"0 1 2 99999999999",
        b"0 5",
        b"null",
        b"1 84 92 10",
        b"0.5 1 2 3",
    ],
)
def test_a_byte_range_that_makes_no_sense_fails(by_person: bytes, judge: Judge, numbers: bytes) -> None:
    """Universal signature forgery: never "no signature", never passed."""
    match = re.search(rb"/ByteRange \[[^\]]*\]", by_person)
    assert match is not None
    value = b"/ByteRange [" + numbers.ljust(len(match[0]) - 13) + b"]"
    forged = by_person.replace(match[0], value)
    assert len(forged) == len(by_person)
    assert judge(forged).conclusion.indication is Indication.TOTAL_FAILED


def test_a_signature_without_its_bytes_fails(by_person: bytes, judge: Judge) -> None:
    """/ByteRange or /Contents renamed or emptied."""
    for old, new in ((b"/ByteRange", b"/ByteRxnge"), (b"/Contents <30", b"/Contexts <30")):
        assert judge(by_person.replace(old, new)).conclusion.indication is Indication.TOTAL_FAILED
    match = re.search(rb"/Contents <([0-9a-f]+)>", by_person)
    assert match is not None
    for value in (b"0" * len(match[1]), b"z" * len(match[1])):
        assert judge(by_person.replace(match[1], value)).conclusion == FORMAT_FAILURE


def test_a_field_that_shows_another_signature_counts_once(by_person: bytes, judge: Judge) -> None:
    """A new field pointing at an old signature: one signature, both names, a warning."""

    def add_field(revision: Revision) -> None:
        person = dict(named_fields(revision.root))[PERSON_SIGNATURE]
        copy = generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): generic.pdf_string("KyThay"),
                pdf_name("/V"): person.raw_get("/V"),
            }
        )
        form = revision.root["/AcroForm"]
        form["/Fields"].append(revision.add_object(copy))
        revision.update_container(form["/Fields"])

    judgement = judge(appended(by_person, add_field))
    (signature,) = judgement.signatures
    assert signature.field_names == ("KyThay", PERSON_SIGNATURE)
    assert "signature-shared" in {finding.code for finding in judgement.findings}


# --- bad files ----------------------------------------------------------------------------------------------

JUNK = [
    b"",
    b"%PDF-1.7",
    b"%PDF-1.7\n/ByteRange [0 1 2 3]\n%%EOF",
    b"%PDF-1.7\n1 0 obj\n<< /ByteRange [0 10 20 30] /Contents <00> >>\nendobj\nstartxref\n0\n%%EOF",
    b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF",
    b"%PDF-1.7\n" + b"[" * 50_000,
    b"%PDF-1.7\n1 0 obj\n" + b"<< /A " * 20_000,
    b"%PDF-" + b"/ByteRange [" * 5_000,
    b"%PDF-1.4\n%%EOF\n" * 2_000,
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_has_an_answer(junk: bytes, judge: Judge) -> None:
    """Not signed, or failed, within a time; never an exception."""
    started = time.monotonic()
    judgement = judge(junk)
    assert time.monotonic() - started < 3
    is_cut = b" obj" in junk and not junk.endswith(b"%%EOF")
    expected = Indication.TOTAL_FAILED if b"/ByteRange" in junk or is_cut else Indication.NO_SIGNATURE
    assert judgement.conclusion.indication is expected


def test_a_looping_page_tree_ends(by_person: bytes, judge: Judge) -> None:
    """A page tree that contains itself, added after signing, fails within a time."""

    def loop(revision: Revision) -> None:
        pages = revision.root["/Pages"]
        pages["/Kids"].append(revision.root.raw_get("/Pages"))
        revision.update_container(pages["/Kids"])

    started = time.monotonic()
    assert judge(appended(by_person, loop)).conclusion.indication is Indication.TOTAL_FAILED
    assert time.monotonic() - started < 5


PIECES = [
    b"%PDF-1.7\n", b"1 0 obj\n", b"endobj\n", b"<< /Type /Catalog /Pages 2 0 R >>", b"stream\n", b"\xff\x00",
    b"endstream\n", b"xref\n0 2\n", b"0000000000 65535 f \n", b"0000000009 00000 n \n", b"[ ", b"%%EOF\n",
    b"trailer\n<< /Size 2 /Root 1 0 R >>\n", b"startxref\n9\n", b"/ByteRange [0 9 20 9]",
    b"/Contents <3003020105>", b"<< /FT /Sig /V 1 0 R >>", b"/Filter /FlateDecode",
]  # fmt: skip


@given(
    pieces=st.lists(
        st.sampled_from(PIECES),
        max_size=30,
    )
)
@settings(max_examples=150, deadline=4000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_of_pdf_never_raise(judge: Judge, pieces: list[bytes]) -> None:
    """Random pieces of the grammar in any order."""
    assert judge(b"%PDF-1.7\n" + b"".join(pieces)).conclusion.indication in (
        Indication.TOTAL_FAILED,
        Indication.NO_SIGNATURE,
    )
