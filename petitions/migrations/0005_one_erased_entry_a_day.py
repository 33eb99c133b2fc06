from django.db import migrations, models


class Migration(migrations.Migration):
    """The batches of a day's purge join in one entry. Nothing has been purged before this."""

    dependencies = [("petitions", "0004_find_held_and_invalidated")]

    operations = [
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(kind="erased"),
                fields=("petition", "date"),
                name="ledger_erased_once_a_day",
            ),
        ),
    ]
