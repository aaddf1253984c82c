"""Answer RFC 3161 requests with a trial authority's key: a time-stamping service for tests and demos.

Bytes and a time in, bytes out; ``docsign.pki.responder`` puts it on a port. The tokens are ordinary ones: CMS
signed data with ESSCertIDv2 (RFC 5816), so that every verifier takes them.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from docsign.pki.keys import SigningKey
from docsign.pki.schemes import SignatureScheme

TRIAL_POLICY = "2.25.223673534724749582693974089856874462766"
"""The policy of trial tokens: an identifier from a random UUID, which no authority has."""
# in digits: asn1crypto knows these names only where its tsp module was loaded before the first CMS was read
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})  # TT 15/2025 PL I


def respond(request: bytes, key: SigningKey, *, at: datetime) -> bytes:
    """Return the DER TimeStampResp for a DER TimeStampReq; a bad request is answered with a rejection."""
    from asn1crypto import core, tsp

    from docsign.pki.rfc3161 import TimeStampResp

    try:
        asked = tsp.TimeStampReq.load(request, strict=True)
        algorithm = asked["message_imprint"]["hash_algorithm"]["algorithm"].native
        imprint = asked["message_imprint"]["hashed_message"].native
        nonce: int | None = asked["nonce"].native
        policy: str | None = asked["req_policy"].dotted if asked["req_policy"].native else None
        wants_certificates: bool = asked["cert_req"].native
    except (ValueError, TypeError, KeyError):
        return _rejection("bad_data_format")
    if algorithm not in _HASHES:
        return _rejection("bad_alg")
    if len(imprint) != hashlib.new(algorithm).digest_size:
        return _rejection("bad_data_format")
    if policy not in (None, TRIAL_POLICY):
        return _rejection("unaccepted_policy")
    values: dict[str, Any] = {
        "version": "v1",
        "policy": TRIAL_POLICY,
        "message_imprint": asked["message_imprint"],
        "serial_number": secrets.randbits(63) + 1,
        "gen_time": at.replace(microsecond=0),
        "accuracy": tsp.Accuracy({"seconds": 1}),
    }
    if nonce is not None:
        values["nonce"] = core.Integer(nonce)
    info: bytes = tsp.TSTInfo(values).dump()
    token = _signed(info, key, at, with_certificates=wants_certificates)
    answer = TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
    der: bytes = answer.dump()
    return der


def _signed(info: bytes, key: SigningKey, at: datetime, *, with_certificates: bool) -> Any:
    """Wrap TSTInfo in signed data (RFC 5652 5, RFC 3161 2.4.2)."""
    from asn1crypto import cms, core, tsp
    from asn1crypto import x509 as asn1_x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = asn1_x509.Certificate.load(key.certificate.public_bytes(Encoding.DER))
    identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate.dump()).digest()})
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": [_TST_INFO]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(at)})]}),
            cms.CMSAttribute(
                {"type": "message_digest", "values": [hashlib.new(key.scheme.hash_name, info).digest()]}
            ),
            cms.CMSAttribute(
                {
                    "type": _SIGNING_CERTIFICATE_V2,
                    "values": [tsp.SigningCertificateV2({"certs": [identifier]})],
                }
            ),
        ]
    )
    digest_algorithm = {"algorithm": key.scheme.hash_name}
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {
                "issuer_and_serial_number": {
                    "issuer": certificate.issuer,
                    "serial_number": certificate.serial_number,
                }
            }
        ),
        "digest_algorithm": digest_algorithm,
        "signed_attrs": attributes,
        "signature_algorithm": _signature_algorithm(key.scheme),
        "signature": key.sign(attributes.dump()),
    }
    content: dict[str, Any] = {
        "version": "v3",
        "digest_algorithms": [digest_algorithm],
        "encap_content_info": {"content_type": _TST_INFO, "content": core.ParsableOctetString(info)},
        "signer_infos": [signer],
    }
    if with_certificates:
        chain = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in key.chain]
        content["certificates"] = [certificate, *chain]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(content)})


def _signature_algorithm(scheme: SignatureScheme) -> dict[str, Any]:
    if scheme.family == "pss":
        digest = {"algorithm": scheme.hash_name}
        return {
            "algorithm": "rsassa_pss",
            "parameters": {
                "hash_algorithm": digest,
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
                "salt_length": hashlib.new(scheme.hash_name).digest_size,
            },
        }
    names = {"rsa": f"{scheme.hash_name}_rsa", "ecdsa": f"{scheme.hash_name}_ecdsa", "ed25519": "ed25519"}
    return {"algorithm": names[scheme.family]}


def _rejection(failure: str) -> bytes:
    from docsign.pki.rfc3161 import TimeStampResp

    answer = TimeStampResp({"status": {"status": "rejection", "fail_info": {failure}}})
    der: bytes = answer.dump()
    return der
