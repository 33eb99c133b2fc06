from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaign_site.partial_dates import PartialDateField
from campaign_site.publishing import language_field
from campaign_site.translations import Translatable


class Government(Translatable):
    """A body that we address: a government, a parliament, a party."""

    class Kind(models.TextChoices):
        GOVERNMENT = "government", _("government")
        LEGISLATORS = "legislators", _("parliament or its members")
        PARTIES = "political_parties", _("political parties")
        OTHER = "other", _("other")

    slug = models.SlugField(
        _("short name for addresses"),
        max_length=80,
        unique=True,
        help_text=_("For example “government-of-estrava”."),
    )
    name = models.CharField(
        _("name"), max_length=200, help_text=_("For example “Government of Estrava”.")
    )
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=Kind,
        default=Kind.GOVERNMENT,
        help_text=_("What kind of body gets the list."),
    )
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters, for example CA.")
    )
    language = language_field()
    translatable = ("name",)

    class Meta:
        verbose_name = _("recipient: government, parliament or party")
        verbose_name_plural = _("recipients: governments, parliaments, parties")
        ordering = ["name"]

    def __str__(self):
        return self.name


class Office(Translatable):
    """A door of that body at which a list can be handed over."""

    class Kind(models.TextChoices):
        EMBASSY = "embassy", _("embassy")
        CONSULATE = "consulate", _("consulate")
        MINISTRY = "ministry", _("ministry")
        OTHER = "other", _("other office")

    translatable = ("name",)

    government = models.ForeignKey(
        Government, models.PROTECT, verbose_name=_("recipient"), related_name="offices"
    )
    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind, help_text=_("What stands at the door.")
    )
    name = models.CharField(
        _("name"), max_length=200, help_text=_("For example “Embassy of Estrava in Ottawa”.")
    )
    city = models.CharField(
        _("city"),
        max_length=100,
        help_text=_("Where that is, for example “Ottawa”. Handovers name it in public."),
    )
    postal_address = models.TextField(
        _("postal address"),
        blank=True,
        help_text=_("For the handover sheet, for example “3 Embassy Road, Ottawa”."),
    )
    opening_hours = models.CharField(
        _("opening hours"),
        max_length=200,
        blank=True,
        help_text=_("For example “Monday to Thursday, 9 to 12”."),
    )

    class Meta:
        verbose_name = _("office")
        verbose_name_plural = _("offices")
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def language(self):
        return self.government.language


class Addressee(Translatable):
    """An office holder, or an office without a name, to whom letters and petitions are written."""

    translatable = ("office", "salutation")

    government = models.ForeignKey(
        Government, models.PROTECT, verbose_name=_("recipient"), related_name="addressees"
    )
    name = models.CharField(
        _("name"),
        max_length=200,
        blank=True,
        help_text=_("For example “Jan Orsk”. Leave empty to write to the office itself."),
    )
    office = models.CharField(
        pgettext_lazy("of a person", "office"),
        max_length=200,
        help_text=_("For example “Minister of Justice of Estrava”."),
    )
    salutation = models.CharField(
        _("salutation"), max_length=200, blank=True, help_text=_("For example “Your Excellency,”.")
    )
    postal_address = models.TextField(
        _("postal address"),
        blank=True,
        help_text=_("It stands on the cover letter, for example “1 Court Square, Oru, Estrava”."),
    )
    since = PartialDateField(_("in office since"), blank=True)
    until = PartialDateField(_("in office until"), blank=True)
    source = models.CharField(
        _("source"),
        max_length=300,
        blank=True,
        help_text=_(
            "Where it is said that this person holds the office, for example a web address."
        ),
    )

    class Meta:
        verbose_name = _("addressee")
        verbose_name_plural = _("addressees")
        ordering = ["-since", "office"]

    def __str__(self):
        return f"{self.name}, {self.office}" if self.name else self.office

    @property
    def language(self):
        return self.government.language
