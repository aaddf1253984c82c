"""What a signature format hands to the judgement in time: its time-stamps and what each of them protects.

CAdES, XAdES, PAdES and ASiC differ in where a time-stamp lies and in how its imprint is made; from here on
they are alike. The judgement itself is ``docsign.ades.long_term``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509

from docsign.ades.signer import Digester
from docsign.pki.certificates import digest_of
from docsign.pki.validation_data import ValidationData
from docsign.values import dataclass
from docsign.verdict import TimestampKind

if TYPE_CHECKING:
    from docsign.ades.timestamps import JudgedToken


def name_of(data: bytes | x509.Certificate) -> bytes:
    """Return the name by which proofs of existence know a DER object or a signature value: its SHA-256."""
    return sha256(data).digest() if isinstance(data, bytes) else digest_of(data)


def names_of(data: ValidationData | Iterable[bytes | x509.Certificate]) -> frozenset[bytes]:
    """Return the names of many objects at once: what ``covers`` is made of."""
    if isinstance(data, ValidationData):
        data = (*data.certificates, *data.ocsps, *data.crls)
    return frozenset(name_of(one) for one in data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A time-stamp token and what it stamps.

    ``imprint`` gives, for hashlib's name of a digest, the digest of what the token must have stamped; None
    where that is not at hand. ``covers`` has the names (``name_of``) of everything that it protects: the
    signature value (for CMS and XML the value itself, not its encoding), certificates, CRLs, OCSP answers,
    earlier tokens, evidence records. It is believed only where the imprint agrees and the token's own chain
    held, so it may be given in full for every token. ``zero_padding``: the token lies in a PDF's /Contents.
    ``judged`` is the answer where it was judged before; what it proves is then known already.
    """

    id: str
    token: bytes
    kind: TimestampKind
    imprint: Digester | None
    covers: frozenset[bytes]
    zero_padding: bool = False
    judged: JudgedToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """Proved otherwise (by an evidence record that was judged): at ``time`` all of ``covers`` existed."""

    time: datetime
    covers: frozenset[bytes]
