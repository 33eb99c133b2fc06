"""Names that may be the same person's: "Husein Dzhelil" and "Huseyin Celil", "Yusup" and "Yusuf".

Whoever writes a name down from another script writes it their own way. So words are compared by
their sounds: all that is often mistaken for one another counts as one letter, and vowels count
little. Names agree where each word of the shorter one has its like in the longer one.

Cyrillic and Arabic letters are sounds, too; where short vowels are not written, as in Arabic, some
are missed. Other scripts, such as Chinese, are compared with names in that script only.
"""

import re
import unicodedata
from difflib import SequenceMatcher
from typing import NamedTuple

from campaign_site.names import comparison_key
from campaigns.models import Profile, ProfileName

MOST = 3  # look-alikes to tell of
# How one sound is spelled in Turkic, Russian, Chinese, Arabic and German ways, and our one letter.
_SPELLED = {
    **dict.fromkeys(("dzh", "dsch", "tsch", "tch", "zh", "ch", "dj", "dž"), "c"),
    **dict.fromkeys(("shch", "sch", "sh", "hs", "ts", "tz"), "s"),
    **dict.fromkeys(("gh", "ck", "qu"), "k"),
    "kh": "h",
    "ph": "p",
    "th": "t",
}
# Each letter of Cyrillic and Arabic alphabets, then its sound; some have none.
_LETTERS = (
    "аa әe бb вv гg ғg ґg дd еe ёe єe жzh җj зz иi йi іi їi ӣi кk қk лl мm нn ңng оo өo пp рr сs "
    "тt уu үu ұu ўu ӯu фf хh ҳh һh цts чch ҷj шsh щsh ъ ыi ь эe юiu яia "
    "اa آa أa إi ةa ئ ء ؤ ع ەe ېe بb پp تt طt ثs سs صs جj چch حh ھh هh خh دd ضd ذz زz ظz ژzh رr "
    "شsh غg گg فf قk كk کk ڭng لl مm نn وu ۇu ۈu ۆo ۋv ىi يi یi"
)
_SOUNDS = {ord(pair[0]): pair[1:] for pair in _LETTERS.split()}
_SPELLINGS = re.compile("|".join(sorted(_SPELLED, key=len, reverse=True)))
_ALIKE = str.maketrans("jfbvwgqzxdyı", "cppppkksstii")
_VOWELS = str.maketrans("", "", "aeiouœæøə")
_LONG = 5  # letters: from here on a word may have a slip of the pen


class Word(NamedTuple):
    sound: str
    skeleton: str  # without vowels


class Name(NamedTuple):
    words: tuple[Word, ...]  # in letters that have a sound
    letters: str  # in another script


def find(names, *, besides=None) -> list[Profile]:
    """People one of whose names looks like one of these; `besides` is the person themselves."""
    new = [_parsed(name) for name in names if name.strip()]
    found = {}
    for pk, name in _all_names():
        if pk != besides and pk not in found and name:
            there = _parsed(name)
            if any(_are_alike(one, there) for one in new):
                found[pk] = None
                if len(found) == MOST:
                    break
    return list(Profile.objects.filter(pk__in=found).order_by("name"))


def _all_names():
    for pk, name, native_name in Profile.objects.order_by("pk").values_list(
        "pk", "name", "native_name"
    ):
        yield pk, name
        yield pk, native_name
    yield from ProfileName.objects.order_by("pk").values_list("profile_id", "name")


def _parsed(name: str) -> Name:
    plain = unicodedata.normalize("NFD", comparison_key(name).translate(_SOUNDS))
    plain = "".join(char for char in plain if not unicodedata.combining(char)).replace("'", "")
    words = re.findall(r"\w+", plain)
    if any(ord(char) > 0x24F and char.isalpha() for char in plain):
        return Name((), "".join(words))
    return Name(tuple(map(_word, words)), "")


def _word(word: str) -> Word:
    sound = _SPELLINGS.sub(lambda match: _SPELLED[match[0]], word).translate(_ALIKE)
    sound = re.sub(r"(.)\1+", r"\1", sound)
    return Word(sound, re.sub(r"(.)\1+", r"\1", sound.translate(_VOWELS)))


def _are_alike(one: Name, other: Name) -> bool:
    if one.letters or other.letters:
        return _ratio(one.letters, other.letters) >= 0.85
    short, long = sorted((one.words, other.words), key=len)
    # One word alone, such as a first name, is not enough to name somebody with two.
    if not short or len(short) == 1 < len(long):
        return _joined(short) == _joined(long) != ""
    if not {word.skeleton for word in short} & {word.skeleton for word in long}:
        return False
    left = list(long)
    for word in short:
        like = next((other for other in left if _same_word(word, other)), None)
        if like is None:
            return _joined(short) == _joined(long)
        left.remove(like)
    return True


def _joined(words) -> str:
    """For "Bing Zhang" and "Bingzhang"."""
    return "".join(word.sound for word in words)


def _same_word(one: Word, other: Word) -> bool:
    if one.sound == other.sound:
        return True
    is_long = min(len(one.sound), len(other.sound)) >= _LONG
    alike = _ratio(one.sound, other.sound)
    if one.skeleton == other.skeleton:
        return alike >= (0.6 if is_long else 0.8)
    return is_long and alike >= 0.85


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if one and other else 0.0
