"""GLPI: the CSV files of its lists, in French or in English, titles as they appear on screen."""

import re
from typing import ClassVar

from etabli.kernel.screens.importing.sheets import Sheet
from etabli.kernel.screens.importing.sources import Delivery, Source, Table, declare
from etabli.kernel.screens.importing.targets import EXTERNAL, letters

from .shaping import Joined, Shape, places, spaced
from .words import CRITICALITY, KINDS, STATES

MONEY = "Informations financières et administratives - ", "Financial and administrative information - "
LINES = re.compile(r"\s*\n\s*")


def _kind(kind: str, itemtype: str) -> str:
    """The type, else what kind of object of GLPI it is."""
    return kind or itemtype


def _money(french: str, english: str, target: str) -> dict[str, str]:
    """A financial fact, with or without the name of its tab."""
    return {f"{french}|{english}|{MONEY[0]}{french}|{MONEY[1]}{english}": target}


ASSETS = Shape(
    "assets",
    {
        "Nom|Name": "name",
        "Numéro d’inventaire|Inventory number": "tag",
        "Numéro de série|Serial number": "serial",
        "Modèle|Model|Modèles|Models": "model",
        "Fabricant|Fabricants|Manufacturer|Manufacturers": "model__manufacturer",
        "Référence produit|Product number": "model__reference",
        "Statut|Status|État|State": "state",
        "Utilisateur|User|Utilisateur - Identifiant": "person",
        "Utilisateur - E-mail|User - Email": "person__email",
        "Commentaires|Comments|Commentaire|Comment": "remarks",
        **_money("Date d’achat", "Date of purchase", "bought_on"),
        **_money("Date de mise en service", "Startup date", "commissioned_on"),
        **_money("Date d’expiration de la garantie", "Warranty expiration date", "warranty_end"),
        **_money("Numéro de commande", "Order number", "order_number"),
        **_money("Fournisseur", "Supplier", "supplier"),
        **_money("Criticité", "Business criticity", "criticality"),
        "ID": EXTERNAL,
    },
    [
        Joined("Type", "kind", ["Type|Types", "Type d’élément|Item type"], _kind),
        *places("Lieu", ["Lieu|Lieux|Location|Locations"]),
    ],
    {"state": STATES, "kind": KINDS, "criticality": CRITICALITY},
)  # fmt: skip
PEOPLE = Shape(
    "people",
    {
        "Adresse de messagerie|Adresses de messagerie|E-mail|E-mails|Email|Emails": "email",
        "Téléphone|Phone": "phone",
        "Téléphone mobile|Mobile phone": "mobile",
        "Titre|Title": "title",
        "Matricule|Administrative number|Numéro administratif": "employee_number",
        "Responsable|Supervisor": "manager",
        "Identifiant|Login": EXTERNAL,
    },
    [
        Joined("Prénom, nom de famille", "name",
               ["Prénom|First name", "Nom de famille|Last name|Surname"], spaced, 2),
        *places("Lieu", ["Lieu|Lieux|Location|Locations"]),
    ],
)  # fmt: skip
SITES = Shape(
    "sites",
    {
        "Nom|Name": "name",
        "Code postal|Postal code": "postcode",
        "Ville|Town|City": "city",
        "Adresse|Address": "street",
        "Code|Code du lieu": "code",
        "ID": EXTERNAL,
    },
)
ENTITY = ({"entite"}, {"entity"})
FLEET = (
    {"numerodeserie", "lieu"}, {"serialnumber", "location"}, {"numerodinventaire", "statut"},
    {"inventorynumber", "status"}, {"numerodeserie", "statut"}, {"serialnumber", "status"},
    {"fabricants", "lieu"}, {"manufacturers", "location"},
)  # fmt: skip
USERS = ({"identifiant", "nomdefamille"}, {"login", "lastname"}, {"login", "surname"})


def kind_of(titles: frozenset[str]) -> str:
    """Which list of GLPI these titles are, or nothing."""
    if any(mark <= titles for mark in USERS):
        return "people"
    belongs = any(mark <= titles for mark in ENTITY) or any(
        one in titles for one in ("dernieremodification", "lastupdate")
    )
    if belongs and any(mark <= titles for mark in FLEET):
        return "assets"
    return "sites" if belongs and ({"batiment", "ville"} <= titles or {"building", "town"} <= titles) else ""


@declare
class Glpi(Source):
    """Lists exported by GLPI as CSV."""

    key: ClassVar[str] = "glpi"
    label = "GLPI (CSV)"

    def recognises(self, file: Delivery) -> bool:
        return bool(kind_of(file.titles))

    def tables(self, file: Delivery, slug: str) -> list[Table]:
        name = kind_of(file.titles) or slug
        shape = {"people": PEOPLE, "sites": SITES}.get(name, ASSETS)
        return [shape.table(_first_lines(file.sheet), file.name)]


def _first_lines(sheet: Sheet) -> Sheet:
    """Where a cell lists several things, one a line (users…), the first one counts; texts are kept."""
    long = {
        at
        for at, title in enumerate(sheet.header)
        if letters(title) in ("commentaires", "comments", "comment")
    }
    rows = [
        [cell if at in long else LINES.split(cell, 1)[0] for at, cell in enumerate(row)] for row in sheet.rows
    ]
    return Sheet(sheet.header, rows, sheet.numbers)
