"""What a request says, read strictly."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from docsign.errors import DocsignError, WireError
from docsign.exchange import wire
from docsign.exchange.wire import ProblemType
from relay_server.core.refusals import RefusalError
from relay_server.http import requests
from relay_server.http.api import api
from relay_server.http.health import health
from tests.relay.values import digest
from tests.relay.world import World


def headers(**more: str) -> dict[str, str]:
    """Return headers; an underline in a name is a hyphen."""
    return {name.replace("_", "-"): value for name, value in more.items()}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes = 1 - 2", (1, 3)),
        ("bytes=-", None),
        ("bytes=2-1", None),
        ("bytes=0-1,5-6", None),
        ("Bytes=0-1", None),
        ("lines=0-1", None),
        ("bytes=0-" + "9" * 30, None),
        ("", None),
    ],
)
def test_ranges_of_a_hundred_bytes(value: str, wanted: tuple[int, int] | None) -> None:
    """RFC 9110 14.1: what is not understood is answered with the whole."""
    request = make_mocked_request("GET", "/", headers=headers(Range=value))
    assert requests.wanted_range(request, 100) == wanted


@pytest.mark.parametrize("value", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_ranges_past_the_end(value: str) -> None:
    """RFC 9110 15.5.17."""
    with pytest.raises(RefusalError) as caught:
        requests.wanted_range(make_mocked_request("GET", "/", headers=headers(Range=value)), 100)
    assert caught.value.kind is ProblemType.RANGE
    assert caught.value.also == {"Content-Range": "bytes */100"}


def test_a_range_of_other_bytes_is_answered_with_the_whole() -> None:
    """RFC 9110 13.1.5: If-Range holds for the very bytes it names, and for no date."""
    for named, wanted in (('"a"', (0, 1)), ('"b"', None), ("Mon, 16 Nov 2026 02:15:30 GMT", None)):
        request = make_mocked_request("GET", "/", headers={"Range": "bytes=0-0", "If-Range": named})
        assert requests.wanted_range(request, 100, '"a"') == wanted


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40), st.integers(0, 2**40))
def test_no_range_header_gives_anything_outside_the_envelope(value: str, size: int) -> None:
    """Whatever stands in it."""
    request = make_mocked_request("GET", "/", headers=headers(Range=value))
    try:
        wanted = requests.wanted_range(request, size)
    except DocsignError:
        return
    assert wanted is None or 0 <= wanted[0] < wanted[1] <= size


def test_the_digest_is_needed_and_read() -> None:
    """RFC 9530, SHA-256."""
    name = digest("văn bản")
    value = wire.write_repr_digest(name)
    request = make_mocked_request("POST", "/", headers={wire.DIGEST_HEADER: value})
    assert requests.declared_digest(request) == name
    for more in ({}, {wire.DIGEST_HEADER: "sha-512=:AAAA:"}, {wire.DIGEST_HEADER: name}):
        with pytest.raises(WireError) as caught:
            requests.declared_digest(make_mocked_request("POST", "/", headers=more))
        assert caught.value.where == wire.DIGEST_HEADER


def test_numbers_of_the_query_and_the_time_to_live() -> None:
    """Capped where too large, refused where none."""
    request = make_mocked_request("GET", "/v1/inbox?wait=9999&limit=07&after=-1&x=%D9%A3")
    assert requests.number(request, "wait", default=0, most=60) == 60
    assert requests.number(request, "limit", default=100, most=1000) == 7
    assert requests.number(request, "no", default=100, most=1000) == 100
    for name in ("after", "x"):
        with pytest.raises(WireError) as caught:
            requests.number(request, name, default=0, most=10)
        assert caught.value.where == f"query.{name}"
    for value, wanted in ((None, None), ("60", timedelta(minutes=1))):
        more = {wire.TIME_TO_LIVE_HEADER: value} if value else {}
        assert requests.time_to_live(make_mocked_request("POST", "/", headers=more)) == wanted
    for value in ("0", "-1", "1.5", "x", "9" * 12):
        with pytest.raises(WireError):
            requests.time_to_live(make_mocked_request("POST", "/", headers={wire.TIME_TO_LIVE_HEADER: value}))


async def test_the_applications_serve_the_paths_of_the_wire() -> None:
    """Every call of version 1, each with a sentence of its own; health stands apart."""
    world = await World.make()
    routes = {
        (route.method, route.resource.canonical): route.handler
        for route in api(world.relay).router.routes()
        if route.resource is not None
    }
    assert set(routes) == {
        ("POST", wire.ENVELOPES),
        ("GET", wire.INBOX),
        ("GET", wire.envelope_path("{sha256}")),
        ("GET", wire.receipt_path("{sha256}")),
        ("GET", wire.trace_path("{sha256}")),
        ("POST", wire.statuses_path("{sha256}")),
        ("POST", wire.handover_path("{delivery}")),
        ("GET", wire.AGENCIES),
        ("GET", f"{wire.LOG}/about"),
        ("GET", f"{wire.LOG}/checkpoint"),
        ("GET", f"{wire.LOG}/checkpoint.stamped"),
        ("GET", f"{wire.LOG}/checkpoint.tst"),
        ("GET", f"{wire.LOG}/tile/{{path}}"),
        ("GET", "/openapi.json"),
    }
    assert all(inspect.getdoc(handler) for handler in routes.values())
    paths = {route.resource.canonical for route in health(world.relay).router.routes() if route.resource}
    assert paths == {wire.LIVE, wire.READY}
