"""The public verbs ``verify`` and ``open_envelope``: any file in, one Report out.

``kinds`` tells what a file is and asks its judge, ``contents`` looks into containers, ``reporting`` applies
the policy, ``verifier`` and ``opening`` are what callers use.
"""

from __future__ import annotations

from docsign.verification.opening import OpenedEnvelope as OpenedEnvelope
from docsign.verification.opening import open_envelope as open_envelope
from docsign.verification.question import Content as Content
from docsign.verification.verifier import Verifier as Verifier
from docsign.verification.verifier import verify as verify
