from django.db import migrations

# Column of a profile, and the model and field of the row that takes its text.
MOVES = (
    ("citizenship", "LegalStatus", "what", {}),
    ("sentence", "Penalty", "words", {"kind": "other"}),
    ("health", "HealthNote", "text", {}),
)


def _moved(translations, column, field):
    """What is said in other languages, for the row: the digest of the original stays right."""
    return {
        code: entry
        | {
            "version": 1,
            "texts": {field: entry["texts"][column]},
            "of": {field: entry.get("of", {}).get(column, "")},
        }
        for code, entry in translations.items()
        if entry.get("texts", {}).get(column)
    }


def texts_to_rows(apps, schema_editor):
    for profile in apps.get_model("campaigns", "Profile").objects.iterator():
        for column, model, field, more in MOVES:
            text = getattr(profile, column)
            if text:
                apps.get_model("campaigns", model).objects.create(
                    profile=profile,
                    **{field: text},
                    **more,
                    translations=_moved(profile.translations, column, field),
                )
        for entry in profile.translations.values():
            for column, _model, _field, _more in MOVES:
                entry.get("texts", {}).pop(column, None)
                entry.get("of", {}).pop(column, None)
        profile.save(update_fields=["translations"])


def rows_to_texts(apps, schema_editor):
    """Back to one text each, in the original language; what the columns cannot hold goes."""
    for profile in apps.get_model("campaigns", "Profile").objects.iterator():
        for column, model, field, _more in MOVES:
            rows = apps.get_model("campaigns", model).objects.filter(profile=profile)
            texts = [getattr(row, field) for row in rows if getattr(row, field)]
            longest = profile._meta.get_field(column).max_length
            setattr(profile, column, "\n".join(texts)[:longest])
        profile.save(update_fields=[column for column, *_rest in MOVES])


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_case_records_and_galleries")]

    operations = [migrations.RunPython(texts_to_rows, rows_to_texts)]
