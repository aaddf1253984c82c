"""Usage rights (ISO 32000-1 12.8.2.3): a grant by a vendor, signed, and yet no signature of anyone."""

from __future__ import annotations

from docsign.verdict import Indication
from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.second_signer import completed, sign, signature
from tests.pdf.attacks.syntax import Name
from tests.pdf.attacks.table import ATTACKS, FAILED, GENERAL, LEGAL, PASSED, Answer
from tests.pdf.honest.make.by_hand import plain, small_document

ROW = "usage rights"
RIGHTS = {"Type": Name("TransformParams"), "V": Name("2.2"), "Form": [Name("FillIn")], "P": True}


def with_rights() -> bytes:
    """Return a document whose vendor grants rights to a reader."""
    revision = Revision(plain(small_document()))
    reference = {"Type": Name("SigRef"), "TransformMethod": Name("UR3"), "TransformParams": RIGHTS}
    granted = revision.add(signature(SubFilter=Name("adbe.pkcs7.detached"), Reference=[reference]))
    revision.change(revision.old.root, Perms={"UR3": granted})
    return completed(revision.appended())


@LEGAL.enter_made(ROW, Answer(indication=Indication.NO_SIGNATURE))
def usage_rights_alone() -> bytes:
    """Nobody signed: the vendor's grant is no signature."""
    return with_rights()


@LEGAL.enter_made(ROW, PASSED)
def usage_rights_taken_away() -> bytes:
    """A later signer, whose software was not granted them, takes the rights away."""
    revision = Revision(sign(Revision(with_rights())))
    revision.change(revision.old.root, Perms=None)
    return sign(revision, name="KyThem")


@LEGAL.enter_made(ROW, PASSED)
def usage_rights_beside_a_signature() -> bytes:
    """A person signed after the grant: one signature, and it passes."""
    return sign(Revision(with_rights()))


@ATTACKS.enter(ROW, FAILED, on=(*GENERAL, "p1", "word"))
def signature_called_usage_rights(pdf: bytes) -> bytes:
    """A later revision calls the person's signature usage rights and takes the form away."""
    revision = Revision(pdf)
    value = revision.get(next(iter(revision.old.signatures().values())))["V"]
    revision.change(revision.old.root, Perms={"UR3": value}, AcroForm=None)
    for page in revision.old.pages():
        if "Annots" in revision.get(page):
            revision.change(page, Annots=None)
    return revision.appended()
