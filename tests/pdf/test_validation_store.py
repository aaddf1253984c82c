"""The store of validation data in a PDF: what is read of it, and what each document time-stamp protects."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docsign.ades.stamped import name_of, names_of
from docsign.pdf.changes.graph import Graph
from docsign.pdf.changes.steps import Steps
from docsign.pdf.form import form_fields
from docsign.pdf.placing import Case, place
from docsign.pdf.reading import read_pdf
from docsign.pdf.signatures import find_signatures
from docsign.pdf.validation_store import document_stamps, is_covered, validation_data
from docsign.verdict import Conclusion, SubIndication
from tests.ades.time_cases import SIGNED, World
from tests.pki.certifying import year

HOUR = timedelta(hours=1)


def of_pyhanko(pdf: bytes, world: World) -> bytes:
    """Let pyHanko append a store with a VRI entry."""
    data = world.lists(SIGNED + HOUR)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        sig_contents=bytes(32),
        certs=[asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in data.certificates],
        crls=[asn1_crl.CertificateList.load(der) for der in data.crls],
    )
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def test_a_store_of_another_writer_is_read() -> None:
    """DSS and VRI by pyHanko: each thing once, and it makes the verdict."""
    world = World()
    pdf = of_pyhanko(world.signed_pdf(stamped=SIGNED), world)
    data = world.lists(SIGNED + HOUR)
    found = validation_data(read_pdf(pdf).view())
    assert found.certificates == data.certificates
    assert len(found.crls) == 2
    report = world.judged(pdf, SIGNED + 24 * HOUR)
    assert (report.conclusion, report.level) == (Conclusion.passed(), "PAdES-B-LT")


def test_what_only_a_vri_entry_names_counts_too() -> None:
    """EN 319 142-1 5.4.2.3: a list that only the VRI of a signature names."""
    world = World()
    pdf = of_pyhanko(world.signed_pdf(stamped=SIGNED), world)
    hidden = pdf.replace(b"/CRLs", b"/XRLs")
    assert hidden != pdf
    assert set(validation_data(read_pdf(hidden).view()).crls) == set(
        validation_data(read_pdf(pdf).view()).crls
    )


def test_a_broken_store_proves_nothing_and_breaks_nothing() -> None:
    """A store that is no dictionary, lists that are no arrays, streams that are none."""
    world = World()
    pdf = of_pyhanko(world.signed_pdf(stamped=SIGNED), world)
    for old, new in ((b"/DSS ", b"/DSX "), (b"/CRLs", b"/XRLs"), (b"/Certs", b"/Xerts")):
        broken = pdf.replace(old, new)
        assert broken != pdf
        validation_data(read_pdf(broken).view())
    assert validation_data(read_pdf(pdf.replace(b"/DSS ", b"/DSX ")).view()).is_empty


def test_each_stamp_covers_what_was_there_before_it() -> None:
    """The second archive time-stamp covers the first and the store between them; the first neither."""
    world = World()
    first_data, second_data = world.lists(SIGNED + HOUR), world.lists(year(2025) - HOUR)
    pdf = world.archived(world.signed_pdf(stamped=SIGNED), SIGNED + 2 * HOUR, data=first_data)
    pdf = world.archived(pdf, year(2025), data=second_data, tsa=world.tsa_next)
    read = read_pdf(pdf)
    view = read.view()
    fields = form_fields(view)
    case = Case(
        pdf=read,
        view=view,
        trust=world.trust,
        at=year(2026),
        beside=validation_data(view),
        fields=fields,
        steps=Steps(read, Graph.of(read)),
    )
    placed = sorted(
        (place(case, one) for one in find_signatures(view, fields)),
        key=lambda one: one.range.end if one.range else 0,
    )
    signature, first, second = placed
    one, two = document_stamps(case, [first, second], [signature])
    assert names_of(first_data) <= one.covers
    assert not names_of(second_data.crls) & one.covers
    assert names_of(first_data) | names_of(second_data) <= two.covers
    assert name_of(one.token) in two.covers
    assert name_of(two.token) not in one.covers
    assert name_of(world.signer.certificate) in one.covers
    assert is_covered(signature, first)
    assert not is_covered(second, first)


def test_a_stamp_over_changed_bytes_proves_nothing() -> None:
    """One byte of the signed page changed after archiving: signature and stamps fail, nothing is proved."""
    world = World()
    pdf = world.archived(world.signed_pdf(stamped=SIGNED), SIGNED + 2 * HOUR, data=world.lists(SIGNED + HOUR))
    changed = pdf.replace(b"595 842", b"595 843")
    judgement = world.judgement(changed, SIGNED + 24 * HOUR)
    assert judgement.timestamps[0].conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
    assert judgement.signatures[0].conclusion == Conclusion.failed(SubIndication.HASH_FAILURE)
