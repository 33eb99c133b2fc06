from django.db import migrations, models

# A beginning that offends nobody; staff add what they meet.
WORDS = {
    "en": ("asdf", "donald duck", "mickey mouse", "qwerty", "test"),
    "fr": ("azerty",),
    "de": ("qwertz",),
}


def add_words(apps, schema_editor):
    word = apps.get_model("campaign_site", "HeldWord")
    word.objects.bulk_create(
        word(language=language, word=text) for language, texts in WORDS.items() for text in texts
    )


class Migration(migrations.Migration):
    """The list of words that hold a name for review, with a few jokes. Touches no other table."""

    dependencies = [("campaign_site", "0002_contact_keys")]

    operations = [
        migrations.CreateModel(
            name="HeldWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(default="en", help_text="Whose word it is, as a code such as en, fr or zh-hans. It holds names in any language.", max_length=10, verbose_name="language")),
                ("word", models.CharField(help_text="Whole words, for example “mickey mouse”. It holds what is confirmed from now on; nobody is refused, and you decide about each name.", max_length=100, verbose_name="word or words")),
            ],
            options={
                "verbose_name": "word that holds a name",
                "verbose_name_plural": "words that hold a name",
                "ordering": ["language", "word"],
                "constraints": [models.UniqueConstraint(fields=("language", "word"), name="held_word_once", violation_error_message="This word is on the list already.")],
            },
        ),
        migrations.RunPython(add_words, migrations.RunPython.noop),
    ]
