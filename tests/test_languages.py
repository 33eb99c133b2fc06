"""Which languages visitors are offered, and what a page says in each. Promise 12."""

import re
from html.parser import HTMLParser

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from campaign_site import languages, page_cache
from campaign_site.models import Language, SiteSettings
from petitions import deliveries, delivery_lists, signing
from petitions.models import Signature
from tests import factories
from tests.every_page import PHOTO, Everything
from tests.visitors import path_in, post_sign, press

pytestmark = pytest.mark.django_db
ALL = ("en", "fr", "zh-hans", "ug")


def text(response):
    return response.content.decode()


def alternates(page):
    return dict(re.findall(r'hreflang="([\w-]+)" href="(?:https?://[^/"]+)(/[^"]*)"', page))


def test_a_language_is_offered_once_a_speaker_has_read_it(client):
    Language.objects.create(code="ug")
    assert client.get("/ug/").status_code == 404
    assert 'hreflang="ug"' not in text(client.get("/"))
    factories.offer("ug")
    page_cache.cache.forget()
    page = text(client.get("/ug/"))
    assert '<html lang="ug" dir="rtl">' in page
    assert alternates(page) == {"en": "/", "ug": "/ug/"}
    assert "ئۇيغۇرچە" in text(client.get("/"))
    # What is not there is not there in Uyghur, either.
    page = text(client.get("/nothing/"))
    assert alternates(page) == {}
    assert '<a href="/ug/" lang="ug"' in page


def test_french_counts_as_read(client):
    Language.objects.create(code="fr")
    assert client.get("/fr/").status_code == 200
    assert client.get("/tr/").status_code == 404


def test_reader_and_day_belong_together():
    with pytest.raises(ValidationError):
        Language(code="ug", read_by="Aygül Tursun").full_clean()


def test_demonstration_offers_what_nobody_has_read_and_says_so(settings):
    Language.objects.create(code="ug")
    Language.objects.create(code="fr")
    assert [known.code for known in languages.offered()] == ["en", "fr"]
    settings.DEMO = True
    assert [known.code for known in languages.offered()] == ["en", "fr", "ug"]
    for code, unread in {"en": False, "fr": False, "ug": True}.items():
        with translation.override(code):
            assert languages.unread() == unread


@pytest.mark.parametrize("language", ALL[1:])
def test_petition_is_signed_confirmed_removed_and_listed_in_its_language(
    client, petition, language
):
    """One counter; the signature records its language; mail and pages come in it."""
    factories.offer(language)
    factories.translate(petition, language)
    page = text(client.get(path_in(language, "petitions:petition", petition.slug)))
    assert f"{language}: Free Marta Ilin" in page
    assert f"{language}: Set Marta Ilin free" in page
    assert f"{language}: The list for the Government of Estrava" in page
    posted = post_sign(client, petition, language_of_page=language)
    assert posted["Location"] == path_in(language, "petitions:thanks", petition.slug)
    (mail,) = factories.send_mails()
    assert f"/{language}/code/" in mail.body
    answer = client.post(path_in(language, "petitions:code"), {"code": factories.code_in(mail)})
    personal = answer["Location"]
    assert personal.startswith(f"/{language}/signatures/")
    assert f"{language}: The list for the" in text(client.get(personal))
    press(client, personal, "confirm", petition=petition, name="Amina", city="Lund", is_me="yes")
    signature = Signature.objects.get()
    assert signature.language == language
    assert factories.fresh(petition).numbers.confirmed == 1
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    assert list(delivery_lists.rows(delivery)) == [("Amina", "Lund")]
    press(client, personal, "remove", petition=petition)
    assert factories.fresh(petition).numbers.confirmed == 0
    assert list(delivery_lists.rows(delivery)) == []


def test_form_is_not_offered_where_the_promise_is_in_another_language(client, petition):
    """Nobody signs what they can read only in part: the address leads to the original."""
    factories.offer("fr", "ug")
    factories.translate(petition, "fr", promise="")
    factories.translate(petition, "ug", state="in_review")
    for language in ("fr", "ug"):
        for name in ("petitions:petition", "petitions:sign"):
            path = path_in(language, name, petition.slug)
            for answer in (client.get(path), client.post(path, {"name": "Amina"})):
                if answer.status_code != 405:
                    assert answer["Location"] == petition.get_absolute_url(), path
    page = text(client.get(petition.get_absolute_url()))
    assert alternates(page) == {}
    assert '<a href="/fr/" lang="fr"' in page  # whoever came from there finds the way back
    assert not signing.PendingSignature.objects.exists()


def test_original_in_a_language_that_is_not_offered_stays_where_it_was(client):
    petition = factories.make_petition(language="zh-hans", title="释放玛尔塔")
    page = client.get(petition.get_absolute_url())
    assert page.status_code == 200
    assert 'lang="zh-hans"' in text(page)
    factories.offer("zh-hans")
    page_cache.cache.forget()
    assert client.get(petition.get_absolute_url())["Location"].startswith("/zh-hans/")


def test_missing_piece_is_shown_in_the_original_and_marked(client):
    factories.offer("fr")
    campaign = factories.make_campaign(story="Her story.", demands=["Free her."])
    factories.translate(campaign, "fr", story="")
    factories.translate(campaign.demands.get(), "fr")
    page = text(client.get(path_in("fr", "campaign", campaign.slug)))
    assert '<h1 lang="fr" dir="auto">fr: Bring Marta Ilin home</h1>' in page
    assert re.search(r'lang="en" dir="auto"><p>Her story.', page)
    assert '<li lang="fr">fr: Free her.</li>' in page


def test_what_stands_beside_it_keeps_its_own_language(client):
    """One piece is translated, its neighbour is not, and the words between are ours."""
    factories.offer("fr")
    parent = factories.make_campaign(state="ended", outcome="She is home.")
    campaign = factories.make_campaign(parent=parent)
    petition = factories.make_petition(campaign=campaign)
    petition.profiles.add(person := factories.make_profile())
    update = factories.make_update(
        kind="reaction",
        body="",
        quote="One step.",
        spokesperson="Ana Rask",
        later=[("2026", "No.")],
    )
    update.follow_ups.update(date_words="before May")
    factories.translate(parent, "fr", summary="", outcome="")
    factories.translate(petition, "fr")
    factories.translate(update, "fr", title="")

    def page(name, *args):
        return text(client.get(path_in("fr", name, *args)))

    found = page("campaigns:updates")
    assert '<p lang="fr" dir="auto">fr: One step.</p>' in found
    assert 'Mise à jour (<bdi lang="en">before May</bdi>)' in found
    found = page("campaigns:campaigns")
    assert f'<p lang="en" dir="auto">{parent.summary}</p>' in found
    assert '<p lang="en" dir="auto"><b>She is home.</b></p>' in found
    assert f'<bdi lang="fr">fr: {parent.title}</bdi></a>' in page("campaign", campaign.slug)
    assert f'<p lang="en" dir="auto">{campaign.summary}</p>' in page("campaign", parent.slug)
    found = page("petitions:petition", petition.slug)
    assert '<bdi lang="en">Minister of Justice</bdi>' in found
    found = page("profile", person.slug)
    assert f'<bdi lang="fr">fr: {petition.title}</bdi></a>' in found


def test_foreign_name_at_the_beginning_turns_no_text_around(settings):
    """A browser takes the first letter for the direction; the language of a text knows better."""
    css = (settings.BASE_DIR / "static/css/site.css").read_text(encoding="utf-8")
    for known in languages.KNOWN.values():
        rule = f'[lang="{known.code}"][dir="auto"] {{ direction: rtl; }}'
        assert (rule in css) == known.rtl, known


def test_translation_in_review_is_shown_to_nobody(client):
    factories.offer("fr")
    campaign = factories.make_campaign()
    factories.translate(campaign, "fr", state="in_review")
    page = text(client.get(path_in("fr", "campaign", campaign.slug)))
    assert "fr: Bring" not in page
    assert '<h1 lang="en" dir="auto">Bring Marta Ilin home</h1>' in page


def test_fifth_language_is_added_by_data_alone(client):
    """Tibetan: nobody has translated the interface, so its texts stand under the default one."""
    assert not languages.KNOWN["bo"].has_catalogue
    factories.offer("bo")
    campaign = factories.make_campaign()
    petition = factories.make_petition(campaign=campaign)
    factories.translate(campaign, "bo", title="མར་ཏ་ཁྱིམ་དུ་ལོག")
    factories.translate(petition, "bo")
    page = text(client.get(f"/bo/campaigns/{campaign.slug}/"))
    assert '<html lang="en" dir="ltr">' in page
    assert '<h1 lang="bo" dir="auto">མར་ཏ་ཁྱིམ་དུ་ལོག</h1>' in page
    assert "Do this now" in page
    assert client.get(f"/bo/petitions/{petition.slug}/")["Location"] == petition.get_absolute_url()
    assert client.get("/bo/").status_code == 200
    assert alternates(page)["bo"] == f"/bo/campaigns/{campaign.slug}/"


def test_another_language_of_a_search_searches_for_the_same(client):
    factories.offer("fr")
    page = text(client.get("/search/", {"q": 'Celil & "Yusuf"'}))
    assert 'href="/fr/search/?q=Celil+%26+%22Yusuf%22" lang="fr"' in page
    assert 'href="/fr/search/" lang="fr"' in text(client.get("/search/"))


def test_links_of_a_translated_page_stay_in_its_language(client, petition):
    factories.offer("fr")
    factories.translate(petition, "fr")
    page = text(client.get("/fr/petitions/"))
    assert f'href="/fr/petitions/{petition.slug}/"' in page


@pytest.fixture
def everything(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return Everything()


class Unmarked(HTMLParser):
    """What a page says outside of elements that name their language, as content does."""

    VOID = ("meta", "link", "img", "input", "br", "hr", "rect", "path", "line", "circle")

    def __init__(self, page):
        super().__init__()
        self.inside, self.found = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        for name in ("alt", "title", "aria-label", "placeholder"):
            if not self.is_content() and tag != "input":
                self.found.append(has.get(name) or "")
        if tag not in self.VOID:
            is_content = ("lang" in has and tag != "html") or tag in (
                "bdi",
                "title",
                "script",
                "style",
            )
            self.inside.append(is_content or ("dir" in has and tag != "html"))

    def handle_endtag(self, tag):
        if tag not in self.VOID and self.inside:
            self.inside.pop()

    def handle_data(self, text):
        if not self.is_content():
            self.found.append(text)

    def is_content(self):
        return any(self.inside)


def outside_of_marks(text):
    while (less := re.sub("⟦[^⟦⟧]*⟧", "", text)) != text:
        text = less
    return text


@pytest.mark.parametrize("language", ALL[1:])
def test_every_public_page_speaks_its_language(client, everything, language, monkeypatch):
    """Every public page: 200, the right language and direction; and with a catalogue that only
    marks what it is asked for, nothing unmarked is left around the content."""
    for name in ("gettext", "pgettext", "ngettext", "npgettext"):
        real = getattr(translation.trans_real, name)

        def marked(*asked, real=real):
            return f"⟦{real(*asked)}⟧"

        monkeypatch.setattr(translation._trans, name, marked)
    site = SiteSettings.load()
    direction = "rtl" if language == "ug" else "ltr"
    pages = [path for path in everything.paths(language) if path.startswith(f"/{language}/")]
    assert len(pages) > 15
    for path in pages:
        page = text(client.get(path))
        assert f'<html lang="{language}" dir="{direction}">' in page, path
        left = outside_of_marks("".join(Unmarked(page).found))
        described = f"{language}: {PHOTO['photo_alt']}"  # and its language with it
        for content in (site.name, site.line, "WhatsApp", "Telegram", described, *PHOTO.values()):
            left = left.replace(content, "")
        assert re.findall("[A-Za-z]{3,}", left) == [], path


def test_what_a_photo_shows_is_said_in_the_language_of_the_page(client, everything):
    factories.offer("fr")
    rows = (everything.petition, everything.person, everything.petition.campaign)
    photo = everything.petition.photo
    for row in rows:
        type(row).objects.filter(pk=row.pk).update(photo=photo, **PHOTO)
        row.refresh_from_db()
        assert "photo_alt" in row.to_translate()
        translation_of = row.translation("fr")["texts"] | {"photo_alt": "Portrait de Marta Ilin"}
        factories.translate(row, "fr", **translation_of)
        with translation.override("fr"):
            page = text(client.get(row.get_absolute_url()))
        assert 'alt="Portrait de Marta Ilin" lang="fr"' in page
        original = f'alt="{PHOTO["photo_alt"]}" lang="en"'
        assert original in text(client.get(row.get_absolute_url()))
        row.photo = None
        assert "photo_alt" not in row.to_translate()
