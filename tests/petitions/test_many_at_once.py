"""What the database keeps when everybody presses at the same moment."""

import contextlib

import pytest
from django.db import connection, transaction

from campaign_site import outbox
from campaign_site.management.commands.worker import WRITERS
from campaign_site.models import OutboxMessage
from petitions import counting, deliveries, signing
from petitions.models import Delivered, Petition, Signature, Target
from tests.factories import (
    confirm,
    fresh,
    make_government,
    make_member,
    make_petition,
    sign,
    sign_and_confirm,
)
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_confirmed_from_ten_windows_at_once():
    """Promises 5 and 15: one signature, one count."""
    petition = make_petition()
    pending = sign(petition)
    seen = fresh(petition).frozen_digest()
    results = together(
        *[lambda: signing.confirm(pending.pk, name="Amina", city="Lund", deliver=True, seen=seen)]
        * 10
    )
    assert sorted(results) == [False] * 9 + [True]
    assert fresh(petition).numbers.confirmed == Signature.objects.count() == 1


def test_two_attempts_of_one_mailbox_confirmed_at_once():
    """Promise 5: the unique constraint lets one through."""
    petition = make_petition()
    attempts = [sign(petition, email="amina@example.org") for _ in range(8)]
    together(*[lambda pending=pending: confirm(pending) for pending in attempts])
    assert fresh(petition).numbers.confirmed == Signature.objects.count() == 1


def test_forty_people_confirm_at_once():
    """Promise 15: the counter is right, and recount finds no drift."""
    petition = make_petition()
    attempts = [sign(petition) for _ in range(40)]
    together(*[lambda pending=pending: confirm(pending) for pending in attempts])
    assert fresh(petition).numbers.confirmed == 40
    assert not counting.recount(petition)


def test_two_officers_prepare_at_once():
    """Promise 14: nothing twice, no error, one list."""
    petition = make_petition()
    for _ in range(20):
        sign_and_confirm(petition)
    government = petition.targets.get().government
    results = together(*[lambda: deliveries.prepare(petition, government)] * 4)
    made = [result for result in results if not isinstance(result, Exception)]
    assert [delivery.names for delivery in made] == [20]
    assert {type(result) for result in results if result not in made} == {
        deliveries.NothingToDeliver
    }
    assert Delivered.objects.count() == 20


def test_lists_made_while_people_sign_and_leave():
    """Promise 14: the union of all lists is exactly the deliverable, overlaps none."""
    petition = make_petition()
    government = petition.targets.get().government
    leaving = [sign_and_confirm(petition) for _ in range(10)]
    attempts = [sign(petition) for _ in range(20)]

    def prepare():
        for _ in range(5):
            with contextlib.suppress(deliveries.NothingToDeliver):
                deliveries.prepare(petition, government)

    together(
        prepare,
        prepare,
        lambda: [confirm(pending) for pending in attempts[:10]],
        lambda: [confirm(pending) for pending in attempts[10:]],
        lambda: [signing.remove(signature.pk) for signature in leaving],
    )
    prepare()
    listed = list(Delivered.objects.values_list("signature_id", flat=True))
    assert len(listed) == len(set(listed))
    ready = Signature.objects.confirmed().filter(deliver=True, held=False)
    assert set(ready.values_list("pk", flat=True)) == set(listed) - set(
        Signature.objects.filter(state="removed").values_list("pk", flat=True)
    )
    assert fresh(petition).numbers.confirmed == 20
    assert not counting.recount(petition)


def test_letter_changed_at_the_moment_of_the_first_confirmation():
    """Promise 2: either the change comes first and the page comes again, or it is refused."""
    for _ in range(10):
        petition = make_petition()
        pending = sign(petition)
        seen = fresh(petition).frozen_digest()
        _changed, confirmed = together(
            lambda petition=petition: Petition.objects.filter(pk=petition.pk).update(letter="New"),
            lambda pending=pending, seen=seen: signing.confirm(
                pending.pk, name="A", city="B", deliver=True, seen=seen
            ),
        )
        letter = fresh(petition).letter
        if confirmed is True:
            assert letter != "New"
        else:
            assert isinstance(confirmed, signing.PetitionChanged)
            assert letter == "New"


def test_recipient_added_at_the_moment_of_the_first_confirmation():
    other = make_government("Government of Nowhere")
    for _ in range(10):
        petition = make_petition()
        pending = sign(petition)
        seen = fresh(petition).frozen_digest()
        _added, confirmed = together(
            lambda petition=petition: Target.objects.create(petition=petition, government=other),
            lambda pending=pending, seen=seen: signing.confirm(
                pending.pk, name="A", city="B", deliver=True, seen=seen
            ),
        )
        recipients = petition.targets.count()
        assert (confirmed is True and recipients == 1) or (
            isinstance(confirmed, signing.PetitionChanged) and recipients == 2
        )


def test_two_workers_send_each_mail_once(settings):
    """Promise 15, for mails: rows are claimed, never shared."""
    petition = make_petition()
    for _ in range(12):
        sign(petition)

    def work():
        sent = 0
        while outbox.send_next(writers=WRITERS):
            sent += 1
        return sent

    assert sum(together(work, work, work)) == 12
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_mail_of_a_killed_worker_is_sent_by_the_next():
    """Promise 20: claimed, counted, and abandoned: it is due again, and nothing is counted twice."""
    petition = make_petition()
    pending = sign(petition)
    claimed = outbox.claim()
    assert outbox.claim() is None, "nobody else takes it meanwhile"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaign_site_outboxmessage SET due_at = now() - interval '1 second'"
            " WHERE id = %s::bigint",
            [claimed.pk],
        )
    assert outbox.send_next(writers=WRITERS)
    assert OutboxMessage.objects.get().state == "sent"
    confirm(pending)
    assert fresh(petition).numbers.confirmed == 1


def test_third_mail_is_the_last_for_one_address_today():
    """Promise 7: several senders at once send three, not more."""
    petition = make_petition()
    for _ in range(12):
        sign(petition, email="victim@example.org")

    def work():
        while outbox.send_next(writers=WRITERS):
            pass

    together(work, work, work, work)
    states = list(OutboxMessage.objects.values_list("state", flat=True))
    assert (states.count("sent"), states.count("dropped")) == (3, 9)


def test_count_moves_with_its_signature_or_not_at_all():
    """Promise 15: one transaction."""
    petition = make_petition()
    pending = sign(petition)

    @transaction.atomic
    def confirm_and_fail():
        confirm(pending)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        confirm_and_fail()
    assert not Signature.objects.exists()
    assert fresh(petition).numbers.confirmed == 0
    assert not counting.recount(petition)


def test_recount_mends_and_says_by_how_much():
    petition = make_petition()
    sign_and_confirm(petition)
    counting.add(petition.pk, 4)
    drift = counting.recount(petition)
    assert (drift.confirmed, drift.ledger) == (4, 0)
    assert fresh(petition).numbers.confirmed == 1
    assert make_member().audit_events.count() == 0
