"""The one way to touch a frozen petition: a spelling, with a public note of it."""

from django.db import connection, transaction

from campaign_site import searching
from campaign_site.models import record
from petitions.models import Mend, Petition


@transaction.atomic
def mend(petition, *, part: Mend.Part, after, reason: str, by=None) -> Mend:
    """Replace one part of a petition, and write down what stood there. `after` is a text, or for
    demands the whole list with as many items as before. Raises ValueError where the number of
    demands differs: that is more than a spelling."""
    petition = Petition.objects.select_for_update().get(pk=petition.pk)
    before = getattr(petition, part)
    if isinstance(before, list):
        if len(after) != len(before):
            raise ValueError("a mend keeps the number of demands")
        told = "\n".join(before), "\n".join(after)
    else:
        told = before, after
    with connection.cursor() as cursor:
        # The trigger lets it through in this transaction only.
        cursor.execute("SET LOCAL vigil.mend = 'on'")
        Petition.objects.filter(pk=petition.pk).update(**{part: after})
        cursor.execute("SET LOCAL vigil.mend = 'off'")
    searching.index(Petition, [petition.pk])
    record("mended a spelling", petition, by=by, part=str(part), reason=reason)
    return petition.mends.create(part=part, before=told[0], after=told[1], reason=reason, by=by)
