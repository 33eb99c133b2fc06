"""Signing and confirming, by the verbs behind the pages."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from campaign_site import links
from campaign_site.models import OutboxMessage
from petitions import signing
from petitions.models import PendingSignature, Petition, Signature
from tests.factories import (
    confirm,
    fresh,
    make_government,
    make_petition,
    send_mails,
    sign,
    sign_and_confirm,
)

pytestmark = pytest.mark.django_db


def test_signing_counts_nothing(petition):
    sign(petition)
    assert fresh(petition).numbers.total == 0
    assert not Signature.objects.exists()


def test_signing_never_touches_signatures(petition):
    """Promise 4: what is not looked up cannot be told, not even by the time it takes."""
    sign_and_confirm(petition, email="amina@example.org")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sign(petition, email="amina@example.org")
    assert not [query for query in queries if "petitions_signature" in query["sql"]]


def test_confirming_counts_once(petition):
    pending = sign(petition)
    signature = confirm(pending)
    assert (signature.name, signature.city) == ("Amina Yusuf", "Lund")
    assert fresh(petition).numbers.confirmed == 1
    assert not PendingSignature.objects.exists()


def test_second_confirm_counts_nothing(petition):
    pending = sign(petition)
    confirm(pending)
    confirm(pending)
    assert fresh(petition).numbers.confirmed == 1


def test_same_person_signs_twice_and_counts_once(petition):
    """Promise 5: one person counts once however often they sign."""
    sign_and_confirm(petition, email="amina@example.org")
    assert sign_and_confirm(petition, email="Amina@Example.org ") is None
    assert fresh(petition).numbers.confirmed == 1


def test_database_refuses_the_same_mailbox_twice(petition):
    """Promise 5, kept by the unique constraint, whatever Python does."""
    first = sign_and_confirm(petition)
    with pytest.raises(IntegrityError, match="signature_person_once"), transaction.atomic():
        Signature.objects.create(
            petition=petition,
            deliver=True,
            name="Other",
            city="Lund",
            name_key="other",
            digest=first.digest,
            person=first.person,
            language="en",
            signed_on=first.signed_on,
        )
    with pytest.raises(IntegrityError, match="signature_name_once"), transaction.atomic():
        Signature.objects.create(
            petition=petition,
            deliver=True,
            name=first.name,
            city="Lund",
            name_key=first.name_key,
            digest=first.digest,
            person=2,
            language="en",
            signed_on=first.signed_on,
        )


def test_two_people_share_a_mailbox(petition):
    """Promise 6: another name is another person, and replaces nobody."""
    first = sign_and_confirm(petition, email="home@example.org", name="Amina Yusuf")
    pending = sign(petition, email="home@example.org", name="Omar Yusuf")
    assert confirm(pending) is None, "asked first: one person or two?"
    second = confirm(pending, person=2)
    assert {first.name, second.name} == {"Amina Yusuf", "Omar Yusuf"}
    assert fresh(petition).numbers.confirmed == 2


def test_household_ends_at_five(petition):
    for person, name in enumerate(["A", "B", "C", "D", "E"], 1):
        confirm(sign(petition, email="home@example.org", name=name), person=person)
    people = signing.household(petition.pk, Signature.objects.first().digest)
    assert len(people) == 5
    assert signing.next_person(people) is None


def test_added_person_counts_once_however_often_pressed(petition):
    first = sign_and_confirm(petition, email="home@example.org")
    values = {"name": "Omar", "city": "Lund", "deliver": True, "person": 2}
    seen = fresh(petition).frozen_digest()
    made = signing.add_person(first, seen=seen, **values)
    assert signing.add_person(first, seen=seen, **values) is None
    assert Signature.objects.get(pk=made).name == "Omar"
    assert fresh(petition).numbers.confirmed == 2


@pytest.mark.parametrize("step", ["sign", "confirm", "later"])
def test_counted_without_a_name(petition, step):
    """Promise 3: no name and no city is stored, whatever was typed."""
    pending = sign(petition, deliver=step != "sign", name="Amina Yusuf", city="Lund")
    signature = confirm(pending, deliver=False) if step == "confirm" else confirm(pending)
    if step == "later":
        signing.count_only(signature.pk)
    signature.refresh_from_db()
    assert (signature.name, signature.city, signature.name_key, signature.city_key) == (
        "",
        "",
        None,
        "",
    )
    assert fresh(petition).numbers.confirmed == 1
    assert not Signature.objects.filter(deliver=True).exists()


def test_database_keeps_no_name_of_who_is_not_to_be_named(petition):
    """Promise 3, kept by constraints."""
    signature = sign_and_confirm(petition, deliver=False)
    with pytest.raises(IntegrityError, match="signature_unnamed_is_empty"), transaction.atomic():
        Signature.objects.filter(pk=signature.pk).update(name="Amina")
    pending = sign(petition, deliver=False)
    with pytest.raises(IntegrityError, match="pending_unnamed_is_empty"), transaction.atomic():
        PendingSignature.objects.filter(pk=pending.pk).update(name="Amina")


def test_name_and_city_are_kept_as_typed(petition):
    """Promise 13: a compatibility ideograph and a decomposed accent stay what they are."""
    signature = sign_and_confirm(petition, name="神\ufa19 Zoe\u0308", city="Mu\u0308nchen")
    assert signature.name == "神\ufa19 Zoe\u0308"
    assert signature.city == "Mu\u0308nchen"


def test_odd_name_is_counted_and_held(petition):
    signature = sign_and_confirm(petition, name="=Amina")
    assert signature.held
    assert signature.held_reason
    assert fresh(petition).numbers.confirmed == 1


def test_petition_changed_while_the_page_was_open(petition):
    """What was signed is what was read: otherwise the page comes again."""
    pending = sign(petition)
    seen = petition.frozen_digest()
    Petition.objects.filter(pk=petition.pk).update(letter="Something else.")
    with pytest.raises(signing.PetitionChanged):
        confirm(pending, seen=seen)
    assert not Signature.objects.exists()
    assert fresh(petition).frozen is None


def test_first_confirmation_freezes_what_was_signed(petition):
    """Promise 2: afterwards the database itself refuses."""
    Petition.objects.filter(pk=petition.pk).update(letter="Still free to change.")
    sign_and_confirm(petition)
    for change in (
        {"letter": "New"},
        {"title": "New"},
        {"salutation": "New"},
        {"demands": ["New"]},
        {"promise": "New"},
        {"language": "fr"},
        {"frozen": None},
    ):
        with pytest.raises(IntegrityError, match="signed this petition"), transaction.atomic():
            Petition.objects.filter(pk=petition.pk).update(**change)
    Petition.objects.filter(pk=petition.pk).update(goal=5_000, summary="May change.")


def test_frozen_petition_keeps_its_recipients(petition):
    """Promise 2: nobody is added, exchanged or dropped; the office holder may change."""
    sign_and_confirm(petition)
    other = make_government("Government of Nowhere")
    target = petition.targets.get()
    for change in (
        lambda: petition.targets.create(government=other),
        lambda: petition.targets.update(government=other),
        lambda: petition.targets.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="these recipients only"), transaction.atomic():
            change()
    petition.targets.update(addressee=None)
    assert petition.targets.get() == target


def test_removed_before_a_list(petition):
    """Promise 10: the row is gone, the count knows."""
    signature = sign_and_confirm(petition)
    signing.remove(signature.pk)
    signing.remove(signature.pk)
    assert not Signature.objects.exists()
    assert fresh(petition).numbers.confirmed == 0


@pytest.mark.parametrize("step_back", [signing.count_only, signing.remove])
def test_what_waits_from_the_same_mailbox_goes_too(petition, step_back):
    mine = sign_and_confirm(petition, name="Amina", email="amina@example.org")
    sign(petition, name="Amina", email="amina@example.org")
    other = sign(petition, name="Bo", email="bo@example.org")
    step_back(mine.pk)
    assert list(PendingSignature.objects.all()) == [other]
    assert OutboxMessage.objects.filter(state="waiting").count() == 1


def test_removed_person_may_sign_again(petition):
    signing.remove(sign_and_confirm(petition, email="amina@example.org").pk)
    assert sign_and_confirm(petition, email="amina@example.org")
    assert fresh(petition).numbers.confirmed == 1


def test_corrected_name_of_somebody_in_the_household_is_refused(petition):
    sign_and_confirm(petition, email="home@example.org", name="Amina")
    second = confirm(sign(petition, email="home@example.org", name="Omar"), person=2)
    with pytest.raises(signing.SameName):
        signing.correct(second.pk, name="AMINA", city="Lund")
    second.refresh_from_db()
    assert second.name == "Omar"


def test_address_is_never_in_clear(petition):
    """Promise 8: not in the attempt, not in the outbox, not in the signature."""
    pending = sign(petition, email="amina.secret@example.org")
    tables = (PendingSignature, OutboxMessage)
    rows = [repr(list(table.objects.values())) for table in tables]
    confirm(pending)
    rows += [repr(list(table.objects.values())) for table in (*tables, Signature)]
    assert not [row for row in rows if "secret" in row or "example.org" in row]


def test_high_risk_petition_keeps_no_address(db):
    petition = make_petition(high_risk=True)
    assert sign(petition).address is None


def test_mail_says_nothing_that_was_typed(petition):
    """Promise 7, and on discreet petitions not what it was about either."""
    sign(petition, name="Typed Name", city="Typed City")
    (message,) = send_mails()
    assert message.subject == "Your code from Vigil"
    for word in ("Typed", petition.title, petition.slug, "petition"):
        assert word not in message.body
    code = links.make_code(PendingSignature.objects.get().pk)
    assert f"/code/#{code}" in message.body
    assert links.spaced(code) in message.body


def test_open_petition_is_named_in_its_mail(db):
    petition = make_petition(discreet=False)
    pending = sign(petition)
    (message,) = send_mails()
    assert petition.title in message.body
    assert signing.personal_path(pending.pk) in message.body


def test_code_leads_to_the_page_before_and_after_confirming(petition):
    pending = sign(petition)
    code = links.make_code(pending.pk)
    typed = links.spaced(code).lower()
    assert signing.find_code(typed) == pending.pk
    confirm(pending)
    assert signing.find_code(typed) == pending.pk


def test_link_of_another_purpose_opens_nothing(petition):
    pending = sign(petition)
    assert links.read_token(signing.PURPOSE, links.make_token("event", pending.pk)) is None
    good = links.make_token(signing.PURPOSE, pending.pk)
    assert links.read_token(signing.PURPOSE, good) == pending.pk
    for bad in ("", "x", good[:-1], good + "A", good.swapcase(), "é" * 43, "\x00"):
        assert links.read_token(signing.PURPOSE, bad) is None


def test_attempt_and_address_expire(petition):
    from datetime import timedelta

    from django.utils.timezone import now

    young, two_days, week = (sign(petition) for _ in range(3))
    for pending, age in ((two_days, timedelta(hours=49)), (week, timedelta(days=7, minutes=1))):
        PendingSignature.objects.filter(pk=pending.pk).update(created_at=now() - age)
    assert signing.expire() == 1
    assert PendingSignature.objects.get(pk=young.pk).address
    assert PendingSignature.objects.get(pk=two_days.pk).address is None
