from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaign_site.partial_dates import PartialDateField
from campaign_site.publishing import NonEmptyStrings, Publishable
from campaign_site.searching import Searchable
from campaign_site.translations import Said
from campaigns.models.campaign import Campaign
from campaigns.models.government import Addressee, Government
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile, TimelineEntry


class CaseList(Publishable, Searchable):
    """Case records compiled for a government, which is asked to report back on them."""

    class Order(models.TextChoices):
        NAME = "name", _("by family name")
        LONGEST = "longest", _("those arrested first stand first")

    searched = ("title", "introduction", "demands")
    says = "introduction"

    title = models.CharField(
        _("title"),
        max_length=200,
        help_text=_("For example “Six cases for the talks in November”."),
    )
    recipient = models.ForeignKey(
        Government,
        models.PROTECT,
        verbose_name=_("recipient"),
        related_name="case_lists",
        help_text=_("To whom it is given, for example a government that can ask about them."),
    )
    addressee = models.ForeignKey(
        Addressee,
        models.PROTECT,
        verbose_name=_("addressee"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whose desk it is for. Leave empty for the recipient as a whole."),
    )
    submitted_on = PartialDateField(_("submitted on"), blank=True)
    submitted_by = models.ForeignKey(
        Organisation,
        models.PROTECT,
        verbose_name=_("submitted by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The coalition or organisation whose list this is."),
    )
    members = models.ManyToManyField(
        Organisation,
        verbose_name=_("members of the coalition at that date"),
        blank=True,
        related_name="+",
        help_text=_("Who belonged to it when the list was submitted, not who does today."),
    )
    introduction = models.TextField(
        _("introduction"),
        blank=True,
        help_text=_("For example “We ask you to raise these cases in every meeting.”"),
    )
    demands = models.JSONField(
        _("what we ask for everybody on the list"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One a line, for example “Ask for access for a doctor.”"),
    )
    disclaimer = models.TextField(
        _("disclaimer"),
        blank=True,
        help_text=_("For example “This list is not complete: many families dare not speak.”"),
    )
    people = models.ManyToManyField(
        Profile,
        verbose_name=_("people"),
        blank=True,
        related_name="+",
        help_text=_("Tick them one by one, or leave this empty and use the two fields below."),
    )
    campaign = models.ForeignKey(
        Campaign,
        models.SET_NULL,
        verbose_name=_("or: all people of the campaign"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Everybody whose page is public and who belongs to this campaign."),
    )
    status = models.CharField(
        _("or: all people whose status is"),
        max_length=20,
        choices=Profile.Status,
        blank=True,
        help_text=_("With a campaign: only those of its people."),
    )
    order = models.CharField(
        _("order"),
        max_length=10,
        choices=Order,
        default=Order.NAME,
        help_text=_(
            "The list says in which order people stand, so that nobody reads a rank in it."
        ),
    )
    report_back_requested = models.BooleanField(
        _("we ask them to report back"), default=True, help_text=_("The list says so.")
    )
    report_back_due = models.DateField(
        _("report back by"), null=True, blank=True, help_text=_("For example 2027-03-01.")
    )
    report_back_received = models.DateField(
        _("report received on"), null=True, blank=True, help_text=_("For example 2027-02-20.")
    )
    report_back_note = models.TextField(
        _("what they reported"),
        blank=True,
        help_text=_("Everybody reads it, for example “They raised four of six cases.”"),
    )

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("case list")
        verbose_name_plural = _("case lists")
        ordering = ["-submitted_on", "title"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(report_back_received=None)
                | models.Q(report_back_requested=True),
                name="case_list_report_was_requested",
                violation_error_message=_("Please tick that you asked them to report back."),
            )
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("case_list", args=[self.slug])

    def say(self, field: str) -> Said:
        """In the language it was written in, whatever that of the page: it is what was given."""
        return Said(getattr(self, field), self.language)

    def is_published_in(self, code: str) -> bool:
        return False

    def chosen(self) -> models.QuerySet:
        """Whom a version would hold now: public people only, in the order of the list."""
        people = Profile.objects.published()
        if self.people.exists():
            people = people.filter(pk__in=self.people.values("pk"))
        elif self.campaign or self.status:
            if self.campaign:
                people = people.filter(campaigns=self.campaign)
            if self.status:
                people = people.filter(status=self.status)
        else:
            return people.none()
        if self.order == self.Order.LONGEST:
            arrests = TimelineEntry.objects.filter(
                profile=models.OuterRef("pk"), kind=TimelineEntry.Kind.ARREST
            )
            first = arrests.order_by("date").values("date")[:1]
            return people.order_by(models.Subquery(first).asc(nulls_last=True), "name", "pk")
        by_family = models.functions.Coalesce(
            models.functions.NullIf("family_name", models.Value("")), "name"
        )
        return people.order_by(by_family, "name", "pk")

    def left_out(self) -> int:
        """How many are ticked and not public."""
        return self.people.exclude(state=Profile.State.PUBLISHED).count()


class CaseListVersion(models.Model):
    """What a list said when it was frozen: the database refuses to change it."""

    case_list = models.ForeignKey(
        CaseList, models.PROTECT, verbose_name=_("case list"), related_name="versions"
    )
    number = models.PositiveSmallIntegerField(_("version"))
    frozen_at = models.DateTimeField(_("frozen at"), auto_now_add=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    content = models.JSONField(editable=False)

    class Meta:
        verbose_name = _("version of a case list")
        verbose_name_plural = _("versions of case lists")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["case_list", "number"], name="case_list_version_once")
        ]

    def __str__(self):
        return f"{self.case_list}, {self.number}"

    def get_absolute_url(self):
        return reverse("case_list_version", args=[self.case_list.slug, self.number])
