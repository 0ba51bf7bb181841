#!/usr/bin/env python3
"""Collect the inventory of this Linux machine and send it to an Établi server.

One file, Python 3.8 or later, nothing to install. The document and the exchange are the GLPI Agent's
(inventory_format and json-protocol), so any server made for that agent understands them. Run as root it also
reads serial numbers and memory modules. What cannot be read is left out and named on standard error.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import http.client
import ipaddress
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
import uuid
import zlib
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, NoReturn  # noqa: UP035  (these names exist in Python 3.8)
from urllib.parse import urlsplit

CLIENT = "Etabli-Collector_v1.0"
EPILOG = """exit codes:
  0  the inventory was accepted by the server, or written when no server is named
  1  it could not be collected or written, or an option is wrong
  2  the server could not be reached, or did not show the expected certificate
  3  the server refused the inventory
Without --ca-fingerprint, the authorities of the system, or of SSL_CERT_FILE, vouch for the server."""
NETWORK_FILESYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs")
BUSES = {"nvme": "NVMe", "/usb": "USB", "/ata": "SATA", "virtio": "Virtual", "mmc": "MMC", "": "SCSI"}
LINKS = {"wireless": "wifi", "phy80211": "wifi", "bridge": "bridge", "bonding": "aggregate"}
HYPERVISORS = {"KVM": "QEMU", "Microsoft Corporation Virtual": "Hyper-V"}
CHASSIS = {  # SMBIOS (DSP0134) §7.4.1
    3: "Desktop", 4: "Low Profile Desktop", 5: "Pizza Box", 6: "Mini Tower", 7: "Tower", 8: "Portable",
    9: "Laptop", 10: "Notebook", 11: "Hand Held", 12: "Docking Station", 13: "All in One",
    14: "Sub Notebook", 15: "Space-Saving", 17: "Main Server Chassis", 23: "Rack Mount Chassis",
    24: "Sealed-Case PC", 28: "Blade", 30: "Tablet", 31: "Convertible", 32: "Detachable",
    33: "IoT Gateway", 34: "Embedded PC", 35: "Mini PC", 36: "Stick PC",
}  # fmt: skip
DMI = "/sys/class/dmi/id"
Fields = Dict[str, Any]  # one entry of a section, in the words of the format


class Unreachable(OSError):
    """The server could not be reached, or is not the one expected."""


@dataclass(frozen=True)
class Identity:
    """How a server knows this agent: a UUID, and the host name with the time of the first run."""

    agent_id: str
    device_id: str


@dataclass(frozen=True)
class Answer:
    """What the server said: the HTTP status, then `status`, `message` and `expiration` of its JSON."""

    http_status: int
    status: str = ""
    message: str = "this address does not answer as an inventory server"
    expiration: str = ""

    @property
    def accepted(self) -> bool:
        return self.http_status // 100 == 2 and self.status in ("ok", "pending")

    def sentence(self) -> str:
        if not self.accepted:
            reason = self.message.rstrip(".") or "no reason given"
            return f"The server refused the inventory (HTTP {self.http_status}): {reason}."
        again = self.expiration + "h" * self.expiration.isdigit()
        return "The server accepted the inventory" + (
            f" and expects the next one in {again}." if again else "."
        )


class Machine:
    """Where facts are read: a root directory, so that another system's tree can be read like this one's."""

    def __init__(self, root: str = "/") -> None:
        self.root, self.notes = root, []  # type: str, list[str]
        started = fields(self.line("/proc/1/environ").replace("\0", "\n"), "=").get("container", "")
        marks = {"/.dockerenv": "Docker", "/run/.containerenv": "podman"}
        marked = [kind for mark, kind in marks.items() if os.path.exists(self.path(mark))]
        # The kind of container around us, "" on a machine of its own.
        self.container = (marked or [self.line("/run/systemd/container") or started])[0]

    def path(self, name: str) -> str:
        return os.path.join(self.root, name.lstrip("/"))

    def read(self, name: str) -> str:
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read().strip("\0 \n")

    def line(self, name: str) -> str:
        """The text of a file, or "" when it cannot be read."""
        try:
            return self.read(name)
        except OSError:
            return ""

    def facts(self, directory: str, names: str) -> Fields:
        """Small files of a directory, picked."""
        return pick(lambda name: self.line(f"{directory}/{name}"), names)

    def names(self, directory: str) -> list[str]:
        return sorted(os.listdir(self.path(directory))) if os.path.isdir(self.path(directory)) else []

    def target(self, name: str) -> str:
        return os.path.realpath(self.path(name))

    def run(self, *command: str) -> str:
        """What a command prints. Raises an error when it is absent, fails or takes 20 s."""
        program = shutil.which(command[0], path=(os.environ.get("PATH") or os.defpath) + ":/usr/sbin:/sbin")
        if not program or self.root != "/":
            raise FileNotFoundError(f"{command[0]} is not installed")
        env = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run([program, *command[1:]], env=env, capture_output=True, timeout=20, check=True)  # noqa: S603
        return done.stdout.decode(errors="replace")

    def attempt(self, section: Callable[[Machine], Any]) -> Any:
        """What a section finds, or None and a note: a source that is missing never costs the others."""
        try:
            return section(self)
        except Exception as error:
            self.notes.append(f"{section.__name__} left out: {error}")
            return None


def fields(text: str, separator: str = ":") -> dict[str, str]:
    """The first value of each key in lines of "key: value"; a line begun by a space continues a value."""
    pairs = (line.partition(separator) for line in text.splitlines()[::-1] if not line.startswith(" "))
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def pick(source: Callable[[str], Any], names: str) -> Fields:
    """Values of a source under our keys, by "ours=theirs …"; a "_" of theirs may stand for a space."""
    pairs = (pair.split("=") for pair in names.split())
    return {key: source(name) or source(name.replace("_", " ")) for key, name in pairs}


def stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def whole(text: str) -> int:
    """The whole number a text begins with, else 0."""
    return int((re.match(r"\d+", text) or ["0"])[0])


def hardware(machine: Machine) -> Fields:
    memory, host, own = (
        fields(machine.read("/proc/meminfo")),
        os.uname().nodename,
        machine.line("/etc/machine-id"),
    )
    chassis = CHASSIS.get(whole(machine.line(f"{DMI}/chassis_type")) & 0x7F)
    # A container gets its own UUID: its host's would make the two one machine.
    inside, firmware = str(uuid.uuid5(uuid.NAMESPACE_OID, own + host)), machine.line(f"{DMI}/product_uuid")
    return {
        "name": host.split(".")[0],
        "uuid": (inside if machine.container else firmware).upper(),
        "chassis_type": "" if machine.container else chassis,
        "memory": whole(memory["MemTotal"]) // 1024,
        "swap": whole(memory.get("SwapTotal", "")) // 1024,
        "vmsystem": machine.container or virtualization(machine),
        "defaultgateway": next(iter(gateways(machine).values()), ""),
        "dns": "/".join(re.findall(r"^nameserver\s+(\S+)", machine.line("/etc/resolv.conf"), re.M)),
    }


def virtualization(machine: Machine) -> str:
    maker = " ".join(machine.line(f"{DMI}/{name}") for name in ("sys_vendor", "product_name"))
    hint = re.search("VMware|VirtualBox|QEMU|KVM|Xen|Microsoft Corporation Virtual", maker)
    if hint:
        return HYPERVISORS.get(hint[0], hint[0])
    return "Virtual Machine" if " hypervisor" in machine.line("/proc/cpuinfo") else "Physical"


def bios(machine: Machine) -> Fields:
    if machine.container:
        return {}
    names = "ssn=product_serial smanufacturer=sys_vendor smodel=product_name skunumber=product_sku"
    names += " msn=board_serial mmanufacturer=board_vendor mmodel=board_name bmanufacturer=bios_vendor"
    found = machine.facts(
        DMI, names + " bversion=bios_version assettag=chassis_asset_tag enclosureserial=chassis_serial"
    )
    day = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", machine.line(f"{DMI}/bios_date"))
    found["bdate"] = f"{day[3]}-{day[1]}-{day[2]}" if day else ""
    board = machine.facts("/proc/device-tree", "ssn=serial-number smodel=model")
    return {**found, **{key: found[key] or value for key, value in board.items()}}


def operatingsystem(machine: Machine) -> Fields:
    release = fields(machine.line("/etc/os-release") or machine.line("/usr/lib/os-release"), "=")
    point = machine.line("/etc/debian_version") if release.get("ID") == "debian" else ""
    system, zone = os.uname(), machine.target("/etc/localtime").partition("/zoneinfo/")[2]
    alias = re.search(rf"\s({re.escape(system.nodename)}\.\S+)", machine.line("/etc/hosts"))
    # The root file system is as old as the system, except in images, which date it 1970.
    oldest = machine.path("/lost+found")
    made = os.stat(oldest).st_mtime if os.path.exists(oldest) else 0
    zone = zone or machine.line("/etc/timezone") or time.strftime("%Z")
    return {
        **pick(release.get, "name=NAME full_name=PRETTY_NAME version=VERSION_ID"),
        **({"version": point} if point[:1].isdigit() else {}),
        "arch": system.machine,
        "kernel_name": "linux",
        "kernel_version": system.release,
        "boot_time": stamp(whole(fields(machine.read("/proc/stat"), " ")["btime"])),
        "install_date": stamp(made) if made > 86400 else "",
        "timezone": {"name": zone, "offset": time.strftime("%z")},
        "fqdn": alias[1] if alias else system.nodename,
    }


def cpus(machine: Machine) -> list[Fields]:
    """One entry a socket, with its cores and its threads a core."""
    sockets: dict[str, list[dict[str, str]]] = {}
    for block in map(fields, machine.read("/proc/cpuinfo").split("\n\n")):
        if "processor" in block:
            topology = f"/sys/devices/system/cpu/cpu{block['processor']}/topology"
            seen = machine.facts(topology, "socket=physical_package_id core=thread_siblings_list")
            block["core"] = seen["core"] or block.get("core id") or block["processor"]
            sockets.setdefault(seen["socket"] or block.get("physical id", "0"), []).append(block)
    return [cpu(machine, threads) for threads in sockets.values()]


def cpu(machine: Machine, threads: list[dict[str, str]]) -> Fields:
    block, cores, arch = threads[0], len({thread["core"] for thread in threads}), os.uname().machine
    fastest = machine.line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    found = pick(block.get, "name=model_name manufacturer=vendor_id model=model familynumber=cpu_family")
    found.update(name=found["name"] or arch, core=cores, thread=len(threads) // cores)
    found["manufacturer"] = re.sub("Genuine|Authentic", "", found["manufacturer"] or "")
    found["arch"] = arch if re.fullmatch(r"i\d86|x86_64|arm.*|aarch64", arch) else ""
    found["speed"] = whole(fastest) // 1000 or whole(block.get("cpu MHz", "")) or None
    found["stepping"] = whole(block["stepping"]) if "stepping" in block else None
    return found


def memories(machine: Machine) -> list[Fields]:
    """The memory slots (SMBIOS §7.18), which only root may read."""
    names = "caption=Locator description=Form_Factor type=Type speed=Speed manufacturer=Manufacturer"
    found: list[Fields] = []
    for slot in map(fields, machine.run("dmidecode", "-q", "-t", "17").split("Memory Device")[1:]):
        known = {key: value for key, value in slot.items() if value not in ("Unknown", "Not Specified")}
        size = slot.get("Size", "")
        capacity = whole(size) * {"GB": 1024, "TB": 1 << 20}.get(size[-2:], 1)
        entry = pick(known.get, names + " serialnumber=Serial_Number model=Part_Number")
        found.append({**entry, "capacity": capacity or None, "numslots": len(found) + 1})
    return found


def storages(machine: Machine) -> list[Fields]:
    disks = [f"/sys/block/{disk}" for disk in machine.names("/sys/block")]
    held = [disk for disk in disks if whole(machine.line(disk + "/size"))]
    return [storage(machine, disk) for disk in held if "/virtual/block/" not in machine.target(disk)]


def storage(machine: Machine, place: str) -> Fields:
    names = "model=device/model manufacturer=device/vendor firmware=device/rev serial=device/serial"
    found, name = machine.facts(place, names), os.path.basename(place)
    udev = fields(machine.line(f"/run/udev/data/b{machine.line(place + '/dev')}").replace("E:", ""), "=")
    found["serial"] = found["serial"] or udev.get("ID_SERIAL_SHORT") or machine.line(place + "/serial")
    found["firmware"] = found["firmware"] or machine.line(place + "/device/firmware_rev")
    found["description"] = next(bus for mark, bus in BUSES.items() if mark in machine.target(place))
    if found["manufacturer"] in ("ATA", "0x1af4"):  # a standard, a driver: no makers
        del found["manufacturer"]
    found.update(name=name, type="cd" if name.startswith("sr") else "disk", wwn=udev.get("ID_WWN"))
    return {**found, "disksize": whole(machine.line(place + "/size")) * 512 // 10**6}


def drives(machine: Machine) -> list[Fields]:
    """Mounted file systems that hold files: on a device, on the network, or the root whatever it is."""
    kinds = [*re.findall(r"^\s+(\S+)", machine.read("/proc/filesystems"), re.M), "zfs", *NETWORK_FILESYSTEMS]
    found: dict[str, Fields] = {}
    for line in machine.read("/proc/mounts").splitlines():
        volume, place, kind = (part.replace("\\040", " ") for part in line.split(" ")[:3])
        lasting = kind in kinds and kind not in ("squashfs", "iso9660", "erofs")
        if (lasting or place == "/") and kind != "rootfs" and volume not in found:
            encrypted = is_encrypted(machine, os.path.basename(machine.target(volume)))
            found[volume] = {
                "volumn": volume,
                "type": place,
                "filesystem": kind,
                "encrypt_status": "Yes" * encrypted,
            }
            # Not asked of a network file system, which may never answer.
            if kind not in NETWORK_FILESYSTEMS and os.path.isdir(machine.path(place)):
                disk = os.statvfs(machine.path(place))
                sizes = {"total": disk.f_blocks, "free": disk.f_bavail}
                found[volume].update({key: count * disk.f_frsize >> 20 for key, count in sizes.items()})
    return list(found.values())


def is_encrypted(machine: Machine, device: str) -> bool:
    """Whether dm-crypt opens the device or one below it."""
    place = f"/sys/class/block/{device}"
    below = (is_encrypted(machine, each) for each in machine.names(place + "/slaves"))
    return machine.line(place + "/dm/uuid").startswith("CRYPT-") or any(below)


def gateways(machine: Machine) -> dict[str, str]:
    """The default gateway of each interface, from the kernel's table in native byte order."""
    routes = re.findall(r"^(\S+)\s+00000000\s+(\w{8})", machine.line("/proc/net/route"), re.M)
    return {name: socket.inet_ntoa(struct.pack("=L", int(packed, 16))) for name, packed in routes}


def networks(machine: Machine) -> list[Fields]:
    """One entry an address, or one for an interface without any, as the agent does."""
    addresses, routes = machine.attempt(interface_addresses) or {}, gateways(machine)
    found: list[Fields] = []
    for name in machine.names("/sys/class/net"):
        base = {**interface(machine, name), "ipgateway": routes.get(name)}
        found += [{**base, **address} for address in addresses.get(name, [])] or [base]
    return found


def interface(machine: Machine, name: str) -> Fields:
    place = f"/sys/class/net/{name}"
    here = machine.names(place)
    seen = machine.facts(place, "type=type speed=speed mtu=mtu status=flags mac=address")
    kind = {"1": "ethernet", "772": "loopback", "32": "infiniband"}.get(seen["type"], "")
    seen["type"] = next((link for mark, link in LINKS.items() if mark in here), kind)
    seen["status"] = "up" if int(seen["status"] or "0", 16) & 1 else "down"
    seen["driver"] = os.path.basename(machine.target(place + "/device/driver")) if "device" in here else ""
    seen.update(speed=re.sub("^-.*", "", seen["speed"]), mtu=whole(seen["mtu"]) or None)
    return {"description": name, "virtualdev": "/devices/virtual/" in machine.target(place), **seen}


def interface_addresses(_: Machine) -> dict[str, list[Fields]]:
    """The addresses of every interface, asked of the kernel (rtnetlink(7), RTM_GETADDR): few have `ip -j`."""
    found: dict[str, list[Fields]] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as kernel:
        kernel.settimeout(2)
        kernel.send(struct.pack("=LHHLLB3x", 20, 22, 0x301, 1, 0, socket.AF_UNSPEC))
        while True:
            told = kernel.recv(1 << 16)
            while told:
                length, kind = struct.unpack_from("=LH", told)
                if kind in (2, 3):  # NLMSG_ERROR, NLMSG_DONE
                    return found
                prefix, index = struct.unpack_from("=xB2xL", told, 16)
                found.setdefault(socket.if_indextoname(index), []).append(written(told[24:length], prefix))
                told = told[length + 3 & ~3 :]


def written(attributes: bytes, prefix: int) -> Fields:
    """IFA_LOCAL (2), ours on a point-to-point link, else IFA_ADDRESS (1), in the format's words."""
    found = {}
    while attributes:
        length, kind = struct.unpack_from("=HH", attributes)
        found[kind], attributes = attributes[4:length], attributes[length + 3 & ~3 :]
    address = ipaddress.ip_interface((found.get(2) or found[1], prefix))
    values = {"ipaddress": address.ip, "ipmask": address.netmask, "ipsubnet": address.network.network_address}
    return {key + "6" * (address.version == 6): str(value) for key, value in values.items()}


def softwares(machine: Machine) -> list[Fields]:
    return [each for source in (dpkg, rpm, apk, pacman) for each in machine.attempt(source) or []]


def software(package: dict[str, str], source: str, names: str, unit: int = 1) -> Fields:
    """A package by the words of its own system; `size` comes in units of so many bytes."""
    found = pick(package.get, names)
    size, maker = whole(found.pop("size") or "") * unit, found["publisher"] or ""
    return {**found, "from": source, "filesize": size, "publisher": re.sub(r" <.*|^\(none\)$", "", maker)}


def dpkg(machine: Machine) -> list[Fields]:
    names = "name=Package version=Version arch=Architecture publisher=Maintainer comments=Description"
    packages = map(fields, machine.line("/var/lib/dpkg/status").split("\n\n"))
    here = [package for package in packages if package.get("Status", "").endswith(" installed")]
    return [
        software(each, "deb", names + " system_category=Section size=Installed-Size", 1024) for each in here
    ]


def rpm(machine: Machine) -> list[Fields]:
    if not machine.names("/var/lib/rpm") and not machine.names("/usr/lib/sysimage/rpm"):
        return []
    names = "name=NAME version=EVR arch=ARCH publisher=VENDOR comments=SUMMARY size=SIZE"
    wanted = "".join(f"{tag}:%{{{tag}}}\\n" for tag in re.findall("=([A-Z]+)", names) + ["INSTALLTIME"])
    packages = list(map(fields, machine.run("rpm", "-qa", "--qf", wanted + "\\n").split("\n\n")))
    here = [package for package in packages if package.get("NAME", "gpg-pubkey") != "gpg-pubkey"]
    return [
        {**software(each, "rpm", names), "install_date": stamp(whole(each["INSTALLTIME"]))} for each in here
    ]


def apk(machine: Machine) -> list[Fields]:
    text = machine.line("/lib/apk/db/installed") or machine.line("/usr/lib/apk/db/installed")
    names = "name=P version=V arch=A publisher=m comments=T size=I"
    return [software(each, "apk", names) for each in map(fields, text.split("\n\n")) if "P" in each]


def pacman(machine: Machine) -> list[Fields]:
    names, place = "name=%NAME% version=%VERSION% arch=%ARCH% publisher=%PACKAGER%", "/var/lib/pacman/local"
    texts = [machine.line(f"{place}/{each}/desc").replace("%\n", "%:") for each in machine.names(place)]
    return [
        software(fields(text), "pacman", names + " comments=%DESC% size=%SIZE%") for text in texts if text
    ]


def users(machine: Machine) -> list[Fields]:
    """Who is logged in now."""
    return [
        {"login": login} for login in sorted({line.split()[0] for line in machine.run("who").splitlines()})
    ]


def local_users(machine: Machine) -> list[Fields]:
    rows = [line.split(":") for line in machine.read("/etc/passwd").splitlines() if line.count(":") == 6]
    return [dict(login=row[0], id=row[2], name=row[4], home=row[5], shell=row[6]) for row in rows]


def local_groups(machine: Machine) -> list[Fields]:
    rows = [line.split(":") for line in machine.read("/etc/group").splitlines() if line.count(":") == 3]
    return [dict(name=row[0], id=row[2], members=row[3].split(",")) for row in rows if row[3]]


def batteries(machine: Machine) -> list[Fields]:
    places = [f"/sys/class/power_supply/{name}" for name in machine.names("/sys/class/power_supply")]
    return [battery(machine, place) for place in places if machine.line(place + "/type") == "Battery"]


def battery(machine: Machine, place: str) -> Fields:
    """Capacities in mWh, voltage in mV; the kernel says µWh, or µAh where the firmware does, and µV."""
    names = "name=model_name manufacturer=manufacturer serial=serial_number chemistry=technology"
    found, microvolts = machine.facts(place, names), whole(machine.line(place + "/voltage_min_design"))
    for key, word in (("capacity", "full_design"), ("real_capacity", "full")):
        energy, charge = (whole(machine.line(f"{place}/{kind}_{word}")) for kind in ("energy", "charge"))
        found[key] = energy // 1000 or charge * microvolts // 10**9 or None
    return {**found, "voltage": microvolts // 1000 or None}


SECTIONS: tuple[Callable[[Machine], Any], ...] = (hardware, bios, operatingsystem, cpus, memories, storages)
SECTIONS += (drives, networks, softwares, users, local_users, local_groups, batteries)


def filled(value: Any) -> Any:
    """The same without empty leaves: the format wants what is unknown absent."""
    if isinstance(value, dict):
        inside = {key: filled(each) for key, each in value.items()}
        return {key: each for key, each in inside.items() if each not in ("", None, [], {})}
    return [each for each in map(filled, value) if each] if isinstance(value, list) else value


def identity(state: str = "", now: float | None = None) -> Identity:
    """The identity kept in the state directory, made at the first run. Raises OSError if it cannot be."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    state = state or (os.path.join(home, "etabli") if os.geteuid() else "/var/lib/etabli")
    path = os.path.join(state, "agent.json")
    try:
        with open(path, encoding="utf-8") as file:
            return Identity(**json.load(file))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        moment = time.strftime("%Y-%m-%d-%H-%M-%S", time.localtime(now))
        made = Identity(str(uuid.uuid4()), f"{os.uname().nodename}-{moment}")
    try:
        os.makedirs(state, mode=0o700, exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(asdict(made), file)
        os.replace(path + ".new", path)
    except OSError as error:
        advice = "name a folder that can be written with --state"
        raise OSError(f"the identity cannot be kept, {advice} ({error})")
    return made


def collect(
    known: Identity | None = None, *, tag: str = "", root: str = "/", say: Callable[[str], Any] = print
) -> Fields:
    """The inventory document of this machine; `say` receives a line for each source left out."""
    begun, machine, known = time.monotonic(), Machine(root), known or identity()
    content = {section.__name__: machine.attempt(section) for section in SECTIONS}
    for note in machine.notes:
        say(note)
    lasted = round(time.monotonic() - begun)
    content.update(
        versionclient=CLIENT, versionprovider={"name": "Etabli", "version": CLIENT[-3:], "etime": lasted}
    )
    envelope = {"action": "inventory", "deviceid": known.device_id, "itemtype": "Computer", "tag": tag}
    return {**filled(envelope), "content": filled(content)}


def send(
    document: Fields, url: str, known: Identity, *, fingerprint: str = "", timeout: float = 30
) -> Answer:
    """Post a document. Raises Unreachable.

    fingerprint: "sha256$" and the digest of the only certificate to trust. timeout: seconds.
    """
    headers = {
        "Content-Type": "application/x-compress-zlib",
        "User-Agent": CLIENT,
        "GLPI-Agent-ID": known.agent_id,
    }
    body, where = zlib.compress(json.dumps(document).encode()), urlsplit(url)
    try:
        with closing(connect(url, fingerprint, timeout)) as connection:
            path = (where.path or "/") + ("?" + where.query if where.query else "")
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return understood(response.status, response.read(1 << 20))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{where.scheme}://{where.netloc} could not be reached: {error}") from error


def connect(url: str, fingerprint: str, timeout: float) -> http.client.HTTPConnection:
    """A connection whose certificate is checked before anything is sent."""
    where = urlsplit(url)
    host = where.hostname or ""
    if where.scheme != "https":
        return http.client.HTTPConnection(host, where.port, timeout=timeout)
    context = ssl.create_default_context()
    if fingerprint:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, where.port, timeout=timeout, context=context)
    connection.connect()
    shown = "sha256$" + hashlib.sha256(connection.sock.getpeercert(binary_form=True) or b"").hexdigest()
    if fingerprint and shown != fingerprint.lower().replace(":", ""):
        connection.close()
        raise Unreachable(f"it shows the certificate {shown}, not the expected one")
    return connection


def understood(status: int, body: bytes) -> Answer:
    try:
        told = json.loads(zlib.decompress(body) if body[:1] == b"\x78" else body)
        again = str(told.get("expiration") or "")
        return Answer(status, str(told["status"]), str(told.get("message") or ""), again)
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error):
        return Answer(status, "", http.client.responses.get(status, "")) if status >= 400 else Answer(status)


class Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A wrong option ends with 1, since 2 says that the server could not be reached."""
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def options(arguments: list[str] | None) -> argparse.Namespace:
    parser = Options(description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = functools.partial(parser.add_argument, default="")
    option("--server", metavar="URL", help="where to send the inventory (http or https)")
    option("--output", metavar="FILE", help="write the document there, - for standard output")
    option("--tag", help="a word by which the server sorts its machines")
    option("--ca-fingerprint", metavar="sha256$HEX", help="the SHA-256 of the only certificate to trust")
    option("--timeout", metavar="N", type=float, default=30, help="seconds to wait for the server (30)")
    option("--state", metavar="DIR", help="where the identity of this agent is kept")
    asked = parser.parse_args(arguments)
    if not asked.server and not asked.output:
        parser.error("give --server URL, --output FILE, or both")
    if asked.server and not re.match("https?://[^/]", asked.server):
        parser.error("--server is an address such as https://inventory.example.com/")
    pinned = re.fullmatch(r"sha256\$([0-9a-fA-F]{2}:?){32}", asked.ca_fingerprint)
    if asked.ca_fingerprint and not (pinned and asked.server.startswith("https:")):
        parser.error("--ca-fingerprint is sha256$ and 64 hexadecimal digits, for an https server")
    return asked


def main(arguments: list[str] | None = None) -> int:
    asked, say = options(arguments), functools.partial(print, file=sys.stderr)
    try:
        known = identity(asked.state)
        document = collect(known, tag=asked.tag, say=say)
        if asked.output:
            with open(
                1 if asked.output == "-" else asked.output, "w", encoding="utf-8", closefd=asked.output != "-"
            ) as file:
                json.dump(document, file, indent=1)
        if not asked.server:
            return 0
        told = send(document, asked.server, known, fingerprint=asked.ca_fingerprint, timeout=asked.timeout)
    except Unreachable as error:
        say(error)
        return 2
    except OSError as error:
        say(f"The inventory could not be collected or written: {error}")
        return 1
    say(told.sentence())
    return 0 if told.accepted else 3


if __name__ == "__main__":
    sys.exit(main())
