"""Names go when their time is over, the number stays; and whoever asks is forgotten at once."""

import base64
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.formats import date_format
from django.utils.timezone import localdate, now

from campaign_site import erasures, keys, outbox
from campaign_site.models import AuditEvent, OutboxMessage
from petitions import counting, deliveries, retention, signing
from petitions.models import (
    Delivered,
    LedgerEntry,
    PendingSignature,
    Petition,
    PetitionCount,
    Signature,
)
from petitions.models.petition import two_years_after
from tests import factories
from tests.factories import fresh, make_petition, sign, sign_and_confirm
from tests.staff.forms import fill_in
from tests.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "private"


def many(petition, quantity, *, signed_on=None, domain="example.org"):
    """Known signers in one statement; the count moves with them."""
    Signature.objects.bulk_create(
        Signature(
            petition=petition,
            deliver=True,
            name=f"Signer {number}",
            city="Lund",
            name_key=f"signer {number}",
            city_key="lund",
            digest=signing.mailbox_digest(petition.pk, f"signer{number}@{domain}"),
            domain_digest=signing.domain_digest(petition.pk, f"signer{number}@{domain}"),
            language="en",
            signed_on=signed_on or localdate(),
        )
        for number in range(quantity)
    )
    counting.add(petition.pk, quantity)


def close(petition, *, days_ago):
    Petition.objects.filter(pk=petition.pk).update(closes_at=now() - timedelta(days=days_ago))
    return fresh(petition)


# --- When ------------------------------------------------------------------------------------


def test_two_years_are_counted_alike_in_both_directions():
    day = date(2023, 12, 1)
    while day < date(2032, 4, 1):
        until = retention.signed_two_years_before(day)
        assert two_years_after(until) <= day < two_years_after(until + timedelta(days=1)), day
        day += timedelta(days=1)


def test_names_stay_until_90_days_after_the_end(petition):
    """Promise 11: to the day."""
    sign_and_confirm(petition)
    assert retention.purge(close(petition, days_ago=89)) == 0
    assert retention.purge(close(petition, days_ago=90)) == 1
    assert not Signature.objects.exists()


def test_names_never_stay_longer_than_two_years(petition):
    """Promise 11: also while the petition is open."""
    many(petition, 3, signed_on=retention.signed_two_years_before(localdate()))
    young = sign_and_confirm(petition)
    Signature.objects.filter(pk=young.pk).update(
        signed_on=retention.signed_two_years_before(localdate()) + timedelta(days=1)
    )
    assert retention.purge(petition) == 3
    assert Signature.objects.get() == young


def test_0_rows_are_older_than_the_policy():
    """Promise 11: looked at by outcome, over petitions in every state."""
    old = retention.signed_two_years_before(localdate())
    for days_ago, signed_on in ((100, None), (90, None), (-5, old), (10, old), (89, None)):
        petition = make_petition()
        many(petition, 20, signed_on=signed_on)
        close(petition, days_ago=days_ago)
    Petition.objects.filter(pk=petition.pk).update(state=Petition.State.REMOVED)
    assert retention.kept_too_long()["signatures"] == 80
    done = retention.purge_all()
    assert (sum(done.rows.values()), done.failed) == (80, [])
    assert set(retention.kept_too_long().values()) == {0}
    assert Signature.objects.count() == 20


def test_what_is_kept_too_long_is_seen(petition):
    """Promise 11: the look for it finds each kind."""
    sign(petition)
    past = now() - timedelta(days=8)
    PendingSignature.objects.update(created_at=past)
    OutboxMessage.objects.update(created_at=past)
    seen = retention.kept_too_long()
    assert [seen[kind] for kind in ("attempts", "addresses", "mails", "address_hashes")] == [1] * 4


# --- The number stays ------------------------------------------------------------------------


def test_total_is_the_same_and_provable(petition):
    """Promise 15: one entry a day says why, and recount finds no drift."""
    many(petition, 25)
    petition = close(petition, days_ago=91)
    total = petition.numbers.total
    retention.purge(petition)
    many(petition, 7, domain="example.com")
    retention.purge(petition)
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.quantity, entry.date) == ("erased", 32, localdate().isoformat())
    numbers = fresh(petition).numbers
    assert (numbers.confirmed, numbers.ledger) == (0, total + 7)
    assert not counting.recount(petition)


def test_batches_join(petition, monkeypatch):
    """Promise 15: at every step between two batches the total is the same."""
    monkeypatch.setattr(retention, "BATCH", 10)
    many(petition, 35)
    petition = close(petition, days_ago=91)
    totals = set()
    while retention._purge_batch(petition.pk):
        totals.add(fresh(petition).numbers.total)
        assert not counting.recount(petition)
    assert totals == {35}
    assert LedgerEntry.objects.get().quantity == 35


def test_the_database_keeps_one_entry_a_day(petition):
    many(petition, 2)
    retention.purge(close(petition, days_ago=91))
    entry = LedgerEntry.objects.get()
    entry.pk, entry.quantity, entry.source = None, 5, "another"
    with pytest.raises(IntegrityError, match="ledger_erased_once_a_day"):
        entry.save(force_insert=True)


def test_who_did_not_count_goes_without_an_entry(petition):
    many(petition, 3)
    first, second, _third = Signature.objects.all()
    government = petition.targets.get().government
    deliveries.prepare(petition, government)
    signing.remove(first.pk)
    Signature.objects.filter(pk=second.pk).update(state=Signature.State.INVALIDATED)
    counting.add(petition.pk, -1)
    petition = close(petition, days_ago=90)
    assert retention.purge(petition) == 3
    assert LedgerEntry.objects.get().quantity == 1
    assert not counting.recount(petition)


def test_lists_lose_their_rows_and_keep_their_figures(petition, client):
    many(petition, 4)
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    retention.purge(close(petition, days_ago=91))
    assert not Delivered.objects.exists()
    delivery.refresh_from_db()
    assert delivery.names == 4
    client.force_login(factories.make_member("delivery"))
    page = client.get(f"/admin/petitions/delivery/{delivery.pk}/change/").content.decode()
    assert "4 names were erased here" in page
    assert "removed since" not in page
    assert "Download as CSV" not in page
    with pytest.raises(CommandError, match="erased"):
        call_command("export_delivery", str(delivery.pk), format="csv", output="nowhere")


# --- Faults stay small -----------------------------------------------------------------------


def test_one_petition_that_fails_never_stops_the_others(caplog):
    """Promise 11: it is said, without a word of what went wrong with whom."""
    petitions = [make_petition() for _ in range(3)]
    for petition in petitions:
        many(petition, 2)
        close(petition, days_ago=91)
    with connection.cursor() as cursor:
        # As a full disk or a damaged index would: this petition's names cannot be deleted.
        cursor.execute(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF OLD.petition_id = {petitions[1].pk} THEN RAISE 'Signer 1 of Lund'; END IF;"
            " RETURN OLD; END $$;"
            "CREATE TRIGGER broken BEFORE DELETE ON petitions_signature FOR EACH ROW"
            " EXECUTE FUNCTION broken()"
        )
    done = retention.purge_all()
    assert done.failed == [petitions[1].slug]
    assert [fresh(petition).numbers.confirmed for petition in petitions] == [0, 2, 0]
    assert [fresh(petition).numbers.total for petition in petitions] == [2, 2, 2]
    assert "Signer" not in caplog.text
    assert "a petition could not be purged: ProgrammingError" in caplog.text


def test_a_purge_that_breaks_off_moves_nothing(petition, monkeypatch):
    """Promise 15: rows, entry and count move together or not at all."""
    many(petition, 5)
    petition = close(petition, days_ago=91)

    def killed(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(counting, "add", killed)
    with pytest.raises(RuntimeError):
        retention.purge(petition)
    monkeypatch.undo()
    assert Signature.objects.count() == 5
    assert not LedgerEntry.objects.exists()
    assert not counting.recount(petition)


# --- Many at once ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["purge", "remove", "count_only", "forget"])
def test_nobody_leaves_while_a_list_is_being_prepared(verb):
    """Promise 14: the list is exactly what stood when it was made."""
    petition = make_petition()
    signature = sign_and_confirm(petition, email="amina@example.org")
    petition = close(petition, days_ago=90)
    press = {
        "purge": lambda: retention.purge(petition),
        "remove": lambda: signing.remove(signature.pk),
        "count_only": lambda: signing.count_only(signature.pk),
        "forget": lambda: retention.forget("amina@example.org"),
    }[verb]

    def impatiently():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '300ms'")
        return press()

    with transaction.atomic():
        petition.targets.select_for_update().get()  # as deliveries.prepare does
        (refused,) = together(impatiently)
    assert isinstance(refused, OperationalError), refused
    assert Signature.objects.filter(deliver=True, state="confirmed").exists()
    press()
    assert not Signature.objects.filter(deliver=True).exists()


@pytest.mark.django_db(transaction=True)
def test_purged_twice_at_once_while_people_leave(monkeypatch):
    """Promise 15: each name goes once, in one entry, and the count is right."""
    monkeypatch.setattr(retention, "BATCH", 7)
    petition = make_petition()
    many(petition, 60)
    leaving = list(Signature.objects.values_list("pk", flat=True)[:10])
    petition = close(petition, days_ago=91)
    results = together(
        lambda: retention.purge(petition),
        lambda: retention.purge(petition),
        lambda: sum(signing.remove(public_id) for public_id in leaving),
    )
    assert sum(results) == 60
    numbers = fresh(petition).numbers
    assert (numbers.confirmed, numbers.ledger) == (0, 60 - results[2])
    assert LedgerEntry.objects.get().quantity == results[0] + results[1]
    assert not counting.recount(petition)


# --- Nobody can be verified afterwards ---------------------------------------------------------


def test_after_purge_nobody_of_a_thousand_can_be_verified(petition):
    """Promise 8: with the database and the server's keys, 0 of 1,000 known signers are found."""
    many(petition, 990)
    known = [f"signer{number}@example.org" for number in range(990)]
    for number in range(990, 1000):
        address = f"signer{number}@example.org"
        sign_and_confirm(petition, email=address, name=f"Signer {number}")
        known.append(address)
    deliveries.prepare(petition, petition.targets.get().government)
    petition = close(petition, days_ago=91)
    assert found_anywhere(petition, known) == 1000
    retention.purge(petition)
    # What the outbox counts mails by lives for a day.
    OutboxMessage.objects.update(state="sent", sealed=None, created_at=now() - timedelta(days=2))
    outbox.forget_old()
    assert found_anywhere(petition, known) == 0


def found_anywhere(petition, known) -> int:
    """How many of these addresses anything in any table leads to, for whoever has every key."""
    keyed = {}
    for address in known:
        for clue in (
            address.encode(),
            signing.mailbox_digest(petition.pk, address),
            outbox.address_hash(address),
        ):
            keyed[clue] = address
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type IN ('bytea', 'text', 'character varying')"
        )
        columns = cursor.fetchall()
        found = set()
        for table, column, kind in columns:
            as_bytes = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\", 'UTF8')"
            cursor.execute(
                f'SELECT {as_bytes} FROM "{table}" WHERE {as_bytes} = ANY (%s::bytea[])',  # noqa: S608
                [list(keyed)],
            )
            found |= {keyed[bytes(row[0])] for row in cursor.fetchall()}
    return len(found)


# --- The pages say until when ------------------------------------------------------------------


def test_the_day_is_on_the_petitions_page(petition, client):
    """Promise 11: the date is on the page."""
    latest = date_format(two_years_after(localdate()))
    page = client.get(petition.get_absolute_url()).content.decode()
    assert f"90 days after this petition closes, and on {latest} at the latest" in page
    closing = {
        -20: "We erase your name 90 days after",
        3: "Names are kept until",
        200: "Names were kept until",
    }
    for days, said in closing.items():
        petition = close(make_petition(), days_ago=days)
        page = client.get(petition.get_absolute_url()).content.decode()
        assert said in page
        assert date_format(petition.all_names_go_on) in page


def test_the_day_is_on_the_personal_page(petition, client):
    """Promise 11: each person reads their own date."""
    signature = sign_and_confirm(petition)
    page = client.get(signing.personal_path(signature.pk)).content.decode()
    assert f"on {date_format(two_years_after(localdate()))} at the latest" in page
    petition = close(petition, days_ago=-20)
    page = client.get(signing.personal_path(signature.pk)).content.decode()
    assert f"on {date_format(petition.all_names_go_on)} at the latest" in page


# --- Staff are warned ---------------------------------------------------------------------------


def test_the_officer_is_warned_60_days_before(petition, client):
    many(petition, 5)
    target = petition.targets.get()
    assert retention.warnings(target) == []
    petition = close(petition, days_ago=31)
    target = petition.targets.get()
    assert "5 names that were not handed over yet" in retention.warnings(target)[0]
    client.force_login(factories.make_member("delivery"))
    page = client.get("/admin/petitions/delivery/").content.decode()
    assert "5 names that were not handed over yet" in page


def test_no_warning_for_names_that_were_handed_over(petition):
    many(petition, 5)
    target = petition.targets.get()
    delivery = deliveries.prepare(petition, target.government)
    petition = close(petition, days_ago=31)
    target = petition.targets.get()
    assert "5 names" in retention.warnings(target)[0]
    type(delivery).objects.update(state="handed_over")
    assert retention.warnings(target) == []


def test_a_slip_in_the_year_does_not_erase_everybody(petition, client):
    """Promise 16: a day so long ago that names would go at once is refused by the field."""
    sign_and_confirm(petition)
    client.force_login(factories.make_member("campaigner"))
    page = f"/admin/petitions/petition/{petition.pk}/change/"
    answer = fill_in(client, page, closes_at_0="2020-01-01", closes_at_1="12:00:00")
    assert answer.status_code == 200
    assert "all names would be erased on" in answer.content.decode()
    assert fresh(petition).closes_at is None


@pytest.mark.parametrize("field", ["opens_at", "closes_at"])
def test_never_is_no_day(petition, client, field):
    """No day comes 90 days after the last of the calendar: nothing could be erased, or shown."""
    client.force_login(factories.make_member("campaigner"))
    page = f"/admin/petitions/petition/{petition.pk}/change/"
    answer = fill_in(client, page, **{f"{field}_0": "9999-12-31", f"{field}_1": "12:00:00"})
    assert "Choose a year from 1900" in str(answer.context["adminform"].form.errors[field])
    with pytest.raises(IntegrityError, match="petition_in_our_time"):
        Petition.objects.update(**{field: "9999-12-31T12:00Z"})


# --- By command ------------------------------------------------------------------------------


def said(*words, **options) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_purge_by_command(petition):
    many(petition, 3)
    close(petition, days_ago=91)
    assert f"{petition.slug}: 3 signatures\n3 signatures would be erased" in said(
        "purge", dry_run=True
    )
    assert Signature.objects.count() == 3
    assert "3 signatures erased" in said("purge")
    assert not Signature.objects.exists()


def test_forgotten_by_command():
    """Promise 10: everything of one address, under every petition, and nothing of anybody else."""
    one, two = make_petition(), make_petition()
    mine = "amina@example.org"
    listed = sign_and_confirm(one, email=mine)
    deliveries.prepare(one, one.targets.get().government)
    taken_out = sign_and_confirm(two, email=mine)
    Signature.objects.filter(pk=taken_out.pk).update(state=Signature.State.INVALIDATED)
    counting.add(two.pk, -1)
    sign(one, email="A.mina@example.org".replace(".", "", 1))
    other = sign_and_confirm(one, email="bo@example.org", name="Bo")
    waiting = sign(two, email="bo@example.org")
    administrator = factories.make_member("administrator")
    words = said("forget", "Amina@example.org", by=administrator.username)
    assert "2 signatures (1 of them on a list), 1 attempts to sign" in words
    row = Signature.objects.get(pk=listed.pk)
    assert (row.state, row.name, row.city, row.digest) == ("removed", "", "", None)
    assert set(Signature.objects.all()) == {row, other}
    assert PendingSignature.objects.get() == waiting
    assert not retention.kept_of(mine)
    assert OutboxMessage.objects.get(state="waiting").reference == waiting.pk
    for petition in (one, two):
        assert not counting.recount(petition)
    event = AuditEvent.objects.get(verb="forgot a supporter")
    assert event.by == administrator
    assert "amina" not in str(vars(event)).lower()


def test_no_address_is_told_so():
    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("forget", "amina")
    with pytest.raises(ValidationError):
        retention.forget("amina")


def test_with_another_key_nobody_seems_unknown(petition, settings):
    sign_and_confirm(petition, email="amina@example.org")
    keys._proved.clear()
    keys.require_signer_key()
    settings.SIGNER_KEY = base64.urlsafe_b64encode(b"another key, 32 bytes long: yes!").decode()
    with pytest.raises(CommandError, match="Nothing can be found"):
        call_command("forget", "amina@example.org")


def test_an_administrator_forgets_a_supporter(petition, client, caplog):
    """Promise 16: first how much there is, then the button; the trail has it, without the address."""
    sign_and_confirm(petition, email="amina@example.org")
    client.force_login(factories.make_member("administrator"))
    page = "/admin/petitions/petition/supporter/"
    assert "Help a supporter" in client.get("/admin/").content.decode()
    assert client.get(page).status_code == 200
    answer = client.post(page, {"email": "amina@example.org"})
    assert "Signatures: 1." in answer.content.decode()
    assert "The count falls." in answer.content.decode()
    assert petition.title not in answer.content.decode()
    assert Signature.objects.exists()
    assert answer["Cache-Control"].startswith("max-age=0")
    answer = client.post(page, {"email": "amina@example.org", "erase": "yes"}, follow=True)
    assert "Erased. Signatures: 1." in answer.content.decode()
    assert not Signature.objects.exists()
    assert PetitionCount.objects.get(petition=petition).confirmed == 0
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"looked up a supporter", "forgot a supporter"} <= verbs
    assert "amina" not in str(list(AuditEvent.objects.values())) + caplog.text
    answer = client.post(page, {"email": "amina@example.org"})
    assert "Nothing is kept for this address." in answer.content.decode()
    assert client.post(page, {"email": "amina"}).status_code == 422


@pytest.mark.parametrize("role", ["campaigner", "translator", "delivery"])
def test_nobody_else_looks_for_an_address(petition, client, role):
    """Promise 17."""
    client.force_login(factories.make_member(role))
    page = "/admin/petitions/petition/supporter/"
    assert client.get(page).status_code == 403
    assert client.post(page, {"email": "amina@example.org"}).status_code == 403
    assert "Help a supporter" not in client.get("/admin/").content.decode()


def test_every_erasure_is_written_down_outside(petition):
    many(petition, 2)
    gone = {str(signature.pk) for signature in Signature.objects.all()}
    retention.purge(close(petition, days_ago=91))
    assert {
        str(public_id) for _day, kind, public_id in erasures.lines() if kind == "purged"
    } == gone
