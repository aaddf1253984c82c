"""Whether an answer of the relay is one that its OpenAPI document describes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from docsign.exchange import wire
from relay_server.http.openapi import document

DOCUMENT = document()
PATTERNS = {path: re.compile(re.sub(r"\{(\w+)\}", "([^/]+)", path)) for path in DOCUMENT["paths"]}
PATTERNS[f"{wire.LOG}/tile/{{path}}"] = re.compile(f"{wire.LOG}/tile/(.+)")


_FORMATS = FormatChecker(formats=())


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_FORMATS.checks("date-time", raises=ValueError)(_is_moment)


def described(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation at this address, None where the document has none."""
    for template, pattern in PATTERNS.items():
        if pattern.fullmatch(path):
            found: dict[str, Any] | None = DOCUMENT["paths"][template].get(method.lower())
            return found
    return None


@lru_cache(maxsize=256)
def _validator(name: str, status: str, media: str) -> Draft202012Validator:
    operation = next(
        one for item in DOCUMENT["paths"].values() for one in item.values() if one["operationId"] == name
    )
    schema = operation["responses"][status]["content"][media]["schema"]
    return Draft202012Validator({"components": DOCUMENT["components"], **schema}, format_checker=_FORMATS)


def require_described(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise AssertionError where the document does not describe such an answer.

    What is at no address of ours is answered with 404 or 405 and need not stand there.
    """
    operation = described(method, path)
    if operation is None:
        assert status in (403, 404, 405), (method, path, status)
        return
    name = operation["operationId"]
    assert str(status) in operation["responses"], (name, status, body)
    answer = operation["responses"][str(status)]
    media = headers.get("Content-Type", "").partition(";")[0]
    if not body or "content" not in answer:
        assert not body, (name, status, body)
        return
    assert media in answer["content"], (name, status, media)
    if "json" in media:
        errors = list(_validator(name, str(status), media).iter_errors(json.loads(body)))
        assert not errors, (name, status, errors)
