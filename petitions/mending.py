"""The one way to touch a frozen petition: a spelling, with a public note of it."""

from difflib import SequenceMatcher

from django.db import connection, transaction

from campaign_site import searching, translations
from campaign_site.models import record
from petitions.models import Mend, Petition

MISSPELT = 4  # letters that a mend may add and take away in a word


class MoreThanASpelling(Exception):
    """With these words it would say something else than what people signed."""


def languages_of(petition) -> list[str]:
    """In which it may be mended: its own first, then those in which people may have signed it."""
    signed = (code for code, said in petition.translations.items() if said.get("was_published"))
    return [petition.language, *signed]


def said(petition, part: str, language: str):
    """What stands there in one of its languages."""
    if language == petition.language:
        return getattr(petition, part)
    return petition.translation(language)["texts"].get(part)


def check(petition, part: str, language: str, after) -> None:
    """Raises MoreThanASpelling where another number of demands, or other words, would stand there
    than now, or than before the first mend: many small ones make no large one."""
    before = said(petition, part, language)
    pairs = [(before, after)]
    if isinstance(before, list):
        if len(after) != len(before):
            raise MoreThanASpelling
        pairs = list(zip(before, after, strict=True))
    first = petition.mends.filter(part=part, language=language).first()
    if first:
        pairs.append((first.before, _told(after)))
    if not all(_same_but_for_spelling(*pair) for pair in pairs):
        raise MoreThanASpelling


def _same_but_for_spelling(before: str, after: str) -> bool:
    old, new = before.split(), after.split()
    return all(
        kind == "equal" or (kind == "replace" and _same_words(old[a:b], new[c:d]))
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    )


def _same_words(old: list[str], new: list[str]) -> bool:
    """Only spaces differ, or each word by a few letters."""
    if len(old) != len(new):
        return "".join(old) == "".join(new)
    return all(_near(*pair, MISSPELT) for pair in zip(old, new, strict=True))


def _near(one: str, other: str, most: int) -> bool:
    """Whether at most so many letters, added and taken away, make one of the other."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if same is None:
        return abs(len(one) - len(other)) <= most
    one, other = one[same:], other[same:]
    return most > 0 and (_near(one[1:], other, most - 1) or _near(one, other[1:], most - 1))


def _told(said) -> str:
    return "\n".join(said) if isinstance(said, list) else said


@transaction.atomic
def mend(petition, *, part: Mend.Part, after, reason: str, language: str = "", by=None) -> Mend:
    """Replace one part of a petition in one language (none: its own), and write down what stood
    there. `after` is a text, or for demands the whole list. No word may come or go; in each as many
    letters may differ as `MISSPELT` says. A text that is written without spaces is one word. Raises
    MoreThanASpelling."""
    petition = Petition.objects.select_for_update().get(pk=petition.pk)
    language = language or petition.language
    check(petition, part, language, after)
    before = said(petition, part, language)
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
        part=part,
        language=language,
        before=_told(before),
        after=_told(after),
        reason=reason,
        by=by,
    )
