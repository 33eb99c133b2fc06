"""The counter as a picture for pages of others: SVG of a few hundred bytes, without script."""

import unicodedata

from django.utils.translation import gettext as _

from campaign_site.models import SiteSettings
from campaign_site.templatetags.vigil import number, signed_around
from petitions.paper import directed

WIDE, INSET = 320, 18
# About how wide a letter is, as a part of its height, and rather too much.
NARROW, BROAD, FULL = 0.34, 0.62, 1.05
TITLE, TITLE_LINES, SMALL = 15, 2, 12


def badge(petition) -> dict:
    """What its template draws. Below the minimum it says no number, as all pages do."""
    count = petition.numbers.total
    title = directed(petition.title)
    lines = _lines(_printable(petition.title), (WIDE - 2 * INSET) / TITLE)
    context = {
        "petition": petition,
        "wide": WIDE,
        "title": [{"text": line, "y": 64 + 20 * row} for row, line in enumerate(lines)],
        "rtl": title["rtl"],
        "x": WIDE - INSET if title["rtl"] else INSET,
        "host": _lines(_printable(SiteSettings.load().name), (WIDE - 2 * INSET) / SMALL, most=1)[0],
        "accent": SiteSettings.load().accent,
    }
    context["host_y"] = 64 + 20 * len(lines) + 4
    context["high"] = context["host_y"] + 16
    if count < petition.show_count_from:
        return context | {"call": _("Be among the first.")}
    before, after = signed_around(count)
    return context | {"before": before, "count": number(count), "after": after}


def _printable(text: str) -> str:
    """XML has no place for what is no character, not even escaped."""
    return "".join(
        letter
        for letter in text
        if unicodedata.category(letter) not in ("Cc", "Cs") and ord(letter) & 0xFFFE != 0xFFFE
    )


def _width(letter: str) -> float:
    if unicodedata.category(letter)[0] in "MC":
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return FULL
    return NARROW if letter in "iljtfr.,:;!|' " else BROAD if letter.islower() else 0.74


def _lines(text: str, room: float, most: int = TITLE_LINES) -> list[str]:
    """Broken between words, or letters where a word is too long; what is too much is left out."""
    lines, line, used = [], "", 0.0
    for word in _pieces(text):
        wide = sum(map(_width, word))
        if line and used + sum(map(_width, word.rstrip())) > room:
            lines.append(line.rstrip())
            line, used = "", 0.0
        for letter in word if wide > room else [word]:
            wide = sum(map(_width, letter))
            if line and used + wide > room + 0.4:
                lines.append(line)
                line, used = "", 0.0
            line, used = line + letter, used + wide
    lines.append(line.rstrip())
    if len(lines) > most:
        lines = lines[:most]
        while sum(map(_width, lines[-1])) > room - 1:
            lines[-1] = lines[-1][:-1]
        lines[-1] = lines[-1].rstrip() + "…"
    return lines


def _pieces(text):
    """Words with the spaces behind them; Chinese breaks between any two letters."""
    piece = ""
    for letter in text:
        if piece and ((piece[-1].isspace() and not letter.isspace()) or _width(letter) == FULL):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece
