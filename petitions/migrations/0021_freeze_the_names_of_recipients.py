from django.db import migrations

FREEZE = """
CREATE FUNCTION petitions_keep_frozen_recipient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Translations may be added; those that were published are as good as the name.
    IF NEW.name = OLD.name
        AND NOT EXISTS (
            SELECT 1 FROM jsonb_each(OLD.translations) AS was (code, said)
            WHERE was.said ->> 'state' = 'published'
                AND was.said -> 'texts' ->> 'name' <> ''
                AND (
                    (NEW.translations -> was.code ->> 'state') IS DISTINCT FROM 'published'
                    OR (NEW.translations -> was.code -> 'texts' ->> 'name')
                        IS DISTINCT FROM (was.said -> 'texts' ->> 'name')
                )
        )
    THEN
        RETURN NEW;
    END IF;
    -- Wait for a first signature that is just being confirmed; it waits for us otherwise.
    PERFORM 1 FROM petitions_petition
        WHERE id IN (SELECT petition_id FROM petitions_target WHERE government_id = OLD.id)
        ORDER BY id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM petitions_petition AS petition
        JOIN petitions_target AS target ON target.petition_id = petition.id
        WHERE target.government_id = OLD.id AND petition.frozen IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'people have signed for a recipient of this name'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recipient_frozen';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER recipient_frozen BEFORE UPDATE ON campaigns_government
    FOR EACH ROW EXECUTE FUNCTION petitions_keep_frozen_recipient();
"""

THAW = """
DROP TRIGGER recipient_frozen ON campaigns_government;
DROP FUNCTION petitions_keep_frozen_recipient();
"""


class Migration(migrations.Migration):
    """The database refuses to rename a recipient for whom people have signed. Touches no row."""

    dependencies = [
        ("campaigns", "0004_translations"),
        ("petitions", "0020_keep_days_and_numbers_within_reach"),
    ]

    operations = [migrations.RunSQL(FREEZE, THAW)]
