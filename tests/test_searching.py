"""What people find by typing a name or a word: in every script, and never what is not public."""

import importlib
import logging
import re

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation

from campaign_site import page_cache, searching, translations
from campaign_site.pages import SEARCHED
from campaigns.models import Campaign, Profile, ProfileName, TimelineEntry
from petitions import mending
from petitions.models import Mend, Petition
from tests import factories, naughty
from tests.staff.forms import fill_in

pytestmark = pytest.mark.django_db


def search(client, words, language="en"):
    with translation.override(language):
        return client.get(reverse("search"), {"q": words})


def found(client, words, language="en"):
    """The names and titles in the answer."""
    page = search(client, words, language).content.decode()
    return re.findall(r"<h3><a[^>]*><bdi lang=[^>]*>(.*?)</bdi>", page)


@pytest.fixture
def celil():
    person = factories.make_profile(
        name="Huseyin Celil",
        native_name="ھۈسەيىن جېلىل",
        native_language="ug",
        summary="A religious leader.",
    )
    ProfileName.objects.create(profile=person, name="Husein Dzhelil")
    return person


# --- Spellings and scripts -------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        *("Huseyin Celil", "celil", "CELIL HUSEYIN", "Hüseyin", "Husein Dzhelil", "dzhel"),
        *("ھۈسەيىن", "جېلىل", "\u2067جېـلىل\u2069", "ＣＥＬＩＬ", "religious"),
    ],
)
def test_person_is_found_by_every_name(client, celil, typed):
    assert found(client, typed) == ["Huseyin Celil"]
    page = search(client, typed).content.decode()
    assert '<bdi lang="ug">ھۈسەيىن جېلىل</bdi>' in page
    assert "<bdi>Husein Dzhelil</bdi>" in page
    assert "Last known, March 2026: imprisoned" in page


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Zoë Núñez", "zoe nunez"),
        ("İlham Işık", "ilham isik"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Straße", "STRASSE"),
        ("Mary-Jane O’Brien", "maryjane obrien"),
        ("Mary-Jane O’Brien", "Mary Jane O'Brien"),
        ("玉山江·吐尔逊", "玉山江吐尔逊"),
        ("أحمد", "احمد"),
        ("مُحَمَّد", "محمد"),
        ("علی", "علي"),
        ("می‌خواهم", "میخواهم"),
        ("Артём", "артем"),
        ("हिन्दी", "हिन्दी"),
        ("ซื่อสัตย์", "ซื่อสัตย์"),
        ("བོད་ཡིག", "བོད་"),
        ("がんばれ", "がんばれ"),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ],
)
def test_spellings_of_one_word_find_it(client, written, typed):
    factories.make_profile(name=written)
    assert len(found(client, typed)) == 1


@pytest.mark.parametrize(("one", "other"), [("ئۆي", "ئۇي"), ("ดี", "ดู"), ("कि", "की"), ("が", "か")])
def test_marks_that_make_another_letter_count(one, other):
    assert searching.fold(one) != searching.fold(other)


def test_word_is_found_inside_chinese_text(client):
    campaign = factories.make_campaign(language="zh-hans", title="释放", story="他在北京被捕入狱。")
    assert found(client, "被捕") == [campaign.title]
    assert found(client, "狱") == [campaign.title]


def test_every_word_must_occur(client, celil):
    assert found(client, "celil leader")
    assert not found(client, "celil teacher")


def test_name_is_found_before_a_mention(client, celil):
    factories.make_profile(name="Aaron", summary="A friend of Celil.")
    assert found(client, "celil") == ["Huseyin Celil", "Aaron"]


@pytest.mark.parametrize("sign", ["%", "_", "\\", "100%", "a_b"])
def test_signs_of_the_database_stand_for_nothing(client, celil, sign):
    assert found(client, sign) == []


# --- Everything public, in every language ----------------------------------------------------


def test_campaigns_petitions_and_people_are_found(client):
    campaign = factories.make_campaign(title="Home", story="By the lighthouse.")
    petition = factories.make_petition(campaign=campaign, title="Sign", letter="A lighthouse.")
    factories.make_profile(name="Marta", background="Near a lighthouse.")
    assert sorted(found(client, "lighthouse")) == ["Home", "Marta", "Sign"]
    page = search(client, "lighthouse").content.decode()
    assert f'href="{petition.get_absolute_url()}"' in page
    assert "<h2>People " in page
    assert "<h2>Petitions " in page


@pytest.mark.parametrize("language", ["en", "fr", "zh-hans", "ug"])
def test_any_language_finds_what_is_said_in_any_other(client, language):
    factories.offer()
    petition = factories.make_petition()
    factories.translate(petition, "fr", title="Libérez Marta Ilin")
    factories.translate(petition, "ug", title="مارتا ئىلىننى قويۇپ بېرىڭ")
    factories.translate(petition, "zh-hans", title="释放玛尔塔伊林")
    shown = factories.fresh(petition).say("title", language).text
    for words in ("free marta", "liberez", "قويۇپ", "玛尔塔"):
        assert found(client, words, language) == [shown]
    page = search(client, "free marta", language).content.decode()
    assert f'<bdi lang="{language}">{shown}</bdi>' in page


def test_key_dates_are_found(client, celil):
    entry = TimelineEntry.objects.create(profile=celil, date="2006", what="Stopped in Tashkent.")
    assert found(client, "tashkent")
    entry.delete()
    assert not found(client, "tashkent")


# --- What is not public ----------------------------------------------------------------------


def test_drafts_and_what_was_taken_down_are_never_found(client):
    for state in ("draft", "removed"):
        factories.make_profile(name="Secretname", state=state)
        factories.make_campaign(title="Secretname", state=state)
        factories.make_petition(title="Secretname", state=state)
    assert found(client, "secretname") == []


def test_what_no_page_shows_finds_nothing(client):
    factories.make_profile(consent="Secretname agreed.")
    factories.make_petition(outcome="Secretname wins.")  # it is open
    assert found(client, "secretname") == []


def test_translation_is_found_while_it_is_published(client):
    factories.offer("fr")
    petition = factories.make_petition()
    for state, there in (("draft", 0), ("in_review", 0), ("published", 1), ("draft", 0)):
        factories.translate(petition, "fr", state=state, title="Phare")
        assert len(found(client, "phare")) == there, state


def test_what_staff_emptied_is_said_and_found_in_no_language(client, celil):
    factories.offer("fr")
    celil.background = "He wrote poems."
    celil.save()
    factories.translate(celil, "fr", background="Il écrivait des poèmes.")
    assert found(client, "poèmes") == [celil.name]
    celil.background = ""
    celil.save()
    assert found(client, "poèmes") == []
    assert celil.say("background", "fr").text == ""


def test_translated_key_date_is_found_while_it_is_published(client, celil):
    factories.offer("fr")
    entry = TimelineEntry.objects.create(profile=celil, date="2006", what="Stopped.")
    for state, there in (("in_review", 0), ("published", 1), ("draft", 0)):
        factories.translate(entry, "fr", state=state, what="Phare")
        assert len(found(client, "phare")) == there, state


# --- Kept right, whoever writes --------------------------------------------------------------


def test_staff_change_a_name_and_an_alias(client, admin_client, celil):
    path = reverse("admin:campaigns_profile_change", args=[celil.pk])
    typed = {"name": "Newname", "names-0-name": "Newalias"}
    assert fill_in(admin_client, path, **typed).status_code == 302
    assert found(client, "newname") == found(client, "newalias") == ["Newname"]
    assert found(client, "dzhelil") == []
    assert fill_in(admin_client, path, **{"names-0-DELETE": "on"}).status_code == 302
    assert found(client, "newalias") == []


def test_mended_spelling_is_found(client, petition):
    factories.sign_and_confirm(petition)
    title = petition.title.replace("Ilin", "Ilyin")
    mending.mend(petition, part=Mend.Part.TITLE, after=title, reason="Misspelt.")
    assert found(client, "ilyin") == [title]


def test_ended_campaign_is_found_by_how_it_ended(client, admin_client):
    campaign = factories.make_campaign()
    admin_client.post(
        reverse("admin:campaigns_campaign_end", args=[campaign.pk]), {"outcome": "Homecoming."}
    )
    assert found(client, "homecoming") == [campaign.title]


def test_reindex_mends_what_was_written_around_save(client, celil, capsys):
    Profile.objects.update(name="Bulkname")
    Campaign.objects.bulk_create([Campaign(slug="c", title="Bulkname", state="published")])
    assert found(client, "bulkname") == []
    call_command("reindex")
    assert capsys.readouterr().out.startswith("2 rows")
    assert len(found(client, "bulkname")) == 2
    call_command("reindex")
    assert capsys.readouterr().out.startswith("0 rows")


def test_worker_proves_it_once_a_day(client, celil):
    Profile.objects.update(name="Bulkname")
    call_command("worker", "--once")
    assert found(client, "bulkname") == ["Bulkname"]


@pytest.mark.parametrize(
    ("app", "migration"),
    [("campaigns", "0010_fill_search_text"), ("petitions", "0016_fill_search_text")],
)
def test_migration_fills_the_rows_that_are_there(monkeypatch, celil, petition, app, migration):
    monkeypatch.setattr(searching, "BATCH", 1)
    factories.make_profile()
    models = [model for model in SEARCHED if model._meta.app_label == app]
    before = {model: sorted(model.objects.values_list("pk", "search_text")) for model in models}
    for model in models:
        model.objects.update(search_text="")
    importlib.import_module(f"{app}.migrations.{migration}").fill(apps, None)
    for model in models:
        assert sorted(model.objects.values_list("pk", "search_text")) == before[model]


def test_whatever_can_be_found_is_searched_and_names_fields_it_has():
    searchable = {model for model in apps.get_models() if issubclass(model, searching.Searchable)}
    assert searchable == set(SEARCHED)
    for model in searchable:
        assert model.says in model.searched
        below = {path.rpartition("__")[0] for path in model.searched} - {""}
        for name in below:
            assert issubclass(model._meta.get_field(name).related_model, searching.Below)


def test_two_write_one_row_and_both_are_found(client):
    """Neither puts back what the other changed: the text comes from what stands in the database."""
    campaign = factories.make_campaign(story="Old story.")
    one, other = (Campaign.objects.get(pk=campaign.pk) for _ in range(2))
    one.title, other.story = "Newtitle", "Newstory"
    one.save(update_fields=["title"])
    other.save(update_fields=["story"])
    assert found(client, "newtitle newstory") == ["Newtitle"]


def test_saved_translation_leaves_the_others_findable(client, petition):
    factories.offer("fr", "ug")
    factories.translate(petition, "fr", title="Phare")
    factories.translate(petition, "ug", title="ماياك")
    with pytest.raises(translations.SavedMeanwhile):
        translations.save(petition, "fr", {"state": "draft", "texts": {}, "of": {}}, seen=99)
    assert found(client, "phare") == found(client, "ماياك") != []


# --- The page --------------------------------------------------------------------------------


def test_page_without_a_search_says_how(client):
    page = client.get(reverse("search")).content.decode()
    assert 'name="q"' in page
    assert 'autocomplete="off"' in page
    assert '<meta name="robots" content="noindex">' in page
    assert "Nothing found" not in page


def test_nothing_found_says_what_else_to_try(client, celil):
    answer = search(client, "zzz")
    assert answer.status_code == 200
    assert "Nothing found" in answer.content.decode()
    assert reverse("campaigns:profiles") in answer.content.decode()


def test_long_list_shows_the_first_twenty_and_how_many_there_are(client):
    for number in range(21):
        factories.make_profile(name=f"Lamp {number}")
    page = search(client, "lamp").content.decode()
    assert len(re.findall("<h3", page)) == 20
    assert '<span class="small">21</span>' in page
    assert "The first 20 are shown" in page


@pytest.mark.parametrize("typed", ["a", "?", "é", "x" * 101, "x" * 1_000_000, "cel\0il", "\u202e"])
def test_too_little_too_much_or_no_text_is_said_beside_the_field(client, celil, typed):
    answer = search(client, typed)
    assert answer.status_code == 422
    assert 'class="errorlist"' in answer.content.decode()
    assert len(answer.content) < 20_000


def test_spaces_alone_are_no_search(client, celil):
    assert search(client, "   ").status_code == 200


def test_half_a_character_is_no_fault(client, celil):
    for query in ("q=%ED%A0%80", "q=%FF%FE", "q=celil%ED%B0%80", "q=a&q=celil", "q[]=1"):
        answer = client.get(reverse("search"), QUERY_STRING=query)
        assert answer.status_code in (200, 422), query


def test_naughty_strings_are_searched_for_without_a_fault(client, celil):
    """Promise 13: nothing that is typed is a fault, or markup."""
    for typed in naughty.STRINGS:
        answer = client.get(reverse("search"), QUERY_STRING=naughty.body({"q": typed}))
        assert answer.status_code in (200, 422), typed
        assert b"<script>alert" not in answer.content


def test_search_is_never_kept(client, celil):
    """Nobody is answered what another one asked."""
    assert found(client, "celil")
    assert not found(client, "zzz")
    assert "no-store" in search(client, "celil")["Cache-Control"]
    assert not page_cache.cache.pages


def test_words_are_not_logged(client, celil, caplog):
    """Promise 9: logs name routes."""
    with caplog.at_level(logging.DEBUG, logger="vigil"), caplog.at_level(logging.DEBUG, "django"):
        search(client, "geheimwort")
        search(client, "geheimwort" * 20)
    lines = [r.getMessage() for r in caplog.records if not r.name.startswith("django.db")]
    assert any("search 200" in line for line in lines)
    assert not [line for line in lines if "geheimwort" in line]


def test_few_questions_to_the_database_however_many_rows(client, django_assert_max_num_queries):
    for number in range(25):
        person = factories.make_profile(name=f"Lamp {number}", native_name="Lamp")
        ProfileName.objects.create(profile=person, name="Lantern")
        factories.make_petition(title=f"Lamp {number}")
    with django_assert_max_num_queries(12):
        assert len(found(client, "lamp")) == 40


def test_every_page_leads_to_the_search(client):
    for path in ("/", reverse("about")):
        assert client.get(path).content.decode().count('href="/search/"') == 2


def test_signing_does_not_wait_for_what_is_found(petition):
    """A signature changes no text, so it touches none."""
    before = Petition.objects.values_list("search_text", flat=True).get(pk=petition.pk)
    Petition.objects.update(search_text="untouched")
    factories.sign_and_confirm(petition)
    assert Petition.objects.get(pk=petition.pk).search_text == "untouched" != before
