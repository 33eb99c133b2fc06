from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import StaffAdmin, StaffInline
from campaign_site.translating import Translated
from campaigns.models import Addressee, Government, Office


class AddresseeInline(StaffInline, admin.StackedInline):
    model = Addressee
    extra = 1
    fields = ("office", "name", "salutation", "postal_address", ("since", "until"), "source")
    verbose_name = _("addressee: who the letter is written to")
    verbose_name_plural = _("addressees: who letters are written to")


class OfficeInline(StaffInline, admin.StackedInline):
    model = Office
    extra = 0
    fields = ("kind", "name", "city", "postal_address", "opening_hours")
    verbose_name_plural = _("offices: where lists are handed over")


class GovernmentForm(forms.ModelForm):
    def clean(self):
        """The database refuses it, too: a petition names its recipients as people signed it."""
        super().clean()
        signed = self.instance.pk and self.instance.petitions.exclude(frozen=None).exists()
        if signed and "name" in self.changed_data:
            self.add_error(
                "name",
                gettext(
                    "People have signed for this recipient under this name. Add a new recipient "
                    "to write to somebody else."
                ),
            )
        return self.cleaned_data


@admin.register(Government)
class GovernmentAdmin(Translated, StaffAdmin):
    form = GovernmentForm
    needed = ("name",)
    already_signed = _("People have signed for this recipient: its name stays as it was published.")

    def rows_to_translate(self, obj):
        return [obj, *obj.offices.all(), *obj.addressees.all()]

    list_display = ("name", "kind", "country")
    list_filter = ("kind",)
    search_fields = ("name", "country")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "kind", "country", "language")
    inlines = (AddresseeInline, OfficeInline)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "name":
            field.help_text = _(
                "As signers read it after “the list for the …”, for example “Government of "
                "Estrava”. It stands in every promise."
            )
        return field
