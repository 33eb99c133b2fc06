"""Links and codes in mails. A link is a random id and a MAC per purpose; a code is derived from it.

Nothing that the database holds opens a link: the MAC is made with a key that lives outside it.
"""

import base64
import binascii
import re
import uuid

from campaign_site import sealing

MAC_BYTES = 16
CODE_LENGTH = 10  # 50 bits: 10 of RFC 4648 base32
_LOOKALIKES = str.maketrans("018", "OIB")  # base32 has no 0, 1 and 8; people type them


def make_token(purpose: str, public_id: uuid.UUID) -> str:
    raw = public_id.bytes + sealing.mac(f"link {purpose}", public_id.bytes, MAC_BYTES)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_token(purpose: str, token: str) -> uuid.UUID | None:
    """The id, or None for everything that we did not make for this purpose."""
    try:
        raw = base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if len(raw) != 16 + MAC_BYTES:
        return None
    public_id = uuid.UUID(bytes=raw[:16])
    # Compare the text too: base64 has several spellings for the same bytes.
    if not sealing.same(make_token(purpose, public_id).encode(), token.encode("ascii")):
        return None
    return public_id


def make_code(public_id: uuid.UUID) -> str:
    return base64.b32encode(sealing.mac("code", public_id.bytes, 10)).decode()[:CODE_LENGTH]


def spaced(code: str) -> str:
    """As people read it: K7QF 2M9X TR."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def code_digest(typed: str) -> bytes:
    """What both pending row and signature keep of a code. Spaces, hyphens and case do not count."""
    code = re.sub(r"[\s‐-―\-.]", "", typed[:100]).upper().translate(_LOOKALIKES)
    return sealing.mac("code digest", code.encode("utf-8", "replace"))
