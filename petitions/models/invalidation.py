from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from petitions.models.petition import Petition

WAY_BACK = timedelta(days=30)


class Invalidation(models.Model):
    """Signatures that staff took out of the count at once, by a rule and for a reason.

    For 30 days there is a way back; then names and cities are erased. The mailboxes' digests
    stay, so that nobody who was taken out is counted again.
    """

    petition = models.ForeignKey(
        Petition, models.PROTECT, verbose_name=_("petition"), related_name="invalidations"
    )
    # Days and domain. Of a repeated name only that there was one: names are not kept here.
    rule = models.JSONField(_("which"), default=dict)
    reason = models.CharField(
        _("reason"),
        max_length=300,
        help_text=_("For example “A script signed 300 times in the night of 3 May.”"),
    )
    at = models.DateTimeField(_("when"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("who"), null=True, related_name="+"
    )
    quantity = models.PositiveIntegerField(_("how many"), default=0)
    restored_at = models.DateTimeField(_("restored"), null=True)
    blanked_at = models.DateTimeField(_("names erased"), null=True)

    class Meta:
        verbose_name = _("invalidation")
        verbose_name_plural = _("taken out of the count")
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(restored_at=None) | models.Q(blanked_at=None),
                name="invalidation_restored_or_blanked",
            )
        ]

    def __str__(self):
        return f"{self.petition}: {self.quantity}"

    @property
    def way_back_until(self):
        return self.at + WAY_BACK

    @property
    def has_way_back(self):
        return self.restored_at is None and self.blanked_at is None and now() < self.way_back_until
