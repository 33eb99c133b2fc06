from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaign_site.pictures import Illustrated
from campaign_site.publishing import Described, NonEmptyStrings
from campaign_site.translations import Translatable
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile


class CampaignQuerySet(models.QuerySet):
    def published(self):
        """What the public sees; an ended campaign keeps its page."""
        return self.filter(state__in=[Campaign.State.PUBLISHED, Campaign.State.ENDED])


class Campaign(Described, Illustrated, Translatable):
    """A published effort: its story, what it asks, and for whom."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        ENDED = "ended", _("ended")
        REMOVED = "removed", _("removed")

    translatable = ("title", "summary", "story", "demands", "actions", "outcome")

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
    demands = models.JSONField(
        _("what we ask"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One demand a line, for example “Estrava: free Marta Ilin at once.”"),
    )
    actions = models.JSONField(
        _("what else people can do"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One suggestion a line, for example “Write a postcard to your minister.”"),
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

    @property
    def is_published(self):
        return self.state in (self.State.PUBLISHED, self.State.ENDED)
