"""The invented campaign: a country, a prisoner and 240 signers who do not exist.

They sign, confirm, are listed and removed by the verbs that real people's clicks call.
"""

import random
from datetime import time, timedelta
from itertools import product

from django.utils.timezone import localdate, now

from campaign_site.demonstration import drawings, making
from campaign_site.models import AuditEvent
from campaigns.models import (
    Addressee,
    Campaign,
    EarlierPlace,
    Event,
    FollowUp,
    GalleryPhoto,
    Government,
    HealthNote,
    LegalStatus,
    Office,
    Penalty,
    Profile,
    ProfileName,
    TimelineEntry,
    Update,
    Violation,
)
from petitions import counting, deliveries, signing
from petitions.models import Delivery, Handover, LedgerEntry, PendingSignature, Signature, Target

INVENTED = "Invented for this demonstration"
BEFORE_THE_FIRST_LIST = 150
UNNAMED = 18
ASK_FOR_UPDATES = 12  # one in so many
REMOVED = 4
# Days ago: when the petition opened, when the first list was made, when the reply was due.
OPENED, LISTED, REPLY_DUE = 42, 22, 3


def load(words, signers, *, host, staff) -> None:
    today = localdate()
    government, addressee, offices = _government(words["government"])
    portrait = making.picture(
        drawings.portrait(), "Drawing of a woman without a face, beside a window at dusk"
    )
    profile = _profile(words["profile"], today, staff["campaigner"], photo=portrait)
    profile.related.add(_profile(words["printer"], today, staff["campaigner"]))
    profile.sponsors.add(host)
    campaign = Campaign.objects.create(
        state=Campaign.State.PUBLISHED,
        **words["campaign"],
        **making.picture(drawings.crane(), "Drawing of a paper crane over a bay at sunrise"),
    )
    making.ask(campaign, words["demands"], {government.slug: government})
    letter, *others = words["actions"]
    making.suggest(campaign, [letter | {"addressee": addressee}, *others])
    campaign.profiles.add(profile)
    campaign.organisations.add(host)
    making.freeze_list(
        people=[profile],
        by=staff["campaigner"],
        recipient=government,
        addressee=addressee,
        submitted_by=host,
        submitted_on=(today - timedelta(days=LISTED)).isoformat(),
        report_back_due=today + timedelta(days=40),
        **words["case_list"],
    )
    for record in words["updates"]:
        _update(dict(record), campaign, profile, host, today)
    for record in words["events"]:
        _event(dict(record), campaign, profile, host, today)
    petition = making.make_petition(
        government=government,
        addressee=addressee,
        people=[profile],
        campaign=campaign,
        opens_at=now() - timedelta(days=OPENED),
        **words["petition"],
        **portrait,
    )
    Target.objects.filter(petition=petition).update(names_close_on=today + timedelta(days=14))
    counting.enter(
        LedgerEntry(
            petition=petition,
            kind=LedgerEntry.Kind.PAPER,
            date=(today - timedelta(days=30)).isoformat(),
            **words["paper"],
        ),
        by=staff["campaigner"],
    )
    people = signing_people(signers)
    early, late = people[:BEFORE_THE_FIRST_LIST], people[BEFORE_THE_FIRST_LIST:]
    listed = _sign(petition, early, first=OPENED, last=LISTED + 1, today=today)
    _hand_over(words["handovers"], petition, government, offices["embassy"], staff, today)
    waiting = _sign(petition, late, first=LISTED - 1, last=0, today=today)
    # Half of those who leave stand on the first list already: there they leave a gap.
    for public_id in listed[: REMOVED // 2] + waiting[: REMOVED // 2]:
        signing.remove(public_id)


def _government(record):
    government = Government.objects.create(slug=record["slug"], name=record["name"])
    addressee = Addressee.objects.create(government=government, **record["addressee"])
    offices = {
        office["kind"]: Office.objects.create(government=government, **office)
        for office in record["offices"]
    }
    return government, addressee, offices


ROWS = {
    "legal_statuses": LegalStatus,
    "places": EarlierPlace,
    "penalties": Penalty,
    "violations": Violation,
    "health_notes": HealthNote,
    "timeline": TimelineEntry,
}


def _profile(record, today, checked_by, photo=None):
    apart = ("names", "gallery", *ROWS)
    fields = {key: value for key, value in record.items() if key not in apart}
    newest = min(entry["days_ago"] for entry in record["timeline"] if "days_ago" in entry)
    profile = Profile.objects.create(
        state=Profile.State.PUBLISHED,
        status_as_of=(today - timedelta(days=newest)).isoformat(),
        verified_on=today - timedelta(days=10),
        verified_by=checked_by,
        **fields,
        **(photo or {}),
    )
    ProfileName.objects.bulk_create(
        ProfileName(profile=profile, **name) for name in record["names"]
    )
    for key, model in ROWS.items():
        model.objects.bulk_create(
            model(profile=profile, source=INVENTED, **_dated(row, model, today))
            for row in record.get(key, [])
        )
    for row in record.get("gallery", []):
        drawing = getattr(drawings, row["drawing"])()
        words = {key: value for key, value in row.items() if key != "drawing"}
        picture = making.picture(drawing, words.pop("photo_alt"))
        GalleryPhoto.objects.create(profile=profile, **words, **picture)
    return profile


def _dated(row, model, today):
    """`days_ago` as the date of that row."""
    if "days_ago" not in row:
        return row
    date = "dates" if model in (EarlierPlace, LegalStatus) else "date"
    day = (today - timedelta(days=row["days_ago"])).isoformat()
    return {key: value for key, value in row.items() if key != "days_ago"} | {date: day}


def _update(record, campaign, profile, host, today):
    def day(ago):
        return (today - timedelta(days=ago)).isoformat()

    later = record.pop("follow_ups", ())
    update = Update.objects.create(
        state=Update.State.PUBLISHED,
        date=day(record.pop("days_ago")),
        organisation=host if record.pop("by_host", False) else None,
        sources=INVENTED,
        **record,
    )
    update.campaigns.add(campaign)
    update.profiles.add(profile)
    for follow_up in later:
        FollowUp.objects.create(
            update=update, date=day(follow_up["days_ago"]), body=follow_up["body"]
        )


def _event(record, campaign, profile, host, today):
    day = today + timedelta(days=record.pop("in_days"))
    times = {at: time.fromisoformat(record.pop(at)) for at in ("starts_at", "ends_at")}
    event = Event.objects.create(
        state=Event.State.PUBLISHED,
        starts_on=day.isoformat(),
        sources=INVENTED,
        **times,
        **record,
    )
    event.campaigns.add(campaign)
    event.profiles.add(profile)
    event.hosts.add(host)


def signing_people(signers) -> list[tuple[str, str, bool]]:
    """(name, city, deliver) of 240 people, always the same and in the same order."""
    chance = random.Random("Estrava")  # noqa: S311 (nothing here is secret)
    people = []
    for script in signers["scripts"]:
        gap = "" if script["script"] in ("Han", "Tibetan") else " "
        names = [
            gap.join(part for part in name if part)
            for given, family in script["groups"]
            for name in product(given, family)
        ]
        cities = [
            city for city, people_there in script["homes"].items() for _ in range(people_there)
        ]
        people += [
            (name, city, True)
            for name, city in zip(chance.sample(names, len(cities)), cities, strict=True)
        ]
    people += [("", "", False)] * UNNAMED
    chance.shuffle(people)
    # Held names wait on the next list, so they sign last.
    return people + [(held["name"], held["city"], True) for held in signers["held"]]


def _sign(petition, people, *, first, last, today):
    """Sign and confirm for each, spread over the days from `first` to `last` ago. Returns the ids
    of those who are named."""
    named = []
    for number, (name, city, deliver) in enumerate(people):
        signing.sign(
            petition,
            name=name,
            city=city,
            address=f"signer-{first}-{number}@example.org",
            deliver=deliver,
            language="en",
            updates=number % ASK_FOR_UPDATES == 0,
        )
        public_id = PendingSignature.objects.values_list("pk", flat=True).get(petition=petition)
        signing.confirm(
            public_id, name=name, city=city, deliver=deliver, seen=petition.frozen_digest()
        )
        days = first - round((first - last) * number / max(1, len(people) - 1))
        # The verb dates a signature today, as it should; weeks cannot pass while we load.
        Signature.objects.filter(pk=public_id).update(signed_on=today - timedelta(days=days))
        if deliver:
            named.append(public_id)
    return named


def _hand_over(attempts, petition, government, office, staff, today):
    """The first list: refused at the door, posted the next day, and no reply yet."""
    delivery = deliveries.prepare(petition, government, by=staff["delivery"])
    Delivery.objects.filter(pk=delivery.pk).update(
        prepared_at=now() - timedelta(days=LISTED),
        cover_date=today - timedelta(days=LISTED),
        reply_due=today - timedelta(days=REPLY_DUE),
    )
    delivery.refresh_from_db()
    _was_done(LISTED, about=delivery)
    for attempt in attempts:
        photo = {}
        if attempt["outcome"] == Handover.Outcome.REFUSED:
            photo = making.picture(drawings.door(), "Drawing of a parcel before a closed door")
        deliveries.hand_over(
            delivery,
            Handover(
                office=office,
                on=today - timedelta(days=attempt["days_ago"]),
                outcome=attempt["outcome"],
                method=attempt["method"],
                carried_by=attempt["carried_by"],
                notes=attempt["notes"],
                public_line=attempt["public_line"].format(names=delivery.names),
                **photo,
            ),
            by=staff["delivery"],
        )
        _was_done(attempt["days_ago"], about=delivery)


def _was_done(days_ago, *, about):
    """What the audit trail says last."""
    last = AuditEvent.objects.first()
    at = now() - timedelta(days=days_ago)
    AuditEvent.objects.filter(pk=last.pk).update(at=at, about=str(about))
