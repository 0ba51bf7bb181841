"""The inventories of the sample machines, sent by the path of agents: received, read, recognised, written."""

# ruff: noqa: E501 - tables read better unfolded

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson
from django.db.models import F

from etabli.assets.models import Asset
from etabli.inventory.actions import load_bytes
from etabli.inventory.models import Agent, Enrolment

from .companies import Company
from .fleet import COMPUTERS, Item
from .machines import Voice

SPEAKING = {
    Asset.State.IN_SERVICE,
    Asset.State.ON_LOAN,
    Asset.State.IN_REPAIR,
    Asset.State.TO_RETIRE,
    Asset.State.PREPARING,
}


@dataclass(frozen=True)
class Sending:
    """A document about to be sent, when, with which headers."""

    at: datetime
    name: str
    document: dict[str, Any]
    headers: dict[str, str]


def voices(company: Company, items: list[Item], rng: Random) -> list[Voice]:
    """The machines that have an agent. Virtual ones without a serial number are known by their UUID."""
    if company.key == "saint-aubin":
        _typed_by_hand(
            next(
                i for i in items if i.asset.kind.key == "desktop" and i.asset.state == Asset.State.IN_SERVICE
            )
        )
    made = [
        Voice(item, company, rank, rng)
        for rank, item in enumerate(
            i for i in items if i.asset.kind.key in COMPUTERS and i.asset.state in SPEAKING
        )
    ]
    for voice in made:
        if not voice.item.asset.serial:
            Asset.objects.filter(pk=voice.item.asset.pk).update(uuid=voice.uuid)
    return made


def _typed_by_hand(item: Item) -> None:
    """Somebody entered this one without its serial number: only its name will match, a person has to say."""
    Asset.objects.filter(pk=item.asset.pk).update(serial="")
    item.newcomer = True


def sendings(speaking: list[Voice], rng: Random, *, start: datetime, now: datetime) -> list[Sending]:
    """Two inventories a machine: the first one during the year, the last one lately; in the order of their
    dates.
    """
    found = [s for voice in speaking for s in _of(voice, rng, start, now)]
    return sorted(found, key=lambda s: s.at)


def _of(voice: Voice, rng: Random, start: datetime, now: datetime) -> Iterator[Sending]:
    bought = voice.item.asset.commissioned_on
    days = (now.date() - bought).days if bought else 400
    first = max(start + timedelta(days=rng.uniform(1, 40)), now - timedelta(days=days))
    last = _last(rng, now, 9 if voice.item.asset.kind.key in {"laptop", "desktop"} else 23)
    first = min(first, last - timedelta(hours=3))
    if first < last - timedelta(days=20) and not voice.item.newcomer:
        yield Sending(first, voice.deviceid, voice.says(first, newer=0.1), voice.headers())
        if rng.random() < 0.35:
            middle = first + (last - first) * rng.uniform(0.2, 0.9)
            yield Sending(middle, voice.deviceid, voice.says(middle, newer=0.5), voice.headers())
    yield Sending(last, voice.deviceid, voice.says(last, newer=0.9), voice.headers())


def _last(rng: Random, now: datetime, hours: int) -> datetime:
    """Most machines spoke in the last hours; a few are on holiday, one in twenty was forgotten in a drawer."""
    chance = rng.random()
    if chance < 0.88 or hours > 9:
        return now - timedelta(minutes=rng.randint(2, hours * 60))
    if chance < 0.945:
        return now - timedelta(days=rng.uniform(1.2, 18))
    return now - timedelta(days=rng.uniform(34, 110))


def oddities(company: Company, items: list[Item], speaking: list[Voice], *, now: datetime) -> list[Sending]:
    """A partial inventory that came before any full one, with values that mean nothing."""
    if company.key != "saint-aubin":
        return []
    taken = {v.item.asset.pk for v in speaking}
    unknown = Voice(
        next(i for i in items if i.asset.kind.key == "laptop" and i.asset.pk in taken),
        company,
        190,
        Random(7),  # noqa: S311 - the same each time
    )
    document = unknown.says(now, newer=1)
    rows = [
        row | {"install_date": "0000-00-00", "filesize": "inconnue"}
        for row in document["content"]["softwares"][:4]
    ]
    document |= {
        "partial": True,
        "deviceid": "portable-classe-mobile-2026-11-02-08-11-40",
        "content": {"softwares": rows},
    }
    headers = unknown.headers() | {"GLPI-Agent-ID": "5f0c6f3e-6b1f-4f5e-9a51-1f7b3d0c2a11"}
    return [Sending(now - timedelta(hours=4, minutes=12), "portable-classe-mobile", document, headers)]


def send(found: list[Sending], organisation_id: int) -> None:
    """Bring them in, oldest first, as the agents would have."""
    for one in found:
        wire = zlib.compress(orjson.dumps(one.document), 6)
        load_bytes(wire, name=one.name, organisation_id=organisation_id, now=one.at, headers=one.headers)


def enrolled(speaking: list[Voice], enrolment: Enrolment) -> None:
    """The agents came in by the company's key, each from its own address; those seen first long ago say so."""
    known = {agent.deviceid: agent for agent in Agent.objects.filter(organisation=enrolment.organisation_id)}
    for voice in speaking:
        agent = known.get(voice.deviceid)
        if agent is not None:
            agent.enrolment, agent.address, agent.tag = enrolment, voice.address, enrolment.name
            agent.tasks, agent.name = ["inventory", "netdiscovery", "netinventory"], "GLPI-Agent"
    Agent.objects.bulk_update(known.values(), ["enrolment", "address", "tag", "tasks", "name"])
    for agent in known.values():
        first = agent.documents.order_by("received_at").values_list("received_at", flat=True).first()
        Agent.objects.filter(pk=agent.pk).update(first_seen_at=first or F("seen_at"))
