"""The algorithms an XML signature names by URI (RFC 9231): digests, and how signature values are made.

No secret-key algorithm is among them, so none is ever accepted.
"""

from __future__ import annotations

from docsign.ades.algorithms import SignatureAlgorithm, unsupported

DS = "http://www.w3.org/2000/09/xmldsig#"
_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"

DIGESTS = {
    # URI (RFC 9231): the name hashlib knows it by
    _MORE_2001 + "md5": "md5",
    DS + "sha1": "sha1",
    _MORE_2001 + "sha224": "sha224",
    _XMLENC + "sha256": "sha256",
    _MORE_2001 + "sha384": "sha384",
    _XMLENC + "sha512": "sha512",
    _MORE_2007 + "sha3-224": "sha3_224",
    _MORE_2007 + "sha3-256": "sha3_256",
    _MORE_2007 + "sha3-384": "sha3_384",
    _MORE_2007 + "sha3-512": "sha3_512",
}
_SALT = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64,
         "sha3_224": 28, "sha3_256": 32, "sha3_384": 48, "sha3_512": 64}  # fmt: skip
_SHA2 = ("sha1", "sha224", "sha256", "sha384", "sha512")
_SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")

METHODS: dict[str, SignatureAlgorithm] = {
    # URI (RFC 9231 2.3): how the value was made; no secret-key algorithm is ever accepted
    DS + "rsa-sha1": SignatureAlgorithm(family="rsa", hash="sha1"),
    **{_MORE_2001 + f"rsa-{name}": SignatureAlgorithm(family="rsa", hash=name) for name in _SHA2[1:]},
    **{_MORE_2001 + f"ecdsa-{name}": SignatureAlgorithm(family="plain-ecdsa", hash=name) for name in _SHA2},
    **{
        _MORE_2007 + f"{name}-rsa-MGF1": SignatureAlgorithm(
            family="pss",
            hash=name.replace("-", "_"),
            mgf_hash=name.replace("-", "_"),
            salt=_SALT[name.replace("-", "_")],
        )
        for name in (*_SHA2, *_SHA3)
    },
    **{
        _MORE_2021 + f"ecdsa-{name}": SignatureAlgorithm(family="plain-ecdsa", hash=name.replace("-", "_"))
        for name in _SHA3
    },
    _MORE_2021 + "eddsa-ed25519": SignatureAlgorithm(family="ed25519", hash="sha512"),
    _MORE_2021 + "eddsa-ed448": SignatureAlgorithm(family="ed448", hash="shake_256"),
}


def signature_method(uri: str) -> SignatureAlgorithm:
    """Return how a value of this SignatureMethod is made; raises UnsupportedAlgorithmError."""
    found = METHODS.get(uri)
    if found is None:
        raise unsupported(uri[:100])
    return found


def digest_name(uri: str) -> str:
    """Return hashlib's name of a DigestMethod; raises UnsupportedAlgorithmError."""
    found = DIGESTS.get(uri)
    if found is None:
        raise unsupported(uri[:100])
    return found
