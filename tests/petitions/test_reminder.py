"""One reminder to who has not confirmed; with it their address is erased."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now

from campaign_site import outbox
from campaign_site.models import OutboxMessage
from petitions import signing
from petitions.models import PendingSignature, Petition
from tests.factories import code_in, confirm, make_petition, send_mails, sign
from tests.together import together

HOUR = timedelta(hours=1)


def passed(pending, hours) -> None:
    """Let the attempt and its mails be that old."""
    moment = now() - hours * HOUR
    PendingSignature.objects.filter(pk=pending.pk).update(created_at=moment)
    OutboxMessage.objects.filter(reference=pending.pk).update(created_at=moment, sent_at=moment)


@pytest.fixture
def waiting(petition):
    """Somebody who had the mail two days ago and has not confirmed."""
    pending = sign(petition, email="amina@example.org")
    send_mails()
    passed(pending, 48)
    return pending


@pytest.mark.django_db
def test_one_reminder_with_the_same_code(waiting):
    assert signing.remind() == 1
    assert signing.remind() == 0
    [reminder] = send_mails()
    assert reminder.to == ["amina@example.org"]
    assert reminder.subject.startswith("Reminder: your code from")
    assert signing.find_code(code_in(reminder)) == waiting.pk
    assert "only reminder" in reminder.body
    assert send_mails() == []


@pytest.mark.django_db
def test_the_address_is_erased_in_the_same_step(waiting):
    """Promise 8: kept 48 hours at most."""
    signing.remind()
    waiting.refresh_from_db()
    assert waiting.address is None
    send_mails()
    assert OutboxMessage.objects.exclude(sealed=None).count() == 0


@pytest.mark.django_db
def test_nobody_is_reminded_too_early(petition):
    pending = sign(petition)
    send_mails()
    passed(pending, 46)
    assert signing.remind() == 0
    pending.refresh_from_db()
    assert pending.address


@pytest.mark.django_db
def test_discreet_reminder_does_not_name_the_petition(waiting):
    signing.remind()
    [reminder] = send_mails()
    assert waiting.petition.title not in reminder.body
    assert "/code/#" in reminder.body
    open_one = sign(make_petition(discreet=False), email="bo@example.org")
    send_mails()
    passed(open_one, 48)
    signing.remind()
    [reminder] = send_mails()
    assert open_one.petition.title in reminder.body
    assert signing.personal_url(open_one.pk) in reminder.body


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"high_risk": True},
        {"state": Petition.State.REMOVED},
        {"closes_at": "eight days ago"},
    ],
    ids=str,
)
def test_no_reminder_where_there_is_nothing_to_confirm_or_too_much_risk(waiting, change):
    if "closes_at" in change:
        change = {"closes_at": now() - timedelta(days=8)}
    Petition.objects.filter(pk=waiting.petition_id).update(**change)
    assert signing.remind() == 0
    waiting.refresh_from_db()
    assert waiting.address is None


@pytest.mark.django_db
def test_high_risk_petition_has_nobody_to_write_to():
    pending = sign(make_petition(high_risk=True))
    send_mails()
    passed(pending, 48)
    assert signing.remind() == 0
    assert send_mails() == []


@pytest.mark.django_db
def test_who_is_counted_already_is_not_reminded(petition):
    first = sign(petition, email="amina@example.org")
    second = sign(petition, email="amina@example.org")
    box = bytes(second.address)
    send_mails()
    confirm(first)
    second.refresh_from_db()
    assert second.address is None  # erased as soon as the mailbox confirmed
    PendingSignature.objects.filter(pk=second.pk).update(address=box)
    passed(second, 48)
    assert signing.remind() == 0
    assert send_mails() == []


@pytest.mark.django_db
def test_reminder_is_one_of_the_three_mails_a_day(waiting):
    """Promise 7: a reminder cannot be used to flood a mailbox."""
    petition = waiting.petition
    for _ in range(3):
        sign(petition, email="amina@example.org")
    assert len(send_mails()) == 2
    signing.remind()
    assert send_mails() == []
    assert OutboxMessage.objects.get(kind=OutboxMessage.Kind.REMINDER).state == "dropped"


@pytest.mark.django_db
def test_confirming_gives_the_reminder_back(waiting):
    """Promise 7: a mail that led to a confirmation earns another."""
    signing.remind()
    send_mails()
    confirm(waiting)
    assert not OutboxMessage.objects.exclude(address_hash=None).exists()


@pytest.mark.django_db
def test_who_confirms_gets_no_reminder_that_still_waits(waiting):
    signing.remind()
    confirm(waiting)
    assert send_mails() == []
    assert not OutboxMessage.objects.exclude(sealed=None).exists()


@pytest.mark.django_db
def test_who_refuses_gets_no_reminder_that_still_waits(waiting):
    signing.remind()
    signing.refuse(waiting.pk)
    assert send_mails() == []


@pytest.mark.django_db
def test_after_a_long_stop_addresses_go_without_a_word(waiting):
    """Its words, two days ago, would not be true."""
    passed(waiting, 80)
    assert signing.remind() == 0
    waiting.refresh_from_db()
    assert waiting.address is None


@pytest.mark.django_db
def test_what_cannot_be_opened_is_erased_and_stops_nobody(waiting):
    other = sign(waiting.petition, email="bo@example.org")
    send_mails()
    passed(other, 48)
    PendingSignature.objects.filter(pk=waiting.pk).update(address=b"damaged, but long enough")
    assert signing.remind() == 1
    assert not PendingSignature.objects.exclude(address=None).exists()


@pytest.mark.django_db
def test_broken_off_nothing_is_lost_and_nothing_sent_twice(waiting, monkeypatch):
    """Promise 20: claim and mail are one transaction."""

    def killed(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(outbox, "put", killed)
    with pytest.raises(RuntimeError):
        signing.remind()
    monkeypatch.undo()
    waiting.refresh_from_db()
    assert waiting.address
    assert signing.remind() == 1
    assert signing.remind() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_reminder_each():
    petition = make_petition()
    attempts = [sign(petition) for _ in range(30)]
    for pending in attempts:
        passed(pending, 48)
    OutboxMessage.objects.all().delete()
    assert sum(together(*[signing.remind] * 4)) == 30
    reminded = OutboxMessage.objects.values_list("reference", flat=True)
    assert sorted(reminded) == sorted(pending.pk for pending in attempts)


@pytest.mark.django_db(transaction=True)
def test_who_is_just_confirming_is_left_alone():
    pending = sign(make_petition())
    passed(pending, 48)
    with transaction.atomic():
        PendingSignature.objects.select_for_update().get(pk=pending.pk)
        assert together(signing.remind) == [0]


# --- The outbox keeps no address for longer either ----------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["waiting", "sending"])
def test_mail_that_cannot_leave_in_48_hours_is_given_up(petition, state):
    """Promise 8: erased, and shown to staff."""
    sign(petition)
    OutboxMessage.objects.update(state=state, created_at=now() - 48 * HOUR)
    assert outbox.give_up_old() == 1
    message = OutboxMessage.objects.get()
    assert (message.state, message.error) == ("given_up", "too old")
    assert message.sealed is message.address_hash is message.reference is None


@pytest.mark.django_db
def test_mail_too_old_is_not_sent_after_a_long_stop(petition):
    sign(petition)
    OutboxMessage.objects.update(created_at=now() - 49 * HOUR)
    assert send_mails() == []
    sign(petition)
    assert len(send_mails()) == 1


@pytest.mark.django_db
def test_reminder_has_an_hour_to_leave(waiting):
    """Promise 8: 47 hours until it is claimed and one to leave make 48."""
    signing.remind()
    OutboxMessage.objects.update(created_at=now() - HOUR)
    assert send_mails() == []
    assert outbox.give_up_old() == 1
    assert signing.REMINDED_AFTER + outbox.LEAVES_WITHIN[OutboxMessage.Kind.REMINDER] == 48 * HOUR


@pytest.mark.django_db
def test_the_rest_still_expires(petition):
    """Who is not reminded loses the address after 48 hours, and the attempt after seven days."""
    young, old, gone = (sign(petition) for _ in range(3))
    for pending, hours in ((young, 47), (old, 49), (gone, 7 * 24 + 1)):
        passed(pending, hours)
    assert signing.expire() == 1
    kept = {pending.pk: pending.address for pending in PendingSignature.objects.all()}
    assert kept[young.pk]
    assert kept[old.pk] is None
    assert gone.pk not in kept
