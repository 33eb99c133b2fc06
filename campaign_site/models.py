from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import languages, sealing
from campaign_site.audit_words import ABOUT, DONE
from campaign_site.pictures import smallest
from campaign_site.publishing import language_field
from campaign_site.roles import Role
from campaign_site.translations import Translatable


class MemberManager(UserManager):
    def create_user(self, username, email=None, password=None, **extra):
        """Django would make somebody who may not log in here."""
        return super().create_user(username, email, password, **({"is_staff": True} | extra))

    def create_superuser(self, username, email=None, password=None, **extra):
        """An administrator. The superuser flag stays off: it would skip the roles."""
        return self.create_user(username, email, password, role=Role.ADMINISTRATOR, **extra)


class Member(AbstractUser):
    """A member of staff. Supporters have no account."""

    role = models.CharField(
        _("role"),
        max_length=20,
        choices=Role,
        help_text=_("What this person may do. Nobody sees addresses of people who signed."),
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.STAFF_LANGUAGES,
        default=settings.LANGUAGE_CODE,
        help_text=_("The language of this site for you."),
    )
    is_staff = models.BooleanField(_("may log in here"), default=True)

    objects = MemberManager()

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("members of staff")
        constraints = [
            # A superuser passes every permission check, and so every promise about roles.
            models.CheckConstraint(
                condition=models.Q(is_superuser=False), name="member_never_superuser"
            )
        ]


class AuditEvent(models.Model):
    """What staff did, when and to what: written once, never edited."""

    at = models.DateTimeField(_("when"), auto_now_add=True)
    by = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("who"), null=True, related_name="audit_events"
    )
    verb = models.CharField(_("what was done"), max_length=50)
    about = models.CharField(_("to what"), max_length=200)
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        ordering = ["-at", "-pk"]

    def __str__(self):
        done, about = DONE.get(self.verb, self.verb), ABOUT.get(self.about, self.about)
        return f"{done}{gettext(':')} {about}"


def record(verb, about, *, by=None, **details):
    """Write one line of the audit trail. `details` are figures and words, nothing of signers."""
    return AuditEvent.objects.create(verb=verb, about=str(about)[:200], by=by, details=details)


class OutboxMessage(models.Model):
    """A mail on its way. Text and address are encrypted, and erased as soon as it is sent."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DROPPED = "dropped", _("not sent: this address had enough mails today")
        GIVEN_UP = "given_up", _("given up")

    class Kind(models.IntegerChoices):
        """What it is; the lower, the earlier it leaves."""

        CONFIRMATION = 0, _("confirmation")
        FIND = 1, _("links to one’s pages")
        REMINDER = 2, _("reminder")
        STAFF = 3, _("to staff")

    kind = models.SmallIntegerField(_("kind"), choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    slow = models.BooleanField(_("slow lane"), default=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    # Keyed, without the petition: counts the mails to one address, until 24 hours after sending.
    address_hash = models.BinaryField(null=True)
    # The attempt to sign that this mail is about: confirming it gives the mail back.
    reference = models.UUIDField(null=True)
    sealed = models.BinaryField(null=True)
    error = models.CharField(_("last error"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "sending"]) | models.Q(sealed=None),
                name="outbox_erased_when_done",
            )
        ]
        indexes = [
            models.Index(
                fields=["slow", "kind", "due_at"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="outbox_to_send",
            ),
            models.Index(
                fields=["address_hash"],
                condition=models.Q(address_hash__isnull=False),
                name="outbox_per_address",
            ),
            models.Index(
                fields=["reference"],
                condition=models.Q(reference__isnull=False),
                name="outbox_reference",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"


class SiteSettings(Translatable):
    """Who hosts this site: one row, which the first migration makes."""

    translatable = ("line", "about")

    name = models.CharField(
        _("name of the organisation"),
        max_length=100,
        default="Vigil",
        help_text=_("As it stands on pages and as the sender of mails, for example “Free Voices”."),
    )
    line = models.CharField(
        _("one line about you"),
        max_length=200,
        blank=True,
        default="We stand by people imprisoned for what they say.",
        help_text=_(
            "It heads the start page, for example “We stand by people imprisoned for what they "
            "say.”"
        ),
    )
    about = models.TextField(
        _("who you are"),
        blank=True,
        help_text=_("For the page “Who we are”. Markdown: ## heading, **bold**, - list."),
    )
    language = language_field()
    contact = models.EmailField(
        _("contact"),
        blank=True,
        help_text=_("Public, for supporters, for example hello@example.org."),
    )
    press_contact = models.EmailField(
        _("press contact"),
        blank=True,
        help_text=_("Public, on “Who we are”, for example press@example.org."),
    )
    postal_address = models.TextField(
        _("postal address"), blank=True, help_text=_("On letterheads and on “Who we are”.")
    )
    accent = models.CharField(
        _("accent colour"),
        max_length=7,
        default="#7a1f2b",
        validators=[RegexValidator(r"^#[0-9a-f]{6}\Z", _("Please type a colour such as #7a1f2b."))],
        help_text=_("Dark enough for white text on it, for example #7a1f2b."),
    )
    # As `pictures.store` says.
    logo = models.JSONField(_("logo"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="site_settings_one_row")
        ]

    def __str__(self):
        return self.name

    @classmethod
    def load(cls):
        return cls.objects.get_or_create(pk=1)[0]

    @property
    def logo_picture(self):
        """As it stands in the bar: {"url", "width", "height"}; None where there is no logo."""
        return smallest(self.logo) if self.logo else None


class ContactKey(models.Model):
    """The public half of a key to which addresses are sealed. No server has the private half."""

    label = models.CharField(_("name"), max_length=100)
    public = models.BinaryField(unique=True)
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    made_by = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("made by"), null=True, related_name="+"
    )
    # When the private half, read again from its file, opened a test box. None is used before that.
    proved_at = models.DateTimeField(_("proved on a test box"))
    retired_at = models.DateTimeField(_("no longer used since"), null=True)

    class Meta:
        verbose_name = _("contact key")
        verbose_name_plural = _("contact keys")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["retired_at"],
                condition=models.Q(retired_at=None),
                nulls_distinct=False,
                name="contact_key_one_current",
            )
        ]

    def __str__(self):
        """As it stands in exports: the last word is by what a key file is recognised."""
        return f"{self.label} {self.identifier}"

    @property
    def identifier(self):
        return sealing.key_id(self.public)

    @classmethod
    def current(cls):
        """The key to which addresses are sealed now; without one nobody is asked for updates."""
        return cls.objects.filter(retired_at=None).first()


class Language(models.Model):
    """A language that this site has beside its default one."""

    code = models.CharField(
        _("language"),
        max_length=10,
        primary_key=True,
        choices=[
            (known.code, f"{known.own_name} ({known.name})")
            for known in languages.KNOWN.values()
            if known != languages.DEFAULT
        ],
        help_text=_("For example Français. Its pages get addresses that begin with its code."),
    )
    read_by = models.CharField(
        _("read by"),
        max_length=100,
        blank=True,
        help_text=_(
            "Who speaks it and has read the pages in it, for example “Aygül Tursun, translator”. "
            "Visitors are offered the language from then on."
        ),
    )
    read_on = models.DateField(
        _("read on"), null=True, blank=True, help_text=_("For example 2027-05-03.")
    )

    class Meta:
        verbose_name = _("language")
        verbose_name_plural = _("languages")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(read_by="", read_on=None)
                | (~models.Q(read_by="") & models.Q(read_on__isnull=False)),
                name="language_read_by_and_on",
                violation_error_message=_("Please say both: who has read it, and when."),
            )
        ]

    def __str__(self):
        return languages.KNOWN[self.code].own_name


class HeldWordQuerySet(models.QuerySet):
    def words(self) -> list[str]:
        return list(self.values_list("word", flat=True))


class HeldWord(models.Model):
    """A slur or a joke: a name or a city that contains it waits for staff to look at it."""

    language = models.CharField(
        _("language"),
        max_length=10,
        default=settings.LANGUAGE_CODE,
        help_text=_(
            "Whose word it is, as a code such as en, fr or zh-hans. It holds names in any language."
        ),
    )
    # As `names.comparison_key` folds it: capitals, width and kinds of apostrophe do not count.
    word = models.CharField(
        _("word or words"),
        max_length=100,
        help_text=_(
            "Whole words, for example “mickey mouse”. It holds what is confirmed from now on; "
            "nobody is refused, and you decide about each name."
        ),
    )

    objects = HeldWordQuerySet.as_manager()

    class Meta:
        verbose_name = _("word that holds a name")
        verbose_name_plural = _("words that hold a name")
        ordering = ["language", "word"]
        constraints = [
            models.UniqueConstraint(
                fields=["language", "word"],
                name="held_word_once",
                violation_error_message=_("This word is on the list already."),
            )
        ]

    def __str__(self):
        return f"{self.word} ({self.language})"


class KeyFingerprint(models.Model):
    """Which SIGNER_KEY this database belongs to: with another one, nobody can sign."""

    fingerprint = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="key_fingerprint_one_row")
        ]

    def __str__(self):
        return "fingerprint"


class Heartbeat(models.Model):
    """When the worker last did one of its jobs, and whether that went well."""

    name = models.CharField(max_length=30, primary_key=True)
    ran_at = models.DateTimeField()
    last_success = models.DateTimeField(null=True)
    # The kind of the error of the last run, empty where that went well. Never its text.
    last_failure = models.CharField(max_length=100, blank=True)
    figures = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("health")
        verbose_name_plural = _("health")

    def __str__(self):
        return self.name
