from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """A small index on the large table of signatures, made while people sign."""

    atomic = False
    dependencies = [("petitions", "0007_paper_batches")]

    operations = [
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)),
                fields=["batch"],
                name="signature_by_batch",
            ),
        ),
    ]
