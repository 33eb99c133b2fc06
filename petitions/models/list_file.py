from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from petitions.models.delivery import Delivery


class ListFile(models.Model):
    """The manifest: one row for each file of a list that was made to its last byte.

    It holds no name. With its SHA-256 anybody can be shown that a file is ours, unaltered.
    """

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="files")
    format = models.CharField(_("format"), max_length=4)
    part = models.PositiveIntegerField(_("part"), null=True)  # NULL: the whole list
    # Paper size and columns, such as “a4-2”: by it, lines are found on pages.
    layout = models.CharField(_("layout"), max_length=12, blank=True)
    # The only pages of the list in it, where some were printed again. NULL: all.
    pages = models.JSONField(null=True)
    sha256 = models.BinaryField(db_index=True)
    names = models.PositiveIntegerField(_("names"))
    # The lines of the list that stood empty then, because somebody had left. Positions only.
    gaps = models.JSONField(default=list)
    release = models.CharField(_("release"), max_length=20)
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("made by"),
        null=True,
        related_name="+",
    )
    why = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("file of a list")
        verbose_name_plural = _("files of lists")
        ordering = ["-made_at", "-pk"]

    def __str__(self):
        return f"{self.format}, {self.made_at:%Y-%m-%d}"
