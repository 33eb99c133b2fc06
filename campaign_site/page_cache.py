"""Whole answers to GET, kept for some seconds, by path and by the query keys that a view declares.

A page is rendered once whoever asks: while one thread renders, others are given the page that was
there before, or wait. No number on a page is older than `OLDEST` seconds, the time that a proxy or
a browser may keep it included. Only while the database cannot be asked, an older page is served
instead of an error, and says so in its headers.

What is kept holds nothing of the visitor: no cookie, nothing of a query that was not declared. So
compressing it gives nothing away: there is no secret in a page to guess, and nothing that a
stranger could put beside it (what BREACH needs). Answers that are not kept are not compressed.
"""

import gzip
import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import brotli
from django.conf import settings
from django.db.transaction import on_commit
from django.http import HttpResponse, QueryDict

OLDEST = 10  # seconds: how old a page that is shown may be, wherever it was kept
# A page is rendered again when it is that old and somebody asks. From then on to OLDEST the others
# are given the old one; and what remains is for proxies (as long as they are told) and for
# browsers (a second, while they ask again).
RENEWED_AFTER = 6
LOOKED_AGAIN_AFTER = 0.02  # seconds, at what other processes have published
WHILE_REVALIDATING = 1
# While the database is away: how long a page is shown all the same, and how often it is tried.
IF_ERROR = 300
TRIED_AGAIN_AFTER = 2
PATIENCE = 3  # seconds to wait for whoever renders, before an older page will do
MOST_BYTES = 32_000_000  # in each process
MOST_PAGES = 5_000
MOST_FACTS = 500


class Variant(NamedTuple):
    """A page as it is sent in one encoding."""

    headers: list[tuple[str, str]]
    body: bytes


class Answer(NamedTuple):
    made_at: float  # when the database was asked, by the clock that never jumps
    etag: str
    variants: dict[str, Variant]  # by Content-Encoding; "" for none

    @classmethod
    def of(cls, response, made_at):
        # Weak, because it is the same in each encoding.
        etag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        kept = [
            (name, value)
            for name, value in response.items()
            if name not in ("Content-Length", "Vary", "Cache-Control", "ETag")
        ]
        kept += [("ETag", etag), ("Vary", "Accept-Encoding")]
        variants = {}
        for encoding, body in _encoded(response).items():
            headers = [*kept, ("Content-Length", str(len(body)))]
            if encoding:
                headers.append(("Content-Encoding", encoding))
            variants[encoding] = Variant(headers, body)
        return cls(made_at, etag, variants)

    @property
    def age(self) -> float:
        return time.monotonic() - self.made_at

    @property
    def size(self) -> int:
        return sum(
            len(body) + sum(len(name) + len(value) for name, value in headers)
            for headers, body in self.variants.values()
        )

    def to(self, environ, *, stale=False) -> "Sent":
        """As whoever asks so is sent it."""
        headers, body = self.variants.get(
            _encoding(environ.get("HTTP_ACCEPT_ENCODING", "")), self.variants[""]
        )
        age = int(self.age)
        headers = [*headers, *(_stale(age) if stale else _FRESH[min(age, OLDEST)])]
        if self.etag[2:] in environ.get("HTTP_IF_NONE_MATCH", ""):
            return Sent(304, [pair for pair in headers if pair[0] not in _OF_A_BODY], b"")
        return Sent(200, headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body)


class Sent(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


_OF_A_BODY = ("Content-Length", "Content-Encoding")
_TEXT = ("text/", "application/json", "application/xml", "application/atom+xml", "image/svg+xml")
_SMALL = 500  # bytes that are not worth compressing


def _encoded(response) -> dict[str, bytes]:
    body = response.content
    if len(body) < _SMALL or not response.get("Content-Type", "").startswith(_TEXT):
        return {"": body}
    # Without the time in its head, gzip gives the same bytes for the same page.
    return {
        "": body,
        "gzip": gzip.compress(body, 6, mtime=0),
        "br": brotli.compress(body, quality=5),
    }


@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    """Which of ours a browser takes that says so."""
    taken = set()
    for part in accepted.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            taken.add(name)
    return "br" if "br" in taken else "gzip" if "gzip" in taken else ""


def _cache_control(age):
    """Browsers ask each time (and mostly hear that nothing changed). Proxies keep it for what
    remains when both have had their second of showing it while they ask again."""
    remains = max(0, OLDEST - 2 * WHILE_REVALIDATING - age)
    return (
        f"max-age=0, s-maxage={remains}, stale-while-revalidate={WHILE_REVALIDATING}, "
        f"stale-if-error={IF_ERROR}"
    )


_FRESH = [[("Cache-Control", _cache_control(age + 1))] for age in range(OLDEST + 1)]


def _stale(age):
    return [
        ("Cache-Control", "no-cache"),
        ("Age", str(age)),
        ("Cache-Status", "Vigil; fwd=stale; fwd-status=503"),
    ]


# --- Where they are kept ---------------------------------------------------------------------


class Page:
    """A place for an answer, and the lock of whoever renders it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answer = None
        self.until = 0.0  # from then on, somebody renders it again
        self.failing = False

    def keep(self, answer):
        self.answer, self.failing = answer, False
        self.until = answer.made_at + RENEWED_AFTER

    def keep_old(self) -> bool:
        """Instead of an error. False where there is none that may be shown."""
        if self.answer is None or self.answer.age > IF_ERROR:
            return False
        self.failing = True
        tried_again_at = time.monotonic() + TRIED_AGAIN_AFTER
        self.until = min(tried_again_at, self.answer.made_at + IF_ERROR)
        return True

    def old(self) -> Answer | None:
        """What may be shown while somebody renders it."""
        if self.answer and self.answer.age < (IF_ERROR if self.failing else OLDEST):
            return self.answer
        return None

    def to(self, environ) -> Sent:
        return self.answer.to(environ, stale=self.failing)


class PageCache:
    def __init__(self):
        self.generation = None
        self.look_again_at = 0.0
        self.lock = threading.Lock()
        self.forget()

    def forget(self):
        with self.lock:
            self.pages = OrderedDict()
            self.query_keys = {}
            self.facts = {}

    def look_at_generation(self):
        """Publishing touches a file, at which every process looks."""
        moment = time.monotonic()
        if moment < self.look_again_at:
            return
        self.look_again_at = moment + LOOKED_AGAIN_AFTER
        try:
            seen = os.stat(_generation_file()).st_mtime_ns
        except FileNotFoundError:
            seen = None
        if seen != self.generation:
            self.generation = seen
            self.forget()

    def key(self, environ):
        path = environ["PATH_INFO"]
        # Which hosts are ours is asked when a page is made: it is not shown under another.
        host = environ.get("HTTP_HOST")
        keys = self.query_keys.get(path)
        if not keys:
            return path, host
        query = QueryDict(environ.get("QUERY_STRING", ""))
        return path, host, *(query.get(name, "") for name in keys)

    def hit(self, environ) -> Sent | None:
        """What is here and new enough. Asks no database and takes no lock."""
        if not may_be_kept(environ):
            return None
        self.look_at_generation()
        page = self.pages.get(self.key(environ))
        if page is None or page.until <= time.monotonic():
            return None
        return page.to(environ)

    def page(self, environ) -> Page:
        key = self.key(environ)
        with self.lock:
            page = self.pages.setdefault(key, Page())
            self.pages.move_to_end(key)
        return page

    def keep(self, environ, page, answer, query_keys):
        path = environ["PATH_INFO"]
        # The first answer of a path tells which query keys its pages differ by. It was filed
        # without them: who waits for it may have asked for another.
        if query_keys != self.query_keys.get(path, ()):
            self.query_keys[path] = query_keys
            self.drop(page)
            return
        page.keep(answer)
        with self.lock:
            self._make_room()

    def _make_room(self):
        """Those longest not rendered go first: what is read is rendered again and again."""
        size = sum(page.answer.size for page in self.pages.values() if page.answer)
        while len(self.pages) > MOST_PAGES or size > MOST_BYTES:
            _key, page = self.pages.popitem(last=False)
            size -= page.answer.size if page.answer else 0

    def drop(self, page):
        with self.lock:
            for key in [key for key, value in self.pages.items() if value is page]:
                del self.pages[key]

    def fact(self, key, ask, seconds):
        self.look_at_generation()
        facts = self.facts  # these, so that what is forgotten meanwhile does not come back
        moment = time.monotonic()
        until, value = facts.get(key, (0, None))
        if until <= moment:
            value = ask()
            if len(facts) >= MOST_FACTS:
                facts.clear()
            facts[key] = moment + seconds, value
        return value


cache = PageCache()


def fact(key: Hashable, ask: Callable, *, seconds: float = RENEWED_AFTER):
    """What every visitor's request needs and staff seldom change: kept as long as a page, and
    forgotten like one when somebody publishes; `seconds` for what may be older. Whoever is given it
    changes nothing in it."""
    return cache.fact(key, ask, seconds)


def _generation_file():
    return os.path.join(settings.PRIVATE_ROOT, "generation")


def forget_pages() -> None:
    """Let every process forget its pages, once the current transaction is committed."""

    def touch():
        settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
        Path(_generation_file()).write_text(str(time.time_ns()))
        cache.forget()

    on_commit(touch)


# --- Asking it -------------------------------------------------------------------------------


def may_be_kept(environ) -> bool:
    return (
        environ["REQUEST_METHOD"] in ("GET", "HEAD")
        # A request may name any codec of Python for its query: `only_utf8` answers those.
        and "charset" not in environ.get("CONTENT_TYPE", "").lower()
        and not environ["PATH_INFO"].startswith(
            ("/admin/", settings.STATIC_URL, "/signatures/", "/demo/")
        )
    )


def hits_first(application):
    """A WSGI application that answers what is kept, before Django makes a request of it."""

    def answer(environ, start_response):
        sent = cache.hit(environ)
        if sent is None:
            return application(environ, start_response)
        start_response(f"{sent.status} {HTTPStatus(sent.status).phrase}", sent.headers)
        return [sent.body]

    return answer


def page_cache(get_response):
    """The middleware: what is not kept is rendered, once."""

    def middleware(request):
        environ = request.META
        if not may_be_kept(environ):
            return get_response(request)
        if sent := cache.hit(environ):
            return _response(sent)
        page = cache.page(environ)
        if not page.lock.acquire(blocking=False):
            return _while_it_is_rendered(request, page) or get_response(request)
        try:
            return _rendered(request, page, get_response)
        finally:
            page.lock.release()

    return middleware


def _rendered(request, page, get_response):
    asked_at = time.monotonic()
    response = get_response(request)
    if _may_keep(response):
        answer = Answer.of(response, asked_at)
        cache.keep(request.META, page, answer, getattr(response, "query_keys", ()))
        return _response(answer.to(request.META))
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE and page.keep_old():
        return _response(page.to(request.META))
    cache.drop(page)
    return response


def _while_it_is_rendered(request, page):
    """None if nobody can say it for us."""
    if not page.old():
        if page.lock.acquire(timeout=PATIENCE):
            page.lock.release()
        else:
            page.keep_old()  # the database hangs: nobody else waits for this page
    return _response(page.to(request.META)) if page.old() else None


def _may_keep(response):
    return (
        response.status_code == HTTPStatus.OK
        and not response.streaming
        and not response.cookies
        and "no-store" not in response.get("Cache-Control", "")
    )


def _response(sent):
    response = HttpResponse(sent.body, status=sent.status)
    del response["Content-Type"]
    for name, value in sent.headers:
        response[name] = value
    return response
