"""A stranger reads what is coming and how it was, and puts an event into a calendar."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from icalendar import Calendar

from campaign_site import going_public, page_cache
from campaigns.models import Event
from tests import factories
from tests.factories import make_campaign, make_event, make_organisation, make_profile

pytestmark = pytest.mark.django_db


def read(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def titles(page):
    return re.findall(r'<h[23][^>]*><a href="/events/[^"]*">(.*?)</a>', page)


def calendar_of(client, path="/events/calendar.ics"):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")
    assert not answer.cookies
    return Calendar.from_ical(answer.content), answer.content


# --- Pages -------------------------------------------------------------------------------------


def test_an_event_says_when_where_and_who_invites(client):
    voices, lamps = make_organisation("Free Voices"), make_organisation("Lamps")
    event = make_event(
        starts_on="2099-03-24",
        venue="City Library",
        address="3 Harbour Street",
        city="Toronto",
        country="CA",
        link="https://example.org/meeting",
        description="We bring **lamps**.",
        hosts=[voices, lamps],
    )
    page = read(client, event.get_absolute_url())
    for words in (
        *(
            '24 March 2099, 19:00 to 21:00 (<bdi lang="en">America/Toronto</bdi>)',
            "City Library",
            "3 Harbour Street",
        ),
        *("Toronto", "CA", "https://example.org/meeting", "<strong>lamps</strong>"),
        *("Free Voices", "Lamps", "Put it into my calendar"),
    ):
        assert words in page


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"starts_at": None, "ends_at": None, "zone": ""}, "24 March 2015"),
        (
            {"starts_at": None, "ends_at": None, "ends_on": "2015-04-02"},
            "24 March to 2 April 2015",
        ),
        ({"ends_at": None}, "24 March 2015, 19:00"),
        (
            {"ends_on": "2015-03-25", "ends_at": time(2)},
            "24 March 2015, 19:00 to 25 March 2015, 02:00",
        ),
        ({"starts_on": "2015-10", "starts_at": None, "ends_at": None}, "October 2015"),
        (
            {"starts_on": "", "starts_at": None, "ends_at": None, "status": "to_be_announced"},
            "The date will be announced.",
        ),
    ],
)
def test_a_day_or_an_hour_is_never_invented(client, values, says):
    event = make_event(**{"starts_on": "2015-03-24"} | values)
    assert event.when == says
    assert says in read(client, event.get_absolute_url())
    assert says in read(client, "/events/")


def test_afterwards_it_took_place_with_report_and_attendance(client, monkeypatch):
    event = make_event(
        starts_on="2027-05-03", report="Her sister **spoke**.", attendance="About 60 people."
    )
    over = datetime(2027, 5, 4, 1, 0, tzinfo=UTC)  # 21:00 in Toronto
    monkeypatch.setattr("campaigns.models.event.now", lambda: over - timedelta(minutes=1))
    page = read(client, event.get_absolute_url())
    for words in ("This took place", "Her sister", "About 60"):
        assert words not in page
    monkeypatch.setattr("campaigns.models.event.now", lambda: over)
    page_cache.cache.forget()
    page = read(client, event.get_absolute_url())
    for words in ("This took place.", "Her sister <strong>spoke</strong>.", "About 60 people."):
        assert words in page
    assert "Put it into my calendar" not in page


def test_a_whole_day_is_over_when_it_ends_there(monkeypatch):
    event = make_event(
        starts_on="2027-05-03", starts_at=None, ends_at=None, zone="Pacific/Auckland"
    )
    assert event.over_at == datetime(2027, 5, 3, 12, 0, tzinfo=UTC)


def test_a_cancelled_event_says_so_and_never_that_it_took_place(client):
    for in_days in (5, -5):
        event = make_event(status="cancelled", in_days=in_days, report="Never shown.")
        page = read(client, event.get_absolute_url())
        assert "Cancelled" in page
        assert "This took place" not in page
        assert "Never shown" not in page
        assert "Put it into my calendar" not in page


def test_upcoming_soonest_first_then_past_newest_first(client):
    make_event(title="Later", in_days=20)
    make_event(title="Soon", in_days=2)
    make_event(title="Long ago", starts_on="2011-07-05")
    make_event(title="Lately", in_days=-3)
    page = read(client, "/events/")
    assert titles(page) == ["Soon", "Later", "Lately", "Long ago"]
    assert page.index("What is coming") < page.index("Soon") < page.index("What was")


def test_past_events_in_pages(client):
    for number in range(25):
        make_event(title=f"Nr {number}", starts_on=f"2015-03-{number + 1:02}")
    first = read(client, "/events/")
    assert "Page 1 of 2" in first
    second = read(client, "/events/?page=2")
    assert titles(first) + titles(second) == [f"Nr {number}" for number in reversed(range(25))]


@pytest.mark.parametrize(
    "query", ["page=0", "page=9", "campaign=%00", "campaign=draft", "person=x"]
)
def test_what_nothing_leads_to_is_not_found(client, query):
    make_campaign(slug="draft", state="draft")
    assert client.get(f"/events/?{query}").status_code == 404


def test_on_campaign_person_and_home(client):
    campaign, person = make_campaign(), make_profile()
    about = {"campaigns": [campaign], "profiles": [person]}
    make_event(title="Soon", **about)
    make_event(title="Was", in_days=-9, **about)
    make_event(title="Elsewhere", in_days=-9)
    assert titles(read(client, campaign.get_absolute_url())) == ["Soon", "Was"]
    assert titles(read(client, person.get_absolute_url())) == ["Soon", "Was"]
    assert titles(read(client, "/")) == ["Soon"]
    assert titles(read(client, f"/events/?campaign={campaign.slug}")) == ["Soon", "Was"]


def test_drafts_and_what_was_taken_down_are_nowhere(client):
    campaign, person = make_campaign(), make_profile()
    texts = ("title", "description", "venue", "address", "city", "report", "attendance", "sources")
    draft = make_event(
        state="draft",
        campaigns=[campaign],
        profiles=[person],
        **{name: f"SECRET{number}" for number, name in enumerate(texts)},
    )
    paths = [
        *(
            "/",
            "/events/",
            "/events/calendar.ics",
            "/sitemap.xml",
            f"/events/?person={person.slug}",
        ),
        *(campaign.get_absolute_url(), person.get_absolute_url()),
    ]
    own = (draft.get_absolute_url(), f"/events/{draft.slug}/calendar.ics")
    for path in paths:
        assert "SECRET" not in read(client, path), path
        assert draft.slug not in read(client, path), path
    assert [client.get(path).status_code for path in own] == [404, 404]
    going_public.publish(draft)
    page_cache.cache.forget()
    for path in (*paths, *own):
        assert draft.slug in read(client, path), path
    going_public.take_down(draft)
    page_cache.cache.forget()
    for path in paths:
        assert draft.slug not in read(client, path), path
    assert [client.get(path).status_code for path in own] == [410, 410]


def test_search_engines_are_told_when_where_and_that_it_is_cancelled(client):
    def facts(event):
        page = read(client, event.get_absolute_url())
        return json.loads(re.search(r'ld\+json">(.*?)</script>', page).group(1))

    found = facts(make_event(starts_on="2027-05-03", venue="Library", city="Toronto", country="CA"))
    assert found["@type"] == "Event"
    assert found["startDate"] == "2027-05-03T19:00:00-04:00"
    assert found["endDate"] == "2027-05-03T21:00:00-04:00"
    assert found["eventStatus"].endswith("EventScheduled")
    assert found["location"][0]["address"]["addressLocality"] == "Toronto"
    found = facts(make_event(status="cancelled", starts_on="2027", starts_at=None, ends_at=None))
    assert found["eventStatus"].endswith("EventCancelled")
    assert found["startDate"] == "2027"


def test_in_french_once_it_is_published_there(client):
    factories.offer("fr")
    event = make_event(description="With lamps.")
    factories.translate(event, "fr", title="Veillée", description="Avec des lampes.")
    page = read(client, f"/fr/events/{event.slug}/")
    assert '<h1 lang="fr" dir="auto">Veillée</h1>' in page
    assert "Avec des lampes." in page


# --- Calendars ---------------------------------------------------------------------------------


def test_put_one_into_a_calendar(client, settings):
    settings.SITE_URL = "https://petitions.example.org"
    event = make_event(
        title="Vigil; lamps, and \\ more",
        starts_on="2027-07-05",
        venue="Library, room 3",
        city="Toronto",
        country="CA",
        description="First **line**.\n\nSecond; line.",
        link="https://example.org/meeting",
    )
    page = read(client, event.get_absolute_url())
    path = re.search(r'class="button" href="([^"]*calendar.ics)"', page).group(1)
    found, raw = calendar_of(client, path)
    (entry,) = found.walk("VEVENT")
    assert entry["SUMMARY"] == event.title
    assert entry.decoded("DTSTART") == event.begins()
    assert entry.decoded("DTEND").astimezone(UTC) == datetime(2027, 7, 6, 1, 0, tzinfo=UTC)
    assert entry["DTSTART"].params["TZID"] == "America/Toronto"
    assert [str(zone["TZID"]) for zone in found.walk("VTIMEZONE")] == ["America/Toronto"]
    assert entry["UID"] == f"{event.slug}@petitions.example.org"
    assert entry["URL"] == f"https://petitions.example.org{event.get_absolute_url()}"
    assert entry["LOCATION"] == "Library, room 3, Toronto, CA"
    assert entry["DESCRIPTION"] == "First line. Second; line.\nhttps://example.org/meeting"
    assert entry["STATUS"] == "CONFIRMED"
    assert b"SUMMARY:Vigil\\; lamps\\, and \\\\ more\r\n" in raw


def test_lines_are_folded_and_end_as_they_must(client):
    make_event(title="مارتا ئىلىن ئۈچۈن چىراغلار " * 5, description="长" * 500)
    _found, raw = calendar_of(client)
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no letter is torn apart
    unfolded = raw.replace(b"\r\n ", b"").decode()
    assert "长" * 500 in unfolded


def test_whole_days_are_days_and_end_on_the_day_after(client):
    make_event(starts_on="2015-03-24", ends_on="2015-04-02", starts_at=None, ends_at=None, zone="")
    (entry,) = calendar_of(client)[0].walk("VEVENT")
    assert entry.decoded("DTSTART") == date(2015, 3, 24)
    assert entry.decoded("DTEND") == date(2015, 4, 3)
    assert entry["DTSTART"].params["VALUE"] == "DATE"


def test_cancelled_stays_in_the_calendar_as_cancelled(client):
    event = make_event()
    first = next(iter(calendar_of(client)[0].walk("VEVENT")))
    event.created_at -= timedelta(hours=1)
    event.status = "cancelled"
    event.save()
    page_cache.cache.forget()
    second = next(iter(calendar_of(client)[0].walk("VEVENT")))
    assert second["STATUS"] == "CANCELLED"
    assert second["UID"] == first["UID"]
    assert second["SEQUENCE"] > first["SEQUENCE"]


def test_the_same_bytes_as_long_as_nothing_changed(client):
    make_event()
    make_event(zone="Asia/Urumqi", in_days=-400)
    # Changed long ago: what is stamped now would differ.
    changed = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    Event.objects.update(created_at=changed, updated_at=changed)
    found, before = calendar_of(client)
    assert {entry.decoded("DTSTAMP") for entry in found.walk("VEVENT")} == {changed}
    page_cache.cache.forget()
    assert calendar_of(client)[1] == before


def test_a_month_is_in_no_calendar(client):
    event = make_event(starts_on="2015-10", starts_at=None, ends_at=None)
    assert not calendar_of(client)[0].walk("VEVENT")
    assert client.get(f"/events/{event.slug}/calendar.ics").status_code == 404
    assert "calendar.ics" not in read(client, event.get_absolute_url())


def test_text_puts_nothing_of_its_own_into_a_calendar(client):
    make_event(title="Vigil\r\nEND:VEVENT\x0b\x1b", venue="A\nATTENDEE:mailto:x@example.org")
    found, raw = calendar_of(client)
    (entry,) = found.walk("VEVENT")
    assert "ATTENDEE" not in entry
    assert b"\x0b" not in raw
    assert b"\x1b" not in raw


# --- The database ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"starts_on": ""},
        {"starts_on": "", "starts_at": None, "ends_at": None},
        {"zone": ""},
        {"starts_at": None},
        {"ends_at": time(19)},
        {"ends_at": time(18)},
        {"ends_on": "2027-05-02"},
        {"starts_on": "2027-05"},
        {"starts_on": "2027-05", "starts_at": None, "ends_at": None, "ends_on": "2027-06-01"},
    ],
)
def test_the_database_refuses_what_cannot_be(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_event(**{"starts_on": "2027-05-03"} | values)
    assert not Event.objects.exists()


# --- Figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [10, 1000])
def test_pages_ask_little_however_many_events_there_are(
    client, django_assert_max_num_queries, number, petition
):
    campaign, person = petition.campaign, make_profile()
    made = Event.objects.bulk_create(
        Event(
            slug=f"nr-{place}",
            title=f"Nr {place}",
            starts_on=(localdate() + timedelta(days=place % 50 - 25)).isoformat(),
            zone="Europe/London",
            starts_at=time(19),
            state="published",
        )
        for place in range(number)
    )
    for model, key in ((Event.campaigns.through, "campaign"), (Event.profiles.through, "profile")):
        row = {"campaign": campaign, "profile": person}[key]
        model.objects.bulk_create(model(event=event, **{key: row}) for event in made)
    for event in made:
        event.over_at = event.end_of_it()
    Event.objects.bulk_update(made, ["over_at"])
    for path in (
        *("/", "/events/", campaign.get_absolute_url(), person.get_absolute_url()),
        *(made[0].get_absolute_url(), f"/events/?campaign={campaign.slug}", "/events/calendar.ics"),
    ):
        page_cache.cache.forget()
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200
