"""More pictures, and posters of videos: rows below a person or a campaign."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import StaffInline, picture_now
from campaign_site.admin_forms import IllustratedForm
from campaigns.models import GalleryPhoto


class GalleryForm(IllustratedForm):
    only_words = _("Please choose a picture.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A row without its picture is no row: whoever wants it gone deletes it.
        del self.fields["remove_photo"]

    def clean(self):
        super().clean()
        if not self.instance.photo and "photo_upload" not in self.errors:
            self.add_error("photo_upload", self.only_words)
        return self.cleaned_data


class GalleryInline(StaffInline, admin.StackedInline):
    model = GalleryPhoto
    form = GalleryForm
    extra = 0
    readonly_fields = ("photo_now",)
    fields = (
        "photo_now",
        "photo_upload",
        ("photo_alt", "photo_credit"),
        "caption",
        "video",
        "position",
    )

    @admin.display(description=_("Photo now"))
    def photo_now(self, obj):
        return picture_now(obj and obj.photo, alt=obj.photo_alt if obj else "")
