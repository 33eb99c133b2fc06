"""PDFs that anybody may ask for: each is set once and kept under PRIVATE_ROOT by a digest of all
that stands in it; one is set at a time, and one that cannot be set is not tried again for a while.
"""

import fcntl
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from petitions.fonts import MissingFont
from petitions.paper import CannotPrint

TRY_AGAIN = 60 * 60  # seconds


class NotNow(Exception):
    """Another one is being set just now, or this one could not be set a while ago."""


def kept(shelf: str, name: str, digest: str, make: Callable[[], bytes]) -> Path:
    """The file; earlier ones of that name, with other digests, go. Raises NotNow."""
    file = _shelf(shelf) / f"{name}-{digest[:40]}.pdf"
    if not _is_there(file):
        with _one_at_a_time(shelf):
            if not _is_there(file):
                for old in _shelf(shelf).glob(f"{name}-*.pdf"):
                    old.unlink(missing_ok=True)
                _write(file, make)
    if not file.stat().st_size:
        raise NotNow
    return file


def _shelf(name):
    folder = Path(settings.PRIVATE_ROOT) / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _is_there(file):
    """What could not be set leaves an empty file for as long as nobody tries again."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return False
    return found.st_size > 0 or time.time() - found.st_mtime < TRY_AGAIN


@contextmanager
def _one_at_a_time(shelf):
    """Over all processes: whoever comes meanwhile is not kept waiting, which would take a thread."""
    with open(_shelf(shelf) / "lock", "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNow from None
        yield


def _write(file, make):
    unfinished = file.with_suffix(".unfinished")
    content = b""
    with suppress(CannotPrint, MissingFont):
        content = make()
    unfinished.write_bytes(content)
    unfinished.replace(file)
