"""The promises to signers at their full figures: a thousand of each."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from campaign_site import outbox
from petitions import deliveries, delivery_lists, signing
from petitions.models import Delivered, PendingSignature, Signature
from tests import factories
from tests.factories import fresh, send_mails
from tests.petitions.lists import readable
from tests.visitors import page_of, personal, press, spelt

pytestmark = pytest.mark.django_db

THOUSAND = 1_000


def attempts(petition, count=THOUSAND, name="Signer {}", city="Lund", email="s{}@marked.example"):
    """So many people at the form; their attempts, in the order of their numbers."""
    for number in range(count):
        signing.sign(
            petition,
            name=name.format(spelt(number)),
            city=city.format(spelt(number)),
            address=email.format(number),
            deliver=True,
            language="en",
        )
    return list(PendingSignature.objects.filter(petition=petition).order_by("created_at"))


def confirmed(petition, count=THOUSAND, **values):
    before = set(Signature.objects.values_list("pk", flat=True))
    rows = attempts(petition, count, **values)
    seen = fresh(petition).frozen_digest()
    for row in rows:
        assert signing.confirm(row.pk, name=row.name, city=row.city, deliver=True, seen=seen)
    ready = Signature.objects.filter(deliver=True, held=False)
    assert ready.exclude(pk__in=before).count() == count
    return rows


# --- Promise 5 ---------------------------------------------------------------------------------


def _looks(client, path):
    client.head(path)
    client.get(path)


def _looks_often(client, path):
    for _ in range(50):
        client.get(path)


def _guesses(client, path):
    client.get(path, {"action": "confirm", "is_me": "yes", "deliver": "yes"})


def _sends_the_first_form(client, path):
    client.post(path, page_of(client.get(path)).forms[0])


def _sends_every_form(client, path):
    for form in page_of(client.get(path)).forms:
        client.post(path, form)


def _follows_every_link(client, path):
    for link in page_of(client.get(path)).links:
        client.get(link)


def _tries_other_methods(client, path):
    for method in (client.options, client.put, client.patch, client.delete):
        assert method(path, {"action": "confirm", "is_me": "yes"}).status_code in (200, 405)


MACHINES = (
    *[_looks, _guesses, _sends_the_first_form] * 6,
    *(_sends_every_form, _tries_other_methods),
)


def test_no_machine_confirms_one_of_a_thousand(client, petition):
    """Promise 5: HEAD, GET, 50 GETs, the first form and every form sent without a tick, every link
    followed: 0 of 1,000."""
    rows = attempts(petition)
    for number, row in enumerate(rows):
        MACHINES[number % len(MACHINES)](client, personal(row))
    for row in rows[:3]:
        if PendingSignature.objects.filter(pk=row.pk).exists():
            _looks_often(client, personal(row))
            _follows_every_link(client, personal(row))
    assert Signature.objects.count() == 0
    assert fresh(petition).numbers.total == 0


@pytest.mark.browser
def test_no_browser_confirms_by_running_scripts(transactional_db, visit):
    """Promise 5: a scanner that renders the page with scripts and follows its links."""
    petition = factories.make_petition()
    for row in attempts(petition, 3):
        page = visit()
        page.goto(personal(row))
        page.wait_for_load_state("networkidle")
        for link in page.eval_on_selector_all("a", "found => found.map(a => a.href)")[:8]:
            page.goto(link)
    assert Signature.objects.count() == 0


def test_a_thousand_people_confirm_once_however_often_they_press(client, petition):
    """Promise 5: without scripts and cookies, 1,000 of 1,000; pressing again counts nobody twice."""
    rows = attempts(petition)
    seen = fresh(petition).frozen_digest()
    for number, row in enumerate(rows):
        form = {"action": "confirm", "is_me": "yes", "seen": seen, "name": row.name, "city": "Lund"}
        for _ in range(3 if number % 10 == 0 else 1):
            assert client.post(personal(row), form).status_code == 303
        assert not client.cookies
    assert Signature.objects.count() == THOUSAND
    assert fresh(petition).numbers.confirmed == THOUSAND
    assert not PendingSignature.objects.exists()


# --- Promise 6 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger_first", [True, False])
def test_a_stranger_with_my_address_changes_nothing_of_mine(client, petition, stranger_first):
    """Promise 6: whoever types my address, before me or after me, and whichever button I press on
    the stranger's page by mistake, my signature stays as I made it."""
    people = 100
    if stranger_first:
        strangers = attempts(petition, people, name="Stranger {}", city="Elsewhere")
        confirmed_rows = attempts(petition, people)[people:]
        seen = fresh(petition).frozen_digest()
        for row in confirmed_rows:
            signing.confirm(row.pk, name=row.name, city=row.city, deliver=True, seen=seen)
    else:
        confirmed_rows = confirmed(petition, people)
        strangers = attempts(petition, people, name="Stranger {}", city="Elsewhere")
    before = set(Signature.objects.values_list("pk", "name", "city", "state", "deliver", "person"))
    assert len(before) == people
    for number, row in enumerate(strangers):
        action = ("confirm", "correct", "refuse", "remove", "count_only")[number % 5]
        typed = {"name": row.name, "city": row.city, "is_me": "yes"}
        press(client, personal(row), action, petition=petition, **typed)
    after = set(Signature.objects.values_list("pk", "name", "city", "state", "deliver", "person"))
    assert before <= after
    assert not Signature.objects.filter(pk__in=[row.pk for row in strangers], person=1).exists()


def test_two_people_with_one_mailbox_can_both_sign(client, petition):
    """Promise 6: 100 households of two, each by their own mail."""
    for name in ("Amina {}", "Omar {}"):
        rows = attempts(petition, 100, name=name)
        for row in rows:
            person = page_of(client.get(personal(row))).forms[0]["person"]
            typed = {"name": row.name, "city": row.city, "is_me": "yes", "person": person}
            answer = press(client, personal(row), "confirm", petition=petition, **typed)
            assert answer.status_code == 303
    assert fresh(petition).numbers.confirmed == 200
    assert Signature.objects.values("digest").distinct().count() == 100


# --- Promise 10 --------------------------------------------------------------------------------


def _files(delivery):
    return {
        format: readable(b"".join(write(delivery)))
        for format, write in delivery_lists.WRITERS.items()
    }


def test_a_thousand_who_leave_before_a_list_are_not_on_it(client, petition):
    """Promise 10: 1,000 of 1,000, some by the button, some by the link that find sends."""
    confirmed(petition, 10, name="Stayer {}", email="stay{}@marked.example")
    left = confirmed(petition, name="Leaver {}")
    for number, row in enumerate(left):
        if number % 5 == 0:
            press(client, personal(row), "remove", petition=petition)
        else:
            signing.remove(row.pk)
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    assert (delivery.names, Delivered.objects.count()) == (10, 10)
    for format, text in _files(delivery).items():
        assert text.count("Leaver") == 0, format
        assert text.count("Stayer") == 10, format
    assert fresh(petition).numbers.confirmed == 10


def test_who_leaves_later_is_in_no_new_file_of_any_format(client, petition):
    """Promise 10: of 100 listed, every second leaves; the page says what cannot be undone."""
    rows = confirmed(petition, 100, name="Person {}x Listed")
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    for row in rows[::2]:
        press(client, personal(row), "remove", petition=petition)
    for format, text in _files(delivery).items():
        for number, row in enumerate(rows):
            assert (row.name in text) is bool(number % 2), format
    page = client.get(personal(rows[0])).content.decode()
    assert "it will be on no further list" in page
    with pytest.raises(deliveries.NothingToDeliver):
        deliveries.prepare(petition, petition.targets.get().government)


def test_find_brings_the_link_back_to_leave(client, petition):
    """Promise 10: who lost the mail asks for the link, follows it and leaves."""
    rows = confirmed(petition, 20)
    for number, row in enumerate(rows):
        outbox.OutboxMessage.objects.all().delete()
        signing.ask_for_pages(f"S{number}@Marked.example", "en")
        (message,) = send_mails()
        code = re.search(r"/code/#([A-Z2-7]{10})", message.body).group(1)
        page = client.post("/code/", {"code": code})["Location"]
        assert page == personal(row)
        press(client, page, "remove", petition=petition)
    assert fresh(petition).numbers.confirmed == 0
    assert not Signature.objects.exists()


# --- Promise 1 ---------------------------------------------------------------------------------


def _telling(count):
    """A list of so many whose numbers, logins and addresses would be recognised in a file."""
    with connection.cursor() as cursor:
        for table in ("petitions_delivery", "petitions_petition", "campaigns_government"):
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s::text, 'id'), 7654321)", [table]
            )
    petition = factories.make_petition()
    confirmed(petition, count, name="Person {}", city="Place {}")
    officer = factories.make_member("delivery", first_name="Markedofficer")
    return deliveries.prepare(petition, petition.targets.get().government, by=officer)


def test_every_format_holds_name_and_city_and_nothing_else():
    """Promise 1: of 1,000 people no address, link, formula, number, login or clock in any format."""
    telling = _telling(THOUSAND)
    files = _files(telling)
    assert set(files) == set(delivery_lists.WRITERS)
    ids = [str(pk) for pk in Signature.objects.values_list("pk", flat=True)]
    for format, text in files.items():
        assert len(re.findall(r"\bPerson [a-j]+\b", text)) == THOUSAND, format
        for word in (
            "marked.example",
            "@",
            "765432",
            "Markedofficer",
            telling.prepared_by.username,
        ):
            body = re.sub(r"@(page|media|font-face|top|bottom)[-\w]*", "", text)
            assert word not in body, (format, word)
        assert not [pk for pk in ids if pk in text or pk.replace("-", "") in text], format
        assert not re.search(r"\d\d:\d\d(:\d\d)?", text), f"{format}: a clock time"
        assert not re.search(r"(href|src|url\()\W*https?:", text), f"{format}: a link outside"
        assert not re.search(r"https?://(?!schemas\.|www\.w3\.org|purl\.org)", text), format
        assert "<f>" not in text, f"{format}: a formula"
        assert "<script" not in text, format
    cells = [cell for line in files["csv"].splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell[:1] in delivery_lists.FORMULA_STARTS]
    assert {line.count(",") for line in files["csv"].splitlines()} == {1}
    assert files["csv"].splitlines()[0] == "\ufeffname,city"


def test_same_bytes_whoever_makes_the_file_whenever(monkeypatch):
    """Promise 1: same delivery, same removals: the same bytes, in another language a year later."""
    telling = _telling(100)
    before = {format: b"".join(write(telling)) for format, write in delivery_lists.WRITERS.items()}
    later = timezone.now() + timedelta(days=400)
    monkeypatch.setattr(timezone, "now", lambda: later)
    with translation.override("ar"):
        again = type(telling).objects.get(pk=telling.pk)
        for format, write in delivery_lists.WRITERS.items():
            assert b"".join(write(again)) == before[format], format
