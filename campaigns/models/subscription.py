import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaign_site.models import ContactKey
from campaigns.models.campaign import Campaign

# What people agree to: the words beside the tick, kept with what they ticked.
CONSENT = _("Tell me when the list is handed over and what comes of it (a few mails a year)")


class SubscriptionQuerySet(models.QuerySet):
    def waiting(self):
        """Given to nobody yet."""
        return self.filter(exported_at=None)


class Subscription(models.Model):
    """An address that asked for updates, sealed to the organisation's key.

    Nothing here leads to a signature: no reference, no time but the day, and a random id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="subscriptions")
    language = models.CharField(max_length=10)
    consent = models.CharField(max_length=300)
    key = models.ForeignKey(ContactKey, models.PROTECT, related_name="subscriptions")
    box = models.BinaryField()
    made_on = models.DateField()
    exported_at = models.DateTimeField(null=True)
    # Stored again in random order on a later day: until then the order of rows tells who was when.
    mixed = models.BooleanField(default=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["exported_at"], name="subscription_exported"),
            models.Index(
                fields=["made_on"], condition=models.Q(mixed=False), name="subscription_to_mix"
            ),
        ]

    def __str__(self):
        return "subscription"
