"""Administrators see in words whether mail, keys and the erasing of names work."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from campaign_site import outbox
from campaign_site.management.commands import worker
from campaign_site.models import Heartbeat, OutboxMessage
from petitions import retention
from petitions.models import PendingSignature, Petition, Signature
from tests import factories
from tests.factories import fresh, make_petition, sign, sign_and_confirm

pytestmark = pytest.mark.django_db
PAGE = "/admin/campaign_site/heartbeat/"


@pytest.fixture(autouse=True)
def private(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "private"
    settings.PRIVATE_ROOT.mkdir()


@pytest.fixture
def health(client):
    client.force_login(factories.make_member("administrator"))
    return lambda: client.get(PAGE).content.decode()


def test_a_fresh_site_says_that_nothing_runs(health):
    page = health()
    assert "The worker was never seen" in page
    assert "Names were never looked through" in page


def test_after_one_round_all_is_well(health):
    worker.periodic_work()
    page = health()
    assert "Look at this" not in page
    for sentence in (
        "The worker is running",
        "No mail is waiting.",
        "SIGNER_KEY is the one",
        "ids outside the database can be written",
        "0 were erased",
        "Kept longer than promised: 0",
    ):
        assert sentence in page, sentence


def test_one_round_does_everything_that_is_due(petition):
    """Promise 11: reminder, expiry, mails, purge and the look for what is left, in one round."""
    reminded, expired = sign(petition), sign(petition)
    long_ago = sign_and_confirm(make_petition())
    factories.send_mails()
    for pending, hours in ((reminded, 48), (expired, 24 * 8)):
        PendingSignature.objects.filter(pk=pending.pk).update(
            created_at=now() - timedelta(hours=hours)
        )
    Petition.objects.filter(pk=long_ago.petition_id).update(closes_at=now() - timedelta(days=90))
    worker.periodic_work()
    assert PendingSignature.objects.get().pk == reminded.pk
    assert OutboxMessage.objects.filter(kind=OutboxMessage.Kind.REMINDER).count() == 1
    assert not Signature.objects.exists()
    assert fresh(long_ago.petition).numbers.total == 1
    figures = {heart.name: heart.figures for heart in Heartbeat.objects.all()}
    assert figures["purge"] == {"erased": 1, "failed": 0, "files": 0}
    assert set(figures["policy"].values()) == {0}


def test_purge_is_done_once_a_day(petition, monkeypatch):
    rounds = []
    monkeypatch.setitem(worker.ONCE_A_DAY, "purge", lambda: rounds.append(1) or {})
    worker.periodic_work()
    worker.periodic_work()
    assert len(rounds) == 1
    Heartbeat.objects.filter(name="purge").update(ran_at=now() - timedelta(days=1))
    worker.periodic_work()
    assert len(rounds) == 2


def test_a_job_that_fails_stops_no_other_and_is_seen(health, petition, monkeypatch, caplog):
    """Promise 11: and nothing of the error but its kind is kept."""
    sign_and_confirm(petition)
    Petition.objects.update(closes_at=now() - timedelta(days=91))

    def fails():
        raise ValueError("amina@example.org")

    monkeypatch.setitem(worker.EVERY_ROUND, "reminders", fails)
    worker.periodic_work()
    assert not Signature.objects.exists()
    page = health()
    assert "Sending reminders failed (ValueError); it last went well: never." in page
    assert "amina" not in page + caplog.text
    monkeypatch.undo()
    worker.periodic_work()
    assert "failed" not in health()


def test_whatever_fails_the_worker_goes_on(monkeypatch, caplog):
    """Promise 20: nobody starts its threads again."""

    def fails():
        raise FileNotFoundError("amina@example.org")

    monkeypatch.setattr(worker.connection, "close", lambda: None)
    assert worker._surviving(fails) is None
    assert caplog.messages == ["fails failed: FileNotFoundError"]


def test_a_petition_that_cannot_be_purged_is_seen_and_tried_again(health, petition, monkeypatch):
    sign_and_confirm(petition)
    Petition.objects.update(closes_at=now() - timedelta(days=91))

    def fails(petition):
        raise ValueError

    monkeypatch.setattr(retention, "purge", fails)
    worker.periodic_work()
    page = health()
    assert "Erasing names after their time failed" in page
    assert "Kept longer than promised: 1" in page
    monkeypatch.undo()
    worker.periodic_work()
    assert Signature.objects.exists()  # not every minute
    Heartbeat.objects.update(ran_at=now() - timedelta(hours=2))
    worker.periodic_work()
    assert not Signature.objects.exists()


def test_a_stopped_worker_is_seen(health):
    worker.periodic_work()
    Heartbeat.objects.update(ran_at=now() - timedelta(minutes=10))
    assert "The worker was last seen on" in health()


def test_mails_that_wait_and_were_given_up_are_seen(health, petition):
    sign(petition)
    worker.periodic_work()
    assert "1 mail is waiting" in health()
    assert "Look at this" not in health()
    OutboxMessage.objects.update(due_at=now() - timedelta(hours=1))
    assert "Look at this" in health()
    OutboxMessage.objects.update(created_at=now() - timedelta(days=2))
    outbox.give_up_old()
    assert "1 mail of the last seven days could not be sent" in health()


def test_a_missing_place_for_erasures_is_seen(health, settings, tmp_path):
    worker.periodic_work()
    settings.PRIVATE_ROOT = tmp_path / "missing"
    assert "The list of erased ids cannot be written." in health()


@pytest.mark.parametrize("role", ["campaigner", "translator", "delivery"])
def test_health_is_for_administrators(client, role):
    """Promise 17."""
    client.force_login(factories.make_member(role))
    assert client.get(PAGE).status_code == 403
    assert "Health" not in client.get("/admin/").content.decode()
