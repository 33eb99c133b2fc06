"""What was known once is not told as if it were so today."""

import re
import sys
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.timezone import localdate

from campaign_site import page_cache
from campaigns.models import Profile, TimelineEntry
from tests import factories

pytestmark = pytest.mark.django_db
FIVE_YEARS = timedelta(days=5 * 365 + 2)


def years_ago(years):
    return (localdate() - timedelta(days=366 * years)).isoformat()


@pytest.fixture
def paths():
    """Everywhere that something is told about three people: checked today, never, and freed."""
    people = [
        factories.make_profile(
            name="Marta Ilin", born="1987", status_as_of=years_ago(3), verified_on=localdate()
        ),
        factories.make_profile(name="Amina Yusuf", born="1950-03", status_as_of="2021"),
        factories.make_profile(name="Ivo Sand", status="released", status_as_of="2021"),
    ]
    for person in people:
        TimelineEntry.objects.create(
            profile=person, date=years_ago(10), kind="arrest", what="Arrested.", on_petition=True
        )
    petition = factories.make_petition()
    petition.profiles.set(people)
    petition.campaign.profiles.set(people)
    rows = (*people, petition, petition.campaign)
    lists = ("/", "/profiles/", "/campaigns/", "/petitions/")
    return [*lists, "/profiles/?status=imprisoned", *(row.get_absolute_url() for row in rows)]


def move_clock(monkeypatch, by):
    real = timezone.now
    for module in list(sys.modules.values()):
        if getattr(module, "now", None) is real:
            monkeypatch.setattr(module, "now", lambda: real() + by)


def told(client, path):
    page_cache.cache.forget()
    page = client.get(path)
    assert page.status_code == 200, path
    return re.sub(r"<[^>]+>", " ", page.content.decode())


def spans(text):
    """{"year": the most years that are told, …}; ages count, too."""
    found = {}
    for number, unit in re.findall(r"\b(\d+) (year|month|week|day)s?\b", text):
        found[unit] = max(found.get(unit, 0), int(number))
    assert not re.search(r"\b(aged?|years old)\b", text)
    return found


def test_five_years_later_nobody_is_said_to_be_held_longer(client, paths, monkeypatch):
    today = {path: spans(told(client, path)) for path in paths}
    move_clock(monkeypatch, FIVE_YEARS)
    assert localdate().year >= 2026 + 4
    for path in paths:
        for unit, number in spans(told(client, path)).items():
            assert number <= today[path].get(unit, 0), (path, unit)


def test_time_is_told_up_to_the_day_of_the_facts(client, paths, monkeypatch):
    page = Profile.objects.get(name="Marta Ilin").get_absolute_url()
    assert re.search(r"Held since [^,]*, 10 years or more\.", told(client, page))
    # Nobody has looked since: what was known then, with its date.
    move_clock(monkeypatch, timedelta(days=91))
    assert re.search(r"Held since [^:]*: 7 years or more when last heard of \(", told(client, page))


@pytest.mark.parametrize(("days", "fresh"), [(-1, False), (0, True), (90, True), (91, False)])
def test_facts_are_fresh_for_90_days_from_the_day_they_were_checked(days, fresh):
    person = Profile(verified_on=localdate() - timedelta(days=days))
    assert person.facts_are_fresh is fresh


def test_who_was_let_go_or_died_is_held_no_more(client, paths):
    freed = Profile.objects.get(name="Ivo Sand")
    assert "Held since" not in told(client, freed.get_absolute_url())
    marta = Profile.objects.get(name="Marta Ilin")
    TimelineEntry.objects.create(profile=marta, date=years_ago(4), kind="release", what="Let go.")
    assert "Held since" not in told(client, marta.get_absolute_url())


@pytest.mark.parametrize(
    ("arrest", "as_of", "years"),
    [
        ("2006-03", "2021", "14 years"),
        ("2006-03-15", "2021-03-14", "14 years"),
        ("2006-03-15", "2021-03-15", "15 years"),
        ("2006", "2007-06", ""),
        ("2006/2008", "2007", ""),
        ("2006~", "2010-12-31", "4 years"),
    ],
)
def test_no_more_time_than_the_dates_bear(arrest, as_of, years):
    person = factories.make_profile(status_as_of=as_of)
    entry = TimelineEntry.objects.create(profile=person, date=arrest, kind="arrest", what="Taken.")
    person.refresh_from_db()
    entry.refresh_from_db()
    said = person.held_in_words([entry])
    assert (f": {years} or more" in said) if years else not said


def test_died_has_dates_and_no_form(client, petition):
    person = factories.make_profile(status="died", status_as_of="2015-07")
    petition.profiles.add(person)
    page = client.get(person.get_absolute_url()).content.decode()
    assert "Died, July 2015" in page
    assert "Remember:" in page
    assert "Sign:" not in page
    assert "<form" not in page
