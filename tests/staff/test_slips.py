"""Slips of the fingers: said by the field, what was typed kept, nothing saved."""

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from campaigns.models import Campaign, CaseList, Profile, Update
from petitions.models import OpenLetter
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db

AHEAD = "3 May 2099"
NOT_YET = "This date has not come yet."
IN_MARKDOWN = {
    "Hello <script>alert(1)</script>": "HTML cannot stand here",
    "![a](https://elsewhere.example/a.png)": "Pictures cannot stand in a text",
    "[a](javascript:alert(1))": "A link can lead to",
    "x" * 1_000_000: "40000",
}


def refused(client, row, field, typed, sentence):
    opts = row._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    before = type(row).objects.filter(pk=row.pk).values().get()
    answer = fill_in(client, url, **{field: typed})
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert sentence in str(form.errors[field])
    assert form[field].value() == typed
    # Said at the top, too: the form is long.
    assert f'<li><a href="#id_{field}">' in text(answer)
    assert "<script>alert(1)" not in text(answer)
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(
    ("field", "typed"),
    [("born", AHEAD), ("status_as_of", AHEAD), ("verified_on", "2099-05-03")],
)
def test_nobody_is_born_held_or_looked_up_in_the_future(campaigner, field, typed):
    refused(campaigner, factories.make_profile(), field, typed, NOT_YET)


def test_today_has_come(campaigner):
    person, today = factories.make_profile(), localdate().isoformat()
    url = reverse("admin:campaigns_profile_change", args=[person.pk])
    assert fill_in(campaigner, url, status_as_of=today).status_code == 302
    assert Profile.objects.get().status_as_of == today


def test_news_is_not_of_tomorrow(campaigner):
    refused(campaigner, factories.make_update(), "date", AHEAD, NOT_YET)
    assert Update.objects.count() == 1


@pytest.mark.parametrize("field", ["report_back_due", "report_back_received"])
def test_nobody_reports_back_before_they_were_asked(campaigner, field):
    case_list = CaseList.objects.create(
        slug="a",
        title="A list",
        recipient=factories.make_government(),
        submitted_on="2021-08",
        report_back_requested=True,
    )
    refused(campaigner, case_list, field, "2021-07-31", "before the list was submitted")


def test_nobody_can_ask_to_join_before_the_letter_was_written(campaigner):
    letter = OpenLetter.objects.create(
        slug="a", title="A letter", summary="We ask.", to="Everybody", date="2026", text="Free her."
    )
    refused(campaigner, letter, "closes_on", "2025-12-31", "before the date of the letter")


@pytest.mark.parametrize("typed", IN_MARKDOWN, ids=["html", "picture", "script link", "megabyte"])
def test_what_would_not_be_shown_is_refused_in_every_long_text(campaigner, typed):
    rows = [
        (factories.make_campaign(), "story"),
        (factories.make_profile(), "background"),
        (factories.make_petition(), "letter"),
    ]
    if len(typed) < 40_000:
        rows.append((factories.make_document(), "text"))  # it may be longer, and has its own limit
    for row, field in rows:
        refused(campaigner, row, field, typed, IN_MARKDOWN[typed])
    assert not Campaign.objects.filter(story=typed).exists()
