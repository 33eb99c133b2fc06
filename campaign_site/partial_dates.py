"""Dates as exactly as they are known: "2006", "March 2006", "about 1990", "since 2016".

They are stored as a small part of EDTF (Extended Date/Time Format, ISO 8601-2): `2006`,
`2006-03`, `2006-03-15`, each perhaps with `~` (about), and two of them as `start/end`, or
`start/..` for what has not ended. Staff type them in their own words. A day that nobody typed
is never invented.
"""

import datetime
import re
import unicodedata
from calendar import monthrange
from typing import Self

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import dates, translation
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

OPEN = ".."
_SINGLE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(~?)", re.ASCII)


class NotADate(ValidationError, ValueError):
    """What was typed or stored is no date, or leaves open which one. The message says why."""


class PartialDate(str):
    """EDTF text that is known to be right. As text it sorts by its start, so does the database."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raise NotADate unless `text` is EDTF of the kinds named above."""
        start, slash, end = text.partition("/")
        first = _bounds(start)
        if slash and end != OPEN and _bounds(end)[1] < first[0]:
            raise NotADate(_("The end is before the start."), code="end_before_start")
        return super().__new__(cls, text)

    @property
    def start(self) -> str:
        """EDTF of where it begins, which for a single date is all of it."""
        return self.partition("/")[0]

    @property
    def end(self) -> str:
        """EDTF of where it ends, `..` where it has not, empty for a single date."""
        return self.partition("/")[2]

    @property
    def is_open(self) -> bool:
        return self.end == OPEN

    @property
    def earliest(self) -> datetime.date:
        """The first day it can mean. "About" is taken at its word."""
        return _bounds(self.start)[0]

    @property
    def latest(self) -> datetime.date:
        """The last day it can mean; `date.max` where it has not ended."""
        return datetime.date.max if self.is_open else _bounds(self.end or self.start)[1]


def _bounds(text: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of one date without a slash."""
    match = _SINGLE.fullmatch(text)
    if not match:
        raise NotADate(
            _("“%(text)s” is not a date as it is stored, such as 2006, 2006-03 or 2006-03-15."),
            code="not_edtf",
            params={"text": text[:40]},
        )
    year, month, day = (int(part) if part else None for part in match.groups()[:3])
    if year == 0:
        raise NotADate(_("There is no year 0."), code="no_such_year")
    if month is None:
        return datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    if not 1 <= month <= 12:
        raise NotADate(
            _("There is no month %(month)s."), code="no_such_month", params={"month": month}
        )
    days = monthrange(year, month)[1]
    if day is None:
        return datetime.date(year, month, 1), datetime.date(year, month, days)
    if not 1 <= day <= days:
        raise NotADate(_("That month has no day %(day)s."), code="no_such_day", params={"day": day})
    return datetime.date(year, month, day), datetime.date(year, month, day)


# --- Saying it --------------------------------------------------------------------------------


def _formats() -> tuple[str, str]:
    """Django's formats for a day and for a month in the active language.

    Where Django abbreviates the month, names the weekday or has numbers only (American English,
    Georgian, Greek, every language it has no formats for), "15 March 2006" is clearer.
    """
    day, month = get_format("DATE_FORMAT"), get_format("YEAR_MONTH_FORMAT")
    return ("j F Y", "F Y") if set(day) & set("NMDl/") else (day, month)


def _describe_single(text: str) -> str:
    # Four digits, also before the year 1000: the month and day are what the format is for.
    bare = text.removesuffix("~")
    day_format, month_format = _formats()
    if len(bare) == 4:
        words = bare
    else:
        pattern = day_format if len(bare) == 10 else month_format
        words = date_format(_bounds(bare)[0], pattern)
    return gettext("about %(date)s") % {"date": words} if text.endswith("~") else words


def describe(value: str) -> str:
    """In words of the active language: "March 2006", "24 March to 2 April 2015"."""
    if not value:
        return ""
    value = PartialDate(value)
    start, end = value.start, value.end
    if not end:
        return _describe_single(start)
    if end == OPEN:
        return gettext("since %(date)s") % {"date": _describe_single(start)}
    words = _describe_single(start)
    # "24 March to 2 April 2015": the year once, where it stands last and both know their day.
    if len(start) == len(end) == 10 and start[:4] == end[:4] and _formats()[0] == "j F Y":
        words = date_format(value.earliest, "j" if start[:7] == end[:7] else "j F")
    return gettext("%(start)s to %(end)s") % {"start": words, "end": _describe_single(end)}


# --- Understanding it -------------------------------------------------------------------------

# What people write in English, beside what `describe` says in the active language.
_INTERVALS = (
    "from %(start)s to %(end)s",
    "from %(start)s until %(end)s",
    "between %(start)s and %(end)s",
    "%(start)s to %(end)s",
    "%(start)s until %(end)s",
    "%(start)s–%(end)s",
    "%(start)s—%(end)s",
    "%(start)s - %(end)s",
)
_SINCE = ("since %(date)s", "from %(date)s", "%(date)s onwards")
_ABOUT = (
    "about %(date)s",
    "around %(date)s",
    "approximately %(date)s",
    "circa %(date)s",
    "ca. %(date)s",
    "ca %(date)s",
    "c. %(date)s",
    "c %(date)s",
    "~%(date)s",
    "%(date)s~",
)
_NUMERIC = re.compile(r"([0-9]{1,2})([./-])(?:([0-9]{1,2})\2)?([0-9]{4})", re.ASCII)
# Orders in which a year (Y), the word for a month (M) and numbers (n) can be read in one way only.
# Those without a year are the start of an interval.
_SHAPES = {"Y", "MY", "YM", "nMY", "MnY", "YMn", "YnM", "Yn", "Ynn", "n", "nM", "Mn", "M"}
_HINT = _("Type it as exactly as you know it, such as “March 2006”, “15 March 2006” or “2006”.")


def parse_typed(text: str) -> PartialDate:
    """Understand what staff type, in English or in the active language; raise NotADate."""
    if len(text) > 200:
        raise NotADate(_HINT, code="unclear")
    # Digits of every script count, and "exactly as typed" does not matter here.
    text = re.sub(r"\d", lambda match: str(unicodedata.decimal(match[0])), _fold(text))
    text = " ".join(text.split())
    if re.fullmatch(r"[0-9]{4}[-0-9~/.]*", text):
        try:
            return PartialDate(text)
        except NotADate as error:
            if error.code != "not_edtf":
                raise
    if gaps := _gaps(text, "%(start)s to %(end)s", _INTERVALS):
        return _interval(gaps["start"], gaps["end"])
    if gaps := _gaps(text, "since %(date)s", _SINCE):
        return PartialDate(f"{_single(gaps['date'])}/{OPEN}")
    try:
        return PartialDate(_single(text))
    except NotADate:
        # "24-26 March 2015", "2006-2007": a hyphen may join numbers or part them.
        if text.count("-") != 1:
            raise
        try:
            return _interval(*text.split("-"))
        except NotADate:
            pass
        raise


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _gaps(text: str, ours: str, english: tuple[str, ...]) -> dict[str, str] | None:
    """What stands at the gaps of the first phrase that fits `text`."""
    for phrase in (*english, gettext(ours)):
        pattern = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(_fold(phrase)))
        if match := re.fullmatch(pattern, text):
            return {name: words.strip() for name, words in match.groupdict().items()}
    return None


def _interval(start: str, end: str) -> PartialDate:
    end = _single(end)
    # "24 March – 2 April 2015": what the start leaves out, the end says.
    return PartialDate(f"{_single(start, end)}/{end}")


def _single(text: str, other: str = "") -> str:
    """EDTF of one date; what it lacks of year and month comes from `other`."""
    if gaps := _gaps(text, "about %(date)s", _ABOUT):
        return _single(gaps["date"], other) + "~"
    if match := _NUMERIC.fullmatch(text):
        return _numeric(int(match[1]), match[3] and int(match[3]), match[4])
    year, month, day = _parts(text)
    if year is None and other:
        year = int(other[:4])
        if month is None and len(other.removesuffix("~")) == 10:
            month = int(other[5:7])
    if year is None:
        raise NotADate(_("Please add the year, with four digits."), code="no_year")
    if day is not None and month is None:
        raise NotADate(_HINT, code="unclear")
    found = f"{year:04}" + "".join(f"-{part:02}" for part in (month, day) if part is not None)
    return str(PartialDate(found))


def _numeric(first: int, second: int | None, year: str) -> str:
    """`15/03/2006` has one reading, `03/04/2006` has two and is refused."""
    if second is None:
        return str(PartialDate(f"{year}-{first:02}"))
    readings = set()
    for day, month in ((first, second), (second, first)):
        try:
            readings.add(str(PartialDate(f"{year}-{month:02}-{day:02}")))
        except NotADate:
            continue
    if len(readings) == 1:
        return readings.pop()
    if not readings:
        raise NotADate(
            _("There is no such day. %(hint)s"), code="no_such_day", params={"hint": _HINT}
        )
    raise NotADate(
        _(
            "This can be read as two different days. Please type the month as a word, "
            "such as “3 April 2006”."
        ),
        code="ambiguous",
    )


def _parts(text: str) -> tuple[int | None, int | None, int | None]:
    """Year, month and day of a date whose month is a word, or that goes from year to day."""
    months = _month_names()
    # Longest first, and whole: "mar" is not the start of "martyr", nor "tháng 1" of "tháng 12".
    names = "|".join(
        re.escape(name) + (r"(?!\d)" if name[-1].isdigit() else r"(?![^\W\d_])")
        for name in sorted(months, key=len, reverse=True)
    )
    tokens = re.compile(
        rf"(?P<month>{names})"
        r"|(?P<number>\d+)(?:(?:st|nd|rd|th|er)(?![^\W\d_]))?|(?P<gap>[\s,.،、/-]+)"
        r"|(?P<word>[^\d\s,.،、/-]+)"
    )
    fillers = _filler_words(tokens)
    shape, numbers, year, month = "", [], None, None
    for match in tokens.finditer(text):
        if match["month"]:
            shape, month = shape + "M", months[match["month"]]
        elif match["number"] and len(match["number"]) == 4:
            shape, year = shape + "Y", int(match["number"])
        elif match["number"]:
            shape = shape + "n"
            numbers.append(int(match["number"]))
        elif match["word"] and match["word"] not in fillers:
            raise NotADate(
                _("“%(word)s” was not understood. %(hint)s"),
                code="unclear",
                params={"word": match["word"][:40], "hint": _HINT},
            )
    if shape not in _SHAPES or any(number > 99 for number in numbers):
        raise NotADate(_HINT, code="unclear")
    if month is None and year is not None:
        month = numbers.pop(0) if numbers else None
    return year, month, numbers[0] if numbers else None


def _month_names() -> dict[str, int]:
    """Every way to name a month in English and in the active language, folded."""
    found = {"sept": 9}
    numbers = range(1, 13)
    for language in ("en", translation.get_language() or "en"):
        with translation.override(language):
            short = [_fold(str(dates.MONTHS_3[number])).rstrip(".") for number in numbers]
            # The full names come last: they win where a catalogue has a slip in another list.
            for names in (dates.MONTHS_AP, dates.MONTHS_ALT, dates.MONTHS):
                found |= {_fold(str(names[number])).rstrip("."): number for number in numbers}
            # Hebrew writes "in" and the month as one word.
            for number in numbers:
                written = _fold(date_format(datetime.date(2006, number, 5), _formats()[0]))
                for word in re.findall(r"[^\d\s.,،]+", written):
                    if word.endswith(_fold(str(dates.MONTHS[number]))):
                        found[word] = number
        # Some languages shorten two months to the same letters: those are not understood.
        for number, name in enumerate(short, 1):
            if short.count(name) == 1:
                found.setdefault(name, number)
    return found


def _filler_words(tokens: re.Pattern[str]) -> set[str]:
    """Words that say nothing: "of", and those that the active language puts between the parts."""
    found = {"of", "the"}
    for pattern in _formats():
        words = _fold(date_format(datetime.date(2006, 3, 5), pattern))
        found |= {match["word"] for match in tokens.finditer(words) if match["word"]}
    return found


# --- Storing and asking -----------------------------------------------------------------------


class PartialDateFormField(forms.CharField):
    """One text box that, shown again, says back what it understood."""

    default_help_text = gettext_lazy(
        "As exactly as it is known, such as “March 2006”, “15 March 2006”, “about 1990”, "
        "“since 2016” or “24 March to 2 April 2015”."
    )

    def __init__(self, *, max_length: int = 100, help_text: str = "", **kwargs):
        super().__init__(
            max_length=max_length, help_text=help_text or self.default_help_text, **kwargs
        )

    def to_python(self, value):
        value = super().to_python(value)
        return value if value in self.empty_values else parse_typed(value)

    def prepare_value(self, value):
        if not isinstance(value, str) or not value:
            return value
        try:
            return describe(parse_typed(value))
        except NotADate:
            return value


class PartialDateField(models.CharField):
    """EDTF text that sorts itself; in Python a PartialDate, or '' where nothing is known."""

    description = gettext_lazy("Date, as exactly as it is known")

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 32)
        # Byte order: other collations skip punctuation and would mix days and intervals.
        kwargs.setdefault("db_collation", "C")
        super().__init__(*args, **kwargs)

    def to_python(self, value):
        if value in self.empty_values or isinstance(value, PartialDate):
            return value
        return PartialDate(value)

    def from_db_value(self, value, expression, connection):
        return self.to_python(value)

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return str(value) if isinstance(value, PartialDate) else value

    def pre_save(self, model_instance, add):
        # The instance carries on with the same type that a fresh one has.
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs):
        # People type more letters than are stored.
        return super().formfield(
            **{"form_class": PartialDateFormField, "max_length": 100, **kwargs}
        )
