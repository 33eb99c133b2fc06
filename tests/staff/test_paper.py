"""A campaigner brings what was signed on paper, and takes a wrong batch back (promise 18)."""

import csv
import io
import os
import re
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from campaign_site.models import AuditEvent
from petitions import batches, counting, deliveries, evidence
from petitions.models import LedgerEntry, PaperBatch, Signature
from tests import factories
from tests.staff.forms import fields, fill_in, text

PAPER = "/admin/petitions/paperbatch/"
LEDGER_ADD = "/admin/petitions/ledgerentry/add/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings, tmp_path):
    """The worker of a test beside this one must not find what is uploaded here."""
    settings.PRIVATE_ROOT = tmp_path / "private"


def given(petition, **typed):
    return {
        "petition": petition.pk,
        "source": "Market of Lund",
        "date": "3 May 2026",
        "evidence": "Sheets 1 to 4, folder 12",
    } | typed


def upload(client, petition, content="name,city\nAmina Yusuf,Lund\nBo Ek,Malmö\n", **typed):
    file = SimpleUploadedFile("names.csv", content.encode())
    return client.post(PAPER + "add/", given(petition, file=file, **typed), follow=True)


def act(client, page, action, **typed):
    return client.post(page.wsgi_request.path, {"action": action, **typed}, follow=True)


# --- A file ------------------------------------------------------------------------------------


def test_file_is_looked_at_first_then_counted(campaigner, petition):
    page = upload(campaigner, petition)
    assert "2 names, no mistake" in text(page)
    assert "fix title, letter" in text(page), "its first signatures freeze it"
    assert not Signature.objects.exists()
    page = act(campaigner, page, "count")
    assert "2 names are counted." in text(page)
    batch = PaperBatch.objects.get()
    assert (batch.entered_by, batch.date, batch.quantity) == (campaigner.member, "2026-05-03", 2)
    assert factories.fresh(petition).numbers.confirmed == 2
    assert AuditEvent.objects.get(verb="imported names").details["names"] == 2


def test_counted_file_pressed_again_adds_nothing(campaigner, petition):
    page = upload(campaigner, petition)
    act(campaigner, page, "count")
    assert "was counted, dropped" in text(act(campaigner, page, "count"))
    assert factories.fresh(petition).numbers.confirmed == 2


def test_same_file_again_is_refused_with_a_sentence(campaigner, petition):
    act(campaigner, upload(campaigner, petition), "count")
    again = upload(campaigner, petition, source="Somewhere else")
    refused = campaigner.post(again.wsgi_request.path, {"action": "count"})
    assert refused.status_code == 422
    assert "Exactly these names are counted already" in text(refused)
    assert factories.fresh(petition).numbers.confirmed == 2


def test_columns_are_chosen_where_their_headings_are_not_known(campaigner, petition):
    page = upload(campaigner, petition, "Sig,Where,Note\nAmina Yusuf,Lund,x\nBo Ek,Malmö,y\n")
    assert "Which columns hold name and city?" in text(page)
    wrong = campaigner.post(
        page.wsgi_request.path, {"action": "columns", "name": "0", "city": "0", "headings": "on"}
    )
    assert wrong.status_code == 422
    assert "each column once" in text(wrong)
    page = act(campaigner, page, "columns", name="0", city="1", headings="on")
    assert "2 names, no mistake" in text(page)


@pytest.mark.parametrize("name", ["", "x", "-1", "99", "1" * 40])
def test_absurd_column_is_refused_in_words(campaigner, petition, name):
    page = upload(campaigner, petition, "Sig,Where\nAmina Yusuf,Lund\n")
    answer = campaigner.post(
        page.wsgi_request.path, {"action": "columns", "name": name, "city": "1"}
    )
    assert answer.status_code == 422


def test_dropped_file_counts_nothing(campaigner, petition):
    page = upload(campaigner, petition)
    assert "Nothing was counted" in text(act(campaigner, page, "drop"))
    assert not PaperBatch.objects.exists()


def test_after_mistakes_only_the_file_is_chosen_again(campaigner, petition):
    page = upload(campaigner, petition, "name,city\nAmina Yusuf,Lund\n,Malmö\n")
    assert "1 mistake." in text(page)
    assert "Choose another file" in text(page)
    first = page.wsgi_request.path
    assert "This field is required." in text(act(campaigner, page, "again"))
    better = SimpleUploadedFile("better.csv", b"name,city\nAmina Yusuf,Lund\n")
    page = act(campaigner, page, "again", file=better)
    assert "better.csv" in text(page)
    assert "Choose another file" not in text(page), "there is nothing to mend"
    act(campaigner, page, "count")
    batch = PaperBatch.objects.get()
    assert (batch.source, batch.date, batch.evidence, batch.quantity) == (
        "Market of Lund",
        "2026-05-03",
        "Sheets 1 to 4, folder 12",
        1,
    )
    assert "was counted, dropped" in text(campaigner.get(first, follow=True)), "no copy stays"


def test_file_that_cannot_be_read_is_replaced_on_the_spot(campaigner, petition):
    page = upload(campaigner, petition, "")
    assert "Choose another file" in text(page)


def test_upload_of_somebody_else_is_not_shown(campaigner, administrator, petition):
    page = upload(campaigner, petition, "name,city\nAmina Marked,Lund\n")
    other = administrator.get(page.wsgi_request.path, follow=True)
    assert "Marked" not in text(other)


def test_form_says_what_is_missing_and_keeps_the_rest(campaigner, petition):
    answer = campaigner.post(PAPER + "add/", {"petition": petition.pk, "source": "Lund"})
    assert answer.status_code == 422
    assert 'value="Lund"' in text(answer)
    for field in ("date", "evidence", "file"):
        assert answer.context["form"].errors[field]


# --- Line by line ------------------------------------------------------------------------------


def type_names(client, petition, *lines, **typed):
    names, cities = zip(*lines, strict=True)
    post = given(petition, name=names, city=cities, sure="on") | typed
    return client.post(PAPER + "type/", post)


def test_names_are_typed_line_by_line(campaigner, petition):
    page = campaigner.get(f"{PAPER}type/?petition={petition.pk}")
    assert len(fields(page)["name"]) == 25
    assert fields(page)["petition"] == [str(petition.pk)]
    answer = type_names(
        campaigner, petition, ("Amina", "Lund"), ("Bo", ""), ("", ""), ("Ұлан", "Алматы")
    )
    assert answer.status_code == 302
    assert set(Signature.objects.values_list("name", "city")) == {
        ("Amina", "Lund"),
        ("Bo", "Lund"),
        ("Ұлан", "Алматы"),
    }
    assert AuditEvent.objects.get(verb="typed names").details["names"] == 3


def test_mistakes_stand_by_the_line_and_nothing_is_lost(campaigner, petition):
    answer = type_names(
        campaigner,
        petition,
        ("Amina", "Lund"),
        ("x@y.example", "Malmö"),
        ("", "Ystad"),
        ("=1+1", "Lund"),
    )
    assert answer.status_code == 422
    lines = answer.context["form"].lines
    assert [line.index for line in lines if line.is_wrong] == [2, 3, 4]
    assert fields(answer)["name"][:4] == ["Amina", "x@y.example", "", "=1+1"]
    assert fields(answer)["city"][:3] == ["Lund", "Malmö", "Ystad"]
    assert 'id="name-2-error"' in text(answer)
    assert not Signature.objects.exists()


def test_first_line_needs_its_city(campaigner, petition):
    answer = type_names(campaigner, petition, ("Amina", ""))
    assert answer.context["form"].lines[0].city_error
    assert not Signature.objects.exists()


def test_enter_pressed_too_early_counts_nothing(campaigner, petition):
    assert type_names(campaigner, petition, ("Amina", "Lund"), sure="").status_code == 422
    assert not Signature.objects.exists()


def test_empty_sheet_and_too_many_lines_are_refused(campaigner, petition):
    assert type_names(campaigner, petition, ("", "")).status_code == 422
    many = [(f"Name {chr(97 + n % 26)}", "Lund") for n in range(301)]
    assert "at most 300" in text(type_names(campaigner, petition, *many))
    assert not Signature.objects.exists()


def test_same_lines_typed_twice_are_refused(campaigner, petition):
    type_names(campaigner, petition, ("Amina", "Lund"))
    answer = type_names(campaigner, petition, ("Amina", "Lund"), source="Elsewhere")
    assert answer.status_code == 422
    assert "Exactly these names" in text(answer)
    assert fields(answer)["name"][0] == "Amina"
    answer = type_names(campaigner, petition, ("Bo", "Lund"))
    assert "The same number from the same source" in text(answer)
    assert factories.fresh(petition).numbers.confirmed == 1


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scripts", [True, False])
def test_sheet_is_typed_by_keyboard(visit, live_server, client, scripts):
    petition = factories.make_petition()
    client.force_login(factories.make_member("campaigner"))
    page = visit(scripts=scripts, width=1280, height=900)
    page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                "url": live_server.url + "/admin/",
            }
        ]
    )
    page.goto(f"{PAPER}type/?petition={petition.pk}")
    for label, typed in (("Source", "Lund"), ("Date", "May 2026"), ("Evidence", "Folder 1")):
        page.get_by_label(label).fill(typed)
    page.get_by_label("I have compared").check()
    page.get_by_label("Name, line 1", exact=True).focus()
    forward = "Enter" if scripts else "Tab"
    for typed in ("Amina", "Lund", "Bo", "", "王小明", "台北"):
        page.keyboard.type(typed)
        page.keyboard.press(forward)
    assert page.url.endswith(f"?petition={petition.pk}"), "nothing was sent yet"
    shown = page.get_by_label("City, line 2", exact=True).get_attribute("placeholder")
    assert shown == ("Lund" if scripts else None)
    page.get_by_label("Name, line 25", exact=True).focus()
    assert page.locator("table.typed tbody tr").count() == (26 if scripts else 25)
    page.get_by_role("button", name="Count these names").click()
    page.wait_for_url("**/change/")
    assert page.complaints == []
    assert set(Signature.objects.values_list("name", "city")) == {
        ("Amina", "Lund"),
        ("Bo", "Lund"),
        ("王小明", "台北"),
    }


# --- Undo --------------------------------------------------------------------------------------


def test_undo_says_the_numbers_first(campaigner, petition):
    """Promise 16: what becomes of names on lists is said before anything is pressed."""
    type_names(campaigner, petition, ("Amina", "Lund"), ("Bo", "Lund"))
    batch = PaperBatch.objects.get()
    deliveries.prepare(petition, petition.targets.get().government)
    type_names(campaigner, petition, ("Cem", "Lund"), source="Elsewhere")
    undo = reverse("admin:petitions_paperbatch_undo", args=[batch.pk])
    page = text(campaigner.get(undo))
    assert "2 names stand on lists already" in page
    assert "falls by 2" in page
    assert factories.fresh(petition).numbers.confirmed == 3, "GET changes nothing"
    assert campaigner.post(undo).status_code == 302
    assert factories.fresh(petition).numbers.confirmed == 1
    assert campaigner.post(undo, follow=True).status_code == 200
    assert factories.fresh(petition).numbers.confirmed == 1
    assert "Undone batch" in text(
        campaigner.get(reverse("admin:petitions_paperbatch_change", args=[batch.pk]))
    )
    assert not counting.recount(petition)


def test_batch_is_never_changed_or_deleted(administrator, petition):
    type_names(administrator, petition, ("Amina", "Lund"))
    batch = PaperBatch.objects.get()
    page = reverse("admin:petitions_paperbatch_change", args=[batch.pk])
    administrator.post(page, given(petition, quantity=5))
    assert administrator.post(f"{PAPER}{batch.pk}/delete/", {"post": "yes"}).status_code == 404
    batch.refresh_from_db()
    assert (batch.quantity, batch.source) == (1, "Market of Lund")


@pytest.mark.parametrize("role", ["translator", "delivery"])
def test_others_see_batches_and_bring_none(logged_in, petition, role):
    client = logged_in(role)
    assert client.get(PAPER).status_code == 200
    batch = PaperBatch.objects.create(
        petition=petition, source="A", date="2026", evidence="B", quantity=1, content=b"c"
    )
    for page in ("add/", "type/", f"sheets/{petition.pk}/", f"sheets/{petition.pk}/code.svg"):
        assert client.get(PAPER + page).status_code == 403, page
    assert client.post(f"{PAPER}{batch.pk}/undo/").status_code == 403


# --- Counted without names ---------------------------------------------------------------------


def enter(client, petition, **typed):
    post = given(petition, kind="paper", quantity=100, sure="on") | typed
    return fill_in(client, LEDGER_ADD, **post)


def test_entry_with_a_photo_that_only_those_who_enter_can_open(campaigner, officer, petition):
    photo = SimpleUploadedFile("sheets.png", PNG)
    assert enter(campaigner, petition, evidence_upload=photo).status_code == 302
    entry = LedgerEntry.objects.get()
    page = reverse("admin:petitions_ledgerentry_evidence", args=[entry.pk])
    answer = campaigner.get(page)
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("attachment")
    assert officer.get(page).status_code == 403
    assert AuditEvent.objects.filter(verb="opened evidence").count() == 1
    assert not (settings.MEDIA_ROOT / entry.evidence_file).exists()


@pytest.mark.parametrize("content", [b"<svg/>", b"<html><script>", b"MZ", b"\0"])
def test_other_evidence_is_refused(campaigner, petition, content):
    file = SimpleUploadedFile("evidence.png", content)
    answer = enter(campaigner, petition, evidence_upload=file)
    assert answer.status_code == 200
    assert "Please choose a photograph" in text(answer)
    assert not LedgerEntry.objects.exists()


def test_photo_is_kept_as_long_as_an_entry_names_it(campaigner, petition):
    """Promise 11: names may be on it."""
    folder = evidence.path("")

    def photo(inside):
        return SimpleUploadedFile("sheets.png", PNG + inside)

    enter(campaigner, petition, evidence_upload=photo(b"refused"), quantity="many")
    assert not folder.exists()
    enter(campaigner, petition, evidence_upload=photo(b"entered"))
    evidence.store(photo(b"new"))
    old = evidence.store(photo(b"replaced"))
    for name in (old, LedgerEntry.objects.get().evidence_file):
        os.utime(evidence.path(name), (0, 0))
    call_command("worker", "--once")
    assert len(list(folder.iterdir())) == 2
    assert not evidence.path(old).exists()


def test_wrong_entry_is_undone_and_stays(campaigner, petition):
    enter(campaigner, petition)
    entry = LedgerEntry.objects.get()
    undo = reverse("admin:petitions_ledgerentry_undo", args=[entry.pk])
    assert "falls by 100" in text(campaigner.get(undo))
    campaigner.post(undo)
    campaigner.post(undo)
    assert factories.fresh(petition).numbers.total == 0
    assert not counting.recount(petition)
    entry.refresh_from_db()
    assert entry.undone_by == campaigner.member
    assert enter(campaigner, petition).status_code == 302, "put right, it may come again"
    assert factories.fresh(petition).numbers.total == 100


def test_erased_names_are_not_undone(administrator, petition):
    entry = LedgerEntry(
        petition=petition, kind="erased", quantity=3, source="S", date="2026", evidence="E"
    )
    counting.enter(entry)
    administrator.post(reverse("admin:petitions_ledgerentry_undo", args=[entry.pk]))
    assert factories.fresh(petition).numbers.ledger == 3


def test_paper_with_names_is_not_counted_again_without(campaigner, petition):
    type_names(campaigner, petition, ("Amina", "Lund"))
    refused = enter(campaigner, petition, quantity=1)
    assert refused.status_code == 200
    assert "The same number from the same source" in text(refused)
    assert factories.fresh(petition).numbers.total == 1


# --- Sheets ------------------------------------------------------------------------------------


def test_sheets_hold_all_that_signers_must_know_and_ask_no_address(campaigner, petition):
    page = text(campaigner.get(f"{PAPER}sheets/{petition.pk}/?paper=letter&first=7&sheets=2"))
    for words in (petition.title, petition.letter, petition.demands[0], petition.promise):
        assert page.count(words) >= 2, words
    assert re.findall(r"Sheet (\d+)", page) == ["7", "8"]
    assert 'class="letter"' in page
    columns = re.findall(r'<th scope="col">([^<]*)', page)
    assert columns[:4] == ["#", "Name, clearly written", "City or place", "Signature"]
    assert settings.SITE_URL + petition.get_absolute_url() in page
    assert "<style" not in page
    assert " style=" not in page


@pytest.mark.parametrize("asked", ["sheets=0", "sheets=101", "first=x", "paper=a0", "sheets=1e9"])
def test_absurd_sheets_are_answered_in_words(campaigner, petition, asked):
    assert campaigner.get(f"{PAPER}sheets/{petition.pk}/?{asked}").status_code == 200


def test_square_code_is_a_drawing_from_our_host(campaigner, petition):
    answer = campaigner.get(f"{PAPER}sheets/{petition.pk}/code.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert ET.fromstring(answer.content).tag.endswith("svg")  # noqa: S314 our own
    assert b"style" not in answer.content


def test_no_sheets_for_a_draft(campaigner):
    draft = factories.make_petition(state="draft")
    assert campaigner.get(f"{PAPER}sheets/{draft.pk}/").status_code == 404


# --- The audit trail ---------------------------------------------------------------------------

TRAIL = "/admin/campaign_site/auditevent/"


def trail(client, query=""):
    answer = client.get(TRAIL + "csv/" + query)
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


def test_trail_as_csv_tells_who_did_what(administrator, petition):
    type_names(administrator, petition, ("Amina Marked", "Lund"))
    first, *rows = trail(administrator)
    assert first[1:4] == ["who", "what was done", "to what"]
    assert [row[2] for row in rows] == ["typed names", "downloaded the audit trail"]
    assert rows[0][1] == administrator.member.username
    assert "Marked" not in str(rows)


def test_no_cell_of_the_trail_is_a_formula(administrator):
    for about in ("=1+1", " +1", "@x", "-1", "\t=1", "＝1"):
        AuditEvent.objects.create(verb="tested", about=about)
    for row in trail(administrator)[1:]:
        for cell in row:
            assert not cell.strip().startswith(tuple("=+-@＝")), cell


def test_trail_is_filtered_by_who_what_and_day(administrator, petition):
    AuditEvent.objects.create(verb="tested", about="a test")
    old = AuditEvent.objects.create(verb="old", about="long ago")
    AuditEvent.objects.filter(pk=old.pk).update(at="2020-05-03T10:00:00Z")
    assert [row[2] for row in trail(administrator, "?day=2020-05-03")[1:]] == ["old"]
    assert [row[2] for row in trail(administrator, "?verb=tested")[1:]] == ["tested"]
    page = text(administrator.get(TRAIL + "?day=2020-05-03"))
    assert "long ago" in page
    assert "a test" not in page
    assert "csv/?day=2020-05-03" in page
    mine = trail(administrator, f"?by__id__exact={administrator.member.pk}")[1:]
    assert {row[2] for row in mine} == {"downloaded the audit trail"}


@pytest.mark.parametrize("day", ["x", "2020-02-31", "9999-12-31", "0001-01-01", "1" * 40, "\0"])
def test_absurd_days_are_no_error(administrator, day):
    assert administrator.get(TRAIL, {"day": day}, follow=True).status_code == 200
    assert administrator.get(TRAIL + "csv/", {"day": day}, follow=True).status_code == 200


def test_only_administrators_take_the_trail(campaigner, officer):
    for client in (campaigner, officer):
        assert client.get(TRAIL + "csv/").status_code == 403


def test_standing_is_told_of_an_empty_batch(petition):
    batch = PaperBatch.objects.create(
        petition=petition, source="A", date="2026", evidence="B", quantity=1, content=b"c"
    )
    assert batches.standing(batch) == batches.Standing(0, 0, 0)
