"""What lives on a machine, out of cleaned sections: accounts, protections, licences, guests, database
services.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .declared import Row, count, day, flag, found, moment, read_as, text, words_of
from .rows import one, rows, said

type Sections = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LocalUser:
    login: str = text("login")
    number: str = text("id")
    name: str = text("name")
    shell: str = text("shell")
    home: str = text("home")


@dataclass(frozen=True, slots=True)
class LocalGroup:
    """``members`` sorted: agents list them in any order."""

    name: str = text("name")
    number: str = text("id")
    members: tuple[str, ...] = found(lambda row: tuple(sorted(words_of(row, "members"))))


@dataclass(frozen=True, slots=True)
class Antivirus:
    name: str = text("name")
    company: str = text("company")
    release: str = text("version")
    enabled: bool | None = flag("enabled")
    up_to_date: bool | None = flag("uptodate")
    expires_on: date | None = day("expiration")


@dataclass(frozen=True, slots=True)
class Firewall:
    name: str = text("description")
    profile: str = text("profile")
    enabled: bool | None = found(lambda row: {"on": True, "off": False}.get(said(row, "status").lower()))


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    kind: str = found(lambda row: said(row, "type").lower())
    number: str = text("id")
    release: str = text("version")


@dataclass(frozen=True, slots=True)
class FoundLicence:
    """A product and the last signs of its key (the sections hold no more than those)."""

    name: str = text("name", "fullname")
    edition: str = text("fullname")
    product_number: str = text("productid")
    key_end: str = found(lambda row: said(row, "key").lstrip("•-"))
    trial: bool | None = flag("trial")
    activated_at: datetime | None = moment("activation_date")


def licences(sections: Sections) -> tuple[FoundLicence, ...]:
    """Those of programs, and Windows' own."""
    hardware, system = one(sections.get("hardware")), one(sections.get("operatingsystem"))
    own = {
        "name": said(system, "full_name", "name") or "Windows",
        "key": said(hardware, "winprodkey"),
        "productid": said(hardware, "winprodid"),
    }
    first = [own] if said(hardware, "winprodkey", "winprodid") else []
    return read_as(FoundLicence, [*first, *rows(sections.get("licenseinfos"))])


def _kind(row: Row) -> str:
    return " ".join(dict.fromkeys(word for word in (said(row, "vmtype"), said(row, "subsystem")) if word))


@dataclass(frozen=True, slots=True)
class HostedMachine:
    """``uuid`` in lower case, as assets hold theirs."""

    name: str = text("name")
    uuid: str = found(lambda row: said(row, "uuid").lower())
    kind: str = found(_kind)
    status: str = text("status")
    system: str = text("operatingsystem")
    memory_mib: int | None = count("memory")
    processors: int | None = count("vcpu")
    mac: str = found(lambda row: said(row, "mac").lower())


def _bases(row: Row) -> tuple[str, ...]:
    return tuple(sorted(name for base in rows(row.get("databases")) if (name := said(base, "name"))))


@dataclass(frozen=True, slots=True)
class DatabaseService:
    """``databases`` holds the names of its databases, sorted."""

    name: str = text("name", "type")
    kind: str = text("type")
    release: str = text("version")
    manufacturer: str = text("manufacturer")
    port: int | None = count("port")
    size_mib: int | None = count("size")
    active: bool | None = flag("is_active")
    backed_up: bool | None = flag("is_onbackup")
    backed_up_at: datetime | None = moment("last_backup_date")
    databases: tuple[str, ...] = found(_bases)
