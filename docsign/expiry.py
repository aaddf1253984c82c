"""Until when a signed PDF verifies with what is inside, what runs out first, and when to renew it.

The answer is the verdict itself, asked for the day after each certificate and each revocation list ends: what
makes it change first is what runs out. Pure: nothing is fetched, and the time is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509

from docsign.pdf.archive import ArchivablePdf
from docsign.pdf.judge import judge_pdf
from docsign.pki.certificates import display_name
from docsign.pki.chains import candidate_chains
from docsign.pki.ocsp import load_answer
from docsign.pki.revocation import load_crl
from docsign.pki.strength import uses_of
from docsign.pki.trust import Trust
from docsign.pki.validation_data import Needed, ValidationData
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Indication, SubIndication

EndKind = Literal["signer", "tsa", "authority", "revocation", "algorithm"]
RANK: dict[EndKind, int] = {"tsa": 0, "signer": 1, "authority": 2, "revocation": 3, "algorithm": 4}
"""Which of several that end together is named: the time-stamp is what protects the rest."""
_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Something that ends: a certificate, the freshness of revocation data, an algorithm by forecast."""

    kind: EndKind
    until: datetime
    what: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """How long a signed PDF verifies.

    ``conclusion`` is the verdict now. ``ends`` is all that ends, the first end first; ``first`` the one that
    changes the verdict, or by the forecast of ETSI TS 119 312 will have to be renewed before; None where
    nothing is known to end, or where it does not pass now. ``ask_again`` is from when revocation has to be
    asked online again (TRY_LATER without that): no reason to renew. ``level`` is that of the first signature.
    """

    conclusion: Conclusion
    level: str
    first: End | None
    ask_again: datetime | None
    ends: tuple[End, ...]

    @property
    def renew_by(self) -> datetime | None:
        """Until when a further time-stamp keeps it verifiable."""
        return None if self.first is None else self.first.until


def expiry_of(pdf: bytes, *, trust: Trust, at: datetime, password: str | None = None) -> Expiry:
    """Say what runs out first after ``at``. Raises PdfError for what cannot be read or is not signed."""

    def verdict(moment: datetime) -> Conclusion:
        return judge_pdf(pdf, trust=trust, at=moment, password=password).conclusion

    opened = ArchivablePdf(pdf, password=password)
    now = judge_pdf(pdf, trust=trust, at=at, password=password)
    known = opened.held
    ends = sorted(set(_ends(opened, trust, known)), key=lambda end: (end.until, RANK[end.kind]))
    first = ask_again = None
    if now.conclusion.indication is Indication.TOTAL_PASSED:
        for end in ends:
            if end.until <= at:
                continue
            after = verdict(end.until + _AFTER)
            if after.sub_indication is SubIndication.TRY_LATER and ask_again is None:
                ask_again = end.until
            changed = after != now.conclusion and after.sub_indication is not SubIndication.TRY_LATER
            if end.kind == "algorithm" or changed:
                first = end
                break
    return Expiry(
        conclusion=now.conclusion,
        level=now.signatures[0].level if now.signatures else "",
        first=first,
        ask_again=ask_again,
        ends=tuple(ends),
    )


def _ends(opened: ArchivablePdf, trust: Trust, known: ValidationData) -> Iterator[End]:
    """Yield everything that ends: of every signer's and every service's chain, and what proves it."""
    needed = opened.needed()
    for one in needed:
        chain = _chain(one, trust, known)
        for place, certificate in enumerate(chain):
            kind: EndKind = "authority" if place else "tsa" if one.role == "tsa" else "signer"
            yield End(kind=kind, until=certificate.not_valid_after_utc, what=_ending(kind, certificate))
        for certificate in chain[1:]:
            fresh = max(_updates(certificate, trust, known), default=None)
            if fresh is not None:
                sentence = say(
                    "the revocation list of {holder} is to be renewed", holder=display_name(certificate)
                )
                yield End(kind="revocation", until=fresh, what=sentence)
    # what an algorithm holds up is the last proof: the newest time-stamp, else the signature itself
    for certificate in _chain(opened.last(), trust, known):
        for use in uses_of(certificate, is_anchor=certificate.issuer == certificate.subject):
            if use.forecast is not None:
                sentence = say(
                    "the algorithm of {holder} is expected to become too weak",
                    holder=display_name(certificate),
                )
                yield End(kind="algorithm", until=use.forecast, what=sentence)


def _chain(needed: Needed, trust: Trust, known: ValidationData) -> tuple[x509.Certificate, ...]:
    others = (*needed.others, *known.certificates)
    found = next(candidate_chains(needed.certificate, trust, needed.role, others), None)
    return (needed.certificate,) if found is None else found.certificates


def _ending(kind: EndKind, certificate: x509.Certificate) -> Sentence:
    holder = display_name(certificate)
    if kind == "tsa":
        return say("the certificate of the time-stamping service {holder} ends", holder=holder)
    if kind == "signer":
        return say("the certificate of the signer {holder} ends", holder=holder)
    return say("the certificate of the authority {holder} ends", holder=holder)


def _updates(issuer: x509.Certificate, trust: Trust, known: ValidationData) -> Iterator[datetime]:
    """Yield until when the lists and answers of this issuer are fresh."""
    for der in (*trust.crls, *known.crls):
        crl = load_crl(der)
        if crl is not None and crl.issuer == issuer.subject and crl.next_update_utc is not None:
            yield crl.next_update_utc
    for der in known.ocsps:
        answer = load_answer(der)
        for one in answer.responses if answer is not None else ():
            if one.next_update_utc is not None:
                yield one.next_update_utc
