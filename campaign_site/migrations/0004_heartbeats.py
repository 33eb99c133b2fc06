from django.db import migrations, models


class Migration(migrations.Migration):
    """What the worker did last, for staff to see."""

    dependencies = [("campaign_site", "0003_held_words")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("ran_at", models.DateTimeField()),
                ("last_success", models.DateTimeField(null=True)),
                ("last_failure", models.CharField(blank=True, max_length=100)),
                ("figures", models.JSONField(default=dict)),
            ],
            options={"verbose_name": "health", "verbose_name_plural": "health"},
        ),
    ]
