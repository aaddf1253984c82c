"""Make, sign, exchange and verify official documents.

The names listed here are the public interface; everything is imported when it is first used, so that
``import docsign`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docsign.document import OfficialDocument as OfficialDocument
    from docsign.envelope import Header as Header
    from docsign.envelope import Receipt as Receipt
    from docsign.envelope import Status as Status
    from docsign.errors import DocsignError as DocsignError
    from docsign.exchange import Outbox as Outbox
    from docsign.exchange import RelayClient as RelayClient
    from docsign.extending import extend as extend
    from docsign.pki import Trust as Trust
    from docsign.pki import open_key as open_key
    from docsign.policy import AllOf as AllOf
    from docsign.policy import AnyOf as AnyOf
    from docsign.policy import HasRole as HasRole
    from docsign.policy import IssuedTo as IssuedTo
    from docsign.sealing import seal as seal
    from docsign.signing import SigningSession as SigningSession
    from docsign.signing import sign as sign
    from docsign.verdict import Indication as Indication
    from docsign.verdict import Report as Report
    from docsign.verdict import SubIndication as SubIndication
    from docsign.verification import Verifier as Verifier
    from docsign.verification import open_envelope as open_envelope
    from docsign.verification import verify as verify

_PUBLIC = {
    "AllOf": "docsign.policy",
    "AnyOf": "docsign.policy",
    "DocsignError": "docsign.errors",
    "HasRole": "docsign.policy",
    "Header": "docsign.envelope",
    "Indication": "docsign.verdict",
    "IssuedTo": "docsign.policy",
    "OfficialDocument": "docsign.document",
    "Outbox": "docsign.exchange",
    "Receipt": "docsign.envelope",
    "RelayClient": "docsign.exchange",
    "Report": "docsign.verdict",
    "SigningSession": "docsign.signing",
    "Status": "docsign.envelope",
    "SubIndication": "docsign.verdict",
    "Trust": "docsign.pki",
    "Verifier": "docsign.verification",
    "extend": "docsign.extending",
    "open_envelope": "docsign.verification",
    "open_key": "docsign.pki",
    "seal": "docsign.sealing",
    "sign": "docsign.signing",
    "verify": "docsign.verification",
}

__all__ = sorted(_PUBLIC)  # the list is the table above


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'docsign' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
