"""What a judgement may rest on besides the trust: certificates, revocation lists and OCSP answers.

A value; nothing here judges or fetches. It is what a PDF's DSS, a signature's unsigned attributes, a trust
folder and ``docsign.pki.fetch`` all give.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce

from cryptography import x509

from docsign.pki.certificates import Role
from docsign.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationData:
    """Certificates, OCSP answers (DER OCSPResponse) and CRLs (DER), each once, in the order they were met.

    They are trusted for nothing by themselves: whatever is used of them is proved by its signature.
    """

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def merged(self, *others: ValidationData) -> ValidationData:
        """Return everything that this one and ``others`` hold, each thing once, this one's first."""
        return reduce(_both, (one for one in others if not one.is_empty), self)

    @staticmethod
    def of(
        *,
        certificates: Iterable[x509.Certificate] = (),
        ocsps: Iterable[bytes] = (),
        crls: Iterable[bytes] = (),
    ) -> ValidationData:
        """Collect from any iterables, each thing once."""
        return ValidationData(
            certificates=tuple(dict.fromkeys(certificates)),
            ocsps=tuple(dict.fromkeys(ocsps)),
            crls=tuple(dict.fromkeys(crls)),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.certificates or self.ocsps or self.crls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A certificate whose chain and status must be provable, with the certificates found beside it.

    ``made_at`` is when it was used, where a time-stamp says so.
    """

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    role: Role
    made_at: datetime | None = None


def _both(one: ValidationData, other: ValidationData) -> ValidationData:
    return ValidationData.of(
        certificates=(*one.certificates, *other.certificates),
        ocsps=(*one.ocsps, *other.ocsps),
        crls=(*one.crls, *other.crls),
    )
