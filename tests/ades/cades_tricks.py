"""Tricks with CMS signatures, one function each, and good signatures beside them.

``CLASSES`` gives for each what must be answered. ``python -m tests.ades.cades_tricks FILE`` writes a table of
ours and openssl's answers.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from docsign.ades.cades import judge_signers
from docsign.pki.authority import TrialAuthority
from docsign.verdict import Conclusion, SubIndication, conclude
from tests.ades.cades_world import BEGIN, CONTENT, HOUR, World
from tests.cades_builder import (
    ARCHIVE_V3,
    CERTIFICATE_V2,
    CONTENT_TYPE,
    COUNTER,
    DATA,
    MESSAGE_DIGEST,
    SIGNATURE_STAMP,
    SIGNING_TIME,
    Cms,
    Signer,
    algorithm,
    attribute,
    names_certificate,
    oid,
)
from tests.evidence_builder import digest, tlv, token

Made = tuple[bytes, bytes | None]
"""The signature, and the content given beside it."""


def _detached(made: Cms) -> Made:
    return made.encode(), CONTENT


def _without(signer: Signer, name: str) -> None:
    """Take a signed attribute out, and sign again."""
    signer.signed = [one for one in signer.signed if oid(name) not in one[:20]]
    signer.sign()


# --- good ones ----------------------------------------------------------------------------------------------


def good_detached(world: World) -> Made:
    """B-B beside its content."""
    return _detached(world.signed())


def good_attached(world: World) -> Made:
    """B-B with its content inside."""
    return world.signed(attached=True).encode(), None


def good_streamed(world: World) -> Made:
    """Indefinite lengths outside, content in parts."""
    made = world.signed(attached=True)
    parts = made.members([one.der() for one in made.signers])
    content = b"\x24\x80" + tlv(4, CONTENT[:9]) + tlv(4, CONTENT[9:]) + b"\0\0"
    parts[2] = b"\x30\x80" + oid(DATA) + b"\xa0\x80" + content + b"\0\0" * 2
    body = b"".join(parts)
    return b"\x30\x80" + oid("1.2.840.113549.1.7.2") + b"\xa0\x80\x30\x80" + body + b"\0\0" * 3, None


def good_parallel(world: World) -> Made:
    """Two signers."""
    return _detached(Cms.signed(CONTENT, world.person, world.agency, at=BEGIN))


def good_stamped(world: World) -> Made:
    """B-T."""
    return _detached(world.signed().stamp(world.tsa, BEGIN + HOUR))


def good_archived(world: World) -> Made:
    """B-LTA."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR).add_material([world.authority.root], world.crls)
    return _detached(made.archive(world.archive_tsa, BEGIN + 2 * HOUR))


def good_countersigned(world: World) -> Made:
    """Confirmed by the agency."""
    made = world.signed()
    return _detached(made.confirm(made.counter_sign(world.agency, BEGIN + HOUR)))


# --- content ------------------------------------------------------------------------------------------------


def content_changed(world: World) -> Made:
    """Another file beside the signature."""
    return world.signed().encode(), CONTENT + b"."


def content_missing(world: World) -> Made:
    """No file beside a detached signature."""
    return world.signed().encode(), None


def content_both_and_different(world: World) -> Made:
    """One content inside, another beside."""
    return world.signed(attached=True).encode(), b"khac"


def content_twice(world: World) -> Made:
    """Two octet strings where one may stand."""
    made = world.signed(attached=True)
    two = tlv(0x30, oid(DATA), tlv(0xA0, tlv(4, CONTENT), tlv(4, b"khac")))
    made.encapsulated = lambda: two  # type: ignore[method-assign]
    return made.encode(), None


def content_empty_inside(world: World) -> Made:
    """An empty content inside, the signed one beside."""
    made = world.signed(attached=True)
    empty = tlv(0x30, oid(DATA), tlv(0xA0, tlv(4)))
    made.encapsulated = lambda: empty  # type: ignore[method-assign]
    return made.encode(), CONTENT


def content_type_changed(world: World) -> Made:
    """The content claims another type than was signed."""
    made = world.signed()
    other = tlv(0x30, oid("1.2.840.113549.1.9.16.1.4"))
    made.encapsulated = lambda: other  # type: ignore[method-assign]
    return _detached(made)


# --- signed attributes --------------------------------------------------------------------------------------


def attributes_absent(world: World) -> Made:
    """No signed attributes: the key signed the content itself."""
    made = world.signed()
    signer = made.signers[0]
    parts = signer.parts()
    del parts[3]
    parts[-1] = tlv(4, signer.key.sign(CONTENT))
    return made.encode([tlv(0x30, *parts)]), CONTENT


def attributes_as_content(world: World) -> Made:
    """The signed attributes of a good signature given as content, its value as that of a bare one."""
    made = world.signed()
    signer = made.signers[0]
    parts = signer.parts()
    del parts[3]
    return made.encode([tlv(0x30, *parts)]), tlv(0x31, signer.attributes())


def content_type_absent(world: World) -> Made:
    """ContentType is missing."""
    _without((made := world.signed()).signers[0], CONTENT_TYPE)
    return _detached(made)


def message_digest_absent(world: World) -> Made:
    """MessageDigest is missing."""
    _without((made := world.signed()).signers[0], MESSAGE_DIGEST)
    return _detached(made)


def message_digest_twice(world: World) -> Made:
    """Two messageDigest attributes, one of them right."""
    made = world.signed()
    made.signers[0].signed.append(attribute(MESSAGE_DIGEST, tlv(4, digest("sha256", b"khac"))))
    made.signers[0].sign()
    return _detached(made)


def message_digest_two_values(world: World) -> Made:
    """One messageDigest with two values."""
    made = world.signed()
    signer = made.signers[0]
    signer.signed = [one for one in signer.signed if oid(MESSAGE_DIGEST) not in one[:20]]
    values = sorted([tlv(4, digest("sha256", CONTENT)), tlv(4, digest("sha256", b"khac"))])
    signer.signed.append(attribute(MESSAGE_DIGEST, *values))
    signer.sign()
    return _detached(made)


def signing_time_twice(world: World) -> Made:
    """Two claimed times."""
    made = world.signed()
    made.signers[0].signed.append(attribute(SIGNING_TIME, tlv(0x17, b"200101000000Z")))
    made.signers[0].sign()
    return _detached(made)


def attributes_out_of_order(world: World) -> Made:
    """Signed and written in an order that is not DER's."""
    made = world.signed()
    signer = made.signers[0]
    signer.signed, signer.in_order, signer.value = sorted(signer.signed, reverse=True), False, b""
    return _detached(made)


def attribute_added_after(world: World) -> Made:
    """A signed attribute more than the key signed."""
    made = world.signed()
    made.signers[0].parts()
    made.signers[0].signed.append(attribute("1.2.3.4", tlv(5)))
    return _detached(made)


# --- whose signature ----------------------------------------------------------------------------------------


def certificate_absent(world: World) -> Made:
    """No certificates at all."""
    made = world.signed()
    made.certificates.clear()
    return _detached(made)


def certificate_not_named(world: World) -> Made:
    """Without signing-certificate: plain CMS, no CAdES."""
    _without((made := world.signed()).signers[0], CERTIFICATE_V2)
    return _detached(made)


def certificate_of_another(world: World) -> Made:
    """The attribute names the agency's certificate, the SignerInfo the person's."""
    made = world.signed()
    signer = made.signers[0]
    signer.signed = [one for one in signer.signed if oid(CERTIFICATE_V2) not in one[:20]]
    signer.signed.append(names_certificate(world.agency.certificate))
    signer.sign()
    return _detached(made)


def certificates_disagree(world: World) -> Made:
    """signing-certificate and signing-certificate-v2 name two certificates."""
    made = world.signed()
    made.signers[0].signed.append(names_certificate(world.agency.certificate, v1=True))
    made.signers[0].sign()
    return _detached(made)


def value_of_another_key(world: World) -> Made:
    """The value was made with another key."""
    made = world.signed()
    signer = made.signers[0]
    signer.value = world.agency.sign(tlv(0x31, signer.attributes()))
    return _detached(made)


def second_signer_broken(world: World) -> Made:
    """One of two signers is good."""
    made = Cms.signed(CONTENT, world.person, world.agency, at=BEGIN)
    made.signers[1].value = made.signers[0].value
    return _detached(made)


# --- form ---------------------------------------------------------------------------------------------------


def bytes_behind(world: World) -> Made:
    """A zero byte after the end."""
    return world.signed().encode() + b"\0", CONTENT


def signed_attributes_in_ber(world: World) -> Made:
    """The set of signed attributes in indefinite length, an attribute too."""
    made = world.signed()
    signer = made.signers[0]
    parts = signer.parts()
    first, *rest = sorted(signer.signed)
    inside = first[2:] if first[1] < 0x80 else first[3:]
    parts[3] = b"\xa0\x80\x30\x80" + inside + b"\0\0" + b"".join(rest) + b"\0\0"
    return made.encode([tlv(0x30, *parts)]), CONTENT


def digests_disagree(world: World) -> Made:
    """DigestAlgorithm says SHA-512, the signature algorithm SHA-256."""
    made = world.signed()
    parts = made.signers[0].parts()
    parts[2] = algorithm("sha512")
    return made.encode([tlv(0x30, *parts)]), CONTENT


def algorithm_protection_lies(world: World) -> Made:
    """RFC 6211 names another digest."""
    made = world.signed()
    value = tlv(0x30, algorithm("sha512"), tlv(0xA1, oid("1.2.840.10045.4.3.2")))
    made.signers[0].signed.append(attribute("1.2.840.113549.1.9.52", value))
    made.signers[0].sign()
    return _detached(made)


# --- time-stamps and counter-signatures ---------------------------------------------------------------------


def stamp_copied(world: World) -> Made:
    """The time-stamp of another signature: it proves nothing, the signature stands."""
    made = world.signed()
    made.signers[0].parts()
    foreign = token(world.tsa, "sha256", digest("sha256", b"another"), BEGIN + HOUR)
    made.signers[0].unsigned.append(attribute(SIGNATURE_STAMP, foreign))
    return _detached(made)


def archive_without_index(world: World) -> Made:
    """An archive time-stamp that says not what it covers."""
    made = world.signed().stamp(world.tsa, BEGIN + HOUR)
    bare = token(world.archive_tsa, "sha256", digest("sha256", b"?"), BEGIN + 2 * HOUR)
    made.signers[0].unsigned.append(attribute(ARCHIVE_V3, bare))
    return _detached(made)


def counter_of_another(world: World) -> Made:
    """The counter-signature confirms another signature value."""
    made = world.signed()
    made.add_certificates(world.agency)
    made.signers[0].parts()
    return _detached(made.confirm(Signer.of(world.agency, b"another", at=BEGIN, content_type=False).sign()))


def counter_with_content_type(world: World) -> Made:
    """RFC 5652 11.4 forbids the attribute."""
    made = world.signed()
    return _detached(made.confirm(made.counter_sign(world.agency, BEGIN, content_type=True)))


def counter_is_junk(world: World) -> Made:
    """No SignerInfo at all."""
    made = world.signed()
    made.signers[0].parts()
    made.signers[0].unsigned.append(attribute(COUNTER, tlv(0x30, tlv(5))))
    return _detached(made)


_GOOD = Conclusion.passed()
_FORM = Conclusion.failed(SubIndication.FORMAT_FAILURE)
_HASH = Conclusion.failed(SubIndication.HASH_FAILURE)
_VALUE = Conclusion.failed(SubIndication.SIG_CRYPTO_FAILURE)
_NO_SIGNER = Conclusion.indeterminate(SubIndication.NO_SIGNING_CERTIFICATE_FOUND)

CLASSES: dict[Callable[[World], Made], Conclusion] = {
    good_detached: _GOOD,
    good_attached: _GOOD,
    good_streamed: _GOOD,
    good_parallel: _GOOD,
    good_stamped: _GOOD,
    good_archived: _GOOD,
    good_countersigned: _GOOD,
    content_changed: _HASH,
    content_missing: Conclusion.indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND),
    content_both_and_different: _FORM,
    content_twice: _FORM,
    content_empty_inside: _FORM,
    content_type_changed: _FORM,
    attributes_absent: _FORM,
    attributes_as_content: _FORM,
    content_type_absent: _FORM,
    message_digest_absent: _FORM,
    message_digest_twice: _FORM,
    message_digest_two_values: _FORM,
    signing_time_twice: _FORM,
    attributes_out_of_order: _FORM,
    attribute_added_after: _VALUE,
    certificate_absent: _NO_SIGNER,
    certificate_not_named: _GOOD,
    certificate_of_another: _NO_SIGNER,
    certificates_disagree: _FORM,
    value_of_another_key: _VALUE,
    second_signer_broken: _VALUE,
    bytes_behind: _FORM,
    signed_attributes_in_ber: _FORM,
    digests_disagree: _FORM,
    algorithm_protection_lies: _FORM,
    stamp_copied: _GOOD,
    archive_without_index: _GOOD,
    counter_of_another: _HASH,
    counter_with_content_type: _FORM,
    counter_is_junk: _FORM,
}
"""What must be answered to each."""


def answered(world: World, made: Made) -> Conclusion:
    """Judge as ``docsign verify`` does: one answer from all signers and counter-signers."""
    data, content = made
    judged = judge_signers(data, content=content, trust=world.trust, at=BEGIN + 24 * HOUR)
    return conclude(one.report.conclusion for one in judged)


def asked_of_openssl(world: World, made: Made, folder: Path, *, cades: bool = True) -> str:
    """Return what ``openssl cms -verify`` says: accepted, or the reason."""
    data, content = made
    (folder / "signature").write_bytes(data)
    arguments = ["-in", str(folder / "signature"), "-CAfile", str(world.authority.trust_folder / "root.pem")]
    if content is not None:
        (folder / "content").write_bytes(content)
        arguments += ["-content", str(folder / "content")]
    done = subprocess.run(
        [
            *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"),
            *(["-cades"] if cades else []),
            *arguments,
            *("-attime", str(int((BEGIN + HOUR).timestamp())), "-out", str(folder / "out")),
        ],
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        return "accepted"
    reasons = [line.split(":")[-4] for line in done.stderr.decode().splitlines() if line.count(":") > 5]
    return f"refused ({reasons[-1]})" if reasons else "refused"


def main() -> None:
    """Write the table to the file named by the first argument."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(TrialAuthority.create(folder / "ca", key="p256", at=BEGIN - 2400 * HOUR))
        rows = ["| class | docsign | as expected | openssl cms -verify -cades |", "|---|---|---|---|"]
        for trick, expected in CLASSES.items():
            made = trick(world)
            answer = answered(world, made)
            word = "/".join(str(part) for part in (answer.indication, answer.sub_indication) if part)
            right = "yes" if answer == expected else "NO"
            rows.append(
                f"| {trick.__name__.replace('_', ' ')}: {(trick.__doc__ or '').rstrip('.')} "
                f"| {word} | {right} | {asked_of_openssl(world, made, folder)} |"
            )
    Path(sys.argv[1]).write_text("\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
