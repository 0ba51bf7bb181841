#!/usr/bin/env python3
"""Collect the inventory of this Linux machine and send it to an Établi server.

One file, Python 3.8 or later, nothing to install, for any server that understands the GLPI Agent. Run as root
it also reads serial numbers and memory modules. What cannot be read is left out and named on standard error.

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
import subprocess
import sys
import time
import uuid
import zlib
from argparse import ArgumentParser, RawTextHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

CLIENT = "Etabli-Collector_v1.0"
SECTIONS = "hardware bios operatingsystem cpus memories storages drives networks softwares users local_users"
SECTIONS += " usbdevices controllers batteries"
DMI = "/sys/class/dmi/id"
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs")
BUSES = {"nvme": "NVMe", "/usb": "USB", "/ata": "SATA", "virtio": "Virtual", "mmc": "MMC", "": "SCSI"}
LINKS = {"wireless": "wifi", "phy80211": "wifi", "bridge": "bridge", "bonding": "aggregate"}
LINKS.update({"1": "ethernet", "32": "infiniband", "512": "dialup", "772": "loopback"})  # linux/if_arp.h
CHASSIS = {3: "Desktop", 4: "Low Profile Desktop", 6: "Mini Tower", 7: "Tower",  # SMBIOS 3.7 §7.4.1
    8: "Portable", 9: "Laptop", 10: "Notebook", 13: "All in One", 14: "Sub Notebook", 15: "Space-Saving",
    17: "Main Server Chassis", 23: "Rack Mount Chassis", 28: "Blade", 30: "Tablet", 31: "Convertible",
    32: "Detachable", 35: "Mini PC"}  # fmt: skip
# What sources call the fields of a section: "ours=theirs", with "|" between those that are tried in turn.
BIOS = "ssn=product_serial smanufacturer=sys_vendor smodel=product_name assettag=chassis_asset_tag"
BIOS += " msn=board_serial mmanufacturer=board_vendor mmodel=board_name"
BIOS += " bversion=bios_version bmanufacturer=bios_vendor bdate=bios_date"
SLOT = "caption=Locator description=Form_Factor type=Type speed=Speed model=Part_Number capacity=Size"
SLOT += " manufacturer=Manufacturer serialnumber=Serial_Number"
DISK = "model=device/model manufacturer=device/vendor firmware=device/rev|device/firmware_rev disksize=size"
DISK += " serial=device/serial|serial"
LINK = "mac=address mtu=mtu type=type speed=speed status=flags"
USB = "vendorid=idVendor productid=idProduct serial=serial manufacturer=manufacturer name=product"
USB += " class=bDeviceClass subclass=bDeviceSubClass"  # 1d6b makes the hubs of the kernel itself
PCI = "vendorid=vendor productid=device pciclass=class rev=revision by=subsystem_vendor sub=subsystem_device"
BATTERY = "name=model_name manufacturer=manufacturer serial=serial_number chemistry=technology"
PACKAGE = "name=Package|NAME|P version=Version|EVR|V arch=Architecture|ARCH|A"  # of dpkg, rpm and apk
PACKAGE += " publisher=Maintainer|VENDOR|m comments=Description|SUMMARY|T filesize=Installed-Size|SIZE|I"
Fields = dict  # one entry of a section, in the words of the format


class Unreachable(OSError):
    """The server could not be reached, or is not the one expected."""


class Identity(NamedTuple):  # how a server knows this agent
    agent_id: str  # a UUID
    device_id: str  # a name that people read


class Answer(NamedTuple):  # what the server said
    http_status: int
    status: str = ""  # this one and the next are those of its JSON
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
    """Values of a source under our keys, by "ours=theirs|or_theirs …"."""
    pairs = (pair.split("=") for pair in names.split())
    return {ours: next(filter(None, map(source, theirs.split("|"))), "") for ours, theirs in pairs}


def whole(text: str) -> int:
    return int((re.match(r"\d+", text) or ["0"])[0])  # 0 for a text that begins otherwise


def filled(value: Any) -> Any:
    """The same without empty leaves: the format wants what is unknown absent."""
    if isinstance(value, dict):
        inside = ((key, filled(each)) for key, each in value.items())
        return {key: each for key, each in inside if each not in ("", None, [], {})}
    return [each for each in map(filled, value) if each] if isinstance(value, list) else value


class Machine:
    """A machine, read below a root directory; one method for each section of the format."""

    def __init__(self, root: str = "/") -> None:
        self.root = root.rstrip("/")
        lxc = fields(self.line("/proc/1/environ").replace("\0", "\n"), "=").get("container", "")
        docker, podman = ".dockerenv" in self.names("/"), ".containerenv" in self.names("/run")
        self.container = "Docker" * docker or "podman" * podman or self.line("/run/systemd/container") or lxc
        self.mark = (self.line("/etc/machine-id") or hex(uuid.getnode())) + os.uname().nodename

    def target(self, name: str) -> str:
        return os.path.realpath(self.root + name)

    def names(self, directory: str) -> list[str]:
        return sorted(os.listdir(self.root + directory)) if os.path.isdir(self.root + directory) else []

    def read(self, name: str) -> str:
        with open(self.root + name, encoding="utf-8", errors="replace") as file:
            return file.read().strip("\0 \n")

    def line(self, name: str) -> str:
        """The text of a file, or "" when it cannot be read."""
        with suppress(OSError):
            return self.read(name)
        return ""

    def facts(self, directory: str, names: str) -> Fields:
        return pick(lambda name: self.line(f"{directory}/{name}"), names)

    def each(self, directory: str, names: str) -> Iterator[tuple[str, Fields]]:
        places = (f"{directory}/{name}" for name in self.names(directory))
        return ((place, self.facts(place, names)) for place in places if os.path.isdir(self.root + place))

    def run(self, *command: str) -> str:
        """What a command prints. Raises an error when it is absent, fails or takes 20 s."""
        program = shutil.which(command[0], path=(os.environ.get("PATH") or os.defpath) + ":/usr/sbin:/sbin")
        if not program or self.root:
            raise FileNotFoundError(f"{command[0]} is not installed")
        command, env = (program, *command[1:]), {**os.environ, "LC_ALL": "C"}
        return subprocess.check_output(command, env=env, stderr=-3, timeout=20).decode("utf-8", "replace")  # noqa: S603

    def hardware(self) -> Fields:
        memory, own = fields(self.read("/proc/meminfo")), str(uuid.uuid5(uuid.NAMESPACE_OID, self.mark))
        # A container gets its own UUID: its host's would make the two one machine.
        firmware = own if self.container else self.line(f"{DMI}/product_uuid")
        maker = " ".join(self.facts(DMI, "maker=sys_vendor model=product_name").values())
        hint = re.search("VMware|VirtualBox|QEMU|KVM|Xen|Microsoft(?= Corporation Virtual)", maker)
        kind = "Virtual Machine" if " hypervisor" in self.line("/proc/cpuinfo") else "Physical"
        found: Fields = {"name": os.uname().nodename.split(".")[0], "uuid": firmware.upper()}
        found["chassis_type"] = CHASSIS.get(whole(self.line(f"{DMI}/chassis_type")) & 0x7F)
        found["memory"] = whole(memory["MemTotal"]) // 1024
        found["swap"] = whole(memory.get("SwapTotal", "")) // 1024
        found["dns"] = "/".join(re.findall(r"^nameserver\s+(\S+)", self.line("/etc/resolv.conf"), re.M))
        return {**found, "vmsystem": self.container or (hint[0] if hint else kind)}

    def bios(self) -> Fields:
        found = self.facts(DMI, BIOS)
        day = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", found["bdate"])
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

    def cpus(self) -> Iterator[Fields]:
        """One entry a socket, with its cores and its threads a core."""
        sockets: dict[str, list[dict[str, str]]] = {}
        for block in map(fields, self.read("/proc/cpuinfo").strip().split("\n\n")):
            if "processor" in block:
                place = f"/sys/devices/system/cpu/cpu{block['processor']}/topology"
                seen = self.facts(place, "socket=physical_package_id core=thread_siblings_list")
                block["core"] = seen["core"] or block.get("core id") or block["processor"]
                sockets.setdefault(seen["socket"] or block.get("physical id", "0"), []).append(block)
        fastest = whole(self.line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")) // 1000
        for threads in sockets.values():
            block, cores = threads[0], len({thread["core"] for thread in threads})
            one = {"name": block.get("model name", os.uname().machine), "core": cores}
            one["manufacturer"] = re.sub("Genuine|Authentic", "", block.get("vendor_id", ""))
            one["speed"] = fastest or whole(block.get("cpu MHz", "")) or None
            yield {**one, "thread": len(threads) // cores}

    def memories(self) -> Iterator[Fields]:
        """The memory slots (SMBIOS §7.18), which only root may read."""
        told = re.sub(": (Unknown|Not Specified)$", ":", self.run("dmidecode", "-q", "-t", "17"), flags=re.M)
        for number, slot in enumerate(map(fields, told.split("Memory Device")[1:]), 1):
            one = pick({key.replace(" ", "_"): value for key, value in slot.items()}.get, SLOT)
            size = whole(one["capacity"]) * {"GB": 1024, "TB": 1 << 20}.get(one["capacity"][-2:], 1)
            yield {**one, "capacity": size or None, "numslots": number}

    def storages(self) -> Iterator[Fields]:
        for place, disk in self.each("/sys/block", DISK):
            target = self.target(place)
            udev = fields(self.line(f"/run/udev/data/b{self.line(place + '/dev')}").replace("E:", ""), "=")
            disk["serial"] = disk["serial"] or udev.get("ID_SERIAL_SHORT")
            disk["description"] = next(bus for mark, bus in BUSES.items() if mark in target)
            disk["manufacturer"] = re.sub("^(ATA|0x1af4)$", "", disk["manufacturer"])  # no names of makers
            disk["disksize"] = whole(disk["disksize"]) * 512 // 10**6
            disk.update(name=os.path.basename(place), type="cd" if "/block/sr" in target else "disk")
            if disk["disksize"] and "/virtual/block/" not in target:
                yield disk

    def drives(self) -> list[Fields]:
        """Mounted file systems that hold files: on a device, on the network, or the root whatever it is."""
        local = re.findall(r"^\s+(?!squashfs|iso9660|erofs)(\S+)", self.read("/proc/filesystems"), re.M)
        found: dict[str, Fields] = {}
        for line in self.read("/proc/mounts").splitlines():
            volume, place, kind = (part.replace("\\040", " ") for part in line.split(" ")[:3])
            kept = kind in (*local, "zfs", *REMOTE) or (place == "/" and kind != "rootfs")
            if kept and volume not in found:
                hidden = "Yes" * self.is_encrypted(os.path.basename(self.target(volume)))
                found[volume] = dict(volumn=volume, type=place, filesystem=kind, encrypt_status=hidden)
                if kind not in REMOTE and os.path.isdir(self.root + place):  # a server may never answer
                    usage = shutil.disk_usage(self.root + place)
                    found[volume].update(total=usage.total >> 20, free=usage.free >> 20)
        return list(found.values())

    def is_encrypted(self, device: str) -> bool:
        """Whether dm-crypt opens the device or one below it."""
        place = f"/sys/class/block/{device}"
        opened = self.line(place + "/dm/uuid").startswith("CRYPT-")
        return opened or any(map(self.is_encrypted, self.names(place + "/slaves")))

    def networks(self) -> Iterator[Fields]:
        """One entry an address, or one for an interface without any, as the agent does."""
        addresses = list(self.addresses())
        routes = [row.split()[:3] for row in self.line("/proc/net/route").splitlines()]
        hops = {name: int(hop, 16).to_bytes(4, sys.byteorder) for name, to, hop in routes if to == "00000000"}
        for place, link in self.each("/sys/class/net", LINK):
            name, marks = os.path.basename(place), [*self.names(place), link["type"]]
            link.update(description=name, virtualdev="/devices/virtual/" in self.target(place))
            link["type"] = next((LINKS[mark] for mark in LINKS if mark in marks), "")
            link["status"] = "up" if int(link["status"], 16) & 1 else "down"
            link["mtu"], link["speed"] = whole(link["mtu"]), re.sub("^-.*", "", link["speed"])
            link["ipgateway"] = socket.inet_ntoa(hops[name]) if name in hops else ""
            yield from [{**link, **told} for whose, told in addresses if whose == name] or [link]

    def addresses(self) -> Iterator[tuple[str, Fields]]:
        """Each address, after the name of its interface; none where there is no `ip`."""
        with suppress(OSError, subprocess.SubprocessError):
            told = self.run("ip", "-o", "addr")  # not -j, which BusyBox lacks
            for name, address in re.findall(r"^\d+: ([^\s@]+)\S* +inet6? (\S+)", told, re.M):
                one = ipaddress.ip_interface(address)
                values = {"ipaddress": one.ip, "ipmask": one.netmask, "ipsubnet": one.network.network_address}
                yield name, {key + "6" * (one.version == 6): str(value) for key, value in values.items()}

    def usbdevices(self) -> list[Fields]:
        return [d for _, d in self.each("/sys/bus/usb/devices", USB) if d["vendorid"] not in ("", "1d6b")]

    def controllers(self) -> Iterator[Fields]:
        for place, told in self.each("/sys/bus/pci/devices", PCI):
            one = {key: value[2:6] for key, value in told.items()}  # 0x8086; a class is 0x030000
            one["pcisubsystemid"] = one.pop("by") + ":" + one.pop("sub")
            one["pcislot"] = re.sub("^0000:", "", os.path.basename(place))
            driver = self.target(place + "/driver") if "driver" in self.names(place) else ""
            yield {**one, "driver": os.path.basename(driver)}

    def batteries(self) -> Iterator[Fields]:
        """Those of the machine, not of its mouse; in mV and mWh, which some tell in charge (µAh)."""
        for place, one in self.each("/sys/class/power_supply", BATTERY):
            volts = whole(self.line(place + "/voltage_min_design"))
            for key, full in (("capacity", "full_design"), ("real_capacity", "full")):
                charge = whole(self.line(f"{place}/charge_{full}")) * volts // 10**9
                one[key] = whole(self.line(f"{place}/energy_{full}")) // 1000 or charge or None
            if self.line(place + "/type") == "Battery" and self.line(place + "/scope") != "Device":
                yield {**one, "voltage": volts // 1000 or None}

    def softwares(self) -> Iterator[Fields]:
        texts = {"deb": self.line("/var/lib/dpkg/status")}
        texts["apk"] = self.line("/lib/apk/db/installed") or self.line("/usr/lib/apk/db/installed")
        if self.names("/var/lib/rpm") or self.names("/usr/lib/sysimage/rpm"):
            tags = "".join(f"{tag}:%{{{tag}}}\\n" for tag in re.findall(r"[A-Z]{3,}", PACKAGE))
            texts["rpm"] = self.run("rpm", "-qa", "--qf", tags + "\\n")
        blocks = ((kind, fields(block)) for kind, text in texts.items() for block in text.split("\n\n"))
        for kind, told in blocks:
            one, installed = pick(told.get, PACKAGE), told.get("Status", " installed").endswith(" installed")
            one["publisher"] = re.sub(r" <.*|^\(none\)$", "", one["publisher"])
            one["filesize"] = whole(one["filesize"]) * (1024 if kind == "deb" else 1)
            if installed and one["name"] not in ("", "gpg-pubkey"):
                yield {**one, "from": kind}

    def users(self) -> list[Fields]:
        return [{"login": login} for login in {line.split()[0] for line in self.run("who").splitlines()}]

    def local_users(self) -> list[Fields]:
        rows = [line.split(":") for line in self.read("/etc/passwd").splitlines() if line.count(":") == 6]
        return [dict(login=row[0], id=row[2], name=row[4], home=row[5], shell=row[6]) for row in rows]


def identity() -> Identity:
    """The same at each run, by the system's own mark and its name: nothing is kept on the machine."""
    made = str(uuid.uuid5(uuid.NAMESPACE_OID, "etabli" + Machine().mark))
    return Identity(made, f"{os.uname().nodename}-{made[:8]}")


def collect(known: Identity | None = None, *, tag: str = "", root: str = "/", say: Any = print) -> Fields:
    """The inventory document of this machine. A missing source costs only its section; `say` is told."""
    machine, known, content = Machine(root), known or identity(), Fields()
    for name in SECTIONS.split():
        try:
            found = getattr(machine, name)()
            content[name] = found if isinstance(found, dict) else list(found)
        except Exception as error:
            say(f"{name} left out: {error}")
    envelope = {"action": "inventory", "deviceid": known.device_id, "itemtype": "Computer", "tag": tag}
    return {**filled(envelope), "content": {**filled(content), "versionclient": CLIENT}}


def send(document: Fields, url: str, known: Identity, fingerprint: str = "", timeout: float = 30) -> Answer:
    """Post a document. `fingerprint`: "sha256$…" of the only certificate to trust. Raises Unreachable."""
    where, headers = urlsplit(url), {"Content-Type": "application/x-compress-zlib", "User-Agent": CLIENT}
    body = zlib.compress(json.dumps(document).encode())
    try:
        with closing(connect(url, fingerprint, timeout)) as connection:
            headers["GLPI-Agent-ID"] = known.agent_id
            connection.request("POST", where._replace(scheme="", netloc="").geturl() or "/", body, headers)
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


def main(arguments: list[str] | None = None) -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawTextHelpFormatter, argument_default="")
    parser.error = lambda message: parser.exit(1, message + "\n")  # type: ignore  # 2 says unreachable
    parser.add_argument("--server", help="where to send the inventory (http or https)")
    parser.add_argument("--output", help="write the document in this file, - for standard output")
    parser.add_argument("--tag", help="a word by which the server sorts its machines")
    parser.add_argument("--ca-fingerprint", help="sha256$… of its certificate, if it has no known authority")
    asked = parser.parse_args(arguments)
    if not re.match("https?://[^/]", asked.server or (asked.output and "http://-")):
        parser.error("give --server an address such as https://inventory.example.com/, or --output FILE")
    pinned = re.fullmatch(r"sha256\$([0-9a-fA-F]{2}:?){32}", asked.ca_fingerprint)
    if asked.ca_fingerprint and not (pinned and asked.server.startswith("https:")):
        parser.error("--ca-fingerprint is sha256$ and 64 hexadecimal digits, for an https server")
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
