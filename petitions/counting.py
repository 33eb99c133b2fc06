"""The count of a petition: confirmed signatures plus the ledger, stored in one narrow row.

Every change is the last statement of the transaction that caused it, so the row is locked for
as short as can be, and the count can always be proved from the rows.
"""

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.timezone import now

from campaign_site.models import record
from petitions.models import LedgerEntry, Petition, PetitionCount


def add(petition_id: int, confirmed: int = 0, *, ledger: int = 0) -> None:
    """Change the stored count by these numbers, which may be negative."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE petitions_petitioncount SET confirmed = confirmed + %s::integer,"
            " ledger = ledger + %s::integer WHERE petition_id = %s::bigint",
            [confirmed, ledger, petition_id],
        )
        if cursor.rowcount:
            return
        cursor.execute(
            "INSERT INTO petitions_petitioncount (petition_id, confirmed, ledger)"
            " VALUES (%s::bigint, %s::integer, %s::integer)"
            " ON CONFLICT (petition_id) DO UPDATE SET"
            " confirmed = petitions_petitioncount.confirmed + EXCLUDED.confirmed,"
            " ledger = petitions_petitioncount.ledger + EXCLUDED.ledger",
            [petition_id, confirmed, ledger],
        )


@transaction.atomic
def enter(entry: LedgerEntry, *, by=None) -> None:
    """Save a new ledger entry and count it. The same one twice raises IntegrityError."""
    entry.approved_by = by
    entry.save(force_insert=True)
    record("counted elsewhere", entry.petition, by=by, quantity=entry.quantity, source=entry.source)
    add(entry.petition_id, ledger=entry.quantity)


@transaction.atomic
def undo(entry: LedgerEntry, *, by=None) -> bool:
    """Take an entry back; it stays, with who took it back and when. False if it was before."""
    standing = LedgerEntry.objects.counted().filter(pk=entry.pk).exclude(kind="erased")
    if not standing.update(undone_at=now(), undone_by=by):
        return False
    record("undid an entry", entry.petition, by=by, quantity=entry.quantity, source=entry.source)
    add(entry.petition_id, ledger=-entry.quantity)
    return True


@dataclass(frozen=True)
class Drift:
    petition: Petition
    confirmed: int
    ledger: int

    def __bool__(self):
        return bool(self.confirmed or self.ledger)


_PROVE = """
SELECT
    (SELECT count(*) FROM petitions_signature WHERE petition_id = %s::bigint AND state = 'confirmed'),
    (SELECT COALESCE(sum(quantity), 0) FROM petitions_ledgerentry
        WHERE petition_id = %s::bigint AND undone_at IS NULL)
"""


@transaction.atomic
def recount(petition: Petition) -> Drift:
    """Count the rows, mend the stored count, and say by how much it was off (stored − true)."""
    add(petition.pk)  # makes the row where there is none yet
    stored = PetitionCount.objects.select_for_update().get(petition=petition)
    # Changes commit together with their count, so under this lock both sides belong together
    # only if they are read by one statement after the lock was taken.
    with connection.cursor() as cursor:
        cursor.execute(_PROVE, [petition.pk, petition.pk])
        confirmed, ledger = cursor.fetchone()
    drift = Drift(petition, stored.confirmed - confirmed, stored.ledger - int(ledger))
    if drift:
        PetitionCount.objects.filter(petition=petition).update(confirmed=confirmed, ledger=ledger)
        record("recounted", petition, confirmed=drift.confirmed, ledger=drift.ledger)
    return drift
