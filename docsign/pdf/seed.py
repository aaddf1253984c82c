"""What an empty signature field asks of its signature: the seed value dictionary /SV (ISO 32000-2 12.7.5.5).

What is asked is obeyed, or the signature refused with what is asked; what is only proposed stays a proposal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from docsign.errors import PdfError
from docsign.pdf.form import Field, items
from docsign.pdf.reading import Dictionary, Name, Text, Value, View
from docsign.sentence import Sentence, say
from docsign.values import dataclass

_FILTER, _SUBFILTER, _VERSION, _REASONS, _ATTESTATION, _REVOCATION, _DIGEST, _LOCK, _APPEARANCE = (
    1 << bit for bit in range(9)
)
_SUBJECT, _ISSUER = 1, 2
_OTHER_CERTIFICATE_RULES = 4 | 8 | 32 | 64  # policies, name, key usage, address
_NEWEST_VERSION = 3  # of the seed value dictionary, as of ISO 32000-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who is about to sign: certificate and issuers (DER), and whether a time-stamp will come with it."""

    certificate: bytes = field(repr=False)
    issuers: tuple[bytes, ...] = field(default=(), repr=False)
    timestamped: bool = False


@dataclass(frozen=True, slots=True)
class SeedValue:
    """The /SV of one field."""

    view: View
    name: str
    rules: Dictionary

    @staticmethod
    def of(view: View, entry: Field) -> SeedValue | None:
        """Return what the field asks; None where it asks nothing."""
        rules = entry.inherited(view, "SV")
        return SeedValue(view, entry.name, rules) if isinstance(rules, Dictionary) else None

    def reason_for(self, given: str | None) -> str | None:
        """Return the reason to write: the given one where it is allowed, the only one there is to choose.

        Raises PdfError where another is asked for.
        """
        allowed = self._texts(self.rules, "Reasons")
        if not self._asked(self.rules, _REASONS):
            return given
        if allowed in ([], ["."]):
            if given is not None:
                raise self._refused(say("it wants no reason"))
            return None
        if given is None and len(allowed) == 1:
            return allowed[0]
        if given not in allowed:
            raise self._refused(say("it wants one of these reasons: {reasons}", reasons="; ".join(allowed)))
        return given

    def require(self, signer: Signer | None, *, hash_name: str) -> None:
        """Raise PdfError for the first thing asked that this signature will not have."""
        for breach in self._breaches(signer, hash_name):
            raise self._refused(breach)

    def _breaches(self, signer: Signer | None, hash_name: str) -> Iterator[Sentence]:
        rules, view = self.rules, self.view
        if self._asked(rules, _FILTER) and view.get(rules, "Filter") != "Adobe.PPKLite":
            yield say("it wants another signature handler")
        if self._asked(rules, _SUBFILTER) and "ETSI.CAdES.detached" not in self._names("SubFilter"):
            yield say("it wants a signature of another form than PAdES")
        version = view.number(rules, "V") or 0
        if self._asked(rules, _VERSION) and version > _NEWEST_VERSION:
            yield say("its rules are newer than what is known here")
        certifying = view.get(rules, "MDP")
        level = view.get(certifying, "P") if isinstance(certifying, Dictionary) else None
        if level not in (None, 0):
            yield say("it wants a signature that certifies the document")
        if self._asked(rules, _ATTESTATION) and items(view, rules, "LegalAttestation"):
            yield say("it wants a legal attestation")
        if self._asked(rules, _REVOCATION) and view.get(rules, "AddRevInfo") is True:
            yield say("it wants revocation data inside the signature")
        digests = [one.upper().replace("-", "") for one in self._texts(rules, "DigestMethod")]
        if self._asked(rules, _DIGEST) and digests and hash_name.upper() not in digests:
            yield say("it wants another digest: {names}", names=", ".join(digests))
        if self._asked(rules, _LOCK) and view.get(rules, "LockDocument") not in (None, False, "false"):
            yield say("it wants a signature that locks the document")
        if self._asked(rules, _APPEARANCE):
            yield say("it wants a certain appearance")
        stamp = view.get(rules, "TimeStamp")
        if isinstance(stamp, Dictionary) and self._asked(stamp, 1) and not (signer and signer.timestamped):
            address = view.get(stamp, "URL")
            yield say(
                "it wants a time-stamp of {url}", url=address.text if isinstance(address, Text) else "–"
            )
        wanted = view.get(rules, "Cert")
        if isinstance(wanted, Dictionary):
            yield from self._about_certificate(wanted, signer)

    def _about_certificate(self, wanted: Dictionary, signer: Signer | None) -> Iterator[Sentence]:
        held = () if signer is None else (signer.certificate,)
        issuers = () if signer is None else signer.issuers
        if self._asked(wanted, _SUBJECT) and not set(held) & set(self._bytes(wanted, "Subject")):
            yield say("it wants another signer's certificate")
        if self._asked(wanted, _ISSUER) and not set(issuers) & set(self._bytes(wanted, "Issuer")):
            yield say("it wants a certificate of another issuer")
        if self._asked(wanted, _OTHER_CERTIFICATE_RULES):
            yield say("it has rules for the certificate that are not known here")

    def _refused(self, breach: Sentence) -> PdfError:
        return PdfError(
            say("The field {name} cannot be signed like this: {reason}.", name=self.name, reason=breach)
        )

    def _asked(self, rules: Dictionary, flag: int) -> bool:
        flags = self.view.get(rules, "Ff")
        return type(flags) is int and bool(flags & flag)

    def _values(self, rules: Dictionary, key: str) -> list[Value]:
        return [self.view.resolve(one) for one in items(self.view, rules, key)]

    def _names(self, key: str) -> list[str]:
        return [str(one) for one in self._values(self.rules, key) if isinstance(one, Name)]

    def _texts(self, rules: Dictionary, key: str) -> list[str]:
        return [one.text for one in self._values(rules, key) if isinstance(one, Text)]

    def _bytes(self, rules: Dictionary, key: str) -> list[bytes]:
        return [one.value for one in self._values(rules, key) if isinstance(one, Text)]
