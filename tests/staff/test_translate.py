"""The translators' screen: side by side, saved by two at once, published by those who may."""

import re

import pytest
from django.db import IntegrityError
from django.urls import reverse

from campaign_site import translations
from campaign_site.models import AuditEvent, SiteSettings
from campaign_site.translating import pieces_of
from petitions import publishing
from petitions.models import Petition
from tests import factories
from tests.staff.forms import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(db):
    factories.offer("fr")
    return factories.make_petition(state="draft", demands=["Free her.", "Let her write."])


def screen(row, code="fr"):
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_translate", args=[row.pk, code])


def name(row, field):
    return f"{row._meta.model_name}-{row.pk}-{field}"


def save(browser, row, action="save", seen=None, **texts):
    """What the page holds, with these texts put in."""
    page = text(browser.get(screen(row)))
    data = dict(re.findall(r'<input type="hidden" name="(seen-[^"]+)" value="(\d+)"', page))
    if seen is not None:
        data = dict.fromkeys(data, seen)
    for field in row.to_translate():
        stored = row.translation("fr")["texts"].get(field)
        several = isinstance(getattr(row, field), list)
        said = texts.get(field, stored)
        if several:
            data |= {f"{name(row, field)}-{n}": one for n, one in enumerate(said or [])}
        elif said is not None:
            data[name(row, field)] = said
    data |= {"action": action, "read_by": texts.get("read_by", "Aygül Tursun")}
    answer = browser.post(screen(row), data)
    row.refresh_from_db()
    return answer


WHOLE = {
    "title": "Libérez Marta Ilin",
    "summary": "Elle est en prison.",
    "salutation": "Excellence,",
    "letter": "Je vous écris.",
    "demands": ["Libérez-la.", "Laissez-la écrire."],
    "promise": "La liste montre votre nom et votre ville, et rien d’autre.",
}


def test_translator_writes_demand_by_demand_and_publishes_nothing(logged_in, draft):
    translator = logged_in("translator")
    page = text(translator.get(screen(draft)))
    assert "Let her write." in page
    assert f'name="{name(draft, "demands")}-1"' in page
    assert "La liste (destinataire" in page, "our own promise is proposed"
    assert save(translator, draft, **WHOLE).status_code == 302
    assert draft.translation("fr")["texts"] == WHOLE
    assert not draft.is_published_in("fr")
    assert save(translator, draft, "review").status_code == 302
    assert draft.translation("fr")["state"] == "in_review"
    assert save(translator, draft, "publish").status_code == 403
    assert AuditEvent.objects.filter(verb="translated", by=translator.member).count() == 2


def test_published_by_a_campaigner_and_then_not_changed_by_a_translator(logged_in, draft):
    campaigner, translator = logged_in("campaigner"), logged_in("translator")
    refused = save(campaigner, draft, "publish", **WHOLE, read_by="")
    assert refused.status_code == 422
    assert '<ul class="errorlist" id="read_by-error"><li>Please say who speaks' in text(refused)
    assert '<a href="#read_by">Read by, to publish</a>: Please say who speaks' in text(refused)
    assert not draft.is_published_in("fr")
    assert save(campaigner, draft, "publish", **WHOLE).status_code == 302
    assert draft.is_published_in("fr")
    assert draft.can_be_signed_in("fr")
    assert "See page" not in text(campaigner.get(screen(draft))), "the petition is a draft"
    assert save(translator, draft, title="Autre chose").status_code == 422
    assert draft.translation("fr")["texts"]["title"] == WHOLE["title"]
    page = text(translator.get(screen(draft)))
    assert "Ask somebody who publishes to take it back before you change it." in page
    assert "Visitors read what you save" not in page
    assert page.count(" readonly") == len(draft.to_translate()) + 1  # two demands
    assert "Visitors read what you save here at once." in text(campaigner.get(screen(draft)))
    # Without the promise nobody is asked to sign in French.
    save(campaigner, draft, promise="")
    assert not draft.can_be_signed_in("fr")


def test_unfinished_translation_is_not_published(campaigner, draft):
    answer = save(campaigner, draft, "publish", **WHOLE | {"demands": ["Libérez-la.", ""]})
    assert answer.status_code == 422
    second = f"{name(draft, 'demands')}-1"
    assert f'<ul class="errorlist" id="{second}-error"><li>It is not translated' in text(answer)
    assert f'<a href="#{second}">Demands, 2</a>: It is not translated yet.' in text(answer)
    assert "Libérez-la." in text(answer), "what was typed is kept"


def behind(draft):
    return [piece.field for piece in pieces_of([draft], "fr") if piece.behind]


def test_what_changed_in_the_original_is_behind(campaigner, draft):
    save(campaigner, draft, "publish", **WHOLE)
    assert behind(draft) == []
    Petition.objects.filter(pk=draft.pk).update(demands=["Free her now.", "Let her write."])
    draft.refresh_from_db()
    assert behind(draft) == ["demands"]
    # Only the demand that changed, not those around it.
    assert "behind: 1 text<" in text(
        campaigner.get(reverse("admin:petitions_petition_change", args=[draft.pk]))
    )
    assert text(campaigner.get(screen(draft))).count("The original changed after this") == 1
    save(campaigner, draft, title="Libérez Marta")
    assert behind(draft) == ["demands"], "saving something else mends nothing"
    save(campaigner, draft, demands=["Libérez-la tout de suite.", "Laissez-la écrire."])
    assert behind(draft) == []


def test_ticked_as_still_right_is_not_behind(campaigner, draft):
    save(campaigner, draft, "publish", **WHOLE)
    Petition.objects.filter(pk=draft.pk).update(demands=["Free her!", "Let her write!"])
    campaigner.post(
        screen(draft),
        {
            f"seen-petition-{draft.pk}": draft.translation("fr")["version"],
            f"still-{name(draft, 'demands')}-0": "yes",
            "action": "save",
        },
    )
    draft.refresh_from_db()
    page = text(campaigner.get(screen(draft)))
    assert page.count("The original changed after this") == 1
    assert f'name="still-{name(draft, "demands")}-1"' in page


def test_two_translators_at_once_lose_nothing(logged_in, draft):
    one, other = logged_in("translator"), logged_in("translator")
    save(one, draft, title="Un")
    late = save(other, draft, seen=0, title="Deux")
    assert late.status_code == 409
    assert "Somebody else saved this translation" in text(late)
    assert "Deux" in text(late)
    assert "Un" in re.search(r'class="theirs">(.*?)</p>', text(late), re.S)[1]
    assert draft.translation("fr")["texts"]["title"] == "Un"
    assert save(other, draft, title="Deux").status_code == 302
    assert draft.translation("fr")["texts"]["title"] == "Deux"


def test_another_language_keeps_what_it_has(logged_in, draft):
    factories.offer("ug")
    factories.translate(draft, "ug")
    save(logged_in("translator"), draft, title="Libre")
    assert draft.translation("ug")["texts"]["title"].startswith("ug:")


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("title", "Libre\u202e", "turns text around"),
        ("title", "L" * 121, "At most 120 characters"),
        ("demands", ["Libre.", "L" * 501], "At most 500 characters"),
        ("letter", "L" * 1_000_000, "At most 40000 characters"),
        ("letter", "[" * 30_000, "too many square brackets"),
        ("letter", "<b>Libre</b>", "HTML cannot stand here"),
    ],
)
def test_bad_input_is_refused_by_the_field(campaigner, draft, field, typed, sentence):
    answer = save(campaigner, draft, **WHOLE | {field: typed})
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert draft.translation("fr")["texts"] == {}


def test_markup_that_the_original_has_not_is_refused(campaigner):
    factories.offer("fr")
    campaign = factories.make_campaign(story="## How\n\nAt **night**.")
    bad = save(campaigner, campaign, story="## Comment\n\n[Ici](https://example.org/x)")
    assert bad.status_code == 422
    assert "no such markup" in text(bad)
    assert save(campaigner, campaign, story="## Comment\n\nLa **nuit**.").status_code == 302


def test_list_has_as_many_texts_as_the_original(campaigner, draft):
    data = {f"{name(draft, 'demands')}-{n}": f"Demande {n}" for n in range(9)}
    data |= {f"seen-petition-{draft.pk}": "0", "action": "save"}
    campaigner.post(screen(draft), data)
    draft.refresh_from_db()
    assert draft.translation("fr")["texts"]["demands"] == ["Demande 0", "Demande 1"]


def test_frozen_petition_gets_new_translations_but_keeps_published_ones(campaigner):
    """Promise 2: what people have signed in French stays as it was, the database says so."""
    factories.offer("fr", "ug")
    petition = factories.make_petition(demands=["Free her.", "Let her write."])
    assert save(campaigner, petition, "publish", **WHOLE).status_code == 302
    factories.sign_and_confirm(petition, language="fr")
    petition.refresh_from_db()
    assert petition.frozen
    answer = save(campaigner, petition, promise="Nous donnerons tout.")
    assert answer.status_code == 422
    assert "stay as they were published" in text(answer)
    assert petition.translation("fr")["texts"]["promise"] == WHOLE["promise"]
    with pytest.raises(IntegrityError):
        translations.save(
            petition,
            "fr",
            petition.translation("fr") | {"texts": {}},
            seen=petition.translation("fr")["version"],
        )


def test_frozen_petition_is_translated_into_another_language(campaigner):
    factories.offer("fr", "ug")
    petition = factories.make_petition()
    factories.sign_and_confirm(petition)
    petition.refresh_from_db()
    factories.translate(petition, "ug")
    assert petition.can_be_signed_in("ug")
    # What is taken back is not public; its words stay.
    factories.translate(petition, "fr", state="draft")
    factories.translate(petition, "fr", state="draft", title="Autre")
    assert petition.translation("fr")["texts"]["title"] == "Autre"


def test_copy_takes_its_translations_along(campaigner, draft):
    save(campaigner, draft, "publish", **WHOLE)
    copy = publishing.copy(draft)
    assert copy.can_be_signed_in("fr")


def test_person_with_dates_and_recipient_with_offices_are_one_screen_each(campaigner):
    factories.offer("fr")
    person = factories.make_profile()
    entry = person.timeline.create(date="2015", what="Arrested at home.")
    answer = campaigner.post(
        screen(person),
        {
            f"seen-profile-{person.pk}": "0",
            f"seen-timelineentry-{entry.pk}": "0",
            name(person, "name"): "Marta Ilin",
            name(person, "summary"): "Journaliste.",
            name(entry, "what"): "Arrêtée chez elle.",
            "read_by": "Jeanne",
            "action": "publish",
        },
    )
    assert answer.status_code == 302
    entry.refresh_from_db()
    assert entry.say("what", "fr").text == "Arrêtée chez elle."
    government = factories.make_government()
    assert "Minister of Justice" in text(campaigner.get(screen(government)))


def test_key_date_added_while_the_page_was_open_hinders_nobody(logged_in):
    factories.offer("fr")
    person = factories.make_profile()
    translator = logged_in("translator")
    typed = {name(person, "name"): "Marta Iline", f"seen-profile-{person.pk}": "0"}
    entry = person.timeline.create(date="2021-03", kind="arrest", what="Taken from home.")
    assert translator.post(screen(person), typed).status_code == 302
    person.refresh_from_db()
    entry.refresh_from_db()
    assert (person.translation("fr")["version"], entry.translations) == (1, {})


def test_what_the_organisation_says_of_itself_goes_the_same_way(
    logged_in, client, django_capture_on_commit_callbacks
):
    factories.offer("fr")
    site = SiteSettings.load()
    site.about = "We are **five**."
    site.save()
    translator, campaigner = logged_in("translator"), logged_in("campaigner")
    settings = reverse("admin:campaign_site_sitesettings_change", args=[site.pk])
    assert f'href="{screen(site)}"' in text(translator.get(settings))
    assert save(translator, site, line="Nous ne les oublions pas.").status_code == 302
    original = f'lang="en" dir="auto">{site.line}'
    assert original in text(client.get("/fr/"))
    assert original in text(client.get("/fr/about/"))
    preview = reverse("preview_sitesettings", args=[site.pk]) + "?language=fr"
    assert preview in text(translator.get(screen(site)))
    assert "Nous ne les oublions pas." in text(translator.get(preview))
    # The pages above were kept: publishing lets them be forgotten.
    with django_capture_on_commit_callbacks(execute=True):
        assert save(campaigner, site, "publish").status_code == 302
    home = text(client.get("/fr/"))
    assert '<h1 class="motto" lang="fr" dir="auto">Nous ne les oublions pas.</h1>' in home
    assert '<meta name="description" content="Nous ne les oublions pas.">' in home
    # What is missing stays as it was written.
    about = text(client.get("/fr/about/"))
    assert '<p class="lead" lang="fr" dir="auto">Nous ne les oublions pas.</p>' in about
    assert '<div class="text" lang="en" dir="auto"><p>We are <strong>five</strong>.' in about
    assert original in text(client.get("/"))
    assert AuditEvent.objects.filter(verb="translated", details__kind="sitesettings").count() == 2


def test_no_screen_for_the_original_or_for_what_is_not_there(campaigner, draft):
    assert campaigner.get(screen(draft, "en")).status_code == 404
    assert campaigner.get(screen(draft, "tr")).status_code == 404


def test_translator_sees_the_page_before_anybody_else_does(logged_in, client, draft):
    translator = logged_in("translator")
    save(translator, draft, title="Libre")
    link = re.search(
        r'href="(/admin/preview/[^"]*language=fr)"', text(translator.get(screen(draft)))
    )
    shown = text(translator.get(link[1]))
    assert '<h1 lang="fr" dir="auto">Libre</h1>' in shown
    assert "Signer avec" in shown
    assert '<p lang="en"' in shown or 'lang="en" dir="auto">' in shown  # what is missing
    Petition.objects.filter(pk=draft.pk).update(state="published")
    assert "Libre" not in text(client.get(draft.get_absolute_url()))
    assert client.get(f"/fr{draft.get_absolute_url()}").status_code == 302
