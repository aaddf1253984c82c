"""Collect what a verdict on a certificate needs from the places the certificates name.

A shell: it asks over HTTP (``docsign.pki.asking``). Issuers by AIA caIssuers (RFC 5280 4.2.2.1), OCSP answers
(RFC 6960, by POST, with a nonce), revocation lists (RFC 5280 4.2.1.13). It judges nothing: what comes back is
looked at only so far as to know whether it says anything, and every failure is a finding with its address.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from docsign.errors import MalformedError
from docsign.pki.asking import Asking, FetchLimits, NotFetchedError, is_address, kept
from docsign.pki.certificates import (
    PARSER_ERRORS,
    Role,
    digest_of,
    display_name,
    extension,
    is_authority,
    is_readable,
    is_self_signed,
    issued_by,
    load_certificates,
)
from docsign.pki.chains import Chain, candidate_chains
from docsign.pki.ocsp import answer_proof, load_answer, needs_no_check, responder
from docsign.pki.problems import unusable
from docsign.pki.public_addresses import host_of
from docsign.pki.revocation import list_proof, load_crl
from docsign.pki.status import StatusProof
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Finding, Severity

MOST_ISSUERS = 8
MOST_ADDRESSES = 4
"""The most addresses tried for one thing."""
_ISSUER_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was fetched (without what was known), and what went wrong: warnings, each with its address.

    ``untrusted_asked`` counts the requests to addresses that nobody trusted has named.
    """

    data: ValidationData = ValidationData()
    findings: tuple[Finding, ...] = ()
    untrusted_asked: int = 0


def fetch_validation_data(
    certificate: x509.Certificate,
    *,
    others: Iterable[x509.Certificate] = (),
    trust: Trust,
    at: datetime,
    known: ValidationData | None = None,
    role: Role = "sign",
    limits: FetchLimits | None = None,
) -> Fetched:
    """Fetch what is missing to judge ``certificate`` for ``role`` at ``at``; never raises for a failure.

    Missing issuers are followed up to an anchor of ``trust``: where a certificate of ``trust`` has signed the
    last one, wherever it says, else at public addresses only and a few times, as anybody may have written
    them; without an anchor for ``role`` never. Then for each certificate below it, where
    ``known`` and the trust folder hold nothing that is fresh at ``at``, an OCSP answer is asked for, else its
    lists are fetched; for a delegated OCSP responder that does not say nocheck, its list. Without a way to an
    anchor no status is asked for: nobody untrusted is told who was verified. ``at`` may lie in the past: what
    is fetched is from now, and says all the more of then.
    """
    collecting = _Collecting(
        tuple(others), trust, at, known or ValidationData(), role, limits or FetchLimits()
    )
    collecting.run(certificate)
    return Fetched(
        data=ValidationData.of(
            certificates=collecting.certificates, ocsps=collecting.ocsps, crls=collecting.crls
        ),
        findings=tuple(dict.fromkeys(collecting.findings)),
        untrusted_asked=collecting.asking.untrusted_asked,
    )


class _Collecting:
    """One fetching, with what it has found so far."""

    def __init__(
        self,
        others: tuple[x509.Certificate, ...],
        trust: Trust,
        at: datetime,
        known: ValidationData,
        role: Role,
        limits: FetchLimits,
    ) -> None:
        self.trust, self.at, self.role, self.limits = trust, at, role, limits
        self.asking = Asking(limits, named_hosts(trust))
        self.others = tuple(one for one in (*others, *known.certificates) if is_readable(one))
        self.known = known
        self.certificates: list[x509.Certificate] = []
        self.ocsps: list[bytes] = []
        self.crls: list[bytes] = []
        self.findings: list[Finding] = []

    def run(self, certificate: x509.Certificate) -> None:
        """Fetch issuers, then the status of everything below the anchor."""
        if not is_readable(certificate) or not self.trust.for_role(self.role):
            return
        chain = self._chain(certificate)
        if chain is None or chain.anchor.revocation != "required":
            return
        links = list(zip(chain.certificates, chain.certificates[1:], strict=False))
        if not all(is_authority(issuer) for _, issuer in links[:-1]):
            return  # below one who is no authority anybody may have written the addresses
        for one, issuer in links:
            self._status(one, issuer, with_ocsp=True)

    def _remark(self, code: str, sentence: Sentence, where: str) -> None:
        self.findings.append(Finding(code=code, severity=Severity.WARNING, sentence=sentence, where=where))

    # --- issuers ------------------------------------------------------------------------------------------

    def _chain(self, certificate: x509.Certificate) -> Chain | None:
        """Return a chain to an anchor, fetching the issuers that are missing."""
        for _ in range(MOST_ISSUERS):
            found = self._candidate(certificate)
            if found is not None:
                return found
            top = self._top(certificate)
            issuers = list(self._issuers(top)) if not is_self_signed(top) else []
            new = [one for one in issuers if one not in self.certificates and one not in self.others]
            if not new:
                return None
            self.certificates += new
        return self._candidate(certificate)

    def _candidate(self, certificate: x509.Certificate) -> Chain | None:
        others = (*self.others, *self.certificates)
        return next(iter(candidate_chains(certificate, self.trust, self.role, others)), None)

    def _top(self, certificate: x509.Certificate) -> x509.Certificate:
        """Return the highest certificate that can be reached with what is at hand."""
        pool = (*self.trust.certificates(), *self.others, *self.certificates)
        path = [certificate]
        while len(path) <= MOST_ISSUERS:
            issuer = next((one for one in pool if one not in path and issued_by(path[-1], one)), None)
            if issuer is None:
                break
            path.append(issuer)
        return path[-1]

    def _issuers(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        """Yield the issuers of ``certificate`` found at its AIA addresses."""
        trusted = any(issued_by(certificate, one) for one in self.trust.certificates() if is_authority(one))
        for url in _access(certificate, Access.CA_ISSUERS):
            data = self._fetched(url, self.limits.answer_bytes, trusted=trusted)
            if data is None:
                continue
            loaded = _load_issuers(data)
            found = [one for one in loaded if issued_by(certificate, one)]
            if found:
                kept.keep(url, b"", datetime.now(UTC) + _ISSUER_KEPT, data)
                yield from found
                return
            self._remark(
                "fetched-other",
                say(
                    "What lies there is not the certificate of the issuer of {holder}.",
                    holder=display_name(certificate),
                ),
                url,
            )

    def _fetched(self, url: str, limit: int, *, trusted: bool = True) -> bytes | None:
        found = kept.find(url, b"", datetime.now(UTC)) if self.limits.cached else None
        if found is not None:
            return found
        try:
            return self.asking.get(url, limit=limit, trusted=trusted)
        except NotFetchedError as error:
            self._remark("not-fetched", error.sentence, url)
            return None

    # --- status -------------------------------------------------------------------------------------------

    def _status(self, certificate: x509.Certificate, issuer: x509.Certificate, *, with_ocsp: bool) -> None:
        """Fetch the status of one certificate, unless it is known."""
        if self._is_known(certificate, issuer):
            return
        if with_ocsp:
            for url in _access(certificate, Access.OCSP):
                if self._ask_ocsp(certificate, issuer, url):
                    return
        for url in _lists(certificate):
            data = self._fetched(url, self.limits.list_bytes)
            if data is not None and self._take_list(certificate, issuer, data, url):
                return

    def _is_known(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        pool = (*self.trust.intermediates, *self.others)
        crls = (*self.trust.crls, *self.known.crls, *self.crls)
        proofs = [list_proof(certificate, issuer, der, pool) for der in crls]
        proofs += [
            answer_proof(certificate, issuer, der, pool, crls) for der in (*self.known.ocsps, *self.ocsps)
        ]
        return any(self._is_enough(proof, certificate) for proof in proofs)

    def _is_enough(self, proof: object, certificate: x509.Certificate) -> bool:
        if not isinstance(proof, StatusProof):
            return False
        if proof.revoked_at is not None and not proof.is_hold:
            return True
        return proof.is_fresh(self.at) and (proof.revoked_at is not None or proof.speaks_of(certificate))

    def _take_list(
        self, certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, url: str
    ) -> bool:
        der = _list_der(data)
        crl = None if der is None else load_crl(der)
        if der is None or crl is None:
            self._remark("fetched-other", say("What lies there is not a revocation list (CRL)."), url)
            return False
        proof = list_proof(certificate, issuer, der, (*self.others, *self.certificates))
        if proof is None:
            self._remark(
                "fetched-other",
                say(
                    "The revocation list (CRL) there is not signed by the issuer of {holder}.",
                    holder=display_name(certificate),
                ),
                url,
            )
            return False
        if not isinstance(proof, StatusProof):
            self.findings.append(unusable(proof, certificate))
            return False
        if der not in self.crls:
            self.crls.append(der)
        if crl.next_update_utc is not None:
            kept.keep(url, b"", crl.next_update_utc, data)
        if not self._is_enough(proof, certificate):
            self._remark("fetched-stale", say("The revocation list (CRL) there is out of date."), url)
            return False
        return True

    def _ask_ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate, url: str) -> bool:
        """Ask one OCSP service; say whether its answer is enough."""
        question = b"ocsp" + digest_of(certificate)
        der = kept.find(url, question, datetime.now(UTC)) if self.limits.cached else None
        nonce: bytes | None = None
        if der is None:
            nonce = secrets.token_bytes(16)
            try:
                request = _ocsp_request(certificate, issuer, nonce)
                der = self.asking.post(
                    url, request, "application/ocsp-request", limit=self.limits.answer_bytes
                )
            except NotFetchedError as error:
                self._remark("not-fetched", error.sentence, url)
                return False
            except PARSER_ERRORS:
                return False
        return self._take_answer(certificate, issuer, der, url, nonce, question)

    def _take_answer(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        der: bytes,
        url: str,
        nonce: bytes | None,
        question: bytes,
    ) -> bool:
        response = load_answer(der)
        if response is None:
            self._remark("fetched-other", _ocsp_refusal(der), url)
            return False
        if nonce is not None and not _nonce_agrees(response, nonce):
            self._remark("ocsp-nonce", say("The OCSP answer does not answer this request (nonce)."), url)
            return False
        signer = responder(der, issuer)
        if signer is not None and not needs_no_check(signer):
            self._status(signer, issuer, with_ocsp=False)  # never by another answer: no circles
        pool = (*self.others, *self.certificates)
        crls = (*self.trust.crls, *self.known.crls, *self.crls)
        proof = answer_proof(certificate, issuer, der, pool, crls)
        if proof is None:
            self._remark("fetched-other", say("The OCSP answer is about another certificate."), url)
            return False
        if not isinstance(proof, StatusProof):
            self.findings.append(unusable(proof, certificate))
            return False
        if der not in self.ocsps:
            self.ocsps.append(der)
        if proof.next_update is not None:
            kept.keep(url, question, proof.next_update, der)
        if not self._is_enough(proof, certificate):
            self._remark("fetched-stale", say("The OCSP answer is out of date."), url)
            return False
        return True


def _ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> bytes:
    # SHA-1 names the issuer, it protects nothing: every responder knows it (RFC 5019 2.1.1)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 -- see above
    request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    return request.public_bytes(Encoding.DER)


def _nonce_agrees(response: ocsp.OCSPResponse, nonce: bytes) -> bool:
    """RFC 8954 2.1: a service may leave the nonce out, but not send another."""
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    except x509.ExtensionNotFound:
        return True
    except PARSER_ERRORS:
        return False


def _ocsp_refusal(der: bytes) -> Sentence:
    try:
        status = ocsp.load_der_ocsp_response(der).response_status
    except PARSER_ERRORS:
        return say("What came back is not an OCSP answer.")
    if status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        return say("What came back is not an OCSP answer.")
    return say("The OCSP service refuses: {reason}.", reason=status.name.lower().replace("_", " "))


def _access(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> list[str]:
    """Return the HTTP addresses of one access method."""
    try:
        found = extension(certificate, x509.AuthorityInformationAccess)
    except MalformedError:
        return []
    listed = [one.access_location for one in found.value if one.access_method == method] if found else []
    return _addresses(listed)


def _lists(certificate: x509.Certificate) -> list[str]:
    """Return the HTTP addresses of the certificate's revocation lists."""
    try:
        found = extension(certificate, x509.CRLDistributionPoints)
    except MalformedError:
        return []
    return _addresses([name for point in (found.value if found else ()) for name in point.full_name or ()])


def named_hosts(trust: Trust) -> frozenset[str]:
    """Return the hosts that may be asked wherever they lie: the trust names them, or a certificate in it."""
    found = {host.lower() for host in trust.hosts}
    for certificate in trust.certificates():
        urls = (
            *_access(certificate, Access.CA_ISSUERS),
            *_access(certificate, Access.OCSP),
            *_lists(certificate),
        )
        found |= {host_of(url) for url in urls}
    return frozenset(found)


def _addresses(names: Iterable[x509.GeneralName]) -> list[str]:
    urls = [one.value for one in names if isinstance(one, x509.UniformResourceIdentifier)]
    return list(dict.fromkeys(url for url in urls if is_address(url)))[:MOST_ADDRESSES]


def _load_issuers(data: bytes) -> list[x509.Certificate]:
    """Load a certificate (DER, PEM) or a bag of them (PKCS #7, RFC 5280 4.2.2.1)."""
    try:
        return load_certificates(data)[:MOST_ISSUERS]
    except MalformedError:
        pass
    try:
        loaded = pkcs7.load_der_pkcs7_certificates(data)
    except PARSER_ERRORS:
        return []
    return [one for one in loaded[:MOST_ISSUERS] if is_readable(one)]


def _list_der(data: bytes) -> bytes | None:
    if not data.startswith(b"-----BEGIN "):
        return data
    try:
        return x509.load_pem_x509_crl(data).public_bytes(Encoding.DER)
    except PARSER_ERRORS:
        return None
