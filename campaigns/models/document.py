from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import languages, rich_text
from campaign_site.partial_dates import PartialDateField
from campaign_site.publishing import Publishable, PublishableQuerySet
from campaign_site.searching import Below, Searchable
from campaign_site.translations import Translatable
from campaigns.models.campaign import Campaign
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile
from campaigns.models.sourced import Sourced

FOLDER = "documents"  # of files, under PRIVATE_ROOT
LONGEST_TEXT = 200_000  # characters: about a hundred printed pages


class DocumentQuerySet(PublishableQuerySet):
    def newest_first(self):
        return self.order_by("-date", "title")

    def showing(self, file: str):
        """Whose page offers this file, as its own or as an enclosure."""
        return self.filter(Q(file__name=file) | Q(enclosures__file__name=file))


class Document(Publishable, Translatable, Searchable, Sourced):
    """A letter, a press release, a testimony, a report: what it is, where it comes from, and its
    text or file. Its text stays in its own language; a translation is a document of its own."""

    class Kind(models.TextChoices):
        PRISON_LETTER = "prison_letter", _("letter of a prisoner")
        LETTER = "letter", _("letter to an official")
        REPLY = "reply", _("letter of an official")
        OPEN_LETTER = "open_letter", _("open letter")
        PRESS_RELEASE = "press_release", _("press release")
        STATEMENT = "statement", _("statement")
        TESTIMONY = "testimony", _("testimony")
        TRANSCRIPT = "transcript", _("transcript")
        REPORT = "report", _("report")
        CASE_LIST = "case_list", _("list of cases")
        OTHER = "other", _("other document")

    LETTERS = (Kind.PRISON_LETTER, Kind.LETTER, Kind.REPLY, Kind.OPEN_LETTER)

    translatable = ("title", "summary", "date_words", "place", "sender", "recipient", "provenance")
    searched = (*translatable, "enclosures__title", "text")

    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind, help_text=_("Letters are printed as letters.")
    )
    title = models.CharField(
        _("title"),
        max_length=150,
        help_text=_("For example “Letter from prison to her sister”."),
    )
    summary = models.TextField(
        _("summary"),
        help_text=_(
            "Two sentences on what stands in it, for example “She asks her sister not to wait, and "
            "says what she misses.”"
        ),
    )
    date = PartialDateField(_("date"), blank=True)
    date_words = models.CharField(
        _("date in words"),
        max_length=100,
        blank=True,
        help_text=_("Only where the date says too much, for example “before the trial”."),
    )
    place = models.CharField(
        _("place"),
        max_length=200,
        blank=True,
        help_text=_("Where it was written, for example “Prison No. 3, Oru”."),
    )
    sender = models.CharField(
        _("from"),
        max_length=300,
        blank=True,
        help_text=_("Who wrote it, for example “Marta Ilin”."),
    )
    name_changed = models.BooleanField(
        _("the author’s name is changed"),
        default=False,
        help_text=_("The page then says: “Name changed to protect the author.”"),
    )
    senders = models.ManyToManyField(
        Organisation,
        verbose_name=_("from these organisations"),
        blank=True,
        related_name="documents_written",
        help_text=_("As they were on that day: members of a coalition, for example."),
    )
    recipient = models.CharField(
        _("to"),
        max_length=300,
        blank=True,
        help_text=_("Whom it was written to, for example “her sister”, or “the public”."),
    )
    text_language = models.CharField(
        _("language of the text"),
        max_length=10,
        blank=True,
        validators=[
            RegexValidator(
                r"^[a-z]{2,3}(-[a-z0-9]{2,8})*\Z", _("Please type a code such as en or zh-hans.")
            )
        ],
        help_text=_("A code such as ug or zh-hans. Leave it empty where you do not know it."),
    )
    translation_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("translation of"),
        null=True,
        blank=True,
        related_name="translated_into",
        help_text=_("The document in its first language. Each page then links to the other."),
    )
    answers = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("answers"),
        null=True,
        blank=True,
        related_name="answered_by",
        help_text=_("The letter that this is an answer to. Both pages then show all letters."),
    )
    salutation = models.CharField(
        _("salutation"),
        max_length=200,
        blank=True,
        help_text=_("How the letter begins, for example “Dear Ana,”."),
    )
    text = models.TextField(
        _("text"),
        blank=True,
        validators=[
            MaxLengthValidator(
                LONGEST_TEXT,
                _("This text is too long for a page. Please upload it as a PDF instead."),
            )
        ],
        help_text=_(
            "In its own words and language. Markdown: ## heading, **bold**, - list. Put what you "
            "add yourself in double brackets, for example [[her mother]]. A footnote: a mark "
            "such as [^1] in the text, and at the end a line that begins with [^1]: and says it."
        ),
    )
    # {"name": "<hash>.pdf", "bytes": 12345}, as `files.store` says.
    file = models.JSONField(_("file"), null=True, blank=True, editable=False)
    published_by = models.ManyToManyField(
        Organisation,
        verbose_name=_("published by"),
        blank=True,
        related_name="documents_published",
        help_text=_("Who made it public first."),
    )
    provenance = models.TextField(
        _("where it comes from"),
        blank=True,
        help_text=_(
            "How it reached you, and who translated it, for example “Carried out of the prison by a "
            "cellmate; copied by hand.” Name nobody who could be harmed."
        ),
    )
    campaigns = models.ManyToManyField(
        Campaign,
        verbose_name=_("campaigns"),
        blank=True,
        related_name="documents",
        help_text=_("It stands on their pages under “Letters and documents”."),
    )
    profiles = models.ManyToManyField(
        Profile,
        verbose_name=_("people"),
        blank=True,
        related_name="documents",
        help_text=_("Whom it is by or about. It stands on their pages, too."),
    )

    objects = DocumentQuerySet.as_manager()

    class Meta(Publishable.Meta):
        abstract = False
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-date", "title"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(translation_of=F("id")), name="document_not_its_translation"
            ),
            models.CheckConstraint(condition=~Q(answers=F("id")), name="document_not_its_answer"),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("document", args=[self.slug])

    def clean(self):
        """By the field: what an editor put in ends; no document translates or answers itself, on
        however long a way."""
        problems = {}
        if words := rich_text.left_open(self.text):
            problems["text"] = gettext(
                "“%(words)s” is not closed. Please put ]] where your words end, in the same paragraph."
            ) % {"words": words}
        if self._leads_back("translation_of"):
            problems["translation_of"] = gettext(
                "A document is no translation of itself. Here one leads back to the other."
            )
        if self._leads_back("answers"):
            problems["answers"] = gettext(
                "A document is no answer to itself. Here one leads back to the other."
            )
        if problems:
            raise ValidationError(problems)

    def _leads_back(self, field) -> bool:
        """Whether following this field comes back here."""
        rows, seen = type(self).objects, set()
        other = getattr(self, f"{field}_id")
        while other and other not in seen and self.pk:
            if other == self.pk:
                return True
            seen.add(other)
            other = rows.filter(pk=other).values_list(f"{field}_id", flat=True).first()
        return False

    @property
    def is_letter(self):
        return self.kind in self.LETTERS

    @property
    def language_of_text(self):
        return self.text_language or self.language

    @property
    def language_name(self):
        """In that language itself; the code where we have no name for it."""
        return languages.own_name(self.text_language) if self.text_language else ""

    @property
    def all_files(self) -> list[dict]:
        files = [self.file, *(enclosure.file for enclosure in self.enclosures.all())]
        return [file for file in files if file]

    def thread(self) -> list["Document"]:
        """What this answers, and what answers it, both ways and all the way, in order of date."""
        found = list(_tied(self, "answers_id").order_by("date", "pk"))
        return found if len(found) > 1 else []

    def versions(self) -> list["Document"]:
        """The original and its translations, without this one."""
        return list(
            _tied(self, "translation_of_id").exclude(pk=self.pk).order_by("text_language", "pk")
        )


# Only over what is public: a draft ties nothing together. UNION ends where there is a circle.
_TIED = """
WITH RECURSIVE shown AS NOT MATERIALIZED (
    SELECT id, {field} AS other FROM campaigns_document
    WHERE state = 'published' OR id = %s::bigint
), tied (id) AS (
    SELECT %s::bigint
    UNION
    SELECT next.id FROM tied CROSS JOIN LATERAL (
        SELECT below.id FROM shown below WHERE below.other = tied.id
        UNION ALL
        SELECT above.id FROM shown me JOIN shown above ON above.id = me.other WHERE me.id = tied.id
    ) next
)
SELECT id FROM tied
"""


def _tied(document, field):
    """With the document itself."""
    ids = RawSQL(_TIED.format(field=field), [document.pk, document.pk])  # noqa: S611 two columns of ours
    return Document.objects.filter(pk__in=ids)


class Enclosure(Translatable, Below):
    """What lay in the envelope: another document here, or a file."""

    translatable = ("title",)
    belongs_to = "document"

    document = models.ForeignKey(
        Document, models.CASCADE, verbose_name=_("document"), related_name="enclosures"
    )
    title = models.CharField(
        _("title"), max_length=200, help_text=_("For example “Copy of the sentence, 12 pages”.")
    )
    enclosed = models.ForeignKey(
        Document,
        models.SET_NULL,
        verbose_name=_("a document here"),
        null=True,
        blank=True,
        related_name="enclosed_with",
        help_text=_("Where it has a page of its own. It is linked once that page is public."),
    )
    file = models.JSONField(_("file"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("enclosure")
        verbose_name_plural = _("enclosures")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(enclosed=F("document")),
                name="enclosure_not_its_document",
            )
        ]

    def __str__(self):
        return self.title

    def clean(self):
        if self.enclosed_id and self.enclosed_id == self.document_id:
            raise ValidationError({"enclosed": gettext("A document does not enclose itself.")})

    @property
    def language(self):
        return self.document.language
