from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import Refused, StaffAdmin, Verb, with_page
from campaign_site.models import record
from campaign_site.page_cache import forget_pages
from campaign_site.templatetags.vigil import number, partial_date
from petitions import batches, counting, evidence
from petitions.models import LedgerEntry, Petition
from petitions.models.paper import COUNTED_ALREADY


class LedgerEntryForm(forms.ModelForm):
    evidence_upload = forms.FileField(
        label=_("Photo or scan"),
        required=False,
        validators=[evidence.check],
        help_text=_(
            "JPEG, PNG, WebP or PDF, at most 15 MB. Not public. Cover names that are on it."
        ),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
    )
    sure = forms.BooleanField(
        label=_("I have checked this"),
        help_text=_("It counts at once, for everybody to see. A wrong entry can be undone."),
        error_messages={"required": _("Please tick this once you have checked the entry.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "evidence" in self.fields:
            self.fields["evidence"].label = _("Or in words")
            self.fields["evidence"].widget.attrs["rows"] = 2
        if "kind" in self.fields:
            # What the purge writes is not for hands.
            self.fields["kind"].choices = [
                choice for choice in self.fields["kind"].choices if choice[0] != "erased"
            ]

    def clean(self):
        super().clean()
        shown = self.cleaned_data.get("evidence_upload") or "evidence_upload" in self.errors
        if not shown and not self.cleaned_data.get("evidence"):
            self.add_error("evidence", gettext("Please add a photo, or say what proves it."))
        if batches.is_counted(**{part: self.cleaned_data.get(part) for part in batches.ONCE}):
            raise forms.ValidationError(COUNTED_ALREADY)
        return self.cleaned_data


class UndoEntry(Verb):
    name = "undo"
    label = _("Undo this entry")
    button = _("Undo it now")
    permission = "petitions.add_ledgerentry"
    grave = True

    def offered(self):
        return self.obj.undone_at is None and self.obj.kind != LedgerEntry.Kind.ERASED

    def says(self):
        return [
            gettext("The count of “%(petition)s” falls by %(number)s at once.")
            % {"petition": self.obj.petition, "number": number(self.obj.quantity)},
            gettext("The entry stays here, with who undid it and when."),
        ]

    def do(self, form):
        if not counting.undo(self.obj, by=self.user):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        forget_pages()
        return gettext("Undone. It does not count any more.")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(StaffAdmin):
    """Added, never changed: the count of a petition is proved from these rows."""

    form = LedgerEntryForm
    verbs = (UndoEntry,)
    list_display = (
        "petition",
        "quantity",
        "kind",
        "source",
        "date_shown",
        "approved_by",
        "entered_at",
        "undone_shown",
    )
    list_filter = ("kind",)
    list_select_related = ("petition", "approved_by")
    search_fields = ("petition__title", "source")
    radio_fields = {"kind": admin.HORIZONTAL}
    readonly_fields = ("date_shown", "evidence_shown", "undone_shown")

    def get_fieldsets(self, request, obj=None):
        fields = [
            "petition",
            "kind",
            ("quantity", "at_least") if obj is None or obj.at_least else "quantity",
            "source",
            "date_shown" if obj else "date",
        ]
        if obj:
            fields += ["evidence", "evidence_shown", "approved_by", "entered_at", "undone_shown"]
        else:
            fields += ["evidence_upload", "evidence", "sure"]
        return [(None, {"fields": fields})]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "petition":
            field.widget.can_add_related = False  # a petition is not made in passing
        elif db_field.name == "kind" and request.GET.get("kind") in LedgerEntry.Kind:
            field.widget = forms.HiddenInput()  # whoever came here has said so
        elif db_field.name == "date":
            field.help_text = _("For example “3 May 2026” or “May 2026”.")
        return field

    @admin.display(description=_("date"), ordering="date")
    def date_shown(self, entry):
        return partial_date(entry.date)

    @admin.display(description=_("undone"))
    def undone_shown(self, entry):
        if not entry.undone_at:
            return ""
        return f"{date_format(localtime(entry.undone_at))}, {entry.undone_by or ''}".rstrip(", ")

    @admin.display(description=_("photo or scan"))
    def evidence_shown(self, entry):
        if not entry.evidence_file:
            return gettext("none")
        url = reverse("admin:petitions_ledgerentry_evidence", args=[entry.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("Open the file"))

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        if upload := form.cleaned_data["evidence_upload"]:
            obj.evidence_file = evidence.store(upload)
        counting.enter(obj, by=request.user)

    def saved_words(self, obj):
        petition = Petition.objects.get(pk=obj.petition_id)
        words = gettext("%(number)s counted. The count is now %(total)s.") % {
            "number": number(obj.quantity),
            "total": number(petition.numbers.total),
        }
        if not petition.is_published:
            return words
        return with_page(words, petition.get_absolute_url())

    def log_addition(self, request, obj, message):
        # `counting.enter` has written it down, in the same transaction as the count.
        return None

    # --- What proves it ---

    def get_urls(self):
        view = self.admin_site.admin_view(self.evidence_view)
        name = "petitions_ledgerentry_evidence"
        return [path("<int:object_id>/evidence/", view, name=name), *super().get_urls()]

    def evidence_view(self, request, object_id):
        # A photograph of sheets may show names, so not everybody who sees the entry sees it.
        if not self.has_add_permission(request):
            raise PermissionDenied
        entry = get_object_or_404(LedgerEntry.objects.exclude(evidence_file=""), pk=object_id)
        answer = evidence.download(entry.evidence_file, f"evidence-{entry.pk}")
        record("opened evidence", entry.petition, by=request.user, entry=entry.pk)
        return answer
