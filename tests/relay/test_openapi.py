"""/openapi.json says what the relay serves: no more, no less, and in the form of OpenAPI 3.1.

That every answer fits its schema is held by ``conftest.Client``, through which the relay's tests ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docsign.errors import WireError
from docsign.exchange import wire
from docsign.exchange.wire import DeliveryState, ProblemType
from docsign.pki import SigningKey
from relay_server.http import openapi
from relay_server.http.api import api
from relay_server.http.schemas import SCHEMAS
from relay_server.services.upload import UploadDesk
from relay_server.storage.uploads import DiskUploads
from tests.relay.conftest import Site, sealed, sha256
from tests.relay.described import DOCUMENT, described
from tests.relay.world import World

OPENAPI_3_1 = Path(__file__).parent / "openapi-3.1.schema.json"
"""The schema of the OpenAPI Initiative for version 3.1 (2022-10-07)."""


async def test_every_route_stands_in_it_and_nothing_else(tmp_path: Path) -> None:
    """Methods and paths of the application and of the document are the same set."""
    world = await World.make()
    app = api(world.relay, UploadDesk(world.relay, DiskUploads.open(tmp_path / "uploads")))
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    written = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert served == written


def test_it_is_openapi_3_1() -> None:
    """By the official schema; every reference leads somewhere; every schema is one; names are unique."""
    Draft202012Validator(json.loads(OPENAPI_3_1.read_text())).validate(DOCUMENT)
    text = openapi.document_text().decode()
    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        place: Any = DOCUMENT
        for step in reference.split("/"):
            place = place[step]
    assert SCHEMAS.items() <= DOCUMENT["components"]["schemas"].items()
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = [one["operationId"] for item in DOCUMENT["paths"].values() for one in item.values()]
    assert len(names) == len(set(names))
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            placed = {one["name"] for one in operation["parameters"] if one.get("in") == "path"}
            assert placed == set(re.findall(r"\{(\w+)\}", path)), path
    assert not described("GET", "/v1/nowhere")


def test_every_problem_state_and_limit_of_the_wire_stands_in_it() -> None:
    """A new one cannot be forgotten."""
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["ProblemType"]["enum"] == [kind.value for kind in ProblemType]
    assert schemas["DeliveryState"]["examples"] == [state.value for state in DeliveryState]
    listed = {kind for call in openapi.CALLS for kind in (*openapi.EVERY_CALL, *call.refuses)}
    nowhere = {ProblemType.METHOD_NOT_ALLOWED, ProblemType.LENGTH_REQUIRED}
    assert listed == set(ProblemType) - nowhere
    text = openapi.document_text().decode()
    for name in (wire.DIGEST_HEADER, wire.TIME_TO_LIVE_HEADER, wire.ACTING_FOR_HEADER):
        assert f'"name":"{name}"' in text


READERS: dict[str, Callable[[bytes], object]] = {
    "InboxPage": wire.InboxPage.from_json,
    "Trace": wire.Trace.from_json,
    "Handover": wire.Handover.from_json,
    "HandoverAccepted": wire.HandoverAccepted.from_json,
    "StatusAccepted": wire.StatusAccepted.from_json,
    "AgencyPage": wire.AgencyPage.from_json,
}
NAME, TIME = "0" * 64, "2026-11-16T02:15:30Z"
EXAMPLES: dict[str, dict[str, Any]] = {
    "Handover": {"sha256": NAME, "signature": None},
    "HandoverAccepted": {"delivery": "0" * 32, "state": "handed-over", "recorded_at": TIME},
    "StatusAccepted": {
        "sha256": NAME, "receiver": "H99", "code": "03", "state": "accepted", "recorded_at": TIME,
    },
    "AgencyPage": {"agencies": [{"code": "H99", "name": "UBND tỉnh Mẫu"}], "next": None},
    "InboxPage": {
        "items": [
            {
                "delivery": "0" * 32, "sha256": NAME, "size": 1, "sender": "H99.31", "sender_name": "",
                "document_id": "H99.31,2026/11/16,1/UBND", "subject": "Về việc báo cáo", "priority": 0,
                "accepted_at": TIME, "expires_at": None, "state": "queued", "late": True, "kind": 1,
            }
        ],
        "next": "7",
    },
    "Trace": {
        "sha256": NAME, "document_id": "x", "subject": "", "sender": "H99.31", "accepted_at": TIME,
        "deliveries": [{"receiver": "H99", "receiver_name": "", "state": "queued", "since": TIME}],
        "events": [
            {
                "time": TIME, "event": "SubmissionAcceptance", "receiver": None, "state": None, "code": None,
                "reasons": [{"code": "x", "text": "Lý do"}], "actor": "H99.31",
            }
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_what_the_schemas_require_is_what_the_wire_requires(name: str) -> None:
    """Without a required member neither takes it; without another both do; with a wrong kind neither."""
    read, example = READERS[name], EXAMPLES[name]
    schema = {"components": DOCUMENT["components"], **DOCUMENT["components"]["schemas"][name]}
    validator = Draft202012Validator(schema)

    def both(value: dict[str, Any]) -> bool:
        try:
            read(json.dumps(value).encode())
            taken = True
        except WireError:
            taken = False
        assert bool(validator.is_valid(value)) is taken, value
        return taken

    assert both(example)
    for changed in _changed(example):
        both(changed)
    assert sum(not both(changed) for changed in _changed(example)) > 1


def _changed(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the value with each member, at any depth, left out, and replaced by an object."""
    found: list[dict[str, Any]] = []
    for key, member in value.items():
        rest = {name: other for name, other in value.items() if name != key}
        found += [rest, {**rest, key: {"không": "phải"}}]
        if isinstance(member, list):
            found += [{**rest, key: [inner]} for inner in _changed(member[0])]
    return found


async def test_every_agency_may_read_it(site: Site, agency_key: SigningKey) -> None:
    """Served as it is; a stranger gets 403 as everywhere."""
    async with site.served() as relay, site.client(relay.url, "commune-tls") as commune:
        status, headers, body = await commune.call("GET", openapi.PATH)
        assert (status, headers["Content-Type"]) == (200, wire.JSON_TYPE)
        assert json.loads(body) == DOCUMENT
        envelope = sealed(agency_key)
        assert (await commune.send(envelope))[0] == 201
        for path in ("about", "checkpoint", "tile/0/000.p/2"):
            assert (await commune.call("GET", f"{wire.LOG}/{path}"))[0] == 200
        name = sha256(envelope)
        ranged = await commune.call("GET", wire.envelope_path(name), headers={"Range": "bytes=1-2"})
        assert ranged[0] == 206
