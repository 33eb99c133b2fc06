"""What campaigns, profiles and petitions share: a slug, a language, and when the public sees them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _


class Gone(Exception):
    """This page was published once and is taken down: 410."""


def language_field():
    return models.CharField(
        _("language"),
        max_length=10,
        default=settings.LANGUAGE_CODE,
        help_text=_("The language in which you write this, as a code such as en, fr or zh-hans."),
    )


class Described(models.Model):
    """One statement of language and slug for everything that has a page of its own."""

    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        help_text=_(
            "The end of the page’s web address, for example “free-marta-ilin”. "
            "It cannot be changed once published."
        ),
    )
    language = language_field()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    public_state = "published"  # what publishing makes of it

    class Meta:
        abstract = True


class PublishableQuerySet(models.QuerySet):
    def published(self):
        """What the public sees."""
        return self.filter(state=Publishable.State.PUBLISHED)


class Publishable(Described):
    """A draft, which everybody sees once it is published, until it is taken down."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        REMOVED = "removed", _("removed")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)

    objects = PublishableQuerySet.as_manager()

    class Meta(Described.Meta):
        abstract = True

    @property
    def is_published(self):
        return self.state == self.State.PUBLISHED


def published_or_gone(model_or_rows, slug):
    """For the page of a row: 404 for what was never public, 410 for what was taken down."""
    rows = getattr(model_or_rows, "objects", model_or_rows)
    found = get_object_or_404(rows.exclude(state=Publishable.State.DRAFT), slug=slug)
    if found.state == Publishable.State.REMOVED:
        raise Gone
    return found


class NonEmptyStrings:
    """Validator of a JSON list of strings: demands, charges."""

    def __init__(self, most=20, length=500):
        self.most, self.length = most, length

    def __call__(self, value):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValidationError(_("Please give a list of texts."))
        if len(value) > self.most:
            raise ValidationError(_("Please give at most %(most)s."), params={"most": self.most})
        if any(not item.strip() or len(item) > self.length for item in value):
            raise ValidationError(
                _("Each must have between 1 and %(length)s characters."),
                params={"length": self.length},
            )

    def __eq__(self, other):
        return isinstance(other, NonEmptyStrings) and vars(self) == vars(other)

    def __hash__(self):
        return hash((self.most, self.length))

    def deconstruct(self):
        return "campaign_site.publishing.NonEmptyStrings", (self.most, self.length), {}
