from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Substr
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from campaign_site import rich_text
from campaign_site.partial_dates import PartialDateField
from campaign_site.pictures import Illustrated
from campaign_site.publishing import Publishable, PublishableQuerySet
from campaign_site.searching import Below, Searchable
from campaign_site.translations import Said, Translatable
from campaigns.models.campaign import Campaign
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile
from campaigns.models.sourced import Sourced

LONGEST_TEXT = 40_000
MONTH = len("2015-03")


def one_date(value) -> None:
    """Validator: news happened at a time, it does not last."""
    if "/" in value:
        raise ValidationError(_("Please give one date, such as “15 March 2006” or “March 2006”."))


class UpdateQuerySet(PublishableQuerySet):
    def dated(self, period: str):
        """Of one month (`2015-03`) or one year (`2015`). What has no month is under its year."""
        return self.filter(date__startswith=period)

    def per_month(self) -> list[tuple[str, int]]:
        """How many there are of each month, newest first; `2015` where no month is known."""
        months = self.order_by().values_list(Substr("date", 1, MONTH))
        counted = months.annotate(number=Count("pk")).order_by()
        # "2015~" is about 2015.
        found: dict[str, int] = {}
        for month, number in counted:
            month = month.rstrip("~")
            found[month] = found.get(month, 0) + number
        return sorted(found.items(), reverse=True)


class Update(Publishable, Illustrated, Translatable, Searchable, Sourced):
    """What happened, as it looked on its date; what came later follows below with its own."""

    class Kind(models.TextChoices):
        NEWS = "news", pgettext_lazy("kind of update", "news")
        REACTION = "reaction", _("reaction")
        PRESS_RELEASE = "press_release", _("press release")
        GOOD_NEWS = "good_news", _("good news")
        PRESS_CUTTING = "press_cutting", _("in the press")

    translatable = (
        *("title", "date_words", "body", "quote", "spokesperson_role", "dateline"),
        *("press_contact", "photo_alt"),
    )
    searched = (
        *("title", "body", "quote", "spokesperson", "spokesperson_role", "dateline", "medium"),
        "follow_ups__body",
    )
    says = "body"

    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=Kind,
        default=Kind.NEWS,
        help_text=_(
            "A reaction quotes somebody. A press release is for journalists. “In the press” points "
            "to what others wrote."
        ),
    )
    title = models.CharField(
        _("title"),
        max_length=160,
        help_text=_("What happened, for example “Marta Ilin may see her daughter”."),
    )
    date = PartialDateField(
        _("date"),
        validators=[one_date],
        help_text=_(
            "When it happened or was said, as exactly as you know it: “15 March 2006”, “March "
            "2006” or “2006”. It always stands beside the title."
        ),
    )
    date_words = models.CharField(
        _("date in words"),
        max_length=100,
        blank=True,
        help_text=_("Only where the date says too much or too little, for example “spring 2015”."),
    )
    body = models.TextField(
        _("text"),
        blank=True,
        max_length=LONGEST_TEXT,
        validators=[rich_text.check],
        help_text=_(
            "Markdown: ## heading, **bold**, - list, [words](https://example.org). Write it as "
            "things stand on that date; what comes later goes below."
        ),
    )
    quote = models.TextField(
        _("quote"),
        blank=True,
        max_length=5_000,
        help_text=_("What was said, without quotation marks, for example “This is one step.”"),
    )
    spokesperson = models.CharField(
        _("who said it"),
        max_length=100,
        blank=True,
        help_text=_("The person, for example “Ana Rask”."),
    )
    spokesperson_role = models.CharField(
        _("in which role"),
        max_length=200,
        blank=True,
        help_text=_("For example “director for Europe”."),
    )
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        verbose_name=_("for which organisation"),
        null=True,
        blank=True,
        related_name="updates",
        help_text=_("Who reacts, or whose press release it is."),
    )
    dateline = models.CharField(
        _("place it is sent from"),
        max_length=100,
        blank=True,
        help_text=_("The city that stands before the date, for example “Ottawa”."),
    )
    press_contact = models.TextField(
        _("contact for the press"),
        blank=True,
        max_length=1_000,
        help_text=_(
            "Whom journalists can ask. Everybody reads it, for example “Ana Rask, "
            "press@example.org, Monday to Friday”."
        ),
    )
    medium = models.CharField(
        _("newspaper, station or site"),
        max_length=200,
        blank=True,
        help_text=_("Where it was published, for example “Oru Evening Post”."),
    )
    link = models.URLField(
        _("web address there"),
        max_length=500,
        blank=True,
        validators=[URLValidator(schemes=["https", "http"])],
        help_text=_("For example https://example.org/2027/marta-ilin."),
    )
    archive_link = models.URLField(
        _("web address of a copy"),
        max_length=500,
        blank=True,
        validators=[URLValidator(schemes=["https", "http"])],
        help_text=_(
            "A copy in a web archive, for when the first is gone, for example "
            "https://example.org/copies/2027/marta-ilin."
        ),
    )
    campaigns = models.ManyToManyField(
        Campaign,
        verbose_name=_("campaigns"),
        blank=True,
        related_name="updates",
        help_text=_("On whose pages it stands."),
    )
    profiles = models.ManyToManyField(
        Profile,
        verbose_name=_("people"),
        blank=True,
        related_name="updates",
        help_text=_("Whom it is about: it stands on their pages, too."),
    )

    objects = UpdateQuerySet.as_manager()

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        ordering = ["-date", "-pk"]
        indexes = [models.Index(fields=["-date", "-id"], name="update_newest_first")]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(date="") & ~Q(date__contains="/"), name="update_has_one_date"
            ),
            models.CheckConstraint(
                condition=~Q(kind="reaction")
                | (~Q(quote="") & (~Q(spokesperson="") | Q(organisation__isnull=False))),
                name="update_reaction_quotes_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(kind="press_cutting")
                | (~Q(medium="") & (~Q(link="") | ~Q(archive_link=""))),
                name="update_cutting_says_where",
            ),
            models.CheckConstraint(
                condition=Q(kind="press_cutting") | Q(kind="reaction") | ~Q(body=""),
                name="update_has_a_text",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("campaigns:update", args=[self.slug])

    def clean_fields(self, exclude=None):
        self._refused = set(exclude or ())
        super().clean_fields(exclude)

    def clean(self):
        """What its kind needs, said by the field; the database refuses the same."""
        wrong = {}
        if self.slug == "feed":
            wrong["slug"] = gettext("This address is taken by the feed. Please choose another.")
        if self.kind == self.Kind.REACTION:
            if not self.quote:
                wrong["quote"] = gettext("A reaction needs the words that were said.")
            if not self.spokesperson and not self.organisation:
                wrong["spokesperson"] = gettext(
                    "Please say who reacts: a person, an organisation, or both."
                )
        if self.kind == self.Kind.PRESS_CUTTING:
            if not self.medium:
                wrong["medium"] = gettext("Please say where it was published.")
            if not self.link and not self.archive_link:
                wrong["link"] = gettext("Please give its web address, or that of a copy.")
        elif self.kind != self.Kind.REACTION and not self.body:
            wrong["body"] = gettext("Please write what happened.")
        # What was refused already is not missing, too.
        wrong = {field: said for field, said in wrong.items() if field not in self._refused}
        if wrong:
            raise ValidationError(wrong)

    @property
    def kind_in_words(self) -> str:
        return capfirst(self.get_kind_display())

    @property
    def summary_said(self) -> Said:
        """How it begins, for lists and search engines."""
        text, language = self.say("body")
        text = rich_text.beginning(text)
        return Said(text, language) if text else self.say("quote")

    @property
    def day(self) -> str:
        """ISO 8601, where the day is known exactly."""
        return str(self.date) if len(self.date) == len("2006-03-15") else ""


class FollowUp(Translatable, Below):
    """What came later, with its own date. The update above it stays as it was."""

    translatable = ("date_words", "body")
    belongs_to = "update"

    update = models.ForeignKey(
        Update, models.CASCADE, verbose_name=_("update"), related_name="follow_ups"
    )
    date = PartialDateField(
        _("date"), validators=[one_date], help_text=_("For example “15 July 2027”.")
    )
    date_words = models.CharField(
        _("date in words"),
        max_length=100,
        blank=True,
        help_text=_("Only where the date says too much or too little, for example “spring 2015”."),
    )
    body = models.TextField(
        _("what came later"),
        max_length=LONGEST_TEXT,
        validators=[rich_text.check],
        help_text=_("Markdown, for example “Her lawyer has **seen** her.”"),
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("what came later")
        verbose_name_plural = _("what came later, oldest first")
        ordering = ["date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "date"],
                name="follow_up_once_a_date",
                violation_error_message=_(
                    "There is already something of this date. Please write both in one."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(date="") & ~Q(date__contains="/"), name="follow_up_has_one_date"
            ),
        ]

    def __str__(self):
        return f"{self.date}: {self.body[:60]}"

    @property
    def language(self):
        return self.update.language

    @property
    def anchor(self) -> str:
        """Where it stands on its page."""
        return f"update-{self.date.rstrip('~')}"

    def get_absolute_url(self):
        return f"{self.update.get_absolute_url()}#{self.anchor}"
