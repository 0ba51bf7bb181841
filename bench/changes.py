"""What changed in the fleet: ten changes for each asset over five years, searched as people search them."""

# ruff: noqa: E501 - statements read better unfolded

import logging
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.utils import timezone

from etabli.assets.models import Asset, AssetChange
from etabli.kernel.screens import counting
from etabli.kernel.tenancy import everywhere, scope

from . import fleet
from .figures import Figure, p95, repeat
from .pages import browser, get
from .rig import backend

NAME = "changes"
EACH, TARGET = 10, 150
log = logging.getLogger("bench")

FILL = """
INSERT INTO assets_assetchange (organisation_id, asset_id, at, family, what, label, before, after, fields, serial, document, text)
SELECT t.organisation_id, t.id, t.at, t.family, t.what, t.label, '', '', '{}', t.serial, NULL, lower(t.name || ' ' || t.label || ' ' || t.serial)
  FROM (SELECT a.organisation_id, a.id, a.name,
               now() - ((a.id * 7919 + i * 104729) %% 2600000) * interval '1 minute' AS at,
               (ARRAY['memory','disks','address','user','usb','firmwares','monitors','volumes','cards','local_users'])[1 + (a.id * 3 + i * 7) %% 10] AS family,
               (ARRAY['changed','changed','changed','added','removed','replaced','changed','moved'])[1 + (a.id * 5 + i * 11) %% 8] AS what,
               (ARRAY['8 GiB DDR4 DIMM','Samsung SSD 870 EVO','Ethernet','Jabra Evolve 40','DELL U2722D','BIOS','Intel AX211'])[1 + (a.id + i) %% 7] AS label,
               CASE WHEN i %% 3 = 0 THEN upper(substr(md5(a.id || '-' || i), 1, 10)) ELSE '' END AS serial
          FROM assets_asset a, generate_series(1, %(each)s) i WHERE a.organisation_id = %(o)s) t
"""


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    _ensure()
    client, times = browser(), 8 if quick else 30
    month = timezone.localdate().strftime("%Y-%m-01")
    with scope(*fleet.everyone()):
        asset = Asset.objects.exclude(seen_at=None).order_by("pk")[777]
        told = f"{size}, {AssetChange.objects.count()} changes"
    searches = {
        "change search, memory removed this month": "/changes/?family=memory&what=removed&period=month",
        "change search, memory removed, whole history": "/changes/?family=memory&what=removed",
        "change search, since a day": f"/changes/?at={month}..&family=disks",
        "change search, a word": "/changes/?q=jabra",
        "change search, two words and a filter": "/changes/?q=samsung+pc-0123&what=moved",
        "change search, a serial number": f"/changes/?q={_serial()}",
        "change list, no filter": "/changes/",
        "change list, page 200": "/changes/?page=200",
        "changes of an asset": f"/assets/{asset.pk}/?tab=changes",
    }
    for name, address in searches.items():
        timings = repeat(lambda address=address: get(client, address), times, backend=backend())
        yield Figure(f"{name}: p95", p95(timings.wall), "ms", TARGET, told, timings.told())
    for name, address in (("no filter", "/changes/"), ("a word", "/changes/?q=jabra")):
        timings = repeat(lambda address=address: _cold(client, address), times // 2, backend=backend())
        yield Figure(
            f"change list, {name}, count not remembered: p95",
            p95(timings.wall),
            "ms",
            400,
            told,
            timings.told(),
        )
    yield _stored(told)


def _cold(client: Client, address: str) -> None:
    counting.forget()
    get(client, address)


def _serial() -> str:
    with scope(*fleet.everyone()):
        return str(AssetChange.objects.exclude(serial="").values_list("serial", flat=True)[0])


def _stored(size: str) -> Figure:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('assets_assetchange')")
        total = int(cursor.fetchone()[0])
    with everywhere(because="the bench counts all its changes"):
        count = AssetChange.objects.count()
    return Figure("stored for a change, with its indexes", total / count, "bytes", None, size)


def _ensure() -> None:
    """Fill the table unless it is; then the planner's statistics are renewed."""
    with everywhere(because="the bench counts all its changes"):
        wanted, known = Asset.objects.count() * EACH, AssetChange.objects.count()
    if known >= wanted // 2:
        return
    for organisation in fleet.everyone():
        with scope(organisation), connection.cursor() as cursor:
            cursor.execute(FILL, {"o": organisation, "each": EACH})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) assets_assetchange")
    log.warning("%s changes were made.", wanted)
