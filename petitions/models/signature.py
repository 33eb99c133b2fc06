import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaign_site.models import ContactKey
from petitions.models.invalidation import Invalidation
from petitions.models.paper import PaperBatch
from petitions.models.petition import Petition, two_years_after

HOUSEHOLD = 5  # people who may share one mailbox
NAME_KEY, CITY_KEY = 300, 200  # characters


class PendingSignature(models.Model):
    """One attempt to sign. It counts nothing until its mailbox confirms it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    petition = models.ForeignKey(Petition, models.CASCADE, related_name="pending")
    created_at = models.DateTimeField(auto_now_add=True)
    name = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=60, blank=True)
    deliver = models.BooleanField()
    language = models.CharField(max_length=10)
    digest = models.BinaryField()
    domain_digest = models.BinaryField()
    code_digest = models.BinaryField(unique=True)
    # Encrypted under a key outside the database; gone when confirmed, refused or after 48 hours.
    address = models.BinaryField(null=True)
    # For who asked for updates: the address, sealed so that only the organisation can open it.
    updates_box = models.BinaryField(null=True)
    updates_key = models.ForeignKey(
        ContactKey, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(deliver=True) | Q(name="", city=""), name="pending_unnamed_is_empty"
            ),
            models.CheckConstraint(
                condition=Q(updates_box=None, updates_key=None)
                | Q(updates_box__isnull=False, updates_key__isnull=False),
                name="pending_box_has_its_key",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="pending_by_age"),
            models.Index(fields=["digest"], name="pending_by_mailbox"),
        ]

    def __str__(self):
        return "attempt to sign"


class SignatureQuerySet(models.QuerySet):
    def confirmed(self):
        return self.filter(state=Signature.State.CONFIRMED)

    def waiting_for_review(self):
        """Counted, and on no list until staff release them."""
        return self.confirmed().filter(deliver=True, held=True)

    def insert_once(self, **values) -> bool:
        """Insert unless it, or the same person from the same mailbox, is there. True if inserted.

        One statement: the unique constraints decide, whoever else is confirming now.
        """
        signature = Signature(**values)
        fields = list(Signature._meta.concrete_fields)
        columns = ", ".join(f'"{field.column}"' for field in fields)
        places = ", ".join(f"%s::{field.db_type(connection).split('(')[0]}" for field in fields)
        row = [
            field.get_db_prep_save(field.pre_save(signature, add=True), connection)
            for field in fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{Signature._meta.db_table}" ({columns}) VALUES ({places}) '  # noqa: S608
                "ON CONFLICT DO NOTHING RETURNING id",
                row,
            )
            return cursor.fetchone() is not None


class Signature(models.Model):
    """One person under one petition. The id is random, so it tells no order."""

    class State(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        INVALIDATED = "invalidated", _("invalidated")
        # The empty row of somebody who left after a list was made: it keeps the numbers right.
        REMOVED = "removed", _("removed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    petition = models.ForeignKey(Petition, models.PROTECT, related_name="signatures")
    state = models.CharField(max_length=11, choices=State, default=State.CONFIRMED)
    deliver = models.BooleanField()
    held = models.BooleanField(default=False)
    held_reason = models.CharField(max_length=30, blank=True)
    # Exactly as typed. The keys are for comparing and sorting only.
    name = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=60, blank=True)
    name_key = models.CharField(max_length=NAME_KEY, null=True, db_collation="C")  # noqa: DJ001 NULL never conflicts
    city_key = models.CharField(max_length=CITY_KEY, blank=True, db_collation="C")
    digest = models.BinaryField(null=True)
    domain_digest = models.BinaryField(null=True)
    code_digest = models.BinaryField(null=True, unique=True)
    person = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=10)
    signed_on = models.DateField()
    # The batch by which staff took it out of the count.
    invalidation = models.ForeignKey(
        Invalidation, models.PROTECT, null=True, related_name="signatures", db_index=False
    )
    # The batch with which it came on paper. There is no mailbox behind it.
    batch = models.ForeignKey(
        PaperBatch, models.PROTECT, null=True, related_name="signatures", db_index=False
    )

    objects = SignatureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "digest", "person"], name="signature_person_once"
            ),
            models.UniqueConstraint(
                fields=["petition", "digest", "name_key"], name="signature_name_once"
            ),
            models.CheckConstraint(
                condition=Q(person__gte=1, person__lte=HOUSEHOLD), name="signature_household"
            ),
            models.CheckConstraint(
                condition=Q(deliver=True) | Q(name="", city="", name_key=None, city_key=""),
                name="signature_unnamed_is_empty",
            ),
            models.CheckConstraint(
                condition=~Q(deliver=True, state="confirmed") | (~Q(name="") & ~Q(city="")),
                name="signature_listed_has_name_and_city",
            ),
            models.CheckConstraint(
                condition=~Q(state="removed") | Q(deliver=False, digest=None),
                name="signature_removed_is_empty",
            ),
            models.CheckConstraint(
                condition=Q(batch=None) | Q(digest=None, domain_digest=None, code_digest=None),
                name="signature_on_paper_has_no_mailbox",
            ),
        ]
        indexes = [
            models.Index(fields=["petition"], condition=Q(held=True), name="signature_held"),
            models.Index(
                fields=["invalidation"],
                condition=Q(invalidation__isnull=False),
                name="signature_by_invalidation",
            ),
            models.Index(
                fields=["batch"],
                condition=Q(batch__isnull=False),
                name="signature_by_batch",
            ),
            # Rows come in the order of days, so a few pages say where a day is: for the last week
            # on the first page of staff, and for those whose time is over.
            BrinIndex(fields=["signed_on"], name="signature_by_day"),
        ]

    def __str__(self):
        # The admin log and error reports keep this for ever: no name, no id.
        return "signature"

    @property
    def is_counted(self):
        return self.state == self.State.CONFIRMED

    @property
    def goes_on(self):
        """The day on which it is erased, if its owner does not do so before."""
        days = (two_years_after(self.signed_on), self.petition.all_names_go_on)
        return min(filter(None, days))


class HeldName(Signature):
    """A signature that waits for review: the only ones whose names staff see."""

    class Meta:
        proxy = True
        verbose_name = _("name to review")
        verbose_name_plural = _("names to review")
