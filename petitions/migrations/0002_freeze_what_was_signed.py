from django.db import migrations

FREEZE = """
CREATE FUNCTION petitions_keep_frozen_petition() RETURNS trigger LANGUAGE plpgsql AS $$
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
        )
    THEN
        RAISE EXCEPTION 'people have signed this petition as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'petition_frozen';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER petition_frozen BEFORE UPDATE ON petitions_petition
    FOR EACH ROW EXECUTE FUNCTION petitions_keep_frozen_petition();

CREATE FUNCTION petitions_keep_frozen_targets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concerned bigint[] := CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.petition_id]
        WHEN 'DELETE' THEN ARRAY[OLD.petition_id]
        ELSE ARRAY[OLD.petition_id, NEW.petition_id]
    END;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- Addressee and dates may change: office holders do.
        IF (NEW.petition_id, NEW.government_id) = (OLD.petition_id, OLD.government_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    -- Wait for a first signature that is just being confirmed; it waits for us otherwise.
    PERFORM 1 FROM petitions_petition WHERE id = ANY (concerned) ORDER BY id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM petitions_petition WHERE id = ANY (concerned) AND frozen IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'people have signed for these recipients only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'petition_frozen';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER petition_frozen BEFORE INSERT OR UPDATE OR DELETE ON petitions_target
    FOR EACH ROW EXECUTE FUNCTION petitions_keep_frozen_targets();
"""

THAW = """
DROP TRIGGER petition_frozen ON petitions_target;
DROP FUNCTION petitions_keep_frozen_targets();
DROP TRIGGER petition_frozen ON petitions_petition;
DROP FUNCTION petitions_keep_frozen_petition();
"""


class Migration(migrations.Migration):
    """The database refuses to change what people have signed. Touches no row."""

    dependencies = [("petitions", "0001_petitions_signatures_deliveries")]

    operations = [migrations.RunSQL(FREEZE, THAW)]
