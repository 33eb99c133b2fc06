from django.contrib import admin

from campaign_site.admin_base import StaffAdmin
from campaign_site.translating import Translated
from campaigns.models import Organisation


@admin.register(Organisation)
class OrganisationAdmin(Translated, StaffAdmin):
    needed = ("name",)
    list_display = ("name", "acronym", "country", "website")
    search_fields = ("name", "acronym")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "acronym", "country", "website", "language")
