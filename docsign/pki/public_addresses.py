"""Ask public addresses alone: what a stranger's certificate names must not lead into one's own network.

A shell: it resolves names and opens connections. A name is resolved once and the connection goes to the very
address that was looked at, so that a name cannot mean one thing when it is checked and another when it is
asked. Behind a proxy the proxy resolves; then the name and what it means here are looked at, as far as known.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import urllib.parse
import urllib.request
from typing import Any

_PORTS = frozenset({None, 80, 443})
_OWN_NETWORK = frozenset({"local", "localhost", "localdomain", "internal", "intranet", "lan", "home", "corp"})
"""Last labels of names that are given inside a network (RFC 6761, RFC 6762, and as people do)."""


class NotPublicError(Exception):
    """The address lies, or may lie, in a network of one's own."""


def host_of(url: str) -> str:
    """Return the host of an address, in small letters; empty where it has none."""
    try:
        return (urllib.parse.urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public Internet (RFC 6890), also when it is wrapped in IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inside is None and found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is not None:
            return inside.is_global and not inside.is_multicast
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052 2.1


def refuse_private(url: str) -> None:
    """Raise NotPublicError for an address that by its own words is none of the public Internet."""
    host = host_of(url)
    if urllib.parse.urlsplit(url).port not in _PORTS:
        raise NotPublicError
    labels = host.split(".")
    if ":" in host or _is_number(labels[-1]):
        if not is_public(host):
            raise NotPublicError
        return
    if len(labels) < 2 or labels[-1] in _OWN_NETWORK or host.endswith(".home.arpa"):
        raise NotPublicError


def _is_number(label: str) -> bool:
    """Say whether a last label makes the name an IPv4 address, however written (0x7f.1, 2130706433)."""
    return label.isdecimal() or label.startswith("0x")


def _connected(address: tuple[str, int], timeout: float | None) -> socket.socket:
    """Connect to a public address of the host: every address that it has must be one."""
    found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    if not all(is_public(str(one[4][0])) for one in found):
        raise NotPublicError
    reason: OSError = OSError("no address")
    for family, kind, protocol, _, place in found:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(timeout)
            opened.connect(place)
        except OSError as error:
            opened.close()
            reason = error
            continue
        return opened
    raise reason


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        """Connect to a public address; raises NotPublicError."""
        self.sock = _connected((self.host, self.port), self.timeout)


class _SafeConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        """Connect to a public address and speak TLS as its name; raises NotPublicError."""
        plain = _connected((self.host, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        """Ask directly only what is public; through a proxy as it stands."""
        return super().http_open(req) if req.has_proxy() else self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        """Ask directly only what is public; through a proxy as it stands."""
        return super().https_open(req) if _is_tunnelled(req) else self.do_open(_SafeConnection, req)


def _is_tunnelled(req: urllib.request.Request) -> bool:
    return getattr(req, "_tunnel_host", None) is not None


PUBLIC_HANDLERS = (_Http, _Https)
"""What speaks HTTP with public addresses alone."""
