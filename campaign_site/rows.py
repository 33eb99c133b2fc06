"""Rows of several tables by one statement: it is whole or not at all, and needs one way to the
server instead of one for each row and two for the transaction around them."""

from functools import lru_cache

from django.db import connection


def insert_together(*rows) -> None:
    """New rows, none of which points at another. Their automatic ids are not read back."""
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for row in rows
        for field in _columns(type(row))
    ]
    with connection.cursor() as cursor:
        cursor.execute(_statement(tuple(map(type, rows))), values)


@lru_cache
def _columns(model):
    return [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]


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
