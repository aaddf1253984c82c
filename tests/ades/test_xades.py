"""XAdES: what docsign signs it accepts, and each known trick with XML signatures has its answer."""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsign.ades import xades_form
from docsign.ades.xades import XadesJudgement, judge_xades, judge_xades_file, uri_of
from docsign.ades.xades_judge import MOST_REFERENCES
from docsign.ades.xades_references import file_name
from docsign.ades.xml import EXC_C14N, parse
from docsign.pki import SigningKey, Trust
from docsign.pki.authority import KeyKind, TrialAuthority
from docsign.pki.fetch import fetch_timestamp
from docsign.verdict import Indication, SubIndication
from tests.ades.xml_signing import FILES, NOW, again, signed

FAILED, OPEN, PASSED = Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED
Sub = SubIndication
PDF = "documents/Công văn 1.pdf"


def judged(xml: bytes, trust: Trust, files: dict[str, bytes] | None = None) -> XadesJudgement:
    """Judge over the files of the tests."""
    known = FILES if files is None else files
    return judge_xades(xml, resolve=known.get, trust=trust, at=datetime.now(UTC))


def answer(judgement: XadesJudgement) -> tuple[Indication, SubIndication | None]:
    """Return the conclusion as a pair."""
    return judgement.report.conclusion.indication, judgement.report.conclusion.sub_indication


def codes(judgement: XadesJudgement) -> set[str]:
    """Return the codes of the findings."""
    return {finding.code for finding in judgement.report.findings}


@pytest.fixture(scope="module")
def xml(agency_key: SigningKey) -> bytes:
    """A signature of the commune over two files."""
    return signed(agency_key)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "ed25519"])
def test_what_is_signed_passes(kind: KeyKind, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With every kind of key we sign with."""
    authority = TrialAuthority.create(tmp_path_factory.mktemp("keys"))
    key = authority.issue("agency", "CƠ QUAN THỬ", organization="CƠ QUAN THỬ", key=kind).signing_key()
    judgement = judged(signed(key), authority.trust())
    assert answer(judgement) == (PASSED, None)
    assert judgement.covered == judgement.referred == frozenset(FILES)
    assert judgement.report.intact is True
    assert judgement.report.signing_time == NOW


def test_the_form_is_that_of_the_baseline(xml: bytes, agency_key: SigningKey) -> None:
    """EN 319 132-1 6.3: SigningTime, SigningCertificateV2, one DataObjectFormat per file."""
    root = parse(xml)
    assert root.tag == "{http://uri.etsi.org/02918/v1.2.1#}XAdESSignatures"
    form = xades_form.read_form(root[0])
    assert [reference.uri for reference in form.references] == [
        "header.edxml",
        "documents/C%C3%B4ng%20v%C4%83n%201.pdf",
        "#S1-SignedProperties",
    ]
    space = f"{{{xades_form.XADES}}}"
    assert len(list(root.iter(f"{space}DataObjectFormat"))) == 2
    assert len(list(root.iter(f"{space}SigningCertificateV2"))) == 1
    assert len(form.certificates) == 1 + len(agency_key.chain)


def test_references_are_names_percent_encoded() -> None:
    """And decoded they are the names again; what leads elsewhere is none."""
    for name in ("header.edxml", "documents/Công văn số 1 (bản 100%).pdf", "a~b-c_d.e"):
        assert file_name(uri_of(name)) == name
    for uri in ("http://a.example/x", "/etc/passwd", "file:///etc/passwd", "a?b", "a#b", "%ff"):
        assert file_name(uri) is None


def test_a_changed_file_fails_and_a_missing_one_is_missing(xml: bytes, trust: Trust) -> None:
    """HASH_FAILURE with the file's name; SIGNED_DATA_NOT_FOUND."""
    changed = judged(xml, trust, FILES | {PDF: b"%PDF-1.7 thu nghiem!"})
    assert answer(changed) == (FAILED, Sub.HASH_FAILURE)
    assert [f.where for f in changed.report.findings if f.code == "content-changed"] == [PDF]
    assert changed.covered == {"header.edxml"}
    missing = judged(xml, trust, {"header.edxml": FILES["header.edxml"]})
    assert answer(missing) == (OPEN, Sub.SIGNED_DATA_NOT_FOUND)
    assert missing.report.intact is None


def test_files_are_read_piece_by_piece(xml: bytes, trust: Trust) -> None:
    """A stream does as well as bytes."""
    judgement = judge_xades(
        xml, resolve=lambda name: io.BytesIO(FILES[name]), trust=trust, at=datetime.now(UTC)
    )
    assert answer(judgement) == (PASSED, None)


def test_without_anchor_it_is_open(xml: bytes) -> None:
    """Neither passed nor failed, and still intact."""
    judgement = judged(xml, Trust.nothing())
    assert answer(judgement) == (OPEN, Sub.NO_CERTIFICATE_CHAIN_FOUND)
    assert judgement.report.intact is True


def swap(old: str, new: str, count: int = 1) -> Callable[[str], str]:
    """Return a change of text."""

    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, count)

    return change


def part(text: str, name: str) -> str:
    """Return an element as text."""
    match = re.search(rf"<{name}[ >].*?</{name}>", text, re.DOTALL)
    assert match is not None
    return match[0]


def doubled(name: str) -> Callable[[str], str]:
    """Return a change that writes an element twice."""
    return lambda text: text.replace(part(text, name), part(text, name) * 2, 1)


def moved_properties(text: str) -> str:
    """Wrap: the signed properties go elsewhere, others that claim another time take their place."""
    real = part(text, "xades:SignedProperties")
    fake = real.replace("S1-SignedProperties", "S1-Other").replace(
        "<xades:SigningTime>20", "<xades:SigningTime>19"
    )
    return text.replace(real, fake).replace(
        "</ds:Signature>", f"<ds:Object>{real}</ds:Object></ds:Signature>"
    )


def twin_properties(text: str) -> str:
    """Wrap: the same identifier twice."""
    real = part(text, "xades:SignedProperties")
    fake = real.replace("<xades:SigningTime>20", "<xades:SigningTime>19")
    return text.replace(real, fake).replace(
        "</ds:Signature>", f"<ds:Object>{real}</ds:Object></ds:Signature>"
    )


def hidden_signature(text: str) -> str:
    """Put a signature where no one looks."""
    inner = part(text, "ds:Signature").replace("S1", "S9")
    return text.replace("</ds:Signature>", f"<ds:Object>{inner}</ds:Object></ds:Signature>", 1)


MALFORMED: dict[str, Callable[[str], str]] = {
    "a document type": lambda text: text.replace("?>\n", "?>\n<!DOCTYPE x>", 1),
    "two SignedInfo": doubled("ds:SignedInfo"),
    "two values": doubled("ds:SignatureValue"),
    "two KeyInfo": doubled("ds:KeyInfo"),
    "two QualifyingProperties": lambda text: text.replace(
        part(text, "ds:Object"), part(text, "ds:Object") + part(text, "ds:Object").replace("S1-S", "S2-S")
    ),
    "the same identifier twice": twin_properties,
    "properties moved away": moved_properties,
    "properties of another": swap('Target="#S1"', 'Target="#S2"'),
    "a comment in a digest": swap("<ds:DigestValue>", "<ds:DigestValue><!-- x -->"),
    "a comment in the value": swap('SignatureValue">', 'SignatureValue"><!-- x -->'),
    "an instruction": swap("<ds:KeyInfo>", "<ds:KeyInfo><?x y?>"),
    "an element in a digest": swap("<ds:DigestValue>", "<ds:DigestValue><x/>"),
    "no base64": swap("<ds:DigestValue>", "<ds:DigestValue>*"),
    "KeyInfo first": lambda text: text.replace(part(text, "ds:KeyInfo"), "").replace(
        "<ds:SignedInfo>", part(text, "ds:KeyInfo") + "<ds:SignedInfo>"
    ),
    "no SignedInfo": lambda text: text.replace(part(text, "ds:SignedInfo"), ""),
    "a signature hidden inside": hidden_signature,
    "a signature hidden beside": lambda text: text.replace("<ds:Signature ", "<x><ds:Signature ").replace(
        "</ds:Signature>", "</ds:Signature></x>"
    ),
    "two certificates named": doubled("xades:SigningCertificateV2"),
    "two signing times": doubled("xades:SigningTime"),
    "no time": swap("<xades:SigningTime>2", "<xades:SigningTime>x"),
    "two signatures": lambda text: text.replace(
        part(text, "ds:Signature"),
        part(text, "ds:Signature") + part(text, "ds:Signature").replace("S1", "S2"),
    ),
    "no signature": lambda text: text.replace(part(text, "ds:Signature"), ""),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_signatures_fail(xml: bytes, trust: Trust, name: str) -> None:
    """FORMAT_FAILURE, or HASH_FAILURE where the digest says so first; never a pass, never an exception."""
    judgement = judged(MALFORMED[name](xml.decode()).encode(), trust)
    indication, sub = answer(judgement)
    assert indication is FAILED
    assert sub is Sub.FORMAT_FAILURE
    assert judgement.report.findings[0].sentence.text("vi")


def reference(uri: str, transforms: str = "") -> str:
    """Return one more reference."""
    wrapped = f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms else ""
    return (
        f'<ds:Reference URI="{uri}">{wrapped}<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )


def transform(algorithm: str) -> str:
    """Return a transform."""
    return f'<ds:Transform Algorithm="{algorithm}"/>'


EXC = f'<ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
SHA256 = 'DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"'
END = "</ds:SignedInfo>"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

SIGNED_WRONG: dict[str, tuple[dict[str, str], Indication, SubIndication]] = {
    # what a signer may do with the right key and must not be accepted for
    "XSLT": (
        {EXC: f"<ds:Transforms>{transform('http://www.w3.org/TR/1999/REC-xslt-19991116')}</ds:Transforms>"},
        OPEN,
        Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "XPath over a file": (
        {"</ds:SignedInfo>": reference("header.edxml", transform("http://www.w3.org/TR/1999/REC-xpath-19991116"))},
        OPEN,
        Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "enveloped over a file": (
        {"</ds:SignedInfo>": reference("header.edxml", transform(xades_form.ENVELOPED))},
        OPEN,
        Sub.SIG_CONSTRAINTS_FAILURE,
    ),
    "a reference out": ({END: reference("http://127.0.0.1:9/x")}, OPEN, Sub.SIGNED_DATA_NOT_FOUND),
    "a reference up": ({END: reference("../x")}, OPEN, Sub.SIGNED_DATA_NOT_FOUND),
    "a reference to nothing": ({END: reference("#khong-co")}, OPEN, Sub.SIGNED_DATA_NOT_FOUND),
    "a reference without URI": (
        {"</ds:SignedInfo>": reference("x").replace(' URI="x"', "")},
        FAILED,
        Sub.FORMAT_FAILURE,
    ),
    "too many references": (
        {END: reference("x").replace(END, "") * MOST_REFERENCES + END},
        FAILED,
        Sub.FORMAT_FAILURE,
    ),
    "properties not signed": (
        {'Type="http://uri.etsi.org/01903#SignedProperties" ': ""},
        FAILED,
        Sub.FORMAT_FAILURE,
    ),
    "a secret-key algorithm": (
        {RSA: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"},
        OPEN,
        Sub.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    ),
    "a weak signature": (
        {RSA: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
        OPEN,
        Sub.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    ),
    "a weak digest": (
        {
            f'{EXC}<ds:{SHA256}': f'{EXC}<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"',
        },
        OPEN,
        Sub.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    ),
    "an unknown digest": (
        {"</ds:SignedInfo>": reference("header.edxml").replace("xmlenc#sha256", "xmlenc#ripemd160")},
        OPEN,
        Sub.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    ),
    "no certificate named": (
        {"xades:SigningCertificateV2": "xades:KhongPhai"},
        OPEN,
        Sub.SIG_CONSTRAINTS_FAILURE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNED_WRONG)
def test_what_a_signer_must_not_do(xml: bytes, trust: Trust, agency_key: SigningKey, name: str) -> None:
    """Signed with the right key and still refused, for its reason; nothing is fetched."""
    replaced, indication, sub = SIGNED_WRONG[name]
    judgement = judged(again(xml, agency_key, replaced), trust)
    assert answer(judgement) == (indication, sub)


@pytest.mark.parametrize(
    "method",
    [
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1",
    ],
)
def test_other_algorithms_are_read(xml: bytes, trust: Trust, agency_key: SigningKey, method: str) -> None:
    """RSA with other digests, and PSS."""
    assert answer(judged(again(xml, agency_key, {RSA: method}), trust)) == (PASSED, None)


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    ],
)
def test_other_canonicalisations_are_read(
    xml: bytes, trust: Trust, agency_key: SigningKey, algorithm: str
) -> None:
    """Inclusive, 1.1, and with comments."""
    assert answer(judged(again(xml, agency_key, {EXC_C14N: algorithm}), trust)) == (PASSED, None)


def test_another_certificate_in_the_file_is_not_the_signers(
    xml: bytes, trust: Trust, province_key: SigningKey, agency_key: SigningKey
) -> None:
    """KeyInfo is not signed: a swapped certificate is not taken, even when its own key made the value."""
    swapped = signed(province_key).decode()
    own = part(swapped, "ds:X509Certificate")
    text = xml.decode().replace(part(xml.decode(), "ds:X509Certificate"), own)
    judgement = judged(text.encode(), trust)
    assert answer(judgement) == (OPEN, Sub.NO_SIGNING_CERTIFICATE_FOUND)
    assert "another-certificate" in codes(judgement)
    forged = again(text.encode(), province_key, {})
    assert answer(judged(forged, trust))[0] is not PASSED
    nothing = re.sub(r"<ds:X509Data>.*</ds:X509Data>", "<ds:KeyName>x</ds:KeyName>", xml.decode())
    assert codes(judged(nothing.encode(), trust)) >= {"no-signing-certificate"}
    assert agency_key.certificate != province_key.certificate


def test_a_doubled_certificate_is_refused(xml: bytes, trust: Trust) -> None:
    """The signer's certificate stands once."""
    judgement = judged(doubled("ds:X509Certificate")(xml.decode()).encode(), trust)
    assert answer(judgement) == (FAILED, Sub.FORMAT_FAILURE)
    assert "certificate-doubled" in codes(judgement)


def test_plain_xml_signatures_are_no_xades(xml: bytes, trust: Trust, agency_key: SigningKey) -> None:
    """Without qualifying properties nobody knows which certificate was meant."""
    text = re.sub(r"<ds:Object>.*</ds:Object>", "", xml.decode())
    text = re.sub(r"<ds:Reference Type=.*?</ds:Reference>", "", text)
    judgement = judged(again(text.encode(), agency_key, {}), trust)
    assert answer(judgement) == (OPEN, Sub.SIG_CONSTRAINTS_FAILURE)
    assert (judgement.report.format, judgement.report.level) == ("xmldsig", "XMLDSig")
    assert judgement.report.intact is True


def test_several_signatures_are_judged_one_by_one(xml: bytes, trust: Trust, province_key: SigningKey) -> None:
    """Each with its own identifier and answer."""
    other = part(signed(province_key, {"header.edxml": b"khac"}, id="S2").decode(), "ds:Signature")
    both = xml.decode().replace("</asic:XAdESSignatures>", other + "</asic:XAdESSignatures>").encode()
    first, second = judge_xades_file(both, resolve=FILES.get, trust=trust, at=datetime.now(UTC), id="S4")
    assert (first.report.id, answer(first)) == ("S4", (PASSED, None))
    assert (second.report.id, answer(second)) == ("S5", (FAILED, Sub.HASH_FAILURE))


def test_a_transformed_file_is_read_as_xml(trust: Trust, agency_key: SigningKey) -> None:
    """A canonicalisation over an XML file, as some signers do."""
    import hashlib

    canonical = b'<a b="1" c="2"></a>'
    files = {"header.edxml": canonical}
    plain = signed(agency_key, files)
    wanted = '<ds:Reference Id="S1-R1" URI="header.edxml">'
    made = again(plain, agency_key, {wanted: f"{wanted}<ds:Transforms>{transform(EXC_C14N)}</ds:Transforms>"})
    assert hashlib.sha256(canonical).digest()
    assert answer(judged(made, trust, {"header.edxml": b"<a  c='2' b='1'/>"})) == (PASSED, None)
    assert answer(judged(made, trust, {"header.edxml": b"khong phai XML"})) == (FAILED, Sub.HASH_FAILURE)


def stamped(xml: bytes, token: bytes) -> bytes:
    """Return the signature with a time-stamp."""
    unsigned = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/><xades:EncapsulatedTimeStamp>'
        f"{base64.b64encode(token).decode()}</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
    )
    return xml.replace(b"</xades:QualifyingProperties>", unsigned.encode())


def test_a_time_stamp_counts_only_for_its_own_signature(
    xml: bytes, trust: Trust, agency_key: SigningKey, tsa_url: str
) -> None:
    """B-T with its own token; a copied one proves nothing and is said to."""
    import hashlib

    from docsign.ades.xml import canonicalize

    value = parse(xml)[0][1]
    token = fetch_timestamp(tsa_url, hashlib.sha256(canonicalize(value, EXC_C14N)).digest())
    judgement = judged(stamped(xml, token), trust)
    assert answer(judgement) == (PASSED, None)
    assert judgement.report.level == "XAdES-B-T"
    assert judgement.report.best_signature_time is not None
    other = judged(stamped(signed(agency_key, {"header.edxml": FILES["header.edxml"]}), token), trust)
    assert other.report.timestamps[0].conclusion.indication is FAILED
    assert other.report.best_signature_time is None
    assert "timestamp-proves-nothing" in codes(other)


ENVELOPED = '<don xmlns="urn:don"><noi-dung Id="N">Kính gửi</noi-dung>CHỮ KÝ<sau xmlns:x="urn:x"/> đuôi</don>'


def enveloped(key: SigningKey) -> bytes:
    """Return a document with a signature inside it that covers the whole document."""
    import hashlib

    from docsign.ades.xml import C14N, canonicalize_document

    bare = ENVELOPED.replace("CHỮ KÝ", "")
    digest = base64.b64encode(
        hashlib.sha256(canonicalize_document(parse(bare.encode()), C14N)).digest()
    ).decode()
    signature = part(signed(key, {"x": b""}).decode(), "ds:Signature")
    signature = re.sub(r'(<ds:Reference Id="S1-R1") URI="x">.*?</ds:Reference>', (
        rf'\1 URI=""><ds:Transforms>{transform(xades_form.ENVELOPED)}</ds:Transforms>'
        rf"<ds:{SHA256}/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    ), signature)  # fmt: skip
    spaces = f'xmlns:ds="{xades_form.DS}" xmlns:xades="{xades_form.XADES}" '
    return again(
        ENVELOPED.replace(
            "CHỮ KÝ", signature.replace("<ds:Signature ", f"<ds:Signature {spaces}", 1)
        ).encode(),
        key,
        {},
    )


def test_an_enveloped_signature_covers_its_document(trust: Trust, agency_key: SigningKey) -> None:
    """All but itself, the text behind it too; any change outside fails."""
    made = enveloped(agency_key)
    judgement = judged(made, trust)
    assert answer(judgement) == (PASSED, None)
    assert judgement.report.coverage == "whole"
    for old, new in (("Kính gửi", "Kính gởi"), ("đuôi", "đuôi!"), ("<sau", "<them/><sau")):
        assert answer(judged(made.replace(old.encode(), new.encode()), trust)) == (FAILED, Sub.HASH_FAILURE)


def test_a_signature_deep_in_a_document_is_found(trust: Trust, agency_key: SigningKey) -> None:
    """As in electronic invoices: anywhere but inside another signature."""
    text = enveloped(agency_key).decode()
    inner = part(text, "ds:Signature")
    deep = text.replace(inner, f"<ky><ban>{inner}</ban></ky>")
    judgement = judged(deep.encode(), trust)
    assert answer(judgement) == (FAILED, Sub.HASH_FAILURE)  # judged: the elements around it are a change
    assert judgement.report.signer is not None


def test_a_signature_over_nothing_is_none(xml: bytes, trust: Trust, agency_key: SigningKey) -> None:
    """Its own properties and key alone are no data."""
    bare = re.sub(r'<ds:Reference Id="S1-R\d".*?</ds:Reference>', "", xml.decode()).encode()
    judgement = judged(again(bare, agency_key, {}), trust)
    assert answer(judgement) == (FAILED, Sub.FORMAT_FAILURE)
    assert "signs-nothing" in codes(judgement)
    keyed = again(bare, agency_key, {END: reference("#K"), "<ds:KeyInfo>": '<ds:KeyInfo Id="K">'})
    assert "signs-nothing" in codes(judged(keyed, trust))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_character_of_what_is_signed_passes(data: st.DataObject, xml: bytes, trust: Trust) -> None:
    """Any character of SignedInfo, the value or the signed properties."""
    text = xml.decode()
    name = data.draw(st.sampled_from(["ds:SignedInfo", "ds:SignatureValue", "xades:SignedProperties"]))
    whole = part(text, name)
    place = data.draw(st.integers(whole.index(">") + 1, len(whole) - len(name) - 4))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != whole[place]))
    changed = whole[:place] + letter + whole[place + 1 :]
    judgement = judged(text.replace(whole, changed).encode(), trust)
    if answer(judgement)[0] is PASSED:
        # quotes and the like may be written in two ways: then what is signed is the same
        from docsign.ades.xml import canonicalize_document

        def canonical(one: str) -> bytes:
            return canonicalize_document(parse(one.encode()), EXC_C14N)

        assert canonical(text.replace(whole, changed)) == canonical(text)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    """No exception, and no pass."""
    assert answer(judged(data, Trust.nothing())) == (FAILED, Sub.FORMAT_FAILURE)


def test_a_signature_that_refers_to_itself_a_thousand_times_is_cut_short(
    trust: Trust, agency_key: SigningKey
) -> None:
    """References into the own document are counted work: a large document cannot be digested without end."""
    filler = f'<ds:Object Id="TO"><x>{"x" * 6_000_000}</x></ds:Object></ds:Signature>'
    text = signed(agency_key).decode().replace("</ds:Signature>", filler)
    one = reference("#TO").replace("</ds:SignedInfo>", "")
    text = text.replace("</ds:SignedInfo>", one * 900 + "</ds:SignedInfo>")
    started = time.process_time()
    judgement = judge_xades(
        text.encode(), resolve=FILES.get, trust=trust, at=datetime.now(UTC), most_references=1000
    )
    assert judgement.report.conclusion.indication is FAILED
    assert time.process_time() - started < 60
