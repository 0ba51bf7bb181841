#!/usr/bin/env python3
"""Collect the inventory of this Linux machine and send it to an Établi server.

One file, Python 3.8 or later, nothing to install. The document and the exchange are the GLPI Agent's
(inventory_format and json-protocol), so any server made for that agent understands them. Run as root it also
reads serial numbers and memory modules. What cannot be read is left out and named on standard error.

exit codes:
  0  the inventory was accepted by the server, or written when no server is named
  1  it could not be collected or written, or an option is wrong
  2  the server could not be reached, or did not show the expected certificate
  3  the server refused the inventory
"""

from __future__ import annotations

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
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from contextlib import closing, suppress
from fcntl import ioctl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

CLIENT = "Etabli-Collector_v1.0"
DMI = "/sys/class/dmi/id"
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs")
BUSES = {"nvme": "NVMe", "/usb": "USB", "/ata": "SATA", "virtio": "Virtual", "mmc": "MMC", "": "SCSI"}
LINKS = {"wireless": "wifi", "phy80211": "wifi", "bridge": "bridge", "bonding": "aggregate"}
CHASSIS = {  # SMBIOS (DSP0134) §7.4.1
    3: "Desktop", 4: "Low Profile Desktop", 6: "Mini Tower", 7: "Tower", 8: "Portable", 9: "Laptop",
    10: "Notebook", 13: "All in One", 14: "Sub Notebook", 15: "Space-Saving", 17: "Main Server Chassis",
    23: "Rack Mount Chassis", 28: "Blade", 30: "Tablet", 31: "Convertible", 32: "Detachable", 35: "Mini PC",
}  # fmt: skip
# What each package system calls name, version, arch, publisher, comments, size.
DEB = ["Package", "Version", "Architecture", "Maintainer", "Description", "Installed-Size"]
RPM, APK = ["NAME", "EVR", "ARCH", "VENDOR", "SUMMARY", "SIZE"], ["P", "V", "A", "m", "T", "I"]
Fields = dict  # one entry of a section, in the words of the format


class Unreachable(OSError):
    """The server could not be reached, or is not the one expected."""


class Identity(NamedTuple):
    """How a server knows this agent: a UUID, and a name that people read."""

    agent_id: str
    device_id: str


class Answer(NamedTuple):
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
        again = self.expiration + "h" * self.expiration.isdigit() or "due time"
        return f"The server accepted the inventory and expects the next one in {again}."


def fields(text: str, separator: str = ":") -> dict[str, str]:
    """The first value of each key in lines of "key: value"; a line begun by a space continues a value."""
    pairs = (line.partition(separator) for line in text.splitlines()[::-1] if not line.startswith(" "))
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def pick(source: Callable[[str], Any], names: str) -> Fields:
    """Values of a source under our keys, by "ours=theirs …"; a "_" of theirs may stand for a space."""
    pairs = (pair.split("=") for pair in names.split())
    return {key: source(name) or source(name.replace("_", " ")) for key, name in pairs}


def whole(text: str) -> int:
    """The whole number a text begins with, else 0."""
    return int((re.match(r"\d+", text) or ["0"])[0])


def filled(value: Any) -> Any:
    """The same without empty leaves: the format wants what is unknown absent."""
    if isinstance(value, dict):
        inside = ((key, filled(each)) for key, each in value.items())
        return {key: each for key, each in inside if each not in ("", None, [], {})}
    return [each for each in map(filled, value) if each] if isinstance(value, list) else value


class Machine:
    """A machine, read below a root directory; one method for each section of the format."""

    def __init__(self, root: str = "/") -> None:
        self.root = root
        started = fields(self.line("/proc/1/environ").replace("\0", "\n"), "=").get("container", "")
        marks = {"/.dockerenv": "Docker", "/run/.containerenv": "podman"}
        marked = [kind for mark, kind in marks.items() if os.path.exists(self.path(mark))]
        # The kind of container around us, "" on a machine of its own.
        self.container = (marked or [self.line("/run/systemd/container") or started])[0]
        self.mark = (self.line("/etc/machine-id") or hex(uuid.getnode())) + os.uname().nodename

    def target(self, name: str) -> str:
        return os.path.realpath(self.path(name))

    def path(self, name: str) -> str:
        return os.path.join(self.root, name.lstrip("/"))

    def names(self, directory: str) -> list[str]:
        return sorted(os.listdir(self.path(directory))) if os.path.isdir(self.path(directory)) else []

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
        return pick(lambda name: self.line(f"{directory}/{name}"), names)

    def run(self, *command: str) -> str:
        """What a command prints. Raises an error when it is absent, fails or takes 20 s."""
        program = shutil.which(command[0], path=(os.environ.get("PATH") or os.defpath) + ":/usr/sbin:/sbin")
        if not program or self.root != "/":
            raise FileNotFoundError(f"{command[0]} is not installed")
        command, env = (program, *command[1:]), {**os.environ, "LC_ALL": "C"}
        return subprocess.check_output(command, env=env, stderr=-3, timeout=20).decode("utf-8", "replace")  # noqa: S603

    def hardware(self) -> Fields:
        memory, firmware = fields(self.read("/proc/meminfo")), self.line(f"{DMI}/product_uuid")
        # A container gets its own UUID: its host's would make the two one machine.
        maker = " ".join(self.facts(DMI, "maker=sys_vendor model=product_name").values())
        hint = re.search("VMware|VirtualBox|QEMU|KVM|Xen|Microsoft(?= Corporation Virtual)", maker)
        kind = "Virtual Machine" if " hypervisor" in self.line("/proc/cpuinfo") else "Physical"
        return {
            "name": os.uname().nodename.split(".")[0],
            "uuid": (str(uuid.uuid5(uuid.NAMESPACE_OID, self.mark)) if self.container else firmware).upper(),
            "chassis_type": CHASSIS.get(whole(self.line(f"{DMI}/chassis_type")) & 0x7F),
            "memory": whole(memory["MemTotal"]) // 1024,
            "swap": whole(memory.get("SwapTotal", "")) // 1024,
            "vmsystem": self.container or (hint[0] if hint else kind),
            "dns": "/".join(re.findall(r"^nameserver\s+(\S+)", self.line("/etc/resolv.conf"), re.M)),
        }

    def bios(self) -> Fields:
        names = "ssn=product_serial smanufacturer=sys_vendor smodel=product_name msn=board_serial"
        names += " mmanufacturer=board_vendor mmodel=board_name bversion=bios_version"
        found = self.facts(DMI, names + " bmanufacturer=bios_vendor assettag=chassis_asset_tag")
        day = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", self.line(f"{DMI}/bios_date"))
        found["bdate"] = f"{day[3]}-{day[1]}-{day[2]}" if day else ""
        return {} if self.container else found

    def operatingsystem(self) -> Fields:
        release = fields(self.line("/etc/os-release") or self.line("/usr/lib/os-release"), "=")
        point = self.line("/etc/debian_version") if release.get("ID") == "debian" else ""
        system, zone = os.uname(), self.target("/etc/localtime").partition("/zoneinfo/")[2]
        started = time.localtime(whole(fields(self.read("/proc/stat"), " ")["btime"]))
        found = pick(release.get, "name=NAME full_name=PRETTY_NAME version=VERSION_ID")
        found["version"] = point if point[:1].isdigit() else found["version"]
        found.update(arch=system.machine, kernel_name="linux", kernel_version=system.release)
        found["timezone"] = {"name": zone or time.strftime("%Z"), "offset": time.strftime("%z")}
        return {**found, "boot_time": time.strftime("%Y-%m-%d %H:%M:%S", started), "fqdn": system.nodename}

    def cpus(self) -> list[Fields]:
        """One entry a socket, with its cores and its threads a core."""
        sockets: dict[str, list[dict[str, str]]] = {}
        for block in map(fields, self.read("/proc/cpuinfo").strip().split("\n\n")):
            if "processor" in block:
                place = f"/sys/devices/system/cpu/cpu{block['processor']}/topology"
                seen = self.facts(place, "socket=physical_package_id core=thread_siblings_list")
                block["core"] = seen["core"] or block.get("core id") or block["processor"]
                sockets.setdefault(seen["socket"] or block.get("physical id", "0"), []).append(block)
        return [self.cpu(threads[0], threads) for threads in sockets.values()]

    def cpu(self, block: dict[str, str], threads: list[dict[str, str]]) -> Fields:
        cores, arch = len({thread["core"] for thread in threads}), os.uname().machine
        fastest = whole(self.line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")) // 1000
        found = {"name": block.get("model name", arch), "core": cores, "thread": len(threads) // cores}
        found["manufacturer"] = re.sub("Genuine|Authentic", "", block.get("vendor_id", ""))
        return {**found, "speed": fastest or whole(block.get("cpu MHz", "")) or None}

    def memories(self) -> list[Fields]:
        """The memory slots (SMBIOS §7.18), which only root may read."""
        found: list[Fields] = []
        names = "caption=Locator description=Form_Factor type=Type speed=Speed model=Part_Number"
        names += " manufacturer=Manufacturer serialnumber=Serial_Number capacity=Size"
        for slot in map(fields, self.run("dmidecode", "-q", "-t", "17").split("Memory Device")[1:]):
            known = {key: value for key, value in slot.items() if value not in ("Unknown", "Not Specified")}
            entry, unit = pick(known.get, names), {"GB": 1024, "TB": 1 << 20}.get(slot["Size"][-2:], 1)
            found.append(
                {**entry, "capacity": whole(slot["Size"]) * unit or None, "numslots": len(found) + 1}
            )
        return found

    def storages(self) -> list[Fields]:
        found: list[Fields] = []
        for place in (f"/sys/block/{name}" for name in self.names("/sys/block")):
            names = "model=device/model manufacturer=device/vendor firmware=device/rev serial=device/serial"
            disk, target = self.facts(place, names), self.target(place)
            udev = fields(self.line(f"/run/udev/data/b{self.line(place + '/dev')}").replace("E:", ""), "=")
            disk["serial"] = disk["serial"] or udev.get("ID_SERIAL_SHORT") or self.line(place + "/serial")
            disk["firmware"] = disk["firmware"] or self.line(place + "/device/firmware_rev")
            disk["description"] = next(bus for mark, bus in BUSES.items() if mark in target)
            disk["manufacturer"] = re.sub("^(ATA|0x1af4)$", "", disk["manufacturer"])  # no names of makers
            disk["disksize"] = whole(self.line(place + "/size")) * 512 // 10**6
            disk.update(name=os.path.basename(place), type="cd" if "/block/sr" in target else "disk")
            found += [disk] if disk["disksize"] and "/virtual/block/" not in target else []
        return found

    def drives(self) -> list[Fields]:
        """Mounted file systems that hold files: on a device, on the network, or the root whatever it is."""
        kinds = {*re.findall(r"^\s+(\S+)", self.read("/proc/filesystems"), re.M), "zfs", *REMOTE}
        kinds -= {"squashfs", "iso9660", "erofs"}
        found: dict[str, Fields] = {}
        for line in self.read("/proc/mounts").splitlines():
            volume, place, kind = (part.replace("\\040", " ") for part in line.split(" ")[:3])
            if (kind in kinds or place == "/") and kind != "rootfs" and volume not in found:
                hidden = "Yes" * self.is_encrypted(os.path.basename(self.target(volume)))
                found[volume] = dict(volumn=volume, type=place, filesystem=kind, encrypt_status=hidden)
                # Not asked of a remote file system, which may never answer.
                if kind not in REMOTE and os.path.isdir(self.path(place)):
                    usage = shutil.disk_usage(self.path(place))
                    found[volume].update(total=usage.total >> 20, free=usage.free >> 20)
        return list(found.values())

    def is_encrypted(self, device: str) -> bool:
        """Whether dm-crypt opens the device or one below it."""
        place = f"/sys/class/block/{device}"
        opened = self.line(place + "/dm/uuid").startswith("CRYPT-")
        return opened or any(map(self.is_encrypted, self.names(place + "/slaves")))

    def networks(self) -> list[Fields]:
        """One entry an address, or one for an interface without any, as the agent does."""
        rows, found = [row.split() for row in self.line("/proc/net/route").splitlines()], []
        gateways = {row[0]: address_in(row[2]) for row in rows if row[1] == "00000000"}
        try:
            links = json.loads(self.run("ip", "-j", "addr"))
        except (OSError, ValueError, subprocess.SubprocessError):
            links = list(map(self.link, self.names("/sys/class/net")))
        for link in links:
            place, kind = f"/sys/class/net/{link['ifname']}", link["link_type"].replace("ether", "ethernet")
            seen = {"description": link["ifname"], "mac": link.get("address"), "mtu": link["mtu"]}
            seen["type"] = next((LINKS[mark] for mark in LINKS if mark in self.names(place)), kind)
            seen["status"] = "up" if "UP" in link["flags"] else "down"
            seen["virtualdev"] = "/devices/virtual/" in self.target(place)
            seen["speed"] = re.sub("^-.*", "", self.line(place + "/speed"))
            seen["ipgateway"] = gateways.get(link["ifname"])
            found += [{**seen, **address_of(each)} for each in link["addr_info"]] or [seen]
        return found

    def link(self, name: str) -> Fields:
        """What `ip -j addr` tells of an interface, on a system without it: one IPv4, all IPv6."""
        place, rows = f"/sys/class/net/{name}", map(str.split, self.line("/proc/net/if_inet6").splitlines())
        known = {
            "ifname": name,
            "address": self.line(place + "/address"),
            "mtu": whole(self.line(place + "/mtu")),
        }
        kind = {"1": "ether", "772": "loopback"}.get(self.line(place + "/type"), "other")
        told = [
            dict(local=ipaddress.IPv6Address(int(r[0], 16)), prefixlen=int(r[2], 16))
            for r in rows
            if r[5] == name
        ]
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe, suppress(OSError):
            ask = struct.pack("256s", name.encode()[:15])  # SIOCGIFADDR, SIOCGIFNETMASK of netdevice(7)
            address, mask = (socket.inet_ntoa(ioctl(probe, code, ask)[20:24]) for code in (0x8915, 0x891B))
            told.insert(0, dict(local=address, prefixlen=ipaddress.ip_network(f"0.0.0.0/{mask}").prefixlen))
        flags = ["UP"] * (int(self.line(place + "/flags") or "0", 16) & 1)
        return {**known, "link_type": kind, "flags": flags, "addr_info": told}

    def usbdevices(self) -> list[Fields]:
        names = "vendorid=idVendor productid=idProduct serial=serial manufacturer=manufacturer name=product"
        names += " class=bDeviceClass subclass=bDeviceSubClass"
        places = (f"/sys/bus/usb/devices/{name}" for name in self.names("/sys/bus/usb/devices"))
        found = [self.facts(place, names) for place in places]
        return [
            one for one in found if one["vendorid"] not in ("", "1d6b")
        ]  # interfaces, the kernel's own hubs

    def controllers(self) -> list[Fields]:
        found: list[Fields] = []
        for slot in self.names("/sys/bus/pci/devices"):
            place = f"/sys/bus/pci/devices/{slot}"
            told = self.facts(place, "vendorid=vendor productid=device pciclass=class rev=revision")
            one = {key: value[2:6] for key, value in told.items()}  # 0x8086; a class is 0x030000
            one["pcisubsystemid"] = ":".join(
                self.line(f"{place}/subsystem_{of}")[2:] for of in ("vendor", "device")
            )
            driver = os.path.basename(self.target(place + "/driver")) if "driver" in self.names(place) else ""
            found.append({**one, "driver": driver, "pcislot": re.sub("^0000:", "", slot)})
        return found

    def batteries(self) -> list[Fields]:
        """Those of the machine, not of its mouse; in mV and mWh, which some tell in charge (µAh)."""
        found: list[Fields] = []
        for place in (f"/sys/class/power_supply/{name}" for name in self.names("/sys/class/power_supply")):
            if self.line(place + "/type") == "Battery" and self.line(place + "/scope") != "Device":
                names = "name=model_name manufacturer=manufacturer serial=serial_number chemistry=technology"
                volts, one = whole(self.line(place + "/voltage_min_design")), self.facts(place, names)
                for key, full in (("capacity", "full_design"), ("real_capacity", "full")):
                    charge = whole(self.line(f"{place}/charge_{full}")) * volts // 10**9
                    one[key] = whole(self.line(f"{place}/energy_{full}")) // 1000 or charge or None
                found.append({**one, "voltage": volts // 1000 or None})
        return found

    def softwares(self) -> list[Fields]:
        texts: list[tuple[str, list[str], str]] = [("deb", DEB, self.line("/var/lib/dpkg/status"))]
        texts += [("apk", APK, self.line("/lib/apk/db/installed") or self.line("/usr/lib/apk/db/installed"))]
        if self.names("/var/lib/rpm") or self.names("/usr/lib/sysimage/rpm"):
            wanted = "".join(f"{tag}:%{{{tag}}}\\n" for tag in RPM)
            texts += [("rpm", RPM, self.run("rpm", "-qa", "--qf", wanted + "\\n"))]
        found = [software(fields(b), kind, words) for kind, words, text in texts for b in text.split("\n\n")]
        return [package for package in found if package.get("name", "") not in ("", "gpg-pubkey")]

    def users(self) -> list[Fields]:
        return [{"login": login} for login in {line.split()[0] for line in self.run("who").splitlines()}]

    def local_users(self) -> list[Fields]:
        rows = [line.split(":") for line in self.read("/etc/passwd").splitlines() if line.count(":") == 6]
        return [dict(login=row[0], id=row[2], name=row[4], home=row[5], shell=row[6]) for row in rows]


SECTIONS = "hardware bios operatingsystem cpus memories storages drives networks softwares users local_users"
SECTIONS += " usbdevices controllers batteries"


def software(package: dict[str, str], source: str, theirs: list[str]) -> Fields:
    """A package by the words of its own system; nothing when it is not installed (any more)."""
    if not package.get("Status", " installed").endswith(" installed"):
        return {}
    ours = ("name", "version", "arch", "publisher", "comments", "filesize")
    found: Fields = {key: package.get(word, "") for key, word in zip(ours, theirs)}  # noqa: B905  (Python 3.8)
    found["publisher"] = re.sub(r" <.*|^\(none\)$", "", found["publisher"])
    return {**found, "filesize": whole(found["filesize"]) * (1024 if source == "deb" else 1), "from": source}


def address_in(hexadecimal: str) -> str:
    """An address of /proc/net/route, in the byte order of the machine."""
    return str(ipaddress.ip_address(int(hexadecimal, 16).to_bytes(4, sys.byteorder)))


def address_of(told: Fields) -> Fields:
    """An address as `ip -j` tells it, in the format's words."""
    address = ipaddress.ip_interface((told["local"], told["prefixlen"]))
    values = {"ipaddress": address.ip, "ipmask": address.netmask, "ipsubnet": address.network.network_address}
    return {key + "6" * (address.version == 6): str(value) for key, value in values.items()}


def identity() -> Identity:
    """The same at each run, by the system's own mark and its name: nothing is kept on the machine."""
    made = str(uuid.uuid5(uuid.NAMESPACE_OID, "etabli" + Machine().mark))
    return Identity(made, f"{os.uname().nodename}-{made[:8]}")


def collect(known: Identity | None = None, *, tag: str = "", root: str = "/", say: Any = print) -> Fields:
    """The inventory document of this machine. A missing source costs only its section; `say` is told."""
    machine, known = Machine(root), known or identity()
    content: Fields = {}
    for name in SECTIONS.split():
        try:
            content[name] = getattr(machine, name)()
        except Exception as error:
            say(f"{name} left out: {error}")
    envelope = {"action": "inventory", "deviceid": known.device_id, "itemtype": "Computer", "tag": tag}
    return {**filled(envelope), "content": {**filled(content), "versionclient": CLIENT}}


def send(document: Fields, url: str, known: Identity, fingerprint: str = "", timeout: float = 30) -> Answer:
    """Post a document. `fingerprint`: "sha256$…" of the only certificate to trust. Raises Unreachable."""
    headers = {"Content-Type": "application/x-compress-zlib", "User-Agent": CLIENT}
    body, where = zlib.compress(json.dumps(document).encode()), urlsplit(url)
    path = where._replace(scheme="", netloc="").geturl() or "/"
    try:
        with closing(connect(url, fingerprint, timeout)) as connection:
            connection.request("POST", path, body, {**headers, "GLPI-Agent-ID": known.agent_id})
            response = connection.getresponse()
            return understood(response.status, response.read(1 << 20))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{where.scheme}://{where.netloc} could not be reached: {error}") from error


def connect(url: str, fingerprint: str, timeout: float) -> http.client.HTTPConnection:
    """A connection whose certificate is checked before anything is sent."""
    where, context = urlsplit(url), ssl.create_default_context()
    if where.scheme != "https":
        return http.client.HTTPConnection(where.netloc, timeout=timeout)
    if fingerprint:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(where.netloc, timeout=timeout, context=context)
    connection.connect()
    shown = "sha256$" + hashlib.sha256(connection.sock.getpeercert(binary_form=True) or b"").hexdigest()
    if fingerprint and shown != fingerprint.lower().replace(":", ""):
        connection.close()
        raise Unreachable(f"it shows the certificate {shown}, not the expected one")
    return connection


def understood(status: int, body: bytes) -> Answer:
    try:
        told = json.loads(zlib.decompress(body) if body[:1] == b"\x78" else body)
        return Answer(status, told["status"], told.get("message", ""), str(told.get("expiration", "")))
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error):
        return Answer(status, "", http.client.responses.get(status, "")) if status >= 400 else Answer(status)


def options(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.error = lambda message: parser.exit(1, message + "\n")  # type: ignore  # 2 says unreachable
    parser.add_argument("--server", default="", help="where to send the inventory (http or https)")
    parser.add_argument("--output", default="", help="write the document in this file, - for standard output")
    parser.add_argument("--tag", default="", help="a word by which the server sorts its machines")
    parser.add_argument(
        "--ca-fingerprint", default="", help="sha256$… of its certificate, if no authority vouches for it"
    )
    asked = parser.parse_args(arguments)
    if not re.match("https?://[^/]", asked.server or (asked.output and "http://-")):
        parser.error("give --server an address such as https://inventory.example.com/, or --output FILE")
    pinned = re.fullmatch(r"sha256\$([0-9a-fA-F]{2}:?){32}", asked.ca_fingerprint)
    if asked.ca_fingerprint and not (pinned and asked.server.startswith("https:")):
        parser.error("--ca-fingerprint is sha256$ and 64 hexadecimal digits, for an https server")
    return asked


def main(arguments: list[str] | None = None) -> int:
    asked = options(arguments)
    try:
        document = collect(tag=asked.tag, say=lambda line: print(line, file=sys.stderr))
        if asked.output:
            with open("/dev/stdout" if asked.output == "-" else asked.output, "w") as file:
                print(json.dumps(document, indent=1), file=file)
        if not asked.server:
            return 0
        told = send(document, asked.server, identity(), asked.ca_fingerprint)
    except OSError as error:
        print("The inventory could not be collected, written or sent:", error, file=sys.stderr)
        return 2 if isinstance(error, Unreachable) else 1
    print(told.sentence(), file=sys.stderr)
    return 0 if told.accepted else 3


if __name__ == "__main__":
    sys.exit(main())
