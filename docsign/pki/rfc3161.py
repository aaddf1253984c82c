"""The ASN.1 of a time-stamping service's answer: as asn1crypto has it, but the token may be absent.

Imports asn1crypto, so it is itself imported only where a time-stamp is made or fetched.
"""

from __future__ import annotations

from asn1crypto import cms, core, tsp


class TimeStampResp(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    """TimeStampResp of RFC 3161 2.4.2; a rejection has no token."""

    _fields = [  # noqa: RUF012 -- asn1crypto's way
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]
