"""From a copy to a public petition: what the checklist says, a link to look at it, dates with
their zone."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import signing
from django.urls import reverse
from django.utils.timezone import localdate, now

from campaign_site import heartbeats, page_cache, preview_links
from campaign_site.models import AuditEvent, SiteSettings
from campaigns.models import Campaign
from petitions import launch, publishing
from petitions.models import Petition, Target
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(db):
    SiteSettings.objects.update_or_create(
        pk=1, defaults={"contact": "hello@example.org", "name": "Free Voices"}
    )


@pytest.fixture
def draft(contact):
    return factories.make_petition(state="draft")


def page(petition, verb="change"):
    return reverse(f"admin:petitions_petition_{verb}", args=[petition.pk])


def words(lines):
    return {line.part: line.words for line in lines}


# --- The six things ----------------------------------------------------------------------------

BLOCKS = {
    "no recipient": (
        lambda p: p.targets.all().delete(),
        "no recipient yet",
        "targets-0-government",
    ),
    "no addressee": (
        lambda p: p.targets.update(addressee=None),
        "has no addressee yet",
        "targets-0-addressee",
    ),
    "letter": (lambda p: set_to(p, letter=" "), "no letter yet", "letter"),
    "demands": (lambda p: set_to(p, demands=[]), "no demand yet", "demands"),
    "promise": (lambda p: set_to(p, promise=""), "no promise yet", "promise"),
    "contact": (
        lambda _: SiteSettings.objects.update(contact=""),
        "needs an address to which people can write",
        None,
    ),
}


def set_to(petition, **values):
    Petition.objects.filter(pk=petition.pk).update(**values)


@pytest.mark.parametrize("kind", BLOCKS)
def test_each_of_the_six_stops_it_with_a_link_to_the_field(campaigner, draft, kind):
    break_it, sentence, field = BLOCKS[kind]
    break_it(draft)
    for shown in (campaigner.get(page(draft)), campaigner.get(page(draft, "publish"))):
        assert "1 thing is missing before you can publish" in text(shown)
        assert sentence in text(shown)
        if field:
            assert f'href="{page(draft)}#id_{field}"' in text(shown)
        else:
            assert "Ask an administrator." in text(shown)  # it is not for campaigners
    if field:
        assert f'id="id_{field}"' in text(campaigner.get(page(draft)))
    refused = campaigner.post(page(draft, "publish"))
    assert refused.status_code == 422
    assert not publishing.publish(draft)
    assert factories.fresh(draft).state == "draft"


def test_without_the_right_key_it_stays_a_draft(campaigner, draft, monkeypatch):
    monkeypatch.setattr("campaign_site.keys.problem", lambda: "SIGNER_KEY is missing")
    assert "SIGNER_KEY is missing" in text(campaigner.post(page(draft, "publish")))
    assert not publishing.publish(draft)


def test_recipient_whom_nobody_holds_an_office_of_is_mended_there(campaigner, draft):
    nobody = factories.make_government("Government of Norrland", addressee="")
    Target.objects.create(petition=draft, government=nobody)
    there = reverse("admin:campaigns_government_change", args=[nobody.pk])
    assert f'href="{there}#id_addressees-0-office"' in text(campaigner.get(page(draft)))


def test_administrator_is_led_to_the_settings(administrator, draft):
    SiteSettings.objects.update(contact="")
    there = reverse("admin:campaign_site_sitesettings_change", args=[1])
    assert f'href="{there}#id_contact"' in text(administrator.get(page(draft)))


def test_all_six_done_are_said_in_words(campaigner, draft):
    shown = text(campaigner.get(page(draft)))
    assert "Everything needed is there" in shown
    assert shown.count("Done:") == 6
    for part in ("Government of Estrava (Minister of Justice)", "8 words", "1 demand"):
        assert part in shown
    assert draft.promise in shown
    assert "hello@example.org" in shown
    assert campaigner.post(page(draft, "publish")).status_code == 302
    assert factories.fresh(draft).state == "published"
    shown = text(campaigner.get(page(draft)))
    assert "Done:" not in shown  # there is nothing to launch any more


# --- What is worth a look ----------------------------------------------------------------------


def test_the_rest_is_said_and_stops_nothing(draft):
    person = factories.make_profile(name="Ola Ek", state="draft")
    Campaign.objects.filter(pk=draft.campaign_id).update(state="draft")
    set_to(draft, title="Free Marta Ilin " * 5, promise="We only show your name and city.")
    assert words(launch.worth_a_look(factories.fresh(draft)))["For whom"].startswith("None is")
    draft.profiles.add(person)
    found = words(launch.worth_a_look(factories.fresh(draft)))
    assert found["Title"].startswith("80 characters")
    assert "Ola Ek has no public page yet" in found["For whom"]
    assert set(found) == {
        "Title",
        "Photo",
        "For whom",
        "Campaign",
        "Promise",
        "Goal",
        "Closes",
        "Mail",
        "Updates",
    }
    assert publishing.publish(draft)


def test_translation_that_says_something_else_is_noticed(campaigner, draft):
    factories.offer("fr")
    factories.translate(draft, "fr")
    assert "Français" not in words(launch.worth_a_look(factories.fresh(draft)))
    set_to(draft, letter="I ask something else.")
    there = reverse("admin:petitions_petition_translate", args=[draft.pk, "fr"])
    asks = text(campaigner.get(page(draft, "publish")))
    assert f'<a href="{there}">Français:</a>' in asks
    assert "1 text is behind: its readers see what the original said before." in asks
    assert text(campaigner.get(page(draft))).count("behind: 1 text") == 1, "said once"
    set_to(draft, demands=["Free her.", "Let her write."])
    assert "nobody can sign" in text(campaigner.get(page(draft)))
    assert "nobody can sign" in text(campaigner.get("/admin/"))
    said = [line.words for line in launch.worth_a_look(factories.fresh(draft))]
    assert "Not offered for signing: not all that people sign is translated." in said


def test_nobody_signs_a_translation_that_lacks_a_demand(client, draft):
    """Nor one with an empty line where a demand stood."""
    factories.offer("fr")
    set_to(draft, state="published", demands=["Free her.", "Let her write."])
    for demands in (["Libérez-la."], ["Libérez-la.", ""]):
        factories.translate(factories.fresh(draft), "fr", demands=demands)
        assert client.get(f"/fr{draft.get_absolute_url()}").status_code == 302
    translated = factories.fresh(draft)
    assert translated.say("demands", "fr").language == "en"
    factories.translate(translated, "fr")
    assert client.get(f"/fr{draft.get_absolute_url()}").status_code == 200


def test_closed_petition_without_an_outcome_is_noticed(draft):
    set_to(draft, closes_at=now() - timedelta(days=1))
    assert "What came of it" in words(launch.worth_a_look(factories.fresh(draft)))
    set_to(draft, outcome="She is home.")
    assert "What came of it" not in words(launch.worth_a_look(factories.fresh(draft)))


def test_mail_that_goes_nowhere_is_noticed(draft, settings):
    heartbeats.beat(heartbeats.WORKER)
    settings.DEFAULT_FROM_EMAIL = "sign@example.org"
    assert "Mail" not in words(launch.worth_a_look(draft))
    settings.MAIL_TRANSPORT = {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    assert "No mail server is set up" in words(launch.worth_a_look(draft))["Mail"]


def test_photo_of_a_public_person_will_do(draft):
    photo = {"files": {"480": "a" * 40 + ".webp"}, "width": 480, "height": 320}
    person = factories.make_profile(photo=photo, photo_alt="Marta", photo_credit="Family")
    draft.profiles.add(person)
    assert "Photo" not in words(launch.worth_a_look(factories.fresh(draft)))


# --- A link to look at it ----------------------------------------------------------------------


def link_of(browser, path):
    """Make one as staff do, and find it in the answer."""
    assert browser.post(path).status_code == 302
    shown = text(browser.get(re.sub(r"preview-link/$", "change/", path)))
    return re.search(r'class="long" href="https?://[^/]+(/admin/preview/[^"]+)"', shown)[1]


def test_preview_leads_to_its_other_languages_and_back_to_editing(campaigner, client, draft):
    factories.offer("fr")
    factories.translate(draft, "fr")
    shown = text(campaigner.get(reverse("preview_petition", args=[draft.pk])))
    assert f'<a href="{page(draft)}" target="_parent">Back to editing</a>' in shown
    assert '<a href="?language=fr" lang="fr"' in shown
    link = link_of(campaigner, page(draft, "preview-link"))
    shown = text(client.get(link))
    assert "Back to editing" not in shown
    assert '<a href="?language=fr" lang="fr"' in shown
    assert f"fr: {draft.title}" in text(client.get(f"{link}?language=fr"))


def test_preview_on_a_phone_stands_in_a_frame_of_ours(campaigner, client, draft):
    wide = campaigner.get(reverse("preview_petition", args=[draft.pk]))
    phone = campaigner.get(re.search(r'href="([^"]+phone)"', text(wide))[1].replace("&amp;", "&"))
    framed = campaigner.get(re.search(r'<iframe [^>]*src="([^"]+)" width="360"', text(phone))[1])
    assert draft.title in text(framed)
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert phone["X-Frame-Options"] == "DENY"
    shared = client.get(link_of(campaigner, page(draft, "preview-link")))
    assert shared["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("kind", ["petition", "campaign", "profile"])
def test_draft_is_shown_to_whoever_has_the_link(campaigner, client, kind):
    row = getattr(factories, f"make_{kind}")(state="draft")
    app = row._meta.app_label
    made = reverse(f"admin:{app}_{kind}_preview-link", args=[row.pk])
    assert "It works for 7 days" in text(campaigner.get(made))
    assert not AuditEvent.objects.exists()  # looking makes none
    link = link_of(campaigner, made)
    event = AuditEvent.objects.get()
    assert (event.verb, event.about, event.by) == (
        "made a preview link",
        str(row),
        campaigner.member,
    )
    shown = client.get(link)
    assert shown.status_code == 200
    assert str(row) in text(shown)
    assert "Whoever has this link can see it until" in text(shown)
    assert shown["X-Robots-Tag"] == "noindex"
    assert shown["Cache-Control"] == "no-store"
    assert shown["Referrer-Policy"] == "same-origin"  # its address is told to no other site
    assert "form-action 'none'" in shown["Content-Security-Policy"]
    assert not client.cookies
    type(row).objects.filter(pk=row.pk).update(state="published")
    published = client.get(link)
    assert (published.status_code, published["Location"]) == (302, row.get_absolute_url())
    type(row).objects.filter(pk=row.pk).update(state="removed")
    assert client.get(link).status_code == 404  # taken down: not by an old link either


def test_everything_else_is_one_neutral_page(client, draft, monkeypatch):
    address, until = preview_links.make(draft)
    assert timedelta(days=6) < until - now() <= timedelta(days=7)
    link = "/admin/" + address.partition("/admin/")[2]
    assert client.get(link).status_code == 200
    forged = {client.get(f"/admin/preview/{token}/").content for token in ("x", "a:b:c", "é")}
    monkeypatch.setattr(preview_links, "GOOD_FOR", timedelta(0))
    over = client.get(link)
    assert over.status_code == 404
    assert over["Cache-Control"] == "no-store"
    assert forged == {over.content}
    assert not client.cookies
    monkeypatch.undo()
    draft.delete()
    assert client.get(link).content == over.content


def test_link_signed_for_something_else_opens_nothing(client, draft):
    says = ["petitions.petition", draft.pk, "draft", (now() + timedelta(days=1)).timestamp()]
    for token in (signing.dumps(says), signing.dumps(says, key="another", salt="vigil.preview")):
        assert client.get(reverse("preview", args=[token])).status_code == 404


def test_log_does_not_open_a_preview(client, draft, capsys, caplog):
    link, _until = preview_links.make(draft)
    token = link.rstrip("/").rpartition("/")[2]
    client.get(reverse("preview", args=[token]))
    client.get(reverse("preview", args=[token + "x"]))
    lines = [record.getMessage() for record in caplog.records if record.name == "vigil.request"]
    assert len(lines) == 2
    assert all(line.startswith("GET preview ") for line in lines)
    assert token[:20] not in "".join(lines)
    assert token[:20] not in capsys.readouterr().err


def test_only_those_who_write_make_links(logged_in, draft):
    for role in ("translator", "delivery"):
        assert logged_in(role).post(page(draft, "preview-link")).status_code == 403
    public = factories.make_petition()
    campaigner = logged_in("campaigner")
    assert "Preview link" not in text(campaigner.get(page(public)))


# --- When it opens and closes ------------------------------------------------------------------


@pytest.fixture
def toronto(settings):
    settings.TIME_ZONE = "America/Toronto"


def test_change_page_says_back_what_it_understood(campaigner, draft, toronto):
    # Of Toronto: at night it is tomorrow already in Greenwich.
    day = localdate(timezone=ZoneInfo("America/Toronto")) + timedelta(days=5)
    typed = {"opens_at_0": day.isoformat(), "opens_at_1": "09:00:00"}
    assert fill_in(campaigner, page(draft), **typed).status_code == 302
    shown = text(campaigner.get(page(draft)))
    assert f"Opens {day.day} {day:%B %Y}, 09:00 (America/Toronto), in 5 days." in shown
    assert "Has no closing date." in shown
    publish = text(campaigner.get(page(draft, "publish")))
    assert "sign later" in publish
    assert "09:00 (America/Toronto)" in publish


def test_public_page_says_the_zone(client, toronto):
    later = factories.make_petition(opens_at="2030-05-03T13:00:00Z")
    over = factories.make_petition(closes_at="2020-05-03T13:00:00Z")
    assert "You can sign from 3 May 2030, 09:00 (America/Toronto)" in text(
        client.get(later.get_absolute_url())
    )
    closed = text(client.get(over.get_absolute_url()))
    assert "This petition closed on 3 May 2020." in closed
    assert "open until 3 May 2020, 09:00 (America/Toronto)" in closed


def test_not_open_yet_is_kept_for_ten_seconds_at_most(client, monkeypatch):
    petition = factories.make_petition(opens_at=now() + timedelta(hours=1))
    clock = [1000.0]
    monkeypatch.setattr(page_cache.time, "monotonic", lambda: clock[0])
    path = petition.get_absolute_url()
    assert "Not open yet" in text(client.get(path))
    set_to(petition, opens_at=now() - timedelta(seconds=1))
    clock[0] += page_cache.RENEWED_AFTER - 0.1
    assert "Not open yet" in text(client.get(path))
    clock[0] = 1000.0 + page_cache.OLDEST
    assert "Add your name" in text(client.get(path))


# --- A copy, from login to live ----------------------------------------------------------------
