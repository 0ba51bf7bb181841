"""Three hundred documents in any order: the same assets, under the same agents, saying the same."""

import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from etabli.assets.models import Asset
from etabli.inventory import actions
from etabli.inventory.models import Section
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import scope

from .machines import Fleet, Machine, computer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOCK = {"description": "Realtek USB GbE Family Controller", "mac": "00:e0:4c:68:00:01", "type": "ethernet"}


def docked(machine: Machine) -> Machine:
    return replace(machine, sections={"networks": [*machine.content()["networks"], DOCK]})


def fleet_of_traps() -> list[Machine]:
    """Plain machines, and every kind that has made inventories lie; 300 documents."""
    plain = [computer(n, deviceid=f"plain-{n}") for n in range(1, 161)]
    junk = [computer(n, serial="ABCD-1234", deviceid=f"junk-{n}") for n in range(200, 230)]
    nameless = [
        computer(n, serial="System Serial Number", uuid="", deviceid=f"n-{n}") for n in range(230, 260)
    ]
    laptops = [docked(computer(n, deviceid=f"dock-{n}")) for n in range(260, 280)]
    servers = [
        computer(n, name=f"SRV-{n}", vmsystem="VMware", maker="VMware, Inc.", deviceid=f"srv-{n}")
        for n in range(300, 320)
    ]
    clones = [
        replace(s, name=f"{s.name}-COPY", macs=(f"02:99:00:00:00:{n:02x}",), deviceid=f"{s.deviceid}-copy")
        for n, s in enumerate(servers)
    ]
    reinstalled = [replace(m, deviceid=f"{m.deviceid}-again", agent="") for m in plain[:20]]
    return [*plain, *junk, *nameless, *laptops, *servers, *clones, *reinstalled]


def send(organisation: Organisation, machines: Sequence[Machine]) -> list[str]:
    """Read the documents one after the other; gives the decisions."""
    read = [
        actions.load_bytes(
            zlib.compress(m.document()),
            name=m.deviceid,
            organisation_id=organisation.pk,
            now=NOW,
            headers={"glpi-agent-id": m.agent_id},
        )
        for m in machines
    ]
    return [one.decision for one in read]


def state(organisation: Organisation) -> list[Any]:
    """Each asset by what it says, the agents that report for it and the digests of its sections."""
    with scope(organisation.pk):
        digests: dict[int, list[Any]] = {}
        for asset_id, name, digest in Section.objects.order_by("name").values_list(
            "asset_id", "name", "digest"
        ):
            digests.setdefault(asset_id, []).append([name, bytes(digest).hex()])
        return sorted(
            json.dumps(
                [
                    *(a.serial, a.uuid, a.name, a.system, str(a.model)),
                    sorted(agent.deviceid for agent in a.agents.all()),
                    digests.get(a.pk),
                ]
            )
            for a in Asset.objects.prefetch_related("agents").select_related("model")
        )


def test_three_hundred_documents_give_the_same_fleet_in_any_order_and_sent_again(fleet: Fleet) -> None:
    machines = fleet_of_traps()
    assert len(machines) == 300
    assert set(send(fleet.acme, machines)) == {"created", "unchanged"}
    told = state(fleet.acme)
    assert len(told) == 280  # twenty of the documents are of agents installed again
    assert set(send(fleet.acme, random.Random(1).sample(machines, 300))) == {"unchanged"}
    assert state(fleet.acme) == told
    send(fleet.globex, random.Random(2).sample(machines, 300))
    assert state(fleet.globex) == told
