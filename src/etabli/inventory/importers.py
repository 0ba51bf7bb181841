"""OCS Inventory and GLPI Agent files given to an import: they are no lists, and go by the path of
inventories.

XML documents of the agents, and the JSON of the REST interface of OCS (``GET /ocsapi/v1/computers``): an
object keyed by id, whose machines hold the sections of the agent under their table names.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.screens.importing.sheets import UnreadableSheet
from etabli.kernel.screens.importing.sources import Bringing, Delivery, declare

from . import actions, legacy

EMPTY: tuple[Any, ...] = (None, "", [], {})
UNHELPFUL = {"accountinfo", "accesslog", "itmgmt_comments", "bios_hist", "networkscan", "groups"}


def machines_of(content: bytes) -> list[tuple[str, bytes]]:
    """Name and native inventory of each machine in a JSON answer. Raises ``UnreadableSheet``; empty: none."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UnreadableSheet(_("This JSON file cannot be read (%(why)s).") % {"why": error})
    if isinstance(found, dict) and isinstance(found.get("hardware"), dict):
        found = {"": found}
    values = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [_native(one) for one in values if isinstance(one, dict) and isinstance(one.get("hardware"), dict)]


def _native(machine: Mapping[str, Any]) -> tuple[str, bytes]:
    """The sections of the XML dialect, as the mapping of it expects them: lower case, texts."""
    content = {
        _section(name): _texts(value)
        for name, value in machine.items()
        if name.lower() not in UNHELPFUL and value not in EMPTY
    }
    hardware = legacy.node(content.get("hardware"))
    name = legacy.words(hardware.get("name")) or legacy.words(hardware.get("deviceid")) or "?"
    message = {
        "action": "inventory",
        "deviceid": legacy.words(hardware.get("deviceid")) or name,
        "itemtype": "Computer",
        "content": legacy.sections(content),
    }
    return name, json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")


def _section(name: str) -> str:
    """``software`` is ``softwares`` there; the others have the names of the agent."""
    lower = name.lower()
    return "softwares" if lower == "software" else lower


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key).lower(): _texts(one) for key, one in value.items() if one not in EMPTY}
    if isinstance(value, list):
        return [_texts(one) for one in value if one not in EMPTY]
    return value if isinstance(value, str) else str(value)


@declare
class Inventories(Bringing):
    """What agents write, and what OCS gives by its REST interface."""

    key: ClassVar[str] = "ocs"
    label = gettext_lazy("OCS Inventory, GLPI Agent (inventories)")
    view: ClassVar[str] = "document-list"
    verb: ClassVar[str] = "document.add"

    def recognises(self, file: Delivery) -> bool:
        head = file.head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if head[:1] == b"<":
            return b"<REQUEST" in head
        if head[:1] in (b"\x78",) or file.name.lower().endswith(".ocs"):
            return True
        return head[:1] in (b"{", b"[") and (
            _native_head(head) or (b'"hardware"' in head and b'"bios"' in head)
        )

    def bring(self, file: Delivery, organisation_id: int) -> Iterator[Mapping[str, Any]]:
        now = timezone.now()
        for name, wire in self._documents(file):
            done = actions.load_bytes(wire, name=name, organisation_id=organisation_id, now=now)
            outcome = "error" if done.decision == "refused" else done.decision
            yield {
                "noun": "document",
                "outcome": outcome,
                "label": name,
                "text": done.reason,
                "asset": done.asset,
            }

    def _documents(self, file: Delivery) -> list[tuple[str, bytes]]:
        head = file.head.lstrip()
        if head[:1] in (b"{", b"[") and not _native_head(head):
            return machines_of(file.content)
        return [(file.name, file.content)]


def _native_head(head: bytes) -> bool:
    return b'"content"' in head and (b'"deviceid"' in head or b'"action"' in head)
