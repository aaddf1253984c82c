"""A small remote signing service (CSC API v2) on loopback, with faults to order."""

from __future__ import annotations

import asyncio
import base64
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from docsign.pki.authority import Issued
from docsign.pki.schemes import SignatureScheme, hash_algorithm, pss_padding

TOKEN = "the-token-of-this-trial"
PIN, OTP = "246810", "998877"
_HASHES = {
    "2.16.840.1.101.3.4.2.1": SignatureScheme.RSA_SHA256,
    "2.16.840.1.101.3.4.2.2": SignatureScheme.RSA_SHA384,
    "2.16.840.1.101.3.4.2.3": SignatureScheme.RSA_SHA512,
}


@dataclass(kw_only=True)
class CscDouble:
    """What the service holds, what it was asked, and what it does wrong."""

    credentials: dict[str, Issued]
    mode: str = "explicit"
    factors: tuple[str, ...] = ("PIN", "OTP")
    multisign: int = 3
    plain_ecdsa: bool = False
    state: str = "enabled"
    fault: dict[str, Any] = field(default_factory=dict)
    """Answers by method: a status, a (status, body) pair, bytes, or a value to put over the right answer."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _released: dict[str, list[str]] = field(default_factory=dict)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """Return the bodies of the calls of one method."""
        return [body for name, body in self.asked if name == method]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        method = request.match_info["method"]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "invalid_token"}, status=401)
        body = await request.json()
        self.asked.append((method, body))
        fault = self.fault.get(method)
        if fault == "slow":
            await asyncio.sleep(2)
        if fault == "redirect":
            raise web.HTTPTemporaryRedirect("http://127.0.0.1:9/")
        if isinstance(fault, bytes):
            return web.Response(body=fault, content_type="application/json")
        if isinstance(fault, tuple):
            return web.json_response(fault[1], status=fault[0])
        try:
            made = getattr(self, "_" + method.replace("/", "_"))(body)
        except PermissionError as error:
            return web.json_response({"error": error.args[0], "error_description": error.args[1]}, status=400)
        if isinstance(fault, dict):
            made |= fault
        return web.json_response(made)

    def _credentials_list(self, body: dict[str, Any]) -> dict[str, Any]:
        every = sorted(self.credentials)
        page = int(body.get("pageToken", "0"))
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(every) else {}
        return {"credentialIDs": every[page : page + 1], **more}

    def _credentials_info(self, body: dict[str, Any]) -> dict[str, Any]:
        issued = self.credentials.get(body["credentialID"])
        if issued is None:
            raise PermissionError("invalid_request", "Invalid parameter credentialID")
        rsa_key = isinstance(issued.private_key, rsa.RSAPrivateKey)
        algorithms = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"] if rsa_key else ["1.2.840.10045.2.1"]
        every = [issued.certificate, *issued.chain]
        return {
            "key": {"status": self.state, "algo": algorithms, "len": 2048},
            "cert": {
                "status": "valid",
                "certificates": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in every],
            },
            "auth": {
                "mode": self.mode,
                "expression": " AND ".join(self.factors),
                "objects": [{"type": "Password", "id": one, "label": one} for one in self.factors],
            },
            "SCAL": "2",
            "multisign": self.multisign,
        }

    def _credentials_authorize(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(body["hashes"]) != body["numSignatures"] or body["numSignatures"] > self.multisign:
            raise PermissionError("invalid_request", "Numbers of signatures is too high")
        given = {one["id"]: one["value"] for one in body.get("authData", [])}
        if "PIN" in self.factors and self.mode == "explicit" and given.get("PIN") != PIN:
            raise PermissionError("invalid_pin", "The PIN is invalid")
        if "OTP" in self.factors and self.mode == "explicit" and given.get("OTP") != OTP:
            raise PermissionError("invalid_otp", "The OTP is invalid")
        sad = f"sad-{len(self._released)}"
        self._released[sad] = body["hashes"]
        return {"SAD": sad, "expiresIn": 300}

    def _signatures_signHash(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 -- the API's name
        if self.mode != "oauth2code" and self._released.pop(body.get("SAD", ""), None) != body["hashes"]:
            raise PermissionError("invalid_request", "The SAD is not for these hashes")
        issued = self.credentials[body["credentialID"]]
        return {"signatures": [self._sign(issued, base64.b64decode(one), body) for one in body["hashes"]]}

    def _sign(self, issued: Issued, digest: bytes, body: dict[str, Any]) -> str:
        scheme = _HASHES[body["hashAlgorithmOID"]]
        how = Prehashed(hash_algorithm(scheme))
        key = issued.private_key
        if isinstance(key, rsa.RSAPrivateKey):
            pss = body["signAlgo"] == "1.2.840.113549.1.1.10"
            assert not pss or body["signAlgoParams"]
            value = key.sign(digest, pss_padding(scheme) if pss else padding.PKCS1v15(), how)
        else:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            value = key.sign(digest, ec.ECDSA(how))
            if self.plain_ecdsa:
                r, s = decode_dss_signature(value)
                value = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return base64.b64encode(value).decode()


@contextmanager
def serving_csc(double: CscDouble) -> Iterator[str]:
    """Serve it on loopback in a thread of its own; yields ``csc+http://127.0.0.1:…/remote``."""
    ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = queue.Queue()

    async def serve() -> None:
        application = web.Application()
        application.router.add_post("/remote/csc/v2/{method:.+}", double.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stop = asyncio.Event()
        ready.put((asyncio.get_running_loop(), stop, f"csc+http://127.0.0.1:{runner.addresses[0][1]}/remote"))
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="remote signing service")
    thread.start()
    loop, stop, url = ready.get(timeout=30)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)
