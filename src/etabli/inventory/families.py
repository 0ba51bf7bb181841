"""The families of components: which model keeps each, which facts fill it, and how two inventories are
compared.

A new component costs a dataclass of facts, a model with fields of the same names, and a line here.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models

from etabli.assets import models as fleet

from . import cards, disks, facts, parts, plugged, resident
from .declared import read_as
from .rows import one, rows

type Sections = Mapping[str, Any]
type Read = Callable[[Sections], Sequence[Any]]


@dataclass(frozen=True)
class Family:
    """A kind of component.

    ``sections`` are those that make it: when one moves, its rows are written again; ``beside`` are read too.
    ``key`` names the same component in two inventories, unless its serial number does. ``place`` is where one
    takes the place of another. ``still`` are the fields of which a change is no news. ``fixed`` are the
    values of the model's rows that are of this family. ``news``: whether a row is worth telling when it
    comes or goes. ``remembered``: what the last inventory no longer lists stays, marked as missing.
    """

    name: str
    model: type[models.Model]
    fact: Any
    read: Read
    sections: tuple[str, ...]
    key: tuple[str, ...] = ("name",)
    place: str = ""
    still: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    news: Callable[[Mapping[str, Any]], bool] = lambda _row: True
    remembered: bool = False

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that the model and the facts share, in the order of the facts."""
        own = {one.name for one in self.model._meta.concrete_fields}
        return tuple(told.name for told in dataclasses.fields(self.fact) if told.name in own)

    @cached_property
    def fitting(self) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
        """For each field, what brings a fact to what its column can hold."""
        return tuple((name, fitter(self.model._meta.get_field(name))) for name in self.fields)

    def rows(self, sections: Sections) -> list[dict[str, Any]]:
        """The components that these sections tell, as values of the model's columns."""
        told = self.read(sections)[:MOST]
        return [{name: fit(getattr(one, name)) for name, fit in self.fitting} for one in told]


MOST = 5_000  # rows of one family on one asset: a document cannot fill the database with one section

_LARGEST = {models.PositiveSmallIntegerField: 2**15, models.PositiveIntegerField: 2**31}


def fitter(column: Any) -> Callable[[Any], Any]:
    """What makes a value fit a column: texts are cut, numbers out of range are forgotten."""
    if isinstance(column, models.CharField):
        length = column.max_length or 0
        return lambda value: value[:length]
    if hasattr(column, "base_field"):
        length = column.base_field.max_length
        return lambda values: [value[:length] for value in values]
    if isinstance(column, models.IntegerField):
        most = _LARGEST.get(type(column), 2**63)
        return lambda value: value if value is not None and 0 <= value < most else None
    return lambda value: value


def _plain(fact: type, section: str) -> Read:
    return lambda sections: read_as(fact, rows(sections.get(section)))


def _simple(name: str, model: type[models.Model], fact: type, section: str, **more: Any) -> Family:
    """A family made of one section, each row a component."""
    return Family(name, model, fact, _plain(fact, section), (section,), **more)


def _systems(sections: Sections) -> Sequence[Any]:
    found = facts.operating_system(sections)
    return (found,) if found else ()


NAMES = frozenset({"name", "manufacturer"})  # of identifiers: another list of names is no change
PERIPHERAL = fleet.Peripheral

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "system",
            fleet.OperatingSystem,
            facts.OperatingSystem,
            _systems,
            ("operatingsystem",),
            key=(),
            beside=("cpus",),
            still=frozenset({"booted_at", "fqdn"}),
        ),
        _simple("processors", fleet.Processor, parts.Processor, "cpus", still=frozenset({"speed_mhz"})),
        _simple(
            "memory",
            fleet.MemoryModule,
            parts.MemoryModule,
            "memories",
            key=("slot", "part_number"),
            place="slot",
            still=frozenset({"slot", "speed_mhz"}),
            news=lambda row: bool(row["size_mib"]),
        ),
        Family(
            "disks",
            fleet.Disk,
            disks.Disk,
            lambda sections: disks.computer_disks(sections.get("storages"), sections.get("operatingsystem")),
            ("storages",),
            key=("model", "name"),
            place="name",
            beside=("operatingsystem",),
            still=frozenset({"name", "interface", "kind"}),
            news=lambda row: row["kind"] != "removable",
        ),
        Family(
            "volumes",
            fleet.Volume,
            disks.Volume,
            lambda sections: disks.computer_volumes(sections.get("drives")),
            ("drives",),
            key=("mount",),
            still=frozenset({"free_mib"}),
        ),
        Family(
            "cards",
            fleet.NetworkCard,
            cards.NetworkCard,
            lambda sections: (
                cards.computer_cards(sections.get("networks"))
                + cards.port_cards(sections.get("network_ports"))
            ),
            ("networks", "network_ports"),
            key=("name", "mac"),
            place="name",
            still=frozenset({"connected", "speed_mbps", "kind", "virtual", "gateway", "dhcp"}),
            news=lambda row: not row["virtual"],
        ),
        Family(
            "board",
            fleet.Motherboard,
            parts.Motherboard,
            lambda sections: read_as(parts.Motherboard, [one(sections.get("bios"))]),
            ("bios",),
            key=("model",),
        ),
        Family(
            "firmwares",
            fleet.Firmware,
            parts.Firmware,
            parts.firmwares,
            ("bios", "firmwares"),
            key=("name", "kind"),
        ),
        _simple(
            "batteries",
            fleet.Battery,
            parts.Battery,
            "batteries",
            key=(),
            still=frozenset({"left_mwh", "health", "capacity_mwh"}),
        ),
        _simple(
            "graphics", fleet.GraphicsCard, parts.GraphicsCard, "videos", still=frozenset({"resolution"})
        ),
        _simple("sounds", fleet.SoundCard, parts.SoundCard, "sounds"),
        _simple(
            "controllers",
            fleet.Controller,
            parts.Controller,
            "controllers",
            key=("vendor_code", "product_code", "slot"),
            still=NAMES | {"kind", "driver"},
        ),
        _simple(
            "power",
            fleet.PowerSupply,
            parts.PowerSupply,
            "powersupplies",
            still=frozenset({"status", "plugged"}),
        ),
        _simple("cameras", fleet.Camera, parts.Camera, "cameras"),
        _simple(
            "sims", fleet.SimCard, parts.SimCard, "simcards", key=("operator",), still=frozenset({"status"})
        ),
        _simple("local_users", fleet.LocalUser, resident.LocalUser, "local_users", key=("login", "number")),
        _simple(
            "local_groups", fleet.LocalGroup, resident.LocalGroup, "local_groups", key=("name", "number")
        ),
        _simple(
            "antivirus", fleet.Antivirus, resident.Antivirus, "antivirus", still=frozenset({"up_to_date"})
        ),
        _simple("firewalls", fleet.Firewall, resident.Firewall, "firewalls", key=("name", "profile")),
        _simple("remote", fleet.RemoteAccess, resident.RemoteAccess, "remote_mgmt", key=("kind",)),
        Family(
            "licences",
            fleet.FoundLicence,
            resident.FoundLicence,
            resident.licences,
            ("licenseinfos", "hardware"),
            key=("name", "product_number"),
            beside=("operatingsystem",),
            still=frozenset({"name", "edition"}),
        ),
        _simple(
            "guests",
            fleet.HostedMachine,
            resident.HostedMachine,
            "virtualmachines",
            key=("uuid", "name"),
            still=frozenset({"status"}),
        ),
        _simple(
            "databases",
            fleet.DatabaseService,
            resident.DatabaseService,
            "databases_services",
            key=("name", "port"),
            still=frozenset({"size_mib", "backed_up_at"}),
        ),
        Family(
            "monitors",
            PERIPHERAL,
            plugged.Monitor,
            plugged.monitors,
            ("monitors",),
            still=NAMES | {"detail", "port"},
            fixed={"kind": "monitor"},
            remembered=True,
        ),
        Family(
            "printers",
            PERIPHERAL,
            plugged.Printer,
            plugged.printers,
            ("printers",),
            still=frozenset({"detail"}),
            fixed={"kind": "printer"},
            remembered=True,
        ),
        Family(
            "usb",
            PERIPHERAL,
            plugged.UsbDevice,
            plugged.usb_devices,
            ("usbdevices",),
            key=("vendor_code", "product_code"),
            still=NAMES | {"detail"},
            fixed={"kind": "usb"},
            remembered=True,
        ),
        Family(
            "modems",
            PERIPHERAL,
            plugged.Modem,
            plugged.modems,
            ("modems",),
            fixed={"kind": "modem"},
            remembered=True,
        ),
    )
}

RAW: Mapping[str, str] = {
    "hardware": "identity: the columns of the asset",
    "network_device": "identity of a network device",
    "softwares": "the software tab reads it, thousands of rows",
    "accesslog": "the time of the inventory itself",
    "versionprovider": "the agent's own run",
    "processes": "what runs at that second",
    "envs": "variables of one session",
    "users": "sessions open at that second; the last one is a column of the asset",
    "inputs": "the same keyboards and mice as the USB devices, and virtual ones",
    "ports": "connectors printed on the case, used or not",
    "slots": "expansion slots: what is in them is among the controllers",
    "sensors": "of a phone; nobody looks for one",
    "physical_volumes": "layers under the volumes",
    "volume_groups": "layers under the volumes",
    "logical_volumes": "layers under the volumes",
    "network_components": "modules of a chassis; the network tab reads it",
    "cartridges": "levels; the hardware tab reads it",
    "consumables": "levels; the hardware tab reads it",
    "pagecounters": "counters; the hardware tab reads it",
    "error": "why a device did not answer",
}
"""Known sections that become no component, each with its reason; their content stays readable as it came."""
