"""A campaigner writes each kind of update from nothing, and reads what is wrong by the field."""

import pytest
from django.urls import reverse

from campaigns.models import FollowUp, Update
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"admin:campaigns_update_{name}", args=args)


def write(browser, **typed):
    values = {
        "title": "Marta Ilin may see her daughter",
        "slug": "marta-may-see-her-daughter",
        "date": "4 March 2025",
        "body": "For **half an hour**.\r\n\r\nThrough glass.",
    }
    return fill_in(browser, url("add"), **values | typed)


def errors(answer):
    assert answer.status_code == 200
    assert not Update.objects.exists()
    return {name: " ".join(said) for name, said in answer.context["adminform"].form.errors.items()}


def test_start_of_the_first_page_leads_to_a_new_update(campaigner):
    page = text(campaigner.get("/admin/"))
    assert f'<a class="button" href="{url("add")}">New update</a>' in page
    assert "New update" in text(campaigner.get(url("add")))


def test_news_from_nothing_to_everybody(campaigner, client):
    campaign, person = factories.make_campaign(), factories.make_profile()
    answer = write(
        campaigner,
        campaigns=[campaign.pk],
        profiles=[person.pk],
        sources="Radio Oru, 4 March 2025\r\nHer family",
        **{
            "follow_ups-TOTAL_FORMS": 1,
            "follow_ups-0-date": "15 July 2025",
            "follow_ups-0-body": "Her lawyer has seen her.",
        },
    )
    assert answer.status_code == 302
    update = Update.objects.get()
    assert (update.kind, update.date, update.state) == ("news", "2025-03-04", "draft")
    assert update.body == "For **half an hour**.\n\nThrough glass."
    assert list(update.campaigns.all()) == [campaign]
    assert update.follow_ups.get().date == "2025-07-15"
    # A draft is for staff only, and for whoever gets a link.
    assert client.get(update.get_absolute_url()).status_code == 404
    preview = text(campaigner.get(reverse("preview_update", args=[update.pk])))
    assert "Update of 15 July 2025" in preview
    assert campaigner.post(url("preview-link", update.pk)).status_code == 302
    assert campaigner.post(url("publish", update.pk)).status_code == 302
    page = text(client.get(update.get_absolute_url()))
    for words in ("4 March 2025", "Her lawyer has seen her.", "Her family", campaign.title):
        assert words in page


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (
            {
                "kind": "reaction",
                "quote": "One step, no more.",
                "spokesperson": "Ada Rask",
                "spokesperson_role": "director",
                "body": "",
            },
            ["Reaction", "One step, no more.", "Ada Rask", "director"],
        ),
        (
            {"kind": "press_release", "dateline": "Oru", "press_contact": "press@example.org"},
            ["Press release", 'Oru, <bdi lang="en">4 March 2025', "press@example.org"],
        ),
        ({"kind": "good_news", "date": "March 2025"}, ["Good news", "March 2025"]),
        (
            {
                "kind": "press_cutting",
                "body": "",
                "medium": "Oru Post",
                "link": "example.org/marta",
                "archive_link": "https://example.org/copy",
            },
            ["In the press", "Oru Post", "https://example.org/marta", "https://example.org/copy"],
        ),
    ],
)
def test_each_kind_from_nothing(campaigner, client, typed, shown):
    assert write(campaigner, **typed).status_code == 302
    update = Update.objects.get()
    campaigner.post(url("publish", update.pk))
    page = text(client.get(update.get_absolute_url()))
    for words in shown:
        assert words in page


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"date": ""}, "date", "required"),
        ({"date": "2006-13"}, "date", "no month 13"),
        ({"date": "31 February 2020"}, "date", "no day 31"),
        ({"date": "03/04/2020"}, "date", "two different days"),
        ({"date": "since 2016"}, "date", "one date"),
        ({"date": "24 March to 2 April 2015"}, "date", "one date"),
        ({"title": ""}, "title", "required"),
        ({"title": "x" * 161}, "title", "160"),
        ({"title": "Free \0 Marta"}, "title", "Null characters"),
        ({"slug": "feed"}, "slug", "taken by the feed"),
        ({"slug": "no slug!"}, "slug", "valid"),
        ({"body": ""}, "body", "what happened"),
        ({"body": "x" * 1_000_000}, "body", "40000"),
        ({"body": "Hello <script>alert(1)</script>"}, "body", "HTML cannot stand here"),
        ({"body": "<iframe src=https://evil.example></iframe>"}, "body", "HTML cannot stand"),
        ({"body": "![x](https://evil.example/pixel.png)"}, "body", "Pictures cannot stand"),
        ({"body": "[x](javascript:alert(1))"}, "body", "A link can lead to"),
        ({"body": "[x]( DATA:text/html,x)"}, "body", "A link can lead to"),
        ({"kind": "reaction", "spokesperson": "Ada Rask"}, "quote", "the words that were said"),
        ({"kind": "reaction", "quote": "No."}, "spokesperson", "who reacts"),
        ({"kind": "press_cutting", "link": "https://example.org"}, "medium", "where it was"),
        ({"kind": "press_cutting", "medium": "Oru Post"}, "link", "its web address"),
        ({"kind": "press_cutting", "link": "javascript:alert(1)"}, "link", "valid URL"),
        ({"kind": "rumour"}, "kind", "valid choice"),
        ({"language": "x" * 11}, "language", "10"),
        ({"photo_alt": "x" * 201}, "photo_alt", "200"),
    ],
)
def test_what_is_wrong_is_said_by_the_field_and_kept(campaigner, typed, field, says):
    answer = write(campaigner, sources="Kept as typed", **typed)
    found = errors(answer)
    assert says in found[field], found
    assert "__all__" not in found
    assert "Kept as typed" in text(answer)


def test_what_is_refused_is_not_missing_too(campaigner):
    answer = write(campaigner, body="<b>Free</b>")
    assert "Please write what happened." not in text(answer)
    assert "HTML cannot stand here" in text(answer)


def test_a_link_as_text_and_an_address_are_no_markup(campaigner):
    body = "See <https://example.org/a> or <press@example.org>. 1 < 2 > 0, `<b>` and a ![."
    assert write(campaigner, body=body).status_code == 302


def test_two_follow_ups_of_one_day_and_one_without_a_date(campaigner):
    rows = {
        "follow_ups-TOTAL_FORMS": 2,
        "follow_ups-0-date": "15 July 2025",
        "follow_ups-0-body": "One.",
        "follow_ups-1-date": "2025-07-15",
        "follow_ups-1-body": "Two.",
    }
    answer = write(campaigner, **rows)
    assert answer.status_code == 200
    assert "Please correct the duplicate data" in text(answer)
    answer = write(campaigner, **rows | {"follow_ups-1-date": ""})
    assert answer.status_code == 200
    assert "This field is required" in text(answer)
    assert not FollowUp.objects.exists()


def test_a_follow_up_is_added_and_mended_later(campaigner, client):
    update = factories.make_update(later=[("2026-05", "She is wel.")])
    later = update.follow_ups.get()
    page = url("change", update.pk)
    assert fill_in(campaigner, page, **{"follow_ups-0-body": "She is well."}).status_code == 302
    mended = FollowUp.objects.get()
    assert mended.body == "She is well."
    assert mended.updated_at > later.updated_at  # feed readers see that it changed
    added = {
        "follow_ups-TOTAL_FORMS": 2,
        "follow_ups-1-date": "June 2026",
        "follow_ups-1-body": "A letter.",
    }
    assert fill_in(campaigner, page, **added).status_code == 302
    assert "Update of June 2026" in text(client.get(update.get_absolute_url()))


def test_translator_says_it_and_its_follow_ups_in_french(logged_in):
    factories.offer("fr")
    update = factories.make_update(later=[("2026-05", "She is well.")])
    translator = logged_in("translator")
    page = url("translate", update.pk, "fr")
    shown = text(translator.get(page))
    assert "She is well." in shown
    later = update.follow_ups.get()
    typed = {
        f"update-{update.pk}-title": "Marta peut voir sa fille",
        f"update-{update.pk}-body": "Une **demi-heure**, ![x](https://evil.example/p.png)",
    }
    refused = fill_in(translator, page, **typed)
    assert refused.status_code == 422
    typed[f"update-{update.pk}-body"] = "Une **demi-heure**."
    typed[f"followup-{later.pk}-body"] = "Elle va bien."
    assert fill_in(translator, page, **typed).status_code == 302
    update.refresh_from_db()
    assert update.translation("fr")["texts"]["title"] == "Marta peut voir sa fille"


def test_organisation_that_spoke_is_not_deleted_unawares(campaigner):
    voices = factories.make_organisation()
    factories.make_update(kind="reaction", quote="No.", organisation=voices)
    page = reverse("admin:campaigns_organisation_delete", args=[voices.pk])
    assert "Cannot delete" in text(campaigner.get(page))
    campaigner.post(page, {"post": "yes"})
    voices.refresh_from_db()
