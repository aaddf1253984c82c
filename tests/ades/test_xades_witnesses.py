"""What others say of our test signatures: xmlsec1 of every form, signxml of those it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsign.pki import SigningKey, Trust
from tests.ades.test_xades_forms import DATA, FORMS
from tests.ades.xml_witnesses import signxml, xmlsec1

NOT_SIGNXML = {
    # what signxml 5.2 cannot read: an enveloped signature that no canonicalisation follows, and XPointers
    "enveloped",
    "enveloped, by the root's identifier",
    "enveloped, by XPointer",
    "enveloped in a part",
}


@pytest.mark.parametrize("name", FORMS)
def test_xmlsec_agrees_on_every_form(name: str, agency_key: SigningKey, trust: Trust, tmp_path: Path) -> None:
    """Every digest, the value, the chain; a changed letter and it refuses."""
    made = FORMS[name](agency_key)
    assert xmlsec1(made, tmp_path, trust=trust, key=agency_key, files=DATA) == "OK"
    changed = made.replace(b'-V">', b'-V">AAAA', 1)
    assert xmlsec1(changed, tmp_path, trust=trust, key=agency_key, files=DATA) == "FAIL"


@pytest.mark.parametrize("name", sorted(FORMS.keys() - NOT_SIGNXML))
def test_signxml_agrees_on_the_forms_it_reads(name: str, agency_key: SigningKey) -> None:
    """The digests and the value; a changed letter and it refuses."""
    made = FORMS[name](agency_key)
    assert signxml(made, key=agency_key, references=2, files=DATA) == "OK"
    changed = made.replace(b'-V">', b'-V">AAAA', 1)
    assert signxml(changed, key=agency_key, references=2, files=DATA) != "OK"
