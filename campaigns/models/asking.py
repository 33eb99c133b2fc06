"""What a campaign asks, and of whom; and what its readers can do beside signing."""

from urllib.parse import quote, urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaign_site.searching import Below
from campaign_site.translations import Translatable
from campaigns.models.campaign import Campaign
from campaigns.models.government import Addressee, Government

# What mail programs and the systems that hand them a link take without cutting it.
LONGEST_MAIL_LINK = 1_999


def position_field():
    return models.PositiveSmallIntegerField(
        _("place in the list"), default=0, help_text=_("Small numbers stand first, for example 1.")
    )


class Demand(Translatable, Below):
    """One thing that a campaign asks."""

    belongs_to = "campaign"
    translatable = ("text",)

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, verbose_name=_("campaign"), related_name="demands"
    )
    recipient = models.ForeignKey(
        Government,
        models.PROTECT,
        verbose_name=_("of whom"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The page groups demands by recipient. Leave empty for everybody."),
    )
    text = models.CharField(
        _("demand"), max_length=500, help_text=_("For example “Free Marta Ilin at once.”")
    )
    position = position_field()

    class Meta:
        verbose_name = _("demand")
        verbose_name_plural = _("demands")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.text[:60]

    @property
    def language(self):
        return self.campaign.language


class Action(Translatable, Below):
    """One thing that a reader can do: write a letter or a mail, give, or something in words."""

    class Kind(models.TextChoices):
        LETTER = "letter", _("write a letter")
        MAIL = "mail", _("write an e-mail")
        DONATE = "donate", _("donate, on another website")
        OTHER = "other", _("something else")

    belongs_to = "campaign"
    translatable = ("title", "text", "subject", "sample")

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, verbose_name=_("campaign"), related_name="actions"
    )
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Kind,
        default=Kind.OTHER,
        help_text=_("A letter needs an addressee, a mail an address, a donation a link."),
    )
    title = models.CharField(
        _("title"),
        max_length=120,
        help_text=_("What to do, for example “Write to the Minister of Justice”."),
    )
    text = models.TextField(
        _("explanation"),
        blank=True,
        help_text=_("One or two sentences, for example “A friendly letter of five lines helps.”"),
    )
    addressee = models.ForeignKey(
        Addressee,
        models.PROTECT,
        verbose_name=_("addressee"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whose postal address stands under a letter. Recipients keep them."),
    )
    mail_address = models.EmailField(
        _("e-mail address"),
        blank=True,
        help_text=_("A public address of an office, for example justice@estrava.example."),
    )
    subject = models.CharField(
        _("subject of the mail"), max_length=120, blank=True, help_text=_("For example “My wish”.")
    )
    sample = models.TextField(
        _("sample text"),
        blank=True,
        help_text=_(
            "What people can send as it is or change, for example “Your Excellency, I ask you to "
            "free Marta Ilin.”"
        ),
    )
    link = models.URLField(
        _("link"),
        blank=True,
        help_text=_("Where it is done, for example https://example.org/donate."),
    )
    position = position_field()

    class Meta:
        verbose_name = _("thing to do")
        verbose_name_plural = _("things to do")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.title

    @property
    def language(self):
        return self.campaign.language

    def clean(self):
        """Raises ValidationError by field where the kind lacks what it is about."""
        needs = {
            self.Kind.LETTER: ("addressee", _("Please say to whom.")),
            self.Kind.MAIL: ("mail_address", _("Please give the address to write to.")),
            self.Kind.DONATE: ("link", _("Please give the address of the page.")),
        }
        field, sentence = needs.get(self.kind, ("", ""))
        if field and not getattr(self, field):
            raise ValidationError({field: sentence})
        if self.kind == self.Kind.LETTER and not self.addressee.postal_address:
            raise ValidationError(
                {"addressee": _("No postal address is known. Please add it at the recipient.")}
            )
        too_long = len(self._mail_link(self.subject, self.sample)) - LONGEST_MAIL_LINK
        if self.kind == self.Kind.MAIL and too_long > 0:
            raise ValidationError(
                {
                    "sample": _(
                        "As a link this is too long for mail programs, in which a letter outside "
                        "A to Z counts as six or more. Please shorten it; too many now: %(number)s."
                    )
                    % {"number": too_long}
                }
            )

    @property
    def host(self) -> str:
        """Of the link: readers see where they are going."""
        return urlsplit(self.link).hostname or ""

    @property
    def mail_link(self) -> str:
        """`mailto:` with subject and text in the language of the page. A translation too long for
        mail programs leaves the text out; it stands on the page in any case."""
        subject, sample = self.say("subject").text, self.say("sample").text
        link = self._mail_link(subject, sample)
        return link if len(link) <= LONGEST_MAIL_LINK else self._mail_link(subject, "")

    def _mail_link(self, subject, sample):
        # RFC 6068: line ends are CR LF; a plus sign would stay a plus sign.
        body = sample.replace("\r\n", "\n").replace("\n", "\r\n")
        said = [f"{name}={quote(text)}" for name, text in (("subject", subject), ("body", body))]
        filled = [one for one in said if not one.endswith("=")]
        return f"mailto:{quote(self.mail_address, safe='@')}{'?' * bool(filled)}{'&'.join(filled)}"
