"""A fleet of any size made by SQL: a provider, three clients (60, 25 and 15 %), people, places, assets and what they hold."""

# ruff: noqa: E501 - statements and documents read better unfolded

import logging
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from etabli.assets.models import Asset, AssetKind
from etabli.kernel.accounts import Account
from etabli.kernel.actors import SYSTEM
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import everywhere, opening, scope
from etabli.people.actions import create_administrator, start_organisation

from .rig import ADMIN

SHARES = {"Grand Port": 60, "Hôpital Ouest": 25, "Lycées": 15}
log = logging.getLogger("bench")
TABLES = (
    "people_site",
    "people_room",
    "people_person",
    "assets_manufacturer",
    "assets_assetmodel",
    "assets_asset",
    "assets_volume",
    "assets_networkcard",
    "assets_operatingsystem",
    "assets_position",
    "inventory_agent",
    "inventory_document",
    "inventory_section",
    "kernel_event",
    "kernel_searchentry",
)

# Each statement fills a table for the organisation %(o)s with %(n)s assets. Numbers come from multiplications by
# primes rather than random(): the same database each time, spread enough for the planner's statistics.
STATEMENTS = (
    """INSERT INTO people_site (organisation_id, created_at, updated_at, version, custom, name, code, street, postcode, city, insee,
         country, phone, access)
       SELECT %(o)s, now(), now(), 1, '{}', 'Site ' || i, 'S' || i, i || ' rue du Port', '76000', 'Rouen', '', 'FR', '', ''
       FROM generate_series(1, 40) i""",
    """INSERT INTO people_room (organisation_id, created_at, updated_at, version, custom, name, technical, site_id)
       SELECT %(o)s, now(), now(), 1, '{}', 'Bureau ' || i, i %% 9 = 0, s.id
       FROM people_site s, generate_series(1, 20) i WHERE s.organisation_id = %(o)s""",
    """INSERT INTO people_person (organisation_id, created_at, updated_at, version, custom, name, email, phone, mobile, title,
         employee_number, vip, site_id)
       SELECT %(o)s, now(), now(), 1, '{}',
         (ARRAY['Camille','Nadia','Sophie','Julien','Mehdi','Thomas','Inès','Hélène','Yanis','Olivier'])[1 + i %% 10] || ' ' ||
         (ARRAY['Lefebvre','Morel','Duval','Lemoine','Hébert','Marchand','Leroux','Vasseur','Bertin','Garnier','Faure'])[1 + i * 7 %% 11] || ' ' || i,
         'p' || i || '.o' || %(o)s || '@bench.example', '', '', 'Agent', '', i %% 97 = 0,
         (SELECT id FROM people_site WHERE organisation_id = %(o)s AND name = 'Site ' || (1 + i %% 40))
       FROM generate_series(1, %(n)s / 12) i""",
    """INSERT INTO assets_manufacturer (organisation_id, created_at, updated_at, version, custom, name, website, support_url, support_phone)
       SELECT %(o)s, now(), now(), 1, '{}', m, '', '', ''
       FROM unnest(ARRAY['Dell','HP','Lenovo','Cisco','Brother','Apple','Samsung','Zebra']) m""",
    """INSERT INTO assets_assetmodel (organisation_id, created_at, updated_at, version, custom, name, reference, page_url, manufacturer_id)
       SELECT %(o)s, now(), now(), 1, '{}', m.name || ' ' || i, '', '', m.id
       FROM assets_manufacturer m, generate_series(1, 8) i WHERE m.organisation_id = %(o)s""",
    """INSERT INTO assets_asset (organisation_id, created_at, updated_at, version, custom, name, tag, serial, uuid, kind_id, model_id,
         state, criticality, criticality_reason, person_id, site_id, room_id, bought_on, price, supplier, order_number, warranty_end,
         remarks, system, memory_mib, last_user, seen_at, identity_note)
       SELECT %(o)s, now(), now(), 1, '{}', 'PC-' || lpad(i::text, 6, '0'), 'PC-' || lpad(i::text, 6, '0'),
         upper(substr(md5(%(o)s || '-' || i), 1, 9)), md5('u' || %(o)s || i)::uuid::text,
         (%(kinds)s::bigint[])[1 + (i * 31) %% 12], (models.ids)[1 + (i * 17) %% array_length(models.ids, 1)],
         (ARRAY['in_service','in_service','in_service','in_service','in_service','in_service','in_service','in_service','in_stock',
                'in_repair','on_loan','to_retire','retired'])[1 + (i * 7919) %% 13],
         1 + (i * 13) %% 4, '', CASE WHEN i %% 3 < 2 THEN (people.ids)[1 + (i * 11) %% array_length(people.ids, 1)] END,
         (sites.ids)[1 + i %% 40], (rooms.ids)[1 + (i %% 40) * 20 + i %% 20],
         current_date - (i * 37 %% 2000), 100 + i %% 1500, 'Fournisseur ' || i %% 9, 'BC-' || i %% 5000,
         CASE WHEN i %% 11 > 0 THEN current_date + (i * 53 %% 1800) - 900 END, '',
         (ARRAY['Microsoft Windows 11 Professionnel','Microsoft Windows 10 Professionnel','Debian GNU/Linux 12 (bookworm)','',
                'macOS 26.1'])[1 + (i * 3) %% 5],
         8192, 'user' || i %% 4000, CASE WHEN i %% 5 > 0 THEN now() - (i * 41 %% 5200) * interval '1 minute'
                                         - CASE WHEN i %% 30 = 1 THEN interval '40 days' ELSE interval '0' END END, ''
       FROM generate_series(1, %(n)s) i,
         (SELECT array_agg(id ORDER BY id) ids FROM assets_assetmodel WHERE organisation_id = %(o)s) models,
         (SELECT array_agg(id ORDER BY id) ids FROM people_person WHERE organisation_id = %(o)s) people,
         (SELECT array_agg(id ORDER BY id) ids FROM people_site WHERE organisation_id = %(o)s) sites,
         (SELECT array_agg(id ORDER BY site_id, id) ids FROM people_room WHERE organisation_id = %(o)s) rooms""",
    """INSERT INTO assets_volume (organisation_id, asset_id, mount, label, filesystem, encryption, size_mib, free_mib)
       SELECT organisation_id, id, 'C:', '', 'NTFS', '', 480000, 12000 + (id * 7919) %% 400000 FROM assets_asset
       WHERE organisation_id = %(o)s AND seen_at IS NOT NULL""",
    """INSERT INTO assets_networkcard (organisation_id, asset_id, name, mac, kind, addresses, gateway, dhcp)
       SELECT organisation_id, id, 'Ethernet', regexp_replace(substr(md5('m' || id), 1, 12), '(..)(?=.)', '\\1:', 'g'), 'ethernet',
         ARRAY['10.' || id %% 250 || '.' || (id / 250) %% 250 || '.' || (id / 62500) %% 250 || '/16'], '', ''
       FROM assets_asset WHERE organisation_id = %(o)s AND seen_at IS NOT NULL""",
    """INSERT INTO assets_operatingsystem (organisation_id, asset_id, name, version, full_name, kernel, build, architecture, fqdn)
       SELECT organisation_id, id, system, '', system, '', '', '', '' FROM assets_asset
       WHERE organisation_id = %(o)s AND seen_at IS NOT NULL AND system <> ''""",
    """INSERT INTO assets_position (organisation_id, asset_id, source, site_id, detail, since, at)
       SELECT a.organisation_id, a.id, 'subnet', CASE WHEN a.id %% 50 = 0 THEN s.first ELSE a.site_id END, '', now(), now()
       FROM assets_asset a, (SELECT min(id) first FROM people_site WHERE organisation_id = %(o)s) s
       WHERE a.organisation_id = %(o)s AND a.seen_at IS NOT NULL""",
    """INSERT INTO inventory_agent (organisation_id, asset_id, uuid, deviceid, name, version, user_agent, tag, tasks, proxies,
         first_seen_at, seen_at)
       SELECT organisation_id, id, md5('a' || id)::uuid::text, lower(name), 'GLPI-Agent', '1.15', '', '', '{}', '', now(), seen_at
       FROM assets_asset WHERE organisation_id = %(o)s AND seen_at IS NOT NULL""",
    """INSERT INTO inventory_document (organisation_id, agent_id, asset_id, received_at, source, content, size, sha256, headers, partial,
         state, decision, reason, warnings, attempts)
       SELECT organisation_id, id, asset_id, seen_at, deviceid, '', 26000, md5(deviceid), '{}', false, 'read',
         CASE WHEN id %% 2000 = 0 THEN 'suggested' WHEN id %% 900 = 0 THEN 'refused' ELSE 'unchanged' END, '', '[]', 1
       FROM inventory_agent WHERE organisation_id = %(o)s""",
    """INSERT INTO kernel_event (organisation_id, at, verb, noun, object_id, label, actor, source, changes, extra)
       SELECT organisation_id, now() - interval '30 days', 'asset.created', 'asset', id, name, 'Import', 'import', '{}', '{}'
       FROM assets_asset WHERE organisation_id = %(o)s ORDER BY id""",
    """INSERT INTO kernel_searchentry (organisation_id, noun, object_id, title, subtitle, text)
       SELECT a.organisation_id, 'asset', a.id, a.name, m.name,
         plain(concat_ws(' ', a.name, a.tag, a.serial, m.name, f.name, p.name, s.name, nullif(a.system, ''), a.last_user,
               split_part(c.addresses[1], '/', 1)))
       FROM assets_asset a JOIN assets_assetmodel m ON m.id = a.model_id JOIN assets_manufacturer f ON f.id = m.manufacturer_id
         JOIN people_site s ON s.id = a.site_id LEFT JOIN people_person p ON p.id = a.person_id
         LEFT JOIN assets_networkcard c ON c.asset_id = a.id
       WHERE a.organisation_id = %(o)s""",
    """INSERT INTO kernel_searchentry (organisation_id, noun, object_id, title, subtitle, text)
       SELECT organisation_id, 'person', id, name, title, plain(concat_ws(' ', name, email, title)) FROM people_person
       WHERE organisation_id = %(o)s""",
)


def ensure(assets: int) -> None:
    """Fill the database unless it already holds this fleet; then the planner's statistics are renewed."""
    if count() >= assets:
        return
    if count():
        raise SystemExit("The bench holds a smaller fleet: delete its directory (var/bench) and run again.")
    for name, share in _organisations().items():
        fill(name, assets * share // 100)
        tell_programs(name.pk)
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM (ANALYZE) {table}")
    log.warning("A fleet of %s assets was made in %s.", assets, settings.HOME)


def everyone() -> list[int]:
    """The ids of every organisation of the bench."""
    with opening():
        return list(Organisation.objects.order_by("pk").values_list("pk", flat=True))


def count() -> int:
    """How many assets the bench holds."""
    with everywhere(because="the bench counts its whole fleet"):
        return int(Asset.objects.count())


def _organisations() -> dict[Any, int]:
    provider = start_organisation(name="Infogérance du banc", kind="provider", actor=SYSTEM)
    create_administrator(email=ADMIN, name="Banc", password="a password nobody types", organisation=provider)
    return {
        start_organisation(name=n, kind="client", actor=SYSTEM, parent=provider): share
        for n, share in SHARES.items()
    }


# What a statement does not say is empty: a new column of a noun needs no change here.
EMPTY = """
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT attrelid::regclass AS place, attname, typname, typcategory
           FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
           WHERE attrelid = ANY (TABLES) AND attnum > 0 AND attnotnull AND NOT atthasdef AND attidentity = ''
             AND attname NOT LIKE '%\\_id'
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER %I SET DEFAULT %L', c.place, c.attname,
      CASE WHEN c.typname = 'jsonb' THEN '{}' WHEN c.typcategory = 'A' THEN '{}' WHEN c.typcategory = 'N' THEN '0'
           WHEN c.typcategory = 'B' THEN 'false' WHEN c.typcategory = 'D' THEN 'now' ELSE '' END);
  END LOOP;
END $$"""


def fill(organisation: Organisation, number: int) -> None:
    """Give an organisation a fleet of that many assets, and all that hangs on them."""
    with scope(organisation.pk), connection.cursor() as cursor:
        cursor.execute(EMPTY.replace("TABLES", f"'{{{','.join(TABLES)}}}'::regclass[]"))
        kinds = list(
            AssetKind.objects.filter(organisation=None).order_by("position").values_list("pk", flat=True)[:12]
        )
        for statement in STATEMENTS:
            values: Any = {"o": organisation.pk, "n": number, "kinds": kinds}
            cursor.execute(statement, values)
        assert transaction.get_connection().in_atomic_block


def tell_programs(organisation: int) -> None:
    """Each machine that reported has 300 programs: the sections of one real inventory, copied by SQL."""
    from etabli.inventory.actions import load_bytes

    from .inventories import machine

    wire = orjson.dumps(machine(f"template-{organisation}", programs=300, padding=0))
    told = load_bytes(wire, name="bench", organisation_id=organisation, now=timezone.now())
    with scope(organisation), connection.cursor() as cursor:
        cursor.execute(SECTIONS, {"o": organisation, "template": told.asset})


SECTIONS = """
    INSERT INTO inventory_section (organisation_id, asset_id, name, digest, content, items, seen_at)
    SELECT a.organisation_id, a.id, s.name, s.digest, s.content, s.items, a.seen_at
    FROM assets_asset a, inventory_section s
    WHERE s.asset_id = %(template)s AND a.organisation_id = %(o)s AND a.seen_at IS NOT NULL AND a.id <> s.asset_id"""


def administrator() -> Account:
    return Account.objects.get(email=ADMIN)
