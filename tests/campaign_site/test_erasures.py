"""Who was erased stays erased, whatever backup is restored."""

import stat
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils.timezone import localdate, now

from campaign_site import erasures
from petitions import counting, deliveries, retention, signing
from petitions.models import (
    Delivered,
    LedgerEntry,
    PendingSignature,
    Petition,
    PetitionCount,
    Signature,
)
from tests.factories import confirm, fresh, make_petition, sign, sign_and_confirm

pytestmark = pytest.mark.django_db
KEPT = (Signature, Delivered, PendingSignature, LedgerEntry, PetitionCount)


@pytest.fixture(autouse=True)
def private(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "private"
    return settings.PRIVATE_ROOT


def backup():
    return {model: list(model.objects.all()) for model in KEPT}


def restore(rows):
    for model in reversed(KEPT):
        model.objects.all().delete()
    for model in KEPT:
        # Through the manager: times and counts as they were, not as new ones.
        model.objects.bulk_create(rows[model])


def test_only_we_can_read_it(private, petition):
    """Promise 8: random ids and days, and nothing of anybody."""
    signature = sign_and_confirm(petition, email="amina@example.org")
    signing.remove(signature.pk)
    [file] = private.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{localdate()} removed {signature.pk}\n"


def test_who_left_does_not_come_back(petition):
    """Promise 21: removed, unnamed, forgotten and purged people, with the counts right."""
    other = make_petition()
    stays = sign_and_confirm(petition, name="Stays")
    listed, unnamed = (sign_and_confirm(petition) for _ in range(2))
    forgotten = sign_and_confirm(other, email="amina@example.org")
    taken_out = sign_and_confirm(make_petition(), email="Amina@example.org")
    Signature.objects.filter(pk=taken_out.pk).update(state=Signature.State.INVALIDATED)
    counting.add(taken_out.petition_id, -1)
    attempt = sign(other, email="amina@example.org")
    later = sign(petition)
    deliveries.prepare(petition, petition.targets.get().government)
    removed = sign_and_confirm(petition)
    purged = make_petition()
    for _ in range(3):
        sign_and_confirm(purged)
    last_night = backup()

    signing.remove(removed.pk)
    signing.remove(listed.pk)
    signing.count_only(unnamed.pk)
    retention.forget("amina@example.org")
    confirm(later)
    signing.remove(later.pk)
    Petition.objects.filter(pk=purged.pk).update(closes_at=now() - timedelta(days=91))
    retention.purge(purged)
    wanted = state()

    restore(last_night)
    assert state() != wanted
    done = retention.replay()
    assert done == {"removed": 3, "unnamed": 1, "forgotten": 3, "purged": 3}
    assert state() == wanted
    assert not Signature.objects.filter(pk__in=[removed.pk, forgotten.pk, taken_out.pk]).exists()
    assert not PendingSignature.objects.filter(pk__in=[attempt.pk, later.pk]).exists()
    assert Signature.objects.get(pk=stays.pk).name == "Stays"
    for each in Petition.objects.all():
        assert not counting.recount(each)


def state():
    """Everything that a signer would notice."""
    return (
        sorted(
            (str(row.pk), row.state, row.name, row.city, row.digest and bytes(row.digest))
            for row in Signature.objects.all()
        ),
        sorted(PendingSignature.objects.values_list("pk", flat=True)),
        sorted(LedgerEntry.objects.values_list("petition", "kind", "quantity", "date")),
        sorted(PetitionCount.objects.values_list("petition", "confirmed", "ledger")),
        sorted(Delivered.objects.values_list("signature", "government", "position")),
    )


def test_replayed_twice_is_as_good_as_once(petition):
    signature = sign_and_confirm(petition)
    sign_and_confirm(petition)
    last_night = backup()
    signing.remove(signature.pk)
    restore(last_night)
    retention.replay()
    once = state()
    assert retention.replay() == dict.fromkeys(erasures.KINDS, 0)
    assert state() == once
    assert fresh(petition).numbers.confirmed == 1


def test_purged_people_keep_their_day(petition, private):
    """The entry says when the names were erased, not when a backup was restored."""
    signature = sign_and_confirm(petition)
    private.mkdir()
    day = localdate() - timedelta(days=3)
    (private / f"erasures-{day:%Y-%m}.log").write_text(f"{day} purged {signature.pk}\n")
    assert retention.replay()["purged"] == 1
    assert LedgerEntry.objects.get().date == day.isoformat()
    assert fresh(petition).numbers.total == 1


def test_a_line_that_broke_off_spoils_no_other(private):
    private.mkdir()
    first, second = uuid4(), uuid4()
    (private / "erasures-2026-01.log").write_text(
        f"2026-01-02 removed {first}\n2026-01-03 removed {str(first)[:7]}"
        f"2026-01-03 removed {second}\n2026-01-04 remo"
    )
    assert list(erasures.lines()) == [
        (date(2026, 1, 2), "removed", first),
        (date(2026, 1, 3), "removed", second),
    ]


def test_without_a_place_to_write_people_are_still_erased(petition, private, caplog):
    """Promise 10: that cannot wait. It is said in the log and under Health."""
    private.parent.joinpath("private").write_text("a file where the folder should be")
    signature = sign_and_confirm(petition)
    signing.remove(signature.pk)
    assert not Signature.objects.exists()
    assert "erasure log cannot be written" in caplog.text
    assert str(signature.pk) not in caplog.text
    assert not erasures.can_be_written()


def test_old_months_are_forgotten(private):
    """Promise 11: no longer than any backup reaches back."""
    private.mkdir()
    today = localdate()
    for days in (0, 59, 120):
        day = today - timedelta(days=days)
        (private / f"erasures-{day:%Y-%m}.log").write_text(f"{day} removed {UUID(int=days)}\n")
    assert erasures.forget_old() == 1
    assert {public_id.int for _day, _kind, public_id in erasures.lines()} == {0, 59}
