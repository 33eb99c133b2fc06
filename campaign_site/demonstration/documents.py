"""Real people and campaigns, from the records in `data/`; README.md says where they come from.

What a document does not say stays empty here, too.
"""

from datetime import UTC, datetime, time

from django.utils.text import slugify

from campaign_site import translations
from campaign_site.demonstration import making
from campaign_site.partial_dates import describe
from campaigns.models import (
    Addressee,
    Campaign,
    Document,
    EarlierPlace,
    Event,
    FollowUp,
    Government,
    HealthNote,
    LegalStatus,
    Organisation,
    Penalty,
    Profile,
    ProfileName,
    TimelineEntry,
    Update,
    Violation,
)
from petitions import counting
from petitions.models import LedgerEntry, OpenLetter, SigningOrganisation, SigningPerson

# How the timelines of the data files name the documents.
DOCUMENTS = {
    "000": "Amnesty International Canada, petition page",
    "001": "Campaign archive",
    "002": "Uyghur Canadian Society, news page",
    "003": "Open letter to British MPs, 2015",
    "004": "Amnesty International, news on China, 2020",
}
# The dates that stand on a petition page, by person: arrest, trial, sentence, change, silence.
KEY_DATES = {"huseyin-celil": {"2006-03", "2006-08", "2007-04", "2016-02", "2016"}}
# Letters that the records do not tell apart: by a prisoner, and by an official.
OTHER_KINDS = {"celil-prison-letter-2008": "prison_letter", "baird-reply-2014": "reply"}
CONSENT = (
    "Facts published earlier in the documents named as sources; nothing is invented, and there is "
    "no picture. Published for the demonstration on one machine only."
)
# The rows below a profile, by their name in the data file.
ROWS = {
    LegalStatus: "legal_statuses",
    EarlierPlace: "places",
    Penalty: "penalties",
    Violation: "violations",
    HealthNote: "health_notes",
}
# The page with the counter of 785 has no date. Its newest fact is of February 2016, so the 785
# were counted then or later: more than that nobody can say.
COUNTED_SINCE = "2016-02/.."
# Nothing untrue about a real government: this list was given to nobody.
CASE_LIST_NOTE = (
    "Compiled for this demonstration from documents that end in 2021, to show how a record looks "
    "on paper. It was submitted to nobody."
)


def load(*, host, approver) -> None:
    for record in making.read("data/organisations.json"):
        Organisation.objects.create(
            slug=record["slug"], name=record["name"], country=record.get("country", "")
        )
    governments = {
        record["slug"]: _government(record) for record in making.read("data/governments.json")
    }
    records = making.read("data/profiles.json")
    profiles = {record["slug"]: _profile(record) for record in records}
    for record in records:
        profiles[record["slug"]].related.add(
            *(profiles[slug] for slug in record.get("related", []))
        )
    campaigns = {
        record["slug"]: _campaign(record, governments, profiles, host)
        for record in making.read("data/campaigns.json")
    }
    for record in making.read("data/campaigns.json"):
        for paper in record["documents"]:
            _document(paper, campaigns[record["slug"]], profiles, _organisations_of(paper, record))
        for signed in record["open_letter_signatories"]:
            _open_letter(signed, campaigns[record["slug"]])
    for record in making.read("data/petitions.json"):
        _petition(record, governments, profiles, campaigns, approver)
    making.freeze_list(
        people=[profiles["huseyin-celil"]],
        by=approver,
        slug="record-of-huseyin-celil",
        title="Case record: Huseyin Celil",
        recipient=governments["government-of-canada"],
        submitted_by=host,
        introduction=CASE_LIST_NOTE,
        report_back_requested=False,
    )


def _government(record):
    government = Government.objects.create(
        slug=record["slug"],
        name=record["name"],
        kind=record["kind"],
        country=record["country"],
    )
    holders = {}
    for holder in record["office_holders"]:
        holders.setdefault((holder["name"], holder["office"]), []).append(holder)
    for (name, office), mentions in holders.items():
        # "Named in", not "since": a document says who held the office on its day, no more.
        dates = "; ".join(mention["date_text"] for mention in mentions)
        documents = "; ".join(
            dict.fromkeys(
                source["document"] for mention in mentions for source in mention["sources"]
            )
        )
        Addressee.objects.create(
            government=government,
            name=name,
            office=office,
            salutation=record["salutation"],
            source=f"Named in that office: {dates} ({documents})",
        )
    return government


def _profile(record):
    names = record.get("names_other", [])
    spoken = [name["name"] for name in names if name.get("note", "").startswith("how to pronounce")]
    profile = Profile.objects.create(
        slug=record["slug"],
        state=Profile.State.PUBLISHED,
        name=record["name"],
        family_name=record.get("family_name", ""),
        pronunciation="".join(spoken[:1]),
        status=record["status"],
        status_as_of=record["status_as_of"],
        status_note=record.get("status_note", ""),
        place=record.get("location", ""),
        area=record.get("area", ""),
        gender=record.get("gender", ""),
        born=record.get("date_of_birth", ""),
        ethnicity=record.get("ethnicity", ""),
        occupation=record.get("occupation", ""),
        work=record.get("work", ""),
        category=record.get("category", ""),
        charges=record.get("charges", []),
        summary=record["summary"],
        background=record.get("background", ""),
        requests=record.get("requests", []),
        questions=record.get("questions", []),
        represents=record.get("represents", ""),
        well_known=record.get("well_known", ""),
        governments_active=record.get("governments_active", []),
        connection=record.get("connection_to_canada", ""),
        sources=_source_lines(record),
        consent=CONSENT,
    )
    profile.sponsors.set(Organisation.objects.filter(slug__in=record.get("sponsors", [])))
    ProfileName.objects.bulk_create(
        ProfileName(
            profile=profile,
            name=name["name"],
            language=name.get("language", ""),
            note=name.get("note", ""),
        )
        for name in names
        if name["name"] not in spoken
    )
    TimelineEntry.objects.bulk_create(_key_date(profile, entry) for entry in record["timeline"])
    for model, key in ROWS.items():
        model.objects.bulk_create(
            model(profile=profile, **row | {"source": _source(row)}) for row in record.get(key, [])
        )
    return profile


def _key_date(profile, entry):
    approximate = entry.get("approximate", False)
    return TimelineEntry(
        profile=profile,
        date=entry["date"] + "~" * approximate,
        # Where the date was worked out, or stands for sorting only, the words are the fact.
        date_words=entry["date_text"] if approximate or entry.get("date_inferred") else "",
        kind=entry["kind"],
        what=entry["what"],
        authority=entry.get("authority", ""),
        source=_source(entry),
        on_petition=entry["date"] in KEY_DATES.get(profile.slug, ()),
    )


def _source(row):
    source = row.get("source", "")
    for code, title in DOCUMENTS.items():
        source = source.replace(f"{code}, line", f"{title}, line")
    return source


def _campaign(record, governments, profiles, host):
    campaign = Campaign.objects.create(
        slug=record["slug"],
        state=Campaign.State.PUBLISHED,
        title=record["title"],
        summary=record["summary"],
        story=record["body"],
    )
    making.ask(campaign, record["demands"], governments)
    making.suggest(campaign, record["further_actions"])
    campaign.profiles.set(profiles[slug] for slug in record["profile_slugs"])
    campaign.related_profiles.set(profiles[slug] for slug in record["related_profile_slugs"])
    for update in record["updates"]:
        _update(update, campaign, profiles)
    for event in record["events"]:
        _event(event, campaign, profiles)
    # The organisations in the documents did not make this site, so none of them is behind it.
    campaign.organisations.add(host)
    return campaign


def _organisations_of(paper, record) -> list[str]:
    """Slugs of those that stand under it: the members of a coalition on that day."""
    return [
        slug
        for signed in record["open_letter_signatories"]
        if signed["document"] == paper["slug"]
        for slug in signed["organisations"]
    ]


def _open_letter(signed, campaign):
    """Of those that are open letters; the other texts name their organisations themselves. Nobody
    can ask to join what was sent years ago."""
    document = Document.objects.get(slug=signed["document"])
    if document.kind != Document.Kind.OPEN_LETTER:
        return
    letter = OpenLetter.objects.create(
        slug=document.slug,
        state=OpenLetter.State.PUBLISHED,
        title=document.title,
        summary=document.summary,
        to=document.recipient,
        date=document.date,
        date_words=document.date_words,
        document=document,
        sources="\n".join(filter(None, [document.sources, signed.get("note", "")])),
    )
    letter.campaigns.add(campaign)
    for place, slug in enumerate(signed["organisations"], 1):
        SigningOrganisation.objects.create(
            letter=letter, organisation=Organisation.objects.get(slug=slug), position=place
        )
    for place, record in enumerate(signed["individuals"], 1):
        person = SigningPerson.objects.create(
            letter=letter, name=record["name"], role=record["role"], position=place
        )
        if "name_zh" in record:
            _say_name(person, "zh-hans", record["name_zh"])


def _say_name(person, code, name):
    """As it is printed in the version of the letter in that language."""
    translations.save(
        person,
        code,
        {
            "state": translations.State.PUBLISHED.value,
            "texts": {"name": name},
            "of": {"name": person.digest("name")},
            "translated_by": "",
            "read_by": DOCUMENTS["003"],
        },
        seen=0,
    )


def _document(record, campaign, profiles, organisations):
    """The text itself is not in our records: a summary, and where it can be read."""
    original = record.get("translation_of")
    document = Document.objects.create(
        slug=record["slug"],
        state=Document.State.PUBLISHED,
        kind=OTHER_KINDS.get(record["slug"], record["kind"]),
        title=record["title"],
        summary=record["summary"],
        date=record["date"],
        date_words=record["date_text"] if record.get("date_inferred") else "",
        sender=record["from"],
        recipient=record["to"],
        text_language=record.get("language", ""),
        translation_of=original and Document.objects.get(slug=original),
        provenance=record.get("language_note", ""),
        sources=_source_lines(record),
    )
    document.campaigns.add(campaign)
    document.senders.set(Organisation.objects.filter(slug__in=organisations))
    document.published_by.set(Organisation.objects.filter(slug__in=record.get("published_by", ())))
    document.profiles.set(
        profile for profile in profiles.values() if profile.name in record["from"]
    )


def _update(record, campaign, profiles):
    update = Update.objects.create(
        slug=record["slug"],
        state=Update.State.PUBLISHED,
        title=record["title"],
        body=record["body"],
        sources=_source_lines(record),
        **_dated(record),
    )
    update.campaigns.add(campaign)
    # The records do not say whom an item is about: it is about those whom it names.
    text = record["title"] + record["body"]
    update.profiles.set(person for person in profiles.values() if person.name in text)
    for later in record["updates"]:
        FollowUp.objects.create(update=update, body=later["body"], **_dated(later))


# The zone of the clocks: the documents give hours without one, for these cities.
ZONES = {"Toronto (Etobicoke)": "America/Toronto", "Toronto": "America/Toronto"}
ZONES |= {"Montreal": "America/Toronto"}


def _event(record, campaign, profiles):
    first, _t, begins = record["starts"].partition("T")
    last, _t, ends = record.get("ends", "").partition("T")
    text = record.get("summary", "")
    event = Event.objects.create(
        slug=slugify(record["title"])[:80].rstrip("-"),
        state=Event.State.PUBLISHED,
        title=record["title"],
        description=text,
        starts_on=first,
        starts_at=time.fromisoformat(begins) if begins else None,
        ends_on=last if last != first else "",
        ends_at=time.fromisoformat(ends) if ends else None,
        zone=ZONES[record["city"]] if begins else "",
        venue=record.get("place", ""),
        city=record.get("city", ""),
        country=record["country"],
        sources="\n".join(filter(None, [_source_lines(record), record.get("date_note")])),
    )
    event.campaigns.add(campaign)
    event.profiles.set(person for person in profiles.values() if person.name in text)
    event.hosts.set(Organisation.objects.filter(slug__in=record.get("organisers", ())))


def _dated(record):
    """Where the words say more, or the date was worked out, they are what is shown."""
    words = record["date_text"].removesuffix(" (inferred)")
    return {
        "date": record["date"],
        "date_words": words if words != describe(record["date"]) else "",
    }


def _source_lines(record):
    return "\n".join(f"{source['document']}, {source['where']}" for source in record["sources"])


def _petition(record, governments, profiles, campaigns, approver):
    government = governments[record["government"]]
    closes = record["closes"]
    petition = making.make_petition(
        government=government,
        addressee=_addressee(government, record),
        people=[profiles[slug] for slug in record["profile_slugs"]],
        slug=record["slug"],
        campaign=campaigns[record["campaign"]],
        title=record["title"],
        summary=record["summary"],
        salutation=record["salutation"],
        letter=record["letter"].rstrip(),
        demands=record["demands"],
        goal=record["goal"],
        closes_at=closes and datetime.fromisoformat(f"{closes}T23:59:59").replace(tzinfo=UTC),
        outcome="The documents of this demonstration do not say what came of it." if closes else "",
    )
    if record["offset"]:
        counting.enter(
            LedgerEntry(
                petition=petition,
                kind=LedgerEntry.Kind.OFFSET,
                quantity=record["offset"],
                source="Petition page of Amnesty International Canada",
                date=COUNTED_SINCE,
                evidence="The counter on that page. The page has no date; the newest fact that we "
                "took from it is of February 2016, so it was counted then or later.",
            ),
            by=approver,
        )


def _addressee(government, record):
    """The office holder whom the petition names, or the office without a name."""
    for addressee in government.addressees.all():
        if str(addressee) == record["addressee"]:
            return addressee
    return Addressee.objects.create(
        government=government,
        office=record["addressee"],
        salutation=record["salutation"],
        source="The documents name no present holder",
    )
