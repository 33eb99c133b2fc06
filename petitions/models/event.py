import uuid
from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from campaign_site import links
from petitions.models.petition import Petition

LONGEST = timedelta(hours=72)
MOST_MAILS = 10_000


class EventLink(models.Model):
    """For a gathering where hundreds share one network: who signs under this link does not wait."""

    PURPOSE = "event"  # of the token in its address

    petition = models.ForeignKey(
        Petition, models.CASCADE, verbose_name=_("petition"), related_name="event_links"
    )
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    label = models.CharField(
        _("event"),
        max_length=100,
        help_text=_("For us only, for example “Concert at the harbour, 3 May”."),
    )
    valid_from = models.DateTimeField(
        _("valid from"), default=now, help_text=_("For example when doors open.")
    )
    valid_until = models.DateTimeField(
        _("valid until"), help_text=_("For example when people have gone home.")
    )
    mails = models.PositiveIntegerField(
        _("mails at most"),
        default=2_000,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MAILS)],
        help_text=_("For example 500. After so many, the usual limits of a network hold again."),
    )
    used = models.PositiveIntegerField(_("mails so far"), default=0)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("made by"),
        null=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("event link")
        verbose_name_plural = _("event links")
        ordering = ["-valid_until", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from"))
                & Q(valid_until__lte=F("valid_from") + LONGEST),
                name="event_link_at_most_72_hours",
                violation_error_message=_("An event link ends after it begins, within 72 hours."),
            ),
            models.CheckConstraint(
                condition=Q(used__lte=F("mails")), name="event_link_within_its_mails"
            ),
        ]

    def __str__(self):
        return self.label

    def get_absolute_url(self):
        token = links.make_token(self.PURPOSE, self.key)
        return reverse("petitions:event", args=[self.petition.slug, token])

    @property
    def is_valid(self):
        return self.valid_from <= now() < self.valid_until
