"""Certificates, lists, answers and stamps of another maker, its clock frozen, are read and judged alike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import tsp
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, ServiceLabel
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp

from docsign.ades.long_term import InTime, judge_in_time
from docsign.ades.stamped import Stamped, name_of, names_of
from docsign.pki.trust import Trust
from docsign.pki.validation_data import ValidationData
from docsign.verdict import Conclusion, SubIndication

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIGNED = datetime(2022, 3, 1, 12, tzinfo=UTC)
REVOKED = datetime(2022, 9, 1, tzinfo=UTC)
VALUE = "giá trị chữ ký".encode()
HOLDERS = ("root", "ca", "signer", "revoked", "tsa", "ocsp")


def configuration(folder: Path) -> dict[str, Any]:
    """Describe the authority in certomancer's way."""

    def certificate(holder: str, issuer: str, until: str, **more: Any) -> dict[str, Any]:
        validity = {"valid-from": "2020-01-01T00:00:00+0000", "valid-to": f"{until}-01-01T00:00:00+0000"}
        named = {"subject": holder, "subject-key": holder, "issuer": issuer, "authority-key": issuer}
        return {**named, "validity": validity, **more}

    authority = [{"id": "simple-ca", "params": {"crl-repo": "root"}}]
    stamping = [
        {
            "id": "key_usage",
            "critical": True,
            "smart-value": {"schema": "key-usage", "params": ["digital_signature"]},
        },
        {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
    ]
    point = {
        "id": "crl_distribution_points",
        "smart-value": {"schema": "crl-dist-url", "params": {"crl-repo-names": ["ca"]}},
    }
    person = {"profiles": ["digsig-commitment"], "extensions": [point]}
    revocation = {"revoked-since": REVOKED.isoformat(), "reason": "key_compromise"}
    return {
        "keysets": {
            "mau": {
                "path-prefix": str(folder),
                "keys": {name: {"path": f"{name}.key.pem"} for name in HOLDERS},
            }
        },
        "pki-architectures": {
            "mau": {
                "keyset": "mau",
                "entity-defaults": {"country-name": "VN", "organization-name": "Cơ quan mẫu"},
                "entities": {name: {"common-name": f"{name} mẫu"} for name in HOLDERS},
                "certs": {
                    "root": certificate("root", "root", "2060", profiles=authority),
                    "ca": certificate("ca", "root", "2040", profiles=authority),
                    "signer": certificate("signer", "ca", "2024", **person),
                    "revoked": certificate("revoked", "ca", "2024", revocation=revocation, **person),
                    "tsa": certificate("tsa", "ca", "2030", extensions=[*stamping, point]),
                    "ocsp": certificate("ocsp", "ca", "2030", profiles=["ocsp-responder"]),
                },
                "services": {
                    "ocsp": {"ca": {"for-issuer": "ca", "responder-cert": "ocsp", "signing-key": "ocsp"}},
                    "crl-repo": {
                        name: {
                            "for-issuer": name,
                            "signing-key": name,
                            "simulated-update-schedule": "P30D",
                        }
                        for name in ("root", "ca")
                    },
                    "time-stamping": {"tsa": {"signing-key": "tsa", "signing-cert": "tsa"}},
                },
            }
        },
    }


@dataclass
class Maker:
    """Certomancer's authority, and what it gives at a time."""

    arch: Any

    def certificate(self, name: str) -> x509.Certificate:
        """Return a certificate."""
        return x509.load_der_x509_certificate(self.arch.get_cert(CertLabel(name)).dump())

    def crl(self, name: str, at: datetime) -> bytes:
        """Return the list that is out at a time."""
        der: bytes = self.arch.service_registry.get_crl(ServiceLabel(name), at).dump()
        return der

    def answer(self, name: str, at: datetime) -> bytes:
        """Ask the OCSP responder at a time."""
        asked = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(self.certificate(name), self.certificate("ca"), SHA1())
            .build()
            .public_bytes(Encoding.DER)
        )
        responder = self.arch.service_registry.summon_responder(ServiceLabel("ca"), at)
        der: bytes = responder.build_ocsp_response(asn1_ocsp.OCSPRequest.load(asked)).dump()
        return der

    def stamp(self, at: datetime) -> bytes:
        """Let the time-stamping service stamp VALUE at a time."""
        imprint = {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": hashlib.sha256(VALUE).digest(),
        }
        request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
        service = self.arch.service_registry.summon_timestamper(ServiceLabel("tsa"), at)
        der: bytes = service.request_tsa_response(request)["time_stamp_token"].dump()
        return der


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """The authority with keys of this test."""
    folder = tmp_path_factory.mktemp("certomancer")
    for holder in HOLDERS:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{holder}.key.pem").write_bytes(pem)
    config = CertomancerConfig(configuration(folder), key_search_dir=str(folder))
    return Maker(config.get_pki_arch(ArchLabel("mau")))


def judged(
    maker: Maker, signer: str, at: datetime, *, stamped: datetime | None, known: ValidationData
) -> InTime:
    """Judge a signature of ``signer`` in time."""
    stamps = [] if stamped is None else [maker.stamp(stamped)]
    return judge_in_time(
        maker.certificate(signer),
        signature=name_of(VALUE),
        stamps=[
            Stamped(
                id="T1",
                token=token,
                kind="signature",
                imprint=lambda name: hashlib.new(name, VALUE).digest(),
                covers=names_of([VALUE]),
            )
            for token in stamps
        ],
        data=known.merged(ValidationData(certificates=(maker.certificate("ca"),))),
        trust=Trust.of([maker.certificate("root")]),
        at=at,
    )


def lists(maker: Maker, at: datetime) -> ValidationData:
    """Return both lists of a time."""
    return ValidationData(crls=(maker.crl("root", at), maker.crl("ca", at)))


def test_lists_and_answers_clear_alike(maker: Maker) -> None:
    """By its list or by its delegated responder, the signer passes; the revoked one by neither."""
    now = REVOKED + 40 * DAY
    by_lists = lists(maker, now)
    for signer, expected in (
        ("signer", Conclusion.passed()),
        ("revoked", Conclusion.indeterminate(SubIndication.REVOKED_NO_POE)),
    ):
        by_answer = ValidationData(crls=(maker.crl("root", now),), ocsps=(maker.answer(signer, now),))
        for known in (by_lists, by_answer):
            assert judged(maker, signer, now, stamped=None, known=known).conclusion == expected


def test_a_stamp_from_before_the_revocation_saves_the_signature(maker: Maker) -> None:
    """Stamped half a year before, and a day after."""
    now = REVOKED + 40 * DAY
    before = judged(maker, "revoked", now, stamped=SIGNED, known=lists(maker, now))
    assert (before.conclusion, before.best_signature_time) == (Conclusion.passed(), SIGNED)
    after = judged(maker, "revoked", now, stamped=REVOKED + DAY, known=lists(maker, now))
    assert after.conclusion == Conclusion.indeterminate(SubIndication.REVOKED_NO_POE)


def test_an_answer_of_the_day_holds_after_the_end(maker: Maker) -> None:
    """The certificate has ended; an answer from just after the stamp, and the lists of today."""
    now = datetime(2025, 1, 1, tzinfo=UTC)
    known = lists(maker, now).merged(ValidationData(ocsps=(maker.answer("signer", SIGNED + HOUR),)))
    assert judged(maker, "signer", now, stamped=SIGNED, known=known).conclusion == Conclusion.passed()
    early = lists(maker, now).merged(ValidationData(ocsps=(maker.answer("signer", SIGNED - DAY),)))
    answer = judged(maker, "signer", now, stamped=SIGNED, known=early)
    assert answer.conclusion == Conclusion.indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)
