"""A petition from nothing, on one screen."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.urls import reverse
from PIL import Image

from campaign_site.models import AuditEvent
from campaigns.models import Addressee, Campaign, Government, Profile
from petitions.models import Petition, Target
from tests import factories
from tests.staff.forms import fields, fill_in, text

pytestmark = pytest.mark.django_db
PAGE = "/admin/petitions/petition/quick-start/"
EVERYTHING = (Profile, Campaign, Government, Addressee, Petition, Target)


def typed(**more):
    return {
        "person_name": "Marta Ilin",
        "status": "imprisoned",
        "status_as_of": "March 2021",
        "person_summary": "A journalist of Port Ilin.",
        "title": "Free Marta Ilin and let her come home",
        "summary": "She is in prison for what she wrote.",
        "government": "Government of Estrava",
        "office": "Minister of Justice of Estrava",
        "salutation": "Your Excellency,",
        "letter": "I write about Marta Ilin.\r\n\r\nShe is innocent.",
        "demands": "Set her free.\r\n\r\n Let her family visit. ",
    } | more


WORDS = {"photo_alt": "Portrait of Marta", "photo_credit": "Photo: Family"}


def picture():
    content = io.BytesIO()
    Image.new("RGB", (600, 400), "white").save(content, "PNG")
    return SimpleUploadedFile("marta.png", content.getvalue(), "image/png")


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def nothing_is_made():
    return not any(model.objects.exists() for model in EVERYTHING)


def test_everything_from_nothing_in_one_go(campaigner, client):
    answer = fill_in(campaigner, PAGE, **typed(photo_upload=picture(), **WORDS))
    petition = Petition.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("admin:petitions_petition_change", args=[petition.pk])
    assert (petition.state, petition.slug) == ("draft", "free-marta-ilin-and-let-her-come-home")
    assert petition.letter == "I write about Marta Ilin.\n\nShe is innocent."
    assert petition.demands == ["Set her free.", "Let her family visit."]
    assert petition.photo["files"]
    person, campaign = petition.profiles.get(), petition.campaign
    assert (person.state, person.slug, person.status_as_of) == ("draft", "marta-ilin", "2021-03")
    assert (campaign.state, campaign.title) == ("draft", "Justice for Marta Ilin")
    assert campaign.profiles.get() == person
    target = petition.targets.get()
    assert target.addressee.office == "Minister of Justice of Estrava"
    assert "the Government of Estrava shows" in petition.promise
    assert client.get(petition.get_absolute_url()).status_code == 404
    assert "The draft is made." in text(campaigner.get(answer["Location"]))


def test_audit_trail_says_what_was_made(campaigner):
    """Promise 16: each row that was made is in it, by whom."""
    fill_in(campaigner, PAGE, **typed())
    events = AuditEvent.objects.filter(verb="added", by=campaigner.member)
    kinds = {event.details["kind"] for event in events}
    assert kinds == {"profile", "campaign", "government", "addressee", "petition"}


def test_what_is_here_already_is_chosen(campaigner):
    person, government = factories.make_profile(), factories.make_government()
    campaign = factories.make_campaign()
    campaign.profiles.add(person)
    new = dict.fromkeys(
        ("person_name", "status", "status_as_of", "person_summary", "government", "office"), ""
    )
    chosen = {"profile": person.pk, "addressee": government.addressees.get().pk}
    assert fill_in(campaigner, PAGE, **typed() | new | chosen).status_code == 302
    petition = Petition.objects.get()
    assert petition.profiles.get() == person
    assert petition.targets.get().government == government
    assert petition.campaign == campaign
    assert [model.objects.count() for model in EVERYTHING] == [1, 1, 1, 1, 1, 1]


def test_nothing_is_half_made_when_something_is_missing(campaigner):
    """Errors stand by the field, and what was typed is kept."""
    for name in ("person_name", "status_as_of", "title", "office", "demands"):
        answer = fill_in(campaigner, PAGE, **typed(**{name: " "}))
        assert answer.status_code == 422
        assert list(answer.context["quick_start"].errors) == [name]
        assert "She is innocent." in text(answer)
    assert nothing_is_made()
    assert not AuditEvent.objects.exists()


def test_nothing_is_half_made_when_the_database_refuses(campaigner, monkeypatch):
    def refuse(**values):
        raise IntegrityError

    monkeypatch.setattr(Target.objects, "create", refuse)
    answer = fill_in(campaigner, PAGE, **typed())
    assert answer.status_code == 422
    assert "press the button again" in text(answer)
    assert "She is innocent." in text(answer)
    assert nothing_is_made()


def test_unclear_date_is_refused_by_its_field(campaigner):
    answer = fill_in(campaigner, PAGE, **typed(status_as_of="03/04/2021"))
    assert "two different days" in text(answer)
    assert 'value="03/04/2021"' in text(answer)


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("letter", "Hello <script>alert(1)</script>", "HTML cannot stand here"),
        ("letter", "![a](https://elsewhere.example/a.png)", "Pictures cannot stand in a text"),
        ("letter", "x" * 1_000_000, "at most 40000"),
        ("person_summary", "x" * 1_000_000, "at most 40000"),
        ("status_as_of", "March 2099", "This date has not come yet."),
    ],
)
def test_checks_what_other_forms_check(campaigner, name, words, sentence):
    answer = fill_in(campaigner, PAGE, **typed(**{name: words}))
    assert sentence in str(answer.context["quick_start"].errors[name])
    assert nothing_is_made()


def test_not_both_chosen_and_typed(campaigner):
    person = factories.make_profile()
    answer = fill_in(campaigner, PAGE, **typed(profile=person.pk))
    assert list(answer.context["quick_start"].errors) == ["profile"]
    assert "not both" in text(answer)
    assert "<details open>" in text(answer)
    assert not Petition.objects.exists()


def test_neither_chosen_nor_typed(campaigner):
    factories.make_government()
    answer = fill_in(campaigner, PAGE, **typed(government="", office=""))
    assert list(answer.context["quick_start"].errors) == ["addressee"]


def test_somebody_who_is_here_already_is_asked_about_once(campaigner):
    here = factories.make_profile(name="Huseyin Celil")
    asked = fill_in(campaigner, PAGE, **typed(person_name="Husein Dzhelil"))
    assert list(asked.context["quick_start"].errors) == ["person_name"]
    link = reverse("admin:campaigns_profile_change", args=[here.pk])
    assert f'looks like <a href="{link}"><bdi>Huseyin Celil</bdi></a>' in text(asked)
    assert "<details open>" in text(asked)
    assert Profile.objects.get() == here
    assert campaigner.post(PAGE, fields(asked)).status_code == 302
    assert Petition.objects.get().profiles.get().name == "Husein Dzhelil"


def test_recipient_typed_again_is_not_made_again(campaigner):
    government = factories.make_government("Government of Estrava", addressee=None)
    fill_in(campaigner, PAGE, **typed(government="government of estrava"))
    assert Government.objects.get() == government
    assert Addressee.objects.get().government == government
    fill_in(campaigner, PAGE, **typed(title="Free her brother", person_name="Ivo Sand"))
    assert Addressee.objects.count() == 1
    assert Target.objects.count() == 2


def test_titles_in_any_script_get_an_address(campaigner):
    where = {"government": "Эстрава", "campaign_title": "Марта"}
    for person in ("Марта Ильин", "Иво Санд"):
        fill_in(campaigner, PAGE, **typed(title="Свободу Марте", person_name=person, **where))
    assert set(Petition.objects.values_list("slug", flat=True)) == {"petition", "petition-2"}


def test_photo_stays_when_something_else_was_wrong(campaigner):
    """A browser does not send a file twice; which file is kept is signed."""
    answer = fill_in(campaigner, PAGE, **typed(photo_upload=picture(), photo_alt="Portrait"))
    assert list(answer.context["quick_start"].errors) == ["photo_credit"]
    assert "This photo is kept" in text(answer)
    kept = {name: values[0] for name, values in fields(answer).items()}
    forged = kept | WORDS | {"kept_photo": '{"files": {"1": "x"}}', "title": "Forged"}
    assert "Please choose the photo once more" in text(campaigner.post(PAGE, forged))
    assert not Petition.objects.exists()
    assert campaigner.post(PAGE, kept | WORDS | {"title": "Kept"}).status_code == 302
    assert Petition.objects.get(title="Kept").photo["files"]


def test_what_the_database_cannot_hold_is_refused_by_the_field(campaigner):
    for name in ("person_name", "government", "demands", "campaign_title"):
        answer = fill_in(campaigner, PAGE, **typed(**{name: "a \0 b"}))
        assert "Null characters" in answer.context["quick_start"].errors[name][0]
    answer = fill_in(campaigner, PAGE, **typed(title="x" * 121, campaign="7"))
    assert answer.status_code == 422
    assert nothing_is_made()


@pytest.mark.parametrize("role", ["translator", "delivery"])
def test_only_who_writes_petitions(logged_in, role):
    """Promise 17."""
    assert logged_in(role).get(PAGE).status_code == 403
    assert logged_in(role).post(PAGE, typed()).status_code == 403
    assert nothing_is_made()
