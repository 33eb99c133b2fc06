"""`manage.py check --database default` says when PostgreSQL would write what people typed into its
log."""

import pytest
from django.core import checks
from django.db import connection, transaction

from campaign_site.checks import server_log
from campaign_site.embedded_postgres import SETTINGS

pytestmark = pytest.mark.django_db

QUIET = {
    name: value
    for name, value in SETTINGS.items()
    if name.startswith("log_") and name != "log_timezone"
}


def warned(**changes):
    """The settings that the check complains about, while the server has these."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in (QUIET | changes).items():
            cursor.execute("SELECT set_config(%s::text, %s::text, true)", [name, value])
        found = server_log(None, databases=["default"])
        transaction.set_rollback(True)
    return [warning.msg.partition(": ")[2].split()[0] for warning in found]


def test_quiet_server_is_fine():
    """Promise 9: with what our own server is started with, no value reaches its log."""
    assert warned() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_statement", "all"),
        ("log_statement", "mod"),
        ("log_min_duration_statement", "0"),
        ("log_min_duration_statement", "500"),
        ("log_min_duration_sample", "100"),
        ("log_transaction_sample_rate", "0.1"),
    ],
)
def test_logged_statements_are_warned_about_unless_values_are_cut(name, value):
    assert warned(**{name: value, "log_parameter_max_length": "-1"}) == [name]
    assert warned(**{name: value, "log_parameter_max_length": "0"}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"log_parameter_max_length_on_error": "-1"},
        {"log_error_verbosity": "default", "log_min_messages": "warning"},
        {"log_error_verbosity": "verbose", "log_min_messages": "error"},
        {"debug_print_plan": "on"},
        {"debug_print_parse": "on"},
    ],
)
def test_other_ways_into_the_log_are_warned_about(changes):
    assert warned(**changes) == [next(iter(changes))]


def test_hint_says_what_to_set():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL log_error_verbosity = 'default'")
        cursor.execute("SET LOCAL log_min_messages = 'warning'")
        (warning,) = checks.run_checks(tags=["database"], databases=["default"])
        transaction.set_rollback(True)
    assert warning.id == "vigil.W020"
    assert "SET log_error_verbosity = 'terse'" in warning.hint


def test_check_without_a_database_asks_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert server_log(None) == []
