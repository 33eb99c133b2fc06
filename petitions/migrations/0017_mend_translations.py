from django.conf import settings
from django.db import migrations, models

FROZEN = """
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
        )@translated@
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
                    OR (
                        (NEW.translations -> was.code -> 'texts' -> part)
                            IS DISTINCT FROM (was.said -> 'texts' -> part)%s
                    )
                )
        )"""
UNLESS_MENDED = """
                        AND (
                            part = 'promise'
                            OR current_setting('vigil.mend', true) IS DISTINCT FROM 'on'
                        )"""


def frozen(unless):
    return FROZEN.replace("@translated@", TRANSLATED % unless)


# What was mended until now was the original.
IN_ITS_LANGUAGE = """
UPDATE petitions_mend SET language = petition.language
FROM petitions_petition AS petition WHERE petition.id = petition_id
"""


class Migration(migrations.Migration):
    """A spelling may be mended in every language in which people signed; never the promise."""

    dependencies = [("petitions", "0016_fill_search_text")]

    operations = [
        migrations.AddField(
            model_name="mend",
            name="language",
            field=models.CharField(
                db_default=settings.LANGUAGE_CODE,
                default=settings.LANGUAGE_CODE,
                max_length=10,
                verbose_name="language",
            ),
        ),
        migrations.RunSQL(IN_ITS_LANGUAGE, migrations.RunSQL.noop),
        migrations.RunSQL(frozen(UNLESS_MENDED), frozen("")),
    ]
