"""What the database keeps by itself: no internal note in the outbox, the words of tickets for the search."""

from django.db import migrations

from etabli.support.outbox import NEVER_A_NOTE
from etabli.support.words_trigger import EVERYTHING, WORDS


class Migration(migrations.Migration):
    dependencies = [("support", "0001_initial")]

    operations = [
        migrations.RunSQL(NEVER_A_NOTE, migrations.RunSQL.noop),
        migrations.RunSQL(WORDS, migrations.RunSQL.noop),
        migrations.RunSQL(EVERYTHING, migrations.RunSQL.noop),
    ]
