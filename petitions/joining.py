"""The verbs of joining an open letter: ask, confirm, withdraw; for staff approve and decline.

As in `signing`, asking looks nothing up, and only what comes through the mailbox goes further.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.timezone import localdate, localtime, now

from campaign_site import addresses, erasures, links, outbox, sealing
from campaign_site.models import OutboxMessage, SiteSettings, record
from campaign_site.names import comparison_key
from campaign_site.page_cache import forget_pages
from campaigns.models import Organisation
from petitions.models import JoinRequest, OpenLetter, SigningOrganisation, SigningPerson

PENDING_DAYS = 7
WAITING_DAYS = 90  # for staff, who then have not answered
DECLINED_DAYS = 30
PURPOSE = "joining"  # of the links

State = JoinRequest.State


class StandsThere(Exception):
    """Somebody of this name, or this organisation, stands on the letter already."""


class Changed(Exception):
    """It was withdrawn, or decided, meanwhile."""


def mailbox_digest(letter_id: int, address: str) -> bytes:
    """Keyed, and different under each letter."""
    message = f"{letter_id}:{addresses.canonical(address)}".encode()
    return sealing.mac("letter address digest", message)


def personal_path(public_id) -> str:
    return reverse("petitions:letter_request", args=[links.make_token(PURPOSE, public_id)])


def personal_url(public_id) -> str:
    return settings.SITE_URL + personal_path(public_id)


@transaction.atomic
def ask(letter, *, name, role, organisation, address, language, slow=False) -> None:
    """Insert one request and one mail, whatever there is of the address. It is kept sealed until
    that mail has left, 48 hours at most."""
    public_id = uuid.uuid4()
    JoinRequest.objects.bulk_create(
        [
            JoinRequest(
                public_id=public_id,
                letter=letter,
                name=name,
                role=role,
                organisation=organisation,
                language=language,
                digest=mailbox_digest(letter.pk, address),
            )
        ]
    )
    outbox.put(
        OutboxMessage.Kind.CONFIRMATION,
        to=address,
        reference=public_id,
        slow=slow,
        **_mail(public_id, language),
    )


def _mail(public_id, language) -> dict:
    """Subject and body. Nothing that a visitor typed is in them, nor what it is about."""
    until = now() + timedelta(days=PENDING_DAYS)
    with translation.override(language):
        context = {
            "site": SiteSettings.load().name,
            "host": settings.SITE_URL,
            "link": personal_url(public_id),
            "until": date_format(localtime(until), "DATE_FORMAT"),
        }
        return {
            "subject": " ".join(render_to_string("emails/join.subject.txt", context).split()),
            "body": render_to_string("emails/join.body.txt", context),
        }


def find(public_id) -> JoinRequest | None:
    return JoinRequest.objects.select_related("letter").filter(public_id=public_id).first()


def stands(request) -> bool:
    """Whether the letter shows them: staff may have taken the row away."""
    rows = (SigningPerson, SigningOrganisation)
    return any(row.objects.filter(request=request).exists() for row in rows)


@transaction.atomic
def confirm(public_id) -> bool:
    """It was them: now it waits for staff. Once, however often it is asked for."""
    mine = JoinRequest.objects.filter(public_id=public_id, state=State.UNCONFIRMED)
    if not mine.update(state=State.WAITING, confirmed_on=localdate()):
        return False
    outbox.confirmed(public_id)
    return True


@transaction.atomic
def withdraw(public_id, *, kind=erasures.REMOVED) -> bool:
    """Erase the request and, with it, the name on the letter; at any time, whatever its state."""
    found = JoinRequest.objects.select_for_update().filter(public_id=public_id).first()
    if found is None:
        return False
    letter_id = found.letter_id
    found.delete()
    outbox.not_needed(public_id)
    erasures.append(kind, [public_id])
    _changed(letter_id)
    return True


def _changed(letter_id) -> None:
    """Found by other words, and seen, at once."""
    OpenLetter.objects.get(pk=letter_id).save(update_fields=["updated_at"])
    forget_pages()


@transaction.atomic
def approve(request, *, by, organisation=None) -> None:
    """Put them on the letter; `organisation`: the one of our list that is meant, else a new one.
    Raises StandsThere, Changed."""
    found = _decide(request, State.APPROVED)
    try:
        with transaction.atomic():
            if found.organisation:
                SigningOrganisation.objects.create(
                    letter=found.letter,
                    organisation=organisation or _new_organisation(found),
                    speaker=found.name,
                    speaker_role=found.role,
                    request=found,
                )
            else:
                same = comparison_key(found.name)
                for there in found.letter.signing_people.values_list("name", flat=True):
                    if comparison_key(there) == same:
                        raise StandsThere
                SigningPerson.objects.create(
                    letter=found.letter, name=found.name, role=found.role, request=found
                )
    except IntegrityError:
        raise StandsThere from None
    record("let somebody join", found.letter, by=by, kind="openletter")
    forget_pages()


def same_organisation(name: str) -> Organisation | None:
    """The one of our list that is called so, or has this acronym."""
    wanted = comparison_key(name)
    return next(
        (
            organisation
            for organisation in Organisation.objects.all()
            if wanted
            in (comparison_key(organisation.name), comparison_key(organisation.acronym or "-"))
        ),
        None,
    )


def _new_organisation(found) -> Organisation:
    if known := same_organisation(found.organisation):
        return known
    slug = slugify(found.organisation)[:60] or "organisation"
    if Organisation.objects.filter(slug=slug).exists():
        slug = f"{slug}-{uuid.uuid4().hex[:8]}"
    return Organisation.objects.create(
        slug=slug, name=found.organisation, language=found.letter.language
    )


@transaction.atomic
def decline(request, *, by) -> None:
    """Raises Changed."""
    found = _decide(request, State.DECLINED)
    record("declined a request to join", found.letter, by=by, kind="openletter")


def _decide(request, state):
    mine = JoinRequest.objects.filter(pk=request.pk, state=State.WAITING)
    if not mine.update(state=state, decided_on=localdate()):
        raise Changed
    return JoinRequest.objects.select_related("letter").get(pk=request.pk)


# --- Time passes ---------------------------------------------------------------------------------


def expire() -> int:
    """Delete what nobody confirmed, what staff left unanswered, and what was declined long ago."""
    today = localdate()
    over = (
        Q(state=State.UNCONFIRMED, created_at__lt=now() - timedelta(days=PENDING_DAYS))
        | Q(state=State.WAITING, confirmed_on__lt=today - timedelta(days=WAITING_DAYS))
        | Q(state=State.DECLINED, decided_on__lt=today - timedelta(days=DECLINED_DAYS))
        # Taken off the letter by staff.
        | Q(
            state=State.APPROVED,
            person_row=None,
            organisation_row=None,
            decided_on__lt=today - timedelta(days=DECLINED_DAYS),
        )
    )
    ids = list(JoinRequest.objects.filter(over).values_list("pk", flat=True))
    JoinRequest.objects.filter(pk__in=ids).delete()
    return len(ids)


# --- Of one mailbox ------------------------------------------------------------------------------


def requests_of(address: str):
    """All requests of a mailbox, under every letter."""
    letters = OpenLetter.objects.values_list("pk", flat=True)
    return JoinRequest.objects.filter(digest__in=[mailbox_digest(pk, address) for pk in letters])
