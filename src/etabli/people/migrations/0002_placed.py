from django.db import migrations, models

# A room belongs to its site and a rack to its room: whatever stands there names both, and they agree. Where
# somebody's site was changed and the room of the former one kept, the site is what was said last.
KEYS = """
ALTER TABLE people_room ADD CONSTRAINT people_room_of_site UNIQUE (organisation_id, site_id, id);
ALTER TABLE people_rack ADD CONSTRAINT people_rack_of_room UNIQUE (organisation_id, room_id, id);
"""
REPAIR = """
SELECT set_config('app.opening', 'on', true);
SELECT set_config('app.organisations', (SELECT coalesce(string_agg(id::text, ','), '') FROM kernel_organisation), true);
UPDATE people_person p SET site_id = r.site_id FROM people_room r WHERE r.id = p.room_id AND p.site_id IS NULL;
UPDATE people_person p SET room_id = NULL FROM people_room r WHERE r.id = p.room_id AND p.site_id <> r.site_id;
SELECT set_config('app.organisations', '', true), set_config('app.opening', '', true);
SET CONSTRAINTS ALL IMMEDIATE;
"""
PLACED = """
ALTER TABLE people_person ADD CONSTRAINT people_person_room_of_site 
  FOREIGN KEY (organisation_id, site_id, room_id) REFERENCES people_room (organisation_id, site_id, id)
  ON UPDATE CASCADE DEFERRABLE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0003_shipped_verbs'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(KEYS, migrations.RunSQL.noop),
        migrations.RunSQL(REPAIR, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('room__isnull', True), ('site__isnull', False), _connector='OR'), name='person_room_has_site'),
        ),
        migrations.RunSQL(PLACED, migrations.RunSQL.noop),
    ]
