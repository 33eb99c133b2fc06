"""Administrators take false signatures out of the count, and have 30 days to go back."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils.timezone import localdate, now

from campaign_site import heartbeats
from campaign_site.models import AuditEvent
from petitions import counting, deliveries, delivery_lists, invalidation, review, signing
from petitions.invalidation import Rule
from petitions.models import Delivered, Delivery, Invalidation, Signature
from tests.factories import (
    confirm,
    fresh,
    make_member,
    make_petition,
    sign,
    sign_and_confirm,
)
from tests.together import together

DAY = timedelta(days=1)


@pytest.fixture
def wave(petition):
    """Four real people; four false ones of one domain, three of them of one name, two days ago."""
    for name in ("Amina", "Bo", "Cem", "Dara"):
        sign_and_confirm(petition, name=name)
    for number, name in enumerate(("Joe Spam", "joe  SPAM", "Ｊoe Spam", "Other")):
        sign_and_confirm(petition, name=name, email=f"s{number}@spam.example")
    Signature.objects.filter(name__in=["Joe Spam", "Other"]).update(signed_on=localdate() - 2 * DAY)
    return petition


def counted(petition):
    assert not counting.recount(petition)
    return fresh(petition).numbers.confirmed


RULES = [
    (Rule(domain="spam.example"), 4),
    (Rule(domain="@Spam.Example"), 4),
    (Rule(name="joe spam"), 3),
    (Rule(domain="spam.example", name="JOE SPAM"), 3),
    (Rule(last_day=localdate() - DAY), 2),
    (Rule(first_day=localdate()), 6),
    (Rule(first_day=localdate() - 2 * DAY, last_day=localdate()), 8),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("rule", "fits"), RULES)
def test_what_the_preview_says_is_what_happens_and_it_can_be_undone(wave, rule, fits):
    """Promises 15 and 16."""
    administrator = make_member()
    before = set(Signature.objects.confirmed().values_list("pk", "name", "city", "held"))
    shown = invalidation.preview(wave, rule, by=administrator)
    assert (shown.quantity, shown.remaining) == (fits, 8 - fits)
    assert sum(number for _day, number in shown.per_day) == fits
    assert counted(wave) == 8, "looking changes nothing"
    batch = invalidation.invalidate(
        wave, rule, reason="A script.", by=administrator, seen=shown.quantity
    )
    assert batch.quantity == fits
    assert counted(wave) == 8 - fits
    assert Signature.objects.filter(state="invalidated").count() == fits
    event = AuditEvent.objects.get(verb="took out of the count")
    assert (event.by, event.details["quantity"]) == (administrator, fits)
    assert "joe" not in str(list(AuditEvent.objects.values_list("details", "about"))).lower()
    assert "joe" not in str(batch.rule).lower()
    assert invalidation.restore(batch, by=administrator) == fits
    assert counted(wave) == 8
    assert set(Signature.objects.confirmed().values_list("pk", "name", "city", "held")) == before
    with pytest.raises(invalidation.TooLate):
        invalidation.restore(batch)
    assert counted(wave) == 8


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rule", [Rule(name="Amina"), Rule(name="Nobody"), Rule(domain="nowhere.example")]
)
def test_a_rule_is_no_way_to_ask_whether_somebody_signed(wave, rule):
    """One person of that name and none give the same answer, and it is written down."""
    with pytest.raises(invalidation.NothingMatches):
        invalidation.preview(wave, rule)
    with pytest.raises(invalidation.NothingMatches):
        invalidation.invalidate(wave, rule, reason="Curious.")
    assert counted(wave) == 8
    assert not Invalidation.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.verb, event.details["quantity"]) == ("previewed an invalidation", "< 3")


@pytest.mark.django_db
def test_what_changed_since_the_preview_is_shown_again(wave):
    rule = Rule(domain="spam.example")
    shown = invalidation.preview(wave, rule)
    sign_and_confirm(wave, name="Fifth", email="s5@spam.example")
    with pytest.raises(invalidation.Changed):
        invalidation.invalidate(wave, rule, reason="A script.", seen=shown.quantity)
    assert counted(wave) == 9
    assert not Invalidation.objects.exists()


@pytest.mark.django_db
def test_new_files_of_a_list_do_not_hold_them(wave):
    """Promise 10, for what staff take out."""
    government = wave.targets.get().government
    delivery = deliveries.prepare(wave, government)
    rule = Rule(domain="spam.example")
    shown = invalidation.preview(wave, rule)
    assert (shown.on_prepared, shown.on_handed_over) == (4, 0)
    Delivery.objects.update(state=Delivery.State.HANDED_OVER)
    assert invalidation.preview(wave, rule).on_handed_over == 4
    file = b"".join(delivery_lists.as_csv(delivery))
    batch = invalidation.invalidate(wave, rule, reason="A script.")
    assert [name for name, _city in delivery_lists.rows(delivery)] == ["Amina", "Bo", "Cem", "Dara"]
    with pytest.raises(deliveries.NothingToDeliver):
        deliveries.prepare(wave, government)
    invalidation.restore(batch)
    assert b"".join(delivery_lists.as_csv(delivery)) == file


@pytest.mark.django_db
def test_whoever_was_taken_out_does_not_come_back(wave):
    invalidation.invalidate(wave, Rule(domain="spam.example"), reason="A script.")
    for name, person in (("Joe Spam", 1), ("Somebody Else", 2)):
        pending = sign(wave, name=name, email="s0@spam.example")
        assert confirm(pending, person=person) is None
    assert counted(wave) == 4


@pytest.mark.django_db
def test_page_of_who_was_taken_out(client, wave):
    batch = invalidation.invalidate(wave, Rule(domain="spam.example"), reason="A script.")
    mine = Signature.objects.get(name="Joe Spam")
    page = signing.personal_path(mine.pk)
    assert "does not count" in client.get(page).content.decode()
    assert client.post(page, {"action": "count_only"}).status_code == 303
    assert client.post(page, {"action": "remove"}).status_code == 303
    mine.refresh_from_db()
    assert (mine.name, mine.city, mine.name_key, mine.domain_digest) == ("", "", None, None)
    assert mine.digest is not None
    assert "does not count" in client.get(page).content.decode()
    # Nobody brings back the name of who erased it.
    assert invalidation.restore(batch) == 3
    assert counted(wave) == 7
    # Signing once more from that mailbox says so, on a true page.
    pending = sign(wave, name="Joe", email="s0@spam.example")
    waiting = signing.personal_path(pending.pk)
    page = client.get(waiting).content.decode()
    assert "This signature does not count" in page
    assert 'value="confirm"' not in page


@pytest.mark.django_db
def test_after_30_days_names_go_and_mailboxes_still_do_not_come_back(wave):
    """Promise 11."""
    batch = invalidation.invalidate(wave, Rule(domain="spam.example"), reason="A script.")
    assert invalidation.blank_old_invalidated() == 0
    Invalidation.objects.update(at=now() - 29 * DAY)
    assert invalidation.blank_old_invalidated() == 0
    Invalidation.objects.update(at=now() - 31 * DAY)
    with pytest.raises(invalidation.TooLate):
        invalidation.restore(batch)
    assert invalidation.blank_old_invalidated() == 4
    assert invalidation.blank_old_invalidated() == 0
    gone = Signature.objects.filter(state="invalidated")
    assert set(gone.values_list("name", "city", "name_key", "deliver")) == {("", "", None, False)}
    assert not gone.filter(domain_digest__isnull=False).exists()
    assert counted(wave) == 4
    assert confirm(sign(wave, name="Joe", email="s0@spam.example")) is None


@pytest.mark.django_db
def test_one_batch_that_fails_keeps_no_names_of_another(wave, monkeypatch):
    """Promise 11: and it is seen, and tried again."""
    for rule in (Rule(name="joe spam"), Rule(first_day=localdate())):
        invalidation.invalidate(wave, rule, reason="A script.")
    Invalidation.objects.update(at=now() - 31 * DAY)
    blank, asked = invalidation._blank, []

    def first_fails(batch):
        asked.append(batch)
        if len(asked) == 1:
            raise ValueError
        return blank(batch)

    monkeypatch.setattr(invalidation, "_blank", first_fails)
    with pytest.raises(heartbeats.Incomplete):
        invalidation.blank_old_invalidated()
    assert Invalidation.objects.filter(blanked_at=None).get() == asked[0]


# --- At the same moment ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_taken_out_while_a_list_is_prepared_and_people_sign_and_leave():
    """Promises 14 and 15: whoever comes first, list and count fit together."""
    for _ in range(4):
        petition = make_petition()
        government = petition.targets.get().government
        staying = [sign_and_confirm(petition) for _ in range(5)]
        for number in range(10):
            sign_and_confirm(petition, email=f"s{number}@spam.example")
        leaving = list(petition.signatures.exclude(pk__in=[one.pk for one in staying]))[:3]
        attempts = [sign(petition) for _ in range(5)]
        rule = Rule(domain="spam.example")
        results = together(
            lambda p=petition, r=rule: invalidation.invalidate(p, r, reason="A script."),
            lambda p=petition, r=rule: invalidation.invalidate(p, r, reason="A script."),
            lambda p=petition, g=government: deliveries.prepare(p, g),
            lambda a=attempts: [confirm(pending) for pending in a],
            lambda left=leaving: [signing.remove(one.pk) for one in left],
        )
        expected = (invalidation.NothingMatches, deliveries.NothingToDeliver)
        errors = [one for one in results if isinstance(one, Exception)]
        assert all(isinstance(error, expected) for error in errors), errors
        taken = petition.signatures.filter(state="invalidated")
        batch = petition.invalidations.get()
        assert batch.quantity <= 10
        assert fresh(petition).numbers.confirmed == 10
        assert not counting.recount(petition)
        delivery = petition.deliveries.get()
        assert Delivered.objects.filter(delivery=delivery).count() == delivery.names
        listed = list(delivery_lists.rows(delivery))
        assert len(listed) <= 10
        assert not taken.filter(invalidation=None, name__gt="").exists()


@pytest.mark.django_db(transaction=True)
def test_restored_by_two_at_once_counts_once():
    petition = make_petition()
    for number in range(5):
        sign_and_confirm(petition, email=f"s{number}@spam.example")
    batch = invalidation.invalidate(petition, Rule(domain="spam.example"), reason="A script.")
    results = together(*[lambda: invalidation.restore(batch)] * 4)
    assert [one for one in results if not isinstance(one, Exception)] == [5]
    assert counted(petition) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["invalidate", "restore", "blank", "release"])
def test_whatever_moves_names_waits_for_a_list_being_prepared(verb):
    """Promise 14: the list is exactly what stood when it was made."""
    petition = make_petition()
    for number in range(3):
        sign_and_confirm(petition, name="Anna 2", email=f"s{number}@spam.example")
    tickets = [review.ticket(one) for one in Signature.objects.all()]
    rule = Rule(domain="spam.example")
    if verb in ("restore", "blank"):
        batch = invalidation.invalidate(petition, rule, reason="A script.")
    if verb == "blank":
        Invalidation.objects.update(at=now() - 31 * DAY)
    press = {
        "invalidate": lambda: invalidation.invalidate(petition, rule, reason="A script."),
        "restore": lambda: invalidation.restore(batch),
        "blank": lambda: invalidation._blank(batch),
        "release": lambda: review.release(tickets),
    }[verb]

    def impatiently():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '300ms'")
        return press()

    with transaction.atomic():
        petition.targets.select_for_update().get()  # as deliveries.prepare does
        (refused,) = together(impatiently)
    assert isinstance(refused, OperationalError), refused
    assert press() is not None
