"""All rows below one profile by one query: a page would otherwise ask once for each kind of row."""

from django.db.models import CharField, Value
from django.db.models.functions import JSONObject

from campaigns.models import Profile

KINDS = (
    *("timeline", "penalties", "violations", "health_notes", "places", "legal_statuses"),
    *("names", "gallery"),
)


def of(profile: Profile) -> dict[str, list]:
    """{"timeline": [TimelineEntry, …], …}, each in the order of its model."""
    first, *others = (_query(kind, profile) for kind in KINDS)
    found = {kind: [] for kind in KINDS}
    for kind, values in first.union(*others, all=True):
        found[kind].append(_row(_model(kind), values, profile))
    for kind, rows in found.items():
        order = _model(kind)._meta.ordering or ["pk"]
        rows.sort(key=lambda row: [getattr(row, name) for name in order])
    return found


def _model(kind):
    return Profile._meta.get_field(kind).related_model


def _query(kind, profile):
    model = _model(kind)
    columns = {field.attname: field.attname for field in model._meta.concrete_fields}
    rows = model.objects.filter(profile=profile).order_by()
    return rows.values_list(Value(kind, output_field=CharField()), JSONObject(**columns))


def _row(model, values, profile):
    fields = model._meta.concrete_fields
    row = model.from_db(
        profile._state.db,
        [field.attname for field in fields],
        [field.to_python(values[field.attname]) for field in fields],
    )
    row.profile = profile
    return row
