from django.contrib import admin

from campaign_site.admin_base import StaffAdmin
from campaigns.models import Organisation


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    list_display = ("name", "acronym", "country", "website")
    search_fields = ("name", "acronym")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "acronym", "country", "website", "language")
