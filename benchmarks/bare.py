"""What ours is compared with: Django with one view and nothing around it.

`/page` answers the bytes of the file BARE_PAGE; `/insert` inserts one row into `bare` and commits.
"""

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

PAGE = Path(os.environ["BARE_PAGE"]).read_bytes()


def page(request):
    return HttpResponse(PAGE, headers={"Content-Length": str(len(PAGE))})


def insert(request):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bare (name, city, email) VALUES (%s::text, %s::text, %s::text)",
            [request.POST["name"], request.POST["city"], request.POST["email"]],
        )
    return HttpResponse(b"", status=303, headers={"Location": "/page", "Content-Length": "0"})


urlpatterns = [path("page", page), path("insert", insert)]


def configure():
    import environ

    settings.configure(
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[],
        SECRET_KEY="bare",
        DATABASES={
            "default": environ.Env().db_url("DATABASE_URL")
            | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
            | {"OPTIONS": {"server_side_binding": True, "prepare_threshold": 5}}
        },
    )


configure()
application = get_wsgi_application()
