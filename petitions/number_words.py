# ruff: noqa: SIM905 words in one string are easier to read

"""Numbers in words, as a cover letter has them beside the figures.

No library: num2words, the one in use, needs docopt, which comes without a wheel.
"""

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_FRENCH = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf"
).split()
_FRENCH_TENS = "- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt"
_FRENCH_TENS = _FRENCH_TENS.split()
_CHINESE = "零一二三四五六七八九"
_CHINESE_UNITS = ((10**8, "亿"), (10**4, "万"), (1_000, "千"), (100, "百"), (10, "十"))
_UYGHUR = "نۆل بىر ئىككى ئۈچ تۆت بەش ئالتە يەتتە سەككىز توققۇز".split()
_UYGHUR_TENS = "- ئون يىگىرمە ئوتتۇز قىرىق ئەللىك ئاتمىش يەتمىش سەكسەن توقسان".split()


def number_words(number: int, language: str) -> str:
    """1204: “one thousand two hundred and four”. Below 1,000,000,000; empty in languages that
    nobody has taught us."""
    speak = {"en": _english, "fr": _french, "zh": _chinese, "ug": _uyghur}.get(
        language.partition("-")[0]
    )
    return speak(number) if speak else ""


def _english(number):
    for value, word in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= value:
            many, rest = divmod(number, value)
            joint = " and " if 0 < rest < 100 else " "
            return f"{_english(many)} {word}" + (joint + _english(rest) if rest else "")
    if number >= 20:
        tens, ones = divmod(number, 10)
        return _ENGLISH_TENS[tens] + (f"-{_ENGLISH[ones]}" if ones else "")
    return _ENGLISH[number]


def _french(number, *, ends=True):
    """`ends`: nothing but a noun follows, so “vingts” and “cents” keep their s."""
    if number >= 1_000_000:
        many, rest = divmod(number, 1_000_000)
        word = "million" if many == 1 else "millions"
        return f"{_french(many)} {word}" + (f" {_french(rest)}" if rest else "")
    if number >= 1_000:
        many, rest = divmod(number, 1_000)
        word = "mille" if many == 1 else f"{_french(many, ends=False)} mille"
        return word + (f" {_french(rest, ends=ends)}" if rest else "")
    if number >= 100:
        many, rest = divmod(number, 100)
        word = "cent" if many == 1 else f"{_FRENCH[many]} cent"
        if rest:
            return f"{word} {_french(rest, ends=ends)}"
        return word + ("s" if many > 1 and ends else "")
    if number < 20:
        return _FRENCH[number]
    tens, ones = divmod(number, 10)
    if tens in (7, 9):  # soixante-dix, quatre-vingt-dix
        ones += 10
    if not ones:
        return _FRENCH_TENS[tens] + ("s" if tens == 8 and ends else "")
    joint = " et " if ones in (1, 11) and tens < 8 else "-"
    return _FRENCH_TENS[tens] + joint + _FRENCH[ones]


def _chinese(number, *, first=True):
    """`first`: nothing stands before it, so ten is 十, not 一十."""
    for value, word in _CHINESE_UNITS:
        if number >= value:
            many, rest = divmod(number, value)
            said = "" if first and number < 20 else _chinese(many, first=first)
            if not rest:
                return said + word
            # One 零 for however many zeros between the figures.
            gap = _CHINESE[0] if rest < value // 10 else ""
            return said + word + gap + _chinese(rest, first=False)
    return _CHINESE[number]


def _uyghur(number):
    for value, word in ((1_000_000, "مىليون"), (1_000, "مىڭ"), (100, "يۈز")):
        if number >= value:
            many, rest = divmod(number, value)
            return f"{_uyghur(many)} {word}" + (f" {_uyghur(rest)}" if rest else "")
    if number >= 10:
        tens, ones = divmod(number, 10)
        return _UYGHUR_TENS[tens] + (f" {_UYGHUR[ones]}" if ones else "")
    return _UYGHUR[number]
