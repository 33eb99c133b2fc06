from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import localdate
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site.partial_dates import PartialDateField, describe
from campaign_site.pictures import Illustrated
from campaign_site.publishing import NonEmptyStrings, Publishable, PublishableQuerySet
from campaign_site.searching import Below, Searchable
from campaign_site.translations import Translatable
from campaigns.models.organisation import Organisation
from campaigns.models.sourced import Sourced

FACTS_STAY_FRESH = timedelta(days=90)
FACTS_ARE_OLD = timedelta(days=365)


class ProfileQuerySet(PublishableQuerySet):
    def to_check(self):
        """Public, and nobody has noted within a year that the facts were checked."""
        long_ago = localdate() - FACTS_ARE_OLD
        never = models.Q(verified_on=None)
        return self.published().filter(never | models.Q(verified_on__lte=long_ago))


class Profile(Publishable, Illustrated, Translatable, Searchable, Sourced):
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

    HELD = (Status.DETAINED, Status.IMPRISONED, Status.HOUSE_ARREST)

    class Work(models.TextChoices):
        """Broad enough that a list of people can be parted by it; `occupation` says it exactly."""

        ACTIVIST = "activist", _("activist")
        ARTIST = "artist", _("artist or musician")
        BUSINESS = "business", _("business")
        HEALTH = "health", _("doctor or nurse")
        LAWYER = "lawyer", _("lawyer")
        MEDIA = "media", _("journalist, writer or publisher")
        POLITICS = "politics", _("politics or public office")
        RELIGION = "religion", _("religion")
        SCHOLAR = "scholar", _("scholar or teacher")
        STUDENT = "student", _("student")
        WORKER = "worker", _("farmer, worker or trade unionist")
        OTHER = "other", _("other work")

    translatable = (
        *("name", "summary", "status_note", "place", "area", "occupation", "ethnicity", "gender"),
        *("category", "background", "charges", "requests", "questions", "represents"),
        *("well_known", "connection", "governments_active", "photo_alt"),
    )
    searched = (
        *("name", "native_name", "names__name", "family_name", "summary", "status_note", "place"),
        *("area", "occupation", "ethnicity", "category", "charges", "background", "represents"),
        *("well_known", "requests", "questions", "connection", "governments_active"),
        *("legal_statuses__what", "penalties__words", "penalties__court", "penalties__extra"),
        *("health_notes__text", "violations__note", "places__name"),
        *("timeline__what", "timeline__place", "timeline__authority"),
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
    area = models.CharField(
        _("country or region"),
        max_length=100,
        blank=True,
        help_text=_(
            "Where that is, in one or two words and always written alike: people are found by it. "
            "For example “Estrava”."
        ),
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
    occupation = models.CharField(
        _("occupation"), max_length=200, blank=True, help_text=_("For example “journalist”.")
    )
    work = models.CharField(
        _("kind of work"),
        max_length=20,
        choices=Work,
        blank=True,
        help_text=_("What comes closest. People are found by it."),
    )
    category = models.CharField(
        _("category"),
        max_length=50,
        blank=True,
        help_text=_("As your organisation sorts its cases, for example “prisoner of conscience”."),
    )
    charges = models.JSONField(
        _("charges"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("The court’s words, one charge a line, for example “slander of the state”."),
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
    questions = models.JSONField(
        _("questions to put to a government"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One a line, for example “Where is Marta Ilin held, and who may see her?”"),
    )
    represents = models.TextField(
        _("what the case represents"),
        blank=True,
        help_text=_(
            "Why it matters beyond this person, for example “Journalists who print what public "
            "works cost.”"
        ),
    )
    well_known = models.TextField(
        _("how well known the case is"),
        blank=True,
        help_text=_("For example “Named in two debates of the European Parliament.”"),
    )
    governments_active = models.JSONField(
        _("governments that have acted"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One a line, for example “Canada: raised it with the minister, May 2021”."),
    )
    connection = models.TextField(
        _("connection to a country"),
        blank=True,
        help_text=_("Why people there should care, for example “Her daughter lives in Lund.”"),
    )
    sponsors = models.ManyToManyField(
        Organisation,
        verbose_name=_("organisations that stand by this person"),
        blank=True,
        related_name="sponsored",
        help_text=_("For example a writers’ club that adopted the case."),
    )
    related = models.ManyToManyField(
        "self",
        verbose_name=_("related people"),
        blank=True,
        help_text=_(
            "For example somebody arrested on the same day. Each page then links to the other; "
            "people whose page is not public are not shown."
        ),
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

    objects = ProfileQuerySet.as_manager()

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
        indexes = [
            # The list of people counts by these, and has this order.
            models.Index(
                fields=["status", "area", "ethnicity", "work"],
                include=["id", "language"],
                condition=models.Q(state="published"),
                name="profile_counted",
            ),
            models.Index(
                fields=["name"], condition=models.Q(state="published"), name="profile_by_name"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("profile", args=[self.slug])

    @property
    def facts_are_fresh(self):
        """Only then may an age or a duration be computed past the *as of* date."""
        if not self.verified_on:
            return False
        return timedelta(0) <= localdate() - self.verified_on <= FACTS_STAY_FRESH

    @property
    def name_in_capitals(self) -> str:
        """As governments write it: the family name in capitals, "Marta ILIN"."""
        if not self.family_name or self.family_name not in self.name:
            return self.name
        return self.name.replace(self.family_name, self.family_name.upper(), 1)

    def held_in_words(self, timeline) -> str:
        """Since when and for how long at least, up to the *as of* date and no further, unless the
        facts are fresh. Empty where the key dates do not say."""
        ends = (TimelineEntry.Kind.RELEASE, TimelineEntry.Kind.DEATH)
        if self.status not in self.HELD or any(entry.kind in ends for entry in timeline):
            return ""
        arrests = [entry.date for entry in timeline if entry.kind == TimelineEntry.Kind.ARREST]
        until = localdate() if self.facts_are_fresh else self.status_as_of.earliest
        if not arrests or arrests[-1].latest > until:
            return ""
        since = arrests[-1].latest
        months = (until.year - since.year) * 12 + until.month - since.month
        months -= until.day < since.day
        if months < 12:
            return ""
        said = {
            "since": describe(arrests[-1].start),
            "years": length(months // 12, 0),
            "as_of": describe(self.status_as_of),
        }
        if self.facts_are_fresh:
            return gettext("Held since %(since)s, %(years)s or more.") % said
        words = gettext("Held since %(since)s: %(years)s or more when last heard of (%(as_of)s).")
        return words % said

    def petition_dates(self) -> list:
        """At most five key dates for a petition page: those that staff chose, else the latest."""
        entries = list(self.timeline.all())
        return [entry for entry in entries if entry.on_petition][:5] or entries[-5:]


class ProfileName(Below):
    """Another spelling, or an alias."""

    belongs_to = "profile"

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


class CaseRow(Translatable, Below):
    """A row of a case record, written in the language of its profile."""

    belongs_to = "profile"

    class Meta:
        abstract = True

    @property
    def language(self):
        return self.profile.language


class TimelineEntry(CaseRow):
    """One key date: arrest, trial, sentence, visit, last contact."""

    class Kind(models.TextChoices):
        BEFORE = "before", _("life before")
        ARREST = "arrest", _("arrest")
        TRANSFER = "transfer", _("transfer")
        TRIAL = "trial", _("trial")
        SENTENCE = "sentence", _("sentence")
        HEALTH = "health", _("health")
        VISIT = "visit", _("visit")
        CONTACT = "contact", _("letter, call or other contact")
        LAST_CONTACT = "last_contact", _("last contact")
        GOVERNMENT = "government", _("a government acted")
        CAMPAIGN = "campaign", _("others acted")
        RELEASE = "release", _("release")
        DEATH = "death", _("death")
        OTHER = "other", _("other")

    translatable = ("what", "place", "authority", "date_words")

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
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=Kind,
        default=Kind.OTHER,
        help_text=_("What it was. Lists for governments are made from it."),
    )
    what = models.TextField(
        _("what happened"), help_text=_("One sentence, for example “Arrested at home, at night.”")
    )
    place = models.CharField(
        _("place"), max_length=200, blank=True, help_text=_("For example “Oru”.")
    )
    authority = models.CharField(
        _("authority"),
        max_length=200,
        blank=True,
        help_text=_("Who did it or decided it, for example “District Court of Oru”."),
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


class Penalty(CaseRow):
    """One sentence, or what became of the one before it. The words come from the facts."""

    class Kind(models.TextChoices):
        PRISON = "prison", _("prison")
        LIFE = "life", _("life in prison")
        DEATH = "death", _("death")
        CAMP = "camp", _("camp, without a court")
        OTHER = "other", _("other, in words")

    class Step(models.TextChoices):
        PASSED = "passed", _("a new sentence")
        REDUCED = "reduced", _("the one before, reduced to this")
        INCREASED = "increased", _("the one before, raised to this")
        UPHELD = "upheld", _("the one before, upheld")

    translatable = ("extra", "words", "court")

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="penalties"
    )
    date = PartialDateField(_("date"), blank=True)
    step = models.CharField(
        _("what happened"),
        max_length=10,
        choices=Step,
        default=Step.PASSED,
        help_text=_("A new sentence, or a change of the one before it."),
    )
    kind = models.CharField(
        _("sentence"), max_length=10, choices=Kind, help_text=_("What it is now.")
    )
    years = models.PositiveSmallIntegerField(
        _("years in prison"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(1000)],
        help_text=_("For example 4. Leave empty for life, or where it is not known."),
    )
    months = models.PositiveSmallIntegerField(
        _("and months"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(11)],
        help_text=_("For example 6, for four and a half years."),
    )
    suspended = models.BooleanField(
        _("suspended"), default=False, help_text=_("It is carried out only under a condition.")
    )
    suspended_months = models.PositiveSmallIntegerField(
        _("suspended for how many months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1200)],
        help_text=_("For example 24, for two years. Leave empty where it is not known."),
    )
    extra = models.CharField(
        _("and besides"),
        max_length=300,
        blank=True,
        help_text=_("For example “five years without political rights”."),
    )
    words = models.TextField(
        _("in words"),
        blank=True,
        help_text=_(
            "What the fields above cannot say, for example “As her family heard; not confirmed.”"
        ),
    )
    court = models.CharField(
        _("court"),
        max_length=200,
        blank=True,
        help_text=_("Who decided, for example “District Court of Oru”."),
    )
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_("Who says so, for example “Radio Oru, 4 March 2021”."),
    )

    class Meta:
        verbose_name = _("sentence")
        verbose_name_plural = _("sentences")
        ordering = ["date", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="prison") | models.Q(years=None, months=None),
                name="penalty_years_of_prison",
                violation_error_message=_("Years and months belong to a sentence to prison only."),
            ),
            models.CheckConstraint(
                condition=models.Q(suspended=True) | models.Q(suspended_months=None),
                name="penalty_suspended_for_months",
                violation_error_message=_("Please tick “suspended”, or leave its months empty."),
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="other") | ~models.Q(words=""),
                name="penalty_other_in_words",
                violation_error_message=_("Please say in words what the sentence is."),
            ),
        ]

    def __str__(self):
        return self.in_short or self.words[:60]

    @property
    def in_short(self) -> str:
        """In the language of the page: "Reduced to 20 years in prison (February 2016)". Empty
        where all is in `words`."""
        if self.kind == self.Kind.OTHER:
            return ""
        said = self._kind_in_words()
        if self.suspended:
            said = (
                gettext("%(sentence)s, suspended for %(time)s")
                % {"sentence": said, "time": length(0, self.suspended_months)}
                if self.suspended_months
                else gettext("%(sentence)s, suspended") % {"sentence": said}
            )
        steps = {
            self.Step.REDUCED: gettext("Reduced to: %(sentence)s"),
            self.Step.INCREASED: gettext("Raised to: %(sentence)s"),
            self.Step.UPHELD: gettext("Upheld: %(sentence)s"),
        }
        said = steps.get(self.step, "%(sentence)s") % {"sentence": said}
        return capfirst(f"{said} ({describe(self.date)})" if self.date else said)

    def _kind_in_words(self) -> str:
        if self.kind == self.Kind.PRISON and (self.years or self.months):
            time = length(self.years or 0, self.months or 0)
            return gettext("%(time)s in prison") % {"time": time}
        return self.get_kind_display()


def length(years: int, months: int) -> str:
    """ "4 years and 6 months" in the language of the page."""
    years, months = years + months // 12, months % 12
    in_years = ngettext("%(years)s year", "%(years)s years", years) % {"years": years}
    in_months = ngettext("%(months)s month", "%(months)s months", months) % {"months": months}
    if years and months:
        return gettext("%(years)s and %(months)s") % {"years": in_years, "months": in_months}
    return in_years if years else in_months


class EarlierPlace(CaseRow):
    """Where the person was before; where they are now stands in the profile itself."""

    translatable = ("name",)

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="places"
    )
    name = models.CharField(
        _("place"),
        max_length=300,
        help_text=_("A prison or a city, never a cell, for example “Prison No. 1, Oru”."),
    )
    dates = PartialDateField(
        _("when"),
        blank=True,
        help_text=_("For example “March 2006”, or “May 2006 to August 2007”."),
    )
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_("Who says so, for example “letter of 10 March 2008”."),
    )

    class Meta:
        verbose_name = _("earlier place")
        verbose_name_plural = _("earlier places")
        ordering = ["dates", "pk"]

    def __str__(self):
        return self.name


class LegalStatus(CaseRow):
    """A citizenship, a refugee status, a residence permit."""

    translatable = ("what",)

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="legal_statuses"
    )
    what = models.CharField(
        _("citizenship or legal status"),
        max_length=200,
        help_text=_("For example “Canadian citizen” or “refugee, recognised in Turkey”."),
    )
    dates = PartialDateField(
        _("since when, or from when to when"),
        blank=True,
        help_text=_("For example “since 2005”, or “2001 to 2005”."),
    )
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_("Who says so, for example “her passport”."),
    )

    class Meta:
        verbose_name = _("citizenship or legal status")
        verbose_name_plural = _("citizenships and legal statuses")
        ordering = ["dates", "pk"]

    def __str__(self):
        return self.what


class HealthNote(CaseRow):
    """What was known about somebody's health on a day: never more than that."""

    translatable = ("text",)

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="health_notes"
    )
    date = PartialDateField(
        _("when this was known"),
        blank=True,
        help_text=_("For example “May 2021”. Leave empty only where nobody can say."),
    )
    text = models.TextField(
        _("health"), help_text=_("For example “She has asthma and sees no doctor.”")
    )
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_("Who says so, for example “her sister, after a visit”."),
    )

    class Meta:
        verbose_name = _("note on health")
        verbose_name_plural = _("notes on health")
        ordering = ["date", "pk"]

    def __str__(self):
        return self.text[:60]


class Violation(CaseRow):
    """A right of this person that was broken. People are found by its kind."""

    class Kind(models.TextChoices):
        ARBITRARY = "arbitrary", _("held without legal ground")
        DISAPPEARANCE = "disappearance", _("made to disappear")
        INCOMMUNICADO = "incommunicado", _("held without contact to the outside")
        NO_LAWYER = "no_lawyer", _("no lawyer of their choice")
        NO_FAMILY_VISITS = "no_family_visits", _("no family visits")
        NO_CONSUL = "no_consul", _("no consular access")
        UNFAIR_TRIAL = "unfair_trial", _("unfair trial")
        SECRET_TRIAL = "secret_trial", _("secret trial")
        FORCED_CONFESSION = "forced_confession", _("forced confession")
        TORTURE = "torture", _("torture or ill-treatment")
        SOLITARY = "solitary", _("long solitary confinement")
        NO_MEDICAL_CARE = "no_medical_care", _("no or poor medical care")
        HANDED_OVER = "handed_over", _("handed over to a country where they are at risk")
        FAMILY_HARASSED = "family_harassed", _("family harassed")
        NO_TRAVEL = "no_travel", _("not allowed to travel")

    translatable = ("note",)

    profile = models.ForeignKey(
        Profile, models.CASCADE, verbose_name=_("person"), related_name="violations"
    )
    kind = models.CharField(
        _("violation"), max_length=20, choices=Kind, help_text=_("Which right was broken.")
    )
    note = models.CharField(
        _("note"),
        max_length=500,
        blank=True,
        help_text=_("How, and when, for example “Her lawyer could speak for eleven minutes.”"),
    )
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_("Who says so, for example “Radio Oru, 4 March 2021”."),
    )

    class Meta:
        verbose_name = _("violation of their rights")
        verbose_name_plural = _("violations of their rights")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "kind"],
                name="violation_kind_once",
                violation_error_message=_("This one is there already: add to its note."),
            )
        ]
        indexes = [models.Index(fields=["kind", "profile"], name="violation_found_by_kind")]

    def __str__(self):
        return self.get_kind_display()
