from django.db import migrations

from etabli.kernel.jobs import WAITING_ONLY


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0001_initial"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [migrations.RunSQL(WAITING_ONLY, migrations.RunSQL.noop)]
