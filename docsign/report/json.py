"""A Report as one JSON line, in the shape of ``docs/report.schema.json``."""

from __future__ import annotations

import json

from docsign.verdict import Report


def to_line(report: Report) -> str:
    """Return the report as one line without a line feed; letters stay as they are."""
    return json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False)
