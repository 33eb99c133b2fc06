"""The verbs of signing: sign, confirm, correct, count only, add a person, remove, find.

`sign` looks nothing up and never touches Signature, so neither its answer nor its time can tell
who has signed. Only what comes through the mailbox changes anything.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime, now

from campaign_site import addresses, links, outbox, sealing
from campaign_site.models import ContactKey, HeldWord, OutboxMessage, SiteSettings
from campaign_site.names import comparison_key, held_reason
from campaigns import subscriptions
from petitions import counting
from petitions.models import Delivered, Delivery, PendingSignature, Petition, Signature
from petitions.models.signature import CITY_KEY, HOUSEHOLD, NAME_KEY

PENDING_DAYS = 7
FIND_MAIL_BYTES = 2048
PURPOSE = "signature"  # of the links to personal pages
_ADDRESS = "pending address"


class PetitionChanged(Exception):
    """The petition is not what this person saw: show it again, count nothing."""


class PetitionClosed(Exception):
    """It takes no more confirmations."""


class AlreadyListed(Exception):
    """The name stands on a prepared list, so it can no longer be corrected."""


class SameName(Exception):
    """Somebody of that name is counted from the same mailbox already."""


def mailbox_digest(petition_id: int, address: str) -> bytes:
    """Keyed, and different under each petition: nobody can follow a mailbox across petitions."""
    message = f"{petition_id}:{addresses.canonical(address)}".encode()
    return sealing.mac("address digest", message)


def domain_digest(petition_id: int, address: str) -> bytes:
    return sealing.mac("domain digest", f"{petition_id}:{addresses.domain(address)}".encode())


# --- Signing ---------------------------------------------------------------------------------


@transaction.atomic
def sign(petition, *, name, city, address, deliver, language, updates=False, slow=False) -> None:
    """Insert one attempt and one mail, whatever the address's history."""
    public_id = uuid.uuid4()
    updates_key = ContactKey.current() if updates else None
    PendingSignature.objects.bulk_create(
        [
            PendingSignature(
                id=public_id,
                petition=petition,
                name=name if deliver else "",
                city=city if deliver else "",
                deliver=deliver,
                language=language,
                digest=mailbox_digest(petition.pk, address),
                domain_digest=domain_digest(petition.pk, address),
                code_digest=links.code_digest(links.make_code(public_id)),
                address=None
                if petition.high_risk
                else sealing.seal(_ADDRESS, address.encode(), public_id.bytes),
                updates_key=updates_key,
                updates_box=subscriptions.seal(
                    updates_key, address=address, campaign=petition.campaign, language=language
                )
                if updates_key
                else None,
            )
        ]
    )
    _put_confirmation(petition, public_id, address, language, slow=slow or petition.slow_lane)


def _put_confirmation(petition, public_id, address, language, *, slow):
    outbox.put(
        OutboxMessage.Kind.CONFIRMATION,
        to=address,
        reference=public_id,
        slow=slow,
        **_mail("confirm", public_id, petition, language),
    )


def _mail(name, public_id, petition, language) -> dict:
    """Subject and body. Nothing that a visitor typed is in them."""
    code = links.make_code(public_id)
    with translation.override(language):
        context = {
            "site": SiteSettings.load().name,
            "host": settings.SITE_URL,
            "code_url": settings.SITE_URL + reverse("petitions:code"),
            "code": code,
            "code_spaced": links.spaced(code),
            "link": settings.SITE_URL + reverse("petitions:code") + "#" + code
            if petition.discreet
            else personal_url(public_id),
            "petition": None if petition.discreet else petition,
            "until": date_format(localtime(now() + timedelta(days=PENDING_DAYS)), "DATE_FORMAT"),
        }
        return {
            "subject": " ".join(render_to_string(f"emails/{name}.subject.txt", context).split()),
            "body": render_to_string(f"emails/{name}.body.txt", context),
        }


def personal_path(public_id) -> str:
    return reverse("petitions:personal", args=[links.make_token(PURPOSE, public_id)])


def personal_url(public_id) -> str:
    return settings.SITE_URL + personal_path(public_id)


# --- Behind the mailbox ----------------------------------------------------------------------


def find(public_id):
    """The signature or the waiting attempt of this id, or None: (what, is it waiting)."""
    signature = Signature.objects.select_related("petition__count").filter(pk=public_id).first()
    if signature:
        return signature
    return PendingSignature.objects.select_related("petition__count").filter(pk=public_id).first()


def find_code(typed: str):
    """The id that a typed code belongs to, or None."""
    digest = links.code_digest(typed)
    for model in (Signature, PendingSignature):
        public_id = model.objects.filter(code_digest=digest).values_list("pk", flat=True).first()
        if public_id:
            return public_id
    return None


def household(petition_id: int, digest) -> list[Signature]:
    """Everybody counted under this petition from one mailbox."""
    if digest is None:
        return []
    return list(
        Signature.objects.filter(petition_id=petition_id, digest=bytes(digest)).order_by("person")
    )


def next_person(people: list[Signature]) -> int | None:
    """The number that the next person of a household gets; None when it is full."""
    taken = {signature.person for signature in people}
    return next((number for number in range(1, HOUSEHOLD + 1) if number not in taken), None)


@transaction.atomic
def confirm(pending_id, *, name, city, deliver, seen, person=1, updates=True) -> bool:
    """Turn an attempt into a signature, once, however often it is asked for.

    `name`, `city` and `deliver` are what the page showed, `seen` the petition's frozen digest
    as shown; `updates`: whether the tick for updates, if it was set, still is. True if a row was
    made and counted. Raises PetitionChanged, PetitionClosed.
    """
    pending = PendingSignature.objects.select_for_update().filter(pk=pending_id).first()
    if pending is None:
        return False
    petition = _freeze(pending.petition_id, seen)
    _settle_updates(pending, petition, wanted=updates)
    made = Signature.objects.insert_once(
        id=pending.pk,
        petition=petition,
        digest=bytes(pending.digest),
        domain_digest=bytes(pending.domain_digest),
        code_digest=bytes(pending.code_digest),
        person=person,
        language=pending.language,
        signed_on=localdate(),
        **_as_listed(name, city, deliver),
    )
    if not made:
        return False
    pending.delete()
    outbox.confirmed(pending_id)
    counting.add(petition.pk, 1)
    return True


def _settle_updates(pending, petition, *, wanted) -> None:
    """The sealed address goes where nothing leads back to a signature, or away."""
    if pending.updates_box is None:
        return
    if wanted:
        subscriptions.keep(
            campaign_id=petition.campaign_id,
            language=pending.language,
            key_id=pending.updates_key_id,
            box=pending.updates_box,
        )
    PendingSignature.objects.filter(pk=pending.pk).update(updates_box=None, updates_key=None)


@transaction.atomic
def add_person(signature, *, name, city, deliver, seen, person):
    """Count somebody else who shares the mailbox. The new id, or None if that was done before."""
    petition = _freeze(signature.petition_id, seen)
    public_id = uuid.uuid4()
    # The digest comes from the row as it is now: after a removal there is none to share.
    now_there = Signature.objects.confirmed().filter(pk=signature.pk, digest__isnull=False).first()
    if now_there is None or not 1 <= person <= HOUSEHOLD:
        return None
    made = Signature.objects.insert_once(
        id=public_id,
        petition=petition,
        digest=bytes(now_there.digest),
        domain_digest=bytes(now_there.domain_digest),
        code_digest=links.code_digest(links.make_code(public_id)),
        person=person,
        language=translation.get_language(),
        signed_on=localdate(),
        **_as_listed(name, city, deliver),
    )
    if not made:
        return None
    counting.add(petition.pk, 1)
    return public_id


def _freeze(petition_id, seen) -> Petition:
    """The petition, frozen. The first signature's transaction sets the mark, and waits for staff
    who are just changing it; so what is compared here can no longer change."""
    Petition.objects.filter(pk=petition_id, frozen=None).update(frozen=now())
    petition = Petition.objects.prefetch_related("targets").get(pk=petition_id)
    if not petition.takes_confirmations:
        raise PetitionClosed
    if petition.frozen_digest() != seen:
        raise PetitionChanged
    return petition


# Nothing is kept of a name.
UNNAMED = {
    "deliver": False,
    "name": "",
    "city": "",
    "name_key": None,
    "city_key": "",
    "held": False,
    "held_reason": "",
}


def _as_listed(name, city, deliver) -> dict:
    if not deliver:
        return UNNAMED
    reason = _why_held(name, city)
    return {
        "deliver": True,
        "name": name,
        "city": city,
        # Ligatures expand up to eighteen times; an index entry has its limit.
        "name_key": comparison_key(name)[:NAME_KEY],
        "city_key": comparison_key(city)[:CITY_KEY],
        "held": bool(reason),
        "held_reason": reason,
    }


def _why_held(name, city) -> str:
    words = HeldWord.objects.words()
    reasons = (held_reason(name, words), held_reason(city, words, place=True))
    # What no list can carry is told first: nobody can release it.
    return "formula" if "formula" in reasons else reasons[0] or reasons[1]


def correct_waiting(pending_id, *, name, city) -> None:
    PendingSignature.objects.filter(pk=pending_id, deliver=True).update(name=name, city=city)


@transaction.atomic
def correct(signature_id, *, name, city) -> None:
    """Change name and city until they stand on a list. Raises AlreadyListed, SameName."""
    _lock_targets(signature_id)
    try:
        with transaction.atomic():
            changed = (
                Signature.objects.confirmed()
                .filter(pk=signature_id, deliver=True)
                .exclude(delivered__isnull=False)
                .update(**_as_listed(name, city, deliver=True))
            )
    except IntegrityError:
        raise SameName from None
    if not changed and Delivered.objects.filter(signature_id=signature_id).exists():
        raise AlreadyListed


@transaction.atomic
def count_only(signature_id) -> None:
    """Stay counted, without a name. Lists made from now on do not have it."""
    _lock_targets(signature_id)
    Signature.objects.confirmed().filter(pk=signature_id).update(**_as_listed("", "", False))


@transaction.atomic
def remove(signature_id) -> None:
    """Take a signature away: the row where no list has it, else everything in it that is personal."""
    petition_id = _lock_targets(signature_id)
    mine = Signature.objects.confirmed().filter(pk=signature_id)
    blanked = mine.filter(delivered__isnull=False).update(
        state=Signature.State.REMOVED,
        digest=None,
        domain_digest=None,
        **_as_listed("", "", False),
    )
    deleted = 0
    if not blanked:
        deleted, _by_model = mine.delete()
    if blanked or deleted:
        counting.add(petition_id, -1)


def _lock_targets(signature_id) -> int | None:
    """Keep `deliveries.prepare` out until this transaction ends. Returns the petition's id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.petition_id FROM petitions_target t JOIN petitions_signature s"
            " ON s.petition_id = t.petition_id WHERE s.id = %s::uuid"
            " ORDER BY t.id FOR SHARE OF t",
            [signature_id],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def refuse(pending_id) -> None:
    """It was not them: erase the attempt."""
    PendingSignature.objects.filter(pk=pending_id).delete()


# --- Lists that a signature stands on --------------------------------------------------------


def standing_on(signature) -> list[Delivery]:
    return list(
        Delivery.objects.filter(rows__signature_id=signature.pk)
        .select_related("government")
        .order_by("cover_date")
    )


# --- Find ------------------------------------------------------------------------------------


def ask_for_pages(address: str, language: str, *, slow=False) -> None:
    """Queue the mail with the links to one's pages; the worker looks up what is in it."""
    outbox.put(OutboxMessage.Kind.FIND, to=address, language=language, slow=slow)


def write_find_mail(content: dict) -> dict:
    """Subject and body for whom `ask_for_pages` queued. Its size does not tell what was found."""
    found = _pages_of(content["to"])
    with translation.override(content["language"]):
        context = {"site": SiteSettings.load().name, "host": settings.SITE_URL, "pages": found}
        body = render_to_string("emails/find.body.txt", context)
        padding = -len(body.encode()) % FIND_MAIL_BYTES
        return {
            "subject": " ".join(render_to_string("emails/find.subject.txt", context).split()),
            "body": body + "\n" * padding,
        }


_FIND = """
SELECT s.id, p.discreet, p.title FROM petitions_{table} s
JOIN unnest(%s::bigint[], %s::bytea[]) AS mine (petition_id, digest)
    ON s.petition_id = mine.petition_id AND s.digest = mine.digest
JOIN petitions_petition p ON p.id = s.petition_id
"""


def _pages_of(address: str) -> list[dict]:
    """Everybody who signed, or still has to confirm, from this mailbox: link, code, petition."""
    petitions = list(Petition.objects.values_list("pk", flat=True))
    digests = [mailbox_digest(pk, address) for pk in petitions]
    found = []
    for table in ("signature", "pendingsignature"):
        with connection.cursor() as cursor:
            cursor.execute(_FIND.format(table=table), [petitions, digests])
            for public_id, discreet, title in cursor.fetchall():
                code = links.make_code(public_id)
                found.append(
                    {
                        "link": settings.SITE_URL + reverse("petitions:code") + "#" + code
                        if discreet
                        else personal_url(public_id),
                        "petition": "" if discreet else title,
                    }
                )
    return found


# --- Time passes -----------------------------------------------------------------------------


def expire() -> int:
    """Delete attempts after seven days, and addresses after 48 hours."""
    PendingSignature.objects.filter(
        created_at__lt=now() - timedelta(hours=48), address__isnull=False
    ).update(address=None)
    gone, _by_model = PendingSignature.objects.filter(
        created_at__lt=now() - timedelta(days=PENDING_DAYS)
    ).delete()
    return gone
