"""Gathers the certificates and revocation data that lie in a CMS signature (EN 319 122-1 5.4, 5.5, A.1).

In the SignedData's own sets, in certificate-values and revocation-values, in Adobe's revocation archive, in
the long-term-validation attribute. What cannot be read is passed over: it only helps, it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from docsign.ades import der
from docsign.ades import signed_data as sd
from docsign.ades.signer import load_certificates
from docsign.errors import CmsError
from docsign.pki.validation_data import ValidationData

MOST_VALUES = 128
"""The most certificates, lists or answers taken from one signature's attributes."""


def validation_values(data: sd.SignedData, signer: sd.SignerInfo) -> ValidationData:
    """Return what the SignedData's revocation set and the signer's attributes hold.

    The certificates of the SignedData's own set are not among them: the signer's check loads those.
    """
    found = attribute_values(signer)
    if not (data.crls or data.ocsps):
        return found
    return ValidationData.of(
        certificates=found.certificates,
        crls=(*data.crls, *found.crls),
        ocsps=(*data.ocsps, *found.ocsps),
    )


def attribute_values(signer: sd.SignerInfo) -> ValidationData:
    """Return what the signer's attributes hold, signed and unsigned."""
    kinds = _READERS.keys()
    named = [one for one in (*signer.signed, *signer.unsigned) if one.oid in kinds]
    return _EMPTY if not named else merged_values(named)


_EMPTY = ValidationData()


def merged_values(attributes: list[sd.Attribute]) -> ValidationData:
    """Return what these attributes hold, each thing once."""
    certificates: list[bytes] = []
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    into = {"certificate": certificates, "crl": crls, "ocsp": ocsps}
    for attribute in attributes:
        reader = _READERS.get(attribute.oid)
        for value in attribute.values if reader is not None else ():
            try:
                for kind, encoded in reader(value) if reader is not None else ():
                    if len(into[kind]) < MOST_VALUES:
                        into[kind].append(encoded)
            except CmsError:
                continue
    return ValidationData.of(certificates=load_certificates(certificates), crls=crls, ocsps=ocsps)


_Found = Iterator[tuple[str, bytes]]


def _certificate_values(value: der.Node) -> _Found:
    """CertificateValues (EN 319 122-1 A.1.1.2): a SEQUENCE of certificates."""
    for one in value.expect(der.SEQUENCE).children():
        yield "certificate", one.raw


def _revocation_values(value: der.Node) -> _Found:
    """RevocationValues (EN 319 122-1 A.1.2.2): [0] lists, [1] basic OCSP answers."""
    for group in value.expect(der.SEQUENCE).children():
        if group.tag in (0xA0, 0xA1):
            for one in der.Fields(group).take(der.SEQUENCE).children():
                if group.tag == 0xA0:
                    yield "crl", one.raw
                else:
                    yield "ocsp", sd.ocsp_response(one.raw)


def _revocation_archival(value: der.Node) -> _Found:
    """Adobe's RevocationInfoArchival (ISO 32000-2 12.8.3.3.2): [0] lists, [1] whole OCSP answers."""
    for group in value.expect(der.SEQUENCE).children():
        kind = {0xA0: "crl", 0xA1: "ocsp"}.get(group.tag)
        if kind is not None:
            for one in der.Fields(group).take(der.SEQUENCE).children():
                yield kind, one.raw


def _long_term_validation(value: der.Node) -> _Found:
    """LongTermValidation (TS 101 733 6.5): its extra certificates and revocation values."""
    fields = value.sequence()
    fields.take(der.GENERALIZED_TIME)
    for group in fields.remaining():
        # poeValue also begins with [0] or [1]: a token (a ContentInfo: OID first) or an evidence record
        for one in group.children():
            if group.tag == 0xA0 and one.tag == der.SEQUENCE and _is_certificate(one):
                yield "certificate", one.raw
            elif group.tag == 0xA1 and one.tag == der.SEQUENCE and not _is_record(one):
                yield "crl", one.raw


def _is_certificate(node: der.Node) -> bool:
    return der.Fields(node).take().tag == der.SEQUENCE


def _is_record(node: der.Node) -> bool:
    return der.Fields(node).take().tag == der.INTEGER


_READERS = {
    sd.CERTIFICATE_VALUES: _certificate_values,
    sd.REVOCATION_VALUES: _revocation_values,
    sd.REVOCATION_ARCHIVAL: _revocation_archival,
    sd.LONG_TERM_VALIDATION: _long_term_validation,
}
