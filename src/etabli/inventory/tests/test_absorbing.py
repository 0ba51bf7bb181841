"""What becomes of a document: which parts change an asset, in which order, and what is never touched."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.assets.models import Asset, Disk, OperatingSystem, Volume
from etabli.inventory import absorbing, actions, jobs, reading
from etabli.inventory.models import Document
from etabli.kernel.events import Event
from etabli.kernel.tenancy import scope
from etabli.people.models import Site

from .machines import AGENT, Fleet, computer, post
from .strategies import CONTENT, NAMES

DISK = {"name": "sda", "model": "SAMSUNG", "disksize": 512000}
ROOT = {"type": "/", "volumn": "/dev/sda1", "filesystem": "ext4", "total": 100_000, "free": 50_000}
PROGRAMS = [{"name": "bash", "version": "5.2"}, {"name": "curl", "version": "8.5"}]
FULL = computer(1, sections={"storages": [DISK], "drives": [ROOT], "softwares": PROGRAMS})


def section(asset: Asset, name: str) -> Any:
    return reading.contents(asset, [name]).get(name)


def events(fleet: Fleet) -> list[str]:
    with scope(fleet.acme.pk):
        return list(Event.objects.filter(noun="asset").order_by("pk").values_list("verb", flat=True))


def test_a_partial_inventory_replaces_only_the_sections_it_lists(fleet: Fleet) -> None:
    asset = fleet.send(FULL).asset
    newer = replace(FULL, sections={**FULL.sections, "softwares": [{"name": "vim", "version": "9"}]})
    assert fleet.send(newer, partial=True, only=("softwares",)).decision == "updated"
    with scope(fleet.acme.pk):
        assert [s["name"] for s in section(asset, "softwares")] == ["vim"]
        assert Disk.objects.filter(asset=asset).count() == 1
        assert section(asset, "storages")[0]["name"] == "sda"


def test_a_full_inventory_forgets_the_sections_it_no_longer_lists(fleet: Fleet) -> None:
    asset = fleet.send(FULL).asset
    fleet.send(replace(FULL, sections={"drives": [ROOT]}))
    with scope(fleet.acme.pk):
        assert not Disk.objects.filter(asset=asset).exists()
        assert section(asset, "softwares") is None
        assert Volume.objects.filter(asset=asset).exists()


def test_the_first_partial_of_a_machine_that_says_who_it_is_makes_the_asset(fleet: Fleet) -> None:
    document = fleet.send(FULL, partial=True, only=("softwares",))
    assert (document.decision, document.asset.serial) == ("created", FULL.serial)


def test_what_moves_all_the_time_is_kept_and_is_no_change(fleet: Fleet) -> None:
    system = {"name": "Debian", "version": "12", "boot_time": "2026-01-01 08:00:00"}
    processes = [{"cmd": "one", "pid": 1, "user": "root"}]
    asset = fleet.send(
        replace(FULL, sections={**FULL.sections, "operatingsystem": system, "processes": processes})
    ).asset
    before = events(fleet)
    later = {
        **FULL.sections,
        "drives": [{**ROOT, "free": 20_000}],
        "processes": [{"cmd": "two", "pid": 2, "user": "root"}],
        "operatingsystem": {**system, "boot_time": "2026-01-05 07:30:00"},
    }
    assert fleet.send(replace(FULL, sections=later)).decision == "unchanged"
    assert events(fleet) == before
    with scope(fleet.acme.pk):
        assert Volume.objects.get(asset=asset).free_mib == 20_000
        assert OperatingSystem.objects.get(asset=asset).booted_at.day == 5
        assert section(asset, "processes")[0]["cmd"] == "two"
        assert section(asset, "drives")[0]["free"] == 20_000


def test_an_unchanged_inventory_says_only_when_the_machine_was_seen(fleet: Fleet) -> None:
    first = fleet.send(FULL)
    seen = fleet.assets()[0].seen_at
    again = fleet.send(replace(FULL, deviceid=first.agent.deviceid))
    assert again.decision == "unchanged"
    assert fleet.assets()[0].seen_at > seen


def test_a_change_is_told_once_with_the_sections_that_moved(fleet: Fleet) -> None:
    fleet.send(FULL)
    fleet.send(replace(FULL, sections={**FULL.sections, "softwares": []}))
    assert events(fleet) == ["asset.created", "asset.inventoried"]
    with scope(fleet.acme.pk):
        assert Event.objects.latest("pk").extra["sections"] == ["softwares"]


def test_what_a_person_typed_is_never_written_over(fleet: Fleet) -> None:
    asset = fleet.send(FULL).asset
    with scope(fleet.acme.pk):
        site = Site.objects.create(organisation=fleet.acme, name="Lyon")
        kind = asset.kind
        mine = {
            "name": "Mine",
            "serial": "MINE",
            "tag": "T-1",
            "site": site,
            "model": None,
            "remarks": "kept",
        }
        Asset.objects.filter(pk=asset.pk).update(**mine)
    moved = replace(FULL, name="OTHER", maker="HP", sections={**FULL.sections, "storages": []})
    fleet.send(replace(moved, deviceid=f"{FULL.name}-2026-01-05-08-00-00", agent=FULL.agent_id))
    (now,) = fleet.assets()
    assert (now.name, now.serial, now.tag, now.site_id, now.remarks) == (
        "Mine",
        "MINE",
        "T-1",
        site.pk,
        "kept",
    )
    assert (now.kind_id, now.organisation_id) == (kind.pk, fleet.acme.pk)


def test_an_edit_made_while_an_inventory_is_read_is_not_lost(fleet: Fleet) -> None:
    asset = fleet.send(FULL).asset
    with scope(fleet.acme.pk):
        Asset.objects.filter(pk=asset.pk).update(remarks="typed meanwhile", price="12.50")
        stale = absorbing._loaded(asset.pk)
        Asset.objects.filter(pk=asset.pk).update(remarks="typed later")
    fleet.send(replace(FULL, sections={}))
    assert stale.remarks == "typed meanwhile"
    assert fleet.assets()[0].remarks == "typed later"


def test_only_the_last_full_document_keeps_its_raw_content(fleet: Fleet) -> None:
    fleet.send(FULL)
    fleet.send(replace(FULL, sections={}))
    fleet.send(replace(FULL, sections={}))
    with scope(fleet.acme.pk):
        kept = [bool(d.content) for d in Document.objects.order_by("pk")]
    assert kept == [False, True, False]


def test_documents_are_read_in_the_order_in_which_they_arrived(fleet: Fleet) -> None:
    for version in ("1", "2", "3"):
        machine = replace(FULL, sections={"softwares": [{"name": "tool", "version": version}]})
        fleet.post(machine.document(), GLPI_Agent_ID=machine.agent_id)
    jobs.drain_all(fleet.acme.pk)
    with scope(fleet.acme.pk):
        assert section(Asset.objects.get(), "softwares")[0]["version"] == "3"


def test_a_document_read_after_a_later_one_changes_nothing(fleet: Fleet) -> None:
    old = replace(FULL, sections={"softwares": [{"name": "tool", "version": "1"}]})
    new = replace(FULL, sections={"softwares": [{"name": "tool", "version": "2"}]})
    fleet.post(old.document(), GLPI_Agent_ID=old.agent_id)
    loaded = actions.load_bytes(new.document(), name="new", organisation_id=fleet.acme.pk, now=timezone.now())
    assert loaded.decision == "created"
    jobs.drain_all(fleet.acme.pk)
    with scope(fleet.acme.pk):
        assert section(Asset.objects.get(), "softwares")[0]["version"] == "2"
        assert Document.objects.earliest("pk").decision == "unchanged"


def test_the_same_document_again_while_it_waits_is_kept_once(fleet: Fleet) -> None:
    for _retry in range(3):
        fleet.post(FULL.document(), GLPI_Agent_ID=FULL.agent_id)
    with scope(fleet.acme.pk):
        assert Document.objects.count() == 1


def test_a_machine_that_changes_and_changes_back_ends_as_it_is(fleet: Fleet) -> None:
    other = replace(FULL, sections={})
    for machine in (FULL, other, FULL):
        fleet.post(machine.document(), GLPI_Agent_ID=FULL.agent_id)
    jobs.drain_all(fleet.acme.pk)
    with scope(fleet.acme.pk):
        assert Document.objects.count() == 3
        assert section(Asset.objects.get(), "softwares") is not None


def test_an_odd_value_costs_itself_and_leaves_a_warning(fleet: Fleet) -> None:
    odd = {**FULL.sections, "storages": [{**DISK, "disksize": "very large"}], "networks": "none"}
    document = fleet.send(replace(FULL, sections=odd))
    assert document.decision == "created"
    assert any("disksize" in warning["path"] for warning in document.warnings)


def test_each_device_of_a_network_task_has_its_own_decision(fleet: Fleet) -> None:
    devices = "".join(
        f"<DEVICE><TYPE>NETWORKING</TYPE><MANUFACTURER>Cisco</MANUFACTURER><SERIAL>FOC{n}</SERIAL>"
        f"<SNMPHOSTNAME>sw-{n}</SNMPHOSTNAME><IP>10.0.0.{n}</IP><MAC>02:aa:00:00:00:0{n}</MAC></DEVICE>"
        for n in (1, 2)
    )
    body = f"<REQUEST><CONTENT>{devices}<PROCESSNUMBER>3</PROCESSNUMBER></CONTENT><DEVICEID>probe</DEVICEID><QUERY>NETDISCOVERY</QUERY></REQUEST>"
    for _run in range(2):
        assert fleet.post(body.encode()).status_code == 200
        jobs.drain_all(fleet.acme.pk)
    assert [a.name for a in fleet.assets()] == ["sw-1", "sw-2"]
    with scope(fleet.acme.pk):
        decisions = list(Document.objects.order_by("pk").values_list("source", "decision"))
    assert decisions[0] == ("probe", "updated")
    assert decisions[1:3] == [("sw-1", "created"), ("sw-2", "created")]
    assert [decision for _source, decision in decisions[4:]] == ["unchanged", "unchanged"]


def test_a_document_whose_reading_fails_is_given_up_and_the_next_ones_are_read(
    fleet: Fleet, monkeypatch
) -> None:
    broken, sound = computer(5), computer(6)
    fleet.post(broken.document(), GLPI_Agent_ID=broken.agent_id)
    fleet.post(sound.document(), GLPI_Agent_ID=sound.agent_id)
    read = jobs.absorb

    def fail_once(document: Document, *, now: Any) -> Document:
        if document.source.startswith(broken.name):
            raise ValueError("a fault of ours")
        return read(document, now=now)

    monkeypatch.setattr(jobs, "absorb", fail_once)
    jobs.drain_all(fleet.acme.pk)
    assert [a.name for a in fleet.assets()] == [sound.name]
    with scope(fleet.acme.pk):
        given_up = Document.objects.get(state="failed")
    assert (given_up.source.startswith(broken.name), given_up.decision) == (True, "refused")


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sections=st.dictionaries(NAMES, CONTENT, max_size=4), partial=st.booleans())
def test_no_content_is_refused_by_an_error(fleet: Fleet, sections: dict[str, Any], partial: bool) -> None:
    told = {"action": "inventory", "deviceid": "fuzz", "content": {"versionclient": AGENT, **sections}}
    if partial:
        told["partial"] = True
    try:
        body = json.dumps(told).encode("utf-8", "surrogatepass")
    except ValueError:
        return
    answer = post(fleet.url(), body, "application/json")
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert jobs.read_next(fleet.acme.pk) in {jobs.Turn.READ, jobs.Turn.EMPTY}
        with scope(fleet.acme.pk):
            assert not Document.objects.filter(attempts__gt=0).exists()
