"""Who signs and who is trusted: keys, certificates, trust, paths, time-stamps, an authority for trials.

Everything is imported when it is first used: a verdict needs no keys.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docsign.pki.fitness import require_fit as require_fit
    from docsign.pki.keys import SigningKey as SigningKey
    from docsign.pki.keys import open_key as open_key
    from docsign.pki.paths import PathVerdict as PathVerdict
    from docsign.pki.paths import judge_path as judge_path
    from docsign.pki.schemes import SignatureScheme as SignatureScheme
    from docsign.pki.trust import Anchor as Anchor
    from docsign.pki.trust import SignerEntry as SignerEntry
    from docsign.pki.trust import Trust as Trust

_PUBLIC = {
    "Anchor": "docsign.pki.trust",
    "PathVerdict": "docsign.pki.paths",
    "SignatureScheme": "docsign.pki.schemes",
    "SignerEntry": "docsign.pki.trust",
    "SigningKey": "docsign.pki.keys",
    "Trust": "docsign.pki.trust",
    "judge_path": "docsign.pki.paths",
    "open_key": "docsign.pki.keys",
    "require_fit": "docsign.pki.fitness",
}

__all__ = sorted(_PUBLIC)  # the list is the table above


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value
