"""Correcting what was recorded of an attempt at the door."""

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import Refused, StaffAdmin, Verb, change_url
from campaign_site.page_cache import forget_pages
from petitions import deliveries
from petitions.admin.delivery import HandoverForm
from petitions.models import Handover


class Correct(Verb):
    name = "correct"
    label = _("Correct this handover")
    button = _("Save")
    permission = "petitions.change_handover"

    def offered(self):
        return not self.obj.delivery.is_cancelled

    def says(self):
        return [
            gettext("Only for what was typed wrong. Another attempt is another entry."),
            gettext(
                "If no attempt is left that succeeded, the list counts as not handed over again."
            ),
        ]

    def form(self):
        post = self.request.method == "POST"
        return HandoverForm(
            self.request.POST if post else None,
            self.request.FILES if post else None,
            instance=self.obj,
            delivery=self.obj.delivery,
        )

    def do(self, form):
        try:
            deliveries.correct_handover(
                form.instance, changed=sorted(form.changed_data), by=self.user
            )
        except deliveries.ListCancelled:
            raise Refused(gettext("This list was cancelled meanwhile.")) from None
        forget_pages()
        return gettext("Corrected.")

    def goes_to(self):
        return change_url(self.obj.delivery)


@admin.register(Handover)
class HandoverAdmin(StaffAdmin):
    """Only the page for correcting: attempts are shown with their list."""

    verbs = (Correct,)

    def get_urls(self):
        return [url for url in super().get_urls() if url.name == "petitions_handover_correct"]

    def has_module_permission(self, request):
        return False
