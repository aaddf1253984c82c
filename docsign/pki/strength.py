"""Until when algorithms and keys are reliable: ETSI TS 119 312 by date, from ``algorithms.toml``.

Judges algorithms, not certificates: who uses which is said by the callers. An end that the table only
forecasts is kept apart, for planning.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from docsign.pki.certificates import PARSER_ERRORS, display_name, public_key
from docsign.pki.recent import recent
from docsign.sentence import Sentence, say
from docsign.values import dataclass

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = {"sha3-256": "sha3_256", "sha3-384": "sha3_384", "sha3-512": "sha3_512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmUse:
    """A digest (hashlib's name) or a key (family and bits) that something rests on; ``holder``: whose.

    ``unknown`` is set for what cannot be judged at all: it is reliable at no time.
    """

    digest: str = ""
    family: str = ""
    bits: int = 0
    holder: str = ""
    unknown: bool = False

    @property
    def end(self) -> datetime | None:
        """When it ceased to be reliable, None where it has not."""
        end = _end(self.digest, self.family, self.bits)
        return _NEVER if self.unknown else None if end is None or end.forecast else end.at

    @property
    def forecast(self) -> datetime | None:
        """Until when it is expected to stay reliable, where the table says so."""
        end = _end(self.digest, self.family, self.bits)
        return None if end is None else end.at

    @property
    def sentence(self) -> Sentence:
        """Say what is too weak."""
        if self.digest and self.holder:
            return say(
                "The certificate of {holder} is signed with {algorithm}, which is no longer accepted.",
                holder=self.holder,
                algorithm=self.digest.upper(),
            )
        if self.digest:
            return say("The digest {name} is too weak and no longer accepted.", name=self.digest.upper())
        if self.unknown:
            return say("The key of {holder} is of a kind that is not supported.", holder=self.holder)
        if self.family == "rsa":
            return say(
                "The RSA key of {holder} has {bits} bits; 2048 are needed.",
                holder=self.holder,
                bits=self.bits,
            )
        return say(
            "The curve of the key of {holder} is too small ({bits} bits).", holder=self.holder, bits=self.bits
        )


def weakest(uses: Iterable[AlgorithmUse], at: datetime) -> AlgorithmUse | None:
    """Return the use that was no longer reliable at ``at`` and ended first, or None."""
    ended = [(end, use) for use in uses if (end := use.end) is not None and end <= at]
    return min(ended, key=itemgetter(0))[1] if ended else None


def reliable_until(uses: Iterable[AlgorithmUse], limit: datetime) -> datetime:
    """Return the latest time up to ``limit`` at which all of them were reliable."""
    return min([limit, *(use.end for use in uses if use.end is not None)])


def uses_of(certificate: x509.Certificate, *, is_anchor: bool = False) -> tuple[AlgorithmUse, ...]:
    """Return what rests on this certificate: its key and, but for an anchor, the digest it is signed with."""
    holder = display_name(certificate)
    uses = [key_use(certificate)]
    if not is_anchor:
        try:
            algorithm = certificate.signature_hash_algorithm
            if algorithm is not None:
                name = algorithm.name.lower()
                uses.append(AlgorithmUse(digest=_NAMES.get(name, name), holder=holder))
        except PARSER_ERRORS:
            uses.append(AlgorithmUse(holder=holder, unknown=True))
    return tuple(uses)


@recent
def key_use(certificate: x509.Certificate) -> AlgorithmUse:
    """Return the use of the certificate's own key."""
    key, holder = public_key(certificate), display_name(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        return AlgorithmUse(family="rsa", bits=key.key_size, holder=holder)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return AlgorithmUse(family="ecdsa", bits=key.curve.key_size, holder=holder)
    if key is None or isinstance(key, dsa.DSAPublicKey):
        return AlgorithmUse(holder=holder, unknown=True)
    return AlgorithmUse(family="eddsa", bits=256, holder=holder)


@dataclass(frozen=True, slots=True)
class _End:
    at: datetime
    forecast: bool


@cache
def _table() -> dict[str, Any]:
    import tomllib  # loaded on need

    return tomllib.loads(Path(__file__).with_name("algorithms.toml").read_text("utf-8"))


@cache
def _end(digest: str, family: str, bits: int) -> _End | None:
    table = _table()
    found: date | None = table["digest"].get(digest) if digest else None
    if family:
        rows = (row for row in table["key"] if row["family"] == family and bits < row["below"])
        found = next((row["until"] for row in rows), None)
    if found is None:
        return None
    return _End(datetime.combine(found, time(), UTC), found > table["published"])
