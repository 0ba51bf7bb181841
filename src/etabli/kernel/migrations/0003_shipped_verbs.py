import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0002_waiting_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='role',
            name='shipped',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), editable=False, null=True, size=None),
        ),
    ]
