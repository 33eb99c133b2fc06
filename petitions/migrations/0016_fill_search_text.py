from django.db import migrations

from campaign_site import searching


def fill(apps, schema_editor):
    petition = apps.get_model("petitions", "Petition")
    for pks in searching.batches(petition):
        searching.fill(petition, ("title", "summary", "demands", "letter"), pks)


class Migration(migrations.Migration):
    """Some hundred rows at a time, each lot committed by itself; stopped, it can run again."""

    atomic = False
    dependencies = [("petitions", "0015_search_text")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
