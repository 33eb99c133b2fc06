"""A stranger reads what happened, looks through the archive, and follows a feed."""

import json
import re
from xml.etree import ElementTree

import pytest
from django.db import IntegrityError, transaction

from campaign_site import going_public, page_cache
from campaigns.models import FollowUp, Update
from tests import factories
from tests.factories import make_campaign, make_profile, make_update
from tests.test_feed import handed_over

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def read(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def titles(page):
    """Of the updates on a page, as they stand there."""
    return re.findall(r'<h[23][^>]*><a href="/updates/[^"]*">(.*?)</a>', page)


# --- Pages -------------------------------------------------------------------------------------


def test_an_update_says_its_date_and_what_came_later(client):
    update = make_update(
        date="2020-05-07", later=[("2020-07-15", "He is **held** in Oru."), ("2020-06", "Silence.")]
    )
    page = read(client, update.get_absolute_url())
    assert "7 May 2020" in page
    assert "<strong>half an hour</strong>" in page
    # Oldest first, each with its date.
    june, july = page.index("Update of June 2020"), page.index("Update of 15 July 2020")
    assert june < july
    assert "He is <strong>held</strong> in Oru." in page[july:]
    assert 'id="update-2020-07-15"' in page


def test_words_stand_in_place_of_a_date_that_says_too_much(client):
    update = make_update(date="2015", date_words="2015, before the visit")
    for path in ("/updates/", update.get_absolute_url(), "/"):
        assert "2015, before the visit" in read(client, path)


def test_a_reaction_has_the_words_and_who_said_them(client):
    voices = factories.make_organisation("Free Voices")
    update = make_update(
        kind="reaction",
        quote="One step.\n\nNot more.",
        spokesperson="Ada Rask",
        spokesperson_role="director",
        organisation=voices,
    )
    page = read(client, update.get_absolute_url())
    quote = page[page.index("<blockquote") : page.index("</figcaption>")]
    for words in ("One step.", "Not more.", "Ada Rask", "director", "Free Voices"):
        assert words in quote


def test_a_press_release_says_where_from_and_whom_to_ask(client):
    update = make_update(
        kind="press_release", dateline="Oru", date="2026-03", press_contact="press@example.org"
    )
    page = read(client, update.get_absolute_url())
    assert 'Oru, <bdi lang="en">March 2026' in page
    assert 'href="mailto:press@example.org"' in page


def test_a_cutting_leads_to_the_medium_and_to_a_copy(client):
    update = make_update(
        kind="press_cutting",
        body="",
        medium="Oru Post",
        link="https://example.org/1",
        archive_link="https://example.org/copy/1",
    )
    page = read(client, update.get_absolute_url())
    for link in (update.link, update.archive_link):
        assert f'<a href="{link}" rel="noopener noreferrer">' in page


def test_markup_of_strangers_stays_text(client):
    """What is in the database already, whatever the form refuses now."""
    update = make_update(
        title="<script>alert(1)</script>",
        body="<script>alert(2)</script> ![x](https://evil.example/p.png) [y](javascript:alert(3))",
        later=[("2026-05", "<img src=x onerror=alert(4)>")],
        quote="<script>alert(5)</script>",
    )
    for path in (update.get_absolute_url(), "/updates/", "/"):
        page = read(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert '<img src="https://evil' not in page


def test_search_engines_are_told_a_day_only_where_it_is_known(client):
    def facts(update):
        page = read(client, update.get_absolute_url())
        return json.loads(re.search(r'ld\+json">(.*?)</script>', page).group(1))

    exact = facts(make_update(date="2026-03-04"))
    assert (exact["@type"], exact["datePublished"]) == ("NewsArticle", "2026-03-04")
    for date in ("2026-03", "2026", "2026-03-04~"):
        assert "datePublished" not in facts(make_update(date=date))


# --- The archive -------------------------------------------------------------------------------


def test_newest_first_and_by_month(client):
    make_update(title="Late", date="2015-03-24")
    make_update(title="Early", date="2015-03-02")
    make_update(title="Sometime", date="2015")
    make_update(title="Perhaps", date="2015~")
    make_update(title="In May", date="2015-05")
    make_update(title="New", date="2020-01-01")
    everything = read(client, "/updates/")
    days = [title for title in titles(everything) if title not in ("Sometime", "Perhaps")]
    assert days == ["New", "In May", "Late", "Early"]
    assert titles(read(client, "/updates/?month=2015-03")) == ["Late", "Early"]
    # What has no month is under its year.
    year = titles(read(client, "/updates/?year=2015"))
    assert set(year) == {"In May", "Late", "Early", "Sometime", "Perhaps"}
    assert titles(read(client, "/updates/?year=2020")) == ["New"]
    assert 'href="/updates/?month=2015-03">March</a> (2)' in everything
    assert re.search(r'href="/updates/\?year=2015"><b>2015</b></a> <span[^>]*>\(5\)', everything)
    for path in re.findall(r'href="(/updates/\?[^"]*)"', everything):
        assert titles(read(client, path)), path


def test_of_one_campaign_or_person(client):
    campaign, person = make_campaign(), make_profile()
    make_update(title="Here", campaigns=[campaign], date="2015-03")
    make_update(title="About her", profiles=[person])
    make_update(title="Elsewhere", date="2015-03-01")
    page = read(client, f"/updates/?campaign={campaign.slug}")
    assert titles(page) == ["Here"]
    assert f'href="/updates/?campaign={campaign.slug}&amp;month=2015-03"' in page
    assert titles(read(client, f"/updates/?campaign={campaign.slug}&month=2015-03")) == ["Here"]
    assert titles(read(client, f"/updates/?person={person.slug}")) == ["About her"]


def test_in_pages(client):
    campaign = make_campaign()
    for number in range(25):
        make_update(title=f"Nr {number}", date=f"2026-01-{number + 1:02}", campaigns=[campaign])
    first = read(client, f"/updates/?campaign={campaign.slug}")
    assert "Page 1 of 2" in first
    older = re.search(r'<a href="([^"]*)" rel="next"', first).group(1).replace("&amp;", "&")
    second = read(client, older)
    assert titles(first) + titles(second) == [f"Nr {number}" for number in reversed(range(25))]


@pytest.mark.parametrize(
    "query",
    [
        *("month=2015", "month=2015-13", "month=2014-01", "month=%00", "year=15", "year=1815"),
        *("page=0", "page=2", "page=x", "page=-1", "campaign=nobody", "campaign=%00", "person=%27"),
        *("month=٢٠١٥-٠٣", "page=" + "9" * 5000, "campaign=draft", "person=draft"),
    ],
)
def test_what_nothing_leads_to_is_not_found(client, query):
    make_update(date="2015-03")
    make_campaign(slug="draft", state="draft")
    make_profile(slug="draft", state="draft")
    assert client.get(f"/updates/?{query}").status_code == 404


def test_what_a_stranger_adds_to_an_address_is_on_no_page(client):
    for number in range(21):
        make_update(date=f"2015-03-{number + 1:02}")
    assert "evil" not in read(client, "/updates/?utm=evil&year=2015")


# --- Where else they stand ---------------------------------------------------------------------


def test_the_newest_three_stand_on_campaign_person_and_home(client):
    campaign, person = make_campaign(), make_profile()
    for number in range(4):
        make_update(
            title=f"Nr {number}",
            date=f"2026-0{number + 1}",
            campaigns=[campaign],
            profiles=[person],
        )
    three = ["Nr 3", "Nr 2", "Nr 1"]
    page = read(client, campaign.get_absolute_url())
    assert titles(page) == three
    assert f"/updates/?campaign={campaign.slug}" in page
    page = read(client, person.get_absolute_url())
    assert titles(page) == three
    assert f"/updates/?person={person.slug}" in page
    assert titles(read(client, "/")) == three


def test_a_petition_says_what_was_done_newest_first(client, petition):
    """Handovers, and the newest three updates of its campaign, in one list."""
    page = read(client, petition.get_absolute_url())
    assert "No list has been handed over yet." in page
    for date in ("2026-06-02", "2026-05", "2026-04", "2026-03"):
        make_update(title=f"News of {date}", date=date, campaigns=[petition.campaign])
    handed_over(petition, "1 name taken to the embassy.")
    page_cache.cache.forget()
    page = read(client, petition.get_absolute_url())
    done = ["News of 2026-06-02", "1 name taken to the embassy.", "News of 2026-05"]
    places = [page.index(words) for words in (*done, "News of 2026-04")]
    assert places == sorted(places)
    assert "News of 2026-03" not in page
    assert "No list has been handed over yet." not in page


def test_drafts_and_what_was_taken_down_are_nowhere(client):
    campaign, person = make_campaign(), make_profile()
    about = {"campaigns": [campaign], "profiles": [person]}
    secret = {
        name: f"SECRET{number}"
        for number, name in enumerate(
            ("title", "body", "quote", "spokesperson", "dateline", "press_contact", "medium")
        )
    }
    draft = make_update(
        state="draft",
        later=[("2026-05", "SECRET-LATER")],
        sources="SECRET-SOURCE",
        **about,
        **secret,
    )
    petition = factories.make_petition(campaign=campaign)
    paths = [
        *("/", "/updates/", "/updates/feed/", "/sitemap.xml", campaign.get_absolute_url()),
        *(person.get_absolute_url(), petition.get_absolute_url()),
        f"/campaigns/{campaign.slug}/feed/",
        *(f"/profiles/{person.slug}/feed/", f"/updates/?campaign={campaign.slug}"),
    ]
    for path in paths:
        page = read(client, path)
        assert "SECRET" not in page, path
        assert draft.slug not in page, path
    assert client.get(draft.get_absolute_url()).status_code == 404
    assert client.get("/updates/?month=2026-03").status_code == 404
    going_public.publish(draft)
    page_cache.cache.forget()
    for path in paths:
        assert draft.slug in read(client, path), path
    going_public.take_down(draft)
    page_cache.cache.forget()
    assert client.get(draft.get_absolute_url()).status_code == 410
    for path in paths:
        assert draft.slug not in read(client, path), path


def test_drafts_of_others_are_not_on_its_page(client):
    campaign = make_campaign(state="draft", title="SECRET")
    person = make_profile(state="draft", name="SECRET")
    update = make_update(campaigns=[campaign], profiles=[person])
    assert "SECRET" not in read(client, update.get_absolute_url())
    assert "SECRET" not in read(client, "/updates/feed/")
    for path in (f"/campaigns/{campaign.slug}/feed/", f"/profiles/{person.slug}/feed/"):
        assert client.get(path).status_code == 404


# --- In other languages ------------------------------------------------------------------------


def test_in_french_once_it_is_published_there(client):
    factories.offer("fr")
    update = make_update(later=[("2026-05", "She is well.")])
    factories.translate(update, "fr", state="in_review", title="Marta peut voir sa fille")
    assert "Marta peut" not in read(client, f"/fr/updates/{update.slug}/")
    factories.translate(update, "fr", title="Marta peut voir sa fille")
    factories.translate(update.follow_ups.get(), "fr", body="Elle va bien.")
    page_cache.cache.forget()
    page = read(client, f"/fr/updates/{update.slug}/")
    assert '<h1 lang="fr" dir="auto">Marta peut voir sa fille</h1>' in page
    assert "Elle va bien." in page


# --- Feeds -------------------------------------------------------------------------------------


def feed_of(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/atom+xml")
    assert not answer.cookies
    return ElementTree.fromstring(answer.content)  # noqa: S314 our own


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")
ONCE = {"id", "title", "updated"}


def assert_is_atom(feed, site):
    """What RFC 4287 asks of a feed: 4.1.1, 4.1.2, 3.3, 4.2.6, 4.2.7.1."""
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.iter(f"{ATOM}entry")):
        for name in ONCE:
            (one,) = element.findall(f"{ATOM}{name}")
            assert one.text.strip(), name
        assert re.match(r"(https?|urn|tag):", element.findtext(f"{ATOM}id"))
        for moment in (*element.findall(f"{ATOM}updated"), *element.findall(f"{ATOM}published")):
            assert RFC_3339.fullmatch(moment.text), moment.text
        links = element.findall(f"{ATOM}link")
        assert len([link for link in links if link.get("rel", "alternate") == "alternate"]) == 1
        assert all(link.get("href").startswith(site) for link in links)
    assert [link for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert feed.findtext(f"{ATOM}author/{ATOM}name").strip()
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))


def test_feeds_are_atom_and_their_links_lead_somewhere(client, settings, petition):
    settings.SITE_URL = "https://petitions.example.org"
    campaign, person = petition.campaign, make_profile()
    petition.profiles.add(person)
    about = {"campaigns": [campaign], "profiles": [person]}
    make_update(later=[("2026-07-15", "Well & <b>."), ("2026-08", "Letters.")], **about)
    make_update(title="A & B < C", body="1 < 2 & `<script>`", date="2026", **about)
    make_update(kind="reaction", quote="<b>No</b>", spokesperson="A & O", **about)
    handed_over(petition, "One name & < taken.")
    handed_over(petition, "One more, the same day, the same outcome.")
    for path in (
        "/updates/feed/",
        f"/campaigns/{campaign.slug}/feed/",
        f"/profiles/{person.slug}/feed/",
    ):
        feed = feed_of(client, path)
        assert_is_atom(feed, settings.SITE_URL)
        entries = list(feed.iter(f"{ATOM}entry"))
        assert len(entries) == 7
        for entry in entries:
            address = entry.find(f"{ATOM}link").get("href").removeprefix(settings.SITE_URL)
            page, _hash, anchor = address.partition("#")
            assert not anchor or f'id="{anchor}"' in read(client, page)
            assert "<script" not in entry.findtext(f"{ATOM}summary")
        # The same bytes as long as nothing is new.
        page_cache.cache.forget()
        assert ElementTree.tostring(feed) == ElementTree.tostring(feed_of(client, path))


def test_both_kinds_together_newest_first(client, petition):
    make_update(title="Before", date="2026-05-11")
    make_update(title="After", date="2026-05-13", later=[("2026-05-14", "Soon after.")])
    handed_over(petition, "Taken to the embassy.")  # 12 May 2026
    feed = feed_of(client, "/updates/feed/")
    said = [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
    assert said == ["Update of 14 May 2026: After", "After", petition.title, "Before"]


def test_a_feed_never_invents_a_day(client):
    make_update(date="2015-03", body="In spring.")
    make_update(date="2015-03-04")
    exact, month = feed_of(client, "/updates/feed/").iter(f"{ATOM}entry")
    assert exact.findtext(f"{ATOM}published").startswith("2015-03-04T")
    assert month.find(f"{ATOM}published") is None
    assert "March 2015" in month.findtext(f"{ATOM}summary")


def test_an_entry_says_its_language_and_leads_only_where_its_page_does(client):
    link = "https://example.org/1"
    make_update(language="ug", quote="ياق", body="ياخشى", link=link, later=[("2026-05", "ياخشى")])
    later, update = (
        entry.findtext(f"{ATOM}summary")
        for entry in feed_of(client, "/updates/feed/").iter(f"{ATOM}entry")
    )
    for text in (later, update):
        assert '<div lang="ug" dir="auto"><p>ياخشى</p>' in text
    assert '<blockquote lang="ug" dir="auto">ياق</blockquote>' in update
    assert link not in update


def test_feeds_hold_what_belongs_there_and_no_more(client):
    campaign, person = make_campaign(), make_profile()
    make_update(title="Of the campaign", campaigns=[campaign])
    make_update(title="Of the person", profiles=[person], later=[("2026-05", "x")])
    for path, said in (
        (f"/campaigns/{campaign.slug}/feed/", ["Of the campaign"]),
        (f"/profiles/{person.slug}/feed/", ["Update of May 2026: Of the person", "Of the person"]),
    ):
        feed = feed_of(client, path)
        assert [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")] == said


def test_pages_name_their_feeds(client):
    campaign, person = make_campaign(), make_profile()
    for path, feed in (
        ("/", "/updates/feed/"),
        (campaign.get_absolute_url(), f"/campaigns/{campaign.slug}/feed/"),
        (person.get_absolute_url(), f"/profiles/{person.slug}/feed/"),
    ):
        link = f'<link rel="alternate" type="application/atom+xml" href="{feed}"'
        assert link in read(client, path)
        assert_is_atom(feed_of(client, feed), "http")  # empty, too


def test_letters_that_xml_cannot_hold_break_no_feed(client):
    campaign = make_campaign(title="Bring\x0b her home")
    make_update(
        title="A\x0b\x1f\ufffe title",
        body="Text\x00".replace("\x00", "\x08") + "\uffff",
        campaigns=[campaign],
    )
    for path in ("/updates/feed/", f"/campaigns/{campaign.slug}/feed/"):
        (entry,) = feed_of(client, path).iter(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}title") == "A title"


def test_a_feed_of_what_was_taken_down_is_gone(client):
    campaign = make_campaign()
    going_public.take_down(campaign)
    assert client.get(f"/campaigns/{campaign.slug}/feed/").status_code == 410


# --- The database ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"body": ""},
        {"date": ""},
        {"date": "2015-03/2015-04"},
        {"kind": "reaction", "spokesperson": "Ada Rask"},
        {"kind": "reaction", "quote": "One step."},
        {"kind": "press_cutting", "medium": "Oru Post"},
        {"kind": "press_cutting", "link": "https://example.org/"},
    ],
)
def test_the_database_refuses_what_is_half_said(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_update(**values)
    assert not Update.objects.exists()


def test_one_follow_up_a_date():
    update = make_update(later=[("2026-05", "x")])
    with pytest.raises(IntegrityError), transaction.atomic():
        update.follow_ups.create(date="2026-05", body="y")
    assert FollowUp.objects.count() == 1


# --- Figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [10, 1000])
def test_pages_ask_little_however_many_updates_there_are(
    client, django_assert_max_num_queries, number, petition
):
    campaign, person = petition.campaign, make_profile()
    campaign.profiles.add(person)
    voices = factories.make_organisation()
    made = Update.objects.bulk_create(
        Update(
            slug=f"nr-{place}",
            title=f"Nr {place}",
            date=f"{2000 + place % 20}-{place % 12 + 1:02}",
            body="x",
            quote="No.",
            organisation=voices,
            state="published",
        )
        for place in range(number)
    )
    for place in made:
        place.campaigns.add(campaign)
        place.profiles.add(person)
    FollowUp.objects.bulk_create(
        FollowUp(update=update, date="2026-05", body="Later.") for update in made
    )
    for path in (
        *("/", "/updates/", campaign.get_absolute_url(), person.get_absolute_url()),
        *(made[0].get_absolute_url(), f"/updates/?campaign={campaign.slug}&year=2001"),
        *("/updates/feed/", f"/campaigns/{campaign.slug}/feed/", petition.get_absolute_url()),
    ):
        page_cache.cache.forget()
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200


def test_a_petition_asks_little_whatever_was_done(client, django_assert_max_num_queries, petition):
    """In a language that says handovers in our words, too."""
    factories.offer("fr")
    factories.translate(petition)
    for number in range(5):
        person = make_profile(name=f"Nr {number}")
        person.timeline.create(date="2015-05", what="Arrested.")
        petition.profiles.add(person)
        make_update(campaigns=[petition.campaign])
        handed_over(petition, "1 name taken to the embassy.")
    for path in (petition.get_absolute_url(), f"/fr{petition.get_absolute_url()}"):
        with django_assert_max_num_queries(12):
            assert "Arrested." in read(client, path)
