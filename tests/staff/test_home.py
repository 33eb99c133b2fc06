"""The first page of the back office: what needs whom, petitions, where to begin."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.timezone import get_current_timezone, localdate, now

from campaign_site.admin_site import SECTIONS
from campaign_site.models import OutboxMessage, SiteSettings
from campaigns.models import Profile
from petitions import deliveries
from petitions.admin import home
from petitions.models import Delivery, Handover, PendingSignature, Petition, Signature
from tests import factories
from tests.every_page import Everything
from tests.staff.forms import text
from tests.test_accessible import look

pytestmark = pytest.mark.django_db
ROLES = ("campaigner", "translator", "delivery", "administrator")


@pytest.fixture(autouse=True)
def a_calm_site(monkeypatch):
    """Where the worker runs. What it says when it does not is the business of its own tests."""
    monkeypatch.setattr("campaign_site.heartbeats.in_words", lambda: [(True, "All is well.")])


def needs(client) -> list[str]:
    lines = re.findall(r'<li><a href="([^"]+)">(.*?)</a></li>', _part(client, "needs"))
    for url, _sentence in lines:
        assert client.get(url).status_code == 200, url
    return [re.sub("<[^>]+>", "", sentence) for _url, sentence in lines]


def _part(client, name):
    page = text(client.get("/admin/"))
    found = re.search(rf'<ul class="{name}">(.*?)</ul>\s*(</section|<details|<table|$)', page, re.S)
    return found.group(1) if found else ""


def at(day: date, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=get_current_timezone())


# --- Needs you today ---


@pytest.mark.parametrize("role", ROLES)
def test_calm_day_says_so(logged_in, petition, role):
    assert "Nothing waits for you today." in text(logged_in(role).get("/admin/"))


def test_held_names_are_for_who_reviews(campaigner, officer, petition):
    factories.sign_and_confirm(petition, name="http://example.org")
    assert needs(officer) == ["1 name waits for review."]
    assert needs(campaigner) == []


def test_list_waits_to_be_handed_over_until_it_is(campaigner, officer, petition):
    factories.sign_and_confirm(petition)
    government = petition.targets.get().government
    delivery = deliveries.prepare(petition, government)
    (line,) = needs(officer)
    assert line.startswith("List for the Government of Estrava of ")
    assert line.endswith("not yet handed over.")
    assert needs(campaigner) == []
    office = factories.make_office(government)
    deliveries.hand_over(delivery, Handover(office=office, on=localdate(), outcome="accepted"))
    assert needs(officer) == []


def test_reply_is_overdue_from_the_day_after(officer, petition):
    factories.sign_and_confirm(petition)
    deliveries.prepare(petition, petition.targets.get().government)
    Delivery.objects.update(state="handed_over", reply_due=localdate())
    assert needs(officer) == []
    Delivery.objects.update(reply_due=date(2026, 5, 4))
    assert needs(officer) == ["Reply of the Government of Estrava overdue since 4 May 2026."]
    Delivery.objects.update(reply_received=localdate())
    assert needs(officer) == []


def test_facts_grow_old(campaigner, officer):
    person = factories.make_profile(verified_on=localdate() - timedelta(days=300))
    factories.make_profile(state="draft")
    assert needs(campaigner) == []
    today = localdate()
    old = date(today.year - 1, today.month, 1) - timedelta(days=40)
    Profile.objects.filter(pk=person.pk).update(verified_on=old)
    (line,) = needs(campaigner)
    assert re.fullmatch(r"Marta Ilin: facts checked 1[34] months ago\.", line)
    Profile.objects.filter(pk=person.pk).update(verified_on=None)
    (line,) = needs(campaigner)
    assert line == "Marta Ilin: nobody has noted when the facts were checked."
    assert needs(officer) == []


@pytest.mark.parametrize(
    ("day", "today", "months"),
    [
        (date(2025, 9, 22), date(2026, 11, 22), 14),
        (date(2025, 9, 23), date(2026, 11, 22), 13),
        (date(2025, 11, 23), date(2026, 11, 22), 11),
    ],
)
def test_months_are_whole_ones(monkeypatch, day, today, months):
    monkeypatch.setattr(home, "localdate", lambda: today)
    assert home._months_since(day) == months


def test_many_of_one_kind_make_one_line(campaigner):
    for _person in range(3):
        factories.make_profile()
    (line,) = needs(campaigner)
    assert line.endswith("And 2 more.")
    factories.make_profile(name="Asked yesterday", verified_on=localdate())
    (all_of_them,) = re.findall(r'href="([^"]+)"', _part(campaigner, "needs"))
    shown = campaigner.get(all_of_them).content.decode()
    assert shown.count("Marta Ilin") >= 3
    assert "Asked yesterday" not in shown


def test_translation_that_waits_is_told_to_who_publishes_and_opens_at_a_press(logged_in, petition):
    factories.offer("fr", "ug")
    factories.translate(petition, "fr", "ug", state="in_review")
    campaigner, translator = logged_in("campaigner"), logged_in("translator")
    assert needs(campaigner) == [f"{petition.title}: Français waits for review. And 1 more."]
    there = reverse("admin:petitions_petition_translate", args=[petition.pk, "fr"])
    assert f'href="{there}"' in _part(campaigner, "needs")
    assert needs(translator) == []


def test_what_is_behind_is_not_called_done(logged_in, petition):
    factories.offer("fr")
    factories.translate(petition, "fr")
    translator = logged_in("translator")
    assert "Français</bdi> 100 %" in text(translator.get("/admin/"))
    Petition.objects.update(title="Let Marta Ilin write")
    assert needs(translator) == ["Let Marta Ilin write: Français is behind by 1 text."]
    assert "Français</bdi> 100 %" not in text(translator.get("/admin/"))


def test_what_opens_tomorrow_is_told_with_its_zone(campaigner, officer, petition):
    tomorrow = localdate() + timedelta(days=1)
    Petition.objects.update(opens_at=at(tomorrow, 9))
    (line,) = needs(campaigner)
    assert line.startswith(f"{petition.title} opens tomorrow at 09:00")
    assert line.endswith("(UTC).")
    assert needs(officer) == []
    Petition.objects.update(state="draft")
    assert needs(campaigner)[0].endswith("not published yet.")
    Petition.objects.update(opens_at=at(tomorrow + timedelta(days=1)))
    assert needs(campaigner) == []


def test_names_that_go_are_told_to_who_makes_lists(campaigner, officer, petition):
    """Promise 11: nobody's name is erased undelivered without a warning."""
    factories.sign_and_confirm(petition)
    assert needs(officer) == []
    Petition.objects.update(closes_at=now() - timedelta(days=40))
    (line,) = needs(officer)
    assert line.startswith(f"{petition.title}: 1 name that was not handed over yet is erased")
    assert needs(campaigner) == []
    Petition.objects.update(closes_at=None)
    Signature.objects.update(signed_on=localdate() - timedelta(days=680))
    assert len(needs(officer)) == 1


@pytest.fixture
def mails(petition):
    """mails(2): since yesterday 40 confirmation mails left, and two were confirmed. In the days
    before it were 20 of 40."""

    def sent(confirmed):
        for number in range(40):
            attempt = factories.sign(petition)
            if number < 20:
                factories.confirm(attempt)
        days_ago = now() - timedelta(days=3)
        PendingSignature.objects.update(created_at=days_ago)
        Signature.objects.update(signed_on=localdate(days_ago))
        OutboxMessage.objects.all().delete()
        for _number in range(40):
            factories.sign(petition)
        OutboxMessage.objects.update(state="sent", sealed=None, sent_at=now() - timedelta(hours=2))
        answered = OutboxMessage.objects.values("pk")[:confirmed]
        OutboxMessage.objects.filter(pk__in=answered).update(reference=None)

    return sent


def test_few_confirmations_are_told_to_administrators(administrator, campaigner, mails):
    mails(confirmed=4)
    assert needs(administrator) == [
        "Of the mails since yesterday 10 % were confirmed, in the days before 50 %. "
        "Look at the mails."
    ]
    assert needs(campaigner) == []
    # Those of the last hour had no time yet.
    OutboxMessage.objects.update(sent_at=now())
    assert needs(administrator) == []


def test_usual_confirmations_need_nobody(administrator, mails):
    mails(confirmed=10)
    assert needs(administrator) == []


def test_health_is_for_administrators(administrator, campaigner, monkeypatch):
    trouble = [(False, "The worker stands still."), (False, "Mail is stuck.")]
    monkeypatch.setattr("campaign_site.heartbeats.in_words", lambda: trouble)
    assert needs(administrator) == ["The worker stands still. And 1 more."]
    assert "Mail is stuck." in text(administrator.get("/admin/"))
    assert "stands still" not in text(campaigner.get("/admin/"))


def test_at_most_seven_lines(administrator, monkeypatch):
    def line():
        yield home.Line("Something", "/admin/")

    monkeypatch.setattr(home, "NEEDS", [("petitions.view_petition", line, "")] * 9)
    assert len(needs(administrator)) == 7


# --- Petitions ---


def test_week_is_drawn_and_told(campaigner, petition):
    for days in (0, 0, 2, 6, 7):
        signature = factories.sign_and_confirm(petition)
        Signature.objects.filter(pk=signature.pk).update(
            signed_on=localdate() - timedelta(days=days)
        )
    page = text(campaigner.get("/admin/"))
    assert "4 in 7 days" in page
    assert re.findall(r"<td>(\d+)</td>", page) == ["1", "0", "0", "0", "1", "0", "2"]
    heights = re.findall(r'<rect [^>]*height="(\d+)"', page)
    assert heights == ["12", "1", "1", "1", "12", "1", "24"]


def test_counting_the_week_is_one_query_for_all(django_assert_num_queries, petition):
    other = factories.make_petition()
    old = factories.sign_and_confirm(petition)
    Signature.objects.filter(pk=old.pk).update(signed_on=localdate() - timedelta(days=7))
    factories.sign_and_confirm(petition)
    with django_assert_num_queries(1):
        found = home.signed_per_day([petition, other])
    assert found == {petition.pk: {localdate(): 1}}


def test_petitions_say_their_state(campaigner, petition):
    for values, says in (
        ({}, "<p>Open</p>"),
        ({"opens_at": now() + timedelta(days=9)}, "<p>Opens "),
        ({"opens_at": None, "closes_at": now() - timedelta(days=1)}, "<p>Closed on "),
        ({"state": "draft"}, "<p>Draft: nobody sees it yet</p>"),
    ):
        Petition.objects.filter(pk=petition.pk).update(**values)
        page = text(campaigner.get("/admin/"))
        assert says in page
        for public in ("See page", "Share kit"):
            assert (public in page) == (values != {"state": "draft"})


def test_who_only_reads_gets_no_button_to_edit(logged_in, petition):
    for role in ROLES:
        page = text(logged_in(role).get("/admin/"))
        assert (">Edit</a>" in page) == (role in ("campaigner", "administrator"))
        assert ("Copy a petition" in page) == (role in ("campaigner", "administrator"))


# --- Start, handovers, everything ---


def test_handovers_show_what_is_public_to_who_does_not_deliver(campaigner, officer, petition):
    factories.sign_and_confirm(petition)
    government = petition.targets.get().government
    delivery = deliveries.prepare(petition, government)
    office = factories.make_office(government)
    for outcome, line in (("refused", "Refused at the door."), ("posted", "")):
        deliveries.hand_over(
            delivery,
            Handover(office=office, on=localdate(), outcome=outcome, public_line=line),
        )
    page = text(officer.get("/admin/"))
    assert "Refused at the door." in page
    assert "posted." in page
    page = text(campaigner.get("/admin/"))
    assert "Refused at the door." in page
    assert "posted." not in page
    assert f"/admin/petitions/delivery/{delivery.pk}/" not in page


@pytest.mark.parametrize("role", ROLES)
def test_every_link_of_the_first_page_opens(logged_in, petition, role):
    client = logged_in(role)
    factories.make_petition(state="draft")
    links = set(re.findall(r'href="(/[^"#]*)"', text(client.get("/admin/"))))
    for link in links:
        if link not in ("/admin/logout/",) and not link.startswith("/static/"):
            assert client.get(link, follow=True).status_code == 200, link


def test_everything_leads_to_every_list(administrator):
    """Nothing that can be looked at is out of reach: the stock list of models is gone."""
    named = {model for _heading, _sentence, model, _label in SECTIONS}
    page = text(administrator.get("/admin/"))
    request = administrator.get("/admin/").wsgi_request
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            label = model["model"]._meta.label_lower
            assert label in named, label
            assert model["admin_url"] in page, label


# --- A fresh site ---


def test_fresh_site_is_the_quick_start(campaigner, officer):
    page = text(campaigner.get("/admin/"))
    assert "0 of 4 are done" in page
    assert "Make the draft" in page
    assert 'name="person_name"' in page
    page = text(officer.get("/admin/"))
    assert "Make the draft" not in page
    assert "A campaigner writes the first one." in page


def test_steps_are_done_one_by_one_and_go(administrator):
    SiteSettings.load()
    SiteSettings.objects.update(name="Free Voices", contact="hello@example.org")
    assert "1 of 4 is done" in text(administrator.get("/admin/"))
    petition = factories.make_petition(state="draft")
    page = text(administrator.get("/admin/"))
    assert "2 of 4 are done" in page
    assert "Make the draft" not in page
    assert reverse("admin:petitions_petition_change", args=[petition.pk]) in page
    Petition.objects.update(state="published")
    assert "3 of 4 are done" in text(administrator.get("/admin/"))
    factories.sign_and_confirm(petition)
    assert "of 4" not in text(administrator.get("/admin/"))


# --- As it looks ---


def log_in(visit, live_server, role):
    browser = Client()
    browser.force_login(factories.make_member(role))
    session = browser.cookies["sessionid"].value
    page = visit()
    page.context.add_cookies(
        [{"name": "sessionid", "value": session, "url": live_server.url + "/admin/"}]
    )
    return page


def fits(page):
    for direction in ("ltr", "rtl"):
        page.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
        if page.evaluate("() => document.documentElement.scrollWidth") != 360:
            return False
    return True


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("role", ROLES)
def test_first_page_on_a_phone(visit, live_server, settings, tmp_path, role):
    """Nothing scrolls sideways, axe finds nothing, and “Everything” opens by the keyboard."""
    settings.MEDIA_ROOT = tmp_path
    everything = Everything()
    factories.sign_and_confirm(everything.petition, name="http://example.org")
    page = log_in(visit, live_server, role)
    page.goto("/admin/")
    assert not page.get_by_role("heading", name="Recipients").is_visible()
    page.locator(".everything summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recipients").wait_for()
    for details in page.locator(".week details").all():
        details.locator("summary").click()
    assert fits(page)
    assert look(page) == {}
    assert page.complaints == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("browser")
def test_newcomer_starts_on_a_phone(visit, live_server, settings, tmp_path):
    """From an empty site to a draft and its preview, with one mistake on the way."""
    settings.MEDIA_ROOT = tmp_path
    page = log_in(visit, live_server, "campaigner")
    page.goto("/admin/")
    for label, typed in (
        ("Name of the person", "Marta Ilin"),
        ("Status as of", "March 2021"),
        ("The person in one sentence", "A journalist of Port Ilin."),
        ("Title", "Free Marta Ilin"),
        ("Two sentences", "She is in prison. She wrote the truth."),
        ("Government, parliament or party", "Government of Estrava"),
        ("Who the letter is written to", "Minister of Justice"),
        ("Letter", "I write about Marta Ilin."),
        ("Demands", "Set her free."),
    ):
        page.get_by_label(f"{label}:", exact=True).fill(typed)
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_text("One thing needs your attention.").wait_for()
    assert fits(page)
    assert look(page) == {}
    page.get_by_label("Status:", exact=True).select_option("imprisoned")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_text("The draft is made.").wait_for()
    assert Petition.objects.get().targets.get().addressee.office == "Minister of Justice"
    page.goto("/admin/")
    assert page.get_by_text("1 of 4 is done").count()
    page.get_by_role("link", name="Preview").click()
    page.get_by_role("heading", name="Free Marta Ilin").first.wait_for()
