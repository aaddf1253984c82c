"""Validation data is fetched from loopback services that are up, down, slow, lying, or talk nonsense."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp

from docsign.pki.asking import is_address, kept
from docsign.pki.fetch import Fetched, FetchLimits, fetch_validation_data
from docsign.pki.paths import judge_path
from docsign.pki.trust import Anchor, Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, SubIndication
from tests.pki.certifying import OCSP_PURPOSE, Holder, root

NOW = datetime.now(UTC).replace(microsecond=0)
Answer = Callable[[bytes], bytes]


class Web:
    """An HTTP service on loopback; what lies at a path is bytes or a function of the request."""

    def __init__(self) -> None:
        self.served: dict[str, bytes | Answer] = {}
        self.moved: dict[str, str] = {}
        self.asked: list[str] = []
        self.delay = 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self, b"")

            def do_POST(self) -> None:
                outer.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler: http.server.BaseHTTPRequestHandler, request: bytes) -> None:
        """Answer one request."""
        self.asked.append(handler.path)
        if handler.path in self.moved:
            handler.send_response(302)
            handler.send_header("Location", self.moved[handler.path])
            handler.end_headers()
            return
        found = self.served.get(handler.path)
        if found is None:
            handler.send_error(404)
            return
        body = found if isinstance(found, bytes) else found(request)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        time.sleep(self.delay)
        with contextlib.suppress(OSError):  # the other side hung up, as it should
            handler.wfile.write(body)


@pytest.fixture
def web() -> Iterator[Web]:
    """The service, running while the test runs; nothing fetched is remembered from before."""
    kept.forget()
    made = Web()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


class Office:
    """A root, an issuing CA and a signer whose certificates name the service."""

    def __init__(self, web: Web) -> None:
        self.root = root()
        self.issuing = self.root.issue(
            "CA mẫu", ca=True, issuers_at=f"{web.url}/root.cer", list_at=f"{web.url}/root.crl"
        )
        self.signer = self.issuing.issue(
            "Nguyễn Văn Mẫu",
            issuers_at=f"{web.url}/issuing.cer",
            ocsp_at=f"{web.url}/ocsp",
            list_at=f"{web.url}/issuing.crl",
        )
        self.trust = Trust.of([self.root.certificate], hosts=["127.0.0.1"])
        web.served |= {
            "/issuing.cer": self.issuing.certificate.public_bytes(Encoding.DER),
            "/root.crl": self.root.crl(NOW - timedelta(hours=1)),
            "/issuing.crl": self.issuing.crl(NOW - timedelta(hours=1)),
            "/ocsp": self.ocsp(self.issuing),
        }

    def ocsp(self, signer: Holder, **options: object) -> Answer:
        """Return a responder that repeats the nonce."""

        def answer(request: bytes) -> bytes:
            asked = ocsp.load_der_ocsp_request(request)
            nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            given = {"nonce": nonce, "made": NOW, "until": NOW + timedelta(hours=1), **options}
            if signer is not self.issuing:
                given["issuer"] = self.issuing.certificate
            return signer.answer(self.signer.certificate, **given)  # type: ignore[arg-type] # handed on

        return answer

    def fetched(self, known: ValidationData | None = None, **limits: float) -> Fetched:
        """Fetch for the signer, knowing no more than the certificate."""
        return fetch_validation_data(
            self.signer.certificate,
            trust=self.trust,
            at=NOW,
            known=known,
            limits=FetchLimits(**limits),  # type: ignore[arg-type] # numbers all
        )

    def judged(self, fetched: Fetched) -> Conclusion:
        """Judge the signer with what was fetched."""
        return judge_path(
            self.signer.certificate,
            others=fetched.data.certificates,
            trust=self.trust,
            at=NOW,
            crls=fetched.data.crls,
            ocsps=fetched.data.ocsps,
        ).conclusion


def codes(fetched: Fetched) -> list[str]:
    """Return the codes of what went wrong."""
    return [finding.code for finding in fetched.findings]


def slowly(_: bytes) -> bytes:
    """Answer when nobody waits any more."""
    time.sleep(1.5)
    return b""


TRY_LATER = Conclusion.indeterminate(SubIndication.TRY_LATER)
REVOKED = Conclusion.indeterminate(SubIndication.REVOKED_NO_POE)


def test_everything_missing_is_fetched(web: Web) -> None:
    """The issuer by AIA, the signer's status by OCSP, the issuer's by its list: the path passes."""
    office = Office(web)
    fetched = office.fetched()
    assert fetched.findings == ()
    assert fetched.data.certificates == (office.issuing.certificate,)
    assert (len(fetched.data.ocsps), len(fetched.data.crls)) == (1, 1)
    assert office.judged(fetched) == Conclusion.passed()
    assert office.judged(Fetched()) == Conclusion.indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_what_is_known_is_not_asked_again(web: Web) -> None:
    """With fresh data at hand no address is asked; a second fetching is answered from memory."""
    office = Office(web)
    first = office.fetched()
    asked = list(web.asked)
    again = office.fetched()
    assert web.asked == asked
    assert again.data == first.data
    assert office.fetched(known=first.data, cached=False).data.is_empty
    assert web.asked == asked


def test_the_issuers_may_come_as_a_bag(web: Web) -> None:
    """CaIssuers may give a PKCS #7 bag, or PEM."""
    office = Office(web)
    bag = pkcs7.serialize_certificates([office.root.certificate, office.issuing.certificate], Encoding.DER)
    for body in (bag, office.issuing.certificate.public_bytes(Encoding.PEM)):
        kept.forget()
        web.served["/issuing.cer"] = body
        assert office.judged(office.fetched()) == Conclusion.passed()


def test_a_revoked_certificate_is_told_by_the_answer(web: Web) -> None:
    """OCSP says revoked: that is enough, and it decides."""
    office = Office(web)
    web.served["/ocsp"] = office.ocsp(office.issuing, revoked_at=NOW - timedelta(days=1))
    fetched = office.fetched()
    assert "/issuing.crl" not in web.asked
    assert office.judged(fetched) == REVOKED


def test_a_delegated_responder_is_taken(web: Web) -> None:
    """One whom the issuer certified for it: with nocheck alone, without it only with a list."""
    office = Office(web)
    entitled = office.issuing.issue("OCSP mẫu", purpose=OCSP_PURPOSE, nocheck=True)
    web.served["/ocsp"] = office.ocsp(entitled)
    fetched = office.fetched()
    assert (codes(fetched), len(fetched.data.ocsps)) == ([], 1)
    assert office.judged(fetched) == Conclusion.passed()

    kept.forget()
    checked = office.issuing.issue("OCSP mẫu", purpose=OCSP_PURPOSE, list_at=f"{web.url}/issuing.crl")
    web.served["/ocsp"] = office.ocsp(checked)
    fetched = office.fetched()
    assert (len(fetched.data.ocsps), len(fetched.data.crls)) == (1, 2)
    assert office.judged(fetched) == Conclusion.passed()


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("stranger", "revocation-ocsp-signer"),
        ("not-delegated", "revocation-ocsp-signer"),
        ("unproved", "revocation-ocsp-signer-unproved"),
        ("nonce", "ocsp-nonce"),
        ("unknown", "revocation-ocsp-unknown"),
        ("stale", "fetched-stale"),
        ("nonsense", "fetched-other"),
        ("refusal", "fetched-other"),
        ("huge", "not-fetched"),
        ("down", "not-fetched"),
        ("slow", "not-fetched"),
    ],
)
def test_a_bad_answer_is_a_finding_and_the_list_is_asked(web: Web, what: str, code: str) -> None:
    """Whatever the OCSP service does wrong is named with its address; the list decides instead."""
    office = Office(web)
    stranger = root("CA lạ")
    unentitled = office.issuing.issue("Trần Thị Thử")
    unproved = office.issuing.issue("OCSP mẫu", purpose=OCSP_PURPOSE)
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    answers: dict[str, bytes | Answer] = {
        "stranger": office.ocsp(stranger),
        "not-delegated": office.ocsp(unentitled),
        "unproved": office.ocsp(unproved),
        "nonce": office.ocsp(office.issuing, nonce=b"nonce cua nguoi khac"),
        "unknown": office.ocsp(office.issuing, unknown=True),
        "stale": office.ocsp(office.issuing, made=NOW - timedelta(days=9), until=NOW - timedelta(days=8)),
        "nonsense": b"<html>Xin chao</html>",
        "refusal": refusal.public_bytes(Encoding.DER),
        "huge": b"0" * 2_000_000,
    }
    web.served.pop("/ocsp")
    if what in answers:
        web.served["/ocsp"] = answers[what]
    if what == "slow":
        web.served["/ocsp"] = slowly
    fetched = office.fetched(seconds=0.7) if what == "slow" else office.fetched()
    assert codes(fetched) == [code]
    assert office.judged(fetched) == Conclusion.passed()
    assert "/issuing.crl" in web.asked


def test_nothing_reached_is_try_later(web: Web) -> None:
    """Neither answer nor list: each address is named, and the verdict waits."""
    office = Office(web)
    web.served = {"/issuing.cer": web.served["/issuing.cer"]}
    fetched = office.fetched()
    assert {finding.where.rpartition("/")[2] for finding in fetched.findings} == {
        "ocsp",
        "issuing.crl",
        "root.crl",
    }
    assert office.judged(fetched) == TRY_LATER


@pytest.mark.parametrize("what", ["nonsense", "stranger", "stale"])
def test_a_bad_list_is_a_finding(web: Web, what: str) -> None:
    """A list that is none, of another, or out of date clears nobody."""
    office = Office(web)
    web.served.pop("/ocsp")
    web.served["/issuing.crl"] = {
        "nonsense": b"khong phai danh sach",
        "stranger": root("CA lạ").crl(NOW),
        "stale": office.issuing.crl(NOW - timedelta(days=60)),
    }[what]
    fetched = office.fetched()
    assert codes(fetched)[0] == "not-fetched"
    assert codes(fetched)[1] == ("fetched-stale" if what == "stale" else "fetched-other")
    assert office.judged(fetched) == TRY_LATER


def test_an_address_that_is_silent_is_not_asked_again(web: Web) -> None:
    """A folder of a thousand files does not wait a thousand times."""
    office = Office(web)
    web.delay = 1.0
    web.served = {"/issuing.cer": b"cham"}
    office.fetched(seconds=0.3)
    asked = len(web.asked)
    started = time.monotonic()
    second = office.fetched(seconds=0.3)
    assert len(web.asked) == asked
    assert time.monotonic() - started < 0.25
    assert codes(second) == ["not-fetched"]


def test_requests_and_redirections_are_counted(web: Web) -> None:
    """So many requests and no more; a redirection leads on to HTTP alone, and not for ever."""
    office = Office(web)
    assert "not-fetched" in codes(office.fetched(requests=1))
    assert web.asked == ["/issuing.cer"]
    kept.forget()
    web.served.pop("/ocsp")
    web.moved = {"/issuing.crl": f"{web.url}/moved.crl"}
    web.served["/moved.crl"] = office.issuing.crl(NOW)
    assert office.judged(office.fetched()) == Conclusion.passed()
    for place in (f"{web.url}/issuing.crl", "file:///etc/passwd", "ftp://127.0.0.1/x"):
        kept.forget()
        web.asked.clear()
        web.moved = {"/issuing.crl": place}
        assert codes(office.fetched()).count("not-fetched") == 2
        assert web.asked.count("/issuing.crl") <= 4


def test_nobody_untrusted_is_told_who_was_verified(web: Web) -> None:
    """Without a way to an anchor, or where no revocations are expected, no status is asked for."""
    office = Office(web)
    office.trust = Trust.of([root("CA khác").certificate])
    office.fetched()
    assert set(web.asked) <= {"/issuing.cer", "/root.cer"}
    web.asked.clear()
    anchor = Anchor(certificate=office.root.certificate, revocation="not-expected")
    office.trust = Trust.of([anchor], intermediates=[office.issuing.certificate])
    assert office.judged(office.fetched()) == Conclusion.passed()
    assert web.asked == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://ca.example/x.crl", True),
        ("https://ca.example/x.crl", True),
        ("ldap://ca.example/cn=x", False),
        ("file:///etc/passwd", False),
        ("http://", False),
        ("http://a b/", False),
        ("http://user@ca.example/", False),
        ("http://ca.example:port/", False),
        ("http://ca.example/" + "x" * 3000, False),
        ("http://ca.example/\r\nHost: khac", False),
    ],
)
def test_only_plain_http_addresses_are_asked(url: str, expected: bool) -> None:
    """Directories, files and addresses that carry something else are passed over."""
    assert is_address(url) is expected
