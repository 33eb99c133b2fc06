from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import StaffAdmin
from petitions import counting
from petitions.models import LedgerEntry


class LedgerEntryForm(forms.ModelForm):
    sure = forms.BooleanField(
        label=_("I have checked this"),
        help_text=_(
            "The number counts at once, for everybody to see. An entry cannot be changed or "
            "deleted afterwards."
        ),
        error_messages={"required": _("Please tick this once you have checked the entry.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            # What the purge writes is not for hands.
            self.fields["kind"].choices = [
                choice for choice in self.fields["kind"].choices if choice[0] != "erased"
            ]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(StaffAdmin):
    """Added, never changed: the count of a petition is proved from these rows."""

    form = LedgerEntryForm
    list_display = ("petition", "quantity", "kind", "source", "date", "approved_by", "entered_at")
    list_filter = ("kind",)
    list_select_related = ("petition", "approved_by")
    search_fields = ("petition__title", "source")
    radio_fields = {"kind": admin.HORIZONTAL}

    def get_fieldsets(self, request, obj=None):
        fields = [
            "petition",
            "kind",
            ("quantity", "at_least"),
            "source",
            "date",
            "evidence",
        ]
        fields += ["approved_by", "entered_at"] if obj else ["sure"]
        return [(None, {"fields": fields})]

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        counting.enter(obj, by=request.user)

    def log_addition(self, request, obj, message):
        # `counting.enter` has written it down, in the same transaction as the count.
        return None
