from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from petitions.models.petition import Petition


class Mend(models.Model):
    """A spelling mistake put right in a frozen petition: what stood there, what stands there now,
    and why. Everybody can read it on the petition's page."""

    class Part(models.TextChoices):
        TITLE = "title", _("title")
        SALUTATION = "salutation", _("salutation")
        LETTER = "letter", _("letter")
        DEMANDS = "demands", _("demands")

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="mends")
    # In which of the petition's languages.
    language = models.CharField(
        _("language"),
        max_length=10,
        default=settings.LANGUAGE_CODE,
        db_default=settings.LANGUAGE_CODE,
    )
    part = models.CharField(_("part"), max_length=10, choices=Part)
    before = models.TextField(_("before"))
    after = models.TextField(_("after"))
    reason = models.CharField(
        _("reason"), max_length=200, help_text=_("For example “Misspelt name of a town.”")
    )
    at = models.DateTimeField(_("when"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("who"), null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("mended spelling")
        verbose_name_plural = _("mended spellings")
        ordering = ["at"]

    def __str__(self):
        return f"{self.get_part_display()}: {self.reason}"
