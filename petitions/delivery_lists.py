"""The list itself: rows from one place, and one small writer per format.

Of persons, `rows` selects name and city and nothing else; what is never selected cannot leak.
No list is stored: each is made while it is downloaded, in the order that was stored.
"""

import csv
import io
from collections.abc import Iterator

from django.db import connection

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


WRITERS = {"csv": as_csv}
