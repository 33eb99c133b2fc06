from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path

from campaign_site import case_list_pages, pages
from campaign_site.feeds import CampaignNews, News, ProfileNews
from campaigns import events
from campaigns.urls import unprefixed as files
from petitions.urls import unprefixed

urlpatterns = [
    # Before updates/<slug>/, which would look for an update of that name.
    path("updates/feed/", News(), name="feed"),
    # Looked at in this order: what most visitors ask for comes first.
    *i18n_patterns(
        path("", include("petitions.urls")),
        path("", pages.home, name="home"),
        path("campaigns/<slug:slug>/", pages.campaign, name="campaign"),
        path("profiles/<slug:slug>/", pages.profile, name="profile"),
        path("documents/<slug:slug>/", pages.document, name="document"),
        path("case-lists/", case_list_pages.all_lists, name="case_lists"),
        path("case-lists/<slug:slug>/", case_list_pages.case_list, name="case_list"),
        path(
            "case-lists/<slug:slug>/<int:number>/",
            case_list_pages.version,
            name="case_list_version",
        ),
        path("about/", pages.about, name="about"),
        path("privacy/", pages.privacy, name="privacy"),
        path("search/", pages.search, name="search"),
        path("", include("campaigns.urls")),
        prefix_default_language=False,
    ),
    path("admin/preview/", include("campaign_site.previews")),
    path("admin/", admin.site.urls),
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    path("campaigns/<slug:slug>/feed/", CampaignNews(), name="campaign_feed"),
    path("profiles/<slug:slug>/feed/", ProfileNews(), name="profile_feed"),
    path("events/calendar.ics", events.calendar, name="calendar"),
    path("events/<slug:slug>/calendar.ics", events.event_calendar, name="event_calendar"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", pages.sitemap, name="sitemap"),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("theme.css", pages.theme, name="theme"),
    re_path(r"^media/(?P<name>[0-9a-f]{40}\.webp)$", pages.media, name="media"),
    path("", include((unprefixed, "counter"))),
    path("", include((files, "files"))),
    path(
        "case-lists/<slug:slug>/<int:number>/list.json",
        case_list_pages.as_json,
        name="case_list_json",
    ),
    path(
        "case-lists/<slug:slug>/<int:number>/list.csv", case_list_pages.as_csv, name="case_list_csv"
    ),
    path(
        "case-lists/<slug:slug>/<int:number>/list.pdf", case_list_pages.as_pdf, name="case_list_pdf"
    ),
    *([path("demo/mail/", pages.demo_mail, name="demo_mail")] if settings.DEMO else []),
]

handler400 = "campaign_site.pages.bad_request"
handler403 = "campaign_site.pages.forbidden"
handler404 = "campaign_site.pages.not_found"
handler500 = "campaign_site.pages.server_error"
