"""A list as a box of paper: the sheets around the names, and the names on pages.

typst sets it, in a process of its own. Names reach it as data (data.json), never as markup.
A name that has left since leaves its line empty: page numbers and lines stay what they were.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, groupby
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign_site import languages
from campaign_site.models import SiteSettings
from campaign_site.names import comparison_key
from campaign_site.rich_text import plain_blocks
from petitions import fonts
from petitions.number_words import number_words

LEFT_BEHIND = 24 * 60 * 60  # seconds
SECONDS = 600  # more than any part of 5,000 names needs
PAPERS = {"a4": "a4", "letter": "us-letter"}
# Columns to size of letters and room between lines.
DENSITIES = {1: (11, 0.37), 2: (10, 0.34), 3: (9, 0.5)}
HERE = Path(__file__).parent


class Layout(NamedTuple):
    """What decides where pages break."""

    paper: str = "a4"
    columns: int = 2

    @property
    def key(self) -> str:
        return f"{self.paper}-{self.columns}"

    @classmethod
    def of(cls, key: str) -> "Layout":
        paper, _dash, columns = key.partition("-")
        return cls(paper, int(columns))


class CannotPrint(Exception):
    """The document could not be set. The message holds nothing of what stands in it."""


class Row(NamedTuple):
    line: int
    name: str
    city: str


@dataclass(frozen=True)
class Place:
    """A heading and its names. `own` is how somebody spelt the place, where it differs."""

    heading: str  # empty for “Other places”
    rows: list[Row]

    def own(self, row: Row) -> str:
        return "" if row.city == self.heading else row.city

    @property
    def names(self) -> list[tuple[str, str]]:
        return [(row.name, self.own(row)) for row in self.rows]


def by_place(rows: Iterable[Row]) -> Iterator[Place]:
    """The heading is the commonest spelling among them."""
    for _key, group in groupby(rows, key=lambda row: comparison_key(row.city)):
        found = list(group)
        yield Place(Counter(row.city for row in found).most_common(1)[0][0], found)


@dataclass(frozen=True)
class Part:
    """What one box or envelope holds."""

    delivery: object
    number: int
    of: int
    span: range  # its lines
    rows: list[Row]
    total: int  # names of the whole list
    earlier: list  # lists that this government got before

    @property
    def names(self) -> int:
        return len(self.rows)


# --- The child process ---------------------------------------------------------------------------


class Workshop:
    """A folder under PRIVATE_ROOT in which one document is set; it goes when that is done."""

    template = HERE / "paper.typ"
    seconds = SECONDS

    def __enter__(self):
        root = private_folder()
        self._folder = tempfile.TemporaryDirectory(dir=root, prefix="paper-")
        self.folder = Path(self._folder.name)
        (self.folder / "paper.typ").write_bytes(self.template.read_bytes())
        return self

    def __exit__(self, *error):
        self._folder.cleanup()

    def set(self, task: str, document: dict) -> dict[int, int]:
        """Page of each line."""
        language = document["language"]
        families, files = fonts.choose(set(_letters(document)), language)
        shelf = self.folder / "fonts"
        shelf.mkdir(exist_ok=True)
        for file in files:
            if not (shelf / file.name).exists():
                (shelf / file.name).symlink_to(file)
        text = json.dumps(document | {"fonts": families}, ensure_ascii=False)
        (self.folder / "data.json").write_text(text, encoding="utf-8")
        try:
            with _a_processor():
                done = subprocess.run(
                    [sys.executable, "-I", str(HERE / "typesetting.py"), str(self.folder), task],
                    capture_output=True,
                    timeout=self.seconds,
                    check=False,
                    # It needs no secret of ours, and takes no second processor.
                    env={
                        "PATH": os.environ.get("PATH", ""),
                        "LANG": "C.UTF-8",
                        "RAYON_NUM_THREADS": "1",
                    },
                )
        except subprocess.TimeoutExpired:
            raise CannotPrint(_("Setting the pages took too long.")) from None
        if done.returncode:
            # What it complains about may quote a name.
            raise CannotPrint(_("The pages could not be set."))
        return dict(json.loads(done.stdout))

    def made(self) -> Iterator[bytes]:
        with open(self.folder / "paper.pdf", "rb") as file:
            while piece := file.read(65_536):
                yield piece


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _a_processor():
    """Whatever is asked for at once, in all our processes, no more documents are set at a time than
    there are processors. What a killed process held is free again by itself."""
    folder = Path(settings.PRIVATE_ROOT) / "processors"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in cycle(range(processors())):
        with open(folder / str(number), "wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.02)
                continue
            yield
            return


def private_folder() -> Path:
    """Where files of lists lie while they are made. What a killed process left goes after a day."""
    root = Path(settings.PRIVATE_ROOT) / "lists"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in root.iterdir():
        with suppress(FileNotFoundError):  # done meanwhile
            if left.stat().st_mtime < time.time() - LEFT_BEHIND:
                shutil.rmtree(left)
    return root


def _letters(value) -> Iterator[str]:
    if isinstance(value, str):
        yield from value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _letters(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _letters(inner)


# --- Page breaks ---------------------------------------------------------------------------------


def page_starts(part: Part, layout: Layout) -> list[int]:
    """The first line of each page, found once by setting the names."""
    for slack in (2.2, 7):
        with Workshop() as workshop:
            document = _document(part, layout, [_page(part, part.rows, None)], slack=slack)
            found = workshop.set("look", document)
            starts = {}
            for line, page in sorted(found.items()):
                starts.setdefault(page, line)
            starts = [part.span.start, *sorted(starts.values())[1:]]
            if _fits(workshop.set("look", _paged(part, layout, starts)), part, starts):
                return starts
    raise CannotPrint(_("The pages could not be divided."))


def _paged(part, layout, starts, squeeze=1.0):
    pages = [_page(part, rows, None) for rows in _cut(part, starts)]
    return _document(part, layout, pages, squeeze=squeeze)


def _cut(part, starts) -> list[list[Row]]:
    ends = [*starts[1:], part.span.stop]
    return [
        [row for row in part.rows if start <= row.line < end]
        for start, end in zip(starts, ends, strict=True)
    ]


def _fits(found, part, starts) -> bool:
    """Each page of the list took exactly one sheet."""
    pages = {}
    ends = [*starts[1:], part.span.stop]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        pages[number] = {found[line] for line in range(start, end) if line in found}
    on = [sheets for sheets in pages.values() if sheets]
    return all(len(sheets) == 1 for sheets in on) and len(set().union(*on)) == len(on)


def pages_of(lines: Iterable[int], starts: list[int]) -> list[int]:
    """On which pages these lines stand, from 1."""
    return sorted({sum(start <= line for start in starts) for line in lines})


# --- What stands on the sheets -------------------------------------------------------------------


def make(part: Part, layout: Layout, starts: list[int], only: list[int] | None) -> Iterator[bytes]:
    """The PDF of one part; with `only`, these pages of the list and the sheets with figures."""
    with Workshop() as workshop:
        cut = _cut(part, starts)
        with translation.override(settings.LANGUAGE_CODE):
            pages = [
                _page(part, rows, (number, len(starts), starts, part.span.stop))
                for number, rows in enumerate(cut, 1)
                if only is None or number in only
            ]
            sheets = [
                *_covers(part),
                _figures(part),
                *([_letter(part)] if only is None else []),
                {"kind": "list", "pages": pages},
                _totals(part),
                _receipt(part, len(starts)),
                *([_label(part)] if only is None else []),
            ]
        for squeeze in (1.0, 0.85, 0.6):
            # Where a place is spelt otherwise since somebody left, a line may have grown.
            document = _document(part, layout, [], squeeze=squeeze) | {"sheets": sheets}
            if _fits(workshop.set("make", document), part, starts):
                yield from workshop.made()
                return
        raise CannotPrint(_("A page of the list does not fit on its sheet any more."))


def handover_sheet(delivery, changed: list[str]) -> Iterator[bytes]:
    """For whoever carries the box; it holds no name of a signer and stays with us."""
    part = Part(delivery, 1, 1, range(1, 1), [], delivery.names, [])
    with translation.override(settings.LANGUAGE_CODE), Workshop() as workshop:
        document = _document(part, Layout(), []) | {"sheets": [_for_us(delivery, changed)]}
        workshop.set("make", document)
        yield from workshop.made()


def _document(part, layout, pages, *, slack=0.0, squeeze=1.0) -> dict:
    petition = part.delivery.petition
    size, gap = DENSITIES[layout.columns]
    site = SiteSettings.load()
    with translation.override(settings.LANGUAGE_CODE):
        return {
            "title": petition.title,
            "language": petition.language,
            "lang": settings.LANGUAGE_CODE.partition("-")[0],
            "rtl": translation.get_language_bidi(),
            "paper": PAPERS[layout.paper],
            "slack": slack,
            "density": {"columns": layout.columns, "size": size, "gap": gap * squeeze},
            "host": {
                "name": site.name,
                # Many begin their address with the name that stands above it already.
                "lines": [
                    directed(line)
                    for line in site.postal_address.splitlines()
                    if line.strip() != site.name
                ],
            },
            "list": {
                "title": directed(petition.title),
                "ask": directed(
                    _("The people below ask %(addressee)s: %(ask)s")
                    % {"addressee": part.delivery.addressee, "ask": petition.demands[0]}
                    if petition.demands
                    else _("The people below write to %(addressee)s.")
                    % {"addressee": part.delivery.addressee}
                ),
            },
            "sheets": [{"kind": "list", "pages": pages}],
        }


def _page(part, rows, where) -> dict:
    foot = ""
    if where:
        number, of, starts, stop = where
        end = starts[number] if number < of else stop
        foot = " · ".join(
            [
                _("Part %(part)s of %(parts)s") % {"part": part.number, "parts": part.of},
                _("page %(page)s of %(pages)s") % {"page": number, "pages": of},
                ngettext(
                    "%(number)s name on this page",
                    "%(number)s names on this page",
                    len(rows),
                )
                % {"number": _number(len(rows))},
                _("lines %(first)s to %(last)s")
                % {"first": _number(starts[number - 1]), "last": _number(end - 1)},
            ]
        )
    return {
        "foot": foot,
        "places": [
            {
                "heading": directed(place.heading or _("Other places")),
                "names": [_entry(place, row) for row in place.rows],
            }
            for place in by_place(rows)
        ],
    }


def _entry(place, row) -> dict:
    own = place.own(row)
    return {
        "line": row.line,
        "name": directed(row.name),
        "own": directed(own) if own else None,
        "tall": any(_is_tall(letter) for letter in row.name + own),
    }


def _is_tall(letter: str) -> bool:
    """Scripts that stack letters need more than a line of Latin."""
    code = ord(letter)
    return 0x0900 <= code <= 0x109F or 0x1780 <= code <= 0x18AF or 0x1A20 <= code <= 0x1BFF


LONG = 14.0  # times the size of the letters: about the narrowest column
JOINED = 20  # letters of a script whose shape changes where they are parted


def directed(text: str) -> dict:
    """A piece of text with its direction, and room to break in very long words."""
    return {"text": _breakable(text), "rtl": _reads_from_the_right(text)}


def _reads_from_the_right(text: str) -> bool:
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _breakable(text: str) -> str:
    """Names wrap, they are never cut: a word wider than a column may break between letters."""
    return "".join(
        _parted(word) if sum(map(_width, word)) > LONG else word
        for word in re.split(r"(\s+|(?<=-))", text)
    )


def _width(letter: str) -> float:
    """About, and rather too much."""
    if unicodedata.category(letter)[0] in "MC" or unicodedata.east_asian_width(letter) in "WF":
        return 0  # Chinese breaks anywhere by itself
    return 0.56 if letter.islower() else 0.85


def _parted(word: str) -> str:
    joined = _reads_from_the_right(word)
    out = ""
    for number, letter in enumerate(word):
        mark = unicodedata.category(letter).startswith(("M", "C"))
        if number and not mark and out[-1] != "\u200d" and (not joined or number % JOINED == 0):
            out += "\u200b"
        out += letter
    return out


def _number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


def _date(day) -> str:
    return date_format(day, "DATE_FORMAT")


def _names(count: int) -> str:
    return ngettext("%(number)s name", "%(number)s names", count) % {"number": _number(count)}


def _covers(part) -> list[dict]:
    """In the recipient's language, where a catalogue of it was read by a speaker, and in ours."""
    ours = settings.LANGUAGE_CODE
    theirs = part.delivery.government.language
    covers = []
    for language in dict.fromkeys([theirs if languages.can_be_handed_out(theirs) else ours, ours]):
        with translation.override(language):
            covers.append(_cover(part, language))
    return covers


def _cover(part, language) -> dict:
    delivery, petition = part.delivery, part.delivery.petition
    holder = _addressee(delivery)
    number = _names(part.names)
    if spelt := number_words(part.names, language):
        number += f" ({spelt})"
    if part.of > 1:
        number = _("Part %(part)s of %(parts)s: %(names)s. All parts together: %(total)s.") % {
            "part": part.number,
            "parts": part.of,
            "names": number,
            "total": _names(part.total),
        }
    answer = _("We ask for a written answer.")
    if delivery.reply_due:
        answer = _("We ask for a written answer by %(day)s.") % {"day": _date(delivery.reply_due)}
    return {
        "kind": "cover",
        "lang": language.partition("-")[0],
        "rtl": translation.get_language_bidi(),
        "to": [
            directed(line)
            for line in (
                delivery.addressee,
                delivery.government.say("name").text,
                *(holder.postal_address.splitlines() if holder else ()),
            )
            if line
        ],
        "date": _date(delivery.cover_date),
        "salutation": directed(
            (holder and holder.say("salutation").text) or petition.say("salutation").text
        ),
        "opening": _("We hand you the names of people who signed this petition: %(title)s")
        % {"title": petition.say("title").text},
        "number": number,
        "ask_heading": _("They ask:"),
        "demands": [directed(demand) for demand in petition.say("demands").text],
        "everyone": _("Everyone listed chose to be named to you."),
        "answer": answer,
        "signature": _("For %(host)s") % {"host": SiteSettings.load().name},
    }


def _addressee(delivery):
    """The row behind the addressee that the list keeps as text, while it still says the same."""
    for holder in delivery.government.addressees.all():
        if str(holder) == delivery.addressee:
            return holder
    return None


def _figures(part) -> dict:
    delivery = part.delivery
    lines = [_("Names on this list: %(names)s.") % {"names": _number(part.total)}]
    if part.of > 1:
        lines.append(
            _("Names in part %(part)s of %(parts)s: %(names)s.")
            % {"part": part.number, "parts": part.of, "names": _number(part.names)}
        )
    lines.append(_("Everyone listed chose to be named to you."))
    if delivery.unnamed:
        lines.append(
            ngettext(
                "%(number)s more person asked only to be counted.",
                "%(number)s more people asked only to be counted.",
                delivery.unnamed,
            )
            % {"number": _number(delivery.unnamed)}
        )
    for earlier in part.earlier:
        lines.append(
            _("Earlier list of %(day)s: %(names)s.")
            % {"day": _date(earlier.cover_date), "names": _names(earlier.names)}
        )
    count = sum(1 for place in by_place(part.rows) if place.heading)
    lines.append(
        ngettext("%(number)s place in this part.", "%(number)s places in this part.", count)
        % {"number": _number(count)}
        if part.of > 1
        else ngettext("%(number)s place.", "%(number)s places.", count) % {"number": _number(count)}
    )
    return {
        "kind": "figures",
        "heading": _("Figures"),
        "title": directed(delivery.petition.title),
        "lines": lines,
    }


def _letter(part) -> dict:
    petition = part.delivery.petition
    blocks = [
        {
            "kind": kind,
            "runs": [{**directed(text), "strong": strong} for text, strong in runs],
        }
        for kind, runs in plain_blocks(petition.letter)
    ]
    return {
        "kind": "letter",
        "heading": _("The letter that was signed"),
        "rtl": _reads_from_the_right(petition.letter),
        "notes": [
            _("Version %(version)s: the same for everybody on this list.")
            % {"version": petition.frozen_digest()[:12]},
            *(
                _("A spelling was mended on %(day)s: “%(reason)s”")
                % {"day": _date(localdate(mend.at)), "reason": mend.reason}
                for mend in petition.mends.all()
                if mend.language == petition.language
            ),
        ],
        "title": directed(petition.title),
        "salutation": directed(petition.salutation),
        "blocks": blocks,
        "demands": [directed(demand) for demand in petition.demands],
    }


def _totals(part) -> dict:
    return {
        "kind": "totals",
        "heading": _("Names by place"),
        "rows": [
            {
                "place": directed(place.heading or _("Other places")),
                "names": _number(len(place.rows)),
            }
            for place in by_place(part.rows)
        ],
        "sum": _("Together: %(names)s.") % {"names": _names(part.names)},
    }


def _receipt(part, pages) -> dict:
    return {
        "kind": "receipt",
        "heading": _("Receipt"),
        "title": directed(part.delivery.petition.title),
        "received": _("Received: part %(part)s of %(parts)s, %(pages)s, %(names)s.")
        % {
            "part": part.number,
            "parts": part.of,
            "pages": ngettext("%(number)s page of names", "%(number)s pages of names", pages)
            % {"number": _number(pages)},
            "names": _names(part.names),
        },
        "fields": [_("Name"), _("Stamp"), _("Date")],
    }


def _label(part) -> dict:
    delivery = part.delivery
    return {
        "kind": "label",
        "part": _("Part %(part)s of %(parts)s") % {"part": part.number, "parts": part.of},
        "title": directed(delivery.petition.title),
        "lines": [
            _("To: %(addressee)s") % {"addressee": delivery.addressee},
            _names(part.names),
            SiteSettings.load().name,
        ],
    }


def _for_us(delivery, changed) -> dict:
    offices = []
    for office in delivery.government.offices.all():
        offices += [
            office.name,
            *office.postal_address.splitlines(),
            office.city,
            *(
                [_("Open: %(hours)s") % {"hours": office.opening_hours}]
                if office.opening_hours
                else []
            ),
        ]
    site = SiteSettings.load()
    sections = [
        (_("Where"), offices or [_("No office is known for this recipient yet.")], []),
        (
            _("What to say"),
            [
                _("“We bring %(names)s for %(addressee)s: %(title)s”")
                % {
                    "names": _names(delivery.names),
                    "addressee": delivery.addressee,
                    "title": delivery.petition.title,
                },
                _("“Please sign the receipt slip.” If they refuse: leave it, or post it today."),
            ],
            [],
        ),
        (
            _("What to photograph"),
            [_("The box with its label, the door, the signed receipt. Never a page with names.")],
            [],
        ),
        (
            _("Pages changed since printing"),
            changed or [_("None when this sheet was made. Look again before you leave.")],
            [],
        ),
        (
            _("Questions on the way"),
            [line for line in (site.name, site.contact) if line],
            [_("Whom you met"), _("What they said")],
        ),
    ]
    return {
        "kind": "for us",
        "heading": _("Handover sheet"),
        "warning": _("For us. Not handed over."),
        "sections": [
            {"heading": heading, "lines": [directed(line) for line in lines], "blanks": blanks}
            for heading, lines, blanks in sections
        ],
    }
