"""The list itself: rows from one place, and one small writer per format.

Of persons, `rows` selects name and city and nothing else; what is never selected cannot leak.
No list is stored: each is made while it is downloaded, in the order that was stored.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection
from django.template.loader import render_to_string
from django.utils.translation import get_language, get_language_bidi, override

from campaign_site.names import comparison_key

VOLUME = 5_000  # names; a volume is a range of positions, so page breaks stay where they are
COLUMNS = ("name", "city")

_ROWS = """
SELECT s.name, CASE WHEN d.position >= %s::integer THEN '' ELSE s.city END
FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
WHERE d.delivery_id = %s::bigint AND d.position BETWEEN %s::integer AND %s::integer
    AND s.state = 'confirmed' AND s.deliver
ORDER BY d.position
"""
_NEVER = 2**31 - 1


def rows(delivery, part: int | None = None) -> Iterator[tuple[str, str]]:
    """(name, city) in the stored order. Who was removed since leaves a gap."""
    other = delivery.other_places_from or _NEVER
    parts = range(1, volumes(delivery) + 1) if part is None else [part]
    for number in parts:
        first = (number - 1) * VOLUME + 1
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, [other, delivery.pk, first, first + VOLUME - 1])
            yield from cursor.fetchall()


def volumes(delivery) -> int:
    return max(1, -(-delivery.names // VOLUME))


def as_csv(delivery, part: int | None = None) -> Iterator[bytes]:
    """UTF-8 with BOM, so that spreadsheets read every script; `name,city`; about 64 kB a piece."""
    spool = io.StringIO()
    spool.write("\ufeff")
    writer = csv.writer(spool, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(delivery, part):
        writer.writerow([_text_cell(value) for value in row])
        if spool.tell() > 65_536:
            yield _taken(spool)
    yield _taken(spool)


def _taken(spool) -> bytes:
    piece = spool.getvalue().encode()
    spool.seek(0)
    spool.truncate()
    return piece


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class UnsafeRow(Exception):
    """A name that a spreadsheet would run as a formula: it should have been held."""


def _text_cell(value: str) -> str:
    if value.startswith(FORMULA_STARTS):
        raise UnsafeRow
    return value


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


_STANDING = """
SELECT count(*) FROM petitions_delivered d JOIN petitions_signature s ON s.id = d.signature_id
WHERE d.delivery_id = %s::bigint AND s.state = 'confirmed' AND s.deliver
"""


def standing(delivery) -> int:
    """How many names the list has today: fewer than were prepared where people left since."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [delivery.pk])
        return cursor.fetchone()[0]


# --- Paper -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A heading and its names. `own` is how somebody spelt the place, where it differs."""

    heading: str  # empty for “Other places”
    names: list[tuple[str, str]]  # (name, own)


def places(delivery, part: int) -> Iterator[Place]:
    """The rows of one volume by place; the heading is the commonest spelling in it."""
    for _key, group in groupby(rows(delivery, part), key=lambda row: comparison_key(row[1])):
        found = list(group)
        heading = Counter(city for _name, city in found).most_common(1)[0][0]
        yield Place(heading, [(name, "" if city == heading else city) for name, city in found])


# Where the shell of the page is cut in two, to put the names between.
_CUT = "<!-- names -->"
_STYLE = "css/list_print.css"


def as_html(delivery, part: int | None = None, *, stylesheet: str = "") -> Iterator[bytes]:
    """A page made for paper, one volume in memory at a time. It carries its style with it, unless
    `stylesheet` says where that lies."""
    parts = range(1, volumes(delivery) + 1) if part is None else [part]
    context = {
        "delivery": delivery,
        "petition": delivery.petition,
        "names": standing(delivery),
        "earlier": list(
            delivery.petition.deliveries.standing()
            .filter(government=delivery.government_id, pk__lt=delivery.pk)
            .order_by("pk")
        ),
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
        names = {**context, "number": number, "places": places(delivery, number)}
        yield _in_its_language(delivery, "petitions/_list_print_part.html", names).encode()
    yield end.encode()


def _in_its_language(delivery, template, context) -> str:
    # Not in the language of whoever prints: the same list has the same bytes.
    known = dict(settings.LANGUAGES)
    language = delivery.petition.language
    with override(language if language in known else settings.LANGUAGE_CODE):
        bidi = get_language_bidi()
        return render_to_string(
            template,
            {**context, "lang": get_language(), "dir": "rtl" if bidi else "ltr"},
        )


WRITERS = {"csv": as_csv, "html": as_html}
