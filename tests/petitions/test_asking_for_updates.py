"""Who ticks “tell me”: the address is sealed so that only the organisation can read it."""

import csv
import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate, now

from campaign_site import contact_keys, page_cache, sealing
from campaign_site.models import AuditEvent, ContactKey
from campaigns import subscriptions
from campaigns.models import Subscription
from campaigns.models.subscription import CONSENT
from petitions import signing
from petitions.forms import form_token
from petitions.models import PendingSignature, Signature
from tests import factories
from tests.factories import confirm, fresh, sign, sign_and_confirm

pytestmark = pytest.mark.django_db

# Savepoints are numbered by the test client; what is written differs with what was typed.
NOT_SHAPE = re.compile(r""""s\d+_x\d+"|'(?:[^']|'')*'""")
TICK = '<input type="checkbox" name="updates" id="id_updates">'


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "key.txt"


@pytest.fixture
def key(db, key_file):
    return factories.make_contact_key(key_file)


def post_sign(client, petition, **values):
    data = {
        "name": "Amina Yusuf",
        "city": "Lund",
        "email": "amina@example.org",
        "deliver": "yes",
        "form_token": form_token(petition),
    } | values
    return client.post(reverse("petitions:sign", args=[petition.slug]), data)


def press(client, pending, action, **values):
    data = {
        "action": action,
        "is_me": "yes",
        "seen": fresh(pending.petition).frozen_digest(),
        "name": pending.name,
        "city": pending.city,
    }
    return client.post(signing.personal_path(pending.pk), data | values)


def opened(key_file):
    """What the organisation reads on its offline computer."""
    private = sealing.read_private(key_file)
    return [
        sealing.open_box(private, box) for box in Subscription.objects.values_list("box", flat=True)
    ]


def everything_stored():
    """Each value in each table of the database, as bytes."""
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    binary = isinstance(value, bytes | memoryview)
                    yield table, bytes(value) if binary else str(value).encode()


def export(path, **more):
    call_command("export_contacts", output=path, stdout=io.StringIO(), **more)
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


# --- Asking ----------------------------------------------------------------------------------


def test_without_a_key_nobody_is_asked(client, petition):
    page = client.get(petition.get_absolute_url()).content.decode()
    assert 'name="updates"' not in page
    assert "and after 48 hours in any case." in page
    assert post_sign(client, petition, updates="on").status_code == 303
    assert PendingSignature.objects.get().updates_box is None


def test_the_tick_is_there_and_not_set(client, petition, key):
    page = client.get(petition.get_absolute_url()).content.decode()
    assert TICK in page
    assert str(CONSENT) in page
    assert "and after 48 hours in any case, unless you tick the box above." in page
    assert post_sign(client, petition).status_code == 303
    assert PendingSignature.objects.get().updates_box is None


def test_a_new_or_retired_key_shows_at_once(client, petition, key_file, monkeypatch):
    """The page is kept for ten seconds: making or retiring a key lets it go."""
    monkeypatch.setattr(page_cache, "on_commit", lambda call: call())
    url = petition.get_absolute_url()
    assert TICK not in client.get(url).content.decode()
    key = factories.make_contact_key(key_file)
    assert TICK in client.get(url).content.decode()
    contact_keys.retire(key.pk)
    assert TICK not in client.get(url).content.decode()


@pytest.mark.parametrize("ticked", [{}, {"updates": "on"}])
def test_a_wrong_field_keeps_the_tick_as_it_was(client, petition, key, ticked):
    answer = post_sign(client, petition, name="", **ticked)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert ("checked" in page) == bool(ticked)
    assert (TICK in page) != bool(ticked)


# --- From the form to the box, and back out ---------------------------------------------------


@pytest.mark.parametrize("action", ["confirm", "count_only"])
def test_confirming_moves_the_box(client, petition, key, key_file, action):
    assert post_sign(client, petition, updates="on").status_code == 303
    pending = PendingSignature.objects.get()
    assert not Subscription.objects.exists(), "nothing is kept before the mailbox says so"
    page = client.get(signing.personal_path(pending.pk)).content.decode()
    assert page.count('name="updates" value="yes"') == 2, "both ways to be counted show the tick"
    assert press(client, pending, action, updates="yes").status_code == 303
    assert not PendingSignature.objects.exists()
    kept = Subscription.objects.get()
    assert (kept.campaign, kept.language, kept.made_on) == (petition.campaign, "en", localdate())
    assert opened(key_file) == [
        {
            "address": "amina@example.org",
            "campaign": petition.campaign.slug,
            "language": "en",
            "date": localdate().isoformat(),
            "consent": str(CONSENT),
        }
    ]
    press(client, pending, action, updates="yes")
    assert Subscription.objects.count() == 1, "once, however often it is pressed"


def test_counting_without_a_name_can_ask_for_updates(client, petition, key, key_file):
    post_sign(client, petition, deliver="no", name="", city="", updates="on")
    pending = PendingSignature.objects.get()
    press(client, pending, "count_only", updates="yes")
    assert [box["address"] for box in opened(key_file)] == ["amina@example.org"]


def test_the_tick_can_be_taken_back_before_confirming(client, petition, key):
    """A stranger who types your address cannot subscribe you: you see the tick (promise 6)."""
    post_sign(client, petition, updates="on")
    press(client, PendingSignature.objects.get(), "confirm")
    assert Signature.objects.count() == 1
    assert not Subscription.objects.exists()


def _refuse(pending):
    signing.refuse(pending.pk)


def _expire(pending):
    PendingSignature.objects.update(created_at=now() - timedelta(days=8))
    signing.expire()


@pytest.mark.parametrize("leave", [_refuse, _expire])
def test_whoever_does_not_confirm_is_not_kept(petition, key, leave):
    leave(sign(petition, updates=True))
    assert not PendingSignature.objects.exists()
    assert not Subscription.objects.exists()


def test_somebody_counted_already_can_still_ask_for_updates(petition, key, key_file):
    """Signed before without the tick: the second confirmation counts nobody, but is heard."""
    sign_and_confirm(petition, email="amina@example.org")
    again = sign(petition, email="amina@example.org", updates=True)
    confirm(again)
    confirm(again)
    assert fresh(petition).numbers.confirmed == 1
    assert [box["address"] for box in opened(key_file)] == ["amina@example.org"]
    assert PendingSignature.objects.get().updates_box is None


def test_a_box_is_opened_with_the_key_it_was_sealed_to(petition, key, tmp_path):
    """Between signing and confirming the key was replaced."""
    pending = sign(petition, updates=True)
    factories.make_contact_key(tmp_path / "later.txt")
    confirm(pending)
    assert Subscription.objects.get().key == key


# --- What a thief finds ----------------------------------------------------------------------


def test_nothing_the_server_holds_opens_a_box(petition, key, key_file):
    """Promise 8: not its keys, not a sub-key, no value of any table; only the private file."""
    for number in range(5):
        sign_and_confirm(petition, email=f"marked{number}@mark.example", updates=True)
        sign(petition, email=f"waiting{number}@mark.example", updates=True)
    stored = list(everything_stored())
    boxes = [bytes(box) for box in Subscription.objects.values_list("box", flat=True)]
    boxes += [bytes(box) for box in PendingSignature.objects.values_list("updates_box", flat=True)]
    assert len(boxes) == 10
    assert set(boxes) <= {value for _table, value in stored}, "the search sees the boxes"
    assert not [table for table, value in stored if b"mark.example" in value]
    labels = ("pending address", "address digest", "domain digest", "fingerprint", "form", "outbox")
    tried = {sealing.decode_key(settings.SIGNER_KEY), settings.SECRET_KEY.encode()[:32]}
    tried |= {sealing.subkey(label) for label in labels}
    tried |= {value[start : start + 32] for _table, value in stored for start in (0, 12, 32)}
    tried = {candidate for candidate in tried if len(candidate) == 32}
    assert bytes(key.public) in tried
    for candidate in tried:
        with pytest.raises(sealing.Unreadable):
            sealing.open_box(candidate, boxes[0])
    private = sealing.read_private(key_file)
    found = {sealing.open_box(private, box)["address"] for box in boxes}
    assert len(found) == 10
    assert not [table for table, value in stored if private in value]
    assert len({len(box) for box in boxes}) == 1, "no size tells an address"


def _values(model):
    for field in model._meta.concrete_fields:
        for value in model.objects.values_list(field.attname, flat=True):
            yield field.attname, bytes(value) if isinstance(value, memoryview) else value


def test_no_column_leads_from_a_subscription_to_a_signature(petition, key):
    for number in range(8):
        sign_and_confirm(petition, name=f"Amina {chr(65 + number)}", updates=True)
    shared = {"campaign_id", "language", "key_id", "made_on", "consent", "exported_at", "mixed"}
    theirs = {value for _name, value in _values(Signature)}
    for name, value in _values(Subscription):
        if name not in shared:
            assert value not in theirs, name
    related = {field.related_model for field in Subscription._meta.concrete_fields}
    assert not related & {
        Signature,
        PendingSignature,
        *apps.get_app_config("petitions").get_models(),
    }
    clocks = [
        field.name
        for field in Subscription._meta.concrete_fields
        if field.get_internal_type() == "DateTimeField"
    ]
    assert clocks == ["exported_at"], "when somebody asked is known to the day"
    # All that is left in common is the same for everybody who signed this on this day.
    assert len(set(Subscription.objects.values_list("campaign", "language", "made_on", "key"))) == 1


@pytest.mark.django_db(transaction=True)
def test_what_postgresql_adds_to_a_row_leads_nowhere_either(petition, key):
    """Rows written by one transaction carry its number, and lie in the order of writing: so boxes
    of days gone by are stored again, in random order."""
    for number in range(24):
        sign_and_confirm(petition, name=f"Amina {chr(65 + number)}", updates=True)
    join = (
        "SELECT count(*) FROM campaigns_subscription s"
        " JOIN petitions_signature g ON g.xmin::text = s.xmin::text"
    )

    def rows(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    lie = "SELECT box FROM campaigns_subscription ORDER BY ctid"
    before = rows(lie)
    assert rows(join) == [(24,)], "without this the number tells who is who"
    subscriptions.tidy()
    assert rows(lie) == before, "those of today stay until the day is over"
    Subscription.objects.update(made_on=localdate() - timedelta(days=1))
    subscriptions.tidy()
    assert rows(join) == [(0,)]
    after = rows(lie)
    assert sorted(map(bytes, (row[0] for row in after))) == sorted(
        map(bytes, (row[0] for row in before))
    )
    assert after != before
    subscriptions.tidy()
    assert rows(lie) == after, "once is enough"


def test_asking_tells_nobody_whether_an_address_is_known(client, petition, key):
    """Promise 4: same status, body, headers and statements for a new and a known address."""
    sign_and_confirm(petition, email="known@example.org", updates=True)
    sign(petition, email="pending@example.org", updates=True)
    post_sign(client, petition, updates="on", email="first@example.org")
    seen = set()
    for address in ("known@example.org", "pending@example.org", "newer@example.org"):
        with CaptureQueriesContext(connection) as queries:
            answer = post_sign(client, petition, updates="on", email=address)
        shapes = tuple(NOT_SHAPE.sub("", query["sql"]) for query in queries)
        seen.add((answer.status_code, answer.content, str(answer.headers), shapes))
    assert len(seen) == 1


# --- Exporting -------------------------------------------------------------------------------


def test_each_box_is_exported_once(petition, key, key_file, tmp_path):
    sign_and_confirm(petition, email="a@example.org", updates=True)
    sign_and_confirm(petition, email="b@example.org", updates=True)
    rows = export(tmp_path / "first.csv")
    assert (tmp_path / "first.csv").stat().st_mode & 0o777 == 0o600
    assert len(rows) == 2
    assert {(row["campaign"], row["language"], row["consent"], row["key"]) for row in rows} == {
        (petition.campaign.slug, "en", str(CONSENT), str(key))
    }
    assert "example.org" not in (tmp_path / "first.csv").read_text()
    with pytest.raises(CommandError, match="Nobody new asked"):
        export(tmp_path / "second.csv")
    assert not (tmp_path / "second.csv").exists()
    sign_and_confirm(petition, email="c@example.org", updates=True)
    assert len(export(tmp_path / "third.csv")) == 1
    assert len(export(tmp_path / "again.csv", again=True)) == 3
    written = io.StringIO()
    call_command(
        "open_contacts",
        str(tmp_path / "again.csv"),
        key=[str(key_file)],
        output=str(tmp_path / "addresses.csv"),
        stderr=written,
    )
    assert "3 addresses opened" in written.getvalue()
    with open(tmp_path / "addresses.csv", encoding="utf-8-sig", newline="") as file:
        addresses = {row["address"] for row in csv.DictReader(file)}
    assert addresses == {"a@example.org", "b@example.org", "c@example.org"}


def test_every_export_is_in_the_audit_trail(petition, key, tmp_path):
    """Promise 16: who, how many, and whether they were given before."""
    member = factories.make_member()
    sign_and_confirm(petition, updates=True)
    export(tmp_path / "first.csv", by=member.username)
    export(tmp_path / "again.csv", again=True)
    again, first = AuditEvent.objects.filter(verb="exported contacts")
    assert (first.by, first.details["quantity"], first.details["again"]) == (member, 1, False)
    assert (again.by, again.details["quantity"], again.details["again"]) == (None, 1, True)
    officer = factories.make_member("delivery")
    with pytest.raises(CommandError, match="may not export contacts"):
        export(tmp_path / "officer.csv", by=officer.username, again=True)


def test_a_file_that_cannot_be_written_marks_nothing(petition, key, tmp_path, monkeypatch):
    sign_and_confirm(petition, updates=True)
    with pytest.raises(CommandError, match="Cannot write"):
        export(tmp_path / "missing" / "boxes.csv")
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        export(tmp_path / "there.csv")
    assert (tmp_path / "there.csv").read_text() == "mine"

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(subscriptions.os, "fsync", full)
    with pytest.raises(CommandError, match=r"No space left.*Nothing was exported"):
        export(tmp_path / "full.csv")
    assert not (tmp_path / "full.csv").exists()
    assert Subscription.objects.waiting().count() == 1
    assert not AuditEvent.objects.filter(verb="exported contacts").exists()


@pytest.mark.django_db(transaction=True)
def test_two_exports_at_once_give_each_box_once(petition, key, tmp_path):
    for number in range(30):
        sign_and_confirm(petition, name=f"Amina {chr(65 + number)}", updates=True)
    Subscription.objects.update(made_on=localdate() - timedelta(days=1))  # to be stored again
    start = threading.Barrier(5)

    def run(work):
        try:
            start.wait()
            return work()
        except subscriptions.NothingToExport:
            return 0
        finally:
            connections.close_all()

    calls = [lambda n=n: subscriptions.export(tmp_path / f"{n}.csv") for n in range(3)]
    calls += [subscriptions.tidy, lambda: sign_and_confirm(petition, updates=True) and 0]
    with ThreadPoolExecutor(5) as pool:
        numbers = list(pool.map(run, calls))
    boxes = []
    for file in tmp_path.glob("*.csv"):
        with open(file, newline="") as opened_file:
            boxes += [row["box"] for row in csv.DictReader(opened_file)]
    assert len(boxes) == len(set(boxes)) == sum(numbers)
    assert len(boxes) + Subscription.objects.waiting().count() == 31


def test_boxes_are_not_kept_for_ever(petition, key, tmp_path):
    """Promise 11: 30 days after their export, and two years in any case."""
    today = localdate()
    for moment, day in (
        (now() - timedelta(days=31), today),
        (now() - timedelta(days=29), today),
        (None, today - timedelta(days=731)),
        (None, today - timedelta(days=700)),
    ):
        sign_and_confirm(petition, updates=True)
        newest = Subscription.objects.filter(exported_at=None, made_on=today, mixed=False)
        newest.update(exported_at=moment, made_on=day, mixed=True)
    assert subscriptions.tidy() == 2
    assert Subscription.objects.count() == 2


def test_keys_with_boxes_are_not_deleted(petition, key):
    sign_and_confirm(petition, updates=True)
    with pytest.raises(ProtectedError):
        ContactKey.objects.all().delete()
