"""Who was erased, written down outside the database, so that no restored backup brings them back.

One line each: the day, what was done, the random id of the row. Without the row the id tells
nothing of anybody. A file per month, so that old ones can go as a whole.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.timezone import localdate

log = logging.getLogger("vigil.erasures")

REMOVED, UNNAMED, FORGOTTEN, PURGED = KINDS = "removed", "unnamed", "forgotten", "purged"
# Backups are kept for 30 days at most: what is erased longer ago is in none of them.
KEPT = timedelta(days=60)
# A kill in the middle of a line must not spoil the one that is written after it.
_LINE = re.compile(rf"(\d{{4}}-\d\d-\d\d) ({'|'.join(KINDS)}) ([0-9a-f-]{{36}})$")


def append(kind: str, public_ids: Iterable[UUID]) -> None:
    """Write before the transaction commits: nobody may be erased whom a restore brings back.

    If it rolls back after all, it was asked for all the same. Without a file to write to, people
    are still erased: that cannot wait, and staff see it under Health.
    """
    today = localdate()
    lines = "".join(f"{today} {kind} {public_id}\n" for public_id in public_ids).encode()
    try:
        settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = settings.PRIVATE_ROOT / f"erasures-{today:%Y-%m}.log"
        with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        log.error("the erasure log cannot be written: %s", type(error).__name__)


def lines() -> Iterator[tuple[date, str, UUID]]:
    """(day, what, id), oldest first."""
    for path in _files():
        with open(path, encoding="ascii", errors="replace") as file:
            for line in file:
                found = _LINE.search(line.rstrip("\n"))
                if found:
                    yield date.fromisoformat(found[1]), found[2], UUID(found[3])


def forget_old() -> int:
    """Delete the files of months that no backup reaches back to."""
    keep_from = f"erasures-{localdate() - KEPT:%Y-%m}.log"
    old = [path for path in _files() if path.name < keep_from]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def can_be_written() -> bool:
    place = settings.PRIVATE_ROOT
    files = _files()
    return os.access(place, os.W_OK | os.X_OK) and (not files or os.access(files[-1], os.W_OK))


def _files():
    return sorted(settings.PRIVATE_ROOT.glob("erasures-????-??.log"))
