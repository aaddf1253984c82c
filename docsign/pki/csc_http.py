"""The calls of a remote signing service: JSON over HTTPS (Cloud Signature Consortium API v2, 8 and 10).

One call in, one checked answer out; everything a service does wrong is one sentence. What the calls mean is
in ``docsign.pki.csc``.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from docsign.errors import KeyUnreachableError, PassphraseError, SigningKeyError, UsageError
from docsign.files import read_file
from docsign.sentence import say

TOKEN_VARIABLE = "DOCSIGN_CSC_TOKEN"  # noqa: S105 -- a name, no secret
"""The environment variable with the access token (OAuth 2.0 bearer) where the URI names no file."""
ANSWER_LIMIT = 1024 * 1024
"""The largest answer read, in bytes."""
_QUERY = ("credential", "user", "token-file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A remote signing service; ``base`` ends before ``/csc/v2``. The token is not shown."""

    base: str
    credential: str | None
    user: str | None
    token: str = field(repr=False)
    timeout: float = 30.0

    def call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return what the service answers to one call, such as ``signatures/signHash``.

        Raises KeyUnreachableError where it does not answer, PassphraseError where it does not accept token,
        PIN or one-time password, SigningKeyError for every other refusal and for nonsense.
        """
        url = f"{self.base}/csc/v2/{method}"
        request = urllib.request.Request(  # noqa: S310 -- the scheme was checked in read_service
            url,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        try:
            with _OPENER.open(request, timeout=self.timeout) as reply:
                answer = reply.read(ANSWER_LIMIT + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, _read(error), self.base) from error
        except (urllib.error.URLError, TimeoutError, http.client.HTTPException, OSError, ValueError) as error:
            raise self._away(error) from error
        made = _object(answer)
        if made is None:
            raise SigningKeyError(say("The answer of the signing service makes no sense."), where=url)
        return made

    def _away(self, error: Exception) -> KeyUnreachableError:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            return KeyUnreachableError(
                say(
                    "The signing service did not answer within {seconds} seconds.",
                    seconds=f"{self.timeout:g}",
                ),
                where=self.base,
            )
        return KeyUnreachableError(
            say("The signing service cannot be reached: {reason}.", reason=str(reason)[:200]), where=self.base
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirection would carry the token to somebody else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""
        return


_OPENER = urllib.request.build_opener(_NoRedirects)


def read_service(uri: str) -> Service:
    """Read ``csc+https://host/base?credential=ID&user=ID&token-file=FILE``; raises UsageError.

    Without TLS only loopback is spoken to: access token and PIN travel in every call.
    """
    parts = urllib.parse.urlsplit(uri)
    scheme = parts.scheme.lower().removeprefix("csc+")
    if scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise UsageError(say("This is not the address of a signing service: {uri}.", uri=uri))
    if scheme == "http" and not _is_loopback(parts.hostname):
        raise UsageError(say("A signing service is asked over https only."), where=uri)
    query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
    for name, values in query.items():
        if name not in _QUERY or len(values) != 1:
            raise UsageError(
                say(
                    "The address of the signing service has an entry that is unknown or doubled: {name}.",
                    name=name,
                )
            )
    file = query.get("token-file", [None])[0]
    token = (
        os.environ.get(TOKEN_VARIABLE, "")
        if file is None
        else read_file(file, limit=64 * 1024).decode("utf-8", "replace")
    )
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise PassphraseError(
            say("The signing service needs an access token."),
            hint=say("Give it by {variable} or by ?token-file=FILE.", variable=TOKEN_VARIABLE),
        )
    return Service(
        base=urllib.parse.urlunsplit((scheme, parts.netloc, parts.path.rstrip("/"), "", "")),
        credential=query.get("credential", [None])[0],
        user=query.get("user", [None])[0],
        token=token,
    )


def uri_of(service: Service, credential: str) -> str:
    """Return the URI of one credential of a service; the token is not in it."""
    named = {"credential": credential} | ({} if service.user is None else {"user": service.user})
    return f"csc+{service.base}?{urllib.parse.urlencode(named)}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(64 * 1024)
    except (OSError, http.client.HTTPException, ValueError):
        return b""


def _object(answer: bytes) -> dict[str, Any] | None:
    try:
        made = json.loads(answer) if len(answer) <= ANSWER_LIMIT else None
    except (ValueError, RecursionError):
        return None
    return made if isinstance(made, dict) else None


def _refusal(status: int, body: bytes, base: str) -> SigningKeyError:
    """Return the error for an HTTP status with the service's own words (CSC API v2 10.1)."""
    answer = _object(body) or {}
    code = str(answer.get("error", ""))[:60]
    words = str(answer.get("error_description", "") or code or status)[:200].rstrip(".")
    both = f"{code} {words}".lower()
    if status == 401 or "token" in code:
        return PassphraseError(
            say("The signing service does not accept the access token; it may have expired."), where=base
        )
    if "otp" in both or "one-time" in both or "one time" in both:
        return PassphraseError(say("The one-time password is wrong or has expired."), where=base)
    if "pin" in both.replace("_", " ").split():
        return PassphraseError(say("The PIN is wrong."), where=base)
    if status >= 500 or status == 429:
        return KeyUnreachableError(
            say("The signing service answers with HTTP error {status}.", status=status), where=base
        )
    return SigningKeyError(say("The signing service refuses: {reason}.", reason=words), where=base)
