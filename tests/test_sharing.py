"""What people pass on: the badge, the code, links with texts, what search engines are told."""

import itertools
import json
import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from django.utils.timezone import localdate, now

from campaign_site import page_cache
from campaign_site.models import SiteSettings
from petitions import counting, signing
from petitions.growth import FEWEST_A_STEP, growth
from petitions.models import LedgerEntry, Signature
from tests import factories
from tests.every_page import Everything, _photo
from tests.visitors import personal

pytestmark = pytest.mark.django_db
HOSTILE = "</script><script>alert(1)</script><!--&\u2028\"'>"
SVG = "{http://www.w3.org/2000/svg}"


def words_of(svg):
    """All text of a drawing; it is well formed, and runs and fetches nothing."""
    drawing = ElementTree.fromstring(svg)  # noqa: S314
    assert {part.tag.removeprefix(SVG) for part in drawing.iter()} <= {
        *("svg", "title", "rect", "text", "tspan", "path")
    }
    for part in drawing.iter():
        assert not any(name.startswith("on") or "href" in name for name in part.attrib)
        assert "style" not in part.attrib
    return "\n".join("".join(text.itertext()) for text in drawing.iter(f"{SVG}text"))


def badge_of(client, petition):
    page_cache.cache.forget()
    response = client.get(petition.get_absolute_url() + "badge.svg")
    assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
    return words_of(response.content)


# --- Badge and code ------------------------------------------------------------------------------


def test_badge_says_count_title_and_who_asks(client):
    petition = factories.make_petition(show_count_from=1)
    factories.sign_and_confirm(petition)
    assert badge_of(client, petition).splitlines() == [
        "1 person has signed",
        "Free Marta Ilin and let her come",
        "home",
        "Vigil",
    ]


def test_badge_says_no_small_number(client):
    petition = factories.make_petition(show_count_from=3)
    factories.sign_and_confirm(petition)
    assert "Be among the first." in badge_of(client, petition)
    assert "1" not in badge_of(client, petition)


@pytest.mark.parametrize(
    "title",
    [
        HOSTILE,
        "a\x0b\x1f\ufffe\ud7ff b",
        "释放玉山江，让他回家" * 5,
        "ئۇنى قويۇپ بېرىڭلار",
        "W" * 120,
    ],
)
def test_badge_holds_any_title(client, title):
    petition = factories.make_petition(title=title)
    shown = badge_of(client, petition)
    assert "alert" not in shown or "<script>" in shown  # as text, which words_of has proved
    assert len(shown.splitlines()) <= 4


def test_badge_is_for_pages_of_others_and_nothing_else_is(client, petition):
    path = petition.get_absolute_url()
    assert client.get(path + "badge.svg")["Cross-Origin-Resource-Policy"] == "cross-origin"
    for other in ("qr.svg", ""):
        assert client.get(path + other)["Cross-Origin-Resource-Policy"] == "same-origin"


def test_badge_is_drawn_once_for_many(client, petition, django_assert_num_queries):
    client.get(petition.get_absolute_url() + "badge.svg")
    with django_assert_num_queries(0):
        client.get(petition.get_absolute_url() + "badge.svg")


@pytest.mark.parametrize("ending", ["badge.svg", "qr.svg", "poster.pdf"])
def test_drafts_have_nothing_to_pass_on(client, ending):
    petition = factories.make_petition(state="draft")
    assert client.get(petition.get_absolute_url() + ending).status_code == 404
    type(petition).objects.filter(pk=petition.pk).update(state="removed")
    assert client.get(petition.get_absolute_url() + ending).status_code == 410


def test_code_is_a_drawing_without_script(client, petition):
    assert words_of(client.get(petition.get_absolute_url() + "qr.svg").content) == ""


# --- How a count grew ----------------------------------------------------------------------------


def signed(petition, *numbers, first=date(2026, 3, 2), apart=1):
    """So many signatures on each of these days."""
    for place, number in enumerate(numbers):
        day = first + timedelta(days=place * apart)
        for _one in range(number):
            row = factories.sign_and_confirm(petition)
            Signature.objects.filter(pk=row.pk).update(signed_on=day)
    return factories.fresh(petition)


def count_elsewhere(petition, quantity, on, kind="paper"):
    counting.enter(
        LedgerEntry(
            petition=petition, kind=kind, quantity=quantity, source=on, date=on, evidence="x"
        )
    )
    return factories.fresh(petition)


def totals(petition):
    return [step.total for step in growth(petition).steps]


def test_busy_days_are_shown_by_day(petition):
    assert totals(signed(petition, 5, 0, 6, 7)) == [5, 11, 18]


def test_no_step_is_so_small_that_a_person_could_be_found(petition):
    """Promise 4: the page of a small petition does not tell on which day somebody signed."""
    found = growth(signed(petition, 5, 1, 3, 2, 6, 1, apart=7))
    before = [0, *(step.total for step in found.steps)]
    assert all(after - earlier >= FEWEST_A_STEP for earlier, after in itertools.pairwise(before))
    assert found.last.total == 18


def test_a_quiet_day_makes_it_weeks(petition):
    # Five, then one a day: by day it would be seven steps.
    found = growth(signed(petition, 5, *[1] * 20))
    assert found.steps[0].until == date(2026, 3, 8)
    assert totals(petition) == [11, 18, 25]


def test_too_few_days_are_no_picture(petition):
    assert growth(signed(petition, 8, 8)) is None


def test_below_the_minimum_there_is_no_picture():
    assert growth(signed(factories.make_petition(show_count_from=100), 6, 6, 6)) is None


def test_years_stay_few_steps(petition):
    found = growth(signed(petition, *[5] * 12, first=date(2024, 12, 1), apart=60))
    assert 3 <= len(found.steps) <= 40


def test_it_ends_at_the_count_of_this_moment(petition, django_assert_max_num_queries):
    """Promise 15; though earlier days are not looked through each time."""
    growth(signed(petition, 6, 6, 6, apart=30))
    newest = factories.sign_and_confirm(petition)
    found = factories.fresh(petition)
    with django_assert_max_num_queries(2):  # the counter, and what was counted elsewhere
        assert growth(found).last.total == found.numbers.total == 19
    signing.remove(newest.pk)
    signing.remove(petition.signatures.earliest("signed_on").pk)
    found = factories.fresh(petition)
    last = growth(found).last
    assert last.total == found.numbers.total == 17
    assert last.until < localdate(), "nobody is counted today any more"


def test_what_was_counted_elsewhere_is_there_on_its_day_or_before_all(petition):
    signed(petition, 5, 5, 5)
    count_elsewhere(petition, 785, "2020-05-01")
    count_elsewhere(petition, 30, "2019")
    found = count_elsewhere(petition, 100, "2026-03-03")
    assert growth(found).base == 815
    assert totals(found) == [820, 925, 930]
    assert growth(found).last.total == found.numbers.total


def test_names_erased_after_their_time_do_not_look_new(petition):
    signed(petition, 5, 5, 5)
    found = count_elsewhere(petition, 50, "2026-03-03", kind="erased")
    assert totals(found) == [55, 60, 65]


def test_picture_and_table_say_the_same(client, petition):
    signed(petition, 5, 6, 7)
    page = client.get(petition.get_absolute_url()).content.decode()
    (points,) = re.findall(r'<polyline points="([^"]+)"', page)
    assert len(points.split()) == 4
    table = re.search(r"<table.*?</table>", page, re.DOTALL).group()
    assert re.findall(r"<td>(\d+)</td>", table) == ["5", "11", "18"]
    assert "climbs from 0 before 2 March 2026 to 18 on 4 March 2026" in page


# --- Links ---------------------------------------------------------------------------------------


def test_who_passes_it_on_passes_on_the_petition_and_not_themselves(client, petition, settings):
    row = factories.sign_and_confirm(petition)
    page = client.get(personal(row)).content.decode()
    shared = re.findall(
        r'(?:data-url|href)="([^"]*(?:wa\.me|t\.me|mailto:\?|/petitions/)[^"]*)', page
    )
    assert len(shared) >= 4
    token = personal(row).rstrip("/").rpartition("/")[2]
    assert not any(token in address or "signed" in address for address in shared)
    assert f'data-url="{settings.SITE_URL}{petition.get_absolute_url()}"' in page
    assert "share-here" in page


def test_texts_are_safe_in_addresses(client):
    petition = factories.make_petition(title="Free & fair? #now +1")
    page = client.get(petition.get_absolute_url()).content.decode()
    assert "Free%20%26%20fair%3F%20%23now%20%2B1" in page


# --- JSON-LD -------------------------------------------------------------------------------------


def facts_in(client, path):
    page = client.get(path).content.decode()
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert not set("<>&\u2028") & set(block)
    return json.loads(block), page


def test_articles_say_what_they_are(client, settings, tmp_path):
    settings.MEDIA_ROOT, settings.SITE_URL = tmp_path, "https://petitions.example.org"
    everything = Everything()
    for row in (everything.campaign, everything.person):
        facts, page = facts_in(client, row.get_absolute_url())
        assert facts["@type"] == "Article"
        assert facts["url"] == settings.SITE_URL + row.get_absolute_url()
        assert facts["image"] == settings.SITE_URL + row.photo_url
        assert facts["publisher"]["name"] == "Vigil"
        assert [person["name"] for person in facts["about"]] == ["Marta Ilin"]
        assert facts["about"][0]["alternateName"] == "Марта Ильин"
        assert not {"dateModified", "datePublished", "author"} & set(facts)
        assert '<meta property="og:type" content="article">' in page


def test_no_title_breaks_out_of_the_data(client):
    campaign = factories.make_campaign(title=HOSTILE, summary=HOSTILE)
    person = factories.make_profile(name=HOSTILE, summary=HOSTILE, native_name=HOSTILE)
    campaign.profiles.add(person)
    for row, name in ((campaign, "headline"), (person, "headline")):
        facts, page = facts_in(client, row.get_absolute_url())
        assert facts[name] == HOSTILE
        assert "<script>alert" not in page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("browser")
def test_browser_refuses_nothing_and_runs_nothing(visit, settings, live_server):
    """0 violations of the policy, and a hostile title is text wherever it stands."""
    settings.SITE_URL = live_server.url
    campaign = factories.make_campaign(title=HOSTILE, summary=HOSTILE)
    petition = factories.make_petition(title=HOSTILE, campaign=campaign, show_count_from=1)
    person = factories.make_profile(name=HOSTILE, summary=HOSTILE)
    campaign.profiles.add(person)
    page = visit()
    page.add_init_script("window.alert = () => { window.broken = true; };")
    paths = [row.get_absolute_url() for row in (campaign, petition, person)]
    for path in [*paths, petition.get_absolute_url() + "badge.svg"]:
        page.goto(path)
        assert not page.evaluate("() => window.broken"), path
    assert page.complaints == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("browser")
def test_native_share_where_there_is_one(visit, settings, live_server):
    settings.SITE_URL = live_server.url
    petition = factories.make_petition()
    row = factories.sign_and_confirm(petition)
    paths = [
        petition.get_absolute_url(),
        petition.campaign.get_absolute_url(),
        factories.make_profile().get_absolute_url(),
        personal(row),
    ]
    without, device = visit(), visit()
    without.add_init_script("navigator.share = undefined;")
    device.add_init_script(
        "navigator.share = (what) => { window.shared = what; return Promise.resolve(); };"
    )
    for path in paths:
        without.goto(path)
        assert without.locator(".share-here").is_hidden(), path
        device.goto(path)
        device.locator(".share-here").click()
        shared = device.evaluate("() => window.shared")
        page = petition.get_absolute_url() if path == personal(row) else path
        assert shared["url"] == live_server.url + page
    assert "sign it: Free Marta Ilin" in shared["text"]
    assert device.complaints == []


# --- Share image and logo ------------------------------------------------------------------------


def head_of(client, path):
    page_cache.cache.forget()
    return dict(
        re.findall(
            r'<meta (?:property|name)="([^"]+)" content="([^"]*)"',
            client.get(path).content.decode(),
        )
    )


def test_share_image_comes_before_the_photo(client, settings, tmp_path):
    settings.MEDIA_ROOT, settings.SITE_URL = tmp_path, "https://petitions.example.org"
    photo = {"photo": _photo(1200, 900), "photo_alt": "Marta Ilin", "photo_credit": "Archive"}
    petition = factories.make_petition(**photo)
    path = petition.get_absolute_url()
    assert head_of(client, path)["og:image"] == settings.SITE_URL + petition.photo_url
    petition.share_image = _photo(1600, 840)
    petition.save()
    head = head_of(client, path)
    assert head["og:image"].endswith(petition.share_image["files"]["1600"])
    assert (head["og:image:width"], head["og:image:height"]) == ("1600", "840")
    assert head["twitter:card"] == "summary_large_image"
    assert petition.photo_url in client.get(path).content.decode()


def test_logo_stands_in_place_of_the_name(client, petition, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    SiteSettings.objects.update_or_create(
        pk=1, defaults={"logo": _photo(480, 96), "name": "Free Voices"}
    )
    page = client.get("/petitions/").content.decode()
    assert re.search(
        r'<img class="bar-logo" src="/media/[0-9a-f]{40}\.webp" width="480" '
        r'height="96" alt="Free Voices">',
        page,
    )
    # Promise 12: where people sign, nothing is fetched that they can do without.
    assert "bar-logo" not in client.get(petition.get_absolute_url()).content.decode()


def test_nobody_is_asked_to_sign_what_is_closed(client):
    petition = factories.make_petition(closes_at=now() - timedelta(days=1))
    page = client.get(petition.get_absolute_url()).content.decode()
    assert "sign%20it" not in page
    assert "Free%20Marta%20Ilin" in page
