"""A campaigner makes everything from nothing, looks at it, and publishes it."""

import io

import pytest
from django.urls import reverse
from PIL import Image

from campaign_site.models import AuditEvent, SiteSettings
from campaigns.models import Campaign, Event, Government, Organisation, Profile
from petitions.models import Petition, Target
from tests import factories
from tests.staff.forms import fields, fill_in, text
from tests.visitors import post_sign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def contact(db):
    """Without one, no petition is published: people must be able to write to somebody."""
    SiteSettings.objects.update_or_create(pk=1, defaults={"contact": "hello@example.org"})


def url(name, *args):
    return reverse(f"admin:{name}", args=args)


def make_campaign(client, **typed):
    values = {"title": "Bring Marta home", "slug": "bring-marta-home", "summary": "Two sentences."}
    return fill_in(client, url("campaigns_campaign_add"), **values | typed)


def make_recipient(client, **typed):
    values = {
        "name": "Government of Estrava",
        "slug": "government-of-estrava",
        "addressees-0-office": "Minister of Justice of Estrava",
        "addressees-0-salutation": "Your Excellency,",
        "addressees-0-since": "March 2020",
    }
    return fill_in(client, url("campaigns_government_add"), **values | typed)


def petition_fields(**typed):
    return {
        "title": "Free Marta Ilin",
        "slug": "free-marta-ilin",
        "campaign": Campaign.objects.get().pk,
        "summary": "She is in prison.",
        "salutation": "Your Excellency,",
        "letter": "I write about Marta Ilin.\r\n\r\nShe is innocent.",
        "demands": "Set her free.\r\n\r\n  Let her family visit.  ",
    } | typed


def targets(*governments, addressee=True):
    found = {"targets-TOTAL_FORMS": len(governments), "targets-INITIAL_FORMS": 0}
    for number, government in enumerate(governments):
        found[f"targets-{number}-government"] = government.pk
        if addressee:
            found[f"targets-{number}-addressee"] = government.addressees.get().pk
    return found


def test_from_nothing_to_a_public_petition(campaigner, client):
    assert make_campaign(campaigner).status_code == 302
    campaign = Campaign.objects.get()
    answer = fill_in(
        campaigner,
        url("campaigns_profile_add"),
        name="Marta Ilin",
        slug="marta-ilin",
        status="imprisoned",
        status_as_of="March 2021",
        summary="A journalist.",
        charges="“incitement”\r\n“slander”",
        consent="Her sister agreed, by letter of 3 May 2021.",
    )
    assert answer.status_code == 302
    person = Profile.objects.get()
    assert (person.status_as_of, person.charges) == ("2021-03", ["“incitement”", "“slander”"])
    assert make_recipient(campaigner).status_code == 302
    government = Government.objects.get()
    assert government.addressees.get().since == "2020-03"

    answer = fill_in(
        campaigner,
        url("petitions_petition_add"),
        **petition_fields(profiles=[person.pk]),
        **targets(government),
    )
    petition = Petition.objects.get()
    page = url("petitions_petition_change", petition.pk)
    assert answer.status_code == 302
    assert answer["Location"] == page
    assert petition.demands == ["Set her free.", "Let her family visit."]
    assert petition.letter == "I write about Marta Ilin.\n\nShe is innocent."
    assert "Government of Estrava" in petition.promise

    # A draft is for staff only.
    assert client.get(petition.get_absolute_url()).status_code == 404
    preview = campaigner.get(reverse("preview_petition", args=[petition.pk]))
    assert preview.status_code == 200
    assert preview["X-Robots-Tag"] == "noindex"
    assert "form-action 'none'" in preview["Content-Security-Policy"]
    assert "She is innocent." in text(preview)

    for name, found in (
        ("campaigns_campaign_publish", campaign),
        ("campaigns_profile_publish", person),
        ("petitions_petition_publish", petition),
    ):
        shown = campaigner.get(url(name, found.pk))
        assert "Everybody can read the page at once" in text(shown)
        found.refresh_from_db()
        assert found.state == "draft"  # looking changes nothing
        assert campaigner.post(url(name, found.pk)).status_code == 302
        found.refresh_from_db()
        assert found.state == "published"
    assert client.get(petition.get_absolute_url()).status_code == 200
    told = set(AuditEvent.objects.filter(by=campaigner.member).values_list("verb", flat=True))
    assert told == {"added", "published"}


def test_a_preview_takes_the_form_from_no_visitor(campaigner, client, petition):
    preview = campaigner.get(reverse("preview_petition", args=[petition.pk]))
    assert " disabled" in text(preview)
    assert " disabled" not in text(client.get(petition.get_absolute_url()))
    assert post_sign(client, petition).status_code == 303


def test_publishing_says_what_is_missing(campaigner, client):
    make_campaign(campaigner)
    answer = fill_in(campaigner, url("petitions_petition_add"), **petition_fields())
    assert answer.status_code == 302
    petition = Petition.objects.get()
    page = url("petitions_petition_publish", petition.pk)
    refused = campaigner.post(page)
    assert refused.status_code == 422
    assert "no recipient yet" in text(refused)
    assert "is not public yet" in text(refused)  # the campaign: worth a look
    assert "no promise yet" in text(refused)
    make_recipient(campaigner)
    Target.objects.create(petition=petition, government=Government.objects.get())
    assert "has no addressee yet" in text(campaigner.get(page))
    petition.refresh_from_db()
    assert petition.state == "draft"
    assert client.get(petition.get_absolute_url()).status_code == 404


def test_nothing_is_published_without_the_right_key(campaigner, monkeypatch):
    petition = factories.make_petition(state="draft")
    monkeypatch.setattr("campaign_site.keys.problem", lambda: "the key is missing")
    refused = campaigner.post(url("petitions_petition_publish", petition.pk))
    assert "the key is missing" in text(refused)
    assert factories.fresh(petition).state == "draft"


def test_person_needs_consent_to_be_public(campaigner):
    person = factories.make_profile(state="draft", consent="")
    refused = campaigner.post(url("campaigns_profile_publish", person.pk))
    assert refused.status_code == 422
    assert "record the consent" in text(refused)
    public = factories.make_profile()
    answer = fill_in(campaigner, url("campaigns_profile_change", public.pk), consent="")
    assert "record the consent" in text(answer)


def test_second_publish_does_nothing(campaigner):
    petition = factories.make_petition()
    assert campaigner.post(url("petitions_petition_publish", petition.pk)).status_code == 302
    assert not AuditEvent.objects.filter(verb="published").exists()


def test_address_is_fixed_once_published(campaigner):
    petition = factories.make_petition()
    fill_in(campaigner, url("petitions_petition_change", petition.pk), slug="another")
    assert factories.fresh(petition).slug == petition.slug
    campaigner.post(url("petitions_petition_take-down", petition.pk))
    fill_in(campaigner, url("petitions_petition_change", petition.pk), slug="another")
    assert factories.fresh(petition).slug == petition.slug


def test_take_down_and_publish_again(campaigner, client):
    petition = factories.make_petition()
    campaigner.post(url("petitions_petition_take-down", petition.pk))
    assert client.get(petition.get_absolute_url()).status_code == 410
    campaigner.post(url("petitions_petition_publish", petition.pk))
    assert client.get(petition.get_absolute_url()).status_code == 200


def test_close_with_what_came_of_it(campaigner):
    petition = factories.make_petition()
    page = url("petitions_petition_close", petition.pk)
    assert campaigner.post(page, {"outcome": ""}).status_code == 422
    assert factories.fresh(petition).is_open
    assert campaigner.post(page, {"outcome": "She is home."}).status_code == 302
    closed = factories.fresh(petition)
    assert closed.is_closed
    assert closed.outcome == "She is home."


def test_published_is_never_deleted(campaigner):
    petition = factories.make_petition()
    page = url("petitions_petition_delete", petition.pk)
    assert campaigner.post(page, {"post": "yes"}).status_code == 403
    draft = factories.make_petition(state="draft")
    answer = campaigner.post(url("petitions_petition_delete", draft.pk), {"post": "yes"})
    assert answer.status_code == 302
    assert not Petition.objects.filter(pk=draft.pk).exists()


def test_saving_does_not_undo_what_happened_meanwhile(campaigner):
    petition = factories.make_petition(state="draft")
    page = url("petitions_petition_change", petition.pk)
    typed_on_old_page = fill_in  # the form is opened, then somebody else publishes
    campaigner.get(page)
    campaigner.post(url("petitions_petition_publish", petition.pk))
    assert typed_on_old_page(campaigner, page, summary="Another one.").status_code == 302
    assert factories.fresh(petition).state == "published"
    assert factories.fresh(petition).summary == "Another one."


def test_addressee_of_another_government_is_refused_by_the_field(campaigner):
    mine, other = factories.make_government(), factories.make_government("Government of Norrland")
    factories.make_campaign()
    typed = targets(mine) | {"targets-0-addressee": other.addressees.get().pk}
    answer = fill_in(campaigner, url("petitions_petition_add"), **petition_fields(), **typed)
    assert answer.status_code == 200
    assert "an addressee of another recipient: Government of Norrland" in text(answer)
    assert "She is innocent." in text(answer)  # what was typed is kept
    assert not Petition.objects.exists()


def test_promise_follows_the_recipients_until_somebody_signs(campaigner):
    petition = factories.make_petition(state="draft")
    second = factories.make_government("Government of Norrland")
    answer = fill_in(
        campaigner,
        url("petitions_petition_change", petition.pk),
        **{
            "targets-TOTAL_FORMS": 2,
            "targets-1-government": second.pk,
            "targets-1-addressee": second.addressees.get().pk,
        },
    )
    assert answer.status_code == 302
    promise = factories.fresh(petition).promise
    assert "Government of Estrava and Government of Norrland" in promise


def picture():
    upload = io.BytesIO()
    Image.new("RGB", (600, 400), "white").save(upload, "PNG")
    upload.seek(0)
    upload.name = "marta.png"
    return upload


def test_photo_needs_its_words_and_can_be_taken_away(campaigner):
    petition = factories.make_petition()
    page = url("petitions_petition_change", petition.pk)
    refused = fill_in(campaigner, page, photo_upload=picture())
    assert "Please say what the photo shows." in text(refused)
    assert factories.fresh(petition).photo is None
    # A browser does not send the picture again: it is not lost without a word.
    again = fill_in(campaigner, page, photo_alt="Portrait of Marta", photo_credit="Photo: Family")
    assert "Please choose the photo once more" in text(again)
    words = {"photo_alt": "Portrait of Marta", "photo_credit": "Photo: Family"}
    assert fill_in(campaigner, page, photo_upload=picture(), **words).status_code == 302
    assert factories.fresh(petition).photo_url in text(campaigner.get(page))
    assert fill_in(campaigner, page, remove_photo="on").status_code == 302
    assert factories.fresh(petition).photo is None


def test_what_is_no_picture_is_refused_by_the_field(campaigner):
    petition = factories.make_petition()
    page = url("petitions_petition_change", petition.pk)
    upload = io.BytesIO(b"<script>alert(1)</script>")
    upload.name = "x.png"
    assert "not a picture that we can read" in text(fill_in(campaigner, page, photo_upload=upload))


def test_unclear_date_is_refused_and_kept(campaigner):
    answer = make_recipient(campaigner, **{"addressees-0-since": "03/04/2020"})
    assert answer.status_code == 200
    assert "two different days" in text(answer)
    assert 'value="03/04/2020"' in text(answer)
    assert 'value="Minister of Justice of Estrava"' in text(answer)


def test_address_of_an_organisation_needs_no_https_typed(campaigner):
    typed = {"name": "Free Voices", "slug": "free-voices", "website": "example.org"}
    assert fill_in(campaigner, url("campaigns_organisation_add"), **typed).status_code == 302
    assert Organisation.objects.get().website == "https://example.org"


def test_organisation_stays_while_it_stands_on_a_public_page(campaigner):
    voices = factories.make_organisation()
    factories.make_event(title="Vigil in Lund", hosts=[voices])
    draft = factories.make_campaign(title="Still a draft", state="draft")
    draft.organisations.add(voices)
    page = url("campaigns_organisation_delete", voices.pk)
    for answer in (campaigner.get(page), campaigner.post(page, {"post": "yes"})):
        assert "cannot be deleted, because these need it" in text(answer)
        assert "Vigil in Lund</a>" in text(answer)
        assert "Still a draft" not in text(answer)
    Event.objects.update(state="removed")
    assert campaigner.post(page, {"post": "yes"}).status_code == 302
    assert not Organisation.objects.exists()


def test_what_the_database_cannot_hold_is_refused_by_the_field(campaigner):
    petition = factories.make_petition(state="draft")
    page = url("petitions_petition_change", petition.pk)
    for field in ("title", "demands"):
        answer = fill_in(campaigner, page, **{field: "Free \0 Marta"})
        assert answer.status_code == 200
        assert "Null characters" in answer.context["adminform"].form.errors[field][0]
    listed = campaigner.get("/admin/petitions/petition/", {"state__exact": "\0"})
    assert listed.status_code == 302


def test_campaign_ends_with_words(campaigner, client):
    campaign = factories.make_campaign()
    change = url("campaigns_campaign_change", campaign.pk)
    opened_before = fields(campaigner.get(change))
    page = url("campaigns_campaign_end", campaign.pk)
    assert campaigner.post(page, {"outcome": " "}).status_code == 422
    assert campaigner.post(page, {"outcome": "She is home."}).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.state, campaign.outcome) == ("ended", "She is home.")
    for verb in ("take-down", "publish"):
        assert campaigner.post(url(f"campaigns_campaign_{verb}", campaign.pk)).status_code == 302
    campaign.refresh_from_db()
    assert campaign.state == "ended"
    assert campaigner.post(change, opened_before).status_code == 302
    campaign.refresh_from_db()
    assert campaign.outcome == "She is home."


def test_words_alone_end_no_campaign(campaigner, client):
    campaign = factories.make_campaign(outcome="She is home.")
    page = url("campaigns_campaign_change", campaign.pk)
    assert 'name="outcome"' not in text(campaigner.get(page))
    for address in (campaign.get_absolute_url(), reverse("campaigns:campaigns")):
        assert "She is home." not in text(client.get(address))


def test_translator_reads_and_changes_nothing(logged_in):
    translator = logged_in("translator")
    petition = factories.make_petition(state="draft")
    assert translator.get(url("petitions_petition_change", petition.pk)).status_code == 200
    assert translator.get(reverse("preview_petition", args=[petition.pk])).status_code == 200
    assert translator.post(url("petitions_petition_publish", petition.pk)).status_code == 403
    assert translator.post(url("petitions_petition_change", petition.pk)).status_code == 403


def test_translator_reads_lists_line_by_line(logged_in):
    petition = factories.make_petition(demands=["Set “Zoë” free.", "Let her family <visit>."])
    page = text(logged_in("translator").get(url("petitions_petition_change", petition.pk)))
    assert "Set “Zoë” free.<br>Let her family &lt;visit&gt;." in page
    assert "photo_upload" not in page


def test_only_addressee_needs_no_choosing(campaigner):
    government = factories.make_government()
    factories.make_campaign()
    typed = petition_fields() | targets(government, addressee=False)
    assert fill_in(campaigner, url("petitions_petition_add"), **typed).status_code == 302
    assert Target.objects.get().addressee == government.addressees.get()


def test_recipient_added_in_a_small_window_goes_back_to_the_petition(campaigner):
    answer = make_recipient(campaigner, _popup="1")
    assert answer.status_code == 200
    assert "popup_response.js" in text(answer)


def test_preview_is_for_staff(client, db):
    petition = factories.make_petition(state="draft")
    answer = client.get(reverse("preview_petition", args=[petition.pk]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))
