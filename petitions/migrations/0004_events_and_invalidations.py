import datetime
import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Event links and invalidations. The new column of signatures is empty: no row is rewritten."""

    dependencies = [
        ("petitions", "0003_updates_box"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EventLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("label", models.CharField(help_text="For us only, for example “Concert at the harbour, 3 May”.", max_length=100, verbose_name="event")),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
                ("valid_until", models.DateTimeField(verbose_name="valid until")),
                ("mails", models.PositiveIntegerField(default=2000, help_text="After so many, the usual limits of a network hold again.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name="mails at most")),
                ("used", models.PositiveIntegerField(default=0, verbose_name="mails so far")),
                ("made_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="made by")),
                ("petition", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="event_links", to="petitions.petition", verbose_name="petition")),
            ],
            options={
                "verbose_name": "event link",
                "verbose_name_plural": "event links",
                "ordering": ["-valid_until", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("valid_until__gte", models.F("valid_from")), ("valid_until__lte", django.db.models.expressions.CombinedExpression(models.F("valid_from"), "+", models.Value(datetime.timedelta(days=3))))), name="event_link_at_most_72_hours", violation_error_message="An event link ends after it begins, within 72 hours."),
                    models.CheckConstraint(condition=models.Q(("used__lte", models.F("mails"))), name="event_link_within_its_mails"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invalidation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.JSONField(default=dict, verbose_name="which")),
                ("reason", models.CharField(help_text="For example “A script signed 300 times in the night of 3 May.”", max_length=300, verbose_name="reason")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="when")),
                ("quantity", models.PositiveIntegerField(default=0, verbose_name="how many")),
                ("restored_at", models.DateTimeField(null=True, verbose_name="restored")),
                ("blanked_at", models.DateTimeField(null=True, verbose_name="names erased")),
                ("by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="who")),
                ("petition", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="invalidations", to="petitions.petition", verbose_name="petition")),
            ],
            options={
                "verbose_name": "invalidation",
                "verbose_name_plural": "taken out of the count",
                "ordering": ["-at"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("restored_at", None), ("blanked_at", None), _connector="OR"), name="invalidation_restored_or_blanked"),
                ],
            },
        ),
        migrations.CreateModel(
            name="HeldName",
            fields=[],
            options={
                "verbose_name": "name to review",
                "verbose_name_plural": "names to review",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("petitions.signature",),
        ),
        migrations.AddField(
            model_name="signature",
            name="invalidation",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="petitions.invalidation"),
        ),
    ]
