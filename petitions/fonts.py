"""Which fonts a document needs: every letter is looked up before anything is printed.

Noto Sans and Noto Naskh Arabic come with Vigil; the other scripts come from the system. A letter
that no font has stops the document, because a box in place of a letter is a misspelt name.
"""

import unicodedata
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont

OURS = Path(__file__).parent / "paper_fonts"
# In this order: the first that has a letter draws it.
_OURS = ("NotoSans", "NotoNaskhArabic")
_CJK = {
    "ja": ("Noto Sans CJK JP", 0),
    "ko": ("Noto Sans CJK KR", 1),
    "zh-hant": ("Noto Sans CJK TC", 3),
}
_CJK_FILES = ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc")
_PACKAGES = "fonts-noto-core, fonts-noto-cjk"


class MissingFont(Exception):
    """No font here has a letter that must be printed. The message holds no name."""


@cache
def _system_fonts() -> dict[str, Path]:
    found = sorted(Path(settings.SYSTEM_FONTS).rglob("Noto*"))
    return {path.name: path for path in reversed(found)}


@cache
def _letters(path: Path) -> frozenset[int]:
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _family(path: Path) -> str:
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return font["name"].getBestFamilyName()


def _needs_a_shape(letter: str) -> bool:
    """Spaces and marks for joining and direction show as nothing, whatever the font."""
    return not (
        letter.isspace() or unicodedata.category(letter) in ("Cf", "Cc", "Zl", "Zp")
    ) and not (0xFE00 <= ord(letter) <= 0xFE0F or 0xE0100 <= ord(letter) <= 0xE01EF)


def choose(letters: set[str], language: str) -> tuple[list[str], list[Path]]:
    """Families in order, and their files, that draw all of `letters`. Raises MissingFont."""
    missing = {ord(letter) for letter in letters if _needs_a_shape(letter)}
    families, files = [], []
    for stem in _OURS:
        regular = OURS / f"{stem}-Regular.ttf"
        families.append(_family(regular))
        files += [regular, OURS / f"{stem}-Bold.ttf"]
        missing -= _letters(regular)
    system = _system_fonts()
    if missing and _CJK_FILES[0] in system and missing & _letters(system[_CJK_FILES[0]]):
        missing -= _letters(system[_CJK_FILES[0]])
        families.append(_CJK.get(language, ("Noto Sans CJK SC", 2))[0])
        files += [system[name] for name in _CJK_FILES if name in system]
    if missing:
        for name, regular in sorted(system.items(), key=lambda item: _plain_first(item[0])):
            if not name.endswith("-Regular.ttf") or not missing & _letters(regular):
                continue
            missing -= _letters(regular)
            families.append(_family(regular))
            bold = system.get(name.replace("-Regular", "-Bold"))
            files += [regular, bold] if bold else [regular]
            if not missing:
                break
    if missing:
        raise MissingFont(_sentence(missing))
    return families, files


def _plain_first(name):
    return (not name.startswith("NotoSans"), "Display" in name or "UI" in name, name)


def _sentence(missing):
    examples = ", ".join(f"U+{code:04X}" for code in sorted(missing)[:5])
    return _(
        "No font on this server has the letter %(letters)s, so no PDF was made. Install %(packages)s; "
        "CSV and Excel need no font."
    ) % {"letters": examples, "packages": _PACKAGES}
