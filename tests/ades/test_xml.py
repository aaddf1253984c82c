"""The one XML parser refuses what is dangerous, and canonical XML is what others compute."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsign.ades.xml import (
    C14N,
    C14N_11,
    EXC_C14N,
    MAX_MARKUP,
    alone,
    canonicalize,
    canonicalize_document,
    elements,
    escaped,
    local_name,
    namespace,
    parse,
    writable,
)
from docsign.errors import XmlError

BOMB = b'<!DOCTYPE a [<!ENTITY x "x"><!ENTITY y "&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"khong phai XML",
        b"<a>",
        b"<a></b>",
        b"<a b='1' b='2'/>",
        b"<p:a/>",
        b"<a/><b/>",
        b"<a>\x00</a>",
        b"<a>\xff</a>",
        BOMB,
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x'><a/>",
        b"<?xml version='1.0'?> <!-- x --> <?pi x?> <!DOCTYPE a><a/>",
        BOMB.decode().encode("utf-16"),
        BOMB.decode().encode("utf-16-le"),
        b"<?xml version='1.0' encoding='UTF-7'?>+ADw-a/+AD4-",
        b"<?xml version='1.0' encoding='cp037'?><a/>",
        b"<?xml version='1.0' encoding='windows-1258'?><a/>",
        b"<a>&khong;</a>",
        b"<a>" * 300 + b"</a>" * 300,
        b"<a>" + b"<b/>" * (MAX_MARKUP + 1) + b"</a>",
    ],
)
def test_dangerous_or_broken_xml_is_refused(data: bytes) -> None:
    """DTDs in any encoding, foreign encodings, depth, numbers, and all that is not well formed."""
    with pytest.raises(XmlError) as caught:
        parse(data)
    assert caught.value.text("vi")


def test_size_is_bounded() -> None:
    """The caller's limit is kept."""
    with pytest.raises(XmlError):
        parse(b"<a>" + b" " * 100 + b"</a>", limit=50)


def test_a_doctype_in_text_is_text() -> None:
    """Only a declaration before the root is one."""
    assert parse("<a><![CDATA[<!DOCTYPE x>]]> văn bản</a>".encode()).text == "<!DOCTYPE x> văn bản"


def test_a_parameter_entity_reaches_no_file(tmp_path: Path) -> None:
    """The content of a local file never shows up."""
    secret = tmp_path / "bi-mat.txt"
    secret.write_text("bi mat", encoding="utf-8")
    with pytest.raises(XmlError):
        parse(f'<!DOCTYPE a [<!ENTITY f SYSTEM "file://{secret}">]><a>&f;</a>'.encode())


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    """No exception of the parser's gets out."""
    try:
        parse(data)
    except XmlError:
        return


DOCUMENT = """<?xml version="1.0"?>
<!-- ngoài --><n:a xmlns:n="urn:n" xmlns="urn:d" xmlns:u="urn:unused"  z='1'   n:b="2&#10;3"><!-- trong -->
  <c>văn &amp; bản&#13;</c><d xmlns=""/><n:e   u:x = '"'></n:e>đuôi</n:a>
"""


def test_canonical_documents_are_what_xmlsec_and_the_standard_say() -> None:
    """Attributes in order, no declaration, empty elements open and closed, comments as asked."""
    root = parse(DOCUMENT.encode())
    with_comments = canonicalize_document(root, C14N + "#WithComments")
    assert with_comments.startswith("<!-- ngoài -->\n<n:a xmlns=".encode())
    plain = canonicalize_document(root, C14N)
    assert b"<!--" not in plain
    assert b'<d xmlns=""></d>' in plain
    assert "<c>văn &amp; bản&#xD;</c>".encode() in plain


def test_a_part_keeps_the_namespaces_around_it_where_the_standard_wants_them() -> None:
    """Inclusive C14N writes every namespace in scope, exclusive only those in use and those listed."""
    (part,) = [element for element in elements(parse(DOCUMENT.encode())) if local_name(element) == "e"]
    assert namespace(part) == "urn:n"
    inclusive = b'<n:e xmlns="urn:d" xmlns:n="urn:n" xmlns:u="urn:unused" u:x="&quot;"></n:e>'
    assert canonicalize(part, C14N) == inclusive
    assert canonicalize(part, C14N_11) == inclusive
    exclusive = b'<n:e xmlns:n="urn:n" xmlns:u="urn:unused" u:x="&quot;"></n:e>'
    assert canonicalize(part, EXC_C14N) == exclusive
    (other,) = elements(parse(b'<a xmlns:n="urn:n" xmlns:u="urn:u"><n:b/></a>'))
    assert canonicalize(other, EXC_C14N, ("u",)) == b'<n:b xmlns:n="urn:n" xmlns:u="urn:u"></n:b>'


def test_two_prefixes_of_one_namespace_stay_two() -> None:
    """As in edXML, where the default namespace and edXML: are the same."""
    root = parse(b'<a xmlns="urn:x" xmlns:e="urn:x"><e:b><c/></e:b></a>')
    (part,) = elements(root)
    assert canonicalize(part, EXC_C14N) == b'<e:b xmlns:e="urn:x"><c xmlns="urn:x"></c></e:b>'


def test_a_part_inherits_the_xml_attributes_that_the_standards_let_it() -> None:
    """C14N 1.0 takes all, 1.1 all but xml:id, exclusive none; the nearest wins."""
    outer = b'<a xml:lang="en" xml:id="i"><b xml:lang="vi" xml:space="preserve"><c/></b></a>'
    ((part,),) = [list(elements(one)) for one in elements(parse(outer))]
    assert canonicalize(part, C14N) == b'<c xml:id="i" xml:lang="vi" xml:space="preserve"></c>'
    assert canonicalize(part, C14N_11) == b'<c xml:lang="vi" xml:space="preserve"></c>'
    assert canonicalize(part, EXC_C14N) == b"<c></c>"


def test_the_default_namespace_can_be_listed() -> None:
    """``#default`` in InclusiveNamespaces (exclusive C14N 3), in every thread."""
    (part,) = elements(parse(b'<a xmlns="urn:d" xmlns:n="urn:n"><n:b/></a>'))
    found = [canonicalize(part, EXC_C14N, ("#default",))]
    thread = threading.Thread(target=lambda: found.append(canonicalize(part, EXC_C14N, ("#default",))))
    thread.start()
    thread.join()
    assert found == [b'<n:b xmlns="urn:d" xmlns:n="urn:n"></n:b>'] * 2


NAMESPACES = st.sampled_from(
    ["", ' xmlns="urn:d"', ' xmlns=""', ' xmlns:n="urn:n"', ' xmlns:n="urn:m"', ' x="1"']
)
TREES = st.recursive(
    st.tuples(
        st.sampled_from(["a", "b"]), NAMESPACES, st.sampled_from(["", "văn", "<!--x-->", "<?y z?>"])
    ).map(lambda one: f"<{one[0]}{one[1]}>{one[2]}</{one[0]}>"),
    lambda inner: st.tuples(st.sampled_from(["a", "n:c"]), NAMESPACES, st.lists(inner, max_size=3)).map(
        lambda one: f"<{one[0]}{one[1]}>{'đ'.join(one[2])}</{one[0]}>"
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(TREES)
def test_a_part_is_the_same_read_in_place_and_alone(text: str) -> None:
    """Exclusive C14N of an element where it stands is that of its copy."""
    root = parse(f'<r xmlns:n="urn:o" xmlns="urn:r">{text}</r>'.encode())
    for element in root.iter("*"):
        for algorithm in (EXC_C14N, EXC_C14N + "WithComments"):
            apart = canonicalize_document(alone(element, algorithm), algorithm)
            assert canonicalize(element, algorithm) == apart


@pytest.mark.parametrize("encoding", ["ISO-8859-2", "windows-1250", "iso-8859-1"])
def test_one_byte_alphabets_are_read(encoding: str) -> None:
    """As invoices have them; markup is ASCII in all of them."""
    data = f"<?xml version='1.0' encoding='{encoding}'?><a>é</a>".encode(encoding)
    assert parse(data).text == "é"
    with pytest.raises(XmlError):
        parse(f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE a><a/>".encode(encoding))


def test_what_cannot_be_made_canonical_is_refused() -> None:
    """An unknown algorithm, an inherited xml:base that would have to be joined, a relative namespace."""
    (part,) = elements(parse(b'<a xml:base="urn:x"><b/></a>'))
    (relative,) = elements(parse(b'<a xmlns="khong-tuyet-doi"><b/></a>'))
    with pytest.raises(XmlError):
        canonicalize(relative, EXC_C14N, ("#default",))
    for element, algorithm in ((part, C14N_11), (part, "urn:khac"), (relative, C14N)):
        with pytest.raises(XmlError):
            canonicalize(element, algorithm)
    with pytest.raises(XmlError):
        canonicalize_document(part, "urn:khac")


def test_text_is_escaped_for_elements_and_attributes() -> None:
    """What is written is read again."""
    text = "a<b>&\"c'\r\n đ"
    assert parse(f"<a>{escaped(text)}</a>".encode()).text == text
    assert writable(text)
    assert not writable("\x00")
    assert not writable("\ufffe")
