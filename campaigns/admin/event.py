from django import forms
from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import PageAdmin, PreviewLink, Publish, TakeDown
from campaign_site.admin_forms import PHOTO_FIELDS, IllustratedForm
from campaign_site.translating import Translated
from campaigns.models import Event

TYPED_TIMES = ("%H:%M", "%H.%M", "%H:%M:%S", "%I:%M %p", "%I %p", "%I:%M%p", "%I%p")


@admin.register(Event)
class EventAdmin(Translated, PageAdmin):
    needed = ("title",)
    form = IllustratedForm
    verbs = (Publish, PreviewLink, TakeDown)
    preview = "preview_event"
    list_display = ("title", "when", "city", "status", "state")
    list_filter = ("state", "status")
    search_fields = ("title", "city", "venue")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (
            _("What it is"),
            {"fields": ("state_shown", "title", "slug", "status", "description", "hosts")},
        ),
        (
            _("When"),
            {
                "fields": (("starts_on", "starts_at"), ("ends_on", "ends_at"), "zone"),
                "description": _("As clocks and calendars show it at that place."),
            },
        ),
        (_("Where"), {"fields": ("venue", "address", ("city", "country"), "link")}),
        (_("On which pages it stands"), {"fields": ("campaigns", "profiles")}),
        (
            _("Afterwards"),
            {"classes": ("collapse",), "fields": ("report", "attendance")},
        ),
        (_("Photo"), {"classes": ("collapse",), "fields": PHOTO_FIELDS}),
        (_("More"), {"fields": ("sources", "language")}),
    )

    @admin.display(description=_("When"), ordering="starts_on")
    def when(self, obj):
        return obj.when

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, models.TimeField):
            # Django's own widget speaks of the time of the server, which is nobody's here.
            return forms.TimeField(
                label=db_field.verbose_name.capitalize(),
                help_text=db_field.help_text,
                required=False,
                input_formats=TYPED_TIMES,
                widget=forms.TimeInput(format="%H:%M", attrs={"size": 10}),
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)
