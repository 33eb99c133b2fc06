from django.db import models
from django.utils.translation import gettext_lazy as _

from campaign_site.publishing import language_field
from campaign_site.translations import Translatable


class Organisation(Translatable):
    """Who publishes or joins: the host, coalition members, signatories."""

    translatable = ("name",)

    slug = models.SlugField(
        _("short name for addresses"),
        max_length=80,
        unique=True,
        help_text=_("For example “free-voices”."),
    )
    name = models.CharField(
        _("name"), max_length=200, help_text=_("As it stands on pages, for example “Free Voices”.")
    )
    acronym = models.CharField(
        _("acronym"), max_length=20, blank=True, help_text=_("For example “FV”.")
    )
    language = language_field()
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters, for example CA.")
    )
    website = models.URLField(_("website"), blank=True, help_text=_("For example example.org."))

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name"]

    def __str__(self):
        return self.name
