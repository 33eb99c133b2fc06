from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaign_site.pictures import Illustrated
from campaign_site.publishing import Described
from campaign_site.searching import Searchable
from campaign_site.translations import Translatable
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile


class CampaignQuerySet(models.QuerySet):
    def published(self):
        """What the public sees; an ended campaign keeps its page."""
        return self.filter(state__in=[Campaign.State.PUBLISHED, Campaign.State.ENDED])


class Campaign(Described, Illustrated, Translatable, Searchable):
    """A published effort: its story, what it asks, and for whom."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        ENDED = "ended", _("ended")
        REMOVED = "removed", _("removed")

    translatable = ("title", "summary", "story", "outcome", "photo_alt")
    searched = (
        *("title", "summary", "story", "outcome"),
        *("demands__text", "actions__title", "actions__text"),
    )

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    title = models.CharField(
        _("title"), max_length=120, help_text=_("For example “Bring Marta Ilin home”.")
    )
    summary = models.TextField(
        _("summary"),
        help_text=_(
            "Two sentences, for example “Marta Ilin is in prison for an article. We ask Estrava to "
            "let her go.”"
        ),
    )
    story = models.TextField(
        _("story"),
        blank=True,
        help_text=_("About 600 words. Markdown: ## heading, **bold**, - list."),
    )
    outcome = models.TextField(
        _("how it ended"), blank=True, help_text=_("For example “She is home.”")
    )
    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("part of"),
        null=True,
        blank=True,
        help_text=_("Only where this is one part of a larger campaign, which links to it."),
        related_name="children",
    )
    profiles = models.ManyToManyField(
        Profile,
        verbose_name=_("people"),
        blank=True,
        related_name="campaigns",
        help_text=_("Whom it is about. Only people whose page is public are shown."),
    )
    related_profiles = models.ManyToManyField(
        Profile,
        verbose_name=_("others whom it mentions"),
        blank=True,
        related_name="+",
        help_text=_("Their cards stand below, smaller, for example people named in a letter."),
    )
    organisations = models.ManyToManyField(
        Organisation,
        verbose_name=_("who is behind this"),
        blank=True,
        related_name="campaigns",
        help_text=_("They stand on the page of the campaign and of its petitions."),
    )

    objects = CampaignQuerySet.as_manager()

    class Meta(Described.Meta):
        abstract = False
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["title"]
        constraints = [
            *Illustrated.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="ended") | ~models.Q(outcome=""),
                name="campaign_ended_with_outcome",
                violation_error_message=_("Please say how the campaign ended."),
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("campaign", args=[self.slug])

    def clean(self):
        """Raises ValidationError where the campaign would be a part of itself, over others too."""
        above = self.parent
        while above:
            if above.pk == self.pk:
                raise ValidationError({"parent": _("A campaign is not a part of itself.")})
            above = above.parent

    @property
    def public_state(self):
        """What had ended when it was taken down has ended still."""
        ended = self.state == self.State.REMOVED and self.outcome
        return self.State.ENDED if ended else self.State.PUBLISHED

    @property
    def is_published(self):
        return self.state in (self.State.PUBLISHED, self.State.ENDED)
