from django.urls import path

from petitions import letter_views, views

app_name = "petitions"
urlpatterns = [
    path("petitions/", views.petitions, name="list"),
    path("petitions/<slug:slug>/", views.petition, name="petition"),
    path("petitions/<slug:slug>/sign/", views.sign, name="sign"),
    path("petitions/<slug:slug>/thanks/", views.thanks, name="thanks"),
    path("petitions/<slug:slug>/badge.svg", views.badge, name="badge"),
    path("petitions/<slug:slug>/qr.svg", views.code_picture, name="qr"),
    path("petitions/<slug:slug>/poster.pdf", views.poster, name="poster"),
    path("petitions/<slug:slug>/at/<str:token>/", views.event, name="event"),
    path("letters/", letter_views.letters, name="letters"),
    path("letters/<slug:slug>/", letter_views.letter, name="letter"),
    path("letters/<slug:slug>/join/", letter_views.join, name="join_letter"),
    path("letters/<slug:slug>/thanks/", letter_views.thanks, name="letter_thanks"),
    path("signatures/letters/<str:token>/", letter_views.personal, name="letter_request"),
    path("code/", views.code, name="code"),
    path("signatures/find/", views.find, name="find"),
    path("signatures/<str:token>/", views.personal, name="personal"),
]
# The counter is data, the same in every language.
unprefixed = [path("petitions/<slug:slug>/count.json", views.count, name="count")]
