"""GLPI: a dump of its database. Three families of schema, told by their columns, not by a version number:

0.7x (``FK_glpi_enterprise``, ``glpi_dropdown_*``), 0.8 to 9 (``manufacturers_id``, MyISAM or InnoDB), 10 and
11 (``utf8mb4``, timestamps). Each fact below names its column in every family; the one that exists is read.
"""

import gzip
import html
import io
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import IO, Any, ClassVar

from django.utils.translation import gettext as _

from etabli.kernel.screens.importing.sheets import MOST_ROWS, Sheet, UnreadableSheet
from etabli.kernel.screens.importing.sources import Delivery, Source, Table, declare
from etabli.kernel.screens.importing.targets import EXTERNAL

from . import mysqldump
from .months import FOR_LIFE, later, months_in
from .mysqldump import BadDump, Line
from .shaping import Shape, places, spaced
from .words import CRITICALITY, KINDS, STATES

# Item table (old and new name) → word of GLPI, kind here, code of its device type in 0.7x (Infocom.php).
ITEMS = {
    "glpi_computers": ("Computer", "desktop", "1"),
    "glpi_networking": ("NetworkEquipment", "switch", "2"),
    "glpi_networkequipments": ("NetworkEquipment", "switch", ""),
    "glpi_printers": ("Printer", "printer", "3"),
    "glpi_monitors": ("Monitor", "monitor", "4"),
    "glpi_peripherals": ("Peripheral", "peripheral", "5"),
    "glpi_phones": ("Phone", "phone", "23"),
}
WORDS_OF = {
    "glpi_locations",
    "glpi_dropdown_locations",
    "glpi_states",
    "glpi_dropdown_state",
    "glpi_manufacturers",
    "glpi_dropdown_manufacturer",
    "glpi_suppliers",
    "glpi_enterprises",
    "glpi_entities",
    "glpi_businesscriticities",
    "glpi_usertitles",
    "glpi_dropdown_user_titles",
}
BESIDE = {"glpi_users", "glpi_useremails", "glpi_infocoms"}
LOCATIONS = ("glpi_locations", "glpi_dropdown_locations")
HEAD_MARKS = (b"`glpi_", b" glpi_")


def wanted(table: str) -> bool:
    """Whether a table says something of the fleet: logs and tickets are most of a dump."""
    return (
        table in ITEMS or table in WORDS_OF or table in BESIDE or _names_models(table) or _names_types(table)
    )


def _names_models(table: str) -> bool:
    return table.startswith("glpi_dropdown_model") or (table.startswith("glpi_") and table.endswith("models"))


def _names_types(table: str) -> bool:
    kinds = ("computer", "monitor", "printer", "peripheral", "phone", "networkequipment")
    return table.startswith("glpi_type_") or any(table == f"glpi_{kind}types" for kind in kinds)


class Dump:
    """The rows that matter, by table and id. Trash and templates are left out."""

    def __init__(self, lines: Iterable[tuple[str, Line]]) -> None:
        self.by: dict[str, dict[str, Line]] = defaultdict(dict)
        self.emails: dict[str, str] = {}
        self.finances: dict[tuple[str, str], Line] = {}
        for count, (table, line) in enumerate(lines):
            if count > 20 * MOST_ROWS:
                raise UnreadableSheet(_("This dump holds too many objects to be read at once."))
            self._keep(table, line)

    def _keep(self, table: str, line: Line) -> None:
        # GLPI 0.7 to 10 write their texts as HTML: « R&#38;D », « Lyon &gt; Accueil ».
        line = {n: html.unescape(v) if "&" in v else v for n, v in line.items()}
        if table == "glpi_useremails":
            self._email(line)
        elif table == "glpi_infocoms":
            kind = line.get("itemtype") or line.get("device_type", "")
            self.finances[kind, line.get("items_id") or line.get("FK_device", "")] = line
        elif (key := line.get("id") or line.get("ID")) and not _gone(line):
            self.by[table][key] = line

    def _email(self, line: Line) -> None:
        user = line.get("users_id", "")
        if user not in self.emails or line.get("is_default") == "1":
            self.emails[user] = line.get("email", "")

    def word(self, tables: Iterable[str], key: str) -> str:
        """The name of a row of one of these tables; nothing for 0, which means none."""
        return next((found.get("name", "") for t in tables if (found := self.by[t].get(key))), "")

    def place(self, line: Line) -> str:
        """The path of the place of an object, from its site down."""
        key = line.get("locations_id") or line.get("location") or ""
        names: list[str] = []
        while (found := self._location(key)) and len(names) < 10:
            names.insert(0, found.get("name", ""))
            key = found.get("locations_id") or found.get("parentID") or ""
        return " > ".join(names)

    def _location(self, key: str) -> Line | None:
        return next((self.by[t][key] for t in LOCATIONS if key in self.by[t]), None)


def _gone(line: Line) -> bool:
    """In the trash, or a template."""
    return "1" in (line.get("is_deleted"), line.get("deleted"), line.get("is_template")) or (
        line.get("deleted", "").upper() == "Y"
    )


def _item(dump: Dump, table: str, key: str, line: Line) -> list[str]:
    itemtype, usual, code = ITEMS[table]
    finance = dump.finances.get((itemtype, key)) or dump.finances.get((code, key)) or {}
    user = dump.by["glpi_users"].get(line.get("users_id") or line.get("FK_users") or "", {})
    bare = table.removeprefix("glpi_").removesuffix("s")
    kind = dump.word(
        (f"glpi_{bare}types", f"glpi_type_{table.removeprefix('glpi_')}"), _id_of(line, "types_id", "type")
    )
    models = (
        f"glpi_{bare}models",
        "glpi_dropdown_model" if bare == "computer" else f"glpi_dropdown_model_{table[5:]}",
    )
    return [
        f"{itemtype}:{key}",
        line.get("name", "") or line.get("serial", "") or f"{itemtype} {key}",
        line.get("otherserial", ""),
        line.get("serial", ""),
        kind or usual,
        dump.word(models, _id_of(line, "models_id", "model")),
        dump.word(("glpi_manufacturers", "glpi_dropdown_manufacturer"),
                  line.get("manufacturers_id") or line.get("FK_glpi_enterprise") or ""),
        dump.word(("glpi_states", "glpi_dropdown_state"), line.get("states_id") or line.get("state") or ""),
        dump.place(line),
        _person_name(user),
        _email(dump, user),
        dump.word(("glpi_entities",), line.get("entities_id") or line.get("FK_entities") or ""),
        line.get("comment") or line.get("comments") or "",
        *_money(dump, finance),
    ]  # fmt: skip


ITEM_HEADER = [
    *(
        "ID",
        "Name",
        "Inventory number",
        "Serial number",
        "Type",
        "Model",
        "Manufacturer",
        "Status",
        "Location",
    ),
    *("User", "User - Email", "Entity", "Comments", "buy_date", "use_date", "warranty end", "supplier"),
    *("order_number", "value (HT / TTC ?)", "criticality"),
]


def _id_of(line: Line, ending: str, old: str) -> str:
    """``computermodels_id``, ``monitormodels_id``… or, in 0.7x, ``model``."""
    return next((v for n, v in line.items() if n.endswith(ending)), line.get(old, ""))


def _money(dump: Dump, finance: Mapping[str, str]) -> list[str]:
    """Purchase and warranty. The value is given, and goes nowhere by itself: GLPI does not say whether it
    includes tax.
    """
    start = finance.get("warranty_date") or finance.get("buy_date", "")
    return [
        _day(finance.get("buy_date", "")),
        _day(finance.get("use_date", "")),
        _warranty_end(start, finance.get("warranty_duration", "")),
        dump.word(
            ("glpi_suppliers", "glpi_enterprises"),
            finance.get("suppliers_id") or finance.get("FK_enterprise", ""),
        ),
        finance.get("order_number") or finance.get("num_commande", ""),
        "" if finance.get("value", "").strip("0.") == "" else finance["value"],
        dump.word(("glpi_businesscriticities",), finance.get("businesscriticities_id", "")),
    ]


def _day(text: str) -> str:
    return "" if text.startswith("0000") else text[:10]


def _warranty_end(start: str, duration: str) -> str:
    count = months_in(duration)
    if not _day(start) or not count or count == FOR_LIFE or not 0 < count < 1200:
        return ""
    try:
        return later(date.fromisoformat(start[:10]), count).isoformat()
    except (ValueError, OverflowError):
        return ""


def _person_name(user: Mapping[str, str]) -> str:
    return spaced(user.get("firstname", ""), user.get("realname", "")) or user.get("name", "")


def _email(dump: Dump, user: Mapping[str, str]) -> str:
    return dump.emails.get(user.get("id") or user.get("ID") or "", "") or user.get("email", "")


PERSON_HEADER = [
    "ID",
    "Name",
    "E-mail",
    "Phone",
    "Mobile phone",
    "Administrative number",
    "Title",
    "Location",
]
SERVICES = {"glpi", "post-only", "tech", "normal", "glpi-system"}
"""Accounts that every GLPI is born with: nobody."""


def _person(dump: Dump, key: str, user: Line) -> list[str]:
    title = user.get("usertitles_id") or user.get("title", "")
    return [
        f"User:{key}",
        _person_name(user),
        _email(dump, user),
        user.get("phone", ""),
        user.get("mobile", ""),
        user.get("registration_number", ""),
        dump.word(("glpi_usertitles", "glpi_dropdown_user_titles"), title),
        dump.place(user),
    ]


SITE_HEADER = ["ID", "Name", "Address", "Postal code", "Town"]


def _sites(dump: Dump) -> Iterator[list[str]]:
    """Places without a parent that have an address: the others are made when something stands there."""
    for key, line in (pair for table in LOCATIONS for pair in dump.by[table].items()):
        root = (line.get("locations_id") or line.get("parentID") or "0") in ("0", "")
        if root and (line.get("address") or line.get("town") or line.get("postcode")):
            yield [f"Location:{key}", line.get("name", ""), line.get("address", "").replace("\n", " "),
                   line.get("postcode", ""), line.get("town", "")]  # fmt: skip


SITES = Shape(
    "sites", {"ID": EXTERNAL, "Name": "name", "Address": "street", "Postal code": "postcode", "Town": "city"}
)
PEOPLE = Shape(
    "people",
    {"ID": EXTERNAL, "Name": "name", "E-mail": "email", "Phone": "phone", "Mobile phone": "mobile",
     "Administrative number": "employee_number", "Title": "title"},
    places("Location", ["Location"]),
)  # fmt: skip
ITEM_SHAPE = Shape(
    "assets",
    {"ID": EXTERNAL, "Name": "name", "Inventory number": "tag", "Serial number": "serial", "Type": "kind",
     "Model": "model", "Manufacturer": "model__manufacturer", "Status": "state", "User": "person",
     "User - Email": "person__email", "Comments": "remarks", "buy_date": "bought_on",
     "use_date": "commissioned_on", "warranty end": "warranty_end", "supplier": "supplier",
     "order_number": "order_number", "criticality": "criticality"},
    places("Location", ["Location"]),
    {"state": STATES, "kind": KINDS, "criticality": CRITICALITY},
)  # fmt: skip


@declare
class GlpiDump(Source):
    """A whole GLPI: its places, its people, its equipment, from what mysqldump writes (plain or gzip)."""

    key: ClassVar[str] = "glpi-sql"
    label = "GLPI (SQL)"

    def recognises(self, file: Delivery) -> bool:
        head = _unzipped(file.head)
        return any(mark in head for mark in HEAD_MARKS) and (
            b"CREATE TABLE" in head or b"INSERT INTO" in head
        )

    def tables(self, file: Delivery, slug: str) -> list[Table]:
        try:
            with file.opened() as raw, _plain(raw) as content:
                dump = Dump(mysqldump.rows(content, wanted))
        except (BadDump, OSError, EOFError, zlib.error) as error:
            raise UnreadableSheet(_("This dump cannot be read (%(why)s).") % {"why": error})
        found = [
            (SITES, "glpi_locations", SITE_HEADER, list(_sites(dump))),
            (PEOPLE, "glpi_users", PERSON_HEADER, [
                _person(dump, key, line) for key, line in dump.by["glpi_users"].items()
                if line.get("name") not in SERVICES
            ]),
            (ITEM_SHAPE, "glpi_computers, glpi_monitors…", ITEM_HEADER, [
                _item(dump, table, key, line) for table in ITEMS for key, line in dump.by[table].items()
            ]),
        ]  # fmt: skip
        tables = [shape.table(_sheet(header, rows), title) for shape, title, header, rows in found if rows]
        if not tables:
            raise UnreadableSheet(_("This dump holds no equipment, user nor place of GLPI."))
        return tables


def _sheet(header: list[str], rows: list[list[str]]) -> Sheet:
    return Sheet(list(header), rows, list(range(1, len(rows) + 1)))


def _unzipped(head: bytes) -> bytes:
    if head[:2] != b"\x1f\x8b":
        return head
    try:
        return zlib.decompressobj(31).decompress(head, 1 << 20)
    except zlib.error:
        return b""


@contextmanager
def _plain(raw: IO[bytes]) -> Iterator[Any]:
    """The text of the dump, unpacked as it is read."""
    start = raw.read(2)
    raw.seek(0)
    if start == b"\x1f\x8b":
        with gzip.open(raw) as unpacked:
            yield io.BufferedReader(unpacked, 1 << 20)
    else:
        yield raw
