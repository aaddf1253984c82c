"""A Report as one JSON line, in the shape of ``docs/report.schema.json``."""

from __future__ import annotations

import json
from typing import Any

from docsign.verdict import Report, rfc3339


def to_line(report: Report, *, verbose: bool = False) -> str:
    """Return the report as one line without a line feed; letters stay as they are.

    ``verbose`` adds for which moment the answer holds (``at``) and how each conclusion was reached
    (``reasoning``).
    """
    value = report.to_json()
    if verbose:
        _explain(report, value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _explain(report: Report, value: dict[str, Any]) -> None:
    from docsign.report.reasoning import reasoning, stamp_reasoning

    value["at"] = rfc3339(report.at)
    for signature, place in zip(report.signatures, value["signatures"], strict=True):
        place["reasoning"] = [step.to_json() for step in reasoning(signature)]
    for stamp, place in zip(report.timestamps, value["timestamps"], strict=True):
        place["reasoning"] = [step.to_json() for step in stamp_reasoning(stamp)]
    for (_, inner), place in zip(report.contents, value["contents"], strict=True):
        _explain(inner, place["report"])
