"""Machines that tests invent, in the words of the format, and the organisations they report to."""

import json
import uuid
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponse
from django.test import Client

from etabli.assets.kinds import install_kinds
from etabli.assets.models import Asset
from etabli.inventory import enrolments, jobs
from etabli.inventory.models import Document, Enrolment
from etabli.kernel.actors import SYSTEM
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening, scope

AGENT = "GLPI-Agent_v1.12"
NAMESPACE = uuid.UUID(int=7)


@dataclass(frozen=True)
class Machine:
    """A machine and the agent on it. ``agent`` and ``deviceid`` change when the agent is installed again."""

    name: str
    serial: str = ""
    uuid: str = ""
    macs: tuple[str, ...] = ()
    vmsystem: str = "Physical"
    agent: str = ""
    deviceid: str = ""
    maker: str = "Dell Inc."
    sections: dict[str, Any] = field(default_factory=dict)

    def reinstalled(self) -> "Machine":
        """With a new agent: another UUID and another device id."""
        return replace(self, agent=str(uuid.uuid4()), deviceid=f"{self.name}-{uuid.uuid4()}")

    def content(self) -> dict[str, Any]:
        networks = [
            {"description": f"eth{n}", "mac": mac, "type": "ethernet", "status": "up", "virtualdev": False}
            for n, mac in enumerate(self.macs)
        ]
        return {
            "versionclient": AGENT,
            "hardware": {
                "name": self.name,
                "uuid": self.uuid,
                "memory": 8192,
                "vmsystem": self.vmsystem,
                "chassis_type": "Laptop",
            },
            "bios": {"ssn": self.serial, "smanufacturer": self.maker, "smodel": "Latitude 7420"},
            "operatingsystem": {
                "name": "Debian GNU/Linux",
                "full_name": "Debian GNU/Linux 12",
                "version": "12.5",
            },
            "networks": networks,
            **self.sections,
        }

    def document(self, *, partial: bool = False, only: tuple[str, ...] = ()) -> bytes:
        content = self.content()
        if only:
            content = {name: content[name] for name in (*only, "bios", "hardware", "versionclient")}
        told = {
            "action": "inventory",
            "deviceid": self.deviceid or f"{self.name}-2026-01-05-08-00-00",
            "itemtype": "Computer",
            "content": content,
        }
        return json.dumps(told | ({"partial": True} if partial else {})).encode()

    @property
    def agent_id(self) -> str:
        return self.agent or str(uuid.uuid5(NAMESPACE, self.deviceid or self.name))


def computer(number: int, **more: Any) -> Machine:
    """A machine like no other."""
    made = Machine(
        name=f"PC-{number:05d}",
        serial=f"SN{number:06X}",
        uuid=str(uuid.uuid5(NAMESPACE, f"machine {number}")),
        macs=(f"02:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}:01",),
    )
    return replace(made, **more)


@dataclass(frozen=True)
class Fleet:
    """Two organisations; ``send`` and the like speak to the first one unless told otherwise."""

    acme: Organisation
    globex: Organisation
    keys: dict[int, str]
    enrolments: dict[int, Enrolment]

    def url(self, organisation: Organisation | None = None, rest: str = "") -> str:
        return f"/i/{self.keys[(organisation or self.acme).pk]}/{rest}"

    def post(self, body: bytes, *, organisation: Organisation | None = None, **headers: str) -> HttpResponse:
        return post(self.url(organisation), zlib.compress(body), **headers)

    def send(
        self, machine: Machine, *, partial: bool = False, only: tuple[str, ...] = (), **more: Any
    ) -> Document:
        """Send the inventory of a machine, read it, and give what became of it."""
        body = machine.document(partial=partial, only=only)
        answer = self.post(body, GLPI_Agent_ID=machine.agent_id, **more)
        assert answer.status_code == 200, answer.content
        organisation = more.get("organisation") or self.acme
        jobs.drain_all(organisation.pk)
        return self.last(organisation)

    def last(self, organisation: Organisation | None = None) -> Document:
        with scope((organisation or self.acme).pk):
            return Document.objects.select_related("asset__kind", "agent").latest("pk")

    def assets(self, organisation: Organisation | None = None) -> list[Asset]:
        with scope((organisation or self.acme).pk):
            return list(Asset.objects.order_by("pk"))


def post(
    path: str, body: bytes, content_type: str = "application/x-compress-zlib", **headers: str
) -> HttpResponse:
    """A request as an agent makes it, through the whole product; header names are written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in {"User_Agent": AGENT, **headers}.items()}
    return Client().post(path, data=body, content_type=content_type, headers=named)


def make_fleet() -> Fleet:
    install_kinds()
    with opening():
        acme = Organisation.objects.create(name="Acme")
        globex = Organisation.objects.create(name="Globex")
    keys, made = {}, {}
    for organisation in (acme, globex):
        with scope(organisation.pk):
            enrolment = enrolments.enrol(name="Site", organisation_id=organisation.pk, actor=SYSTEM)
            made[organisation.pk] = enrolment
            keys[organisation.pk] = enrolment.key.unseal()
    return Fleet(acme, globex, keys, made)
