from django.db import migrations


class Migration(migrations.Migration):
    """How often each system is installed, in the form its filter asks: else the planner believes it rare."""

    dependencies = [("assets", "0002_fleet")]

    operations = [
        migrations.RunSQL(
            "CREATE STATISTICS IF NOT EXISTS asset_systems ON (upper(system::text)) FROM assets_asset",
            "DROP STATISTICS IF EXISTS asset_systems",
        )
    ]
