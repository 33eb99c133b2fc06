from collections.abc import Iterator
from itertools import islice

from django.contrib import admin
from django.utils.html import format_html

from campaign_site.admin_base import StaffAdmin, change_url
from campaign_site.translating import Translated
from campaigns.models import Organisation

SHOWN = 5  # of the pages that need it


@admin.register(Organisation)
class OrganisationAdmin(Translated, StaffAdmin):
    needed = ("name",)
    list_display = ("name", "acronym", "country", "website")
    search_fields = ("name", "acronym")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "acronym", "country", "website", "language")

    def get_deleted_objects(self, objs, request):
        """Public pages would lose it without a word, so they keep it from being deleted."""
        *found, protected = super().get_deleted_objects(objs, request)
        pages = [
            format_html('<a href="{}">{}</a>', change_url(page), page)
            for page in islice(dict.fromkeys(_public_pages(objs[0])), SHOWN)
        ]
        return (*found, [*protected, *pages])


def _public_pages(organisation) -> Iterator:
    """Those on which it stands among others. Where it stands alone, the database keeps it."""
    for relation in Organisation._meta.get_fields(include_hidden=True):
        if relation.many_to_many:
            rows = relation.related_model.objects.published()
            yield from rows.filter(**{relation.field.name: organisation})
