"""Rows as people make them, by the real verbs. Each makes only what the test asks for."""

import itertools
import re
from datetime import time, timedelta

from django.conf import settings
from django.core import mail
from django.utils.timezone import localdate

from campaign_site import contact_keys, outbox, translations
from campaign_site.management.commands.worker import WRITERS
from campaign_site.models import Language, Member
from campaigns.models import (
    Addressee,
    Campaign,
    Demand,
    Document,
    Event,
    Government,
    Office,
    Organisation,
    Profile,
    Update,
)
from petitions import joining, signing
from petitions.models import (
    JoinRequest,
    OpenLetter,
    PendingSignature,
    Petition,
    Signature,
    Target,
)

_number = itertools.count(1)


def make_member(role="administrator", **values):
    number = next(_number)
    member = Member(username=f"{role}{number}", role=role, **values)
    member.set_unusable_password()
    member.save()
    return member


def make_government(name="Government of Estrava", *, addressee="Minister of Justice", **values):
    government = Government.objects.create(slug=f"government-{next(_number)}", name=name, **values)
    if addressee:
        Addressee.objects.create(
            government=government, office=addressee, salutation="Your Excellency,"
        )
    return government


def make_office(government, **values):
    values = {"kind": "embassy", "name": "Embassy of Estrava", "city": "Ottawa"} | values
    return Office.objects.create(government=government, **values)


def make_organisation(name="Free Voices", **values):
    return Organisation.objects.create(slug=f"organisation-{next(_number)}", name=name, **values)


def make_campaign(**values):
    values = {
        "slug": f"campaign-{next(_number)}",
        "title": "Bring Marta Ilin home",
        "summary": "Marta Ilin is in prison.",
        "state": Campaign.State.PUBLISHED,
    } | values
    demands = values.pop("demands", ())
    campaign = Campaign.objects.create(**values)
    for text in demands:
        Demand.objects.create(campaign=campaign, text=text)
    return campaign


def make_profile(**values):
    values = {
        "slug": f"person-{next(_number)}",
        "name": "Marta Ilin",
        "status": Profile.Status.IMPRISONED,
        "status_as_of": "2026-03",
        "summary": "A journalist.",
        "consent": "Her sister agreed by letter.",
        "state": Profile.State.PUBLISHED,
    } | values
    return Profile.objects.create(**values)


def make_document(**values):
    number = next(_number)
    values = {
        "slug": f"document-{number}",
        "kind": Document.Kind.PRISON_LETTER,
        "title": f"Letter {number}",
        "summary": "She asks her sister not to wait.",
        "date": "2021-05",
        "sender": "Marta Ilin",
        "recipient": "Her sister",
        "salutation": "Dear Ana,",
        "text": "I am well.",
        "text_language": "en",
        "state": Document.State.PUBLISHED,
    } | values
    return Document.objects.create(**values)


def make_open_letter(**values):
    values = {
        "slug": f"letter-{next(_number)}",
        "title": "Open letter to the Minister of Justice",
        "summary": "Writers ask for her release.",
        "to": "The Minister of Justice of Estrava",
        "date": "2027-03",
        "salutation": "Your Excellency,",
        "text": "We write about **Marta Ilin**.",
        "demands": ["Set Marta Ilin free."],
        "open_to_requests": True,
        "state": OpenLetter.State.PUBLISHED,
    } | values
    return OpenLetter.objects.create(**values)


def ask_to_join(letter, *, email=None, **values) -> JoinRequest:
    """By the verb behind the form."""
    before = set(JoinRequest.objects.values_list("pk", flat=True))
    values = {"name": "Ola Brandt", "role": "writer", "organisation": "", "language": "en"} | values
    address = email or f"signer{next(_number)}@example.org"
    joining.ask(letter, address=address, **values)
    return JoinRequest.objects.exclude(pk__in=before).get()


def confirm_request(request) -> JoinRequest:
    joining.confirm(request.public_id)
    return JoinRequest.objects.get(pk=request.pk)


def approve_request(request, *, by=None) -> JoinRequest:
    joining.approve(confirm_request(request), by=by)
    return JoinRequest.objects.get(pk=request.pk)


def pdf(inside=b"", *, end=b""):
    """The smallest that is one."""
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog" + inside + b">>endobj\nstartxref\n9\n%%EOF\n" + end


def make_update(*, campaigns=(), profiles=(), later=(), **values):
    """News; `later` has pairs of a date and what came of it then."""
    values = {
        "slug": f"update-{next(_number)}",
        "title": "Marta Ilin may see her daughter",
        "date": "2026-03-04",
        "body": "For **half an hour**, through glass.",
        "state": Update.State.PUBLISHED,
    } | values
    update = Update.objects.create(**values)
    update.campaigns.set(campaigns)
    update.profiles.set(profiles)
    for date, body in later:
        update.follow_ups.create(date=date, body=body)
    return update


def make_event(*, campaigns=(), profiles=(), hosts=(), in_days=10, **values):
    """A vigil in so many days, of two hours."""
    values = {
        "slug": f"event-{next(_number)}",
        "title": "Vigil for Marta Ilin",
        "starts_on": (localdate() + timedelta(days=in_days)).isoformat(),
        "starts_at": time(19),
        "ends_at": time(21),
        "zone": "America/Toronto",
        "state": Event.State.PUBLISHED,
    } | values
    event = Event.objects.create(**values)
    event.campaigns.set(campaigns)
    event.profiles.set(profiles)
    event.hosts.set(hosts)
    return event


def make_petition(*, governments=None, campaign=None, **values):
    values = {
        "slug": f"petition-{next(_number)}",
        "title": "Free Marta Ilin and let her come home",
        "summary": "She is in prison for what she wrote.",
        "salutation": "Your Excellency,",
        "letter": "I am writing to you about Marta Ilin.",
        "demands": ["Set Marta Ilin free without delay."],
    } | values
    state = values.pop("state", Petition.State.PUBLISHED)
    petition = Petition.objects.create(campaign=campaign or make_campaign(), **values)
    for government in governments or [make_government()]:
        Target.objects.create(
            petition=petition, government=government, addressee=government.addressees.first()
        )
    petition.promise = petition.promise or petition.default_promise
    petition.state = state
    petition.save()
    return petition


def offer(*codes):
    """Languages that somebody who speaks them has read; all of the interface if none is named."""
    every = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    for code in codes or every:
        Language.objects.update_or_create(
            code=code, defaults={"read_by": "Aygül Tursun", "read_on": localdate()}
        )


def translate(row, *codes, state="published", **texts):
    """Say what stands in a row in these languages (offered: all), its own words with the code."""
    for code in codes or Language.objects.values_list("code", flat=True):
        said = {
            field: [f"{code}: {one}" for one in text]
            if isinstance(text := getattr(row, field), list)
            else f"{code}: {text}"
            for field in row.to_translate()
        } | texts
        entry = {
            "state": state,
            "texts": {field: text for field, text in said.items() if text},
            "of": {field: row.digest(field) for field in said},
            "read_by": "Aygül Tursun",
            "was_published": state == "published",
        }
        translations.save(row, code, entry, seen=row.translation(code)["version"])


def fresh(petition) -> Petition:
    return Petition.objects.get(pk=petition.pk)


def make_contact_key(file, *, by=None):
    """From now on petitions offer updates; `file` has the private half."""
    return contact_keys.create(file, label="Spring", by=by)


def sign(
    petition,
    *,
    name="Amina Yusuf",
    city="Lund",
    email=None,
    deliver=True,
    language="en",
    updates=False,
):
    """One attempt, by the verb behind the form."""
    address = email or f"signer{next(_number)}@example.org"
    before = set(PendingSignature.objects.values_list("pk", flat=True))
    signing.sign(
        petition,
        name=name,
        city=city,
        address=address,
        deliver=deliver,
        language=language,
        updates=updates,
    )
    return PendingSignature.objects.exclude(pk__in=before).get()


def confirm(pending, **values) -> Signature | None:
    values = {
        "name": pending.name,
        "city": pending.city,
        "deliver": pending.deliver,
        "seen": fresh(pending.petition).frozen_digest(),
    } | values
    signing.confirm(pending.pk, **values)
    return Signature.objects.filter(pk=pending.pk).first()


def sign_and_confirm(petition, **values) -> Signature:
    return confirm(sign(petition, **values))


def send_mails() -> list:
    """What the worker sends now: the mails, oldest first."""
    start = len(mail.outbox)
    while outbox.send_next(writers=WRITERS):
        pass
    return mail.outbox[start:]


def code_in(message) -> str:
    return re.search(r"\b[A-Z2-7]{4} [A-Z2-7]{4} [A-Z2-7]{2}\b", message.body).group()
