"""Names that wait for review: staff release them, or take them out of the count.

The one place where staff see names of signers, and only those that something odd holds back.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.db import transaction

from campaign_site.models import record
from campaign_site.names import held_reason
from petitions import invalidation
from petitions.models import Petition, Signature, Target


def queue(most: int) -> list[Signature]:
    """By petition and name, never in the order of signing."""
    return list(
        Signature.objects.waiting_for_review()
        .select_related("petition")
        .only("name", "city", "held_reason", "petition__title", "petition__language")
        .order_by("petition__title", "petition_id", "name_key", "city_key")[:most]
    )


def ticket(signature) -> str:
    """Stands for a row as it was shown: nobody releases a name that changed since."""
    shown = f"{signature.name}\0{signature.city}".encode()
    return f"{signature.pk}.{hashlib.sha256(shown).hexdigest()[:32]}"


def looks_like_a_formula(signature) -> bool:
    """A spreadsheet may run it, so it can go on no list as it is."""
    return "formula" in (held_reason(signature.name), held_reason(signature.city, place=True))


@dataclass(frozen=True)
class Released:
    released: int
    formulas: int
    changed: int  # gone from the queue, or not what was shown


@transaction.atomic
def release(tickets: Iterable[str], *, by=None) -> Released:
    """Let these names go on the next list, as they were shown."""
    tickets = set(tickets)
    rows = _locked(tickets)
    formulas = {row.pk for row in rows if looks_like_a_formula(row)}
    free = [row for row in rows if row.pk not in formulas]
    released = (
        Signature.objects.waiting_for_review()
        .filter(pk__in=[row.pk for row in free])
        .update(held=False, held_reason="")
    )
    for petition, mine in _by_petition(free):
        record("released held names", petition, by=by, quantity=len(mine))
    return Released(released, len(formulas), len(tickets) - len(rows))


@transaction.atomic
def take_out(tickets: Iterable[str], *, reason: str, by=None) -> int:
    """Take these out of the count; the way back is the one of every invalidation."""
    return sum(
        invalidation.invalidate_held(
            petition, [row.pk for row in mine], reason=reason, by=by
        ).quantity
        for petition, mine in _by_petition(_locked(set(tickets)))
    )


def _locked(tickets) -> list[Signature]:
    """Those that still wait as they were shown, locked: after the targets, as everywhere."""
    ids = [found for found in map(_id, tickets) if found]
    petitions = Signature.objects.filter(pk__in=ids).values("petition")
    list(
        Target.objects.select_for_update()
        .filter(petition__in=list(petitions.values_list("petition", flat=True)))
        .order_by("pk")
        .values_list("pk")
    )
    rows = (
        Signature.objects.waiting_for_review()
        .select_for_update()
        .filter(pk__in=ids)
        .order_by("petition_id", "pk")
    )
    return [row for row in rows if ticket(row) in tickets]


def _id(ticket) -> uuid.UUID | None:
    try:
        return uuid.UUID(ticket.partition(".")[0])
    except ValueError:
        return None


def _by_petition(rows):
    petitions = Petition.objects.in_bulk({row.petition_id for row in rows})
    for pk, mine in groupby(rows, key=attrgetter("petition_id")):
        yield petitions[pk], list(mine)
