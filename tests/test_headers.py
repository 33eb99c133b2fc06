"""The headers of every answer: pages, data, errors, redirects, static files and staff pages."""

import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.test import Client

from campaign_site import page_cache, pages
from petitions import signing
from tests import factories
from tests.site_urls import addresses
from tests.visitors import path_in, personal, post_sign

LANGUAGES = [code for code, _name in django_settings.LANGUAGES]
CONSTANT = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Frame-Options": "DENY",
}
POLICY = {
    "default-src": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    **{f"{kind}-src": "'self'" for kind in ("script", "style", "img", "connect")},
    "font-src": "'self' data:",
}
TRUSTED_TYPES = {"require-trusted-types-for": "'script'", "trusted-types": "'none'"}


def check(response, *, staff=False):
    for name, value in CONSTANT.items():
        assert response[name] == value, name
    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
    )
    assert policy == (POLICY if staff else POLICY | TRUSTED_TYPES)
    # The counter may be shown on pages of others; badges, too.
    path = response.request["PATH_INFO"]
    shared = path.endswith(("/count.json", "/badge.svg")) and response.status_code == 200
    expected = "cross-origin" if shared else "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == expected
    for name in ("Server", "X-Powered-By"):
        assert name not in response
    if staff:
        return
    assert not response.cookies
    assert not {"cookie", "accept-language", "*"} & {
        part.strip().casefold() for part in response.get("Vary", "").split(",")
    }


def private(response):
    return "no-store" in response.get("Cache-Control", "")


@pytest.fixture
def browser():
    return Client(raise_request_exception=False)


def _public(petition):
    person = factories.make_profile()
    for address in addresses():
        values = {"slug": petition.slug}
        if address.name == "campaign":
            values = {"slug": petition.campaign.slug}
        elif address.name == "profile":
            values = {"slug": person.slug}
        if not address.is_staff:
            yield address.path(**values)
            if address.parameters:
                yield address.path()  # of nothing: 404


@pytest.mark.django_db
def test_every_public_address_by_every_method(browser, petition):
    """Promise 9, and design: no cookie, no Vary, the policy and Trusted Types on every answer."""
    seen = set()
    rows = (factories.sign(petition), factories.sign_and_confirm(petition))
    for path in (*_public(petition), *map(personal, rows), "/nowhere/", "/petitions", "//x"):
        for ask in (browser.get, browser.get, browser.head, browser.post, browser.options):
            response = ask(path)
            seen.add(response.status_code)
            check(response)
            secret = path.startswith("/signatures/") and "find" not in path
            if ask == browser.post or secret or response.status_code > 399:
                assert private(response), (path, response.status_code)
            assert response.status_code < 500, path
    assert {200, 301, 302, 404, 405, 422} <= seen


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_language_comes_from_the_path_alone(browser, petition, language):
    """Promise 4 and 9: the same bytes whatever a browser says of its reader."""
    factories.offer()
    factories.translate(petition)
    path = path_in(language, "petitions:petition", petition.slug)
    first = browser.get(path)
    assert first["Content-Language"] == language
    assert (
        f'<html lang="{language}" dir="{"rtl" if language == "ug" else "ltr"}"'
        in first.content.decode()
    )
    other = browser.get(
        path,
        headers={"Accept-Language": "fa", "Cookie": "sessionid=x; csrftoken=y", "DNT": "1"},
    )
    assert (first.content, first["ETag"]) == (other.content, other["ETag"])


@pytest.mark.django_db
def test_errors_have_them_too(browser, petition, monkeypatch):
    for broken, status in ((RuntimeError("x"), 500), (OperationalError("x"), 503)):

        def fail(*args, error=broken, **kwargs):
            raise error

        monkeypatch.setattr(signing, "sign", fail)
        response = post_sign(browser, petition)
        assert response.status_code == status
        check(response)
        assert private(response)
        monkeypatch.setattr(pages.Campaign.objects, "filter", fail)
    type(petition).objects.update(state="removed")
    page_cache.cache.forget()
    for response in (
        browser.get(petition.get_absolute_url()),
        browser.get("/petitions/", headers={"Host": "evil.example"}),
        post_sign(browser, petition, name=""),
    ):
        assert response.status_code in (400, 410)
        check(response)
        assert private(response)


@pytest.mark.django_db
def test_mistakes_and_answers_to_forms_are_kept_by_no_cache(browser, petition):
    for response, status in (
        (post_sign(browser, petition), 303),
        (post_sign(browser, petition, name=""), 422),
        (browser.post("/code/", {"code": "x"}), 422),
        (browser.post("/signatures/find/", {"email": "a@example.org"}), 200),
        (browser.post("/signatures/find/", {"email": "a"}), 422),
        (browser.get("/signatures/find/"), 200),
        (browser.get("/signatures/x/"), 404),
        (browser.get(personal(factories.sign(petition))), 200),
    ):
        assert response.status_code == status
        if response.request["PATH_INFO"] != "/signatures/find/" or status == 422:
            assert private(response)


@pytest.mark.django_db
def test_not_modified_keeps_the_policy(browser, petition):
    etag = browser.get(petition.get_absolute_url())["ETag"]
    response = browser.get(petition.get_absolute_url(), headers={"If-None-Match": etag})
    assert response.status_code == 304
    check(response)


@pytest.mark.django_db
def test_static_files_and_pictures(petition, settings, tmp_path):
    settings.STATIC_ROOT, settings.MEDIA_ROOT = tmp_path / "static", tmp_path / "media"
    for folder in (settings.STATIC_ROOT, settings.MEDIA_ROOT):
        folder.mkdir()
    (settings.STATIC_ROOT / "a.css").write_text("p {}")
    picture = "0" * 40 + ".webp"
    (settings.MEDIA_ROOT / picture).write_bytes(b"RIFF")
    browser = Client()
    for path in ("/static/a.css", f"/media/{picture}"):
        response = browser.get(path)
        assert response.status_code == 200, path
        check(response)
        assert "Access-Control-Allow-Origin" not in response, path


@pytest.mark.django_db
def test_every_staff_address(client):
    client.force_login(factories.make_member("administrator"))
    for address in addresses():
        if address.is_staff:
            for visitor in (Client(), client):
                response = visitor.get(address.path())
                check(response, staff=True)
                assert private(response), address.name
                for morsel in response.cookies.values():
                    assert morsel["path"] == "/admin/"
                    assert morsel["samesite"] == "Strict"
                    assert morsel["httponly"]
            client.force_login(factories.make_member("administrator"))


def _production(**changes):
    return os.environ | {
        "SITE_URL": "https://petitions.example.org",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "petitions.example.org",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
        "DEFAULT_FROM_EMAIL": "petitions@example.org",
        "TRUSTED_PROXIES": "1",
        **changes,
    }


def _check_deploy(**changes):
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=django_settings.BASE_DIR,
        # Tests with a browser in this process set it for themselves.
        env=_production(**changes) | {"DJANGO_ALLOW_ASYNC_UNSAFE": ""},
        capture_output=True,
        text=True,
    )


def test_check_deploy_finds_nothing():
    """Promise 22: `check --deploy` with production settings: 0 issues."""
    done = _check_deploy()
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("missing", "word"),
    [
        ({"SITE_URL": "http://petitions.example.org"}, "vigil.W005"),
        ({"EMAIL_URL": "consolemail://"}, "vigil.W006"),
        ({"SECRET_KEY": "short"}, "vigil.E001"),
        ({"SIGNER_KEY": "short"}, "vigil.E002"),
        ({"ALLOWED_HOSTS": ""}, "security.W020"),
    ],
)
def test_check_deploy_says_what_is_missing(missing, word):
    done = _check_deploy(**missing)
    assert done.returncode == 1
    assert word in done.stderr


@pytest.mark.django_db
def test_over_https_browsers_are_told_to_stay_there(browser, settings):
    settings.HTTPS = True
    assert "max-age=63072000" in browser.get("/about/")["Strict-Transport-Security"]
    settings.HTTPS = False
    page_cache.cache.forget()
    assert "Strict-Transport-Security" not in browser.get("/about/")
