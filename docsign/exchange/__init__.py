"""Talking to a relay: the wire protocol (pure), the client, the outbox, the inbox.

The names are imported when they are first used: the wire's values cost no network library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docsign.exchange.client import RelayClient as RelayClient
    from docsign.exchange.inbox import Inbox as Inbox
    from docsign.exchange.outbox import Outbox as Outbox

_PUBLIC = {"Inbox": "inbox", "Outbox": "outbox", "RelayClient": "client"}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'docsign.exchange' has no attribute {name!r}")
    return getattr(importlib.import_module(f"docsign.exchange.{module}"), name)


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
