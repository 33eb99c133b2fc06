"""Event links: staff make one for a gathering, and who signs under it does not wait.

The link lifts the limit of a network, nothing else: every mailbox still confirms, and an address
still gets at most three mails.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils.timezone import now

from campaign_site import links
from campaign_site.models import record
from petitions.models import EventLink


@transaction.atomic
def make(petition, *, label, valid_from, valid_until, mails, by=None) -> EventLink:
    link = EventLink.objects.create(
        petition=petition,
        label=label,
        valid_from=valid_from,
        valid_until=valid_until,
        mails=mails,
        made_by=by,
    )
    hours = -(-(valid_until - valid_from) // timedelta(hours=1))
    record("made an event link", petition, by=by, event=label, hours=hours, mails=mails)
    return link


@transaction.atomic
def end(link, *, by=None) -> bool:
    """From now on it lifts nothing. False where it was over already."""
    moment = now()
    ended = EventLink.objects.filter(pk=link.pk, valid_until__gt=moment).update(
        # One that was to begin later never begins.
        valid_until=Greatest("valid_from", Value(moment))
    )
    if ended:
        record("ended an event link", link.petition, by=by, event=link.label, mails=link.used)
    return bool(ended)


def _valid(petition, token):
    moment = now()
    return EventLink.objects.filter(
        petition=petition,
        key=links.read_token(EventLink.PURPOSE, token),
        valid_from__lte=moment,
        valid_until__gt=moment,
    )


def is_valid(petition, token: str) -> bool:
    return _valid(petition, token).exists()


def take_one(petition, token: str) -> bool:
    """Use one mail of a valid event link. False where there is none, or none left.

    One statement of its own: many who press at once wait for each other only that long.
    """
    if not token:
        return False
    return bool(_valid(petition, token).filter(used__lt=F("mails")).update(used=F("used") + 1))
