"""What a host has to set, checked by `manage.py check` and before anything serves."""

import sys

from django.conf import settings
from django.core import checks
from django.db import connection

from campaign_site import sealing

NEW_KEY = (
    'python -c "import secrets, base64; '
    'print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())"'
)
# Django's own checks ask for 50 characters.
NEW_SESSION_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'


@checks.register(checks.Tags.security)
def secrets(app_configs, **kwargs):
    found = []
    if not settings.SECRET_KEY or len(settings.SECRET_KEY) < 40:
        found.append(
            checks.Error(
                "SECRET_KEY is missing or shorter than 40 characters.",
                hint=f"Staff sessions are signed with it. Make one: {NEW_SESSION_KEY}",
                id="vigil.E001",
            )
        )
    try:
        sealing.decode_key(settings.SIGNER_KEY)
    except sealing.KeyProblem as problem:
        found.append(
            checks.Error(
                f"SIGNER_KEY cannot be used: {problem}.",
                hint="Without it nobody can sign. For a new site make one, keep a copy away from "
                f"the database, and never change it: {NEW_KEY}",
                id="vigil.E002",
            )
        )
    return found


@checks.register(checks.Tags.database)
def database(app_configs, **kwargs):
    # Where nothing is set, Django puts a dummy.
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine.endswith("dummy"):
        return [
            checks.Error(
                "DATABASE_URL is missing.",
                hint="PostgreSQL 15 or newer, as postgres://user:password@host/name. To look around "
                "without one: make demo.",
                id="vigil.E003",
            )
        ]
    if not engine.endswith("postgresql"):
        return [
            checks.Error(
                "DATABASE_URL is not PostgreSQL.",
                hint="The promises are kept by PostgreSQL's constraints and locks.",
                id="vigil.E004",
            )
        ]
    return []


# What makes PostgreSQL write values that people typed into its log, and what to set instead.
_LOGS_VALUES = """
SELECT name, setting, CASE
    WHEN name = 'log_error_verbosity' THEN 'terse'
    WHEN name = 'log_statement' THEN 'ddl'
    WHEN name = 'log_parameter_max_length_on_error' THEN '0'
    WHEN name = 'log_transaction_sample_rate' THEN '0'
    WHEN name LIKE 'debug_print%' THEN 'off'
    ELSE '-1' END AS quiet
FROM pg_settings
WHERE name LIKE 'debug_print%' AND setting = 'on'
    OR name = 'log_parameter_max_length_on_error' AND setting <> '0'
    -- The detail of a refused row quotes it: “Key (name)=(…) already exists”.
    OR name = 'log_error_verbosity' AND setting <> 'terse'
        AND current_setting('log_min_messages') NOT IN ('log', 'fatal', 'panic')
    -- Statements are logged with what was bound to them.
    OR current_setting('log_parameter_max_length') <> '0' AND (
        name = 'log_statement' AND setting IN ('mod', 'all')
        OR name IN ('log_min_duration_statement', 'log_min_duration_sample',
                    'auto_explain.log_min_duration') AND setting NOT LIKE '-%'
        OR name = 'log_transaction_sample_rate' AND setting <> '0')
ORDER BY name
"""


@checks.register(checks.Tags.database)
def server_log(app_configs, databases=None, **kwargs):
    """The log of PostgreSQL outlives what is erased in it: it should say how the server is, not
    what people typed."""
    if "default" not in (databases or ()) or database(None):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LOGS_VALUES)
        found = cursor.fetchall()
    return [
        checks.Warning(
            f"PostgreSQL may write names and cities into its log: {name} is {setting}.",
            hint=f"As its administrator: ALTER ROLE {connection.settings_dict['USER'] or 'vigil'} "
            f"SET {name} = '{quiet}'; then start Vigil again.",
            id="vigil.W020",
        )
        for name, setting, quiet in found
    ]


def no_mail_leaves() -> bool:
    return settings.MAIL_TRANSPORT["EMAIL_BACKEND"].endswith("console.EmailBackend")


@checks.register(checks.Tags.security, deploy=True)
def public_address(app_configs, **kwargs):
    found = []
    if not settings.SITE_URL.startswith("https://"):
        found.append(
            checks.Warning(
                "SITE_URL does not begin with https://",
                hint="Links in mails start with it, and cookies of staff are only safe over HTTPS.",
                id="vigil.W005",
            )
        )
    if no_mail_leaves():
        found.append(
            checks.Warning(
                "EMAIL_URL is missing: nobody gets the mail that confirms a signature.",
                hint="smtp+tls://user:password@host:587",
                id="vigil.W006",
            )
        )
    return found


def refuse_to_start_unready() -> None:
    """The web server and the worker start with every secret, or not at all."""
    errors = [error for check in (secrets, database) for error in check(None)]
    if errors:
        for error in errors:
            sys.stderr.write(f"{error.id}: {error.msg} {error.hint}\n")
        sys.exit(1)
