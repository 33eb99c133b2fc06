from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.formats import time_format
from django.utils.timezone import now
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from campaign_site import rich_text
from campaign_site.partial_dates import PartialDateField, describe
from campaign_site.pictures import Illustrated
from campaign_site.publishing import Publishable, PublishableQuerySet
from campaign_site.searching import Searchable
from campaign_site.translations import Translatable
from campaigns.models.campaign import Campaign
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile
from campaigns.models.sourced import Sourced

DAY = len("2015-03-24")
WHEN = {"status", "starts_on", "starts_at", "ends_on", "ends_at", "zone"}
EXACT_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def within_the_calendar(value) -> None:
    """A day before the first year, or after the last, is one that no clock here can show."""
    if not "0001" < value[:4] < "9999":
        raise ValidationError(_("Please look at the year once more."))


def one_date(value) -> None:
    """Validator: an event begins on a day, or in a month or year."""
    within_the_calendar(value)
    if "/" in value or "~" in value:
        raise ValidationError(_("Please give one date, such as “24 March 2027” or “March 2027”."))


def exact_day(value) -> None:
    within_the_calendar(value)
    if len(value) != DAY or "/" in value:
        raise ValidationError(_("Please give one day, such as “2 April 2027”."))


@cache
def zones() -> dict[str, str]:
    """Names of time zones, however their letters are typed."""
    return {name.casefold(): name for name in available_timezones()}


def known_zone(value) -> None:
    if value not in zones().values():
        raise ValidationError(
            _("We do not know this time zone. It is named like America/Toronto or Europe/London.")
        )


class EventQuerySet(PublishableQuerySet):
    def upcoming(self):
        """Soonest first; what has no date yet stands first."""
        return self.filter(Q(over_at=None) | Q(over_at__gt=now())).order_by("starts_on", "pk")

    def past(self):
        return self.filter(over_at__lte=now()).order_by("-starts_on", "-pk")

    def for_calendars(self):
        """Whose day is known: a calendar has no place for a month."""
        return self.filter(starts_on__regex=EXACT_DAY)


class Event(Publishable, Illustrated, Translatable, Searchable, Sourced):
    """A meeting, a vigil, a hearing. Date, time and zone are stored as they were typed."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        TO_BE_ANNOUNCED = "to_be_announced", _("details follow")
        CANCELLED = "cancelled", _("cancelled")

    translatable = ("title", "description", "venue", "city", "report", "attendance")
    searched = ("title", "description", "venue", "city", "report")
    says = "description"

    title = models.CharField(
        _("title"), max_length=160, help_text=_("For example “Vigil for Marta Ilin”.")
    )
    status = models.CharField(
        pgettext_lazy("of an event", "status"),
        max_length=20,
        choices=Status,
        default=Status.PLANNED,
        help_text=_(
            "“Details follow” where date or place are open. That it is past, the page says by "
            "itself. A cancelled event keeps its page, so that nobody comes in vain."
        ),
    )
    starts_on = PartialDateField(
        _("first day"),
        blank=True,
        validators=[one_date],
        help_text=_("For example “24 March 2027”. Only a month, such as “March 2027”, is fine."),
    )
    starts_at = models.TimeField(
        _("begins at"),
        null=True,
        blank=True,
        help_text=_("For example 19:00, as clocks show it there. Empty for a whole day."),
    )
    ends_on = PartialDateField(
        _("last day"),
        blank=True,
        validators=[exact_day],
        help_text=_("Only where it is another day, for example “2 April 2027”."),
    )
    ends_at = models.TimeField(
        _("ends at"), null=True, blank=True, help_text=_("For example 21:00.")
    )
    zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[known_zone],
        help_text=_("Where those clocks are, for example America/Toronto or Europe/London."),
    )
    # Found by this; made from the above whenever they are saved.
    over_at = models.DateTimeField(null=True, editable=False, db_index=True)
    venue = models.CharField(
        _("venue"),
        max_length=200,
        blank=True,
        help_text=_("The place, for example “City Library, room 3”."),
    )
    address = models.CharField(
        _("street"), max_length=200, blank=True, help_text=_("For example “3 Harbour Street”.")
    )
    city = models.CharField(
        _("city"), max_length=100, blank=True, help_text=_("For example “Toronto”.")
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}\Z", _("Two capital letters, for example CA."))],
        help_text=_("Two letters, for example CA."),
    )
    link = models.URLField(
        _("link for taking part from afar"),
        max_length=500,
        blank=True,
        validators=[URLValidator(schemes=["https", "http"])],
        help_text=_("Everybody sees it, for example https://example.org/meeting."),
    )
    description = models.TextField(
        _("what it is"),
        blank=True,
        max_length=20_000,
        validators=[rich_text.check],
        help_text=_("Markdown, for example “We bring **lamps** and read her letters.”"),
    )
    hosts = models.ManyToManyField(
        Organisation,
        verbose_name=_("who invites"),
        blank=True,
        related_name="events",
        help_text=_("All organisations that hold it together."),
    )
    campaigns = models.ManyToManyField(
        Campaign,
        verbose_name=_("campaigns"),
        blank=True,
        related_name="events",
        help_text=_("On whose pages it stands."),
    )
    profiles = models.ManyToManyField(
        Profile,
        verbose_name=_("people"),
        blank=True,
        related_name="events",
        help_text=_("Whom it is about: it stands on their pages, too."),
    )
    report = models.TextField(
        _("how it was"),
        blank=True,
        max_length=20_000,
        validators=[rich_text.check],
        help_text=_("Shown once it is over. Markdown, for example “Her sister **spoke**.”"),
    )
    attendance = models.CharField(
        _("how many came"),
        max_length=100,
        blank=True,
        help_text=_("Shown once it is over, for example “About 60 people”."),
    )

    objects = EventQuerySet.as_manager()

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(starts_on="") | Q(status="to_be_announced"), name="event_is_dated"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | (~Q(zone="") & Q(starts_on__regex=EXACT_DAY)),
                name="event_time_has_day_and_zone",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(starts_at__isnull=False),
                name="event_end_time_after_a_start_time",
            ),
            models.CheckConstraint(
                condition=Q(ends_on="")
                | (Q(starts_on__regex=EXACT_DAY) & Q(ends_on__gte=F("starts_on"))),
                name="event_ends_on_or_after_its_first_day",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None)
                | Q(ends_on__gt=F("starts_on"))
                | Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("campaigns:event", args=[self.slug])

    def save(self, *args, update_fields=None, **kwargs):
        self.over_at = self.end_of_it()
        if update_fields is not None:
            update_fields = {*update_fields, "over_at"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def clean_fields(self, exclude=None):
        self.zone = zones().get(self.zone.strip().casefold(), self.zone)
        self.country = self.country.upper()
        self._unsure = WHEN & set(exclude or ())
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            self._unsure |= WHEN & set(error.error_dict)
            raise

    def clean(self):
        """What belongs together, said by the field; the database refuses the same."""
        if getattr(self, "_unsure", None):
            return  # one of them is wrong by itself, and that is said already
        wrong = {}
        exact = len(self.starts_on) == DAY
        if not self.starts_on and self.status != self.Status.TO_BE_ANNOUNCED:
            wrong["starts_on"] = gettext("When is it? If that is open, choose “details follow”.")
        elif self.starts_at and not exact:
            wrong["starts_on"] = gettext("A time needs a day, such as “24 March 2027”.")
        elif self.ends_on and not exact:
            wrong["starts_on"] = gettext("With a last day, please give the first day, too.")
        if self.starts_at and not self.zone:
            wrong["zone"] = gettext("Whose clocks? For example America/Toronto.")
        if self.ends_at and not self.starts_at:
            wrong["starts_at"] = gettext("It ends at a time, so when does it begin?")
        if self.ends_on and exact and self.ends_on < self.starts_on:
            wrong["ends_on"] = gettext("The last day is before the first.")
        elif self.starts_at and self.ends_on > self.starts_on and not self.ends_at:
            wrong["ends_at"] = gettext("At what time does it end on the last day?")
        elif (
            self.starts_at
            and self.ends_at
            and self.ends_on <= self.starts_on
            and self.ends_at <= self.starts_at
        ):
            wrong["ends_at"] = gettext(
                "It ends before it begins. If that is on the next day, give the last day."
            )
        if wrong:
            raise ValidationError(wrong)

    # --- When ---

    @property
    def is_exact(self) -> bool:
        return len(self.starts_on) == DAY

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone or settings.TIME_ZONE)

    @property
    def last_day(self) -> str:
        return self.ends_on or self.starts_on

    def begins(self) -> datetime | date | None:
        """A moment in its zone, or a day; None where no day is known."""
        return self._moment(self.starts_on, self.starts_at) if self.is_exact else None

    def ends(self) -> datetime | date | None:
        """None where no end is known."""
        if self.starts_at:
            return self._moment(self.last_day, self.ends_at) if self.ends_at else None
        return self._moment(self.ends_on, None) if self.ends_on else None

    def _moment(self, day, at):
        day = date.fromisoformat(day)
        return datetime.combine(day, at, tzinfo=self.tz) if at else day

    def end_of_it(self) -> datetime | None:
        """From when on it is past; where no time is known, after its last day there."""
        if not self.starts_on:
            return None
        end = self.ends() if self.is_exact else None
        if isinstance(end, datetime):
            return end
        last = PartialDateField().to_python(self.last_day).latest
        return datetime.combine(last, time(), tzinfo=self.tz) + timedelta(days=1)

    @property
    def is_over(self) -> bool:
        return self.over_at is not None and self.over_at <= now()

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def details_follow(self) -> bool:
        return self.status == self.Status.TO_BE_ANNOUNCED

    @property
    def took_place(self) -> bool:
        return self.is_over and self.status == self.Status.PLANNED

    @property
    def when(self) -> str:
        """In words: “5 July 2011, 19:00 to 21:00”; pages say the zone beside it."""
        if not self.starts_on:
            return gettext("The date will be announced.")
        if not self.starts_at:
            return describe(f"{self.starts_on}/{self.ends_on}" if self.ends_on else self.starts_on)
        begins = f"{describe(self.starts_on)}, {time_format(self.starts_at)}"
        if not self.ends_at:
            return begins
        ends = time_format(self.ends_at)
        if self.last_day != self.starts_on:
            ends = f"{describe(self.ends_on)}, {ends}"
        return gettext("%(start)s to %(end)s") % {"start": begins, "end": ends}

    @property
    def summary(self) -> str:
        """For search engines and messengers: when, where, what."""
        where = ", ".join(filter(None, (self.say("venue").text, self.say("city").text)))
        what = rich_text.beginning(self.say("description").text)
        return " · ".join(filter(None, (self.when, where, what)))
