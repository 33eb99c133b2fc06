"""Publish, close and copy a petition."""

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import override

from campaign_site import going_public, languages
from campaign_site.models import record
from campaign_site.page_cache import forget_pages
from campaign_site.translations import State
from petitions import launch
from petitions.models import Petition, Target


@transaction.atomic
def publish(petition, *, by=None) -> bool:
    """False where the petition is public already, or something is missing by now."""
    # Whoever changes it or its recipients waits until this is done.
    petition = Petition.objects.select_for_update(no_key=True).get(pk=petition.pk)
    return not launch.missing(petition) and going_public.publish(petition, by=by)


@transaction.atomic
def close(petition, *, outcome: str, by=None) -> bool:
    """From now on nobody can sign. False where it is closed already or not public."""
    moment = now()
    still_open = Petition.objects.published().filter(
        Q(closes_at=None) | Q(closes_at__gt=moment), Q(opens_at=None) | Q(opens_at__lt=moment)
    )
    if not still_open.filter(pk=petition.pk).update(closes_at=moment, outcome=outcome):
        return False
    record("closed", petition, by=by, kind="petition")
    forget_pages()
    return True


@transaction.atomic
def set_slow_lane(petition, on: bool, *, by=None) -> bool:
    """Let its mails wait, or leave at once again. False where that is so already."""
    if (
        not Petition.objects.published()
        .filter(pk=petition.pk, slow_lane=not on)
        .update(slow_lane=on)
    ):
        return False
    record("slow lane on" if on else "slow lane off", petition, by=by, kind="petition")
    forget_pages()
    return True


# What belongs to one petition alone, and to the people who signed it. Dates and outcome are of
# the past by the time that somebody copies.
_NOT_COPIED = {"id", "slug", "state", "frozen", "opens_at", "closes_at", "outcome"} | {
    "slow_lane",
    "share_image",
    "created_at",
    "updated_at",
}


@transaction.atomic
def copy(petition, *, title="", by=None) -> Petition:
    """A new draft with the same words, people and recipients, and with this title if one is given.
    Nobody has signed it."""
    made = Petition(
        slug=free_slug(Petition, slugify(title) or petition.slug),
        **{
            field.attname: getattr(petition, field.attname)
            for field in Petition._meta.concrete_fields
            if field.name not in _NOT_COPIED
        },
    )
    made.title = title or petition.title
    if made.title != petition.title:
        # In other languages it still has the name of the other one.
        made.translations = {
            code: translation | {"state": State.DRAFT.value, "read_by": "", "was_published": False}
            for code, translation in petition.translations.items()
        }
    made.save(force_insert=True)
    made.profiles.set(petition.profiles.all())
    Target.objects.bulk_create(
        Target(petition=made, government_id=target.government_id, addressee_id=target.addressee_id)
        for target in petition.targets.all()
    )
    record("copied", petition, by=by, kind="petition", copy=made.slug)
    return made


def free_slug(model, slug: str) -> str:
    """This, or with the first number behind it that nothing of this kind has yet."""
    tried, number = slug[:80], 1
    while model.objects.filter(slug=tried).exists():
        number += 1
        ending = f"-{number}"
        tried = slug[: 80 - len(ending)] + ending
    return tried


def promise_in_its_language(petition) -> str:
    """The default promise, in the language of the petition where we have that; empty while there
    is no recipient."""
    if not petition.recipients:
        return ""
    with override(languages.of_interface(petition.language).code):
        return petition.default_promise


def keep_promise_default(petition, default_before: str) -> None:
    """After the recipients were saved: an empty promise, or one that nobody reworded, names them
    all. What was signed is left alone."""
    default = promise_in_its_language(petition)
    Petition.objects.filter(pk=petition.pk, frozen=None, promise__in=["", default_before]).exclude(
        promise=default
    ).update(promise=default)
