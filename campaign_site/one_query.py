"""Rows of several models by one question to the database: a page would otherwise ask once for each
of its sections."""

from operator import itemgetter

from django.db import models
from django.db.models import CharField, Value, Window
from django.db.models.functions import JSONObject, RowNumber

NOT_SHOWN = {"search_text"}  # long, and only asked about


def fetch(**sections: models.QuerySet) -> dict[str, list]:
    """{"updates": [Update, …], …}, each in the order and of the length of its queryset."""
    first, *others = (_part(name, rows) for name, rows in sections.items())
    found = {name: [] for name in sections}
    # A union keeps no order, so each row says its place.
    for name, _place, values in sorted(first.union(*others, all=True), key=itemgetter(1)):
        found[name].append(_row(sections[name], values))
    return found


def _part(name, rows):
    columns = {field.attname: field.attname for field in _fields(rows)}
    order = rows.query.order_by or rows.model._meta.ordering or ["pk"]
    place = Window(RowNumber(), order_by=list(order))
    if not rows.query.is_sliced:
        rows = rows.order_by()
    return rows.values_list(Value(name, output_field=CharField()), place, JSONObject(**columns))


def _fields(rows):
    return [field for field in rows.model._meta.concrete_fields if field.name not in NOT_SHOWN]


def _row(rows, values):
    fields = _fields(rows)
    return rows.model.from_db(
        rows.db,
        [field.attname for field in fields],
        [field.to_python(values[field.attname]) for field in fields],
    )
