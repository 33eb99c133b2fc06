"""The verbs of signing: sign, confirm, correct, count only, add a person, remove, find.

`sign` looks nothing up and never touches Signature, so neither its answer nor its time can tell
who has signed. Only what comes through the mailbox changes anything.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime, now

from campaign_site import addresses, erasures, links, outbox, sealing
from campaign_site.group_commit import GroupCommit
from campaign_site.models import ContactKey, HeldWord, OutboxMessage, SiteSettings
from campaign_site.names import comparison_key, held_reason
from campaign_site.page_cache import fact
from campaigns import subscriptions
from petitions import counting, joining
from petitions.models import Delivered, Delivery, PendingSignature, Petition, Signature
from petitions.models.signature import CITY_KEY, HOUSEHOLD, NAME_KEY

PENDING_DAYS = 7
FIND_MAIL_BYTES = 2048
PURPOSE = "signature"  # of the links to personal pages
_ADDRESS = "pending address"
_ATTEMPT_AND_MAIL = GroupCommit(PendingSignature, OutboxMessage)
# An address is kept for 48 hours. The reminder is claimed an hour earlier, because it has that
# long to leave; where that does not work out, it is not sent.
ADDRESS_KEPT = timedelta(hours=48)
REMINDED_AFTER = ADDRESS_KEPT - outbox.LEAVES_WITHIN[OutboxMessage.Kind.REMINDER]
REMINDED_UNTIL = timedelta(days=3)  # later, its words would no longer be true
REMINDERS_AT_ONCE = 200


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


def digests_of(address: str) -> dict[int, bytes]:
    """Of one mailbox, under every petition. Raises ValidationError, even where there is none."""
    mailbox = addresses.canonical(address)
    petitions = Petition.objects.order_by("pk").values_list("pk", flat=True)
    return {pk: mailbox_digest(pk, mailbox) for pk in petitions}


def domain_digest(petition_id: int, address: str) -> bytes:
    return sealing.mac("domain digest", f"{petition_id}:{addresses.domain(address)}".encode())


# --- Signing ---------------------------------------------------------------------------------


def sign(petition, *, name, city, address, deliver, language, updates=False, slow=False) -> None:
    """Insert one attempt and one mail, whatever the address's history.

    One statement and no query: the petition is the one that the visitor's form was checked with.
    """
    public_id = uuid.uuid4()
    mailbox = addresses.canonical(address)
    attempt = {
        "id": public_id,
        "petition_id": petition.pk,
        "name": name if deliver else "",
        "city": city if deliver else "",
        "deliver": deliver,
        "language": language,
        "digest": mailbox_digest(petition.pk, mailbox),
        "domain_digest": domain_digest(petition.pk, mailbox),
        "code_digest": links.code_digest(links.make_code(public_id)),
        "address": None
        if petition.high_risk
        else sealing.seal(_ADDRESS, address.encode(), public_id.bytes),
    }
    if updates_key := ContactKey.current() if updates else None:
        attempt |= {
            "updates_key_id": updates_key.pk,
            "updates_box": subscriptions.seal(
                updates_key, address=address, campaign=petition.campaign, language=language
            ),
        }
    mail = outbox.row(
        OutboxMessage.Kind.CONFIRMATION,
        {
            "to": address,
            "language": language,
            "petition": petition.pk,
            "attempt": public_id.hex,
            "signed_at": now().isoformat(),
        },
        reference=public_id,
        mailbox=mailbox,
        slow=slow or petition.slow_lane,
    )
    _ATTEMPT_AND_MAIL.insert(attempt, mail)


def write_confirmation(content: dict) -> dict:
    """Subject and body of the mail that `sign` queued."""
    number = content["petition"]
    return _mail(
        "confirm",
        uuid.UUID(content["attempt"]),
        fact(("petition", number), lambda: Petition.objects.get(pk=number)),
        content["language"],
        datetime.fromisoformat(content["signed_at"]),
    )


def _isolated(address: str) -> str:
    """Among words that read from the right, the slash at its end stays at its end. The spaces keep
    the marks out of what mail programs make a link of."""
    return f"\u2066 {address} \u2069" if translation.get_language_bidi() else address


def _mail(name, public_id, petition, language, signed_at) -> dict:
    """Subject and body. Nothing that a visitor typed is in them."""
    code = links.make_code(public_id)
    until = signed_at + timedelta(days=PENDING_DAYS)
    with translation.override(language):
        context = {
            "site": SiteSettings.load().name,
            "host": settings.SITE_URL,
            "code_url": _isolated(settings.SITE_URL + reverse("petitions:code")),
            "code": code,
            "code_spaced": links.spaced(code),
            "link": settings.SITE_URL + reverse("petitions:code") + "#" + code
            if petition.discreet
            else personal_url(public_id),
            "petition": None if petition.discreet else petition,
            "until": date_format(localtime(until), "DATE_FORMAT"),
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
    """The signature, or the attempt that still waits, of this id; or None."""
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
    """Everybody who signed this petition from one mailbox, also who does not count any more."""
    if digest is None:
        return []
    return list(
        Signature.objects.filter(petition_id=petition_id, digest=bytes(digest)).order_by("person")
    )


def was_taken_out(people: list[Signature]) -> bool:
    """Whether staff took somebody of this mailbox out of the count: nobody more joins from it."""
    return any(signature.state == Signature.State.INVALIDATED for signature in people)


def next_person(people: list[Signature]) -> int | None:
    """The number that the next person of a household gets; None when nobody more can join."""
    if was_taken_out(people):
        return None
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
    petition = _freeze_as(pending.petition_id, seen)
    if was_taken_out(household(petition.pk, pending.digest)):
        return False
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
    _erase_addresses(pending)
    outbox.confirmed(pending_id)
    counting.add(petition.pk, 1)
    return True


def _erase_addresses(confirmed) -> None:
    """Of this mailbox's other attempts. One that is just being confirmed does so itself."""
    others = PendingSignature.objects.filter(
        digest=bytes(confirmed.digest), address__isnull=False
    ).select_for_update(skip_locked=True)
    PendingSignature.objects.filter(pk__in=others.values("pk")).update(address=None)


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
    petition = _freeze_as(signature.petition_id, seen)
    public_id = uuid.uuid4()
    # The digest comes from the row as it is now: after a removal there is none to share.
    now_there = Signature.objects.confirmed().filter(pk=signature.pk, digest__isnull=False).first()
    if now_there is None or not 1 <= person <= HOUSEHOLD:
        return None
    if was_taken_out(household(petition.pk, now_there.digest)):
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


def freeze(petition_id) -> Petition:
    """The petition, frozen. Whatever inserts its first signatures sets the mark in the same
    transaction, and waits for staff who are just changing it; so what is read here can no longer
    change."""
    Petition.objects.filter(pk=petition_id, frozen=None).update(frozen=now())
    return Petition.objects.prefetch_related("targets").get(pk=petition_id)


def _freeze_as(petition_id, seen) -> Petition:
    """As `freeze`, if it is what this person saw. Raises PetitionClosed, PetitionChanged."""
    petition = freeze(petition_id)
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
        "name_key": name_key(name),
        "city_key": city_key(city),
        "held": bool(reason),
        "held_reason": reason,
    }


# Ligatures expand up to eighteen times; an index entry has its limit.
def name_key(name) -> str:
    return comparison_key(name)[:NAME_KEY]


def city_key(city) -> str:
    return comparison_key(city)[:CITY_KEY]


def _why_held(name, city) -> str:
    return why_held(name, city, HeldWord.objects.words())


def why_held(name, city, words) -> str:
    """Why this waits for review: a key of `names.HELD_REASONS`, or ''."""
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
    petition_id = _lock_targets(signature_id)
    mine = Signature.objects.confirmed().filter(pk=signature_id)
    if mine.update(**UNNAMED):
        _erase_attempts(petition_id, mine.values_list("digest", flat=True).get())
        erasures.append(erasures.UNNAMED, [signature_id])


@transaction.atomic
def remove(signature_id, *, by_staff=False) -> bool:
    """Take a signature away: the row where no list has it, else everything in it that is personal.

    True if a row was there. Of one that staff took out of the count the digest stays, so that it
    cannot come back, unless staff forget it themselves.
    """
    petition_id = _lock_targets(signature_id)
    mine = Signature.objects.filter(pk=signature_id).exclude(state=Signature.State.REMOVED)
    found = mine.select_for_update().values_list("state", "digest").first()
    if found is None:
        return False
    state, digest = found
    _erase_attempts(petition_id, digest)
    if state == Signature.State.INVALIDATED and not by_staff:
        mine.update(domain_digest=None, invalidation=None, **UNNAMED)
    elif not mine.filter(delivered__isnull=False).update(
        state=Signature.State.REMOVED, digest=None, domain_digest=None, **UNNAMED
    ):
        mine.delete()
    erasures.append(erasures.FORGOTTEN if by_staff else erasures.REMOVED, [signature_id])
    if state == Signature.State.CONFIRMED:
        counting.add(petition_id, -1)
    return True


def _erase_attempts(petition_id, digest) -> None:
    """What else this mailbox typed under the petition and did not confirm."""
    waiting = PendingSignature.objects.filter(petition=petition_id, digest=digest)
    for pending_id in waiting.values_list("pk", flat=True):
        refuse(pending_id)


def _lock_targets(signature_id) -> int | None:
    """As `lock_targets_of` this signature's petition, whose id it returns."""
    found = Signature.objects.filter(pk=signature_id).values_list("petition", flat=True).first()
    if found is not None:
        lock_targets_of(found)
    return found


def lock_targets_of(petition_id) -> None:
    """Keep `deliveries.prepare` out until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM petitions_target WHERE petition_id = %s::bigint ORDER BY id FOR SHARE",
            [petition_id],
        )


@transaction.atomic
def refuse(pending_id) -> None:
    """It was not them: erase the attempt, and a mail about it that has not left yet."""
    PendingSignature.objects.filter(pk=pending_id).delete()
    outbox.not_needed(pending_id)


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
    digests = digests_of(address)
    found = []
    for table in ("signature", "pendingsignature"):
        with connection.cursor() as cursor:
            cursor.execute(_FIND.format(table=table), [list(digests), list(digests.values())])
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
    for request in joining.requests_of(address):
        found.append({"link": joining.personal_url(request.public_id), "petition": ""})
    return found


# --- Time passes -----------------------------------------------------------------------------


_CLAIM_REMINDERS = """
UPDATE petitions_pendingsignature p SET address = NULL
FROM (
    SELECT id, address FROM petitions_pendingsignature
    WHERE address IS NOT NULL AND created_at < %s::timestamptz
    ORDER BY created_at
    FOR UPDATE SKIP LOCKED
    LIMIT %s::integer
) claimed
WHERE p.id = claimed.id
RETURNING p.id, p.petition_id, p.digest, p.language, p.created_at, claimed.address
"""


def remind() -> int:
    """Write once to everybody who has not confirmed, and erase their addresses in the same step."""
    sent = 0
    while (batch := _remind_batch()) is not None:
        sent += batch
    return sent


@transaction.atomic
def _remind_batch() -> int | None:
    """How many reminders were queued; None when there was nobody left to look at."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_REMINDERS, [now() - REMINDED_AFTER, REMINDERS_AT_ONCE])
        claimed = cursor.fetchall()
    if not claimed:
        return None
    petitions = Petition.objects.in_bulk({petition_id for _id, petition_id, *_rest in claimed})
    digests = [bytes(digest) for _id, _petition, digest, *_rest in claimed]
    counted = Signature.objects.filter(digest__in=digests, petition__in=petitions)
    counted = set(map(bytes, counted.values_list("digest", flat=True)))
    queued = 0
    for public_id, petition_id, digest, language, signed_at, box in claimed:
        petition = petitions[petition_id]
        late = signed_at < now() - REMINDED_UNTIL
        if late or petition.high_risk or not petition.takes_confirmations:
            continue
        if bytes(digest) in counted:
            continue
        try:
            address = sealing.open_sealed(_ADDRESS, box, public_id.bytes).decode()
        except sealing.Unreadable:
            continue  # it is erased, as it should be; there is nobody to write to
        outbox.put(
            OutboxMessage.Kind.REMINDER,
            to=address,
            reference=public_id,
            slow=petition.slow_lane,
            **_mail("reminder", public_id, petition, language, signed_at),
        )
        queued += 1
    return queued


def expire() -> int:
    """Delete attempts after seven days, and addresses after 48 hours."""
    PendingSignature.objects.filter(
        created_at__lt=now() - ADDRESS_KEPT, address__isnull=False
    ).update(address=None)
    gone, _by_model = PendingSignature.objects.filter(
        created_at__lt=now() - timedelta(days=PENDING_DAYS)
    ).delete()
    return gone
