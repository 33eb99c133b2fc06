"""Letters that old systems lack, as fonts within a stylesheet: a request of its own for each would
make pages slower. Only pages in such a script load them."""

import base64
from functools import cache
from pathlib import Path

OURS = Path(__file__).parent / "web_fonts"
# Languages whose letters we bring, by the name under which pages ask for them.
SCRIPTS = {"arab": ("ug",)}
_WEIGHTS = {400: "Regular", 700: "Bold"}


def script_of(code: str) -> str:
    """In which of our scripts this language is written; none where every system can show it."""
    return next((script for script, codes in SCRIPTS.items() if code in codes), "")


@cache
def fonts(script: str) -> dict:
    """For the stylesheet: which letters, and the fonts that have them."""
    if script not in SCRIPTS:
        return {}
    return {
        "range": (OURS / "unicodes.txt").read_text().strip(),
        "faces": {weight: _face(name) for weight, name in _WEIGHTS.items()},
    }


def _face(name):
    font = (OURS / f"NotoNaskhArabic-Uyghur-{name}.woff2").read_bytes()
    return base64.b64encode(font).decode()
