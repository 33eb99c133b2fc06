"""The one way to touch a frozen petition: a spelling, with a public note of it."""

from django.db import connection, transaction

from campaign_site import searching, translations
from campaign_site.models import record
from petitions.models import Mend, Petition


def languages_of(petition) -> list[str]:
    """In which it may be mended: its own first, then those in which people may have signed it."""
    signed = (code for code, said in petition.translations.items() if said.get("was_published"))
    return [petition.language, *signed]


def said(petition, part: str, language: str):
    """What stands there in one of its languages."""
    if language == petition.language:
        return getattr(petition, part)
    return petition.translation(language)["texts"].get(part)


@transaction.atomic
def mend(petition, *, part: Mend.Part, after, reason: str, language: str = "", by=None) -> Mend:
    """Replace one part of a petition in one language (none: its own), and write down what stood
    there. `after` is a text, or for demands the whole list with as many items as before. Raises
    ValueError where the number of demands differs: that is more than a spelling."""
    petition = Petition.objects.select_for_update().get(pk=petition.pk)
    language = language or petition.language
    before = said(petition, part, language)
    if isinstance(before, list):
        if len(after) != len(before):
            raise ValueError("a mend keeps the number of demands")
        told = "\n".join(before), "\n".join(after)
    else:
        told = before, after
    with connection.cursor() as cursor:
        # The trigger lets it through in this transaction only.
        cursor.execute("SET LOCAL vigil.mend = 'on'")
        if language == petition.language:
            Petition.objects.filter(pk=petition.pk).update(**{part: after})
            searching.index(Petition, [petition.pk])
        else:
            entry = petition.translation(language)
            entry = entry | {"texts": entry["texts"] | {str(part): after}}
            translations.save(petition, language, entry, seen=entry["version"])
        cursor.execute("SET LOCAL vigil.mend = 'off'")
    record("mended a spelling", petition, by=by, part=str(part), reason=reason, language=language)
    return petition.mends.create(
        part=part, language=language, before=told[0], after=told[1], reason=reason, by=by
    )
