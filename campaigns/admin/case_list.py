from django import forms
from django.contrib import admin
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import PageAdmin, PreviewLink, Publish, Refused, TakeDown, Verb
from campaigns import case_lists
from campaigns.models import CaseList


class Freeze(Verb):
    name = "freeze"
    label = _("Freeze a version")
    button = _("Freeze it now")

    def says(self):
        people, left_out = self.obj.chosen().count(), self.obj.left_out()
        said = [
            ngettext(
                "It holds the record of %(number)s person as it is public now.",
                "It holds the records of %(number)s people as they are public now.",
                people,
            )
            % {"number": people},
            gettext("Nothing in it changes any more. What you change later is for a new version."),
        ]
        if left_out:
            said.append(
                ngettext(
                    "%(number)s person is left out, because their page is not public.",
                    "%(number)s people are left out, because their pages are not public.",
                    left_out,
                )
                % {"number": left_out}
            )
        if self.obj.is_published:
            said.append(gettext("Everybody can read it at once."))
        return said

    def problems(self):
        return (
            []
            if self.obj.chosen().exists()
            else [gettext("Nobody whose page is public is chosen.")]
        )

    def do(self, form):
        try:
            version = case_lists.freeze(self.obj, by=self.user)
        except case_lists.NobodyOnIt:
            raise Refused(self.problems()[0]) from None
        return gettext("Version %(number)s is frozen.") % {"number": version.number}


class PublishCaseList(Publish):
    def problems(self):
        return [] if self.obj.versions.exists() else [gettext("Please freeze a version first.")]


class CaseListForm(forms.ModelForm):
    def clean(self):
        super().clean()
        submitted = self.cleaned_data.get("submitted_on")
        for name in ("report_back_due", "report_back_received"):
            day = self.cleaned_data.get(name)
            if submitted and day and day < submitted.earliest:
                self.add_error(name, gettext("This day is before the list was submitted."))
        return self.cleaned_data


@admin.register(CaseList)
class CaseListAdmin(PageAdmin):
    form = CaseListForm
    in_the_past = ("submitted_on",)
    verbs = (Freeze, PublishCaseList, PreviewLink, TakeDown)
    preview = "preview_caselist"
    readonly_fields = ("state_shown", "versions_shown")
    list_display = ("title", "recipient", "submitted_on", "report_back_due", "state")
    list_filter = ("state", "recipient")
    list_select_related = ("recipient",)
    search_fields = ("title",)
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (
            _("For whom"),
            {
                "fields": (
                    *("state_shown", "versions_shown", "title", "slug"),
                    *("recipient", "addressee", "submitted_on"),
                )
            },
        ),
        (_("Who is on it"), {"fields": ("people", "campaign", "status", "order")}),
        (_("What it says"), {"fields": ("introduction", "demands", "disclaimer")}),
        (_("From whom"), {"fields": ("submitted_by", "members")}),
        (
            _("Report back"),
            {
                "fields": (
                    *("report_back_requested", "report_back_due"),
                    *("report_back_received", "report_back_note"),
                )
            },
        ),
        (_("More"), {"fields": ("language",)}),
    )

    @admin.display(description=_("Frozen versions"))
    def versions_shown(self, obj):
        if obj is None or obj.pk is None:
            return gettext("none")
        return ", ".join(str(version.number) for version in obj.versions.all()) or gettext("none")
