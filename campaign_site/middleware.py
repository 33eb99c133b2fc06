"""Our middleware within the page cache, outermost first: log line, headers, database errors,
language, staff."""

import logging
import time

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from campaign_site import languages
from campaign_site.publishing import Gone
from campaign_site.request_logging import route
from campaign_site.sealing import KeyProblem

log = logging.getLogger("vigil.request")

# --- One log line ----------------------------------------------------------------------------


def request_log(get_response):
    def middleware(request):
        start = time.perf_counter()
        response = get_response(request)
        taken = (time.perf_counter() - start) * 1000
        log.info("%s %s %s %.0fms", request.method, route(request), response.status_code, taken)
        return response

    return middleware


# --- Headers ---------------------------------------------------------------------------------

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    # Letters that old systems lack lie within /theme.css.
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PUBLIC_CSP = _CSP + "; require-trusted-types-for 'script'; trusted-types 'none'"
STAFF_CSP = _CSP
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # With no-referrer, Chromium posts `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "X-Frame-Options": "DENY",
}


def security_headers(get_response):
    def middleware(request):
        response = get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        staff = request.path_info.startswith("/admin/")
        response.setdefault("Content-Security-Policy", STAFF_CSP if staff else PUBLIC_CSP)
        if settings.HTTPS:
            response.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
        if request.method == "POST" or staff or response.status_code >= 400:
            response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


# --- Encoding --------------------------------------------------------------------------------


def only_utf8(get_response):
    """Forms are UTF-8. A request may name any codec of Python, even one that is no text."""

    def middleware(request):
        if (request.encoding or "utf-8").casefold() not in ("utf-8", "utf8"):
            raise BadRequest
        return get_response(request)

    return middleware


# --- Errors that have a page of their own ---------------------------------------------------


class ErrorPages:
    """Gone: 410. The database or the key is not there: 503, and an honest word that nothing was
    recorded."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        if isinstance(error, Gone):
            return render(request, "410.html", status=410)
        if not isinstance(error, OperationalError | InterfaceError | KeyProblem):
            return None
        log.error("%s: answered 503 to %s", type(error).__name__, route(request))
        return unavailable()


def unavailable():
    # The database may be what failed: this page asks it nothing.
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "30"
    return response


# --- Language --------------------------------------------------------------------------------


def language(get_response):
    """The language of a page is in its path alone, so answers vary on no header."""

    def middleware(request):
        if request.method in ("GET", "HEAD"):
            with languages.read_once():
                return answer(request)
        return answer(request)

    def answer(request):
        try:
            chosen = languages.of_path(request.path_info).code
        except (OperationalError, InterfaceError):
            return unavailable()
        with translation.override(chosen):
            request.LANGUAGE_CODE = chosen
            response = get_response(request)
            response.setdefault("Content-Language", translation.get_language())
            return response

    return middleware


# --- Staff ------------------------------------------------------------------------------------


def staff(get_response):
    """Sessions, login and messages, for staff alone: public pages read no cookie and set none."""
    for_staff = SessionMiddleware(
        AuthenticationMiddleware(staff_language(MessageMiddleware(get_response)))
    )

    def middleware(request):
        if not request.path_info.startswith("/admin/"):
            return get_response(request)
        try:
            return for_staff(request)
        except (OperationalError, InterfaceError):  # the session could not be read
            return unavailable()

    return middleware


def staff_language(get_response):
    """Under /admin/, the language of the member of staff."""

    def middleware(request):
        if not request.user.is_authenticated:
            return get_response(request)
        request.LANGUAGE_CODE = request.user.language
        with translation.override(request.user.language):
            return get_response(request)

    return middleware
