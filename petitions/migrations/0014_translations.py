from django.db import migrations, models

BEFORE = """
CREATE OR REPLACE FUNCTION petitions_keep_frozen_petition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.frozen IS NULL THEN
        RETURN NEW;
    END IF;
    IF NEW.frozen IS DISTINCT FROM OLD.frozen
        OR (NEW.promise, NEW.language) IS DISTINCT FROM (OLD.promise, OLD.language)
        OR (
            (NEW.title, NEW.salutation, NEW.letter, NEW.demands)
                IS DISTINCT FROM (OLD.title, OLD.salutation, OLD.letter, OLD.demands)
            AND current_setting('vigil.mend', true) IS DISTINCT FROM 'on'
        )%s
    THEN
        RAISE EXCEPTION 'people have signed this petition as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'petition_frozen';
    END IF;
    RETURN NEW;
END $$;
"""
# What was published in another language may have been signed there, whatever its state is now.
TRANSLATED = """
        OR EXISTS (
            SELECT 1
            FROM jsonb_each(OLD.translations) AS was (code, said),
                unnest(ARRAY['title', 'salutation', 'letter', 'demands', 'promise']) AS part
            WHERE (was.said ->> 'was_published')::boolean
                AND (
                    (NEW.translations -> was.code ->> 'was_published') IS DISTINCT FROM 'true'
                    OR (NEW.translations -> was.code -> 'texts' -> part)
                        IS DISTINCT FROM (was.said -> 'texts' -> part)
                )
        )"""


class Migration(migrations.Migration):
    """Texts in other languages beside the original, and frozen like it once they were public."""

    dependencies = [("petitions", "0013_help_texts")]

    operations = [
        migrations.AddField(
            model_name="petition",
            name="translations",
            field=models.JSONField(
                db_default=models.Value({}, output_field=models.JSONField()),
                default=dict,
                editable=False,
            ),
        ),
        migrations.RunSQL(BEFORE % TRANSLATED, BEFORE % ""),
    ]
