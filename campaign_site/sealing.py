"""Keys and encryption. Nothing in the database opens a link, a mail or an address.

Every use has a key of its own, derived from SIGNER_KEY by HKDF (RFC 5869) with a label.
"""

import base64
import binascii
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class KeyProblem(Exception):
    """SIGNER_KEY is missing, malformed, or not the one this database belongs to."""


class Unreadable(Exception):
    """Sealed under another key, or damaged."""


def decode_key(text: str) -> bytes:
    """32 bytes from base64url. Raises KeyProblem."""
    try:
        key = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise KeyProblem("not base64url") from None
    if len(key) != 32:
        raise KeyProblem("missing" if not text else "not 32 bytes")
    return key


@lru_cache(maxsize=64)
def _derive(signer_key: str, label: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"vigil {label}".encode()).derive(
        decode_key(signer_key)
    )


def subkey(label: str) -> bytes:
    from django.conf import settings  # this module also runs alone, without Django

    return _derive(settings.SIGNER_KEY, label)


def fingerprint() -> bytes:
    return mac("fingerprint", b"")


def mac(label: str, message: bytes, length: int = 32) -> bytes:
    return hmac.digest(subkey(label), message, hashlib.sha256)[:length]


def same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


def seal(label: str, message: bytes, context: bytes = b"") -> bytes:
    """AES-256-GCM with a random nonce; `context` must be given again to open."""
    nonce = os.urandom(12)
    return nonce + AESGCM(subkey(label)).encrypt(nonce, message, context)


def open_sealed(label: str, box: bytes, context: bytes = b"") -> bytes:
    try:
        return AESGCM(subkey(label)).decrypt(bytes(box[:12]), bytes(box[12:]), context)
    except InvalidTag:
        raise Unreadable from None
