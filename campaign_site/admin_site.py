from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class VigilAdminConfig(AdminConfig):
    default_site = "campaign_site.admin_site.VigilAdminSite"


class VigilAdminSite(AdminSite):
    site_title = "Vigil"
    site_header = "Vigil"
    index_title = _("What would you like to do?")
    enable_nav_sidebar = False
