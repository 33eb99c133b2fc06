"""The delivery officer makes a list, prints it, and says what happened at the door."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from campaign_site.models import AuditEvent
from petitions import deliveries, delivery_lists, signing
from petitions.models import Delivery
from tests import factories
from tests.staff.forms import fill_in, text

OVERVIEW = "/admin/petitions/delivery/"
pytestmark = pytest.mark.django_db


def url(name, pk):
    return reverse(f"admin:petitions_delivery_{name}", args=[pk])


@pytest.fixture
def signed(petition):
    for name, city in (
        ("Ұлан Сәрсен", "Алматы"),
        ("Zoë Öst", "Lund"),
        ("Amina Yusuf", "Lund"),
        ("Bo Ek", "LUND"),
        ("Cem", "Lund"),
        ("Dara", "Lund"),
    ):
        factories.sign_and_confirm(petition, name=name, city=city)
    factories.sign_and_confirm(petition, name="Hidden", city="Hidden", deliver=False)
    return petition


@pytest.fixture
def delivery(signed):
    return deliveries.prepare(signed, signed.targets.get().government)


def download(client, delivery, format="csv", **typed):
    return client.post(url("file", delivery.pk), {"format": format, "why": "Handover"} | typed)


def prepare(client, petition, **typed):
    return client.post(url("prepare", petition.targets.get().pk), typed)


def test_numbers_come_first_as_sentences(officer, signed):
    page = text(officer.get(OVERVIEW))
    assert "Ready: 6 names." in page
    assert "Asked not to be named: 1." in page
    assert "Prepare the list of 6 names" in page
    shown = text(officer.get(url("prepare", signed.targets.get().pk)))
    assert "1 place has fewer than five names (1 in all)" in shown
    assert not Delivery.objects.exists()


def test_prepare_download_exact_bytes(officer, signed):
    answer = prepare(officer, signed)
    delivery = Delivery.objects.get()
    assert answer["Location"] == url("change", delivery.pk)
    assert delivery.prepared_by == officer.member
    answer = download(officer, delivery)
    assert (
        b"".join(answer.streaming_content)
        == (
            "\ufeffname,city\r\n"
            "Amina Yusuf,Lund\r\nBo Ek,LUND\r\nCem,Lund\r\nDara,Lund\r\nZoë Öst,Lund\r\n"
            "Ұлан Сәрсен,Алматы\r\n"
        ).encode()
    )
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].endswith('.csv"')
    event = AuditEvent.objects.get(verb="made a file of a list")
    assert (event.by, event.details["format"], event.details["names"]) == (officer.member, "csv", 6)


def test_large_list_is_made_while_the_page_is_closed(officer, signed, monkeypatch):
    monkeypatch.setattr(deliveries, "LARGE", 1)
    assert prepare(officer, signed)["Location"] == OVERVIEW
    assert not Delivery.objects.exists()
    waiting = officer.get(OVERVIEW)
    assert "The list is being made since" in text(waiting)
    assert b'http-equiv="refresh"' in waiting.content
    assert "Prepare the list of" not in text(waiting)
    deliveries.prepare_asked()
    assert "6 names for the Government of Estrava" in text(officer.get(OVERVIEW))
    assert b'http-equiv="refresh"' not in officer.get(OVERVIEW).content


def test_small_places_without_their_city(officer, signed):
    prepare(officer, signed, hide_small_places="on")
    delivery = Delivery.objects.get()
    body = b"".join(download(officer, delivery).streaming_content).decode()
    assert "Ұлан Сәрсен,\r\n" in body
    assert "Алматы" not in body
    page = text(officer.get(url("print", delivery.pk)))
    assert "Other places" in page
    assert "Алматы" not in page


def test_print_view_has_the_list_and_nothing_else_of_anybody(officer, delivery):
    page = text(officer.get(url("print", delivery.pk)))
    assert "The people below ask <bdi>Minister of Justice</bdi>" in page
    assert (
        page.index("Lund</bdi></h3>") < page.index("Amina Yusuf") < page.index("Алматы</bdi></h3>")
    )
    assert "<bdi>Bo Ek</bdi>" in page
    assert "(<bdi>LUND</bdi>)" in page
    assert "1 more person asked only to be counted." in page
    assert officer.member.username not in page
    assert "Hidden" not in page
    assert "@" not in page
    assert "<style" not in page
    assert "<script" not in page
    assert AuditEvent.objects.filter(verb="opened a list for printing").count() == 1


def test_same_list_same_bytes(delivery):
    first = b"".join(delivery_lists.as_html(delivery))
    assert first == b"".join(delivery_lists.as_html(Delivery.objects.get(pk=delivery.pk)))
    assert b"<style>" in first  # it stands alone as a file


def test_places_group_spellings_of_one_city(delivery):
    found = [(place.heading, len(place.names)) for place in delivery_lists.places(delivery, 1)]
    assert found == [("Lund", 5), ("Алматы", 1)]


def test_who_left_since_is_counted_and_gone_from_the_list(officer, signed, delivery):
    signing.remove(signed.signatures.get(name="Cem").pk)
    assert "1 person was removed since" in text(officer.get(url("change", delivery.pk)))
    assert b"Cem" not in b"".join(download(officer, delivery).streaming_content)


def test_nothing_to_deliver_and_no_addressee_are_sentences(officer, petition):
    refused = prepare(officer, petition)
    assert refused.status_code == 422
    assert "Nobody new is ready" in text(refused)
    petition.targets.update(addressee=None)
    assert "no addressee yet" in text(prepare(officer, petition))
    assert not Delivery.objects.exists()


def handover(office, **typed):
    return {
        "office": office.pk,
        "on": datetime.date.today().isoformat(),  # noqa: DTZ011 the zone of tests is UTC
        "method": "visit",
        "outcome": "refused",
        "public_line": "6 names taken to the embassy. Refused at the door.",
    } | typed


def test_refused_then_posted(officer, client, signed, delivery):
    office = factories.make_office(delivery.government)
    page = url("handover", delivery.pk)
    assert fill_in(officer, page, **handover(office)).status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == "prepared"
    posted = handover(office, method="post", outcome="posted", public_line="Posted the same day.")
    assert fill_in(officer, page, **posted).status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == "handed_over"
    shown = text(officer.get(url("change", delivery.pk)))
    assert "Refused at the door." in shown
    assert "Posted the same day." in shown
    public = text(client.get(signed.get_absolute_url()))
    assert "Refused at the door." in public
    assert "Posted the same day." in public
    # What was handed over cannot be cancelled.
    officer.post(url("cancel", delivery.pk))
    delivery.refresh_from_db()
    assert delivery.state == "handed_over"


def test_public_line_is_said_in_our_words_in_another_language(officer, signed, delivery):
    office = factories.make_office(delivery.government, name="Embassy of Estrava")
    fill_in(officer, url("handover", delivery.pk), **handover(office))
    found = delivery.handovers.get()
    with translation.override("en-gb"):
        assert found.line == "6 names taken to the embassy. Refused at the door."
    with translation.override("fr"):
        assert found.line == found.in_words
        assert "Embassy of Estrava" in found.line
        assert "6" in found.line


def test_public_line_is_written_for_whom_it_takes_too_long(officer, delivery):
    office = factories.make_office(delivery.government, name="Embassy of Estrava")
    page = url("handover", delivery.pk)
    quick = handover(office, method="", public_line="", in_our_words="on")
    fill_in(officer, page, **quick | {"outcome": "left"})
    assert delivery.handovers.get().photo_credit == "", "ours, for a photo that nobody chose"
    assert delivery.handovers.get().public_line == (
        "Embassy of Estrava, in person: left at the door. The list held 6 names."
    )
    assert f'<option value="{office.pk}" selected>' in text(officer.get(page)), "the same again"
    fill_in(officer, page, **quick | {"outcome": "posted"})
    assert delivery.handovers.filter(
        method="post", public_line__startswith="Embassy of Estrava: posted."
    ).exists()
    fill_in(officer, page, **handover(office, in_our_words="on", public_line="We were let in."))
    assert delivery.handovers.filter(public_line="We were let in.").exists()


def test_who_kept_an_attempt_off_the_public_pages_can_correct_it_there(officer, delivery):
    office = factories.make_office(delivery.government)
    officer.post(url("handover", delivery.pk), handover(office, public_line=""))
    attempt = delivery.handovers.get()
    correct = reverse("admin:petitions_handover_correct", args=[attempt.pk])
    assert fill_in(officer, correct, outcome="left").status_code == 302
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.public_line) == ("left", "")


def test_only_offices_of_the_promised_government(officer, delivery):
    factories.make_office(delivery.government)
    other = factories.make_office(factories.make_government("Government of Norrland"))
    refused = fill_in(officer, url("handover", delivery.pk), **handover(other))
    assert refused.status_code == 422
    assert "Refused at the door." in text(refused)  # what was typed is kept
    assert not delivery.handovers.exists()


@pytest.mark.parametrize("typed", [{"on": "2099-01-01"}, {"on": "soon"}, {"outcome": ""}])
def test_wrong_handover_is_refused_by_the_field(officer, delivery, typed):
    office = factories.make_office(delivery.government)
    refused = fill_in(officer, url("handover", delivery.pk), **handover(office, **typed))
    assert refused.status_code == 422
    assert refused.context["form"].errors.keys() == typed.keys()
    assert not delivery.handovers.exists()


def test_cancel_asks_first_then_its_people_are_ready_again(officer, signed, delivery):
    assert "6 names leave this list" in text(officer.get(url("cancel", delivery.pk)))
    officer.post(url("cancel", delivery.pk))
    delivery.refresh_from_db()
    assert delivery.is_cancelled
    assert deliveries.numbers(signed, delivery.government).ready == 6
    assert download(officer, delivery).status_code == 302


def test_reply_is_noted(officer, delivery):
    office = factories.make_office(delivery.government)
    fill_in(officer, url("handover", delivery.pk), **handover(office, outcome="accepted"))
    answer = fill_in(officer, url("reply", delivery.pk), reply_due="2020-01-01")
    assert answer.status_code == 302
    assert "Reply overdue since" in text(officer.get(url("change", delivery.pk)))


def test_a_name_like_a_formula_stops_the_file_before_its_first_byte(officer, signed, delivery):
    signed.signatures.filter(name="Cem").update(name="=1+1")
    answer = download(officer, delivery)
    assert answer.status_code == 302
    assert not AuditEvent.objects.filter(verb="began a file of a list").exists()


@pytest.mark.parametrize("role", ["campaigner", "translator"])
def test_nobody_else_gets_near_a_list(logged_in, signed, delivery, role):
    client = logged_in(role)
    target = signed.targets.get()
    for page in (
        OVERVIEW,
        url("prepare", target.pk),
        *(
            url(name, delivery.pk)
            for name in (
                "change",
                "file",
                "reprint",
                "sheet",
                "parts",
                "print",
                "cancel",
                "handover",
                "reply",
            )
        ),
    ):
        assert client.get(page).status_code == 403, page
        assert client.post(page).status_code == 403, page
    assert Delivery.objects.get().state == "prepared"


def test_somebody_without_login_is_asked_to_log_in(client, delivery):
    answer = download(client, delivery)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_wrong_outcome_is_corrected_and_the_trail_keeps_it(officer, delivery):
    office = factories.make_office(delivery.government)
    wrong = handover(office, outcome="accepted")
    officer.post(url("handover", delivery.pk), wrong)
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.HANDED_OVER
    attempt = delivery.handovers.get()
    correct = reverse("admin:petitions_handover_correct", args=[attempt.pk])
    assert "the list counts as not handed over again" in text(officer.get(correct))
    assert officer.post(correct, wrong | {"outcome": "refused"}).status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.PREPARED
    trail = AuditEvent.objects.get(verb="corrected a handover")
    assert (trail.by, trail.details["outcome_before"]) == (officer.member, "accepted")
    answer = officer.post(correct, wrong | {"office": ""})
    assert answer.status_code == 422


def test_their_letter_is_kept_for_staff_only(officer, client, delivery, settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path
    office = factories.make_office(delivery.government)
    officer.post(url("handover", delivery.pk), handover(office, outcome="posted"))
    wrong = SimpleUploadedFile("letter.pdf", b"<script>")
    assert officer.post(url("reply", delivery.pk), {"document": wrong}).status_code == 422
    letter = SimpleUploadedFile("letter.pdf", b"%PDF-1.7 words")
    assert officer.post(url("reply", delivery.pk), {"document": letter}).status_code == 302
    answer = officer.get(url("reply_view", delivery.pk))
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 words"
    assert answer["Content-Disposition"].startswith("attachment")
    assert client.get(url("reply_view", delivery.pk)).status_code == 302, "asked to log in"
    assert AuditEvent.objects.filter(verb="opened a reply").count() == 1


@pytest.mark.parametrize(
    ("format", "start"), [("csv", b"\xef\xbb\xbfname,city"), ("xlsx", b"PK"), ("pdf", b"%PDF")]
)
def test_a_file_by_a_button_stands_in_manifest_and_trail(officer, delivery, format, start):
    answer = download(officer, delivery, format, why="For the embassy")
    assert b"".join(answer.streaming_content).startswith(start)
    made = delivery.files.get()
    assert (made.format, made.names, made.made_by) == (format, 6, officer.member)
    event = AuditEvent.objects.get(verb="made a file of a list")
    assert (event.by, event.details["why"]) == (officer.member, "For the embassy")
    assert "For the embassy" in text(officer.get(url("change", delivery.pk)))


def test_no_file_without_a_reason_and_none_by_a_link(officer, delivery):
    assert download(officer, delivery, why=" ").status_code == 302
    assert download(officer, delivery, "exe").status_code == 302
    assert officer.get(url("file", delivery.pk)).status_code == 302
    assert not delivery.files.exists()
    assert not AuditEvent.objects.filter(verb="began a file of a list").exists()


def test_pages_changed_since_printing_are_made_by_a_button(officer, signed, delivery):
    b"".join(download(officer, delivery, "pdf").streaming_content)
    assert officer.post(url("reprint", delivery.pk), {"part": "1"}).status_code == 302
    signing.remove(signed.signatures.get(name="Cem").pk)
    page = text(officer.get(url("change", delivery.pk)))
    assert "1 person was removed since you printed the list: page 1." in page
    answer = officer.post(url("reprint", delivery.pk), {"part": "1"})
    assert b"".join(answer.streaming_content).startswith(b"%PDF")
    assert (delivery.files.first().part, delivery.files.first().pages) == (None, [1])
    assert "-part-1" not in answer["Content-Disposition"]
    assert "removed since you printed" not in text(officer.get(url("change", delivery.pk)))


def test_handover_sheet(officer, delivery):
    answer = officer.get(url("sheet", delivery.pk))
    assert b"".join(answer.streaming_content).startswith(b"%PDF")


def test_parts_are_chosen_before_the_first_file(officer, signed, delivery):
    factories.make_office(delivery.government)
    Delivery.objects.update(names=60)  # as if it were larger
    assert fill_in(officer, url("parts", delivery.pk), names=50).status_code == 302
    delivery.refresh_from_db()
    assert delivery.part_starts == [1, 51]
    refused = download(officer, delivery, "pdf")
    assert "Choose which part to print." in text(officer.get(refused["Location"]))
    b"".join(download(officer, delivery, "pdf", part="1").streaming_content)
    officer.post(url("parts", delivery.pk), {"names": 55})
    delivery.refresh_from_db()
    assert delivery.part_starts == [1, 51], "a file was made: its parts stay"
