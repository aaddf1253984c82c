"""Opens encrypted files (ISO 32000-2 7.6): pyHanko derives the keys and decrypts, imported only on need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docsign.errors import PdfError, PdfPasswordError
from docsign.pdf.reading.values import Array, Decrypt, Dictionary, Name, Stream, Text, Value
from docsign.sentence import say
from docsign.values import dataclass

PUBLIC_KEY = frozenset({"adbe.pkcs7.s3", "adbe.pkcs7.s4", "adbe.pkcs7.s5"})  # 7.6.5


@dataclass(slots=True, eq=False)
class Cipher:
    """A security handler that was opened with a password. ``own`` is the number of the /Encrypt object."""

    handler: Any
    own: int

    def strings(self, number: int, generation: int) -> Decrypt:
        """Return what decrypts the strings of one object (7.6.2); those of /Encrypt itself are not."""
        if number == self.own:
            return lambda data: data
        stage = self.handler.get_string_filter()
        key: list[bytes] = []

        def decrypt(data: bytes) -> bytes | None:
            if not data:
                return data
            try:
                if not key:
                    key.append(stage.derive_object_key(number, generation))
                return _decrypt(stage, key[0], data)
            except PdfError:
                return None

        return decrypt

    def stream(self, stream: Stream, data: bytes, filters: list[str]) -> bytes:
        """Decrypt a stream's bytes; cross-reference streams never are (7.5.8.2)."""
        home = stream.home
        if stream.get("Type") == "XRef" or home.packed_in is not None:
            return data
        if stream.get("Type") == "Metadata" and not self.handler.encrypt_metadata:
            return data
        name = None
        if "Crypt" in filters:  # 7.4.10
            parameters = stream.get("DecodeParms")
            if isinstance(parameters, Array):
                parameters = parameters.items[0] if parameters.items else None
            chosen = parameters.get("Name") if isinstance(parameters, Dictionary) else None
            name = str(chosen) if isinstance(chosen, Name) else "Identity"
        try:
            stage = self.handler.get_stream_filter(f"/{name}" if name else None)
        except Exception as error:
            raise PdfError(say("The file's encryption cannot be understood."), where=home.where) from error
        return _decrypt(stage, stage.derive_object_key(home.number, home.generation), data)

    def encrypt_string(self, number: int, generation: int, data: bytes) -> bytes:
        """Encrypt a string that will stand in an object of this number."""
        return _encrypt(self.handler.get_string_filter(), number, generation, data)

    def encrypt_stream(self, number: int, generation: int, data: bytes) -> bytes:
        """Encrypt the bytes of a stream of this number, as its filters have left them."""
        return _encrypt(self.handler.get_stream_filter(), number, generation, data)


def _encrypt(stage: Any, number: int, generation: int, data: bytes) -> bytes:
    encrypted: bytes = stage.encrypt(stage.derive_object_key(number, generation), data)
    return encrypted


def _decrypt(stage: Any, key: bytes, data: bytes) -> bytes:
    try:
        plain: bytes = stage.decrypt(key, data)
    except Exception as error:
        raise PdfError(say("Encrypted bytes are damaged.")) from error
    return plain


def open_cipher(encrypt: Dictionary, identifier: Value, password: str | None, own: int) -> Cipher:
    """Open the security handler of /Encrypt.

    Raises PdfPasswordError where neither ``password`` nor the empty one opens it, or where keys of recipients
    would be needed (7.6.5); PdfError for a handler that is not known or malformed.
    """
    where = "trailer /Encrypt"
    if encrypt.get("Filter") == "Adobe.PubSec" or encrypt.get("SubFilter") in PUBLIC_KEY:
        raise PdfPasswordError(
            say("The file is encrypted for certain recipients, and their keys are not at hand."), where=where
        )
    first = identifier.items[0] if isinstance(identifier, Array) and identifier.items else None
    id1 = first.value if isinstance(first, Text) else b""
    try:
        handler = _first_opened(_foreign(encrypt), id1, dict.fromkeys((password or "", "")))
    except Exception as error:
        raise PdfError(say("The file's encryption cannot be understood."), where=where) from error
    if handler is not None:
        return Cipher(handler, own)
    raise PdfPasswordError(
        say("The file is encrypted, and its password is missing.")
        if password is None
        else say("The file is encrypted, and the password given does not open it."),
        where=where,
    )


def _first_opened(encrypt: Any, id1: bytes, passwords: Iterable[str]) -> Any:
    """Return pyHanko's handler opened with the first password that fits, or None."""
    from pyhanko.pdf_utils.crypt import AuthStatus, SecurityHandler

    handler: Any = SecurityHandler.build(encrypt)
    for attempt in passwords:
        if encrypt.get("/R") == 5:
            key = _key_of_revision_5(encrypt, attempt.encode()[:127])
            if key is None:
                continue
            handler._shared_key = key  # noqa: SLF001 -- pyHanko has no other way to be given a key
            return handler
        if handler.authenticate(attempt, id1=id1).status != AuthStatus.FAILED:
            return handler
    return None


def _key_of_revision_5(encrypt: Any, password: bytes) -> bytes | None:
    """Return the file's key by Adobe's first form of AES-256, unknown to pyHanko; None for a wrong password.

    Each of /U and /O: a digest of 32 bytes, 8 bytes to check the password with, 8 to open the key with.
    """
    from hashlib import sha256

    from cryptography.hazmat.primitives.ciphers import Cipher as Opener
    from cryptography.hazmat.primitives.ciphers import algorithms, modes

    user = bytes(encrypt["/U"])[:48]
    for held, sealed, more in (
        (user, bytes(encrypt["/UE"]), b""),
        (bytes(encrypt["/O"]), bytes(encrypt["/OE"]), user),
    ):
        if sha256(password + held[32:40] + more).digest() == held[:32]:
            key = sha256(password + held[40:48] + more).digest()
            opener = Opener(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
            return opener.update(sealed[:32]) + opener.finalize()
    return None


def _foreign(encrypt: Dictionary) -> Any:
    """Return the dictionary in pyHanko's types; two levels of dictionaries are all that /Encrypt has."""
    from pyhanko.pdf_utils import generic

    def simple(value: Value) -> Any:
        if isinstance(value, bool):
            return generic.BooleanObject(value)
        if isinstance(value, int):
            return generic.NumberObject(value)
        if isinstance(value, Name):
            return generic.NameObject(f"/{value}")
        if isinstance(value, Text):
            return generic.ByteStringObject(value.value)
        return generic.NullObject()

    answer = generic.DictionaryObject()
    waiting: list[tuple[Dictionary, Any]] = [(encrypt, answer)]
    while waiting:
        source, target = waiting.pop()
        for key, value in source.items():
            if isinstance(value, Dictionary):
                inner = generic.DictionaryObject()
                waiting.append((value, inner))
                target[generic.NameObject(f"/{key}")] = inner
            else:
                target[generic.NameObject(f"/{key}")] = simple(value)
    return answer
