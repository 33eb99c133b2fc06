"""Our middleware, outermost first: page cache, log line, headers, database errors, language."""

import hashlib
import logging
import threading
import time
from collections import OrderedDict

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError
from django.db.transaction import on_commit
from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from campaign_site import languages
from campaign_site.publishing import Gone
from campaign_site.request_logging import route
from campaign_site.sealing import KeyProblem

log = logging.getLogger("vigil.request")

# --- Page cache ------------------------------------------------------------------------------

FRESH_SECONDS = 10  # also how old a number on a page may be
MOST_PAGES = 2_000


class _Page:
    def __init__(self):
        self.lock = threading.Lock()
        self.until = 0.0
        self.answer = None  # (status, headers, body, etag)


class PageCache:
    """Whole answers to GET, by path and by the query keys that a view declares."""

    def __init__(self):
        self.generation = None
        self.lock = threading.Lock()
        self.forget()

    def forget(self):
        with self.lock:
            self.pages = OrderedDict()
            self.query_keys = {}

    def look_at_generation(self):
        """Publishing touches a file, at which every process looks."""
        try:
            seen = _generation_file().stat().st_mtime_ns
        except FileNotFoundError:
            seen = None
        if seen != self.generation:
            self.generation = seen
            self.forget()

    def page(self, request):
        keys = self.query_keys.get(request.path_info, ())
        key = (request.path_info, *(request.GET.get(name, "") for name in keys))
        with self.lock:
            page = self.pages.setdefault(key, _Page())
            self.pages.move_to_end(key)
            while len(self.pages) > MOST_PAGES:
                self.pages.popitem(last=False)
        return page

    def declare(self, request, query_keys, page):
        """Learn from the first answer of a path which query keys its pages differ by."""
        if query_keys != self.query_keys.get(request.path_info, ()):
            self.query_keys[request.path_info] = query_keys
            self.drop(page)  # it was filed without them

    def drop(self, page):
        with self.lock:
            for key in [key for key, value in self.pages.items() if value is page]:
                del self.pages[key]


cache = PageCache()


def _generation_file():
    return settings.PRIVATE_ROOT / "generation"


def publish() -> None:
    """Let every process forget its pages, once the current transaction is committed."""

    def touch():
        settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
        _generation_file().write_text(str(time.time_ns()))
        cache.forget()

    on_commit(touch)


def page_cache(get_response):
    def middleware(request):
        odd = request.method not in ("GET", "HEAD") or request.encoding
        if odd or request.path_info.startswith(
            ("/admin/", settings.STATIC_URL, "/signatures/", "/demo/")
        ):
            return get_response(request)
        cache.look_at_generation()
        page = cache.page(request)
        if page.until > time.monotonic():
            return _answer(request, page.answer)
        waited = not page.lock.acquire(blocking=False)
        if waited:
            if page.answer:
                return _answer(request, page.answer)  # somebody else renders it just now
            with page.lock:
                answer = page.answer
            return _answer(request, answer) if answer else get_response(request)
        try:
            response = get_response(request)
            if _may_keep(response):
                answer = page.answer = _frozen(response)
                page.until = time.monotonic() + FRESH_SECONDS
                cache.declare(request, getattr(response, "query_keys", ()), page)
                return _answer(request, answer)
            cache.drop(page)
            return response
        finally:
            page.lock.release()

    return middleware


def _frozen(response):
    etag = '"' + hashlib.sha256(response.content).hexdigest()[:32] + '"'
    return response.status_code, dict(response.items()), response.content, etag


def _may_keep(response):
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "no-store" not in response.get("Cache-Control", "")
    )


def _answer(request, answer):
    status, headers, body, etag = answer
    if etag in request.META.get("HTTP_IF_NONE_MATCH", ""):
        response = HttpResponseNotModified()
        headers = {name: value for name, value in headers.items() if name != "Content-Length"}
    else:
        response = HttpResponse(body, status=status)
    for name, value in headers.items():
        response[name] = value
    response["ETag"] = etag
    if "Cache-Control" not in response:
        response["Cache-Control"] = f"max-age={FRESH_SECONDS}"
    return response


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
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
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


def staff_language(get_response):
    """Under /admin/, the language of the member of staff."""

    def middleware(request):
        if request.path_info.startswith("/admin/") and request.user.is_authenticated:
            request.LANGUAGE_CODE = request.user.language
            with translation.override(request.user.language):
                return get_response(request)
        return get_response(request)

    return middleware
