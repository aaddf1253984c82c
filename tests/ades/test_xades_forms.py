"""Every form of XML signature: where it stands, which version of XAdES, how far it was extended."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from docsign.ades import xades_form as xf
from docsign.ades import xades_properties, xades_stamps
from docsign.ades.xades import XadesJudgement, judge_xades, judge_xades_file
from docsign.ades.xml import C14N, EXC_C14N, LIMIT, MAX_MARKUP, parse
from docsign.errors import ContainerError
from docsign.pki import SigningKey, Trust
from docsign.pki.fetch import fetch_timestamp
from docsign.sentence import say
from docsign.verdict import Indication, Severity, SubIndication
from tests.ades.xades_building import (
    DS,
    XA,
    XA141,
    Recipe,
    Signed,
    Stamper,
    archive_octets,
    b64,
    built,
    by_id,
    c14n,
    detached,
    digest,
    enveloped,
    enveloping,
    signature_stamp,
    stamp,
    unsigned,
    values,
    with_unsigned,
)
from tests.ades.xml_signing import again

FAILED, OPEN, PASSED = Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED
Sub = SubIndication
LETTER = (
    '<don xmlns="urn:don" xmlns:x="urn:x"><noi-dung Id="N">Kính gửi <!-- ghi chú --></noi-dung>{} đuôi</don>'
)
DATA = {"van-ban.txt": "Kính gửi Ủy ban".encode()}


def judged(xml: bytes, trust: Trust, files: dict[str, bytes] | None = None) -> tuple[XadesJudgement, ...]:
    """Judge every signature of a document over the files of the tests."""
    known = DATA if files is None else files
    return judge_xades_file(xml, resolve=known.get, trust=trust, at=datetime.now(UTC))


def answer(judgement: XadesJudgement) -> tuple[Indication, SubIndication | None]:
    """Return the conclusion as a pair."""
    return judgement.report.conclusion.indication, judgement.report.conclusion.sub_indication


def only(xml: bytes, trust: Trust, files: dict[str, bytes] | None = None) -> XadesJudgement:
    """Return the judgement of the one signature."""
    (judgement,) = judged(xml, trust, files)
    return judgement


def codes(judgement: XadesJudgement) -> set[str]:
    """Return the codes of the findings."""
    return {finding.code for finding in judgement.report.findings}


@pytest.fixture(scope="module")
def stamper(tsa_url: str) -> Stamper:
    """Stamp with the trial time-stamp authority."""
    return lambda data: fetch_timestamp(tsa_url, hashlib.sha256(data).digest())


FORMS: dict[str, Callable[[SigningKey], bytes]] = {
    "detached": lambda key: built(detached(key, DATA)),
    "enveloping": lambda key: built(enveloping(key, "<a xmlns='urn:a'>Kính gửi <!-- ghi chú --></a>")),
    "enveloping octets": lambda key: built(enveloping_octets(key)),
    "enveloped": lambda key: built(enveloped(key, LETTER)),
    "enveloped, by the root's identifier": lambda key: built(
        enveloped(key, LETTER.replace("<don ", '<don Id="G" '), "#G")
    ),
    "enveloped, by XPointer": lambda key: built(
        enveloped(key, LETTER.replace(" <!-- ghi chú -->", ""), "#xpointer(/)")
    ),
    "enveloped in a part": lambda key: built(
        enveloped(key, "<bo><don Id='G'>Kính gửi {}</don><khac>đổi được</khac></bo>", "#xpointer(id('G'))")
    ),
    "beside what it signs": lambda key: built(
        replace(
            detached(key, {}),
            references=(Signed(uri="#N", transforms=(EXC_C14N,)),),
            frame='<bo xmlns:x="urn:x"><van-ban Id="N">Kính gửi</van-ban>{}</bo>',
        )
    ),
    "inclusive": lambda key: built(
        detached(key, DATA, canonicalization="http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    ),
    "version 1.1.1": lambda key: built(
        detached(key, DATA, space=xf.XADES_111, properties_type=xf.XADES_111 + "SignedProperties")
    ),
    "version 1.2.2": lambda key: built(
        detached(key, DATA, space=xf.XADES_122, properties_type=xf.XADES_122 + "SignedProperties")
    ),
    "version 1.3.2": lambda key: built(detached(key, DATA)),
    "EN 319 132-1": lambda key: built(detached(key, DATA, certificate="SigningCertificateV2")),
    "a manifest": lambda key: built(with_manifest(key, DATA["van-ban.txt"])),
}


def enveloping_octets(key: SigningKey) -> Recipe:
    """A ds:Object that holds octets in base64 (XMLDSig 4.5, 6.6.2)."""
    data = b"%PDF-1.7 thu nghiem"
    return enveloping(key, b64(data), references=(Signed(uri="#D", octets=data, transforms=(xf.BASE64,)),))


def with_manifest(key: SigningKey, data: bytes) -> Recipe:
    """A manifest names the file; the signature signs the manifest (XMLDSig 5.1)."""
    entry = f'<ds:Reference URI="van-ban.txt">{digest(data)}</ds:Reference>'
    return enveloping(
        key,
        f'<ds:Manifest Id="M">{entry}</ds:Manifest>',
        references=(Signed(uri="#M", transforms=(EXC_C14N,), type=xf.MANIFEST),),
    )


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read(name: str, agency_key: SigningKey, trust: Trust) -> None:
    """Passed, intact, XAdES-B-B; nothing is said of transforms."""
    judgement = only(FORMS[name](agency_key), trust)
    assert answer(judgement) == (PASSED, None), [f.sentence.text("en") for f in judgement.report.findings]
    assert (judgement.report.intact, judgement.report.level) == (True, "XAdES-B-B")


@pytest.mark.parametrize(
    ("name", "coverage"),
    [("enveloped", "whole"), ("enveloping", "whole"), ("enveloping octets", "whole"),
     ("enveloped, by the root's identifier", "whole"), ("enveloped in a part", "partial"),
     ("beside what it signs", "partial")],
)  # fmt: skip
def test_coverage_is_told(name: str, coverage: str, agency_key: SigningKey, trust: Trust) -> None:
    """The document with its root, or every object that the signature envelops."""
    assert only(FORMS[name](agency_key), trust).report.coverage == coverage


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("enveloping", "Kính gửi", "Kính gởi"),
        ("enveloping octets", b64(b"%PDF-1.7 thu nghiem"), b64(b"%PDF-1.7 thu nghiex")),
        ("enveloped", " đuôi", " đuôi!"),
        ("enveloped in a part", "Kính gửi", "Kính gởi"),
        ("beside what it signs", "Kính gửi", "Kính gởi"),
    ],
)
def test_a_change_in_any_form_is_noticed(
    name: str, old: str, new: str, agency_key: SigningKey, trust: Trust
) -> None:
    """HASH_FAILURE."""
    made = FORMS[name](agency_key).decode()
    assert old in made
    assert answer(only(made.replace(old, new).encode(), trust)) == (FAILED, Sub.HASH_FAILURE)


def test_one_reference_may_leave_its_file_to_the_reader(agency_key: SigningKey, trust: Trust) -> None:
    """XMLDSig 4.4.3.1: one without URI is about the one file that is given; two cannot be told apart."""

    def made(count: int) -> bytes:
        recipe = detached(agency_key, {f"van-ban-{n}.txt": b"Danh sach" for n in range(count)})
        xml = built(recipe)
        for place in range(count):
            xml = again(xml, agency_key, {f' URI="van-ban-{place}.txt"': ""})
        return xml

    def answered(xml: bytes, unnamed: str | None, data: bytes = b"Danh sach") -> object:
        files = {"a.txt": data}
        (one,) = judge_xades_file(xml, resolve=files.get, trust=trust, at=datetime.now(UTC), unnamed=unnamed)
        return answer(one)

    assert answered(made(1), "a.txt") == (PASSED, None)
    assert answered(made(1), "a.txt", b"khac") == (FAILED, Sub.HASH_FAILURE)
    assert answered(made(1), "") == (OPEN, Sub.SIGNED_DATA_NOT_FOUND)
    assert answered(made(1), None) == (FAILED, Sub.FORMAT_FAILURE)  # in a container
    assert answered(made(2), "a.txt") == (FAILED, Sub.FORMAT_FAILURE)


def test_a_manifest_is_as_good_as_its_references(agency_key: SigningKey, trust: Trust) -> None:
    """A file it names is covered; changed it fails, missing it is missing."""
    made = FORMS["a manifest"](agency_key)
    assert only(made, trust).covered == {"van-ban.txt"}
    assert answer(only(made, trust, {"van-ban.txt": b"khac"})) == (FAILED, Sub.HASH_FAILURE)
    assert answer(only(made, trust, {})) == (OPEN, Sub.SIGNED_DATA_NOT_FOUND)
    many = "".join(f'<ds:Reference URI="{n}">{digest(b"")}</ds:Reference>' for n in range(40))
    recipe = with_manifest(agency_key, b"")
    crowded = built(
        replace(recipe, objects=f'<ds:Object><ds:Manifest Id="M">{many}</ds:Manifest></ds:Object>')
    )
    assert answer(only(crowded, trust)) == (FAILED, Sub.FORMAT_FAILURE)


NOT_ACCEPTED = {
    # what the right key may have signed and is refused all the same, by name
    "base64 over a file": Signed(uri="van-ban.txt", octets=b"x", transforms=(xf.BASE64,)),
    "base64 over an element": Signed(uri="#N", octets=b"", transforms=(xf.BASE64,)),
    "base64, then canonical": Signed(uri="#D", octets=b"", transforms=(xf.BASE64, EXC_C14N)),
    "XPath": Signed(uri="#D", octets=b"", transforms=(xf.XPATH,)),
    "XPath filter": Signed(uri="#D", octets=b"", transforms=("http://www.w3.org/2002/06/xmldsig-filter2",)),
    "XSLT": Signed(uri="#D", octets=b"", transforms=("http://www.w3.org/TR/1999/REC-xslt-19991116",)),
    "enveloped where it is not inside": Signed(uri="#N", octets=b"", transforms=(xf.ENVELOPED,)),
    "canonical before enveloped": Signed(uri="", octets=b"", transforms=(EXC_C14N, xf.ENVELOPED)),
}


@pytest.mark.parametrize("name", NOT_ACCEPTED)
def test_other_transforms_are_refused(name: str, agency_key: SigningKey, trust: Trust) -> None:
    """SIG_CONSTRAINTS_FAILURE, and nothing of it is run."""
    recipe = enveloping(agency_key, b64(b"x"), frame='<bo><van-ban Id="N"><b>Kính</b></van-ban>{}</bo>')
    judgement = only(built(replace(recipe, references=(*recipe.references, NOT_ACCEPTED[name]))), trust)
    assert answer(judgement) == (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)
    (finding,) = [one for one in judgement.report.findings if one.code == "transform"]
    unknown = [
        one for one in NOT_ACCEPTED[name].transforms if "xpath" in one or "xslt" in one or "filter" in one
    ]
    assert all(one in finding.sentence.text("vi") for one in unknown)


FILTER = '<f:XPath xmlns:f="{0}" xmlns:ds="{1}" Filter="{2}">{3}</f:XPath>'
FILTERS = {
    # the filter's text, and whether it is the one that takes out signatures and nothing else
    "/descendant::ds:Signature": True,
    "//ds:Signature": True,
    "/*/ds:Signature": True,
    " /descendant::ds:Signature ": True,
    "/descendant::ds:Object": False,
    "/descendant::*": False,
    "/descendant::ds:Signature | //noi-dung": False,
    "//ds:Signature[1]": False,
    "//x:Signature": False,
    "": False,
}


def filtered(text: str, *, how: str = "subtract", namespace: str = DS) -> str:
    """Write the parameter of an XPath filter."""
    return FILTER.format(xf.FILTER, namespace, how, text)


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_may_take_out_the_signatures(text: str, agency_key: SigningKey, trust: Trust) -> None:
    """XPath filter 2.0: one expression is the enveloped-signature transform in other words; none is run."""
    recipe = enveloped(agency_key, LETTER)
    (reference,) = recipe.references

    def made(transforms: tuple[str, ...] = (xf.FILTER,), **changes: str) -> bytes:
        one = replace(reference, transforms=transforms, inner=filtered(text, **changes))
        return built(replace(recipe, references=(one,), canonicalization=C14N))

    refused = (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)
    good = only(made(), trust)
    assert answer(good) == ((PASSED, None) if FILTERS[text] else refused)
    if not FILTERS[text]:
        return
    assert good.covered == {""}
    assert good.report.coverage == "whole"
    changed = made().replace("Kính gửi".encode(), "Trình".encode())
    assert answer(only(changed, trust)) == (FAILED, Sub.HASH_FAILURE)
    assert answer(only(made(how="intersect"), trust)) == refused
    assert answer(only(made(how="union"), trust)) == refused
    assert answer(only(made(namespace="urn:khac"), trust)) == refused
    assert answer(only(made(transforms=(xf.FILTER, xf.FILTER)), trust)) == refused


XPATH = '<ds:XPath xmlns:ds="{0}">{1}</ds:XPath>'
EXPRESSIONS = {
    "not(ancestor-or-self::ds:Signature)": True,
    "not( ancestor-or-self::ds:Signature )": True,
    "\n  not(ancestor-or-self::ds:Signature)\n": True,
    "not(ancestor-or-self::ds:Object)": False,
    "not(ancestor-or-self::*)": False,
    "not(ancestor-or-self::ds:Signature) and not(self::noi-dung)": False,
    "not(ancestor-or-self::ds:Signature[1])": False,
    "not(ancestor-or-self::x:Signature)": False,
    "ancestor-or-self::ds:Signature": False,
    "": False,
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_xpath_may_leave_the_signatures_out(text: str, agency_key: SigningKey, trust: Trust) -> None:
    """XMLDSig 6.6.3: one expression is the enveloped-signature transform in other words; none is run."""
    recipe = enveloped(agency_key, LETTER)
    (reference,) = recipe.references

    def made(inner: str, *, transforms: tuple[str, ...] = (xf.XPATH,)) -> bytes:
        one = replace(reference, transforms=transforms, inner=inner)
        return built(replace(recipe, references=(one,), canonicalization=C14N))

    refused = (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)
    good = made(XPATH.format(DS, text))
    assert answer(only(good, trust)) == ((PASSED, None) if EXPRESSIONS[text] else refused)
    if not EXPRESSIONS[text]:
        return
    assert only(good, trust).report.coverage == "whole"
    changed = good.replace("Kính gửi".encode(), "Trình".encode())
    assert answer(only(changed, trust)) == (FAILED, Sub.HASH_FAILURE)
    assert answer(only(made(XPATH.format("urn:khac", text)), trust)) == refused
    assert answer(only(made(filtered(text)), trust)) == refused
    assert answer(only(made(XPATH.format(DS, text), transforms=(xf.FILTER,)), trust)) == refused
    twice = made(XPATH.format(DS, text), transforms=(xf.XPATH, xf.XPATH))
    assert answer(only(twice, trust)) == refused


def test_two_may_sign_one_document_that_filters_out_both(
    agency_key: SigningKey, person_key: SigningKey, trust: Trust
) -> None:
    """Each passes over what is not a signature; with the plain transform the second would be the first's."""
    inner = filtered("/descendant::ds:Signature")

    def signed_by(key: SigningKey, frame: str, id: str) -> bytes:
        recipe = enveloped(key, frame, id=id)
        octets = enveloped(key, LETTER.replace("{}", "{}")).references[0].octets
        one = Signed(uri="", octets=octets, transforms=(xf.FILTER,), inner=inner)
        return built(replace(recipe, references=(one,)))

    first = signed_by(agency_key, LETTER, "S1").decode()
    both = signed_by(person_key, first.replace(" đuôi", "{} đuôi"), "S2")
    assert [answer(one) for one in judged(both, trust)] == [(PASSED, None)] * 2
    below = both.replace(b"<noi-dung", b'<muc><ds:Signature xmlns:ds="' + DS.encode() + b'"/></muc><noi-dung')
    assert (FAILED, Sub.HASH_FAILURE) in [answer(one) for one in judged(below, trust)]


def test_a_filter_below_the_root_leaves_what_lies_deeper(agency_key: SigningKey, trust: Trust) -> None:
    """The signature is not among what is taken out: it would sign itself, which nobody can."""
    frame = '<don xmlns="urn:don"><phan>{}</phan></don>'
    one = Signed(uri="", octets=b"", transforms=(xf.FILTER,), inner=filtered("/*/ds:Signature"))
    made = built(replace(enveloped(agency_key, frame), references=(one,)))
    assert answer(only(made, trust)) == (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)


def test_two_canonicalisations_follow_each_other(agency_key: SigningKey, trust: Trust) -> None:
    """The octets of the first are read again for the second."""
    recipe = enveloping(agency_key, "<a>Kính</a>")
    both = (EXC_C14N, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    octets = f'<ds:Object xmlns:ds="{DS}" Id="D"><a>Kính</a></ds:Object>'.encode()
    made = built(replace(recipe, references=(Signed(uri="#D", octets=octets, transforms=both),)))
    assert answer(only(made, trust)) == (PASSED, None)


def test_identifiers_that_are_none_may_repeat(agency_key: SigningKey, trust: Trust) -> None:
    """Attributes called ``id`` in a form of its own; a reference to one of them is a breach."""
    frame = '<bo><dong id="1">a</dong><dong id="1">b</dong>{}</bo>'
    assert answer(only(built(enveloped(agency_key, frame)), trust)) == (PASSED, None)
    pointed = replace(
        enveloped(agency_key, frame), references=(Signed(uri="#1", octets=b"", transforms=(EXC_C14N,)),)
    )
    assert answer(only(built(pointed), trust)) == (FAILED, Sub.FORMAT_FAILURE)


def test_a_key_value_proves_nothing(agency_key: SigningKey, trust: Trust) -> None:
    """A key in the file is no certificate: nobody knows whose it is."""
    numbers = "<ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    key_value = f"<ds:KeyValue><ds:RSAKeyValue>{numbers}</ds:RSAKeyValue></ds:KeyValue>"
    for is_xades in (True, False):
        judgement = only(
            built(detached(agency_key, DATA, key_info=key_value, is_xades=is_xades)), Trust.nothing()
        )
        assert answer(judgement)[0] is OPEN
        assert judgement.report.signer is None


def test_plain_signatures_are_named_so(agency_key: SigningKey, trust: Trust) -> None:
    """XMLDSig: who signed is seen by the key alone, so it never passes; the right one of two is shown."""
    root = b64(agency_key.chain[-1].public_bytes(Encoding.DER))
    own = b64(agency_key.certificate.public_bytes(Encoding.DER))
    info = "".join(
        f"<ds:X509Data><ds:X509Certificate>{one}</ds:X509Certificate></ds:X509Data>" for one in (root, own)
    )
    judgement = only(built(detached(agency_key, DATA, is_xades=False, key_info=info)), trust)
    assert (judgement.report.format, judgement.report.level) == ("xmldsig", "XMLDSig")
    assert answer(judgement) == (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)
    assert judgement.certificate == agency_key.certificate


def test_a_certificate_may_come_from_the_trust(agency_key: SigningKey, trust: Trust) -> None:
    """Not in the file, but known, and named by its digest: found."""
    known = replace(trust, intermediates=(*trust.intermediates, agency_key.certificate))
    made = built(detached(agency_key, DATA, key_info="<ds:KeyName>Mẫu</ds:KeyName>"))
    assert answer(only(made, known)) == (PASSED, None)
    assert answer(only(made, trust)) == (OPEN, Sub.NO_SIGNING_CERTIFICATE_FOUND)


# --- policies -----------------------------------------------------------------------------------------------


def policy(document: bytes, identifier: str = "urn:oid:1.2.3") -> str:
    """Return a policy named by the digest of its document."""
    return (
        "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>"
        f"<xades:Identifier>{identifier}</xades:Identifier></xades:SigPolicyId>"
        f"<xades:SigPolicyHash>{digest(document)}</xades:SigPolicyHash>"
        "<xades:SigPolicyQualifiers><xades:SigPolicyQualifier>"
        "<xades:SPURI>http://127.0.0.1:9/chinh-sach.txt</xades:SPURI></xades:SigPolicyQualifier>"
        "</xades:SigPolicyQualifiers></xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>"
    )


def test_a_policy_is_named_and_checked_where_it_can_be(agency_key: SigningKey, trust: Trust) -> None:
    """EN 319 102-1 5.2.4: not at hand a warning, at hand its digest decides; nothing is fetched."""
    made = built(detached(agency_key, DATA, policy=policy(b"chinh sach")))
    absent = only(made, trust)
    assert answer(absent) == (PASSED, None)
    assert "1.2.3" in next(f for f in absent.report.findings if f.code == "signature-policy").sentence.text(
        "vi"
    )
    assert answer(only(made, trust, DATA | {"chinh-sach.txt": b"chinh sach"})) == (PASSED, None)
    other = only(made, trust, DATA | {"chinh-sach.txt": b"chinh sach khac"})
    assert answer(other) == (OPEN, Sub.POLICY_PROCESSING_ERROR)
    inner = "<x:SignaturePolicyDocument>{}</x:SignaturePolicyDocument>"
    store = f'<x:SignaturePolicyStore xmlns:x="{XA141}">{inner}</x:SignaturePolicyStore>'
    kept = with_unsigned(made, store.format(b64(b"chinh sach")))
    assert answer(only(kept, trust)) == (PASSED, None)
    wrong = with_unsigned(made, store.format(b64(b"khac")))
    assert answer(only(wrong, trust)) == (OPEN, Sub.POLICY_PROCESSING_ERROR)


class Damaged(io.BytesIO):
    """A file of a container whose bytes are found damaged on the way."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Give what is there, then say that it is damaged."""
        piece = super().read(size)
        if not piece:
            raise ContainerError(say("The entry is damaged."), where="chinh-sach.txt")
        return piece


def test_a_policy_in_a_file_is_read_to_its_end(agency_key: SigningKey, trust: Trust) -> None:
    """However many pieces it comes in; a damaged one is as good as none."""
    document = b"chinh sach" * 100_000
    made = built(detached(agency_key, DATA, policy=policy(document)))

    def judged_with(source: BinaryIO) -> XadesJudgement:
        files: dict[str, bytes | BinaryIO] = {**DATA, "chinh-sach.txt": source}
        (judgement,) = judge_xades_file(made, resolve=files.get, trust=trust, at=datetime.now(UTC))
        return judgement

    read = judged_with(io.BytesIO(document))
    assert (answer(read), findings_of(read, "signature-policy")) == ((PASSED, None), [Severity.INFO])
    damaged = judged_with(Damaged(document))
    assert (answer(damaged), findings_of(damaged, "signature-policy")) == ((PASSED, None), [Severity.WARNING])


def findings_of(judgement: XadesJudgement, code: str) -> list[Severity]:
    """Return how grave the findings of a code are."""
    return [finding.severity for finding in judgement.report.findings if finding.code == code]


def test_an_implied_policy_is_said(agency_key: SigningKey, trust: Trust) -> None:
    """SignaturePolicyImplied."""
    implied = (
        "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyImplied/></xades:SignaturePolicyIdentifier>"
    )
    judgement = only(built(detached(agency_key, DATA, policy=implied)), trust)
    assert answer(judgement) == (PASSED, None)
    assert "signature-policy" in codes(judgement)


# --- counter-signatures -------------------------------------------------------------------------------------


def countersigned(
    xml: bytes, key: SigningKey, *, over: str = "S1-V", id: str = "C1", of: str = "S1"
) -> bytes:
    """Return the document with a counter-signature over the element ``over``."""
    octets = c14n(by_id(parse(xml), over))
    reference = Signed(uri=f"#{over}", octets=octets, transforms=(EXC_C14N,), type=xf.COUNTERSIGNED)
    made = built(replace(detached(key, {}), references=(reference,), id=id)).decode()
    return with_unsigned(
        xml, f'<xades:CounterSignature xmlns:xades="{XA}">{made}</xades:CounterSignature>', of
    )


def test_a_counter_signature_is_a_signature_of_its_own(
    agency_key: SigningKey, person_key: SigningKey, trust: Trust
) -> None:
    """Judged against the value of the signature that carries it, and told whom it confirms."""
    made = countersigned(built(detached(agency_key, DATA)), person_key)
    first, counter = judged(made, trust)
    assert [first.report.id, counter.report.id, counter.counter_of] == ["S1", "S1-C1", "S1"]
    assert answer(first) == answer(counter) == (PASSED, None)
    assert counter.certificate == person_key.certificate
    assert "counter-signature" in codes(counter)
    assert counter.report.coverage == "partial"


def test_a_counter_signature_may_be_countersigned(
    agency_key: SigningKey, person_key: SigningKey, province_key: SigningKey, trust: Trust
) -> None:
    """Each against its own parent."""
    once = countersigned(built(detached(agency_key, DATA)), person_key)
    twice = countersigned(once, province_key, over="C1-V", id="CC1", of="C1")
    assert [one.report.id for one in judged(twice, trust)] == ["S1", "S1-C1", "S1-C1-C1"]
    assert {answer(one) for one in judged(twice, trust)} == {(PASSED, None)}


def test_a_counter_signature_of_something_else_fails(
    agency_key: SigningKey, person_key: SigningKey, trust: Trust
) -> None:
    """Injected from elsewhere, over another part of the same signature, or over a value since replaced."""
    made = built(detached(agency_key, DATA))
    over_properties = judged(countersigned(made, person_key, over="S1-P"), trust)
    assert answer(over_properties[1]) == (FAILED, Sub.FORMAT_FAILURE)
    assert "counter-signature-parent" in codes(over_properties[1])
    other = built(detached(agency_key, {"van-ban.txt": b"khac"}))
    foreign = countersigned(other, person_key)
    (taken,) = unsigned(parse(foreign))
    injected = judged(with_unsigned(made, etree.tostring(taken).decode()), trust)
    assert answer(injected[0]) == (PASSED, None)
    assert answer(injected[1]) == (FAILED, Sub.HASH_FAILURE)


def test_a_signature_hidden_among_unsigned_properties_is_refused(
    agency_key: SigningKey, person_key: SigningKey, trust: Trust
) -> None:
    """Only a CounterSignature property holds one."""
    made = countersigned(built(detached(agency_key, DATA)), person_key).decode()
    hidden = made.replace("xades:CounterSignature", "xades:KhongPhai")
    assert answer(only(hidden.encode(), trust)) == (FAILED, Sub.FORMAT_FAILURE)


# --- time-stamps and validation data ------------------------------------------------------------------------


def material(trust: Trust, key: SigningKey) -> list[str]:
    """Return CertificateValues and RevocationValues of a signature."""
    return values([one.public_bytes(Encoding.DER) for one in (key.certificate, *key.chain)], list(trust.crls))


def long_term(
    key: SigningKey, stamper: Stamper, trust: Trust, recipe: Recipe, data: bytes, *, space: str
) -> bytes:
    """Return a B-LTA signature: stamped, with its validation data, and stamped again over everything."""
    xml = signature_stamp(built(recipe), stamper)
    for one in material(trust, key):
        xml = with_unsigned(xml, one)
    octets = archive_octets(xml, [data], skip_referenced=space == XA)
    return with_unsigned(xml, stamp("ArchiveTimeStamp", stamper(octets), space=space))


def test_each_level_is_told_by_what_it_carries(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """B-T, B-LT (the signer's certificate again among the values is no doubling), B-LTA."""
    stamped = signature_stamp(built(detached(agency_key, DATA)), stamper)
    assert only(stamped, trust).report.level == "XAdES-B-T"
    held = stamped
    for one in material(trust, agency_key):
        held = with_unsigned(held, one)
    assert (answer(only(held, trust)), only(held, trust).report.level) == ((PASSED, None), "XAdES-B-LT")


@pytest.mark.parametrize("space", [XA, XA141])
@pytest.mark.parametrize("form", ["detached", "enveloping", "enveloped", "filtered"])
def test_archive_time_stamps_protect_everything(
    space: str, form: str, agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """EN 319 132-1 5.5.2 and TS 101 903 v1.3.2 7.7: intact over what it stamps, and over nothing else."""
    recipes = {
        "detached": (detached(agency_key, DATA), DATA["van-ban.txt"]),
        "enveloping": (enveloping(agency_key, "<a>Kính gửi</a>"), None),
        "enveloped": (enveloped(agency_key, LETTER), None),
        "filtered": (filtering(agency_key), None),
    }
    recipe, data = recipes[form]
    if form == "enveloping":
        data = c14n(by_id(parse(built(recipe)), "D"))
    elif form in ("enveloped", "filtered"):  # a set of nodes: canonicalised as the stamp says
        data = c14n(parse(LETTER.replace("{}", "").encode()))
    assert data is not None
    made = long_term(agency_key, stamper, trust, recipe, data, space=space)
    judgement = only(made, trust)
    assert answer(judgement) == (PASSED, None)
    assert judgement.report.level == "XAdES-B-LTA"
    assert [one.kind for one in judgement.report.timestamps] == ["signature", "archive"]
    assert [one.intact for one in judgement.report.timestamps] == [True, True]
    changed = made.replace(b"<xades:CRLValues>", b"<xades:CRLValues> ")
    if b"<xades:CRLValues>" in made:
        assert [one.intact for one in only(changed, trust).report.timestamps] == [True, False]


def filtering(key: SigningKey, text: str = "/descendant::ds:Signature") -> Recipe:
    """Return the recipe of an enveloped signature by an XPath filter."""
    recipe = enveloped(key, LETTER)
    one = replace(recipe.references[0], transforms=(xf.FILTER,), inner=filtered(text))
    return replace(recipe, references=(one,))


def test_a_stamp_over_what_cannot_be_made_is_not_decided(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """Where a transform is refused, nobody knows what was stamped: not broken, and no proof."""
    recipe = filtering(agency_key, "/descendant::ds:Object")
    judgement = only(long_term(agency_key, stamper, trust, recipe, b"khac", space=XA141), trust)
    assert answer(judgement) == (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)
    assert [one.intact for one in judgement.report.timestamps] == [True, None]


def test_a_second_archive_time_stamp_protects_the_first(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """With TimeStampValidationData between them; the names of what is protected are known."""
    data = DATA["van-ban.txt"]
    once = long_term(agency_key, stamper, trust, detached(agency_key, DATA), data, space=XA141)
    inner = "".join(material(trust, agency_key))
    once = with_unsigned(
        once, f'<v:TimeStampValidationData xmlns:v="{XA141}">{inner}</v:TimeStampValidationData>'
    )
    octets = archive_octets(once, [data])
    twice = with_unsigned(once, stamp("ArchiveTimeStamp", stamper(octets), space=XA141))
    judgement = only(twice, trust)
    assert answer(judgement) == (PASSED, None)
    assert [one.intact for one in judgement.report.timestamps] == [True, True, True]


def test_stamps_over_references_are_read(agency_key: SigningKey, stamper: Stamper, trust: Trust) -> None:
    """SigAndRefsTimeStamp and RefsOnlyTimeStamp (EN 319 132-1 A.1.5), and what their references protect."""
    made = signature_stamp(built(detached(agency_key, DATA)), stamper)
    der = agency_key.certificate.public_bytes(Encoding.DER)
    made = with_unsigned(
        made,
        f'<xades:CompleteCertificateRefs xmlns:xades="{XA}" xmlns:ds="{DS}"><xades:CertRefs><xades:Cert>'
        f"<xades:CertDigest>{digest(der)}</xades:CertDigest></xades:Cert></xades:CertRefs></xades:CompleteCertificateRefs>",
    )
    root = parse(made)
    references = c14n(unsigned(root)[1])
    both = c14n(by_id(root, "S1-V")) + c14n(unsigned(root)[0]) + references
    made = with_unsigned(made, stamp("SigAndRefsTimeStamp", stamper(both)))
    made = with_unsigned(made, stamp("RefsOnlyTimeStamp", stamper(references)))
    judgement = only(made, trust)
    assert [(one.kind, one.intact) for one in judgement.report.timestamps] == [
        ("signature", True),
        ("signature", True),
        ("archive", True),
    ]
    assert answer(judgement) == (PASSED, None)


def test_content_time_stamps_are_signed_properties(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """AllDataObjectsTimeStamp and IndividualDataObjectsTimeStamp stamp the data before it is signed."""
    data = DATA["van-ban.txt"]
    name = hashlib.sha256(b"van-ban.txt").hexdigest()[:8]
    include = f'<xades:Include URI="#S1-{name}" referencedData="true"/>'
    both = stamp("AllDataObjectsTimeStamp", stamper(data)) + stamp(
        "IndividualDataObjectsTimeStamp", stamper(data), before=include
    )
    properties = f"<xades:SignedDataObjectProperties>{both}</xades:SignedDataObjectProperties>"
    made = built(detached(agency_key, DATA, data_properties=properties))
    judgement = only(made, trust)
    assert answer(judgement) == (PASSED, None)
    assert [(one.kind, one.intact) for one in judgement.report.timestamps] == [("content", True)] * 2
    assert judgement.report.level == "XAdES-B-B"
    other = stamp("AllDataObjectsTimeStamp", stamper(b"khac"))
    other = f"<xades:SignedDataObjectProperties>{other}</xades:SignedDataObjectProperties>"
    judgement = only(built(detached(agency_key, DATA, data_properties=other)), trust)
    assert [one.intact for one in judgement.report.timestamps] == [False]


def test_older_versions_say_otherwise_what_is_stamped(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """HashDataInfo of 1.1.1 and Include of 1.2.2 around the same signature value."""
    transforms = f'<ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
    for space, before in (
        (xf.XADES_111, f'<xades:HashDataInfo uri="#S1-V">{transforms}</xades:HashDataInfo>'),
        (xf.XADES_122, '<xades:Include URI="#S1-V"/>'),
    ):
        made = built(detached(agency_key, DATA, space=space, properties_type=space + "SignedProperties"))
        token = stamper(c14n(by_id(parse(made), "S1-V")))
        made = with_unsigned(made, stamp("SignatureTimeStamp", token, space=space, before=before))
        judgement = only(made, trust)
        assert [one.intact for one in judgement.report.timestamps] == [True]
        assert (answer(judgement), judgement.report.level) == ((PASSED, None), "XAdES-B-T")


def test_what_a_stamp_protects_is_known_by_name(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """The archive time-stamp names the value, the first token and the revocation lists before it."""
    from docsign.ades.stamped import name_of
    from docsign.ades.xades_references import file_name
    from docsign.ades.xades_transforms import Budget, Sources

    data = DATA["van-ban.txt"]
    made = long_term(agency_key, stamper, trust, detached(agency_key, DATA), data, space=XA141)
    document = xf.read_document(parse(made))
    form = xf.read_form(document.signatures[0])
    sources = Sources(
        document=document, resolve=DATA.get, name_of=file_name, digests={}, budget=Budget.of(made)
    )
    first, archive = xades_stamps.stamps_of(form, sources, None, id="S1")
    assert first.covers == {name_of(form.value)}
    assert archive.covers >= {name_of(form.value), name_of(first.token), *map(name_of, trust.crls)}
    held = [xades_properties.values_in(one) for one in form.unsigned]
    assert tuple(crl for one in held for crl in one.crls) == tuple(trust.crls)


def test_a_file_too_large_to_be_canonicalised_is_not_called_changed(
    agency_key: SigningKey, trust: Trust
) -> None:
    """It may be in order: INDETERMINATE, as it could not be looked at."""
    data = b"<a>" + b"<b></b>" * 210_000 + b"</a>"
    recipe = detached(agency_key, {})
    recipe = replace(recipe, references=(Signed(uri="bang.xml", octets=data, transforms=(EXC_C14N,)),))
    judgement = only(built(recipe), trust, {"bang.xml": data})
    assert answer(judgement) == (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)


def test_without_identifiers_the_reference_alone_binds_the_properties(
    agency_key: SigningKey, trust: Trust
) -> None:
    """A signature without Id has qualifying properties without Target."""
    assert answer(only(built(detached(agency_key, DATA, names_itself=False)), trust)) == (PASSED, None)


def test_comments_may_stand_among_the_unsigned_properties(
    agency_key: SigningKey, stamper: Stamper, trust: Trust
) -> None:
    """Some programs write them there, where they say nothing; inside a value they are refused."""
    stamped = signature_stamp(built(detached(agency_key, DATA)), stamper)
    for place in (
        b"<xades:SignatureTimeStamp",
        b"<ds:CanonicalizationMethod",
        b"<xades:EncapsulatedTimeStamp",
    ):
        head, mark, tail = stamped.rpartition(place)
        judgement = only(head + b"<!-- ghi chu -->" + mark + tail, trust)
        assert answer(judgement) == (PASSED, None)
        assert [one.intact for one in judgement.report.timestamps] == [True]
    for inside in (
        b"<xades:EncapsulatedTimeStamp><!-- ghi chu -->",
        b"<xades:EncapsulatedTimeStamp>MII<!---->",
    ):
        made = stamped.replace(b"<xades:EncapsulatedTimeStamp>", inside)
        assert answer(only(made, trust)) == (FAILED, Sub.FORMAT_FAILURE)
    order = stamped.replace(b"<xades:SignatureTimeStamp", b"<?x y?><xades:SignatureTimeStamp")
    assert answer(only(order, trust)) == (FAILED, Sub.FORMAT_FAILURE)


def test_what_is_too_large_to_be_read_is_not_decided(agency_key: SigningKey, trust: Trust) -> None:
    """Nobody looked, so that nobody can say it is broken; nor that it is good."""
    xml = built(enveloped(agency_key, "<don>Kính gửi{}</don>"))
    for more in (b" " * LIMIT, b"<a/>" * MAX_MARKUP):
        judgement = only(xml.replace(b"<don>", b"<don>" + more), trust)
        assert answer(judgement) == (OPEN, Sub.GENERIC)
        assert codes(judgement) == {"too-large"}


def test_content_put_into_an_enveloped_signature_is_told(agency_key: SigningKey, trust: Trust) -> None:
    """The enveloped transform leaves out all of the signature, also what somebody adds to it.

    So does a signature that envelops: what is added beside what it signs is signed by nobody.
    """
    around = built(enveloping(agency_key, "<a>Kính gửi</a>"))
    added = around.replace(b'<ds:Object Id="D">', b'<ds:Object><a>Khac</a></ds:Object><ds:Object Id="D">')
    judgement = only(added, trust)
    assert answer(judgement) == (PASSED, None)
    assert (codes(judgement), judgement.report.coverage) == ({"unsigned-object"}, "partial")
    xml = built(enveloped(agency_key, "<don>Kính gửi{}</don>"))
    more = xml.replace(b"</ds:Signature>", b"<ds:Object><them/></ds:Object></ds:Signature>")
    for data, coverage, said in ((xml, "whole", []), (more, "partial", ["unsigned-object"])):
        report = judge_xades(data, resolve=lambda _: None, trust=trust, at=datetime.now(UTC)).report
        assert (report.coverage, [one.code for one in report.findings]) == (coverage, said)
