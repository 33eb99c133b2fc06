"""The rules for names and cities, for the form, imports and exports alike.

A name is kept exactly as typed, in any script. `clean_name` and `clean_place` refuse only what
is no name or would harm a list; `held_reason` names what staff should look at before it is
delivered; `comparison_key` says which spellings are the same.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from campaign_site.spreadsheets import FORMULA_STARTS

NAME_LENGTH = 100
PLACE_LENGTH = 60
# Districts have numbers, letters have postcodes; a telephone number is longer.
MOST_DIGITS_IN_A_PLACE = 6
MOST_MARKS = 3
# A stack of Tibetan or Burmese letters is written with marks, each of them once.
MOST_MARKS_IN_A_STACK = 5

LRM, RLM, ALM = "\u200e", "\u200f", "\u061c"
ZWSP, ZWNJ, ZWJ = "\u200b", "\u200c", "\u200d"
MONGOLIAN_VOWEL_SEPARATOR = "\u180e"

# They show as nothing, or as an empty box the width of a letter.
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u034f")
# Weak hints about direction, which phones put around Arabic and Hebrew names: held, not refused.
# Embeddings, overrides and isolates turn the rest of a list around, and are refused.
DIRECTION_MARKS = frozenset((LRM, RLM, ALM))


def _code_points(*spans: tuple[int, int]) -> frozenset[int]:
    return frozenset(code for first, last in spans for code in range(first, last + 1))


# Scripts that need ZWJ and ZWNJ to choose the shape of a letter.
JOINING = _code_points(
    (0x0600, 0x07FF),  # Arabic, Syriac, Thaana, N'Ko
    (0x0840, 0x08FF),  # Mandaic, Arabic
    (0x0900, 0x0DFF),  # the scripts of India, Sinhala
    (0x0F00, 0x109F),  # Tibetan, Burmese
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1BFF),  # Balinese, Sundanese, Batak
    (0xA840, 0xA87F),  # Phags-pa
    (0xA8E0, 0xA9FF),  # Devanagari, Javanese, Burmese
    (0xAA60, 0xAA7F),  # Burmese
    (0xFB50, 0xFDFF),  # Arabic
    (0xFE70, 0xFEFC),  # Arabic
    (0x10D00, 0x10D3F),  # Hanifi Rohingya
    (0x11000, 0x11FFF),  # more scripts of India
    (0x1E900, 0x1E95F),  # Adlam
)
# Scripts without spaces between words: their keyboards type U+200B where a line may break.
WITHOUT_SPACES = _code_points((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
MONGOLIAN = _code_points((0x1800, 0x18AF))
STACKING = _code_points(
    (0x0F00, 0x109F), (0x1780, 0x17FF), (0x1A20, 0x1AAF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)
)
# Chinese characters are still being added, for names above all; Python learns of them later.
IDEOGRAPHS = _code_points((0x20000, 0x2FFFD), (0x30000, 0x3FFFD))
VARIATION_SELECTORS = _code_points((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F)) | (
    _code_points((0xE0100, 0xE01EF))
)

# Real names have these: d'Arc, Mary-Jane, St. John, Smith, Jr, a/l, (Nan), “Nan”, ジャン＝ジャック,
# גרשיים, and the marks between syllables or words in Tibetan, Ethiopic, Khmer and others.
IN_NAMES = frozenset("'’‘‛ʼʻʹ`´.,()/\"“”„«»·・･•‧＝゠、。，．（）「」׳״،՚՛՜՞་༌།༔፡።၊။។៖᠂᠃")
# Signs of spelling rather than of punctuation: however many, they are not "heavy".
SPELLING = frozenset("'’‘‛ʼʻʹ·・･‧゠＝׳״՚՛՜՞་༌།፡")
APOSTROPHES = dict.fromkeys(map(ord, "’‘‛ʼʻʹʽʾʿ`´′ꞌ＇"), "'")
TATWEEL = "\u0640"

# Endings of addresses on the web that are no part of a real name ("Md.Li" and "Dr.Me" are).
_LINK = re.compile(
    r"https?:|://|\bwww\.|\S@\S"
    r"|\w\.(?:com|org|net|info|biz|xyz|online|site|shop|club|ru|cn)\b",
    re.IGNORECASE,
)
_SCRIPTS_THAT_LOOK_ALIKE = ("LATIN", "CYRILLIC", "GREEK")

MESSAGES = {
    "required": _("Please type at least one letter."),
    "too_long": _("Please use at most %(most)s characters."),
    "control": _("Please type this on one line, without tabs or other control characters."),
    "invisible": _(
        "This contains an invisible character, perhaps from copying it. Please type it by hand."
    ),
    "unknown": _("This contains a character that does not exist in any script."),
    "marks": _("This has too many accents or marks on one letter."),
    "link": _("Please type no links and no e-mail addresses here."),
}

# Why a name waits for staff, by the code that `held_reason` gives.
HELD_REASONS = {
    "formula": _("Begins like a formula in a spreadsheet"),
    "word": _("Contains a word from the list"),
    "digits": _("Contains digits"),
    "symbols": _("Contains symbols or emoji"),
    "punctuation": _("Is mostly punctuation"),
    "repeated": _("Repeats one letter"),
    "mixed": _("Mixes scripts that look alike within one word"),
    "invisible": _("Contains invisible characters"),
}


def clean_name(text: str) -> str:
    """The name as typed, without the spaces around it. Raise ValidationError, its code says why."""
    return _clean(text, NAME_LENGTH)


def clean_place(text: str) -> str:
    """The city as typed, without the spaces around it. Raise ValidationError, as `clean_name`."""
    return _clean(text, PLACE_LENGTH)


def clean_line(text: str, most: int) -> str:
    """Any other line that stands beside a name, such as a role. Raise as `clean_name`."""
    return _clean(text, most)


def _clean(text: str, most: int) -> str:
    text = text.strip()
    # Before anything walks over it: somebody may send a megabyte.
    if len(text) > most:
        raise _refusal("too_long", most=most)
    problem = _problem(text)
    if problem:
        raise _refusal(problem)
    return text


def _refusal(code: str, **params: int) -> ValidationError:
    return ValidationError(MESSAGES[code], code=code, params=params or None)


def _problem(text: str) -> str:
    """The first rule that `text` breaks, as a key of MESSAGES, or ''."""
    before = ""
    for char in text:
        problem = _problem_with(char, before)
        if problem:
            return problem
        before = char
    if _has_too_many_marks(text):
        return "marks"
    if not any(_is_letter(char) for char in text):
        return "required"
    return "link" if _LINK.search(unicodedata.normalize("NFKC", text)) else ""


def _problem_with(char: str, before: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return "control"
    if category in ("Cs", "Co"):
        return "unknown"
    if category == "Cn":
        return "" if ord(char) in IDEOGRAPHS else "unknown"
    if category == "Cf" and not _is_format_needed(char, before):
        return "invisible"
    if ord(char) in VARIATION_SELECTORS and not (before and _takes_variation(before)):
        return "invisible"
    return ""


def _is_format_needed(char: str, before: str) -> bool:
    """Whether a character that shows as nothing has a use after the character `before` it."""
    if char in DIRECTION_MARKS:
        return True
    if not before:
        return False
    if char in (ZWJ, ZWNJ):
        # Families and professions are emoji joined by ZWJ: held like all emoji, not refused.
        return (
            ord(before) in JOINING
            or unicodedata.category(before) in ("So", "Sk")
            or before == "\ufe0f"
        )
    if char == ZWSP:
        return ord(before) in WITHOUT_SPACES
    return char == MONGOLIAN_VOWEL_SEPARATOR and ord(before) in MONGOLIAN


def _takes_variation(char: str) -> bool:
    return not char.isspace() and ord(char) not in VARIATION_SELECTORS


def _is_letter(char: str) -> bool:
    """A letter that can be seen; not a modifier, which alone is no name."""
    if char in BLANK:
        return False
    return unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lo") or ord(char) in IDEOGRAPHS


def _has_too_many_marks(text: str) -> bool:
    run: list[str] = []
    # What has been composed may hide marks in one character: look at it taken apart.
    for char in unicodedata.normalize("NFD", text):
        if not unicodedata.category(char).startswith("M"):
            run = []
            continue
        if ord(char) in VARIATION_SELECTORS:
            continue
        run.append(char)
        stacked = len(set(run)) == len(run) and all(ord(mark) in STACKING for mark in run)
        if len(run) > (MOST_MARKS_IN_A_STACK if stacked else MOST_MARKS):
            return True
    # Nothing before it to sit on: it would sit on the end of the previous line of a list.
    return bool(text) and unicodedata.category(text[0]).startswith("M")


def held_reason(text: str, words: Iterable[str] = (), *, place: bool = False) -> str:
    """Why staff should look at a cleaned name before it is delivered: a key of HELD_REASONS, or ''.

    `words` are matched whole and folded, except in scripts without spaces between words.
    """
    shown = "".join(char for char in text if unicodedata.category(char) != "Cf").strip()
    plain = unicodedata.normalize("NFKC", shown)
    if plain[:1] in FORMULA_STARTS or unicodedata.category(plain[:1] or " ") == "Pd":
        return "formula"
    if _contains_any(text, words):
        return "word"
    if any(char in BLANK or char in DIRECTION_MARKS for char in text) or "     " in plain:
        return "invisible"
    if sum(char.isdecimal() for char in plain) > (MOST_DIGITS_IN_A_PLACE if place else 0):
        return "digits"
    kinds = [unicodedata.category(char) for char in shown]
    if any(_is_symbol(char, kind) for char, kind in zip(shown, kinds, strict=True)):
        return "symbols"
    letters = sum(kind[0] in "LM" for kind in kinds)
    signs = sum(
        kind[0] == "P" and char not in SPELLING for char, kind in zip(shown, kinds, strict=True)
    )
    if signs > letters or re.search(r"([.,()/\"-])\1\1", plain):
        return "punctuation"
    if re.search(rf"((?!{TATWEEL})[^\W\d_])\1\1\1", plain.casefold()):
        return "repeated"
    return "mixed" if any(_mixes_scripts(word) for word in re.split(r"[\s-]+", shown)) else ""


def _is_symbol(char: str, kind: str) -> bool:
    if char == "\ufe0f":  # makes an emoji of what stands before it
        return True
    if char in IN_NAMES or ord(char) in VARIATION_SELECTORS:
        return False
    # Me: circles and keycaps around a letter. Pc: underscores. No: ², ½.
    return kind[0] == "S" or kind in ("Po", "Ps", "Pe", "Pi", "Pf", "Pc", "Me", "No")


def _mixes_scripts(word: str) -> bool:
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in word if char.isalpha()}
    return len(scripts.intersection(_SCRIPTS_THAT_LOOK_ALIKE)) > 1


def _contains_any(text: str, words: Iterable[str]) -> bool:
    key = comparison_key(text)
    spaced = f" {_words(key)} "
    for word in words:
        folded, without_spaces = _folded(word)
        if folded and (folded in key if without_spaces else f" {_words(folded)} " in spaced):
            return True
    return False


@lru_cache(maxsize=4096)
def _folded(word: str) -> tuple[str, bool]:
    """Key of a word from the staff's list, and whether its script has no spaces between words."""
    folded = comparison_key(word)
    return folded, all(is_without_spaces(char) for char in folded)


def _words(key: str) -> str:
    """The words of a comparison key, parted by single spaces, without what stands between them."""
    spaced = "".join(
        char if char == "'" or unicodedata.category(char)[0] in "LMN" else " " for char in key
    )
    return " ".join(word.strip("'") for word in spaced.split())


def is_without_spaces(char: str) -> bool:
    code = ord(char)
    return code in WITHOUT_SPACES or code in IDEOGRAPHS or 0x3040 <= code <= 0x9FFF


def comparison_key(text: str) -> str:
    """One key for the spellings of one name or city; longer than the text where it has ligatures.

    Width, case, kinds of apostrophe and hyphen, spaces, and what shows as nothing make no
    difference; accents do. It is never shown and never stored in place of the text.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(
        "-" if unicodedata.category(char) == "Pd" else char
        for char in folded.translate(APOSTROPHES)
        if not _is_ignored(char)
    )
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _is_ignored(char: str) -> bool:
    return (
        char == TATWEEL
        or char in BLANK
        or ord(char) in VARIATION_SELECTORS
        or unicodedata.category(char) == "Cf"
    )
