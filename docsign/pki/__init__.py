"""Who signs and who is trusted: keys, certificates, trust, paths, time-stamps, an authority for trials."""

from __future__ import annotations

from docsign.pki.keys import SignatureScheme, SigningKey, open_key, require_fit
from docsign.pki.paths import PathVerdict, judge_path
from docsign.pki.trust import Anchor, SignerEntry, Trust

__all__ = [
    "Anchor",
    "PathVerdict",
    "SignatureScheme",
    "SignerEntry",
    "SigningKey",
    "Trust",
    "judge_path",
    "open_key",
    "require_fit",
]
