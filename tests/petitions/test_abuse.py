"""What somebody with many addresses, many networks or much time can do, and what not."""

from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils.timezone import now

from campaign_site import links, outbox, throttle
from campaign_site.models import HeldWord, OutboxMessage
from petitions import counting, events, publishing, signing
from petitions.forms import form_token
from petitions.models import EventLink, PendingSignature, Signature
from tests.factories import (
    code_in,
    confirm,
    fresh,
    make_campaign,
    make_government,
    make_petition,
    send_mails,
    sign,
    sign_and_confirm,
)

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parent.parent / "data"


def post(client, petition, *, network="192.0.2.1", **values):
    data = {
        "name": "Amina Yusuf",
        "city": "Lund",
        "email": "amina@example.org",
        "deliver": "yes",
        "form_token": form_token(petition),
    } | values
    path = reverse("petitions:sign", args=[petition.slug])
    return client.post(path, data, REMOTE_ADDR=network)


def later(**how_much):
    """Time passes for all mails: what is due comes nearer, what was sent lies further back."""
    passed = timedelta(**how_much)
    OutboxMessage.objects.update(
        due_at=F("due_at") - passed,
        sent_at=F("sent_at") - passed,
        created_at=F("created_at") - passed,
    )
    outbox.forget_old()


# --- Mail bombs --------------------------------------------------------------------------------


def test_a_thousand_attempts_on_one_address(client):
    """Promise 7: over 50 petitions and 200 networks, at most 3 mails in 24 hours; nothing that a
    stranger typed is in them; and one that led to a confirmation earns another."""
    campaign, government = make_campaign(), make_government()
    petitions = [
        make_petition(campaign=campaign, governments=[government], discreet=bool(number % 2))
        for number in range(50)
    ]
    networks = [f"198.51.100.{number}" for number in range(1, 201)]
    spellings = ("victim@gmail.com", "v.i.c.t.i.m@gmail.com", "Victim+news@googlemail.com")
    attempts = zip(range(1_000), cycle(petitions), cycle(networks), cycle(spellings), strict=False)
    for number, petition, network, address in islice(attempts, 1_000):
        answer = post(
            client,
            petition,
            network=network,
            name=f"Marked{number} Visit Casino",
            city="Markedville",
            email=address,
        )
        assert answer.status_code == 303, number
    assert PendingSignature.objects.count() == 1_000
    mails = send_mails()
    assert len(mails) == 3
    for mail in mails:
        whole = str(mail.message()) + mail.body + mail.subject
        assert "Marked" not in whole
        assert "Casino" not in whole
    # All day long nothing more comes, however often somebody tries.
    later(hours=23)
    for petition in petitions[:5]:
        post(client, petition, email="victim@gmail.com")
    assert send_mails() == []
    # Whoever confirms gives one back, and one only.
    confirm(PendingSignature.objects.get(pk=signing.find_code(code_in(mails[0]))))
    for petition in petitions[10:15]:
        post(client, petition, email="victim@gmail.com", network="203.0.113.9")
    assert len(send_mails()) == 1
    # And the next day it may have three again, counted from when they were sent.
    later(hours=2)
    for petition in petitions[20:30]:
        post(client, petition, email="victim@gmail.com", network="203.0.113.10")
    assert len(send_mails()) == 2


def test_three_hundred_people_behind_one_network(client):
    """Promise 7: within an hour 300 mails, and 300 counted; nobody is refused or dropped."""
    petition = make_petition()
    for number in range(300):
        answer = post(
            client, petition, name=f"Person {chr(0x4E00 + number)}", email=f"p{number}@example.org"
        )
        assert answer.status_code == 303
    first = send_mails()
    assert len(first) == 60, "the others wait a little"
    later(minutes=20)
    mails = first + send_mails()
    assert len({tuple(mail.to) for mail in mails}) == len(mails) == 300
    seen = fresh(petition).frozen_digest()
    for mail in mails:
        personal = client.post("/code/", {"code": code_in(mail)})
        assert personal.status_code == 303
        typed = {"name": "Amina", "city": "Lund", "seen": seen, "is_me": "yes"}
        assert client.post(personal["Location"], typed | {"action": "confirm"}).status_code == 303
    assert fresh(petition).numbers.confirmed == 300
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"sent"}


def test_far_beyond_it_a_sentence_says_so(client, petition, monkeypatch):
    """Promise 7: 1,000 an hour from one network; another network is not touched by it."""
    monkeypatch.setattr(throttle, "SIGNING", throttle.Limit(slow_from=1, refused_from=2))
    assert [post(client, petition).status_code for _ in range(4)] == [303, 303, 429, 429]
    assert post(client, petition, network="192.0.2.2").status_code == 303


# --- One mailbox, one signature ----------------------------------------------------------------


def pairs(name):
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split()) for line in lines if line and not line.startswith("#")]


@pytest.fixture
def count_pairs():
    """Let both of each pair sign a petition of their own: how many are counted, per pair."""
    campaign, government = make_campaign(), make_government()

    def count(name):
        found = {}
        for pair in pairs(name):
            petition = make_petition(campaign=campaign, governments=[government])
            for number, address in enumerate(pair):
                sign_and_confirm(petition, name=f"Person {'AB'[number]}", email=address)
            found[pair] = fresh(petition).numbers.confirmed
        return found

    return count


def test_two_spellings_of_one_mailbox_sign_once(count_pairs):
    """Promise 15."""
    found = count_pairs("address_aliases.txt")
    assert len(found) > 20
    assert set(found.values()) == {1}, {pair for pair, number in found.items() if number != 1}


def test_two_mailboxes_that_look_alike_count_twice(count_pairs):
    """Taking two people for one would lose a signature."""
    found = count_pairs("address_look_alikes.txt")
    assert len(found) > 20
    assert set(found.values()) == {2}, {pair for pair, number in found.items() if number != 2}


# --- Events ------------------------------------------------------------------------------------


@pytest.fixture
def link(petition):
    return events.make(
        petition,
        label="Concert",
        valid_from=now() - timedelta(hours=1),
        valid_until=now() + timedelta(hours=1),
        mails=5,
    )


def token_of(link):
    return links.make_token(EventLink.PURPOSE, link.key)


def slow_mails():
    return OutboxMessage.objects.filter(slow=True).count()


@pytest.fixture
def two_an_hour(monkeypatch):
    monkeypatch.setattr(throttle, "SIGNING", throttle.Limit(slow_from=2, refused_from=1_000))


def test_event_link_lifts_the_limit_of_the_network(client, petition, link, two_an_hour):
    page = client.get(link.get_absolute_url())
    assert "no-store" in page["Cache-Control"]
    assert not page.cookies
    assert f'name="event" value="{token_of(link)}"' in page.content.decode()
    for number in range(5):
        answer = post(client, petition, email=f"p{number}@example.org", event=token_of(link))
        assert answer.status_code == 303
    assert slow_mails() == 0
    link.refresh_from_db()
    assert link.used == 5
    # After so many mails, the limit of the network holds again.
    for number in range(3):
        post(client, petition, email=f"q{number}@example.org", event=token_of(link))
    assert slow_mails() == 1
    link.refresh_from_db()
    assert link.used == 5


def test_event_field_survives_a_mistake(client, petition, link):
    answer = post(client, petition, email="amina", event=token_of(link))
    assert answer.status_code == 422
    assert f'name="event" value="{token_of(link)}"' in answer.content.decode()
    link.refresh_from_db()
    assert link.used == 0


@pytest.mark.parametrize("why", ["over", "early", "foreign", "made up"])
def test_event_link_that_is_not_valid_is_the_petition_with_a_sentence(
    client, petition, link, two_an_hour, why
):
    token = token_of(link)
    if why == "over":
        events.end(link)
    elif why == "early":
        EventLink.objects.update(valid_from=now() + timedelta(minutes=30))
    elif why == "foreign":
        EventLink.objects.update(petition=make_petition())
    else:
        token = "A" * 43
    answer = client.get(reverse("petitions:event", args=[petition.slug, token]))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "is not valid now" in page
    assert 'name="event"' not in page
    assert "Add your name" in page
    for number in range(3):
        post(client, petition, email=f"p{number}@example.org", event=token)
    assert slow_mails() == 1
    assert "not valid" not in client.get(petition.get_absolute_url()).content.decode()


def test_token_of_something_else_opens_no_event(client, petition, link):
    other = links.make_token(signing.PURPOSE, link.key)
    assert not events.take_one(petition, other)
    assert events.take_one(petition, token_of(link))


def test_event_link_holds_for_72_hours_at_most(petition):
    moment = now()
    for until in (moment + timedelta(hours=73), moment - timedelta(minutes=1)):
        with pytest.raises(IntegrityError), transaction.atomic():
            events.make(petition, label="Long", valid_from=moment, valid_until=until, mails=5)


# --- The slow lane -----------------------------------------------------------------------------


def test_slow_lane_waits_drops_nothing_and_says_so_to_everybody(
    client, petition, django_capture_on_commit_callbacks
):
    other = make_petition()
    thanks = reverse("petitions:thanks", args=[petition.slug])
    assert "Mails are slow" not in client.get(thanks).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert publishing.set_slow_lane(petition, True)
    assert not publishing.set_slow_lane(petition, True), "it is on already"
    post(client, fresh(petition), email="amina@example.org")
    post(client, other, email="bo@example.org")
    assert [mail.to for mail in send_mails()] == [["bo@example.org"]]
    assert "Please look again in 20 minutes." in client.get(thanks).content.decode()
    other_thanks = reverse("petitions:thanks", args=[other.slug])
    assert "Mails are slow" not in client.get(other_thanks).content.decode()
    # Switched off, what waits already waits no longer than it was told.
    assert publishing.set_slow_lane(petition, False)
    assert send_mails() == []
    later(minutes=20)
    assert [mail.to for mail in send_mails()] == [["amina@example.org"]]


def test_network_over_its_limit_reads_the_same_thanks_page(client, petition, two_an_hour):
    """Promise 4: only the petition's own slow lane is told, never why one mail waits."""
    pages = set()
    for number in range(4):
        answer = post(client, petition, email=f"p{number}@example.org")
        pages.add(client.get(answer["Location"]).content)
    assert len(pages) == 1


# --- Words that hold a name --------------------------------------------------------------------


def test_word_of_the_list_holds_a_name_and_refuses_nobody(petition):
    HeldWord.objects.all().delete()
    HeldWord.objects.create(language="en", word="mickey mouse")
    HeldWord.objects.create(language="zh-hans", word="测试")
    for name, city, reason in (
        ("MICKEY  MOUSE", "Lund", "word"),
        ("Mickey Mousekowitz", "Lund", ""),
        ("Amina", "Mickey Mouse", "word"),
        ("小测试", "Lund", "word"),
        ("Mickey Mouse", "=Lund", "formula"),
    ):
        signature = sign_and_confirm(petition, name=name, city=city)
        assert (signature.held, signature.held_reason) == (bool(reason), reason), name
    assert fresh(petition).numbers.confirmed == 5
    assert not counting.recount(petition)
    held = Signature.objects.get(name="Amina")
    signing.correct(held.pk, name="Amina", city="Lund")
    held.refresh_from_db()
    assert not held.held


def test_waiting_attempt_is_held_by_the_list_of_the_day(petition):
    pending = sign(petition, name="Zzxx Joker")
    HeldWord.objects.create(language="en", word="zzxx")
    assert confirm(pending).held
