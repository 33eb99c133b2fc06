"""Promise 19: the database may be started again at any time; nobody is told of it who comes after."""

import pytest
from django.db import connection, connections
from django.db.backends.postgresql import base


@pytest.fixture
def asked(monkeypatch):
    """How often Django's own check, a statement and its answer, was made."""
    checks = []
    ask = base.DatabaseWrapper.is_usable
    monkeypatch.setattr(
        base.DatabaseWrapper, "is_usable", lambda self: checks.append(1) or ask(self)
    )
    return checks


@pytest.fixture(autouse=True)
def _young():
    """Django lets a connection go once a minute."""
    connection.close()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def next_request():
    connection.health_check_enabled = True
    connection.close_if_unusable_or_obsolete()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_lives_is_asked_nothing(asked):
    first = backend()
    next_request()
    assert backend() == first
    assert not asked


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_made_anew(asked):
    ended = backend()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s::int, 10000)", [ended])
    other.close()
    next_request()
    assert backend() != ended
    assert asked


@pytest.mark.django_db(transaction=True)
def test_after_an_error_a_connection_is_asked(asked):
    backend()
    connection.errors_occurred = True
    next_request()
    assert asked
    assert not connection.errors_occurred
