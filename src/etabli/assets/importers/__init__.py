"""The tools whose lists of equipment we read: Snipe-IT and GLPI.

They stand here because the fleet is what they hold most of; the people and places they name are under this
domain, so one file may fill all three. Inventories of machines (OCS) are in the domain of inventories, above.
"""

from . import glpi, glpi_dump, snipe

__all__ = ["glpi", "glpi_dump", "snipe"]
