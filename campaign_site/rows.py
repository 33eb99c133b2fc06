"""Rows of several tables by one statement: it is whole or not at all, and needs one way to the
server instead of one for each row and two for the transaction around them."""

from functools import lru_cache

from django.db import connection
from django.utils.timezone import now


def insert_together(*rows) -> None:
    """New rows, none of which points at another: each a model, and values by the attributes of its
    fields; what is not given has its default. Automatic ids are not read back.

    Values go to psycopg as they are, so they have the types that it knows: text, numbers, dates,
    bytes, ids.
    """
    values = []
    for model, row in rows:
        attributes = _attributes(model)
        if not row.keys() <= attributes.keys():
            raise TypeError(f"{model.__name__} has other fields")
        values += [row[name] if name in row else default() for name, default in attributes.items()]
    with connection.cursor() as cursor:
        cursor.execute(_statement(tuple(model for model, _row in rows)), values)


@lru_cache
def _columns(model):
    return [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]


@lru_cache
def _attributes(model):
    return {
        field.attname: now if getattr(field, "auto_now_add", False) else field.get_default
        for field in _columns(model)
    }


@lru_cache
def _statement(models) -> str:
    inserts = []
    for model in models:
        columns = _columns(model)
        names = ", ".join(f'"{field.column}"' for field in columns)
        places = ", ".join(f"%s::{field.db_type(connection).split('(')[0]}" for field in columns)
        inserts.append(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({places})')  # noqa: S608
    *first, last = inserts
    return (
        ", ".join(
            f"{'' if number else 'WITH '}row{number} AS ({insert})"
            for number, insert in enumerate(first)
        )
        + f" {last}"
    )
