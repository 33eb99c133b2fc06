from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path

from campaign_site import pages
from campaign_site.feeds import News
from campaigns.urls import unprefixed as files
from petitions.urls import unprefixed

urlpatterns = [
    path("admin/preview/", include("campaign_site.previews")),
    path("admin/", admin.site.urls),
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    path("updates/feed/", News(), name="feed"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", pages.sitemap, name="sitemap"),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("theme.css", pages.theme, name="theme"),
    re_path(r"^media/(?P<name>[0-9a-f]{40}\.webp)$", pages.media, name="media"),
    path("", include((unprefixed, "counter"))),
    path("", include((files, "files"))),
    *([path("demo/mail/", pages.demo_mail, name="demo_mail")] if settings.DEMO else []),
    *i18n_patterns(
        path("", pages.home, name="home"),
        path("campaigns/<slug:slug>/", pages.campaign, name="campaign"),
        path("profiles/<slug:slug>/", pages.profile, name="profile"),
        path("documents/<slug:slug>/", pages.document, name="document"),
        path("about/", pages.about, name="about"),
        path("privacy/", pages.privacy, name="privacy"),
        path("search/", pages.search, name="search"),
        path("", include("campaigns.urls")),
        path("", include("petitions.urls")),
        prefix_default_language=False,
    ),
]

handler400 = "campaign_site.pages.bad_request"
handler403 = "campaign_site.pages.forbidden"
handler404 = "campaign_site.pages.not_found"
handler500 = "campaign_site.pages.server_error"
