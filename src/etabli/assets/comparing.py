"""What two machines are compared by, beyond their fields: components and programs of their last inventory."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from etabli.kernel.screens.columns import show

from .models import Asset
from .pages import addresses_of, section_content, size_text

PROGRAMS = 400


def found(asset: Asset) -> Iterable[tuple[Any, Any]]:
    """Label and value: hardware first, then a line for each program with its version."""
    yield _("System"), show(asset.system)
    yield _("Memory"), show(size_text(asset.memory_mib) if asset.memory_mib else "")
    yield _("Processors"), show([p.name for p in asset.processors.all()])
    yield _("Memory modules"), show([size_text(m.size_mib) for m in asset.memorymodules.all() if m.size_mib])
    yield _("Disks"), show([_sized(d.model or d.name, d.size_mib) for d in asset.disks.all()])
    yield _("Volumes"), show([_sized(v.mount, v.size_mib) for v in asset.volumes.all()])
    yield _("Addresses"), show(addresses_of(asset))
    yield _("Last user"), show(asset.last_user)
    for row in sorted(section_content(asset, "softwares"), key=lambda r: str(r.get("name", "")).lower())[
        :PROGRAMS
    ]:
        if row.get("name"):
            yield _("Program: %(name)s") % {"name": row["name"]}, show(row.get("version") or _("installed"))


def _sized(name: str, mib: int | None) -> str:
    return f"{name} ({size_text(mib)})" if mib else str(name)
