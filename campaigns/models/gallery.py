from urllib.parse import urlsplit

from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaign_site.pictures import Illustrated
from campaign_site.translations import Translatable
from campaigns.models.campaign import Campaign
from campaigns.models.profile import Profile


class GalleryPhoto(Illustrated, Translatable):
    """One more picture of a person or a campaign. With a link, it is the poster of a video that
    somebody else shows: nothing of theirs is loaded into our pages."""

    translatable = ("caption", "photo_alt")

    profile = models.ForeignKey(
        Profile,
        models.CASCADE,
        verbose_name=_("person"),
        null=True,
        blank=True,
        related_name="gallery",
    )
    campaign = models.ForeignKey(
        Campaign,
        models.CASCADE,
        verbose_name=_("campaign"),
        null=True,
        blank=True,
        related_name="gallery",
    )
    caption = models.CharField(
        _("caption"),
        max_length=200,
        blank=True,
        help_text=_("It stands under the picture, for example “Vigil in Göteborg, May 2021”."),
    )
    video = models.URLField(
        _("address of a video"),
        blank=True,
        validators=[URLValidator(schemes=["https", "http"])],
        help_text=_(
            "Only where this is the still picture of a video, for example "
            "“https://video.example.org/marta”. The video itself stays there."
        ),
    )
    position = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("Pictures stand in this order, for example 1, 2, 3.")
    )

    class Meta:
        verbose_name = _("more pictures and videos")
        verbose_name_plural = _("more pictures and videos")
        ordering = ["position", "pk"]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(photo__isnull=False), name="gallery_photo_is_there"
            ),
            models.CheckConstraint(
                condition=models.Q(profile__isnull=False, campaign__isnull=True)
                | models.Q(profile__isnull=True, campaign__isnull=False),
                name="gallery_photo_of_one",
            ),
        ]

    def __str__(self):
        return self.caption or self.photo_alt

    @property
    def language(self):
        return (self.profile or self.campaign).language

    @property
    def video_host(self) -> str:
        return urlsplit(self.video).hostname or ""
