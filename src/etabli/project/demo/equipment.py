"""What is plugged into the sample machines and lives on them, and what changed there during the year."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .machines import Voice

USB = (
    ("Jabra EVOLVE 40 MS", "GN Audio A/S", "0b0e", "0306", "1"),
    ("MX Keys Mini", "Logitech, Inc.", "046d", "b369", "3"),
    ("Optical Mouse", "Pixart Imaging, Inc.", "093a", "2510", "3"),
    ("HD Pro Webcam C920", "Logitech, Inc.", "046d", "082d", "14"),
    ("Smart Card Reader USB", "Gemalto", "08e6", "3437", "11"),
)
FASTER = {8192: 16384, 16384: 32768}


def _monitors(one: "Voice", at: datetime) -> Any:
    return [
        {
            "caption": str(part.model or part.name),
            "manufacturer": str(part.model.manufacturer) if part.model else "",
            "serial": part.serial,
            "port": "DisplayPort",
        }
        for part in one.screens
    ]


def _usb(one: "Voice", at: datetime) -> Any:
    if one.item.asset.kind.key not in {"laptop", "desktop"}:
        return []
    rows = [
        {"caption": name, "manufacturer": maker, "vendorid": vendor, "productid": product, "class": kind}
        for rank, (name, maker, vendor, product, kind) in enumerate(USB)
        if (one.born >> rank) & 1
    ]
    return [row | ({"serial": f"{one.born * 7919:08X}"} if row["class"] == "1" else {}) for row in rows]


def _controllers(one: "Voice", at: datetime) -> Any:
    if one.item.asset.kind.key == "vm":
        return []
    names = (
        ("USB 3.2 xHCI Controller", "USB controller", "a36d", "00:14.0"),
        ("SATA AHCI Controller", "SATA controller", "a352", "00:17.0"),
        ("Thunderbolt 4 NHI", "USB controller", "9a1b", "00:0d.2"),
    )
    return [
        {"caption": name, "type": kind, "manufacturer": "Intel Corporation", "vendorid": "8086"}
        | {"productid": product, "pcislot": slot}
        for name, kind, product, slot in names
    ]


def _local_users(one: "Voice", at: datetime) -> Any:
    if not one.windows:
        return [{"login": "root", "id": "0", "name": "root", "shell": "/bin/bash", "home": "/root"}]
    return [
        {"login": "Administrateur", "id": "500", "name": "Compte d’administration"},
        {"login": "support", "id": "1001", "name": "Compte local du support"},
    ]


def _local_groups(one: "Voice", at: datetime) -> Any:
    members = ["Administrateur", "support"] if one.windows else ["root"]
    return [{"name": "Administrateurs" if one.windows else "sudo", "id": "544", "members": members}]


def _remote(one: "Voice", at: datetime) -> Any:
    if one.item.asset.kind.key not in {"laptop", "desktop"} or one.born % 3:
        return []
    return [{"type": "rustdesk", "id": str(100_000_000 + one.born * 999_331), "version": "1.4.2"}]


def _sounds(one: "Voice", at: datetime) -> Any:
    return (
        [] if one.item.asset.kind.key == "vm" else [{"name": "Realtek(R) Audio", "manufacturer": "Realtek"}]
    )


SECTIONS: dict[str, Callable[["Voice", datetime], Any]] = {
    "monitors": _monitors,
    "usbdevices": _usb,
    "controllers": _controllers,
    "local_users": _local_users,
    "local_groups": _local_groups,
    "remote_mgmt": _remote,
    "sounds": _sounds,
}


def changed(one: "Voice", content: dict[str, Any]) -> dict[str, Any]:
    """The same machine at the end of the year: some got memory or a disk, a BIOS was renewed, a screen
    went.
    """
    if one.item.asset.kind.key not in {"laptop", "desktop"}:
        return content
    if one.born % 11 == 0:
        content["memories"] = [_bigger(row) for row in content["memories"]]
    if one.born % 13 == 0:
        disk = content["storages"][0]
        content["storages"] = [
            disk | {"model": "Samsung SSD 990 PRO 1TB", "serial": f"S7{one.born:06d}", "disksize": 1_000_204}
        ]
    if one.born % 3 == 0:
        content["bios"] |= {"bversion": f"1.{one.born % 30 + 2}.0"}
    if one.born % 5 == 0:
        content["usbdevices"] = content["usbdevices"][1:]
    if one.born % 12 == 0:
        content["monitors"] = []
    return content


def _bigger(row: dict[str, Any]) -> dict[str, Any]:
    size = FASTER.get(row["capacity"], row["capacity"])
    return row | {"capacity": size, "serialnumber": f"{row['serialnumber']}B", "model": "HMCG88AGBSA095N"}
