"""What takes long to make is made once: each later test starts from a copy of its rows."""

from copy import deepcopy

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection, transaction

_made = {}


def made_once(name, make):
    """What `make` returned when it filled the empty database, and every row as it was then.

    For tests whose rows are committed (`transaction=True`); each process keeps copies of its own.
    """
    if name in _made:
        _bring_back(name)
    else:
        _made[name] = make()
        _keep(name)
    # What a test makes and keeps in it, such as a cached property, is gone with its rows.
    return deepcopy(_made[name])


def _tables():
    return [
        table for table in connection.introspection.table_names() if table != "django_migrations"
    ]


@transaction.atomic
def _keep(name):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name}")
        for table in _tables():
            cursor.execute(f"CREATE TABLE {name}.{table} AS TABLE public.{table}")


@transaction.atomic
def _bring_back(name):
    tables = _tables()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
        for table in tables:
            # These rows were judged when they were written.
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE {name}.{table}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        models = apps.get_models(include_auto_created=True)
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    ContentType.objects.clear_cache()
