from django.db import migrations

from campaign_site import searching

# As they stand today: models of later days may name fields that are not there yet.
SEARCHED = {
    "Profile": (
        *("name", "native_name", "names__name", "family_name", "summary", "status_note", "place"),
        *("area", "occupation", "ethnicity", "category", "charges", "background", "represents"),
        *("well_known", "requests", "questions", "connection", "governments_active"),
        *("legal_statuses__what", "penalties__words", "penalties__court", "penalties__extra"),
        *("health_notes__text", "violations__note", "places__name"),
        *("timeline__what", "timeline__place", "timeline__authority"),
    ),
    "Campaign": ("title", "summary", "story", "outcome", "demands__text", "actions__title", "actions__text"),
}


def fill(apps, schema_editor):
    for name, searched in SEARCHED.items():
        model = apps.get_model("campaigns", name)
        for pks in searching.batches(model):
            searching.fill(model, searched, pks)


class Migration(migrations.Migration):
    """Some hundred rows at a time, each lot committed by itself; stopped, it can run again."""

    atomic = False
    dependencies = [("campaigns", "0009_search_text")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
