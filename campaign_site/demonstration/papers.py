"""Invented letters and documents of the Estrava campaign: insertions, footnotes, a translation, an
exchange of letters, enclosures, and a file to download."""

from datetime import timedelta

import typst
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from campaign_site import files
from campaign_site.demonstration import making
from campaign_site.demonstration.estrava import INVENTED
from campaigns.models import Campaign, Document, Enclosure, Organisation, Profile
from campaigns.models.document import FOLDER
from petitions import joining
from petitions.models import OpenLetter, SigningOrganisation, SigningPerson


def load() -> None:
    words = making.read("papers.json")
    campaign = Campaign.objects.get(slug="free-marta-ilin")
    person = Profile.objects.get(slug="marta-ilin")
    page = files.store(FOLDER, SimpleUploadedFile("page.pdf", _page(words["page"])))
    made = {}
    for record in words["documents"]:
        document = _document(dict(record), made, page)
        document.campaigns.add(campaign)
        document.profiles.add(person)
        made[document.slug] = document

    _open_letter(words["open_letter"], campaign)


def _open_letter(words, campaign):
    """One that others may ask to join, and somebody who waits for an answer."""
    letter = OpenLetter.objects.create(
        state=OpenLetter.State.PUBLISHED,
        date=(localdate() - timedelta(days=words["days_ago"])).isoformat(),
        open_to_requests=True,
        sources=INVENTED,
        **words["letter"],
    )
    letter.campaigns.add(campaign)
    for place, record in enumerate(words["organisations"], 1):
        speaker = {key: record[key] for key in ("speaker", "speaker_role") if key in record}
        organisation = Organisation.objects.create(
            slug=record["slug"], name=record["name"], acronym=record.get("acronym", "")
        )
        SigningOrganisation.objects.create(
            letter=letter, organisation=organisation, position=place, **speaker
        )
    for place, record in enumerate(words["people"], 1):
        SigningPerson.objects.create(letter=letter, position=place, **record)
    joining.ask(letter, address="typesetter@example.org", language="en", **words["request"])
    joining.confirm(letter.requests.get().public_id)


def _document(record, made, page):
    enclosures = record.pop("enclosures", [])
    if "days_ago" in record:
        record["date"] = (localdate() - timedelta(days=record.pop("days_ago"))).isoformat()
    for field in ("translation_of", "answers"):
        if field in record:
            record[field] = made[record[field]]
    if "file" in record:
        record["file"] = page
    document = Document.objects.create(state=Document.State.PUBLISHED, sources=INVENTED, **record)
    for enclosure in enclosures:
        Enclosure.objects.create(
            document=document,
            title=enclosure["title"],
            enclosed=made.get(enclosure.get("enclosed")),
            file=page if "file" in enclosure else None,
        )
    return document


def _page(words) -> bytes:
    """One page as a PDF, without a word on who made it and when."""
    rows = "".join(f"[{what}], [{cost}], " for what, cost in words["rows"])
    source = (
        '#set page(paper: "a5", margin: 2cm)\n#set text(size: 12pt)\n'
        f"= {words['title']}\n#v(1em)\n"
        f"#table(columns: (1fr, auto), align: (start, end), stroke: none, {rows})\n"
        f"#v(1fr)\n_{words['foot']}_"
    )
    return typst.compile(source.encode(), ignore_system_fonts=True, timestamp=0, pdf_tags=False)
