"""Contrast as WCAG 2 measures it: text needs 4.5 to 1 on what it stands on."""

import re

ENOUGH = 4.5
# What the accent stands on and under: `--paper` of the stylesheet, and white text on buttons.
PAPER = "#fcfaf7"
WHITE = "#ffffff"


def is_colour(text: str) -> bool:
    return re.fullmatch("#[0-9a-f]{6}", text) is not None


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Between 1 and 21, for colours written as #7a1f2b."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def is_readable(accent: str) -> bool:
    """White text on the accent, and links in the accent on the page."""
    return all(contrast(accent, other) >= ENOUGH for other in (WHITE, PAPER))
