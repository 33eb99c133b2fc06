import campaign_site.partial_dates
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Paper is counted with names or without, never both. An INSERT of either takes one lock per
# petition and looks at the other table; unique constraints see to each table by itself.
EITHER_OR = """
CREATE FUNCTION petitions_paper_counts_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('paper ' || NEW.petition_id, 0));
    IF (
        TG_TABLE_NAME = 'petitions_paperbatch' AND EXISTS (
            SELECT 1 FROM petitions_ledgerentry other
            WHERE (other.petition_id, other.source, other.date, other.quantity)
                = (NEW.petition_id, NEW.source, NEW.date, NEW.quantity)
                AND other.undone_at IS NULL
        )
    ) OR (
        TG_TABLE_NAME = 'petitions_ledgerentry' AND EXISTS (
            SELECT 1 FROM petitions_paperbatch other
            WHERE (other.petition_id, other.source, other.date, other.quantity)
                = (NEW.petition_id, NEW.source, NEW.date, NEW.quantity)
                AND other.undone_at IS NULL
        )
    ) THEN
        RAISE EXCEPTION 'this paper is counted already'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'paper_named_or_count_only';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER paper_named_or_count_only BEFORE INSERT ON petitions_paperbatch
    FOR EACH ROW EXECUTE FUNCTION petitions_paper_counts_once();
CREATE TRIGGER paper_named_or_count_only BEFORE INSERT ON petitions_ledgerentry
    FOR EACH ROW WHEN (NEW.kind <> 'erased') EXECUTE FUNCTION petitions_paper_counts_once();
"""
UNTIE = """
DROP TRIGGER paper_named_or_count_only ON petitions_ledgerentry;
DROP TRIGGER paper_named_or_count_only ON petitions_paperbatch;
DROP FUNCTION petitions_paper_counts_once();
"""


class Migration(migrations.Migration):
    """Batches of paper signatures; entries in the ledger can be undone. No row is rewritten."""

    dependencies = [
        ("petitions", "0006_prepare_in_the_background"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PaperBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(help_text="For example “Signing table, market of Lund”.", max_length=200, verbose_name="source")),
                ("date", campaign_site.partial_dates.PartialDateField(db_collation="C", max_length=32, verbose_name="date")),
                ("evidence", models.TextField(help_text="Where the paper is, for example “Sheets 1 to 4, in folder 12”.", max_length=1000, verbose_name="evidence")),
                ("quantity", models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name="how many")),
                ("content", models.BinaryField()),
                ("entered_at", models.DateTimeField(auto_now_add=True, verbose_name="entered")),
                ("undone_at", models.DateTimeField(editable=False, null=True, verbose_name="undone")),
            ],
            options={
                "verbose_name": "batch of paper signatures",
                "verbose_name_plural": "paper signatures",
                "ordering": ["-entered_at"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_entry_once",
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="evidence_file",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=80, verbose_name="photo or scan"),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="undone_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="undone"),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="undone_by",
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="undone by"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(condition=models.Q(("undone_at", None)), fields=("petition", "source", "date", "quantity"), name="ledger_entry_once", violation_error_message="The same number from the same source on the same date is counted already."),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("kind", "erased"), _negated=True), ("undone_at", None), _connector="OR"), name="ledger_erased_stays"),
        ),
        migrations.AddField(
            model_name="paperbatch",
            name="entered_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="entered by"),
        ),
        migrations.AddField(
            model_name="paperbatch",
            name="petition",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="paper_batches", to="petitions.petition", verbose_name="petition"),
        ),
        migrations.AddField(
            model_name="paperbatch",
            name="undone_by",
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="undone by"),
        ),
        migrations.AddField(
            model_name="signature",
            name="batch",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="petitions.paperbatch"),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(condition=models.Q(("batch", None), models.Q(("code_digest", None), ("digest", None), ("domain_digest", None)), _connector="OR"), name="signature_on_paper_has_no_mailbox"),
        ),
        migrations.AddConstraint(
            model_name="paperbatch",
            constraint=models.UniqueConstraint(condition=models.Q(("undone_at", None)), fields=("petition", "source", "date", "quantity"), name="paper_batch_once"),
        ),
        migrations.AddConstraint(
            model_name="paperbatch",
            constraint=models.UniqueConstraint(condition=models.Q(("undone_at", None)), fields=("petition", "content"), name="paper_content_once"),
        ),
        migrations.AddConstraint(
            model_name="paperbatch",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gte", 1)), name="paper_batch_counts"),
        ),
        migrations.RunSQL(EITHER_OR, UNTIE),
    ]
