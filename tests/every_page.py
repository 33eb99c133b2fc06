"""Every public page, taken from the URLconf, on a site that has one of everything.

A new page joins by itself; one with a parameter that nobody knows here fails the tests that ask.
"""

import io
from datetime import timedelta
from functools import cached_property

from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.timezone import localdate, now
from PIL import Image

from campaign_site import files, links, pictures
from campaign_site.models import SiteSettings
from campaigns import case_lists
from campaigns.models import (
    CaseList,
    EarlierPlace,
    Enclosure,
    GalleryPhoto,
    HealthNote,
    LegalStatus,
    Organisation,
    Penalty,
    Profile,
    ProfileName,
    TimelineEntry,
    Violation,
)
from petitions import counting, events, joining, signing
from petitions.models import (
    LedgerEntry,
    Petition,
    Signature,
    SigningOrganisation,
    SigningPerson,
)
from tests import factories
from tests.site_urls import addresses

PHOTO = {"photo_alt": "Portrait of Marta Ilin, smiling", "photo_credit": "Photo: Family archive"}


def _photo(width, height):
    content = io.BytesIO()
    Image.effect_mandelbrot((width, height), (-2, -1.5, 1, 1.5), 60).save(content, "PNG")
    return pictures.store(SimpleUploadedFile("marta.png", content.getvalue(), "image/png"))


class Everything:
    """One of everything that a page can show. Photos go to MEDIA_ROOT: let it be temporary."""

    def __init__(self):
        photo = PHOTO | {"photo": _photo(1200, 900)}
        self.person = factories.make_profile(
            native_name="Марта Ильин", native_language="ru", place="Estrava", **photo
        )
        TimelineEntry.objects.create(
            profile=self.person, date="2015-05", what="Arrested at home.", source="Her family"
        )
        TimelineEntry.objects.create(profile=self.person, date="2016", what="Sentenced.")
        ProfileName.objects.create(profile=self.person, name="Marta Illine")
        self._whole_record()
        self.campaign = factories.make_campaign(
            story="## How it began\n\nAt night. **Nobody** was told.\n\n- One\n- Two",
            demands=["Free her.", "Let her write."],
            **photo,
        )
        self.campaign.profiles.add(self.person)
        self.campaign.organisations.add(
            Organisation.objects.create(slug="voices", name="Free Voices", acronym="FV")
        )
        self._write_letters()
        self.updates = self._updates(photo)
        self._sign_letters()
        self.events = self._events(photo)
        self.petition = self._petition(goal=1000, show_count_from=1, **photo)
        entry = LedgerEntry(
            petition=self.petition,
            kind="offset",
            quantity=785,
            source="Old page",
            date="2020",
            evidence="x",
        )
        counting.enter(entry)
        self._let_it_grow()
        self.closed = self._petition(
            opens_at=now() - timedelta(days=9),
            closes_at=now() - timedelta(days=1),
            outcome="She is free.",
        )
        self.later = self._petition(opens_at=now() + timedelta(days=1))
        self.named = self._petition(discreet=False)
        self.removed = self._petition()
        Petition.objects.filter(pk=self.removed.pk).update(state="removed")
        factories.offer()
        site = SiteSettings.load()
        site.about = "## What we do\n\nWe **write**."
        site.save()
        factories.translate(site, "fr", "ug")
        for row in (self.petition, self.closed, self.later, self.named):
            factories.translate(row)
        factories.translate(self.person, "fr")
        factories.translate(self.campaign, "fr", "ug")
        factories.translate(self.letter, "fr", "ug")
        self.case_list = self._case_list()
        factories.translate(self.updates[0], "fr", "ug")
        factories.translate(self.open_letter, "fr", "ug")
        for row in self.open_letter.signing_people.all():
            factories.translate(row, "fr", "ug")
        factories.translate(self.events[0], "fr", "ug")
        # By the part of the names of staff pages that says of what they are.
        self.rows = {
            "campaigns_caselist": self.case_list,
            "petitions_petition": self.petition,
            "campaigns_profile": self.person,
            "campaigns_campaign": self.campaign,
            "campaigns_document": self.letter,
            "campaigns_update": self.updates[0],
            "petitions_openletter": self.open_letter,
            "petitions_joinrequest": self.join_requests[1],
            "campaigns_event": self.events[0],
            "campaigns_government": self.petition.targets.get().government,
            "campaigns_organisation": self.campaign.organisations.get(),
            "petitions_ledgerentry": entry,
            "campaign_site_member": factories.make_member("campaigner"),
        }

    def _whole_record(self):
        """Every kind of row that a person's page shows."""
        person, source = self.person, {"source": "Her family"}
        Profile.objects.filter(pk=person.pk).update(
            area="Estrava",
            work="media",
            ethnicity="Harbour people",
            gender="female",
            category="Prisoner of conscience",
            status_as_of="2018",
            questions=["Where is she?"],
            requests=["Free her."],
            charges=["slander"],
            represents="All who write.",
            well_known="Not yet.",
            connection="A sister.",
            governments_active=["Sweden: asked."],
            sources="A newspaper",
        )
        person.refresh_from_db()
        TimelineEntry.objects.filter(date="2015-05").update(kind="arrest", authority="Police")
        rows = (
            (Penalty, {"kind": "prison", "years": 4, "months": 6, "suspended": True}),
            (Penalty, {"kind": "life", "step": "reduced", "extra": "A fine.", "court": "A court"}),
            (Penalty, {"kind": "other", "words": "Nobody knows."}),
            (Violation, {"kind": "torture", "note": "In May."}),
            (Violation, {"kind": "no_lawyer"}),
            (HealthNote, {"date": "2016", "text": "Asthma."}),
            (EarlierPlace, {"name": "Oru", "dates": "2015-05/2016"}),
            (LegalStatus, {"what": "Citizen of Estrava", "dates": "2005/.."}),
        )
        for model, values in rows:
            model.objects.create(profile=person, **source, **values)
        more = PHOTO | {"photo": _photo(800, 600), "caption": "A bay"}
        GalleryPhoto.objects.create(profile=person, **more)
        GalleryPhoto.objects.create(profile=person, **more, video="https://video.example.org/1")
        self.friend = factories.make_profile(name="Ivo Sand", status="died", status_as_of="2017")
        person.related.add(self.friend)

    def _write_letters(self):
        file = files.store("documents", SimpleUploadedFile("sentence.pdf", factories.pdf()))
        self.letter = factories.make_document(
            place="Oru",
            name_changed=True,
            text="I think of [[the house in Lund]].[^1]\n\n[^1]: She was born there.",
            provenance="Carried out by hand.",
            sources="Her sister",
            file=file,
        )
        self.letter.campaigns.add(self.campaign)
        self.letter.profiles.add(self.person)
        self.letter.published_by.add(self.campaign.organisations.get())
        self.letter.senders.add(self.campaign.organisations.get())
        self.report = factories.make_document(kind="report", text="", answers=self.letter)
        Enclosure.objects.create(document=self.letter, title="The sentence", file=file)
        Enclosure.objects.create(document=self.letter, title="Report", enclosed=self.report)
        self.version = factories.make_document(
            translation_of=self.letter, text_language="fr", text="Je pense à toi."
        )

    def _updates(self, photo):
        about = {"campaigns": [self.campaign], "profiles": [self.person]}
        make, host = factories.make_update, self.campaign.organisations.get()
        return [
            make(
                later=[("2026-07-15", "She is **well**."), ("2026-08", "A letter came.")],
                sources="Radio Oru, https://example.org/radio",
                **about,
                **photo,
            ),
            make(
                kind="reaction",
                date="2025-12",
                quote="This is one step.",
                spokesperson="Ada Rask",
                spokesperson_role="director",
                organisation=host,
                **about,
            ),
            make(
                kind="press_release",
                date="2025",
                dateline="Oru",
                press_contact="Ada Rask, press@example.org",
                organisation=host,
                **about,
            ),
            make(
                kind="press_cutting",
                date="2024-02-01",
                date_words="winter",
                medium="Oru Post",
                link="https://example.org/1",
                archive_link="https://example.org/2",
                **about,
            ),
        ]

    def _sign_letters(self):
        self.open_letter = factories.make_open_letter(document=self.letter)
        self.old_letter = factories.make_open_letter(open_to_requests=False, sources="Archive")
        self.open_letter.campaigns.add(self.campaign)
        SigningPerson.objects.create(letter=self.open_letter, name="Padma Dolma", role="activist")
        SigningOrganisation.objects.create(
            letter=self.open_letter,
            organisation=self.campaign.organisations.get(),
            speaker="Ana Reth",
            speaker_role="director",
        )
        asked = [
            factories.ask_to_join(self.open_letter, name=name)
            for name in ("Li Na", "Yo", "Ed", "Bo")
        ]
        factories.confirm_request(asked[1])
        factories.approve_request(asked[2])
        joining.decline(factories.confirm_request(asked[3]), by=None)
        organisation = factories.ask_to_join(self.open_letter, organisation="Harbour Lamps")
        factories.approve_request(organisation)
        self.join_requests = [*asked, organisation]

    def _events(self, photo):
        about = {"campaigns": [self.campaign], "profiles": [self.person]}
        about["hosts"] = [self.campaign.organisations.get()]
        make = factories.make_event
        place = {"venue": "Library", "address": "3 Street", "city": "Oru", "country": "SE"}
        return [
            make(link="https://example.org/1", description="With **lamps**.", **place, **about),
            make(status="cancelled", **about, **photo),
            make(in_days=-9, report="It was **good**.", attendance="About 60", **about),
            make(status="to_be_announced", in_days=99, sources="A radio", **about),
        ]

    def _let_it_grow(self):
        """By so many days and signatures that its page draws how it grew."""
        for number in range(15):
            row = factories.sign_and_confirm(self.petition)
            day = localdate() - timedelta(days=number % 3)
            Signature.objects.filter(pk=row.pk).update(signed_on=day)

    def _petition(self, **values):
        petition = factories.make_petition(campaign=self.campaign, **values)
        petition.profiles.add(self.person)
        return petition

    def _case_list(self):
        case_list = CaseList.objects.create(
            slug="six-cases",
            title="Six cases",
            state="published",
            recipient=self.petition.targets.get().government,
            introduction="We ask you to raise them.",
            demands=["Ask for a doctor."],
            disclaimer="Many dare not speak.",
            report_back_received=localdate(),
            report_back_note="They asked.",
        )
        case_list.people.add(self.person)
        for _version in range(2):
            case_lists.freeze(case_list)
        return case_list

    def slugs(self, name):
        """Whose page an address with a slug may show."""
        if name in ("campaign", "campaign_feed"):
            return [self.campaign.slug]
        if name in ("profile", "profile_feed"):
            return [self.person.slug, self.friend.slug]
        if name in ("petitions:letter", "petitions:letter_thanks", "petitions:join_letter"):
            return [self.open_letter.slug, self.old_letter.slug]
        if name == "document":
            return [self.letter.slug, self.report.slug, self.version.slug]
        if name.startswith("case_list"):
            return [self.case_list.slug]
        if name == "petitions:petition":
            return [row.slug for row in (self.petition, self.closed, self.later, self.named)]
        if name in ("campaigns:event", "event_calendar"):
            return [row.slug for row in self.events]
        if name == "campaigns:update":
            return [row.slug for row in self.updates]
        return [self.petition.slug]

    def tokens(self, name):
        if name == "petitions:event":
            link = events.make(
                self.petition,
                label="Concert",
                valid_from=now() - timedelta(hours=1),
                valid_until=now() + timedelta(hours=1),
                mails=100,
            )
            return [link.get_absolute_url().rstrip("/").rpartition("/")[2], "over"]
        if name == "petitions:personal":
            return [path.rstrip("/").rpartition("/")[2] for path in self.personal_pages()]
        if name == "petitions:letter_request":
            return [links.make_token(joining.PURPOSE, row.public_id) for row in self.join_requests]
        raise AssertionError(f"{name}: which tokens are there? Say it in tests/every_page.py")

    def personal_pages(self):
        return [signing.personal_path(row.pk) for row in self._signers]

    @cached_property
    def _signers(self):
        sign = factories.sign
        home = factories.sign_and_confirm(self.petition, email="home@example.org")
        rows = [
            sign(self.petition),
            sign(self.petition, deliver=False),
            home,
            factories.sign_and_confirm(self.petition, deliver=False),
            sign(self.petition, email="home@example.org", name="Li Na", city="Toronto"),
            gone := sign(self.petition),
        ]
        signing.refuse(gone.pk)
        return rows

    def paths(self, language="en") -> list[str]:
        """The public pages in this language: what answers GET with HTML and 200."""
        client = Client()
        return [path for path in self.addresses(language) if _is_page(client, path)]

    def addresses(self, language="en") -> list[str]:
        """Pages, feeds, files: all that anybody may ask for."""
        found = []
        with translation.override(language):
            for address in addresses():
                if address.is_staff or {"name", "file"} & set(address.parameters):
                    continue
                values = [{}]
                if "slug" in address.parameters:
                    values = [{"slug": slug} for slug in self.slugs(address.name)]
                if "token" in address.parameters:
                    values = [
                        one | {"token": t} for one in values for t in self.tokens(address.name)
                    ]
                if "number" in address.parameters:
                    values = [one | {"number": 1} for one in values]
                assert {"slug", "token", "number"} >= set(address.parameters), address
                found += [address.path(**one) for one in values]
                if address.name == "search":
                    found += [f"{address.path()}?q={typed}" for typed in ("marta", "zzz")]
        return list(dict.fromkeys(found))

    def errors(self) -> list[str]:
        return ["/nowhere/", self.removed.get_absolute_url(), "/signatures/x/"]


def _is_page(client, path):
    answer = client.get(path)
    assert answer.status_code in (200, 302), path
    return answer.status_code == 200 and answer["Content-Type"].startswith("text/html")


def faults() -> dict[str, str]:
    """The pages of a server that fails: nothing of this site leads to them."""
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return {
        f"/{name}/": render_to_string(f"{name}.html", request=with_request)
        for name, with_request in (("400", request), ("403", request), ("500", None), ("503", None))
    }
