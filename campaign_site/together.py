"""Rows of several models by one question to the database: a page would otherwise ask once for each
of its sections."""

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import JSONObject


def fetch(**sections: QuerySet) -> dict[str, list]:
    """{"updates": [Update, …], …}, each in the order and of the length of its queryset."""
    parts = [_columns(name, rows) for name, rows in sections.items()]
    found = {name: [] for name in sections}
    for name, values in parts[0].union(*parts[1:], all=True):
        found[name].append(_row(sections[name], values))
    for name, rows in found.items():
        # A union keeps no order, so each section says its own.
        for column in reversed(_order(sections[name])):
            field = column.removeprefix("-")
            rows.sort(key=lambda row, field=field: getattr(row, field), reverse=field != column)
    return found


def _order(rows) -> tuple[str, ...]:
    return tuple(rows.query.order_by or rows.model._meta.ordering)


def _columns(name, rows):
    columns = {field.attname: field.attname for field in rows.model._meta.concrete_fields}
    return rows.values_list(Value(name, output_field=CharField()), JSONObject(**columns))


def _row(rows, values):
    fields = rows.model._meta.concrete_fields
    return rows.model.from_db(
        rows.db,
        [field.attname for field in fields],
        [field.to_python(values[field.attname]) for field in fields],
    )
