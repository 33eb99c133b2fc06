from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaign_site.partial_dates import PartialDateField
from petitions.models.petition import Petition

# One sentence for whoever is told: by a form, by a command, or by the database's refusal.
COUNTED_ALREADY = _("The same number from the same source on the same date is counted already.")


class PaperBatch(models.Model):
    """Signatures with names that were collected on paper, and came here together.

    What is counted without names is a LedgerEntry. Of one petition, source, date and number there
    is either a batch or an entry: a trigger refuses the other.
    """

    petition = models.ForeignKey(
        Petition, models.PROTECT, verbose_name=_("petition"), related_name="paper_batches"
    )
    source = models.CharField(
        _("source"), max_length=200, help_text=_("For example “Signing table, market of Lund”.")
    )
    date = PartialDateField(_("date"))
    evidence = models.TextField(
        _("evidence"),
        max_length=1000,
        help_text=_("Where the paper is, for example “Sheets 1 to 4, in folder 12”."),
    )
    quantity = models.PositiveIntegerField(_("how many"), validators=[MinValueValidator(1)])
    # SHA-256 over all names and cities, whatever their order: the same names twice add nothing.
    content = models.BinaryField()
    entered_at = models.DateTimeField(_("entered"), auto_now_add=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("entered by"),
        null=True,
        related_name="+",
    )
    undone_at = models.DateTimeField(_("undone"), null=True, editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("undone by"),
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        verbose_name = _("batch of paper signatures")
        verbose_name_plural = _("paper signatures")
        ordering = ["-entered_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "source", "date", "quantity"],
                condition=Q(undone_at=None),
                name="paper_batch_once",
            ),
            models.UniqueConstraint(
                fields=["petition", "content"],
                condition=Q(undone_at=None),
                name="paper_content_once",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="paper_batch_counts"),
        ]

    def __str__(self):
        return f"{self.quantity}, {self.source}"
