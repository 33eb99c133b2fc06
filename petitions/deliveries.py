"""The verbs of delivering: numbers, prepare, cancel, hand over.

`prepare` locks the row of (petition, government) FOR UPDATE, and whatever takes a name off a list
locks it FOR SHARE. So a list is exactly what stood when it was made, and no name is on two.
"""

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.formats import number_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign_site.models import Member, record
from petitions.models import Delivered, Delivery, Handover, Target

LARGE = 10_000  # names
SMALL_PLACE = 5  # fewer names than this in one place may give somebody away


class NothingToDeliver(Exception):
    """Nobody new is ready for this government."""


class NoAddressee(Exception):
    """There is nobody to write to yet."""


class AlreadyHandedOver(Exception):
    """What a government holds cannot be taken back."""


class ListCancelled(Exception):
    """A cancelled list is handed to nobody."""


@dataclass(frozen=True)
class Numbers:
    """What one government would get, and what not. Counts of signatures."""

    ready: int
    unnamed: int
    held: int
    delivered: int
    small_places: int
    in_small_places: int


_NUMBERS = """
WITH mine AS (
    SELECT s.deliver, s.held, s.city_key, d.signature_id IS NOT NULL AS delivered
    FROM petitions_signature s
    LEFT JOIN petitions_delivered d
        ON d.signature_id = s.id AND d.government_id = %s::bigint
    WHERE s.petition_id = %s::bigint AND s.state = 'confirmed'
), places AS (
    SELECT count(*) AS names FROM mine WHERE deliver AND NOT held AND NOT delivered
    GROUP BY city_key
)
SELECT
    count(*) FILTER (WHERE deliver AND NOT held AND NOT delivered),
    count(*) FILTER (WHERE NOT deliver),
    count(*) FILTER (WHERE deliver AND held AND NOT delivered),
    count(*) FILTER (WHERE delivered),
    (SELECT count(*) FROM places WHERE names < %s::integer),
    (SELECT COALESCE(sum(names), 0)::bigint FROM places WHERE names < %s::integer)
FROM mine
"""


def numbers(petition, government) -> Numbers:
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS, [government.pk, petition.pk, SMALL_PLACE, SMALL_PLACE])
        return Numbers(*cursor.fetchone())


# One statement gathers, orders, numbers and inserts, and counts who stays out: what it sees, it
# takes. Ties are broken by chance, so nothing of the order of signing is left.
_PREPARE = """
WITH ready AS (
    SELECT s.id, s.city_key, s.name_key,
        %s::boolean AND count(*) OVER (PARTITION BY s.city_key) < %s::integer AS other_place
    FROM petitions_signature s
    WHERE s.petition_id = %s::bigint AND s.state = 'confirmed' AND s.deliver AND NOT s.held
        AND NOT EXISTS (
            SELECT 1 FROM petitions_delivered d
            WHERE d.signature_id = s.id AND d.government_id = %s::bigint
        )
), numbered AS (
    SELECT id, other_place, row_number() OVER (
        ORDER BY other_place, CASE WHEN other_place THEN '' ELSE city_key END COLLATE "C",
            name_key COLLATE "C", random()
    ) AS position
    FROM ready
), inserted AS (
    INSERT INTO petitions_delivered (signature_id, government_id, delivery_id, position)
    SELECT id, %s::bigint, %s::bigint, position FROM numbered
    RETURNING 1
)
SELECT (SELECT count(*) FROM inserted), (SELECT min(position) FROM numbered WHERE other_place),
    (SELECT count(*) FROM petitions_signature
        WHERE petition_id = %s::bigint AND state = 'confirmed' AND NOT deliver),
    (SELECT count(*) FROM petitions_signature s
        WHERE s.petition_id = %s::bigint AND s.state = 'confirmed' AND s.deliver AND s.held
        AND NOT EXISTS (
            SELECT 1 FROM petitions_delivered d
            WHERE d.signature_id = s.id AND d.government_id = %s::bigint
        ))
"""


@transaction.atomic
def prepare(petition, government, *, by=None, hide_small_places=False) -> Delivery:
    """Take everybody who is ready for this government onto a new list.

    Raises NoAddressee, NothingToDeliver; Target.DoesNotExist for a government that the petition
    does not name: nobody else ever gets the list.
    """
    target = (
        Target.objects.select_for_update(of=["self"])
        .select_related("addressee")
        .get(petition=petition, government=government)
    )
    if target.addressee is None:
        raise NoAddressee
    delivery = Delivery.objects.create(
        petition=petition,
        government=government,
        addressee=str(target.addressee),
        prepared_by=by,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _PREPARE,
            [
                hide_small_places,
                SMALL_PLACE,
                petition.pk,
                government.pk,
                government.pk,
                delivery.pk,
                petition.pk,
                petition.pk,
                government.pk,
            ],
        )
        delivery.names, delivery.other_places_from, delivery.unnamed, delivery.held = (
            cursor.fetchone()
        )
        if delivery.names >= LARGE:
            # Files read ranges of positions. With statistics from before the list was made,
            # PostgreSQL may read the whole table for every row of it.
            cursor.execute("ANALYZE petitions_delivered, petitions_signature")
    if not delivery.names:
        raise NothingToDeliver
    delivery.save(update_fields=["names", "other_places_from", "unnamed", "held"])
    record("prepared a list", delivery, by=by, delivery=delivery.pk, names=delivery.names)
    return delivery


def ask(target, *, by, **options) -> bool:
    """Leave a large list to the worker, so that nobody waits at an open page. False where it was
    asked for already. `options` are those of `prepare`."""
    asked = {"by": by and by.pk, **options}
    waiting = Target.objects.filter(pk=target.pk, preparing_since=None)
    return bool(waiting.update(preparing=asked, preparing_since=now()))


def prepare_asked() -> int:
    """What the worker does: make every list that was asked for. Killed in the middle, it has made
    nothing, and is asked again."""
    made = 0
    while True:
        with transaction.atomic():
            target = (
                Target.objects.select_for_update(skip_locked=True, of=["self"])
                .select_related("petition", "government")
                .filter(preparing_since__isnull=False)
                .first()
            )
            if target is None:
                return made
            options = dict(target.preparing)
            by = Member.objects.filter(pk=options.pop("by")).first()
            try:
                prepare(target.petition, target.government, by=by, **options)
                made += 1
            except (NoAddressee, NothingToDeliver) as reason:
                record("could not prepare a list", target, by=by, reason=type(reason).__name__)
            Target.objects.filter(pk=target.pk).update(preparing=None, preparing_since=None)


@transaction.atomic
def cancel(delivery, *, by=None) -> None:
    """Before handover: its people are ready again, its figures stay. Raises AlreadyHandedOver."""
    Target.objects.select_for_update(of=["self"]).get(
        petition_id=delivery.petition_id, government_id=delivery.government_id
    )
    changed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PREPARED).update(
        state=Delivery.State.CANCELLED
    )
    if not changed:
        if Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.HANDED_OVER).exists():
            raise AlreadyHandedOver
        return
    Delivered.objects.filter(delivery=delivery.pk).delete()
    record("cancelled a list", delivery, by=by, delivery=delivery.pk, names=delivery.names)


@transaction.atomic
def hand_over(delivery, handover: Handover, *, by=None) -> None:
    """Record one attempt at the door. The first that succeeded makes the list a handed-over one.

    Raises ListCancelled.
    """
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if delivery.is_cancelled:
        raise ListCancelled
    handover.delivery = delivery
    handover.save(force_insert=True)
    if handover.outcome in Handover.DONE:
        Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PREPARED).update(
            state=Delivery.State.HANDED_OVER
        )
    record(
        "recorded a handover",
        delivery,
        by=by,
        delivery=delivery.pk,
        office=str(handover.office),
        outcome=handover.outcome,
    )


@transaction.atomic
def correct_handover(handover: Handover, *, changed: list[str], by=None) -> None:
    """Put right what was recorded of an attempt; the trail keeps which fields and the old outcome.

    Whether the list counts as handed over follows from all its attempts. Raises ListCancelled.
    """
    delivery = Delivery.objects.select_for_update().get(pk=handover.delivery_id)
    if delivery.is_cancelled:
        raise ListCancelled
    before = Handover.objects.values_list("outcome", flat=True).get(pk=handover.pk)
    handover.save(force_update=True)
    succeeded = delivery.handovers.filter(outcome__in=Handover.DONE).exists()
    delivery.state = Delivery.State.HANDED_OVER if succeeded else Delivery.State.PREPARED
    delivery.save(update_fields=["state"])
    record(
        "corrected a handover",
        delivery,
        by=by,
        delivery=delivery.pk,
        changed=changed,
        outcome=handover.outcome,
        outcome_before=before,
    )


def in_words(standing: Numbers) -> list[str]:
    """The numbers as sentences, as the delivery officer reads them."""
    sentences = [
        ngettext("Ready: %(number)s name.", "Ready: %(number)s names.", standing.ready),
        _("Asked not to be named: %(number)s."),
        _("Waiting for review: %(number)s."),
        ngettext(
            "Already on a list: %(number)s name.",
            "Already on a list: %(number)s names.",
            standing.delivered,
        ),
    ]
    figures = (standing.ready, standing.unnamed, standing.held, standing.delivered)
    return [
        sentence % {"number": number_format(figure, use_l10n=True, force_grouping=True)}
        for sentence, figure in zip(sentences, figures, strict=True)
    ]
