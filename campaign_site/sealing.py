"""Keys and encryption. Nothing in the database opens a link, a mail or an address.

Every use has a key of its own, derived from SIGNER_KEY by HKDF (RFC 5869) with a label.
Addresses of people who asked for updates are sealed to a contact key (HPKE, RFC 9180), whose
private half no server has. This file also runs alone, with only `cryptography`, on a computer
that is not connected:

    python sealing.py open --key KEYFILE BOXES.csv --output ADDRESSES.csv
"""

import argparse
import base64
import binascii
import csv
import hashlib
import hmac
import json
import os
import sys
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
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


# --- Boxes that only the organisation opens ---------------------------------------------------

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_BOX = b"vigil contact box 1"
# A box says nothing by its size: what is in it is filled up to a multiple of this.
_BOX_BYTES = 1024
_KEY_MARK = "VIGIL-CONTACT-KEY-1:"
BOX_COLUMNS = ("campaign", "language", "consent", "key", "box")
ADDRESS_COLUMNS = ("address", "campaign", "language", "date", "consent")


class BadFile(Exception):
    """A file that cannot be used; the message is a sentence for whoever gave it."""


def make_pair() -> tuple[bytes, bytes]:
    """A new private half and its public half."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_half(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def key_id(public_key: bytes) -> str:
    """Eight characters by which people tell keys apart."""
    return hashlib.sha256(bytes(public_key)).hexdigest()[:8]


def seal_for(public_key: bytes, message: dict) -> bytes:
    text = json.dumps(message, ensure_ascii=False).encode()
    text += b" " * (-len(text) % _BOX_BYTES)
    return _SUITE.encrypt(text, X25519PublicKey.from_public_bytes(bytes(public_key)), info=_BOX)


def open_box(private_key: bytes, box: bytes) -> dict:
    """What was sealed. Raises Unreadable."""
    private = X25519PrivateKey.from_private_bytes(private_key)
    try:
        message = json.loads(_SUITE.decrypt(bytes(box), private, info=_BOX))
    except (InvalidTag, ValueError):
        raise Unreadable from None
    if not isinstance(message, dict):
        raise Unreadable
    return message


def write_private(path, private_key: bytes, label: str) -> None:
    """A text file that says what it is, for its owner's eyes only. Raises FileExistsError."""
    text = (
        f"# Vigil contact key {key_id(public_half(private_key))}: {label}\n"
        "# PRIVATE. Whoever has this file can read the addresses of people who asked for updates.\n"
        "# Keep it on a computer that is not connected, and a copy in a safe place.\n"
        f"{_KEY_MARK}{base64.urlsafe_b64encode(private_key).decode()}\n"
    )
    with open(path, "x", encoding="utf-8", opener=_owner_only) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_private(path) -> bytes:
    """The private half in a file that `write_private` made. Raises BadFile."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise BadFile(f"Cannot read the key file {path}: {error.strerror}.") from None
    keys = [line.removeprefix(_KEY_MARK) for line in lines if line.startswith(_KEY_MARK)]
    if len(keys) != 1:
        raise BadFile(f"{path} is not a contact key: it has no line that begins with {_KEY_MARK}")
    try:
        return decode_key(keys[0])
    except KeyProblem:
        raise BadFile(f"The contact key in {path} is damaged: use your other copy.") from None


def prove(private_key: bytes, public_key: bytes) -> bool:
    """Does the private half open what is sealed to the public half? Tried on a test box."""
    test = {"test": os.urandom(16).hex()}
    try:
        return open_box(private_key, seal_for(public_key, test)) == test
    except Unreadable:
        return False


def open_boxes(key_paths, boxes_path, output=None) -> tuple[int, list[str]]:
    """Write the addresses in an export as CSV, to a new file or to standard output.

    Returns how many, and what is wrong with other rows: one odd row stops nobody else's. Raises
    BadFile, also where nothing could be opened.
    """
    keys = {key_id(public_half(key)): key for key in map(read_private, key_paths)}
    opened, problems = [], []
    for number, row in _read_boxes(boxes_path):
        _label, _space, sealed_to = (row["key"] or "").rpartition(" ")
        if sealed_to not in keys:
            problems.append(f"Row {number} is sealed to another key: {row['key']}.")
            continue
        try:
            box = base64.b64decode(row["box"] or "", validate=True)
            opened.append(open_box(keys[sealed_to], box))
        except (Unreadable, ValueError):
            problems.append(f"Row {number} is damaged and cannot be opened.")
    if problems and not opened:
        raise BadFile(f"No box could be opened. {problems[0]}")
    _write_addresses(opened, output)
    return len(opened), problems


def _read_boxes(path):
    """(number of the row, row) as a table shows them; the heading is row 1."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != BOX_COLUMNS:
                raise BadFile(f"{path} is not a file of export_contacts.")
            return list(enumerate(rows, start=2))
    except OSError as error:
        raise BadFile(f"Cannot read {path}: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise BadFile(f"{path} is not a file of export_contacts.") from None


def _write_addresses(opened, output):
    try:
        with (
            open(output, "x", encoding="utf-8-sig", newline="", opener=_owner_only)
            if output
            else _StandardOutput()
        ) as file:
            rows = csv.writer(file)
            rows.writerow(ADDRESS_COLUMNS)
            rows.writerows([_cell(box.get(name)) for name in ADDRESS_COLUMNS] for box in opened)
    except FileExistsError:
        raise BadFile(f"{output} is there already: choose another name.") from None
    except OSError as error:
        with suppress(OSError):
            os.unlink(output)  # half a list is none
        raise BadFile(f"Cannot write {output}: {error.strerror}.") from None


class _StandardOutput:
    def __enter__(self):
        return sys.stdout

    def __exit__(self, *exception):
        sys.stdout.flush()


def _cell(value) -> str:
    """Text that no spreadsheet takes for a formula. <=a@b.org> is the same address as =a@b.org."""
    text = " ".join(str(value or "").split())
    return f"<{text}>" if text[:1] in ("=", "+", "-", "@") else text


def _owner_only(path, flags):
    return os.open(path, flags, 0o600)


# --- Alone, on a computer that is not connected ------------------------------------------------


def add_open_arguments(parser) -> None:
    parser.add_argument("boxes", metavar="BOXES.csv", help="the file that export_contacts made")
    parser.add_argument(
        "--key",
        metavar="FILE",
        action="append",
        required=True,
        help="the private contact key; once more for each earlier key",
    )
    parser.add_argument("--output", metavar="FILE", help="where to write (instead of the screen)")


def main(words=None) -> int:
    parser = argparse.ArgumentParser(description="Open addresses that were sealed for you.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    add_open_arguments(verbs.add_parser("open", help="write the addresses in an export as CSV"))
    check = verbs.add_parser("check", help="does this file hold a key that works, and which one")
    check.add_argument("--key", metavar="FILE", required=True)
    given = parser.parse_args(words)
    say = sys.stderr.write
    try:
        if given.verb == "check":
            private = read_private(given.key)
            if not prove(private, public_half(private)):
                raise BadFile("This key does not open its own test box: use your other copy.")
            say(f"This is the contact key {key_id(public_half(private))}. It works.\n")
            return 0
        number, problems = open_boxes(given.key, given.boxes, given.output)
    except BadFile as problem:
        say(f"{problem}\n")
        return 1
    say("".join(f"{problem}\n" for problem in problems) + f"{number} addresses opened\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
