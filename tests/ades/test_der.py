"""DER is read strictly: what it forbids is refused, nothing recurses, nothing hangs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsign.ades import der
from docsign.errors import CmsError


@pytest.mark.parametrize(
    "data",
    [
        "",
        "30",
        "3001",
        "300101ff",
        "3081017f",
        "30820001ff",
        "3080020100",
        "30ff",
        "1f0100",
        "0000",
        "308900000000000000000001",
        "30840000000102",
    ],
)
def test_what_der_forbids_is_refused(data: str) -> None:
    """Cut, over-long, indefinite, high tags, bytes left over."""
    with pytest.raises(CmsError):
        der.parse(bytes.fromhex(data))


@given(st.binary(max_size=70_000), st.sampled_from([der.OCTET_STRING, der.SEQUENCE, 0xA0]))
def test_what_is_written_is_read_back(content: bytes, tag: int) -> None:
    """Tag, content and length of every size."""
    node = der.parse(der.encode(tag, content))
    assert (node.tag, node.content) == (tag, content)
    assert node.raw == der.encode(tag, content)


def test_members_are_taken_in_order() -> None:
    """What must come, what may come, and nothing more."""
    node = der.parse(bytes.fromhex("3006020101040161"))
    fields = node.sequence()
    assert der.integer(fields.take(der.INTEGER)) == 1
    assert fields.optional(der.SEQUENCE) is None
    with pytest.raises(CmsError):
        fields.done()
    assert fields.take().content == b"a"
    fields.done()
    for _ in range(2):
        with pytest.raises(CmsError):
            fields.take()
    with pytest.raises(CmsError):
        node.sequence().take(der.OCTET_STRING)


@pytest.mark.parametrize(
    ("encoded", "dotted"),
    [
        ("06032a0304", "1.2.3.4"),
        ("06092a864886f70d010702", "1.2.840.113549.1.7.2"),
        ("0602883703"[:8], "2.999"),
    ],
)
def test_object_identifiers(encoded: str, dotted: str) -> None:
    """In dotted form, the top arc 2 too."""
    assert der.oid(der.parse(bytes.fromhex(encoded))) == dotted


@pytest.mark.parametrize("encoded", ["0600", "060188", "0641" + "2a" * 65])
def test_broken_object_identifiers(encoded: str) -> None:
    """Empty, cut, endless."""
    with pytest.raises(CmsError):
        der.oid(der.parse(bytes.fromhex(encoded)))


@pytest.mark.parametrize(
    ("tag", "text", "moment"),
    [
        (der.UTC_TIME, "261116081500Z", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
        (der.UTC_TIME, "491116081500Z", datetime(2049, 11, 16, 8, 15, tzinfo=UTC)),
        (der.UTC_TIME, "501116081500Z", datetime(1950, 11, 16, 8, 15, tzinfo=UTC)),
        (der.UTC_TIME, "2611160815Z", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
        (der.UTC_TIME, "261116081500+0700", datetime(2026, 11, 16, 1, 15, tzinfo=UTC)),
        (der.GENERALIZED_TIME, "20261116081500Z", datetime(2026, 11, 16, 8, 15, tzinfo=UTC)),
        (der.GENERALIZED_TIME, "20261116081500.25Z", datetime(2026, 11, 16, 8, 15, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times(tag: int, text: str, moment: datetime) -> None:
    """UTCTime and GeneralizedTime, in UTC."""
    assert der.moment(der.parse(der.encode(tag, text.encode()))) == moment


BROKEN_TIMES = (
    " Z 20261116 20261316081500Z 20261116081500 2026111608150０Z +9920261116081500Z "
    "20261116081500+9900 00000101000000Z 99991231235959-2359 20261116081500.xZ"
)


@pytest.mark.parametrize("text", BROKEN_TIMES.split(" "))
def test_broken_times(text: str) -> None:
    """What is no moment is one error."""
    with pytest.raises(CmsError):
        der.moment(der.parse(der.encode(der.GENERALIZED_TIME, text.encode())))


@given(
    st.lists(
        st.binary(max_size=6)
        | st.builds(der.encode, st.sampled_from([0x02, 0x30, 0xA0]), st.binary(max_size=300)),
        max_size=6,
    ).map(b"".join)
)
def test_members_are_the_children(content: bytes) -> None:
    """All at once or one after another: the same values, or the same error."""
    node = der.parse(der.encode(der.SEQUENCE, content))

    def outcome(of: Callable[[], Iterable[der.Node]]) -> object:
        try:
            return list(of())
        except CmsError as error:
            return str(error)

    assert outcome(node.members) == outcome(node.children)
