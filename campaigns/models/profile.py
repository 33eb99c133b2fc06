from datetime import timedelta

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from campaign_site.partial_dates import PartialDateField
from campaign_site.pictures import Illustrated
from campaign_site.publishing import NonEmptyStrings, Publishable
from campaign_site.translations import Translatable

FACTS_STAY_FRESH = timedelta(days=90)


class Profile(Publishable, Illustrated, Translatable):
    """One prisoner's or defender's case record. What we do not know stays empty."""

    class Status(models.TextChoices):
        DETAINED = "detained", _("detained")
        IMPRISONED = "imprisoned", _("imprisoned")
        DISAPPEARED = "disappeared", _("disappeared")
        HOUSE_ARREST = "house_arrest", _("under house arrest")
        RESTRICTED = "restricted", _("restricted in movement")
        RELEASED = "released", _("released")
        EXILED = "exiled", _("in exile")
        DIED = "died", _("died")
        UNKNOWN = "unknown", _("fate unknown")

    translatable = (
        *("name", "summary", "status_note", "place", "occupation", "ethnicity", "citizenship"),
        *("background", "sentence", "charges", "health", "requests", "connection"),
    )

    name = models.CharField(
        _("name"),
        max_length=100,
        help_text=_("As you write it in texts, for example “Marta Ilin”."),
    )
    family_name = models.CharField(
        _("family-name part"),
        max_length=100,
        blank=True,
        help_text=_("The part of the name that is the family name, for example “Ilin”."),
    )
    native_name = models.CharField(
        _("name in its own script"),
        max_length=100,
        blank=True,
        help_text=_("It stands under the name, for example “Марта Илин”."),
    )
    native_language = models.CharField(
        _("language of that"),
        max_length=10,
        blank=True,
        help_text=_("A code such as ug or zh-hans."),
    )
    pronunciation = models.CharField(
        _("pronunciation"), max_length=100, blank=True, help_text=_("For example “Je-lil”.")
    )
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=Status,
        help_text=_("The last that is known, not what is likely by now."),
    )
    status_as_of = PartialDateField(
        _("status as of"),
        help_text=_(
            "When this was last known, for example “March 2021”. "
            "A status is never shown without it."
        ),
    )
    status_note = models.TextField(
        _("note on the status"),
        blank=True,
        help_text=_("For example “Her family has had no news since that visit.”"),
    )
    place = models.CharField(
        _("place"),
        max_length=300,
        blank=True,
        help_text=_("A prison or a city, never a cell, for example “Prison No. 3, Oru”."),
    )
    gender = models.CharField(
        _("gender"),
        max_length=30,
        blank=True,
        help_text=_("As the person says it, for example “woman”."),
    )
    born = PartialDateField(_("date of birth"), blank=True)
    ethnicity = models.CharField(
        _("ethnicity"),
        max_length=100,
        blank=True,
        help_text=_("Only where the case is about it, for example “Uyghur”."),
    )
    citizenship = models.CharField(
        _("citizenship"),
        max_length=200,
        blank=True,
        help_text=_("With dates where that matters, for example “Canada, since 2005”."),
    )
    occupation = models.CharField(
        _("occupation"), max_length=200, blank=True, help_text=_("For example “journalist”.")
    )
    category = models.CharField(
        _("category"),
        max_length=50,
        blank=True,
        help_text=_("As your organisation sorts its cases, for example “prisoner of conscience”."),
    )
    sentence = models.TextField(
        _("sentence"),
        blank=True,
        help_text=_("For example “Life (2007). Reduced to 20 years (2016).”"),
    )
    charges = models.JSONField(
        _("charges"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("The court’s words, one charge a line, for example “slander of the state”."),
    )
    health = models.TextField(
        _("health and contact"),
        blank=True,
        help_text=_("With dates and sources, for example “May 2021: no doctor, says her sister.”"),
    )
    summary = models.TextField(
        _("in short"),
        help_text=_(
            "About 90 words: who, since when, what is wrong. For example it begins “Marta Ilin, a "
            "journalist, was arrested in March 2021.”"
        ),
    )
    background = models.TextField(
        _("background"), blank=True, help_text=_("Markdown: ## heading, **bold**, - list.")
    )
    requests = models.JSONField(
        _("what we ask"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One a line, for example “Let her see a doctor.”"),
    )
    connection = models.TextField(
        _("connection to a country"),
        blank=True,
        help_text=_("Why people there should care, for example “Her daughter lives in Lund.”"),
    )
    sources = models.TextField(
        _("sources"),
        blank=True,
        help_text=_("One a line, for example “Radio Oru, 4 March 2021”, with a web address."),
    )
    consent = models.TextField(
        _("consent, or why we publish without it"),
        blank=True,
        help_text=_(
            "Not public. Who agreed, when and how, for example “Her sister, by letter of 3 May "
            "2021”; or the reason for publishing without. "
            "A profile cannot be published while this is empty."
        ),
    )
    verified_on = models.DateField(
        _("facts checked on"),
        null=True,
        blank=True,
        help_text=_("When somebody last looked all of this up, for example 2027-05-03."),
    )
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("facts checked by"),
        help_text=_("Not public. Who can be asked about it."),
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name"]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="published") | ~models.Q(consent=""),
                name="profile_published_with_consent",
                violation_error_message=_(
                    "Please record the consent, or why you publish without it, first."
                ),
            ),
            models.CheckConstraint(
                condition=~models.Q(status_as_of=""), name="profile_status_dated"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("profile", args=[self.slug])

    @property
    def facts_are_fresh(self):
        """Only then may an age or a duration be computed past the *as of* date."""
        return bool(self.verified_on and localdate() - self.verified_on <= FACTS_STAY_FRESH)

    def petition_dates(self) -> list:
        """At most five key dates for a petition page: those that staff chose, else the latest."""
        entries = list(self.timeline.all())
        return [entry for entry in entries if entry.on_petition][:5] or entries[-5:]

    @property
    def source_lines(self):
        return [line for line in self.sources.splitlines() if line.strip()]


class ProfileName(models.Model):
    """Another spelling, or an alias."""

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="names"
    )
    name = models.CharField(
        _("name"),
        max_length=100,
        help_text=_("Another spelling or an alias, for example “Marta Illine”. It is found, too."),
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("A code such as ug or zh-hans.")
    )
    note = models.CharField(
        _("note"), max_length=200, blank=True, help_text=_("For example “as in her passport”.")
    )

    class Meta:
        verbose_name = _("other name or spelling")
        verbose_name_plural = _("other names and spellings")
        constraints = [
            models.UniqueConstraint(fields=["profile", "name"], name="profile_name_once")
        ]

    def __str__(self):
        return self.name


class TimelineEntry(Translatable):
    """One key date: arrest, trial, sentence, visit, last contact."""

    translatable = ("what", "place", "date_words")

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="timeline"
    )
    date = PartialDateField(_("date"))
    date_words = models.CharField(
        _("date in words"),
        max_length=100,
        blank=True,
        help_text=_("Only where the date says too much, for example “early 1990s”."),
    )
    what = models.TextField(
        _("what happened"), help_text=_("One sentence, for example “Arrested at home, at night.”")
    )
    place = models.CharField(
        _("place"), max_length=200, blank=True, help_text=_("For example “Oru”.")
    )
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_(
            "Who says so, for example “Radio Oru, 4 March 2021”. It stands under the date."
        ),
    )
    on_petition = models.BooleanField(
        _("on petition pages"), default=False, help_text=_("At most five are shown there.")
    )

    class Meta:
        verbose_name = _("key date")
        verbose_name_plural = _("timeline")
        ordering = ["date", "pk"]

    def __str__(self):
        return f"{self.date}: {self.what[:60]}"

    @property
    def language(self):
        return self.profile.language
