"""Judges an evidence record: what it covers, and since when that exists (RFC 4998 5.3, RFC 6283 4.3).

The checks:

1. the record can be read, and each chain keeps to one digest (RFC 4998 5.2)
2. every given file stands in the first group of the first tree, and again in that of each later chain,
   there together with the digest of all earlier chains
3. every renewed stamp stands over the one before it
4. the top of each tree is what its token stamps
5. each token is good at the time of the next, which proves that it existed; the last one at the time of the
   judgement; time runs one way
6. each digest is strong enough until its chain is renewed

The record answers for itself alone: whatever is wrong with it is not the fault of a signature it protects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from docsign.ades import signed_data as sd
from docsign.ades.algorithms import UnsupportedAlgorithmError, hash_bytes
from docsign.ades.evidence_record import ArchiveStamp, EvidenceRecord, StampChain, read_evidence_record
from docsign.ades.hash_tree import joined, roots, with_earlier
from docsign.ades.problems import Problem, doubtful, failed, note
from docsign.ades.signer import Digester
from docsign.ades.stamped import name_of, names_of
from docsign.ades.timestamps import inside_token, judge_token, read_timestamp_info
from docsign.errors import CmsError, MalformedError
from docsign.pki.existence import Existing
from docsign.pki.strength import AlgorithmUse, weakest
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import say
from docsign.values import dataclass
from docsign.verdict import (
    Conclusion,
    Finding,
    Indication,
    SubIndication,
    TimestampReport,
    conclude,
)

Contents = Callable[[str], bytes | None]
"""Gives the bytes of a file by its name; None where it is not here, or too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceJudgement:
    """The answer on one evidence record.

    ``covered`` names the given files that it protects through all its chains; ``time`` is since when they are
    proved to exist, None unless the record passes. ``stamps`` are the answers on its single time-stamps,
    ``tokens`` their DER, oldest first.
    """

    report: TimestampReport
    covered: tuple[str, ...] = ()
    time: datetime | None = None
    stamps: tuple[TimestampReport, ...] = ()
    tokens: tuple[bytes, ...] = ()


def judge_evidence_record(
    data: bytes,
    objects: Mapping[str, Digester],
    *,
    trust: Trust,
    at: datetime,
    id: str = "ER1",
    beside: ValidationData | None = None,
    contents: Contents | None = None,
) -> EvidenceJudgement:
    """Judge an evidence record (ASN.1 or XML) over ``objects``; never raises on bad bytes.

    ``objects`` gives for every file that the record must cover how it is digested (from hashlib's name of a
    digest to the digest; asked once for each chain). A file the record does not cover fails the record.
    ``beside`` is validation data that lies elsewhere. ``contents`` gives the bytes of a file by its name, for
    a record in XML over a file in XML: it may be digested in its canonical form.
    """
    try:
        record = read_evidence_record(data)
    except UnsupportedAlgorithmError as error:
        return _unread(
            id, doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        )
    except MalformedError as error:
        problem = failed(SubIndication.FORMAT_FAILURE, "evidence-record-form", error.sentence, error.where)
        return _unread(id, problem)
    data_beside = record.beside.merged(beside or ValidationData())
    return _Judging(record, objects, trust, at, id, data_beside, contents).run()


def judge_read_record(
    record: EvidenceRecord,
    objects: Mapping[str, Digester],
    *,
    trust: Trust,
    at: datetime,
    id: str = "ER1",
    beside: ValidationData | None = None,
) -> EvidenceJudgement:
    """Judge a record that was read already (one inside an XML signature); as ``judge_evidence_record``."""
    return _Judging(record, objects, trust, at, id, record.beside.merged(beside or ValidationData())).run()


def _unread(id: str, problem: Problem) -> EvidenceJudgement:
    report = TimestampReport(
        id=id,
        kind="evidence-record",
        conclusion=problem.conclusion,
        intact=None,
        findings=(problem.finding,),
    )
    return EvidenceJudgement(report=report)


class _Judging:
    """One judgement on its way; ``problems`` in the order of the checks."""

    def __init__(
        self,
        record: EvidenceRecord,
        objects: Mapping[str, Digester],
        trust: Trust,
        at: datetime,
        id: str,
        beside: ValidationData,
        contents: Contents | None = None,
    ) -> None:
        self.record = record
        self.objects = objects
        self.trust = trust
        self.at = at
        self.id = id
        self.beside = beside
        self.contents = contents
        self.problems: list[Problem] = []
        self.covered: set[str] = set(objects)
        self.digests: dict[str, dict[str, bytes]] = {}

    def run(self) -> EvidenceJudgement:
        """Run the checks and draw the conclusion."""
        if not self.objects:
            sentence = say(
                "The files that this evidence record covers are not here: give them with --content."
            )
            self.problems.append(
                doubtful(SubIndication.SIGNED_DATA_NOT_FOUND, "evidence-objects-not-found", sentence)
            )
        imprints: list[tuple[bytes, ...]] = []
        for number, chain in enumerate(self.record.chains, 1):
            imprints += self._chain(chain, f"chain {number}")
        listed = [stamp for chain in self.record.chains for stamp in chain.stamps]
        reports = self._tokens(listed, imprints)
        self._strength(reports)
        return self._answer(listed, reports)

    # --- checks 1 to 4 ---------------------------------------------------------------------------------

    def _chain(self, chain: StampChain, where: str) -> Iterator[tuple[bytes, ...]]:
        """Check one chain's trees; yield for each stamp the digests that its token may stamp."""
        first = chain.stamps[0]
        if any(stamp.hash != first.hash for stamp in chain.stamps):
            self.problems.append(
                failed(
                    SubIndication.FORMAT_FAILURE,
                    "evidence-chain-digest",
                    say("The time-stamps of one chain of the evidence record use different digests."),
                    where,
                )
            )
        yield self._first_tree(first, chain, where)
        for number, (before, stamp) in enumerate(zip(chain.stamps, chain.stamps[1:], strict=False), 2):
            value = hash_bytes(stamp.hash, before.renewable)
            if not stamp.groups:
                yield (value,)
                continue
            if value not in stamp.groups[0]:
                self._broken_renewal(f"{where}, time-stamp {number}")
            yield roots(stamp.hash, stamp.groups)

    def _first_tree(self, stamp: ArchiveStamp, chain: StampChain, where: str) -> tuple[bytes, ...]:
        """Find every file in the first group of a chain's first tree; return the tree's top."""
        earlier = () if chain.earlier is None else chain.earlier(stamp.hash)
        own = self._digests(stamp.hash)
        as_xml = self.record.form == "xml"
        wanted = {
            name: tuple(one for old in earlier for one in with_earlier(stamp.hash, value, old))
            if earlier and not as_xml
            else (value, *self._canonical(name, stamp.hash, chain.canonicalization))
            for name, value in own.items()
        }
        if not stamp.groups:
            return self._without_tree(stamp.hash, wanted, earlier if as_xml else ())
        group = frozenset(stamp.groups[0])
        self._repeated(stamp, wanted, where)
        if earlier and as_xml and group.isdisjoint(earlier):
            self._broken_renewal(where)
        for name, values in wanted.items():
            if group.isdisjoint(values):
                self.covered.discard(name)
                self._not_covered(name, renewed=bool(earlier))
        return roots(stamp.hash, stamp.groups)

    def _digests(self, name: str) -> dict[str, bytes]:
        """Digest every file once for each hash, however many chains ask."""
        if name not in self.digests:
            self.digests[name] = {file: digest(name) for file, digest in self.objects.items()}
        return self.digests[name]

    def _canonical(self, file: str, name: str, algorithm: str) -> tuple[bytes, ...]:
        """Digest a file's canonical form, where it has one that the record may mean."""
        data = self.contents(file) if self.contents is not None and algorithm else None
        if data is None:
            return ()
        from docsign.ades.evidence_record_xml import canonical_file

        canonical = canonical_file(data, algorithm)
        return () if canonical is None else (hash_bytes(name, canonical),)

    @staticmethod
    def _without_tree(
        name: str, wanted: Mapping[str, tuple[bytes, ...]], earlier: tuple[bytes, ...]
    ) -> tuple[bytes, ...]:
        """RFC 4998 4.2: without a tree the token stamps the one digest, or that of the group, itself."""
        readings = {
            tuple(one[which] for one in wanted.values()) for which in (0, -1)
        }  # as it stands, or as XML
        if len(wanted) == 1 and not earlier:
            return next(iter(wanted.values()))
        if not wanted and not earlier:
            return ()
        extras = [[one] for one in earlier] or [[]]
        return tuple(joined(name, [*values, *extra]) for values in readings for extra in extras)

    def _repeated(self, stamp: ArchiveStamp, wanted: Mapping[str, tuple[bytes, ...]], where: str) -> None:
        """A value that stands twice in a group makes the tree ambiguous, save for files that are equal."""
        alike = Counter(value for values in wanted.values() for value in set(values))
        for number, group in enumerate(stamp.groups):
            allowed = alike if number == 0 else Counter[bytes]()
            if any(count > max(allowed[value], 1) for value, count in Counter(group).items()):
                self.problems.append(
                    failed(
                        SubIndication.FORMAT_FAILURE,
                        "evidence-duplicate",
                        say("A digest stands twice in the hash tree of the evidence record."),
                        where,
                    )
                )
                return

    def _not_covered(self, name: str, *, renewed: bool) -> None:
        sentence = (
            say("The renewed evidence record no longer covers this file, or its earlier chains were changed.")
            if renewed
            else say("The evidence record does not cover this file, or the file was changed.")
        )
        self.problems.append(failed(SubIndication.HASH_FAILURE, "evidence-object", sentence, name))

    def _broken_renewal(self, where: str) -> None:
        sentence = say("A renewal in the evidence record does not stand over what it renews.")
        self.problems.append(failed(SubIndication.HASH_FAILURE, "evidence-renewal", sentence, where))

    # --- checks 5 and 6 --------------------------------------------------------------------------------

    def _tokens(self, listed: list[ArchiveStamp], imprints: list[tuple[bytes, ...]]) -> list[TimestampReport]:
        """Judge the tokens, the newest first: each that passes proves the one before it (RFC 4998 5.3)."""
        existing = Existing(self.at)
        reports: list[TimestampReport] = []
        for number in range(len(listed) - 1, -1, -1):
            judged = judge_token(
                listed[number].token,
                _imprint(listed[number], imprints[number]) if imprints[number] else None,
                trust=self.trust,
                at=self.at,
                id=f"{self.id}-T{number + 1}",
                kind="evidence-record",
                data=self.beside,
                existing=existing,
            )
            reports.append(judged.report)
            passed = judged.report.conclusion.indication is Indication.TOTAL_PASSED
            if number and judged.report.time is not None and passed:
                before = listed[number - 1].token
                existing.add({name_of(before), *names_of(inside_token(before))}, judged.report.time)
        reports.reverse()
        for number, (one, later) in enumerate(pairwise(reports), 2):
            if one.time is not None and later.time is not None and later.time < one.time:
                sentence = say("A time-stamp of the evidence record is older than the one that it renews.")
                where = f"time-stamp {number}"
                self.problems.append(
                    doubtful(SubIndication.TIMESTAMP_ORDER_FAILURE, "evidence-order", sentence, where)
                )
        return reports

    def _strength(self, reports: list[TimestampReport]) -> None:
        """Judge each chain's digest at the time when the next chain begins, the last one's now."""
        place = 0
        for number, chain in enumerate(self.record.chains, 1):
            place += len(chain.stamps)
            until = (reports[place].time or self.at) if place < len(reports) else self.at
            weak = weakest([AlgorithmUse(digest=chain.stamps[0].hash)], until)
            if weak is not None:
                self.problems.append(
                    doubtful(
                        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                        "weak-algorithm",
                        weak.sentence,
                        f"chain {number}",
                    )
                )

    # --- the answer ------------------------------------------------------------------------------------

    def _answer(self, listed: list[ArchiveStamp], reports: list[TimestampReport]) -> EvidenceJudgement:
        answers = [problem.conclusion for problem in self.problems]
        conclusion = conclude([*answers, *(report.conclusion for report in reports), Conclusion.passed()])
        broken = any(answer.indication is Indication.TOTAL_FAILED for answer in answers)
        states = [report.intact for report in reports]
        intact = False if broken or False in states else None if None in states or not self.objects else True
        findings: list[Finding] = [problem.finding for problem in self.problems]
        for number, report in enumerate(reports, 1):
            findings += [
                replace(one, where=one.where or f"time-stamp {number}")
                for one in report.findings
                if one not in findings
            ]
        passed = conclusion.indication is Indication.TOTAL_PASSED
        covered = tuple(name for name in self.objects if name in self.covered) if not broken else ()
        findings += self._remarks(covered, reports)
        report = TimestampReport(
            id=self.id,
            kind="evidence-record",
            conclusion=conclusion,
            time=reports[0].time,
            issuer=reports[0].issuer,
            intact=intact,
            findings=tuple(findings),
        )
        return EvidenceJudgement(
            report=report,
            covered=covered,
            time=reports[0].time if passed else None,
            stamps=tuple(reports),
            tokens=tuple(stamp.token for stamp in listed),
        )

    def _remarks(self, covered: tuple[str, ...], reports: list[TimestampReport]) -> Iterator[Finding]:
        if len(reports) > 1:
            yield note(
                "evidence-renewed",
                say(
                    "The evidence record was renewed: {stamps} time-stamps in {chains} chains.",
                    stamps=len(reports),
                    chains=len(self.record.chains),
                ),
            )
        for name in covered:
            yield note("evidence-covers", say("The evidence record covers this file."), name)


def _imprint(stamp: ArchiveStamp, tops: tuple[bytes, ...]) -> Digester:
    """Give the top of the tree: of the allowed readings the one that the token stamps, if any."""
    stamped = _stamped_by(stamp.token)
    value = stamped if stamped in tops else tops[0]
    return lambda name: value if name == stamp.hash else b""


def _stamped_by(token: bytes) -> bytes | None:
    try:
        content = sd.read_signed_data(token).content
        return None if content is None else read_timestamp_info(content).imprint
    except CmsError:
        return None
