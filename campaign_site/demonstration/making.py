"""What real and invented content are made with alike."""

import json
from pathlib import Path

from django.core.files.base import ContentFile

from campaign_site import pictures
from campaigns import case_lists
from campaigns.models import Action, CaseList, Demand
from petitions.models import Petition, Target

HERE = Path(__file__).parent


def read(name: str):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def make_petition(*, government, addressee, people, **fields) -> Petition:
    """A published petition to one government, with our own promise."""
    petition = Petition.objects.create(**fields)
    petition.profiles.set(people)
    Target.objects.create(petition=petition, government=government, addressee=addressee)
    petition.promise = petition.default_promise
    petition.state = Petition.State.PUBLISHED
    petition.save(update_fields=["promise", "state"])
    return petition


def ask(campaign, demands, governments) -> None:
    """What a campaign asks, and of which of these governments, by slug."""
    Demand.objects.bulk_create(
        Demand(
            campaign=campaign,
            recipient=governments[demand["recipient"]],
            text=demand["text"],
            position=place,
        )
        for place, demand in enumerate(demands, 1)
    )


def suggest(campaign, actions) -> None:
    """What people can do, each as the fields of an Action."""
    for place, fields in enumerate(actions, 1):
        action = Action(campaign=campaign, position=place, **fields)
        action.full_clean()
        action.save()


def freeze_list(*, people, by, **fields) -> None:
    """A published case list with its first version."""
    case_list = CaseList.objects.create(state=CaseList.State.PUBLISHED, **fields)
    case_list.people.set(people)
    case_lists.freeze(case_list, by=by)


def picture(png: bytes, alt: str) -> dict:
    """The fields of a row that shows one of our drawings."""
    return {
        "photo": pictures.store(ContentFile(png)),
        "photo_alt": alt,
        "photo_credit": "Drawing: Vigil demonstration",
    }
