"""The counter as a picture for pages of others: SVG of a few hundred bytes, without script."""

import unicodedata

from django.utils.translation import gettext as _

from campaign_site.models import SiteSettings
from campaign_site.templatetags.vigil import number, signed_around
from petitions.paper import directed

WIDE, INSET = 320, 18
# About how wide a letter is, as a part of its height, and rather too much.
NARROW, SLIM, BROAD, CAPITAL, FULL = 0.34, 0.45, 0.62, 0.74, 1.05
TITLE, TITLE_LINES, SMALL = 15, 2, 12


def badge(petition) -> dict:
    """What its template draws. Below the minimum it says no number, as all pages do."""
    count = petition.numbers.total
    rtl = directed(petition.title)["rtl"]
    room = WIDE - 2 * INSET
    site = SiteSettings.load()
    if count < petition.show_count_from:
        before, shown, after = "", _("Be among the first."), ""
    else:
        before, after = signed_around(count)
        shown = number(count)
    titles = _lines(_printable(petition.title), room / TITLE)
    rows = [(TITLE, 600, "#211c18", text) for text in titles]
    rows += [(SMALL, 400, "#5d544c", _lines(_printable(site.name), room / SMALL, most=1)[0])]
    x = WIDE - INSET if rtl else INSET
    high = 44
    placed = []
    for size, weight, colour, text in rows:
        high += size + (6 if size == TITLE else 9)
        placed.append(
            {"text": text, "size": size, "weight": weight, "colour": colour, "y": high}
            | _stands(x, rtl, directed(text)["rtl"])
        )
    return {
        "wide": WIDE,
        "high": high + 16,
        "rtl": rtl,
        "before": before,
        "shown": shown,
        "after": after,
        "head": _stands(x, rtl, directed(before + shown + after)["rtl"]),
        "title": " ".join(titles),
        "rows": placed,
        "accent": site.accent,
    }


def _stands(x, from_the_right, rtl):
    """A line in its own direction, at the side where all begin."""
    anchor = "start" if rtl == from_the_right else "end"
    return {"x": x, "direction": "rtl" if rtl else "ltr", "anchor": anchor}


def _printable(text: str) -> str:
    """XML has no place for what is no character, not even escaped."""
    return "".join(
        letter
        for letter in text
        if unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp")
        and ord(letter) & 0xFFFE != 0xFFFE
    )


def _width(letter: str) -> float:
    if unicodedata.category(letter)[0] in "MC":
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return FULL
    if letter in "il.,:;!|' ":
        return NARROW
    if letter in "jtfr":
        return SLIM
    return BROAD if letter.islower() else CAPITAL


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
            if line and used + wide > room:
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
    """Words with the spaces behind them; Chinese breaks between any two letters, but no line of
    it begins with a full stop."""
    piece = ""
    for letter in text:
        if unicodedata.category(letter).startswith("P"):
            piece += letter
            continue
        if piece and ((piece[-1].isspace() and not letter.isspace()) or _width(letter) == FULL):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece
