from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import PageAdmin, PreviewLink, Publish, StaffInline, TakeDown
from campaign_site.admin_forms import PHOTO_FIELDS, IllustratedForm
from campaign_site.partial_dates import describe
from campaign_site.translating import Translated
from campaigns.models import FollowUp, Update


class FollowUpInline(StaffInline, admin.StackedInline):
    model = FollowUp
    in_the_past = ("date",)
    extra = 0
    fields = (("date", "date_words"), "body")
    verbose_name_plural = _("what came later: each with its own date, below the text")


@admin.register(Update)
class UpdateAdmin(Translated, PageAdmin):
    needed = ("title",)
    in_the_past = ("date",)
    form = IllustratedForm
    verbs = (Publish, PreviewLink, TakeDown)
    preview = "preview_update"
    list_display = ("title", "date_shown", "kind", "state")
    list_filter = ("state", "kind")
    search_fields = ("title", "body")
    prepopulated_fields = {"slug": ("title",)}
    inlines = (FollowUpInline,)
    fieldsets = (
        (
            _("What happened"),
            {
                "fields": (
                    "state_shown",
                    "kind",
                    "title",
                    "slug",
                    ("date", "date_words"),
                    "body",
                )
            },
        ),
        (
            _("Whose words: for a reaction"),
            {
                "classes": ("collapse",),
                "fields": ("quote", ("spokesperson", "spokesperson_role"), "organisation"),
                "description": _("A press release may quote somebody, too. Else leave it empty."),
            },
        ),
        (
            _("For a press release"),
            {"classes": ("collapse",), "fields": ("dateline", "press_contact")},
        ),
        (
            _("Where it was published: for “in the press”"),
            {
                "classes": ("collapse",),
                "fields": ("medium", "link", "archive_link"),
                "description": _(
                    "What others wrote stays theirs: say in a few words of your own what is in it."
                ),
            },
        ),
        (_("On which pages it stands"), {"fields": ("campaigns", "profiles")}),
        (_("Photo"), {"classes": ("collapse",), "fields": PHOTO_FIELDS}),
        (_("More"), {"fields": ("sources", "language")}),
    )

    @admin.display(description=_("Date"), ordering="date")
    def date_shown(self, obj):
        return obj.date_words or describe(obj.date)

    def rows_to_translate(self, obj):
        return [obj, *obj.follow_ups.all()]
