"""Names that wait for review: shown with city, reason and petition, released or taken out.

There is no search, no filter and no page of one name: this is no way to look somebody up.
"""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from campaign_site.admin_base import StaffAdmin
from campaign_site.models import record
from campaign_site.names import HELD_REASONS
from campaign_site.templatetags.vigil import number
from petitions import invalidation, review
from petitions.models import HeldName, Invalidation, Signature

MOST = 200  # on one page


class TakeOutForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=Invalidation._meta.get_field("reason").max_length,
        help_text=_("For example “Joke names.” Everybody of the staff reads it."),
    )


@admin.register(HeldName)
class HeldNameAdmin(StaffAdmin):
    def get_urls(self):
        return [
            path(
                "",
                self.admin_site.admin_view(csrf_protect(self.changelist_view)),
                name="petitions_heldname_changelist",
            )
        ]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._act(request)
        return self._queue(request)

    def _queue(self, request):
        rows = review.queue(MOST)
        if rows:
            record("looked at names to review", "names to review", by=request.user)
        return self.page(
            request,
            "admin/petitions/heldname/queue.html",
            title=gettext("Names to review"),
            rows=[
                {
                    "signature": row,
                    "ticket": review.ticket(row),
                    "reason": HELD_REASONS.get(row.held_reason, row.held_reason),
                    "formula": review.looks_like_a_formula(row),
                }
                for row in rows
            ],
            more=Signature.objects.waiting_for_review().count() - len(rows),
            may_release=self.has_change_permission(request),
            may_take_out=self._may_take_out(request),
        )

    def _may_take_out(self, request):
        return request.user.has_perm("petitions.add_invalidation")

    def _act(self, request):
        tickets = request.POST.getlist("ticket")
        if not tickets:
            messages.warning(request, gettext("Nothing was ticked."))
            return self._back()
        if "release" in request.POST:
            return self._release(request, tickets)
        return self._take_out(request, tickets)

    def _back(self):
        return HttpResponseRedirect(reverse("admin:petitions_heldname_changelist"))

    def _release(self, request, tickets):
        if not self.has_change_permission(request):
            raise PermissionDenied
        done = review.release(tickets, by=request.user)
        if done.released:
            sentence = ngettext(
                "%(number)s name is released and goes on the next list.",
                "%(number)s names are released and go on the next list.",
                done.released,
            )
            messages.success(request, sentence % {"number": number(done.released)})
        if done.formulas:
            sentence = ngettext(
                "%(number)s name cannot be released: name or city begins with = + - or @, and a "
                "spreadsheet would take it for a formula. Only its signer can correct it.",
                "%(number)s names cannot be released: name or city begins with = + - or @, and a "
                "spreadsheet would take them for formulas. Only their signers can correct them.",
                done.formulas,
            )
            messages.warning(request, sentence % {"number": number(done.formulas)})
        if done.changed:
            sentence = ngettext(
                "%(number)s name is not what you saw any more. Please look once more.",
                "%(number)s names are not what you saw any more. Please look once more.",
                done.changed,
            )
            messages.warning(request, sentence % {"number": number(done.changed)})
        return self._back()

    def _take_out(self, request, tickets):
        """Asked for once more, with a reason, before anything is taken out."""
        if not self._may_take_out(request):
            raise PermissionDenied
        sure = "sure" in request.POST
        form = TakeOutForm(request.POST if sure else None)
        if sure and form.is_valid():
            try:
                taken = review.take_out(
                    tickets, reason=form.cleaned_data["reason"], by=request.user
                )
            except invalidation.NothingMatches:
                taken = 0
            sentence = ngettext(
                "%(number)s signature was taken out of the count.",
                "%(number)s signatures were taken out of the count.",
                taken,
            )
            messages.success(request, sentence % {"number": number(taken)})
            return self._back()
        return self.page(
            request,
            "admin/petitions/heldname/take_out.html",
            title=gettext("Take out of the count"),
            form=form,
            tickets=tickets,
            status=422 if sure else 200,
        )
