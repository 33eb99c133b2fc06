"""Links that show a draft to people without a login, for a week. No row is kept of them: what a
link says is signed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.timezone import now

GOOD_FOR = timedelta(days=7)
_SALT = "vigil.preview"


class Link(NamedTuple):
    model: type
    pk: int
    state: str  # of the page when the link was made: it ends when that changes
    until: datetime


def make(page) -> tuple[str, datetime]:
    """The address for this page as it will be, and until when it works."""
    until = now() + GOOD_FOR
    says = [page._meta.label_lower, page.pk, page.state, until.timestamp()]
    return settings.SITE_URL + reverse("preview", args=[signing.dumps(says, salt=_SALT)]), until


def read(token: str) -> Link | None:
    """None for what we did not make, and after its time."""
    try:
        label, pk, state, until = signing.loads(token, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    until = datetime.fromtimestamp(until, tz=now().tzinfo)
    return Link(apps.get_model(label), pk, state, until)
