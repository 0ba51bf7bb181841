"""What changed in the fleet, inventory after inventory: one row for each component that came, went or
changed.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import OrganisationModel


class AssetChange(OrganisationModel):
    """A difference between two inventories of an asset. ``at`` is when the second one was received.

    ``label`` names the component in the machine's words, ``before`` and ``after`` what differs, ``fields``
    which of its fields. ``other`` is the asset it came from or went to. ``document`` is the inventory's
    number. ``text`` is all of it without accents nor capitals, for the search.
    """

    class Family(models.TextChoices):
        SYSTEM = "system", _("operating system")
        BOARD = "board", _("motherboard")
        PROCESSOR = "processors", _("processor")
        MEMORY = "memory", _("memory")
        DISK = "disks", _("disk")
        VOLUME = "volumes", _("volume")
        CARD = "cards", _("network card")
        ADDRESS = "address", _("address")
        BATTERY = "batteries", _("battery")
        FIRMWARE = "firmwares", _("firmware")
        GRAPHICS = "graphics", _("graphics card")
        SOUND = "sounds", _("sound card")
        CONTROLLER = "controllers", _("controller")
        POWER = "power", _("power supply")
        CAMERA = "cameras", _("camera")
        SIM = "sims", _("SIM card")
        MONITOR = "monitors", _("monitor")
        PRINTER = "printers", _("printer")
        USB = "usb", _("USB device")
        MODEM = "modems", _("modem")
        USERS = "local_users", _("local user")
        GROUPS = "local_groups", _("local group")
        ANTIVIRUS = "antivirus", _("antivirus")
        FIREWALL = "firewalls", _("firewall")
        REMOTE = "remote", _("remote control")
        LICENCE = "licences", _("licence")
        GUEST = "guests", _("virtual machine")
        DATABASE = "databases", _("database service")
        USER = "user", _("last user")
        NAME = "name", _("name")
        CONNECTION = "connection", _("connection")

    class What(models.TextChoices):
        ADDED = "added", _("added")
        REMOVED = "removed", _("removed")
        CHANGED = "changed", _("changed")
        REPLACED = "replaced", _("replaced")
        MOVED = "moved", _("moved between machines")

    asset = models.ForeignKey("assets.Asset", models.CASCADE, related_name="changes", verbose_name=_("asset"))
    at = models.DateTimeField(_("noticed on"))
    family = models.CharField(_("component"), max_length=14, choices=Family)
    what = models.CharField(_("kind of change"), max_length=10, choices=What)
    label = models.CharField(_("what"), max_length=200)
    before = models.CharField(_("before"), max_length=200, blank=True)
    after = models.CharField(_("after"), max_length=200, blank=True)
    fields = ArrayField(models.CharField(max_length=40), default=list)
    serial = models.CharField(max_length=120, blank=True)
    other = models.ForeignKey(
        "assets.Asset", models.SET_NULL, null=True, related_name="+", verbose_name=_("other machine")
    )
    document = models.BigIntegerField(null=True)
    text = models.TextField()

    class Meta:
        verbose_name, verbose_name_plural = _("change"), _("changes")
        # Most lists begin with the latest: each filter has an index in that order. Under row security only
        # bare columns use one.
        indexes = [
            models.Index(
                models.F("at").desc(), models.F("id").desc(), name="change_at", include=["organisation"]
            ),
            models.Index(fields=["organisation", "-at", "-id"], name="change_latest"),
            models.Index(
                fields=["family", "what", "-at", "-id"], name="change_family", include=["organisation"]
            ),
            models.Index(fields=["what", "-at", "-id"], name="change_what", include=["organisation"]),
            models.Index(fields=["asset", "-at", "-id"], name="change_of_asset"),
            models.Index(
                fields=["organisation", "serial"], condition=~models.Q(serial=""), name="change_serial"
            ),
            GinIndex(OpClass("text", name="gin_trgm_ops"), name="change_trigrams"),
        ]

    def __str__(self) -> str:
        return self.label
