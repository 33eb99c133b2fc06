import re

from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import (
    PageAdmin,
    PreviewLink,
    Publish,
    Refused,
    StaffInline,
    TakeDown,
)
from campaign_site.admin_forms import PHOTO_FIELDS
from campaign_site.going_public import publish
from campaign_site.translating import Translated
from campaigns.admin.gallery import GalleryInline
from campaigns.admin.look_alikes import NamingForm
from campaigns.models import (
    EarlierPlace,
    HealthNote,
    LegalStatus,
    Penalty,
    Profile,
    ProfileName,
    TimelineEntry,
    Violation,
)

MAY_WE = _("May we publish this?")
NO_CONSENT = _("Please record the consent, or why you publish without it, first.")


class PublishProfile(Publish):
    def says(self):
        return [
            gettext("Recorded consent, not public: %(consent)s") % {"consent": self.obj.consent},
            *super().says(),
        ]

    def problems(self):
        return [] if self.obj.consent.strip() else [str(NO_CONSENT)]

    def publish(self):
        if self.problems():
            raise Refused(self.problems()[0])
        # The database keeps this promise too, by a constraint.
        return publish(self.obj, by=self.user)


class ProfileForm(NamingForm):
    def clean(self):
        super().clean()
        if self.instance.is_published and not self.cleaned_data.get("consent"):
            self.add_error("consent", str(NO_CONSENT))
        self.warn_of_look_alikes("name", self._new_names(), besides=self.instance.pk)
        return self.cleaned_data

    def clean_related(self):
        related = self.cleaned_data["related"]
        if self.instance.pk and related.filter(pk=self.instance.pk).exists():
            raise forms.ValidationError(gettext("Nobody is related to themselves."))
        return related

    def _new_names(self):
        """What is typed now and was not there before, other spellings too."""
        typed = [self.cleaned_data.get(name, "") for name in ("name", "native_name")]
        if self.instance.pk:
            before = (self.initial.get("name"), self.initial.get("native_name"))
            return [name for name in typed if name and name not in before]
        others = (self.data[key] for key in self.data if re.fullmatch(r"names-\d+-name", key))
        return [name for name in (*typed, *others) if name]


class NameInline(StaffInline, admin.StackedInline):
    model = ProfileName
    extra = 0
    fields = (("name", "language"), "note")


class TimelineInline(StaffInline, admin.StackedInline):
    model = TimelineEntry
    in_the_past = ("date",)
    extra = 0
    fields = (
        ("date", "date_words"),
        "kind",
        "what",
        ("place", "authority"),
        "source",
        "on_petition",
    )
    verbose_name_plural = _("timeline: key dates, oldest first")


class PenaltyInline(StaffInline, admin.StackedInline):
    model = Penalty
    in_the_past = ("date",)
    extra = 0
    fields = (
        "date",
        ("step", "kind"),
        ("years", "months"),
        "suspended",
        "suspended_months",
        "extra",
        "words",
        ("court", "source"),
    )
    verbose_name_plural = _("sentences, oldest first")


class EarlierPlaceInline(StaffInline, admin.StackedInline):
    model = EarlierPlace
    extra = 0
    fields = ("name", ("dates", "source"))
    verbose_name_plural = _("earlier places, oldest first")


class LegalStatusInline(StaffInline, admin.StackedInline):
    model = LegalStatus
    extra = 0
    fields = ("what", ("dates", "source"))


class HealthNoteInline(StaffInline, admin.StackedInline):
    model = HealthNote
    in_the_past = ("date",)
    extra = 0
    fields = ("date", "text", "source")
    verbose_name_plural = _("health, oldest first")


class ViolationInline(StaffInline, admin.StackedInline):
    model = Violation
    extra = 0
    fields = ("kind", "note", "source")


class FactsFilter(admin.SimpleListFilter):
    title = _("facts")
    parameter_name = "facts"

    def lookups(self, request, model_admin):
        return [("old", _("public, not checked within a year"))]

    def queryset(self, request, queryset):
        return queryset.to_check() if self.value() == "old" else queryset


@admin.register(Profile)
class ProfileAdmin(Translated, PageAdmin):
    needed = ("name", "summary")
    in_the_past = ("born", "status_as_of", "verified_on")

    def get_fieldsets(self, request, obj=None):
        """Why somebody may be shown can name relatives: it is for those who publish."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        return [(title, options) for title, options in fieldsets if title != MAY_WE]

    def rows_to_translate(self, obj):
        return [
            obj,
            *obj.legal_statuses.all(),
            *obj.places.all(),
            *obj.timeline.all(),
            *obj.penalties.all(),
            *obj.violations.all(),
            *obj.health_notes.all(),
            *obj.gallery.all(),
        ]

    def lookup_allowed(self, lookup, value, request):
        ours = FactsFilter.parameter_name
        return lookup == ours or super().lookup_allowed(lookup, value, request)

    def get_inline_instances(self, request, obj=None):
        """Folded away, each with how many rows it has: a whole record is long."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            inline.classes = ["collapse"]
            rows = inline.model.objects.filter(profile=obj).count() if obj else 0
            if rows:
                inline.verbose_name_plural = f"{inline.verbose_name_plural} ({rows})"
        return inlines

    # There may be thousands of people to choose from.
    autocomplete_fields = ("related",)
    form = ProfileForm
    verbs = (PublishProfile, PreviewLink, TakeDown)
    preview = "preview_profile"
    list_display = ("name", "native_name", "status", "status_as_of", "verified_on", "state")
    list_filter = ("state", "status", FactsFilter)
    search_fields = ("name", "native_name", "names__name")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (
        NameInline,
        TimelineInline,
        PenaltyInline,
        ViolationInline,
        HealthNoteInline,
        EarlierPlaceInline,
        LegalStatusInline,
        GalleryInline,
    )
    fieldsets = (
        (
            _("Name"),
            {
                "fields": (
                    "state_shown",
                    "look_alikes",
                    "name",
                    "slug",
                    "family_name",
                    ("native_name", "native_language"),
                    "pronunciation",
                )
            },
        ),
        (
            _("What is known now"),
            {
                "fields": (
                    "status",
                    "status_as_of",
                    "status_note",
                    ("place", "area"),
                    "summary",
                    ("verified_on", "verified_by"),
                )
            },
        ),
        (
            MAY_WE,
            {
                "fields": ("consent",),
                "description": _(
                    "What must not be public does not belong here at all. Nothing about relatives "
                    "without their consent."
                ),
            },
        ),
        (
            _("The person"),
            {
                "classes": ("collapse",),
                "fields": (
                    "born",
                    "gender",
                    "ethnicity",
                    ("occupation", "work"),
                    "category",
                    "related",
                ),
            },
        ),
        (
            _("The case"),
            {
                "classes": ("collapse",),
                "fields": ("charges", "background", "requests", "sources"),
            },
        ),
        (
            _("For letters to governments"),
            {
                "classes": ("collapse",),
                "fields": (
                    "questions",
                    "represents",
                    "well_known",
                    "connection",
                    "governments_active",
                    "sponsors",
                ),
            },
        ),
        (_("Photo"), {"fields": PHOTO_FIELDS}),
        (_("More"), {"fields": ("language",)}),
    )
