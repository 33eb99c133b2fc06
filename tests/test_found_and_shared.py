"""What search engines and messengers read of a page: titles, descriptions, pictures of our own."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import translation

from campaign_site import page_cache
from campaigns.models import Campaign
from tests import factories
from tests.every_page import Everything

pytestmark = pytest.mark.django_db
SITE = "https://petitions.example.org"


@pytest.fixture
def everything(settings, tmp_path):
    settings.SITE_URL = SITE
    settings.MEDIA_ROOT = tmp_path
    return Everything()


class Head(HTMLParser):
    def __init__(self, response):
        super().__init__()
        self.meta, self.links = {}, {}
        text = response.content.decode()
        self.title = re.search(r"<title>(.*?)</title>", text, re.DOTALL).group(1).strip()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        if tag == "meta" and "content" in at:
            self.meta[at.get("name") or at.get("property")] = at["content"]
        elif tag == "link":
            self.links[at["rel"]] = at["href"]

    @property
    def is_hidden(self):
        return self.meta.get("robots") == "noindex"


def test_every_page_says_what_it_is_or_asks_not_to_be_found(client, everything):
    titles = {}
    for path in everything.paths():
        head = Head(client.get(path))
        assert not head.title.startswith("·"), path
        assert head.links["icon"].startswith("/static/"), path
        if head.is_hidden:
            assert "canonical" not in head.links, path
            continue
        assert head.meta["description"], path
        canonical = head.links["canonical"]
        assert canonical.startswith(SITE), path
        assert head.meta["og:url"] == canonical
        assert head.meta["og:description"] == head.meta["description"]
        assert client.get(canonical.removeprefix(SITE)).status_code == 200, path
        titles.setdefault(canonical, set()).add(head.title)
    assert all(len(found) == 1 for found in titles.values())


def test_pictures_to_share_are_our_own(client, everything):
    petition = everything.petition
    head = Head(client.get(petition.get_absolute_url()))
    assert head.meta["og:image"] == SITE + petition.photo_url
    assert head.meta["og:image:alt"] == petition.photo_alt
    # Without one of its own: the picture of whom it is about.
    shared = Head(client.get(everything.named.get_absolute_url())).meta["og:image"]
    assert shared == SITE + everything.person.photo_url
    for path in everything.paths():
        image = Head(client.get(path)).meta.get("og:image", SITE + "/media/")
        assert image.startswith(SITE + "/media/"), path


def test_link_of_an_event_points_to_the_petition(client, everything):
    for path in everything.paths():
        if "/at/" in path:
            head = Head(client.get(path))
            assert head.links["canonical"] == SITE + everything.petition.get_absolute_url()


def listed(client):
    response = client.get("/sitemap.xml")
    assert response["Content-Type"] == "application/xml"
    return [
        loc.text.removeprefix(SITE)
        for loc in ElementTree.fromstring(response.content).iter()  # noqa: S314
        if loc.tag.endswith("loc")
    ]


def test_sitemap_lists_what_is_published_and_nothing_else(client, everything):
    draft = factories.make_campaign(state=Campaign.State.DRAFT)
    paths = listed(client)
    assert draft.get_absolute_url() not in paths
    assert everything.removed.get_absolute_url() not in paths
    assert len(paths) == len(set(paths))
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200, path
        assert Head(response).links["canonical"] == SITE + path
    # All that may be found is in it.
    heads = (
        Head(client.get(path))
        for language in ("en", "fr", "zh-hans", "ug")
        for path in everything.paths(language)
    )
    may_be_found = {
        head.links["canonical"].removeprefix(SITE) for head in heads if not head.is_hidden
    }
    assert may_be_found == set(paths)
    assert f"Sitemap: {SITE}/sitemap.xml" in client.get("/robots.txt").content.decode()


def test_sitemap_has_the_original_that_is_not_english(client, settings):
    settings.SITE_URL = SITE
    factories.offer("fr")
    slug = factories.make_campaign(language="fr").slug
    assert {f"/campaigns/{slug}/", f"/fr/campaigns/{slug}/"} <= set(listed(client))


def facts(client, row, language):
    with translation.override(language):
        page = client.get(row.get_absolute_url()).content.decode()
    return json.loads(re.search(r'ld\+json">(.*?)</script>', page)[1])


def test_what_search_engines_are_told_is_in_one_language(client, settings):
    settings.SITE_URL = SITE
    factories.offer("fr")
    person = factories.make_profile()
    campaign = factories.make_campaign()
    campaign.profiles.add(person)
    event = factories.make_event(venue="Library")
    document = factories.make_document(text_language="es")
    assert facts(client, campaign, "fr")["url"] == f"{SITE}/campaigns/{campaign.slug}/"
    page_cache.cache.forget()
    for row in (person, campaign, event, document):
        factories.translate(row, "fr")
    found = facts(client, campaign, "fr")
    assert found["url"] == f"{SITE}/fr/campaigns/{campaign.slug}/"
    assert (found["inLanguage"], found["headline"]) == ("fr", f"fr: {campaign.title}")
    assert found["description"] == f"fr: {campaign.summary}"
    assert found["about"][0]["name"] == f"fr: {person.name}"
    found = facts(client, event, "fr")
    assert (found["inLanguage"], found["name"]) == ("fr", f"fr: {event.title}")
    assert found["location"][0]["name"] == "fr: Library"
    found = facts(client, document, "fr")  # what is read there is Spanish
    assert (found["inLanguage"], found["headline"]) == ("es", f"fr: {document.title}")
    assert found["description"] == f"fr: {document.summary}"


def test_the_icon_is_there_for_staff_and_for_whoever_asks_without_reading(client):
    response = client.get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (302, "/static/img/favicon.svg")
    assert Head(Client().get("/admin/login/")).links["icon"] == "/static/img/favicon.svg"
