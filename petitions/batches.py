"""The verbs of paper: count names that were collected on paper, and take a batch back.

A batch counts as a whole or not at all. Nobody confirms these names by a mailbox, so they have no
page of their own; whoever asks staff to be taken off is taken off with the batch.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Q
from django.utils.timezone import localdate, now
from django.utils.translation import gettext_lazy as _

from campaign_site import erasures
from campaign_site.models import record
from petitions import counting, signing
from petitions.models import LedgerEntry, PaperBatch, Signature
from petitions.models.paper import COUNTED_ALREADY

# What tells one batch, or entry, from another.
ONCE = ("petition", "source", "date", "quantity")
_CHUNK = 10_000


class Refused(Exception):
    """Nothing was counted."""


class CountedAlready(Refused):
    """The same number from the same source on the same date, with names or without."""


class SameNames(Refused):
    """Exactly these names and cities are counted already."""


class NotPublished(Refused):
    """Nobody can sign it, on paper or here."""


# For whoever brought them.
REFUSALS = {
    CountedAlready: COUNTED_ALREADY,
    SameNames: _("Exactly these names are counted already. Nothing was added."),
    NotPublished: _("This petition is not published: nobody can sign it."),
    Refused: _("These are not the names that were checked. Nothing was added."),
}


class Row(NamedTuple):
    """A name and a city by the rules of `campaign_site.names`."""

    name: str
    city: str
    name_key: str
    city_key: str
    held_reason: str


def make_row(name: str, city: str, words: list[str]) -> Row:
    """`words` hold a name, as HeldWord has them."""
    return Row(
        name,
        city,
        signing.name_key(name),
        signing.city_key(city),
        signing.why_held(name, city, words),
    )


class Content:
    """A digest over rows that does not depend on their order: sorting a file makes no new one."""

    def __init__(self):
        self.sum = 0

    def add(self, row: Row) -> None:
        digest = sha256(f"{row.name_key}\0{row.city_key}".encode()).digest()
        self.sum = (self.sum + int.from_bytes(digest)) % 2**256

    def digest(self) -> bytes:
        return sha256(self.sum.to_bytes(32)).digest()


def is_counted(*, petition, source, date, quantity) -> bool:
    """Whether this number from there is counted, with names or without."""
    if not all((petition, source, date, quantity)):
        return False
    same = {"petition": petition, "source": source, "date": date, "quantity": quantity}
    return (
        LedgerEntry.objects.filter(undone_at=None, **same).exists()
        or PaperBatch.objects.filter(undone_at=None, **same).exists()
    )


_BY_CONSTRAINT = {
    "paper_batch_once": CountedAlready,
    "paper_named_or_count_only": CountedAlready,
    "paper_content_once": SameNames,
}
_COPY = """
COPY petitions_signature (
    id, petition_id, batch_id, state, deliver, held, held_reason, name, city, name_key, city_key,
    person, language, signed_on
) FROM STDIN
"""


@transaction.atomic
def count(batch: PaperBatch, rows: Iterable[Row], *, by=None, how: str) -> PaperBatch:
    """Save a new batch with its names and count them. Raises Refused.

    `how` they came, "imported" or "typed", is for the audit trail. `batch.quantity` and `content`
    say what `rows` must hold.
    """
    batch.entered_by = by
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint not in _BY_CONSTRAINT:
            raise
        raise _BY_CONSTRAINT[constraint] from None
    copied, held, content = _copy(batch, rows)
    if (copied, content) != (batch.quantity, batch.content):
        raise Refused
    # After the rows, because whoever confirms waits for the first freeze.
    petition = signing.freeze(batch.petition_id)
    if not petition.is_published:
        raise NotPublished
    record(
        f"{how} names",
        petition,
        by=by,
        batch=batch.pk,
        names=copied,
        held=held,
        source=batch.source,
    )
    counting.add(petition.pk, copied)
    return batch


def _copy(batch, rows) -> tuple[int, int, bytes]:
    """Insert the signatures: how many, how many of them wait for review, and their content."""
    copied, held, content = 0, 0, Content()
    language, today = batch.petition.language, localdate()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(
                (
                    uuid.uuid4(),
                    batch.petition_id,
                    batch.pk,
                    Signature.State.CONFIRMED.value,
                    True,
                    bool(row.held_reason),
                    row.held_reason,
                    row.name,
                    row.city,
                    row.name_key,
                    row.city_key,
                    1,
                    language,
                    today,
                )
            )
            copied += 1
            held += bool(row.held_reason)
            content.add(row)
    return copied, held, content.digest()


# --- Taking back -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where the names of a batch are."""

    counted: int
    free: int  # on no list: they are deleted
    listed: int  # on a list: they are blanked, and leave the lists that are made from now on


def standing(batch) -> Standing:
    listed = Q(delivered__isnull=False)
    figures = (
        batch.signatures.exclude(state=Signature.State.REMOVED)
        .order_by()
        .aggregate(
            counted=Count("pk", filter=Q(state=Signature.State.CONFIRMED), distinct=True),
            free=Count("pk", filter=~listed, distinct=True),
            listed=Count("pk", filter=listed, distinct=True),
        )
    )
    return Standing(**figures)


_LOCK = """
SELECT count(*) FROM (
    SELECT state FROM petitions_signature WHERE batch_id = %s::bigint AND state <> 'removed'
    FOR UPDATE
) mine WHERE state = 'confirmed'
"""
_DELETE = "DELETE FROM petitions_signature WHERE batch_id = %s::bigint AND state <> 'removed'"


@transaction.atomic
def undo(batch: PaperBatch, *, by=None) -> bool:
    """Take all names of a batch away: the rows where no list has them, else what is in them.

    The batch stays, with who undid it. False if that was done before.
    """
    signing.lock_targets_of(batch.petition_id)
    if not PaperBatch.objects.filter(pk=batch.pk, undone_at=None).update(
        undone_at=now(), undone_by=by
    ):
        return False
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [batch.pk])
        counted = cursor.fetchone()[0]
        mine = Signature.objects.filter(batch=batch).exclude(state=Signature.State.REMOVED)
        _log_erasure(mine)
        listed = mine.filter(delivered__isnull=False).update(
            state=Signature.State.REMOVED, invalidation=None, **signing.UNNAMED
        )
        cursor.execute(_DELETE, [batch.pk])
        deleted = cursor.rowcount
    record(
        "undid a batch",
        batch.petition,
        by=by,
        batch=batch.pk,
        deleted=deleted,
        blanked=listed,
        source=batch.source,
    )
    counting.add(batch.petition_id, -counted)
    return True


def _log_erasure(signatures) -> None:
    ids = iter(signatures.order_by().values_list("pk", flat=True).iterator(_CHUNK))
    while chunk := list(islice(ids, _CHUNK)):
        erasures.append(erasures.REMOVED, chunk)
