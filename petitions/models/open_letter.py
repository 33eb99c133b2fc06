import uuid

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from campaign_site.partial_dates import PartialDateField
from campaign_site.publishing import NonEmptyStrings, Publishable, PublishableQuerySet
from campaign_site.searching import Below, Searchable
from campaign_site.templatetags.vigil import number
from campaign_site.translations import Translatable
from campaigns.models import Campaign, Document, Government, Organisation
from campaigns.models.document import LONGEST_TEXT
from campaigns.models.sourced import Sourced

ROLE_LENGTH = 150
LAST = 100  # the place of whoever joined later


class OpenLetterQuerySet(PublishableQuerySet):
    def newest_first(self):
        return self.order_by("-date", "title")

    def counted(self):
        """With how many organisations and people stand under each."""
        return self.annotate(
            organisations_number=models.Count("signing_organisations", distinct=True),
            people_number=models.Count("signing_people", distinct=True),
        )


class OpenLetter(Publishable, Translatable, Searchable, Sourced):
    """A letter that organisations and named people sign together, each of them let in by staff."""

    translatable = ("title", "summary", "to", "date_words", "salutation", "text", "demands")
    searched = (
        *translatable,
        "signing_people__name",
        "signing_people__role",
        "signing_organisations__speaker",
    )

    title = models.CharField(
        _("title"),
        max_length=150,
        help_text=_("For example “Open letter to the Minister of Justice of Estrava”."),
    )
    summary = models.TextField(
        _("summary"),
        help_text=_(
            "One or two sentences, for example “Writers and lawyers ask for Marta Ilin’s release.”"
        ),
    )
    government = models.ForeignKey(
        Government,
        models.PROTECT,
        verbose_name=_("recipient"),
        null=True,
        blank=True,
        related_name="open_letters",
        help_text=_("Only where it is one of your recipients. It is shown where “to” is empty."),
    )
    to = models.CharField(
        _("to"),
        max_length=300,
        blank=True,
        help_text=_("For example “Anton Verek, Minister of Justice of Estrava”."),
    )
    date = PartialDateField(_("date"), blank=True)
    date_words = models.CharField(
        _("date in words"),
        max_length=100,
        blank=True,
        help_text=_("Only where the date says too much, for example “before the state visit”."),
    )
    salutation = models.CharField(
        _("salutation"), max_length=200, blank=True, help_text=_("For example “Your Excellency,”.")
    )
    text = models.TextField(
        _("text"),
        blank=True,
        validators=[MaxLengthValidator(LONGEST_TEXT, _("This text is too long for a page."))],
        help_text=_("What all of them say. Markdown: ## heading, **bold**, - list."),
    )
    demands = models.JSONField(
        _("demands"),
        default=list,
        blank=True,
        validators=[NonEmptyStrings()],
        help_text=_("One a line, for example “Set Marta Ilin free without delay.”"),
    )
    document = models.ForeignKey(
        Document,
        models.SET_NULL,
        verbose_name=_("document"),
        null=True,
        blank=True,
        related_name="open_letters",
        help_text=_("Where the letter itself is one of your documents. They link to each other."),
    )
    campaigns = models.ManyToManyField(
        Campaign,
        verbose_name=_("campaigns"),
        blank=True,
        related_name="open_letters",
        help_text=_("It stands on their pages under “Letters and documents”."),
    )
    open_to_requests = models.BooleanField(
        _("others may ask to join"),
        default=False,
        help_text=_("The page then has a form. Nobody stands on the letter before you let them."),
    )
    closes_on = models.DateField(
        _("last day to ask"),
        null=True,
        blank=True,
        help_text=_("After it the form is gone. For example 2027-05-03; empty: no end."),
    )

    objects = OpenLetterQuerySet.as_manager()

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("open letter")
        verbose_name_plural = _("open letters")
        ordering = ["-date", "title"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("petitions:letter", args=[self.slug])

    @property
    def takes_requests(self):
        return (
            self.is_published
            and self.open_to_requests
            and (self.closes_on is None or localdate() <= self.closes_on)
        )

    @property
    def language_of_text(self):
        return self.language

    @property
    def signed_by(self) -> str:
        """From `counted`: “Signed by 10 organisations and 10 people.” Empty where nobody has."""
        return signed_by(self.organisations_number, self.people_number)


def signed_by(organisations: int, people: int) -> str:
    parts = []
    if organisations:
        parts.append(
            ngettext("%(number)s organisation", "%(number)s organisations", organisations)
            % {"number": number(organisations)}
        )
    if people:
        parts.append(
            ngettext("%(number)s person", "%(number)s people", people) % {"number": number(people)}
        )
    if len(parts) == 2:
        parts = [
            gettext("%(organisations)s and %(people)s")
            % {"organisations": parts[0], "people": parts[1]}
        ]
    return gettext("Signed by %(whom)s.") % {"whom": parts[0]} if parts else ""


class JoinRequest(models.Model):
    """Somebody asks to stand under an open letter. Their address is never here: the mail that is
    on its way has it, and when that has left, a keyed digest is all that stays of it."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("not confirmed by mail")
        WAITING = "waiting", _("waiting for you")
        APPROVED = "approved", _("stands on the letter")
        DECLINED = "declined", _("declined")

    # In links and in the erasure log, as of a signature.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    letter = models.ForeignKey(
        OpenLetter, models.CASCADE, verbose_name=_("open letter"), related_name="requests"
    )
    state = models.CharField(
        _("state"), max_length=12, choices=State, default=State.UNCONFIRMED, editable=False
    )
    name = models.CharField(_("name"), max_length=100)
    role = models.CharField(
        pgettext_lazy("in an open letter", "role"), max_length=ROLE_LENGTH, blank=True
    )
    # Where it is the organisation that signs; the name above then speaks for it.
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    language = models.CharField(max_length=10)
    digest = models.BinaryField()
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    confirmed_on = models.DateField(_("confirmed"), null=True)
    decided_on = models.DateField(_("decided"), null=True)

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        ordering = ["created_at"]
        indexes = [models.Index(fields=["digest"], name="join_request_by_mailbox")]

    def __str__(self):
        # The audit trail keeps this for ever: no name.
        return gettext("a request to join “%(letter)s”") % {"letter": self.letter}


class SigningOrganisation(Translatable, Below):
    translatable = ("speaker", "speaker_role")
    belongs_to = "letter"

    letter = models.ForeignKey(
        OpenLetter,
        models.CASCADE,
        verbose_name=_("open letter"),
        related_name="signing_organisations",
    )
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        verbose_name=_("organisation"),
        related_name="letters_signed",
        help_text=_("Its name and acronym stand on the letter as they are in your list."),
    )
    speaker = models.CharField(
        _("who signs for it"),
        max_length=100,
        blank=True,
        help_text=_("For example “Ana Reth”. Leave it empty where only the name stands there."),
    )
    speaker_role = models.CharField(
        _("role there"), max_length=ROLE_LENGTH, blank=True, help_text=_("For example “director”.")
    )
    position = models.PositiveSmallIntegerField(
        pgettext_lazy("in an order", "place"),
        default=LAST,
        help_text=_("The smaller number stands first, for example 1. The same: by when they came."),
    )
    request = models.OneToOneField(
        JoinRequest, models.CASCADE, null=True, editable=False, related_name="organisation_row"
    )

    class Meta:
        verbose_name = _("organisation that signs")
        verbose_name_plural = _("organisations that sign")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "organisation"], name="letter_organisation_once"
            )
        ]

    def __str__(self):
        return str(self.organisation)

    @property
    def language(self):
        return self.letter.language


class SigningPerson(Translatable, Below):
    translatable = ("name", "role")
    belongs_to = "letter"

    letter = models.ForeignKey(
        OpenLetter, models.CASCADE, verbose_name=_("open letter"), related_name="signing_people"
    )
    name = models.CharField(
        _("name"),
        max_length=100,
        help_text=_(
            "As it stands under the letter, for example “Ola Brandt”. The same name in another "
            "script belongs to the translations."
        ),
    )
    role = models.CharField(
        pgettext_lazy("in an open letter", "role"),
        max_length=ROLE_LENGTH,
        blank=True,
        help_text=_("For example “writer”."),
    )
    position = models.PositiveSmallIntegerField(
        pgettext_lazy("in an order", "place"),
        default=LAST,
        help_text=_("The smaller number stands first, for example 1. The same: by when they came."),
    )
    request = models.OneToOneField(
        JoinRequest, models.CASCADE, null=True, editable=False, related_name="person_row"
    )

    class Meta:
        verbose_name = _("person who signs")
        verbose_name_plural = _("people who sign")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["letter", "name"], name="letter_person_once"),
            models.CheckConstraint(condition=~Q(name=""), name="letter_person_named"),
        ]

    def __str__(self):
        return self.name

    @property
    def language(self):
        return self.letter.language
