from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Small indexes on the large table of signatures, made while people sign."""

    atomic = False
    dependencies = [("petitions", "0004_events_and_invalidations")]

    operations = [
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(condition=models.Q(("held", True)), fields=["petition"], name="signature_held"),
        ),
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(condition=models.Q(("invalidation__isnull", False)), fields=["invalidation"], name="signature_by_invalidation"),
        ),
    ]
