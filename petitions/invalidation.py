"""Take signatures out of the count by a rule, with a preview, a reason and a way back for 30 days.

What is taken out is on no list made afterwards. Nobody's name is looked up: a rule that names a
domain or a name finds a wave, never fewer than `WAVE` signatures.
"""

import logging
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Count
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from campaign_site import heartbeats
from campaign_site.models import record
from campaign_site.names import comparison_key
from petitions import counting, signing
from petitions.models import Delivery, Invalidation, Signature, Target
from petitions.models.invalidation import WAY_BACK
from petitions.models.signature import NAME_KEY

log = logging.getLogger("vigil.retention")

# Fewer signatures from one domain, or of one name, are people: an administrator who types a name
# here must not learn whether that person signed.
WAVE = 3


class NothingMatches(Exception):
    """There is nothing to take out, or too little to be a wave."""


class Changed(Exception):
    """Meanwhile the rule finds more or fewer than the preview showed."""


class TooLate(Exception):
    """It was restored already, or its 30 days are over."""


@dataclass(frozen=True)
class Rule:
    """Everything that is given must hold."""

    first_day: date | None = None
    last_day: date | None = None
    domain: str = ""  # of the e-mail address, as typed
    name: str = ""  # as on the list, however its capitals and spaces are typed

    def __bool__(self):
        return any((self.first_day, self.last_day, self.domain, self.name))

    def find(self, petition):
        found = Signature.objects.confirmed().filter(petition=petition)
        if self.first_day:
            found = found.filter(signed_on__gte=self.first_day)
        if self.last_day:
            found = found.filter(signed_on__lte=self.last_day)
        if self.domain:
            somebody = f"somebody@{self.domain.rpartition('@')[2]}"
            found = found.filter(domain_digest=signing.domain_digest(petition.pk, somebody))
        if self.name:
            found = found.filter(name_key=comparison_key(self.name)[:NAME_KEY])
        return found

    def is_enough(self, quantity: int) -> bool:
        return quantity >= (WAVE if self.domain or self.name else 1)

    def kept(self) -> dict:
        """What is written down of it: no name of anybody."""
        days = {"from": self.first_day, "to": self.last_day}
        found = {key: day.isoformat() for key, day in days.items() if day}
        if self.domain:
            found["domain"] = self.domain.rpartition("@")[2].lower()
        if self.name:
            found["repeated_name"] = True
        return found


def in_words(kept: dict) -> list[str]:
    """What was written down of a rule, as phrases."""
    found = []
    for key, phrase in (("from", _("signed from %s")), ("to", _("signed until %s"))):
        if key in kept:
            found.append(phrase % date_format(date.fromisoformat(kept[key])))
    if "domain" in kept:
        found.append(_("addresses at %s") % kept["domain"])
    if "repeated_name" in kept:
        found.append(_("one repeated name"))
    if "held" in kept:
        found.append(_("names that waited for review"))
    return found


@dataclass(frozen=True)
class Preview:
    quantity: int
    per_day: list[tuple[date, int]]
    on_prepared: int
    on_handed_over: int
    remaining: int


def preview(petition, rule: Rule, *, by=None) -> Preview:
    """How many it would be. Raises NothingMatches. Written down: looking is a look-up, too."""
    found = rule.find(petition)
    per_day = list(found.values_list("signed_on").annotate(Count("pk")).order_by("signed_on"))
    quantity = sum(number for _day, number in per_day)
    enough = rule.is_enough(quantity)
    record(
        "previewed an invalidation",
        petition,
        by=by,
        **rule.kept(),
        quantity=quantity if enough else f"< {WAVE}",
    )
    if not enough:
        raise NothingMatches
    listed = dict(
        Delivery.objects.standing()
        .filter(petition=petition, rows__signature__in=found)
        .values_list("state")
        .annotate(Count("rows__signature", distinct=True))
        .order_by()
    )
    return Preview(
        quantity=quantity,
        per_day=per_day,
        on_prepared=listed.get(Delivery.State.PREPARED, 0),
        on_handed_over=listed.get(Delivery.State.HANDED_OVER, 0),
        remaining=Signature.objects.confirmed().filter(petition=petition).count() - quantity,
    )


@transaction.atomic
def invalidate(petition, rule: Rule, *, reason: str, by=None, seen: int | None = None):
    """Take out what the rule finds; `seen` is how many the preview showed. The batch.

    Raises NothingMatches, Changed.
    """
    _lock(petition)
    batch = Invalidation.objects.create(petition=petition, rule=rule.kept(), reason=reason, by=by)
    batch.quantity = rule.find(petition).update(
        state=Signature.State.INVALIDATED, invalidation=batch
    )
    if not rule.is_enough(batch.quantity):
        raise NothingMatches
    if seen is not None and batch.quantity != seen:
        raise Changed
    return _finish(batch, by)


@transaction.atomic
def invalidate_held(petition, ids, *, reason: str, by=None):
    """Take out what waits for review under these ids. Raises NothingMatches."""
    _lock(petition)
    batch = Invalidation.objects.create(
        petition=petition, rule={"held": True}, reason=reason, by=by
    )
    batch.quantity = (
        Signature.objects.waiting_for_review()
        .filter(petition=petition, pk__in=ids)
        .update(state=Signature.State.INVALIDATED, invalidation=batch)
    )
    if not batch.quantity:
        raise NothingMatches
    return _finish(batch, by)


def _finish(batch, by):
    batch.save(update_fields=["quantity"])
    record(
        "took out of the count",
        batch.petition,
        by=by,
        invalidation=batch.pk,
        quantity=batch.quantity,
        reason=batch.reason,
        **batch.rule,
    )
    counting.add(batch.petition_id, -batch.quantity)
    return batch


@transaction.atomic
def restore(batch, *, by=None) -> int:
    """Count again what was taken out and is still there. Raises TooLate."""
    _lock(batch.petition)
    moment = now()
    changed = Invalidation.objects.filter(
        pk=batch.pk, restored_at=None, blanked_at=None, at__gt=moment - WAY_BACK
    ).update(restored_at=moment)
    if not changed:
        raise TooLate
    quantity = Signature.objects.filter(
        invalidation=batch, state=Signature.State.INVALIDATED
    ).update(state=Signature.State.CONFIRMED, invalidation=None)
    record("restored to the count", batch.petition, by=by, invalidation=batch.pk, quantity=quantity)
    counting.add(batch.petition_id, quantity)
    return quantity


def blank_old_invalidated() -> int:
    """Erase names and cities 30 days after they were taken out. The digests stay.

    Every batch, whatever happens to the others. Raises heartbeats.Incomplete.
    """
    old = Invalidation.objects.filter(
        restored_at=None, blanked_at=None, at__lte=now() - WAY_BACK
    ).select_related("petition")
    blanked = failed = 0
    for batch in old:
        try:
            blanked += _blank(batch)
        except Exception as error:  # the names of the next batch are as overdue
            log.error("a batch could not be blanked: %s", type(error).__name__)
            failed += 1
    if failed:
        raise heartbeats.Incomplete(blanked=blanked, failed=failed)
    return blanked


@transaction.atomic
def _blank(batch) -> int:
    _lock(batch.petition)
    # Somebody may just be restoring it.
    if not Invalidation.objects.filter(pk=batch.pk, restored_at=None).update(blanked_at=now()):
        return 0
    blanked = Signature.objects.filter(
        invalidation=batch, state=Signature.State.INVALIDATED
    ).update(domain_digest=None, **signing.UNNAMED)
    record("erased names taken out", batch.petition, invalidation=batch.pk, quantity=blanked)
    return blanked


def _lock(petition) -> None:
    """Wait for lists that are being prepared, and keep new ones out. Whoever else takes out or
    restores many waits, too: two who lock many rows in different order would lock each other."""
    list(
        Target.objects.select_for_update()
        .filter(petition=petition)
        .order_by("pk")
        .values_list("pk")
    )
