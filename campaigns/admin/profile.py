from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import PageAdmin, PreviewLink, Publish, Refused, StaffInline, TakeDown
from campaign_site.admin_forms import PHOTO_FIELDS, IllustratedForm
from campaign_site.going_public import publish
from campaign_site.translating import Translated
from campaigns.models import Profile, ProfileName, TimelineEntry

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


class ProfileForm(IllustratedForm):
    def clean(self):
        super().clean()
        if self.instance.is_published and not self.cleaned_data.get("consent"):
            self.add_error("consent", str(NO_CONSENT))
        return self.cleaned_data


class NameInline(StaffInline, admin.TabularInline):
    model = ProfileName
    extra = 0


class TimelineInline(StaffInline, admin.StackedInline):
    model = TimelineEntry
    extra = 0
    fields = (("date", "date_words"), "what", "place", "source", "on_petition")
    verbose_name_plural = _("timeline: key dates, oldest first")


@admin.register(Profile)
class ProfileAdmin(Translated, PageAdmin):
    needed = ("name", "summary")

    def rows_to_translate(self, obj):
        return [obj, *obj.timeline.all()]

    form = ProfileForm
    verbs = (PublishProfile, PreviewLink, TakeDown)
    preview = "preview_profile"
    list_display = ("name", "native_name", "status", "status_as_of", "verified_on", "state")
    list_filter = ("state", "status")
    search_fields = ("name", "native_name", "names__name")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (NameInline, TimelineInline)
    fieldsets = (
        (
            _("Name"),
            {
                "fields": (
                    "state_shown",
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
                    "place",
                    "summary",
                    ("verified_on", "verified_by"),
                )
            },
        ),
        (
            _("May we publish this?"),
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
                    "citizenship",
                    "occupation",
                    "category",
                    "connection",
                ),
            },
        ),
        (
            _("The case"),
            {
                "classes": ("collapse",),
                "fields": ("sentence", "charges", "health", "background", "requests", "sources"),
            },
        ),
        (_("Photo"), {"fields": PHOTO_FIELDS}),
        (_("More"), {"fields": ("language",)}),
    )
