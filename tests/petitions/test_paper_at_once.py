"""Two people at the same sheets at the same moment (promises 15 and 18)."""

import contextlib

import pytest

from petitions import batches, counting, deliveries, signing
from petitions.models import Delivered, LedgerEntry, PaperBatch, Signature
from tests.factories import confirm, fresh, make_petition, sign
from tests.petitions.test_imports import GOOD, count, entry
from tests.petitions.test_many_at_once import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_same_file_imported_by_two_at_once_counts_once():
    petition = make_petition()
    results = together(
        *[lambda number=number: count(petition, source=f"Desk {number}") for number in range(4)]
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(result) for result in refused] == [batches.SameNames] * 3
    assert fresh(petition).numbers.confirmed == Signature.objects.count() == len(GOOD)
    assert PaperBatch.objects.count() == 1
    assert not counting.recount(petition)


def test_same_paper_with_and_without_names_at_once_counts_once():
    for _round in range(10):
        petition = make_petition()
        together(
            lambda petition=petition: count(petition),
            lambda petition=petition: counting.enter(entry(petition)),
        )
        assert fresh(petition).numbers.total == len(GOOD)
        assert PaperBatch.objects.count() + LedgerEntry.objects.count() == _round + 1


def test_batch_undone_by_two_at_once_falls_once():
    petition = make_petition()
    batch = count(petition)
    assert sorted(together(*[lambda: batches.undo(batch)] * 4)) == [False] * 3 + [True]
    assert fresh(petition).numbers.confirmed == 0
    assert not counting.recount(petition)


def test_entry_undone_by_two_at_once_falls_once():
    petition = make_petition()
    made = entry(petition)
    counting.enter(made)
    assert sorted(together(*[lambda: counting.undo(made)] * 4)) == [False] * 3 + [True]
    assert fresh(petition).numbers.total == 0


def test_batch_undone_while_a_list_is_made_and_people_sign():
    """Either its names are on the list and blanked there, or on none; the count is right."""
    for _round in range(8):
        petition = make_petition()
        government = petition.targets.get().government
        batch = count(petition)
        attempts = [sign(petition) for _ in range(3)]

        def prepare(petition=petition, government=government):
            with contextlib.suppress(deliveries.NothingToDeliver):
                deliveries.prepare(petition, government)

        results = together(
            lambda batch=batch: batches.undo(batch),
            prepare,
            lambda attempts=attempts: [confirm(pending) for pending in attempts],
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert not Signature.objects.filter(batch=batch, state="confirmed").exists()
        assert not Signature.objects.filter(batch=batch).exclude(name="").exists()
        assert fresh(petition).numbers.confirmed == 3
        assert not counting.recount(petition)
    listed = Delivered.objects.filter(signature__isnull=True)
    assert not listed.exists()


def test_undone_while_one_of_its_names_is_taken_away():
    petition = make_petition()
    for _round in range(8):
        batch = count(petition)
        one = batch.signatures.first()
        together(lambda batch=batch: batches.undo(batch), lambda one=one: signing.remove(one.pk))
        assert fresh(petition).numbers.confirmed == 0
        assert not counting.recount(petition)


def test_first_names_and_first_confirmation_at_once():
    """Promise 2: both find the same petition, frozen once."""
    for _round in range(5):
        petition = make_petition()
        pending = sign(petition)
        together(lambda p=petition: count(p), lambda pending=pending: confirm(pending))
        assert fresh(petition).numbers.confirmed == len(GOOD) + 1
        assert fresh(petition).frozen
