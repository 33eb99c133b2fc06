"""Names that come as a file: kept apart, checked row by row, then counted as a whole or not at all.

Checking writes what is right to a spool and what is wrong to a report. Only the spool of a file
without a mistake can be counted. Both lie under PRIVATE_ROOT until then, for a day at most.
"""

import contextlib
import csv
import json
import logging
import shutil
import time
import uuid
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from hashlib import blake2b

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.utils import InterfaceError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from campaign_site import files
from campaign_site.models import HeldWord, Member
from campaign_site.names import HELD_REASONS, clean_name, clean_place
from petitions import batches, tables
from petitions.models import PaperBatch, Petition
from petitions.tables import Columns, Unreadable

log = logging.getLogger("vigil.import")

KEPT = timedelta(days=1)
# Larger files are checked by the worker, while the page shows how far it is.
AT_ONCE = 500_000  # bytes
COUNTED_AT_ONCE = 20_000  # names; more are counted by the worker, too
MOST_PROBLEMS = 200  # shown; all are counted
MOST_REPEATS = 50
_TELL_EVERY = 10_000  # rows
_SILENT = 60  # seconds after which another worker takes a check over

COLUMNS, WAITING, CHECKING, CHECKED, COUNTING, UNREADABLE = (
    "columns",
    "waiting",
    "checking",
    "checked",
    "counting",
    "unreadable",
)


# --- Checking ----------------------------------------------------------------------------------


@dataclass
class Report:
    names: int = 0
    held: int = 0
    problem_count: int = 0
    problems: list = field(default_factory=list)  # (row, column, reason)
    repeat_count: int = 0
    repeats: list = field(default_factory=list)  # (row, earlier row)
    content: str = ""  # hex; see batches.Content

    @property
    def is_good(self) -> bool:
        return bool(self.names) and not self.problem_count

    def add(self, row: int, column: str, reason) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append((row, column, str(reason)))


class _Repeats:
    """Which rows say the same as an earlier one: 12 bytes a row, however long the file is."""

    def __init__(self):
        self.buckets = [(array("Q"), array("I")) for _number in range(64)]

    def add(self, row: int, content: batches.Row) -> None:
        text = f"{content.name_key}\0{content.city_key}".encode()
        key = int.from_bytes(blake2b(text, digest_size=8).digest())
        keys, numbers = self.buckets[key % 64]
        keys.append(key)
        numbers.append(row)

    def found(self) -> list[tuple[int, int]]:
        pairs = []
        for keys, numbers in self.buckets:
            first = {}
            for key, number in zip(keys, numbers, strict=True):
                if key in first:
                    pairs.append((number, first[key]))
                else:
                    first[key] = number
        return sorted(pairs)


def check(path, columns: Columns, spool, words, tell=lambda read: None) -> Report:
    """Write every good row to `spool`, a file for text. Raises Unreadable."""
    report, content, repeats = Report(), batches.Content(), _Repeats()
    writer = csv.writer(spool)
    table = tables.rows(path)
    headings = next(table, (0, []))[1] if columns.headings else []
    for read, (number, cells) in enumerate(table):
        if read % _TELL_EVERY == 0:
            tell(read)
        if not any(cell.strip() for cell in cells):
            continue
        row = _row(cells, columns, headings, words, lambda *what, at=number: report.add(at, *what))
        if row is None:
            continue
        writer.writerow(row)
        content.add(row)
        repeats.add(number, row)
        report.names += 1
        report.held += bool(row.held_reason)
    if not report.names and not report.problem_count:
        raise Unreadable(_("There is no name in this file."))
    pairs = repeats.found()
    report.repeat_count, report.repeats = len(pairs), pairs[:MOST_REPEATS]
    report.content = content.digest().hex()
    return report


def _row(cells, columns, headings, words, problem) -> batches.Row | None:
    """The row, or None where `problem(column, reason)` was told."""
    width = len(headings)
    if width and any(cell.strip() for cell in cells[width:]):
        problem(
            "",
            _("This row has %(cells)s cells, the headings %(width)s: a cell too many?")
            % {"cells": len(cells), "width": width},
        )
        return None
    texts = [_cell(cells, column) for column in columns.needed]
    broken = False
    for column, text in zip(columns.needed, texts, strict=True):
        if isinstance(text, tables.Broken):
            problem(_called(column, headings), text)
            broken = True
    if broken:
        return None
    name = _cleaned(clean_name, " ".join(filter(None, texts[:-1])), columns.name, headings, problem)
    city = _cleaned(clean_place, texts[-1], columns.city, headings, problem)
    if not name or not city:
        return None
    row = batches.make_row(name, city, words)
    if row.held_reason == "formula":
        # Nobody could ever release it: only its signer may correct a name.
        problem(_called(columns.name, headings), HELD_REASONS["formula"])
        return None
    return row


def _cell(cells, column) -> str:
    if column >= len(cells):
        return ""
    cell = cells[column]
    return cell if isinstance(cell, tables.Broken) else cell.strip()


def _cleaned(clean, text, column, headings, problem) -> str:
    if not text:
        problem(_called(column, headings), _("This cell is empty."))
        return ""
    try:
        return clean(text)
    except ValidationError as error:
        problem(_called(column, headings), error.messages[0])
        return ""


def _called(column, headings) -> str:
    letter = tables.column_letter(column)
    heading = headings[column].strip()[:40] if column < len(headings) else ""
    return f"{letter} ({heading})" if heading else letter


def read_spool(path) -> Iterator[batches.Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for cells in csv.reader(file):
            yield batches.Row(*cells)


# --- Uploads -----------------------------------------------------------------------------------


@dataclass
class Upload:
    """A file on its way, as staff gave it: nothing of it counts yet."""

    id: str
    by: int | None
    petition: int
    source: str
    date: str
    evidence: str
    file: str  # what it is called
    state: str = COLUMNS
    columns: dict | None = None
    first_rows: list = field(default_factory=list)
    read: int = 0  # rows, while it is checked
    report: dict | None = None
    refusal: str = ""  # why it cannot be read, or was not counted

    @property
    def place(self):
        return _root() / self.id

    @property
    def path(self):
        return self.place / "upload"

    @property
    def spool(self):
        return self.place / "rows.csv"

    @property
    def is_ready(self) -> bool:
        return self.state in (CHECKED, COUNTING) and self.found.is_good

    @property
    def is_large(self) -> bool:
        return bool(self.found) and self.found.names > COUNTED_AT_ONCE

    @property
    def found(self) -> Report | None:
        return Report(**self.report) if self.report else None

    def save(self) -> None:
        about = json.dumps(asdict(self), ensure_ascii=False)
        files.write(self.place / "about.json", about.encode())

    def drop(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)


def _root():
    return settings.PRIVATE_ROOT / "paper"


def load(upload_id, *, by) -> Upload | None:
    """Nobody sees the upload of somebody else."""
    upload = _load(_root() / str(upload_id))
    return upload if upload and upload.by == by.pk else None


def _load(place) -> Upload | None:
    try:
        return Upload(**json.loads((place / "about.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None


def keep(file, *, petition, source, date, evidence, by) -> Upload:
    """Keep an uploaded file and look at its first rows."""
    forget_old()
    upload = Upload(
        id=str(uuid.uuid4()),
        by=by.pk,
        petition=petition.pk,
        source=source,
        date=str(date),
        evidence=evidence,
        file=file.name[:100],
    )
    upload.place.mkdir(parents=True, mode=0o700)
    with upload.path.open("wb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    try:
        first = tables.first_rows(upload.path, 6)
    except Unreadable as refusal:
        return refuse(upload, refusal)
    upload.first_rows = [[cell[:60] for cell in cells[:30]] for cells in first]
    columns = tables.find_columns(first[0])
    upload.save()
    return start_check(upload, columns) if columns else upload


def refuse(upload, reason) -> Upload:
    upload.state, upload.refusal = UNREADABLE, str(reason)
    upload.path.unlink(missing_ok=True)
    upload.save()
    return upload


def start_check(upload, columns: Columns) -> Upload:
    """A small file is checked at once, a large one by the worker."""
    upload.columns = asdict(columns)
    upload.state, upload.read, upload.report = WAITING, 0, None
    upload.save()
    if upload.path.stat().st_size <= AT_ONCE:
        run_check(upload)
    return upload


def run_check(upload) -> None:
    def tell(read):
        upload.state, upload.read = CHECKING, read
        upload.save()

    words = HeldWord.objects.words()
    unfinished = upload.place / f"rows.{uuid.uuid4()}"
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as spool:
            report = check(upload.path, Columns(**upload.columns), spool, words, tell)
        unfinished.replace(upload.spool)
        upload.state, upload.report = CHECKED, asdict(report)
        upload.save()
    except Unreadable as refusal:
        refuse(upload, refusal)
    except FileNotFoundError:
        pass  # dropped meanwhile


def work() -> int:
    """What the worker does: check and count what is too large for a page. How many files."""
    done = 0
    for place in sorted(_root().glob("*")):
        upload = _load(place)
        if upload is None:
            continue
        by = Member.objects.filter(pk=upload.by).first()
        with translation.override(by.language if by else settings.LANGUAGE_CODE):
            try:
                done += _work_on(upload, by)
            except (OperationalError, InterfaceError):
                raise  # the database is away: the file can wait
            except Exception as error:  # one file must not stop the worker, now and ever after
                log.error("an upload was given up: %s", type(error).__name__)
                refuse(upload, tables.damaged())
    return done


def _work_on(upload, by) -> bool:
    if upload.state == WAITING or _is_abandoned(upload):
        run_check(upload)
    elif upload.state == COUNTING:
        _count_asked(upload, by)
    else:
        return False
    return True


def ask_to_count(upload) -> None:
    """Leave a large file to the worker, so that nobody waits at an open page. Raises NotReady."""
    if not upload.is_ready:
        raise NotReady
    upload.state, upload.refusal = COUNTING, ""
    upload.save()


def _count_asked(upload, by) -> None:
    # Killed in the middle, it has counted nothing, and is asked again.
    try:
        count(upload, by=by)
    except batches.Refused as refusal:
        upload.state, upload.refusal = CHECKED, str(batches.REFUSALS[type(refusal)])
        with contextlib.suppress(FileNotFoundError):  # another worker has just counted it
            upload.save()


def _is_abandoned(upload) -> bool:
    return upload.state == CHECKING and _age(upload.place / "about.json") > _SILENT


def _age(path) -> float:
    return time.time() - path.stat().st_mtime


def forget_old() -> int:
    """Delete uploads that nobody counted within a day."""
    old = [place for place in _root().glob("*") if _age(place) > KEPT.total_seconds()]
    for place in old:
        shutil.rmtree(place, ignore_errors=True)
    return len(old)


class NotReady(Exception):
    """It was not checked, or has mistakes: nothing is counted."""


def count(upload, *, by) -> PaperBatch:
    """Count a checked file without mistakes. Raises batches.Refused, NotReady."""
    if not upload.is_ready:
        raise NotReady
    batch = PaperBatch(
        petition=Petition.objects.get(pk=upload.petition),
        source=upload.source,
        date=upload.date,
        evidence=upload.evidence,
        quantity=upload.found.names,
        content=bytes.fromhex(upload.found.content),
    )
    batches.count(batch, read_spool(upload.spool), by=by, how="imported")
    upload.drop()
    return batch
