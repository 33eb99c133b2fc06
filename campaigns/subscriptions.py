"""The verbs of subscriptions: seal, keep, export, tidy. Vigil sends no mass mail: staff open the
boxes on an offline computer and write from their own newsletter tool.
"""

import base64
import csv
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.timezone import localdate, now

from campaign_site import sealing
from campaign_site.models import ContactKey, record
from campaigns.models.subscription import CONSENT, Subscription

EXPORTED_DAYS = 30  # an exported box stays so long, should the file be lost
LONGEST_DAYS = 730


class NothingToExport(Exception):
    """Every box was given already."""


def consent(language: str) -> str:
    with translation.override(language):
        return str(CONSENT)


def seal(key: ContactKey, *, address: str, campaign, language: str) -> bytes:
    return sealing.seal_for(
        key.public,
        {
            "address": address,
            "campaign": campaign.slug,
            "language": language,
            "date": localdate().isoformat(),
            "consent": consent(language),
        },
    )


def keep(*, campaign_id: int, language: str, key_id: int, box: bytes) -> None:
    """Keep what a mailbox has confirmed. Who it belongs to is not told here."""
    Subscription.objects.create(
        campaign_id=campaign_id,
        language=language,
        consent=consent(language),
        key_id=key_id,
        box=bytes(box),
        made_on=localdate(),
    )


def export(path: Path, *, again=False, by=None) -> int:
    """Write the boxes that nobody was given yet to a new file; with `again` all that are here.

    They are marked as given in the same transaction, so a file that could not be written marks
    nothing, and two runs at once give each box once. Raises OSError, NothingToExport.
    """
    written = False
    try:
        with transaction.atomic():
            _one_at_a_time()
            moment = now()
            Subscription.objects.waiting().update(exported_at=moment)
            rows = Subscription.objects.filter(**({} if again else {"exported_at": moment}))
            if not rows.exists():
                raise NothingToExport
            with open(path, "x", encoding="utf-8", newline="", opener=_owner_only) as file:
                written = True
                keys = _write(file, rows.select_related("campaign", "key").order_by("pk"))
                file.flush()
                os.fsync(file.fileno())
            number = keys.total()
            record("exported contacts", "contacts", by=by, quantity=number, again=again, **keys)
            return number
    except BaseException:
        if written:
            path.unlink(missing_ok=True)
        raise


def _one_at_a_time():
    """Exports and tidying wait for each other; signing waits for neither."""
    list(ContactKey.objects.select_for_update(no_key=True).order_by("pk"))


def _write(file, rows) -> Counter:
    lines = csv.writer(file)
    lines.writerow(sealing.BOX_COLUMNS)
    keys = Counter()
    for row in rows.iterator(2000):
        key = str(row.key)
        box = base64.b64encode(row.box).decode()
        lines.writerow([row.campaign.slug, row.language, row.consent, key, box])
        keys[key] += 1
    return keys


def _owner_only(path, flags):
    return os.open(path, flags, 0o600)


_MIX = """
WITH taken AS (
    DELETE FROM campaigns_subscription WHERE NOT mixed AND made_on < %s::date RETURNING *
)
INSERT INTO campaigns_subscription
    (id, campaign_id, language, consent, key_id, box, made_on, exported_at, mixed)
SELECT gen_random_uuid(), campaign_id, language, consent, key_id, box, made_on, exported_at, true
FROM taken ORDER BY random()
"""


@transaction.atomic
def tidy() -> int:
    """Delete boxes that were exported 30 days ago or are two years old; returns how many.

    Rows of days gone by are stored again in random order: where a row lies, and PostgreSQL's
    hidden number of the transaction that wrote it, would lead to the signature confirmed with it.
    """
    _one_at_a_time()
    gone, _by_model = Subscription.objects.filter(
        Q(exported_at__lt=now() - timedelta(days=EXPORTED_DAYS))
        | Q(made_on__lt=localdate() - timedelta(days=LONGEST_DAYS))
    ).delete()
    with connection.cursor() as cursor:
        cursor.execute(_MIX, [localdate()])
    return gone
