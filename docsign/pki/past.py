"""Judge a certificate's path with proofs of existence (EN 319 102-1 5.5.4, 5.6.2.1, 5.6.2.2, 5.6.2.4).

Pure. A chain that does not hold now may have held when the signature was made: these are the rules by which
that is proved. What is proved of whom is handed in (``docsign.pki.existence``).

1. Now (5.3): the chain holds at the time of verification, and nothing else is asked.
2. With time (5.5.4): the signature existed at a proved time; the certificate ended, or was revoked, later.
3. The past (5.6.2.4): what proves the status of each certificate existed, too, before it could be forged: the
   time slides back from now, from the anchor down, to where everything known was still good (5.6.2.2).

One step is taken further than the letter: where a word on a certificate is no longer fresh, 5.6.2.2.4 2) c)
slides to when it was given; here to when it ceased to be fresh, the time until which 5.2.5 would have taken
it. Otherwise two lists collected together would hardly ever hold one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509

from docsign.pki import problems
from docsign.pki.certificates import digest_of
from docsign.pki.existence import Existing
from docsign.pki.path_facts import ChainFacts, Link
from docsign.pki.paths import (
    PathQuestion,
    answer_path,
    chains_of,
    judge_itself,
    out_of_bounds,
    unclear,
    uses_at,
    weak_at,
)
from docsign.pki.problems import Problem
from docsign.pki.status import CLOCK_TOLERANCE
from docsign.pki.strength import AlgorithmUse, reliable_until
from docsign.pki.wanting import note
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Conclusion, Finding, Indication, Severity, Step, SubIndication

SAVED_BY_TIME = frozenset(
    # EN 319 102-1 5.5.4 2), 5.6.3.4 3): what a proof of existence may turn
    {
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
        SubIndication.TRY_LATER,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVerdict:
    """The answer on a path with what is proved; ``chain`` as in ``PathVerdict``."""

    conclusion: Conclusion
    chain: tuple[x509.Certificate, ...] = ()
    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()


def judge_past(
    question: PathQuestion,
    *,
    at: datetime,
    signed: datetime | None = None,
    existing: Existing | None = None,
    not_before: datetime | None = None,
    uses: Sequence[AlgorithmUse] = (),
) -> PastVerdict:
    """Judge a path at ``at`` with what is proved of the past; never raises for bad input.

    ``signed``: the signature is proved to have existed then (best-signature-time); None: only now.
    ``not_before``: it is proved to be made after that (a content time-stamp). ``uses``: the algorithms of the
    signature itself. ``existing``: the other proofs.
    """
    case = _Case(
        question,
        at,
        signed,
        existing if existing is not None else Existing(at),
        not_before,
        tuple(uses),
    )
    return case.judge()


def _name(certificate: x509.Certificate) -> bytes:
    return digest_of(certificate)


class _Case:
    """One path and what is proved; the steps are kept as they are run."""

    def __init__(
        self,
        question: PathQuestion,
        at: datetime,
        signed: datetime | None,
        existing: Existing,
        not_before: datetime | None,
        uses: tuple[AlgorithmUse, ...],
    ) -> None:
        self.question, self.at, self.existing = question, at, existing
        self.is_proved, self.signed = signed is not None, at if signed is None else signed
        self.not_before, self.uses = not_before, uses
        self.steps: list[Step] = []

    @cached_property
    def trusted(self) -> frozenset[bytes]:
        """The names of the certificates of the trust folder."""
        return frozenset(_name(one) for one in self.question.trust.certificates())

    def _step(
        self, clause: str, check: Sentence, problem: Conclusion | Problem | None, moment: datetime
    ) -> None:
        conclusion = problem.conclusion if isinstance(problem, Problem) else problem
        self.steps.append(
            Step(
                clause=f"EN 319 102-1 {clause}",
                check=check,
                conclusion=conclusion or Conclusion.passed(),
                moment=moment,
            )
        )

    def judge(self) -> PastVerdict:
        """Run the three processes, each where the one before did not decide."""
        now = answer_path(self.question, self.at)
        self._step("5.2.6", say("The certificate chain holds now."), now.conclusion, self.at)
        conclusion, findings = now.conclusion, list(now.findings)
        weak = weak_at(self.uses, self.at)
        if weak is not None:
            self._step("5.2.8", say("The algorithms of the signature are reliable now."), weak, self.at)
            findings.append(weak.finding)
            if conclusion.indication is Indication.TOTAL_PASSED:
                conclusion = weak.conclusion
        contradiction = self._contradiction(now.revoked_at)
        if contradiction is not None:
            conclusion, finding = contradiction
            return self._answer(conclusion, now.chain, [finding, *findings])
        without_chain = conclusion.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        if without_chain and self.question.trust.anchors:
            note(self.question)
        if conclusion.indication is Indication.TOTAL_PASSED or self._is_final(conclusion):
            return self._answer(conclusion, now.chain, findings)
        self._note_missing()
        missing: Problem | None = None
        for facts in chains_of(self.question):
            problem = self._with_time(facts)
            self._step("5.5.4", say("The chain held when the signature is proved."), problem, self.signed)
            if problem is not None:
                missing = missing or problem
                problem = self._past(facts)
                self._step(
                    "5.6.2.4", say("The chain held in the past, by what is proved."), problem, self.signed
                )
            if problem is None:
                why = _why(conclusion.sub_indication)
                return self._answer(Conclusion.passed(), facts.chain.certificates, [why])
            if problem.sub_indication is SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE:
                conclusion, missing = problem.conclusion, problem
        if missing is not None and self.signed < self.at and missing.finding not in findings:
            findings.append(missing.finding)  # what is missing at the proved time
        return self._answer(conclusion, now.chain, findings)

    def _note_missing(self) -> None:
        """Note that more could be known: nothing current is at hand of somebody in the chain."""
        chains = chains_of(self.question)
        if chains and not any(
            all(link.is_cleared(self.at) for link in facts.links) for facts in chains if facts.needs_status
        ):
            note(self.question)

    def _answer(
        self, conclusion: Conclusion, chain: tuple[x509.Certificate, ...], findings: list[Finding]
    ) -> PastVerdict:
        return PastVerdict(
            conclusion=conclusion,
            chain=chain,
            findings=tuple(dict.fromkeys(findings)),
            steps=tuple(self.steps),
        )

    def _is_final(self, conclusion: Conclusion) -> bool:
        own = judge_itself(self.question.certificate, self.question.role)
        return own is not None or conclusion.sub_indication not in SAVED_BY_TIME

    def _contradiction(self, revoked_at: datetime | None) -> tuple[Conclusion, Finding] | None:
        """Return what the proved times make impossible: these fail (EN 319 102-1 table 5)."""
        certificate = self.question.certificate
        found: tuple[SubIndication, str, Sentence] | None = None
        if self.is_proved and self.signed < certificate.not_valid_before_utc:  # 5.5.4 4)
            found = (
                SubIndication.NOT_YET_VALID,
                "signed-before-certificate",
                say("The time-stamp proves that the signature is older than the certificate."),
            )
        elif self.not_before is not None and self.not_before > certificate.not_valid_after_utc:  # 5.3.4
            found = (
                SubIndication.EXPIRED,
                "signed-after-end",
                say(
                    "The content time-stamp proves that the signature is younger than the certificate's end."
                ),
            )
        elif self.not_before is not None and revoked_at is not None and self.not_before >= revoked_at:
            found = (
                SubIndication.REVOKED,
                "signed-after-revocation",
                say("The content time-stamp proves that the certificate was revoked before the signing."),
            )
        if found is None:
            return self._too_weak_when_made()
        reason, code, sentence = found
        conclusion = Conclusion.failed(reason)
        self._step("5.5.4", say("The proved times agree with the certificate."), conclusion, self.signed)
        return conclusion, Finding(code=code, severity=Severity.ERROR, sentence=sentence)

    def _too_weak_when_made(self) -> tuple[Conclusion, Finding] | None:
        """5.3.4: the content time-stamp proves that an algorithm was used after it had ended."""
        weak = None if self.not_before is None else weak_at(self.uses, self.not_before)
        if weak is None:
            return None
        conclusion = Conclusion.indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
        self._step("5.3.4", say("The algorithms of the signature are reliable now."), conclusion, self.at)
        return conclusion, weak.finding

    # --- with time ------------------------------------------------------------------------------------------

    def _with_time(self, facts: ChainFacts) -> Problem | None:
        """5.5.4 4) to 10) for one chain: what still stands against it, or None."""
        if not facts.links:
            return problems.out_of_bounds(facts.leaf, self.signed) or weak_at(self.uses, self.signed)
        return (
            facts.broken
            or self._ended_before(facts)
            or next(
                filter(None, (problems.out_of_bounds(link.certificate, self.at) for link in facts.links[1:])),
                None,
            )
            or self._unclear(facts)
            or weak_at(uses_at(facts, self.at), self.at)
            or weak_at(self.uses, self.signed)
        )

    def _ended_before(self, facts: ChainFacts) -> Problem | None:
        """Return whose validity had ended, or who was revoked, when the signature is proved."""
        own = facts.links[0]
        for link in facts.links:
            found = link.revocation()
            if found is None or found.revoked_at is None or found.revoked_at > self.signed:
                continue
            if found.is_hold:
                return problems.suspended(link.certificate, found.revoked_at)
            if link is own:
                return problems.revoked(link.certificate, found.revoked_at)
            return problems.issuer_revoked(facts.leaf, found.revoked_at)
        for link in facts.links:
            outside = out_of_bounds(link, self.signed)
            if outside is not None:
                return outside
        return None

    def _unclear(self, facts: ChainFacts) -> Problem | None:
        """5.5.4 6): fresh now, or fresh when the signature is proved."""
        if not facts.needs_status or all(
            link.is_cleared(self.at) or link.is_cleared(self.signed, stamped=True) for link in facts.links
        ):
            return None
        return unclear(facts, self.signed, stamped=True)

    # --- the past -------------------------------------------------------------------------------------------

    def _past(self, facts: ChainFacts) -> Problem | None:
        """5.6.2.4 for one chain: what still stands against it, or None."""
        if not facts.links:
            return self._with_time(facts)
        problem = facts.broken or self._ended_before(facts)
        if problem is not None:
            return problem
        control = self._slide(facts)  # 5.6.2.1.4 3)
        if control is None or self.signed > control:
            conclusion = Conclusion.indeterminate(SubIndication.NO_POE)
            self._step(
                "5.6.2.2", say("What proves the chain existed in time."), conclusion, control or self.at
            )
            return problems.not_proved(facts.leaf)
        self._step("5.6.2.2", say("What proves the chain existed in time."), None, control)
        if facts.needs_status and not all(
            link.is_cleared(self.signed, stamped=True) or link.is_cleared(self.at) for link in facts.links
        ):  # 5.6.2.4 5)
            return unclear(facts, self.signed, stamped=True) or problems.not_proved(facts.leaf)
        weak = weak_at(self.uses, self.signed)  # 5.6.2.4 4)
        if weak is not None:
            return weak
        if facts.needs_status and not self._spoken_in_time(facts.links[0]):  # 5.6.2.4 1)
            return problems.revocation_unproved(facts.leaf)
        return None

    def _spoken_in_time(self, link: Link) -> bool:
        """5.6.2.4 1): a word on the signer's certificate is proved while its issuer's was valid."""
        said = [one for one in link.proofs if one.revoked_at is not None or one.speaks_of(link.certificate)]
        return any(self.existing.since(one.name) <= link.issuer.not_valid_after_utc for one in said) or (
            _name(link.issuer) in self.trusted
            and link.issuer in (one.certificate for one in self.question.trust.anchors)
        )

    def _slide(self, facts: ChainFacts) -> datetime | None:
        """Return the control time (5.6.2.2.4), None where a proof is missing (NO_POE)."""
        control = self.at
        for link in reversed(facts.links):
            slack = CLOCK_TOLERANCE if control == self.at else timedelta(0)  # fetched a moment later
            revoked = [one.revoked_at for one in link.proofs if one.revoked_at is not None]
            if facts.needs_status:
                if not self._existed(link.certificate, control):
                    return None
                usable = [
                    one
                    for one in link.proofs
                    if one.this_update <= control + slack
                    and self.existing.since(one.name) <= control
                    and (one.revoked_at is not None or one.speaks_of(link.certificate))
                ]
                if not usable:
                    return None
                latest = max(usable, key=lambda one: (one.fresh_until, one.this_update))
                revoked = [one.revoked_at for one in usable if one.revoked_at is not None]
                control = min(control, latest.fresh_until)
                if latest.digest:
                    control = reliable_until((AlgorithmUse(digest=latest.digest),), control)
            control = min([control, *revoked])
            control = reliable_until(link.uses, control)
        return control

    def _existed(self, certificate: x509.Certificate, at: datetime) -> bool:
        """Whether the certificate is known to have existed; those of the trust folder are known."""
        name = _name(certificate)
        if name in self.trusted:
            return True
        since = self.existing.since(name)
        if certificate == self.question.certificate:
            since = min(since, self.signed)  # its digest is among what was signed
        return since <= at


def _why(reason: SubIndication | None) -> Finding:
    """Say why a chain that does not hold now passes all the same."""
    sentence = {
        SubIndication.TRY_LATER: say(
            "What is known of revocations is from the time for which the signature is proved."
        ),
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: say(
            "An algorithm is too weak today; the time-stamp proves that the signature is older."
        ),
    }.get(
        reason or SubIndication.GENERIC,
        say("The certificate has ended since; the time-stamp proves that the signature is older."),
    )
    return Finding(code="proved-in-time", severity=Severity.INFO, sentence=sentence)
