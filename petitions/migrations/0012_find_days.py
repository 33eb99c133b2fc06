from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """A tiny index on the large table of signatures, made while people sign."""

    atomic = False
    dependencies = [("petitions", "0011_share_image")]

    operations = [
        AddIndexConcurrently(
            model_name="signature",
            index=BrinIndex(fields=["signed_on"], name="signature_by_day"),
        ),
    ]
