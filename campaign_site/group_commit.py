"""Rows of several tables by one statement, and those of several visitors by one commit: most of
what a row costs is the way to the database and back."""

import json
import threading
from functools import lru_cache

from django.db import DatabaseError, OperationalError, connection
from django.utils.timezone import now


class GroupCommit:
    """New rows, one of each model at a time, none of which points at another.

    While one thread writes, others wait, and the first of them then writes for all.
    Nobody is answered before his own rows are committed.
    """

    def __init__(self, *models):
        self.models = models
        self._lock = threading.Lock()
        self._waiting: list[_Rows] = []
        self._somebody_writes = False

    def insert(self, *rows: dict) -> None:
        """Values by the attributes of the fields, in the order of the models; what is not given has
        its default. All rows are stored or none. Automatic ids are not read back.

        Values are text, numbers, dates, bytes, ids. Raise what the database says of these rows.
        """
        mine = _Rows([_whole(model, row) for model, row in zip(self.models, rows, strict=True)])
        if connection.in_atomic_block:  # it is this thread's to commit
            self._write([mine])
            return
        with self._lock:
            self._waiting.append(mine)
            wait, self._somebody_writes = self._somebody_writes, True
        if wait:
            mine.turn.acquire()
        if not mine.tried:
            self._write_for_all()
        if mine.error:
            raise mine.error

    def _write_for_all(self):
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            self._try(group)
        finally:
            with self._lock:
                self._somebody_writes = bool(self._waiting)
                next_one = self._waiting[:1]
            for rows in group[1:] + next_one:
                rows.turn.release()

    def _try(self, group):
        for rows in group:
            rows.tried = True
        try:
            self._write(group)
        except BaseException as error:
            refused = isinstance(error, DatabaseError) and not isinstance(error, OperationalError)
            if refused and len(group) > 1:
                for rows in group:  # what is wrong with one is no other's fault
                    self._try([rows])
                return
            for rows in group:
                rows.error = error

    def _write(self, group):
        with connection.cursor() as cursor:
            tables = zip(*(rows.of_tables for rows in group), strict=True)
            cursor.execute(_statement(self.models), [_as_json(rows) for rows in tables])


class _Rows:
    """What one thread wants stored, and how that went."""

    def __init__(self, of_tables):
        self.of_tables = of_tables
        self.turn = threading.Lock()
        self.turn.acquire()
        self.tried = False
        self.error = None


def _as_text(value):
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


_as_json = json.JSONEncoder(default=_as_text).encode


def _whole(model, row):
    columns = _columns(model)
    if not row.keys() <= columns.keys():
        raise TypeError(f"{model.__name__} has other fields")
    values = (
        (column, row[name] if name in row else default())
        for name, (column, default) in columns.items()
    )
    # What JSON leaves out is NULL.
    return {column: value for column, value in values if value is not None}


@lru_cache
def _columns(model):
    """Column and default by the attribute of each field that the database does not number."""
    return {
        field.attname: (
            field.column,
            now if getattr(field, "auto_now_add", False) else field.get_default,
        )
        for field in model._meta.concrete_fields
        if field is not model._meta.auto_field
    }


@lru_cache
def _statement(models) -> str:
    inserts = []
    for model in models:
        table = f'"{model._meta.db_table}"'
        names = ", ".join(f'"{column}"' for column, _default in _columns(model).values())
        inserts.append(
            f"INSERT INTO {table} ({names}) SELECT {names}"  # noqa: S608
            f" FROM json_populate_recordset(NULL::{table}, %s::json)"
        )
    *first, last = inserts
    return (
        ", ".join(
            f"{'' if number else 'WITH '}row{number} AS ({insert})"
            for number, insert in enumerate(first)
        )
        + f" {last}"
    )
