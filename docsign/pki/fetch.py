"""Fetch time-stamps from an RFC 3161 service over HTTP; the door to what else is fetched.

A shell: it opens connections. It checks that the answer belongs to the question (status, imprint, nonce);
whether the token's signer is trusted is the business of ``docsign.ades.timestamps``.
"""

from __future__ import annotations

import hashlib
import http.client
import secrets
import socket
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from docsign.errors import TimestampError, UsageError
from docsign.files import system_reason
from docsign.pki.asking import FetchLimits as FetchLimits
from docsign.pki.collecting import Fetched as Fetched
from docsign.pki.collecting import fetch_validation_data as fetch_validation_data
from docsign.sentence import Sentence, say

ANSWER_LIMIT = 256 * 1024
"""The largest answer read, in bytes; tokens have 2 to 10 KB."""


def fetch_timestamp(url: str, imprint: bytes, *, hash_name: str = "sha256", timeout: float = 20.0) -> bytes:
    """Return the DER TimeStampToken over ``imprint``, a digest made with ``hash_name``.

    ``timeout`` is in seconds. Raises UsageError for an address that is none, TimestampError for everything
    the service does wrong. RFC 3161 2.4, 3.4.
    """
    if len(imprint) != hashlib.new(hash_name).digest_size:
        raise ValueError(f"not a {hash_name} digest: {len(imprint)} bytes")
    nonce = secrets.randbits(63) + 1
    answer = _ask(url, _request(imprint, hash_name, nonce), timeout)
    return _token(answer, url, imprint, hash_name, nonce)


def _request(imprint: bytes, hash_name: str, nonce: int) -> bytes:
    from asn1crypto import tsp

    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": hash_name}, "hashed_message": imprint},
            "nonce": nonce,
            "cert_req": True,
        }
    )
    der: bytes = request.dump()
    return der


def _ask(url: str, request: bytes, timeout: float) -> bytes:
    try:
        parts = urllib.parse.urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # a bracket that is not closed
        is_address = False
    if not is_address:
        raise UsageError(say("This is not the address of a time-stamping service: {url}.", url=url))
    call = urllib.request.Request(  # noqa: S310 -- the scheme was checked above
        url,
        data=request,
        headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
    )
    try:
        with urllib.request.urlopen(call, timeout=timeout) as reply:  # noqa: S310 -- likewise
            body: bytes = reply.read(ANSWER_LIMIT + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise TimestampError(
                say("The time-stamping service answers with HTTP error {status}.", status=error.code),
                where=url,
            ) from error
    except TimeoutError as error:
        raise _slow(url, timeout) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise _slow(url, timeout) from error
        raise TimestampError(
            say("The time-stamping service cannot be reached: {reason}.", reason=_reason(error)), where=url
        ) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise TimestampError(say("The connection to the time-stamping service broke."), where=url) from error
    if len(body) > ANSWER_LIMIT:
        raise TimestampError(say("The answer of the time-stamping service is too large."), where=url)
    return body


def _reason(error: urllib.error.URLError) -> Sentence | str:
    """Return why nobody was reached: the system's own words are English alone."""
    if isinstance(error.reason, socket.gaierror):
        return say("its name is not found")
    return system_reason(error.reason) if isinstance(error.reason, OSError) else str(error.reason)


def _slow(url: str, timeout: float) -> TimestampError:
    return TimestampError(
        say("The time-stamping service did not answer within {seconds} seconds.", seconds=f"{timeout:g}"),
        where=url,
    )


def _token(answer: bytes, url: str, imprint: bytes, hash_name: str, nonce: int) -> bytes:
    """Check the answer and return the token in it."""
    from docsign.pki.rfc3161 import TimeStampResp

    try:
        response = TimeStampResp.load(answer, strict=True)
        status: str = response["status"]["status"].native
        if status not in ("granted", "granted_with_mods"):
            raise TimestampError(
                say("The time-stamping service refused: {reason}.", reason=_refusal(response["status"])),
                where=url,
            )
        token: bytes = response["time_stamp_token"].dump()
        if response["time_stamp_token"]["content_type"].native != "signed_data":
            raise ValueError("not signed data")
        content = response["time_stamp_token"]["content"]["encap_content_info"]
        if content["content_type"].native != "tst_info":
            raise ValueError("not TSTInfo")
        info = content["content"].parsed
        stamped = info["message_imprint"]
        same = (
            stamped["hash_algorithm"]["algorithm"].native == hash_name
            and stamped["hashed_message"].native == imprint
        )
        answered: Any = info["nonce"].native
        _ = info["gen_time"].native
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TimestampError(
            say("The answer of the time-stamping service is not a time-stamp."), where=url
        ) from error
    if not same:
        raise TimestampError(say("The time-stamp that came back is not for this document."), where=url)
    if answered != nonce:
        raise TimestampError(
            say("The time-stamp that came back does not answer this request (nonce)."), where=url
        )
    return token


def _refusal(status: Any) -> str:
    """Return the service's own words, else its failure code."""
    words = [text for text in (status["status_string"].native or []) if text]
    failures = sorted(status["fail_info"].native or [])
    return "; ".join([*words, *failures])[:300] or str(status["status"].native)
