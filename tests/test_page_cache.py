"""Pages are kept for seconds: how old they may be, who renders them, and in which form they leave.

No test waits: the clock of the page cache is ours.
"""

import gzip
import re
import threading
from pathlib import Path

import brotli
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from campaign_site import outbox, page_cache
from campaign_site.group_commit import GroupCommit
from campaign_site.models import OutboxMessage
from campaign_site.page_cache import (
    IF_ERROR,
    OLDEST,
    RENEWED_AFTER,
    cache,
    forget_pages,
    hits_first,
)
from petitions import publishing
from tests import factories
from tests.every_page import Everything
from tests.factories import sign_and_confirm
from tests.visitors import personal, post_sign

WORDS = "Free Marta Ilin and let her come home. " * 40
factory = RequestFactory()


class Clock:
    """Stands still until somebody moves it."""

    def __init__(self):
        self.moment = 1_000.0

    def monotonic(self):
        return self.moment

    def time_ns(self):
        return int(self.moment * 1e9)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(page_cache, "time", made)
    monkeypatch.setattr(page_cache.cache, "look_again_at", 0.0)
    return made


class Site:
    """A site of one page, which counts how often it was rendered."""

    def __init__(self, **headers):
        self.rendered = 0
        self.words = WORDS
        self.status = 200
        self.query_keys = ()
        self.headers = headers
        self.meanwhile = lambda: None
        self.middleware = page_cache.page_cache(self.render)

    def render(self, request):
        self.rendered += 1
        self.meanwhile()
        response = HttpResponse(self.words, status=self.status, headers=self.headers)
        response.query_keys = self.query_keys
        return response

    def get(self, path="/", query=None, method="GET", **headers):
        request = factory.generic(method, path, QUERY_STRING=query or "", headers=headers)
        return self.middleware(request)


def proxies_keep(response):
    """How many seconds a proxy, and then a browser, may still show it."""
    said = response["Cache-Control"]
    seconds = {name: int(value) for name, value in re.findall(r"([a-z-]+)=(\d+)", said)}
    assert seconds["max-age"] == 0
    while_asking = seconds["stale-while-revalidate"]
    return seconds["s-maxage"] + while_asking + while_asking


# --- How old ---------------------------------------------------------------------------------


def test_a_page_is_rendered_once_and_again_when_it_is_old(clock):
    site = Site()
    for _ in range(5):
        site.get()
    assert site.rendered == 1
    clock.moment += RENEWED_AFTER
    site.words = "new"
    assert site.get().content == b"new"
    assert site.rendered == 2


def test_nobody_is_shown_a_number_older_than_ten_seconds(clock):
    """Promise 15: wherever it was kept: here, in a proxy, in the browser."""
    site = Site()
    site.get()
    made_at = clock.moment
    while (age := clock.moment - made_at) < RENEWED_AFTER:
        response = site.get()
        assert proxies_keep(response) + age <= OLDEST
        assert proxies_keep(response) > 2, "there is something left for a proxy to keep"
        clock.moment += 0.25
    assert site.rendered == 1


def test_its_age_counts_from_before_the_database_was_asked(clock):
    """Promise 15: a render that takes long makes its page no younger."""
    site = Site()
    site.meanwhile = lambda: setattr(clock, "moment", clock.moment + 3)
    response = site.get()
    assert proxies_keep(response) + 3 <= OLDEST
    clock.moment += RENEWED_AFTER - 3
    site.get()
    assert site.rendered == 2


class Rendering:
    """Somebody renders the page, and is not done."""

    def __init__(self, site):
        self.begun, self.may_end = threading.Event(), threading.Event()

        def wait():
            self.begun.set()
            assert self.may_end.wait(20)

        site.meanwhile = wait
        self.thread = threading.Thread(target=site.get)
        self.site = site

    def __enter__(self):
        self.thread.start()
        assert self.begun.wait(20)
        self.site.meanwhile = lambda: None

    def __exit__(self, *exception):
        self.may_end.set()
        self.thread.join(20)


def test_while_one_renders_others_get_the_page_of_before(clock):
    site = Site()
    site.get()
    clock.moment += RENEWED_AFTER
    site.words = "new"
    with Rendering(site):
        assert site.get().content.decode() == WORDS
        assert site.rendered == 2
    assert site.get().content == b"new"


def test_while_one_renders_nobody_gets_a_page_of_an_hour_ago(clock, monkeypatch):
    """Promise 15: who comes second after a quiet hour waits for the new page."""
    site = Site()
    site.get()
    clock.moment += 3600
    site.words = "new"
    found = []
    with Rendering(site):
        waiting = threading.Thread(target=lambda: found.append(site.get()))
        waiting.start()
    waiting.join(20)
    assert [response.content for response in found] == [b"new"]


def test_a_cold_page_is_rendered_once_for_all_who_ask_at_once():
    site = Site()
    found = []
    with Rendering(site):
        people = [threading.Thread(target=lambda: found.append(site.get())) for _ in range(8)]
        for person in people:
            person.start()
    for person in people:
        person.join(20)
    assert {response.content.decode() for response in found} == {WORDS}
    assert (len(found), site.rendered) == (8, 1)


# --- When the database is away ---------------------------------------------------------------


def test_while_the_database_is_away_pages_stay_and_say_so(clock):
    """Promise 20: reading goes on for minutes, and headers tell that the page is old."""
    site = Site()
    fresh = site.get()
    assert "Cache-Status" not in fresh
    site.status = 503
    clock.moment += RENEWED_AFTER
    for _ in range(10):
        response = site.get()
        assert (response.status_code, response.content.decode()) == (200, WORDS)
        assert "fwd=stale" in response["Cache-Status"]
        assert int(response["Age"]) >= RENEWED_AFTER
        assert response["Cache-Control"] == "no-cache"
    assert site.rendered == 2, "the database is not asked by everybody"
    clock.moment += page_cache.TRIED_AGAIN_AFTER
    site.status = 200
    response = site.get()
    assert "Cache-Status" not in response
    assert site.rendered == 3


def test_after_minutes_the_error_is_said(clock):
    site = Site()
    site.get()
    site.status = 503
    clock.moment += IF_ERROR + 1
    assert site.get().status_code == 503
    clock.moment -= 2
    assert site.get().status_code == 503, "and what was thrown away does not come back"


def test_a_page_kept_through_errors_is_not_kept_beyond_its_minutes(clock):
    site = Site()
    site.get()
    site.status = 503
    answered = set()
    for _ in range(IF_ERROR * 2):
        clock.moment += 1
        answered.add((site.get().status_code, clock.moment <= 1_000 + IF_ERROR))
    assert answered == {(200, True), (503, False)}


def test_an_error_of_ours_is_shown_as_one(clock):
    """Only what passes by itself is hidden: not a bug, and not a page that was taken down."""
    for status in (404, 410, 500):
        cache.forget()
        site = Site()
        site.get()
        clock.moment += RENEWED_AFTER
        site.status = status
        assert site.get().status_code == status
        assert site.get().status_code == status, "nor does the old page come back"


def test_while_the_database_hangs_others_are_not_kept_waiting(clock, monkeypatch):
    """Promise 20: one waits for it, the others read the page of before, which says so."""
    monkeypatch.setattr(page_cache, "PATIENCE", 0)
    site = Site()
    site.get()
    clock.moment += OLDEST + 1
    with Rendering(site):
        for _ in range(3):
            response = site.get()
            assert response.content.decode() == WORDS
            assert "fwd=stale" in response["Cache-Status"]
        assert site.rendered == 2


# --- Publishing ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_publishing_forgets_every_page():
    site = Site()
    site.get()
    site.words = "new"
    forget_pages()
    assert site.get().content == b"new"


@pytest.mark.django_db(transaction=True)
def test_publishing_in_another_process_forgets_every_page(settings, clock):
    forget_pages()
    site = Site()
    site.get()
    site.words = "new"
    (Path(settings.PRIVATE_ROOT) / "generation").write_text("by another process")
    clock.moment += page_cache.LOOKED_AGAIN_AFTER
    assert site.get().content == b"new"


@pytest.mark.django_db(transaction=True)
def test_a_page_rendered_while_somebody_publishes_is_not_kept():
    """It may show what stood there before."""
    site = Site()
    site.meanwhile = forget_pages
    site.get()
    site.meanwhile = lambda: None
    site.words = "new"
    assert site.get().content == b"new"


@pytest.mark.django_db(transaction=True)
def test_what_was_taken_down_is_not_shown_while_the_database_is_away(clock):
    site = Site()
    site.get()
    forget_pages()
    site.status = 503
    assert site.get().status_code == 503


# --- In which form it leaves -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("br; q=0.0, gzip; q=0", ""),
        ("identity", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_it_leaves_as_the_browser_takes_it(accepted, encoding):
    site = Site()
    for _ in range(2):
        response = site.get(**({"Accept-Encoding": accepted} if accepted is not None else {}))
        assert response.get("Content-Encoding", "") == encoding
        assert response["Vary"] == "Accept-Encoding"
        assert int(response["Content-Length"]) == len(response.content)
        read = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[encoding]
        assert read(response.content).decode() == WORDS


def test_the_same_page_has_the_same_bytes_each_time(clock):
    """Promise 4: nothing random and no clock in what everybody is sent."""
    sent = set()
    for _ in range(3):
        clock.moment += 100
        cache.forget()
        response = Site().get(**{"Accept-Encoding": "gzip"})
        sent.add((response.content, response["ETag"]))
        assert response.content[4:8] == bytes(4), "the time that gzip would write"
    assert len(sent) == 1


def test_what_is_not_kept_for_everybody_is_not_compressed():
    """Nothing that is one person's is compressed beside what a stranger typed (BREACH)."""
    private = Site(**{"Cache-Control": "no-store"})
    for site, path in ((private, "/"), (Site(), "/signatures/x/"), (Site(), "/admin/")):
        for number in (1, 2):
            response = site.get(path, **{"Accept-Encoding": "gzip"})
            assert "Content-Encoding" not in response
            assert site.rendered == number
    posted = Site().get(method="POST", **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in posted


def test_small_answers_and_pictures_are_left_as_they_are():
    small = Site()
    small.words = '{"count": 786}'
    picture = Site(**{"Content-Type": "image/png"})
    for site, path in ((small, "/small"), (picture, "/picture")):
        assert "Content-Encoding" not in site.get(path, **{"Accept-Encoding": "gzip"})


def test_whoever_has_it_already_is_told_so():
    site = Site()
    for encoding in ("gzip", "br", "identity"):
        first = site.get(**{"Accept-Encoding": encoding})
        for etag in (first["ETag"], f'"other", {first["ETag"]}', first["ETag"].removeprefix("W/")):
            again = site.get(**{"Accept-Encoding": encoding, "If-None-Match": etag})
            assert (again.status_code, again.content) == (304, b"")
            assert again["Cache-Control"] == first["Cache-Control"]
    assert site.get(**{"If-None-Match": '"other"'}).status_code == 200
    assert site.rendered == 1


def test_head_says_what_get_would_and_sends_nothing():
    for warm in (True, False):
        cache.forget()
        site = Site()
        if warm:
            site.get()
        head, full = site.get(method="HEAD"), site.get()
        assert head.content == b""
        assert full.content.decode() == WORDS
        assert dict(head.items()) == dict(full.items())


# --- What is a page of its own ---------------------------------------------------------------


def test_a_query_that_no_view_declared_makes_no_other_page():
    site = Site()
    for number in range(5):
        site.get(query=f"utm_source={number}")
    assert site.rendered == 1


def test_a_query_that_a_view_declared_does():
    site = Site()
    site.query_keys = ("page",)
    for _ in range(3):
        for query in ("page=1", "page=2&utm_source=x"):
            site.words = query + WORDS
            assert site.get(query=query).content.decode().startswith(query[:6])
    assert site.rendered == 3, "the first tells the keys, and is filed without them"


def test_who_waits_for_a_page_is_not_given_that_of_another_query():
    """Before the first answer tells the keys, both wait in one place."""
    asked, waiting = (factory.get("/", {"page": number}).META for number in (1, 2))
    page = cache.page(asked)
    assert cache.page(waiting) is page
    answer = page_cache.Answer.of(HttpResponse(WORDS), page_cache.time.monotonic())
    cache.keep(asked, page, answer, ("page",))
    assert page.old() is None
    assert cache.page(waiting) is not cache.page(asked)


def test_a_page_is_not_shown_under_another_name():
    """Whether a host is ours is asked when the page is made, so each has its own."""
    site = Site()
    site.get(Host="localhost")
    site.get(Host="evil.example")
    assert site.rendered == 2


def test_a_request_in_another_alphabet_is_not_answered_from_here():
    site = Site()
    site.get()
    site.get(**{"Content-Type": "text/html; charset=utf-7"})
    assert site.rendered == 2


def test_the_memory_it_takes_is_bounded(monkeypatch):
    monkeypatch.setattr(page_cache, "MOST_BYTES", 20_000)
    site = Site()
    for number in range(100):
        site.get(f"/{number}")
    kept = [page.answer.size for page in cache.pages.values()]
    assert 0 < sum(kept) <= 20_000
    site.get("/99")
    assert site.rendered == 100, "the newest is there"
    site.get("/0")
    assert site.rendered == 101, "the oldest had to go"


def test_the_number_of_pages_is_bounded(monkeypatch):
    monkeypatch.setattr(page_cache, "MOST_PAGES", 10)
    site = Site()
    for number in range(100):
        site.get(f"/{number}")
    assert len(cache.pages) == 10


# --- Before Django ---------------------------------------------------------------------------


def _wsgi(path, method="GET", **headers):
    """What the server is given, without Django: (status, headers, body), or None."""
    environ = factory.generic(method, path, headers=headers).META
    said = []
    body = hits_first(lambda environ, start_response: None)(
        environ, lambda *words: said.extend(words)
    )
    return None if body is None else (*said, b"".join(body))


@pytest.mark.django_db
def test_each_page_is_the_same_from_the_cache(client, settings, tmp_path, clock):
    """What Django made is what the server sends from then on, each header of it, and no query is
    asked for it."""
    settings.MEDIA_ROOT = tmp_path
    everything = Everything()
    seen = 0
    for path in everything.paths():
        for headers in ({}, {"Accept-Encoding": "br"}, {"Accept-Encoding": "gzip"}):
            made = client.get(path, headers=headers)
            if "ETag" not in made:
                assert _wsgi(path, **headers) is None, path
                continue
            seen += 1
            status, sent, body = _wsgi(path, **headers)
            assert status == f"{made.status_code} OK"
            assert body == made.content
            assert dict(sent) == dict(made.items()), path
            assert len(sent) == len(dict(sent)), "no header twice"
            status, sent, body = _wsgi(path, **headers, **{"If-None-Match": made["ETag"]})
            assert (status, body) == ("304 Not Modified", b"")
            assert dict(sent).items() <= dict(made.items()).items()
            assert _wsgi(path, "HEAD", **headers)[2] == b""
            assert _wsgi(path, "POST", **headers) is None
    assert seen > 30


@pytest.mark.django_db
def test_the_counter_asks_no_database_again(client, petition, django_assert_num_queries):
    """Promise 23: 0 queries on a cache hit."""
    path = petition.get_absolute_url() + "count.json"
    sign_and_confirm(petition)
    assert client.get(path).json()["count"] == 1
    with django_assert_num_queries(0):
        assert client.get(path, {"anything": "1"}).json()["count"] == 1
        assert client.head(path).status_code == 200


@pytest.mark.django_db
def test_a_foreign_name_is_refused_where_the_page_is_kept_too(client, petition):
    path = petition.get_absolute_url()
    assert client.get(path, headers={"Host": "localhost"}).status_code == 200
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 400
    assert _wsgi(path, Host="evil.example") is None


@pytest.mark.django_db
def test_pages_behind_a_token_are_never_kept(client, petition):
    client.get(personal(factories.sign(petition)))
    client.get("/signatures/find/")
    assert not [key for key in cache.pages if key[0].startswith("/signatures/")]


# --- What signing needs ----------------------------------------------------------------------


@pytest.mark.django_db
def test_signing_asks_the_database_for_nothing_but_to_keep_it(
    client, petition, django_assert_num_queries
):
    """Promises 4 and 24: one statement, whatever the address's history."""
    client.get(petition.get_absolute_url())
    for _ in range(2):
        post_sign(client, petition)  # the first one of a process asks what it is about
    with django_assert_num_queries(1):
        assert post_sign(client, petition).status_code == 303
    assert petition.pending.count() == OutboxMessage.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_attempt_and_mail_are_kept_together_or_not_at_all(client, petition, monkeypatch):
    """Promise 19: one without the other would be a signature that nobody can confirm."""
    client.raise_request_exception = False
    real = outbox.row
    # The database refuses it.
    monkeypatch.setattr(outbox, "row", lambda *args, **more: real(*args, **more) | {"kind": None})
    assert post_sign(client, petition).status_code == 500
    assert not petition.pending.exists()


def test_a_value_of_no_field_is_no_row():
    """It would be lost without a word."""
    with pytest.raises(TypeError):
        GroupCommit(OutboxMessage).insert({"adress_hash": b""})


@pytest.mark.django_db(transaction=True)
def test_whoever_signs_while_it_is_closed_is_told(client, petition):
    post_sign(client, petition)
    publishing.close(petition, outcome="She is free.")
    assert post_sign(client, petition).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_facts_learnt_while_somebody_publishes_are_not_kept():
    """They may be those of before."""

    def ask():
        forget_pages()
        return "old"

    assert page_cache.fact("answer", ask) == "old"
    assert page_cache.fact("answer", lambda: "new") == "new"


def test_facts_are_as_old_as_a_page_and_few(clock, monkeypatch):
    monkeypatch.setattr(page_cache, "MOST_FACTS", 3)
    for number in range(20):
        assert page_cache.fact(number, lambda number=number: number) == number
        assert page_cache.fact(number, lambda: "asked again") == number
        assert len(cache.facts) <= 3
    clock.moment += RENEWED_AFTER
    assert page_cache.fact(19, lambda: "asked again") == "asked again"
