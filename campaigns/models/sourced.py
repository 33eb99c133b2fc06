from django.db import models
from django.utils.translation import gettext_lazy as _


class Sourced(models.Model):
    """Who says so, one line each."""

    sources = models.TextField(
        _("sources"),
        blank=True,
        help_text=_("One a line, for example “Radio Oru, 4 March 2021”, with a web address."),
    )

    class Meta:
        abstract = True

    @property
    def source_lines(self):
        return [line for line in self.sources.splitlines() if line.strip()]
