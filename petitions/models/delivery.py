from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format, number_format
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from campaign_site.pictures import Illustrated
from campaigns.models import Government, Office
from petitions.models.petition import Petition
from petitions.models.signature import Signature


class DeliveryQuerySet(models.QuerySet):
    def standing(self):
        """Not cancelled."""
        return self.exclude(state=Delivery.State.CANCELLED)


class Delivery(models.Model):
    """A tranche: exactly these signatures, for this petition, for this government."""

    class State(models.TextChoices):
        PREPARED = "prepared", _("prepared")
        HANDED_OVER = "handed_over", _("handed over")
        CANCELLED = "cancelled", pgettext_lazy("of a list", "cancelled")

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="deliveries")
    government = models.ForeignKey(Government, models.PROTECT, related_name="deliveries")
    state = models.CharField(_("state"), max_length=11, choices=State, default=State.PREPARED)
    # Past deliveries keep their addressee, whoever holds the office later.
    addressee = models.CharField(_("addressee"), max_length=402)
    prepared_at = models.DateTimeField(_("prepared"), auto_now_add=True)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("prepared by"),
        null=True,
        related_name="+",
    )
    # The date on covers and prints: stored, so that a list made again has the same bytes.
    cover_date = models.DateField(_("date on the cover"), default=localdate)
    # Purge deletes signatures, so a delivery keeps its own figures.
    names = models.PositiveIntegerField(_("names on the list"), default=0)
    unnamed = models.PositiveIntegerField(_("asked not to be named"), default=0)
    held = models.PositiveIntegerField(_("waited for review"), default=0)
    # From this position on, places with few names carry no city. NULL: every row has its city.
    other_places_from = models.PositiveIntegerField(null=True)
    # The first position of each part. Empty: a new part every 5,000 names.
    part_starts = models.JSONField(default=list, editable=False)
    # Where each page begins, by layout and part: {"a4-2": {"1": [1, 96, …]}}. Written when such
    # paper is first made; from then on no page of it ever breaks elsewhere.
    page_starts = models.JSONField(default=dict, editable=False)
    reply_due = models.DateField(_("reply due"), null=True, blank=True)
    reply_received = models.DateField(_("reply received"), null=True, blank=True)
    reply_note = models.TextField(_("what they replied"), blank=True)
    # A name in the private folder of `petitions.evidence`; shown to staff only.
    reply_document = models.CharField(max_length=80, blank=True, editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("list")
        verbose_name_plural = _("lists and handovers")
        ordering = ["-prepared_at"]
        permissions = [("download_delivery", "Can download the list of a delivery")]

    def __str__(self):
        return f"{self.petition} → {self.government}, {self.cover_date}"

    @property
    def is_cancelled(self):
        return self.state == self.State.CANCELLED

    @property
    def reply_is_overdue(self):
        return bool(
            self.state == self.State.HANDED_OVER
            and self.reply_due
            and not self.reply_received
            and self.reply_due < localdate()
        )


class Delivered(models.Model):
    """That this government has been given this signature, and where it stands on which list."""

    pk = models.CompositePrimaryKey("signature_id", "government_id")
    # The database refuses to delete a signature that stands on a list; removal blanks it.
    signature = models.ForeignKey(Signature, models.DO_NOTHING, related_name="delivered")
    government = models.ForeignKey(
        Government, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, related_name="rows", db_constraint=False, db_index=False
    )
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "position"], name="delivered_position_once")
        ]

    def __str__(self):
        return "row of a list"


class HandoverQuerySet(models.QuerySet):
    def public(self):
        """With `is_last`: no later attempt of the same list is public."""
        published = Q(delivery__petition__state=Petition.State.PUBLISHED)
        later = Handover.objects.exclude(public_line="").filter(
            Q(on__gt=OuterRef("on")) | Q(on=OuterRef("on"), pk__gt=OuterRef("pk")),
            delivery=OuterRef("delivery"),
        )
        return (
            self.filter(published)
            .exclude(public_line="")
            .annotate(is_last=~Exists(later))
            .select_related("delivery__petition", "office__government")
        )


class Handover(Illustrated):
    """One attempt to hand a list to an office, and what happened at the door."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        RECEIVED = "received", _("received without a meeting")
        REFUSED = "refused", _("refused")
        LEFT = "left", _("left at the door")
        POSTED = "posted", _("posted")
        RETURNED = "returned", _("returned")
        UNKNOWN = "unknown", _("not known")

    class Method(models.TextChoices):
        VISIT = "visit", _("in person")
        POST = "post", _("by post")
        COURIER = "courier", _("by courier")
        ELECTRONIC = "electronic", _("electronically")

    # What makes a prepared list a handed-over one.
    DONE = (Outcome.ACCEPTED, Outcome.RECEIVED, Outcome.LEFT, Outcome.POSTED)

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="handovers")
    office = models.ForeignKey(
        Office, models.PROTECT, verbose_name=_("office"), related_name="handovers"
    )
    on = models.DateField(_("date"))
    method = models.CharField(_("how"), max_length=10, choices=Method, default=Method.VISIT)
    outcome = models.CharField(_("what happened"), max_length=10, choices=Outcome)
    carried_by = models.CharField(
        _("carried by"), max_length=200, blank=True, help_text=_("For us only.")
    )
    notes = models.TextField(_("notes"), blank=True, help_text=_("For us only."))
    public_line = models.CharField(
        _("public line"),
        max_length=300,
        blank=True,
        help_text=_(
            "What everybody may read, for example “1,204 names taken to the embassy in "
            "Ottawa. Refused at the door. Posted the same day.”"
        ),
    )

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        ordering = ["-on", "-pk"]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(condition=~Q(outcome=""), name="handover_has_outcome"),
        ]

    def __str__(self):
        return f"{self.on}: {self.get_outcome_display()}"

    @property
    def line_is_theirs(self) -> bool:
        """Whether the page speaks the language in which staff wrote the public line."""
        here, written = get_language() or "", self.delivery.petition.language
        return here.partition("-")[0] == written.partition("-")[0]

    @property
    def line(self) -> str:
        """The public line, as staff wrote it; on pages in another language in our words."""
        return self.public_line if self.line_is_theirs else self.in_words

    @property
    def reply_in_words(self) -> str:
        """What became of the answer that we asked for; only under the last attempt of a list."""
        delivery = self.delivery
        if not self.is_last:
            return ""
        if delivery.reply_received:
            return gettext("They replied on %(day)s.") % {
                "day": date_format(delivery.reply_received)
            }
        if delivery.reply_is_overdue:
            return gettext("We asked for a reply by %(day)s. None has come.") % {
                "day": date_format(delivery.reply_due)
            }
        if delivery.reply_due:
            return gettext("We asked for a reply by %(day)s.") % {
                "day": date_format(delivery.reply_due)
            }
        return ""

    @property
    def in_words(self) -> str:
        """“Embassy of Estrava, in person: refused. The list held 1,204 names.”: several attempts with
        one list are no more names. In the language that is active."""
        names = self.delivery.names
        held = ngettext("The list held %(number)s name.", "The list held %(number)s names.", names)
        sentence = gettext("%(office)s, %(how)s: %(outcome)s. %(held)s")
        if self.method == self.Method.POST and self.outcome == self.Outcome.POSTED:
            sentence = gettext("%(office)s: %(outcome)s. %(held)s")
        return sentence % {
            "office": self.office.say("name").text,
            "how": self.get_method_display(),
            "outcome": self.get_outcome_display(),
            "held": held % {"number": number_format(names, use_l10n=True, force_grouping=True)},
        }
