import hashlib
import json
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.contrib.postgres.aggregates import BoolOr
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import languages
from campaign_site.partial_dates import PartialDateField
from campaign_site.pictures import Illustrated, largest
from campaign_site.publishing import NonEmptyStrings, Publishable, PublishableQuerySet
from campaign_site.searching import Searchable
from campaign_site.translations import Translatable
from campaigns.models import Addressee, Campaign, Government, Profile

CONFIRMATIONS_AFTER_CLOSING = timedelta(days=7)
# What the pages say about it: names go so long after the end, and never later than two years
# after they were confirmed.
NAMES_AFTER_CLOSING = timedelta(days=90)
# What can be reckoned with: the last days of the calendar have no day 90 days later.
OUR_TIME = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
FROZEN_PARTS = ("title", "salutation", "letter", "demands", "promise", "language")


def two_years_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 2)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 2, day=28)


class PetitionQuerySet(PublishableQuerySet):
    def open(self):
        moment = now()
        return self.published().filter(
            Q(opens_at=None) | Q(opens_at__lte=moment), Q(closes_at=None) | Q(closes_at__gt=moment)
        )

    def for_cards(self):
        """The most signed first; one that nobody has signed has no count row yet."""
        most_signed = (models.F("count__confirmed") + models.F("count__ledger")).desc(
            nulls_last=True
        )
        return (
            self.select_related("count")
            .prefetch_related(
                models.Prefetch("targets", Target.objects.select_related("government"))
            )
            .order_by(most_signed, "title")
        )


class Petition(Publishable, Illustrated, Translatable, Searchable):
    """A letter that people sign. Its first confirmed signature freezes what they signed."""

    translatable = (
        # As translators meet them: what is short first.
        *("title", "summary", "demands", "promise", "salutation", "letter", "outcome"),
        "photo_alt",
    )
    # Not the outcome: it may be written before the petition closes.
    searched = ("title", "summary", "demands", "letter")

    campaign = models.ForeignKey(
        Campaign,
        models.PROTECT,
        verbose_name=_("campaign"),
        related_name="petitions",
        help_text=_("The story this belongs to; its organisations stand under “Who asks”."),
    )
    profiles = models.ManyToManyField(
        Profile,
        verbose_name=_("for whom"),
        blank=True,
        related_name="petitions",
        help_text=_("The page tells who they are, as soon as their own page is public."),
    )
    title = models.CharField(
        _("title"),
        max_length=120,
        help_text=_(
            "At most 60 characters read best, for example “Free Marta Ilin and let her come home”."
        ),
    )
    summary = models.TextField(
        _("two sentences"),
        help_text=_(
            "Who, since when, what is wrong. They stand above everything else, for example “Marta "
            "Ilin has been in prison since March 2021 for an article. Her family may not see her.”"
        ),
    )
    salutation = models.CharField(
        _("salutation"), max_length=200, help_text=_("For example “Your Excellency,”.")
    )
    letter = models.TextField(
        _("letter"),
        help_text=_(
            "What signers say to the recipient. It ends where the demands begin, for example with "
            "“I therefore ask you to:”"
        ),
    )
    demands = models.JSONField(
        _("demands"),
        default=list,
        validators=[NonEmptyStrings(most=12)],
        help_text=_("One a line, for example “Set Marta Ilin free without delay.”"),
    )
    promise = models.TextField(
        _("promise"),
        max_length=500,
        help_text=_(
            "What signers are told about the list. Leave it empty to get our sentence "
            "with all recipients: “The list for the … shows your name and city, as you type "
            "them, and nothing else.”"
        ),
        blank=True,
    )
    governments = models.ManyToManyField(
        Government, verbose_name=_("recipients"), through="Target", related_name="petitions"
    )
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    outcome = models.TextField(
        _("what came of it"),
        blank=True,
        help_text=_("Shown once the petition is closed, for example “She is home.”"),
    )
    goal = models.PositiveIntegerField(
        _("goal"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For example 1000."),
    )
    show_count_from = models.PositiveIntegerField(
        _("show the number from"), default=10, help_text=_("Below it: “Be among the first.”")
    )
    discreet = models.BooleanField(
        _("discreet mails"), default=True, help_text=_("Mails do not say what was signed.")
    )
    high_risk = models.BooleanField(
        _("high risk"),
        default=False,
        help_text=_("Addresses are not kept for a reminder: they are erased with the first mail."),
    )
    slow_lane = models.BooleanField(
        _("slow lane"), default=False, help_text=_("Mails wait a while, against a wave of abuse.")
    )
    # As `pictures.store` says; its words are its own, so a copy of the petition has none.
    share_image = models.JSONField(_("share image"), null=True, blank=True, editable=False)
    # Set by the transaction that inserts the first signature, and never unset.
    frozen = models.DateTimeField(_("frozen since"), null=True, editable=False)

    objects = PetitionQuerySet.as_manager()

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("petition")
        verbose_name_plural = _("petitions")
        ordering = ["title"]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(closes_at=None)
                | Q(opens_at=None)
                | Q(closes_at__gt=models.F("opens_at")),
                name="petition_closes_after_opening",
                violation_error_message=_("A petition closes after it opens."),
            ),
            models.CheckConstraint(
                condition=Q(opens_at__range=OUR_TIME, closes_at__range=OUR_TIME),
                name="petition_in_our_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | (~Q(promise="") & ~Q(letter="") & ~Q(demands=[])),
                name="petition_published_complete",
                violation_error_message=_(
                    "A published petition has a letter, at least one demand and the promise."
                ),
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("petitions:petition", args=[self.slug])

    @property
    def picture_to_share(self):
        return largest(self.share_image) if self.share_image else super().picture_to_share

    @property
    def not_open_yet(self):
        return bool(self.opens_at and self.opens_at > now())

    @property
    def is_closed(self):
        return bool(self.closes_at and self.closes_at <= now())

    @property
    def is_open(self):
        return self.is_published and not self.not_open_yet and not self.is_closed

    @property
    def takes_confirmations(self):
        """Whoever signed in time may still confirm for a week."""
        return (
            self.is_published
            and not self.not_open_yet
            and (not self.closes_at or now() < self.closes_at + CONFIRMATIONS_AFTER_CLOSING)
        )

    @property
    def closed_on(self):
        return localdate(self.closes_at) if self.is_closed else None

    @property
    def all_names_go_on(self):
        """The day on which no name is left. None while nobody knows when it closes."""
        return localdate(self.closes_at) + NAMES_AFTER_CLOSING if self.closes_at else None

    @property
    def names_have_gone(self):
        return self.closes_at is not None and self.all_names_go_on < localdate()

    @property
    def names_of_today_go_on(self):
        """The day on which whoever confirms today is erased at the latest."""
        return min(filter(None, (two_years_after(localdate()), self.all_names_go_on)))

    @property
    def numbers(self):
        """The count row; zeros where nobody has signed yet."""
        try:
            return self.count
        except PetitionCount.DoesNotExist:
            return PetitionCount(petition=self)

    @property
    def counted_elsewhere(self):
        """What the ledger is made of: [(words for the kind, how many, whether at least), …]."""
        kinds = self.ledger_entries.counted().order_by("kind").values_list("kind")
        rows = kinds.annotate(people=Sum("quantity"), more=BoolOr("at_least"))
        words = dict(LedgerEntry.Kind.choices)
        words[LedgerEntry.Kind.ERASED] = gettext("counted here long ago, names erased since")
        return [(words[kind], people, more) for kind, people, more in rows]

    @property
    def addressees(self):
        return [target.addressee for target in self.targets.all() if target.addressee]

    @property
    def recipients(self):
        """The names of all governments, as a sentence has them: “A, B and C”."""
        names = [target.government.say("name").text for target in self.targets.all()]
        if len(names) < 2:
            return "".join(names)
        return gettext("%(all_but_last)s and %(last)s") % {
            "all_but_last": gettext(", ").join(names[:-1]),
            "last": names[-1],
        }

    @property
    def default_promise(self):
        return gettext(
            "The list for the %(governments)s shows your name and city, as you type them, "
            "and nothing else."
        ) % {"governments": self.recipients}

    def can_be_signed_in(self, code: str) -> bool:
        """Nobody is asked to sign what stands before them in part in another language."""
        if code == self.language:
            return True
        return (
            languages.KNOWN[code].has_catalogue
            and self.is_published_in(code)
            and not {"title", "salutation", "letter", "demands", "promise"}
            & set(self.missing_in(code))
        )

    has_page_in = can_be_signed_in

    @property
    def languages_to_sign_in(self) -> set[str]:
        return {code for code in languages.KNOWN if self.can_be_signed_in(code)}

    def frozen_digest(self):
        """A digest of what a signer reads and signs: hex, 64 characters."""
        parts = {part: getattr(self, part) for part in FROZEN_PARTS}
        parts["governments"] = sorted(target.government_id for target in self.targets.all())
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Target(models.Model):
    """A government that the petition is for: only it ever gets the list."""

    petition = models.ForeignKey(Petition, models.CASCADE, related_name="targets")
    government = models.ForeignKey(
        Government,
        models.PROTECT,
        verbose_name=_("recipient"),
        related_name="targets",
        help_text=_("Only who stands here ever gets the list."),
    )
    addressee = models.ForeignKey(
        Addressee,
        models.PROTECT,
        verbose_name=_("addressee"),
        null=True,
        blank=True,
        related_name="+",
    )
    names_close_on = models.DateField(
        _("names close on"),
        null=True,
        blank=True,
        help_text=_("Public: who confirms until then is on the next list. For example 2027-05-03."),
    )

    # A large list that the worker is about to make: {"by": member's id, …options of prepare}.
    preparing = models.JSONField(null=True, editable=False)
    preparing_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("recipient of this petition")
        verbose_name_plural = _("recipients of this petition")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "government"], name="target_government_once"
            )
        ]

    def __str__(self):
        return str(self.government)


class PetitionCount(models.Model):
    """The stored count, one narrow row per petition, changed only by `petitions.counting`."""

    petition = models.OneToOneField(
        Petition, models.CASCADE, primary_key=True, related_name="count"
    )
    confirmed = models.IntegerField(default=0)
    # Entries are large and as many as staff like; wide enough that no sum of both is too large.
    ledger = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed__gte=0, ledger__gte=0), name="count_never_negative"
            )
        ]

    def __str__(self):
        return str(self.total)

    @property
    def total(self):
        return self.confirmed + self.ledger


MOST_ELSEWHERE = 10_000_000  # more than any petition had: a slip of the fingers


class LedgerEntryQuerySet(models.QuerySet):
    def counted(self):
        return self.filter(undone_at=None)


class LedgerEntry(models.Model):
    """Signatures counted elsewhere, without names. Whoever enters it, approves it."""

    class Kind(models.TextChoices):
        OFFSET = "offset", _("counted before, elsewhere")
        PAPER = "paper", _("on paper, without names")
        PARTNER = "partner", _("by a partner")
        ERASED = "erased", _("names erased after their time")

    petition = models.ForeignKey(
        Petition,
        models.PROTECT,
        verbose_name=_("petition"),
        related_name="ledger_entries",
        help_text=_("Whose number rises."),
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=Kind, help_text=_("Where they were counted.")
    )
    quantity = models.PositiveIntegerField(
        _("how many"),
        validators=[MinValueValidator(1), MaxValueValidator(MOST_ELSEWHERE)],
        help_text=_("For example 100."),
    )
    at_least = models.BooleanField(
        _("at least"), default=False, help_text=_("The true number may be higher.")
    )
    source = models.CharField(
        _("source"), max_length=200, help_text=_("For example “Signing table, market of Lund”.")
    )
    date = PartialDateField(_("date"))
    evidence = models.TextField(
        _("evidence"),
        blank=True,
        help_text=_("What proves it, for example “4 sheets, in folder 12”."),
    )
    entered_at = models.DateTimeField(_("entered"), auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("approved by"),
        null=True,
        related_name="+",
    )
    # A photograph or scan under PRIVATE_ROOT, shown to staff only.
    evidence_file = models.CharField(
        _("photo or scan"), max_length=80, blank=True, db_default="", editable=False
    )
    undone_at = models.DateTimeField(_("undone"), null=True, editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("undone by"),
        null=True,
        editable=False,
        related_name="+",
    )

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry “counted elsewhere”")
        verbose_name_plural = _("counted elsewhere")
        ordering = ["-entered_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "source", "date", "quantity"],
                condition=Q(undone_at=None),
                name="ledger_entry_once",
                violation_error_message=_(
                    "The same number from the same source on the same date is counted already."
                ),
            ),
            # The batches of a day's purge join in one entry.
            models.UniqueConstraint(
                fields=["petition", "date"],
                condition=Q(kind="erased"),
                name="ledger_erased_once_a_day",
            ),
            # However many are erased in a day, they stay counted.
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & (Q(quantity__lte=MOST_ELSEWHERE) | Q(kind="erased")),
                name="ledger_entry_counts",
            ),
            models.CheckConstraint(
                condition=~Q(evidence="") | ~Q(evidence_file=""), name="ledger_entry_is_proved"
            ),
            # What took the place of erased names cannot be taken back: nothing else counts them.
            models.CheckConstraint(
                condition=~Q(kind="erased") | Q(undone_at=None), name="ledger_erased_stays"
            ),
        ]

    def __str__(self):
        return f"{self.quantity}, {self.source}"
