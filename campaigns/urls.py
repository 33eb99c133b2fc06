from django.urls import path, re_path

from campaigns import events, news, views

app_name = "campaigns"
urlpatterns = [
    path("campaigns/", views.campaigns, name="campaigns"),
    path("profiles/", views.profiles, name="profiles"),
    path("events/", events.events, name="events"),
    path("events/<slug:slug>/", events.event, name="event"),
    path("updates/", news.updates, name="updates"),
    path("updates/<slug:slug>/", news.update, name="update"),
    path("documents/", views.documents, name="documents"),
]
# Files are the same in every language.
unprefixed = [
    re_path(
        r"^documents/files/(?P<file>[0-9a-f]{40}\.(?:pdf|jpg|png))$",
        views.document_file,
        name="document_file",
    )
]
