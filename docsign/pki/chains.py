"""Find the chains that lead from a certificate to an anchor, each link proved by its signature.

Pure, and bounded: certificates that come with a signature are chosen by whoever made it, and a few dozen that
certify each other in circles would otherwise keep a judge busy for years.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from docsign.pki.certificates import Role, issued_by, same_name
from docsign.pki.trust import Anchor, Trust
from docsign.values import dataclass

LINK_BUDGET = 120
"""The most signature checks spent on one search; honest files need three or four."""
CHAIN_BUDGET = 8
DEPTH_LIMIT = 10
OTHERS_LIMIT = 100
"""The most certificates looked at among those that came with the signature."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A candidate: the signer first, the anchor last; the signer may be the anchor itself."""

    certificates: tuple[x509.Certificate, ...]
    anchor: Anchor

    @property
    def leaf(self) -> x509.Certificate:
        """The signer's certificate."""
        return self.certificates[0]


def candidate_chains(
    certificate: x509.Certificate, trust: Trust, role: Role, others: tuple[x509.Certificate, ...]
) -> Iterator[Chain]:
    """Yield the chains to anchors of ``role``, shorter ways and trusted issuers first."""
    anchors = {anchor.certificate: anchor for anchor in trust.for_role(role)}
    if certificate in anchors:
        yield Chain((certificate,), anchors[certificate])
        return
    pool = list(dict.fromkeys((*anchors, *trust.intermediates, *others[:OTHERS_LIMIT])))
    stack: list[tuple[x509.Certificate, ...]] = [(certificate,)]
    links = found = 0
    while stack and links < LINK_BUDGET and found < CHAIN_BUDGET:
        path = stack.pop()
        longer: list[tuple[x509.Certificate, ...]] = []
        for issuer in pool:
            if links >= LINK_BUDGET or issuer in path or not _names(path[-1], issuer):
                continue
            links += 1
            if not issued_by(path[-1], issuer):
                continue
            if issuer in anchors:
                found += 1
                yield Chain((*path, issuer), anchors[issuer])
            elif len(path) < DEPTH_LIMIT:
                longer.append((*path, issuer))
        stack += reversed(longer)


def _names(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        return same_name(certificate.issuer, issuer.subject)
    except ValueError:
        return False
