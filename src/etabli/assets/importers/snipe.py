"""Snipe-IT: its CSV files, whose titles are labels that vary, and the JSON answers of its API.

Its accessories, consumables and components are three families of one stock here. A list of licences names the
holder of one seat, who has no place here: the licence alone goes in.
"""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from django.utils.translation import gettext as _

from etabli.kernel.screens.importing.sheets import Sheet, UnreadableSheet
from etabli.kernel.screens.importing.sources import Delivery, Source, Table, declare
from etabli.kernel.screens.importing.targets import EXTERNAL
from etabli.kernel.screens.importing.values import Days

from .months import later, months_in
from .shaping import Joined, Shape, places, spaced
from .words import KINDS, STATES


def _warranty_ends(rows: list[tuple[str, ...]]) -> object:
    """The end of the warranty, from the date of purchase and a number of months."""
    days = Days(row[0] for row in rows)

    def end(bought: str, months: str) -> str:
        count = months_in(months)
        if not bought or count is None or count <= 0:
            return ""
        try:
            return later(date.fromisoformat(days.read(bought)), count).isoformat()
        except (ValueError, OverflowError):
            return ""

    return end


def _state(status: str, person: str, place: str) -> str:
    """« Ready to Deploy » with somebody behind it is in service; a file without statuses says so by its
    owners.
    """
    ready = not status or STATES.get(status.lower()) == "in_stock"
    return "in_service" if ready and (person or place) else status or "in_stock"


OWNER = "Checked Out To: Username|Username|assigned_to.username|Full Name|Checkout To|assigned_to"
FIRST_NAME = "Checked Out To: First Name|assigned_to.first_name"
LAST_NAME = "Checked Out To: Last Name|assigned_to.last_name"
STATUS = "Status|Status Label|Statut|status_label"
WARRANTY = ["Purchase Date|purchase_date", "Warranty|Warranty Months|Garantie|warranty_months"]
RESTING = "Default Location|rtd_location"
ASSETS = Shape(
    "assets",
    {
        "Name|Item Name|Asset Name|Nom de l’actif|Nom": "name",
        "Asset Tag|Étiquette de l’actif|Numéro d’inventaire|asset_tag": "tag",
        "Serial|Serial Number|Numéro de série": "serial",
        "Category|Catégorie": "kind",
        "Model|Model Name|Nom du modèle|Modèle": "model",
        "Model Number|Numéro du modèle|model_number": "model__reference",
        "Manufacturer|Fabricant": "model__manufacturer",
        "Supplier|Fournisseur": "supplier",
        "Order Number|Numéro de commande|order_number": "order_number",
        "Purchase Date|Date d’achat|purchase_date": "bought_on",
        "Purchase Cost|Coût d’achat|purchase_cost": "price",
        "Warranty Expires|warranty_expires": "warranty_end",
        "Asset Notes|Notes|Item Notes": "remarks",
        "Checked Out To: Email|Email|assigned_to.email": "person__email",
        "Full Name": "person",
        "assigned_to.employee_number": "person__employee_number",
        "ID|id": EXTERNAL,
    },
    [
        Joined(
            "Name, or model and tag", "name", ["Model|Model Name|Modèle", "Asset Tag|asset_tag"], spaced, 2
        ),
        Joined("First and last name", "person", [FIRST_NAME, LAST_NAME], spaced),
        Joined("Status, owner", "state", [STATUS, OWNER, "Checked Out To: Location"], _state),
        Joined("Purchase date + warranty", "warranty_end", WARRANTY, _warranty_ends, 2, whole=True),
        *places("Location", ["Checked Out To: Location", "Location|Lieu|location", RESTING]),
    ],
    {"state": STATES, "kind": KINDS},
)
USERS = Shape(
    "people",
    {
        "Name|Full Name|name": "name",
        "Email|E-mail": "email",
        "Phone|Téléphone|phone": "phone",
        "Mobile|mobile": "mobile",
        "Job Title|jobtitle|Titre": "title",
        "Employee Number|Employee Num|employee_num": "employee_number",
        "Department|department": "unit",
        "Manager|manager": "manager",
        "VIP|vip": "vip",
        "Start Date|start_date": "arrived_on",
        "End Date|end_date": "left_on",
        "Username|username": EXTERNAL,
    },
    [
        Joined("First and last name", "name", ["First Name|Prénom", "Last Name|Nom de famille"], spaced, 2),
        *places("Location", ["Location|Lieu|location"]),
    ],
)
LOCATIONS = Shape(
    "sites",
    {
        "Name|Nom": "name",
        "City|Ville": "city",
        "Zip|Postal Code|Code postal": "postcode",
        "Country|Pays": "country",
        "Phone|phone": "phone",
        "ID|id": EXTERNAL,
    },
    [Joined("Address", "street", ["Address|Adresse", "Address2|address2"], spaced)],
)
MODELS = Shape(
    "models",
    {
        "Name|Nom": "name",
        "Manufacturer|Fabricant": "manufacturer",
        "Category|Catégorie": "kind",
        "Model Number|model_number": "reference",
        "ID|id": EXTERNAL,
    },
    words={"kind": KINDS},
)
LICENCES = Shape(
    "licences",
    {
        "Name|Item Name|Software Name|License Name|Nom": "name",
        "Serial|Serial Number|Product Key|product_key|Clé du produit|Numéro de série": "product_key",
        "Category|Catégorie": "category",
        "Manufacturer|Fabricant": "manufacturer",
        "Supplier|Fournisseur": "supplier",
        "Purchase Date|Date d’achat|purchase_date": "bought_on",
        "Purchase Cost|Coût d’achat|purchase_cost": "price",
        "Purchase Order|Bon de commande|purchase_order": "purchase_order",
        "Order Number|Numéro de commande|order_number": "order_number",
        "Licensed To Name|license_name": "licensed_to",
        "Licensed to Email|license_email": "licensed_email",
        "Expiration Date|Date d’expiration|expiration_date": "expires_on",
        "Maintained|maintained": "maintained",
        "Reassignable|reassignable": "reassignable",
        "Seats|seats": "seats",
        "Notes": "remarks",
        "ID|id": EXTERNAL,
    },
    # “Sometimes” is neither yes nor no; dashes stand for a key that the reader may not see.
    words={"reassignable": {"sometimes": ""}, "product_key": {"------------": ""}},
)
NAMES = "Name|Item Name|Nom"


def _stock(family: str) -> Shape:
    """The list of one family: what it is called there is only unique inside it."""
    return Shape(
        "stock-items",
        {
            NAMES: "name",
            "Category|Catégorie": "category",
            "Manufacturer|Fabricant": "manufacturer",
            "Model Number|Numéro du modèle|model_number": "model_number",
            "Item Number|Numéro d’article|item_no": "item_number",
            "Serial|Serial Number|Numéro de série": "serial",
            "QTY|Quantity|Quantité": "quantity",
            "Min Amount|Min Qty|Quantité minimale|min_amt|min_qty": "minimum",
            "Purchase Cost|Coût d’achat|purchase_cost": "price",
            "Purchase Date|Date d’achat|purchase_date": "bought_on",
            "Order Number|Numéro de commande|order_number": "order_number",
            "Supplier|Fournisseur": "supplier",
            "Notes": "remarks",
        },
        [
            Joined("Family", "family", [NAMES], lambda _name: family),
            Joined("ID, family", EXTERNAL, ["ID|id"], lambda number: f"{family}:{number}" if number else ""),
            *places("Location", ["Location|Lieu|location"]),
        ],
    )


# What each list has, and no other one of the tool: titles as letters alone. The first that fits is taken.
MARKS: list[tuple[str, list[str]]] = [
    ("licences", ["seats reassignable", "seats productkey", "licensedtoname licensedtoemail"]),
    ("consumables", ["qty itemnumber", "itemno qty"]),
    ("accessories", ["qty modelnumber minamount", "qty minqty remainingqty", "usersqty minqty"]),
    ("components", ["quantity serialnumber category", "remaining minamt serial"]),
    ("assets", ["assettag category", "etiquettedelactif categorie"]),
    ("models", ["fieldset modelnumber", "fieldset eol", "defaultfieldset fieldset"]),
    ("people", ["username jobtitle", "username activated", "username employeenum"]),
    ("sites", ["address2 zip", "ldapou zip", "managerusername address2"]),
]
SHAPES: Mapping[str, Shape] = {
    "assets": ASSETS,
    "people": USERS,
    "sites": LOCATIONS,
    "models": MODELS,
    "licences": LICENCES,
    "accessories": _stock("accessory"),
    "consumables": _stock("consumable"),
    "components": _stock("component"),
}


def kind_of(titles: frozenset[str]) -> str:
    """Which list of Snipe-IT these titles are, or nothing."""
    return next((name for name, marks in MARKS if any(set(mark.split()) <= titles for mark in marks)), "")


@declare
class SnipeIt(Source):
    """Lists exported by Snipe-IT, or read from its API."""

    key: ClassVar[str] = "snipe"
    label = "Snipe-IT"

    def recognises(self, file: Delivery) -> bool:
        return bool(kind_of(file.titles))

    def tables(self, file: Delivery, slug: str) -> list[Table]:
        name = kind_of(file.titles) or slug
        if name not in SHAPES:
            raise UnreadableSheet(
                _(
                    "This is none of the lists of Snipe-IT that are read here: assets, users, locations, "
                    "models, licences, accessories, consumables and components."
                )
            )
        return [SHAPES[name].table(_with_names(file.sheet, name), file.name)]


def _with_names(sheet: Sheet, name: str) -> Sheet:
    """An asset without a name is shown by its model and tag there; it is called so here."""
    titles = [title.lower() for title in sheet.header]
    at = next((titles.index(one) for one in ("name", "item name", "asset name") if one in titles), None)
    if name != "assets" or at is None:
        return sheet
    others = [titles.index(one) for one in ("model", "model name", "asset tag", "asset_tag") if one in titles]
    rows = [
        row if row[at] else [*row[:at], spaced(*(row[n] for n in others)), *row[at + 1 :]]
        for row in sheet.rows
    ]
    return Sheet(sheet.header, rows, sheet.numbers)
