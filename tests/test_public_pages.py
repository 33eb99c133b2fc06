"""Every public page: there, without cookies, and asking nobody else for anything."""

from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import override

from campaign_site import outbox, page_cache
from campaigns.models import Campaign, Profile, ProfileName, TimelineEntry
from petitions import counting, signing
from petitions.models import LedgerEntry, Petition
from tests.factories import (
    make_campaign,
    make_petition,
    make_profile,
    sign,
    sign_and_confirm,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown():
    """One of everything that has a page."""
    person = make_profile(slug="marta", native_name="Марта Ильин", native_language="ru")
    TimelineEntry.objects.create(profile=person, date="2015-05", what="Arrested.", source="Family")
    ProfileName.objects.create(profile=person, name="Marta Illine")
    campaign = make_campaign(slug="home", story="## How\n\nAt night.", demands=["Free her."])
    campaign.profiles.add(person)
    petition = make_petition(slug="free-marta", campaign=campaign, goal=100, show_count_from=1)
    petition.profiles.add(person)
    return petition


PATHS = [
    "/",
    "/campaigns/",
    "/campaigns/home/",
    "/profiles/",
    "/profiles/marta/",
    "/petitions/",
    "/petitions/free-marta/",
    "/petitions/free-marta/thanks/",
    "/petitions/free-marta/count.json",
    "/code/",
    "/signatures/find/",
    "/about/",
    "/privacy/",
    "/theme.css",
]


def personal_paths(petition):
    waiting = sign(petition)
    unnamed = sign(petition, deliver=False)
    counted = sign_and_confirm(petition, email="home@example.org")
    second = sign(petition, email="home@example.org", name="Li Na", city="Toronto")
    gone = sign(petition)
    signing.refuse(gone.pk)
    return [signing.personal_path(row.pk) for row in (waiting, unnamed, counted, second, gone)]


class Fetched(HTMLParser):
    """What a browser would ask for by itself."""

    def __init__(self):
        super().__init__()
        self.urls = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if found.get("rel") == "canonical":
            return  # a name, nothing to fetch
        if tag in ("link", "script", "img", "iframe", "source"):
            self.urls += [found[name] for name in ("src", "href") if found.get(name)]
            self.urls += [part.split()[0] for part in found.get("srcset", "").split(",") if part]


def test_every_page_is_there_and_leaves_nothing_behind(client, shown):
    for path in PATHS + personal_paths(shown):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert not answer.cookies, path
        assert not {"cookie", "accept-language"} & {
            name.strip().lower() for name in answer.get("Vary", "").split(",")
        }, path
        assert "trusted-types 'none'" in answer["Content-Security-Policy"], path
        fetched = Fetched()
        fetched.feed(answer.content.decode())
        assert not [url for url in fetched.urls if urlsplit(url).netloc], path
        assert b"<script>" not in answer.content, path
        assert b"style=" not in answer.content, path


def test_pages_behind_a_token_are_not_indexed(client, shown):
    for path in [*personal_paths(shown), "/petitions/free-marta/thanks/"]:
        assert '<meta name="robots" content="noindex">' in client.get(path).content.decode(), path


def test_an_empty_site_has_pages_too(client):
    for path in ("/", "/campaigns/", "/profiles/", "/petitions/", "/about/"):
        assert client.get(path).status_code == 200, path


def test_counter_has_the_right_plural_and_its_parts(client, shown):
    sign_and_confirm(shown)
    assert (
        "<strong>1</strong> person has signed"
        in client.get(shown.get_absolute_url()).content.decode()
    )

    def enter(kind, quantity, **more):
        entry = LedgerEntry(kind=kind, quantity=quantity, date="2020", evidence="x", **more)
        entry.petition = shown
        counting.enter(entry)
        return entry

    enter("offset", 1600)
    enter("paper", 35)
    enter("paper", 50, at_least=True)
    enter("erased", 7)
    counting.undo(enter("partner", 9))
    page_cache.cache.forget()
    page = client.get(shown.get_absolute_url()).content.decode()
    assert "<strong>1,693</strong> people have signed" in page
    assert "1 here · 1,692 counted elsewhere" in page
    assert "<b>1,600</b> counted before, elsewhere" in page
    assert "<b>at least 85</b> on paper, without names" in page
    assert "<b>7</b> counted here long ago, names erased since" in page
    assert "by a partner" not in page


def test_below_its_minimum_no_number_is_shown(client):
    petition = make_petition(show_count_from=2)
    sign_and_confirm(petition)
    page = client.get(petition.get_absolute_url()).content.decode()
    assert "Be among the first." in page
    assert "person has signed<" not in page


def test_a_closed_petition_says_what_came_of_it(client):
    petition = make_petition(
        opens_at=now() - timedelta(days=9),
        closes_at=now() - timedelta(days=1),
        outcome="She is free.",
    )
    page = client.get(petition.get_absolute_url()).content.decode()
    assert "She is free." in page
    assert "<form" not in page


def test_a_petition_that_opens_later_has_no_form(client):
    page = client.get(make_petition(opens_at=now() + timedelta(days=1)).get_absolute_url())
    assert "Not open yet" in page.content.decode()
    assert "<form" not in page.content.decode()


def test_drafts_are_not_found_and_removed_pages_are_gone(client):
    for model, make in (
        (Petition, make_petition),
        (Profile, make_profile),
        (Campaign, make_campaign),
    ):
        row = make()
        model.objects.filter(pk=row.pk).update(state="draft")
        assert client.get(row.get_absolute_url()).status_code == 404
        model.objects.filter(pk=row.pk).update(state="removed")
        assert client.get(row.get_absolute_url()).status_code == 410


def test_thanks_page_names_sender_and_subject(client, shown, settings):
    settings.DEFAULT_FROM_EMAIL = "mail@example.org"
    page = client.get(reverse("petitions:thanks", args=[shown.slug])).content.decode()
    assert outbox.sender() == ("Vigil", "mail@example.org")
    assert "mail@example.org" in page
    assert "Your code from Vigil" in page


def test_errors_are_listed_and_stand_by_their_fields(client, shown):
    page = client.post(
        reverse("petitions:sign", args=[shown.slug]),
        {"name": "Zoë", "website": "x", "deliver": "yes"},
    ).content.decode()
    assert '<a href="#id_email">' in page
    assert 'aria-describedby="id_email_helptext id_email_error"' in page
    assert 'id="id_email_error"' in page
    assert 'value="Zoë"' in page
    assert 'class="trap"' not in page  # what is wrong must be seen


def test_error_pages_need_neither_request_nor_database():
    assert "please try again in half a minute" in render_to_string("503.html")
    with override("ar"):
        assert 'dir="rtl"' in render_to_string("500.html")


def test_mails_hold_nothing_that_a_visitor_typed(shown):
    for petition in (None, shown):
        text = render_to_string(
            "emails/confirm.body.txt",
            {
                "site": "Vigil & Co",
                "host": "https://example.org",
                "link": "https://example.org/code/#AAAABBBBCC",
                "code_url": "https://example.org/code/",
                "code_spaced": "AAAA BBBB CC",
                "petition": petition,
                "until": "3 May",
            },
        )
        assert "Vigil & Co" in text
        assert (shown.title in text) == bool(petition)
        assert text.count("#AAAABBBBCC") == 1
