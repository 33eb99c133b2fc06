import os
import shutil

import pytest
from django.core import mail
from django.test import Client

from campaign_site import page_cache, throttle
from tests import factories
from tests.every_page import Everything
from tests.made_once import made_once


@pytest.fixture(autouse=True)
def nothing_remembered(settings):
    """Each test starts like a freshly started server that sends its mails to `mail.outbox`."""
    settings.MAIL_TRANSPORT = {"EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    settings.EMAIL_BACKEND = "campaign_site.outbox.EmailBackend"
    # Two workers of a run are no two web servers: one would be told to wait for the other's poster.
    settings.PRIVATE_ROOT = settings.PRIVATE_ROOT / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    page_cache.cache.forget()
    for limit in (throttle.SIGNING, throttle.FINDING, throttle.CODES):
        limit.forget()
    mail.outbox = []


@pytest.fixture
def petition(db):
    return factories.make_petition()


@pytest.fixture
def logged_in(db):
    """logged_in("campaigner"): a browser of somebody with that role."""

    def open_browser(role):
        client = Client()
        client.member = factories.make_member(role)
        client.force_login(client.member)
        return client

    return open_browser


@pytest.fixture
def campaigner(logged_in):
    return logged_in("campaigner")


@pytest.fixture
def officer(logged_in):
    return logged_in("delivery")


@pytest.fixture
def administrator(logged_in):
    return logged_in("administrator")


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven by playwright. Without it the test is skipped, and fails in CI."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("needs Chromium: apt-get install chromium")
    # playwright's event loop makes Django refuse the database in this thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, live_server):
    """A function that opens a browser of its own at this site; what it asked for is recorded."""
    contexts = []

    def open_browser(*, scripts=True, width=360, height=640):
        context = chromium.new_context(
            java_script_enabled=scripts,
            viewport={"width": width, "height": height},
            base_url=live_server.url,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.asked_for = []
        page.on("request", lambda request: page.asked_for.append(request.url))
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        return page

    yield open_browser
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def folder_of_everything(tmp_path_factory):
    return tmp_path_factory.mktemp("everything")


@pytest.fixture
def everything(live_server, settings, folder_of_everything):
    """One of everything, for tests in a browser."""
    settings.SITE_URL = live_server.url
    settings.MEDIA_ROOT = settings.PRIVATE_ROOT = folder_of_everything
    return made_once("everything", Everything)
