"""The list of people: found by links that narrow it down."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaign_site import page_cache
from campaigns.models import Campaign, Profile, Violation
from campaigns.views import PEOPLE_ON_A_PAGE
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    marta = factories.make_profile(
        name="Marta Ilin", area="Estrava", ethnicity="Harbour people", work="media"
    )
    ivo = factories.make_profile(name="Ivo Sand", area="Estrava", status="released", work="media")
    amina = factories.make_profile(
        name="Amina Yusuf", area="Norrland", ethnicity="Sami", work="lawyer", status="died"
    )
    hidden = factories.make_profile(name="Nobody Yet", area="Draftland", state="draft")
    for person in (marta, amina, hidden):
        Violation.objects.create(profile=person, kind="torture")
    Violation.objects.create(profile=marta, kind="secret_trial")
    campaign = factories.make_campaign(slug="home", title="Bring Marta home")
    campaign.profiles.add(marta, hidden)
    factories.make_campaign(slug="other", title="Another").profiles.add(ivo, amina)
    draft = factories.make_campaign(slug="secret", title="Secret plan", state="draft")
    draft.profiles.add(marta)


def read(client, query="", prefix=""):
    answer = client.get(f"{prefix}/profiles/{query}")
    assert answer.status_code == 200, query
    return html.unescape(answer.content.decode())


def names(page):
    return re.findall(r'<h2><a href="[^"]*"><bdi[^>]*>([^<]*)', page)


def choices(page):
    """{label: (address, how many)} of what can be chosen."""
    found = re.findall(
        r'<li><a href="([^"]*)" rel="nofollow"><bdi[^>]*>([^<]*)</bdi></a> '
        r'<span class="small">([\d,]+)</span>',
        page,
    )
    return {label: (address, int(number)) for address, label, number in found}


def test_each_choice_says_how_many_and_leads_to_them(client, people):
    page = read(client)
    assert names(page) == ["Amina Yusuf", "Ivo Sand", "Marta Ilin"]
    found = choices(page)
    assert {label: number for label, (_address, number) in found.items()} == {
        "Imprisoned": 1,
        "Released": 1,
        "Died": 1,
        "Estrava": 2,
        "Norrland": 1,
        "Harbour people": 1,
        "Sami": 1,
        "Journalist, writer or publisher": 2,
        "Lawyer": 1,
        "Torture or ill-treatment": 2,
        "Secret trial": 1,
        "Another": 2,
        "Bring Marta home": 1,
    }
    for label, (address, number) in found.items():
        assert len(names(read(client, address))) == number, label


def test_choices_add_up_and_are_taken_away_again(client, people):
    estrava, _number = choices(read(client))["Estrava"]
    page = read(client, estrava)
    released, number = choices(page)["Released"]
    assert number == 1
    both = read(client, released)
    assert names(both) == ["Ivo Sand"]
    assert set(re.findall(r'href="(\?[^"]*)"[^>]*><span class="unseen">', both)) == {
        "?place=Estrava",
        "?status=released",
    }
    assert names(read(client, "?status=released&violation=torture")) == []
    assert "Nobody here is all of that." in read(client, "?status=released&violation=torture")


def test_drafts_are_in_no_list_and_no_number(client, people):
    page = read(client)
    for words in ("Nobody Yet", "Draftland", "Secret plan"):
        assert words not in page
    # What nobody may see cannot be asked for: as if it had not been said.
    assert len(names(read(client, "?campaign=secret"))) == 3
    drafted = read(client, "?place=Draftland")
    assert (len(names(drafted)), "Draftland" in drafted) == (3, False)


def test_choices_are_in_the_language_of_the_page(client, people):
    factories.offer("fr")
    factories.translate(Profile.objects.get(name="Marta Ilin"), "fr", area="L’Estrava")
    factories.translate(Campaign.objects.get(slug="home"), "fr", title="Marta à la maison")
    page = read(client, prefix="/fr")
    assert '<bdi lang="fr">L’Estrava</bdi>' in page
    assert '<bdi lang="fr">Marta à la maison</bdi>' in page
    assert '<bdi lang="en">Norrland</bdi>' in page
    chosen = read(client, "?place=Estrava&work=x", prefix="/fr")
    assert len(names(chosen)) == 2


@pytest.mark.parametrize(
    "query",
    [
        "?status=absurd",
        "?status=%00",
        "?place=%00",
        "?place=Ring 555 now, we pay",
        "?ethnicity=" + "x" * 5000,
        "?campaign=%00",
        "?campaign=no such one",
        "?violation='; DROP TABLE",
        "?occupation[]=lawyer",
        "?status=%ff%fe",
        "?campaign=1&campaign=%F0%9F%92%A9",
    ],
)
def test_absurd_addresses_show_everybody(client, people, query):
    assert len(names(read(client, query))) == 3


def test_pages_of_the_list(client):
    for number in range(PEOPLE_ON_A_PAGE + 1):
        factories.make_profile(name=f"Person {number:03}", area="Estrava")
    first = read(client)
    assert len(names(first)) == PEOPLE_ON_A_PAGE
    assert '<a href="?page=2" rel="next">' in first
    second = read(client, "?page=2")
    assert names(second) == [f"Person {PEOPLE_ON_A_PAGE:03}"]
    assert '<a href="." rel="prev">' in second
    assert "Page 2 of 2" in second
    for query in ("?page=0", "?page=-7", "?page=" + "9" * 5000, "?page=x", "?page=77"):
        assert client.get(f"/profiles/{query}").status_code == 404, query


def test_search_engines_keep_the_list_and_not_each_way_to_part_it(client, people):
    assert "noindex" not in read(client)
    assert '<link rel="canonical" href="http://testserver/profiles/">' in re.sub(
        r'href="[a-z]+://[^/]+/', 'href="http://testserver/', read(client)
    )
    filtered = read(client, "?status=died")
    assert '<meta name="robots" content="noindex">' in filtered
    assert re.search(r'rel="canonical" href="[^"?]*/profiles/"', filtered)


def test_cache_keeps_the_pages_apart(client, people):
    assert len(names(read(client))) == 3
    assert len(names(read(client, "?status=died"))) == 1
    assert len(names(read(client, "?status=released"))) == 1
    assert len(names(read(client, "?utm_source=mail"))) == 3


def queries_of(client, path):
    page_cache.cache.forget()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.parametrize("query", ["", "?place=Region+1&campaign=many", "?violation=torture"])
def test_as_many_questions_to_the_database_for_few_people_as_for_many(client, query):
    factories.offer("fr")
    campaign = factories.make_campaign(slug="many")
    other = factories.make_campaign(slug="more")
    client.get("/fr/profiles/")  # the first page of a site makes its settings
    asked = []
    for more in (10, 300):
        made = Profile.objects.bulk_create(
            Profile(
                slug=f"many-{more}-{number}",
                name=f"Person {number}",
                state="published",
                status=Profile.Status.values[number % 9],
                status_as_of="2020",
                area=f"Region {number % 4}",
                ethnicity=f"People {number % 7}",
                work=Profile.Work.values[number % 12],
                summary="Arrested.",
                consent="Yes.",
            )
            for number in range(more)
        )
        kinds = Violation.Kind.values
        Violation.objects.bulk_create(
            Violation(profile=one, kind=kinds[(number + part) % 15])
            for number, one in enumerate(made)
            for part in range(2)
        )
        Violation.objects.bulk_create(
            [Violation(profile=one, kind="torture") for one in made], ignore_conflicts=True
        )
        campaign.profiles.add(*made)
        other.profiles.add(*made[::2])
        asked.append(queries_of(client, f"/fr/profiles/{query}"))
    assert asked[0] == asked[1] <= 12, asked
