from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_case_texts_become_rows")]

    operations = [
        migrations.RemoveField(model_name="profile", name="citizenship"),
        migrations.RemoveField(model_name="profile", name="health"),
        migrations.RemoveField(model_name="profile", name="sentence"),
    ]
