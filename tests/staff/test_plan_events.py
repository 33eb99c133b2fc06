"""A campaigner plans an event from nothing, calls it off, and tells how it was."""

import pytest
from django.urls import reverse

from campaign_site import page_cache
from campaigns.models import Event
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"admin:campaigns_event_{name}", args=args)


def plan(browser, **typed):
    values = {
        "title": "Vigil for Marta Ilin",
        "slug": "vigil-for-marta-ilin",
        "starts_on": "3 May 2099",
        "starts_at": "7 pm",
        "ends_at": "21.30",
        "zone": "america/toronto",
        "country": "ca",
        "city": "Toronto",
    }
    return fill_in(browser, url("add"), **values | typed)


def test_from_nothing_to_everybody(campaigner, client):
    assert url("add") in text(campaigner.get("/admin/"))
    voices, lamps = factories.make_organisation("Free Voices"), factories.make_organisation("Lamps")
    campaign, person = factories.make_campaign(), factories.make_profile()
    answer = plan(
        campaigner,
        venue="City Library",
        description="We bring **lamps**.",
        hosts=[voices.pk, lamps.pk],
        campaigns=[campaign.pk],
        profiles=[person.pk],
    )
    assert answer.status_code == 302
    event = Event.objects.get()
    assert (event.starts_on, event.zone, event.country) == ("2099-05-03", "America/Toronto", "CA")
    assert (event.starts_at.hour, event.ends_at.minute) == (19, 30)
    assert event.over_at.isoformat() == "2099-05-04T01:30:00+00:00"
    assert client.get(event.get_absolute_url()).status_code == 404
    assert "City Library" in text(campaigner.get(reverse("preview_event", args=[event.pk])))
    campaigner.post(url("publish", event.pk))
    page = text(client.get(event.get_absolute_url()))
    for words in ("3 May 2099, 19:00 to 21:30", "Lamps", campaign.title):
        assert words in page
    # Later it is called off, and stays.
    assert fill_in(campaigner, url("change", event.pk), status="cancelled").status_code == 302
    page_cache.cache.forget()
    assert "Cancelled" in text(client.get(event.get_absolute_url()))


def test_how_it_was_and_another_day(campaigner, client):
    event = factories.make_event(in_days=-9)
    page = url("change", event.pk)
    typed = {"report": "Her sister **spoke**.", "attendance": "About 60 people"}
    assert fill_in(campaigner, page, **typed).status_code == 302
    shown = text(client.get(event.get_absolute_url()))
    assert "This took place." in shown
    assert "About 60 people" in shown
    # Moved to a later day it is no longer past.
    assert fill_in(campaigner, page, starts_on="3 May 2099").status_code == 302
    event.refresh_from_db()
    assert not event.is_over


@pytest.mark.parametrize(
    "typed",
    [
        {"starts_on": "October 2099", "starts_at": "", "ends_at": "", "zone": ""},
        {"starts_on": "24 March 2099", "ends_on": "2 April 2099", "starts_at": "", "ends_at": ""},
        {"ends_on": "4 May 2099", "ends_at": "02:00"},
        {"ends_on": "3 May 2099"},
        {
            "starts_on": "",
            "starts_at": "",
            "ends_at": "",
            "zone": "",
            "status": "to_be_announced",
        },
        {"ends_at": ""},
    ],
)
def test_what_is_known_is_enough(campaigner, typed):
    assert plan(campaigner, **typed).status_code == 302


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"starts_on": ""}, "starts_on", "When is it?"),
        ({"starts_on": "2006-13"}, "starts_on", "no month 13"),
        ({"starts_on": "since 2016"}, "starts_on", "one date"),
        ({"starts_on": "about 2016"}, "starts_on", "one date"),
        ({"starts_on": "May 2099"}, "starts_on", "A time needs a day"),
        ({"starts_at": "25:00"}, "starts_at", "valid time"),
        ({"starts_at": "evening"}, "starts_at", "valid time"),
        ({"starts_at": ""}, "starts_at", "when does it begin"),
        ({"ends_at": "18:00"}, "ends_at", "ends before it begins"),
        ({"ends_at": "19:00"}, "ends_at", "ends before it begins"),
        ({"starts_on": "9999", "starts_at": "", "ends_at": ""}, "starts_on", "look at the year"),
        ({"ends_on": "31 December 9999"}, "ends_on", "look at the year"),
        ({"starts_on": "31 December 0001"}, "starts_on", "look at the year"),
        ({"ends_on": "2 May 2099"}, "ends_on", "before the first"),
        ({"ends_on": "June 2099"}, "ends_on", "one day"),
        ({"ends_on": "4 May 2099", "ends_at": ""}, "ends_at", "At what time"),
        ({"zone": ""}, "zone", "Whose clocks?"),
        ({"zone": "Toronto time"}, "zone", "do not know this time zone"),
        ({"zone": "../../etc/passwd"}, "zone", "do not know this time zone"),
        ({"zone": "x" * 65}, "zone", "64"),
        ({"country": "C1"}, "country", "Two capital letters"),
        ({"link": "javascript:alert(1)"}, "link", "valid URL"),
        ({"title": ""}, "title", "required"),
        ({"description": "<script>alert(1)</script>"}, "description", "HTML cannot stand here"),
        ({"report": "![x](https://evil.example/p.png)"}, "report", "Pictures cannot stand"),
        ({"description": "x" * 1_000_000}, "description", "20000"),
        ({"venue": "A \0"}, "venue", "Null characters"),
    ],
)
def test_what_is_wrong_is_said_by_the_field_once_and_kept(campaigner, typed, field, says):
    answer = plan(campaigner, sources="Kept as typed", **typed)
    assert answer.status_code == 200
    assert not Event.objects.exists()
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    (said,) = errors[field]
    assert says in said
    assert "Kept as typed" in text(answer)
