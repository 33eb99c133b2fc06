"""Take signatures out of the count by a rule: first how many, then a reason, 30 days to go back."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site import addresses
from campaign_site.admin_base import Refused, StaffAdmin, Verb, change_url
from campaign_site.templatetags.vigil import number
from petitions import invalidation
from petitions.models import Invalidation, Petition

REASON = Invalidation._meta.get_field("reason")


class RuleForm(forms.Form):
    petition = forms.ModelChoiceField(
        Petition.objects.filter(frozen__isnull=False).order_by("title"), label=_("Petition")
    )
    first_day = forms.DateField(
        label=_("Signed from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=_("Signed until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    domain = forms.CharField(
        label=_("E-mail addresses at"),
        required=False,
        max_length=254,
        help_text=_("What stands after the @, for example mailinator.example."),
    )
    name = forms.CharField(
        label=_("One name that repeats"),
        required=False,
        max_length=100,
        help_text=_("As it stands on the list. It is not written down."),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON.max_length, help_text=REASON.help_text
    )

    def clean_domain(self):
        domain = self.cleaned_data["domain"].strip().rpartition("@")[2]
        if domain:
            try:
                addresses.domain(f"somebody@{domain}")
            except ValidationError:
                raise ValidationError(
                    gettext("Please type a domain such as example.org.")
                ) from None
        return domain

    def clean(self):
        super().clean()
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", gettext("This day is before the first one."))
        if not self.errors and not self.rule():
            raise ValidationError(gettext("Please say which: days, a domain or a name."))
        return self.cleaned_data

    def rule(self):
        return invalidation.Rule(
            first_day=self.cleaned_data["first_day"],
            last_day=self.cleaned_data["last_day"],
            domain=self.cleaned_data["domain"],
            name=self.cleaned_data["name"].strip(),
        )


class Restore(Verb):
    name = "restore"
    label = _("Restore")
    button = _("Count them again now")
    permission = "petitions.change_invalidation"

    def offered(self):
        return self.obj.has_way_back

    def title(self):
        return gettext("Count them again: %(petition)s") % {"petition": self.obj.petition}

    def says(self):
        return [
            ngettext(
                "%(number)s signature counts again and goes on the next list.",
                "%(number)s signatures count again and go on the next list.",
                self.obj.quantity,
            )
            % {"number": number(self.obj.quantity)},
            gettext("Who erased their name meanwhile does not come back."),
        ]

    def do(self, form):
        try:
            restored = invalidation.restore(self.obj, by=self.user)
        except invalidation.TooLate:
            raise Refused(gettext("It was restored already, or its 30 days are over.")) from None
        return ngettext(
            "%(number)s signature counts again.", "%(number)s signatures count again.", restored
        ) % {"number": number(restored)}


@admin.register(Invalidation)
class InvalidationAdmin(StaffAdmin):
    verbs = (Restore,)
    list_display = ("petition", "quantity", "rule_shown", "reason", "by", "at", "state_shown")
    list_select_related = ("petition", "by")
    fields = list_display
    readonly_fields = fields

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description=_("which"))
    def rule_shown(self, batch):
        return ", ".join(invalidation.in_words(batch.rule))

    @admin.display(description=_("state"))
    def state_shown(self, batch):
        if batch.restored_at:
            return gettext("restored on %s") % date_format(localtime(batch.restored_at))
        if not batch.has_way_back:
            return gettext("over: names and cities are erased")
        return gettext("can be restored until %s") % date_format(localtime(batch.way_back_until))

    def add_view(self, request, form_url="", extra_context=None):
        """Say which, look at the numbers, then it is done."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        post = request.method == "POST"
        form = RuleForm(request.POST if post else None)
        found, problems = None, []
        if post and form.is_valid() and "change" not in request.POST:
            petition, rule = form.cleaned_data["petition"], form.rule()
            try:
                if "invalidate" in request.POST:
                    return self._invalidate(request, form)
                found = invalidation.preview(petition, rule, by=request.user)
            except invalidation.NothingMatches:
                problems = [
                    ngettext(
                        "Fewer than %(wave)s signature fits, or none. A domain or a name is for "
                        "waves, not for one person.",
                        "Fewer than %(wave)s signatures fit, or none. A domain or a name is for "
                        "waves, not for one person.",
                        invalidation.WAVE,
                    )
                    % {"wave": invalidation.WAVE}
                ]
            except invalidation.Changed:
                problems = [gettext("Meanwhile the number changed. Please look at it once more.")]
        return self.page(
            request,
            "admin/petitions/invalidation/new.html",
            title=gettext("Take signatures out of the count"),
            form=form,
            found=found,
            problems=problems,
            status=422 if post and not found and "change" not in request.POST else 200,
        )

    def _invalidate(self, request, form):
        seen = request.POST.get("seen", "")
        batch = invalidation.invalidate(
            form.cleaned_data["petition"],
            form.rule(),
            reason=form.cleaned_data["reason"],
            by=request.user,
            # Without the number that was shown, nothing was seen.
            seen=int(seen) if seen.isdecimal() and len(seen) < 10 else -1,
        )
        sentence = ngettext(
            "%(number)s signature was taken out of the count.",
            "%(number)s signatures were taken out of the count.",
            batch.quantity,
        )
        messages.success(request, sentence % {"number": number(batch.quantity)})
        return HttpResponseRedirect(change_url(batch))
