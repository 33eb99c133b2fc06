import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from campaign_site.demonstration.drawings import door
from campaign_site.models import AuditEvent
from petitions import counting
from petitions.models import LedgerEntry
from tests import factories
from tests.staff.forms import fill_in, text

ADD = "/admin/petitions/ledgerentry/add/"
pytestmark = pytest.mark.django_db


def batch(petition, **typed):
    return {
        "petition": petition.pk,
        "kind": "paper",
        "quantity": 100,
        "source": "Market of Lund",
        "date": "3 May 2026",
        "evidence": "4 sheets in folder 12",
        "sure": "on",
    } | typed


def test_paper_counts_at_once(campaigner, petition):
    assert fill_in(campaigner, ADD, **batch(petition)).status_code == 302
    assert factories.fresh(petition).numbers.total == 100
    entry = LedgerEntry.objects.get()
    assert (entry.approved_by, entry.date) == (campaigner.member, "2026-05-03")
    assert AuditEvent.objects.get().verb == "counted elsewhere"
    page = text(campaigner.get(reverse("admin:petitions_ledgerentry_change", args=[entry.pk])))
    assert "100 counted. The count is now 100." in page
    assert "At least" not in page


def test_same_batch_twice_is_refused_with_a_sentence(campaigner, petition):
    fill_in(campaigner, ADD, **batch(petition))
    refused = fill_in(campaigner, ADD, **batch(petition))
    assert refused.status_code == 200
    assert "The same number from the same source on the same date" in text(refused)
    assert "4 sheets in folder 12" in text(refused)
    assert factories.fresh(petition).numbers.total == 100


@pytest.mark.parametrize(
    "typed", [{"quantity": "0"}, {"quantity": "-5"}, {"quantity": "10000001"}, {"sure": ""}]
)
def test_wrong_entry_counts_nothing(campaigner, petition, typed):
    assert fill_in(campaigner, ADD, **batch(petition, **typed)).status_code == 200
    assert factories.fresh(petition).numbers.total == 0


def test_no_number_is_too_large_to_be_shown(client, petition):
    factories.sign_and_confirm(petition)
    for _twice in range(2):
        counting.add(petition.pk, ledger=2**31 - 1)
    assert "4,294,967,295" in text(client.get("/petitions/"))
    with pytest.raises(IntegrityError, match="ledger_entry_counts"):
        LedgerEntry.objects.create(
            petition=petition,
            kind="paper",
            quantity=10_000_001,
            source="Lund",
            evidence="Folder 12",
        )


def test_an_entry_is_proved_by_a_photo_or_in_words(campaigner, petition):
    refused = fill_in(campaigner, ADD, **batch(petition, evidence=""))
    assert "Please add a photo, or say what proves it." in text(refused)
    with pytest.raises(IntegrityError, match="ledger_entry_is_proved"), transaction.atomic():
        LedgerEntry.objects.create(
            petition=petition, kind="paper", quantity=1, source="Lund", date="2026"
        )
    photo = SimpleUploadedFile("sheets.png", door())
    shown = batch(petition, evidence="", evidence_upload=photo)
    assert fill_in(campaigner, ADD, **shown).status_code == 302
    assert factories.fresh(petition).numbers.total == 100


def test_erased_names_are_not_entered_by_hand(campaigner, petition):
    assert fill_in(campaigner, ADD, **batch(petition, kind="erased")).status_code == 200
    assert not LedgerEntry.objects.exists()


def test_an_entry_is_never_changed_or_deleted(administrator, petition):
    fill_in(administrator, ADD, **batch(petition))
    entry = LedgerEntry.objects.get()
    change = reverse("admin:petitions_ledgerentry_change", args=[entry.pk])
    assert administrator.get(change).status_code == 200
    assert administrator.post(change, batch(petition, quantity=1)).status_code == 403
    delete = reverse("admin:petitions_ledgerentry_delete", args=[entry.pk])
    assert administrator.post(delete, {"post": "yes"}).status_code == 403
    assert LedgerEntry.objects.get().quantity == 100
