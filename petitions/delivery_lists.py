"""The list itself: rows from one place, and one small writer per format.

Of persons, `rows` selects name and city and nothing else; what is never selected cannot leak.
No list is stored: each is made while it is downloaded, in the order that was stored.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice, starmap
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from django.contrib.staticfiles import finders
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils.translation import override

from campaign_site import languages
from campaign_site.spreadsheets import FORMULA_STARTS
from petitions import paper
from petitions.paper import Layout, Part, Place, Row, by_place, private_folder

VOLUME = 5_000  # names; a volume is a range of positions, so page breaks stay where they are
COLUMNS = ("name", "city")

_ROWS = """
SELECT d.position, s.name, CASE WHEN d.position >= %s::integer THEN '' ELSE s.city END
FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
WHERE d.delivery_id = %s::bigint AND d.position BETWEEN %s::integer AND %s::integer
    AND s.state = 'confirmed' AND s.deliver
"""
# Read while it is sent, so that a list of any length needs no memory; and once over the table,
# where ranges of positions would each read much of it.
_COPY = f"""
COPY (SELECT name, city FROM ({_ROWS}) AS list (position, name, city) ORDER BY position) TO STDOUT
"""  # noqa: S608 constants
_NEVER = 2**31 - 1


class Tally:
    """Counts the names that went into a file, while they go."""

    names = 0


def rows(
    delivery, part: int | None = None, *, tally: Tally | None = None
) -> Iterator[tuple[str, str]]:
    """(name, city) in the stored order. Who was removed since leaves a gap."""
    tally = tally or Tally()
    every = _chosen(delivery, part)
    with (
        connection.cursor() as cursor,
        cursor.copy(_COPY, _values(delivery, range(every[0].start, every[-1].stop))) as found,
    ):
        found.set_types(["text", "text"])
        for row in found.rows():
            tally.names += 1
            yield row


def lines(delivery, span: range) -> list[tuple[int, str, str]]:
    """(line, name, city) of these lines of the list."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS + "ORDER BY d.position", _values(delivery, span))
        return cursor.fetchall()


def _values(delivery, span: range) -> list[int]:
    return [delivery.other_places_from or _NEVER, delivery.pk, span.start, span.stop - 1]


def spans(delivery) -> list[range]:
    """The lines of each part; together they are the whole list, each line once."""
    starts = delivery.part_starts or list(range(1, max(delivery.names, 1) + 1, VOLUME))
    ends = [*starts[1:], delivery.names + 1]
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


def volumes(delivery) -> int:
    return len(spans(delivery))


def _chosen(delivery, part: int | None) -> list[range]:
    every = spans(delivery)
    return every if part is None else [every[part - 1]]


_PLACE_STARTS = """
SELECT position FROM (
    SELECT d.position,
        CASE WHEN d.position >= %s::integer THEN '' ELSE s.city_key END AS place,
        lag(CASE WHEN d.position >= %s::integer THEN '' ELSE s.city_key END)
            OVER (ORDER BY d.position) AS before
    FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
    WHERE d.delivery_id = %s::bigint
) all_lines
WHERE place IS DISTINCT FROM before ORDER BY position
"""


def part_starts(delivery, names: int, *, whole_places: bool) -> list[int]:
    """Where parts of at most `names` names begin. A place is split only where it is larger."""
    end = delivery.names + 1
    if not whole_places:
        return list(range(1, end, names))
    other = delivery.other_places_from or _NEVER
    with connection.cursor() as cursor:
        cursor.execute(_PLACE_STARTS, [other, other, delivery.pk])
        places = [position for (position,) in cursor.fetchall()]
    starts = [1]
    for place, following in zip(places, [*places[1:], end], strict=True):
        if following - starts[-1] > names and place > starts[-1]:
            starts.append(place)
        while following - starts[-1] > names:
            starts.append(starts[-1] + names)
    return starts


def as_csv(delivery, part: int | None = None, *, tally: Tally | None = None) -> Iterator[bytes]:
    """UTF-8 with BOM, so that spreadsheets read every script; `name,city`."""
    spool = io.StringIO()
    spool.write("\ufeff")
    writer = csv.writer(spool, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    found = rows(delivery, part, tally=tally)
    while some := list(islice(found, 1_000)):
        if any(name[:1] in FORMULA_STARTS or city[:1] in FORMULA_STARTS for name, city in some):
            raise UnsafeRow
        writer.writerows(some)
        yield _taken(spool)
    yield _taken(spool)


def _taken(spool) -> bytes:
    piece = spool.getvalue().encode()
    spool.seek(0)
    spool.truncate()
    return piece


class UnsafeRow(Exception):
    """A name that a spreadsheet would run as a formula: it should have been held."""


_UNSAFE = """
SELECT EXISTS (
    SELECT 1 FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
    WHERE d.delivery_id = %s::bigint AND s.state = 'confirmed' AND s.deliver
        AND (left(s.name, 1) = ANY (%s::text[]) OR left(s.city, 1) = ANY (%s::text[]))
)
"""


def has_unsafe_row(delivery) -> bool:
    """Asked before the first byte leaves, so that no list is half made."""
    starts = list(FORMULA_STARTS)
    with connection.cursor() as cursor:
        cursor.execute(_UNSAFE, [delivery.pk, starts, starts])
        return cursor.fetchone()[0]


_GAPS = """
SELECT d.position FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
WHERE d.delivery_id = %s::bigint AND NOT (s.state = 'confirmed' AND s.deliver)
ORDER BY d.position
"""
_STANDING = """
SELECT count(*) FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
WHERE d.delivery_id = %s::bigint AND s.state = 'confirmed' AND s.deliver
"""


def standing(delivery) -> int:
    """How many names the list has today: fewer than were prepared where people left since."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [delivery.pk])
        return cursor.fetchone()[0]


def gaps(delivery) -> list[int]:
    """The lines that stand empty today."""
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, [delivery.pk])
        return [position for (position,) in cursor.fetchall()]


# --- Spreadsheet -------------------------------------------------------------------------------

SHEET = 1_000_000  # names; past row 1,048,576 a spreadsheet has no room, and nobody says so


def as_xlsx(delivery, part: int | None = None, *, tally: Tally | None = None) -> Iterator[bytes]:
    """Text cells only. It is spooled row by row in PRIVATE_ROOT, sent, and deleted."""
    with TemporaryDirectory(dir=private_folder(), prefix="xlsx-") as folder:
        file = Path(folder) / "list.xlsx"
        book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        # The day on the cover, so that the same list has the same bytes; and nobody's name.
        book.set_properties({"created": _Day.of(delivery.cover_date), "author": ""})
        found = rows(delivery, part, tally=tally)
        full = True
        while full:
            sheet = book.add_worksheet()
            sheet.set_column(0, 1, 40)
            _write(sheet, 0, COLUMNS)
            count = 0
            for count, row in enumerate(islice(found, SHEET), 1):
                _write(sheet, count, row)
            full = count == SHEET
        book.close()
        with open(file, "rb") as made:
            while piece := made.read(65_536):
                yield piece


class _Day(datetime):
    """A date without a clock time, where a spreadsheet asks for both."""

    @classmethod
    def of(cls, day):
        return cls(day.year, day.month, day.day)

    def strftime(self, _format):
        return f"{self.date()}"


def _write(sheet, row: int, values: Iterable[str]) -> None:
    for column, value in enumerate(values):
        # It answers otherwise than 0 where a text is longer than a cell may be.
        if value[:1] in FORMULA_STARTS or sheet.write_string(row, column, value):
            raise UnsafeRow


# --- Paper -------------------------------------------------------------------------------------


def places(delivery, part: int) -> Iterator[Place]:
    """The rows of one part by place."""
    (span,) = _chosen(delivery, part)
    return by_place(starmap(Row, lines(delivery, span)))


class PartNeeded(Exception):
    """Paper of several parts is several files."""


def as_pdf(
    delivery,
    part: int | None = None,
    *,
    layout: Layout = Layout(),  # noqa: B008 a tuple
    pages: list[int] | None = None,
    tally: Tally | None = None,
) -> Iterator[bytes]:
    """One part as a box of paper; with `pages`, only these pages of the list."""
    every = spans(delivery)
    if part is None:
        if len(every) > 1:
            raise PartNeeded
        part = 1
    box = Part(
        delivery=delivery,
        number=part,
        of=len(every),
        span=every[part - 1],
        rows=list(starmap(Row, lines(delivery, every[part - 1]))),
        total=standing(delivery),
        earlier=_earlier(delivery),
    )
    if tally:
        tally.names += len(box.rows)
    yield from paper.make(box, layout, _page_starts(box, layout), pages)


def _page_starts(box: Part, layout: Layout) -> list[int]:
    """Looked for when such paper is first made, then kept: a page never breaks elsewhere."""
    delivery = box.delivery
    kept = known_page_starts(delivery, layout, box.number)
    if kept:
        return kept
    found = paper.page_starts(box, layout)
    with transaction.atomic():
        locked = type(delivery).objects.select_for_update().get(pk=delivery.pk)
        # Somebody else may have been quicker.
        of_parts = locked.page_starts.setdefault(layout.key, {})
        found = of_parts.setdefault(str(box.number), found)
        locked.save(update_fields=["page_starts"])
    delivery.page_starts = locked.page_starts
    return found


def known_page_starts(delivery, layout: Layout, part: int) -> list[int]:
    return delivery.page_starts.get(layout.key, {}).get(str(part), [])


def _earlier(delivery) -> list:
    return list(
        delivery.petition.deliveries.standing()
        .filter(government=delivery.government_id, pk__lt=delivery.pk)
        .order_by("pk")
    )


# Where the shell of the page is cut in two, to put the names between.
_CUT = "<!-- names -->"
_STYLE = "css/list_print.css"


def as_html(
    delivery, part: int | None = None, *, stylesheet: str = "", tally: Tally | None = None
) -> Iterator[bytes]:
    """A page made for paper, one volume in memory at a time. It carries its style with it, unless
    `stylesheet` says where that lies."""
    parts = range(1, volumes(delivery) + 1) if part is None else [part]
    context = {
        "delivery": delivery,
        "petition": delivery.petition,
        "names": standing(delivery),
        "earlier": _earlier(delivery),
        "part": part,
        "parts": volumes(delivery),
        "stylesheet": stylesheet,
        "style": "" if stylesheet else Path(finders.find(_STYLE)).read_text(encoding="utf-8"),
    }
    shell, _cut, end = _in_its_language(delivery, "petitions/list_print.html", context).partition(
        _CUT
    )
    yield shell.encode()
    for number in parts:
        found = list(places(delivery, number))
        if tally:
            tally.names += sum(len(place.rows) for place in found)
        names = {**context, "number": number, "places": found}
        yield _in_its_language(delivery, "petitions/_list_print_part.html", names).encode()
    yield end.encode()


def _in_its_language(delivery, template, context) -> str:
    # Not in the language of whoever prints: the same list has the same bytes.
    language = languages.of_interface(delivery.petition.language)
    with override(language.code):
        return render_to_string(
            template, {**context, "lang": language.code, "dir": language.direction}
        )


WRITERS = {"csv": as_csv, "xlsx": as_xlsx, "pdf": as_pdf, "html": as_html}
