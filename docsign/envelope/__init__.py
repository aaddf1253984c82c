"""What travels: agency codes, edXML header and statuses, the ASiC-E container, evidence.

The names are imported when they are first used: a header costs no XML parser and no cryptography.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docsign.envelope.agency_codes import canonical as canonical
    from docsign.envelope.agency_codes import is_agency_code as is_agency_code
    from docsign.envelope.agency_codes import same_agency as same_agency
    from docsign.envelope.container import Container as Container
    from docsign.envelope.container import read_container as read_container
    from docsign.envelope.container import require_references as require_references
    from docsign.envelope.edxml import read_header as read_header
    from docsign.envelope.edxml import read_status as read_status
    from docsign.envelope.edxml import write_header as write_header
    from docsign.envelope.edxml import write_status as write_status
    from docsign.envelope.evidence import Receipt as Receipt
    from docsign.envelope.header import Business as Business
    from docsign.envelope.header import BusinessKind as BusinessKind
    from docsign.envelope.header import Header as Header
    from docsign.envelope.header import Organization as Organization
    from docsign.envelope.header import Priority as Priority
    from docsign.envelope.header import Reference as Reference
    from docsign.envelope.header import ResponseFor as ResponseFor
    from docsign.envelope.header import Signer as Signer
    from docsign.envelope.header import Staff as Staff
    from docsign.envelope.header import Steering as Steering
    from docsign.envelope.header import Trace as Trace
    from docsign.envelope.header import document_id as document_id
    from docsign.envelope.judge import ContainerJudgement as ContainerJudgement
    from docsign.envelope.judge import envelope_header as envelope_header
    from docsign.envelope.judge import judge_container as judge_container
    from docsign.envelope.packing import require_not_secret as require_not_secret
    from docsign.envelope.status import Status as Status
    from docsign.envelope.status import StatusCode as StatusCode

_PUBLIC = {
    "Business": "header",
    "BusinessKind": "header",
    "Container": "container",
    "ContainerJudgement": "judge",
    "Header": "header",
    "Organization": "header",
    "Priority": "header",
    "Receipt": "evidence",
    "Reference": "header",
    "ResponseFor": "header",
    "Signer": "header",
    "Staff": "header",
    "Status": "status",
    "StatusCode": "status",
    "Steering": "header",
    "Trace": "header",
    "canonical": "agency_codes",
    "document_id": "header",
    "envelope_header": "judge",
    "is_agency_code": "agency_codes",
    "judge_container": "judge",
    "read_container": "container",
    "read_header": "edxml",
    "read_status": "edxml",
    "require_not_secret": "packing",
    "require_references": "container",
    "same_agency": "agency_codes",
    "write_header": "edxml",
    "write_status": "edxml",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'docsign.envelope' has no attribute {name!r}")
    return getattr(importlib.import_module(f"docsign.envelope.{module}"), name)


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
