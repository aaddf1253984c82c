"""Says what a signer's attributes state besides the signature: policy, commitment, place, type of content.

EN 319 122-1 5.2.3 to 5.2.9 and 5.4.4. They are shown, not believed; a signature policy's digest is checked
where the policy itself is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.algorithms import UnsupportedAlgorithmError, hash_bytes, hash_name
from docsign.ades.problems import Problem, doubtful, failed, note
from docsign.errors import CmsError
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import Finding, SubIndication

SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
POLICY_STORE = "0.4.0.19122.1.3"
COMMITMENT = "1.2.840.113549.1.9.16.2.16"
SIGNER_LOCATION = "1.2.840.113549.1.9.16.2.17"
SIGNER_ATTRIBUTES = frozenset({"1.2.840.113549.1.9.16.2.18", "0.4.0.19122.1.1"})
MIME_TYPE = "0.4.0.1733.2.1"
_POLICY_URI = "1.2.840.113549.1.9.16.5.1"

_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be", 0x1C: "utf-32-be"}
_LONGEST = 200


def _commitments() -> dict[str, Sentence]:
    """EN 319 122-1 5.2.3: commitment-type-indication."""
    stem = "1.2.840.113549.1.9.16.6."
    return {
        stem + "1": say("The signer states: proof of origin."),
        stem + "2": say("The signer states: proof of receipt."),
        stem + "3": say("The signer states: proof of delivery."),
        stem + "4": say("The signer states: proof of sending."),
        stem + "5": say("The signer states: approval of the content."),
        stem + "6": say("The signer states: creation of the content."),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An explicit signature policy: its identifier, its digest (empty: unknown) and its place."""

    oid: str
    algorithm: sd.Algorithm | None
    digest: bytes
    uri: str


def attribute_problems(signer: sd.SignerInfo, policies: Mapping[str, bytes]) -> Iterator[Problem]:
    """Yield what is wrong with the signature policy; ``policies`` are documents by their identifiers."""
    try:
        policy = _policy(signer)
    except CmsError as error:
        yield failed(SubIndication.FORMAT_FAILURE, "signature-policy", error.sentence)
        return
    if policy is None or not policy.digest or policy.algorithm is None:
        return
    document = policies.get(policy.oid) or _stored(signer)
    if document is None:
        return
    try:
        right = policy.digest in _digests(hash_name(policy.algorithm), document)
    except UnsupportedAlgorithmError as error:
        yield doubtful(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, error.code, error.sentence)
        return
    if not right:
        sentence = say("The signature policy at hand is not the one that was signed.")
        yield doubtful(SubIndication.POLICY_PROCESSING_ERROR, "signature-policy-digest", sentence, policy.oid)


def attribute_remarks(signer: sd.SignerInfo) -> Iterator[Finding]:
    """Yield what the signed attributes state; one that cannot be read is passed over."""
    for attribute in signer.signed:
        reader = _READERS.get(attribute.oid)
        if reader is None:
            continue
        for value in attribute.values[:8]:
            try:
                yield from reader(value)
            except CmsError:
                continue


def _policy(signer: sd.SignerInfo) -> Policy | None:
    for attribute in signer.signed_values(SIGNATURE_POLICY):
        return _read_policy(attribute.values[0])
    return None


def _read_policy(value: der.Node) -> Policy | None:
    """SignaturePolicy (EN 319 122-1 5.2.9.1): NULL where it is implied."""
    if value.tag == der.NULL:
        return None
    fields = value.sequence()
    name = der.oid(fields.take(der.OID))
    hashed = fields.optional(der.SEQUENCE)
    qualifiers = fields.optional(der.SEQUENCE)
    fields.done()
    algorithm, digest, uri = None, b"", ""
    if hashed is not None:
        members = hashed.sequence()
        algorithm = sd.Algorithm.read(members.take(der.SEQUENCE))
        digest = members.take(der.OCTET_STRING).content
        members.done()
    for one in () if qualifiers is None else qualifiers.children():
        parts = one.sequence()
        if der.oid(parts.take(der.OID)) == _POLICY_URI:
            uri = _text(parts.take())
    return Policy(oid=name, algorithm=algorithm, digest=digest, uri=uri)


def _stored(signer: sd.SignerInfo) -> bytes | None:
    """Return the policy document in the signature-policy-store (EN 319 122-1 5.2.10), if it is there."""
    for value in signer.unsigned_values(POLICY_STORE):
        try:
            fields = value.sequence()
            fields.take()
            document = fields.take()
        except CmsError:
            continue
        if document.tag == der.OCTET_STRING:
            return document.content
    return None


def _digests(name: str, document: bytes) -> Iterator[bytes]:
    """Yield the digests a policy may go by: of the file, and of an ASN.1 policy without its own digest."""
    yield hash_bytes(name, document)
    try:
        members = list(der.parse(document).expect(der.SEQUENCE).children())
    except CmsError:
        return
    if len(members) >= 2:  # TR 102 272: signPolicyHashAlg and signPolicyInfo
        yield hash_bytes(name, members[0].raw + members[1].raw)


def _policy_remark(value: der.Node) -> Iterator[Finding]:
    policy = _read_policy(value)
    if policy is None:
        yield note("signature-policy", say("The signature follows a policy that is implied by its content."))
    else:
        sentence = say("The signature follows the signature policy {policy}.", policy=policy.oid)
        yield note("signature-policy", sentence, policy.uri)


def _commitment_remark(value: der.Node) -> Iterator[Finding]:
    name = der.oid(value.sequence().take(der.OID))
    sentence = _commitments().get(name) or say("The signer states a commitment: {name}.", name=name)
    yield note("commitment", sentence)


def _location_remark(value: der.Node) -> Iterator[Finding]:
    """SignerLocation (EN 319 122-1 5.2.5): [0] country, [1] locality, [2] postal address."""
    parts: list[str] = []
    for group in value.expect(der.SEQUENCE).children():
        inner = list(group.children())
        if group.tag == 0xA2 and len(inner) == 1 and inner[0].tag == der.SEQUENCE:
            inner = list(inner[0].children())
        parts += [_text(one) for one in inner]
    place = ", ".join(reversed([part for part in parts if part]))[:_LONGEST]
    if place:
        yield note("signer-location", say("The signer gives as the place: {place}.", place=place))


def _attributes_remark(_: der.Node) -> Iterator[Finding]:
    yield note("signer-attributes", say("The signer claims roles or attributes, which were not checked."))


def _type_remark(value: der.Node) -> Iterator[Finding]:
    yield note("mime-type", say("The signer gives as the type of the content: {type}.", type=_text(value)))


_READERS = {
    SIGNATURE_POLICY: _policy_remark,
    COMMITMENT: _commitment_remark,
    SIGNER_LOCATION: _location_remark,
    MIME_TYPE: _type_remark,
    **dict.fromkeys(SIGNER_ATTRIBUTES, _attributes_remark),
}


def _text(node: der.Node) -> str:
    """Return a string of any kind, cut to a length for people and without what does not print."""
    encoding = _TEXTS.get(node.tag)
    if encoding is None:
        raise der.broken(node.start)
    text = node.content[: 8 * _LONGEST].decode(encoding, "replace")
    return "".join(character for character in text if character.isprintable())[:_LONGEST]
