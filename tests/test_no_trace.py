"""What stays behind after a thousand people signed: no address anywhere, and of persons nothing
but the rows that have to hold them."""

import base64
import hashlib
import io
import logging
import mmap
import os
import tempfile
import uuid
import warnings
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils.log import AdminEmailHandler

from campaign_site import addresses, middleware, page_cache, throttle
from campaign_site.models import AuditEvent, OutboxMessage
from petitions import delivery_lists, signing
from petitions.models import PendingSignature, Signature
from tests import factories
from tests.factories import code_in, fresh
from tests.petitions.lists import readable
from tests.visitors import post_sign, press, spelt, token_in

SIGNERS = 1_000
# Words that stand in nothing else on this machine.
ADDRESS = "adrzqmarker"
NAME, CITY = "Nomzqmarker", "Placezqmarker"
UNNAMED, UNNAMED_CITY = "Silentzqmarker", "Hushzqmarker"
NETWORK = "2001:db8:5eed:beef::7"


def _address(number):
    return f"{ADDRESS}{number}@{ADDRESS}{number % 50}.example"


@pytest.fixture
def our_log():
    """What our own handler writes, as a host finds it in the journal."""
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if type(handler) is logging.StreamHandler
        and type(handler.formatter).__module__ == "campaign_site.request_logging"
    ]
    assert len(handlers) == 1, "one handler, the one of settings.LOGGING"
    written = io.StringIO()
    before = handlers[0].setStream(written)
    yield written
    handlers[0].setStream(before)


@pytest.fixture
def places(settings, tmp_path, monkeypatch):
    """Folders of our own, so that all that is written in them is ours."""
    for name in ("PRIVATE_ROOT", "MEDIA_ROOT"):
        setattr(settings, name, tmp_path / name)
        (tmp_path / name).mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return tmp_path


def _in_files(folder, words):
    """How many of these words stand in any file below: counted once per file."""
    found = 0
    for path in Path(folder).rglob("*"):
        if not path.is_file() or not path.stat().st_size:
            continue
        try:
            with (
                path.open("rb") as file,
                mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as bytes_,
            ):
                found += sum(bytes_.find(word.encode()) >= 0 for word in words)
        except FileNotFoundError:
            continue  # PostgreSQL tidied up meanwhile
    return found


def _dump():
    """Every table as text, by name. Binary columns as readable as they get."""
    tables = {}
    with connection.cursor() as cursor:
        cursor.execute("SET bytea_output = 'escape'")
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        for (table,) in cursor.fetchall():
            with cursor.copy(f'COPY "{table}" TO STDOUT') as rows:
                tables[table] = b"".join(bytes(part) for part in rows).decode("utf-8", "replace")
        cursor.execute("RESET bytea_output")
        cursor.execute("SELECT string_agg(query, ' ') FROM pg_stat_activity")
        tables["what the server shows of statements"] = cursor.fetchone()[0]
    return tables


def _disguised(address):
    """An address as somebody careless would keep it: readable again, or guessable."""
    yield from (address.encode().hex(), base64.b64encode(address.encode()).decode().rstrip("="))
    for name in ("md5", "sha1", "sha256"):
        for spelling in {address, addresses.canonical(address)}:
            yield hashlib.new(name, spelling.encode()).hexdigest()


def _data_directory():
    """The directory of the server, when it is on this machine and we may read it."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])
    return data if os.access(data / "base", os.R_OK | os.X_OK) else None


def _sign_all(client, petition):
    """A thousand people by the pages, each third counted only. Returns what opens their pages."""
    codes, tokens = [], []
    for number in range(SIGNERS):
        for limit in (throttle.SIGNING, throttle.CODES):
            limit.forget()
        unnamed = number % 3 == 0
        answer = post_sign(
            client,
            petition,
            name=f"{UNNAMED if unnamed else NAME} {spelt(number)}",
            city=UNNAMED_CITY if unnamed else CITY,
            email=_address(number),
            deliver="no" if unnamed else "yes",
            updates="yes" if number % 2 else "",
        )
        assert answer.status_code == 303
        (message,) = factories.send_mails()
        codes.append(code_in(message))
        page = client.post("/code/", {"code": codes[-1]})["Location"]
        tokens.append(token_in(page))
        if number % 10 == 0:
            assert client.get(page).status_code == 200
        pressed = press(
            client,
            page,
            "count_only" if unnamed else "confirm",
            petition=petition,
            is_me="yes",
            name=f"{NAME} {spelt(number)}",
            city=CITY,
        )
        assert pressed.status_code == 303
    return codes, tokens


@pytest.mark.django_db(transaction=True)
def test_no_address_stays_after_a_thousand_signatures(client, our_log, places):
    """Promises 8 and 9: 0 addresses in a dump, the data directory, the logs of both servers, the
    page cache, temporary files and media; 0 names, codes, tokens and networks in logs; of who is
    counted without a name, 0 names anywhere."""
    petition = factories.make_petition()
    client.defaults["REMOTE_ADDR"] = NETWORK
    officer = factories.make_member("delivery")
    client.get("/petitions/")
    codes, tokens = _sign_all(client, petition)
    assert fresh(petition).numbers.confirmed == SIGNERS
    # Some are just waiting, one leaves, one asks for links, one gets lost, staff make a list.
    for number in range(SIGNERS, SIGNERS + 20):
        post_sign(client, petition, name=NAME, city=CITY, email=_address(number))
    client.post("/signatures/find/", {"email": _address(3)})
    client.get(f"/signatures/{tokens[0]}x/?name={NAME}&email={_address(1)}")
    client.get(f"/{NAME}/{codes[0]}/")
    press(client, f"/signatures/{tokens[1]}/", "remove", petition=petition)
    assert not client.cookies, "no page set a cookie"
    client.force_login(officer)
    target = petition.targets.get()
    client.post(reverse("admin:petitions_delivery_prepare", args=[target.pk]), {"other_places": ""})
    delivery = petition.deliveries.get()
    client.post(
        reverse("admin:petitions_delivery_file", args=[delivery.pk]),
        {"format": "csv", "why": "Handover"},
    ).getvalue()
    lists = {
        name: readable(b"".join(write(delivery))) for name, write in delivery_lists.WRITERS.items()
    }
    client.logout()
    for path in ("/", petition.get_absolute_url(), "/petitions/"):
        client.get(path)

    tables = _dump()
    dump = "\n".join(tables.values())
    found = {
        "addresses in a dump": dump.count(ADDRESS),
        "disguised addresses in a dump": sum(
            word in dump.replace("\\\\x", "")
            for number in range(0, SIGNERS, 10)
            for word in _disguised(_address(number))
        ),
        "networks in a dump": dump.count(NETWORK) + dump.count("2001:db8:5eed"),
        "names of the unnamed in a dump": dump.count(UNNAMED) + dump.count(UNNAMED_CITY),
        "names beside the signatures in a dump": sum(
            table.count(NAME)
            for name, table in tables.items()
            if name not in ("petitions_signature", "petitions_pendingsignature")
        ),
        "codes and tokens in a dump": sum(
            word in dump or word.replace(" ", "") in dump for word in (*codes, *tokens)
        ),
        "addresses in lists": sum(text.count(ADDRESS) for text in lists.values()),
        "names of the unnamed in lists": sum(text.count(UNNAMED) for text in lists.values()),
    }
    log = our_log.getvalue()
    assert log.count("POST petitions:sign 303") >= SIGNERS, "the log is the one that was written"
    found |= {
        "addresses in our log": log.count(ADDRESS),
        "names in our log": sum(log.count(w) for w in (NAME, CITY, UNNAMED, UNNAMED_CITY)),
        "codes and tokens in our log": sum(
            word in log or word.replace(" ", "") in log for word in (*codes, *tokens)
        ),
        "networks in our log": log.count(NETWORK),
    }
    kept = [str((key, page.answer)) for key, page in page_cache.cache.pages.items()]
    assert any(petition.title in page for page in kept), "the cache is the one that was filled"
    secret = [ADDRESS, NAME, CITY, UNNAMED, UNNAMED_CITY, NETWORK]
    found["anything in the page cache"] = sum(word in page for page in kept for word in secret)
    found["anything in our files"] = _in_files(places, secret)
    data = _data_directory()
    if data is None:
        warnings.warn(
            "the database server is not ours to read: its files were not searched", stacklevel=1
        )
    else:
        assert _in_files(data, [NAME]) > 0, "the search finds what is there"
        found["addresses in the data directory"] = _in_files(data, [ADDRESS])
        found["names of the unnamed in the data directory"] = _in_files(
            data, [UNNAMED, UNNAMED_CITY]
        )
        found["networks in the data directory"] = _in_files(data, [NETWORK])
        logs = [path for path in data.parent.glob("*log*") if path.is_file()]
        assert logs, "the server has a log"
        found["anything in the server’s log"] = sum(
            path.read_bytes().count(word.encode()) for path in logs for word in secret
        )
    print(SIGNERS, "signatures:", found)  # noqa: T201 the figures of the promise
    assert {place: number for place, number in found.items() if number} == {}


@pytest.mark.django_db
def test_ten_thousand_signatures_leave_route_names_in_the_log(our_log, petition):
    """Promise 9: one line for each request, whatever stood in its path, query, body and headers."""
    factory = RequestFactory()
    logged = middleware.request_log(_resolving)
    for number in range(10_000):
        request = factory.post(
            f"/signatures/{NAME}{number}/?email={_address(number)}",
            {"name": f"{NAME} {number}", "city": CITY, "email": _address(number)},
            REMOTE_ADDR=NETWORK,
            HTTP_REFERER=f"http://testserver/{NAME}",
            HTTP_USER_AGENT=NAME,
        )
        logged(request)
    log = our_log.getvalue()
    assert log.count("POST petitions:personal 303") == 10_000
    assert [word for word in (NAME, CITY, ADDRESS, NETWORK) if word in log] == []


def _resolving(request):
    request.resolver_match = resolve(request.path_info)
    return HttpResponse(status=303)


class Crash(Exception):
    pass


def _crash_with(everything):
    def crash(*args, **kwargs):
        try:
            raise ValueError(f"cannot sign {everything}")
        except ValueError as error:
            raise Crash(everything, args, kwargs) from error

    return crash


@pytest.mark.django_db
def test_crash_while_signing_tells_nobody_who(client, petition, our_log, monkeypatch, settings):
    """Promise 9: the log says where it broke and what kind of error it was, the page that nothing
    was recorded, and no report is sent."""
    settings.ADMINS = [("Admin", "admin@example.org")]
    client.raise_request_exception = False
    words = [NAME, CITY, ADDRESS]
    monkeypatch.setattr(signing, "sign", _crash_with(f"{NAME} {CITY} {_address(1)}"))
    answer = post_sign(client, petition, name=NAME, city=CITY, email=_address(1))
    assert answer.status_code == 500
    monkeypatch.setattr(signing, "find", _crash_with(f"{NAME} {CITY} {_address(1)}"))
    path = signing.personal_path(uuid.uuid4())
    assert client.get(path).status_code == 500
    page, log = answer.content.decode(), our_log.getvalue()
    assert [word for word in words if word in page + str(answer.headers)] == []
    assert "Crash" in log, "what broke is said"
    assert "ValueError" in log, "and what was behind it"
    assert [word for word in (*words, token_in(path)) if word in log] == []
    assert mail.outbox == []
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_who_looks_for_holes_fills_no_log(client, petition, our_log):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    form = {f"field{number}": "1" for number in range(1_001)}
    assert client.post(f"{petition.get_absolute_url()}sign/", form).status_code == 400
    assert len(our_log.getvalue().splitlines()) == 2


def _handlers():
    for logger in (logging.getLogger(), *logging.Logger.manager.loggerDict.values()):
        yield from getattr(logger, "handlers", ())


def test_no_error_is_sent_by_mail():
    """Promise 9: Django's reports hold the whole form; nothing of ours sends them."""
    assert not [handler for handler in _handlers() if isinstance(handler, AdminEmailHandler)]
    assert "mail_admins" not in str(settings.LOGGING)
    assert not settings.DEBUG


@pytest.mark.django_db
def test_statements_reach_the_server_without_values():
    """Promise 8: bound by the server, for the whole suite and every site, so that no log and no
    view of the server holds what somebody typed."""
    assert settings.DATABASES["default"]["OPTIONS"]["server_side_binding"] is True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND %s::text <> ''",
            [ADDRESS],
        )
        (statement,) = cursor.fetchone()
    assert "$1" in statement
    assert ADDRESS not in statement


@pytest.mark.django_db
def test_no_row_says_who_it_is_about(client, administrator_client, petition):
    """Promise 9: logs, reports and the audit trail keep `str` and `repr` of rows for ever."""
    factories.sign_and_confirm(petition, name=NAME, city=CITY, email=_address(1))
    factories.sign(petition, name=NAME, city=CITY, email=_address(2))
    signing.ask_for_pages(_address(3), "en")
    target = petition.targets.get()
    page = reverse("admin:petitions_delivery_prepare", args=[target.pk])
    assert administrator_client.post(page, {"other_places": ""}).status_code == 302
    shown, kinds = "", set()
    for model in apps.get_models():
        if model._meta.app_label in ("campaign_site", "campaigns", "petitions", "admin"):
            for row in model._base_manager.all():
                kinds.add(model)
                shown += f"{row} {row!r}\n"
    assert {Signature, PendingSignature, OutboxMessage, AuditEvent} <= kinds
    assert [word for word in (NAME, CITY, ADDRESS) if word in shown] == []
    trail = str([*AuditEvent.objects.values(), *LogEntry.objects.values()])
    assert [word for word in (NAME, CITY, ADDRESS) if word in trail] == []


@pytest.fixture
def administrator_client(client):
    client.force_login(factories.make_member("administrator"))
    return client
