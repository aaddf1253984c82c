"""Which envelopes get in: each numbered check of ``core.admission`` by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docsign.envelope.header import Business, BusinessKind, Header, Organization, Replacement
from docsign.exchange.wire import ProblemType
from docsign.sentence import say
from docsign.verdict import Conclusion, SubIndication
from relay_server.core import admission
from relay_server.core.refusals import RefusalError
from relay_server.core.submissions import Submission
from tests.relay.values import COMMUNE, DEPARTMENT, NOW, PROVINCE, agency, digest

HEADER = Header(
    sender=Organization(code=COMMUNE),
    receivers=(Organization(code=PROVINCE),),
    number="125",
    notation="UBND-VX",
    issued=NOW.date(),
    subject="Về việc bảo vệ bí mật nhà nước",
)
KNOWN = {code: agency(code) for code in (PROVINCE, DEPARTMENT)} | {"H99.12": agency(DEPARTMENT)}


def refused(kind: ProblemType, where: str = "") -> pytest.RaisesExc[RefusalError]:
    """Expect a refusal of this kind at this place."""
    return pytest.RaisesExc(
        RefusalError, check=lambda error: error.kind is kind and where in (error.where, "")
    )


def test_check_1_the_sender_is_who_asks() -> None:
    """In either form of its code."""
    admission.require_own(Submission.of(HEADER), agency())
    admission.require_own(Submission.of(replace(HEADER, sender=Organization(code="000.00.31.H99"))), agency())
    for code in (PROVINCE, "", "H99.32"):
        with refused(ProblemType.NOT_YOUR_AGENCY, "header.From"):
            admission.require_own(Submission.of(replace(HEADER, sender=Organization(code=code))), agency())


def test_check_2_the_judgement_passed() -> None:
    """Nothing less; only what may be known later is worth trying again."""
    admission.require_sound(Conclusion.passed(), None)
    for conclusion, retry in (
        (Conclusion.failed(SubIndication.SIG_CRYPTO_FAILURE), False),
        (Conclusion.indeterminate(SubIndication.TRY_LATER), True),
        (Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND), False),
        (Conclusion.no_signature(), False),
    ):
        with refused(ProblemType.SIGNATURE_NOT_ACCEPTED) as caught:
            admission.require_sound(conclusion, None)
        assert caught.value.worth_retrying is retry


def test_the_refused_sender_reads_the_verdict_and_its_reason() -> None:
    """The words of the verdict, as many as there are, and what is wrong where that is known."""
    wrong = say("This is not a ZIP container.")
    for conclusion, reason, told in (
        (Conclusion.no_signature(), None, "(NO-SIGNATURE)."),
        (Conclusion.no_signature(), wrong, f"(NO-SIGNATURE): {wrong}"),
        (Conclusion.failed(SubIndication.HASH_FAILURE), None, "(TOTAL-FAILED/HASH_FAILURE)."),
    ):
        with pytest.raises(RefusalError) as caught:
            admission.require_sound(conclusion, reason)
        assert str(caught.value.sentence).endswith(told)


def test_check_3_the_seal_is_the_agencys_own() -> None:
    """Bound for sealing and in force; a TLS certificate is no seal."""
    admission.require_bound((digest("khác"), digest(f"sign {COMMUNE}")), agency(), at=NOW)
    for signers in ((), (digest(f"tls {COMMUNE}"),), (digest(f"sign {PROVINCE}"),)):
        with refused(ProblemType.SIGNATURE_NOT_ACCEPTED):
            admission.require_bound(signers, agency(), at=NOW)


def test_check_4_no_field_is_a_secrecy_mark() -> None:
    """A whole field is a mark, a word in a sentence is none (QD 28/2018 Art. 1)."""
    admission.require_open(Submission.of(HEADER))
    for secret, where in (
        (replace(HEADER, subject="TUYỆT MẬT"), "header.subject"),
        (replace(HEADER, to_places=("Như trên", "Mật")), "header.to_places[2]"),
        (replace(HEADER, business=Business(reason="tối mật")), "header.business.reason"),
    ):
        with refused(ProblemType.SECRET_DOCUMENT, where):
            admission.require_open(Submission.of(secret))


def test_check_5_what_is_kept_and_shown_is_not_too_long() -> None:
    """A DocumentId as the form has it, a subject as long as a text of the wire."""
    fits = replace(Submission.of(HEADER), document_id="X" * 500, subject="Ẩ" * 4000)
    admission.require_short(fits)
    with refused(ProblemType.BAD_ENVELOPE, "header.DocumentId"):
        admission.require_short(replace(fits, document_id="X" * 501))
    with refused(ProblemType.BAD_ENVELOPE, "header.Subject"):
        admission.require_short(replace(fits, subject="Ẩ" * 4001))


def test_check_6_every_receiver_is_known_and_counted_once() -> None:
    """All unknown ones are named in one answer."""
    found = admission.require_receivers([DEPARTMENT, PROVINCE, "H99.12"], KNOWN, most=3)
    assert [one.code for one in found] == [DEPARTMENT, PROVINCE]
    with refused(ProblemType.UNKNOWN_RECEIVER, "header.To") as caught:
        admission.require_receivers([PROVINCE, "H98", "H97"], KNOWN, most=3)
    assert "H98, H97" in str(caught.value)
    with refused(ProblemType.UNKNOWN_RECEIVER):
        admission.require_receivers([], KNOWN, most=3)
    with refused(ProblemType.BAD_ENVELOPE):
        admission.require_receivers([PROVINCE] * 4, KNOWN, most=3)


def test_check_7_only_the_original_sender_changes_a_document() -> None:
    """Revoke names it in the header, update and replace in Bussiness; unknown documents may be changed."""
    old = "H99.31,2026/11/10,118/UBND-VX"
    for business, documents in (
        (Business(), ()),
        (Business(kind=BusinessKind.REVOKE), (HEADER.document_id,)),
        (Business(kind=BusinessKind.UPDATE, document_id=old), (old,)),
        (Business(kind=BusinessKind.UPDATE), (HEADER.document_id,)),
        (
            Business(
                kind=BusinessKind.REPLACE,
                replacements=(Replacement(document_id=old), Replacement(document_id="x")),
            ),
            (old, "x"),
        ),
    ):
        assert Submission.of(replace(HEADER, business=business)).changes == documents
    admission.require_original_sender(old, frozenset(), agency())
    admission.require_original_sender(old, frozenset({PROVINCE, "000.00.31.H99"}), agency())
    with refused(ProblemType.NOT_YOUR_AGENCY, "header.Bussiness"):
        admission.require_original_sender(old, frozenset({PROVINCE}), agency())
