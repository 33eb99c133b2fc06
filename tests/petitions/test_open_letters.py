"""Open letters: who stands under them, how somebody joins, and how they leave again."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils.timezone import localdate, now

from campaign_site import erasures, page_cache, throttle
from campaign_site.models import AuditEvent
from campaigns.models import Organisation
from petitions import joining, retention
from petitions.forms import form_token
from petitions.models import JoinRequest, OpenLetter, SigningOrganisation, SigningPerson
from tests import factories
from tests.factories import (
    approve_request,
    ask_to_join,
    confirm_request,
    make_open_letter,
    send_mails,
)
from tests.staff.forms import fill_in, text
from tests.visitors import all_of, page_of, path_in

pytestmark = pytest.mark.django_db
ADDRESS = "ola.brandt@example.org"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path


@pytest.fixture
def letter():
    return make_open_letter()


def page(client, row):
    page_cache.cache.forget()
    return text(client.get(row.get_absolute_url()))


def post(client, letter, **typed):
    values = {
        "signs_as": "myself",
        "name": "Ola Brandt",
        "role": "writer",
        "organisation": "",
        "email": ADDRESS,
        "form_token": form_token(letter),
    } | typed
    return client.post(reverse("petitions:join_letter", args=[letter.slug]), values)


def url(name, *args):
    return reverse(f"admin:petitions_{name}", args=args)


# --- The page ------------------------------------------------------------------------------------


def test_organisations_and_people_stand_in_order_and_are_counted(client, letter):
    for place, name in ((2, "Beta Group"), (1, "Alpha Group")):
        organisation = Organisation.objects.create(slug=name[:4], name=name, acronym=name[:2])
        SigningOrganisation.objects.create(letter=letter, organisation=organisation, position=place)
    assert "Signed by 2 organisations." in page(client, letter)
    for place, name in ((2, "Padma Dolma"), (1, "Ma Jian"), (3, "Shao Jiang")):
        SigningPerson.objects.create(letter=letter, name=name, role="activist", position=place)
    shown = page(client, letter)
    assert "Signed by 2 organisations and 3 people." in shown
    names = "Alpha Group|Beta Group|Padma Dolma|Ma Jian|Shao Jiang"
    assert re.findall(f">({names})<", shown) == [
        *("Alpha Group", "Beta Group", "Ma Jian", "Padma Dolma", "Shao Jiang")
    ]
    assert "(<bdi>Al</bdi>)" in shown
    assert "2 organisations and 3 people" in text(client.get(reverse("petitions:letters")))


def test_names_and_roles_are_in_the_language_of_the_page(client, letter):
    factories.offer("zh-hans")
    person = SigningPerson.objects.create(letter=letter, name="Padma Dolma", role="activist")
    factories.translate(letter, "zh-hans")
    factories.translate(person, "zh-hans", name="卓玛", role="活动人士")
    shown = text(client.get(path_in("zh-hans", "petitions:letter", letter.slug)))
    assert '<bdi lang="zh-hans">卓玛</bdi>' in shown
    assert "活动人士" in shown
    assert "Padma Dolma" in page(client, letter)


def test_signatories_are_on_the_translators_screen(logged_in, letter):
    factories.offer("fr")
    SigningPerson.objects.create(letter=letter, name="Padma Dolma", role="activist")
    screen = text(logged_in("translator").get(url("openletter_translate", letter.pk, "fr")))
    for said in ("Padma Dolma", "activist", "Set Marta Ilin free."):
        assert said in screen


def test_harmful_markdown_is_harmless(client):
    evil = "<script>x()</script> ![p](https://evil.example/p.png) [a](javascript:x())"
    shown = page(client, make_open_letter(text=evil, demands=[evil], title=evil[:20]))
    for tag in ("<script>x", 'src="https://evil', '="javascript'):
        assert tag not in shown


def test_drafts_are_shown_nowhere(client):
    campaign, document = factories.make_campaign(), factories.make_document()
    for state, status in (("draft", 404), ("removed", 410)):
        secret = make_open_letter(title="MARKED", state=state, document=document)
        SigningPerson.objects.create(letter=secret, name="MARKED Person")
        secret.campaigns.add(campaign)
        paths = [campaign.get_absolute_url(), document.get_absolute_url(), "/", "/letters/"]
        for path in (*paths, "/sitemap.xml", "/search/?q=marked"):
            page_cache.cache.forget()
            assert "MARKED" not in text(client.get(path)), path
        assert client.get(secret.get_absolute_url()).status_code == status
        assert post(client, secret).status_code == status
        assert not JoinRequest.objects.exists()
    document.state = "draft"
    document.title = "DRAFTED"
    document.save()
    public = make_open_letter(document=document)
    assert "DRAFTED" not in page(client, public)


@pytest.mark.parametrize("number", [2, 40])
def test_pages_ask_the_database_the_same_however_many_names(
    client, django_assert_max_num_queries, number
):
    letter = make_open_letter(document=factories.make_document())
    letter.campaigns.add(factories.make_campaign())
    for place in range(number):
        organisation = Organisation.objects.create(slug=f"o{place}", name=f"Group {place}")
        SigningOrganisation.objects.create(letter=letter, organisation=organisation)
        SigningPerson.objects.create(letter=letter, name=f"Person {place}")
        make_open_letter()
    for path in (letter.get_absolute_url(), "/letters/", letter.document.get_absolute_url()):
        page_cache.cache.forget()
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200


# --- Asking to join ------------------------------------------------------------------------------


def test_from_the_form_to_the_letter_and_away_again(client, campaigner, letter):
    """Nobody stands there before the mailbox and staff have said yes; withdrawn, all is gone."""
    answer = post(client, letter)
    assert answer.status_code == 303
    assert client.get(answer["Location"]).status_code == 200
    (mail,) = send_mails()
    assert mail.to == [ADDRESS]
    link = re.search(r"https?://[^/]+(/signatures/letters/\S+)", mail.body)[1]
    for _ in range(50):
        opened = client.get(link)
        client.head(link)
    assert opened["Cache-Control"].find("no-store") >= 0
    assert 'content="noindex"' in text(opened)
    assert JoinRequest.objects.get().state == "unconfirmed"
    # Without the tick, as a machine sends it, nothing is confirmed.
    for fields in page_of(opened).forms:
        assert fields.get("action") in ("confirm", "withdraw")
        if fields["action"] == "confirm":
            assert client.post(link, fields).status_code == 422
    assert JoinRequest.objects.get().state == "unconfirmed"
    assert client.post(link, {"action": "confirm", "is_me": "yes"}).status_code == 303
    assert client.post(link, {"action": "confirm", "is_me": "yes"}).status_code == 303
    request = JoinRequest.objects.get()
    assert request.state == "waiting"
    assert "Ola Brandt" not in page(client, letter)
    assert "We look at your request" in text(client.get(link))

    assert campaigner.post(url("joinrequest_approve", request.pk)).status_code == 302
    shown = page(client, letter)
    assert "Ola Brandt" in shown
    assert "Signed by 1 person." in shown
    assert "Ola Brandt" in text(client.get("/search/?q=brandt")) or letter.title in text(
        client.get("/search/?q=brandt")
    )
    assert "stands on the letter" in text(client.get(link))

    assert client.post(link, {"action": "withdraw"}).status_code == 303
    assert "Ola Brandt" not in page(client, letter)
    assert "Nothing is kept under this link" in text(client.get(link))
    assert not JoinRequest.objects.exists()
    assert not SigningPerson.objects.exists()
    assert "brandt" not in OpenLetter.objects.get().search_text


def test_mail_says_nothing_that_was_typed_nor_what_it_is_about(client, letter):
    post(client, letter, name="Typed Name", role="Typed role")
    (mail,) = send_mails()
    for said in ("Typed", letter.title, "open letter", ADDRESS):
        assert said not in mail.subject + mail.body, said


def test_answer_is_the_same_whatever_is_known_of_an_address(client, letter):
    """Promise 4: new, asked before, confirmed, standing there, declined, withdrawn."""
    states = {
        "asked@example.org": lambda row: None,
        "waits@example.org": confirm_request,
        "there@example.org": approve_request,
        "declined@example.org": lambda row: joining.decline(confirm_request(row), by=None),
        "left@example.org": lambda row: joining.withdraw(row.public_id),
    }
    for number, (address, then) in enumerate(states.items()):
        then(ask_to_join(letter, email=address, name=f"Person {'abcdef'[number]}"))
    answers = []
    for address in ("new@example.org", *states):
        answer = post(client, letter, email=address)
        answers.append((all_of(answer), all_of(client.get(answer["Location"]))))
        page_cache.cache.forget()
    assert all(answer == answers[0] for answer in answers)


def everything_stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 names of tables
            yield from ((table, row[0].casefold()) for row in cursor.fetchall())


def test_no_address_is_stored_in_plain_text(client, letter, settings):
    """Promise 8: neither while the mail waits, nor after, nor once the name stands there."""
    written = ADDRESS.encode().hex()

    def look():
        for table, row in everything_stored():
            assert ADDRESS not in row, table
            assert "ola.brandt" not in row, table
            assert written not in row, table

    post(client, letter)
    look()
    send_mails()
    look()
    approve_request(JoinRequest.objects.get())
    look()
    for file in settings.PRIVATE_ROOT.rglob("*"):
        assert not file.is_file() or ADDRESS.encode() not in file.read_bytes()


def test_forms_of_others_programs_and_old_pages_are_refused(client, letter):
    path = reverse("petitions:join_letter", args=[letter.slug])
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post(path, {}, headers=headers).status_code == 403
    for typed in (
        {"website": "http://x"},
        {"form_token": ""},
        {"form_token": form_token(letter, 60)},
        {"form_token": form_token(factories.make_petition())},
        {"email": "nobody"},
        {"email": "ola@gmial.com"},
        {"name": ""},
        {"name": "https://evil.example"},
        {"role": "see https://evil.example"},
        {"role": "x" * 151},
        {"signs_as": "king"},
        {"signs_as": "organisation", "organisation": ""},
        {"signs_as": "organisation", "organisation": "www.evil.example"},
    ):
        answer = post(client, letter, **typed)
        assert answer.status_code == 422, typed
        assert 'class="errors"' in text(answer)
        if "role" not in typed:
            assert 'value="writer"' in text(answer)  # what was typed is kept
    assert not JoinRequest.objects.exists()
    assert client.get(path)["Location"] == letter.get_absolute_url()


def test_far_too_many_from_one_network_are_told_so(client, letter, monkeypatch):
    monkeypatch.setattr(throttle, "SIGNING", throttle.Limit(slow_from=1, refused_from=2))
    assert [post(client, letter).status_code for _ in range(3)] == [303, 303, 429]
    assert JoinRequest.objects.count() == 2


def test_after_its_last_day_a_letter_takes_no_requests(client):
    for values in ({"closes_on": localdate() - timedelta(days=1)}, {"open_to_requests": False}):
        letter = make_open_letter(**values)
        assert "<form" not in page(client, letter)
        assert post(client, letter).status_code == 409
    letter = make_open_letter(closes_on=localdate())
    assert "<form" in page(client, letter)
    assert post(client, letter).status_code == 303


def test_forged_link_is_the_neutral_page(client, letter):
    row = ask_to_join(letter)
    path = joining.personal_path(row.public_id)
    for forged in (path[:-3] + "A/", path.replace("/signatures/letters/", "/signatures/letters/x")):
        assert client.get(forged).status_code == 404
        assert client.post(forged, {"action": "withdraw"}).status_code == 404
    assert JoinRequest.objects.exists()
    signed = factories.sign(factories.make_petition())
    token = path_in("en", "petitions:letter_request", "x")
    assert client.get(token).status_code == 404
    assert joining.find(signed.pk) is None


# --- Staff ---------------------------------------------------------------------------------------


def test_staff_see_only_what_is_confirmed_and_never_an_address(campaigner, letter):
    ask_to_join(letter, name="Unconfirmed Person", email="a@example.org")
    waiting = confirm_request(ask_to_join(letter, name="Waiting Person", email="b@example.org"))
    listed = text(campaigner.get(url("joinrequest_changelist")))
    assert "Waiting Person" in listed
    assert "Unconfirmed Person" not in listed
    shown = text(campaigner.get(url("joinrequest_change", waiting.pk)))
    assert "@example.org" not in listed + shown
    assert "1 request to join" in text(campaigner.get("/admin/"))


def test_declined_is_told_by_the_link_and_shown_nowhere(campaigner, client, letter):
    row = confirm_request(ask_to_join(letter))
    assert campaigner.post(url("joinrequest_decline", row.pk)).status_code == 302
    assert "Ola Brandt" not in page(client, letter)
    assert "We did not put your name" in text(client.get(joining.personal_path(row.public_id)))
    with pytest.raises(joining.Changed):
        joining.approve(row, by=None)


def test_organisation_joins_as_the_one_of_our_list_or_as_a_new_one(campaigner, client, letter):
    known = Organisation.objects.create(slug="lamps", name="Harbour Lamps", acronym="HL")
    row = confirm_request(ask_to_join(letter, name="Ana Reth", organisation="harbour  lamps"))
    shown = campaigner.get(url("joinrequest_approve", row.pk))
    assert f'value="{known.pk}" selected' in text(shown)
    campaigner.post(url("joinrequest_approve", row.pk), {"organisation": known.pk})
    assert SigningOrganisation.objects.get().organisation == known
    other = confirm_request(ask_to_join(letter, name="Bo", organisation="Lanterns"))
    campaigner.post(url("joinrequest_approve", other.pk), {"organisation": ""})
    assert Organisation.objects.get(name="Lanterns").slug == "lanterns"
    assert "Signed by 2 organisations." in page(client, letter)
    again = confirm_request(ask_to_join(letter, name="Cy", organisation="HL"))
    answer = campaigner.post(url("joinrequest_approve", again.pk), {"organisation": ""})
    assert "stands on the letter already" in text(answer)
    again.refresh_from_db()
    assert again.state == "waiting"


def test_nobody_stands_on_a_letter_twice(campaigner, letter):
    SigningPerson.objects.create(letter=letter, name="Ola Brandt")
    row = confirm_request(ask_to_join(letter, name="OLA BRANDT"))
    answer = campaigner.post(url("joinrequest_approve", row.pk))
    assert "stands on the letter already" in text(answer)
    voices = Organisation.objects.create(slug="voices", name="Free Voices")
    typed = {
        "signing_people-TOTAL_FORMS": 2,
        "signing_people-1-name": "ola brandt",
        "signing_people-1-position": 1,
    }
    answer = fill_in(campaigner, url("openletter_change", letter.pk), **typed)
    assert "Somebody of this name stands on the letter already." in text(answer)
    typed = {"signing_organisations-TOTAL_FORMS": 2}
    for number in (0, 1):
        typed[f"signing_organisations-{number}-organisation"] = voices.pk
        typed[f"signing_organisations-{number}-position"] = number
    answer = fill_in(campaigner, url("openletter_change", letter.pk), **typed)
    assert "This organisation stands on the letter already." in text(answer)
    assert SigningPerson.objects.count() == 1
    assert not SigningOrganisation.objects.exists()


def test_from_nothing_to_a_public_letter(campaigner, client):
    voices = Organisation.objects.create(slug="voices", name="Free Voices")
    answer = fill_in(
        campaigner,
        url("openletter_add"),
        title="Open letter",
        slug="open-letter",
        summary="Two sentences.",
        to="The Minister",
        date="March 2027",
        text="We write.",
        demands="Free her.\r\nLet her write.",
        **{
            "signing_organisations-TOTAL_FORMS": 1,
            "signing_organisations-0-organisation": voices.pk,
            "signing_organisations-0-position": 1,
            "signing_people-TOTAL_FORMS": 1,
            "signing_people-0-name": "Ola Brandt",
            "signing_people-0-role": "writer",
            "signing_people-0-position": 1,
        },
    )
    assert answer.status_code == 302
    letter = OpenLetter.objects.get()
    assert client.get(letter.get_absolute_url()).status_code == 404
    preview = campaigner.get(reverse("preview_openletter", args=[letter.pk]))
    assert "Signed by 1 organisation and 1 person." in text(preview)
    assert campaigner.post(url("openletter_publish", letter.pk)).status_code == 302
    assert "Let her write." in page(client, letter)
    assert campaigner.post(url("openletter_take-down", letter.pk)).status_code == 302
    page_cache.cache.forget()
    assert client.get(letter.get_absolute_url()).status_code == 410


# --- Time passes ---------------------------------------------------------------------------------


def test_requests_are_kept_no_longer_than_said(letter):
    """Promise 11, by the worker: unconfirmed 7 days, unanswered 90, declined 30; who stands on the
    letter stays."""
    old = {}
    for number, (days, then) in enumerate(
        (
            (7, lambda row: None),
            (91, confirm_request),
            (31, lambda row: joining.decline(confirm_request(row), by=None)),
            (400, approve_request),
        )
    ):
        for more in (-1, 1):
            row = ask_to_join(letter, name=f"{'abcd'[number]} {'xy'[more > 0]}")
            then(row)
            past = localdate() - timedelta(days=days + more)
            mine = JoinRequest.objects.filter(pk=row.pk)
            mine.update(created_at=now() - timedelta(days=days + more))
            mine.exclude(confirmed_on=None).update(confirmed_on=past)
            mine.exclude(decided_on=None).update(decided_on=past)
            old[row.pk] = number < 3 and more > 0
    assert retention.kept_too_long()["requests_to_join"] == 3
    call_command("worker", "--once")
    left = set(JoinRequest.objects.values_list("pk", flat=True))
    assert left == {pk for pk, gone in old.items() if not gone}
    assert SigningPerson.objects.count() == 2
    assert retention.kept_too_long()["requests_to_join"] == 0


def test_forget_erases_requests_and_names_too(letter, administrator, capsys):
    approve_request(ask_to_join(letter, email=ADDRESS))
    ask_to_join(letter, email=ADDRESS.upper(), name="Second")
    other = approve_request(ask_to_join(letter, name="Other"))
    page = reverse("admin:petitions_petition_forget")
    shown = administrator.post(page, {"email": ADDRESS}).content.decode()
    assert "Open letters, joined or asked to join: 2." in shown
    assert "The count falls" not in shown
    assert AuditEvent.objects.get(verb="looked up a supporter").details["letters"] == 2
    call_command("forget", ADDRESS)
    assert "2 names on open letters" in capsys.readouterr().out
    assert not retention.kept_of(ADDRESS)
    assert list(JoinRequest.objects.all()) == [other]
    assert [row.name for row in SigningPerson.objects.all()] == ["Other"]


def test_mail_that_finds_ones_pages_has_the_link_too(client, letter):
    row = ask_to_join(letter, email=ADDRESS)
    send_mails()
    client.post(reverse("petitions:find"), {"email": ADDRESS})
    (mail,) = send_mails()
    assert joining.personal_url(row.public_id) in mail.body


def test_restored_backup_brings_back_nobody_who_left(letter):
    row = approve_request(ask_to_join(letter))
    erasures.append(erasures.REMOVED, [row.public_id])
    retention.replay()
    assert not JoinRequest.objects.exists()
    assert not SigningPerson.objects.exists()
