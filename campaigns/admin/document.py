from django import forms
from django.contrib import admin
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import files
from campaign_site.admin_base import PageAdmin, PreviewLink, Publish, StaffInline, TakeDown
from campaign_site.admin_forms import FileUpload, keep_upload
from campaign_site.templatetags.vigil import partial_date
from campaign_site.translating import Translated
from campaigns.models import Document, Enclosure
from campaigns.models.document import FOLDER


class PublishDocument(Publish):
    def says(self):
        bare = [] if self.obj.text or self.obj.file else [gettext("It shows the summary only.")]
        return [
            *super().says(),
            *bare,
            gettext("Look once more for names of people who could be harmed, also in the files."),
        ]


class WithFile(forms.ModelForm):
    file_upload = FileUpload(folder=FOLDER, label=_("New file"))
    remove_file = forms.BooleanField(label=_("Take the file away"), required=False)

    def clean(self):
        super().clean()
        keep_upload(self, "file")
        return self.cleaned_data


def file_link(document, file):
    """For staff: of drafts, too."""
    if not file:
        return gettext("none")
    address = reverse("admin:campaigns_document_file", args=[document.pk, file["name"]])
    return format_html('<a href="{}">{}</a>', address, gettext("Download and look at it"))


class EnclosureInline(StaffInline, admin.StackedInline):
    model = Enclosure
    form = WithFile
    fk_name = "document"
    extra = 0
    readonly_fields = ("file_now",)
    verbose_name_plural = _("enclosures: what came with it")

    def get_fields(self, request, obj=None):
        fields = ["title", "enclosed", "file_now"]
        if self.has_change_permission(request, obj):
            fields += ["file_upload", "remove_file"]
        return fields

    @admin.display(description=_("File now"))
    def file_now(self, enclosure):
        return file_link(enclosure.document, enclosure.file) if enclosure.pk else gettext("none")


@admin.register(Document)
class DocumentAdmin(Translated, PageAdmin):
    needed = ("title", "summary")
    form = WithFile
    verbs = (PublishDocument, PreviewLink, TakeDown)
    preview = "preview_document"
    list_display = ("title", "kind", "date_shown", "sender", "state")
    list_filter = ("state", "kind")
    search_fields = ("title", "sender", "recipient", "summary")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("state_shown", "file_now")
    inlines = (EnclosureInline,)
    fieldsets = (
        (
            _("What it is"),
            {"fields": ("state_shown", "kind", "title", "slug", "summary")},
        ),
        (
            _("Who wrote it, where and when"),
            {
                "fields": (
                    "sender",
                    "name_changed",
                    "recipient",
                    ("date", "date_words"),
                    "place",
                )
            },
        ),
        (
            _("The text, or a file"),
            {
                "fields": (
                    "text_language",
                    "salutation",
                    "text",
                    "file_now",
                    "file_upload",
                    "remove_file",
                )
            },
        ),
        (_("Where it comes from"), {"fields": ("provenance", "sources")}),
        (_("What it belongs to"), {"fields": ("translation_of", "answers")}),
        (_("Campaigns and people"), {"fields": ("campaigns", "profiles")}),
        (
            _("Organisations"),
            {"classes": ("collapse",), "fields": ("senders", "published_by")},
        ),
        (_("More"), {"fields": ("language",)}),
    )

    def rows_to_translate(self, obj):
        return [obj, *obj.enclosures.all()]

    @admin.display(description=_("date"), ordering="date")
    def date_shown(self, document):
        return partial_date(document.date)

    @admin.display(description=_("File now"))
    def file_now(self, document):
        return file_link(document, document and document.file)

    def get_urls(self):
        view = self.admin_site.admin_view(self.file_view)
        address = path("<int:object_id>/file/<str:file>/", view, name="campaigns_document_file")
        return [address, *super().get_urls()]

    def file_view(self, request, object_id, file):
        """Every role may look at drafts, and so at their files."""
        document = get_object_or_404(self.get_queryset(request), pk=object_id)
        if file not in {stored["name"] for stored in document.all_files}:
            raise Http404
        answer = files.serve(FOLDER, file, document.slug)
        answer["Cache-Control"] = "no-store"
        return answer
